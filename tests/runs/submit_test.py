"""quern submit, watch, fetch, cancel and retry against the fake deployment, whose tasks this test resolves itself."""
import gzip
import hashlib
import json
import os
import pty
import re
import signal
import time
import urllib.request

from deployment import QUEUE, TOKEN, Deployed

import hawk  # this is beside the servers, where deployment.py lets it be found
from remote_test import KEY, KEYS, Server
from scenario import COUNT_SYSTEMS, SUM, compress

RESULT = "Darwin 2\nLinux 3\n"
PREFIX = "public/quern"
GROUP = "Q3GkR1sXTx2mV0c7b1yZ5A"
MAPS = 3
FOR_TASKS = ["queue:create-task:lowest:*", "queue:create-task:project:*", "queue:scheduler-id:*"]
FOR_WATCH = ["queue:list-task-group:*", "queue:status:*", f"queue:get-artifact:{PREFIX}/*"]


class Submitting(Deployed):
    def setUp(self):
        super().setUp()
        self.write_job()

    def write_job(self, more="", taskcluster=""):
        self.write_all({
            "job/analysis-tools.yml":
                "mapper: {language: python, script: mapper.py}\nreducer: {language: python, script: reducer.py}\nowner: a@example.com\n"
                f"{more}taskcluster: {{task_queue: {QUEUE}, image: registry.example.com/quern, scheduler_id: quern, "
                f"load: {{files: 1}}{taskcluster}}}\n",
            "job/mapper.py": COUNT_SYSTEMS, "job/reducer.py": SUM})

    def write_inputs(self, count=MAPS):
        self.write("names", "".join(f"s3://telemetry/{number}.json\t1000\n" for number in range(count)))

    def environment(self, extra):
        own = {"TASKCLUSTER_ROOT_URL": self.tc.url, "TASKCLUSTER_CLIENT_ID": "tester", "TASKCLUSTER_ACCESS_TOKEN": TOKEN}
        return super().environment({**own, **extra})

    def submission(self, *arguments, count=MAPS):
        self.write_inputs(count)
        return ["submit", "job", "--manifest", "names", "--no-sign-request", "--poll", "20ms", *arguments]

    def submit(self, *arguments, count=MAPS, **options):
        return self.quern(*self.submission(*arguments, count=count), **options)

    def submitted(self, *arguments, **options):
        """The id of a group that was created and is not watched."""
        run = self.submit("--no-watch", *arguments, **options)
        self.assertEqual(run.status, 0, run)
        return run.stdout.strip()

    # The deployment's side

    def tasks(self, group):
        """{label: {"task", "status"}}"""
        listed, token = {}, ""
        while token is not None:
            answer = self.client.call("GET", f"queue/v1/task-group/{group}/list{token}")
            listed |= {one["task"]["metadata"]["name"].partition(": ")[2]: one for one in answer["tasks"]}
            token = answer.get("continuationToken")
            token = token and "?continuationToken=" + token.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        return listed

    def states(self, group):
        return {label: one["status"]["state"] for label, one in self.tasks(group).items()}

    def leave(self, task_id, run, name, data):
        path = f"queue/v1/task/{task_id}/runs/{run}/artifacts/" + f"{PREFIX}/{name}".replace("/", "%2F")
        given = {"storageType": "s3", "contentType": "application/octet-stream", "expires": self.tasks_end(task_id)}
        answer = self.client.call("POST", path, given)
        headers = {"Content-Type": "application/octet-stream"}
        status, _, _ = hawk.send_with_patience(answer["putUrl"], "PUT", lambda: headers, data)
        self.assertLess(status, 300)

    def tasks_end(self, task_id):
        return self.client.call("GET", f"queue/v1/task/{task_id}")["expires"]

    def report_of(self, parts, kind="reduce", status="done", failure="", bad=0):
        accounting = {
            "version": 1, "status": status, "exit_status": {"done": 0, "done with losses": 3, "failed": 1}[status],
            "failure": failure, "job": "job", "result": "result.txt",
            "inputs": {"found": MAPS, "mapped": MAPS, "failed": 0, "skipped": 0},
            "records": {"read": 5 + bad, "mapped": 5, "bad": bad, "dropped": 0}, "groups": {"reduced": 2, "bad": 0},
            "bytes": {"fetched": 1, "stored": 1, "decoded": 1, "mapped_output": 1, "result": len(RESULT)},
            "children": {"replaced": 0}, "seconds": {"total": 0.5, "phases": {"map": 0.25}}, "counters": {}, "failed_inputs": []}
        return json.dumps({"version": 1, "kind": kind, "quern": "0.1.0", "accounting": accounting, "parts": [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "decoded_bytes": decoded}
            for name, data, decoded in parts]}).encode()

    def leave_result(self, task_id, run, **report):
        data = compress(RESULT, "zst")
        self.leave(task_id, run, "result.txt.zst", data)
        self.leave(task_id, run, "task.json", self.report_of([("result.txt.zst", data, len(RESULT))], **report))

    def serve(self, ends=None, leave=None, causes=None):
        """Runs all tasks that can be run now; how each ends is in `ends`, by its label: it completes unless it is there, or in
        `causes`, with what its task.json says that made it fail."""
        claims = self.client.call("POST", f"queue/v1/claim-work/{QUEUE}", {"workerGroup": "g", "workerId": "w", "tasks": 30})["tasks"]
        for claim in claims:
            task_id, run = claim["status"]["taskId"], claim["runId"]
            label = claim["task"]["metadata"]["name"].partition(": ")[2]
            cause = (causes or {}).get(label)
            end = "failed" if cause else (ends or {}).get(label, "completed")
            if cause:
                self.leave(task_id, run, "task.json", self.report_of([], kind="map", status="failed", failure=cause))
            elif claim["task"]["tags"].get("quern-final") and end == "completed":
                (leave or self.leave_result)(task_id, run)
            elif end == "completed":
                self.leave(task_id, run, "task.json", self.report_of([], kind="map"))
            self.client.call("POST", f"queue/v1/task/{task_id}/runs/{run}/{end}", {})
        return len(claims)

    def serve_all(self, ends=None, leave=None):
        while self.serve(ends, leave):
            pass

    def finish_with_worker(self, process, ends=None, leave=None):
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            self.serve(ends, leave)
            time.sleep(0.01)
        return self.finish(process)

    def asked(self, method, part):
        return [request for request in self.tc.requests() if request["method"] == method and part in request["path"]]

    def deploy(self, scopes=("*",), **plan):
        super().deploy(scopes, **{"wait_seconds": 0, **plan})

    def set_scopes(self, scopes):
        """What quern may do from now on."""
        self.change(clients={"root": {"accessToken": TOKEN, "scopes": ["*"]}, "tester": {"accessToken": TOKEN, "scopes": scopes}})


