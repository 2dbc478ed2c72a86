"""Records that kill their mapper are found and set aside, however many there are; everything else counts."""
import random

from scenario import FAST, Scenario, dedent

RECORDS, CRASHERS = (5_000, 5) if FAST else (100_000, 100)
PYTHON = dedent("""
    import os, signal
    def mapper(key, file, record):
        number, kind = record.split(" ")
        if kind == "exit":
            os._exit(3)
        if kind == "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        if kind == "raise":
            raise ValueError("a record like any other bad one")
        quern.count("mapper", "good")
        return f"key{int(number) % 50}", number
    """).replace("import os, signal", "import os, signal, quern")
JAVASCRIPT = dedent("""
    exports.mapper = (key, file, record) => {
      const [number, kind] = record.split(' ');
      if (kind === 'exit') process.exit(3);
      if (kind === 'segv') process.kill(process.pid, 'SIGSEGV');
      if (kind === 'raise') throw new Error('a record like any other bad one');
      quern.count('mapper', 'good');
      return [`key${number % 50}`, number];
    };
    """)
JOB = dedent("""
    mapper: {language: python, script: mapper.py}
    inputs: [data/*]
    record: text
    """)


class PlantedCrashers(Scenario):
    def setUp(self):
        super().setUp()
        draw = random.Random(5)
        self.planted = {number: draw.choice(["exit", "segv"]) for number in draw.sample(range(RECORDS), CRASHERS)}

    def lines(self):
        return [f"{number:06} {self.planted.get(number, 'good')}" for number in range(RECORDS)]

    def assert_found(self, job, bad=None):
        """All crashers and no other record are set aside verbatim, with their places; the result has all the rest in order."""
        lines = self.lines()
        half = RECORDS // 2
        self.write("data/first", "".join(line + "\n" for line in lines[:half]))
        self.write("data/second", "".join(line + "\n" for line in lines[half:]))
        self.write("analysis-tools.yml", job)
        run = self.quern("run", "--set", f"limits.bad_records={len(self.planted)}")
        self.assert_run(run, status=3, records_bad=len(self.planted), records_read=RECORDS, inputs_mapped=2)
        good = [number for number in range(RECORDS) if number not in self.planted]
        self.assertEqual(run.result.splitlines() == [f"key{number % 50} {number:06}" for number in good], True, run)
        self.assertEqual(run.accounting["counters"], {"mapper": {"good": len(good)}}, run)
        kept = run.left("bad_records.txt").splitlines()
        self.assertEqual(sorted(kept[1::2]), [lines[number] for number in sorted(self.planted)])
        places = sorted(tuple(line.split(": ")[0].rsplit("/", 1)[1].split(":")) for line in kept[::2])
        expected = [("first", number + 1) if number < half else ("second", number - half + 1) for number in self.planted]
        self.assertEqual(places, sorted((name, str(line)) for name, line in expected))

    def test_python(self):
        self.write("mapper.py", PYTHON)
        self.assert_found(JOB)

    def test_javascript(self):
        self.write("mapper.js", JAVASCRIPT)
        number = iter(sorted(self.planted))
        for _ in range(len(self.planted) * 3 // 4):  # Node.js takes its time to start
            del self.planted[next(number)]
        self.assert_found(JOB.replace("python", "javascript").replace(".py", ".js"))

    def test_crashers_side_by_side_and_among_records_that_raise(self):
        self.write("mapper.py", PYTHON)
        first, last = range(3), range(RECORDS - 2, RECORDS)
        self.planted = {number: "exit" for number in [*first, *last, 100, 102, 104]}
        self.planted.update({number: "raise" for number in (99, 101, 103, 105)})
        self.assert_found(JOB)

    def test_bad_and_blank_lines_before_a_crasher_count_once(self):
        self.write("mapper.py", """
            import os
            def mapper(key, file, record):
                if record["kind"] == "exit":
                    os._exit(3)
                return record["kind"], key
            """)
        self.write("analysis-tools.yml", JOB.replace("record: text\n", ""))
        good, crash = 'k\t{"kind": "good"}\n', 'k\t{"kind": "exit"}\n'
        self.write("data/a", good + "\n \t\n" + "k no JSON\n" + good + crash + "\n" + good + crash + "k {\n" + good)
        run = self.quern("run", "--set", "limits.bad_records=4")
        self.assert_run(run, status=3, result="good k\n" * 4, records_read=8, records_mapped=4, records_bad=4)
        self.assertEqual(sorted(run.left("bad_records.txt").splitlines()[1::2]),
                         sorted([crash[:-1], crash[:-1], "k no JSON", "k {"]))

    def test_what_a_crasher_gave_before_it_died_is_dropped(self):
        self.write("mapper.py", """
            import os
            def mapper(key, file, record):
                yield record, 1
                if record == "crash":
                    for number in range(100000):
                        yield f"lost {number} " + 90 * ".", 1
                    os._exit(3)
                yield record, 2
            """)
        self.write_all({"analysis-tools.yml": JOB, "data/a": "one\ntwo\ncrash\nthree\n"})
        run = self.quern("run", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3, result="one 1\none 2\ntwo 1\ntwo 2\nthree 1\nthree 2\n", records_bad=1)

    def test_children_that_something_else_kills_cost_no_record(self):
        """Each child dies once on each of these records, by a marker file: less often than limits.attempts."""
        self.write("mapper.py", """
            import os, pathlib
            def mapper(key, file, record):
                marker = pathlib.Path(os.environ["QUERN_JOB_FOLDER"], "marker-" + record)
                if record.endswith("0") and not marker.exists():
                    marker.touch()
                    os._exit(3)
                return record, 1
            """)
        lines = [f"{number:03}" for number in range(100)]
        self.write_all({"analysis-tools.yml": JOB, "data/a": "".join(line + "\n" for line in lines)})
        self.assert_run(self.quern("run"), result="".join(line + " 1\n" for line in lines), records_bad=0)

    def test_one_more_than_allowed_fails_the_job(self):
        self.write_all({"mapper.py": PYTHON, "analysis-tools.yml": JOB,
                        "data/first": "1 good\n2 exit\n3 good\n4 segv\n"})
        self.assert_fails(self.quern("run", "--set", "limits.bad_records=1"), "limits.bad_records")
