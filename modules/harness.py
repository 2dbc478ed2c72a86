"""The Python side of quern's child protocol (docs/formats/child-protocol.md).

quern starts an interpreter with this file. It reads frames from descriptor 3, loads the user's module, calls its
function for every record or group, and writes frames to descriptor 4. What the module prints is log, never data.
Needs Python 3.8; its syntax is kept readable by 3.6, so that an older interpreter can say that it is too old.
It is one file, longer than our others, because it is embedded in quern and written beside a child as it stands.
"""

import os
import sys

STARTED_WITH = frozenset(sys.modules)
STANDARD_LIBRARY = os.path.dirname(os.__file__)
# What this file imports is the standard library's, whatever of the same name PYTHONPATH or the working folder has.
OUR_PATH = sorted(sys.path, key=lambda folder: not folder.startswith(STANDARD_LIBRARY))
THEIR_PATH, sys.path = sys.path, OUR_PATH

import codecs
import errno
import gc
import io
import itertools
import json
import re
import struct
import types
import _thread
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from marshal import loads as unmarshalled
from time import monotonic

sys.path = THEIR_PATH

# A module that closes or opens descriptors meets low numbers, so the pipes to quern are moved to these.
READ_DESCRIPTOR = max(5, min(500, os.sysconf("SC_OPEN_MAX") - 2))
WRITE_DESCRIPTOR = READ_DESCRIPTOR + 1
STANDARD_DESCRIPTORS = (0, 1, 2)

CO_VARARGS, CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x4, 0x20, 0x80, 0x200  # as in inspect
MAGIC = 0x314E5251  # "QRN1", little-endian
SETUP, BLOCK, GROUPS, END = 1, 2, 3, 4
READY, FAILED, OUTPUT, BAD, STARTING, COUNTERS, DONE, FINISHED, PROGRESS, LOADED, TEXT, FIELDS = range(16, 28)
CAREFUL, CONTINUES, GOES_ON, PACKED = 1, 2, 4, 8  # flags of BLOCK and GROUPS

HEADER = struct.Struct("<IIQQ")  # magic, type, id, length of the payload
TWO_INTEGERS = struct.Struct("<II")
SEGMENT = struct.Struct("<QQI")  # first line number, size in bytes, length of the name
PACKED_SIZE = struct.Struct("<I")  # of a group of packed records
PLACE = struct.Struct("<IQ")  # segment, line
DONE_COUNTS = struct.Struct("<QQQ")  # returned, bad, blank
DONE_SO_FAR = struct.Struct("<Q")

OUTPUT_BYTES = 32 << 20  # an OUTPUT frame is cut at the last line end before this size
LONGEST_LINE_BYTES = 60 << 20  # a longer line does not fit into any frame
# Lines are decoded and split in pieces of about this size: small enough for the cache and for memory that the
# allocator keeps, large enough that short lines cost little each.
PIECE_BYTES = 64 << 10
MOST_BETWEEN_LOOKS = 512  # records, or groups, between two looks at the clock
INFINITY = float("inf")
LARGEST_COUNT = 1 << 53  # as in JavaScript
REASON_CHARACTERS = 2000
DETAILS_CHARACTERS = 64 << 10
BROKEN_STATUS = 70  # of a child that cannot go on: quern is gone, or broke the protocol

WHITESPACE = " \t\r\n\v\f"
JSON_WHITESPACE = " \t\r\n"

# What a module must define for each role: names in order of preference, and their parameters.
FUNCTIONS = {
    "mapper": (("mapper",), "(key, file, record)"),
    "combiner": (("combine", "reduce"), "(key, values)"),
    "reducer": (("reduce",), "(key, values)"),
}


class Refused(Exception):
    """What the module did is refused; the text is the whole reason."""


class Unawaited(Exception):
    """What failed although nobody waits for it; its cause is the failure."""


class Unseen:
    """The first failure of a thread or task that nobody waits for: Python only prints it, and results may be missing."""

    def __init__(self):
        self.failure = None
        self._print = getattr(_thread, "_excepthook", None)

    def watch_threads(self):
        """Unless the module has set a hook. A later `import threading` takes its hook from _thread."""
        if self._print is None:
            return
        _thread._excepthook = self._thread_failed
        threading = sys.modules.get("threading")
        if threading is not None and threading.excepthook is self._print:
            threading.excepthook = self._thread_failed

    def watch_tasks(self, loop):
        loop.set_exception_handler(self._task_failed)

    def _thread_failed(self, failed):
        self._print(failed)
        if failed.exc_type is not SystemExit:
            self._keep("a thread of the module failed", failed.exc_value)

    def _task_failed(self, loop, context):
        loop.default_exception_handler(context)
        if isinstance(context.get("exception"), Exception) and ("future" in context or "handle" in context):
            what = "a task" if "future" in context else "code"
            self._keep(f"{what} that nobody awaits failed", context["exception"])

    def _keep(self, what, error):
        if self.failure is None:
            self.failure = Unawaited(f"{what}: {reason_of(error)}")
            self.failure.__cause__ = error

    def end_between_records(self, channel):
        """Called when no record is being mapped: no other child can tell which one it is."""
        if self.failure is not None:
            say_failed(channel, self.failure)

    def forget(self):
        """Called when the record or group is bad already."""
        self.failure = None

    def raise_failure(self):
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def end_if_failed(self):
        """quern sends the records again one by one, where it can be told which of them it is."""
        if self.failure is not None:
            give_up(reason_of(self.failure))  # the traceback is printed already


unseen = Unseen()


def give_up(message):
    """Ends this child at once. quern sees that it died, and sends what is unanswered to another one."""
    try:
        sys.stderr.write(f"quern: {message}\n")
        sys.stderr.flush()
    finally:
        os._exit(BROKEN_STATUS)


def flush_log():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # the module may have closed or replaced it
            pass


def move_descriptors():
    """Moves descriptors 3 and 4, and keeps them from the module: it can close all others, but these only from C. What is
    returned holds their numbers for as long as they are kept."""
    kept = [READ_DESCRIPTOR, WRITE_DESCRIPTOR]
    close, close_range = os.close, os.closerange
    for number, target in zip((3, 4), kept):
        os.dup2(number, target, inheritable=False)
        close(number)

    def close_unless_kept(fd):
        if fd in kept:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        close(fd)
        if fd in STANDARD_DESCRIPTORS:  # else what is printed would fail, or go to the file that is opened next
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, fd)
            if null != fd:
                close(null)

    def close_range_around_kept(fd_low, fd_high):
        for number in STANDARD_DESCRIPTORS:
            if fd_low <= number < fd_high:
                close_unless_kept(number)
        fd_low = max(fd_low, len(STANDARD_DESCRIPTORS))
        for number in sorted(kept):
            if fd_low <= number < fd_high:
                close_range(fd_low, number)
                fd_low = number + 1
        close_range(fd_low, fd_high)

    os.close, os.closerange = close_unless_kept, close_range_around_kept
    return kept


