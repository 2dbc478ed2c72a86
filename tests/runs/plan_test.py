"""quern plan: the tasks that a job would have on Taskcluster, as JSON."""
import json
import os
import subprocess
import unittest

from remote_test import KEY, SECRET, Server, stored
from scenario import COUNT_SYSTEMS, ROOT, SUM, Scenario, pings

NOW = "2026-01-31T12:00:00Z"
GROUP = "Q3GkR1sXTx2mV0c7b1yZ5A"
QUEUE = "task_queue: proj-example/linux, image: registry.example.com/quern"
ROOT_URL = "https://tc.example.com"
PLAN = ["--now", NOW, "--set", "owner=someone@example.com"]
SCHEMAS = os.path.join(os.path.dirname(ROOT), "shared/schemas/bundled")
# Debian's interpreter has Debian's jsonschema.
VALIDATE = """
import json, sys
import jsonschema
folder = sys.argv[1]
def validator(name):
    with open(f"{folder}/{name}.json", encoding="utf-8") as file:
        return jsonschema.Draft6Validator(json.load(file), format_checker=jsonschema.FormatChecker())
task, payload = validator("queue-create-task-request"), validator("docker-worker-payload")
for entry in json.load(sys.stdin)["tasks"]:
    task.validate(entry["task"])
    payload.validate(entry["task"]["payload"])
"""


