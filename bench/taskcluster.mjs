// A deployment of Taskcluster that answers everything after a while, to see what its clients make of that while.
//
//     node bench/taskcluster.mjs LATENCY_MS
//
// Prints its port, and ends when its standard input does. It knows no signatures and keeps no tasks but how many were
// created. The group that it lists has 999 maps and a reduce task, which run during nine looks at them and have completed
// at the tenth. GET /counts: what was asked since the last one; GET /seconds: how long it was from the first request to the
// last answer since the last one.
import http from "node:http";

const latency = Number(process.argv[2]);
const LOOKS = 10;
const MAPS = 999;
const PAGE = 200;
const far = new Date(Date.now() + 86400000).toISOString();
const now = new Date().toISOString();
let counts = {};
let looks = 0;
let first = 0;
let last = 0;

function slugid(number) {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(number, 0);
  bytes[6] = 0x40;
  bytes[8] = 0x80;
  return bytes.toString("base64url");
}

function statusOf(number, group) {
  const isDone = looks >= LOOKS;
  const run = { runId: 0, state: isDone ? "completed" : "running", reasonCreated: "scheduled", scheduled: now, started: now, workerId: "w" };
  if (isDone) Object.assign(run, { reasonResolved: "completed", resolved: new Date().toISOString() });
  return {
    taskId: slugid(number), taskGroupId: group, taskQueueId: "proj-example/linux", schedulerId: "-", projectId: "none",
    priority: "lowest", state: run.state, retriesLeft: 5, deadline: far, expires: far, runs: [run],
  };
}

function taskOf(number, group) {
  const isFinal = number === MAPS;
  return {
    taskQueueId: "proj-example/linux", schedulerId: "-", taskGroupId: group,
    dependencies: isFinal ? Array.from({ length: MAPS }, (_, map) => slugid(map)) : [],
    metadata: { name: isFinal ? "bench: reduce" : `bench: map ${number + 1}/${MAPS}` },
    tags: { "created-by": "quern", "quern-kind": isFinal ? "reduce" : "map", "quern-job": "bench", ...(isFinal && { "quern-final": "true" }) },
    payload: { env: { QUERN_ARTIFACT_PREFIX: "public/quern" } },
  };
}

const REPORT = {
  version: 1, kind: "reduce", quern: "0", parts: [],
  accounting: {
    version: 1, status: "done", exit_status: 0, failure: "", job: "bench", result: "", inputs: { found: MAPS, mapped: MAPS, failed: 0, skipped: 0 },
    records: { read: 1, mapped: 1, bad: 0, dropped: 0 }, groups: { reduced: 1, bad: 0 },
    bytes: { fetched: 1, stored: 1, decoded: 1, mapped_output: 1, result: 1 }, children: { replaced: 0 },
    seconds: { total: 1, phases: {} }, counters: {}, failed_inputs: [],
  },
};

function list(group, query) {
  const begin = Number(query.get("continuationToken") ?? 0);
  if (begin === 0) looks = 0;
  const end = Math.min(begin + PAGE, MAPS + 1);
  const tasks = [];
  for (let number = begin; number < end; ++number) tasks.push({ status: statusOf(number, group), task: taskOf(number, group) });
  return { taskGroupId: group, schedulerId: "-", expires: far, tasks, ...(end <= MAPS && { continuationToken: String(end) }) };
}

function answer(request, body) {
  const url = new URL(request.url, "http://localhost");
  const parts = url.pathname.split("/").slice(4);
  const count = (name) => { counts[name] = (counts[name] ?? 0) + 1; };
  if (url.pathname === "/task.json") return REPORT;
  if (request.method === "PUT") {
    count("createTask");
    return { status: { ...statusOf(0, parts[1]), taskId: parts[1], taskGroupId: JSON.parse(body).taskGroupId, state: "pending", runs: [] } };
  }
  if (parts[0] === "tasks") {
    count("statuses");
    ++looks;
    const numbers = JSON.parse(body).taskIds.map((id) => Buffer.from(id, "base64url").readUInt32BE(0));
    return { statuses: numbers.map((number) => ({ taskId: slugid(number), status: statusOf(number, "x".repeat(22)) })) };
  }
  if (parts[0] === "task-group") {
    count("listTaskGroup");
    return list(parts[1], url.searchParams);
  }
  if (url.pathname.includes("artifact-content")) return { storageType: "reference", url: `http://${request.headers.host}/task.json` };
  if (parts[0] === "scopes") return { scopes: ["*"] };
  return { alive: true };
}

const server = http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const send = (result) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(result));
    if (request.url === "/counts") {
      send(counts);
      counts = {};
    } else if (request.url === "/seconds") {
      send((last - first) / 1000);
      first = 0;
    } else {
      first ||= performance.now();
      const result = answer(request, Buffer.concat(pieces).toString());
      setTimeout(() => {
        send(result);
        last = performance.now();
      }, latency);
    }
  });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 256 }, () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
