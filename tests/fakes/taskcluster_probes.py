#!/usr/bin/python3
"""What Taskcluster answers, as stories of requests: what was seen on the services of release 106.0.0, and what their source says.

    TASKCLUSTER_CLIENT_ID=... TASKCLUSTER_ACCESS_TOKEN=... taskcluster_probes.py ROOT_URL

asks the deployment there, and prints what differs. tests/runs/probes_test.py asks the fake one. The client needs the scope `*`. Queues,
groups and objects have names that nothing else uses.
"""

import base64
import collections
import datetime
import json
import os
import re
import sys
import time
import urllib.parse

import hawk
from taskcluster_terms import SLUGID, date_text, slugid, utc_now

# The shape of an answer: a type, a pattern, the value itself, [a shape] for a list of any length, a tuple of shapes for a list of that
# length, or a shape for each key of an object. A key that ends in ? may be missing, and ...: ... lets an object have other keys.
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STATE = re.compile("unscheduled|pending|running|completed|failed|exception")
RUN = {"runId": int, "state": STATE, "reasonCreated": str, "scheduled": DATE, "reasonResolved?": str, "resolved?": DATE, "started?": DATE,
       "takenUntil?": DATE, "workerGroup?": str, "workerId?": str}  # fmt: skip
STATUS = {"taskId": SLUGID, "provisionerId": str, "workerType": str, "taskQueueId": str, "schedulerId": str, "projectId": str,
          "taskGroupId": SLUGID, "priority": str, "deadline": DATE, "expires": DATE, "retriesLeft": int, "state": STATE,
          "runs": [RUN]}  # fmt: skip
CREDENTIALS = {"clientId": str, "accessToken": str, "certificate": str}

# `who` asks: the client of the deployment, NOBODY, WRONG, a list of the only scopes, or credentials of an answer before. Of a refusal
# the answer is a pair: the code, and what the message begins with.
ROOT, NOBODY, WRONG = "root", "nobody", "wrong"
Probe = collections.namedtuple("Probe", "who method path given status answer")


def after(**time):
    return date_text(utc_now() + datetime.timedelta(**time))


def definition(**more):
    metadata = {"name": "probe", "description": "-", "owner": "a@example.com", "source": "https://example.com"}
    dates = {"created": after(), "deadline": after(hours=1), "expires": after(hours=2)}
    return {"taskQueueId": "proj-probe/queue", "schedulerId": "probe", "payload": {}, "metadata": metadata} | dates | more


def create(answer=None, status=200, task_id=None, who=ROOT, **more):
    return Probe(who, "PUT", f"queue/v1/task/{task_id or slugid()}", definition(**more), status, answer or {"status": STATUS})


def quoted(name):
    return urllib.parse.quote(name, safe="")


# --- the stories: an answer is what its request's `yield` returns


def sealed_groups():
    """The group is looked at before the task is, and cancelling looks for the seal before it looks for scopes."""
    group, task_id = slugid(), slugid()
    path, first = f"queue/v1/task-group/{group}", create(task_id=task_id, taskGroupId=group)
    shape = {"taskGroupId": group, "schedulerId": "probe", "expires": DATE}
    yield first
    yield first
    yield Probe(ROOT, "GET", path, None, 200, shape)
    yield Probe(["x"], "POST", f"{path}/cancel", None, 409, ("RequestConflict", ""))
    yield Probe(ROOT, "POST", f"{path}/seal", None, 200, shape | {"sealed": DATE})
    sealed = f"Task group `{group}` is sealed and does not accept new tasks."
    yield first._replace(status=409, answer=("RequestConflict", sealed))
    yield create(("RequestConflict", sealed), 409, taskGroupId=group)
    cancelled = {"taskGroupId": group, "taskGroupSize": 1, "cancelledCount": 1, "taskIds": [task_id]}
    yield Probe(ROOT, "POST", f"{path}/cancel", None, 200, cancelled)
    ended, new = {"reasonResolved": "canceled", ...: ...}, {"reasonCreated": "rerun", "state": "pending", ...: ...}
    again = {"status": STATUS | {"state": "pending", "runs": (ended, new)}}
    yield Probe(ROOT, "POST", f"queue/v1/task/{task_id}/rerun", None, 200, again)