class TheWholeWay(Submitting):
    def test_creates_watches_and_fetches(self):
        self.deploy(page=2, hiccups=7)
        run = self.submit("-o", "out/os.txt")
        self.assertEqual(run.status, 2, run)
        self.assertIn("there is no folder out for the result out/os.txt", run.stderr)
        os.mkdir(self.path("out"))
        run = self.finish_with_worker(self.start(*self.submission("-o", "out/os.txt")))
        self.assertEqual(run.status, 0, run)
        self.assertEqual(run.left("out/os.txt"), RESULT)
        accounting = json.loads(run.left("out/result.json"))
        self.assertEqual((accounting["result"], accounting["records"]["read"]), ("out/os.txt", 5))
        for phrase in ("tasks: 4 of 4 created", "map: completed; reduce: completed", "done in ", "/tasks/groups/"):
            self.assertIn(phrase, run.stderr, run)
        self.assertEqual(run.stdout, "")
        remembered = json.loads(run.left("job/.quern-group"))
        self.assertEqual(remembered["root_url"], self.tc.url)
        self.assertIn(remembered["group_id"], run.stderr)

    def test_each_of_the_later_steps_can_be_left_out(self):
        self.deploy()
        group = self.submitted()
        self.assertEqual(self.states(group), {"map 1/3": "pending", "map 2/3": "pending", "map 3/3": "pending", "reduce": "unscheduled"})
        early = self.quern("fetch", "job")
        self.assertEqual((early.status, early.result), (1, None), early)
        self.assertIn("there is no result yet: reduce is unscheduled", early.stderr)
        self.assertEqual((early.accounting["status"], early.accounting["exit_status"]), ("failed", 1), early)
        os.remove(self.path("result.json"))
        run = self.finish_with_worker(self.start("watch", "job", "--poll", "20ms"))
        self.assertEqual((run.status, run.result), (0, None), run)
        self.assertIn(f"{PREFIX.replace('/', '%2F')}%2Fresult.txt.zst", run.stderr)
        for target in (group, "job", "job/analysis-tools.yml"):
            run = self.quern("fetch", target, "-o", "-")
            self.assertEqual((run.status, run.stdout), (0, RESULT), run)
            self.assertIsNone(run.accounting)
        s3 = Server(self, "s3_server.py", {"keys": KEYS, "buckets": {"data": {}}})
        run = self.quern("fetch", "job", "-o", "s3://data/r.txt", environment={"AWS_ENDPOINT_URL": s3.url, **KEY})
        self.assertEqual((run.status, run.result, run.accounting["result"]), (0, None, "s3://data/r.txt"), run)
        with urllib.request.urlopen(s3.url + "/_object/data/r.txt") as answer:
            self.assertEqual(answer.read().decode(), RESULT)
        self.assertEqual(self.quern("fetch", folder=self.path("job")).status, 0)
        self.assertEqual(self.quern("fetch", "job").result, RESULT)
        run = self.quern("watch", group)
        self.assertEqual(run.status, 0, "a job that is over")
        run = self.finish_with_worker(self.start(*self.submission("--no-fetch", "-q")))
        self.assertEqual((run.status, run.stderr), (0, ""), run)

    def test_a_full_disk_says_what_to_do(self):
        self.deploy()
        text = os.urandom(2_000_000).hex() + "\n"
        data = compress(text, "zst")

        def leave(task_id, run):
            self.leave(task_id, run, "result.txt.zst", data)
            self.leave(task_id, run, "task.json", self.report_of([("result.txt.zst", data, len(text))]))

        self.submitted()
        self.serve_all(leave=leave)
        run = self.quern("fetch", "job", environment={"TMPDIR": self.mount("size=1m")})
        self.assertEqual((run.status, run.result), (1, None), run)
        self.assertIn("No space left on device; make room there (df -h, df -i), or name another folder for temporary files with TMPDIR", run.stderr)
        run = self.quern("fetch", "job")
        self.assertEqual((run.status, run.result), (0, text), run)

    def test_losses_end_with_three(self):
        self.deploy()

        def leave(task_id, run):
            self.leave_result(task_id, run, status="done with losses", bad=1)
            self.leave(task_id, run, "bad_records.txt", b"# a:1: bad\nx\n")

        run = self.finish_with_worker(self.start(*self.submission()), leave=leave)
        self.assertEqual((run.status, run.result, run.left("bad_records.txt")), (3, RESULT, "# a:1: bad\nx\n"), run)
        self.assertIn("with losses within the limits", run.stderr)

    def test_says_all_as_json(self):
        self.deploy()
        run = self.finish_with_worker(self.start(*self.submission("--json")), ends={"map 2/3": "failed", "reduce": "failed"})
        self.assertEqual(run.status, 1, run)
        events = [json.loads(line) for line in run.stderr.splitlines()]
        kinds = [event["event"] for event in events]
        self.assertEqual((kinds.count("tasks_created") >= 2, kinds[-1]), (True, "accounting"), run)
        failed = [event for event in events if event["event"] == "task" and event["state"] == "failed"]
        self.assertEqual([(event["name"], event["reason"], event["run"]) for event in failed],
                         [("map 2/3", "failed", 0), ("reduce", "failed", 0)])
        self.assertIn("live.log", failed[0]["log"])
        self.assertEqual(events[-1]["accounting"]["status"], "failed")
        self.assertIn("reduce failed", events[-1]["accounting"]["failure"])

    def test_draws_a_table_on_a_terminal(self):
        self.deploy()
        group = self.submitted()
        ours, theirs = pty.openpty()
        process = self.start("watch", group, "--poll", "20ms", stderr=theirs, environment={"TERM": "xterm", "LANG": "C.UTF-8"})
        os.close(theirs)
        self.serve_all(ends={"map 2/3": "failed"})
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            shown += part
            self.serve()
        os.close(ours)
        run = self.finish(process)
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown.decode())
        self.assertEqual(run.status, 0, text)
        self.assertIn("   waiting    pending    running  completed     failed", text)
        self.assertIn("failed: map 2/3 failed: its command failed", text)


