"""Deployments that are busy or away for a while: no group is destroyed for it, and what was going on goes on.

Outages are drawn from a seed. A short draw of short ones is always made; a hundred of up to a minute, as submit is to bear them,
take eight minutes with four processes of 25 seeds each (1-25, 26-50, ...):

    QUERN_TEST_OUTAGES=1-25 QUERN_TEST_OUTAGE_SECONDS=60 tests/runs/run_all outages_test.Drawn
"""
import json
import math
import os
import random

from taskcluster_test import CLUSTER, Cluster

from scenario import JOB, slow

HOWS = (502, 503, 500, 429, "away", "hang", "late")
FIRST, LAST = (int(seed) for seed in os.environ.get("QUERN_TEST_OUTAGES", "1-3").split("-"))
LONGEST = float(os.environ.get("QUERN_TEST_OUTAGE_SECONDS", "4"))
IMPATIENT = CLUSTER + "  patience: 1s\n"


class Outage(Cluster):
    def begin(self, count=3, more=CLUSTER, faults=(), works=True, **plan):
        self.deploy(**plan)
        self.client.seconds = 90
        self.job(JOB, self.files(count), more=more)
        if works:
            self.begin_work(faults)

    def begin_work(self, faults=()):
        self.work(capacity=2, faults=list(faults), patience_seconds=600)

    def outage(self, how, seconds, **more):
        self.change(outages=[{"how": how, "seconds": seconds, **more}])

    def assert_fetched(self):
        fetched = self.quern("fetch", "job")
        self.assert_run(fetched)
        self.assert_same_as_locally(fetched)


class Drawn(Outage):
    """submit bears whatever comes, at whatever moment."""

    def outages(self, drawn, latest):
        count = drawn.choice((1, 1, 2))
        seconds = math.exp(drawn.uniform(0, math.log(LONGEST))) / count
        return [{"how": drawn.choice(HOWS), "after": drawn.randrange(latest), "seconds": seconds} for _ in range(count)]

    def draw(self, seed):
        drawn = random.Random(seed)
        outages = self.outages(drawn, 60)
        with self.subTest(seed=seed, outages=str(outages)):
            self.begin(count=drawn.randrange(1, 5), outages=outages, wait_seconds=0.2)
            run = self.submit()
            self.assert_run(run)
            self.assert_same_as_locally(run)


    def draw_others(self, seed):
        """The commands of a job that lost something: each has an outage of its own."""
        drawn = random.Random(-seed)
        faults = drawn.sample([{"name": name, "do": "uploads-lost"} for name in ("map 1/3", "map 3/3", "reduce")], drawn.randrange(1, 3))
        drawn_for = {command: self.outages(drawn, latest) for command, latest in (("retry", 20), ("watch", 5), ("fetch", 5))}
        with self.subTest(seed=seed, faults=str(faults), outages=str(drawn_for)):
            self.begin(faults=faults, wait_seconds=0.2)
            self.assertEqual(self.submit("--no-watch").status, 0)
            more = drawn.choice(((), ("--retry", "1")))
            self.wait_for(lambda: any(self.group()["reduce"]), "its end")
            for command in (("retry",), ("watch", *more), ("fetch",)):
                self.change(outages=drawn_for[command[0]])
                run = self.quern(*command, "job", *(("--poll", "100ms") if command[0] != "fetch" else ()))
                self.assert_run(run) if command[0] == "fetch" else self.assertEqual(run.status, 0, run)
            self.assert_same_as_locally(run)


for one in range(FIRST, LAST + 1):
    setattr(Drawn, f"test_seed_{one}", lambda self, seed=one: self.draw(seed))
    setattr(Drawn, f"test_other_commands_{one}", lambda self, seed=one: self.draw_others(seed))


class Borne(Outage):
    """Each command waits, and says that it does."""

    def assert_told(self, run):
        self.assertEqual(run.status, 0, run)
        self.assertIn("is busy or away, and is asked again for up to 5m", run.stderr)
        self.assertIn("answers again, after", run.stderr)

    def test_while_tasks_are_created(self):
        self.begin(count=40, works=False, outages=[{"how": "away", "seconds": 7, "path": "/task/", "after": 20}])
        self.assert_told(self.submit("--no-watch"))
        self.assertEqual(self.kinds(), {"map": 40, "merge": 2, "reduce": 1})

    def test_while_it_is_watched(self):
        self.begin(outages=[{"how": 503, "seconds": 4, "path": "/tasks/status", "after": 2}])
        self.assert_told(self.submit())

    @slow
    def test_while_the_result_is_fetched(self):
        self.begin()
        self.assertEqual(self.submit("--no-fetch").status, 0)
        for path in ("/list", "/store/"):
            self.outage("away", 5, path=path)
            fetched = self.quern("fetch", "job")
            self.assert_told(fetched)
        self.assert_same_as_locally(fetched)

    def test_while_tasks_are_run_again(self):
        self.begin(faults=[{"name": "map 2/3", "do": "uploads-lost"}])
        self.assert_fails(self.submit(), "map 2/3")
        self.outage("late", 4, path="/rerun")
        self.assert_told(self.quern("retry", "job", "--poll", "100ms"))
        self.assert_fetched()

    def test_what_a_server_asks_for_is_told_before_it_is_waited_for(self):
        self.begin(faults=(), works=True)
        self.assertEqual(self.submit("--no-fetch").status, 0)
        self.change(faults=[{"path": "/tasks/status", "status": 429, "headers": {"Retry-After": "3"}},
                            {"path": "/list", "status": 503, "headers": {"Retry-After": "3"}}])
        self.assert_told(self.quern("watch", "job"))

    def test_nothing_is_waited_for_beyond_the_patience(self):
        self.begin(more=IMPATIENT)
        self.assertEqual(self.submit("--no-fetch").status, 0)
        self.change(faults=[{"path": "/list", "status": 429, "headers": {"Retry-After": "3600"}}])
        self.assertEqual(self.quern("watch", "job").status, 0)

    def test_a_moment_is_not_told_of(self):
        self.begin(outages=[{"how": "away", "seconds": 0.5, "path": "/task/"}])
        run = self.submit()
        self.assertEqual(run.status, 0, run)
        self.assertNotIn("away", run.stderr)