def dates():
    for deadline in (after(hours=1)[:19], after(hours=1).lower(), after(hours=1).replace("T", " "), after(hours=1)[:-1] + "+0000"):
        yield create(deadline=deadline)
    yield create(**dict.fromkeys(("created", "deadline", "expires"), after(minutes=5)))
    for given, text in (
        ({"created": after(minutes=-16)}, "`created` cannot be in the past"),
        ({"created": after(minutes=16)}, "`created` cannot be in the future"),
        ({"created": after(minutes=2), "deadline": after(minutes=1)}, "`deadline` cannot be later than `created`"),
        ({"deadline": after(days=6), "expires": after(days=7)}, "`deadline` cannot be more than"),
        ({"expires": after(minutes=59)}, "`expires` cannot be before `deadline`"),
    ):
        yield create(("InputError", text), 400, **given)
    yield create(("InputValidationError", ""), 400, deadline="tomorrow")


def definitions():
    for text in ("\0", "\ud800"):
        yield create(("InternalServerError", ""), 500, payload={"x": text})
    yield create(("InputValidationError", ""), 400, script="x")
    yield create(("InputValidationError", ""), 400, retries=50)
    yield create(("InputError", ""), 400, scopes=["a**"])
    yield create(("InputError", "`task.dependencies` references non-existing tasks"), 400, dependencies=[slugid()])
    first = slugid()
    yield create(task_id=first, deadline=after(minutes=1), expires=after(minutes=2))
    yield create(("InputError", "`task.dependencies` references tasks that expires"), 400, dependencies=[first])
    yield create(("RequestConflict", f"taskId `{first}` already used by another task."), 409, task_id=first, priority="low")


def texts_of_refusals():
    """They name what is missing, and then all that is needed."""
    begin, needs = "does not have sufficient scopes and is missing the following scopes:\n\n```\n", "This request requires the client"
    task_id = slugid()
    scope = f"queue:status:{task_id}"
    text = f"Client ID probe/few {begin}{scope}\n```\n\n{needs} to satisfy the following scope expression:\n\n```\n{scope}\n```"
    yield Probe(["x"], "GET", f"queue/v1/task/{task_id}/status", None, 403, ("InsufficientScopes", text))
    text = f"This request requires Taskcluster credentials that satisfy the following scope expression:\n\n```\n{scope}\n```"
    yield Probe(NOBODY, "GET", f"queue/v1/task/{task_id}/status", None, 403, ("InsufficientScopes", text))
    missing = {"AllOf": ["queue:create-task:project:none", {"AnyOf": [
        "queue:create-task:highest:proj-probe/queue", "queue:create-task:very-high:proj-probe/queue"]}]}  # fmt: skip
    text = f"Client ID probe/few {begin}{json.dumps(missing, indent=2)}\n```\n\n{needs}"
    yield create(("InsufficientScopes", text), 403, who=["queue:scheduler-id:*"], priority="very-high")


def credentials():
    """They are looked at where scopes are needed, and nowhere else."""
    yield Probe(WRONG, "GET", "queue/v1/ping", None, 200, {"alive": True, "uptime": float})
    yield Probe(WRONG, "GET", f"queue/v1/task/{slugid()}/status", None, 401, ("AuthenticationFailed", ""))
    yield Probe(["x" * 3100], "GET", "auth/v1/scopes/current", None, 401, ("AuthenticationFailed", "Bad Request: Header length too long"))
    few = ["auth:current-scopes", "auth:expand-scopes"]
    answer = yield Probe(few, "GET", "auth/v1/scopes/current", None, 200, {"scopes": [str]})
    if not {*few, "assume:anonymous"} <= set(answer["scopes"]):
        yield "currentScopes has the scopes of the caller and assume:anonymous"
    yield Probe(ROOT, "POST", "auth/v1/scopes/expand", {"scopes": ["a:b", "a:*", "c"]}, 200, {"scopes": ("a:*", "c")})