class BeforeAnythingIsCreated(Submitting):
    def assert_refused(self, run, *says, status=1):
        self.assertEqual(run.status, status, run)
        for phrase in says:
            self.assertIn(phrase, run.stderr, run)
        self.assertEqual(self.asked("PUT", "/task/"), [])
        self.assertIsNone(run.left("job/.quern-group"))

    def test_missing_scopes_are_all_named(self):
        self.deploy(["auth:current-scopes", "queue:create-task:lowest:proj-example/linux"])
        self.assert_refused(self.submit(), "these credentials lack 2 scopes", "  queue:create-task:project:none\n",
                            "  queue:scheduler-id:quern\n")

    def test_what_the_watch_needs_is_named_too(self):
        self.deploy([*FOR_TASKS, "auth:current-scopes"])
        self.assert_refused(self.submit(), "lack 3 scopes that watching them and fetching their result needs (--no-watch does without)",
                            "  queue:list-task-group:*\n  queue:status:*\n  queue:get-artifact:public/quern/*\n")
        self.assert_refused(self.submit("--group", GROUP), f"  queue:list-task-group:{GROUP}\n")
        for left_out in FOR_WATCH:
            held = [scope for scope in FOR_WATCH if scope != left_out]
            self.set_scopes([*FOR_TASKS, *held, "auth:current-scopes"])
            self.assert_refused(self.submit(), "lack a scope that watching them", f"  {left_out}\n")
        self.set_scopes([*FOR_TASKS, "auth:current-scopes"])
        self.submitted()
        self.set_scopes([*FOR_TASKS, *FOR_WATCH, "auth:current-scopes"])
        self.assertEqual(self.finish_with_worker(self.start(*self.submission())).status, 0)

    def test_what_running_again_needs_is_named_too(self):
        self.deploy([*FOR_TASKS, *FOR_WATCH, "auth:current-scopes"])
        self.assert_refused(self.submit("--retry", "1"), "lack a scope that watching them", "  queue:rerun-task:quern/*\n")
        self.assert_refused(self.submit("--retry", "1", "--group", GROUP), f"  queue:rerun-task:quern/{GROUP}/*\n")
        for scope in ("queue:rerun-task:quern/*", "queue:rerun-task-in-project:none"):
            self.set_scopes([*FOR_TASKS, *FOR_WATCH, "auth:current-scopes", scope])
            self.assertEqual(self.finish_with_worker(self.start(*self.submission("--retry", "1"))).status, 0)

    def test_the_watch_is_tried_where_scopes_cannot_be_known(self):
        self.deploy(FOR_TASKS)
        for left_out in FOR_WATCH:
            self.set_scopes([*FOR_TASKS, *[scope for scope in FOR_WATCH if scope != left_out]])
            self.assert_refused(self.submit(), "the tasks could not be watched, so none was created (--no-watch does without)", left_out[:-1])
        self.set_scopes([*FOR_TASKS, *FOR_WATCH])
        self.assertEqual(self.finish_with_worker(self.start(*self.submission())).status, 0)

    def test_scopes_that_cannot_be_known_are_left_to_the_deployment(self):
        self.deploy(FOR_TASKS)
        run = self.submit("--no-watch")
        self.assertEqual(run.status, 0, run)
        self.assertIn("the scopes cannot be checked before tasks are created", run.stderr)

    def test_credentials_are_needed(self):
        self.deploy()
        nobody = {"TASKCLUSTER_CLIENT_ID": None, "TASKCLUSTER_ACCESS_TOKEN": None}
        self.assert_refused(self.submit(environment=nobody), "set TASKCLUSTER_CLIENT_ID")
        self.assert_refused(self.submit(environment={"TASKCLUSTER_ACCESS_TOKEN": "wrong"}), "AuthenticationFailed: Bad mac")
        self.assert_refused(self.submit(environment={"TASKCLUSTER_ROOT_URL": None}), "TASKCLUSTER_ROOT_URL", status=2)

    def test_an_expired_certificate_is_named(self):
        self.deploy()
        now = time.time()
        old = hawk.temporary_credentials("tester", TOKEN, "mine", ["*"], now - 7200, now - 3600)
        self.assert_refused(self.submit(environment={"TASKCLUSTER_CLIENT_ID": "mine", "TASKCLUSTER_ACCESS_TOKEN": old["accessToken"],
                                                     "TASKCLUSTER_CERTIFICATE": old["certificate"]}), "the temporary credentials of mine ended at")

    def test_a_wrong_clock_is_named(self):
        self.deploy(clock_offset=1230)
        self.assert_refused(self.submit(), "the clock of this machine is 20 minutes behind that of http")

    def test_a_wrong_command_line_is_named(self):
        self.deploy()
        self.assert_refused(self.submit("--group", "x"), "--group is 'x'", status=2)
        self.assert_refused(self.submit("--poll", "0s"), "--poll is '0s'", status=2)
        for command in ("watch", "fetch", "cancel", "retry"):
            self.assert_refused(self.quern(command, "job"), "no task group of this job was submitted from here", status=2)
            self.assert_refused(self.quern(command, "nothing"), "neither the id of a task group nor a job", status=2)
            self.assert_refused(self.quern(command, GROUP), "HTTP status 404")


