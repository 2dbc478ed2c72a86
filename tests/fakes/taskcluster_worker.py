#!/usr/bin/python3
"""A worker of Taskcluster for tests: it claims the tasks of a queue, runs their commands, and uploads what they leave.

    taskcluster_worker.py --plan FILE [--capacity N] [--run-in "COMMAND PREFIX"]

Prints "ready" as one line, and ends when its standard input does, together with the tasks that it runs. A task in docker's format
runs in a private folder, as in a container: on a terminal, with exactly its own environment, TASK_ID and what else workers
set, and a proxy that signs for it. Paths below the image's folder /home/worker are in the private folder. There is no container,
unless --run-in names a command that runs another one in a container: its `{environment}` becomes as many arguments
--env=NAME=VALUE as are needed, its `{folder}` the private folder, its `{image}` the name of the task's image.

The plan is a JSON object:
    root_url, credentials   {"clientId": ..., "accessToken": ...}
    task_queue        the tasks of which queue ("proj-example/linux")
    folder            where the private folders are made
    path              PATH of the tasks
    environment       what else their environment has, as it had from their image
    work_folder       the folder of the image ("/home/worker")
    capacity          how many tasks run at once (1)
    proxy_seconds     how long a task's proxy repeats what fails (900, as the real one)
    patience_seconds  how long the worker itself does (3)
    object_artifacts  true: what the tasks leave goes to the object service
    reclaim_seconds   when a task is claimed again (a tenth of a claim before its end)
    keeps             true: private folders stay
    log               a file that gets one JSON line for each thing that happens: {"task", "name", "run", "event", ...}
    faults            what goes wrong, each one once: {"name" (a part of the task's name), "run" (0), "do", "when"}; `when` is a
                      pattern of files in the private folder, the first of which brings the fault; without it comes at once
        do = "worker-shutdown"       the worker is told to end: the command is killed, the run is an exception
             "claim-expired"         the worker is gone: the command is killed, nothing is said
             "cancel"                somebody cancels the task
             "claim-lost"            the claim ends, but the command goes on beside the next run of the task
             "kill"                  the command is killed, as for want of memory
             "resource-unavailable"  the command ends, but nothing can be uploaded, not even its log
             "uploads-lost"          artifacts with "artifact" in their names (all) are not uploaded, or with "created": true only
                                     their bytes are not, and the task completes all the same
"""

import argparse
import base64
import contextlib
import glob
import gzip
import hashlib
import json
import mimetypes
import os
import pathlib
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import hawk
import taskcluster_rules as rules
from task_proxy import Proxy
from taskcluster_terms import Refused, date_text, parse_date, utc_now

# Files of these kinds are uploaded as they are, all others with gzip.
IDENTITY = set(
    "7z br aab apk bz2 deb dmg flv gif gz jar jpeg jpg lz lz4 mz npz pkg png swf sz tbz tgz wasm webp whl woff woff2 xpi xz zip zst zz"
    .split()
)  # fmt: skip
TICK_SECONDS = 0.02
LIVE_LOG = "public/logs/live.log"
LONGEST_INLINE = 8192
# These happen when the command has ended; all others end it.
FAULTS_OF_UPLOADS = ("resource-unavailable", "uploads-lost")


