"""What a run writes is never what it reads, and what an earlier run left never passes for this one's."""
import json
import os
import signal

from scenario import MAP_ONLY, SUM, TEXT, Scenario, pings

COUNT_LINES = "def mapper(key, file, record):\n    return 'lines', 1\n"
WORDS = "def mapper(key, file, record):\n    return record.split(' ')[0], 1\n"


class OwnOutputs(Scenario):
    def setUp(self):
        super().setUp()
        self.job("*.txt")
        self.write_all({"mapper.py": COUNT_LINES, "reducer.py": SUM, "a.txt": "x\ny\n"})

    def job(self, pattern, more=TEXT):
        self.write("analysis-tools.yml", "mapper: {language: python, script: mapper.py}\nreducer: {language: python, script: "
                   f"reducer.py}}\ninputs: ['{pattern}']\nlimits: {{bad_records: 1}}\n{more}")

    def test_are_no_inputs_of_the_next_run(self):
        for pattern in ("*.txt", "**/*.txt", "{a,result}*.txt", "[a-z]*.txt"):
            with self.subTest(pattern=pattern):
                self.job(pattern)
                for _ in range(3):
                    run = self.quern("run")
                    self.assert_run(run, result="lines 2\n", inputs_found=1)
                self.assertIn("quern wrote", run.stderr, run)

    def test_in_json_neither(self):
        self.write("mapper.py", "def mapper(key, file, record):\n    return 'records', record['n']\n")
        self.job("*.json", "")
        self.write("a.json", '{"n": 1}\n{}\n')
        for _ in range(2):
            self.assert_run(self.quern("run"), status=3, result="records 1\n", inputs_found=1)
        self.job(".", "")
        self.write("a.txt", "")
        for name in ("mapper.py", "reducer.py", "analysis-tools.yml"):
            self.write(f"job/{name}", self.read(name))
            os.remove(self.path(name))
        for _ in range(2):
            run = self.quern("run", "job", "-i", "a.*", "-i", "./", "--log", "log.json", "--set", "limits.bad_records=100")
            self.assertEqual(run.accounting["inputs"]["found"], 5, run)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def test_of_earlier_runs_in_the_same_folder_neither(self):
        for output in ("one.txt", "two.txt", "three.txt", "-", "two.txt"):
            log = [] if output == "-" else ["--log", f"log-{output}"]
            run = self.quern("run", "-o", output, *log)
            self.assertEqual(run.accounting["inputs"]["found"], 1, run)
        self.assertEqual(run.left("two.txt"), "lines 2\n")
        run = self.quern("run", "--set", "reducers=3", "--set", "result.parts=keep", "-o", "parts.txt")
        self.assert_run(self.quern("run", "-i", "*.txt*"), result="lines 2\n", inputs_found=1)
        # Another folder is another matter: results of one job may be the inputs of the next.
        os.mkdir(self.path("next"))
        run = self.quern("run", "-i", "t*.txt", "-o", "next/result.txt")
        self.assertEqual(json.loads(run.left("next/result.json"))["inputs"]["found"], 2, run)

    def test_that_are_named_are_read_or_refused(self):
        self.assert_run(self.quern("run", "-o", "step1.txt"))
        self.assert_run(self.quern("run", "-i", "step1.txt", "-o", "step2.txt"), inputs_found=1)
        for name in ("step2.txt", "./step2.txt", self.path("step2.txt")):
            self.assert_run(self.quern("run", "-i", name, "-o", "step2.txt"), status=2, says="where the run would write its result")

    def test_map_and_reduce_take_names_that_a_shell_made(self):
        self.write("b.txt", "z\n")
        for number, name in enumerate(("a.txt", "b.txt")):
            os.makedirs(self.path("parts"), exist_ok=True)
            self.assert_run(self.quern("map", name, "-o", f"parts/{number}.txt"))
        parts = [f"parts/{name}" for name in sorted(os.listdir(self.path("parts")))]
        self.assertIn("parts/result.json", parts)
        for _ in range(2):
            self.assert_run(self.quern("reduce", *parts), result="lines 3\n", says="parts/result.json is left out", inputs_found=2)
        self.assert_run(self.quern("reduce", "result.txt", *parts), status=2, says="where the run would write its result")
        names = sorted(name for name in os.listdir(self.folder) if name.endswith((".txt", ".json")) and name != "result.txt")
        self.assertIn("result.json", names)
        self.assert_run(self.quern("map", *names), inputs_found=2)


