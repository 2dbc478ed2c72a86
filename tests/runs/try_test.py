"""quern try: a few records, each next to what the job makes of it; and quern run --records, a run over the first ones."""
import array
import errno
import fcntl
import json
import os
import pty
import re
import select
import shutil
import subprocess
import termios
import time
import unittest
import zlib

from remote_test import Remote, stored
from scenario import PATIENCE_SECONDS, QUERN, SUM, Scenario, compress, dedent

ORDERS = [("de", 3), ("fr", 5), ("de", None), ("it", 7), ("de", 2), ("fr", 1)]
MAPPER = dedent("""
    def mapper(key, file, r):
        print("looks at", r["country"])
        return r["country"], r["amount"] + 0
    """)
JAVASCRIPT = {"mapper.js": 'exports.mapper = (key, file, r) => {\n  console.log("looks at", r.country);\n'
                           '  if (r.amount === null) throw new Error("no amount");\n  return [r.country, r.amount];\n};\n',
              "reducer.js": "exports.reduce = (key, values) => [key, values.reduce((a, b) => a + Number(b), 0)];\n"}
JOB = "mapper: {language: python, script: mapper.py}\nreducer: {language: python, script: reducer.py}\n" \
      "inputs: [data/*]\nrecord: json\n"


def record(country, amount):
    return json.dumps({"country": country, "amount": amount})


def lines(orders):
    return "".join(record(*order) + "\n" for order in orders)


# How two records arrive, and their values.
ARRIVING = {
    "json": (b'{"a":"x"}\n{"a":"y"}\n', "r['a']"),
    "keyed-json": (b'k {"a":"x"}\nk {"a":"y"}\n', "r['a']"),
    "text": (b"x\ny\n", "r"),
    "text ": ("ä x\nä y\n".encode(), "r[2]"),
    "json ": (b'\xef\xbb\xbf{"a":"x"}\n{"a":"y"}\n', "r['a']"),
    "csv": (b"a\nx\ny\n", "r['a']"),
    "tsv": (b"a\tb\nx\t1\ny\t2\n", "r['a']"),
    "json-document": (b'[{"a":"x"},{"a":"y"},', "r['a']"),
    "{regex: '(?P<a>.*)'}": (b"x\ny\n", "r['a']"),
    "{start: '^[xyz]'}": (b"x\ny\nz\n", "r"),
}


