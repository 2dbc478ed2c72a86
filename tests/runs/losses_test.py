"""What ends a run, and when: bad records at once, children that die are replaced, and what was set aside is what was counted."""
import os
import re
import signal

from scenario import JOB, MAP_ONLY, SUM, TEXT, Scenario, compress, dedent

SECOND_STEP = "steps:\n  - mapper: {language: python, script: second.py}\n"
# Takes every record but "bad", and never comes to an end with "hang": what waits for that waits in vain.
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

    def assert_ends_at_once(self, job, *says, command=("run",), **files):
        self.write_all({"analysis-tools.yml": job, "data/a.txt": "good\nbad\nhang\n"})
        self.write_all({name.replace("_", "."): text for name, text in files.items()})
        run = self.quern(*command)
        self.assert_fails(run, "limits.bad_records allows none", "`quern look", *says)
        return run

    def test_of_a_python_mapper(self):
        run = self.assert_ends_at_once(MAP_ONLY + TEXT, "data/a.txt, line 2 is bad: ValueError: cannot take this", mapper_py=HANGS)
        self.assertIn("data/a.txt, line 2 is bad", run.accounting["failure"], run)

    def test_of_a_javascript_mapper(self):
        self.assert_ends_at_once("language: javascript\nscript: mapper.js\ninputs: [data/*]\n" + TEXT, "data/a.txt, line 2 is bad",
                                 mapper_js=HANGS_IN_JAVASCRIPT)

    def test_of_a_map_task_by_hand(self):
        self.assert_ends_at_once(JOB + TEXT, "data/a.txt, line 2 is bad", command=("map", "data/a.txt"), mapper_py=HANGS, reducer_py=SUM)

    def test_of_a_lines_mapper(self):
        self.write("data/b.json", '{"a": 1}\n{bad\n')
        self.write("mapper.sh", "#!/bin/sh\nexec sleep 1000\n", executable=True)
        self.assert_ends_at_once("mapper: {language: binary, script: mapper.sh, interface: lines}\ninputs: [data/*.json]\nrecord: json\nwhere: {a: [1]}\n",
                                 "data/b.json, line 2 is bad")

    def test_the_number_of_a_record_is_that_of_its_line(self):
        """Where records are lines, or texts of several; only the elements of a document are counted themselves."""
        table = 'k,n\n"a\n\nb",1\nc,2\n'
        for record, text, place in (("text", "a\n\nbad\n", "line 3"), ("csv", table + "bad,3\n", "line 6"),
                                    ("json", '{"k": "a"}\n\n{"k": "bad"}\n', "line 3"), ("{start: '^[ab]'}", "a\nx\nbad\n", "line 3"),
                                    ("{regex: '^(?P<k>.*)'}", "a\nbad\n", "line 2"),
                                    ("json-document", '[\n{"k": "a"},\n\n{"k":\n"bad"}]\n', "record 2")):
            for last in ("raise ValueError('no')", "__import__('os')._exit(9)"):
                with self.subTest(record=record, last=last):
                    self.write_all({"analysis-tools.yml": f"{MAP_ONLY}record: {record}\n", "data/a": text,
                                    "mapper.py": f"def mapper(key, file, record):\n    if 'bad' in str(record):\n        {last}\n"})
                    run = self.quern("run")
                    self.assert_fails(run, f"data/a, {place} is bad: ")
                    self.assertIn(f"# data/a:{place.split()[1]}: ", run.left("bad_records.txt"))
                    if "exit" in last:
                        self.assertIn(f"set {place} of data/a aside", run.stderr, run)

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
        self.assert_fails(self.quern("run"), "data/b.txt, line 1 is bad", "limits.bad_records allows no more than 2")

    def test_is_named_whatever_is_bad_behind_it(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": HANGS, "data/a.txt": "bad\n" + "good\n" * 100_000 + "bad\n"})
        for _ in range(3):
            self.assert_fails(self.quern("run", "--set", "limits.processes=2"), "data/a.txt, line 1 is bad")

    def test_where_inputs_may_fail_ends_the_run_once_its_input_is_good(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "limits: {failed_inputs: 1}\n", "mapper.py": HANGS,
                        "data/a.txt": "good\nbad\n", "data/b.txt": "good\n"})
        self.assert_fails(self.quern("run"), "data/a.txt, line 2 is bad")


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
        self.assert_agree("mapper: {language: binary, script: cat, interface: lines}\nwhere: {k: [x]}\n")