class BrokenOff(Submitting):
    def test_goes_on_with_what_is_missing(self):
        self.deploy(page=2)
        group = self.submitted("--group", GROUP)
        self.assertEqual(group, GROUP)
        created = len(self.asked("PUT", "/task/"))
        self.assertEqual(created, 4)
        self.assertEqual(self.submitted("--group", GROUP), GROUP)
        self.assertEqual(len(self.asked("PUT", "/task/")), created)
        run = self.finish_with_worker(self.start(*self.submission("--group", GROUP)))
        self.assertEqual((run.status, run.result), (0, RESULT), run)

    def test_refuses_another_job_in_the_group(self):
        self.deploy()
        self.submitted("--group", GROUP)
        self.write("job/mapper.py", COUNT_SYSTEMS + "# changed\n")
        run = self.submit("--group", GROUP, "--no-watch")
        self.assertEqual(run.status, 1, run)
        self.assertIn("payload.env.QUERN_JOB differs", run.stderr)

    def test_control_c_says_how_to_go_on(self):
        # Six answers one after the other, each 50 tasks: time enough to stop between them on a busy machine.
        self.deploy(latency_seconds=0.5)
        process = self.start(*self.submission(count=300))
        self.wait_for(lambda: len(self.asked("PUT", "/task/")) > 60, "the first tasks")
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.status, 128 + signal.SIGINT, run)
        said = re.search(r"stopped: (\d+) of 301 tasks are created", run.stderr)
        self.assertTrue(said, run)
        group = json.loads(run.left("job/.quern-group"))["group_id"]
        self.assertIn(f"quern submit --group {group}", run.stderr)
        self.assertIn(f"quern cancel {group}", run.stderr)
        self.assertTrue(int(said[1]) <= len(self.states(group)) < 301)
        self.change(latency_seconds=0)
        self.assertEqual(self.submitted("--group", group, count=300), group)
        self.assertEqual(len(self.states(group)), 301)

    def test_control_c_ends_the_watch_alone(self):
        self.deploy()
        process = self.start(*self.submission())
        self.wait_for(lambda: self.asked("POST", "/tasks/status"), "the watch")
        process.send_signal(signal.SIGTERM)
        run = self.finish(process)
        self.assertEqual(run.status, 128 + signal.SIGTERM, run)
        self.assertIn("stopped watching; the job goes on at http", run.stderr)
        self.assertEqual(self.states(json.loads(run.left("job/.quern-group"))["group_id"])["map 1/3"], "pending")

    def test_a_refusal_in_the_middle_cancels_all(self):
        self.deploy()
        # A task of the same id and other work, in a group that cannot be listed as it is another one.
        plan = self.quern("plan", "job", *self.submission("--group", GROUP)[2:-1][:3], "--group", GROUP)
        self.assertEqual(plan.status, 0, plan)
        reduce = json.loads(plan.stdout)["tasks"][-1]
        other = self.definition([], group="fOF8Cqj0QPKbvczC2dnXiQ", schedulerId="quern")
        self.client.call("PUT", f"queue/v1/task/{reduce['taskId']}", other)
        run = self.submit("--group", GROUP)
        self.assertEqual(run.status, 1, run)
        for phrase in ("creating reduce: createTask", "HTTP status 409, RequestConflict", "3 of 4 tasks had been created",
                       "was sealed and 3 of its tasks cancelled"):
            self.assertIn(phrase, run.stderr, run)
        self.assertEqual(set(self.states(GROUP).values()), {"exception"})
        run = self.submit("--group", GROUP)
        self.assertEqual(run.status, 1, run)
        self.assertIn("is sealed, as cancelled ones are", run.stderr)


