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
    wait_seconds      how long claimWork waits for a task (0; the real one: 20)
    secrets           {name: {...}}
    s3_credentials    {"accessKeyId": ..., "secretAccessKey": ..., "sessionToken": ...}; for any bucket but "unknown"
    object_artifacts  true: workers' artifacts go to the object service
    url_seconds       how long an object's URL is good (60)
    denylist          addresses that get no mail
    drops_mails       true: all of them, as those above the limit of an address are
    latency_seconds   how long each answer takes at least (0)
    hiccups           n: every n-th request is answered with a load balancer's page and status 502, and is not looked at
    faults            what happens to requests, each one used once: {"method", "path" (a part of it), "status", "headers",
                      "html": true for a load balancer's page, "late": true to do what was asked all the same,
                      "cut": true to close the connection within the body}
    forgets           true: GET /_requests gives nothing, so that many requests take no memory

Workers claim tasks and report as with the real queue (taskcluster_worker.py is one). For tests alone are
POST /_plan, which changes keys of the plan, POST /_expire/TASK/RUN, which lets the claim of a run end, and
GET /_requests, what was asked: [{"method", "path", "headers", "body"}, ...].
"""

import argparse
import datetime
import email.utils
import gzip
import hashlib
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

import plain_http
import taskcluster_rules as rules
from taskcluster_tasks import Deployment
from taskcluster_terms import OPEN_STATES, Refused, date_text, parse_date, require, satisfies

MOST_BYTES = 10 << 20
MOST_LISTED = 1000
HTML = b"<html><head><title>502 Server Error</title></head><body>The server had a hiccup</body></html>"
# A worker may still leave artifacts of a run that was ended for it.
ARTIFACTS_AFTER_EXCEPTION = datetime.timedelta(minutes=25)


class Server(plain_http.Server):
    def __init__(self, port, plan):
        super().__init__(("127.0.0.1", port), Handler)
        self.deployment = Deployment(plan)
        self.count = 0


class Handler(plain_http.Handler):
    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(self.server.deployment.now().replace(microsecond=0), usegmt=True)

    def answer(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.here = self.server.deployment
        self.fault = None
        if self.path.startswith("/_"):
            with self.here.lock:
                return self.send(200, json.dumps(self.for_tests()).encode())
        if self.here.plan.get("latency_seconds"):
            time.sleep(self.here.plan["latency_seconds"])
        with self.here.lock:
            self.note_request()
            self.fault = self.take_fault()
            if self.fault and "status" in self.fault and not self.fault.get("late"):
                return self.send_fault()
            try:
                status, result, headers = self.route()
            except Refused as refused:
                status, headers = refused.status, {}
                tail = f"\n\n---\n\n* method:     {self.command}\n* errorCode:  {refused.code}\n* statusCode: {status}"
                result = {"code": refused.code, "message": refused.message + tail, "requestInfo": {"method": self.command}}
            body = result if isinstance(result, bytes) else json.dumps(result).encode()
        if self.fault and "status" in self.fault:
            return self.send_fault()
        return self.send(status, body, headers)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815: names of the base class

    def for_tests(self):
        if self.path == "/_plan":
            self.here.plan.update(json.loads(self.body))
            self.here.changed.notify_all()
        elif self.path.startswith("/_expire/"):
            _, _, task_id, run_id = self.path.split("/")
            _, run = self.here.run(task_id, run_id)
            run["takenUntil"] = date_text(self.here.now() - datetime.timedelta(seconds=1))
            self.here.task(task_id)
        elif self.path == "/_requests":
            return self.here.requests
        return {}

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
        cut = self.fault and self.fault.get("cut")
        self.wfile.write(body[: len(body) // 2] if cut else b"" if self.command == "HEAD" or status == 204 else body)
        self.close_connection |= bool(cut)

    # --- routes

    def route(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/store/"):
            return self.stored(path, query)
        match = re.fullmatch(r"/api/([a-z]+)/v1(/.*)", path)
        self.query = {name: values[0] for name, values in urllib.parse.parse_qs(query, keep_blank_values=True).items()}
        asked = "GET" if self.command == "HEAD" else self.command
        for service, method, pattern, handle, *schema in ROUTES:
            found = match and match[1] == service and asked == method and re.fullmatch(pattern, match[2])
            if found:
                require(len(self.body) <= MOST_BYTES, 500, "InternalServerError", "Internal Server Error")
                self.scopes = self.here.access.scopes_of(self)
                parts = (part and urllib.parse.unquote(part) for part in found.groups())
                result = handle(self, *parts)
                result = result if isinstance(result, tuple) else (200, result, {})
                if schema and result[0] < 400:
                    self.check_own(schema[0], result[1])
                return result
        return 404, {"error": "Not found"}, {}

    @staticmethod
    def check_own(schema, result):
        """The real services check what they answer too. Of a list, the first few are enough."""
        some = {name: value[:3] if isinstance(value, list) else value for name, value in result.items()}
        try:
            rules.SCHEMAS.check(schema, some)
        except Refused as refused:
            raise Refused(500, "InternalServerError", f"this fake's own answer is wrong: {refused.message}") from None

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
        limit = self.query.get("limit", str(MOST_LISTED))
        require(re.fullmatch("[1-9][0-9]*", limit), 400, "InvalidRequestArguments", "limit must match /^[0-9]+$/")
        # A token that is none is taken silently, for the first page.
        token = re.search(r"\+/=(\d+)$", self.query.get("continuationToken", ""))
        begin = int(token[1]) if token else 0
        size = min(self.here.plan.get("page", MOST_LISTED), int(limit), MOST_LISTED)
        result = (others or {}) | {name: items[begin : begin + size]}
        if begin + size < len(items):
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
        self.may(f"queue:get-task:{task_id}")
        return self.here.task(task_id).task

    def get_status(self, task_id):
        self.may(f"queue:status:{task_id}")
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
        self.may(*[f"queue:{action}:{one}" for one in given["taskIds"]])
        return [self.here.task(one) for one in given["taskIds"] if one in self.here.tasks]

    def dependents(self, task_id):
        self.may(f"queue:list-dependent-tasks:{task_id}")
        entries = sorted(self.here.dependents[self.here.task(task_id).task_id], key=lambda entry: entry.task_id)
        return self.page([{"task": one.task} | self.status_of(one) for one in entries], "tasks", {"taskId": task_id})

    def get_group(self, group_id):
        self.may(f"queue:list-task-group:{group_id}")
        return self.here.group(group_id)

    def list_group(self, group_id):
        group = self.get_group(group_id)
        entries = sorted(self.here.group_tasks(group_id), key=lambda entry: entry.task_id)
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
        self.may(f"queue:cancel-task-group:{group['schedulerId']}/{group_id}")
        require("sealed" in group, 409, "RequestConflict", "Task group must be sealed before it is cancelled")
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
        in_project = f"queue:{verb}-task-in-project:{status['projectId']}"
        self.may(any_of=[in_project, f"queue:{verb}-task:{status['schedulerId']}/{status['taskGroupId']}/{task_id}"])
        self.here.change(entry, verb)
        return self.status_of(entry)

    # --- workers

    def claim_work(self, queue):
        given = self.given()
        fields = isinstance(given, dict) and {"workerGroup", "workerId"} <= given.keys() <= {"workerGroup", "workerId", "tasks"}
        rules.valid(fields, "data must have workerGroup and workerId")
        worker = {name: given[name] for name in ("workerGroup", "workerId")}
        self.may(f"queue:claim-work:{queue}", f"queue:worker-id:{worker['workerGroup']}/{worker['workerId']}")
        end = time.monotonic() + self.here.plan.get("wait_seconds", 0)
        while not (claimed := self.here.claim(queue, worker, given.get("tasks", 1))) and time.monotonic() < end:
            self.here.changed.wait(max(0, end - time.monotonic()))
        return {"tasks": [self.claim_of(entry, run, worker) for entry, run in claimed]}

    def claim_of(self, entry, run, worker):
        # Not the date format of all other answers, as with the real one.
        until = run["takenUntil"].replace("Z", "+00:00")
        own = {"runId": run["runId"], "task": entry.task, "credentials": self.here.credentials_of(entry, run), "takenUntil": until}
        return own | worker | self.status_of(entry)

    def reclaim(self, task_id, run_id):
        entry, run = self.here.run(task_id, run_id)
        self.may(f"queue:reclaim-task:{task_id}/{run_id}")
        require(run["state"] == "running", 409, "RequestConflict", f"Run {run_id} on task {task_id} is resolved or not running.")
        run["takenUntil"] = self.here.end_of_claim()
        own = {"runId": int(run_id), "takenUntil": run["takenUntil"], "credentials": self.here.credentials_of(entry, run)}
        return own | {name: run[name] for name in ("workerGroup", "workerId")} | self.status_of(entry)

    def report(self, task_id, run_id, what):
        entry, run = self.here.run(task_id, run_id)
        self.may(f"queue:resolve-task:{task_id}/{run_id}")
        reason = self.given()["reason"] if what == "exception" else what
        if run["state"] == what and run["reasonResolved"] == reason:
            return self.status_of(entry)
        require(run["state"] == "running", 409, "RequestConflict", f"Run {run_id} on task {task_id} is resolved or not running.")
        self.here.resolve(entry, what, reason)
        return self.status_of(entry)

    # --- artifacts

    def base(self):
        return f"http://{self.headers['Host']}"

    def create_artifact(self, task_id, run_id, name):
        entry, run = self.here.run(task_id, run_id)
        self.may(f"queue:create-artifact:{task_id}/{run_id}")
        given = self.given()
        rules.check_artifact(name, given)
        recent = run["state"] == "exception" and self.here.now() - parse_date(run["resolved"], "") < ARTIFACTS_AFTER_EXCEPTION
        require(run["state"] == "running" or recent, 409, "RequestConflict", "Artifacts cannot be created for a task that is resolved")
        kind = given["storageType"]
        if kind == "s3" and self.here.plan.get("object_artifacts"):
            kind = "object"
        end = parse_date(given["expires"], "expires") <= parse_date(entry.task["expires"], "expires")
        require(end, 400, "InputError", "Artifact expires after its task")
        artifact = {"name": name, "contentType": "application/json"} | given | {"storageType": kind}
        known = entry.artifacts.setdefault(int(run_id), {})
        require(may_follow(artifact, known.get(name)), 409, "RequestConflict", "Artifact already exists, with different type")
        known[name] = artifact
        if kind not in ("s3", "object"):
            return {"storageType": kind}
        # The object service of this server is filled as S3 is; what differs is how its objects are read.
        key = urllib.parse.quote(f"{task_id}/{run_id}/{name}")
        answer = {name: artifact[name] for name in ("expires", "contentType")}
        return answer | {"storageType": "s3", "putUrl": f"{self.base()}/store/{key}?signed=put"}

    def artifacts_of(self, task_id, run_id):
        """Of a run, or of the latest one, even if that has not begun."""
        entry = self.here.task(task_id)
        require(entry.runs, 404, "ResourceNotFound", "Task doesn't have any runs")
        run = len(entry.runs) - 1 if run_id is None else int(run_id)
        require(run < len(entry.runs), 404, "ResourceNotFound", "Run not found")
        return run, entry.artifacts.get(run, {})

    def list_artifacts(self, task_id, run_id):
        self.may(f"queue:list-artifacts:{task_id}" + (f":{run_id}" if run_id else ""))
        _, known = self.artifacts_of(task_id, run_id)
        return self.page([shown(one) for _, one in sorted(known.items())], "artifacts")

    def artifact_info(self, task_id, run_id, name):
        self.may(f"queue:list-artifacts:{task_id}" + (f":{run_id}" if run_id else ""))
        _, known = self.artifacts_of(task_id, run_id)
        require(name in known, 404, "ResourceNotFound", "Artifact not found")
        return shown(known[name])

    def find_artifact(self, task_id, run_id, name):
        self.may(f"queue:get-artifact:{name}")
        run, known = self.artifacts_of(task_id, run_id)
        require(name in known, 404, "ResourceNotFound", "Artifact not found")
        require(parse_date(known[name]["expires"], "") > self.here.now(), 410, "ResourceExpired", "Artifact has expired")
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
            return {"storageType": kind, "name": key, "credentials": self.here.access.issue(f"artifact-download/{task_id}", [scope])}
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
        content, _, encoding = self.here.store[name]
        content = gzip.decompress(content) if encoding == "gzip" else content
        hashes = {"sha256": hashlib.sha256(content).hexdigest(), "sha512": hashlib.sha512(content).hexdigest()}
        hashes |= self.here.plan.get("hashes", {})
        end = self.here.now() + datetime.timedelta(seconds=self.here.plan.get("url_seconds", 60))
        return {"method": "getUrl", "url": self.object_url(name), "expires": date_text(end), "hashes": hashes}

    def stored(self, path, query):
        if "Authorization" in self.headers:
            return 400, xml("InvalidArgument", "Only one auth mechanism allowed"), {"Content-Type": "application/xml"}
        key = urllib.parse.unquote(path[len("/store/") :])
        if self.command == "PUT":
            self.here.store[key] = self.body, self.headers.get("Content-Type", ""), self.headers.get("Content-Encoding")
            return 200, b"", {}
        end = re.search(r"until=([\d.]+)", query)
        if end and float(end[1]) < self.here.now().timestamp():
            return 403, xml("AccessDenied", "Request has expired"), {"Content-Type": "application/xml"}
        if key not in self.here.store:
            return 404, xml("NoSuchKey", "The specified key does not exist."), {"Content-Type": "application/xml"}
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
        rules.check_mail(mail)
        self.may(f"notify:email:{mail['address']}")
        denied = mail["address"] in self.here.plan.get("denylist", [])
        require(not denied, 400, "DenylistedAddress", f"Email {mail['address']} is denylisted")
        if mail in self.here.mails or self.here.plan.get("drops_mails"):
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
        return {"scopes": sorted(set(self.scopes), key=self.scopes.index)}

    def expand_scopes(self):
        self.may("auth:expand-scopes")
        return {"scopes": self.here.access.expand(self.given()["scopes"])}

    def s3_credentials(self, level, bucket, prefix):
        valid = level in ("read-only", "read-write") and re.fullmatch("[a-z0-9][a-z0-9-]{1,62}[a-z0-9]", bucket)
        require(valid and not prefix.startswith("/"), 400, "InvalidRequestArguments", "level, bucket or prefix")
        levels = ["read-write", "read-only"] if level == "read-only" else ["read-write"]
        self.may(any_of=[f"auth:aws-s3:{one}:{bucket}/{prefix}" for one in levels])
        require(bucket != "unknown", 404, "ResourceNotFound", "Bucket is not whitelisted")
        keys = {"accessKeyId": "ASIAFAKE", "secretAccessKey": "fake-secret", "sessionToken": f"{level}:{bucket}/{prefix}"}
        keys |= self.here.plan.get("s3_credentials", {})
        return {"credentials": keys, "expires": date_text(self.here.now() + datetime.timedelta(hours=1))}

    def find_indexed(self, namespace):
        self.may(f"index:find-task:{namespace}")
        require(namespace in self.here.index, 404, "ResourceNotFound", "Indexed task not found")
        entry = self.here.task(self.here.index[namespace])
        return {"namespace": namespace, "taskId": entry.task_id, "rank": 0, "data": {}, "expires": entry.task["expires"]}

    def indexed_artifact(self, namespace, name):
        self.may(f"queue:get-artifact:{name}")
        require(namespace in self.here.index, 404, "ResourceNotFound", "Indexed task not found")
        task = self.here.index[namespace]
        url = f"{self.base()}/api/queue/v1/task/{task}/artifacts/{urllib.parse.quote(name, safe='')}"
        return 303, {"url": url}, {"Location": url}


def xml(code, message):
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def shown(artifact):
    return {key: artifact[key] for key in ("storageType", "name", "expires", "contentType", "contentLength") if key in artifact}


def may_follow(new, old):
    """May an artifact be made where there is that one? The expiry may grow; a reference may change, or become a link."""
    if old is None:
        return True
    if parse_date(new["expires"], "") < parse_date(old["expires"], ""):
        return False
    if old["storageType"] == "reference" and new["storageType"] in ("reference", "link"):
        return True
    return new | {"expires": ""} == old | {"expires": ""}


RUN = r"(?:/runs/(\d+))?"
# Service, method, path, what answers, and the schema of the answer.
ROUTES = [
    *[(service, "GET", "/ping", Handler.ping) for service in ("queue", "object", "notify", "secrets", "auth", "index")],
    ("queue", "PUT", r"/task/([^/]+)", Handler.create_task, "queue-task-status-response"),
    ("queue", "GET", r"/task/([^/]+)", Handler.get_task, "queue-task"),
    ("queue", "GET", r"/task/([^/]+)/status", Handler.get_status, "queue-task-status-response"),
    ("queue", "GET", r"/task/([^/]+)/dependents", Handler.dependents, "queue-list-dependent-tasks-response"),
    ("queue", "POST", r"/tasks", Handler.get_tasks, "queue-tasks-response"),
    ("queue", "POST", r"/tasks/status", Handler.get_statuses, "queue-tasks-statuses-response"),
    ("queue", "GET", r"/task-group/([^/]+)", Handler.get_group, "queue-task-group-response"),
    ("queue", "GET", r"/task-group/([^/]+)/list", Handler.list_group, "queue-list-task-group-response"),
    ("queue", "POST", r"/task-group/([^/]+)/seal", Handler.seal_group, "queue-task-group-response"),
    ("queue", "POST", r"/task-group/([^/]+)/cancel", Handler.cancel_group, "queue-cancel-task-group-response"),
    ("queue", "POST", r"/task/([^/]+)/(rerun|cancel|schedule)", Handler.change_task, "queue-task-status-response"),
    ("queue", "POST", r"/claim-work/(.+)", Handler.claim_work),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/reclaim", Handler.reclaim),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/(completed|failed|exception)", Handler.report, "queue-task-status-response"),
    ("queue", "POST", r"/task/([^/]+)/runs/(\d+)/artifacts/(.+)", Handler.create_artifact, "queue-post-artifact-response"),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifacts", Handler.list_artifacts, "queue-list-artifacts-response"),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifact-info/(.+)", Handler.artifact_info, "queue-artifact-response"),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifact-content/(.+)", Handler.artifact_content, "queue-artifact-content-response"),
    ("queue", "GET", rf"/task/([^/]+){RUN}/artifacts/(.+)", Handler.get_artifact, "queue-get-artifact-response"),
    ("object", "PUT", r"/start-download/(.+)", Handler.start_download, "object-download-object-response"),
    ("notify", "POST", r"/email", Handler.send_mail),
    ("secrets", "GET", r"/secret/(.+)", Handler.get_secret, "secrets-secret"),
    ("auth", "GET", r"/scopes/current", Handler.current_scopes, "auth-scopeset"),
    ("auth", "POST", r"/scopes/expand", Handler.expand_scopes, "auth-scopeset"),
    ("auth", "GET", r"/aws/s3/([^/]+)/([^/]+)/(.*)", Handler.s3_credentials, "auth-aws-s3-credentials-response"),
    ("index", "GET", r"/task/([^/]+)/artifacts/(.+)", Handler.indexed_artifact),
    ("index", "GET", r"/task/([^/]+)", Handler.find_indexed, "index-indexed-task-response"),
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