class Channel:
    """Frames in and out. Every buffer is reused, because fresh memory is dear."""

    def __init__(self):
        self._kept = move_descriptors()
        self._output = os.fstat(WRITE_DESCRIPTOR)
        self._reader = io.FileIO(READ_DESCRIPTOR, "rb", closefd=False)
        self._buffer = bytearray(1 << 16)
        self._header = bytearray(HEADER.size)
        self._process = os.getpid()
        self._writing = _thread.allocate_lock()
        self.is_copy = False
        self.lines = []  # what the current loop goes through; emptied in a forked copy, so that it stops there

    def keep(self, numbers):
        """Keeps further descriptors from the module."""
        self._kept += numbers

    def watch_forks(self):
        os.register_at_fork(after_in_child=self._become_copy)

    def _become_copy(self):
        self.is_copy = True
        self.lines.clear()
        self._kept.clear()
        os.closerange(READ_DESCRIPTOR, WRITE_DESCRIPTOR + 1)

    def leave_if_copy(self, error=None):
        """A forked copy that comes back from the module's function ends here, with the status it asked for."""
        if not self.is_copy and os.getpid() == self._process:
            return
        status = 0
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            sys.stderr.write(details_of(error) or f"{reason_of(error)}\n")
            status = 1
        flush_log()
        os._exit(status & 0xFF)

    def read(self):
        """The next frame: its type, its id, and its payload, which is valid until the next call."""
        self._fill(memoryview(self._header))
        kind, identity, size = unpacked_header(self._header)
        if size > len(self._buffer):
            self._buffer = bytearray(max(size, 2 * len(self._buffer)))
        payload = memoryview(self._buffer)[:size]
        self._fill(payload)
        return kind, identity, payload

    def _fill(self, target):
        done = 0
        while done < len(target):
            try:
                count = self._reader.readinto(target[done:])
            except OSError as error:
                give_up(f"the module closed descriptor {READ_DESCRIPTOR}, which is quern's: {error}")
            if not count:
                os._exit(BROKEN_STATUS)  # quern is gone
            done += count

    def write(self, kind, identity, payload=b"", table=b""):
        self.leave_if_copy()
        with self._writing:
            self._write(kind, identity, payload, table)

    def write_unless_busy(self, kind, identity, payload):
        """From any thread of the module, and from what interrupts a write."""
        if not self.is_copy and self._writing.acquire(False):
            try:
                self._write(kind, identity, payload, b"")
            finally:
                self._writing.release()

    def _write(self, kind, identity, payload, table):
        try:
            is_ours = os.path.samestat(os.fstat(WRITE_DESCRIPTOR), self._output)
        except OSError:
            is_ours = False
        if not is_ours:
            give_up(f"the module closed descriptor {WRITE_DESCRIPTOR}, which is quern's")
        header = HEADER.pack(MAGIC, kind, identity, len(table) + len(payload))
        parts = [memoryview(part) for part in (header + table, payload)]
        try:
            while parts:
                count = os.writev(WRITE_DESCRIPTOR, parts)
                while parts and count >= len(parts[0]):
                    count -= len(parts.pop(0))
                if parts:
                    parts[0] = parts[0][count:]
        except BrokenPipeError:
            os._exit(BROKEN_STATUS)  # quern is gone


def unpacked_header(header):
    magic, kind, identity, size = HEADER.unpack(header)
    if magic != MAGIC:
        give_up("a frame from quern starts with wrong bytes")
    return kind, identity, size


# Imports.


class OwnLibrary:
    """While it is entered, imports find the standard library, whatever of the same names the user's module has loaded.
    What is loaded meanwhile stays here, so that the user's own `import traceback` still finds its own."""

    def __init__(self):
        self._ours = {}
        self._names = frozenset()

    def __enter__(self):
        if not self._names:
            self._names = frozenset(name.partition(".")[0] for name in os.listdir(STANDARD_LIBRARY))
        self._path, sys.path = sys.path, OUR_PATH
        self._theirs = {name: module for name, module in list(sys.modules.items()) if self._is_theirs(name, module)}
        for name in self._theirs:
            del sys.modules[name]
        self._before = frozenset(sys.modules)
        sys.modules.update(self._ours)

    def __exit__(self, *_):
        sys.path = self._path
        for name in set(sys.modules) - self._before:
            self._ours[name] = sys.modules.pop(name)
        sys.modules.update(self._theirs)

    def _is_theirs(self, name, module):
        if name in STARTED_WITH or name.partition(".")[0] not in self._names:
            return False
        file = getattr(module, "__file__", None)
        return file is not None and not file.startswith(STANDARD_LIBRARY)

    def yield_to(self, folder, name):
        """Forgets what this file has imported and the folder has, too, but for the script `name`: the user's imports
        find what they find without quern."""
        ours = [loaded for loaded in set(sys.modules) - STARTED_WITH if loaded.partition(".")[0] != name]
        for top in {loaded.partition(".")[0] for loaded in ours}.difference(sys.builtin_module_names):
            spec = PathFinder.find_spec(top, [folder])
            if spec is None or spec.loader is None:
                continue
            for loaded in ours:
                if loaded.partition(".")[0] == top:
                    self._ours[loaded] = sys.modules.pop(loaded)


own_library = OwnLibrary()