class Arriving(Scenario):
    """Records of a pipe that stays open count as soon as they are there: these tests wait for ever otherwise."""

    def arrive(self, command, record, data, value, *more):
        process = self.start(command, "--stdin-records", "--map", value, "--set", f"record={record.strip()}", *more,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(data)
        process.stdin.flush()
        return process

    def read_until(self, stream, wanted):
        seen = b""
        while wanted not in seen:
            self.assertTrue(select.select([stream], [], [], 20)[0], f"waits; until now: {seen}")
            part = os.read(stream.fileno(), 1 << 16)
            self.assertTrue(part, f"ended: {seen}")
            seen += part
        return seen.decode()

    def forms(self):
        for record, (data, value) in ARRIVING.items():
            yield record, data, value
            if record in ("json", "csv"):
                zipped = zlib.compressobj(wbits=31)
                yield record, zipped.compress(data) + zipped.flush(zlib.Z_SYNC_FLUSH), value

    def test_the_first_records_are_shown_at_once(self):
        for record, data, value in self.forms():
            with self.subTest(record, size=len(data)):
                process = self.arrive("try", record, data, value, "--records", "5")
                self.read_until(process.stdout, b"y")
                process.stdin.close()
                process.stdin = None
                process.communicate()
                self.assertIn(process.returncode, (0, 1, 3))

    def test_a_run_over_the_first_records_ends_with_them(self):
        for record, data, value in self.forms():
            with self.subTest(record, size=len(data)):
                process = self.arrive("run", record, data, value, "--records", "2")
                self.assertEqual(process.wait(timeout=PATIENCE_SECONDS), 0, process.stderr.read())
                self.assertEqual(process.stdout.read(), b"x\ny\n")
                process.stdin.close()
                for stream in (process.stdout, process.stderr):
                    stream.close()

    def test_a_document_of_several_lines_is_told_as_from_a_file(self):
        """Even if its first line comes alone."""
        for command, begin, rest in (("try", b"[\n", b'{"a":1},\n{"a":2}\n]\n'), ("run", b"{\n", b'"a": 1\n}\n')):
            with self.subTest(command):
                process = self.arrive(command, "json", begin, "r['a']", "--records", "1")
                unread = array.array("i", [1])
                while unread[0] > 0 and process.poll() is None:
                    fcntl.ioctl(process.stdin, termios.FIONREAD, unread)
                    time.sleep(0.01)
                _, said = process.communicate(rest, timeout=PATIENCE_SECONDS)
                self.assertIn(b"record: json-document", said)

    def test_other_mappers_end_too(self):
        programs = {"lines": "mapper: {language: binary, interface: lines, script: /bin/cat}\nrecord: text\n",
                    "pairs": "mapper: {builtin: pairs, key: a}\nrecord: json\n",
                    "javascript": "mapper: {language: javascript, expression: r.a}\nrecord: json\n"}
        for name, job in programs.items():
            with self.subTest(name):
                self.write("analysis-tools.yml", job)
                process = self.start("run", "--stdin-records", "--records", "2", "-o", "out.txt", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdin.write(b'{"a":"x"}\n{"a":"y"}\n')
                process.stdin.flush()
                self.assertEqual(process.wait(timeout=PATIENCE_SECONDS), 0, process.stderr.read())
                with open(self.path("out.txt"), encoding="utf-8") as result:
                    self.assertEqual(len(result.readlines()), 2)
                process.stdin.close()
                process.stderr.close()


class Trying(Scenario):
    def setUp(self):
        super().setUp()
        self.write_all({"analysis-tools.yml": JOB, "mapper.py": MAPPER, "reducer.py": SUM})
        self.write("data/a.json", lines(ORDERS[:4]))
        self.write("data/b.json.gz", compress(lines(ORDERS[4:]), "gz"))

    def job(self, text):
        self.write("analysis-tools.yml", text)

    def tried(self, *arguments, status=0, **options):
        before = self.files()
        run = self.quern("try", *arguments, **options)
        self.assertEqual(run.status, status, run)
        self.assertEqual(self.files(), before, "a trial writes nothing")
        return run

    def files(self):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(self.folder) for name in names
                      if not folder.startswith(self.scratch))


class Records(Trying):
    def test_each_next_to_what_it_gave(self):
        self.write("result.txt", "an earlier one\n")
        run = self.tried(status=3)
        # Newer Pythons mark a part of the line.
        self.assertEqual(re.sub(r" +~*\^+~*\n", "", run.stdout), f"""\
data/a.json:1  {record("de", 3)}
  | looks at de
  -> de 3
data/a.json:2  {record("fr", 5)}
  | looks at fr
  -> fr 5
data/a.json:3  {record("de", None)}
  | looks at de
  bad: TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'
       Traceback (most recent call last):
         File "{self.path("mapper.py")}", line 3, in mapper
           return r["country"], r["amount"] + 0
       TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'
data/a.json:4  {record("it", 7)}
  | looks at it
  -> it 7
data/b.json.gz:1  {record("de", 2)}
  | looks at de
  -> de 2
data/b.json.gz:2  {record("fr", 1)}
  | looks at fr
  -> fr 1

result of reducer.py (3 lines)
de 5
fr 6
it 7
""", run)
        self.assertEqual(run.result, "an earlier one\n")
        self.assertIsNone(run.accounting)

    def test_in_javascript(self):
        self.write_all(JAVASCRIPT)
        self.job(JOB.replace("python", "javascript").replace(".py", ".js"))
        run = self.tried("--records", "3", status=3)
        self.assertIn(f"data/a.json:1  {record('de', 3)}\n  | looks at de\n  -> de 3\n", run.stdout, run)
        self.assertIn("\n  bad: Error: no amount\n", run.stdout, run)
        self.assertIn("mapper.js:3:", run.stdout, run)
        self.assertTrue(run.stdout.endswith("result of reducer.js (2 lines)\nde 3\nfr 5\n"), run)

    def test_only_so_many(self):
        run = self.tried("--records", "2")
        self.assertEqual(run.stdout.count("looks at"), 2, run)
        self.assertTrue(run.stdout.endswith("(2 lines)\nde 3\nfr 5\n"), run)

    def test_those_that_where_keeps(self):
        run = self.tried("--where", "country=fr", "--records", "2")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/b.json.gz:2"], run)
        run = self.tried("--where", "{amount: {min: 5}}")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/a.json:4"], run)
        run = self.tried("--where", "country=se", status=1)
        self.assertIn("none of the first 6 records passes `where`", run.stderr, run)

    def test_at_a_line(self):
        run = self.tried("--at", "data/b.json.gz:2")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/b.json.gz:2"], run)
        run = self.tried("--at", "data/a.json:2", "--records", "2", status=3)
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/a.json:3"], run)
        run = self.tried("--at", "data/a.json:40", status=1)
        self.assertIn("there is no record at line 40 of data/a.json", run.stderr, run)
        for wrong in ("data/a.json", "data/a.json:", "data/a.json:0", ":3", "data/a.json:x"):
            run = self.tried("--at", wrong, status=2)
            self.assertIn("it must be a file and the number of a line", run.stderr, run)
        run = self.tried("--at", "nofile:3", status=1)
        self.assertIn("--at: nofile is not there", run.stderr, run)

    def test_at_random(self):
        for number in range(40):
            self.write(f"data/{number}.json", lines([("se", number * 10 + line) for line in range(20)]))
        shown = [re.findall(r"^data\S+", self.tried("--random", seed, "--records", "5", "--where", "country=se").stdout, re.M)
                 for seed in ("1", "1", "2")]
        self.assertEqual(shown[0], shown[1])
        self.assertNotEqual(shown[0], shown[2])
        self.assertTrue(3 <= len(set(shown[0])) <= 5, shown)
        self.assertGreater(len({place.partition(":")[0] for place in shown[0]}), 1)

    def test_at_random_from_each_of_some_small_inputs_together(self):
        # Each is a block of its own when it is decoded, and all of them are read in one run.
        for number in range(3):
            self.write(f"data/{number}.json.gz", compress(lines([("a country with a long name", 1)] * 20_000), "gz"))
        run = self.tried("--random", "1", "--records", "6", "--set", "inputs=data/[0-2].json.gz")
        shown = re.findall(r"^data/(\d)", run.stdout, re.M)
        self.assertEqual(sorted(shown), list("001122"), run)

    def test_at_random_of_those_that_where_keeps(self):
        self.write("data/a.json", lines([("no", 1)] * 300))
        self.write("data/b.json", lines([("se" if line % 50 == 7 else "no", 1) for line in range(300)]))
        for seed in range(6):
            run = self.tried("--random", str(seed), "--records", "3", "--where", "country=se")
            places = re.findall(r"^data/b.json:(\d+)", run.stdout, re.M)
            self.assertEqual([int(place) % 50 for place in places], [8, 8, 8], run)
        run = self.tried("--random", "1", "--where", "country=xx", status=1)
        self.assertIn("no record at the beginning of the inputs that were drawn passes `where`", run.stderr, run)

    def test_of_a_large_input_takes_its_beginning(self):
        self.write("data/a.json", lines([("de", 1)] * 200_000))
        with open(self.path("data/0.json.gz"), "wb") as file:  # damaged behind its first records
            file.write(compress(lines([("de", number) for number in range(300_000)]), "gz")[:-100])
        run = self.tried("--records", "2")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/0.json.gz:1", "data/0.json.gz:2"], run)

    def test_blank_lines_are_none(self):
        self.write("data/a.json", ("\n" + record("de", 3) + "\n  \n\n" + record("fr", 5) + "\n").encode())
        run = self.tried("--records", "2")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/a.json:5"], run)

    def test_that_are_no_json(self):
        self.write("data/a.json", "{\n" + record("fr", 5) + "\n")
        run = self.tried("--records", "2", status=3)
        self.assertIn("data/a.json:1  {\n  bad: the record is not JSON", run.stdout, run)
        self.assertIn("\ndata/a.json:2 ", run.stdout, run)

    def test_of_csv(self):
        shutil.rmtree(self.path("data"))
        self.write("data/a.csv", 'country,amount\nde,1\n"f\nr",2\nit\nse,4\n')
        self.write("mapper.py", 'def mapper(key, file, r):\n    return repr(r["country"]), r["amount"]\n')
        self.job(JOB.replace("json", "csv"))
        run = self.tried("--records", "4", status=3)
        self.assertIn('data/a.csv:2  {"country":"de","amount":"1"}\n  -> \'de\' 1\n', run.stdout, run)
        self.assertIn("-> 'f\\nr' 2\n", run.stdout, run)
        self.assertIn("data/a.csv:5  it\n  bad: ", run.stdout, run)
        self.assertIn("data/a.csv:6  ", run.stdout, run)


    def test_behind_bad_ones(self):
        shutil.rmtree(self.path("data"))
        self.write("data/a.csv", "country,amount\na,1\nshort\nb,2\nc,3\nd,4\n")
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        self.job(JOB.replace("json", "csv"))
        run = self.tried("--at", "data/a.csv:5")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.csv:5"], run)
        run = self.tried("--at", "data/a.csv:3", status=3)
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.csv:3"], run)

    def test_of_the_next_input_after_blank_lines(self):
        self.write("data/a.json", record("de", 3) + "\n\n \n\n")
        self.write("data/aa.json", record("fr", None) + "\n")
        run = self.tried("--records", "2", status=3)
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:1", "data/aa.json:1"], run)
        self.assertEqual(run.stdout.count("bad: TypeError"), 1, run)
        self.assertNotIn("nothing", run.stdout, run)

    def test_of_rows_of_several_lines_at_random(self):
        shutil.rmtree(self.path("data"))
        self.write("data/a.csv", "country,amount\n" + "".join(f'"c\n\n\n{number}",{number}\n' for number in range(12)))
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'][-2:].strip(), r['amount']\n")
        self.job(JOB.replace("json", "csv"))
        for seed in range(5):
            run = self.tried("--random", str(seed), "--records", "3")
            self.assertEqual(len(set(re.findall(r"^data\S+", run.stdout, re.M))), 3, run)

    def test_of_an_input_that_fails(self):
        self.write("data/a.json.gz", b"\x1f\x8bdamaged")
        run = self.tried("--records", "20", status=3)
        self.assertIn("data/a.json.gz", run.stderr, run)
        os.remove(self.path("data/a.json"))
        os.remove(self.path("data/b.json.gz"))
        run = self.tried(status=3)
        self.assertNotIn("have no records", run.stderr, run)

    def test_that_where_drops_by_the_thousand(self):
        shutil.rmtree(self.path("data"))
        self.write("data/a.json", lines([("fr" if number == 5 else "de", 1) for number in range(30_000)]))
        self.job("mapper: {builtin: pairs, key: country}\nreducer: {builtin: count}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--where", "country=fr", "--records", "2")
        self.assertIn("stopped after 20000 records that `where` dropped; 1 of 2 found", run.stderr, run)

    def test_with_two_conditions(self):
        run = self.tried("--where", "country=de", "--where", "amount=2")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/b.json.gz:1"], run)
        for wrong in ("country", "=de"):
            run = self.tried("--where", wrong, status=2)
            self.assertIn(f"--where is '{wrong}'; it must be PATH=VALUE", run.stderr, run)


class Jobs(Trying):
    def test_of_built_in_parts(self):
        self.job("mapper: {builtin: pairs, key: country, value: amount}\nreducer: {builtin: sum}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--records", "3")
        self.assertEqual(run.stdout, f"data/a.json:1  {record('de', 3)}\n  -> de 3\ndata/a.json:2  {record('fr', 5)}\n  -> fr 5\n"
                         f"data/a.json:3  {record('de', None)}\n  -> nothing\n\nresult of {{builtin: sum}} (2 lines)\nde 3\nfr 5\n")

    def test_with_where_in_built_in_parts(self):
        self.job("mapper: {builtin: pairs, key: country, value: amount}\nreducer: {builtin: sum}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--records", "2", "--where", "country=fr")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/b.json.gz:2"], run)

    def test_of_groups(self):
        self.job("group: [country]\naggregate: {orders: count, revenue: sum amount}\ninputs: [data/*]\nrecord: json\nseparator: \"\\t\"\n")
        run = self.tried("--records", "1")
        self.assertEqual(run.stdout, f"data/a.json:1  {record('de', 3)}\n  -> de    orders\n  -> de    revenue = 3\n\n"
                         "result of aggregate (1 line)\nde    1    3\n")

    def test_without_a_file(self):
        run = self.tried("-i", "data/*", "--map", 'r["country"], 1', "--count", "--records", "2")
        self.assertIn("  -> de ", run.stdout, run)
        self.assertTrue(run.stdout.endswith("result of {builtin: count} (2 lines)\nde    1\nfr    1\n"), run)

    def test_of_records_from_a_pipe(self):
        run = self.tried("--map", 'r["country"], 1', "--reduce", "sum", "--stdin-records", "--records", "1", stdin=lines(ORDERS))
        self.assertIn("  -> de ", run.stdout, run)

    def test_without_a_reducer(self):
        self.job("mapper: {language: python, script: mapper.py}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--records", "1")
        self.assertEqual(run.stdout, f"data/a.json:1  {record('de', 3)}\n  | looks at de\n  -> de 3\n")

    def test_with_a_combiner_and_steps(self):
        self.write("again.py", "def mapper(key, file, record):\n    return len(key), record\n")
        self.job(JOB + "combiner: {builtin: sum}\nsteps:\n  - mapper: {language: python, script: again.py}\n    reducer: {builtin: sum}\n")
        run = self.tried("--records", "2")
        self.assertIn("  -> fr 5\n\nresult of {builtin: sum} (1 line)\n2 8\n", run.stdout, run)

    def test_of_a_program_that_reads_lines(self):
        self.write("mapper.sh", "#!/bin/sh\necho begins >&2\nsed 's/.*/x 1/'\n", executable=True)
        self.job("mapper: {language: binary, script: mapper.sh, interface: lines}\nreducer: {builtin: count}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--records", "2")
        self.assertEqual(run.stdout, f"data/a.json:1  {record('de', 3)}\ndata/a.json:2  {record('fr', 5)}\n  | begins\n"
                         "  -> x 1\n  -> x 1\n\nresult of {builtin: count} (1 line)\nx 2\n")

    def test_of_a_program_gives_it_what_where_keeps(self):
        self.write("mapper.sh", "#!/bin/sh\nsed 's/.*/x 1/'\n", executable=True)
        self.job("mapper: {language: binary, script: mapper.sh, interface: lines}\nreducer: {builtin: count}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--records", "2", "--where", "country=fr")
        self.assertEqual(re.findall(r"^data\S+", run.stdout, re.M), ["data/a.json:2", "data/b.json.gz:2"], run)
        self.assertTrue(run.stdout.endswith("(1 line)\nx 2\n"), run)
        run = self.tried("--where", "country=se", status=1)
        self.assertIn("none of the first 6 records passes `where`", run.stderr, run)

    def test_of_a_program_that_reads_files(self):
        self.write("mapper.sh", "#!/bin/sh\nwhile read name; do wc -l < \"$name\"; done\n", executable=True)
        self.job("mapper: {language: binary, script: mapper.sh}\ninputs: [data/*]\n")
        self.assertEqual(self.tried().stdout, "  -> 4\n")

    def test_that_fails_says_why(self):
        self.write("mapper.py", "import nowhere_to_be_found\n")
        run = self.tried(status=1)
        self.assertIn("ModuleNotFoundError", run.stderr, run)
        self.write("mapper.py", "def mapper(key, file, record):\n    import os\n    os._exit(3)\n")
        run = self.tried("--records", "1", status=3)
        self.assertIn("bad: the mapper died on it", run.stdout, run)

    def test_with_a_reducer_that_fails(self):
        self.write("reducer.py", "def reduce(key, values):\n    return key, 1 / (key != 'fr')\n")
        run = self.tried("--records", "2", status=3)
        self.assertIn("ZeroDivisionError", run.stdout + run.stderr, run)
        self.assertTrue(run.stdout.endswith("(1 line)\nde 1.0\n"), run)

    def test_whose_result_is_among_its_inputs(self):
        self.job(JOB.replace("record", "output: data/result.txt\nrecord"))
        self.write("data/a.json", lines(ORDERS[:2]))
        self.assertEqual(self.quern("run").status, 0)
        run = self.tried("--records", "20")
        self.assertNotIn("result.txt:", run.stdout, run)

    def test_that_asks_for_a_breakpoint_names_the_way(self):
        self.write("mapper.py", "def mapper(key, file, record):\n    breakpoint()\n")
        run = self.tried("--records", "1", status=3)
        self.assertIn("bad: breakpoint() needs a terminal, and a run does not have one: use quern try --debug, which", run.stdout, run)
        run = self.quern("run")
        self.assert_run(run, status=1, says="use quern try --debug")

    def test_profile(self):
        slow = "def slow(n):\n    return sum(i * i for i in range(n))\n\n\ndef mapper(key, file, r):\n    yield r['country'], slow(20000)\n"
        self.write("mapper.py", slow)
        run = self.tried("--profile")
        self.assertRegex(run.stdout, r"\A  \| \d+\.\d{3} s in the module's functions")
        self.assertRegex(run.stdout, r"\d+\.\d% +\d+ calls  mapper\.py:2 <genexpr>\n")
        self.assertNotIn("harness", run.stdout, run)
        self.write_all(JAVASCRIPT)
        self.write("mapper.js", "function slow(n) {\n  let sum = 0;\n  for (let i = 0; i < n; i++) sum += Math.sqrt(i % 7);\n"
                                "  return sum;\n}\nexports.mapper = (key, file, r) => [r.country, slow(3e6)];\n")
        self.job(JOB.replace("python", "javascript").replace(".py", ".js"))
        run = self.tried("--profile")
        self.assertRegex(run.stdout, r"\d+\.\d%  mapper\.js:1 slow\n")
        self.job("mapper: {builtin: pairs, key: country, value: amount}\nreducer: {builtin: sum}\ninputs: [data/*]\nrecord: json\n")
        run = self.tried("--profile", status=2)
        self.assertIn("--profile is for functions in Python or JavaScript", run.stderr, run)

    def test_needs_a_terminal_to_debug(self):
        run = self.tried("--debug", status=2)
        self.assertIn("--debug needs a terminal", run.stderr, run)

    def test_options_that_exclude_each_other(self):
        for options in (["--debug", "--profile"], ["--at", "a:1", "--random", "1"], ["--at", "a:1", "-i", "b"]):
            run = self.tried(*options, status=2)
            self.assertIn(f"{options[0]} and {options[-1] if options[-1].startswith('-') else options[-2]} exclude each other", run.stderr, run)
        for option in ("--records", "--random"):
            run = self.tried(option, "x", status=2)
            self.assertIn(f"try: {option} is 'x'; it must be a number from", run.stderr, run)


class Terminal(Trying):
    """With a terminal of its own."""

    def debug(self, *steps, **options):
        """Each step is what to wait for, and what to type then. Returns the exit status and all that was shown."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(QUERN, [QUERN, "try", *options.get("arguments", ["--debug"])], self.environment({"TERM": "dumb", "NO_COLOR": "1"}))
        shown, at = "", 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        waiting = list(steps)
        try:
            while time.monotonic() < deadline:
                if not select.select([terminal], [], [], 1)[0]:
                    continue
                try:
                    data = os.read(terminal, 4096)
                except OSError as error:  # nobody has it open any more
                    self.assertEqual(error.errno, errno.EIO)
                    break
                if not data:
                    break
                shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
                while waiting and (found := shown.find(waiting[0][0], at)) >= 0:
                    at = found + len(waiting[0][0])
                    os.write(terminal, waiting.pop(0)[1].encode())
            else:
                self.fail("it hangs: " + shown)
        finally:
            os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.assertEqual(waiting, [], shown)
        return status, shown

    def test_pdb_stops_at_the_first_record_and_where_one_fails(self):
        status, shown = self.debug(("(Pdb) ", "p r['amount']\n"), ("3\n", ""), ("(Pdb) ", "c\n"), ("unsupported operand", ""),
                                   ("(Pdb) ", "p r['country'] * 2\n"), ("'dede'\n", ""), ("(Pdb) ", "c\n"))
        self.assertEqual(status, 3, shown)
        self.assertIn("mapper.py(2)mapper()", shown)
        self.assertIn("\nit 7\n", shown)

    def test_breakpoints_and_generators(self):
        self.write("mapper.py", "def mapper(key, file, r):\n    amount = r['amount'] or 0\n    breakpoint()\n    yield r['country'], amount\n")
        status, shown = self.debug(("(Pdb) ", "n\n"), ("breakpoint()", ""), ("(Pdb) ", "c\n"), ("(Pdb) ", "p amount + 1\n"), ("4\n", ""),
                                   ("(Pdb) ", "c\n"), ("result of reducer.py", ""), arguments=["--debug", "--records", "1"])
        self.assertEqual(status, 0, shown)

    def test_leaving_pdb_lets_the_others_go_on(self):
        status, shown = self.debug(("(Pdb) ", "q\n"), ("pdb was left", ""), ("(Pdb) ", "c\n"))
        self.assertEqual(status, 3, shown)
        self.assertIn("\nfr 6\n", shown)

    def test_leaving_pdb_at_a_breakpoint(self):
        self.write("mapper.py", "def mapper(key, file, r):\n    breakpoint()\n    return r['country'], 1\n")
        status, shown = self.debug(("(Pdb) ", "c\n"), ("(Pdb) ", "q\n"), ("bad: pdb was left", ""), ("result of", ""),
                                   arguments=["--debug", "--records", "1"])
        self.assertEqual(status, 3, shown)
        self.assertEqual(shown.count("(Pdb)"), 2, shown)

    def test_ctrl_z_does_not_suspend_it(self):
        status, shown = self.debug(("(Pdb) ", "\x1a\n"), ("(Pdb) ", "c\n"), arguments=["--debug", "--records", "1"])
        self.assertEqual(status, 0, shown)

    def test_an_async_mapper_stops_where_a_record_fails(self):
        self.write("mapper.py", "async def mapper(key, file, r):\n    return r['country'], r['amount'] + 0\n")
        status, shown = self.debug(("put breakpoint() where", ""), ("(Pdb) ", "p r['country'] * 2\n"), ("'dede'\n", ""), ("(Pdb) ", "c\n"))
        self.assertEqual(status, 3, shown)
        self.assertIn("\nit 7\n", shown)

    def test_ctrl_c_is_for_the_debugger(self):
        self.write("mapper.py", "import time\n\n\ndef mapper(key, file, r):\n    print('works', flush=True)\n    while True:\n        time.sleep(0.01)\n")
        status, shown = self.debug(("(Pdb) ", "c\n"), ("works\n", "\x03"), ("(Pdb) ", "q\n"), ("result of", ""),
                                   arguments=["--debug", "--records", "1"])
        self.assertEqual(status, 3, shown)

    @unittest.skipIf(shutil.which("node") is None, "needs Node.js")
    def test_node_inspect(self):
        self.write_all(JAVASCRIPT)
        self.job(JOB.replace("python", "javascript").replace(".py", ".js"))
        status, shown = self.debug(("comes next", ""), ("debug> ", "step\n"), ("break in", ""), ("debug> ", "step\n"),
                                   ("mapper.js:2", ""), ("debug> ", "exec('r.amount')\n"), ("3\n", ""), ("debug> ", "c\n"), arguments=["--debug", "--records", "1"])
        self.assertEqual(status, 0, shown)
        self.assertIn("result of reducer.js", shown)


class FirstRecords(Trying):
    def test_end_a_run(self):
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        for number, result in ((1, "de 3\n"), (2, "de 3\nfr 5\n"), (4, None), (5, None), (6, None), (7, None)):
            with self.subTest(number):
                orders = [order for order in ORDERS[:number] if order[1] is not None]
                sums = {}
                for country, amount in orders:
                    sums[country] = sums.get(country, 0) + amount
                self.write("mapper.py", "def mapper(key, file, r):\n    if r['amount']:\n        yield r['country'], r['amount']\n")
                run = self.quern("run", "--records", str(number))
                self.assert_run(run, result="".join(f"{key} {sums[key]}\n" for key in sorted(sums)),
                                records_mapped=min(number, 6), inputs_mapped=1 if number <= 4 else 2, inputs_failed=0)
                self.assertEqual(run.accounting["sample"], {"records": number, "full": number <= 6})
                if result is not None:
                    self.assertEqual(run.result, result)

    def test_are_the_same_in_all_kinds_of_jobs_at_any_width(self):
        orders = [(f"c{number % 17}", number) for number in range(3000)]
        for part in range(6):
            self.write(f"data/{part}.json.xz", compress(lines(orders[500 * part : 500 * (part + 1)]), "xz"))
        os.remove(self.path("data/a.json"))
        os.remove(self.path("data/b.json.gz"))
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        self.write("mapper.sh", "#!/bin/sh\nexec sed -E 's/.*\"country\": \"([^\"]*)\", \"amount\": ([0-9]*).*/\\1 \\2/'\n", executable=True)
        mappers = ["{language: python, script: mapper.py}", "{builtin: pairs, key: country, value: amount}",
                   "{language: binary, script: mapper.sh, interface: lines}"]
        for mapper in mappers:
            for processes in ("1", "4"):
                for records in (1, 499, 500, 501, 1777):
                    with self.subTest(mapper=mapper, processes=processes, records=records):
                        self.job(f"mapper: {mapper}\nreducer: {{builtin: sum}}\ninputs: [data/*]\nrecord: json\nlimits: {{records: {records}}}\n")
                        run = self.quern("run", "-p", processes, environment={"QUERN_TEST_BLOCK_BYTES": "3000"})
                        sums = {}
                        for country, amount in orders[:records]:
                            sums[country] = sums.get(country, 0) + amount
                        self.assert_run(run, result="".join(f"{key} {sums[key]}\n" for key in sorted(sums)), records_mapped=records,
                                        inputs_mapped=(records + 499) // 500, inputs_skipped=6 - (records + 499) // 500)

    def test_without_a_reducer_keep_their_order(self):
        orders = [("x", number) for number in range(1000)]
        for part in range(10):
            self.write(f"data/p{part}.json", lines(orders[100 * part : 100 * (part + 1)]))
        self.write("mapper.py", "def mapper(key, file, r):\n    return str(r['amount'])\n")
        self.job("mapper: {language: python, script: mapper.py}\ninputs: [data/p*]\nrecord: json\n")
        run = self.quern("run", "--records", "250", environment={"QUERN_TEST_BLOCK_BYTES": "500"})
        self.assert_run(run, result="".join(f"{number}\n" for number in range(250)), records_mapped=250)
        self.assertIn("sample    the first 250 records only", run.stderr, run)

    def test_count_with_their_bad_ones_and_what_where_drops(self):
        self.write("data/a.json", "{\n" + lines(ORDERS[:2]))
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        run = self.quern("run", "--records", "2", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3, result="de 3\n", records_mapped=1, records_bad=1)
        run = self.quern("run", "--records", "3", "--where", "country=fr", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3, result="fr 5\n", records_mapped=2, records_bad=1, records_dropped=1)

    def test_leave_failures_behind_them_alone(self):
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        self.write("data/c.json.gz", b"damaged")
        self.write("data/d.json", "no record\n")
        run = self.quern("run", "--records", "2")
        self.assert_run(run, result="de 3\nfr 5\n", inputs_failed=0, records_bad=0)

    def test_are_refused_where_a_program_reads_files(self):
        self.write("mapper.sh", "#!/bin/sh\ncat > /dev/null\n", executable=True)
        self.job("mapper: {language: binary, script: mapper.sh}\ninputs: [data/*]\n")
        run = self.quern("run", "--records", "2")
        self.assertEqual(run.status, 2, run)
        self.assertIn("limits.records is for records", run.stderr, run)

    def test_of_a_step_are_those_of_the_first(self):
        self.write("mapper.py", "def mapper(key, file, r):\n    for word in 'abc':\n        yield word, r['amount']\n")
        self.write("again.py", "def mapper(key, file, record):\n    return key, record\n")
        self.job(JOB + "steps:\n  - mapper: {language: python, script: again.py}\n")
        self.assert_run(self.quern("run", "--records", "2"), result="a 8\nb 8\nc 8\n", records_mapped=2)

    def test_of_rows_of_several_lines_for_a_program(self):
        shutil.rmtree(self.path("data"))
        self.write("data/a.csv", 'c,n\n"x\ny",1\nb,2\n"z\n\n",3\n')
        self.write("mapper.sh", "#!/bin/sh\nexec sed 's/.*/x 1/'\n", executable=True)
        self.job("mapper: {language: binary, script: mapper.sh, interface: lines}\nreducer: {builtin: count}\n"
                 "inputs: [data/*]\nrecord: csv\n")
        for number in (1, 2, 3):
            self.assert_run(self.quern("run", "--records", str(number)), result=f"x {number}\n", records_mapped=number)

    def test_with_inputs_that_may_fail(self):
        stored = compress(lines([("de", number) for number in range(200_000)]), "gz")
        self.write("data/a.json.gz", stored[:-20])
        self.write("mapper.py", "def mapper(key, file, r):\n    return r['country'], r['amount']\n")
        os.remove(self.path("data/a.json"))
        run = self.quern("run", "--records", "2", "--set", "limits.failed_inputs=1")
        self.assert_run(run, status=3, result="de 2\nfr 1\n", inputs_failed=1, records_mapped=2)

    def test_wrong_values(self):
        for value in ("0", "-1", "x", "1.5"):
            run = self.quern("run", "--records", value)
            self.assertEqual(run.status, 2, run)
            self.assertIn("limits.records", run.stderr, run)
        self.write("mapper.py", "def mapper(key, file, r):\n    if r['amount']:\n        yield r['country'], r['amount']\n")
        run = self.quern("run", "--set", "limits.records=none")
        self.assert_run(run, records_mapped=6)
        self.assertIsNone(run.accounting["sample"])


class Remotely(Remote):
    def test_from_s3(self):
        self.serve({f"{number:03}.json": stored(lines([("de", number)] * 3)) for number in range(200)})
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: country, value: amount}\nreducer: {builtin: sum}\n"
                   "record: json\ninputs: ['s3://data/*']\n")
        run = self.remote("try", "--records", "4")
        self.assertEqual(run.status, 0, run)
        self.assertEqual(re.findall(r"^s3\S+", run.stdout, re.M), [f"s3://data/00{place}" for place in
                                                                  ("0.json:1", "0.json:2", "0.json:3", "1.json:1")], run)
        self.assertFalse(os.path.exists(self.path("s3")))
        run = self.remote("run", "--records", "7")
        self.assert_run(run, result="de 5\n", records_mapped=7, inputs_found=200, inputs_mapped=3, inputs_failed=0)


if __name__ == "__main__":
    unittest.main()