class LargeFailedInputs(Scenario):
    """Inputs of more than a block whose damage is at their end: nothing of them counts, and the job goes on."""

    def assert_left_out(self, mapper, more="", text='{"k": "x"}\n' * 200_000):
        self.write_all({"analysis-tools.yml": f"mapper: {mapper}\nreducer: {{builtin: count}}\ninputs: [data/*]\nrecord: json\n{more}"
                                              "limits: {failed_inputs: 1}\n",
                        "data/bad.gz": compress(text, "gz")[:-20], "data/good.json": '{"k": "x"}\n' * 3})
        run = self.quern("run")
        self.assert_run(run, result="x 3\n", status=3, inputs_failed=1, records_mapped=3, records_bad=0)
        self.assertIsNone(run.left("bad_records.txt"), run)

    def test_of_pairs(self):
        self.assert_left_out("{builtin: pairs, key: k}")

    def test_of_a_python_mapper(self):
        self.write("mapper.py", "def mapper(key, file, record):\n    return record['k'], 1\n")
        self.assert_left_out("{language: python, script: mapper.py}")

    def test_of_a_lines_mapper(self):
        self.write("mapper.sh", "#!/bin/sh\nsed 's/.*/x 1/'\n", executable=True)
        self.assert_left_out("{language: binary, script: mapper.sh, interface: lines}")

    def test_of_a_lines_mapper_with_bad_records(self):
        self.write("mapper.sh", "#!/bin/sh\nsed 's/.*/x 1/'\n", executable=True)
        self.assert_left_out("{language: binary, script: mapper.sh, interface: lines}", more="where: {k: [x]}\n",
                             text='{"k": "x"}\n{bad\n' * 100_000)

    def test_without_tolerance_the_job_fails(self):
        self.write_all({"analysis-tools.yml": "mapper: {builtin: pairs, key: k}\nreducer: {builtin: count}\ninputs: [data/*]\nrecord: json\n",
                        "data/bad.gz": compress('{"k": "x"}\n' * 200_000, "gz")[:-20]})
        run = self.quern("run")
        self.assert_fails(run, "data/bad.gz")
        self.assertIsNone(run.left("result.txt"), run)