class Progress:
    """Tells quern about once a second that this child gets on: limits.timeout is for those that do not.

    To look at the clock after each record would cost more than some mappers do. It is looked at after as many as take
    much less than a second; and after no more than one for each 10 s of the limit, so that records which suddenly take
    as long as that are still in time."""

    def __init__(self, channel):
        self._channel = channel
        self._identity = self._done = 0
        self._told = self._looked = monotonic()
        self._most = self.stride = 1  # records until the next look

    def set_limit(self, seconds):
        self._most = max(1, min(MOST_BETWEEN_LOOKS, int(seconds / 10)))

    def begin(self, identity):
        self._identity, self._done = identity, 0
        self._looked = monotonic()

    def look(self, done):
        """After each stride; `done` are all records of the frame until now."""
        self._done = done
        now = monotonic()
        took, self._looked = now - self._looked, now
        if took > 0.1:
            self.stride = max(1, self.stride // 8)
        elif took < 0.02:
            self.stride = min(self._most, self.stride * 2)
        self.tell(now)

    def tell(self, now=None):
        now = now or monotonic()
        if now - self._told >= 1:
            self._told = now
            self._channel.write_unless_busy(PROGRESS, self._identity, DONE_SO_FAR.pack(self._done))


# Reasons and tracebacks.


def details_of(error):
    """The traceback without the frames of this file and of the import machinery, which say nothing to the user; "" for
    what is refused."""
    if isinstance(error, Refused):
        return ""
    if isinstance(error, Unawaited):
        return details_of(error.__cause__)
    with own_library:
        return formatted(error)


def formatted(error):
    import traceback

    trace = traceback.TracebackException(type(error), error, error.__traceback__)
    seen, waiting = set(), [trace]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        frames = [frame for frame in part.stack if not is_ours(frame.filename)]
        part.stack = traceback.StackSummary.from_list(frames)
        waiting += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return "".join(trace.format())[-DETAILS_CHARACTERS:]


DEBUGGERS = tuple(os.path.join(STANDARD_LIBRARY, name) for name in ("bdb.py", "cProfile.py"))  # which call it for us


def is_ours(filename):
    return filename == __file__ or filename.startswith("<frozen importlib") or filename in DEBUGGERS


def reason_of(error, hint_at_strings=""):
    """One line that says what was raised."""
    if isinstance(error, (Refused, Unawaited)):
        reason = str(error)
    elif isinstance(error, SystemExit):
        reason = f"the module called sys.exit({'' if error.code is None else repr(error.code)})"
    else:
        try:
            text = str(error)
        except Exception:
            text = "its text cannot be shown"
        reason = type(error).__name__ + (f": {text}" if text else "")
        if hint_at_strings and isinstance(error, TypeError) and "'str'" in text:
            reason += f" ({hint_at_strings})"
    return " ".join(reason.split())[:REASON_CHARACTERS]


# Text as bytes.

REPLACING, KEEPING_BYTES = "quern.replace", "quern.keep"  # names of error handlers


def replace_surrogates(error):
    """Two halves that have met are one character, as in JavaScript; one alone, such as "\\ud800" of some JSON, is U+FFFD."""
    halves = error.object[error.start : error.end]
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8"), error.end


def keep_bytes(error):
    """Escapes of bytes that are not UTF-8 leave as they came; other lone surrogates are U+FFFD."""
    halves = error.object[error.start : error.end]
    return b"".join(
        half.encode("utf-8", "surrogateescape") if "\udc80" <= half <= "\udcff" else b"\xef\xbf\xbd" for half in halves
    ), error.end


codecs.register_error(REPLACING, replace_surrogates)
codecs.register_error(KEEPING_BYTES, keep_bytes)


def to_bytes(text):
    return text.encode("utf-8", REPLACING)


def to_json(value):
    return to_bytes(json.dumps(value, ensure_ascii=False))


# What functions return.


class Results:
    """Turns what a function returned into lines, and lines into bytes.

    Where pairs are wanted, an element of the list of lines is a pair, whose key and value are two lines, or one line of
    text that is still to be cut. So a line feed in it tells the two apart.
    """

    def __init__(self, name, job, keep_bytes):
        self._name = name  # of the function, for reasons
        self._separator = job["separator"]
        self.is_text = job["output"] == "text"
        self._between = self._separator if self.is_text else "\n"
        self._only_plain = job["plain"]  # keys must be such that their text can be cut behind them
        self._has_text = False  # some of the lines are to be cut
        self._keep_bytes = keep_bytes
        # Bytes that are not UTF-8 came in, as lone surrogates, and leave as they came. Only then: other text has such
        # surrogates of its own.
        self.has_bytes = False
        self._encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def add(self, lines, result):
        """Appends the lines of `result`, which is not None, to `lines`; nothing if it raises."""
        kind = type(result)
        if kind is str:
            if "\n" not in result:
                if result:
                    self._has_text = True
                    lines.append(result)
            else:
                self._add_text(lines, result)
        elif kind is tuple:
            self._add_pair(lines, result)
        else:
            self._add_other(lines, result)

    def _add_text(self, lines, text):
        if text.endswith("\n"):
            text = text[:-1]
        if text and self.is_text:
            lines.append(text)
        elif text:
            self._has_text = True
            lines += text.split("\n")

    def _add_pair(self, lines, pair):
        if len(pair) != 2:
            raise Refused(
                f"{self._name} gave a tuple of {len(pair)}; a pair (key, value) has 2 elements; give several as a list"
            )
        key, value = pair
        if type(key) is not str:
            key = self._text_of(key)
        if "\n" in key:
            raise Refused(f"the key {shown(key)} contains a line break; replace it before returning it")
        if self._only_plain and (key + self._separator).find(self._separator) != len(key):
            raise Refused(
                f"the key {shown(key)} contains the separator {shown(self._separator)}, alone or with the one that "
                "follows it, and text is cut there; set another one in the job file, say "
                '`separator: "\\t"`, or replace it in the key'
            )
        kind = type(value)
        if kind is not int:
            if kind is not str:
                value = self._text_of(value)
            if "\n" in value:
                raise Refused(
                    f"the value {shown(value)} contains a line break; replace it, or return json.dumps(value)"
                )
        lines.append(f"{key}{self._between}{value}")

    def _text_of(self, part):
        if isinstance(part, str):
            return str.__str__(part)  # the text itself, as in a value, whatever its class prints
        if isinstance(part, (bytes, bytearray)):
            return self.decoded(part)
        return self._encode_json(part)

    def decoded(self, data):
        """The text of these bytes, which come from the records or from the function."""
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError:
            self.has_bytes = self._keep_bytes
            return str(data, "utf-8", "surrogateescape" if self._keep_bytes else "surrogatepass")

    def _add_other(self, lines, result):
        before = len(lines)
        try:
            if isinstance(result, (bytes, bytearray)):
                self._add_text(lines, self.decoded(result))
            elif isinstance(result, str):
                self._add_text(lines, str.__str__(result))
            else:
                self._add_each(lines, result)
        except BaseException:
            del lines[before:]
            raise

    def _add_each(self, lines, results):
        if isinstance(results, dict):
            raise Refused(f"{self._name} gave a {type(results).__name__}; return its items(), or one line for each")
        try:
            items = iter(results)
        except TypeError:
            raise Refused(self._not_understood(results)) from None
        append = lines.append
        for item in items:
            kind = type(item)
            if kind is str and "\n" not in item:
                if item:
                    self._has_text = True
                    append(item)
            elif kind is str or kind is tuple:
                self.add(lines, item)
            elif isinstance(item, (str, bytes, bytearray)):
                self._add_other(lines, item)
            elif item is not None:
                raise Refused(self._not_understood(item))

    def _not_understood(self, result):
        if type(result).__name__ == "coroutine":
            result.close()
            if self._name == "mapper":
                return "mapper returned a coroutine, which only an async mapper can await; define it with async def"
            return f"{self._name} is an async function; define it without async"
        return (
            f"{self._name} gave {result!r:.80} ({type(result).__name__}); it may return or yield "
            f"a string key{self._separator}value, a pair (key, value), a list of these, or nothing"
        )

    def frame(self, lines):
        """As encoded(), behind the type of the frame: TEXT leaves it to quern, which is faster, to cut all lines."""
        kind, text = OUTPUT, joined(lines)
        if self._has_text and not self.is_text:
            if text.count("\n") == len(lines):
                kind, self._has_text = TEXT, False
            else:
                text = joined(self.cut(lines))
        return kind, self._encode(text)

    def cut(self, lines):
        """Makes pairs of the lines that are not pairs yet, if pairs are wanted."""
        if self._has_text and not self.is_text:
            lines[:] = [line if "\n" in line else self._pair_of(line) for line in lines]
        self._has_text = False
        return lines

    def _pair_of(self, line):
        key, _, value = line.partition(self._separator)
        return f"{key}\n{value}"

    def encoded(self, lines):
        """The lines, each with its line end, as bytes; of pairs, once they are cut."""
        return self._encode(joined(self.cut(lines)))

    def _encode(self, text):
        return text.encode("utf-8", KEEPING_BYTES if self.has_bytes else REPLACING)


def joined(lines):
    """The lines, each with its line end."""
    lines.append("")
    text = "\n".join(lines)
    lines.pop()
    return text


def shown(text):
    return json.dumps(text if len(text) <= 60 else text[:60] + "…", ensure_ascii=False)


def output_parts(data, record_lines=1):
    """Cuts `data` into what fits into one OUTPUT frame each: at line ends, of pairs at every second one."""
    if len(data) <= OUTPUT_BYTES:
        return [data] if data else []
    parts = []
    start = 0
    while start < len(data):
        end = len(data)
        if end - start > OUTPUT_BYTES:
            end = data.rfind(b"\n", start, start + OUTPUT_BYTES) + 1
            if end and data.count(b"\n", start, end) % record_lines:
                end = data.rfind(b"\n", start, end - 1) + 1
        if end == 0:
            for _ in range(record_lines):
                end = data.index(b"\n", max(start, end)) + 1
        if end - start > LONGEST_LINE_BYTES:
            give_up(f"the module gave a line of {end - start} bytes; the most is {LONGEST_LINE_BYTES}")
        parts.append(memoryview(data)[start:end])
        start = end
    return parts


# The `quern` module that user code may import.


class RecordCounts(dict):
    """The counts of one record, while several are mapped at the same time."""

    is_collected = False


class Counters:
    def __init__(self, progress):
        self._progress = progress
        self._amounts = {}
        self._of_record = None  # a ContextVar, if several records are mapped at the same time
        self.watched = None  # WatchedFields, if quern asks for it

    def use_records(self, variable):
        self._of_record = variable

    def count_in(self, amounts):
        """What the current task counts from now on stays in `amounts` until add_all()."""
        self._of_record.set(amounts)

    def add_all(self, amounts):
        """Code that a record started and that outlives it counts directly from then on."""
        amounts.is_collected = True
        for place, n in amounts.items():
            self._amounts[place] = self._amounts.get(place, 0) + n

    def count(self, group, name, n=1):
        """Adds n to the counter `name` of `group`; quern shows the sums over all records at the end."""
        if not isinstance(n, int) or abs(n) > LARGEST_COUNT:
            raise TypeError(f"quern.count adds whole numbers, not {n!r:.60}")
        place = (str(group), str(name))
        amounts = self._amounts
        own = self._of_record and self._of_record.get(None)
        if own is not None and not own.is_collected:
            amounts = own
        amounts[place] = amounts.get(place, 0) + int(n)
        self._progress.tell()

    def take(self):
        """What was added since the last call, as a payload; empty if nothing was."""
        if not self._amounts:
            return b""
        amounts, self._amounts = self._amounts, {}
        return to_json([[group, name, n] for (group, name), n in amounts.items()])


# Which parts of records a mapper reads, for `quern run --suggest-fields`.

WATCHED_RECORDS = 1000
MOST_NAMES = 50  # that are read of one map, or it is read as a whole: names that are data cannot be listed


class WatchedFields:
    """Hands a mapper its first records as maps that tell what is read of them."""

    def __init__(self):
        self._left = WATCHED_RECORDS
        self._names = {}  # of each map, by its path
        self._read, self._reached = set(), set()
        self._told = (0, 0)

    def watching(self, function):
        def mapper(key, file, record):
            if self._left:
                self._left -= 1
                if isinstance(record, dict):
                    record = WatchedMap(record, "", self)
                else:
                    self.read_all("")
            return function(key, file, record)

        return mapper

    def read(self, path, name):
        """The part of this name of the map at this path, with all that is below it."""
        names = self._names.setdefault(path, set())
        names.add(name)
        self._read.add(path if len(names) > MOST_NAMES else joined_path(path, name))

    def read_all(self, path):
        self._read.add(path)

    def reached(self, path):
        """A map was handed out. If nothing is read of it, it is needed as a whole: whether it is there may have mattered."""
        self._reached.add(path)

    def send(self, channel, identity):
        """All that is known, if it is more than before."""
        known = len(self._read), len(self._reached)
        if known != self._told:
            self._told = known
            channel.write(FIELDS, identity, to_json({"read": sorted(self._read), "reached": sorted(self._reached)}))


class WatchedMap(dict):
    def __init__(self, record, path, watched):
        dict.__init__(self, record)
        self._path, self._watched = path, watched

    def _handed(self, name, value):
        """The value as the mapper gets it."""
        if type(value) is dict:
            value = WatchedMap(value, joined_path(self._path, name), self._watched)
            dict.__setitem__(self, name, value)
        if isinstance(value, WatchedMap):
            self._watched.reached(value._path)
        elif isinstance(name, str):
            self._watched.read(self._path, name)
        return value

    def __getitem__(self, name):
        self._handed(name, dict.get(self, name))
        return dict.__getitem__(self, name)

    def get(self, name, *default):
        self._handed(name, dict.get(self, name))
        return dict.get(self, name, *default)

    def __contains__(self, name):
        self._handed(name, dict.get(self, name))
        return dict.__contains__(self, name)

    def __reduce_ex__(self, protocol):
        """To pickle or copy it; the class is unknown to other processes."""
        self._watched.read_all(self._path)
        return dict, (dict(dict.items(self)),)

    def __delitem__(self, name):
        self._handed(name, dict.get(self, name))
        dict.__delitem__(self, name)

    def pop(self, name, *default):
        self._handed(name, dict.get(self, name))
        return dict.pop(self, name, *default)

    def setdefault(self, name, *default):
        self._handed(name, dict.get(self, name))
        return dict.setdefault(self, name, *default)


WatchedMap.__name__ = WatchedMap.__qualname__ = "dict"  # in messages about the mapper's values


def reading_all(name):
    method = getattr(dict, name)

    def read_all(self, *arguments):
        self._watched.read_all(self._path)
        return method(self, *arguments)

    return read_all


for name in ("__iter__", "__reversed__", "__len__", "__eq__", "__ne__", "__repr__", "__or__", "__ror__", "keys", "values", "items", "copy", "popitem"):
    if hasattr(dict, name):
        setattr(WatchedMap, name, reading_all(name))


def joined_path(path, name):
    """As `fields` has it; the record itself is ""."""
    if not name or any(letter in ".[]\"'" for letter in name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{name}" if path else name


# What `quern try` does with a module: its debugger gets the terminal, or it is measured.


def refuse_breakpoint(*_, **__):
    raise Refused(
        "breakpoint() needs a terminal, and a run does not have one: use quern try --debug, which debugs the mapper or, if "
        "the mapper is not a function, the reducer"
    )


def called_by(run):
    """Returns a function that lets `run` call another one, to the end of what a generator gives."""

    def call(function, *arguments):
        if flags_of(function) & CO_GENERATOR:
            return run(list, function(*arguments))
        return run(function, *arguments)

    return call


def debugged(function):
    """Stops in pdb at the first record, and later where a record raises."""
    with own_library:
        import pdb

    class Debugger(pdb.Pdb):
        was_left = False

        def set_quit(self):
            self.was_left = True
            super().set_quit()

    debugger = Debugger()
    left = "pdb was left while it had this record; the others go on without it"

    def look_back(error):
        """Where a record has raised."""
        if type(error).__name__ == "BdbQuit":  # at a breakpoint() of the module's own
            raise Refused(left) from None
        if isinstance(error, Refused):
            raise error
        sys.stderr.write(details_of(error))
        debugger.reset()
        debugger.interaction(None, error.__traceback__)
        raise error

    if is_async(function):
        sys.stderr.write("An async function does not stop at its first record: put breakpoint() where it is to stop.\n")
        if not flags_of(function) & CO_COROUTINE:
            return function

        async def looking_back(*arguments):
            try:
                return await function(*arguments)
            except Exception as error:
                look_back(error)

        return looking_back
    call = called_by(debugger.runcall)
    has_stopped = False

    def stopping(*arguments):
        nonlocal has_stopped
        try:
            if has_stopped:
                return called_by(lambda run, *given: run(*given))(function, *arguments)
            has_stopped = True
            result = call(function, *arguments)
            if debugger.was_left:
                raise Refused(left)
            return result
        except Exception as error:
            look_back(error)

    return stopping


PROFILED_FUNCTIONS = 10
# What runs async functions, and the channel to quern.
LOOP = re.compile("[/ '.](asyncio|selectors|_contextvars|posix|select|_lsprof)[./]")


def is_machinery(code):
    if isinstance(code, str):
        return LOOP.search(code) is not None
    return is_ours(code.co_filename) or code.co_filename.startswith(STANDARD_LIBRARY) and LOOP.search(code.co_filename) is not None


def profiled(function):
    """Returns a function that measures this one, and one that tells which functions took most of the time."""
    with own_library:
        import cProfile
    profiler = cProfile.Profile()

    def report():
        profiler.disable()
        entries = [
            entry
            for entry in profiler.getstats()
            if not is_machinery(entry.code)
        ]
        entries.sort(key=lambda entry: entry.inlinetime, reverse=True)
        whole = sum(entry.inlinetime for entry in entries) or 1
        lines = [f"{whole:.3f} s in the module's functions; without those that they call, most of it in:"]
        for entry in entries[:PROFILED_FUNCTIONS]:
            code = entry.code
            name = code if isinstance(code, str) else f"{os.path.basename(code.co_filename)}:{code.co_firstlineno} {code.co_name}"
            lines.append(f"{entry.inlinetime:9.3f} s {entry.inlinetime / whole:6.1%} {entry.callcount:10} calls  {name}")
        sys.stderr.write("\n".join(lines) + "\n")

    if is_async(function):
        profiler.enable()
        return function, report
    call = called_by(profiler.runcall)
    return lambda *arguments: call(function, *arguments), report


def offer_quern(counters):
    module = types.ModuleType("quern", "What quern offers to the modules it runs.")
    module.count = counters.count
    sys.modules["quern"] = module


# Loading the user's module.


def source_of(script):
    try:
        with open(script, "rb") as file:
            return file.read()
    except OSError as error:
        raise Refused(f"cannot read {script}: {error.strerror}") from None


# What the functions that expressions stand for take, and the modules that expressions may name.
EXPRESSION_PARAMETERS = {"mapper": "key, file, r", "combiner": "key, values", "reducer": "key, values"}
EXPRESSION_MODULES = ("collections", "datetime", "itertools", "json", "math", "re", "statistics")


def load_expression(expression, role, script):
    """Makes a module with the function that the expression stands for."""
    import linecache

    module = types.ModuleType("expression")
    names = set(re.findall("[a-z]+", expression))
    for name in EXPRESSION_MODULES:
        if name in names:
            setattr(module, name, __import__(name))
    # The line end keeps a comment from taking the bracket along.
    source = f"lambda {EXPRESSION_PARAMETERS[role]}: ({expression}\n)"
    linecache.cache[script] = (len(source), None, source.splitlines(True), script)
    function = eval(compile(source, script, "eval", dont_inherit=True), module.__dict__)
    if role == "mapper":
        module.mapper = function
        return module

    def reduce(key, values):
        result = function(key, values)
        return (key, result) if isinstance(result, (str, int, float)) else result

    setattr(module, FUNCTIONS[role][0][0], reduce)
    return module


def load(script):
    """Runs the script as a module named after its file; its folder stands first on the path."""
    folder, filename = os.path.split(script)
    ours = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == ours:
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)
    source = source_of(script)
    name = os.path.splitext(filename)[0]
    own_library.yield_to(folder, name)
    module = types.ModuleType(name)
    module.__file__ = script
    module.__loader__ = SourceFileLoader(name, script)
    module.__spec__ = ModuleSpec(name, module.__loader__, origin=script)
    # A script called json.py must not become everybody's json; elsewhere pickle and dataclasses look the module up.
    sys.modules.setdefault(name, module)
    exec(compile(source, script, "exec", dont_inherit=True), module.__dict__)
    return module


def flags_of(function):
    return getattr(getattr(function, "__code__", None), "co_flags", 0)


def is_async(function):
    return bool(flags_of(function) & (CO_COROUTINE | CO_ASYNC_GENERATOR))


def problem_of_call(function, arguments):
    """Why this function cannot be called with so many positional arguments, or "". Of other callables only a call tells."""
    if not isinstance(function, types.FunctionType):
        return ""
    code = function.__code__
    needed = code.co_argcount - len(function.__defaults__ or ())
    if needed > arguments or (code.co_argcount < arguments and not code.co_flags & CO_VARARGS):
        return f"takes {code.co_argcount} argument" + "s" * (code.co_argcount != 1)
    names = code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]
    missing = [name for name in names if name not in (function.__kwdefaults__ or {})]
    return f"needs the argument {missing[0]} by its name" if missing else ""


