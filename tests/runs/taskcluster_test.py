"""Jobs on Taskcluster from end to end: quern submit, tasks in a worker's private folders, and the bytes of quern run."""
import gzip
import json
import os
import re
import shutil
import time

from deployment import QUEUE, TOKEN, Deployed

import hawk  # beside the servers, where deployment.py lets it be found
from remote_test import Server, stored
from taskcluster_terms import parse_date
from scenario import JOB, MAP_ONLY, ROOT, dedent, ping, slow

# Keeps the values in the order in which they come, so that a result tells of theirs.
JOIN = dedent("""
    def reduce(key, values):
        return key, ",".join(values)
    """)
NUMBERED = dedent("""
    def mapper(key, file, record):
        return record["info"]["OS"], f'{file.rpartition("/")[2]}:{int(key.partition("-")[0], 16)}'
    """)
CLUSTER = dedent(f"""
    owner: someone@example.com
    taskcluster:
      task_queue: {QUEUE}
      scheduler_id: quern
      image: example/quern:1
      load: {{files: 1}}
      fan_in: 20
    """)

# What everybody may do on the public deployments.
ANONYMOUS = ["queue:get-task:*", "queue:status:*", "queue:list-artifacts:*", "queue:list-task-group:*", "queue:list-dependent-tasks:*",
             "queue:get-artifact:public/*", "index:find-task:*", "auth:current-scopes", "auth:expand-scopes"]


class Cluster(Deployed):
    """A job in the folder `job`, whose inputs a server on loopback has."""

    def deploy(self, scopes=("*",), **plan):
        super().deploy(scopes, **{"roles": {"anonymous": ANONYMOUS}, **plan})

    def serve(self, files):
        """Names of files with their contents; the URLs, in the order of the names."""
        self.web = Server(self, "fault_server.py", {f"/{name}": stored(content) for name, content in files.items()})
        return [f"{self.web.url}/{name}" for name in sorted(files)]

    def serve_as(self, name, planned):
        hawk.send(self.web.url + "/_plan", "POST", {}, json.dumps({f"/{name}": planned}).encode())

    def example(self, name, more=""):
        """One of the examples, whose inputs are on the web now."""
        source = os.path.join(ROOT, "examples", name)
        files = {}
        for file in sorted(os.listdir(os.path.join(source, "data"))):
            with open(os.path.join(source, "data", file), "rb") as data:
                files[file] = data.read()
        shutil.copytree(source, self.path("job"), ignore=shutil.ignore_patterns("data", "expected.txt", "analysis-tools.yml"))
        with open(os.path.join(source, "analysis-tools.yml"), encoding="utf-8") as job:
            lines = [line for line in job.read().splitlines() if not line.startswith("inputs:")]
        urls = ", ".join(f"'{url}'" for url in self.serve(files))
        self.write("job/analysis-tools.yml", "\n".join([*lines, f"inputs: [{urls}]", more, CLUSTER]))

    def job(self, text, files, mapper=NUMBERED, reducer=JOIN, more=CLUSTER):
        urls = ", ".join(f"'{url}'" for url in self.serve(files))
        self.write_all({"job/analysis-tools.yml": text.replace("data/*", urls) + more, "job/mapper.py": mapper, "job/reducer.py": reducer})

    def files(self, count):
        """So many inputs, each of which has records of three systems."""
        return {f"{number:02d}.json": "".join(ping(system, number * 10 + line) + "\n" for line, system in
                                              enumerate(("Linux", "WINNT", "Linux", "Darwin"))) for number in range(count)}

    def environment(self, extra):
        own = {}
        if hasattr(self, "tc"):
            own = {"TASKCLUSTER_ROOT_URL": self.tc.url, "TASKCLUSTER_CLIENT_ID": "tester", "TASKCLUSTER_ACCESS_TOKEN": TOKEN}
        return super().environment({**own, **extra})

    def submit(self, *arguments, **options):
        return self.quern("submit", "job", "--poll", "100ms", *arguments, **options)

    def locally(self, **options):
        """What quern run makes of the same job."""
        os.makedirs(self.path("local"), exist_ok=True)
        run = self.quern("run", self.path("job"), folder=self.path("local"), **options)
        self.assertIn(run.status, (0, 3), run)
        with open(self.path("local/result.json"), encoding="utf-8") as accounting:
            return self.local_result(), json.load(accounting)

    def local_result(self):
        with open(self.path("local/result.txt"), "rb") as result:
            return result.read()

    def assert_same_as_locally(self, run, **options):
        expected, accounting = self.locally(**options)
        self.assertEqual(run.left("result.txt", text=False), expected, run)
        for part in ("inputs", "records"):
            self.assertEqual(run.accounting[part], accounting[part], part)
        self.assert_adds_up(run)

    def created(self):
        """How many tasks somebody has tried to create."""
        return len({one["path"] for one in self.tc.requests() if one["method"] == "PUT" and "/queue/v1/task/" in one["path"]})

    def group_id(self):
        with open(self.path("job/.quern-group"), encoding="utf-8") as file:
            return json.load(file)["group_id"]

    def group(self):
        """{label: [what each run ended with]} of the tasks of the job's group, and their tags by label."""
        listed = self.list_group(self.group_id())
        self.ids = {one["task"]["metadata"]["name"].rpartition(": ")[2]: one["status"]["taskId"] for one in listed}
        self.tags = {label: one["task"]["tags"] for label, one in zip(self.ids, listed)}
        return {label: [run.get("reasonResolved") for run in one["status"]["runs"]] for label, one in zip(self.ids, listed)}

    def kinds(self):
        """How many tasks of each kind the group has."""
        self.group()
        kinds = [tags["quern-kind"] for tags in self.tags.values()]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    def log_of(self, label):
        return gzip.decompress(self.artifact(self.ids[label], "public/logs/live.log")[1]).decode("utf-8", "replace")


