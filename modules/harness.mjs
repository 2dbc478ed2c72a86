// The JavaScript side of quern's child protocol (docs/formats/child-protocol.md).
//
// quern starts Node.js with this file. It reads frames from descriptor 3, loads the user's module, calls its function
// for every record or group, and writes frames to descriptor 4. What the module prints is log, never data.
// Needs Node.js 18 and no packages. Frames are read and written synchronously: nothing of ours waits in the event loop
// while the module's function runs, and a function that is not async costs no turn of it. Only where several records are
// mapped at the same time are frames read in the event loop.
// It is one file, longer than our others, because it is embedded in quern and written beside a child as it stands.

import { AsyncLocalStorage } from "node:async_hooks";
import buffer from "node:buffer";
import fs from "node:fs";
import Module from "node:module";
import { Socket } from "node:net";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

// What a module may replace is kept as it was.
const { Array, Atomics, BigInt, Buffer, Int32Array, JSON, Map, Number, Object, Promise } = globalThis;
const { SharedArrayBuffer, String, Symbol, TextDecoder, performance, setImmediate, setTimeout } = globalThis;
const { parse, stringify } = JSON;
const { accessSync, close, closeSync, constants, fstatSync, openSync, readSync, writeSync } = fs;
const { isUtf8: isUtf8Bytes } = buffer;
const { basename } = path;

const MAGIC = 0x314e5251; // "QRN1", little-endian
const HEADER_BYTES = 24; // magic, type, id, length of the payload
const [SETUP, BLOCK, GROUPS, END] = [1, 2, 3, 4];
const [READY, FAILED, OUTPUT, BAD, STARTING, COUNTERS, DONE, FINISHED] = [16, 17, 18, 19, 20, 21, 22, 23];
const [PROGRESS, LOADED, TEXT, FIELDS] = [24, 25, 26, 27];
const [CAREFUL, CONTINUES, GOES_ON] = [1, 2, 4]; // flags of BLOCK and GROUPS

const OUTPUT_BYTES = 32 << 20; // an OUTPUT frame is cut at the last line end before this size
const LONGEST_LINE_BYTES = 60 << 20; // a longer line does not fit into any frame
const JOINED_CHARACTERS = 8 << 20; // at most three bytes each
const MOST_BETWEEN_LOOKS = 512; // records, or groups, between two looks at the clock
const REASON_CHARACTERS = 2000;
const DETAILS_CHARACTERS = 64 << 10;
const BROKEN_STATUS = 70; // of a child that cannot go on: quern is gone, broke the protocol, or stray code raised

const COPIED_SLICE_CHARACTERS = 13;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const NOTHING = Buffer.alloc(0);

// What a module must define for each role: names in order of preference, and their parameters.
const FUNCTIONS = {
  mapper: [["mapper"], "(key, file, record)"],
  combiner: [["combine", "reduce"], "(key, values)"],
  reducer: [["reduce"], "(key, values)"],
};

// What the module did is refused; the text is the whole reason.
class Refused extends Error {}

// What failed although nobody waits for it.
class Unawaited extends Error {
  constructor(what, failure) {
    super(`${what}: ${reasonOf(failure)}`, { cause: failure });
  }
}

// Thrown where the module calls process.exit().
class ExitCalled extends Error {
  constructor(code) {
    super(`the module called process.exit(${code ?? ""})`);
  }
}

const exit = process.exit.bind(process);

// A module that closes or opens descriptors meets low numbers, so the pipes to quern are moved to others. Where there is
// no /proc they stay.
const READ_DESCRIPTOR = moved(3, constants.O_RDONLY);
const WRITE_DESCRIPTOR = moved(4, constants.O_WRONLY);
const OUTPUT_PIPE = fstatSync(WRITE_DESCRIPTOR);
const keptDescriptors = new Set([READ_DESCRIPTOR, WRITE_DESCRIPTOR]);

function moved(number, flags) {
  try {
    const target = openSync(`/proc/self/fd/${number}`, flags);
    closeSync(number);
    return target;
  } catch {
    return number;
  }
}

function keepDescriptors() {
  const isKept = (fd) => keptDescriptors.has(fd);
  const refusal = () => Object.assign(new Error("EBADF: bad file descriptor, close"), { code: "EBADF" });
  fs.closeSync = (fd) => {
    if (isKept(fd)) throw refusal();
    closeSync(fd);
    // Else what is printed would fail, or go to the file that is opened next.
    if (fd <= 2) openSync("/dev/null", "r+");
  };
  fs.close = (fd, done = () => {}) => {
    if (!isKept(fd) && !(fd <= 2)) return close(fd, done);
    try {
      fs.closeSync(fd);
      setImmediate(done, null);
    } catch (error) {
      setImmediate(done, error);
    }
  };
}

function isOutputOpen() {
  try {
    const found = fstatSync(WRITE_DESCRIPTOR);
    return found.ino === OUTPUT_PIPE.ino && found.dev === OUTPUT_PIPE.dev;
  } catch {
    return false;
  }
}

// Ends this child at once. quern sees that it died, and sends what is unanswered to another one.
function giveUp(message) {
  try {
    writeSync(2, `quern: ${message}\n`);
  } finally {
    exit(BROKEN_STATUS);
  }
}

// The pipes, one whole part at a time. quern's pipes block, but another process that shares one may have changed that.
function readFully(target, start, size) {
  while (size > 0) {
    const count = patiently(() => readSync(READ_DESCRIPTOR, target, start, size));
    if (count === 0) exit(BROKEN_STATUS); // quern is gone
    start += count;
    size -= count;
  }
}

function writeFully(source) {
  let start = 0;
  while (start < source.length) {
    start += patiently(() => writeSync(WRITE_DESCRIPTOR, source, start, source.length - start));
  }
}