def parameters():
    refused = ("InvalidRequestArguments", "")
    task_id, group = slugid(), slugid()
    group_list = f"queue/v1/task-group/{group}/list"
    yield create(task_id=task_id, taskGroupId=group)
    for path in (f"queue/v1/task/{task_id}/status?x=1", f"{group_list}?limit=-1", f"{group_list}?continuationToken=",
                 "queue/v1/task-group/x/list", "index/v1/task/a..c"):  # fmt: skip
        yield Probe(ROOT, "GET", path, None, 400, refused)
    text = "Invalid URL patterns:\nURL parameter 'taskId' given as 'x' must match regular expression: '/^"
    yield Probe(ROOT, "GET", "queue/v1/task/x", None, 400, ("InvalidRequestArguments", text))
    page = {"taskGroupId": group, "schedulerId": str, "expires": DATE, "tasks": (), "continuationToken?": str}
    yield Probe(ROOT, "GET", f"{group_list}?limit=0", None, 200, page)
    page |= {"tasks": ({"status": STATUS, "task": dict},)}
    yield Probe(ROOT, "GET", f"{group_list}?limit=100000&continuationToken=zzz", None, 200, page)
    yield Probe(ROOT, "GET", f"{group_list}?continuationToken=%3F%21", None, 400, ("InputError", ""))
    yield Probe(ROOT, "POST", "queue/v1/tasks/status", {"taskIds": [task_id, task_id, slugid()]}, 200,
                {"statuses": ({"taskId": task_id, "status": STATUS},)})  # fmt: skip
    yield Probe(ROOT, "GET", "queue/v1/nothing", None, 404, {"error": "Not found"})
    yield Probe(ROOT, "DELETE", f"queue/v1/task/{task_id}", None, 404, {"error": "Not found"})
    yield Probe(ROOT, "GET", f"queue/v1/task/{slugid()}", None, 404, ("ResourceNotFound", ""))
    yield Probe(ROOT, "GET", f"queue/v1/task-group/{slugid()}", None, 404, ("ResourceNotFound", "No task-group with taskGroupId"))
    yield Probe(ROOT, "GET", f"index/v1/task/no.such.{slugid()}", None, 404, ("ResourceNotFound", ""))


def order_of_a_group():
    """By id, a < A < b, as the data base sorts."""
    group, rest = slugid(), slugid()[1:]
    for first in "BaA":
        yield create(task_id=first + rest, taskGroupId=group)
    tasks = tuple({"status": {"taskId": first + rest, ...: ...}, "task": dict} for first in "aAB")
    yield Probe(ROOT, "GET", f"queue/v1/task-group/{group}/list", None, 200, {"tasks": tasks, ...: ...})


def claimed():
    """A run of a new task in a queue of its own: its task's id, and the credentials of its worker."""
    queue, task_id = f"proj-probe/q{int(time.time() * 1000)}", slugid()
    path, worker = f"queue/v1/claim-work/{quoted(queue)}", {"workerGroup": "probe", "workerId": "probe"}
    yield create(task_id=task_id, taskQueueId=queue, scopes=["probe:x"])
    yield Probe(ROOT, "POST", path, worker | {"tasks": 33}, 400, ("InputValidationError", ""))
    # Not the date format of all other answers.
    until = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?\+00:00")
    claim = {"status": STATUS | {"state": "running"}, "runId": 0, "task": dict, "credentials": CREDENTIALS, "takenUntil": until, **worker}
    answer = yield Probe(ROOT, "POST", path, worker, 200, {"tasks": (claim,)})
    return task_id, answer["tasks"][0]["credentials"]


def reports():
    task_id, own = yield from claimed()
    if not re.fullmatch(rf"task-client/{task_id}/0/on/probe/probe/until/\d+(\.\d*[1-9])?", own["clientId"]):
        yield f"the clientId of a run is {own['clientId']}"
    if json.loads(own["certificate"])["scopes"][-1] != "probe:x":
        yield "the scopes of a task follow those that its run has"
    path = f"queue/v1/task/{task_id}/runs/0"
    reclaim = {"status": STATUS, "runId": 0, "workerGroup": "probe", "workerId": "probe", "takenUntil": DATE, "credentials": CREDENTIALS}
    yield Probe(own, "POST", f"{path}/reclaim", None, 200, reclaim)
    for given in ({}, {"reason": "tired"}):
        yield Probe(own, "POST", f"{path}/exception", given, 400, ("InputValidationError", ""))
    for _ in range(2):
        yield Probe(own, "POST", f"{path}/completed", None, 200, {"status": STATUS | {"state": "completed"}})
    for what in ("failed", "reclaim"):
        yield Probe(own, "POST", f"{path}/{what}", None, 409, ("RequestConflict", ""))
    # What has completed runs again as well.
    again = {"status": STATUS | {"state": "pending", "runs": ({"state": "completed", ...: ...}, {"reasonCreated": "rerun", ...: ...})}}
    for _ in range(2):
        yield Probe(ROOT, "POST", f"queue/v1/task/{task_id}/rerun", None, 200, again)


