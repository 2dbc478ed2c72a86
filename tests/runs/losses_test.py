"""What ends a run, and when: bad records at once, children that die are replaced, and what was set aside is what was counted."""
import os
import re

from scenario import JOB, MAP_ONLY, SUM, TEXT, Scenario, compress, dedent

SECOND_STEP = "steps:\n  - mapper: {language: python, script: second.py}\n"
# Takes every record but "bad", and never comes to an end with "hang": whoever waits for that waits in vain.
HANGS = dedent("""
    import time
    def mapper(key, file, record):
        if record == "bad":
            raise ValueError("cannot take this")
        if record == "hang":
            time.sleep(1000)
        return record, 1
    """)
HANGS_IN_JAVASCRIPT = dedent("""
    exports.mapper = (key, file, record) => {
      if (record === 'bad') throw new Error('cannot take this');
      if (record === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return [record, 1];
    };
    """)


class TheFirstBadRecord(Scenario):
    """It ends the run while the records behind it, in the same block or batch, hang."""

    def assert_ends_at_once(self, job, *says, command="run", **files):
        self.write_all({"analysis-tools.yml": job, "data/a.txt": "good\nbad\nhang\n"})
        self.write_all({name.replace("_", "."): text for name, text in files.items()})
        run = self.quern(command)
        self.assert_fails(run, "limits.bad_records allows none", *says)
        return run

    def test_of_a_python_mapper(self):
        run = self.assert_ends_at_once(MAP_ONLY + TEXT, "data/a.txt, record 2 is bad: ValueError: cannot take this", mapper_py=HANGS)
        self.assertIn("data/a.txt, record 2 is bad", run.accounting["failure"], run)

    def test_of_a_javascript_mapper(self):
        self.assert_ends_at_once("language: javascript\nscript: mapper.js\ninputs: [data/*]\n" + TEXT, "data/a.txt, record 2 is bad",
                                 mapper_js=HANGS_IN_JAVASCRIPT)

    def test_of_a_map_task_by_hand(self):
        self.assert_ends_at_once(JOB + TEXT, "data/a.txt, record 2 is bad", command="map", mapper_py=HANGS, reducer_py=SUM)

    def test_of_a_lines_mapper(self):
        self.write("data/b.json", '{"a": 1}\n{bad\n')
        self.write("mapper.sh", "#!/bin/sh\nexec sleep 1000\n", executable=True)
        self.assert_ends_at_once("mapper: {script: mapper.sh, interface: lines}\ninputs: [data/*.json]\nrecord: json\nwhere: {a: [1]}\n",
                                 "data/b.json, record 2 is bad")

    def test_of_a_further_step(self):
        self.assert_ends_at_once(MAP_ONLY + TEXT + SECOND_STEP, "step 2, pair 2: bad 1", "cannot take this",
                                 mapper_py="def mapper(key, file, record):\n    return record, 1\n",
                                 second_py="import time\ndef mapper(key, file, record):\n    if key == 'bad':\n"
                                           "        raise ValueError('cannot take this')\n    time.sleep(1000 if key == 'hang' else 0)\n"
                                           "    return key, record\n")

    def test_of_a_reducer(self):
        self.assert_ends_at_once(JOB + TEXT, "key 'bad' is bad: ValueError: cannot take this",
                                 mapper_py="def mapper(key, file, record):\n    return record, 1\n",
                                 reducer_py="import time\ndef reduce(key, values):\n    if key == 'bad':\n"
                                            "        raise ValueError('cannot take this')\n    time.sleep(1000 if key == 'hang' else 0)\n")

    def test_beyond_a_limit_within_one_block(self):
        self.write("data/b.txt", "bad\nbad\nbad\nhang\n")
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "limits: {bad_records: 2}\n", "mapper.py": HANGS})
        self.assert_fails(self.quern("run"), "data/b.txt, record 1 is bad", "limits.bad_records allows no more than 2")

    def test_is_named_whatever_is_bad_behind_it(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": HANGS, "data/a.txt": "bad\n" + "good\n" * 100_000 + "bad\n"})
        for _ in range(3):
            self.assert_fails(self.quern("run", "--set", "limits.processes=2"), "data/a.txt, record 1 is bad")

    def test_where_inputs_may_fail_ends_the_run_once_its_input_is_good(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "limits: {failed_inputs: 1}\n", "mapper.py": HANGS,
                        "data/a.txt": "good\nbad\n", "data/b.txt": "good\n"})
        self.assert_fails(self.quern("run"), "data/a.txt, record 2 is bad")


