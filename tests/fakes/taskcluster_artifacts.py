"""The artifacts of the fake deployment, the object service, which has the bytes of some of them, and the store, which has all."""

import base64
import datetime
import gzip
import hashlib
import re
import urllib.parse

import taskcluster_rules as rules
from taskcluster_terms import SLACK, date_text, parse_date, require, slugid

# A worker may still leave artifacts of a run that was ended for it.
AFTER_EXCEPTION = datetime.timedelta(minutes=25)
URL_OF_UPLOAD = datetime.timedelta(minutes=45)
DETAILS = ("url", "artifact", "reason", "message", "uploadId")  # what only artifacts of some types have
OF_OBJECT = ("projectId", "uploadId", "expires")  # what each request for an upload must repeat


def xml(status, code, message):
    return status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(), {"Content-Type": "application/xml"}


def shown(artifact):
    return {key: artifact[key] for key in ("storageType", "name", "expires", "contentType", "contentLength") if key in artifact}


def details_of(artifact):
    return {key: artifact[key] for key in DETAILS if key in artifact}


def may_follow(new, old):
    """May an artifact be made where there is that one? The expiry may grow; a reference may change, or become a link."""
    if new["storageType"] != "link" and new["contentType"] != old["contentType"]:
        return False
    if parse_date(new["expires"], "") < parse_date(old["expires"], ""):
        return False
    if new["storageType"] == old["storageType"]:
        return new["storageType"] == "reference" or details_of(new) == details_of(old)
    return (old["storageType"], new["storageType"]) == ("reference", "link")