def misnamed(module, names):
    """What the module has under almost the right name, such as reducer for reduce; "" if there is nothing of the kind."""
    for name in names:
        stem = re.compile("(^|_)" + re.sub("(per|e)$", "", name), re.IGNORECASE)
        for found, value in vars(module).items():
            is_own = callable(value) and getattr(value, "__module__", None) == module.__name__
            if is_own and stem.search(found):
                return f"; it has {found}, which must be a function named {name}"
    return ""


def function_of(module, role, script):
    names, parameters = FUNCTIONS[role]
    filename = os.path.basename(script)
    for name in names:
        function = getattr(module, name, None)
        if callable(function):
            if role != "mapper" and is_async(function):
                raise Refused(f"{name} in {filename} is an async function; define it without async")
            if problem := problem_of_call(function, parameters.count(",") + 1):
                raise Refused(f"{name} in {filename} {problem}, but is called as {name}{parameters}")
            return name, function
        if function is not None:
            raise Refused(f"{name} in {filename} is not a function but a {type(function).__name__}")
    wanted = " or ".join(name + parameters for name in names)
    raise Refused(f"{filename} does not define a function {wanted}{misnamed(module, names)}")


# Roles.


class Mapper:
    """Answers BLOCK frames."""

    def __init__(self, channel, counters, progress, function, results, record_kind):
        self._channel = channel
        self._counters = counters
        self._progress = progress
        self._function = function
        self._results = results
        self._is_pair = record_kind == "pairs"
        self._is_text = record_kind in ("text", "pairs")
        self._is_keyed = record_kind == "keyed-json"
        self._scan = json.JSONDecoder().scan_once
        self._lines = []
        self._file = ""

    def answer(self, kind, identity, payload):
        if kind != BLOCK:
            give_up(f"a frame of type {kind} came to a mapper")
        self._identity = identity
        self._bad = self._blank = self._count = 0
        self._progress.begin(identity)
        self._results.has_bytes = False
        self._segment, self._index = 0, -1
        flags, _ = TWO_INTEGERS.unpack_from(payload)
        self._is_packed = bool(flags & PACKED)
        self._record_lines = 2 if self._is_pair or self._is_packed else 1
        for segment, name, lines in lines_in(payload, self._results, self._is_text, self._is_pair):
            if segment != self._segment:
                self._count += self._index + 1
                self._index = -1
            self._segment, self._file = segment, name
            if flags & CAREFUL:
                self._map_carefully(lines)
            else:
                self._map_in_strides(lines)
            lines.clear()  # freed before the next ones are made
        self._count += self._index + 1
        if not flags & CAREFUL:
            unseen.end_if_failed()
        self._send_lines()
        finish(self._channel, self._counters, identity, self._count, self._bad, self._blank)

    def _send_lines(self):
        send_output(self._channel, self._results, self._identity, self._lines)

    def _map_carefully(self, lines):
        """What the records before gave is sent first: it is kept if this one is the child's last."""
        for at in range(0, len(lines), self._record_lines):
            self._send_lines()
            send_counters(self._channel, self._counters, self._identity)
            self._channel.write(STARTING, self._identity, PLACE.pack(self._segment, self._index + 1))
            others = self._bad + self._blank
            self._map(lines[at : at + self._record_lines])
            if self._bad + self._blank != others:
                unseen.forget()
            elif unseen.failure is not None:
                self._lines.clear()
                self._say_unseen()

    def _say_unseen(self):
        try:
            unseen.raise_failure()
        except Unawaited as error:
            self._raised(error, self._index)

    def _map_in_strides(self, lines):
        start = 0
        while start < len(lines):
            stop = start + self._progress.stride * self._record_lines
            self._map(lines[start:stop])
            start = stop
            self._progress.look(self._count + self._index + 1)

    def _map(self, lines):
        self._channel.lines = lines
        if self._is_text:
            self._map_text(lines)
        else:
            self._map_json(lines)
        self._channel.leave_if_copy()
        self._channel.lines = []

    def _map_text(self, lines):
        function, file, add, out = self._function, self._file, self._results.add, self._lines
        is_pair, key = self._is_pair, ""
        index = self._index
        lines = iter(lines)
        for line in lines:
            index += 1
            if is_pair:
                key, line = line, next(lines)
            elif line[-1:] == "\r":
                line = line[:-1]
            try:
                result = function(key, file, line)
                if result is not None:
                    add(out, result)
            except BaseException as error:
                self._raised(error, index)
        self._index = index

    def _map_json(self, lines):
        function, file, add, out = self._function, self._file, self._results.add, self._lines
        for record, key in self._unpacked(lines) if self._is_packed else self._scanned(lines):
            try:
                result = function(key, file, record)
                record = None
                if result is not None:
                    add(out, result)
            except BaseException as error:
                self._raised(error, self._index)

    def _unpacked(self, lines):
        lines = iter(lines)
        for pair in zip(lines, lines):
            self._index += 1
            if pair[1] is None:
                pair = self._parsed(decoded_or_bytes(pair[0]))
                if pair is None:
                    continue
            yield pair

    def _scanned(self, lines):
        scan, is_keyed = self._scan, self._is_keyed
        for line in lines:
            self._index += 1
            try:
                key, start = split_key(line) if is_keyed and line[0] not in "{[" else ("", 0)
                record, stop = scan(line, start)
                if stop != len(line):
                    raise ValueError
            except Exception:  # bad, blank, or with blanks around it
                record, key = self._parsed(line) or (None, None)
                if key is None:
                    continue
            yield record, key
            record = None  # freed before the next one is parsed, so that its memory is used again while it is warm

    def _parsed(self, line):
        """Record and key, or None."""
        try:
            found = parsed(line, self._is_keyed)
            if found is None:
                self._blank += 1
            return found
        except Refused as error:
            self._say_bad(self._index, reason_of(error), "")
            return None

    def _raised(self, error, index):
        if isinstance(error, KeyboardInterrupt):
            raise error
        self._channel.leave_if_copy(error)
        self._say_bad(index, reason_of(error), details_of(error))

    def _say_bad(self, index, reason, details):
        self._bad += 1
        say_bad(self._channel, self._identity, self._segment, index, reason, details)