class NotLookedAt(Submitting):
    """Jobs that go on, or have completed, while their deployment refuses to say how."""

    def assert_unwatched(self, run, group, *says):
        self.assertEqual(run.status, 4, run)
        for phrase in (f"the job of the task group {group} ", f"quern watch {group}", f"quern fetch {group}", *says):
            self.assertIn(phrase, run.stderr, run)

    def test_a_watch_that_is_refused_says_that_the_job_goes_on(self):
        self.deploy()
        process = self.start(*self.submission())
        self.wait_for(lambda: self.asked("POST", "/tasks/status"), "the watch")
        self.set_scopes(["auth:current-scopes"])
        run = self.finish(process)
        group = json.loads(run.left("job/.quern-group"))["group_id"]
        self.assert_unwatched(run, group, "goes on, but it cannot be watched: ", "HTTP status 403", "queue:status:")
        self.assertEqual((run.accounting["status"], run.accounting["exit_status"]), ("stopped", 4), run)
        self.assertIn("goes on", run.accounting["failure"])
        self.assertEqual(self.states(group)["map 1/3"], "pending")
        self.assert_unwatched(self.quern("watch", group), group, "goes on, but it cannot be watched: ", "queue:list-task-group:" + group)
        wrong = self.quern("watch", group, environment={"TASKCLUSTER_ACCESS_TOKEN": "wrong"})
        self.assert_unwatched(wrong, group, "HTTP status 401")
        self.set_scopes(["*"])
        self.assertEqual(self.finish_with_worker(self.start("watch", group, "--poll", "20ms")).status, 0)

    def test_a_result_that_may_not_be_fetched(self):
        self.deploy()
        group = self.submitted()
        self.serve_all()
        self.serve_all()
        self.set_scopes(FOR_WATCH[:2])
        run = self.quern("watch", group)
        self.assert_unwatched(run, group, "has completed, but what it left cannot be read: ", "queue:get-artifact:" + PREFIX)
        self.set_scopes(FOR_WATCH)
        self.assertEqual(self.quern("fetch", group).result, RESULT)
        packed = self.quern("fetch", group, "-o", "out.gz")
        self.assertEqual((packed.status, gzip.decompress(packed.left("out.gz", text=False))), (0, RESULT.encode()), packed)