def artifacts():
    task_id, own = yield from claimed()
    path, dated = f"queue/v1/task/{task_id}/runs/0/artifacts", {"expires": after(minutes=90), "contentType": "text/plain"}
    own_kind = "x-taskcluster-artifact-storage-type"

    def make(name, status, answer, **given):
        return Probe(own, "POST", f"{path}/{quoted(name)}", given, status, answer)

    stored = {"storageType": "s3", "putUrl": str, "expires": DATE, "contentType": "text/plain"}
    yield make("public/a", 200, stored, storageType="s3", contentLength=1, **dated)
    # The length may be another one, and stays.
    yield make("public/a", 200, stored, storageType="s3", contentLength=2, **dated)
    conflict = ("RequestConflict", "Artifact already exists with different properties")
    yield make("public/a", 409, conflict, storageType="s3", **dated | {"contentType": "text/html"})
    for expires, text in ((after(minutes=-20), "Expires must be in the future"), (after(hours=3), "Artifact expires (")):
        yield make("public/b", 400, ("InputError", text), storageType="s3", **dated | {"expires": expires})
    yield make("public/r", 200, {"storageType": "reference"}, storageType="reference", url="https://example.com/r", **dated)
    yield make("public/r", 200, {"storageType": "link"}, storageType="link", artifact="public/a", **dated | {"contentType": "text/html"})
    yield make("public/l", 200, {"storageType": "link"}, storageType="link", artifact="public/l", expires=dated["expires"])
    yield make("public/e", 200, {"storageType": "error"}, storageType="error", reason="file-missing-on-worker", message="m",
               expires=dated["expires"])  # fmt: skip
    info = {"storageType": str, "name": str, "expires": DATE, "contentType": str}
    yield Probe(ROOT, "GET", path, None, 200, {"artifacts": [info | {"contentLength?": int}]})
    yield Probe(ROOT, "GET", f"{path.replace('artifacts', 'artifact-info')}/public%2Fa", None, 200, info | {"contentLength": 1})
    yield Probe(ROOT, "GET", f"{path.replace('artifacts', 'artifact-info')}/public%2Fr", None, 200, info | {"contentType": "text/plain"})
    content = f"queue/v1/task/{task_id}/artifact-content"
    yield Probe(ROOT, "GET", f"{content}/public%2Fr", None, 200, {"storageType": "s3", "url": str})
    found = {"storageType": "s3", "url": str, "headers": {"location": str, own_kind: "s3", ...: ...}}
    yield Probe(ROOT, "GET", f"{path}/public%2Fr", None, 303, found)
    yield Probe(ROOT, "GET", f"{path}/public%2Fl", None, 400, ("InputError", "Artifact leads to a link cycle"))
    error = {"reason": "file-missing-on-worker", "message": "m"}
    yield Probe(ROOT, "GET", f"{path}/public%2Fe", None, 424, error | {"headers": {own_kind: "error", ...: ...}})
    yield Probe(ROOT, "GET", f"{content}/public%2Fe", None, 200, error | {"storageType": "error"})
    for wrong, text in ((f"{slugid()}/runs/0", "Task not found"), (f"{task_id}/runs/7", "Run not found")):
        yield Probe(ROOT, "POST", f"queue/v1/task/{wrong}/artifacts/x", {"storageType": "s3", **dated}, 400, ("InputError", text))
    pending = slugid()
    yield create(task_id=pending)
    unclaimed = ("InputError", "Run was not claimed by a worker")
    yield Probe(ROOT, "POST", f"queue/v1/task/{pending}/runs/0/artifacts/x", {"storageType": "s3", **dated}, 400, unclaimed)