class Worker:
    def __init__(self, plan):
        self.plan = plan
        self.seconds = plan.get("patience_seconds", 3)
        self.client = hawk.Client(plan["root_url"], plan["credentials"], self.seconds)
        self.queue = urllib.parse.quote(plan.get("task_queue", "proj-example/linux"), safe="")
        self.faults = list(plan.get("faults", []))
        self.lock = threading.Lock()
        self.is_ending = threading.Event()
        self.busy = threading.Condition()
        self.running = 0

    def start(self):
        for number in range(self.plan.get("capacity", 1)):
            threading.Thread(target=self.serve, args=(f"worker-{number}",), daemon=True).start()

    def end(self):
        """Kills what runs. Threads that wait for a task are left behind."""
        with self.busy:
            self.is_ending.set()
            self.busy.wait_for(lambda: self.running == 0)

    @contextlib.contextmanager
    def counted(self):
        """While something runs; False when the worker ends."""
        with self.busy:
            self.running += 1
            may_run = not self.is_ending.is_set()
        try:
            yield may_run
        finally:
            with self.busy:
                self.running -= 1
                self.busy.notify_all()

    def serve(self, worker_id):
        asked = {"workerGroup": "fake-group", "workerId": worker_id, "tasks": 1}
        while not self.is_ending.is_set():
            try:
                claims = self.client.call("POST", f"queue/v1/claim-work/{self.queue}", asked)["tasks"]
            except (OSError, Refused) as error:
                self.note(event="claim-work failed", reason=str(error))
                claims = []
            for claim in claims:
                with self.counted() as may_run:
                    if may_run:
                        TaskRun(self, claim).serve()
            if not claims:
                self.is_ending.wait(TICK_SECONDS)

    def note(self, **what):
        if "log" in self.plan:
            with self.lock, open(self.plan["log"], "a", encoding="utf-8") as log:
                log.write(json.dumps(what) + "\n")

    def take_fault(self, name, run):
        with self.lock:
            for index, fault in enumerate(self.faults):
                if fault["name"] in name and fault.get("run", 0) == run:
                    return self.faults.pop(index)
        return None


