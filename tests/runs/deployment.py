"""A fake deployment of Taskcluster with workers, for tests of whole programs (tests/fakes/taskcluster_*.py)."""
import datetime
import json
import os
import subprocess
import sys
import urllib.parse

from remote_test import Server
from scenario import QUERN, ROOT, Scenario

sys.path.insert(0, os.path.join(ROOT, "tests/fakes"))
import hawk  # noqa: E402: beside the servers
from taskcluster_terms import date_text, slugid, utc_now  # noqa: E402

TOKEN = "no-" + "secret"
QUEUE = "proj-example/linux"


class Worker:
    """tests/fakes/taskcluster_worker.py, which ends when this does."""

    def __init__(self, test, plan, name, arguments=()):
        self.test, self.log = test, test.path(f"{name}.log")
        path = test.write(f"plans/{name}.json", json.dumps(plan | {"log": self.log}))
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-B", os.path.join(ROOT, "tests/fakes/taskcluster_worker.py"), "--plan", path, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def events(self):
        try:
            with open(self.log, encoding="utf-8") as log:
                return [json.loads(line) for line in log]
        except FileNotFoundError:
            return []


class Deployed(Scenario):
    """`self.tc` is the server, `self.client` may do everything."""

    def setUp(self):
        super().setUp()
        self.workers = []

    def tearDown(self):
        # They take their tasks with them, so that what is left now is quern's.
        for worker in self.workers:
            worker.end()
        super().tearDown()

    def deploy(self, scopes=("*",), **plan):
        plan.setdefault("wait_seconds", 1)
        clients = {"root": {"accessToken": TOKEN, "scopes": ["*"]}, "tester": {"accessToken": TOKEN, "scopes": list(scopes)}}
        self.tc = Server(self, "taskcluster_server.py", {"clients": clients, **plan})
        self.client = hawk.Client(self.tc.url, {"clientId": "root", "accessToken": TOKEN})

    def change(self, **plan):
        hawk.send(self.tc.url + "/_plan", "POST", {"Content-Type": "application/json"}, json.dumps(plan).encode())

    def work(self, *arguments, **plan):
        """A worker with quern on the PATH of its tasks."""
        number = len(self.workers) + 1
        folder = self.path(f"work{number}")
        os.makedirs(folder)
        name, value = self.mark.split("=")
        own = {"root_url": self.tc.url, "credentials": self.client.credentials, "task_queue": QUEUE, "folder": folder,
               "path": f"{os.path.dirname(QUERN)}:/usr/local/bin:/usr/bin:/bin", "environment": {name: value}}
        self.workers.append(Worker(self, own | plan, f"worker{number}", arguments))
        return self.workers[-1]

    def environment(self, extra):
        own = {"HOME": self.folder, "CREDENTIALS": None, "no_proxy": "127.0.0.1,localhost"}
        return super().environment({**own, **extra})

    # Tasks made by hand

    def definition(self, command, group=None, **more):
        now = utc_now()
        payload = {"image": "example", "command": command, "maxRunTime": 60, **more.pop("payload", {})}
        metadata = {"name": more.pop("name", "map 1/1"), "description": "-", "owner": "a@example.com", "source": "https://example.com"}
        own = {"taskQueueId": QUEUE, "schedulerId": "quern", "created": date_text(now), "payload": payload, "metadata": metadata,
               "deadline": date_text(now + datetime.timedelta(hours=1))}
        return own | ({"taskGroupId": group} if group else {}) | more

    def create(self, command, **more):
        task_id = slugid()
        self.client.call("PUT", f"queue/v1/task/{task_id}", self.definition(command, **more))
        return task_id

    def status(self, task_id):
        return self.client.call("GET", f"queue/v1/task/{task_id}/status")["status"]

    def list_group(self, group_id):
        """All its tasks, from all pages."""
        tasks, query = [], ""
        while query is not None:
            page = self.client.call("GET", f"queue/v1/task-group/{group_id}/list{query}")
            tasks += page["tasks"]
            token = page.get("continuationToken")
            query = token and "?continuationToken=" + urllib.parse.quote(token, safe="")
        return tasks

    def resolved(self, task_id):
        """The status of a task, when it has ended."""
        self.wait_for(lambda: self.status(task_id)["state"] in ("completed", "failed", "exception"), f"the end of task {task_id}")
        return self.status(task_id)

    def reasons(self, task_id):
        return [run.get("reasonResolved") for run in self.resolved(task_id)["runs"]]

    def artifacts(self, task_id, run=None):
        path = f"queue/v1/task/{task_id}" + ("" if run is None else f"/runs/{run}") + "/artifacts"
        return {one["name"]: one for one in self.client.call("GET", path)["artifacts"]}

    def artifact(self, task_id, name, run=None):
        """(headers, bytes) of the store's answer."""
        path = f"queue/v1/task/{task_id}" + ("" if run is None else f"/runs/{run}") + "/artifact-content/"
        content = self.client.call("GET", path + urllib.parse.quote(name, safe=""))
        _, headers, body = hawk.send_with_patience(content["url"], "GET", dict, b"")
        return headers, body
