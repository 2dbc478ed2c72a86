#!/usr/bin/python3
"""A deployment of Taskcluster for tests: queue, object, index, notify, secrets and auth, in memory, on one port of loopback.

    taskcluster_server.py [--plan FILE] [--port PORT]

Prints its port as one line, and ends when its standard input does, so that it never outlives a test. It checks Hawk (header and
bewit, certificates, authorizedScopes, 15 minutes of clock difference, 4096 bytes), scopes, the fields of tasks (by Taskcluster's
own schemas where these are, see taskcluster_rules.py), dates, dependencies and states as the real services do, and answers with
their codes. Artifacts lie in a store below /store/, which refuses requests that are signed for Taskcluster, and gives text with
gzip whether it was asked to or not.

The plan is a JSON object with any of these keys:
    clients           {clientId: {"accessToken": ..., "scopes": [...]}}
    anonymous         scopes of everybody ([]); with them the server can play the proxy of a task
    roles             {roleId: [scopes]}: what `assume:roleId` stands for; a role's name may end in *
    page              entries of a page of a list (1000)
    clock_offset      seconds that this server's clock is ahead (0)
    claim_seconds     how long a worker has a task before it must claim it again (1200)
    resolver_seconds  how long the queue takes to notice that a task waits for nothing any more (0; the real one: up to 5)
    deadline_seconds  how long after its deadline a task ends (60, as with the real one)
    wait_seconds      how long claimWork waits for a task (0; the real one: 20)
    secrets           {name: {...}}
    s3_credentials    {"accessKeyId": ..., "secretAccessKey": ..., "sessionToken": ...}; for any bucket but "unknown"
    url_seconds       how long an object's URL is good (60)
    denylist          addresses that get no mail
    drops_mails       true: all of them, as those above the limit of an address are
    latency_seconds   how long each answer takes at least (0)
    hiccups           n: every n-th request is answered with a load balancer's page and status 502, and is not looked at
    faults            what happens to requests, each one used once: {"method", "path" (a part of it), "status", "headers",
                      "html": true for a load balancer's page, "late": true to do what was asked all the same,
                      "cut": true to close the connection within the body}
    outages           what happens for a while to all requests, one after the other: {"seconds", "how": a status,
                      "away" to close the connection, "hang" to do so at the end of the outage, "late" to do what was asked and
                      to answer 502, "path" and "after": it begins when so many requests (0) with this part of a path have come}
    forgets           true: GET /_requests gives nothing, so that many requests take no memory

Workers claim tasks and report as with the real queue (taskcluster_worker.py is one). For tests alone are
POST /_plan, which changes keys of the plan, POST /_expire/TASK/RUN, which lets the claim of a run end,
POST /_leave, which takes tasks for completed with the files of a folder ({"tasks", "folder", "prefix" of the artifacts' names}),
GET /_requests, what was asked: [{"method", "path", "headers", "body"}, ...], and GET /_counts: {"requests", "sent_bytes"}.
"""

import argparse
import datetime
import email.utils
import gzip
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import plain_http
import taskcluster_rules as rules
from taskcluster_artifacts import Artifacts
from taskcluster_tasks import Deployment
from taskcluster_terms import OPEN_STATES, Refused, date_text, in_collation, lacking, minimal, require

MOST_BYTES = 10 << 20
MOST_LISTED = 1000
HTML = b"<html><head><title>Error</title></head><body>The server had a hiccup</body></html>"
MOST_CLAIMED = 32


class Server(plain_http.Server):
    def __init__(self, port, plan):
        super().__init__(("127.0.0.1", port), Handler)
        self.deployment = Deployment(plan)
        self.count = 0
        self.sent_bytes = 0
        self.outage_end = None

    def outage(self, path):
        """How an outage hits this request, None if none does, and when it ends."""
        outages = self.deployment.plan.get("outages", [])
        now = time.monotonic()
        if self.outage_end and now >= self.outage_end:
            del outages[:1]
            self.outage_end = None
        if not outages:
            self.outage_end = None
            return None, None
        if self.outage_end is None and outages[0].get("path", "") in path:
            outages[0]["after"] = outages[0].get("after", 0) - 1
            if outages[0]["after"] < 0:
                self.outage_end = now + outages[0]["seconds"]
        return (outages[0]["how"], self.outage_end) if self.outage_end else (None, None)


