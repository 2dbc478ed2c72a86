"""Numbers of any length, values that are no numbers, and paths that no record has: what counts, and what is said."""
import json
import os
import unittest

from scenario import Scenario

BIG = 18446744073709551613

PYTHON = "mapper: {language: python, script: mapper.py}\n"
JAVASCRIPT = "mapper: {language: javascript, script: mapper.js}\n"
LINES = "mapper: {language: binary, interface: lines, script: mapper.sh}\n"
FILES = "mapper: {language: binary, interface: files, script: mapper.sh}\n"
PAIRS = "mapper: {builtin: pairs, key: k, value: v}\n"
TOLERANT = "limits: {bad_records: 10}\n"


class Numbers(Scenario):
    def job(self, mapper, reducer, more="record: json\n"):
        self.write("analysis-tools.yml", f"{mapper}reducer: {{builtin: {reducer}}}\ninputs: [data/*]\n{more}")

    def records(self, *values, name="data/a.json"):
        """Values as JSON text, all of the key x."""
        self.write(name, "".join(f'{{"k":"x","v":{value}}}\n' for value in values))

    def modules(self):
        self.write("mapper.py", "def mapper(key, file, record): return record['k'], record['v']\n")
        self.write("mapper.js", "exports.mapper = (key, file, record) => [record.k, record.v];\n")
        self.write("mapper.sh", "#!/bin/sh\nwhile read -r line; do case $line in /*) cat \"$line\";; *) echo \"$line\";; esac; done |\n"
                                "sed 's/.*\"k\":\"\\([^\"]*\\)\",\"v\":\"\\{0,1\\}\\([^\"}]*\\).*/\\1 \\2/'\n", executable=True)


class Exact(Numbers):
    def test_integers_beyond_64_bits(self):
        self.records(BIG, BIG + 2, BIG + 1, -(1 << 63) - 1, -(1 << 63))
        self.modules()
        for mapper in (PAIRS, PYTHON):
            for reducer, result in (("max", BIG + 2), ("min", -(1 << 63) - 1),
                                    ("top:3", json.dumps([str(BIG + 2), str(BIG + 1), str(BIG)]))):
                with self.subTest(mapper=mapper, reducer=reducer):
                    self.job(mapper, reducer)
                    self.assert_run(self.quern("run"), result=f"x {result}\n")

    def test_points_and_exponents(self):
        rows = [(["9007199254740992.0", "9007199254740993"], "9007199254740992.0", "9007199254740993"),
                (["1e400", "1e399", "1e401"], "1e399", "1e401"),
                (["0", "-0", "0.0"], "-0", "-0"),
                (["0.1", "0.10000000000000000001"], "0.1", "0.10000000000000000001")]
        for values, least, most in rows:
            self.records(*values)
            for reducer, result in (("min", least), ("max", most)):
                with self.subTest(values=values, reducer=reducer):
                    self.job(PAIRS, reducer)
                    self.assert_run(self.quern("run"), result=f"x {result}\n")

    def test_where(self):
        values = [BIG + 1, BIG + 2, BIG + 3, BIG + 4, "1e400", "1e401", "9007199254740992", "9007199254740993.0"]
        self.records(*values)
        rows = [(f"{BIG + 2}", [BIG + 2]), (f"{{min: {BIG + 3}}}", [BIG + 3, BIG + 4, "1e400", "1e401"]),
                ("{min: 1e400}", ["1e400", "1e401"]), (f"{{min: {BIG}, max: {BIG + 2}}}", [BIG + 1, BIG + 2]),
                ("9007199254740993", ["9007199254740993.0"])]
        for where, kept in rows:
            with self.subTest(where=where):
                self.write("analysis-tools.yml", f"{PAIRS}inputs: [data/*]\nrecord: json\nwhere: {{v: {where}}}\n")
                self.assert_run(self.quern("run"), result="".join(f"x {value}\n" for value in kept))
                self.assertIn(f'where: {{"v":{where}}}'.replace("{min: ", '{"min":').replace(", max: ", ',"max":'),
                              self.quern("check").stdout)