class BadRecordsOfFailedInputs(Scenario):
    """Whether an input's damage shows before its bad records or after them: bad_records.txt has what result.json counts."""

    def setUp(self):
        super().setUp()
        lines = "".join("{bad\n" if number % 1000 == 0 else '{"k": "x"}\n' for number in range(30_000))
        self.write("data/bad.gz", compress(lines, "gz")[:-20])
        self.write("data/good.json", '{"k": "x"}\n{bad\n')

    def assert_agree(self, job):
        self.write("analysis-tools.yml", job + "inputs: [data/*]\nrecord: json\nlimits: {failed_inputs: 1, bad_records: 100}\n")
        run = self.quern("run")
        self.assert_run(run, status=3, inputs_failed=1, records_bad=1)
        self.assertEqual(re.findall("^# .*", run.left("bad_records.txt"), re.M), [line for line in run.left("bad_records.txt").splitlines()
                                                                                  if line.startswith("# data/good.json:2: ")], run)
        os.remove(self.path("data/good.json"))
        run = self.quern("run")
        self.assert_run(run, status=3, inputs_failed=1, records_bad=0)
        self.assertIsNone(run.left("bad_records.txt"), run)

    def test_of_a_python_mapper_that_is_slower_than_the_damage(self):
        self.write("mapper.py", "import time\ndef mapper(key, file, record):\n    time.sleep(0.0001)\n    return 'k', 1\n")
        self.assert_agree("mapper: {language: python, script: mapper.py}\n")

    def test_of_a_javascript_mapper(self):
        self.write("mapper.js", "exports.mapper = (key, file, record) => ['k', 1];\n")
        self.assert_agree("mapper: {language: javascript, script: mapper.js}\n")

    def test_of_pairs(self):
        self.assert_agree("mapper: {builtin: pairs, key: k}\nreducer: {builtin: count}\n")

    def test_of_a_lines_mapper(self):
        self.assert_agree("mapper: {script: cat, interface: lines}\nwhere: {k: [x]}\n")


class Progress(Scenario):
    """limits.timeout is for children that get nowhere, not for those that take long."""

    def assert_goes_on(self, job, says=(), **files):
        self.write_all({"analysis-tools.yml": job + "limits: {timeout: 2s, processes: 1}\n", "data/a.txt": "1\n2\n3\n4\n5\n"})
        self.write_all({name.replace("_", "."): text for name, text in files.items()})
        for name in files:
            os.chmod(self.path(name.replace("_", ".")), 0o755)
        run = self.quern("run")
        self.assert_run(run, status=0, says=says)
        self.assertEqual(run.accounting["children"]["replaced"], 0, run)

    def test_of_records(self):
        self.assert_goes_on(MAP_ONLY + TEXT, mapper_py="import time\ndef mapper(key, file, record):\n    time.sleep(0.7)\n    return record, 1\n")

    def test_of_records_in_javascript(self):
        self.assert_goes_on("language: javascript\nscript: mapper.js\ninputs: [data/*]\n" + TEXT, mapper_js="""
            exports.mapper = (key, file, record) => {
              Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
              return [record, 1];
            };
            """)

    def test_of_groups_and_of_a_combiner(self):
        self.assert_goes_on(JOB + TEXT + "combiner: {language: python, script: reducer.py}\n",
                            mapper_py="def mapper(key, file, record):\n    return record, 1\n",
                            reducer_py="import time\ndef reduce(key, values):\n    time.sleep(0.7)\n    return key, sum(map(int, values))\n")

    def test_of_counters_within_one_record(self):
        self.assert_goes_on(MAP_ONLY + TEXT, mapper_py="""
            import quern, time
            def mapper(key, file, record):
                for _ in range(4 if record == "1" else 0):
                    time.sleep(0.7)
                    quern.count("steps", "done")
            """)

    def test_of_reporter_lines(self):
        reports = "#!/bin/sh\nfor i in 1 2 3 4; do sleep 0.7; echo reporter:{} >&2; done; cat\n"
        for line in ("status:still here", "counter:g,n,1"):
            self.assert_goes_on("mapper: {script: mapper.sh, interface: lines}\ninputs: [data/*]\n" + TEXT, mapper_sh=reports.format(line))
        self.assert_goes_on("mapper: {script: mapper.sh, interface: files}\ninputs: [data/*]\n", mapper_sh=reports.format("status:here"))
        self.assert_goes_on("mapper: {script: cat, interface: lines}\nreducer: {script: reducer.sh, interface: lines}\ninputs: [data/*]\n"
                            + TEXT, reducer_sh=reports.format("status:here"))

    def test_other_lines_are_none(self):
        self.write_all({"analysis-tools.yml": "mapper: {script: mapper.sh, interface: lines}\ninputs: [data/*]\nlimits: {timeout: 1s, attempts: 1}\n"
                                              + TEXT, "data/a.txt": "1\n"})
        self.write("mapper.sh", "#!/bin/sh\nwhile :; do sleep 0.1; echo complaint >&2; done\n", executable=True)
        self.assert_fails(self.quern("run"), "limits.timeout")