class Given(Outage):
    """Where the patience ends, nothing is changed, and the command that goes on is named."""

    def assert_given_up(self, run, command, status=1):
        self.assertEqual(run.status, status, run)
        self.assertIn(f"quern {command} {self.group_id()}", run.stderr)
        self.assertIn("left as it is", run.stderr)
        self.change(outages=[])

    def test_a_submission_goes_on_with_the_dates_of_its_tasks(self):
        """Of a task that is deleted at its deadline nothing with a later one may depend."""
        self.begin(more=IMPATIENT + "  deadline: 1h\n  expires: 1h\n", works=False)
        for how in ("away", 429, 500):
            self.outage(how, 60, path="/task/", after=1)
            self.assert_given_up(self.submit("--group", "Q3GkR1sXTx2mV0c7b1yZ5A"), "submit --group")
            self.assertEqual({end for ends in self.group().values() for end in ends}, {None})
        self.assertFalse([one for one in self.tc.requests() if one["path"].endswith("/seal")])
        self.outage("away", 60)
        self.assert_given_up(self.submit("--group", self.group_id()), "submit --group")
        self.begin_work()
        run = self.submit("--group", self.group_id())
        self.assert_run(run)
        self.assert_same_as_locally(run)
        self.assertEqual(len({one["task"]["deadline"] for one in self.list_group(self.group_id())}), 1)

    def test_events_stay_lines_of_json(self):
        self.begin(more=IMPATIENT)
        self.assertEqual(self.submit("--no-fetch").status, 0)
        for command, path, status in (("watch", "/list", 4), ("retry", "/list", 4), ("watch", "/artifact", 4), ("submit", "/task/", 1)):
            with self.subTest(command=command, path=path):
                self.group()  # the outage before has ended
                self.outage("away", 60, path=path)
                run = self.quern(command, "job", "--poll", "100ms", "--json")
                self.change(outages=[])
                self.assertEqual(run.status, status, run)
                events = [json.loads(line) for line in run.stderr.splitlines()]
                self.assertEqual([event["level"] for event in events if event["event"] == "note"][-1], "error")
                self.assertEqual((events[-1]["event"], events[-1]["accounting"]["exit_status"]), ("accounting", status))
                self.assertIn("quern ", events[-2]["text"])

    def test_a_result_json_that_cannot_be_written_hides_nothing(self):
        self.begin(more=IMPATIENT, works=False)
        process = self.start("submit", "job", "--poll", "100ms")
        self.wait_for(lambda: any("/tasks/status" in one["path"] for one in self.tc.requests()), "the watch")
        os.mkdir(self.path("result.json"))
        self.outage("away", 60)
        run = self.finish(process)
        self.assert_given_up(run, "watch", 4)
        self.assertIn("warning: ", run.stderr)
        self.assertIn("result.json", run.stderr)

    def test_a_cancellation_that_is_half_done(self):
        self.begin(more=IMPATIENT, works=False)
        self.assertEqual(self.submit("--no-watch").status, 0)
        self.outage("away", 60, path="/cancel")
        run = self.quern("cancel", "job")
        self.assert_fails(run, "the task group is sealed", "its tasks go on", f"quern cancel {self.group_id()}")
        self.assertNotIn("left as it is", run.stderr)
        self.change(outages=[])
        self.assertEqual(self.quern("cancel", "job").status, 0)

    @slow
    def test_watch_fetch_and_retry(self):
        self.begin(more=IMPATIENT, outages=[{"how": "away", "seconds": 60, "path": "/tasks/status"}])
        self.assert_given_up(self.submit("--no-fetch"), "watch", 4)
        self.outage("away", 60, path="/tasks/status")
        self.assert_given_up(self.quern("watch", "job", "--poll", "100ms"), "watch", 4)
        self.assertEqual(self.quern("watch", "job", "--poll", "100ms").status, 0)
        for path in ("/list", "/artifact-content/", "/store/"):
            self.outage("away", 60, path=path)
            self.assert_given_up(self.quern("fetch", "job"), "fetch")
        self.outage(503, 60, path="/list")
        self.assert_given_up(self.quern("retry", "job"), "retry", 4)
        self.outage(500, 60)
        self.assert_given_up(self.quern("cancel", "job"), "cancel")
        self.assert_fetched()

    def test_an_id_has_the_patience_of_the_job_that_it_is_of(self):
        self.begin(more=IMPATIENT)
        self.assertEqual(self.submit("--no-fetch").status, 0)
        self.outage("away", 60, path="/list")
        self.assert_given_up(self.quern("fetch", self.group_id(), folder=self.path("job")), "fetch")

    def test_an_answer_of_somebody_else_is_no_refusal(self):
        self.begin(works=False, outages=[{"how": 404, "seconds": 60, "path": "/task/", "after": 2}])
        self.assert_given_up(self.submit(), "submit --group")
        self.assertLess(len(self.group()), 4)
        self.begin_work()
        run = self.submit("--group", self.group_id())
        self.assert_run(run)
        self.assert_same_as_locally(run)