class Examples(Cluster):
    """Each of the examples, with one reducer and with three."""

    def check(self, name, reducers=1, **kinds):
        self.deploy(hiccups=23, page=2)
        self.example(name, f"reducers: {reducers}\n")
        self.work(capacity=2)
        run = self.submit()
        self.assert_run(run)
        self.assertEqual(self.kinds(), kinds)
        self.assert_same_as_locally(run)
        with open(os.path.join(ROOT, "examples", name, "expected.txt"), encoding="utf-8") as expected:
            self.assertEqual(run.result, expected.read())

    def test_os_count(self):
        self.check("os-count", map=3, reduce=1)

    def test_os_count_with_three_reducers(self):
        self.check("os-count", 3, map=3, reduce=3, collect=1)

    def test_word_count(self):
        self.check("word-count", map=2, reduce=1)

    @slow
    def test_word_count_with_three_reducers(self):
        self.check("word-count", 3, map=2, reduce=3, collect=1)

    @slow
    def test_grep_count(self):
        self.check("grep-count", map=3, reduce=1)

    @slow
    def test_grep_count_with_three_reducers(self):
        self.check("grep-count", 3, map=3, reduce=3, collect=1)

    @slow
    def test_line_length(self):
        self.check("line-length", map=2, reduce=1)

    @slow
    def test_line_length_with_three_reducers(self):
        self.check("line-length", 3, map=2, reduce=3, collect=1)


