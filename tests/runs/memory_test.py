"""limits.memory: what quern itself holds, whatever the job is."""
import os
import sys
import unittest

from scenario import QUERN, Scenario, slow

MIB = 2**20
# On top of limits.memory, with two processes: docs/job-file.md says what for.
MARGIN = 64 * MIB
# Runs a command, and says how much memory the largest of its processes had. It is small itself, as the kernel counts a
# process from where it comes.
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print("largest", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(status)
"""
CAT = 'mapper: {language: binary, script: /bin/cat, interface: lines}\nrecord: text\nseparator: ","\n'


@slow  # A sanitizer needs memory of its own.
class LimitOfMemory(Scenario):
    def write_pairs(self, files, pair):
        for file in range(files):
            self.write(f"data/{file}.csv", "".join(map(pair, range(file * 1000000, (file + 1) * 1000000))))

    def assert_stays_below(self, memory, *arguments):
        process = self.start(*arguments, "--set", f"limits.memory={memory}MiB", "--set", "limits.processes=2", program=[sys.executable, "-S", "-c", MEASURE, QUERN])
        run = self.finish(process)
        self.assertEqual(run.status, 0, run)
        largest = int(run.stdout.split("largest ")[1])
        self.assertLess(largest, memory * MIB + MARGIN, run)

    def assert_holds(self, job, *limits):
        self.write("analysis-tools.yml", CAT + "inputs: [data/*]\n" + job)
        for memory in limits:
            with self.subTest(job=job, memory=memory):
                self.assert_stays_below(memory, "run")

    def test_pairs_of_many_keys(self):
        self.write_pairs(3, lambda number: f"{number * 2654435761 % 2**32:08x},{number % 1000}\n")
        self.assert_holds("reducer: {builtin: sum}\n", 64)
        os.remove(self.path("data/2.csv"))
        self.write("reducer.py", "def reduce(key, values):\n    return key, len(values)\n")
        for reducer in ("{builtin: sum}", "{builtin: list}", "{builtin: unique}", "{language: python, script: reducer.py}"):
            self.assert_holds(f"reducer: {reducer}\n", 16)

    def test_a_key_with_many_values(self):
        self.write_pairs(2, lambda number: f"key,{number * 2654435761 % 2**32:032x}\n")
        for reducer in ("list", "unique"):
            self.assert_holds(f"reducer: {{builtin: {reducer}}}\n", 16)

    def test_one_input_that_may_still_fail(self):
        self.write("data/a.json", "".join(f'{{"k": "key{number * 7919 % 1000003:012d}", "v": {number}}}\n' for number in range(1000000)))
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k, value: v}\nrecord: json\ninputs: [data/*]\nreducer: {builtin: sum}\n")
        for memory in (16, 64):
            with self.subTest(memory=memory):
                self.assert_stays_below(memory, "run")

    def test_results_that_are_reduced(self):
        for reducer in ("sum", "unique"):
            self.write("analysis-tools.yml", CAT + f"reducer: {{builtin: {reducer}}}\n")
            for part in range(40):
                self.write(f"parts/{part}.txt", "".join(f"key{number:08d},{number}{part}\n" for number in range(20000)))
            with self.subTest(reducer=reducer):
                self.assert_stays_below(16, "reduce", *(f"parts/{part}.txt" for part in range(40)))

    def test_a_plan_holds_no_names(self):
        """As a list its inputs would take 150 MiB."""
        self.write("analysis-tools.yml", """
            mapper: {builtin: pairs, key: k}
            reducer: {builtin: count}
            owner: a@example.com
            taskcluster: {root_url: "https://tc.example.com", task_queue: proj-example/linux, image: quern, leave_out: [names]}
            """)
        self.write("names", "".join(f"s3://telemetry/{number * 7919 % 300007:08d}/a-name-of-some-length.json.xz\t1000000\n" for number in range(300000)))
        self.assert_stays_below(16, "plan", "--manifest", "names")


if __name__ == "__main__":
    unittest.main()