class BadValues(Numbers):
    RESULTS = {"sum": "x 6\n", "mean": "x 2.0\n", "top:2": 'x ["3", "2"]\n'}

    def test_are_bad_records_in_every_language(self):
        self.records(1, '"much"', 2, 3)
        self.modules()
        for mapper in (PAIRS, PYTHON, JAVASCRIPT):
            for reducer, result in self.RESULTS.items():
                with self.subTest(mapper=mapper, reducer=reducer):
                    self.job(mapper, reducer, "record: json\n" + TOLERANT)
                    run = self.quern("run")
                    self.assert_run(run, status=3, result=result, records_bad=1, records_mapped=3)
                    self.assertIn("# data/a.json:2: {builtin: " + reducer.split(":")[0] + "} got the value 'much' of the key 'x'",
                                  run.left("bad_records.txt"))
                    self.assertIn('{"k":"x","v":"much"}', run.left("bad_records.txt"))

    def test_end_the_job_beyond_the_limit(self):
        self.records(1, '"much"', 2, 3)
        self.modules()
        for mapper, place in ((PAIRS, "line 2"), (PYTHON, "line 2"), (LINES, "a written line")):
            with self.subTest(mapper=mapper):
                self.job(mapper, "sum")
                self.assert_fails(self.quern("run"), f"data/a.json, {place} is bad", "got the value 'much' of the key 'x'",
                                  "limits.bad_records allows none")

    def test_of_programs_are_bad_lines_of_their_input(self):
        self.records(1, '"much"', 2, 3)
        self.modules()
        for mapper in (LINES, FILES):
            with self.subTest(mapper=mapper):
                self.job(mapper, "sum", TOLERANT if mapper == FILES else "record: json\n" + TOLERANT)
                run = self.quern("run")
                self.assert_run(run, status=3, result="x 6\n", records_bad=1)
                self.assertIn("# data/a.json:0: in what was written for this input: {builtin: sum} got the value 'much'",
                              run.left("bad_records.txt"))

    def test_of_a_line_without_a_separator_are_no_values(self):
        self.records(1)
        lines = "mapper: {language: binary, interface: lines, script: sh, arguments: [-c, 'cat > /dev/null; echo lines 6']}\n"
        self.job(lines, "sum", "record: json\nseparator: '\\t'\n")
        self.assert_fails(self.quern("run"), "the line 'lines 6' has no separator (TAB) between key and value, or nothing after it; "
                          "{builtin: sum} needs a number")
        self.write("mapper.py", "def mapper(key, file, record):\n    return 'k', ''\n")
        self.job(PYTHON, "sum", "record: json\n")
        self.assert_fails(self.quern("run"), "{builtin: sum} got the value '' of the key 'k'")

    def test_among_many_records_and_inputs(self):
        for i in range(3):
            self.records(*['"no"' if n % 997 == 5 else n for n in range(3000)], name=f"data/{i}.json")
        total = 3 * sum(n for n in range(3000) if n % 997 != 5)
        self.modules()
        for mapper in (PAIRS, PYTHON, JAVASCRIPT, LINES):
            for more in ("", "combiner: {builtin: sum}\n", "combiner: {builtin: unique}\nreducers: 2\n"):
                if mapper == LINES and "unique" in more:
                    continue
                with self.subTest(mapper=mapper, more=more):
                    self.job(mapper, "sum", "record: json\nlimits: {bad_records: 12, processes: 2}\n" + more)
                    run = self.quern("run")
                    expected = total // 3 if "unique" in more else total
                    self.assert_run(run, status=3, result=f"x {expected}\n", records_bad=12, records_mapped=8988)
                    if mapper != LINES:
                        bad = run.left("bad_records.txt").splitlines()[::2]
                        self.assertEqual(sorted(line.split(": ")[0] for line in bad),
                                         sorted(f"# data/{i}.json:{n + 1}" for i in range(3) for n in range(5, 3000, 997)))

    def test_a_record_with_one_such_pair_gives_nothing(self):
        self.records(1, 2, 3)
        self.write("mapper.py", "def mapper(key, file, record):\n    yield 'a', record['v']\n    yield 'b', 'x' if record['v'] == 2 else 1\n")
        self.job(PYTHON, "sum", "record: json\n" + TOLERANT)
        self.assert_run(self.quern("run"), status=3, result="a 4\nb 2\n", records_bad=1, records_mapped=2)

    def test_besides_records_that_raise_and_that_kill(self):
        self.records(*range(100))
        self.write("mapper.py", "import os\n\ndef mapper(key, file, record):\n    v = record['v']\n    if v == 20: raise ValueError(v)\n"
                                "    if v == 50: os._exit(7)\n    return 'x', 'bad' if v in (10, 40, 60) else v\n")
        self.job(PYTHON, "sum", "record: json\n" + TOLERANT)
        run = self.quern("run")
        self.assert_run(run, status=3, result=f"x {sum(range(100)) - 10 - 20 - 40 - 50 - 60}\n", records_bad=5, records_mapped=95)

    def test_of_a_combiner_and_of_parts(self):
        self.records(1, 2)
        self.modules()
        self.write("c.py", "def reduce(key, values):\n    yield key, sum(map(int, values))\n    yield 'odd', 'text'\n")
        self.job(PAIRS, "sum", "record: json\ncombiner: {language: python, script: c.py}\n" + TOLERANT)
        self.assert_run(self.quern("run"), status=3, result="x 3\n", records_bad=1,
                        says="bad record: data/a.json: in what was written for this input: {builtin: sum} got the value 'text' of the key 'odd'")
        self.write("part.txt", "x 1\nx oops\ny 2\nz no\n")
        for reducer, result in (("sum", "x 1\ny 2\n"), ("top:1", 'x ["1"]\ny ["2"]\n'), ("max", "x 1\ny 2\nz no\n")):
            with self.subTest(reducer=reducer):
                self.job(PAIRS, reducer, TOLERANT)
                run = self.quern("reduce", "part.txt")
                self.assert_run(run, status=3, result=result, groups_bad=1 if reducer == "max" else 2)
                self.assertIn("'oops'", run.stderr)

    def test_in_a_further_step(self):
        self.records(1, 2, 3)
        self.write("pass.py", "def mapper(key, file, record): return key, 'x' if record == '2' else record\n")
        self.write("analysis-tools.yml", f"{PAIRS}inputs: [data/*]\nrecord: json\n{TOLERANT}"
                                         "steps:\n  - {mapper: {language: python, script: pass.py}, reducer: {builtin: sum}}\n")
        self.assert_run(self.quern("run"), status=3, result="x 4\n", groups_bad=1, says="step 2, pair 2")