class Shapes(Cluster):
    """Other graphs of tasks, by jobs whose result tells of the order of values."""

    FEW = CLUSTER.replace("fan_in: 20", "fan_in: 2")

    def check(self, job, count=3, more=CLUSTER, **kinds):
        self.deploy()
        self.job(job, self.files(count), more=more)
        self.work(capacity=2)
        run = self.submit()
        self.assert_run(run)
        self.assertEqual(self.kinds(), kinds)
        self.assert_same_as_locally(run)
        return run

    def test_merge_tasks(self):
        self.check(JOB, 7, self.FEW, map=7, merge=5, reduce=1)

    @slow
    def test_merge_tasks_with_two_reducers(self):
        self.check(JOB + "reducers: 2\n", 5, self.FEW, map=5, merge=3, reduce=2, collect=1)

    def test_columns_of_groups(self):
        self.check("group: [info.OS, ver]\naggregate: {n: count, sum: sum ver, mean: mean ver, p50: p50 ver, all: distinct ver, which: unique ver, "
                   "most: 'top:2 ver'}\ninputs: [data/*]\n", 7, self.FEW, map=7, merge=5, reduce=1)

    @slow
    def test_columns_of_groups_with_two_reducers(self):
        self.check("group: info.OS\naggregate: {n: count, p99: p99 ver}\ninputs: [data/*]\nreducers: 2\n", 5, self.FEW, map=5, merge=3,
                   reduce=2, collect=1)

    def distinct_files(self, count):
        """Inputs whose values tell of their order."""
        return {name: text.replace('"ver": 1', f'"ver": {(7 * number + 3) % 10 + 0.5}') for number, (name, text) in
                enumerate(Cluster.files(self, count).items())}

    def test_columns_that_follow_the_order_of_the_inputs(self):
        self.files = self.distinct_files
        run = self.check("group: info.OS\naggregate: {first: first ver, last: last ver, all: list ver, dev: stddev ver, best: 'top:3 ver with ver'}\n"
                         "inputs: [data/*]\norder: dev desc\nfirst: 2\nformat: csv\n", 5, self.FEW, map=5, merge=3, reduce=1)
        self.assertEqual(len(run.result.splitlines()), 3)

    @slow
    def test_order_of_the_results_of_two_reducers(self):
        run = self.check("group: info.OS\naggregate: {n: count, first: first ver}\ninputs: [data/*]\nreducers: 2\norder: n desc\nformat: jsonl\n",
                         map=3, reduce=2, collect=1)
        self.assertEqual([json.loads(line)["n"] for line in run.result.splitlines()], [6, 3, 3])

    @slow
    def test_order_without_a_reducer(self):
        run = self.check(MAP_ONLY + "order: value desc\nfirst: 4\n", map=3, collect=1)
        self.assertEqual(len(run.result.splitlines()), 4)

    @slow
    def test_first_lines_of_several_reducers(self):
        run = self.check(JOB + "reducers: 2\nfirst: 2\n", map=3, reduce=2, collect=1)
        self.assertEqual(len(run.result.splitlines()), 2)

    def test_expressions(self):
        self.check("mapper: {language: python, expression: 'r[\"info\"][\"OS\"], file[-7:]'}\ninputs: [data/*]\n"
                   "reducer: {language: python, expression: '\" \".join(values)'}\n", map=3, reduce=1)

    def test_no_reducer(self):
        self.check(MAP_ONLY, map=3, collect=1)

    def test_steps(self):
        steps = dedent("""
            steps:
              - mapper: {language: python, script: second.py}
                reducer: {builtin: sum}
            """)
        self.write("job/second.py", "def mapper(key, file, record):\n    return len(record), 1\n")
        self.check(JOB + steps, map=3, reduce=1)

    @slow
    def test_several_inputs_a_task(self):
        self.check(JOB, 5, CLUSTER.replace("files: 1", "files: 2"), map=3, reduce=1)

    def test_artifacts_that_not_everybody_may_read(self):
        """They have names of their own, and the object service has their bytes."""
        self.deploy(resolver_seconds=0.2)
        self.job(JOB, self.files(2), more=CLUSTER + "  artifact_prefix: project/example/quern\n")
        self.work(object_artifacts=True)
        run = self.submit()
        self.assert_run(run)
        self.assert_same_as_locally(run)
        self.group()
        self.assertIn("project/example/quern/result.txt.zst", self.artifacts(self.ids["map 1/2"]))

    def test_as_many_scopes_as_requests_can_carry(self):
        self.deploy()
        def scopes(count):
            return "  scopes: [" + ", ".join(f"project:quern:{number:08d}" for number in range(count)) + "]\n"
        self.job(JOB, self.files(1), more=CLUSTER + scopes(45))
        self.assertIn("can carry 1100 at most", self.quern("plan", "job").stderr)
        self.job(JOB, self.files(1), more=CLUSTER + scopes(44))
        self.work()
        self.assert_run(self.submit())

    def test_a_record_is_left_out_within_the_limits(self):
        mapper = NUMBERED.replace("    return", "    if key.startswith('0000000b'):\n        raise ValueError(key)\n    return")
        self.deploy()
        self.job(JOB + "limits: {bad_records: 1}\n", self.files(3), mapper=mapper)
        self.work(capacity=2)
        run = self.submit()
        self.assert_run(run, status=3, records_bad=1)
        self.assertEqual(set(map(tuple, self.group().values())), {("completed",)})
        self.assert_same_as_locally(run)

    def test_a_submission_is_taken_up_again(self):
        self.deploy()
        self.job(JOB, self.files(3))
        made = self.submit("--no-watch")
        self.assertEqual(made.status, 0, made)
        count = self.created()
        self.work(capacity=2)
        run = self.submit("--group", self.group_id())
        self.assert_run(run)
        self.assertEqual(self.created(), count)
        self.assert_same_as_locally(run)