class ReducersThatDie(Scenario):
    """Another one takes over, and the result is as if nothing had been."""

    def job(self, reducer, more="", **files):
        self.write_all({"analysis-tools.yml": JOB + TEXT + more, "reducer.py": reducer, "data/a.txt": "b\na\nc\na\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})
        self.write_all(files)

    def dies_once(self, act, at="key == 'b'"):
        """A reducer that does this once."""
        return (f"import ctypes, os, signal, sys, time, quern\nMARK = {self.path('died')!r}\ndef reduce(key, values):\n"
                f"    quern.count('keys', 'seen')\n    if {at} and not os.path.exists(MARK):\n        open(MARK, 'w').close()\n"
                f"        {act}\n    return key, sum(map(int, values))\n")

    def assert_whole(self, *says, seen=3):
        run = self.quern("run")
        self.assert_run(run, status=0, result="a 2\nb 1\nc 1\n", says=says)
        self.assertEqual(run.accounting["counters"], {"keys": {"seen": seen}}, run)
        self.assertEqual(run.accounting["children"]["replaced"], 1, run)

    def test_by_a_signal_an_exit_or_rubbish(self):
        for act in ("os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)", "os.write(501, b'x' * 100)", "ctypes.CDLL(None).close(501)"):
            with self.subTest(act=act):
                if os.path.exists(self.path("died")):
                    os.remove(self.path("died"))
                self.job(self.dies_once(act))
                self.assert_whole("started another")

    def test_by_hanging(self):
        self.job(self.dies_once("time.sleep(1000)"), "limits: {timeout: 1s}\n")
        self.assert_whole("limits.timeout")

    def test_in_javascript(self):
        self.job(SUM)
        self.write_all({"analysis-tools.yml": JOB.replace("reducer: {language: python, script: reducer.py}",
                                                         "reducer: {language: javascript, script: reducer.js}") + TEXT,
                        "reducer.js": f"""
            const fs = require('fs');
            exports.reduce = (key, values) => {{
              quern.count('keys', 'seen');
              if (key === 'b' && !fs.existsSync('{self.path("died")}')) {{
                fs.writeFileSync('{self.path("died")}', '');
                process.kill(process.pid, 'SIGKILL');
              }}
              return [key, values.length];
            }};
            """})
        self.assert_whole("SIGKILL")

    def test_of_several_and_as_combiner(self):
        self.job(self.dies_once("os._exit(3)"), "reducers: 3\n")
        self.assert_whole("exit status 3")
        os.remove(self.path("died"))
        self.job(SUM, "combiner: {language: python, script: combiner.py}\n", **{"combiner.py": self.dies_once("os._exit(3)")})
        self.assert_whole("combiner 1", "exit status 3")

    def test_within_a_group_of_many_frames(self):
        self.write_all({"analysis-tools.yml": JOB + TEXT + "values: iterator\n", "data/a.txt": "x\n" * 300_000 + "a\nz\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, '0123456789'\n", "reducer.py": f"""
            import os
            def reduce(key, values):
                count = 0
                for value in values:
                    count += 1
                    if count == 250_000 and not os.path.exists({self.path('died')!r}):
                        open({self.path('died')!r}, 'w').close()
                        os._exit(3)
                return key, count
            """})
        for more in ("", "limits.memory=16MiB"):
            with self.subTest(more=more):
                run = self.quern("run", "--set", more or "limits.attempts=3")
                self.assert_run(run, status=0, result="a 1\nx 300000\nz 1\n", says="exit status 3")
                os.remove(self.path("died"))

    def test_over_parts(self):
        self.job(SUM)
        self.assert_run(self.quern("map", "data/a.txt", "-o", "part"))
        self.write("reducer.py", self.dies_once("os._exit(3)"))
        run = self.quern("reduce", "part")
        self.assert_run(run, result="a 2\nb 1\nc 1\n", says="exit status 3")

    def test_every_time_fail_the_job_and_name_the_key(self):
        self.job("import os\ndef reduce(key, values):\n    if key == 'b': os._exit(5)\n")
        run = self.quern("run")
        self.assert_fails(run, "exit status 5", "at the key 'b'", "started it 3 times")
        self.assertNotIn("earlier keys", run.stderr, run)

    def test_lines_reducers_that_gave_nothing_yet(self):
        mark = self.path("died")
        for act in ("kill -9 $$", "exit 3"):
            self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nreducer: {language: binary, script: reducer.sh, interface: "
                                                  "lines}\ninputs: [data/*]\n" + TEXT,
                            "mapper.py": "def mapper(key, file, record):\n    return record, 1\n", "data/a.txt": "b\na\n"})
            self.write("reducer.sh", f"#!/bin/sh\nif [ ! -e '{mark}' ]; then touch '{mark}'; read line; {act}; fi\ncat\n", executable=True)
            run = self.quern("run")
            self.assert_run(run, result="a 1\nb 1\n", says="started another")
            os.remove(mark)

    def test_lines_reducers_that_gave_much(self):
        mark = self.path("died")
        rows = [f"{number:06}" for number in range(60_000)]
        for more in ("", "reducers: 3\n"):
            with self.subTest(more=more):
                self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nreducer: {language: binary, script: reducer.sh, interface: "
                                                      "lines}\ninputs: [data/*]\n" + TEXT + more,
                                "mapper.py": "def mapper(key, file, record):\n    return record, 1\n", "data/a.txt": "\n".join(rows) + "\n"})
                self.write("reducer.sh", f"#!/bin/sh\nif mkdir '{mark}'; then head -n 9000; kill -9 $$; fi 2>&-\ncat\n", executable=True)
                run = self.quern("run")
                self.assert_run(run, says="gave it all again")
                self.assertEqual(len(run.result.splitlines()), 60_000, run)
                os.rmdir(mark)

    def test_files_reducers(self):
        mark = self.path("died")
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nreducer: {language: binary, script: reducer.sh, interface: "
                                              "files}\ninputs: [data/*]\n" + TEXT,
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n", "data/a.txt": "b\na\n"})
        self.write("reducer.sh", f"#!/bin/sh\nread name\nif [ ! -e '{mark}' ]; then touch '{mark}'; echo half > result.txt; kill -9 $$; fi\n"
                                 "cat \"$name\"\n", executable=True)
        self.assert_run(self.quern("run"), result="a 1\nb 1\n", says="started another")

    def test_while_they_wait_cost_nothing(self):
        self.job(SUM, more="limits: {attempts: 2}\n")
        self.write_all({
            "mapper.py": f"import os, time\ndef mapper(key, file, record):\n    open({self.path('mapping')!r}, 'w').close()\n"
                         f"    while not os.path.exists({self.path('go')!r}): time.sleep(0.01)\n    return record, 1\n",
            "reducer.py": f"import os\nwith open({self.path('pids')!r}, 'a') as file: print(os.getpid(), file=file)\n" + SUM})
        process = self.start("run")
        self.wait_for_file("mapping")
        self.wait_for(lambda: os.path.exists(self.path("pids")) and open(self.path("pids")).read().endswith("\n"), "the reducer")
        with open(self.path("pids"), encoding="utf-8") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        self.write("go", "")
        run = self.finish(process)
        self.assert_run(run, status=0, result="a 2\nb 1\nc 1\n", says="SIGKILL")


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
            self.assert_goes_on("mapper: {language: binary, script: mapper.sh, interface: lines}\ninputs: [data/*]\n" + TEXT, mapper_sh=reports.format(line))
        self.assert_goes_on("mapper: {language: binary, script: mapper.sh, interface: files}\ninputs: [data/*]\n", mapper_sh=reports.format("status:here"))
        self.assert_goes_on("mapper: {language: binary, script: cat, interface: lines}\nreducer: {language: binary, script: reducer.sh, interface: lines}\ninputs: [data/*]\n"
                            + TEXT, reducer_sh=reports.format("status:here"))

    def test_other_lines_are_none(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: binary, script: mapper.sh, interface: lines}\ninputs: [data/*]\nlimits: {timeout: 1s, attempts: 1}\n"
                                              + TEXT, "data/a.txt": "1\n"})
        self.write("mapper.sh", "#!/bin/sh\nwhile :; do sleep 0.1; echo complaint >&2; done\n", executable=True)
        self.assert_fails(self.quern("run"), "limits.timeout")


class ModulesThatCannotBeLoaded(Scenario):
    """They are told before the first input is mapped: the mapper of these jobs never comes to an end."""

    MISTAKES = {
        "def reduce(key, values)\n    return key\n": "SyntaxError",
        "import no_such_package\ndef reduce(key, values):\n    return key\n": "ModuleNotFoundError",
        "def other(key, values):\n    return key\n": "does not define a function",
        "async def reduce(key, values):\n    return key\n": "is an async function",
        "import argparse, sys\nparser = argparse.ArgumentParser()\nparser.add_argument('--all', required=True)\nparser.parse_args()\n":
            "the following arguments are required: --all",
    }

    def hangs(self, job):
        self.write_all({"analysis-tools.yml": job, "data/a.txt": "a\n", "second.py": "def mapper(key, file, record):\n    return key, 1\n",
                        "mapper.py": "import time\ndef mapper(key, file, record):\n    time.sleep(1000)\n", "reducer.py": SUM})

    def assert_told(self, *says, command=("run",)):
        run = self.quern(*command)
        self.assert_fails(run, "gave up: another child would fail in the same way", *says)
        self.assertNotIn("earlier keys", run.stderr, run)

    def test_of_a_reducer(self):
        for mistake, says in self.MISTAKES.items():
            for more in ("", "reducers: 3\n"):
                self.hangs(JOB + TEXT + more)
                self.write("reducer.py", mistake)
                self.assert_told("reducer", says)
                self.assert_told("reducer", says, command=("map", "data/a.txt"))

    def test_of_a_reducer_in_javascript(self):
        for mistake, says in (("exports.reduce = (key, values => key;\n", "SyntaxError"), ("require('no-such-package');\n", "Cannot find module"),
                              ("exports.other = 1;\n", "does not export a function")):
            self.hangs("mapper: {language: python, script: mapper.py}\nreducer: {language: javascript, script: reducer.js}\ninputs: [data/*]\n"
                       + TEXT)
            self.write("reducer.js", mistake)
            self.assert_told("reducer", says)

    def test_of_a_name_that_is_almost_right(self):
        """It is named, in each language and role."""
        roles = {"mapper": ("mapper", ["map", "Mapper", "my_mapper", "MAP"]), "reducer": ("reduce", ["reducer", "reducers", "Reduce"]),
                 "combiner": ("combine", ["combiner", "Combine"])}
        scripts = {"x.py": ("python", "from functools import reduce as reduced\nmapped = 1\ndef {}(*all):\n    return 1\n"),
                   "y.py": ("python", "class {}:\n    pass\n"), "x.cjs": ("javascript", "exports.mapped = 1;\nexports.{} = () => 1;\n"),
                   "y.cjs": ("javascript", "module.exports = {{ reduced: 1, {}: () => 1 }};\n"),
                   "x.mjs": ("javascript", "export function {}() {{ return 1; }}\n"),
                   "y.mjs": ("javascript", "export default {{ {}: () => 1 }};\n")}
        for role, (name, others) in roles.items():
            for script, (language, text) in scripts.items():
                for other in others:
                    with self.subTest(role=role, script=script, other=other):
                        workers = {"mapper": "{language: python, script: mapper.py}", "reducer": "{builtin: list}",
                                   role: f"{{language: {language}, script: {script}}}"}
                        self.hangs("".join(f"{worker}: {text}\n" for worker, text in workers.items()) + "inputs: [data/*]\n" + TEXT)
                        self.write(script, text.format(other))
                        run = self.quern("check")
                        self.assertEqual(run.status, 1, run)
                        self.assertIn(f" {other}, which must be a function named {name}", run.stderr, run)
        self.write("x.py", "from functools import reduce as reducer\nmapped = 1\n")
        self.write("analysis-tools.yml", "language: python\nscript: x.py\n")
        self.assertNotIn("which must be", self.quern("check").stderr)

    def test_of_a_combiner_and_of_a_further_step(self):
        self.hangs(JOB + TEXT + "combiner: {language: python, script: combiner.py}\n")
        self.write("combiner.py", "def combine(:\n")
        self.assert_told("combiner", "SyntaxError")
        for part in ("mapper: {language: python, script: wrong.py}", "{mapper: {language: python, script: second.py}, reducer: "
                     "{language: python, script: wrong.py}}"):
            self.hangs(JOB + TEXT + f"steps:\n  - {part}\n")
            self.write("wrong.py", "import no_such_package\n")
            self.assert_told("wrong.py", "ModuleNotFoundError")

    def test_of_programs(self):
        for language, script, text in (("python", "reducer.py", "import sys\nfor line in sys.stdin\n    print(line)\n"),
                                       ("javascript", "reducer.js", "process.stdin.pipe(process.stdout;\n")):
            self.hangs(f"mapper: {{language: python, script: mapper.py}}\nreducer: {{language: {language}, script: {script}, interface: lines}}\n"
                       "inputs: [data/*]\n" + TEXT)
            self.write(script, text)
            self.assert_told("program", "SyntaxError")
        self.write("windows.sh", "#!/bin/sh\r\ncat\r\n", executable=True)
        self.write("other.sh", "#! /nowhere/perl -w\n", executable=True)
        for script, says in (("nowhere.sh", "nowhere.sh"), ("./data/a.txt", "not executable"), ("windows.sh", "line ends of Windows"),
                             ("other.sh", "names the interpreter /nowhere/perl")):
            self.hangs(f"mapper: {{language: python, script: mapper.py}}\nreducer: {{language: binary, script: {script}, interface: lines}}\ninputs: [data/*]\n"
                       + TEXT)
            self.assert_fails(self.quern("run"), says, status=2)

    def test_by_a_setup_that_raises(self):
        """It runs only where the module works: in the reducer that waits, once its turn has come."""
        self.write_all({"analysis-tools.yml": JOB + TEXT, "data/a.txt": "a\n", "mapper.py": "def mapper(key, file, record):\n    return record, 1\n",
                        "reducer.py": SUM + "def setup():\n    raise ValueError('no model')\n"})
        self.assert_told("no model", "reducer 1")

    def test_are_told_by_check_and_doctor(self):
        self.hangs(JOB + TEXT)
        self.write("reducer.py", SUM + "def setup():\n    raise ValueError('no model')\n")
        self.assert_run(self.quern("check"))
        self.assertIn("mapper mapper.py, reducer reducer.py", self.quern("doctor", "--offline", ".").stdout)
        self.write("reducer.py", "def reduce(key, values)\n    return key\n")
        self.assert_run(self.quern("check"), status=1, says=("reducer", "SyntaxError", "reducer.py"))
        doctor = self.quern("doctor", "--offline", ".")
        self.assertEqual(doctor.status, 1, doctor)
        self.assertIn("SyntaxError", doctor.stdout, doctor)

    def test_a_child_that_dies_while_it_loads_is_replaced(self):
        self.write_all({"analysis-tools.yml": JOB + TEXT + "combiner: {language: python, script: combiner.py}\n", "data/a.txt": "a\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})
        dies = "import os\nMARK = {!r}\nif not os.path.exists(MARK):\n    open(MARK, 'w').close()\n    os.kill(os.getpid(), {})\n"
        for sent in (9, 2):
            self.write("combiner.py", dies.format(self.path(f"combiner-{sent}"), sent) + SUM)
            self.write("reducer.py", dies.format(self.path(f"reducer-{sent}"), sent) + SUM)
            self.assert_run(self.quern("run"), result="a 1\n")
