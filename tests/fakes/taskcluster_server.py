#!/usr/bin/python3
"""A deployment of Taskcluster for tests: queue, object, notify, secrets and auth, in memory, on one port of loopback.

    taskcluster_server.py [--plan FILE] [--port PORT]

Prints its port as one line, and ends when its standard input does, so that it never outlives a test. It checks Hawk (header and
bewit, certificates, authorizedScopes, 15 minutes of clock difference, 4096 bytes), scopes, the fields of tasks, dates,
dependencies and states as the real services do, and answers with their codes. Artifacts lie in a store below /store/, which
refuses requests that are signed for Taskcluster, and gives text with gzip whether it was asked to or not.

The plan is a JSON object with any of these keys:
    clients           {clientId: {"accessToken": ..., "scopes": [...]}}
    anonymous         scopes of requests without a signature ([]); with them the server can play the proxy of a task
    page              entries of a page of a list (1000)
    clock_offset      seconds that this server's clock is ahead (0)
    secrets           {name: {...}}
    object_artifacts  true: workers' artifacts go to the object service
    url_seconds       how long an object's URL is good (60)
    faults            what happens to requests, each one used once: {"method", "path" (a part of it), "status", "headers",
                      "html": true for a load balancer's page, "late": true to do what was asked all the same,
                      "cut": true to close the connection within the body}
    S3 credentials are for any bucket but "unknown".

Workers claim tasks and report as with the real queue: claim-work, reclaim, completed, failed, exception, and artifacts.
POST /_plan changes keys of the plan; GET /_requests is what was asked: [{"method", "path", "headers", "body"}, ...].
"""

import argparse
import base64
import datetime
import email.utils
import gzip
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import sys
import threading
import urllib.parse
import uuid