class Plan(Scenario):
    def environment(self, extra):
        own = {"HOME": self.folder, "CREDENTIALS": None, "no_proxy": "127.0.0.1,localhost", "TASKCLUSTER_ROOT_URL": ROOT_URL}
        return super().environment({**own, **extra})

    def write_job(self, more="", taskcluster="", folder="job"):
        job = (f"mapper: {{language: python, script: mapper.py}}\nreducer: {{language: python, script: reducer.py}}\n{more}"
               f"taskcluster: {{{QUEUE}{', ' * bool(taskcluster)}{taskcluster}}}\n")
        self.write_all({f"{folder}/analysis-tools.yml": job, f"{folder}/mapper.py": COUNT_SYSTEMS, f"{folder}/reducer.py": SUM})

    def write_manifest(self, count, size=1_000_000):
        self.write("names", "".join(f"s3://telemetry/2026-01-{number % 28 + 1:02}/{number:06}.json.xz\t{size}\n" for number in range(count)))

    def plan(self, *arguments, **options):
        return self.quern("plan", *arguments, *PLAN, **options)

    def planned(self, *arguments, **options):
        run = self.plan(*arguments, **options)
        self.assertEqual(run.status, 0, run)
        return json.loads(run.stdout)

    def definitions(self, *arguments, **options):
        return [entry["task"] for entry in self.planned(*arguments, **options)["tasks"]]

    def test_prints_maps_and_what_reduces_them(self):
        self.write_job()
        self.write_manifest(120)
        run = self.plan("job", "--manifest", "names", "--group", GROUP)
        self.assertEqual(run.status, 0, run)
        lines = run.stdout.splitlines()
        self.assertEqual(len(lines), 1 + 4 + 1, "one task a line")
        plan = json.loads(run.stdout)
        self.assertEqual(plan["taskGroupId"], GROUP)
        kinds = [entry["task"]["tags"]["quern-kind"] for entry in plan["tasks"]]
        self.assertEqual(kinds, ["map", "map", "map", "reduce"])
        final = plan["tasks"][-1]["task"]
        self.assertEqual(final["dependencies"], [entry["taskId"] for entry in plan["tasks"][:-1]])
        self.assertEqual(final["payload"]["env"]["INPUT_TASK_IDS"].split(), final["dependencies"])
        named = [name for entry in plan["tasks"][:-1] for name in entry["task"]["payload"]["command"][-50:] if name.startswith("s3://")]
        with open(self.path("names"), encoding="utf-8") as names:
            self.assertEqual(named, sorted(line.split("\t")[0] for line in names))
        for phrase in ("120 inputs, 120.0 MB, in 3 loads", "4 tasks: 3 map, 1 reduce", f"group {GROUP} at {ROOT_URL}",
                       "  queue:create-task:lowest:proj-example/linux\n"):
            self.assertIn(phrase, run.stderr, run)

    def test_gives_the_same_bytes_from_anywhere(self):
        self.write_job()
        self.write_manifest(300)
        first = self.plan("job", "--manifest", "names", "--set", "limits.bad_records=3")
        self.assertEqual(first.status, 0, first)
        os.utime(self.path("job/mapper.py"), (1, 1))
        again = self.plan("job", "--manifest", "names", "--set", "limits.bad_records=3")
        inside = self.plan("--manifest", "../names", "--set", "limits.bad_records=3", folder=self.path("job"))
        elsewhere = self.plan(self.path("job"), "--manifest", self.path("names"), "--set", "limits.bad_records=3", folder="/")
        by_variable = self.plan("job", "--manifest", "names", environment={"QUERN_LIMITS_BAD_RECORDS": "3"})
        for other in again, inside, elsewhere, by_variable:
            self.assertEqual(other.status, 0, other)
        for other in again, inside, elsewhere:
            self.assertEqual(other.stdout, first.stdout, other)
            self.assertEqual(other.stderr, first.stderr, other)
        commands = [[entry["task"]["payload"]["command"] for entry in json.loads(run.stdout)["tasks"]] for run in (first, by_variable)]
        for ours, theirs in zip(*commands):
            self.assertEqual([word for word in ours if word != "owner=someone@example.com"],
                             [word for word in theirs if word != "owner=someone@example.com"])
        changed = self.plan("job", "--manifest", "names", "--set", "limits.bad_records=4")
        self.assertNotEqual(json.loads(changed.stdout)["taskGroupId"], json.loads(first.stdout)["taskGroupId"])

    def test_lists_what_is_in_s3_with_its_size(self):
        objects = {f"day/{name}.json": stored(pings("Linux") * size) for name, size in (("a", 1), ("b", 30), ("c", 1))}
        server = Server(self, "s3_server.py", {"keys": {"AKIDEXAMPLE": {"secret": SECRET}}, "buckets": {"data": {"objects": objects}}})
        self.write_job("inputs: ['s3://data/day/*']\n", "load: {bytes: 1KiB}")
        access = {**KEY, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1"}
        tasks = self.definitions("job", environment=access)
        self.assertEqual([task["payload"]["command"][-1] for task in tasks[:-1]], [f"s3://data/day/{name}.json" for name in "abc"])
        self.assertEqual(tasks[0]["payload"]["env"]["AWS_ENDPOINT_URL_S3"], server.url)
        self.assertEqual(tasks[0]["payload"]["env"]["AWS_REGION"], "us-east-1")
        self.assertNotIn(SECRET, json.dumps(tasks))
        # What is sealed for the tasks needs no key here: the inputs are listed with our own.
        tasks = self.definitions("job", environment={**access, "CREDENTIALS": "c2VhbGVk"})
        self.assertEqual(tasks[0]["payload"]["env"]["CREDENTIALS"], "c2VhbGVk")
        tasks = self.definitions("job", "-i", "day/*", "--bucket", "data", environment=access)
        self.assertEqual(tasks[0]["payload"]["command"][-1], "day/a.json")
        self.assertEqual(tasks[0]["payload"]["env"]["QUERN_BUCKET"], "data")

    def test_names_in_a_task_mean_what_they_say(self):
        odd = {f"day/{name}": stored(pings(system)) for name, system in (("a*.json", "Star"), ("ab.json", "Plain"), ("{x,y}[1]?.json", "Odd"))}
        server = Server(self, "s3_server.py", {"keys": {"AKIDEXAMPLE": {"secret": SECRET}}, "buckets": {"data": {"objects": odd}}})
        self.write_job("inputs: ['s3://data/day/*']\n", "load: {files: 1}, s3_credentials: sealed")
        access = {**KEY, "AWS_ENDPOINT_URL": server.url}
        results = []
        for task in self.definitions("job", environment={**access, "CREDENTIALS": "c2VhbGVk"})[:-1]:
            words = task["payload"]["command"]
            self.assertEqual(words[:2], ["quern", "map"])
            run = self.quern(*words[1:], folder=self.path("job"), environment=access)
            self.assertEqual(run.status, 0, run)
            with open(self.path("job/result.txt"), encoding="utf-8") as result:
                results.append(result.read())
        self.assertEqual(sorted(results), ["Odd 1\n", "Plain 1\n", "Star 1\n"])

    def test_a_filter_has_done_its_work_before(self):
        filter_json = {"version": 1, "dimensions": [{"field_name": "day", "allowed_values": ["2026-01-02", "2026-01-03"]}]}
        self.write("job/Filter.json", json.dumps(filter_json))
        self.write_job("filter: Filter.json\n")
        self.write_manifest(28)
        tasks = self.definitions("job", "--manifest", "names")
        words = tasks[0]["payload"]["command"]
        self.assertEqual(words[words.index("--") - 3:words.index("--")], ["--set", "filter=none", "--no-sign-request"])

    def test_the_folder_of_the_job_travels_or_is_in_the_image(self):
        self.write_job(taskcluster="leave_out: [data]")
        self.write_manifest(1)
        self.write("job/data/large.bin", os.urandom(500_000))
        tasks = self.definitions("job", "--manifest", "names")
        self.assertEqual(len({task["payload"]["env"]["QUERN_JOB"] for task in tasks}), 1)
        self.write("job/more.bin", os.urandom(500_000))
        run = self.plan("job", "--manifest", "names")
        self.assertEqual(run.status, 1, run)
        self.assertIn("more.bin", run.stderr, run)
        self.write_job(taskcluster="job: image")
        self.assertNotIn("QUERN_JOB", self.definitions("job", "--manifest", "names")[0]["payload"]["env"])

    def test_a_folder_with_a_secret_does_not_travel(self):
        self.write_job()
        self.write_manifest(1)
        # In pieces, so that a search for secrets does not find this file.
        secrets = {"deep/key.pem": "-----BEGIN " + "RSA PRIVATE KEY-----\nhidden\n", "id_ed25519": "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n",
                   "me.ppk": "PuTTY-User-Key" + "-File-3: ssh-rsa\n", "config": "aws_secret_access" + "_key = hiddenhiddenhidden\n",
                   "keys.csv": "AKIA" + "IOSFODNN7EXAMPLE" + ",wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY\n"}
        for name, content in secrets.items():
            self.write("job/" + name, content)
            for command in ("plan", "submit"):
                run = self.quern(command, "job", "--set", "owner=someone@example.com", "--manifest", "names")
                self.assertNotEqual(run.status, 0, name)
                self.assertIn(f"{name} holds a", run.stderr)
                self.assertIn("leave_out", run.stderr)
                self.assertNotIn("hidden", run.stdout + run.stderr)
            os.remove(self.path("job/" + name))
        self.definitions("job", "--manifest", "names")

    def test_what_is_wrong_is_said(self):
        self.write_job()
        self.write_manifest(2)
        self.write("data/a.json", pings("Linux"))
        rows = [
            (["-i", "data/a.json"], "data/a.json is a file of this machine, which no task can read"),
            (["-i", "http://127.0.0.1:9/a?bewit=hidden"], "has a query that may hold a secret"),
            (["-i", "http://127.0.0.1:9/a#hidden"], "has a query that may hold a secret"),
            (["--manifest", "names", "--set", "inputs=http://127.0.0.1:9/a?x=hidden"], "has a query that may hold a secret"),
            (["--manifest", "names", "--set", "taskcluster.fan_inn=3"], "taskcluster.fan_inn is not a setting; did you mean"),
            (["--manifest", "names", "--set", "taskcluster.image=a b"], "taskcluster.image is 'a b'"),
            (["--manifest", "names", "--set", "owner=a" + "b" * 300], "metadata.owner has 301 characters"),
            *[(["--manifest", "names", "--set", f"taskcluster.image={name}"], f"taskcluster.image: '{name}' is not the name of an image")
              for name in ("registry.example.com/Quern:1", "a//b", "quern:tag:two", "quern@sha256:abc", "a@b@c", "quern-:1", "a..b", "quern:" + "x" * 129)],
            *[(["--manifest", "names", "--set", "notify.via=taskcluster", "--set", f"owner={owner}"], "owner: ")
              for owner in ("me@localhost", "root", "me@-x.com", "me@example.com-", "me@example..com")],
            (["--manifest", "names", "--group", "x"], "--group is 'x'; it must be the id of a task group"),
            (["--manifest", "names", "--set", "mapper.script=../mapper.py"], "is outside of the job's folder"),
            (["--manifest", "names", "--set", "mapper.script=mappr.py"], "there is no script mappr.py"),
            (["--manifest", "names", "--set", "limits.records=10"], "limits.records is for a run on one machine"),
        ]
        for arguments, message in rows:
            run = self.quern("plan", "job", "--set", "owner=someone@example.com", *arguments)
            self.assertEqual(run.status, 2, run)
            self.assertIn(message, run.stderr, run)
            self.assertEqual(run.stdout, "", run)
            self.assertNotIn("hidden", run.stderr, run)
        run = self.quern("plan", "job", "--set", "owner=someone@example.com", "-i", "http://127.0.0.1:9/a?page=1", "--set",
                         "downloads.show_query=yes")
        self.assertEqual(run.status, 0, run)
        self.assertIn("http://127.0.0.1:9/a?page=1", run.stdout)
        run = self.quern("plan", "job", "--manifest", "names", "--now", "tomorrow")
        self.assertIn("--now is 'tomorrow'; it must be a time", run.stderr, run)
        run = self.quern("plan", "job", "--manifest", "names")
        self.assertIn("owner is not set", run.stderr, run)
        run = self.plan("job", "--manifest", "names", environment={"TASKCLUSTER_ROOT_URL": None})
        self.assertIn("neither taskcluster.root_url nor TASKCLUSTER_ROOT_URL is set", run.stderr, run)

    def test_all_that_is_missing_is_said_at_once(self):
        self.write_manifest(1)
        self.write("job/analysis-tools.yml", "mapper: {language: python, script: mapper.py}\n")
        run = self.quern("plan", "job", "--manifest", "names", environment={"TASKCLUSTER_ROOT_URL": None})
        self.assertEqual(run.status, 2, run)
        for name in ("taskcluster.root_url", "taskcluster.task_queue", "taskcluster.image", "owner"):
            self.assertIn(f"{name} ", run.stderr, run)

    @unittest.skipUnless(os.path.isdir(SCHEMAS), f"Taskcluster's schemas are not in {SCHEMAS}")
    def test_taskclusters_own_schemas_take_the_tasks(self):
        self.write_manifest(120)
        image = "taskcluster.image={task: fOF8Cqj0QPKbvczC2dnXiQ, path: public/image.tar.zst}"
        of_taskcluster = "s3_credentials: taskcluster, routes: [index.some.job], env: {A: b}"
        for more, taskcluster, settings in (("", "", []), ("reducers: 3\n", "load: {files: 10}, fan_in: 4", ["--set", image]),
                                            ("notify: {via: taskcluster}\n", of_taskcluster, [])):
            self.write_job(more, taskcluster)
            run = self.plan("job", "--manifest", "names", *settings)
            self.assertEqual(run.status, 0, run)
            done = subprocess.run(["/usr/bin/python3", "-c", VALIDATE, SCHEMAS], input=run.stdout.encode(), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode, 0, done.stdout.decode())


if __name__ == "__main__":
    unittest.main()