class RecordInWork:
    """One of several records that are mapped at the same time."""

    def __init__(self, segment, index):
        self.segment = segment
        self.index = index
        self.lines = []
        self.amounts = RecordCounts()
        self.failure = None
        self.is_done = False


class BlockInWork:
    """A BLOCK whose records are mapped at the same time."""

    def __init__(self, identity, payload, results):
        self.identity = identity
        flags, _ = TWO_INTEGERS.unpack_from(payload)
        self.is_careful, self.is_packed = bool(flags & CAREFUL), bool(flags & PACKED)
        self.results = results
        self.waiting = None  # what is not begun: segment, index, name and lines of each record
        self.is_begun = False  # the whole of it
        self.records = []
        self.collected = 0
        self.lines = []
        self.bad = self.blank = 0


class AsyncMapper:
    """Answers BLOCK frames by an async function, which may work on several records at the same time. While those of one
    block are waited for, the next block's begin; results are sent in the order of the blocks and their records. A
    careful block's records are mapped one by one."""

    def __init__(self, channel, counters, progress, function, new_results, record_kind, most):
        self._channel = channel
        self._counters = counters
        self._progress = progress
        self._function = function
        self._new_results = new_results
        self._is_pair = record_kind == "pairs"
        self._is_text = record_kind in ("text", "pairs")
        self._is_keyed = record_kind == "keyed-json"
        self._most = most
        self._blocks = []  # not answered yet
        self._in_work = 0  # records
        self._is_over = False  # END has come

    async def serve(self, asyncio):
        self._create_task = asyncio.get_running_loop().create_task
        self._sleep = asyncio.sleep
        self._changed = asyncio.Event()
        self._tasks = {self._create_task(self._read_frames(asyncio))}
        while not self._is_over or self._blocks:
            await self._changed.wait()
            self._changed.clear()
            self._begin_records()
            while self._answer_block():
                self._begin_records()

    async def _read_frames(self, asyncio):
        frames = asyncio.StreamReader(limit=1 << 20)
        pipe = open(READ_DESCRIPTOR, "rb", buffering=0, closefd=False)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(frames), pipe
        )
        try:
            while not self._is_over:
                kind, identity, size = unpacked_header(await frames.readexactly(HEADER.size))
                payload = await frames.readexactly(size)
                if kind == BLOCK:
                    self._open(identity, payload)
                elif kind == END:
                    self._is_over = True
                else:
                    give_up(f"a frame of type {kind} came to a mapper")
                self._changed.set()
        except (asyncio.IncompleteReadError, OSError):
            os._exit(BROKEN_STATUS)  # quern is gone
        except BaseException as error:
            give_up(f"cannot read what quern sends: {reason_of(error)}")
        transport.close()

    def _open(self, identity, payload):
        if not self._blocks:
            unseen.end_between_records(self._channel)
        block = BlockInWork(identity, payload, self._new_results())
        block.waiting = self._records_of(block, memoryview(payload))
        self._blocks.append(block)
        if len(self._blocks) == 1:
            self._progress.begin(identity)

    def _records_of(self, block, payload):
        step = 2 if self._is_pair or block.is_packed else 1
        last_segment, index = 0, 0
        for segment, name, lines in lines_in(payload, block.results, self._is_text, self._is_pair):
            if segment != last_segment:
                last_segment, index = segment, 0
            for at in range(0, len(lines), step):
                yield segment, index, name, lines[at : at + step]
                index += 1

    def _begin_records(self):
        for block in self._blocks:
            if block.is_careful and block is not self._blocks[0]:
                return
            most = 1 if block.is_careful else self._most
            while self._in_work < most and self._begin_record(block):
                pass
            if self._in_work >= most or block.is_careful:
                return

    def _begin_record(self, block):
        found = next(block.waiting, None)
        if found is None:
            block.is_begun = True
            return False
        segment, index, file, lines = found
        if block.is_careful:
            self._collect(block)
            send_output(self._channel, block.results, block.identity, block.lines)
            send_counters(self._channel, self._counters, block.identity)
            self._channel.write(STARTING, block.identity, PLACE.pack(segment, index))
        record = RecordInWork(segment, index)
        block.records.append(record)
        self._in_work += 1
        task = self._create_task(self._map(block, record, file, lines))
        self._tasks.add(task)  # the loop itself keeps them weakly
        task.add_done_callback(self._tasks.discard)
        return True

    async def _map(self, block, record, file, lines):
        try:
            self._counters.count_in(record.amounts)
            found = self._parsed(block, lines)
            if found is None:
                block.blank += 1
            else:
                result = self._function(found[1], file, found[0])
                if hasattr(result, "__await__"):
                    result = await result
                if hasattr(result, "__aiter__"):
                    result = [item async for item in result]
                if result is not None:
                    block.results.add(record.lines, result)
            if block.is_careful:
                await self._sleep(0)  # so that tasks which nobody awaits begin
                unseen.raise_failure()
        except KeyboardInterrupt:
            die_of_interrupt()
        except BaseException as error:
            record.lines.clear()
            record.failure = error
            if block.is_careful and isinstance(error, Exception):
                await self._sleep(0)
                unseen.forget()
        self._channel.leave_if_copy(record.failure)
        record.is_done = True
        self._in_work -= 1
        self._progress.look(self._blocks[0].collected)
        self._changed.set()

    def _parsed(self, block, lines):
        """Record and key, or None if the line is blank."""
        line = lines[0]
        if self._is_pair:
            return lines[1], line
        if self._is_text:
            return line[:-1] if line[-1:] == "\r" else line, ""
        if not block.is_packed:
            return parsed(line, self._is_keyed)
        return parsed(decoded_or_bytes(line), self._is_keyed) if lines[1] is None else lines

    def _collect(self, block):
        """Takes the results of the first records that are done, in order."""
        while block.collected < len(block.records) and block.records[block.collected].is_done:
            record = block.records[block.collected]
            block.records[block.collected] = None
            block.collected += 1
            block.lines += record.lines
            self._counters.add_all(record.amounts)
            error = record.failure
            if error is not None:
                block.bad += 1
                reason, details = reason_of(error), details_of(error)
                say_bad(self._channel, block.identity, record.segment, record.index, reason, details)

    def _answer_block(self):
        """Whether the first one could be answered."""
        if not self._blocks:
            return False
        block = self._blocks[0]
        self._collect(block)
        if not block.is_begun or block.collected < len(block.records):
            return False
        if not block.is_careful:
            unseen.end_if_failed()
        send_output(self._channel, block.results, block.identity, block.lines)
        finish(self._channel, self._counters, block.identity, len(block.records), block.bad, block.blank)
        self._blocks.pop(0)
        if self._blocks:
            self._progress.begin(self._blocks[0].identity)
        return True