class Artifacts:
    """The part of the server's handler that answers for them."""

    def base(self):
        return f"http://{self.headers['Host']}"

    # --- making them

    def claimed_run(self, task_id, run_id):
        require(task_id in self.here.tasks, 400, "InputError", "Task not found")
        entry = self.here.task(task_id)
        require(int(run_id) < len(entry.runs), 400, "InputError", "Run not found")
        run = entry.runs[int(run_id)]
        require("workerId" in run, 400, "InputError", "Run was not claimed by a worker and so no artifacts can exist")
        return entry, run

    def create_artifact(self, task_id, run_id, name):
        given = self.given()
        rules.check_artifact(given)
        now, expires = self.here.now(), parse_date(given["expires"], "expires")
        require(expires >= now - SLACK, 400, "InputError", "Expires must be in the future")
        entry, run = self.claimed_run(task_id, run_id)
        self.may(f"queue:create-artifact:{task_id}/{run_id}")
        text = f"Artifact expires ({date_text(expires)}) after the task expiration {entry.task['expires']}"
        require(expires <= parse_date(entry.task["expires"], ""), 400, "InputError", text)
        recent = run["state"] == "exception" and now - parse_date(run["resolved"], "") < AFTER_EXCEPTION
        text = "Artifacts cannot be created for a task after it is resolved, unless it is resolved 'exception'"
        require(run["state"] == "running" or recent, 409, "RequestConflict", text)
        artifact = {"name": name, "contentType": "application/binary"} | given
        artifact |= {"expires": date_text(expires), "is_there": given["storageType"] != "object"}
        if given["storageType"] == "object":
            artifact["uploadId"] = slugid()
        known = entry.artifacts.setdefault(int(run_id), {})
        old = known.setdefault(name, artifact)
        require(may_follow(artifact, old), 409, "RequestConflict", "Artifact already exists with different properties")
        # The contentType and the contentLength stay as they were; a link has no URL that the reference before it had.
        details = details_of(artifact)
        for key in DETAILS:
            old.pop(key, None)
        old |= {"storageType": artifact["storageType"], "expires": artifact["expires"]} | details
        return self.place_of(entry, run, old)

    def place_of(self, entry, run, artifact):
        """Where the bytes of a new artifact go."""
        kind, key = artifact["storageType"], f"{entry.task_id}/{run['runId']}/{artifact['name']}"
        if kind == "s3":
            url = f"{self.base()}/store/{urllib.parse.quote(key)}?signed=put"
            end = date_text(self.here.now() + URL_OF_UPLOAD)
            return {"storageType": kind, "putUrl": url, "expires": end, "contentType": artifact["contentType"]}
        if kind != "object":
            return {"storageType": kind}
        known = {name: value for name, value in zip(OF_OBJECT, (entry.task["projectId"], artifact["uploadId"], artifact["expires"]))}
        self.here.objects[f"t/{key}"] = known | {"hashes": {}, "is_finished": False}
        client = f"artifact-upload/{entry.task_id}/{run['runId']}/on/{run['workerGroup']}/{run['workerId']}"
        credentials = self.here.access.issue(client, [f"object:upload:{known['projectId']}:t/{key}"])
        return {"storageType": kind, "name": f"t/{key}", "credentials": credentials} | known

    def finish_artifact(self, task_id, run_id, name):
        given = self.given()
        rules.valid(isinstance(given, dict) and given.keys() == {"uploadId"}, "data must have uploadId and nothing else")
        entry = self.here.tasks.get(task_id)
        artifact = entry and entry.artifacts.get(int(run_id), {}).get(name)
        text = f"Artifact with taskId `{task_id}`, runId {run_id}, name `{name}` not found"
        require(artifact, 404, "ResourceNotFound", text)
        self.may(f"queue:create-artifact:{task_id}/{run_id}")
        require(artifact["storageType"] == "object", 400, "InputError", "Only object artifacts can be finished")
        if not artifact["is_there"]:
            same = given["uploadId"] == artifact["uploadId"]
            require(same, 400, "InputError", "given uploadId does not match that for the artifact")
            is_finished = self.here.objects[f"t/{task_id}/{run_id}/{name}"]["is_finished"]
            require(is_finished, 400, "InputError", "Object storing artifact data does not exist")
            artifact["is_there"] = True
        return 204, b"", {}

    # --- reading them

    def artifacts_of(self, task_id, run_id):
        """Of a run, or of the latest one, even if that has not begun."""
        require(task_id in self.here.tasks, 404, "ResourceNotFound", "Task not found")
        entry = self.here.task(task_id)
        require(entry.runs, 404, "ResourceNotFound", "Task doesn't have any runs")
        run = len(entry.runs) - 1 if run_id is None else int(run_id)
        require(run < len(entry.runs), 404, "ResourceNotFound", f"Task with taskId: `{task_id}` has no run with runId: {run}")
        return run, entry.artifacts.get(run, {})

    def list_artifacts(self, task_id, run_id=None):
        _, known = self.artifacts_of(task_id, run_id)
        return self.page([shown(one) for _, one in sorted(known.items())], "artifacts")

    def artifact_info(self, task_id, *run_and_name):
        _, artifact = self.there(task_id, *run_and_name)
        return shown(artifact)

    def there(self, task_id, *run_and_name):
        """One that is finished; lists have the others as well."""
        *run_id, name = run_and_name
        run, known = self.artifacts_of(task_id, *(run_id or [None]))
        require(name in known and known[name]["is_there"], 404, "ResourceNotFound", "Artifact not found")
        return run, known[name]

    def find_artifact(self, task_id, *run_and_name):
        """Where links lead, each of which needs a scope."""
        *run_id, name = run_and_name
        names = [name]
        while True:
            self.may({"AllOf": [f"queue:get-artifact:{one}" for one in names]})
            run, artifact = self.there(task_id, *run_id, names[-1])
            require(parse_date(artifact["expires"], "") > self.here.now(), 410, "ResourceExpired", "Artifact expired")
            if artifact["storageType"] != "link":
                return run, artifact
            require(artifact["artifact"] not in names, 400, "InputError", "Artifact leads to a link cycle")
            names.append(artifact["artifact"])

    def artifact_content(self, task_id, *run_and_name):
        return self.content_of(task_id, *self.find_artifact(task_id, *run_and_name))

    def content_of(self, task_id, run, artifact):
        kind, key = artifact["storageType"], f"{task_id}/{run}/{artifact['name']}"
        if kind == "s3" and self.here.plan.get("s3_as_objects"):
            kind = self.make_object(key)
        if kind == "object":
            credentials = self.here.access.issue(f"artifact-download/{key}", [f"object:download:t/{key}"])
            return {"storageType": kind, "name": f"t/{key}", "credentials": credentials}
        if kind == "s3":
            return {"storageType": kind, "url": f"{self.base()}/store/{urllib.parse.quote(key)}?signed=get"}
        return {"storageType": kind} | details_of(artifact)

    def make_object(self, key):
        """Of what was uploaded as to S3: for tests that have no worker."""
        self.here.store[f"t/{key}"] = self.here.store[key]
        hashes = {name: hashlib.new(name, self.here.store[key][0]).hexdigest() for name in ("sha256", "sha512")}
        self.here.objects[f"t/{key}"] = {"hashes": hashes, "is_finished": True}
        return "object"

    def get_artifact(self, task_id, *run_and_name):
        content = self.content_of(task_id, *self.find_artifact(task_id, *run_and_name))
        headers = {"x-taskcluster-artifact-storage-type": content["storageType"]}
        if content["storageType"] == "error":
            return 424, {key: content[key] for key in ("reason", "message")}, headers
        url = content["url"] if "url" in content else self.object_url(content["name"])
        return 303, {"storageType": content["storageType"], "url": url}, headers | {"Location": url}

    # --- the object service

    def end_of_url(self):
        return self.here.now() + datetime.timedelta(seconds=self.here.plan.get("url_seconds", 60))

    def object_url(self, name):
        return f"{self.base()}/store/{urllib.parse.quote(name)}?signed=get&until={self.end_of_url().timestamp()}"

    def create_upload(self, name):
        given = self.given()
        rules.check_upload(given, "expires", "proposedUploadMethods")
        rules.SCHEMAS.check("object-create-upload-request", given)
        self.may(f"object:upload:{given['projectId']}:{name}")
        asked = {key: given[key] for key in OF_OBJECT}
        known = self.here.objects.setdefault(name, asked | {"hashes": {}, "is_finished": False})
        same = asked == {key: known[key] for key in OF_OBJECT} and not known["is_finished"]
        require(same, 409, "RequestConflict", "Object already exists")
        return asked | {"uploadMethod": self.upload_method(name, given["proposedUploadMethods"])}

    def upload_method(self, name, proposed):
        if "dataInline" in proposed:
            inline = proposed["dataInline"]
            self.here.store[name] = base64.b64decode(inline["objectData"]), inline["contentType"], None
            return {"dataInline": True}
        if "putUrl" in proposed:
            headers = {"Content-Type": proposed["putUrl"]["contentType"], "Content-Length": str(proposed["putUrl"]["contentLength"])}
            url = f"{self.base()}/store/{urllib.parse.quote(name)}?signed=put"
            return {"putUrl": {"url": url, "expires": date_text(self.end_of_url()), "headers": headers}}
        return {}

    def finish_upload(self, name):
        given = self.given()
        rules.check_upload(given)
        self.may(f"object:upload:{given['projectId']}:{name}")
        known = self.here.objects.get(name)
        require(known, 404, "ResourceNotFound", f'Object "{name}" not found')
        same = known["projectId"] == given["projectId"]
        require(same, 400, "InputError", f'Object "{name}" does not have projectId {given["projectId"]}')
        hashes = given.get("hashes", {})
        if known["is_finished"]:
            same = hashes.items() <= known["hashes"].items()
            require(same, 409, "RequestConflict", f'Object "{name}" is already finished, but with a different hash')
        same = known["uploadId"] == given["uploadId"]
        require(same, 409, "RequestConflict", f'Object "{name}" does not have uploadId {given["uploadId"]}')
        known |= {"is_finished": True, "hashes": known["hashes"] | hashes}
        return {}

    def start_download(self, name):
        known = self.here.objects.get(name)
        require(known and known["is_finished"], 404, "ResourceNotFound", f'Object "{name}" not found')
        accepted = self.given()["acceptDownloadMethods"]
        require(accepted.keys() & {"getUrl", "simple"}, 406, "NoMatchingMethod", "Object supports methods getUrl, simple")
        if "getUrl" not in accepted:
            return {"method": "simple", "url": self.object_url(name)}
        hashes = known["hashes"] | self.here.plan.get("hashes", {})
        return {"method": "getUrl", "url": self.object_url(name), "expires": date_text(self.end_of_url()), "hashes": hashes}

    # --- the store

    def stored(self, path, query):
        if "Authorization" in self.headers:
            return xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        key = urllib.parse.unquote(path[len("/store/") :])
        if self.command == "PUT":
            self.here.store[key] = self.body, self.headers.get("Content-Type", ""), self.headers.get("Content-Encoding")
            return 200, b"", {}
        end = re.search(r"until=([\d.]+)", query)
        if end and float(end[1]) < self.here.now().timestamp():
            return xml(403, "AccessDenied", "Request has expired")
        if key not in self.here.store:
            return xml(404, "NoSuchKey", "The specified key does not exist.")
        content, kind, encoding = self.here.store[key]
        headers = {"Content-Type": kind}
        if encoding:
            headers["Content-Encoding"] = encoding
        elif kind.startswith("text/"):
            content, headers["Content-Encoding"] = gzip.compress(content, mtime=0), "gzip"
        return 200, content, headers