class TaskRun:
    """One run of one task, from its claim to what is reported."""

    def __init__(self, worker, claim):
        self.worker, self.task, self.run_id = worker, claim["task"], claim["runId"]
        self.task_id = claim["status"]["taskId"]
        self.name = self.task["metadata"]["name"]
        self.payload = self.task["payload"]
        self.taken_until = parse_date(claim["takenUntil"], "takenUntil")
        self.reclaim_at = self.time_to_reclaim()
        self.client = hawk.Client(worker.plan["root_url"], claim["credentials"], worker.seconds)
        self.path = f"queue/v1/task/{self.task_id}/runs/{self.run_id}"
        self.fault = worker.take_fault(self.name, self.run_id)
        self.log = bytearray()
        self.process, self.proxy = None, None
        self.ended_by = None  # why the command was killed

    def serve(self):
        self.note("claimed")
        self.folder = tempfile.mkdtemp(prefix="task-", dir=self.worker.plan["folder"])
        if self.worker.plan.get("run_in"):
            os.chmod(self.folder, 0o777)  # whoever the image runs as
        try:
            outcome = self.work()
            if outcome is not None:
                self.report(*outcome)
        except Refused as refused:
            # Somebody has ended the run meanwhile.
            self.note("gave up", reason=str(refused))
        finally:
            if self.proxy:
                self.proxy.end()
            if not self.worker.plan.get("keeps"):
                shutil.rmtree(self.folder, ignore_errors=True)

    def note(self, event, **more):
        self.worker.note(task=self.task_id, name=self.name, run=self.run_id, event=event, **more)

    def say(self, text, kind="taskcluster"):
        self.log += f"[{kind} {date_text(utc_now())}] {text}\n".encode()

    def report(self, what, reason=None):
        self.note("reports", what=what, reason=reason)
        self.client.call("POST", f"{self.path}/{what}", {"reason": reason} if reason else None)

    # --- the steps

    def work(self):
        """(what to report, why), or None for nothing."""
        self.say(f"Task ID: {self.task_id}")
        try:
            rules.check_payload(self.task)
        except rules.Malformed as malformed:
            self.say(str(malformed), "taskcluster:error")
            self.upload_log()
            return "exception", malformed.reason
        features = self.payload.get("features", {})
        if features.get("localLiveLog", True):
            self.create_artifact(LIVE_LOG, {"storageType": "reference", "url": "http://127.0.0.1:9/log", "contentType": "text/plain"})
        if features.get("taskclusterProxy"):
            own = f"queue:create-artifact:{self.task_id}/{self.run_id}"
            seconds = self.worker.plan.get("proxy_seconds", 900)
            self.proxy = Proxy(self.worker.plan["root_url"], self.client.credentials, [*self.task["scopes"], own], seconds)
        status = self.run_command()
        if self.ended_by in ("claim-expired", "worker ends", "gone"):
            return None
        trouble = self.upload_all()
        if trouble:
            return "exception", trouble
        if self.ended_by == "worker-shutdown":
            return "exception", "worker-shutdown"
        if self.ended_by is None and status in self.payload.get("onExitStatus", {}).get("retry", []):
            return "exception", "intermittent-task"
        return ("failed" if status != 0 or self.ended_by else "completed"), None

    def run_command(self):
        """The exit status, as docker gives it."""
        self.say("=== Task Starting ===")
        self.deadline = time.monotonic() + self.payload["maxRunTime"]
        master, slave = pty.openpty()
        try:
            self.start_command(slave)
        except OSError as error:
            self.say(f"cannot start {self.payload.get('command')}: {error}", "taskcluster:error")
            status = 127
        else:
            os.close(slave)
            slave = None
            status = self.wait_for_command(master)
        finally:
            os.close(master)
            if slave is not None:
                os.close(slave)
        self.note("ended", status=status, by=self.ended_by)
        self.say(f"Exit Code: {status}")
        self.say(f"=== Task Finished: {'SUCCEEDED' if status == 0 else 'FAILED'} ===")
        return status

    def start_command(self, slave):
        command = self.payload.get("command", [])
        environment = self.environment()
        if not command:
            raise OSError("there is no image whose own command could be run")
        prefix = self.worker.plan.get("run_in")
        if prefix:
            own = [f"--env={name}={value}" for name, value in environment.items()]
            image = str(self.payload.get("image"))
            words = [
                own if word == "{environment}" else [word.replace("{folder}", self.folder).replace("{image}", image)]
                for word in shlex.split(prefix)
            ]
            command = [word for group in words for word in group] + command
            environment = dict(os.environ)
        else:
            environment |= {"PATH": self.worker.plan["path"], "HOME": self.folder, "TERM": "xterm"}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        self.note("started", pid=self.process.pid)

    def environment(self):
        given = dict(self.worker.plan.get("environment", {}))
        if not self.worker.plan.get("run_in"):
            given |= {name: self.outside(value) or value for name, value in self.payload.get("env", {}).items()}
        else:
            given |= self.payload.get("env", {})
        given |= {"TASK_ID": self.task_id, "RUN_ID": str(self.run_id), "TASK_GROUP_ID": self.task["taskGroupId"]}
        given["TASKCLUSTER_ROOT_URL"] = self.worker.plan["root_url"]
        given["TASKCLUSTER_WORKER_LOCATION"] = json.dumps({"cloud": "standalone"})
        if self.proxy:
            given["TASKCLUSTER_PROXY_URL"] = self.proxy.url
        return given

    def outside(self, path):
        """Where a path of the image is on this machine; None for one that is not in its folder."""
        inside = self.worker.plan.get("work_folder", "/home/worker")
        if path != inside and not path.startswith(inside + "/"):
            return None
        return os.path.normpath(self.folder + path[len(inside) :])

    # --- while it runs

    def wait_for_command(self, master):
        is_open = True
        while self.process.poll() is None:
            reason = self.reason_to_end()
            if reason:
                self.kill(reason)
            elif not is_open:
                time.sleep(TICK_SECONDS)
            elif select.select([master], [], [], TICK_SECONDS)[0]:
                is_open = self.read_log(master)
        while is_open and select.select([master], [], [], 0)[0]:
            is_open = self.read_log(master)
        status = self.process.returncode
        return status if status >= 0 else 128 - status

    def read_log(self, master):
        try:
            data = os.read(master, 65536)
        except OSError:  # the last process has closed the terminal
            return False
        self.log += data
        return bool(data)

    def kill(self, reason):
        self.ended_by = reason
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def reason_to_end(self):
        if self.worker.is_ending.is_set():
            return "worker ends"
        if time.monotonic() > self.deadline:
            self.say(f"Task aborted - max run time exceeded ({self.payload['maxRunTime']} s)", "taskcluster:error")
            return "max run time"
        if utc_now() >= self.reclaim_at and not self.reclaim():
            return "gone"
        if self.fault and self.fault["do"] not in FAULTS_OF_UPLOADS and self.is_time_for_fault():
            return self.do_fault(self.fault["do"])
        return None

    def is_time_for_fault(self):
        pattern = self.fault.get("when")
        return pattern is None or bool(glob.glob(os.path.join(self.folder, pattern), recursive=True))

    def do_fault(self, what):
        """What the command is killed for, if it is."""
        self.fault = None
        self.note("fault", what=what)
        if what == "cancel":
            self.worker.client.call("POST", f"queue/v1/task/{self.task_id}/cancel")
            self.reclaim_at = utc_now()
            return None
        if what in ("claim-expired", "claim-lost"):
            hawk.send(f"{self.worker.plan['root_url']}/_expire/{self.task_id}/{self.run_id}", "POST", {}, b"")
        return None if what == "claim-lost" else what

    def time_to_reclaim(self):
        now = utc_now()
        seconds = self.worker.plan.get("reclaim_seconds")
        return now + (self.taken_until - now) * 0.9 if seconds is None else now + type(self.taken_until - now)(seconds=seconds)

    def reclaim(self):
        """False: the run is no longer this worker's."""
        try:
            answer = self.client.call("POST", f"{self.path}/reclaim")
        except Refused as refused:
            self.note("lost its claim", reason=str(refused))
            return False
        self.taken_until = parse_date(answer["takenUntil"], "takenUntil")
        self.reclaim_at = self.time_to_reclaim()
        self.client.credentials = answer["credentials"]
        if self.proxy:
            self.proxy.credentials = answer["credentials"]
        return True

    # --- what it left

    def upload_all(self):
        """Why the run is an exception, if something could not be uploaded."""
        if self.fault and self.fault["do"] in FAULTS_OF_UPLOADS:
            self.note("fault", what=self.fault["do"])
            if self.fault["do"] == "resource-unavailable":
                return "resource-unavailable"
        for name, artifact in self.payload.get("artifacts", {}).items():
            self.upload_declared(name, artifact)
        self.fault = None  # Logs are never lost.
        try:
            self.upload_log()
        except (OSError, Refused) as error:
            self.note("cannot upload", reason=str(error))
            return "malformed-payload" if isinstance(error, Refused) and error.status == 409 else "resource-unavailable"
        return None

    def upload_declared(self, name, artifact):
        expires = artifact.get("expires", self.task["expires"])
        path = self.outside(artifact["path"])
        is_there = path is not None and (os.path.isfile(path) if artifact["type"] == "file" else os.path.isdir(path))
        if not is_there:
            # For a task in docker's format that is no failure.
            message = f"Could not read {artifact['type']} '{artifact['path']}'"
            self.say(message, "taskcluster:error")
            own = {"storageType": "error", "reason": "file-missing-on-worker", "message": message, "expires": expires}
            self.leave(self.create_artifact, name, own)
        elif artifact["type"] == "file":
            self.leave(self.upload, name, pathlib.Path(path), expires)
        else:
            for file in sorted(one for one in pathlib.Path(path).rglob("*") if one.is_file()):
                self.leave(self.upload, f"{name}/{file.relative_to(path)}", file, expires)

    def leave(self, upload, *arguments):
        """In docker's format all artifacts are optional: the task ends as if one that cannot be uploaded were there."""
        try:
            upload(*arguments)
        except (OSError, Refused) as error:
            self.note("not uploaded", reason=str(error))

    def is_lost(self, name):
        return self.fault is not None and self.fault["do"] == "uploads-lost" and self.fault.get("artifact", "") in name

    def upload_log(self):
        live = self.payload.get("log", LIVE_LOG) if isinstance(self.payload.get("log", LIVE_LOG), str) else LIVE_LOG
        stem, extension = os.path.splitext(live)
        backing = f"{stem}_backing{extension}"
        self.upload_bytes(backing, bytes(self.log), "text/plain; charset=utf-8", self.task["expires"], is_zipped=True)
        self.create_artifact(live, {"storageType": "link", "artifact": backing, "contentType": "text/plain; charset=utf-8"})

    def upload(self, name, file, expires):
        if self.is_lost(name) and not self.fault.get("created"):
            raise OSError(f"{name} is lost, as this test wants it")
        kind = "text/plain" if file.suffix == ".log" else mimetypes.guess_type(file.name)[0]
        is_zipped = file.suffix[1:] not in IDENTITY
        self.upload_bytes(name, file.read_bytes(), kind or "application/octet-stream", expires, is_zipped)

    def upload_bytes(self, name, content, kind, expires, is_zipped):
        is_object = self.worker.plan.get("object_artifacts", False)
        own = {"storageType": "object" if is_object else "s3", "contentType": kind, "contentLength": len(content), "expires": expires}
        place = self.create_artifact(name, own)
        if self.is_lost(name):
            raise OSError(f"the bytes of {name} are lost, as this test wants it")
        if is_object:
            return self.upload_object(place, name, content, kind)
        headers = {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if is_zipped else {})
        self.put(name, place["putUrl"], headers, gzip.compress(content, mtime=0) if is_zipped else content)

    def upload_object(self, place, name, content, kind):
        client = hawk.Client(self.worker.plan["root_url"], place["credentials"], self.worker.seconds)
        own = {key: place[key] for key in ("projectId", "uploadId")}
        path = urllib.parse.quote(place["name"], safe="")
        proposed = {"putUrl": {"contentType": kind, "contentLength": len(content)}}
        if len(content) <= LONGEST_INLINE:
            proposed["dataInline"] = {"contentType": kind, "objectData": base64.b64encode(content).decode()}
        asked = own | {"expires": place["expires"], "proposedUploadMethods": proposed}
        method = client.call("PUT", f"object/v1/upload/{path}", asked)["uploadMethod"]
        if "putUrl" in method:
            self.put(name, method["putUrl"]["url"], method["putUrl"]["headers"], content)
        hashes = {name: hashlib.new(name, content).hexdigest() for name in ("sha256", "sha512")}
        client.call("POST", f"object/v1/finish-upload/{path}", own | {"hashes": hashes})
        path = urllib.parse.quote(name, safe="")
        self.client.call("PUT", f"{self.path}/artifacts/{path}", {"uploadId": place["uploadId"]})

    def put(self, name, url, headers, body):
        headers = headers | {"Content-Length": str(len(body))}
        status, _, _ = hawk.send_with_patience(url, "PUT", lambda: headers, body, self.worker.seconds)
        if status != 200:
            raise Refused(status, "", f"the store refused {name}")

    def create_artifact(self, name, own):
        own = {"expires": self.task["expires"]} | own
        return self.client.call("POST", f"{self.path}/artifacts/{urllib.parse.quote(name, safe='')}", own)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path, required=True)
    parser.add_argument("--capacity", type=int)
    parser.add_argument("--run-in")
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text())
    plan |= {name: value for name, value in vars(options).items() if name != "plan" and value is not None}
    worker = Worker(plan)
    worker.start()
    print("ready", flush=True)
    sys.stdin.buffer.read()
    worker.end()


if __name__ == "__main__":
    main()