class Reducer:
    """Answers GROUPS frames, for reducers and combiners. A group may go on over any number of frames: the frames are
    then read, and answered, while its values are taken."""

    def __init__(self, channel, counters, progress, function, results, job, is_combiner):
        self._channel = channel
        self._counters = counters
        self._progress = progress
        self._function = function
        self._results = results
        self._is_lazy = job["values"] == "iterator"
        self._number_or_text = number_reader() if job.get("typed") else None
        self._hint_at_strings = (
            "a value that is not a JSON number stays a string"
            if job.get("typed")
            else "values are strings: int(value) or float(value) makes numbers of them, or typed: yes in the job file"
        )
        self._is_combiner = is_combiner

    def answer(self, kind, identity, payload):
        self._results.has_bytes = False
        self._open(kind, identity, payload)
        self._reduce_whole_groups()
        while self._group < len(self._sizes):
            self._reduce_over_frames()
            self._reduce_whole_groups()
        if not self._flags & CAREFUL:
            unseen.end_if_failed()
        self._close()

    def _open(self, kind, identity, payload):
        if kind != GROUPS:
            give_up(f"a frame of type {kind} came where GROUPS are expected")
        self._identity = identity
        self._progress.begin(identity)
        self._flags, count = TWO_INTEGERS.unpack_from(payload)
        self._sizes = struct.unpack_from(f"<{count}I", payload, TWO_INTEGERS.size)
        start = TWO_INTEGERS.size + 4 * count
        self._input = self._results.decoded(payload[start:]).split("\n")
        self._position = self._group = self._bad = 0
        self._lines, self._line_counts = [], []

    def _goes_on(self):
        """The group goes on in the next frame."""
        return self._flags & GOES_ON and self._group == len(self._sizes) - 1

    def _reduce_whole_groups(self):
        """From this group on, all that this frame has to the end."""
        last = len(self._sizes) - (1 if self._flags & GOES_ON else 0)
        while self._group < last:
            self._reduce_groups(min(last, self._group + self._progress.stride))
            self._progress.look(self._group)

    def _reduce_groups(self, last):
        function, add, is_lazy, source = self._function, self._results.add, self._is_lazy, self._input
        lines, counts, position = self._lines, self._line_counts, self._position
        is_careful = self._flags & CAREFUL
        for group in range(self._group, last):
            self._group = group
            self._say_starting()
            end = position + 1 + self._sizes[group]
            values = self._values_in(position + 1, end)
            before = len(lines)
            try:
                result = function(source[position], iter(values) if is_lazy else values)
                if result is not None:
                    add(lines, result)
                if is_careful:
                    unseen.raise_failure()
            except BaseException as error:
                del lines[before:]
                self._say_bad(error)
                if is_careful:
                    unseen.forget()
            if self._channel.is_copy:
                self._channel.leave_if_copy()
            counts.append(self._lines_in(lines, before))
            position = end
        self._position = position
        self._group = last

    def _reduce_over_frames(self):
        """This group, whose values fill the rest of this frame and go on in the next."""
        self._say_starting()
        key, parts = self._input[self._position], self._parts_of_values()
        values = itertools.chain.from_iterable(parts)
        lines, failure = [], None
        try:
            result = self._function(key, values if self._is_lazy else list(values))
            if result is not None:
                self._results.add(lines, result)
            if self._flags & CAREFUL:
                unseen.raise_failure()
        except BaseException as error:
            lines.clear()
            failure = error
            if self._flags & CAREFUL:
                unseen.forget()
        self._channel.leave_if_copy(failure)
        for _ in parts:  # what the function did not take
            pass
        if failure is not None:
            self._say_bad(failure)
        self._lines += lines
        self._line_counts.append(self._lines_in(lines, 0))
        self._group += 1

    def _parts_of_values(self):
        yield self._take_values()
        while self._goes_on():
            self._channel.leave_if_copy()
            self._close()
            self._open(*self._channel.read())
            if not self._flags & CONTINUES:
                give_up("a group that goes on was not continued")
            yield self._take_values()

    def _take_values(self):
        first = self._position + 1
        self._position = first + self._sizes[self._group]
        return self._values_in(first, self._position)

    def _values_in(self, start, end):
        values = self._input[start:end]
        return values if self._number_or_text is None else list(map(self._number_or_text, values))

    def _say_starting(self):
        if self._flags & CAREFUL:
            self._channel.write(STARTING, self._identity, PLACE.pack(0, self._group))

    def _say_bad(self, error):
        if isinstance(error, KeyboardInterrupt):
            raise error
        self._channel.leave_if_copy(error)
        self._bad += 1
        say_bad(self._channel, self._identity, 0, self._group, reason_of(error, self._hint_at_strings), details_of(error))

    def _lines_in(self, lines, start):
        """The number of lines of output from lines[start] on: two of each pair; an element of text may be several."""
        count = len(lines) - start
        if not self._results.is_text:
            return 2 * count
        if count == 1:
            return 1 + lines[-1].count("\n")
        return count + sum(line.count("\n") for line in lines[start:]) if count else 0

    def _close(self):
        """Answers the frame; a group that is not complete stays out of it."""
        data = self._results.encoded(self._lines)
        for part, table in self._tables(output_parts(data)):
            self._channel.write(OUTPUT, self._identity, part, table)
        returned = len(self._line_counts)
        finish(self._channel, self._counters, self._identity, returned, self._bad, 0)

    def _tables(self, parts):
        """Each part with its table: the number of its lines that belong to each group of the frame."""
        if self._is_combiner:
            return [(part, b"") for part in parts]
        left = list(self._line_counts)
        if len(parts) == 1:
            return [(parts[0], struct.pack(f"<{len(left) + 1}I", len(left), *left))]
        return [(part, self._table_of(part, left)) for part in parts]

    def _table_of(self, part, left):
        wanted = bytes(part).count(b"\n")
        counts = []
        for group, lines in enumerate(left):
            taken = min(lines, wanted)
            wanted -= taken
            left[group] -= taken
            counts.append(taken)
        return struct.pack(f"<{len(counts) + 1}I", len(counts), *counts)