class Handler(Artifacts, plain_http.Handler):
    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(self.server.deployment.now().replace(microsecond=0), usegmt=True)

    def answer(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.here = self.server.deployment
        self.fault, self.caller, self.method = None, None, ""
        if self.path.startswith("/_"):
            with self.here.lock:
                return self.send(200, json.dumps(self.for_tests()).encode())
        if self.here.plan.get("latency_seconds"):
            time.sleep(self.here.plan["latency_seconds"])
        with self.here.lock:
            self.note_request()
            how, end = self.server.outage(self.path)
        if how == "hang":
            time.sleep(max(0, end - time.monotonic()))
        if how in ("away", "hang"):
            self.close_connection = True
            return None
        with self.here.lock:
            self.fault = self.fault_in_outage(how) if how else self.take_fault()
            if self.fault and "status" in self.fault and not self.fault.get("late"):
                return self.send_fault()
            try:
                status, result, headers = self.route()
            except Refused as refused:
                status, result, headers = self.refusal(refused)
            body = result if isinstance(result, bytes) else json.dumps(result).encode()
        if self.fault and "status" in self.fault:
            return self.send_fault()
        return self.send(status, body, headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815: names of the base class

    def refusal(self, refused):
        when = date_text(self.here.now())
        lines = [f"method:     {self.method}", f"errorCode:  {refused.code}", f"statusCode: {refused.status}", f"time:       {when}"]
        message = refused.message + "\n\n---\n\n" + "\n".join(f"* {line}" for line in lines)
        asked = {"method": self.method, "params": self.parameters, "payload": {}, "time": when}
        headers = {"www-authenticate": "hawk"} if refused.status == 401 else {}
        return refused.status, {"code": refused.code, "message": message, "requestInfo": asked}, headers

    def for_tests(self):
        if self.path == "/_plan":
            self.here.plan.update(json.loads(self.body))
            self.here.changed.notify_all()
        elif self.path.startswith("/_expire/"):
            _, _, task_id, run_id = self.path.split("/")
            _, run = self.here.run(task_id, run_id)
            run["takenUntil"] = date_text(self.here.now() - datetime.timedelta(seconds=1))
            self.here.task(task_id)
        elif self.path == "/_leave":
            self.leave(**json.loads(self.body))
        elif self.path == "/_counts":
            return {"requests": self.server.count, "sent_bytes": self.server.sent_bytes}
        elif self.path == "/_requests":
            return self.here.requests
        return {}

    def leave(self, tasks, folder, prefix):
        """As if a worker had run these tasks, and each had left the files of this folder. They share their bytes."""
        files = {f"{prefix}/{file.name}": file.read_bytes() for file in pathlib.Path(folder).iterdir()}
        worker = {"workerGroup": "fake-group", "workerId": "no-worker"}
        for task_id in tasks:
            entry = self.here.task(task_id)
            run = entry.runs[-1]
            run.update(state="running", started=date_text(self.here.now()), takenUntil=self.here.end_of_claim(), **worker)
            own = {"storageType": "s3", "contentType": "application/octet-stream", "expires": entry.task["expires"], "is_there": True}
            entry.artifacts[run["runId"]] = {name: own | {"name": name, "contentLength": len(files[name])} for name in files}
            self.here.store |= {f"{task_id}/{run['runId']}/{name}": (files[name], own["contentType"], None) for name in files}
            self.here.resolve(entry, "completed", "completed")

    def note_request(self):
        self.server.count += 1
        if not self.here.plan.get("forgets"):
            asked = {"method": self.command, "path": self.path, "headers": dict(self.headers.items())}
            self.here.requests.append(asked | {"body": self.body.decode("latin-1")})

    def take_fault(self):
        faults = self.here.plan.get("faults", [])
        for index, fault in enumerate(faults):
            if fault.get("method", self.command) == self.command and fault.get("path", "") in self.path:
                return faults.pop(index)
        every = self.here.plan.get("hiccups")
        return {"status": 502, "html": True} if every and self.server.count % every == 0 else None

    def fault_in_outage(self, how):
        if how != "late":
            return {"status": how, "html": how != 429}
        # A worker that does not get the task that it has claimed would be waited for until the claim ends.
        return {"status": 502, "html": True, "late": "claim-work" not in self.path}

    def send_fault(self):
        body = json.dumps({"code": "InternalServerError", "message": "Internal Server Error"}).encode()
        kind = "application/json"
        if self.fault.get("html"):
            body, kind = HTML, "text/html"
        self.send(self.fault["status"], body, {"Content-Type": kind} | self.fault.get("headers", {}))

    def send(self, status, body, headers=None):
        headers = {"Content-Type": "application/json; charset=utf-8"} | (headers or {})
        if len(body) > 1024 and "gzip" in self.headers.get("Accept-Encoding", "") and "Content-Encoding" not in headers:
            body, headers["Content-Encoding"] = gzip.compress(body, mtime=0), "gzip"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("x-for-request-id", "REQUEST17")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.server.sent_bytes += len(body)
        cut = self.fault and self.fault.get("cut")
        self.wfile.write(body[: len(body) // 2] if cut else b"" if self.command == "HEAD" or status == 204 else body)
        self.close_connection |= bool(cut)

    # --- routes

    def route(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/store/"):
            return self.stored(path, query)
        match = re.fullmatch(r"/api/([a-z]+)/v1(/.*)", path)
        if match is None or match[1] not in SERVICES:
            return 404, HTML, {"Content-Type": "text/html"}
        self.query = {name: values[0] for name, values in urllib.parse.parse_qs(query, keep_blank_values=True).items()}
        asked = f"{match[1]} {'GET' if self.command == 'HEAD' else self.command}"
        for route in ROUTES:
            found = route.asked == asked and route.pattern.fullmatch(match[2])
            if found:
                self.method = route.method
                self.parameters = {name: urllib.parse.unquote(part) for name, part in found.groupdict().items()}
                return self.answer_of(route)
        return 404, {"error": "Not found"}, {}

    def answer_of(self, route):
        require(len(self.body) <= MOST_BYTES, 500, "InternalServerError", "Internal Server Error, incident ID 17")
        if route.scope:
            self.may(re.sub(r"<(\w+)>", lambda name: self.parameters[name[1]], route.scope))
        rules.check_path(self.parameters)
        rules.check_query(self.query, {"bewit", *route.query.split()})
        result = route.handle(self, *self.parameters.values())
        result = result if isinstance(result, tuple) else (200, result, {})
        if route.schema and result[0] < 400:
            self.check_own(route.schema, result[1])
        return result

    @staticmethod
    def check_own(schema, result):
        """The real services check what they answer too. Of a list, the first few are enough."""
        some = {name: value[:3] if isinstance(value, list) else value for name, value in result.items()}
        try:
            rules.SCHEMAS.check(schema, some)
        except Refused as refused:
            raise Refused(500, "InternalServerError", f"this fake's own answer is wrong: {refused.message}") from None

    def may(self, needed):
        """Refuses a caller who lacks some of an expression of scopes. Credentials are looked at here alone, where scopes are needed."""
        self.caller = self.caller or self.here.access.identify(self)
        client_id, scopes = self.caller
        missing = lacking(scopes, needed)
        if missing is None:
            return
        quoted = [one if isinstance(one, str) else json.dumps(one, indent=2) for one in (missing, needed)]
        missing, needed = (f":\n\n```\n{one}\n```" for one in quoted)
        if client_id is None:
            message = f"This request requires Taskcluster credentials that satisfy the following scope expression{needed}"
        else:
            message = f"Client ID {client_id} does not have sufficient scopes and is missing the following scopes{missing}\n\n"
            message += f"This request requires the client to satisfy the following scope expression{needed}"
        raise Refused(403, "InsufficientScopes", message)

    def given(self):
        is_json = self.headers.get("Content-Type", "").split(";")[0] == "application/json"
        require(is_json, 400, "MalformedPayload", "Payload must be JSON with content-type: application/json")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "MalformedPayload", "Failed to parse JSON") from None

    def page(self, items, name, others=None):
        token = self.query.get("continuationToken", "0")
        require(re.fullmatch("[A-Za-z0-9+/=]+", token), 400, "InputError", "Invalid continuationToken")
        # A token that this server has not made is taken silently, for the first page.
        token = re.search(r"\+/=(\d+)$", token)
        begin = int(token[1]) if token else 0
        size = min(self.here.plan.get("page", MOST_LISTED), int(self.query.get("limit", MOST_LISTED)), MOST_LISTED)
        result = (others or {}) | {name: items[begin : begin + size]}
        if 0 < size < len(items) - begin:
            result["continuationToken"] = f"more+/={begin + size}"
        return result

    def ping(self):
        return {"alive": True, "uptime": time.process_time()}

    # --- tasks and groups

    def status_of(self, entry):
        return {"status": entry.status}

    def create_task(self, task_id):
        return self.status_of(self.here.create(task_id, self.given(), self.may))

    def get_task(self, task_id):
        return self.here.task(task_id).task

    def get_status(self, task_id):
        return self.status_of(self.here.task(task_id))

    def get_statuses(self):
        entries = self.entries("status")
        return self.page([{"taskId": one.task_id} | self.status_of(one) for one in entries], "statuses")

    def get_tasks(self):
        return self.page([{"taskId": one.task_id, "task": one.task} for one in self.entries("get-task")], "tasks")

    def entries(self, action):
        """The tasks of a list of ids; those that are not there are silently missing."""
        given = self.given()
        is_one = isinstance(given, dict) and given.keys() == {"taskIds"} and isinstance(given["taskIds"], list)
        rules.valid(is_one, "data must have taskIds and nothing else")
        self.may({"AllOf": [f"queue:{action}:{one}" for one in given["taskIds"]]})
        return [self.here.task(one) for one in dict.fromkeys(given["taskIds"]) if one in self.here.tasks]

    def dependents(self, task_id):
        entries = sorted(self.here.dependents[self.here.task(task_id).task_id], key=lambda entry: in_collation(entry.task_id))
        return self.page([{"task": one.task} | self.status_of(one) for one in entries], "tasks", {"taskId": task_id})

    def get_group(self, group_id):
        return self.here.group(group_id)

    def list_group(self, group_id):
        group = self.get_group(group_id)
        entries = sorted(self.here.group_tasks(group_id), key=lambda entry: in_collation(entry.task_id))
        page = self.page(entries, "tasks", group)
        page["tasks"] = [{"task": one.task} | self.status_of(self.here.task(one.task_id)) for one in page["tasks"]]
        return page

    def seal_group(self, group_id):
        group = self.here.group(group_id)
        self.may(f"queue:seal-task-group:{group['schedulerId']}/{group_id}")
        group.setdefault("sealed", date_text(self.here.now()))
        return group

    def cancel_group(self, group_id):
        group = self.here.group(group_id)
        require("sealed" in group, 409, "RequestConflict", f"Task group `{group_id}` is not sealed")
        self.may(f"queue:cancel-task-group:{group['schedulerId']}/{group_id}")
        entries = self.here.group_tasks(group_id)
        open_ones = [entry for entry in entries if entry.state in OPEN_STATES]
        for entry in open_ones:
            # A task that one of these has just released ends like the others.
            self.here.resolve(entry, "exception", "canceled")
        ids = [entry.task_id for entry in open_ones]
        return {"taskGroupId": group_id, "taskGroupSize": len(entries), "cancelledCount": len(ids), "taskIds": ids}

    def change_task(self, task_id, verb):
        entry = self.here.task(task_id)
        status = entry.status
        group = f"{status['schedulerId']}/{status['taskGroupId']}"
        legacy = {"AllOf": [f"queue:{verb}-task", f"assume:scheduler-id:{group}"]}
        in_project = f"queue:{verb}-task-in-project:{status['projectId']}"
        self.may({"AnyOf": [f"queue:{verb}-task:{group}/{task_id}", in_project, legacy]})
        self.here.change(entry, verb)
        return self.status_of(entry)

    # --- workers

    def claim_work(self, queue):
        given = self.given()
        fields = isinstance(given, dict) and {"workerGroup", "workerId"} <= given.keys() <= {"workerGroup", "workerId", "tasks"}
        rules.valid(fields, "data must have workerGroup and workerId")
        most = given.get("tasks", 1)
        rules.valid(rules.is_number(most, 1, MOST_CLAIMED), f"data/tasks must be <= {MOST_CLAIMED}")
        worker = {name: given[name] for name in ("workerGroup", "workerId")}
        self.may({"AllOf": [f"queue:claim-work:{queue}", f"queue:worker-id:{worker['workerGroup']}/{worker['workerId']}"]})
        end = time.monotonic() + self.here.plan.get("wait_seconds", 0)
        while not (claimed := self.here.claim(queue, worker, most)) and time.monotonic() < end:
            self.here.changed.wait(max(0, end - time.monotonic()))
        return {"tasks": [self.claim_of(entry, run, worker) for entry, run in claimed]}

    def claim_of(self, entry, run, worker):
        # Not the date format of all other answers, as with the real one.
        until = run["takenUntil"].rstrip("Z").rstrip("0").rstrip(".") + "+00:00"
        own = {"runId": run["runId"], "task": entry.task, "credentials": self.here.credentials_of(entry, run), "takenUntil": until}
        return own | worker | self.status_of(entry)

    def reclaim(self, task_id, run_id):
        entry, run = self.here.run(task_id, run_id)
        self.may(f"queue:reclaim-task:{task_id}/{run_id}")
        self.here.require_before_deadline(entry, "reclaimed")
        self.require_running(task_id, run)
        run["takenUntil"] = self.here.end_of_claim()
        own = {"runId": int(run_id), "takenUntil": run["takenUntil"], "credentials": self.here.credentials_of(entry, run)}
        return own | {name: run[name] for name in ("workerGroup", "workerId")} | self.status_of(entry)

    @staticmethod
    def require_running(task_id, run):
        text = f"Run {run['runId']} on task `{task_id}` is resolved or not running."
        require(run["state"] == "running", 409, "RequestConflict", text)

    def report(self, task_id, run_id, what):
        reason = what
        if what == "exception":
            rules.check_exception(self.given())
            reason = self.given()["reason"]
        entry, run = self.here.run(task_id, run_id)
        self.may(f"queue:resolve-task:{task_id}/{run_id}")
        if run["state"] == what and run["reasonResolved"] == reason:
            return self.status_of(entry)
        self.require_running(task_id, run)
        self.here.resolve(entry, what, reason)
        return self.status_of(entry)

    # --- the other services

    def send_mail(self):
        mail = self.given()
        rules.check_mail(mail)
        self.may(f"notify:email:{mail['address']}")
        denied = mail["address"] in self.here.plan.get("denylist", [])
        require(not denied, 400, "DenylistedAddress", f"Email {mail['address']} is denylisted")
        if mail in self.here.mails or self.here.plan.get("drops_mails"):
            return 204, b"", {}
        self.here.mails.append(mail)
        return 200, b"OK", {"Content-Type": "text/plain; charset=utf-8"}

    def get_secret(self, name):
        secrets = self.here.plan.get("secrets", {})
        require(name in secrets, 404, "ResourceNotFound", "Secret not found")
        return {"secret": secrets[name], "expires": date_text(self.here.now() + datetime.timedelta(days=1))}

    def current_scopes(self):
        return {"scopes": minimal(self.caller[1])}

    def expand_scopes(self):
        return {"scopes": minimal(self.here.access.expand(self.given()["scopes"]))}

    def s3_credentials(self, level, bucket, prefix):
        levels = ["read-only", "read-write"] if level == "read-only" else ["read-write"]
        scopes = [f"auth:aws-s3:{one}:{bucket}/{prefix}" for one in levels]
        self.may({"AnyOf": scopes} if scopes[1:] else scopes[0])
        require(bucket != "unknown", 404, "ResourceNotFound", "Bucket is not supported")
        require(not prefix.startswith("/"), 400, "InputError", "The `prefix` may not start with a slash `/`")
        keys = {"accessKeyId": "ASIAFAKE", "secretAccessKey": "fake-secret", "sessionToken": f"{level}:{bucket}/{prefix}"}
        keys |= self.here.plan.get("s3_credentials", {})
        return {"credentials": keys, "expires": date_text(self.here.now() + datetime.timedelta(hours=1))}

    def find_indexed(self, namespace):
        require(namespace in self.here.index, 404, "ResourceNotFound", "Indexed task not found")
        entry = self.here.task(self.here.index[namespace])
        return {"namespace": namespace, "taskId": entry.task_id, "rank": 0, "data": {}, "expires": entry.task["expires"]}

    def indexed_artifact(self, namespace, name):
        require(namespace in self.here.index, 404, "ResourceNotFound", "Indexed task not found")
        task = self.here.index[namespace]
        url = f"{self.base()}/api/queue/v1/task/{task}/artifacts/{urllib.parse.quote(name, safe='')}"
        return 303, {"url": url}, {"Location": url}


class Route:
    """One method of a service. `scope` is checked before all else; handlers check what the path alone does not decide."""

    def __init__(self, asked, method, path, handle, schema=None, scope=None, query=""):
        self.asked, self.method, self.handle, self.schema, self.scope, self.query = asked, method, handle, schema, scope, query
        self.pattern = re.compile(re.sub(r"<(\w+):?([^>]*)>", lambda one: f"(?P<{one[1]}>{one[2] or '[^/]+'})", path))


def routes_of_artifacts(task, scope):
    """Of those of a run, or of the latest one."""
    names = "listArtifacts", "artifactInfo", "artifact", "getArtifact"
    names = names if "runId" in task else ("listLatestArtifacts", "latestArtifactInfo", "latestArtifact", "getLatestArtifact")
    return [
        Route("queue GET", names[0], f"{task}/artifacts", Handler.list_artifacts, "queue-list-artifacts-response", scope, PAGES),
        Route("queue GET", names[1], f"{task}/artifact-info/<name:.+>", Handler.artifact_info, "queue-artifact-response", scope),
        Route("queue GET", names[2], f"{task}/artifact-content/<name:.+>", Handler.artifact_content, "queue-artifact-content-response"),
        Route("queue GET", names[3], f"{task}/artifacts/<name:.+>", Handler.get_artifact, "queue-get-artifact-response"),
    ]


SERVICES = ("queue", "object", "notify", "secrets", "auth", "index")
PAGES = "continuationToken limit"
TASK, GROUP, RUN = "/task/<taskId>", "/task-group/<taskGroupId>", "/task/<taskId>/runs/<runId>"
LIST_GROUP = "queue:list-task-group:<taskGroupId>"
STATUS = "queue-task-status-response"
ROUTES = [
    *[Route(f"{service} GET", "ping", "/ping", Handler.ping) for service in SERVICES],
    Route("queue PUT", "createTask", TASK, Handler.create_task, STATUS),
    Route("queue GET", "task", TASK, Handler.get_task, "queue-task", "queue:get-task:<taskId>"),
    Route("queue GET", "status", f"{TASK}/status", Handler.get_status, STATUS, "queue:status:<taskId>"),
    Route("queue GET", "listDependentTasks", f"{TASK}/dependents", Handler.dependents, "queue-list-dependent-tasks-response",
          "queue:list-dependent-tasks:<taskId>", PAGES),
    Route("queue POST", "tasks", "/tasks", Handler.get_tasks, "queue-tasks-response", query=PAGES),
    Route("queue POST", "statuses", "/tasks/status", Handler.get_statuses, "queue-tasks-statuses-response", query=PAGES),
    Route("queue GET", "getTaskGroup", GROUP, Handler.get_group, "queue-task-group-response", LIST_GROUP),
    Route("queue GET", "listTaskGroup", f"{GROUP}/list", Handler.list_group, "queue-list-task-group-response", LIST_GROUP, PAGES),
    Route("queue POST", "sealTaskGroup", f"{GROUP}/seal", Handler.seal_group, "queue-task-group-response"),
    Route("queue POST", "cancelTaskGroup", f"{GROUP}/cancel", Handler.cancel_group, "queue-cancel-task-group-response"),
    *[Route("queue POST", f"{verb}Task", f"{TASK}/<verb:{verb}>", Handler.change_task, STATUS) for verb in ("rerun", "cancel", "schedule")],
    Route("queue POST", "claimWork", "/claim-work/<taskQueueId:.+>", Handler.claim_work),
    Route("queue POST", "reclaimTask", f"{RUN}/reclaim", Handler.reclaim),
    *[Route("queue POST", f"report{what.title()}", f"{RUN}/<what:{what}>", Handler.report, STATUS)
      for what in ("completed", "failed", "exception")],
    Route("queue POST", "createArtifact", f"{RUN}/artifacts/<name:.+>", Handler.create_artifact, "queue-post-artifact-response"),
    Route("queue PUT", "finishArtifact", f"{RUN}/artifacts/<name:.+>", Handler.finish_artifact),
    *routes_of_artifacts(TASK, "queue:list-artifacts:<taskId>"),
    *routes_of_artifacts(RUN, "queue:list-artifacts:<taskId>:<runId>"),
    Route("object PUT", "createUpload", "/upload/<name>", Handler.create_upload, "object-create-upload-response"),
    Route("object POST", "finishUpload", "/finish-upload/<name>", Handler.finish_upload),
    Route("object PUT", "startDownload", "/start-download/<name:.+>", Handler.start_download, "object-download-object-response",
          "object:download:<name>"),
    Route("notify POST", "email", "/email", Handler.send_mail),
    Route("secrets GET", "get", "/secret/<secret:.+>", Handler.get_secret, "secrets-secret", "secrets:get:<secret>"),
    Route("auth GET", "currentScopes", "/scopes/current", Handler.current_scopes, "auth-scopeset", "auth:current-scopes"),
    Route("auth POST", "expandScopes", "/scopes/expand", Handler.expand_scopes, "auth-scopeset", "auth:expand-scopes"),
    Route("auth GET", "awsS3Credentials", "/aws/s3/<level>/<bucket>/<prefix:.*>", Handler.s3_credentials,
          "auth-aws-s3-credentials-response", query="format"),
    Route("index GET", "findArtifactFromTask", "/task/<indexPath>/artifacts/<name:.+>", Handler.indexed_artifact,
          scope="queue:get-artifact:<name>"),
    Route("index GET", "findTask", "/task/<indexPath>", Handler.find_indexed, "index-indexed-task-response",
          "index:find-task:<indexPath>"),
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = Server(options.port, json.loads(options.plan.read_text()) if options.plan else {})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