class Extremes(Numbers):
    def test_null_is_missing(self):
        self.records(900, 1024, "null")
        for reducer, result in (("min", 900), ("max", 1024), ("sum", 1924), ("mean", "962.0"), ("count", 2)):
            with self.subTest(reducer=reducer):
                self.job(PAIRS, reducer)
                self.assert_run(self.quern("run"), result=f"x {result}\n", records_without_value=1, records_mapped=3)

    def test_numbers_count_whatever_else_a_key_has(self):
        self.modules()
        for values in (["10.0", "9.0", '"nan"'], ['"nan"', "10.0", "9.0"], ["10.0", '"z"', "9.0", '""', '"a"']):
            self.records(*values[:2], name="data/a.json")
            self.records(*values[2:], name="data/b.json")
            for mapper in (PAIRS, PYTHON, LINES):
                for reducer, result in (("min", "9.0"), ("max", "10.0")):
                    with self.subTest(values=values, mapper=mapper, reducer=reducer):
                        self.job(mapper, reducer, "record: json\nlimits: {bad_records: 1, processes: 2}\n")
                        run = self.quern("run")
                        self.assert_run(run, status=3, result=f"x {result}\n", groups_bad=1, groups_as_text=0,
                                        says=f"key 'x': {{builtin: {reducer}}} got numbers, and other values such as '")
        self.job(PAIRS, "max")
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run"), "key 'x' is bad: {builtin: max} got numbers, and other values such as 'z'")

    def test_are_the_same_in_halves(self):
        """Each half alone knows less of a key than both."""
        halves = [[("a", 1), ("a", '"x"'), ("b", '"t"'), ("c", '"10"')], [("a", 2), ("b", 7), ("c", '"9"'), ("d", '"u"'), ("d", '"v"')]]
        for i, half in enumerate(halves):
            self.write(f"data/{i}.json", "".join(f'{{"k":"{k}","v":{v}}}\n' for k, v in half))
        for reducer, result in (("min", "a 1\nb 7\nc 9\nd u\n"), ("max", "a 2\nb 7\nc 10\nd v\n")):
            with self.subTest(reducer=reducer):
                self.job(PAIRS, reducer, "record: json\nlimits: {bad_records: 2}\n")
                losses = {"status": 3, "result": result, "groups_bad": 2, "groups_as_text": 1,
                          "says": ["key 'a'", "key 'b'", "the first is 'd'"]}
                self.assert_run(self.quern("run"), **losses)
                for i in range(2):
                    self.assert_run(self.quern("map", f"data/{i}.json", "-o", f"part{i}.txt"), groups_bad=0)
                self.assert_run(self.quern("reduce", "part0.txt", "part1.txt"), **losses)

    def test_a_key_of_text_alone_is_compared_as_text_and_named(self):
        self.write("data/a.json", "".join(f'{{"k":"{k}","v":{v}}}\n' for k, v in
                                          (("n", 9), ("n", 10), ("t", '"b"'), ("t", '"a"'), ("s", '"1x"'), ("s", "true"))))
        self.job(PAIRS, "max", "record: json\nreducers: 2\n")
        run = self.quern("run")
        self.assert_run(run, result="n 10\ns true\nt b\n", groups_as_text=2,
                        says="warning: keys without any number were compared as text: 2 in all, the first is 's'")
        self.assertEqual(run.accounting["first_as_text"], "s")
        self.assertEqual(len(run.accounting["warnings"]), 1)