def number_reader():
    """Returns a function that makes a number of a text that is a JSON number, and leaves all others as they are."""
    matched = re.compile("-?(?:0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?").fullmatch

    def number_or_text(text):
        found = matched(text)
        if not found:
            return text
        try:
            number = int(text) if found.lastindex is None else float(text)
        except ValueError:  # more digits than Python allows
            return text
        return text if number in (INFINITY, -INFINITY) else number

    return number_or_text


def escaped(name):
    return str(name, "utf-8", "surrogateescape")


def segments_of(payload, decoded):
    """Name, start and end within the payload of each segment of a BLOCK."""
    _, count = TWO_INTEGERS.unpack_from(payload)
    position = TWO_INTEGERS.size
    table = []
    for _ in range(count):
        _, size, name_size = SEGMENT.unpack_from(payload, position)
        position += SEGMENT.size
        table.append((decoded(payload[position : position + name_size]), size))
        position += name_size
    segments = []
    for name, size in table:
        segments.append((name, position, position + size))
        position += size
    return segments


def pieces_of(payload, start, end, piece_bytes):
    """Whole lines without the last line end, about `piece_bytes` at a time."""
    buffer = payload.obj
    while start < end:
        stop = end - 1
        if end - start > piece_bytes:
            stop = buffer.rfind(b"\n", start, start + piece_bytes)
            if stop < 0:
                stop = buffer.find(b"\n", start + piece_bytes, end)
        yield payload[start:stop]
        start = stop + 1


def lines_in(payload, results, is_text, is_pair):
    """Segment, file and lines of each piece of a BLOCK. Packed records have two elements for each line: the record and
    its key, or what is to be parsed here and None."""
    decoded = results.decoded if is_text else escaped
    is_packed = TWO_INTEGERS.unpack_from(payload)[0] & PACKED
    for segment, (name, start, end) in enumerate(segments_of(payload, decoded)):
        if is_packed:
            for records in groups_of(payload, start, end):
                yield segment, name, records
            continue
        # A pair, of two lines, must not be cut.
        for piece in pieces_of(payload, start, end, end - start if is_pair else PIECE_BYTES):
            yield segment, name, lines_of(piece, results, is_text)


def groups_of(payload, start, end):
    """The lists of packed records."""
    while start < end:
        stop = start + PACKED_SIZE.size + PACKED_SIZE.unpack_from(payload, start)[0]
        yield unmarshalled(payload[start + PACKED_SIZE.size : stop])
        start = stop


def reads_packed(sample):
    """Whether marshal makes the same of packed records as json of the lines: values, their types and the order of
    members. The sample is the lines and, in hexadecimal digits, how quern packs them."""
    lines, packed = sample
    packed = memoryview(bytes.fromhex(packed))
    expected = [value for line in lines.splitlines() for value in parsed(line, True)]
    try:
        found = [value for records in groups_of(packed, 0, len(packed)) for value in records]
    except Exception:
        found = None
    if repr(found) == repr(expected):
        return True
    sys.stderr.write("quern: marshal differs here, so that records are parsed from JSON, which takes longer\n")
    return False


def lines_of(piece, results, is_text):
    if is_text:
        return results.decoded(piece).split("\n")
    try:
        return str(piece, "utf-8").split("\n")
    except UnicodeDecodeError:  # some line of these is bad: bytes instead of a string
        return [decoded_or_bytes(line) for line in bytes(piece).split(b"\n")]


