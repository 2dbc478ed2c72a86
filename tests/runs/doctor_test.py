"""quern doctor: what it says is missing, with the real program on this machine."""
import http.server
import json
import os
import resource
import threading
import time

from deployment import QUEUE, TOKEN, Deployed, hawk
from remote_test import SECRET, Server
from scenario import JOB, pings

DIGEST = "sha256:" + "ab" * 32
TASKS = """owner: you@example.com
taskcluster: {task_queue: %s, image: "%s"}
"""


class Registry(http.server.BaseHTTPRequestHandler):
    """Has one image, to which a token leads; another one is not for everybody."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        self.answer(200, body=b'{"token": "for-everybody"}')

    def do_HEAD(self):
        self.server.asked.append(self.path)
        if not self.path.startswith("/v2/"):
            return self.answer(200)  # an input of a job
        name = self.path.split("/")[2]
        here = f"http://127.0.0.1:{self.server.server_port}"
        if name == "open" or (name == "quern" and self.headers.get("Authorization") == "Bearer for-everybody"):
            self.answer(200, {"Docker-Content-Digest": DIGEST})
        elif name == "quern":
            self.answer(401, {"WWW-Authenticate": f'Bearer realm="{here}/token",service="test",scope="repository:quern:pull"'})
        elif name == "private":
            self.answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        else:
            self.answer(404)
        return None

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Doctor(Deployed):
    def doctor(self, *arguments, status=0, environment=None, **options):
        """The findings by name; of several of one name a list."""
        run = self.quern("doctor", "--json", *arguments, environment=environment, **options)
        self.assertEqual(run.status, status, run)
        self.assertNotIn(SECRET, run.stdout + run.stderr)
        self.assertNotIn(TOKEN, run.stdout + run.stderr)
        self.findings = json.loads(run.stdout)
        for finding in self.findings:
            self.assertEqual(list(finding), ["state", "what", "found", "fix"])
        return run

    def one(self, what, state=None, *phrases):
        """The only finding of that name."""
        found = [finding for finding in self.findings if finding["what"] == what]
        self.assertEqual(len(found), 1, (what, self.findings))
        if state:
            self.assertEqual(found[0]["state"], state, found)
        for phrase in phrases:
            self.assertIn(phrase, found[0]["found"] + " -> " + found[0]["fix"])
        return found[0]

    def named(self, *names):
        return [finding for finding in self.findings if finding["what"] in names]

    def local_job(self, job=JOB):
        self.count_job(job)
        self.write("data/a.json", pings("Linux", "Linux"))


class Machine(Doctor):
    def test_a_job_that_needs_nothing_more(self):
        self.local_job()
        self.doctor(".")
        self.one("job file", "ok", "analysis-tools.yml")
        self.one("modules", "ok", "mapper mapper.py, reducer reducer.py")
        self.one("inputs", "ok", "1 here")
        self.one("python3", "ok", "Python 3.")
        self.one("processors")
        self.one("result folder", "ok", "free")
        self.one("S3 credentials", "note", "none are needed")
        self.one("Taskcluster", "note", "not needed")
        self.assertEqual(self.named("downloads folder", "S3 server", "clock"), [])
        run = self.quern("doctor", ".")
        self.assertIn("ok       modules: mapper mapper.py", run.stdout)
        self.assertNotIn("\x1b", run.stdout)
        self.assertEqual(self.quern("doctor", ".", "-q").stdout, "")
        self.assertEqual(self.quern("run").status, 0)

    def test_without_a_job(self):
        self.doctor()
        if not os.path.exists("/etc/analysis-tools.yml"):
            self.one("job file", "note", "quern init")
        self.doctor("nowhere", status=1)
        self.one("job file", "missing", "does not exist")

    def test_a_job_with_mistakes(self):
        self.local_job(JOB + "limits: {memry: 1}\n")
        self.doctor(status=1)
        self.one("job file", "missing", "memory")
        self.local_job(JOB.replace("data/*", "nothing/*"))
        os.remove(self.path("reducer.py"))
        self.doctor(status=1)
        self.one("inputs", "missing", "nothing/*")
        self.one("reducer", "missing", "reducer.py")
        self.one("modules", "ok", "mapper.py")

    def test_an_empty_path(self):
        self.local_job()
        empty = {"PATH": self.path("data"), "QUERN_PYTHON": None}
        self.doctor(status=1, environment=empty)
        self.one("python3", "missing", "apt-get install python3", "QUERN_PYTHON")
        self.one("node", "note", "apt-get install nodejs", "not needed")
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: info.OS, value: 1}\nreducer: {builtin: sum}\ninputs: [data/*]\n")
        self.doctor(environment=empty)
        self.one("python3", "note")

    def test_an_old_python(self):
        self.local_job()
        old = self.write("old-python", "#!/bin/sh\nif [ \"$1\" = -c ]; then echo \"$0\"; else echo Python 3.6.9; fi\n", executable=True)
        self.doctor(status=1, environment={"QUERN_PYTHON": old})
        self.one("python3", "missing", "3.6", "need 3.8")
        broken = self.write("broken", "#!/bin/sh\necho cannot\nexit 1\n", executable=True)
        self.doctor(status=1, environment={"QUERN_PYTHON": broken})
        self.one("python3", "missing", "cannot")

    def test_few_open_files(self):
        self.local_job()
        def lower(soft, hard):
            return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.doctor("-p", "2", status=1, preexec_fn=lower(64, 64))
        self.one("open files", "missing", "64 allowed", "hard limit")
        self.doctor("-p", "2", preexec_fn=lower(64, 148))
        self.one("open files", "ok")
        self.assertEqual(self.finish(self.start("run", "-p", "2", preexec_fn=lower(148, 148))).status, 0)

    def test_too_little_memory(self):
        self.local_job()
        self.doctor("--memory", "1000TiB", status=1)
        self.one("memory", "missing", "quern run --memory")
        self.doctor("--memory", "16MiB")
        self.one("memory", "ok")

    def test_folders_that_cannot_be_used(self):
        self.local_job()
        self.doctor("--scratch", "missing", status=1)
        self.one("scratch folder", "missing", "--scratch or TMPDIR")
        self.doctor("--set", "output=mapper.py/result.txt", status=1)
        self.one("result folder", "missing", "--output")

    def test_a_full_scratch_folder(self):
        self.local_job()
        point = self.mount("size=512k")
        self.doctor("--scratch", point, "--set", "output=mounted/result.txt", status=1)
        self.one("scratch folder", "missing", "make room there")
        self.one("result folder", "missing", "make room there")
        with open(os.path.join(point, "full"), "wb") as full:
            full.write(bytes(512 << 10))
        self.doctor(status=1, environment={"TMPDIR": point})
        self.one("scratch folder", "missing", "No space left", "make room there", "--scratch or TMPDIR")
        self.assertEqual(os.listdir(point), ["full"])


class Peers(Doctor):
    def environment(self, extra):
        return super().environment({"HOME": self.folder, "no_proxy": "127.0.0.1,localhost", **extra})

    def registry(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def access(self, **more):
        return {"TASKCLUSTER_ROOT_URL": self.tc.url, "TASKCLUSTER_CLIENT_ID": "tester", "TASKCLUSTER_ACCESS_TOKEN": TOKEN, **more}

    def test_s3(self):
        self.local_job(JOB.replace("data/*", "'s3://data/*'"))
        s3 = Server(self, "s3_server.py", {"buckets": {"data": {"objects": {}}}})
        keys = {"AWS_ENDPOINT_URL": s3.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
        self.doctor(environment=keys)
        self.one("S3 credentials", "ok", "AKIDEXAMPLE of", "long-term")
        self.one("S3 server", "ok", s3.url)
        self.one("clock")
        self.one("inputs", "ok", "when the job runs")
        self.one("downloads folder")
        ended = {**keys, "AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
        self.doctor(status=1, environment=ended)
        self.one("S3 credentials", "missing", "expired at 2020")
        self.doctor("--no-sign-request", environment=ended)
        self.one("S3 credentials", "ok")
        self.doctor(status=1, environment={"CREDENTIALS": "sealed", "AWS_ENDPOINT_URL": s3.url, "QUERN_KEY_FILE": self.path("no.pem")})
        self.one("S3 credentials", "missing", "CREDENTIALS")
        # A result in S3 needs them, too.
        self.local_job(JOB + "output: s3://data/result.txt\n")
        self.doctor(environment=keys)
        self.one("S3 credentials", "ok", "AKIDEXAMPLE of")
        self.one("result folder", "ok", "free")
        self.local_job(JOB.replace("data/*", "'s3://data/*'"))
        s3.end()
        self.doctor(status=1, environment=keys)
        self.one("S3 server", "missing", "--endpoint")
        self.doctor("--offline", environment=keys)
        self.assertEqual(self.named("S3 server", "clock"), [])
        # Who has only local inputs does not need any of it.
        self.local_job()
        self.doctor(environment=ended)
        self.one("S3 credentials", "note", "expired")

    def test_a_deployment(self):
        self.deploy()
        self.doctor(environment=self.access())
        self.one("deployment", "ok", self.tc.url)
        self.one("clock", "ok")
        self.one("Taskcluster client", "ok", "tester")
        self.one("scopes", "ok", "1 held")
        self.doctor(environment=self.access(TASKCLUSTER_CLIENT_ID=None, TASKCLUSTER_ACCESS_TOKEN=None), status=1)
        self.one("Taskcluster client", "missing", "TASKCLUSTER_CLIENT_ID", "signin")
        self.doctor(environment=self.access(TASKCLUSTER_CLIENT_ID="nobody"), status=1)
        self.one("scopes", "missing", "TASKCLUSTER_ACCESS_TOKEN")
        self.doctor(environment=self.access(TASKCLUSTER_ROOT_URL="http://127.0.0.1:1"), status=1)
        self.one("deployment", "missing", "TASKCLUSTER_ROOT_URL")
        self.doctor("--offline", environment=self.access(TASKCLUSTER_ROOT_URL="http://127.0.0.1:1"))
        self.one("Taskcluster client", "ok")
        self.assertEqual(self.named("deployment", "scopes", "image"), [])
        self.local_job()
        self.doctor(environment=self.access(TASKCLUSTER_ROOT_URL="http://127.0.0.1:1"))
        self.one("deployment", "note")

    def test_a_clock_that_is_wrong(self):
        self.deploy(clock_offset=20 * 60 + 10)
        self.doctor(environment=self.access(), status=1)
        self.one("clock", "missing", "20 minutes behind", "timedatectl")
        self.change(clock_offset=-5 * 60 - 10)
        self.doctor(environment=self.access())
        self.one("clock", "note", "ahead of")

    def test_a_certificate_that_has_ended(self):
        self.deploy()
        ended = hawk.temporary_credentials("root", TOKEN, "root", ["*"], time.time() - 3 * 3600, time.time() - 2 * 3600 - 60)
        self.doctor(status=1, environment=self.access(
            TASKCLUSTER_CLIENT_ID=ended["clientId"], TASKCLUSTER_ACCESS_TOKEN=ended["accessToken"],
            TASKCLUSTER_CERTIFICATE=ended["certificate"]))
        self.one("Taskcluster client", "missing", "2 hours ago", "signin")
        self.one("deployment", "ok")
        self.assertEqual(self.named("scopes"), [])

    def test_scopes_and_an_image(self):
        registry = self.registry()
        host = f"127.0.0.1:{registry.server_port}"
        self.deploy(scopes=["auth:current-scopes"])
        self.local_job(JOB.replace("data/*", "'http://%s/data.json'" % host) + TASKS % (QUEUE, f"{host}/quern:1"))
        self.doctor(environment=self.access(), status=1)
        self.one("scopes", "missing", "queue:create-task:lowest:" + QUEUE)
        self.one("image", "note", f"{host}/quern@{DIGEST}")
        self.assertIn("/token?service=test&scope=repository%3Aquern%3Apull", registry.asked)
        self.deploy()
        self.doctor(environment=self.access())
        self.one("scopes", "ok", "all that the tasks need")
        self.doctor("--set", "taskcluster.root_url=" + self.tc.url, environment=self.access(TASKCLUSTER_ROOT_URL=None))
        self.one("deployment", "ok", self.tc.url)
        self.doctor("--set", "taskcluster.root_url=" + self.tc.url, status=1, environment=self.access(TASKCLUSTER_ROOT_URL="http://127.0.0.1:1"))
        self.assertEqual([finding["state"] for finding in self.named("deployment")], ["missing", "ok"])
        for image, state, status, phrase in ((f"open@{DIGEST}", "ok", 0, "open"), ("private:1", "note", 0, "401"),
                                             ("gone:1", "missing", 1, "make publish"), ("Bad", "missing", 1, "not the name of an image")):
            self.local_job(JOB.replace("data/*", "'http://%s/data.json'" % host) + TASKS % (QUEUE, f"{host}/{image}"))
            self.doctor(environment=self.access(), status=status)
            self.one("image", state, phrase)
        self.local_job(JOB.replace("data/*", "'http://%s/data.json'" % host) + TASKS % (QUEUE, "127.0.0.1:1/quern:1"))
        self.doctor(environment=self.access())
        self.one("image", "note", "workers ask the registry")

    def test_it_says_what_submit_says(self):
        """What quern submit does without is a note, what it refuses is missing."""
        registry = self.registry()
        host = f"127.0.0.1:{registry.server_port}"
        tasks = ["queue:create-task:lowest:*", "queue:create-task:project:none", "queue:scheduler-id:-"]
        watch = ["queue:list-task-group:*", "queue:status:*", "queue:get-artifact:public/quern/*"]
        self.deploy(tasks + watch)
        self.local_job(JOB.replace("data/*", f"'http://{host}/data.json'") + TASKS % (QUEUE, f"{host}/open@{DIGEST}"))
        self.doctor(environment=self.access())
        self.one("scopes", "note", "they cannot be checked: currentScopes", "auth:current-scopes")
        rows = [(tasks, 1), (tasks + ["auth:current-scopes"], 1), (tasks + watch + ["auth:current-scopes"], 0), (tasks + watch, 0)]
        for held, status in rows:
            self.change(clients={"tester": {"accessToken": TOKEN, "scopes": held}})
            self.doctor("-q", status=status, environment=self.access())
            self.assertEqual(len(self.findings), status, self.findings)
            if status:
                self.one("scopes", "missing", "queue:list-task-group:")
            run = self.start("submit", ".", "--poll", "100ms", environment=self.access())
            if status:
                self.assertEqual(self.finish(run).status, status)
                continue
            self.wait_for(lambda: "/tasks/status" in self.tc.requests()[-1]["path"], "the watch")
            run.terminate()
            self.finish(run)

    def test_what_is_in_the_image_need_not_be_here(self):
        registry = self.registry()
        host = f"127.0.0.1:{registry.server_port}"
        self.deploy()
        job = JOB.replace("data/*", f"'http://{host}/data.json'")
        tasks = TASKS % (QUEUE, f"{host}/open@{DIGEST}")
        nothing = self.access(QUERN_PYTHON=self.path("no-python"), PATH=self.path("data"))
        for more, status in (("", 1), (tasks, 0)):
            self.local_job(job + more)
            self.doctor(".", "--memory", "1000TiB", environment=nothing, status=status)
            for what in ("python3", "memory"):
                self.one(what, "missing" if status else "note")
            self.write("mapper.py", "import not_here\n\ndef mapper(key, file, record):\n    pass\n")
            self.doctor(".", environment=self.access(), status=status)
            self.one("modules", "missing" if status else "note", "not_here")
        made = self.quern("submit", ".", "--no-watch", environment=nothing)
        self.assertEqual(made.status, 0, made)
        os.remove(self.path("mapper.py"))
        self.doctor(".", environment=self.access(), status=1)
        self.one("mapper", "missing", "mapper.py")
        self.one("tasks", "missing", "there is no script mapper.py")

    def test_inputs_and_settings_of_the_command_line(self):
        registry = self.registry()
        host = f"127.0.0.1:{registry.server_port}"
        self.deploy()
        self.local_job(JOB.replace("inputs: [data/*]", ""))
        own = ["--set", "owner=you@example.com", "--set", f"taskcluster.task_queue={QUEUE}", "--set", f"taskcluster.image={host}/open@{DIGEST}"]
        self.doctor(".", *own, environment=self.access())
        self.one("inputs", "note", "name them with -i")
        self.doctor(".", "-i", f"http://{host}/data.json", *own, environment=self.access())
        self.one("inputs", "ok")
        self.one("scopes", "ok", "all that the tasks need")
        self.doctor(".", "-i", "nothing/*", *own, environment=self.access(), status=1)
        self.write("names", f"http://{host}/data.json\t10\n")
        self.doctor(".", "--manifest", "names", *own, environment=self.access())
        for setting, what in ((f"taskcluster.image={host}/a..b", "image"), ("owner=me@localhost", "job file")):
            bad = [*own, "--set", "notify.via=taskcluster", "--set", setting, "--manifest", "names"]
            self.doctor(".", *bad, environment=self.access(), status=1)
            self.one(what, "missing")
            for command in ("plan", "submit"):
                self.assertEqual(self.quern(command, ".", *bad, environment=self.access()).status, 2)

    def test_an_image_that_a_task_makes(self):
        self.deploy()
        task = self.create(["true"])
        taskcluster = "owner: you@example.com\ntaskcluster: {task_queue: %s, image: {%s}}\n"
        for image, state, phrase in ((f"task: {task}, path: public/i", "note", "pending"),
                                     ("task: fOF8Cqj0QPKbvczC2dnXiQ, path: public/i", "missing", "taskcluster.image"),
                                     ("index: no.such, path: public/i", "missing", "no.such")):
            self.local_job(JOB.replace("data/*", "'http://127.0.0.1:1/x'") + taskcluster % (QUEUE, image))
            self.quern("doctor")
            self.doctor(environment=self.access(), status=int(state == "missing"))
            self.one("image", state, phrase)