SLUGID = re.compile(r"[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]")
QUEUE = re.compile(r"[a-zA-Z0-9_-]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
PRIORITIES = ["highest", "very-high", "high", "medium", "low", "very-low", "lowest"]
TASK_FIELDS = {
    "taskQueueId", "provisionerId", "workerType", "schedulerId", "projectId", "taskGroupId", "dependencies", "requires", "routes",
    "priority", "retries", "created", "deadline", "expires", "scopes", "payload", "metadata", "tags", "extra",
}  # fmt: skip
MOST_BYTES = 10 << 20
HTML = b"<html><head><title>502 Server Error</title></head><body>The server had a hiccup</body></html>"
PERMANENT = "queue"  # who makes the certificates for objects


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def require(condition, status, code, message):
    if not condition:
        raise Refused(status, code, message)


def satisfies(held, needed):
    return any(one == needed or (one.endswith("*") and needed.startswith(one[:-1])) for one in held)


def mac(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def date_text(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_date(text, name):
    require(isinstance(text, str) and DATE.fullmatch(text), 400, "InputValidationError", f"{name} must match format date-time")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Deployment:
    """All that the services know, behind one lock."""

    def __init__(self, plan):
        self.lock = threading.RLock()
        self.plan = plan
        self.tasks = {}  # id: {"task": ..., "status": ..., "artifacts": {run: {name: ...}}}
        self.groups = {}
        self.store = {}
        self.mails = []
        self.requests = []

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.plan.get("clock_offset", 0))

    # --- who asks

    def key_of(self, client_id, certificate):
        """The access token and the scopes of a client."""
        clients = self.plan.get("clients", {})
        if certificate is None:
            require(client_id in clients, 401, "AuthenticationFailed", "Bad client: no such client")
            return clients[client_id]["accessToken"], clients[client_id]["scopes"]
        issuer = certificate.get("issuer", client_id)
        if issuer == PERMANENT:
            key, scopes = "queue's own", ["*"]
        else:
            require(issuer in clients, 401, "AuthenticationFailed", "ext.certificate.issuer is no client")
            key, scopes = clients[issuer]["accessToken"], clients[issuer]["scopes"]
        lines = ["version:1"]
        if "issuer" in certificate:
            lines += [f"clientId:{client_id}", f"issuer:{issuer}"]
        lines += [f"seed:{certificate['seed']}", f"start:{certificate['start']}", f"expiry:{certificate['expiry']}", "scopes:"]
        expected = mac(key, "\n".join(lines + certificate["scopes"]))
        require(expected == certificate["signature"], 401, "AuthenticationFailed", "ext.certificate.signature is not valid")
        now = self.now().timestamp() * 1000
        require(certificate["start"] <= now + 300000, 401, "AuthenticationFailed", "ext.certificate.start > now")
        require(certificate["expiry"] >= now - 300000, 401, "AuthenticationFailed", "ext.certificate.expiry < now")
        require(certificate["expiry"] - certificate["start"] <= 31 * 86400000, 401, "AuthenticationFailed", "too long")
        require(
            all(satisfies(scopes, scope) for scope in certificate["scopes"]),
            401, "AuthenticationFailed", "ext.certificate issuer doesn't have the scopes",
        )  # fmt: skip
        return url_safe(hmac.new(key.encode(), certificate["seed"].encode(), hashlib.sha256).digest()), certificate["scopes"]

    def temporary(self, client_id, scopes):
        """Credentials that the queue issues."""
        now = int(self.now().timestamp() * 1000)
        seed = slugid() + slugid()
        certificate = {"version": 1, "scopes": scopes, "start": now - 60000, "expiry": now + 3600000, "seed": seed}
        lines = ["version:1", f"clientId:{client_id}", f"issuer:{PERMANENT}", f"seed:{seed}"]
        lines += [f"start:{certificate['start']}", f"expiry:{certificate['expiry']}", "scopes:"]
        certificate["signature"] = mac("queue's own", "\n".join(lines + scopes))
        certificate["issuer"] = PERMANENT
        token = url_safe(hmac.new(b"queue's own", seed.encode(), hashlib.sha256).digest())
        return {"clientId": client_id, "accessToken": token, "certificate": json.dumps(certificate)}

    def scopes_of(self, request):
        header = request.headers.get("Authorization")
        bewit = re.search(r"[?&]bewit=([^&]*)", request.path)
        if header and bewit:
            raise Refused(401, "AuthenticationFailed", "Multiple authentications")
        if bewit:
            return self.check_bewit(request, bewit)
        if header:
            return self.check_header(request, header)
        return self.plan.get("anonymous", [])

    def check_header(self, request, header):
        require(len(header) <= 4096, 401, "AuthenticationFailed", "Header length too long")
        require(header.startswith("Hawk "), 401, "AuthenticationFailed", "Invalid header syntax")
        fields = dict(re.findall(r'(\w+)="([^"\\]*)"', header))
        require({"id", "ts", "nonce", "mac"} <= fields.keys(), 401, "AuthenticationFailed", "Missing attributes")
        key, scopes = self.check_ext(fields["id"], fields.get("ext", ""))
        self.check_mac("hawk.1.header", request, request.path, fields, key)
        difference = abs(self.now().timestamp() - int(fields["ts"]))
        require(difference <= 900, 401, "AuthenticationFailed", "Stale timestamp hawk")
        return scopes

    def check_bewit(self, request, match):
        require(request.command in ("GET", "HEAD"), 401, "AuthenticationFailed", "Invalid method")
        require(len(request.path) <= 4096, 401, "AuthenticationFailed", "Resource path exceeds max length")
        require(re.fullmatch("[A-Za-z0-9_-]+", match[1]), 401, "AuthenticationFailed", "Invalid bewit")
        text = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode()
        require(text.count("\\") == 3, 401, "AuthenticationFailed", "Invalid bewit structure")
        client_id, end, given, ext = text.split("\\")
        require(int(end) > self.now().timestamp(), 401, "AuthenticationFailed", "Access expired")
        key, scopes = self.check_ext(client_id, ext)
        fields = {"ts": end, "nonce": "", "mac": given, "ext": ext}
        self.check_mac("hawk.1.bewit", request, request.path.replace(match[0], "", 1), fields, key)
        return scopes

    def check_ext(self, client_id, ext):
        said = json.loads(base64.b64decode(ext + "=" * (-len(ext) % 4), altchars=b"-_" if set(ext) & set("-_") else None)) if ext else {}
        key, scopes = self.key_of(client_id, said.get("certificate"))
        restricted = said.get("authorizedScopes")
        if restricted is None:
            return key, scopes
        allowed = all(satisfies(scopes, scope) for scope in restricted)
        require(allowed, 401, "AuthenticationFailed", "ext.authorizedScopes oversteps your scopes")
        return key, restricted

    @staticmethod
    def check_mac(kind, request, resource, fields, key):
        host, _, port = request.headers["Host"].partition(":")
        lines = [kind, fields["ts"], fields["nonce"], "GET" if kind == "hawk.1.bewit" else request.command, resource]
        lines += [host.lower(), port or "80", fields.get("hash", ""), fields.get("ext", "")]
        expected = mac(key, "\n".join(lines) + "\n")
        require(hmac.compare_digest(expected, fields["mac"]), 401, "AuthenticationFailed", "Bad mac")

    # --- tasks

    def group(self, group_id):
        require(group_id in self.groups, 404, "ResourceNotFound", "No such task group")
        return self.groups[group_id]

    def task(self, task_id):
        require(SLUGID.fullmatch(task_id), 400, "InvalidRequestArguments", "taskId is no slugid")
        require(task_id in self.tasks, 404, "ResourceNotFound", f"`{task_id}` does not correspond to a task that exists.")
        entry = self.tasks[task_id]
        self.end_at_deadline(entry)
        return entry

    def end_at_deadline(self, entry):
        status = entry["status"]
        if status["state"] in ("unscheduled", "pending", "running") and self.now() > parse_date(status["deadline"], "deadline"):
            self.resolve(entry, "exception", "deadline-exceeded")

    def add_run(self, entry, reason):
        runs = entry["status"]["runs"]
        runs.append({"runId": len(runs), "state": "pending", "reasonCreated": reason, "scheduled": date_text(self.now())})
        entry["status"]["state"] = "pending"

    def resolve(self, entry, state, reason):
        status = entry["status"]
        if not status["runs"]:
            self.add_run(entry, "exception")
        status["runs"][-1].update(state=state, reasonResolved=reason, resolved=date_text(self.now()))
        status["state"] = state
        if reason in ("worker-shutdown", "claim-expired", "intermittent-task") and status["retriesLeft"] > 0:
            status["retriesLeft"] -= 1
            self.add_run(entry, "task-retry" if reason == "intermittent-task" else "retry")
            return
        self.schedule_dependents()

    def schedule_dependents(self):
        for entry in self.tasks.values():
            if entry["status"]["state"] == "unscheduled" and self.is_free(entry["task"]):
                self.add_run(entry, "scheduled")

    def is_free(self, task):
        ends = ("completed",) if task["requires"] == "all-completed" else ("completed", "failed", "exception")
        return all(self.tasks[one]["status"]["state"] in ends for one in task["dependencies"])

    def create(self, task_id, given, may):
        task = self.complete(task_id, given)
        queue = task["taskQueueId"]
        priorities = PRIORITIES[: PRIORITIES.index(task["priority"]) + 1]
        may(any_of=[f"queue:create-task:{priority}:{queue}" for priority in priorities])
        may(f"queue:create-task:project:{task['projectId']}", f"queue:scheduler-id:{task['schedulerId']}")
        may(*task["scopes"], *[f"queue:route:{route}" for route in task["routes"]])
        now = self.now()
        created, deadline = parse_date(task["created"], "created"), parse_date(task["deadline"], "deadline")
        expires = parse_date(task["expires"], "expires")
        slack = datetime.timedelta(minutes=15)
        require(abs(created - now) <= slack, 400, "InputError", "Task's `created` is more than 15 minutes away")
        require(created < deadline and now < deadline, 400, "InputError", "Deadline cannot be in the past")
        require(deadline <= now + datetime.timedelta(days=5) + slack, 400, "InputError", "Deadline cannot be more than 5 days ahead")
        require(deadline <= expires, 400, "InputError", "Expires cannot be before the deadline")
        if task_id in self.tasks:
            same = self.tasks[task_id]["task"] == task
            require(same, 409, "RequestConflict", f"taskId `{task_id}` already used by another task.")
            return self.task(task_id)
        group = self.groups.get(task["taskGroupId"])
        if group:
            require(group["schedulerId"] == task["schedulerId"], 409, "RequestConflict", "the group has another schedulerId")
            require("sealed" not in group, 409, "RequestConflict", "Task group is sealed")
        missing = [
            one for one in task["dependencies"]
            if one != task_id and (one not in self.tasks or parse_date(self.tasks[one]["task"]["expires"], "") < deadline)
        ]  # fmt: skip
        require(not missing, 400, "InputError", f"`task.dependencies` references non-existing tasks: {missing}")
        self.groups.setdefault(
            task["taskGroupId"],
            {"taskGroupId": task["taskGroupId"], "schedulerId": task["schedulerId"], "expires": task["expires"]},
        )
        status = {name: task[name] for name in ("provisionerId", "workerType", "taskQueueId", "schedulerId", "projectId")}
        status |= {name: task[name] for name in ("taskGroupId", "priority", "deadline", "expires")}
        status |= {"taskId": task_id, "retriesLeft": task["retries"], "state": "unscheduled", "runs": []}
        entry = self.tasks[task_id] = {"task": task, "status": status, "artifacts": {}}
        if self.is_free(task):
            self.add_run(entry, "scheduled")
        return entry

    def complete(self, task_id, given):
        """The definition with its defaults, if it is one."""

        def valid(condition, what):
            require(condition, 400, "InputValidationError", f"Schema Validation Failed: {what}")

        valid(isinstance(given, dict), "data must be object")
        for name in given.keys() - TASK_FIELDS:
            valid(False, f"data must NOT have additional property {name}")
        for name in ("created", "deadline", "payload", "metadata"):
            valid(name in given, f"data must have required property '{name}'")
        valid(QUEUE.fullmatch(given.get("taskQueueId", "")), "taskQueueId must match pattern")
        provisioner, worker = given["taskQueueId"].split("/")
        task = {"provisionerId": provisioner, "workerType": worker, "schedulerId": "-", "projectId": "none", "taskGroupId": task_id}
        task |= {"dependencies": [], "requires": "all-completed", "routes": [], "priority": "lowest", "retries": 5}
        task |= {"scopes": [], "tags": {}, "extra": {}} | given
        parse_date(task["created"], "created")
        end = parse_date(task["deadline"], "deadline")
        task.setdefault("expires", date_text(end + datetime.timedelta(days=365)))
        for name in ("created", "deadline", "expires"):
            task[name] = date_text(parse_date(task[name], name))
        valid(re.fullmatch("[a-zA-Z0-9_-]{1,38}", task["schedulerId"]), "schedulerId must match pattern")
        valid(re.fullmatch("[a-zA-Z0-9._/-]{1,500}", task["projectId"]), "projectId must match pattern")
        valid(SLUGID.fullmatch(task["taskGroupId"]), "taskGroupId must match pattern")
        depends = task["dependencies"]
        valid(len(depends) <= 10000 and len(set(depends)) == len(depends), "dependencies must be unique, and 10000 at most")
        valid(all(SLUGID.fullmatch(one) for one in depends), "dependencies must match pattern")
        valid(task["requires"] in ("all-completed", "all-resolved"), "requires")
        valid(task["priority"] in PRIORITIES and task["retries"] in range(50), "priority or retries")
        valid(len(task["routes"]) <= 64 and all(1 <= len(route) <= 249 for route in task["routes"]), "routes")
        valid(not any(scope.endswith("**") for scope in task["scopes"]), "scopes must not end in **")
        metadata = task["metadata"]
        valid(set(metadata) == {"name", "description", "owner", "source"}, "metadata")
        valid(len(metadata["name"]) <= 255 and len(metadata["owner"]) <= 255, "metadata is too long")
        valid(re.match("https?://|ssh://|git@", metadata["source"]), "metadata.source must match pattern")
        valid(all(isinstance(value, str) and len(value) <= 4096 for value in task["tags"].values()), "tags")
        return task


def slugid():
    return url_safe(bytes([uuid.uuid4().bytes[0] & 0x7F]) + uuid.uuid4().bytes[1:])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, plan):
        super().__init__(("127.0.0.1", port), Handler)
        self.deployment = Deployment(plan)

    def handle_error(self, request, client_address):
        """Clients that go away are what these tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(self.server.deployment.now().replace(microsecond=0), usegmt=True)

    def answer(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.here = self.server.deployment
        if self.path == "/_plan":
            with self.here.lock:
                self.here.plan.update(json.loads(self.body))
            return self.send(200, b"{}")
        if self.path == "/_requests":
            with self.here.lock:
                return self.send(200, json.dumps(self.here.requests).encode())
        with self.here.lock:
            asked = {"method": self.command, "path": self.path, "headers": dict(self.headers.items())}
            self.here.requests.append(asked | {"body": self.body.decode("latin-1")})
            self.fault = self.take_fault()
            if self.fault and "status" in self.fault and not self.fault.get("late"):
                return self.send_fault()
            try:
                status, result, headers = self.route()
            except Refused as refused:
                status, headers = refused.status, {}
                tail = f"\n\n---\n\n* method:     {self.command}\n* errorCode:  {refused.code}\n* statusCode: {status}"
                result = {"code": refused.code, "message": refused.message + tail, "requestInfo": {"method": self.command}}
        if self.fault and "status" in self.fault:
            return self.send_fault()
        body = result if isinstance(result, bytes) else json.dumps(result).encode()
        return self.send(status, body, headers)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815: names of the base class

    def take_fault(self):
        faults = self.here.plan.get("faults", [])
        for index, fault in enumerate(faults):
            if fault.get("method", self.command) == self.command and fault.get("path", "") in self.path:
                return faults.pop(index)
        return None

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
        cut = getattr(self, "fault", None) and self.fault.get("cut")
        self.wfile.write(body[: len(body) // 2] if cut else b"" if self.command == "HEAD" or status == 204 else body)
        self.close_connection |= bool(cut)

    # --- routes

    def route(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/store/"):
            return self.stored(path, query)
        match = re.fullmatch(r"/api/([a-z]+)/v1(/.*)", path)
        self.query = {name: values[0] for name, values in urllib.parse.parse_qs(query).items()}
        for service, method, pattern, handle in ROUTES:
            found = match and match[1] == service and self.command == method and re.fullmatch(pattern, match[2])
            if found:
                require(len(self.body) <= MOST_BYTES, 500, "InternalServerError", "Internal Server Error")
                self.scopes = self.here.scopes_of(self)
                result = handle(self, *(part and urllib.parse.unquote(part) for part in found.groups()))
                return result if isinstance(result, tuple) else (200, result, {})
        return 404, {"error": "Not found"}, {}

    def may(self, *all_of, any_of=()):
        missing = [scope for scope in all_of if not satisfies(self.scopes, scope)]
        if any_of and not any(satisfies(self.scopes, scope) for scope in any_of):
            missing.append(any_of[-1])
        listed = "\n".join(missing)
        message = f"Client ID tester does not have sufficient scopes and is missing the following scopes:\n\n```\n{listed}\n```\n"
        require(not missing, 403, "InsufficientScopes", message)

    def given(self):
        is_json = self.headers.get("Content-Type", "").split(";")[0] == "application/json"
        require(is_json, 400, "MalformedPayload", "Payload must be JSON with content-type: application/json")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "MalformedPayload", "Failed to parse JSON") from None

    def page(self, items, name, others=None):
        known = self.query.keys() <= {"continuationToken", "limit", "bewit"}
        require(known, 400, "InvalidRequestArguments", "unknown query parameter")
        begin = int(self.query.get("continuationToken", "0").rpartition("+/=")[2])
        size = min(self.here.plan.get("page", 1000), int(self.query.get("limit", 1000)))
        result = (others or {}) | {name: items[begin : begin + size]}
        if begin + size < len(items):
            result["continuationToken"] = f"more+/={begin + size}"
        return result

    def status_of(self, entry):
        return {"status": entry["status"]}

    def create_task(self, task_id):
        require(SLUGID.fullmatch(task_id), 400, "InvalidRequestArguments", "taskId is no slugid")
        return self.status_of(self.here.create(task_id, self.given(), self.may))

    def get_task(self, task_id):
        self.may(f"queue:get-task:{task_id}")
        return self.here.task(task_id)["task"]

    def get_status(self, task_id):
        self.may(f"queue:status:{task_id}")
        return self.status_of(self.here.task(task_id))

    def get_statuses(self):
        ids = self.given()["taskIds"]
        self.may(*[f"queue:status:{one}" for one in ids])
        found = [self.here.task(one) for one in ids if one in self.here.tasks]
        return self.page([{"taskId": one["status"]["taskId"]} | self.status_of(one) for one in found], "statuses")

    def list_group(self, group_id):
        self.may(f"queue:list-task-group:{group_id}")
        group = self.here.group(group_id)
        ids = sorted(one for one, entry in self.here.tasks.items() if entry["task"]["taskGroupId"] == group_id)
        return self.page([{"task": self.here.tasks[one]["task"]} | self.status_of(self.here.task(one)) for one in ids], "tasks", group)

    def seal_group(self, group_id):
        group = self.here.group(group_id)
        self.may(f"queue:seal-task-group:{group['schedulerId']}/{group_id}")
        group.setdefault("sealed", date_text(self.here.now()))
        return group

    def cancel_group(self, group_id):
        group = self.here.group(group_id)
        self.may(f"queue:cancel-task-group:{group['schedulerId']}/{group_id}")
        require("sealed" in group, 409, "RequestConflict", "Task group must be sealed before it is cancelled")
        entries = [entry for entry in self.here.tasks.values() if entry["task"]["taskGroupId"] == group_id]
        open_ones = [entry for entry in entries if entry["status"]["state"] in ("unscheduled", "pending", "running")]
        for entry in open_ones:
            self.here.resolve(entry, "exception", "canceled")
        ids = [entry["status"]["taskId"] for entry in open_ones]
        return {"taskGroupId": group_id, "taskGroupSize": len(entries), "cancelledCount": len(ids), "taskIds": ids}

    def change_task(self, task_id, verb):
        entry = self.here.task(task_id)
        status = entry["status"]
        in_project = f"queue:{verb}-task-in-project:{status['projectId']}"
        self.may(any_of=[in_project, f"queue:{verb}-task:{status['schedulerId']}/{status['taskGroupId']}/{task_id}"])
        is_late = self.here.now() > parse_date(status["deadline"], "deadline")
        require(not is_late, 409, "RequestConflict", "the deadline is exceeded")
        is_open = status["state"] in ("unscheduled", "pending", "running")
        if verb == "cancel" and is_open:
            self.here.resolve(entry, "exception", "canceled")
        elif verb == "rerun" and not (is_open and status["runs"]):
            require(len(status["runs"]) < 50, 409, "RequestConflict", "too many runs")
            status["retriesLeft"] = entry["task"]["retries"]
            self.here.add_run(entry, "rerun")
        elif verb == "schedule" and status["state"] == "unscheduled":
            self.here.add_run(entry, "scheduled")
        return self.status_of(entry)

    def claim_work(self, queue):
        self.may(f"queue:claim-work:{queue}")
        given, claims = self.given(), []
        for task_id, entry in self.here.tasks.items():
            self.here.end_at_deadline(entry)
            if len(claims) == given.get("tasks", 1):
                break
            if entry["status"]["state"] != "pending" or entry["task"]["taskQueueId"] != queue:
                continue
            taken = {"workerGroup": given["workerGroup"], "workerId": given["workerId"], "started": date_text(self.here.now())}
            taken["takenUntil"] = date_text(self.here.now() + datetime.timedelta(minutes=20))
            run = entry["status"]["runs"][-1]
            run.update(state="running", **taken)
            entry["status"]["state"] = "running"
            own = [f"queue:{what}:{task_id}/{run['runId']}" for what in ("reclaim-task", "resolve-task", "create-artifact")]
            name = f"task-client/{task_id}/{run['runId']}/on/{given['workerGroup']}/{given['workerId']}"
            credentials = self.here.temporary(name, entry["task"]["scopes"] + own)
            claims.append(
                {"runId": run["runId"], "task": entry["task"], "credentials": credentials} | self.status_of(entry) | taken
            )
        return {"tasks": claims}

    def running(self, task_id, run_id):
        entry = self.here.task(task_id)
        runs = entry["status"]["runs"]
        require(int(run_id) < len(runs), 404, "ResourceNotFound", "Run not found")
        return entry, runs[int(run_id)]

    def report(self, task_id, run_id, what):
        entry, run = self.running(task_id, run_id)
        self.may(f"queue:resolve-task:{task_id}/{run_id}")
        reason = self.given()["reason"] if what == "exception" else what
        if run["state"] == what and run["reasonResolved"] == reason:
            return self.status_of(entry)
        require(run["state"] == "running", 409, "RequestConflict", f"Run {run_id} on task {task_id} is resolved or not running.")
        self.here.resolve(entry, what, reason)
        return self.status_of(entry)

    def reclaim(self, task_id, run_id):
        entry, run = self.running(task_id, run_id)
        self.may(f"queue:reclaim-task:{task_id}/{run_id}")
        require(run["state"] == "running", 409, "RequestConflict", "the run is resolved")
        run["takenUntil"] = date_text(self.here.now() + datetime.timedelta(minutes=20))
        return self.status_of(entry) | {"runId": int(run_id), "takenUntil": run["takenUntil"]}

    # --- artifacts

    def base(self):
        return f"http://{self.headers['Host']}"

    def create_artifact(self, task_id, run_id, name):
        entry, run = self.running(task_id, run_id)
        self.may(f"queue:create-artifact:{task_id}/{run_id}")
        require(run["state"] in ("running", "exception"), 409, "RequestConflict", "Artifacts cannot be created for a resolved task")
        given = self.given()
        kind = given["storageType"]
        if kind == "s3" and self.here.plan.get("object_artifacts"):
            kind = "object"
        end = parse_date(given["expires"], "expires") <= parse_date(entry["task"]["expires"], "expires")
        require(end, 400, "InputError", "Artifact expires after its task")
        known = entry["artifacts"].setdefault(int(run_id), {})
        artifact = {"storageType": kind, "name": name, "contentType": given.get("contentType", "application/json")}
        artifact |= given | {"storageType": kind}
        require(known.get(name, artifact) == artifact, 409, "RequestConflict", "Artifact already exists, with different type")
        known[name] = artifact
        if kind not in ("s3", "object"):
            return {name: artifact[name] for name in ("storageType", "expires")}
        # The object service of this server is filled as S3 is; what differs is how its objects are read.
        key = urllib.parse.quote(f"{task_id}/{run_id}/{name}")
        answer = {name: artifact[name] for name in ("expires", "contentType")}
        return answer | {"storageType": "s3", "putUrl": f"{self.base()}/store/{key}?signed=put"}

    def artifacts_of(self, task_id, run_id):
        entry = self.here.task(task_id)
        runs = entry["status"]["runs"]
        require(runs, 404, "ResourceNotFound", "Task doesn't have any runs")
        run = len(runs) - 1 if run_id is None else int(run_id)
        require(run < len(runs), 404, "ResourceNotFound", "Run not found")
        return run, entry["artifacts"].get(run, {})

    def list_artifacts(self, task_id, run_id):
        self.may(f"queue:list-artifacts:{task_id}" + (f":{run_id}" if run_id else ""))
        _, known = self.artifacts_of(task_id, run_id)
        shown = ("storageType", "name", "expires", "contentType", "contentLength")
        items = [{key: one[key] for key in shown if key in one} for _, one in sorted(known.items())]
        return self.page(items, "artifacts")

    def artifact_info(self, task_id, run_id, name):
        self.may(f"queue:list-artifacts:{task_id}" + (f":{run_id}" if run_id else ""))
        _, known = self.artifacts_of(task_id, run_id)
        require(name in known, 404, "ResourceNotFound", "Artifact not found")
        return {key: known[name][key] for key in ("storageType", "name", "expires", "contentType", "contentLength") if key in known[name]}

    def find_artifact(self, task_id, run_id, name):
        self.may(f"queue:get-artifact:{name}")
        run, known = self.artifacts_of(task_id, run_id)
        require(name in known, 404, "ResourceNotFound", "Artifact not found")
        if known[name]["storageType"] == "link":
            return self.find_artifact(task_id, str(run), known[name]["artifact"])
        return run, known[name]

    def artifact_content(self, task_id, run_id, name):
        run, artifact = self.find_artifact(task_id, run_id, name)
        kind = artifact["storageType"]
        if kind == "error":
            return {key: artifact[key] for key in ("storageType", "reason", "message")}
        if kind == "reference":
            return {"storageType": kind, "url": artifact["url"]}
        key = f"{task_id}/{run}/{artifact['name']}"
        if kind == "object":
            scope = f"object:download:{key}"
            return {"storageType": kind, "name": key, "credentials": self.here.temporary(f"artifact-download/{task_id}", [scope])}
        return {"storageType": kind, "url": f"{self.base()}/store/{urllib.parse.quote(key)}?signed=get"}

    def get_artifact(self, task_id, run_id, name):
        _, artifact = self.find_artifact(task_id, run_id, name)
        content = self.artifact_content(task_id, run_id, name)
        if artifact["storageType"] == "error":
            return 424, {key: content[key] for key in ("reason", "message")}, {}
        if artifact["storageType"] == "object":
            content = {"storageType": "object", "url": self.object_url(content["name"])}
        headers = {"Location": content["url"], "x-taskcluster-artifact-storage-type": content["storageType"]}
        return 303, content, headers

    def object_url(self, name):
        end = self.here.now().timestamp() + self.here.plan.get("url_seconds", 60)
        return f"{self.base()}/store/{urllib.parse.quote(name)}?signed=get&until={end}"

    def start_download(self, name):
        self.may(f"object:download:{name}")
        require(self.given()["acceptDownloadMethods"].get("getUrl"), 406, "NoMatchingMethod", "no matching method")
        require(name in self.here.store, 404, "ResourceNotFound", "Object not found")
        content = self.here.store[name][0]
        hashes = {"sha256": hashlib.sha256(content).hexdigest(), "sha512": hashlib.sha512(content).hexdigest()}
        hashes |= self.here.plan.get("hashes", {})
        end = self.here.now() + datetime.timedelta(seconds=self.here.plan.get("url_seconds", 60))
        return {"method": "getUrl", "url": self.object_url(name), "expires": date_text(end), "hashes": hashes}

    def stored(self, path, query):
        refusal = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
        if "Authorization" in self.headers:
            return 400, refusal, {"Content-Type": "application/xml"}
        key = urllib.parse.unquote(path[len("/store/") :])
        if self.command == "PUT":
            self.here.store[key] = self.body, self.headers.get("Content-Type", ""), self.headers.get("Content-Encoding")
            return 200, b"", {}
        end = re.search(r"until=([\d.]+)", query)
        if end and float(end[1]) < self.here.now().timestamp():
            return 403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", {}
        if key not in self.here.store:
            return 404, b"<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>", {}
        content, kind, encoding = self.here.store[key]
        headers = {"Content-Type": kind}
        if encoding:
            headers["Content-Encoding"] = encoding
        elif kind.startswith("text/"):
            content, headers["Content-Encoding"] = gzip.compress(content, mtime=0), "gzip"
        return 200, content, headers

    # --- the other services

    def send_mail(self):
        mail = self.given()
        fields = {"address", "subject", "content", "link", "replyTo", "template"}
        is_one = {"address", "subject", "content"} <= mail.keys() <= fields and "@" in mail["address"]
        is_one = is_one and 1 <= len(mail["subject"]) <= 255 and 1 <= len(mail["content"]) <= 102400
        if "link" in mail:
            is_one = is_one and 1 <= len(mail["link"]["text"]) <= 40 and 1 <= len(mail["link"]["href"]) <= 1024
        require(is_one, 400, "InputValidationError", "Schema Validation Failed")
        self.may(f"notify:email:{mail['address']}")
        denied = mail["address"] in self.here.plan.get("denylist", [])
        require(not denied, 400, "DenylistedAddress", f"Email {mail['address']} is denylisted")
        if mail in self.here.mails:
            return 204, b"", {}
        self.here.mails.append(mail)
        return 200, b"OK", {"Content-Type": "text/plain; charset=utf-8"}

    def get_secret(self, name):
        self.may(f"secrets:get:{name}")
        secrets = self.here.plan.get("secrets", {})
        require(name in secrets, 404, "ResourceNotFound", "Secret not found")
        return {"secret": secrets[name], "expires": date_text(self.here.now() + datetime.timedelta(days=1))}

    def current_scopes(self):
        self.may("auth:current-scopes")
        return {"scopes": self.scopes}

    def s3_credentials(self, level, bucket, prefix):
        valid = level in ("read-only", "read-write") and re.fullmatch("[a-z0-9][a-z0-9-]{1,62}[a-z0-9]", bucket)
        require(valid and not prefix.startswith("/"), 400, "InvalidRequestArguments", "level, bucket or prefix")
        levels = ["read-write", "read-only"] if level == "read-only" else ["read-write"]
        self.may(any_of=[f"auth:aws-s3:{one}:{bucket}/{prefix}" for one in levels])
        require(bucket != "unknown", 404, "ResourceNotFound", "Bucket is not whitelisted")
        keys = {"accessKeyId": "ASIAFAKE", "secretAccessKey": "fake-secret", "sessionToken": f"{level}:{bucket}/{prefix}"}
        return {"credentials": keys, "expires": date_text(self.here.now() + datetime.timedelta(hours=1))}


RUN = r"(?:/runs/(\d+))?"
ROUTES = [
    ("queue", "PUT", r"/task/([^/]+)", Handler.create_task),
    ("queue", "GET", r"/task/([^/]+)", Handler.get_task),
    ("queue", "GET", r"/task/([^/]+)/status", Handler.get_status),
    ("queue", "POST", r"/tasks/status", Handler.get_statuses),
    ("queue", "GET", r"/task-group/([^/]+)/list", Handler.list_group),
    ("queue", "POST", r"/task-group/([^/]+)/seal", Handler.seal_group),
    ("queue", "POST", r"/task-group/([^/]+)/cancel", Handler.cancel_group),
    ("queue", "POST", r"/task/([^/]+)/(rerun|cancel|schedule)", Handler.change_task),
    ("queue", "POST", r"/claim-work/(.+)", Handler.claim_work),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/reclaim", Handler.reclaim),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/(completed|failed|exception)", Handler.report),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/artifacts/(.+)", Handler.create_artifact),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifacts", Handler.list_artifacts),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifact-info/(.+)", Handler.artifact_info),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifact-content/(.+)", Handler.artifact_content),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifacts/(.+)", Handler.get_artifact),
    ("object", "PUT", r"/start-download/(.+)", Handler.start_download),
    ("notify", "POST", r"/email", Handler.send_mail),
    ("secrets", "GET", r"/secret/(.+)", Handler.get_secret),
    ("auth", "GET", r"/scopes/current", Handler.current_scopes),
    ("auth", "GET", r"/aws/s3/([^/]+)/([^/]+)/(.*)", Handler.s3_credentials),
]


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