function patiently(transfer) {
  for (;;) {
    try {
      return transfer();
    } catch (error) {
      if (error.code === "EPIPE") exit(BROKEN_STATUS); // quern is gone
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

// Frames in and out. Buffers are reused, because fresh memory is dear.
class Channel {
  #header = Buffer.alloc(HEADER_BYTES);
  #buffer = Buffer.allocUnsafeSlow(1 << 16);
  callHint = ""; // after each reason of a failed call

  // The next frame; its payload is valid until the next call.
  read() {
    readFully(this.#header, 0, HEADER_BYTES);
    const { kind, id, size } = headerOf(this.#header);
    if (size > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#buffer.length));
    readFully(this.#buffer, 0, size);
    return { kind, id, payload: this.#buffer.subarray(0, size) };
  }

  write(kind, id, payload = NOTHING, table = NOTHING) {
    if (!isOutputOpen()) giveUp(`the module closed descriptor ${WRITE_DESCRIPTOR}, which is quern's`);
    const head = Buffer.allocUnsafe(HEADER_BYTES + table.length);
    head.writeUInt32LE(MAGIC, 0);
    head.writeUInt32LE(kind, 4);
    head.writeBigUInt64LE(id, 8);
    head.writeBigUInt64LE(BigInt(table.length + payload.length), 16);
    table.copy(head, HEADER_BYTES);
    writeFully(head);
    writeFully(payload);
  }

  writeText(kind, id, text) {
    this.write(kind, id, Buffer.from(text));
  }

  starting(id, segment, line) {
    this.write(STARTING, id, place(segment, line));
  }

  bad(id, segment, line, failure) {
    const reason = Buffer.from(reasonOf(failure) + this.callHint);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(reason.length);
    this.write(BAD, id, Buffer.from(detailsOf(failure)), Buffer.concat([place(segment, line), size, reason]));
  }

  done(id, returned, bad, blank) {
    const payload = Buffer.alloc(24);
    [returned, bad, blank].forEach((count, i) => payload.writeBigUInt64LE(BigInt(count), 8 * i));
    this.write(DONE, id, payload);
  }
}

function headerOf(bytes) {
  if (bytes.readUInt32LE(0) !== MAGIC) giveUp("a frame from quern starts with wrong bytes");
  return { kind: bytes.readUInt32LE(4), id: bytes.readBigUInt64LE(8), size: Number(bytes.readBigUInt64LE(16)) };
}

// Tells quern about once a second that this child gets on: limits.timeout is for those that do not.
//
// To look at the clock after each record would cost more than some mappers do. It is looked at after as many as take
// much less than a second; and after no more than one for each 10 s of the limit, so that records which suddenly take
// as long as that are still in time.
class Progress {
  #channel;
  #id = 0n;
  #done = 0;
  #told = performance.now();
  #looked = this.#told;
  #most = 1;
  #stride = 1;
  #left = 1; // records until the next look

  constructor(channel) {
    this.#channel = channel;
  }

  setLimit(seconds) {
    this.#most = Math.max(1, Math.min(MOST_BETWEEN_LOOKS, Math.floor(seconds / 10)));
  }

  begin(id) {
    this.#id = id;
    this.#done = 0;
    this.#looked = performance.now();
  }

  // After each record; `done` are all of the frame until now.
  add(done) {
    if (--this.#left === 0) this.#look(done);
  }

  #look(done) {
    this.#done = done;
    const now = performance.now();
    if (now - this.#looked > 100) this.#stride = Math.max(1, this.#stride >> 3);
    else if (now - this.#looked < 20) this.#stride = Math.min(this.#most, this.#stride * 2);
    this.#looked = now;
    this.#left = this.#stride;
    this.tell(now);
  }

  tell(now = performance.now()) {
    if (now - this.#told < 1000) return;
    this.#told = now;
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64LE(BigInt(this.#done));
    this.#channel.write(PROGRESS, this.#id, payload);
  }
}

function place(segment, line) {
  const payload = Buffer.alloc(12);
  payload.writeUInt32LE(segment, 0);
  payload.writeBigUInt64LE(BigInt(line), 4);
  return payload;
}

// Reasons and stacks.

// One line that says what was thrown.
function reasonOf(failure) {
  let reason;
  try {
    if ([Refused, Unawaited, ExitCalled].some((kind) => failure instanceof kind)) reason = failure.message;
    else if (failure instanceof Error) reason = `${failure.name}: ${failure.message}`;
    else reason = `the module threw ${shown(failure)}`;
  } catch {
    reason = "the module threw what cannot be shown";
  }
  return reason.replace(/\s+/g, " ").trim().slice(0, REASON_CHARACTERS);
}

// The stack without the frames of this file and of Node.js, which say nothing to the user.
function detailsOf(failure) {
  if (failure instanceof Unawaited) return detailsOf(failure.cause);
  if (failure instanceof Refused || !(failure instanceof Error)) return "";
  const parts = [];
  for (let error = failure; error instanceof Error && parts.length < 10; error = error.cause) {
    parts.push(String(error.stack).split("\n").filter(isTheirs).join("\n"));
  }
  return parts.join("\nCaused by: ").slice(0, DETAILS_CHARACTERS);
}

function isTheirs(line) {
  return !/^\s+at /.test(line) || !(line.includes(import.meta.url) || /[( ]node:/.test(line));
}

function shown(value) {
  const text = typeof value === "bigint" || typeof value === "symbol" ? String(value) : stringify(value);
  return text === undefined ? String(value).slice(0, 60) : text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

// What functions return.

// Where pairs are wanted, an element of the array of lines is a pair, whose key and value are two lines, or one line of
// text that is still to be cut. So a line feed in it tells the two apart.
class Results {
  #name;
  #separator;
  #between;
  #onlyPlain; // keys must be such that their text can be cut behind them
  // What is among the lines that are not yet sent, or was until a function raised.
  #hasText = false; // to be cut
  #hasPairs = false;

  // `name` is of the function, for reasons.
  constructor(name, job) {
    this.#name = name;
    this.#separator = job.separator;
    this.isText = job.output === "text";
    this.#between = this.isText ? job.separator : "\n";
    this.#onlyPlain = job.plain;
  }

  // Appends the lines of `result`, which may be a promise, to `lines`; nothing if it throws. Returns a promise if it
  // must be waited for.
  add(lines, result) {
    if (typeof result === "string") return this.#addText(lines, result);
    if (result === undefined || result === null) return undefined;
    if (isThenable(result)) return Promise.resolve(result).then((value) => this.add(lines, value));
    const before = lines.length;
    try {
      if (Array.isArray(result) && this.#isPair(result)) return this.#addPair(lines, result);
      if (typeof result === "object" && typeof result[Symbol.asyncIterator] === "function") {
        return this.#addEachLater(lines, result);
      }
      return this.#addEach(lines, result);
    } catch (failure) {
      lines.length = before;
      throw failure;
    }
  }

  #addText(lines, text) {
    if (text.endsWith("\n")) text = text.slice(0, -1);
    if (text === "") return;
    this.#hasText = true;
    if (this.isText || !text.includes("\n")) lines.push(text);
    else for (const line of text.split("\n")) lines.push(line);
  }

  // Whether none of the lines is a pair: quern cuts a whole block faster than we do.
  get areAllToBeCut() {
    return this.#hasText && !this.#hasPairs && !this.isText;
  }

  // Makes pairs of the lines that are not pairs yet, if pairs are wanted.
  cut(lines) {
    if (this.#hasText && !this.isText) {
      for (let i = 0; i < lines.length; ++i) if (!lines[i].includes("\n")) lines[i] = this.#pairOf(lines[i]);
    }
    this.forget();
    return lines;
  }

  forget() {
    this.#hasText = this.#hasPairs = false;
  }

  #pairOf(line) {
    const end = line.indexOf(this.#separator);
    return end < 0 ? `${line}\n` : `${line.slice(0, end)}\n${line.slice(end + this.#separator.length)}`;
  }

  // An array of two is a pair, unless one of them is an array. A word before an array of two may be meant as its key, and
  // data must not decide.
  #isPair(result) {
    if (result.length !== 2 || Array.isArray(result[0])) return false;
    const [first, second] = result;
    if (!Array.isArray(second)) return true;
    if (typeof first === "string" && second.length === 2 && !first.includes(this.#separator) && !first.endsWith("\n")) {
      throw new Refused(
        `${this.#name} gave a string and an array of two in one array; a pair whose value is an array is ` +
          "[[key, value]], and a line that is not a pair ends with a line break",
      );
    }
    return false;
  }

  #addPair(lines, [key, value]) {
    key = this.#textOf(key, "key");
    value = this.#textOf(value, "value");
    if (key.includes("\n")) {
      throw new Refused(`the key ${shown(key)} contains a line break; replace it before returning it`);
    }
    if (this.#onlyPlain && (key + this.#separator).indexOf(this.#separator) !== key.length) {
      throw new Refused(
        `the key ${shown(key)} contains the separator ${shown(this.#separator)}, alone or with the one that follows ` +
          'it, and text is cut there; set another one in the job file, say `separator: "\\t"`, or replace it in the key',
      );
    }
    if (value.includes("\n")) {
      throw new Refused(`the value ${shown(value)} contains a line break; replace it, or return JSON.stringify(value)`);
    }
    this.#hasPairs = true;
    lines.push(key + this.#between + value);
  }

  #textOf(part, what) {
    if (typeof part === "string") return part;
    return typeof part === "bigint" ? String(part) : jsonOf(part, what);
  }

  #addEach(lines, results) {
    if (typeof results !== "object" || typeof results[Symbol.iterator] !== "function") {
      throw new Refused(this.#notUnderstood(results));
    }
    for (const item of results) this.#addItem(lines, item);
  }

  async #addEachLater(lines, results) {
    const before = lines.length;
    try {
      for await (const item of results) this.#addItem(lines, item);
    } catch (failure) {
      lines.length = before;
      throw failure;
    }
  }

  #addItem(lines, item) {
    if (typeof item === "string") this.#addText(lines, item);
    else if (Array.isArray(item) && item.length === 2) this.#addPair(lines, item);
    else if (item !== undefined && item !== null) throw new Refused(this.#notUnderstood(item));
  }

  #notUnderstood(result) {
    const kind = Array.isArray(result) ? `an array of ${result.length}` : typeof result;
    return (
      `${this.#name} gave ${shown(result)} (${kind}); it may return or yield a string key${this.#separator}value, ` +
      "a pair [key, value], an array of these, or nothing"
    );
  }
}

// As JSON.stringify, but that NaN and Infinity are written as Python's json writes them, and that what has no JSON is
// refused instead of being left out or written as null or {}. `what`: the key or the value, for reasons. As fast as
// JSON.stringify, because the parts of a value are added to one string.
function jsonOf(value, what) {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (typeof value !== "object") throw new Refused(noJson(typeof value, what));
  if (value instanceof Date && Number.isNaN(value.getTime())) throw new Refused(noJson("an invalid Date", what));
  if (typeof value.toJSON === "function") return jsonOf(value.toJSON(), what);
  let text = "";
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; ++i) text += `${i === 0 ? "[" : ","}${jsonOf(value[i], what)}`;
    return text === "" ? "[]" : `${text}]`;
  }
  const prototype = Object.getPrototypeOf(value);
  const kind = prototype === Object.prototype ? "Object" : Object.prototype.toString.call(value).slice(8, -1);
  if (kind === "Number" || kind === "String" || kind === "Boolean") return jsonOf(value.valueOf(), what);
  if (kind !== "Object") throw new Refused(noJson(kind, what));
  for (const name of Object.keys(value)) text += `${text === "" ? "{" : ","}${quoted(name)}:${jsonOf(value[name], what)}`;
  return text === "" ? "{}" : `${text}}`;
}

const INSTEAD = { Map: "Object.fromEntries(map)", Set: "[...set]", bigint: "String(number)", undefined: "null" };

function noJson(kind, what) {
  return `the ${what} of a pair has ${kind} in it, which has no JSON; use ${INSTEAD[kind] ?? "a string"} instead`;
}

// A string as JSON. Half of a surrogate pair alone is U+FFFD, as it is in text.
function quoted(text) {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  const json = stringify(text);
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found.length === 2 ? found : "\ufffd"));
}

// The lines as bytes, in parts that fit into one OUTPUT frame each, of pairs cut at every second line end. Joined a part
// at a time, because a string has a greatest length.
function outputParts(lines, recordLines) {
  const parts = [];
  for (let first = 0, next = 0; first < lines.length; first = next) {
    let characters = 0;
    while (next < lines.length && characters < JOINED_CHARACTERS) characters += lines[next++].length + 1;
    const some = next - first === lines.length ? lines : lines.slice(first, next);
    parts.push(...cutAtLines(Buffer.from(`${some.join("\n")}\n`), recordLines));
  }
  return parts;
}

function cutAtLines(data, recordLines) {
  const parts = [];
  for (let start = 0; start < data.length; ) {
    let end = data.length;
    if (end - start > OUTPUT_BYTES) {
      end = data.lastIndexOf(NEWLINE, start + OUTPUT_BYTES - 1) + 1;
      if (linesEndingIn(data, start, end) % recordLines !== 0) end = data.lastIndexOf(NEWLINE, end - 2) + 1;
      if (end <= start) {
        end = start;
        for (let i = 0; i < recordLines; ++i) end = data.indexOf(NEWLINE, end) + 1;
      }
    }
    if (end - start > LONGEST_LINE_BYTES) {
      giveUp(`the module gave a line of ${end - start} bytes; the most is ${LONGEST_LINE_BYTES}`);
    }
    parts.push(data.subarray(start, end));
    start = end;
  }
  return parts;
}

function linesEndingIn(data, start, end) {
  let count = 0;
  for (let at = data.indexOf(NEWLINE, start); at >= 0 && at < end; at = data.indexOf(NEWLINE, at + 1)) ++count;
  return count;
}

// The `quern` object that user code sees.
class Counters {
  #progress;
  #amounts = new Map();
  watched = null; // WatchedFields, if quern asks for it

  constructor(progress) {
    this.#progress = progress;
  }

  addAll(amounts) {
    for (const [key, n] of amounts) this.#amounts.set(key, (this.#amounts.get(key) ?? 0) + n);
  }

  count(group, name, n = 1) {
    if (!Number.isSafeInteger(n)) throw new TypeError(`quern.count adds whole numbers, not ${shown(n)}`);
    const key = `${quoted(String(group))},${quoted(String(name))}`;
    const own = works.getStore();
    const amounts = own?.amounts === undefined || own.isOver ? this.#amounts : own.amounts;
    amounts.set(key, (amounts.get(key) ?? 0) + n);
    this.#progress.tell();
  }

  send(channel, id) {
    this.watched?.send(channel, id);
    if (this.#amounts.size === 0) return;
    channel.writeText(COUNTERS, id, `[${[...this.#amounts].map(([key, n]) => `[${key},${n}]`).join(",")}]`);
    this.#amounts.clear();
  }
}

// Which parts of records a mapper reads, for `quern run --suggest-fields`.

const WATCHED_RECORDS = 1000;
const MOST_NAMES = 50; // that are read of one object, or it is read as a whole: names that are data cannot be listed

// Hands a mapper its first records as objects that tell what is read of them.
class WatchedFields {
  #left = WATCHED_RECORDS;
  #names = new Map(); // of each object, by its path
  #read = new Set();
  #reached = new Set();
  #told = 0;

  watching(mapper) {
    return (key, file, record) => {
      if (this.#left === 0) return mapper(key, file, record);
      --this.#left;
      if (isObject(record)) return mapper(key, file, this.#watched(record, ""));
      this.#read.add("");
      return mapper(key, file, record);
    };
  }

  // Sends all that is known, if it is more than before.
  send(channel, id) {
    const known = this.#read.size + this.#reached.size;
    if (known === this.#told) return;
    this.#told = known;
    channel.writeText(FIELDS, id, stringify({ read: [...this.#read].sort(), reached: [...this.#reached].sort() }));
  }

  // The part of this name of the object at this path, with all that is below it.
  #readPart(path, name) {
    if (!this.#names.has(path)) this.#names.set(path, new Set());
    const names = this.#names.get(path).add(name);
    this.#read.add(names.size > MOST_NAMES ? path : joinedPath(path, name));
  }

  #watched(object, path) {
    const seen = new WeakSet(); // objects within that are watched already
    const reads = (name) => {
      const isOwn = Object.hasOwn(object, name);
      if (typeof name === "symbol" || (!isOwn && (name in object || name === "toJSON" || name === "then"))) return;
      const value = object[name];
      if (!isObject(value)) return void this.#readPart(path, name);
      // If nothing is read of it, it is needed as a whole: whether it is there may have mattered.
      this.#reached.add(joinedPath(path, name));
      if (seen.has(value) || !Object.getOwnPropertyDescriptor(object, name).writable) return;
      object[name] = this.#watched(value, joinedPath(path, name));
      seen.add(object[name]);
    };
    return new Proxy(object, {
      get: (target, name) => {
        reads(name);
        return target[name];
      },
      set: (target, name, value) => Reflect.set(target, name, value),
      has: (target, name) => {
        reads(name);
        return name in target;
      },
      getOwnPropertyDescriptor: (target, name) => {
        reads(name);
        return Object.getOwnPropertyDescriptor(target, name);
      },
      ownKeys: (target) => {
        this.#read.add(path);
        return Reflect.ownKeys(target);
      },
    });
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// As `fields` has it; the record itself is "".
function joinedPath(path, name) {
  const step = /^[^.[\]"']+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return path === "" ? step : `${path}.${step}`;
}

// What `quern try` does with a module: its debugger gets the terminal, or it is measured.

// Starts node inspect on this terminal, and waits until it is there. It stops at the first record.
async function debugged(call) {
  const inspector = await import("node:inspector");
  const { spawn } = await import("node:child_process");
  inspector.open(0, "127.0.0.1");
  const { host } = new URL(inspector.url());
  const client = spawn(process.execPath, ["inspect", host], { stdio: "inherit" });
  inspector.waitForDebugger();
  let isFirst = true;
  const stopping = (...args) => {
    if (!isFirst) return call(...args);
    isFirst = false;
    debugger; // The module's function comes next: step, and step again.
    return call(...args);
  };
  return [stopping, () => client.kill()];
}

const PROFILED_FUNCTIONS = 10;

// Measures all that runs from now on; the second function tells which functions took most of the time.
async function profiled(call) {
  const { Session } = await import("node:inspector");
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.start");
  const report = () => {
    session.post("Profiler.stop", (_, { profile }) => {
      process.stderr.write(profileText(profile));
    });
  };
  return [call, report];
}

// V8 looks about every millisecond which function is at work; times are in microseconds.
function profileText({ nodes, samples, timeDeltas }) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map();
  let whole = 0;
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = places.get(id);
    if (url === import.meta.url || (url === "" && functionName !== "(garbage collector)") || url.startsWith("node:")) return;
    const place = url === "" ? functionName : `${path.basename(url)}:${lineNumber + 1} ${functionName || "(anonymous)"}`;
    times.set(place, (times.get(place) ?? 0) + timeDeltas[i]);
    whole += timeDeltas[i];
  });
  const lines = [`${(whole / 1e6).toFixed(3)} s in the module's functions; without those that they call, most of it in:`];
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, PROFILED_FUNCTIONS);
  for (const [place, time] of sorted) {
    lines.push(`${(time / 1e6).toFixed(3).padStart(9)} s ${((100 * time) / whole).toFixed(1).padStart(5)}%  ${place}`);
  }
  return lines.join("\n") + "\n";
}

function offerQuern(counters) {
  const quern = Object.freeze({ count: (group, name, n) => counters.count(group, name, n) });
  globalThis.quern = quern;
  const load = Module._load;
  Module._load = function (request, ...rest) {
    return request === "quern" ? quern : load.call(this, request, ...rest);
  };
}

// Waiting for the module.

const waited = new Set(); // each rejects one of the promises that are waited for

// Waits for what an async function returned. A promise that nothing can settle any more would end this process in
// silence; it becomes a failure instead.
function settled(promise) {
  return new Promise((resolve, reject) => {
    waited.add(reject);
    const settle = (how) => (value) => {
      waited.delete(reject);
      how(value);
    };
    promise.then(settle(resolve), settle(reject));
  });
}

function isThenable(value) {
  return value !== null && typeof value === "object" && typeof value.then === "function";
}

// One turn of the event loop, in which errors of code that nobody waits for come out.
function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

// As turn(), and long enough for what the module wants to be called at once.
async function longTurn() {
  if (process.getActiveResourcesInfo?.().includes("Timeout")) await new Promise((resolve) => setTimeout(resolve, 1));
  await turn();
}

// The record or group that the running code belongs to, if that can be told: {isOver, failure, amounts}. `amounts`, if
// there are any, is what it counts until it is over.
const works = new AsyncLocalStorage();
// quern sends what is mapped or reduced now again one by one, if this child ends.
let canTellLater = false;

// Maps or reduces one record or group alone; throws what failed meanwhile, even if nobody waited for it.
async function alone(call) {
  const work = { isOver: false, failure: null };
  try {
    const added = works.run(work, call);
    if (added !== undefined) await settled(added);
  } finally {
    await longTurn();
    work.isOver = true;
  }
  if (work.failure !== null) throw work.failure.thrown;
}

function watchStrayCode(channel) {
  const stray = (kind, verb) => (failure) => {
    const work = works.getStore();
    const thrown = new Unawaited(`${kind} that nobody awaits${work?.isOver ? ", of an earlier record," : ""} ${verb}`, failure);
    if (work?.isOver === false) work.failure ??= { thrown };
    else if (canTellLater) giveUp(`${reasonOf(thrown)}\n${detailsOf(thrown)}`);
    else sayFailed(channel, thrown);
  };
  const codeFailed = stray("code", "failed");
  process.on("uncaughtException", codeFailed);
  // Node.js no longer knows the record when it says that a microtask failed.
  const enqueue = globalThis.queueMicrotask;
  globalThis.queueMicrotask = function queueMicrotask(callback) {
    if (typeof callback !== "function") return enqueue(callback);
    enqueue(() => {
      try {
        callback();
      } catch (error) {
        codeFailed(error);
      }
    });
  };
  process.on("unhandledRejection", stray("a promise", "was rejected"));
  process.on("beforeExit", () => {
    if (waited.size === 0) return;
    setImmediate(() => {});
    const failure = new Refused("the module's promise is never settled: nothing is left that could settle it");
    for (const reject of waited) reject(failure);
    waited.clear();
  });
  process.exit = (code) => {
    throw new ExitCalled(code);
  };
  keepDescriptors();
  Module.syncBuiltinESMExports(); // for `import { exit } from "node:process"`
}

// Loading the user's module.

async function load(script) {
  try {
    accessSync(script, constants.R_OK);
  } catch (error) {
    throw new Refused(`cannot read ${script}: ${error.message}`);
  }
  try {
    return await settled(import(pathToFileURL(script).href));
  } catch (error) {
    // Node.js 18 takes a .js file for CommonJS whatever stands in it; newer ones look.
    const isModuleSyntax = /Unexpected token 'export'|import statement outside a module/.test(error.message);
    if (error instanceof SyntaxError && isModuleSyntax) {
      error.message += '; name an ES module .mjs, or put a package.json with {"type": "module"} beside it';
    }
    refuseTypes(error);
    throw error;
  }
}

const EXPRESSION_PARAMETERS = { mapper: "key, file, r", combiner: "key, values", reducer: "key, values" };

// A module with the function that an expression stands for. `a, b` is a pair, as in Python.
function loadExpression(expression, role) {
  const compute = new Function(...EXPRESSION_PARAMETERS[role].split(", "), `return [${expression}\n];`);
  const own = (items) => (items.length === 1 ? items[0] : items);
  const isScalar = (value) => ["string", "number", "bigint", "boolean"].includes(typeof value);
  if (role === "mapper") return { mapper: (key, file, r) => own(compute(key, file, r)) };
  const reduce = (key, values) => {
    const of = (result) => (isScalar(result) ? [key, result] : result);
    const result = own(compute(key, values));
    return result instanceof Promise ? result.then(of) : of(result);
  };
  return { [FUNCTIONS[role][0][0]]: reduce };
}

// Node.js itself only says that it does not know what a .ts file is.
function refuseTypes({ message }) {
  if (!/Unknown file extension "\.[cm]?ts"/.test(message)) return;
  throw new Refused(
    `Node.js ${process.versions.node} cannot run TypeScript: compile it to JavaScript first, or use Node.js 22.18 or newer, which strips types`,
  );
}

// Of a program, of which nothing is called: it would read its input.
async function checkSyntax(script) {
  const { spawnSync } = await import("node:child_process");
  const { status, stderr } = spawnSync(process.execPath, ["--check", script], { encoding: "utf8" });
  if (status === 0) return;
  refuseTypes({ message: stderr });
  const error = new SyntaxError(/^SyntaxError: (.*)$/m.exec(stderr)?.[1] ?? "node --check refuses it");
  error.stack = stderr;
  throw error;
}

// What the module exports under this name; a CommonJS module's exports stand in `default`, and so may an object of
// functions, which is then their `this`.
function exported(module, name) {
  const found = module.default?.[name] ?? module[name];
  return typeof found === "function" ? found.bind(module.default) : found;
}

// What a failed call should make its author look at: a function may leave out parameters that it does not use, but often
// `mapper(record)` was meant. "" if it has all of them, or if its source does not say how many it uses.
function callHintOf(written, name, parameters) {
  const source = String(written);
  const list =
    /^(?:async\s*)?(?:function\b\s*\*?)?\s*[\w$]*\s*\(([\w\s,$]+)\)/.exec(source) ?? /^(?:async\s+)?([\w$]+)\s*=>/.exec(source);
  if (list === null || /\barguments\b/.test(source)) return "";
  const count = list[1].split(",").filter((parameter) => parameter.trim() !== "").length;
  if (count === 0 || count >= parameters.split(",").length) return "";
  return `; ${name} takes ${count} parameter${count === 1 ? "" : "s"}, and is called as ${name}${parameters}`;
}

// What the module exports under almost the right name, such as reducer for reduce; "" if there is nothing of the kind.
function misnamed(module, names) {
  const all = { ...module.default, ...module };
  for (const name of names) {
    const stem = new RegExp(`(^|_)${name.replace(/(per|e)$/, "")}`, "i");
    const found = Object.keys(all).find((one) => typeof all[one] === "function" && stem.test(one));
    if (found !== undefined) return `; it exports ${found}, which must be a function named ${name}`;
  }
  return "";
}

function functionOf(module, role, script) {
  const [names, parameters] = FUNCTIONS[role];
  const file = basename(script);
  for (const name of names) {
    const found = exported(module, name);
    if (typeof found === "function") {
      return [name, found, callHintOf(module.default?.[name] ?? module[name], name, parameters)];
    }
    if (found !== undefined) throw new Refused(`${name} in ${file} is not a function but ${shown(found)}`);
  }
  if (typeof module.default === "function") {
    return [names[0], module.default, callHintOf(module.default, names[0], parameters)];
  }
  const wanted = names.map((name) => name + parameters).join(" or ");
  throw new Refused(`${file} does not export a function ${wanted}${misnamed(module, names)}`);
}

// Roles.

// Reads the records of blocks.
class RecordReader {
  key = "";
  #isText;
  #isKeyed;
  #isPair;

  constructor(recordKind) {
    this.#isText = recordKind === "text" || recordKind === "pairs";
    this.#isPair = recordKind === "pairs";
    this.#isKeyed = recordKind === "keyed-json";
  }

  // What is needed while the records of this frame are mapped.
  open({ kind, id, payload }) {
    if (kind !== BLOCK) giveUp(`a frame of type ${kind} came to a mapper`);
    const segments = segmentsOf(payload);
    const position = segments.length > 0 ? segments[0].start : 0;
    return {
      id,
      payload,
      segments,
      position, // of the next record
      isCareful: (payload.readUInt32LE(0) & CAREFUL) !== 0,
      // One look at the whole block spares one at each line.
      mayBeBroken: !this.#isText && segments.length > 0 && !isUtf8(payload.subarray(position)),
      lines: [],
      count: 0,
      bad: 0,
      blank: 0,
    };
  }

  // The record at the block's position, which moves behind it, and its key in `key`; undefined for a blank line.
  read(block) {
    const { payload } = block;
    let start = block.position;
    let stop = payload.indexOf(NEWLINE, start);
    if (this.#isPair) {
      this.key = payload.utf8Slice(start, stop);
      start = stop + 1;
      stop = payload.indexOf(NEWLINE, start);
    }
    block.position = stop + 1;
    if (this.#isPair) return payload.utf8Slice(start, stop);
    return this.#isText ? textAt(payload, start, stop) : this.#parsed(block, start, stop);
  }

  #parsed(block, start, stop) {
    const { payload } = block;
    if (block.mayBeBroken && !isUtf8(payload.subarray(start, stop))) throw new Refused("the record is not UTF-8");
    const from = this.#isKeyed ? recordStart(payload, start, stop) : start;
    // Each a string of its own: a slice would keep the whole line in memory for as long as the module keeps the key.
    this.key = from > start ? payload.utf8Slice(start, from - 1) : "";
    const json = payload.utf8Slice(from, stop);
    try {
      if (from <= stop) return parse(json);
    } catch (error) {
      if (!isBlank(payload, start, stop)) {
        throw new Refused(`the record is not JSON: ${jsonReason(error, from > start ? this.key.length + 1 : 0)}`);
      }
    }
    if (!isBlank(payload, start, stop)) {
      throw new Refused("the line has no TAB or space between key and record, and does not start with { or [");
    }
    ++block.blank;
    return undefined;
  }
}

function sendOutput(channel, counters, results, { id, lines }) {
  const isToBeCut = results.areAllToBeCut;
  const recordLines = isToBeCut || results.isText ? 1 : 2;
  const parts = outputParts(isToBeCut ? lines : results.cut(lines), recordLines);
  for (const part of parts) channel.write(isToBeCut ? TEXT : OUTPUT, id, part);
  results.forget();
  lines.length = 0;
  counters.send(channel, id);
}

function sendDone(channel, { id, count, bad, blank }) {
  channel.done(id, count - bad - blank, bad, blank);
}

// Answers BLOCK frames, one record after another.
class Mapper {
  #channel;
  #counters;
  #progress;
  #function;
  #results;
  #reader;

  constructor(channel, counters, progress, mapper, results, reader) {
    this.#channel = channel;
    this.#counters = counters;
    this.#progress = progress;
    this.#function = mapper;
    this.#results = results;
    this.#reader = reader;
  }

  async answer(frame) {
    const block = this.#reader.open(frame);
    this.#progress.begin(block.id);
    canTellLater = !block.isCareful;
    for (let i = 0; i < block.segments.length; ++i) await this.#mapSegment(block, i, block.segments[i]);
    await longTurn();
    canTellLater = false;
    sendOutput(this.#channel, this.#counters, this.#results, block);
    sendDone(this.#channel, block);
  }

  // What the records before gave is sent first: it is kept if this one is the child's last.
  #startCarefully(block, segment, index) {
    sendOutput(this.#channel, this.#counters, this.#results, block);
    this.#channel.starting(block.id, segment, index);
  }

  // As Results.add.
  #mapRecord(block, file) {
    const record = this.#reader.read(block);
    if (record === undefined) return undefined;
    return this.#results.add(block.lines, this.#function(this.#reader.key, file, record));
  }

  async #mapSegment(block, segment, { file, end }) {
    for (let index = 0; block.position < end; ++index) {
      if (block.isCareful) this.#startCarefully(block, segment, index);
      ++block.count;
      try {
        const added = block.isCareful ? alone(() => this.#mapRecord(block, file)) : this.#mapRecord(block, file);
        if (added !== undefined) await settled(added);
      } catch (failure) {
        if (block.isCareful) block.lines.length = 0;
        ++block.bad;
        this.#channel.bad(block.id, segment, index, failure);
      }
      this.#progress.add(block.count);
    }
  }
}

// Answers BLOCK frames, and works on several records at the same time. While those of one block are waited for, the next
// block's begin; results are sent in the order of the blocks and their records. A careful block's records are mapped one
// by one.
class ConcurrentMapper {
  #channel;
  #counters;
  #progress;
  #function;
  #newResults;
  #reader;
  #most;
  #blocks = []; // not answered yet
  #inWork = 0; // records
  #wake;

  constructor(channel, counters, progress, mapper, newResults, reader, most) {
    this.#channel = channel;
    this.#counters = counters;
    this.#progress = progress;
    this.#function = mapper;
    this.#newResults = newResults;
    this.#reader = reader;
    this.#most = most;
  }

  async serve(frames) {
    for (;;) {
      const changed = new Promise((resolve) => (this.#wake = frames.wake = resolve));
      for (const frame of frames.take()) this.#open(frame);
      this.#startRecords();
      const isMapped = this.#isMapped(this.#blocks[0]);
      await (isMapped ? longTurn() : turn());
      if (!isMapped && this.#isMapped(this.#blocks[0])) continue; // what these records wanted to be called comes first
      if (this.#answerBlocks()) continue;
      if (frames.areOver && this.#blocks.length === 0) return;
      // While records are in work, the socket must not keep this process alive; otherwise a promise that nothing can
      // settle would go unnoticed.
      frames.keepAlive(this.#inWork === 0);
      await changed;
    }
  }

  #open(frame) {
    const block = this.#reader.open(frame);
    Object.assign(block, { records: [], done: 0, collected: 0, segment: 0, index: 0, results: this.#newResults() });
    this.#blocks.push(block);
    if (this.#blocks.length === 1) this.#begin(block);
  }

  #begin(block) {
    this.#progress.begin(block.id);
    canTellLater = !block.isCareful;
  }

  #startRecords() {
    for (const block of this.#blocks) {
      if (block.isCareful && block !== this.#blocks[0]) return;
      const most = block.isCareful ? 1 : this.#most;
      while (this.#inWork < most && this.#startRecord(block));
      if (this.#inWork >= most || block.isCareful) return;
    }
  }

  #startRecord(block) {
    const { segments } = block;
    for (; block.segment < segments.length && block.position >= segments[block.segment].end; ++block.segment) {
      block.index = 0;
    }
    if (block.segment === segments.length) return false;
    const { segment } = block;
    const record = { segment, index: block.index++, lines: [], amounts: new Map(), isDone: false, isOver: false, failure: null };
    if (block.isCareful) {
      this.#collect(block);
      sendOutput(this.#channel, this.#counters, block.results, block);
      this.#channel.starting(block.id, record.segment, record.index);
    }
    block.records.push(record);
    ++block.count;
    ++this.#inWork;
    works.run(record, () => this.#map(block, record, segments[segment].file));
    return true;
  }

  async #map(block, record, file) {
    try {
      const value = this.#reader.read(block);
      if (value !== undefined) {
        const added = block.results.add(record.lines, this.#function(this.#reader.key, file, value));
        if (added !== undefined) await settled(added);
      }
    } catch (thrown) {
      record.failure = { thrown };
    }
    if (block.isCareful) await longTurn();
    record.isDone = true;
    ++block.done;
    --this.#inWork;
    this.#progress.add(this.#blocks[0].collected);
    this.#wake();
  }

  // Takes the results of the first records that are done, in order.
  #collect(block) {
    for (; block.collected < block.records.length; ++block.collected) {
      const record = block.records[block.collected];
      const { segment, index, lines, failure } = record;
      if (!record.isDone) return;
      record.isOver = true;
      this.#counters.addAll(record.amounts);
      block.records[block.collected] = null;
      if (failure === null) {
        for (const line of lines) block.lines.push(line);
        continue;
      }
      ++block.bad;
      this.#channel.bad(block.id, segment, index, failure.thrown);
    }
  }

  // Whether all records of the block are done.
  #isMapped(block) {
    if (block === undefined) return false;
    const { segments, position, records, done } = block;
    return (segments.length === 0 || position >= segments[segments.length - 1].end) && done === records.length;
  }

  // Whether there was one to answer.
  #answerBlocks() {
    if (this.#blocks.length === 0) return false;
    const [block] = this.#blocks;
    const isMapped = this.#isMapped(block);
    this.#collect(block);
    if (!isMapped) return false;
    sendOutput(this.#channel, this.#counters, block.results, block);
    sendDone(this.#channel, block);
    this.#blocks.shift();
    canTellLater = false;
    if (this.#blocks.length > 0) this.#begin(this.#blocks[0]);
    return true;
  }
}

// Frames as they arrive in the event loop, with memory of their own.
class ArrivingFrames {
  wake = () => {};
  areOver = false; // END has come
  #socket;
  #chunks = [];
  #size = 0; // of the chunks
  #wanted = HEADER_BYTES;
  #header = null; // of the frame whose payload is wanted
  #frames = [];

  constructor() {
    this.#socket = new Socket({ fd: READ_DESCRIPTOR, readable: true, writable: false });
    this.#socket.on("data", (chunk) => this.#add(chunk));
    this.#socket.on("error", () => exit(BROKEN_STATUS));
    // It closes the descriptor itself, whose number the module may get then.
    this.#socket.on("close", () => keptDescriptors.delete(READ_DESCRIPTOR));
    this.#socket.on("end", () => this.areOver || exit(BROKEN_STATUS)); // quern is gone
  }

  // The frames that have come since the last call, except END.
  take() {
    return this.#frames.splice(0);
  }

  keepAlive(isNeeded) {
    if (isNeeded) this.#socket.ref();
    else this.#socket.unref();
  }

  #add(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#wanted && !this.areOver) {
      const bytes = Buffer.concat(this.#chunks);
      const part = bytes.subarray(0, this.#wanted);
      this.#chunks = [bytes.subarray(this.#wanted)];
      this.#size -= part.length;
      if (this.#header === null) {
        this.#header = headerOf(part);
        this.#wanted = this.#header.size;
      } else {
        if (this.#header.kind === END) this.areOver = true;
        else this.#frames.push({ ...this.#header, payload: part });
        this.#header = null;
        this.#wanted = HEADER_BYTES;
      }
    }
    this.wake();
  }
}

// Where the record of a keyed-json line starts: behind the first TAB or blank, or where the line does if it begins with
// { or [. Past the line's end if there is none.
function recordStart(payload, start, stop) {
  if (start < stop && (payload[start] === 0x7b || payload[start] === 0x5b)) return start;
  while (start < stop && payload[start] !== 0x09 && payload[start] !== 0x20) ++start;
  return start + 1;
}

function isBlank(payload, start, stop) {
  for (; start < stop; ++start) {
    const byte = payload[start];
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

// What JSON.parse says, with the place as a column of the line, as Node.js 18, 20 and 22 word it.
function jsonReason(error, before) {
  return error.message.replace(/(?: in JSON)? at position (\d+)(?: \(line \d+ column \d+\))?$/, (_, position) => {
    return `: column ${before + Number(position) + 1}`;
  });
}

function textAt(payload, start, stop) {
  return payload.utf8Slice(start, stop > start && payload[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop);
}

function isUtf8(bytes) {
  if (isUtf8Bytes !== undefined) return isUtf8Bytes(bytes);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes); // before Node.js 18.14
    return true;
  } catch {
    return false;
  }
}

// Name, start and end within the payload of each segment of a BLOCK.
function segmentsOf(payload) {
  const segments = [];
  let position = 8;
  for (let left = payload.readUInt32LE(4); left > 0; --left) {
    const size = Number(payload.readBigUInt64LE(position + 8));
    const nameEnd = position + 20 + payload.readUInt32LE(position + 16);
    segments.push({ file: payload.utf8Slice(position + 20, nameEnd), start: 0, end: size });
    position = nameEnd;
  }
  for (const segment of segments) {
    segment.start = position;
    segment.end += position;
    position = segment.end;
  }
  return segments;
}

// Answers GROUPS frames, for reducers and combiners. A group may go on over any number of frames: the frames are then
// read, and answered, while its values are taken.
class Reducer {
  #channel;
  #counters;
  #progress;
  #function;
  #results;
  #isLazy;
  #isTyped;
  #isCombiner;
  // Of the frame that is being answered:
  #id;
  #flags;
  #payload;
  #position; // in the payload
  #text; // keys and values
  #textStart; // in the payload
  #sizes; // of the groups: how many values
  #group;
  #lines;
  #lineCounts;
  #bad;

  constructor(channel, counters, progress, reduce, results, job, isCombiner) {
    this.#channel = channel;
    this.#counters = counters;
    this.#progress = progress;
    this.#function = reduce;
    this.#results = results;
    this.#isLazy = job.values === "iterator";
    this.#isTyped = job.typed === true;
    this.#isCombiner = isCombiner;
  }

  async answer(frame) {
    const reduce = this.#function;
    this.#open(frame);
    canTellLater = (this.#flags & CAREFUL) === 0;
    for (; this.#group < this.#sizes.length; ++this.#group) {
      if ((this.#flags & CAREFUL) !== 0) this.#channel.starting(this.#id, 0, this.#group);
      const key = this.#takeLine();
      const values = new Values(() => this.#moreValues(), this.#takeValues());
      const lines = [];
      let failure = null;
      const call = () => this.#results.add(lines, reduce(key, this.#isLazy ? values : values.all()));
      try {
        const added = canTellLater ? call() : alone(call);
        if (added !== undefined) await settled(added);
      } catch (thrown) {
        failure = { thrown };
      }
      values.skip();
      this.#finishGroup(lines, failure);
      this.#progress.add(this.#group + 1);
    }
    await longTurn();
    canTellLater = false;
    this.#close();
  }

  #open({ kind, id, payload }) {
    if (kind !== GROUPS) giveUp(`a frame of type ${kind} came where GROUPS are expected`);
    this.#id = id;
    this.#progress.begin(id);
    this.#payload = payload;
    this.#flags = payload.readUInt32LE(0);
    const count = payload.readUInt32LE(4);
    this.#sizes = Array.from({ length: count }, (_, i) => payload.readUInt32LE(8 + 4 * i));
    this.#position = this.#textStart = 8 + 4 * count;
    this.#text = payload.utf8Slice(this.#textStart);
    this.#group = 0;
    this.#lines = [];
    this.#lineCounts = [];
    this.#bad = 0;
  }

  // Gives a string of its own, not a slice of the frame's, which would stay in memory for as long as the module keeps the
  // slice. V8 copies short slices, and does so faster than we can.
  #takeLine() {
    const start = this.#position;
    const isAscii = this.#text.length === this.#payload.length - this.#textStart;
    if (isAscii) {
      const from = start - this.#textStart;
      const to = this.#text.indexOf("\n", from);
      this.#position += to + 1 - from;
      if (to - from < COPIED_SLICE_CHARACTERS) return this.#text.slice(from, to);
      return this.#payload.utf8Slice(start, this.#position - 1);
    }
    const stop = this.#payload.indexOf(NEWLINE, start);
    this.#position = stop + 1;
    return this.#payload.utf8Slice(start, stop);
  }

  #takeValues() {
    const values = new Array(this.#sizes[this.#group]);
    for (let i = 0; i < values.length; ++i) {
      const text = this.#takeLine();
      values[i] = this.#isTyped ? numberOrText(text) : text;
    }
    return values;
  }

  // The values of this group in the next frame; null if it does not go on there.
  #moreValues() {
    if ((this.#flags & GOES_ON) === 0 || this.#group < this.#sizes.length - 1) return null;
    this.#close();
    this.#open(this.#channel.read());
    if ((this.#flags & CONTINUES) === 0) giveUp("a group that goes on was not continued");
    this.#takeLine(); // the key once more
    return this.#takeValues();
  }

  #finishGroup(lines, failure) {
    let count = 0;
    if (failure !== null) {
      ++this.#bad;
      this.#channel.bad(this.#id, 0, this.#group, failure.thrown);
    } else {
      for (const text of lines) {
        this.#lines.push(text);
        count += this.#results.isText ? linesIn(text) : 2;
      }
    }
    this.#lineCounts.push(count);
  }

  // Answers the frame; a group that is not complete stays out of it.
  #close() {
    const parts = outputParts(this.#results.cut(this.#lines), 1);
    const left = [...this.#lineCounts];
    for (const part of parts) this.#channel.write(OUTPUT, this.#id, part, this.#tableOf(part, left, parts.length));
    this.#counters.send(this.#channel, this.#id);
    this.#channel.done(this.#id, this.#lineCounts.length - this.#bad, this.#bad, 0);
  }

  // How many lines of this part belong to each group of the frame; takes them off `left`.
  #tableOf(part, left, parts) {
    if (this.#isCombiner) return NOTHING;
    let wanted = Infinity;
    if (parts > 1) {
      wanted = linesEndingIn(part, 0, part.length);
    }
    const table = Buffer.alloc(4 + 4 * left.length);
    table.writeUInt32LE(left.length, 0);
    for (let group = 0; group < left.length; ++group) {
      const taken = Math.min(left[group], wanted);
      wanted -= taken;
      left[group] -= taken;
      table.writeUInt32LE(taken, 4 + 4 * group);
    }
    return table;
  }
}

const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

// Makes a number of a text that is a JSON number, and leaves all others as they are.
function numberOrText(text) {
  const number = JSON_NUMBER.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : text;
}

function linesIn(text) {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ++count;
  return count;
}

// The values of one group, each handed out once; asks for more when it has none left.
class Values {
  #more;
  #part;
  #next = 0;

  constructor(more, part) {
    this.#more = more;
    this.#part = part;
  }

  [Symbol.iterator]() {
    return this;
  }

  next() {
    while (this.#part !== null && this.#next === this.#part.length) this.#advance();
    if (this.#part === null) return { done: true, value: undefined };
    return { done: false, value: this.#part[this.#next++] };
  }

  all() {
    const values = this.#part;
    for (this.#advance(); this.#part !== null; this.#advance()) {
      for (const value of this.#part) values.push(value);
    }
    return values;
  }

  skip() {
    while (this.#part !== null) this.#advance();
  }

  #advance() {
    this.#part = this.#more();
    this.#next = 0;
  }
}

// The life of a child.

async function setUp(channel, counters, progress, job) {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 18) {
    throw new Refused(`${process.execPath} is Node.js ${process.versions.node}; quern's modules need Node.js 18`);
  }
  const { script, role } = job;
  progress.setLimit(job.timeout);
  process.argv = [process.execPath, script, ...job.arguments];
  offerQuern(counters);
  if (role === "program") {
    await checkSyntax(script);
    leaveLoaded(channel);
  }
  const module = job.expression === undefined ? await load(script) : loadExpression(job.expression, role);
  const [name, found, callHint] = functionOf(module, role, script);
  let call = found;
  channel.callHint = callHint;
  if (job.loads_only) leaveLoaded(channel);
  channel.write(LOADED, 0n);
  await callHook(module, "setup");
  let leave = () => {};
  if (job.debug === true) [call, leave] = await debugged(call);
  if (job.profile === true) [call, leave] = await profiled(call);
  const newResults = () => new Results(name, job);
  if (role === "mapper") {
    const reader = new RecordReader(job.record);
    if (job.watch_fields === true) {
      counters.watched = new WatchedFields();
      call = counters.watched.watching(call);
    }
    if (job.concurrency > 1) {
      const mapper = new ConcurrentMapper(channel, counters, progress, call, newResults, reader, job.concurrency);
      return [mapper, module, leave];
    }
    return [new Mapper(channel, counters, progress, call, newResults(), reader), module, leave];
  }
  const results = newResults();
  return [new Reducer(channel, counters, progress, call, results, job, role === "combiner"), module, leave];
}

async function callHook(module, name) {
  const hook = exported(module, name);
  if (typeof hook !== "function") return;
  const result = hook();
  if (isThenable(result)) await settled(result);
}

function leaveLoaded(channel) {
  channel.write(LOADED, 0n);
  exit(0);
}

function sayFailed(channel, failure) {
  channel.writeText(FAILED, 0n, `{"reason":${quoted(reasonOf(failure))},"details":${quoted(detailsOf(failure))}}`);
  exit(1);
}

async function main() {
  const channel = new Channel();
  const progress = new Progress(channel);
  const counters = new Counters(progress);
  const first = channel.read();
  if (first.kind !== SETUP) giveUp(`the first frame is of type ${first.kind}, not SETUP`);
  watchStrayCode(channel);
  let worker, module, leave;
  try {
    [worker, module, leave] = await setUp(channel, counters, progress, parse(first.payload.toString()));
  } catch (failure) {
    sayFailed(channel, failure);
  }
  const combine = typeof exported(module, "combine") === "function";
  const teardown = typeof exported(module, "teardown") === "function";
  channel.writeText(READY, 0n, `{"version":"${process.versions.node}","combine":${combine},"teardown":${teardown}}`);
  if (worker instanceof ConcurrentMapper) {
    await worker.serve(new ArrivingFrames());
  } else {
    for (let frame = channel.read(); frame.kind !== END; frame = channel.read()) {
      await worker.answer(frame);
    }
  }
  try {
    await callHook(module, "teardown");
  } catch (failure) {
    sayFailed(channel, failure);
  }
  leave();
  counters.send(channel, 0n);
  channel.write(FINISHED, 0n);
  exit(0);
}

await main();
