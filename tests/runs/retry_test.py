"""What quern retry and --retry N run again: tasks that fail, that were cancelled, or that complete without all that they should leave."""
import json

from taskcluster_test import CLUSTER, NUMBERED, Cluster

import hawk  # beside the servers, where deployment.py lets it be found
from scenario import JOB, MAP_ONLY, slow

FEW = CLUSTER.replace("fan_in: 20", "fan_in: 2")


def lost(name, **more):
    return {"do": "uploads-lost", "name": name, **more}


class Healing(Cluster):
    def begin(self, *faults, job=JOB, count=3, more=CLUSTER, **plan):
        self.deploy(**plan)
        self.job(job, self.files(count), more=more)
        self.work(capacity=2, faults=list(faults))

    def retry(self):
        return self.quern("retry", "job", "--poll", "100ms")

    def assert_healed(self, run):
        self.assertEqual(run.status, 0, run)
        fetched = self.quern("fetch", "job")
        self.assert_run(fetched)
        self.assert_same_as_locally(fetched)

    def runs(self):
        return {label: len(ends) for label, ends in self.group().items()}


class LostUploads(Healing):
    """A worker of today completes a task even if it could not upload what the task left."""

    def lose(self, *faults, says, runs, **job):
        self.begin(*faults, **job)
        self.assert_fails(self.submit(), *says)
        again = self.retry()
        self.assert_healed(again)
        self.assertEqual({label: count for label, count in self.runs().items() if count > 1}, runs)
        return again

    def test_a_map_without_its_artifacts(self):
        self.lose(lost("map 2/3"), says=["map 2/3", "to run it again:  quern retry"], runs={"map 2/3": 2, "reduce": 2})

    def test_two_maps_whose_bytes_are_missing(self):
        self.lose(lost("map 1/3", created=True), lost("map 3/3", created=True, artifact="result.txt"), says=["map "],
                  runs={"map 1/3": 2, "map 3/3": 2, "reduce": 2})

    def test_a_part_of_several(self):
        self.lose(lost("map 2/3", artifact="result.txt.1"), says=["map 2/3"], job=JOB + "reducers: 2\n",
                  runs={"map 2/3": 2, "reduce 2/2": 2, "collect": 2})

    def test_a_merge_and_a_map_that_it_needs(self):
        self.lose(lost("merge 1/", artifact="result.txt"), says=["merge 1/"], count=4, more=FEW, runs={"merge 1/2": 2, "reduce": 2})

    @slow
    def test_without_a_reducer(self):
        self.lose(lost("map 3/3", artifact="task.json"), says=["map 3/3"], job=MAP_ONLY, runs={"map 3/3": 2, "collect": 2})

    def test_a_result_that_is_missing(self):
        self.lose(lost("reduce", artifact="result.txt"), says=["reduce has completed", "to run again what left too little:  quern retry"],
                  runs={"reduce": 2})

    def test_a_result_whose_bytes_are_missing(self):
        self.lose(lost("reduce", artifact="result.txt", created=True), says=["reduce has completed"], runs={"reduce": 2})

    def test_a_report_that_is_missing(self):
        self.lose(lost("reduce", artifact="task.json"), says=["reduce has completed"], runs={"reduce": 2})

    def test_a_result_that_is_kept_apart(self):
        self.begin(lost("reduce 2/2", artifact="result.txt"), job=JOB + "reducers: 2\nresult: {parts: keep}\n")
        self.assert_fails(self.submit("--no-fetch"), "quern retry")
        run = self.retry()
        self.assertEqual(run.status, 0, run)
        self.assertNotIn("empty", run.stderr)
        self.assertEqual({label: count for label, count in self.runs().items() if count > 1}, {"reduce 2/2": 2})
        self.assertEqual(self.quern("fetch", "job").status, 0)

    def test_changed_code_is_told_of(self):
        for command in (("retry",), ("watch", "--retry", "1")):
            with self.subTest(command=command):
                self.begin(lost("reduce", artifact="result.txt"))
                self.assertNotEqual(self.submit().status, 0)
                self.write("job/mapper.py", NUMBERED + "# mended\n")
                run = self.quern(*command, "job", "--poll", "100ms")
                self.assertEqual(run.status, 0, run)
                self.assertEqual(run.stderr.count("old code"), 1, run)
                self.assertNotIn("old code", self.quern(*command, "job", "--poll", "100ms").stderr)

    def test_damage_that_no_retry_heals(self):
        """As many bytes as there should be, but other ones."""
        self.begin()
        self.assertEqual(self.submit("--no-fetch").status, 0)
        self.group()
        content = self.client.call("GET", f"queue/v1/task/{self.ids['reduce']}/artifact-content/public%2Fquern%2Fresult.txt.zst")
        _, _, body = hawk.send(content["url"], "GET", {}, b"")
        hawk.send(content["url"], "PUT", {"Content-Type": "application/octet-stream"}, body[:-6] + bytes([body[-6] ^ 255]) + body[-5:])
        run = self.quern("fetch", "job")
        self.assert_fails(run, "is damaged", "quern retry does not run its task again; quern submit makes a new task group")
        self.assertNotIn("quern retry " + self.group_id(), run.stderr)

    @slow
    def test_objects(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.work(capacity=2, faults=[lost("map 2/3", created=True)], object_artifacts=True)
        self.assert_fails(self.submit(), "map 2/3")
        self.assert_healed(self.retry())

    def test_who_may_not_read_what_was_left_is_told(self):
        self.begin(more=CLUSTER + "  artifact_prefix: project/example/quern\n")
        self.assertEqual(self.submit().status, 0)
        self.change(clients={"root": {"accessToken": self.token(), "scopes": ["*"]}, "tester": {"accessToken": self.token(), "scopes": ["queue:rerun-task:*"]}})
        run = self.retry()
        self.assertIn("cannot be seen", run.stderr)
        self.assertEqual(set(self.runs().values()), {1})

    def token(self):
        return self.client.credentials["accessToken"]

    def test_a_job_with_all_that_it_should_have_is_left_alone(self):
        self.begin()
        self.assertEqual(self.submit().status, 0)
        self.assert_healed(self.retry())
        self.assertEqual(set(self.runs().values()), {1})


class RunAgainByItself(Healing):
    """--retry N of submit and watch."""

    def failing(self, times):
        """The map of the second input fails so often."""
        cause = f"    if file.endswith('01.json') and int(os.environ.get('RUN_ID', {times})) < {times}:\n        raise ValueError('a cause')\n"
        mapper = "import os\n" + NUMBERED.replace("    return", cause + "    return")
        self.deploy()
        self.job(JOB, self.files(3), mapper=mapper)
        self.work(capacity=2)

    def test_a_task_that_fails_twice(self):
        self.failing(2)
        run = self.submit("--retry", "2")
        self.assert_run(run)
        self.assert_same_as_locally(run)
        self.assertEqual(self.group()["map 2/3"], ["failed", "failed", "completed"])

    def test_a_task_that_fails_too_often(self):
        self.failing(9)
        self.assert_fails(self.submit("--retry", "1"), "map 2/3 failed in run 1")
        self.assertEqual(self.group()["map 2/3"], ["failed", "failed"])

    def test_what_completes_without_its_parts(self):
        self.begin(lost("map 2/3"), lost("reduce", run=1, artifact="result.txt", created=True))
        run = self.submit("--retry", "1")
        self.assert_run(run)
        self.assert_same_as_locally(run)
        self.assertEqual(self.runs(), {"map 1/3": 1, "map 2/3": 2, "map 3/3": 1, "reduce": 3})

    def test_of_watch(self):
        self.begin(lost("reduce"))
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.assert_healed(self.quern("watch", "job", "--poll", "100ms", "--retry", "1"))

    def test_who_may_not_sees_how_it_ends(self):
        self.failing(1)
        self.assertEqual(self.submit("--no-watch").status, 0)
        token = self.client.credentials["accessToken"]
        self.change(clients={"root": {"accessToken": token, "scopes": ["*"]},
                             "tester": {"accessToken": token, "scopes": ["queue:list-task-group:*", "queue:status:*", "queue:get-artifact:*"]}})
        run = self.quern("watch", "job", "--poll", "100ms", "--retry", "1")
        self.assert_fails(run, "queue:rerun-task", "the watch goes on, and runs nothing again", "the job failed: reduce failed", "map 2/3")

    def test_nothing_that_is_cancelled(self):
        self.deploy()
        self.job(JOB, self.files(3))
        process = self.start("submit", "job", "--poll", "100ms", "--retry", "3")
        self.wait_for(lambda: self.created() == 4, "its tasks")
        self.wait_for(lambda: "/tasks/status" in json.dumps(self.tc.requests()), "the watch")
        self.assertEqual(self.quern("cancel", "job").status, 0)
        self.assert_fails(self.finish(process), "cancel")
        self.assertEqual(set(map(tuple, self.group().values())), {("canceled",)})

    def test_a_watch_that_is_broken_off_can_go_on_with_it(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.assertEqual(self.submit("--no-watch").status, 0)
        process = self.start("watch", "job", "--poll", "100ms", "--retry", "2")
        self.wait_for(lambda: "/tasks/status" in json.dumps(self.tc.requests()), "the watch")
        process.terminate()
        self.assertIn(f"quern watch {self.group_id()} --retry 2\n", self.finish(process).stderr)

    def test_a_number_that_is_none(self):
        self.deploy()
        for number in ("-1", "x", "50", "1.5", ""):
            run = self.quern("watch", "Q3GkR1sXTx2mV0c7b1yZ5A", f"--retry={number}")
            self.assertEqual(run.status, 2, run)
            self.assertIn("--retry", run.stderr)


class Cancelled(Healing):
    def test_a_cancelled_group_runs_again(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.assertEqual(self.quern("cancel", "job").status, 0)
        self.work(capacity=2)
        self.assert_healed(self.retry())
        self.assertEqual(set(map(tuple, self.group().values())), {("canceled", "completed")})

    def test_what_had_completed_stays(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.work()
        self.wait_for(lambda: ["completed"] in self.group().values(), "the first map")
        self.assertEqual(self.quern("cancel", "job").status, 0)
        before = self.group()
        self.assert_healed(self.retry())
        self.assertEqual(self.runs(), {label: 1 if ends == ["completed"] else 2 for label, ends in before.items()})

    def test_a_retry_that_is_cancelled_ends(self):
        self.deploy()
        self.job(JOB, self.files(3))
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.assertEqual(self.quern("cancel", "job").status, 0)
        process = self.start("retry", "job", "--poll", "100ms")
        self.wait_for(lambda: self.runs()["map 3/3"] == 2, "the retry")
        self.assertEqual(self.quern("cancel", "job").status, 0)
        self.assert_fails(self.finish(process), "cancel")
        self.assertEqual(self.runs(), {"map 1/3": 2, "map 2/3": 2, "map 3/3": 2, "reduce": 1})

    def test_what_was_never_created_cannot_be_added(self):
        self.deploy(faults=[{"method": "PUT", "path": "/task/", "status": 400}])
        self.job(JOB, self.files(3))
        self.assert_fails(self.submit(), "creating map")
        self.assert_fails(self.retry(), "cannot be added", "quern submit makes a new task group")

    def test_not_after_the_deadline(self):
        self.deploy(deadline_seconds=0)
        self.job(JOB, self.files(3), more=CLUSTER + "  deadline: 2s\n  expires: 1h\n")
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.assertEqual(self.quern("cancel", "job").status, 0)
        self.wait_for(lambda: self.quern("retry", "job").status == 1, "the deadline")
        self.assert_fails(self.retry(), "had to be done by their deadline")