class NothingFound(Numbers):
    LINE = '{"country":"DE","amount":5,"device":{"os":"x"}}\n'

    def warned(self, settings, *says, lines=None, status=0, **expected):
        self.write("data/a.json", (lines or self.LINE) * 3)
        self.write("analysis-tools.yml", f"inputs: [data/*]\nrecord: json\n{settings}")
        run = self.quern("run")
        self.assert_run(run, status=status, says=[f"warning: {text}" for text in says], **expected)
        for text in says:
            self.assertTrue(any(warning.startswith(text) for warning in run.accounting["warnings"]), run)
        return run

    def test_keys_and_values(self):
        empty = "the result is empty: no record has a key and a value"
        for key, nearest in (("countri", "country"), ("'$.country'", "country"), ("/device/os", "device.os"), ("os", "device.os"),
                             ("'country,device.os'", "device.os"), ("Device.OS", "device.os")):
            with self.subTest(key=key):
                self.warned(f"mapper: {{builtin: pairs, key: {key}, value: amount}}\nreducer: {{builtin: sum}}\n",
                            f"no record has {key.strip(chr(39))} (mapper.key); did you mean {nearest}?", empty,
                            result="", records_without_key=3)
        self.warned("mapper: {builtin: pairs, key: country, value: amoun}\n",
                    "no record has amoun (mapper.value); did you mean amount?", empty, result="", records_without_value=3)
        self.warned("mapper: {builtin: pairs, key: k, value: 1}\n", "no record has k (mapper.key); did you mean [*].k?", empty,
                    lines='[{"k":1},{"k":2}]\n')

    def test_fields_and_where(self):
        self.modules()
        self.write("get.py", "def mapper(key, file, record): return record.get('country'), 1\n")
        self.write("get.sh", "#!/bin/sh\nsed 's/$/ 1/'\n", executable=True)
        for mapper in ("mapper: {language: python, script: get.py}\n", "mapper: {language: binary, interface: lines, script: get.sh}\n"):
            with self.subTest(mapper=mapper):
                self.warned(mapper + "fields: [countri, amount]\n", "no record has countri (fields); did you mean country?")
                self.warned(mapper + "where: {zzz: 1}\n", "no record has zzz (where); the first record has country, amount, device, device.os",
                            "the result is empty: where dropped every record", records_dropped=3, result="")
                self.warned(mapper + "where: {amount: 6}\n", "the result is empty: where dropped every record", records_dropped=3)
                run = self.warned(mapper + "where: {amount: 5}\nfields: [country]\n")
                self.assertEqual(run.accounting["warnings"], [])
                self.assertEqual([path["found"] for path in run.accounting["paths"]], [True, True])

    def test_a_path_that_only_the_last_record_has(self):
        self.write("data/a.json", self.LINE * 5000 + '{"country":"X","late":1}\n')
        self.write("get.py", "def mapper(key, file, record): return 'n', record.get('late', 0)\n")
        for mapper in ("{builtin: pairs, key: late, value: 1}", "{language: python, script: get.py}"):
            with self.subTest(mapper=mapper):
                self.write("analysis-tools.yml", f"mapper: {mapper}\nreducer: {{builtin: sum}}\ninputs: [data/*]\nrecord: json\nfields: [late]\n")
                run = self.quern("run")
                self.assert_run(run)
                self.assertEqual(run.accounting["warnings"], [])

    def test_an_empty_result_is_never_only_done(self):
        self.write("none.py", "def mapper(key, file, record): pass\n")
        self.write("one.py", "def mapper(key, file, record): return 1, 1\n")
        self.write("none_reducer.py", "def reduce(key, values): pass\n")
        python = "mapper: {language: python, script: %s}\n"
        self.warned(python % "none.py", "the result is empty: the mapper wrote nothing for any record")
        self.warned(python % "one.py" + "reducer: {language: python, script: none_reducer.py}\n",
                    "the result is empty: the reducer wrote nothing for any group")
        self.warned(python % "one.py" + "limits: {bad_records: 3}\n", "the result is empty: every record is bad", lines="[\n",
                    status=3)
        self.write("data/a.json", "")
        run = self.quern("run")
        self.assert_run(run, says="warning: the result is empty: no record was read")

    def test_quern_map_says_it_too(self):
        self.write("data/a.json", self.LINE)
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: countri, value: 1}\nrecord: json\n")
        self.assert_run(self.quern("map", "data/a.json"), says="no record has countri (mapper.key); did you mean country?")
        run = self.quern("map", "-q", "data/a.json")
        self.assertEqual([line.split(":")[0] for line in run.stderr.splitlines()], ["warning", "warning"], run)