def parsed(line, is_keyed):
    """Record and key of a line, by json.loads, which tells what is wrong; None for a blank one."""
    if isinstance(line, bytes):
        raise Refused(not_utf8(line))
    if not line.strip(WHITESPACE):
        return None
    key, start = split_key(line) if is_keyed and line[0] not in "{[" else ("", 0)
    try:
        return json.loads(line[start:]), key
    except json.JSONDecodeError as error:
        raise Refused(f"the record is not JSON: {error.msg}: column {start + error.pos + 1}") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"the record cannot be parsed: {error}") from None


def split_key(line):
    """The key of a keyed-json line, and where its record starts."""
    tab = line.find("\t")
    stop = line.find(" ", 0, tab) if tab >= 0 else line.find(" ")
    if stop < 0:
        stop = tab
    if stop < 0:
        raise Refused("the line has no TAB or space between key and record, and does not start with { or [")
    return line[:stop], stop + 1


def decoded_or_bytes(line):
    try:
        return str(line, "utf-8")
    except UnicodeDecodeError:
        return line


def not_utf8(line):
    try:
        str(line, "utf-8")
    except UnicodeDecodeError as error:
        return f"the record is not UTF-8: column {error.start + 1}: byte 0x{line[error.start]:02x}"
    return "the record is not UTF-8"


def say_bad(channel, identity, segment, line, reason, details):
    text = to_bytes(reason)
    channel.write(BAD, identity, to_bytes(details), PLACE.pack(segment, line) + struct.pack("<I", len(text)) + text)


def send_output(channel, results, identity, lines):
    """Sends a mapper's lines, which are forgotten."""
    if not lines:
        return
    kind, data = results.frame(lines)
    for part in output_parts(data, 1 if kind == TEXT or results.is_text else 2):
        channel.write(kind, identity, part)
    lines.clear()


def finish(channel, counters, identity, count, bad, blank):
    send_counters(channel, counters, identity)
    channel.write(DONE, identity, DONE_COUNTS.pack(count - bad - blank, bad, blank))


def send_counters(channel, counters, identity):
    if counters.watched is not None:
        counters.watched.send(channel, identity)
    payload = counters.take()
    if payload:
        channel.write(COUNTERS, identity, payload)


# The life of a child.


def prepare_log():
    """Printing must neither fail nor wait in a buffer: the log shows it at once, and a forked copy holds none of it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
            stream.close, stream.buffer.close = stream.flush, stream.buffer.flush


class Hooks:
    """The module's setup() and teardown(). Those of a module with an async function may be async, and run in its loop."""

    def __init__(self, module, has_loop, channel):
        self.module = module
        self.report = None  # what to call at the end, if the module is profiled
        self.asyncio = None
        if has_loop:
            import asyncio  # as the module itself finds it: both need the same one

            self.asyncio = asyncio
            # Before Python 3.10, what the module has made at its top level, such as a Semaphore, belongs to this loop.
            self.loop = asyncio.get_event_loop() if sys.version_info < (3, 10) else asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
            unseen.watch_tasks(self.loop)
            ends = [getattr(self.loop, name, None) for name in ("_selector", "_ssock", "_csock")]
            channel.keep([end.fileno() for end in ends if end is not None])

    def call(self, name):
        # Looked up anew: setup() and records may have set another.
        hook = getattr(self.module, name, None)
        if callable(hook):
            result = hook()
            if hasattr(result, "__await__"):
                self._wait_for(name, result)

    def _wait_for(self, name, result):
        if self.asyncio is not None:
            self.loop.run_until_complete(result)
            return
        if type(result).__name__ == "coroutine":
            result.close()
        raise Refused(f"{name} is an async function, but the records' function is not; define {name} without async")

    def has(self, name):
        return callable(getattr(self.module, name, None))


def set_up(channel, counters, progress, job):
    """Loads the module and calls its setup(); returns what answers frames, and the module's hooks."""
    script, role = job["script"], job["role"]
    progress.set_limit(job["timeout"])
    channel.watch_forks()
    prepare_log()
    sys.argv = [script] + job["arguments"]
    offer_quern(counters)
    # Records are freed by reference counts. Looking for cycles every 700 objects costs a fifth of the parsing of nested
    # records; every 10000 costs nothing that can be measured, and still finds the module's own cycles soon.
    # Set before the module is loaded, so that it may set its own.
    gc.set_threshold(10000, 10, 10)
    if not job.get("debug"):
        sys.breakpointhook = refuse_breakpoint
    if role == "program":  # of which nothing is called: it would read its input
        compile(source_of(script), script, "exec", dont_inherit=True)
        leave_loaded(channel)
    module = load_expression(job["expression"], role, script) if "expression" in job else load(script)
    name, function = function_of(module, role, script)
    has_loop, most = is_async(function), job.get("concurrency", 1)
    if most > 1 and not has_loop:
        raise Refused(
            f"mapper.concurrency is for an async function, but {name} in {os.path.basename(script)} is not async; define "
            "it with async def, or remove the setting"
        )
    if job.get("loads_only"):
        leave_loaded(channel)
    channel.write(LOADED, 0)
    hooks = Hooks(module, has_loop, channel)
    unseen.watch_threads()
    hooks.call("setup")
    unseen.raise_failure()
    gc.freeze()
    keep_bytes = role != "mapper" or job["record"] in ("text", "pairs")
    if job.get("debug"):
        function = debugged(function)
    elif job.get("profile"):
        function, hooks.report = profiled(function)
    if job.get("watch_fields"):
        counters.watched = WatchedFields()
        function = counters.watched.watching(function)
    if has_loop:
        from contextvars import ContextVar

        counters.use_records(ContextVar("amounts"))
        mapper = AsyncMapper(
            channel, counters, progress, function, lambda: Results(name, job, keep_bytes), job["record"], most
        )
        return mapper, hooks
    results = Results(name, job, keep_bytes)
    if role == "mapper":
        return Mapper(channel, counters, progress, function, results, job["record"]), hooks
    return Reducer(channel, counters, progress, function, results, job, role == "combiner"), hooks


def leave_loaded(channel):
    channel.write(LOADED, 0)
    flush_log()
    os._exit(0)


def say_failed(channel, error):
    if isinstance(error, KeyboardInterrupt):
        die_of_interrupt()
    channel.write(FAILED, 0, to_json({"reason": reason_of(error), "details": details_of(error)}))
    flush_log()
    os._exit(1)


def die_of_interrupt():
    """An interrupt is not the fault of the module: quern sees what this child died of, and starts another."""
    import _signal

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.kill(os.getpid(), _signal.SIGINT)


def serve(worker, channel):
    while True:
        kind, identity, payload = channel.read()
        if kind == END:
            return
        unseen.end_between_records(channel)
        worker.answer(kind, identity, payload)


def main():
    channel = Channel()
    progress = Progress(channel)
    counters = Counters(progress)
    kind, _, payload = channel.read()
    if kind != SETUP:
        give_up(f"the first frame is of type {kind}, not SETUP")
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        if sys.version_info < (3, 8):
            raise Refused(f"{sys.executable} is Python {version}; quern's modules need Python 3.8 or newer")
        job = json.loads(bytes(payload))
        is_packed = "sample" in job and reads_packed(job["sample"])
        worker, hooks = set_up(channel, counters, progress, job)
    except BaseException as error:
        say_failed(channel, error)
    ready = {"version": version, "combine": hooks.has("combine"), "teardown": hooks.has("teardown"), "packed": is_packed}
    channel.write(READY, 0, to_json(ready))
    if hooks.asyncio is not None:
        hooks.loop.run_until_complete(worker.serve(hooks.asyncio))
    else:
        serve(worker, channel)
    try:
        hooks.call("teardown")
        unseen.raise_failure()
    except BaseException as error:
        say_failed(channel, error)
    if hooks.report is not None:
        hooks.report()
    send_counters(channel, counters, 0)
    flush_log()
    channel.write(FINISHED, 0)


if __name__ == "__main__":
    main()