def objects():
    """Artifacts in the object service, which are listed before they are there."""
    task_id, own = yield from claimed()
    name, run = "public/o", f"queue/v1/task/{task_id}/runs/0"
    place = {"storageType": "object", "name": f"t/{task_id}/0/{name}", "projectId": "none", "uploadId": SLUGID, "expires": DATE,
             "credentials": CREDENTIALS}  # fmt: skip
    given = {"storageType": "object", "contentType": "text/plain", "expires": after(minutes=90)}
    made = yield Probe(own, "POST", f"{run}/artifacts/{quoted(name)}", given, 200, place)
    uploader, path = made["credentials"], quoted(made["name"])
    yield Probe(ROOT, "GET", f"{run}/artifacts", None, 200, {"artifacts": ({"storageType": "object", "name": name, ...: ...},)})
    for what in ("artifacts", "artifact-content", "artifact-info"):
        yield Probe(ROOT, "GET", f"{run}/{what}/{quoted(name)}", None, 404, ("ResourceNotFound", "Artifact not found"))
    yield Probe(ROOT, "PUT", f"object/v1/start-download/{path}", {"acceptDownloadMethods": {}}, 404, ("ResourceNotFound", "Object"))
    own_upload = {key: made[key] for key in ("projectId", "uploadId")}
    inline = {"dataInline": {"contentType": "text/plain", "objectData": base64.b64encode(b"o").decode()}}
    upload = own_upload | {"expires": made["expires"], "proposedUploadMethods": inline}
    answer = own_upload | {"expires": DATE, "uploadMethod": {"dataInline": True}}
    yield Probe(uploader, "PUT", f"object/v1/upload/{path}", upload, 200, answer)
    other = upload | {"expires": after(hours=1)}
    yield Probe(uploader, "PUT", f"object/v1/upload/{path}", other, 409, ("RequestConflict", "Object already exists"))
    yield Probe(own, "PUT", f"{run}/artifacts/{quoted(name)}", {"uploadId": slugid()}, 400, ("InputError", "given uploadId does not match"))
    sha = "65c74c15a686187bb6bbf9958f494fc6b80068034a659a9ad44991b08c58f2d2"
    yield Probe(uploader, "POST", f"object/v1/finish-upload/{path}", own_upload | {"hashes": {"sha256": sha}}, 200, {})
    yield Probe(own, "PUT", f"{run}/artifacts/{quoted(name)}", {"uploadId": made["uploadId"]}, 204, b"")
    found = {"storageType": "object", "url": str, "headers": {"location": str, ...: ...}}
    yield Probe(ROOT, "GET", f"{run}/artifacts/{quoted(name)}", None, 303, found)
    content = {"storageType": "object", "name": made["name"], "credentials": CREDENTIALS}
    content = yield Probe(ROOT, "GET", f"{run}/artifact-content/{quoted(name)}", None, 200, content)
    download = {"method": "getUrl", "url": str, "expires": DATE, "hashes": {"sha256": sha, ...: ...}}
    given = {"acceptDownloadMethods": {"getUrl": True}}
    start = Probe(content["credentials"], "PUT", f"object/v1/start-download/{path}", given, 200, download)
    yield start
    yield start._replace(given={"acceptDownloadMethods": {}}, status=406, answer=("NoMatchingMethod", "Object supports methods"))


def other_services():
    mail = {"address": "me@localhost", "subject": "s", "content": "c"}
    yield Probe(ROOT, "POST", "notify/v1/email", mail, 400, ("InputValidationError", ""))
    yield Probe(ROOT, "GET", "auth/v1/aws/s3/read-only/unknown/%2Fx", None, 404, ("ResourceNotFound", ""))
    yield Probe(ROOT, "GET", f"secrets/v1/secret/no%2Fsuch{slugid()}", None, 404, ("ResourceNotFound", ""))


STORIES = [sealed_groups, dates, definitions, texts_of_refusals, credentials, parameters, order_of_a_group, reports, artifacts, objects,
           other_services]  # fmt: skip


# --- asking