class WhatIsRead(Scenario):
    """A result, a log or an accounting never replaces what the job reads: status 2, before anything runs."""

    def setUp(self):
        super().setUp()
        self.files = {
            "analysis-tools.yml": "mapper: {language: python, script: mapper.py, arguments: [words.txt]}\n"
                                  "combiner: {language: python, script: combiner.py}\n"
                                  "reducer: {language: python, script: reducer.py}\nmanifest: list.txt\nfilter: Filter.json\n" + TEXT,
            "mapper.py": COUNT_LINES, "reducer.py": SUM, "combiner.py": SUM, "words.txt": "x\n", "list.txt": "in.json\n", "in.json": "x\n",
            "Filter.json": '{"version": 1, "dimensions": []}\n', "data/b.txt": "y\n", "data/result.json": '{"k": 1}\n'}
        self.write_all(self.files)

    def assert_refused(self, *arguments):
        before = set(os.listdir(self.folder))
        run = self.quern(*arguments)
        self.assertEqual(run.status, 2, run)
        self.assertIn("name another place with -", run.stderr, run)
        self.assertEqual(set(os.listdir(self.folder)), before)
        for name, content in self.files.items():
            self.assertEqual(run.left(name), content, run)

    def test_is_not_replaced_by_a_result(self):
        os.symlink("in.json", self.path("link"))
        for name in (*list(self.files)[:8], "./in.json", "link", self.path("mapper.py")):
            with self.subTest(name=name):
                self.assert_refused("run", "-o", name)
        self.assert_refused("run", "--manifest", "list.txt", "-o", "list.txt")
        self.assert_refused("map", "in.json", "-o", "in.json")
        self.assert_refused("map", "data/b.txt", "-o", "reducer.py")
        self.assert_refused("reduce", "in.json", "-o", "in.json")
        self.assert_refused("run", "-i", "data/", "-o", "data/b.txt")

    def test_is_not_replaced_by_what_belongs_to_a_result(self):
        self.assert_refused("run", "-i", "data/*", "-o", "data/new.txt")
        self.assert_refused("run", "-i", "data/result.json", "-o", "data/new.txt")
        for name in ("in.json", "mapper.py", "list.txt"):
            self.assert_refused("run", "--log", name)

    def test_a_file_that_a_module_imports_is_not_replaced(self):
        self.files = {**self.files, "mapper.py": "import helper\n" + COUNT_LINES, "helper.py": "X = 1\n"}
        self.write_all(self.files)
        for arguments in (["-o", "helper.py"], ["-o", self.path("helper.py")], ["--log", "helper.py"]):
            self.assert_refused("run", *arguments)

    def test_two_files_are_never_one(self):
        for arguments in (["-o", "result.json"], ["-o", "./bad_records.txt"], ["--log", "result.txt"], ["--log", "result.json"]):
            self.assert_refused("run", *arguments)


class EarlierResults(Scenario):
    def setUp(self):
        super().setUp()
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "reducer: {builtin: sum}\n", "mapper.py": WORDS,
                        "data/a.txt": "".join(f"w{number}\n" for number in range(30))})

    def left(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith("result"))

    def test_parts_of_more_reducers_are_taken_away(self):
        for command in (["run", "--set", "result.parts=keep"], ["map", "data/a.txt"]):
            self.assert_run(self.quern(*command, "--set", "reducers=5"))
            self.write("result.txt.backup", "mine\n")
            self.assert_run(self.quern(*command, "--set", "reducers=2"))
            self.assertEqual(self.left(), ["result.json", "result.txt.0", "result.txt.1", "result.txt.backup"])
            self.assert_run(self.quern(*command, "--set", "reducers=1"))
            self.assertEqual(self.left(), ["result.json", "result.txt", "result.txt.backup"])
            self.assert_run(self.quern(*command, "--set", "reducers=3"))
            self.assertEqual(self.left(), ["result.json", "result.txt.0", "result.txt.1", "result.txt.2", "result.txt.backup"])

    def test_parts_that_no_accounting_names_are_warned_of(self):
        """As a run that was killed between two renames leaves them."""
        for content in (None, "{}"):
            self.assert_run(self.quern("run", "--set", "result.parts=keep", "--set", "reducers=5"))
            os.remove(self.path("result.json"))
            if content is not None:
                self.write("result.json", content)
            run = self.quern("run", "--set", "result.parts=keep", "--set", "reducers=2")
            self.assert_run(run, says="result.txt.2, result.txt.3, result.txt.4 are next to the result, and no result.json says whose")
            self.assertNotIn("next to the result", self.quern("run", "--set", "result.parts=keep", "--set", "reducers=5").stderr)

    def test_parts_that_quern_did_not_write_stay(self):
        self.write("result.txt.7", "mine\n")
        self.assert_run(self.quern("run"))
        self.assert_run(self.quern("run"))
        self.assertEqual(self.quern("run").left("result.txt.7"), "mine\n")

    def test_stay_until_the_new_one_is_complete_and_a_failed_run_says_so(self):
        first = self.quern("run")
        self.assert_run(first)
        self.assertIsNone(first.accounting["previous_result"])
        for arguments, status in ((["--set", "mapper.script=bad.py"], 1), (["-i", "nowhere/*"], 1), (["-i", "nowhere/*", "-q"], 1)):
            self.write("bad.py", "def mapper(key, file, record):\n    raise ValueError\n")
            run = self.quern("run", *arguments)
            self.assert_run(run, status=status, result=first.result, says="result.txt is still that of an earlier run")
            self.assertEqual(run.accounting["status"], "failed", run)
            self.assertEqual(run.accounting["exit_status"], status, run)
            self.assertEqual(run.accounting["result"], "")
            self.assertEqual(run.accounting["previous_result"]["path"], "result.txt", run)
            self.assertRegex(run.accounting["previous_result"]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        # The command line is wrong: nothing ran, and nothing is written.
        self.assert_run(self.quern("run"))
        self.assert_run(self.quern("run", "-p", "none"), status=2)
        self.assertEqual(self.quern("run", "-i", "result.txt").accounting["status"], "done")

    def test_the_status_of_a_signal_is_that_of_the_process(self):
        self.write("mapper.py", f"import time\nopen({self.path('begun')!r}, 'w').close()\ndef mapper(key, file, record):\n    time.sleep(600)\n")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.start("run")
            self.wait_for_file("begun")
            process.send_signal(number)
            run = self.finish(process)
            os.remove(self.path("begun"))
            self.assertEqual((run.status, run.accounting["exit_status"]), (128 + number, 128 + number), run)
            self.assertEqual(run.accounting["status"], "stopped", run)