class InBuckets(Cluster):
    """Inputs in S3, whose server checks every signature."""

    SECRET = "bucket" + "-secret-of-tests"
    TOKEN = "session" + "-token-of-tests"

    def bucket(self, **keys):
        objects = {f"pings/{name}": stored(content) for name, content in self.files(3).items()}
        known = {"AKIDSUBMITTER": {"secret": self.SECRET}, **keys}
        self.s3 = Server(self, "s3_server.py", {"keys": known, "buckets": {"data": {"objects": objects}}})

    def job_with(self, more):
        text = JOB.replace("data/*", "'s3://data/pings/*'")
        self.write_all({"job/analysis-tools.yml": text + CLUSTER + more, "job/mapper.py": NUMBERED, "job/reducer.py": JOIN})

    def submitter(self):
        return {"AWS_ENDPOINT_URL_S3": self.s3.url, "AWS_REGION": "us-east-1"}

    def own_keys(self):
        return {"AWS_ACCESS_KEY_ID": "AKIDSUBMITTER", "AWS_SECRET_ACCESS_KEY": self.SECRET}

    def who_got(self):
        """The ids of the keys that objects were got with."""
        gets = [one for one in self.s3.requests() if one["method"] == "GET" and "list-type" not in one["target"]]
        return {one["headers"]["authorization"].partition("Credential=")[2].partition("/")[0] for one in gets}

    def assert_secrets_stay(self, run):
        for task in self.tc.requests():
            if task["method"] == "PUT" and task["path"].startswith("/api/queue/v1/task/"):
                self.assertNotIn(self.SECRET, task["body"])
        self.assertNotIn(self.SECRET, run.stdout + run.stderr)
        self.group()
        for label in self.ids:
            log = self.log_of(label)
            for secret in (self.SECRET, self.TOKEN, TOKEN):
                self.assertNotIn(secret, log)

    def test_sealed_credentials(self):
        self.bucket()
        made = self.quern("credentials", "keygen", "key.pem")
        self.assertEqual(made.status, 0, made)
        sealed = self.quern("credentials", "seal", "--to", "key.pub.pem", environment=self.own_keys())
        self.assertEqual(sealed.status, 0, sealed)
        self.deploy()
        self.job_with("")
        # As an image has its key.
        self.work(capacity=2, environment=dict([self.mark.split("=")]) | {"QUERN_KEY_FILE": self.path("key.pem")})
        own = {**self.submitter(), "CREDENTIALS": sealed.stdout.strip(), "QUERN_KEY_FILE": self.path("key.pem")}
        run = self.submit(environment=own)
        self.assert_run(run)
        self.assertEqual(self.who_got(), {"AKIDSUBMITTER"})
        self.assert_secrets_stay(run)
        self.assert_same_as_locally(run, environment=own)

    def test_credentials_from_taskcluster(self):
        keys = {"accessKeyId": "ASIATASK", "secretAccessKey": self.SECRET + "-2", "sessionToken": self.TOKEN}
        self.bucket(ASIATASK={"secret": keys["secretAccessKey"], "token": self.TOKEN})
        self.deploy(s3_credentials=keys)
        self.job_with("  s3_credentials: taskcluster\n")
        self.work(capacity=2)
        own = {**self.submitter(), **self.own_keys()}
        run = self.submit(environment=own)
        self.assert_run(run)
        self.assertEqual(self.who_got(), {"ASIATASK"})
        asked = {one["path"] for one in self.tc.requests() if "/aws/s3/" in one["path"]}
        self.assertEqual(len(asked), 1)
        self.assertIn("/aws/s3/read-only/data/pings%2F", asked.pop().replace("pings/", "pings%2F"))
        self.assert_secrets_stay(run)
        self.assert_same_as_locally(run, environment=own)