class Afterwards(Submitting):
    def test_cancels_what_has_not_ended(self):
        self.deploy()
        group = self.submitted()
        self.serve()
        run = self.quern("cancel", "job")
        self.assertEqual(run.status, 0, run)
        self.assertIn(f"cancelled 1 of the 4 tasks of {group}; 3 had ended before", run.stdout)
        self.assertIn("cancelled 0 of the 4 tasks", self.quern("cancel", group).stdout)
        run = self.quern("watch", group)
        self.assertEqual(run.status, 1, run)
        self.assertIn("the job failed: reduce failed: it was cancelled", run.stderr)
        run = self.finish_with_worker(self.start("retry", group, "--poll", "20ms"))
        self.assertEqual(run.status, 0, run)
        self.assertEqual(len(self.tasks(group)["map 1/3"]["status"]["runs"]), 1)

    def test_names_what_failed_and_runs_it_again(self):
        self.deploy()
        self.write_all({"result.txt": "of yesterday\n", "result.json": "{}"})
        run = self.finish_with_worker(self.start(*self.submission()), ends={"map 2/3": "failed", "reduce": "failed"})
        self.assertEqual((run.status, run.result, run.accounting["status"]), (1, "of yesterday\n", "failed"), run)
        self.assertEqual(run.accounting["previous_result"]["path"], "result.txt")
        self.assertIn("result.txt is still that of an earlier run", run.stderr)
        for phrase in ("failed: map 2/3 failed: its command failed", "/runs/0/artifacts/public%2Flogs%2Flive.log", "the job failed: reduce"):
            self.assertIn(phrase, run.stderr, run)
        group = json.loads(run.left("job/.quern-group"))["group_id"]
        again = self.finish_with_worker(self.start("retry", "job", "--poll", "20ms"), ends={"map 2/3": "failed"})
        self.assertEqual((again.status, again.accounting["exit_status"]), (1, 1), again)
        self.assertIn("map 2/3 failed in run 1", again.stderr)
        process = self.start("retry", "job", "--poll", "20ms")
        self.wait_for(lambda: self.asked("POST", "/rerun")[1:], "the second rerun")
        process.send_signal(signal.SIGINT)
        ended = self.finish(process)
        self.assertEqual((ended.status, ended.accounting["exit_status"]), (128 + signal.SIGINT, 128 + signal.SIGINT))
        self.serve_all()
        run = self.finish_with_worker(self.start("retry", "job", "--poll", "20ms"))
        self.assertEqual((run.status, run.accounting["status"]), (0, "done"), run)
        runs = {label: len(one["status"]["runs"]) for label, one in self.tasks(group).items()}
        self.assertEqual(runs, {"map 1/3": 1, "map 2/3": 3, "map 3/3": 1, "reduce": 2})
        self.assertEqual(self.quern("fetch", "job").result, RESULT)
        self.assertIn("no task has failed", self.quern("retry", "job").stderr)

    def test_each_failed_task_says_why(self):
        self.deploy()
        group = self.submitted()
        self.serve(causes={"map 2/3": "2.json: ValueError: odd"})
        self.serve(ends={"reduce": "failed"})
        run = self.quern("watch", group)
        self.assertEqual(run.status, 1, run)
        self.assertIn("failed: map 2/3 failed; it said: 2.json: ValueError: odd\n", run.stderr)
        self.assertIn("failed: reduce failed: its command failed", run.stderr)
        events = [json.loads(line) for line in self.quern("watch", group, "--json").stderr.splitlines()]
        self.assertEqual({event["name"]: event.get("cause") for event in events if event["event"] == "task" and event["state"] == "failed"},
                         {"map 2/3": "2.json: ValueError: odd", "reduce": None})
        process = self.start("retry", group, "--poll", "20ms")
        self.wait_for(lambda: self.serve(causes={"map 2/3": "2.json: another cause"}), "the rerun")
        run = self.finish(process)
        self.assertEqual(run.status, 1, run)
        self.assertIn("failed: map 2/3 failed; it said: 2.json: ValueError: odd\n", run.stderr)
        self.assertIn("failed: map 2/3 failed in run 1; it said: 2.json: another cause\n", run.stderr)

    def test_a_retry_says_that_the_folder_has_changed(self):
        self.deploy()
        for target, folder in (("job", self.folder), (".", self.path("job")), (None, self.path("job"))):
            group = self.submitted()
            target = target or group
            self.serve_all(ends={"map 2/3": "failed", "reduce": "failed"})
            self.serve_all(ends={"reduce": "failed"})
            # What a watch leaves next to the job is no change of it.
            self.assertEqual(self.quern("fetch", target, folder=folder).status, 1)

            def again():
                run = self.finish_with_worker(self.start("retry", target, "--poll", "20ms", folder=folder), ends={"map 2/3": "failed"})
                self.assertEqual(run.status, 1, run)
                return run.stderr

            self.assertNotIn("old code", again())
            self.write("job/mapper.py", COUNT_SYSTEMS + "# mended\n")
            said = again()
            self.assertIn("job has changed since the tasks were created: the tasks carry the job as it was", said)
            self.assertIn("create new tasks with quern submit", said)
            self.assertNotIn("old code", self.quern("watch", group).stderr)
            self.write("job/mapper.py", COUNT_SYSTEMS)
            self.assertNotIn("old code", again())

    def test_says_why_the_final_task_failed(self):
        self.deploy()
        group = self.submitted()
        self.serve()
        task = self.tasks(group)["reduce"]["status"]["taskId"]
        self.client.call("POST", f"queue/v1/claim-work/{QUEUE}", {"workerGroup": "g", "workerId": "w", "tasks": 1})
        self.leave(task, 0, "task.json", self.report_of([], status="failed", failure="map 2/3 is damaged"))
        self.client.call("POST", f"queue/v1/task/{task}/runs/0/failed", {})
        for command in ("watch", "fetch"):
            run = self.quern(command, group)
            self.assertEqual((run.status, run.result), (1, None), run)
            self.assertIn("it said: map 2/3 is damaged", run.stderr)

    def test_a_damaged_result_is_not_written(self):
        self.deploy()

        def leave(task_id, run):
            self.leave(task_id, run, "result.txt.zst", compress(RESULT.replace("3", "4"), "zst"))
            self.leave(task_id, run, "task.json", self.report_of([("result.txt.zst", compress(RESULT, "zst"), len(RESULT))]))

        run = self.finish_with_worker(self.start(*self.submission()), leave=leave)
        self.assertEqual((run.status, run.result, run.accounting["status"]), (1, None, "failed"), run)
        self.assertIn("was fetched twice and is damaged: its SHA-256", run.stderr)

    def test_results_that_are_kept_apart_come_one_by_one(self):
        self.deploy()
        self.write_job("reducers: 2\nresult: {parts: keep}\n")
        group = self.submitted()
        self.serve()
        for label, one in sorted(self.tasks(group).items()):
            if not label.startswith("reduce"):
                continue
            number = int(label.split(" ")[1].split("/")[0]) - 1
            task_id, text = one["status"]["taskId"], f"part {number}\n"
            data = compress(text, "zst")
            self.client.call("POST", f"queue/v1/claim-work/{QUEUE}", {"workerGroup": "g", "workerId": "w", "tasks": 9})
            self.leave(task_id, 0, f"result.txt.{number}.zst", data)
            self.leave(task_id, 0, "task.json", self.report_of([(f"result.txt.{number}.zst", data, len(text))]))
            self.client.call("POST", f"queue/v1/task/{task_id}/runs/0/completed", {})
        self.serve_all(leave=lambda task_id, run: self.leave(task_id, run, "task.json", self.report_of([], kind="collect")))
        run = self.quern("fetch", group, "-o", "os.txt")
        self.assertEqual(run.status, 0, run)
        self.assertEqual((run.left("os.txt.0"), run.left("os.txt.1")), ("part 0\n", "part 1\n"))
        self.assertEqual(self.quern("fetch", group, "-o", "-").status, 2)

    def test_other_peoples_groups_are_none(self):
        self.deploy()
        self.create([], group=GROUP)
        run = self.quern("watch", GROUP)
        self.assertEqual(run.status, 1, run)
        self.assertIn("quern made none of the 1 tasks", run.stderr)

    def test_another_deployment_is_not_asked_for_the_group(self):
        self.deploy()
        self.submitted()
        run = self.quern("watch", "job", environment={"TASKCLUSTER_ROOT_URL": "https://tc.example.com"})
        self.assertEqual(run.status, 2, run)
        self.assertIn("TASKCLUSTER_ROOT_URL names https://tc.example.com", run.stderr)
        self.serve_all()
        self.serve_all()
        self.assertEqual(self.quern("watch", "job", environment={"TASKCLUSTER_ROOT_URL": None}).status, 0)

    def test_no_secret_is_said(self):
        self.deploy(faults=[{"path": "/task/", "status": 400}])
        sealed = "c2VhbGVkLWNyZWRlbnRpYWxz"
        texts = []
        runs = [self.submit(), self.submit(environment={"TASKCLUSTER_ACCESS_TOKEN": "wrong-" + "token"})]
        self.assertEqual([run.status for run in runs], [1, 1])
        for arguments in ([], ["--json"]):
            runs.append(self.finish_with_worker(self.start(*self.submission(*arguments), environment={"CREDENTIALS": sealed})))
            self.assertEqual(runs[-1].status, 0, runs[-1])
        for run in runs:
            texts += [run.stdout, run.stderr, run.left("result.json") or "", run.left("job/.quern-group") or ""]
        for secret in (TOKEN, "wrong-token", sealed, "Hawk ", "signed=", "bewit"):
            self.assertNotIn(secret, "".join(texts))
