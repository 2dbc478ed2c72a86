"""What may be asked of the fake deployment and of its workers: definitions of tasks, payloads, artifacts, mails.

Each is checked by hand, and once more by Taskcluster's own JSON schemas where these are: in ../shared/schemas beside this
repository, or in the folder that QUERN_TASKCLUSTER_SCHEMAS names. That needs Debian's python3-jsonschema.
"""

import datetime
import json
import os
import pathlib
import re

from taskcluster_terms import SLUGID, Refused, date_text, parse_date, require

QUEUE = re.compile(r"[a-zA-Z0-9_-]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?")
PRIORITIES = ["highest", "very-high", "high", "medium", "low", "very-low", "lowest"]
TASK_FIELDS = {
    "taskQueueId", "provisionerId", "workerType", "schedulerId", "projectId", "taskGroupId", "dependencies", "requires", "routes",
    "priority", "retries", "created", "deadline", "expires", "scopes", "payload", "metadata", "tags", "extra",
}  # fmt: skip
PAYLOAD_FIELDS = {
    "image", "command", "env", "maxRunTime", "artifacts", "cache", "onExitStatus", "features", "capabilities", "log", "supersederUrl",
}  # fmt: skip
FEATURES = {"taskclusterProxy", "chainOfTrust", "localLiveLog", "bulkLog", "artifacts", "interactive", "allowPtrace"}
IMAGE_FIELDS = {"docker-image": {"name"}, "indexed-image": {"namespace", "path"}, "task-image": {"taskId", "path"}}
HOST = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
WORD = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
# As docker parses one: a registry, a path, a tag, a digest.
IMAGE_NAME = re.compile(
    rf"(({HOST}(\.{HOST})*|\[[a-fA-F0-9:]+\])(:[0-9]+)?/)?{WORD}(/{WORD})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    "(@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?"
)
ARTIFACT_FIELDS = {
    "s3": {"contentType"}, "object": {"contentType"}, "reference": {"contentType", "url"}, "link": {"artifact"},
    "error": {"reason", "message"},
}  # fmt: skip
ERROR_REASONS = {"file-missing-on-worker", "invalid-resource-on-worker", "too-large-file-on-worker", "file-not-readable-on-worker"}
EXCEPTION_REASONS = {"worker-shutdown", "malformed-payload", "resource-unavailable", "internal-error", "superseded", "intermittent-task"}
INDEX_WORD = "[a-zA-Z0-9_!~*'()%-]+"
# The parameters of requests; those that are not here may be anything.
PARAMETERS = {
    "taskId": SLUGID, "taskGroupId": SLUGID, "runId": re.compile("[0-9]+"), "taskQueueId": QUEUE, "name": re.compile(r"[\x20-\x7e]+"),
    "indexPath": re.compile(rf"{INDEX_WORD}(\.{INDEX_WORD})*"), "level": re.compile("read-(only|write)"),
    "bucket": re.compile("[a-z0-9][a-z0-9-]{1,62}[a-z0-9]"), "continuationToken": re.compile(".+"), "limit": re.compile("[0-9]+"),
    "format": re.compile("iam-role-compat"),
}  # fmt: skip
LONGEST_RUN_SECONDS = 86400  # a pool's maxTaskRunTime


def valid(condition, what):
    require(condition, 400, "InputValidationError", f"Schema Validation Failed:\n  * {what}")


def is_text(value, longest=None, shortest=0):
    return isinstance(value, str) and shortest <= len(value) and (longest is None or len(value) <= longest)


def is_texts(value, **limits):
    return isinstance(value, list) and all(is_text(one, **limits) for one in value)


def is_number(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def fits(name, value):
    return name not in PARAMETERS or PARAMETERS[name].fullmatch(value)


def check_path(parameters):
    wrong = [f"URL parameter '{name}' given as '{value}' must match regular expression: '/^{PARAMETERS[name].pattern}$/'"
             for name, value in parameters.items() if not fits(name, value)]  # fmt: skip
    require(not wrong, 400, "InvalidRequestArguments", "Invalid URL patterns:\n" + "\n".join(wrong))


def check_query(query, allowed):
    for name, value in query.items():
        require(name in allowed, 400, "InvalidRequestArguments", f"Query-string parameter: {name} is not supported!")
        text = f'Query-string parameter: {name}="{value}" does not match expression'
        require(fits(name, value), 400, "InvalidRequestArguments", text)


def can_be_stored(value):
    """The data base takes no zero byte, and no half of a character."""
    if isinstance(value, dict):
        return all(can_be_stored(key) and can_be_stored(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(can_be_stored, value))
    return not isinstance(value, str) or not re.search("[\0\ud800-\udfff]", value)


# --- Taskcluster's own schemas


def schema_folder():
    named = os.environ.get("QUERN_TASKCLUSTER_SCHEMAS")
    folder = pathlib.Path(named) if named else pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "schemas" / "bundled"
    return folder if folder.is_dir() else None


def is_date(value):
    try:
        return not isinstance(value, str) or bool(parse_date(value, ""))
    except Refused:
        return False


def is_uri(value):
    return not isinstance(value, str) or bool(re.match("[a-zA-Z][a-zA-Z0-9+.-]*:", value) and not re.search(r'[\s<>"{}|\\^`]', value))


class Schemas:
    """Read when they are first asked for; without them nothing is checked."""

    def __init__(self):
        self.folder, self.validators = schema_folder(), {}

    def check(self, name, value):
        if self.folder is None:
            return
        errors = list(self.validator(name).iter_errors(value))
        lines = [f"{'/'.join(map(str, ['data', *error.absolute_path]))}: {error.message[:300]}" for error in errors[:10]]
        valid(not errors, "\n  * ".join(lines))

    def validator(self, name):
        if name not in self.validators:
            import jsonschema  # noqa: PLC0415: only where there is something to check with it

            formats = jsonschema.FormatChecker(("email", "regex"))
            formats.checks("date-time")(is_date)
            formats.checks("uri")(is_uri)
            schema = json.loads((self.folder / f"{name}.json").read_text())
            self.validators[name] = jsonschema.Draft6Validator(schema, format_checker=formats)
        return self.validators[name]


SCHEMAS = Schemas()


# --- the queue


def check_task(given):
    """What createTask takes."""
    valid(isinstance(given, dict), "data must be object")
    for name in sorted(given.keys() - TASK_FIELDS):
        valid(False, f"data must NOT have additional property '{name}'")
    for name in ("created", "deadline", "payload", "metadata"):
        valid(name in given, f"data must have required property '{name}'")
    check_names(given)
    depends, scopes = given.get("dependencies", []), given.get("scopes", [])
    valid(is_texts(depends) and all(SLUGID.fullmatch(one) for one in depends), "dependencies must match pattern")
    valid(len(depends) <= 10000, "dependencies must NOT have more than 10000 items")
    valid(len(set(depends)) == len(depends), "dependencies must NOT have duplicate items")
    valid(given.get("requires", "all-completed") in ("all-completed", "all-resolved"), "requires must be one of the allowed values")
    valid(given.get("priority", "lowest") in PRIORITIES, "priority must be one of the allowed values")
    valid(is_number(given.get("retries", 5), 0, 49), "retries must be <= 49")
    routes = given.get("routes", [])
    valid(is_texts(routes, longest=249, shortest=1) and len(routes) <= 64 and len(set(routes)) == len(routes), "routes")
    valid(is_texts(scopes) and all(re.fullmatch("[ -~]*", scope) for scope in scopes), "scopes must match pattern")
    valid(isinstance(given["payload"], dict) and isinstance(given.get("extra", {}), dict), "payload must be object")
    tags = given.get("tags", {})
    valid(isinstance(tags, dict) and all(is_text(value, 4096) for value in tags.values()), "tags must be strings")
    for name in ("created", "deadline", "expires"):
        if name in given:
            parse_date(given[name], name)
    check_metadata(given["metadata"])
    SCHEMAS.check("queue-create-task-request", given)


def check_names(given):
    patterns = {
        "taskQueueId": QUEUE.pattern, "provisionerId": "[a-zA-Z0-9_-]{1,38}", "workerType": "[a-z]([-a-z0-9]{0,36}[a-z0-9])?",
        "schedulerId": "[a-zA-Z0-9_-]{1,38}", "projectId": "[a-zA-Z0-9._/-]{1,500}", "taskGroupId": SLUGID.pattern,
    }  # fmt: skip
    for name, pattern in patterns.items():
        valid(name not in given or (is_text(given[name]) and re.fullmatch(pattern, given[name])), f"{name} must match pattern")


def check_metadata(metadata):
    fields = {"name": 255, "description": 32768, "owner": 255, "source": 4096}
    valid(isinstance(metadata, dict) and metadata.keys() == fields.keys(), "metadata must have name, description, owner and source")
    for name, longest in fields.items():
        valid(is_text(metadata[name], longest), f"metadata.{name} must NOT have more than {longest} characters")
    valid(re.match("https?://|ssh://|git@", metadata["source"]), "metadata.source must match pattern")


def complete_task(task_id, given):
    """The definition with its defaults and with dates as the queue writes them."""
    check_task(given)
    task = {"schedulerId": "-", "projectId": "none", "taskGroupId": task_id, "dependencies": [], "requires": "all-completed"}
    task |= {"routes": [], "priority": "lowest", "retries": 5, "scopes": [], "tags": {}, "extra": {}} | given
    parts = task.get("provisionerId"), task.get("workerType")
    queue = task.get("taskQueueId") or ("/".join(parts) if all(parts) else None)
    require(queue, 400, "InputError", "at least a provisionerId and a workerType or a taskQueueId must be provided")
    task["taskQueueId"], (task["provisionerId"], task["workerType"]) = queue, queue.split("/")
    for name, value in zip(("provisionerId", "workerType"), parts):
        require(value in (None, task[name]), 400, "InputError", f"taskQueueId must match {name}")
    end = parse_date(task["deadline"], "deadline")
    task.setdefault("expires", date_text(end + datetime.timedelta(days=365)))
    for name in ("created", "deadline", "expires"):
        task[name] = date_text(parse_date(task[name], name))
    return task


def check_artifact(given):
    """What createArtifact takes."""
    kind = given.get("storageType") if isinstance(given, dict) else None
    valid(kind in ARTIFACT_FIELDS, "storageType must be one of the allowed values")
    needed = ARTIFACT_FIELDS[kind] | {"storageType", "expires"}
    allowed = needed | ({"contentLength"} if kind in ("s3", "object") else {"contentType"} if kind == "link" else set())
    valid(needed <= given.keys() <= allowed, f"an artifact of storageType {kind} has {sorted(needed)}")
    valid(kind != "error" or given["reason"] in ERROR_REASONS, "reason must be one of the allowed values")
    valid(is_text(given.get("message", ""), 4096), "message must NOT have more than 4096 characters")
    parse_date(given["expires"], "expires")
    SCHEMAS.check("queue-post-artifact-request", given)


def check_exception(given):
    """What reportException takes."""
    known = isinstance(given, dict) and given.keys() == {"reason"} and given["reason"] in EXCEPTION_REASONS
    valid(known, "data must have a reason, which must be one of the allowed values")


def check_upload(given, *more):
    """What createUpload and finishUpload of the object service take."""
    fields = {"projectId", "uploadId", *more}
    valid(isinstance(given, dict) and fields <= given.keys() <= fields | {"hashes"}, f"data must have {sorted(fields)}")
    valid(is_text(given["uploadId"]) and SLUGID.fullmatch(given["uploadId"]), "uploadId must match pattern")


# --- notify

ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
# As ajv's format "email" has it.
ADDRESS = re.compile(rf"{ATOM}(\.{ATOM})*@({LABEL}\.)+{LABEL}", re.IGNORECASE)


def check_mail(mail):
    fields = {"address", "subject", "content", "link", "replyTo", "template"}
    valid(isinstance(mail, dict) and {"address", "subject", "content"} <= mail.keys() <= fields, "a mail has address, subject, content")
    valid(is_text(mail["address"]) and ADDRESS.fullmatch(mail["address"]), "address must match format email")
    valid(is_text(mail["subject"], 255, 1), "subject must NOT have more than 255 characters")
    valid(is_text(mail["content"], 102400, 1), "content must NOT have more than 102400 characters")
    valid(mail.get("template", "simple") in ("simple", "fullscreen"), "template must be one of the allowed values")
    link = mail.get("link")
    if link is not None or "link" in mail:
        valid(isinstance(link, dict) and link.keys() == {"text", "href"}, "link must have text and href")
        valid(is_text(link["text"], 40, 1) and is_text(link["href"], 1024, 1) and is_uri(link["href"]), "link")
    SCHEMAS.check("notify-email-request", mail)


# --- workers


class Malformed(Exception):
    """A payload that a worker does not run, and what it reports then."""

    def __init__(self, what, reason="malformed-payload"):
        super().__init__(what)
        self.reason = reason


def well_formed(condition, what, **more):
    if not condition:
        raise Malformed(what, **more)


def check_payload(task):
    """As generic-worker looks at a payload in docker's format, before it starts anything."""
    payload = task["payload"]
    try:
        SCHEMAS.check("docker-worker-payload", payload)
    except Refused as refused:
        raise Malformed(f"Validation of payload failed for task\n{refused.message}") from None
    well_formed(payload.keys() <= PAYLOAD_FIELDS, f"unknown fields: {sorted(payload.keys() - PAYLOAD_FIELDS)}")
    well_formed({"image", "maxRunTime"} <= payload.keys(), "image and maxRunTime are required")
    check_image(payload["image"], task)
    limit = is_number(payload["maxRunTime"], 1, LONGEST_RUN_SECONDS)
    well_formed(limit, f"maxRunTime must be a number of seconds from 1 to {LONGEST_RUN_SECONDS}")
    well_formed(is_texts(payload.get("command", [])), "command must be an array of strings")
    environment = payload.get("env", {})
    well_formed(isinstance(environment, dict) and is_texts(list(environment.values())), "env must be strings")
    features = payload.get("features", {})
    well_formed(features.keys() <= FEATURES and all(isinstance(one, bool) for one in features.values()), "unknown features")
    check_exit_status(payload.get("onExitStatus", {}))
    for name, artifact in payload.get("artifacts", {}).items():
        check_declared(name, artifact, task)
    for name in payload.get("cache", {}):
        well_formed(f"docker-worker:cache:{name}" in task["scopes"], f"the task has no scope docker-worker:cache:{name}")
    for name in payload.get("capabilities", {}):
        well_formed(False, f"this pool does not allow the capability {name}")


def check_image(image, task):
    if isinstance(image, str):
        image = {"type": "docker-image", "name": image}
    kind = image.get("type") if isinstance(image, dict) else None
    well_formed(kind in IMAGE_FIELDS and image.keys() == IMAGE_FIELDS[kind] | {"type"}, "image has none of its four forms")
    if kind == "docker-image":
        # The worker asks docker, and takes what docker says for a fault of its own.
        well_formed(IMAGE_NAME.fullmatch(image["name"]), f"invalid reference format: {image['name']}", reason="internal-error")
    if kind == "task-image":
        listed = image["taskId"] in task["dependencies"]
        well_formed(listed, f"task-image: {image['taskId']} must be one of the task's dependencies")


def check_exit_status(statuses):
    well_formed(statuses.keys() <= {"retry", "purgeCaches"}, "onExitStatus has retry and purgeCaches")
    for codes in statuses.values():
        well_formed(isinstance(codes, list) and all(is_number(code, 0, 255) for code in codes), "onExitStatus must be numbers")


def check_declared(name, artifact, task):
    well_formed(re.fullmatch(r"[\x20-\x7e]{1,1024}", name), f"artifact name {name!r} is not printable")
    well_formed({"type", "path"} <= artifact.keys() <= {"type", "path", "expires"}, f"artifact {name} has type and path")
    well_formed(artifact["type"] in ("file", "directory", "volume"), f"artifact {name} has no type that is known")
    well_formed(artifact["path"].startswith("/"), f"the path of artifact {name} must be absolute")
    if "expires" in artifact:
        begin, end = parse_date(task["deadline"], ""), parse_date(task["expires"], "")
        well_formed(
            begin <= parse_date(artifact["expires"], "expires") <= end + datetime.timedelta(seconds=1),
            f"artifact {name} must expire between the task's deadline and its expiry",
        )