class GoesWrong(Cluster):
    """Workers that are lost, tasks that fail, groups that somebody ends."""

    FAILING = NUMBERED.replace("    return", "    if file.endswith('01.json') and os.path.exists('@cause@'):\n"
                                             "        raise ValueError('a cause')\n    return")

    def failing_job(self):
        self.cause = self.write("cause", "")
        self.job(JOB, self.files(3), mapper="import os\n" + self.FAILING.replace("@cause@", self.cause))

    def test_a_failed_map_is_named_and_can_be_run_again(self):
        self.deploy(page=2)
        self.failing_job()
        self.work(capacity=2)
        run = self.submit()
        self.assert_fails(run, "map 2/3", "failed")
        ends = self.group()
        self.assertEqual(ends["map 2/3"], ["failed"])
        self.assertEqual(ends["map 1/3"], ["completed"])
        self.assertIn("a cause", self.log_of("map 2/3"))
        self.assertNotIn("\x1b", self.log_of("map 2/3"), "a log is no terminal")
        final = next(label for label, tags in self.tags.items() if tags.get("quern-final") == "true")
        self.assertEqual(ends[final], ["failed"])
        self.assertIn("map 2/3", self.log_of(final))
        watched = self.quern("watch", "job", "--poll", "100ms")
        self.assertEqual(watched.status, 1, watched)
        self.assertIn("map 2/3", watched.stdout + watched.stderr)
        os.remove(self.cause)
        again = self.quern("retry", "job", "--poll", "100ms")
        self.assertEqual(again.status, 0, again)
        ends = self.group()
        self.assertEqual((ends["map 1/3"], ends["map 2/3"]), (["completed"], ["failed", "completed"]))
        self.assertEqual(ends[final], ["failed", "completed"])
        fetched = self.quern("fetch", "job")
        self.assert_run(fetched)
        self.assert_same_as_locally(fetched)

    def lost(self, *faults, **plan):
        self.deploy(**plan)
        self.job(JOB, self.files(3))
        self.work(capacity=2, faults=list(faults))
        run = self.submit()
        self.assert_run(run)
        self.assert_same_as_locally(run)
        return self.group()

    def test_workers_that_are_lost(self):
        ends = self.lost({"name": "map 1/3", "do": "worker-shutdown"}, {"name": "map 3/3", "do": "claim-expired"},
                         {"name": "reduce", "do": "worker-shutdown"})
        self.assertEqual(ends["map 1/3"], ["worker-shutdown", "completed"])
        self.assertEqual(ends["map 3/3"], ["claim-expired", "completed"])
        self.assertEqual(next(ends[label] for label in ends if "map" not in label), ["worker-shutdown", "completed"])

    @slow
    def test_a_run_that_goes_on_beside_the_next(self):
        ends = self.lost({"name": "map 2/3", "do": "claim-lost"})
        self.assertEqual(ends["map 2/3"], ["claim-expired", "completed"])

    @slow
    def test_an_upload_that_is_lost_can_be_repeated(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.work(faults=[{"name": "map 2/3", "do": "resource-unavailable"}])
        self.assert_fails(self.submit(), "map 2/3")
        again = self.quern("retry", "job", "--poll", "100ms")
        self.assertEqual(again.status, 0, again)
        fetched = self.quern("fetch", "job")
        self.assert_run(fetched)
        self.assert_same_as_locally(fetched)

    def test_inputs_that_are_not_there_for_a_while(self):
        """The task ends with 75, the worker makes a transient failure of it, and the queue another run."""
        self.deploy()
        files = self.files(3)
        self.job(JOB + "downloads: {attempts: 1}\n", files)
        made = self.submit("--no-watch")
        self.assertEqual(made.status, 0, made)
        self.assertIn(self.group_id(), made.stdout)
        self.serve_as("01.json", stored(files["01.json"]) | {"faults": [{"status": 503, "always": True}]})
        self.work(capacity=2)
        self.wait_for(lambda: self.group()["map 2/3"][0] is not None, "the end of the first run")
        self.serve_as("01.json", stored(files["01.json"]))
        watched = self.quern("watch", "job", "--poll", "100ms")
        self.assertEqual(watched.status, 0, watched)
        ends = self.group()["map 2/3"]
        self.assertEqual((ends[-1], set(ends[:-1])), ("completed", {"intermittent-task"}))
        fetched = self.quern("fetch", "job")
        self.assert_run(fetched)
        self.assert_same_as_locally(fetched)

    def test_a_group_that_is_cancelled(self):
        self.deploy()
        self.job(JOB, self.files(3))
        process = self.start("submit", "job", "--poll", "100ms")
        self.wait_for(lambda: self.created() == 4, "its tasks")
        cancelled = self.quern("cancel", "job")
        self.assertEqual(cancelled.status, 0, cancelled)
        run = self.finish(process)
        self.assert_fails(run, "cancel")
        self.assertEqual(set(map(tuple, self.group().values())), {("canceled",)})


class Times(Cluster):
    """How long a job took, from its first task to its last, as its owner is told."""

    def check_times(self, failing=False, more=CLUSTER, **kinds):
        self.deploy()
        mapper = NUMBERED.replace("    return", "    raise ValueError('a cause')\n    return") if failing else NUMBERED
        self.job(JOB + "notify: {via: taskcluster}\n", self.files(3), mapper=mapper, more=more)
        self.work(capacity=1)
        run = self.submit()
        self.assertEqual(run.status, int(failing), run)
        self.assertEqual(self.kinds(), kinds)
        runs = {one["status"]["taskId"]: one["status"]["runs"][0] for one in self.list_group(self.group_id())}
        final = next(label for label, tags in self.tags.items() if tags.get("quern-final") == "true")
        begun = min(parse_date(run["scheduled"], "") for run in runs.values())
        own = runs[self.ids[final]]
        least, most = ((parse_date(own[name], "") - begun).total_seconds() for name in ("started", "resolved"))
        mail = next(json.loads(one["body"]) for one in self.tc.requests() if "notify/v1/email" in one["path"])
        said = re.search(r"(done in|failed after) ([0-9.]+) s", mail["content"])
        self.assertEqual(said[1], "failed after" if failing else "done in", mail)
        left = json.loads(gzip.decompress(self.artifact(self.ids[final], "public/quern/result.json")[1]))
        for seconds in (float(said[2]), left["seconds"]["total"], run.accounting["seconds"]["total"]):
            self.assertTrue(least - 0.1 <= seconds <= most + 0.1, (least, seconds, most))

    def test_a_reduce_that_needs_the_maps(self):
        self.check_times(map=3, reduce=1)

    def test_merges_and_several_reduces_between(self):
        self.check_times(more=CLUSTER.replace("fan_in: 20", "fan_in: 2") + "reducers: 2\n", map=3, merge=1, reduce=2, collect=1)

    def test_a_job_that_failed(self):
        self.check_times(failing=True, more=CLUSTER.replace("fan_in: 20", "fan_in: 2"), map=3, merge=1, reduce=1)


class Refused(Cluster):
    """What the deployment does not take."""

    def ready(self, **plan):
        self.deploy(**plan)
        self.job(JOB, self.files(3))

    def planned(self, group):
        run = self.quern("plan", "job", "--group", group)
        self.assertEqual(run.status, 0, run)
        return [one["taskId"] for one in json.loads(run.stdout)["tasks"]]

    def test_a_sealed_group(self):
        self.ready()
        group = self.create(["true"])
        self.client.call("POST", f"queue/v1/task-group/{group}/seal")
        self.assert_fails(self.submit("--group", group), "sealed")

    def test_an_id_that_another_task_has(self):
        self.ready()
        group, other = self.create(["true"]), self.create(["true"])
        taken = self.planned(group)[0]
        # In another group, where a look at this one does not find it.
        self.client.call("PUT", f"queue/v1/task/{taken}", self.definition(["true"], group=other))
        self.assert_fails(self.submit("--group", group), taken, "409")

    def test_an_id_that_another_task_of_the_group_has(self):
        self.ready()
        group = self.create(["true"])
        taken = self.planned(group)[0]
        self.client.call("PUT", f"queue/v1/task/{taken}", self.definition(["true"], group=group, name="another"))
        self.assert_fails(self.submit("--group", group), "map 1/3", "does other work")
        self.assertEqual(self.created(), 2, "only those that this test made")

    def test_a_certificate_that_has_expired(self):
        self.ready()
        now = time.time()
        old = hawk.temporary_credentials("tester", TOKEN, "tester", ["*"], now - 7200, now - 3600)
        own = {"TASKCLUSTER_ACCESS_TOKEN": old["accessToken"], "TASKCLUSTER_CERTIFICATE": old["certificate"]}
        self.assert_fails(self.submit(environment=own), "the temporary credentials of tester ended at")
        self.assertEqual(self.created(), 0)

    @slow
    def test_a_certificate_that_has_not(self):
        self.ready()
        now = time.time()
        good = hawk.temporary_credentials("tester", TOKEN, "mine", ["*"], now - 60, now + 3600)
        own = {"TASKCLUSTER_CLIENT_ID": "mine", "TASKCLUSTER_ACCESS_TOKEN": good["accessToken"], "TASKCLUSTER_CERTIFICATE": good["certificate"]}
        self.work(capacity=2)
        self.assert_run(self.submit(environment=own))

    def test_a_clock_that_is_wrong_by_more_than_a_quarter_of_an_hour(self):
        self.ready(clock_offset=1230)
        self.assert_fails(self.submit(), "clock")
        self.assertEqual(self.created(), 0)

    def test_a_closed_deployment(self):
        """The scopes that docs/taskcluster.md names are enough, and none of those for tasks can be left out."""
        needed = ["queue:get-task:*", "queue:status:*", "queue:get-artifact:public/quern/*"]
        own = [*needed, "queue:list-task-group:*", f"queue:create-task:lowest:{QUEUE}", "queue:create-task:project:none", "queue:scheduler-id:quern",
               "auth:current-scopes"]
        self.deploy(own, roles={})
        self.work(capacity=2)
        for left_out in [*needed, None]:
            scopes = ", ".join(f'"{scope}"' for scope in needed if scope != left_out)
            self.job(JOB, self.files(1), more=CLUSTER + f"  scopes: [{scopes}]\n")
            run = self.submit()
            if left_out is None:
                self.assert_run(run)
            else:
                self.assert_fails(run, left_out[:-1], "add these scopes to taskcluster.scopes of the job")

    def test_scopes_that_are_missing(self):
        self.ready(scopes=["auth:current-scopes", f"queue:create-task:lowest:{QUEUE}"])
        self.assert_fails(self.submit(), "queue:scheduler-id:quern", "queue:create-task:project:none")
        self.assertEqual(self.created(), 0)