class PathsOfValues(Numbers):
    def test_are_paths_as_those_of_keys(self):
        self.write("data/a.json", '{"k":"x","a":[1,2],"a.b":3,"t":{"@v":4},"c d":5,"s":"text"}\n')
        for value, result in (("'a[1]'", 2), ("'\"a.b\"'", 3), ("t.@v", 4), ("c d", 5), ("s", "text")):
            with self.subTest(value=value):
                self.write("analysis-tools.yml", f"mapper: {{builtin: pairs, key: k, value: {value}}}\ninputs: [data/*]\nrecord: json\n")
                run = self.quern("run")
                self.assert_run(run, result=f"x {result}\n")
                self.write("analysis-tools.yml", self.quern("check").stdout)
                self.assert_run(self.quern("run"), result=f"x {result}\n")
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k}\ninputs: [data/*]\nrecord: json\n")
        self.assert_run(self.quern("run", "--set", "mapper.value=a[1]"), result="x 2\n")

    def test_a_constant_is_not_compared(self):
        self.records(1)
        for reducer in ("sum", "mean", "min", "max", "top:3"):
            with self.subTest(reducer=reducer):
                self.job('mapper: {builtin: pairs, key: k, value: "v"}\n', reducer)
                self.assert_fails(self.quern("run"), "mapper.value is the constant 'v'", "is written without quotes", status=2)
        self.job('mapper: {builtin: pairs, key: k, value: "v"}\n', "list")
        self.assert_run(self.quern("run"), result='x ["v"]\n')

    def test_files_have_no_records(self):
        self.modules()
        self.records(1)
        for setting in ("record: text\n", "fields: [k]\n", "where: {k: x}\n"):
            for mapper in ("language: binary\nscript: mapper.sh\n", "language: binary\nscript: mapper.sh\ninterface: files\n"):
                with self.subTest(mapper=mapper, setting=setting):
                    self.write("analysis-tools.yml", mapper + setting + "inputs: [data/*]\n")
                    self.assert_fails(self.quern("run"), setting.split(":")[0] + " is not possible for a mapper with the interface files",
                                      "say interface: lines", status=2)
        self.write("analysis-tools.yml", "language: binary\nscript: mapper.sh\ninputs: [data/*]\n")
        self.write("analysis-tools.yml", self.quern("check").stdout)
        self.assert_run(self.quern("run"), result="x 1\n")


if __name__ == "__main__":
    unittest.main()