def difference(shape, value):
    """Where a value is not as it should be, or None."""
    if isinstance(shape, type):
        return None if isinstance(value, shape) else f"{value!r} is not of type {shape.__name__}"
    if isinstance(shape, re.Pattern):
        return None if isinstance(value, str) and shape.fullmatch(value) else f"{value!r} does not match {shape.pattern}"
    if isinstance(shape, list):
        return difference(tuple(shape * len(value)) if isinstance(value, list) else list, value)
    if isinstance(shape, tuple):
        if not isinstance(value, list) or len(value) != len(shape):
            return f"{value!r} does not have {len(shape)} entries"
        return next(filter(None, map(difference, shape, value)), None)
    if isinstance(shape, dict):
        return difference_of_objects(shape, value)
    return None if shape is ... or value == shape else f"{value!r} is not {shape!r}"


def difference_of_objects(shape, value):
    if not isinstance(value, dict):
        return f"{value!r} is not an object"
    known = {key.rstrip("?"): part for key, part in shape.items() if key is not ...}
    missing = [key for key in shape if key is not ... and not key.endswith("?") and key not in value]
    more = [] if ... in shape else sorted(value.keys() - known.keys())
    if missing or more:
        return f"keys that are missing: {missing}, that should not be there: {more}"
    differing = ((key, difference(known[key], value[key])) for key in known if key in value)
    return next((f"{key}: {text}" for key, text in differing if text), None)


def refusal_of(answer, status):
    """The shape of a refusal: a code, and a message that begins with the known text and ends with the request."""
    code, text = answer
    tail = rf"\n\n---\n\n\* method: +\w+\n\* errorCode: +{code}\n\* statusCode: +{status}\n\* time: +{DATE.pattern}"
    message = re.compile(re.escape(text) + ".*" + tail, re.DOTALL)
    return {"code": code, "message": message, "requestInfo": {"method": str, "params": dict, "payload": ..., "time": DATE}}


class Asker:
    def __init__(self, root_url, credentials):
        self.root_url, self.root = root_url, credentials

    def headers(self, probe, path):
        if probe.who == NOBODY:
            return {}
        own = self.root if probe.who == ROOT else self.root | {"accessToken": "wrong"} if probe.who == WRONG else probe.who
        if isinstance(own, list):
            now = time.time()
            own = hawk.temporary_credentials(self.root["clientId"], self.root["accessToken"], "probe/few", own, now - 60, now + 600)
        return {"Authorization": hawk.header(own, probe.method, path, urllib.parse.urlsplit(self.root_url).netloc)}

    def ask(self, probe):
        """The answer, and what is wrong with it or None."""
        path = f"/api/{probe.path}"
        body = b"" if probe.given is None else json.dumps(probe.given).encode()
        headers = self.headers(probe, path) | {"Content-Length": str(len(body))}
        headers |= {} if probe.given is None else {"Content-Type": "application/json"}
        status, answered, content = hawk.send(self.root_url + path, probe.method, headers, body)
        is_json = answered.get("Content-Type", "").startswith("application/json") and content
        answer = json.loads(content) if is_json else content
        if status != probe.status:
            return answer, f"status {status}, not {probe.status}: {str(answer)[:500]}"
        shape = refusal_of(probe.answer, status) if isinstance(probe.answer, tuple) else probe.answer
        if isinstance(shape, dict) and "headers" in shape:
            answer["headers"] = {name.lower(): value for name, value in answered.items()}
        return answer, difference(shape, answer)

    def tell(self, story):
        """A story up to the first thing that is not as it should be, which is returned."""
        asking, answer = story(), None
        try:
            while True:
                probe = asking.send(answer)
                answer, wrong = self.ask(probe) if isinstance(probe, Probe) else (None, probe)
                if wrong:
                    return f"{probe.method} {probe.path}: {wrong}" if isinstance(probe, Probe) else wrong
        except StopIteration:
            return None


def main():
    own = {"clientId": os.environ["TASKCLUSTER_CLIENT_ID"], "accessToken": os.environ["TASKCLUSTER_ACCESS_TOKEN"]}
    asker = Asker(sys.argv[1].rstrip("/"), own)
    wrong = {story.__name__: asker.tell(story) for story in STORIES}
    for name, text in wrong.items():
        print(f"{name}: {text or 'as it should be'}")
    sys.exit(any(wrong.values()))


if __name__ == "__main__":
    main()
