"""One case of a campaign: a drawn job, run undisturbed or disturbed, against what the model says."""
import collections
import os
import random
import signal
import threading

import jobs
from scenario import Scenario

# A child may be hit by any of these; quern starts another.
CHILD_SIGNALS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT]
DISTURBANCES = ["none"] * 4 + ["children"] * 3 + ["kill"] * 2 + ["stop"]
# Most jobs take about so long.
USUAL_SECONDS = 0.8


class Case(Scenario):
    """`Case("7:12").run(result)`: the twelfth case of the seed 7."""

    def __init__(self, name):
        super().__init__("check")
        self.name = name

    def __str__(self):
        return self.name

    def check(self):
        draw = random.Random(self.name)
        self.disturbance = draw.choice(DISTURBANCES)
        self.job = jobs.Job(draw, dying=0 if self.disturbance == "children" else 2)
        self.draw = draw
        self.write_all(self.job.files)
        for script in self.job.files:
            os.chmod(self.path(script), 0o755)
        self.settings = ["--set", f"limits.attempts={50 if self.disturbance == 'children' else 2}"]
        self.expected_result = self.job.result()
        try:
            getattr(self, "undisturbed" if self.disturbance == "none" else "with_" + self.disturbance)()
        except AssertionError as error:
            raise AssertionError(f"{self.disturbance}, QUERN_TEST_BLOCK_BYTES={self.job.block_bytes}\n{self.job.files['analysis-tools.yml']}\n"
                                 f"{error}") from None

    # Disturbances

    def undisturbed(self):
        self.assert_as_the_model(self.finish(self.begin()))

    def with_children(self):
        process = self.begin()
        over = threading.Event()
        hitting = threading.Thread(target=self.hit_children, args=(over, self.draw.randrange(1, 6)))
        hitting.start()
        try:
            run = self.finish(process)
        finally:
            over.set()
            hitting.join()
        self.assert_as_the_model(run)

    def hit_children(self, over, times):
        while times > 0 and not over.wait(self.draw.uniform(0, USUAL_SECONDS / 4)):
            for pid in self.draw.sample(found, 1) if (found := self.children()) else []:
                try:
                    os.kill(pid, self.draw.choice(CHILD_SIGNALS))
                except ProcessLookupError:
                    continue
                times -= 1

    def with_kill(self):
        """Nothing outlives a quern that is killed, and the next run does not notice."""
        self.end_early(signal.SIGKILL)
        self.may_leave_scratch = True
        left = self.left_over()
        if "result.txt" in left:
            self.assertEqual(self.read("result.txt") == self.expected_result, True, "a result that is not whole")
        self.undisturbed()
        self.may_leave_scratch = False

    def with_stop(self):
        number = self.draw.choice([signal.SIGINT, signal.SIGTERM])
        run = self.end_early(number)
        if run.status == -number:
            # It had not begun to look at signals.
            self.assertEqual(self.left_over(), set(), run)
        elif run.status == 128 + number:
            self.assert_adds_up(run)
            #STATUS
            self.assertLessEqual(self.left_over(), {"result.json", "bad_records.txt"}, run)
        else:
            self.assert_as_the_model(run)

    def end_early(self, number):
        process = self.begin()
        threading.Event().wait(self.draw.uniform(0, USUAL_SECONDS))
        process.send_signal(number)
        run = self.finish(process)
        self.assert_no_process_left()
        return run

    # Running and comparing

    def begin(self):
        return self.start("run", *self.settings, environment={"QUERN_TEST_BLOCK_BYTES": self.job.block_bytes and str(self.job.block_bytes)})

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def left_over(self):
        """What is in the folder beside the job itself."""
        job = {name.split("/")[0] for name in self.job.files}
        return set(os.listdir(self.folder)) - job - {os.path.basename(self.scratch)}

    def assert_as_the_model(self, run):
        job = self.job
        self.assertEqual(run.status, job.status(), run)
        self.assert_adds_up(run)
        self.assertEqual(run.accounting["exit_status"], run.status, run)
        kept = self.bad_records()
        self.assertEqual(sum(kept.values()), run.accounting["records"]["bad"] + run.accounting["groups"]["bad"], run)
        if run.status == 1:
            self.assertIsNone(run.result, run)
            self.assertLessEqual(kept.keys(), job.bad().keys() | self.of_damaged(), run)
        else:
            self.assert_same_bytes(run)
            for part, wanted in job.accounting().items():
                self.assertEqual({name: run.accounting[part].get(name) for name in wanted}, wanted, run)
            self.assertEqual(kept, job.bad(), run)
            self.assertEqual([failed["name"] for failed in run.accounting["failed_inputs"]], [one.name for one in job.failed()], run)
        self.assertEqual(self.left_over(), {"result.json"} | ({"result.txt"} if run.status != 1 else set()) |
                         ({"bad_records.txt"} if kept else set()), run)

    def assert_same_bytes(self, run):
        found = self.read("result.txt")
        if found != self.expected_result:
            got, wanted = found.splitlines(), self.expected_result.splitlines()
            differing = [pair for pair in zip(got, wanted) if pair[0] != pair[1]][:5]
            self.fail(f"other bytes: {len(got)} lines, wanted {len(wanted)}; the first that differ: {differing}\n{run}")

    def bad_records(self):
        """bad_records.txt as (input, line number, line)."""
        if "bad_records.txt" not in self.left_over():
            return collections.Counter()
        lines = self.read("bad_records.txt").decode().split("\n")
        found = collections.Counter()
        for address, record in zip(lines[:-1:2], lines[1::2]):
            name, number = address.removeprefix("# ").split(": ")[0].rsplit(":", 1)
            found[name, int(number), record] += 1
        return found

    def of_damaged(self):
        """Bad records of inputs whose damage a failed run may not have reached."""
        return {(one.name, number, record.line) for one in self.job.failed() for number, record in enumerate(one.records, 1)}
