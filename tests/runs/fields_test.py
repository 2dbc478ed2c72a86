"""fields, where and the built-in mapper: quern looks into JSON records itself."""
import json
import random

from scenario import SUM, Scenario

PYTHON = {"mapper.py": """
    def mapper(key, file, record):
        return record["info"]["OS"], 1
    """}
JAVASCRIPT = {"mapper.js": "exports.mapper = (key, file, record) => [record.info.OS, 1];\n"}
LINES = {"mapper.py": """
    import json, sys
    for line in sys.stdin:
        print(json.loads(line.split("\\t")[1])["info"]["OS"], 1)
    """}
KINDS = {
    "python": (PYTHON, "mapper: {language: python, script: mapper.py}\n"),
    "javascript": (JAVASCRIPT, "mapper: {language: javascript, script: mapper.js}\n"),
    "lines": (LINES, "mapper: {language: python, script: mapper.py, interface: lines}\n"),
    "builtin": ({}, "mapper: {builtin: pairs, key: info.OS, value: 1}\n"),
}
REST = "reducer: {language: python, script: reducer.py}\ninputs: [data/*]\n"


def record(draw, number):
    system = draw.choice(["WINNT", "Linux", "Darwin", "na\u00efve \"OS\"".replace(" ", "_")])
    full = {"ver": number % 3, "info": {"appName": draw.choice(["Firefox", "Fennec"]), "OS": system, "memsize": draw.randrange(4096)},
            "simple": {"x": [1, {"y": draw.random()}]}}
    return full


class FiveThousandRecords(Scenario):
    def setUp(self):
        super().setUp()
        draw = random.Random(3)
        self.records = [record(draw, number) for number in range(5000)]
        for part in range(3):
            lines = (f"{number:08x}\t{json.dumps(full)}\n" for number, full in enumerate(self.records) if number % 3 == part)
            self.write(f"data/{part}.json", "".join(lines).encode())
        self.write("reducer.py", SUM)

    def expected(self, wanted=lambda full: True):
        counts = {}
        for full in self.records:
            if wanted(full):
                counts[full["info"]["OS"]] = counts.get(full["info"]["OS"], 0) + 1
        return "".join(f"{name} {counts[name]}\n" for name in sorted(counts, key=str.encode))


class Fields(FiveThousandRecords):
    def each_kind(self, settings):
        for kind, (files, mapper) in KINDS.items():
            with self.subTest(kind):
                self.write_all(files)
                self.write("analysis-tools.yml", mapper + REST + settings)
                yield self.quern("run")

    def test_the_result_is_the_same_with_and_without_fields(self):
        for settings in ("", "fields: [info.OS]\n", "fields: [info]\n", "fields: ['\"info\".OS', simple.x]\n"):
            for run in self.each_kind(settings):
                self.assert_run(run, result=self.expected(), records_mapped=5000, records_dropped=0)

    def test_where_drops_records_before_the_mapper_sees_them(self):
        def is_wanted(full):
            return full["info"]["appName"] == "Firefox" and 1000 <= full["info"]["memsize"] <= 3000 and full["ver"] in (0, 2)
        wanted = sum(map(is_wanted, self.records))
        where = "where: {info.appName: [Firefox], info.memsize: {min: 1000, max: 3000}, ver: [0, 2]}\n"
        for settings in (where, where + "fields: [info.OS]\n"):
            for run in self.each_kind(settings):
                self.assert_run(run, result=self.expected(is_wanted), records_mapped=5000, records_dropped=5000 - wanted)

    def test_where_may_drop_everything(self):
        for run in self.each_kind("where: {ver: none of these}\n"):
            self.assert_run(run, result="", inputs_mapped=3, records_mapped=5000, records_dropped=5000)


class SuggestedFields(FiveThousandRecords):
    """`quern run --suggest-fields` prints the line that its mapper needs, and changes nothing else."""

    def test_the_line_gives_the_same_result(self):
        for kind in ("python", "javascript"):
            with self.subTest(kind):
                files, mapper = KINDS[kind]
                self.write_all(files)
                self.write("analysis-tools.yml", mapper + REST)
                run = self.quern("run", "--suggest-fields")
                self.assert_run(run, result=self.expected(), says="\nfields: [info.OS]\n")
                self.assertEqual(run.accounting["counters"], {}, run)
                self.assertEqual(self.quern("run", "--suggest-fields", "--quiet").stderr.split("\n")[1:], ["fields: [info.OS]", ""])
                self.write("analysis-tools.yml", mapper + REST + "fields: [info.OS]\n")
                self.assert_run(self.quern("run"), result=self.expected())

    def test_each_line_of_json_is_an_event(self):
        self.write_all(PYTHON)
        self.write("analysis-tools.yml", KINDS["python"][1] + REST)
        run = self.quern("run", "--suggest-fields", "--json")
        texts = [json.loads(line).get("text", "") for line in run.stderr.splitlines()]
        self.assertEqual(sum("\nfields: [info.OS]" in text for text in texts), 1, run)

    def test_a_mapper_that_reads_whole_records(self):
        self.write("mapper.py", "import json\ndef mapper(key, file, record):\n    return record['info']['OS'], int(len(json.dumps(record)) > 0)\n")
        self.write("analysis-tools.yml", KINDS["python"][1] + REST)
        run = self.quern("run", "--suggest-fields")
        self.assert_run(run, result=self.expected(), says="the mapper reads whole records")
        self.assertNotIn("fields: [", run.stderr, run)

    def test_the_first_step_of_several(self):
        self.write_all(PYTHON)
        self.write("analysis-tools.yml", KINDS["python"][1] + REST + "steps: [{mapper: {language: python, script: second.py}, reducer: "
                   "{language: python, script: reducer.py}}]\n")
        self.write("second.py", "def mapper(key, file, record):\n    return key, int(record)\n")
        self.assert_run(self.quern("run", "--suggest-fields"), result=self.expected(), says="\nfields: [info.OS]\n")

    def test_is_refused_where_nothing_can_be_watched(self):
        for kind, more in (("lines", ""), ("builtin", ""), ("python", "record: text\n")):
            files, mapper = KINDS[kind]
            self.write_all(files)
            self.write("analysis-tools.yml", mapper + REST + more)
            self.assert_fails(self.quern("run", "--suggest-fields"), "--suggest-fields is for a mapper in Python or JavaScript", status=2)


class BadRecords(Scenario):
    GOOD = '{"info":{"OS":"W"},"keep":1,"text":"long"}'
    BAD = ['k\t{"info":{"OS":"W"},"keep":1,"other":[1,}', "k\tnothing", '{"info":{"OS":"W"},"keep":1} x']

    def setUp(self):
        super().setUp()
        lines = []
        for number in range(300):
            lines.append("k\t" + (self.GOOD if number % 3 == 0 else self.GOOD.replace('"keep":1', '"keep":0')))
        self.numbers = [10, 150, 299]
        for number, bad in zip(self.numbers, self.BAD):
            lines[number - 1] = bad
        lines[200] = ""
        self.write("data/a.json", "\n".join(lines) + "\n")
        self.write("reducer.py", SUM)

    def test_lines_that_are_not_json_are_reported_with_their_numbers_and_as_they_are(self):
        good = sum(number % 3 == 0 and number + 1 not in self.numbers and number != 200 for number in range(300))
        for kind, (files, mapper) in KINDS.items():
            for fields in ("", "fields: [info.OS]\n"):
                with self.subTest(kind + fields):
                    self.write_all(files)
                    settings = "where: {keep: 1}\nlimits: {bad_records: 3}\n"
                    self.write("analysis-tools.yml", mapper + REST + settings + fields)
                    run = self.quern("run")
                    self.assert_run(run, status=3, result=f"W {good}\n", records_bad=3, records_mapped=296)
                    shown = run.left("bad_records.txt")
                    for number, bad in zip(self.numbers, self.BAD):
                        self.assertIn(f"data/a.json:{number}", shown.replace("\t", ":"), run)
                        self.assertIn(bad, shown, run)

    def test_a_record_on_which_the_mapper_raises_keeps_its_line_behind_dropped_ones(self):
        mappers = {
            "python": {"mapper.py": """
                def mapper(key, file, record):
                    if record["info"]["OS"] == "X":
                        raise ValueError("no X here")
                    return record["info"]["OS"], 1
                """},
            "javascript": {"mapper.js": """
                exports.mapper = (key, file, record) => {
                  if (record.info.OS === "X") throw new Error("no X here");
                  return [record.info.OS, 1];
                };
                """},
        }
        lines = [self.GOOD.replace('"keep":1', f'"keep":{number % 2}') for number in range(100)]
        lines[77] = self.GOOD.replace('"W"', '"X"')
        self.write("data/a.json", "\n".join(lines) + "\n")
        for language, files in mappers.items():
            for fields in ("", "fields: [info.OS]\n"):
                with self.subTest(language + fields):
                    self.write_all(files)
                    self.write("analysis-tools.yml", KINDS[language][1] + REST + "where: {keep: 1}\nlimits: {bad_records: 1}\n" + fields)
                    run = self.quern("run")
                    self.assert_run(run, status=3, result="W 49\n", says="no X here", records_dropped=50)
                    self.assertIn(lines[77], run.left("bad_records.txt"), run)
                    self.assertIn("78", run.left("bad_records.txt"), run)

    def test_a_mapper_that_dies_keeps_the_line_too(self):
        self.write("mapper.py", """
            import os
            def mapper(key, file, record):
                if record["info"]["OS"] == "X":
                    os._exit(9)
                return record["info"]["OS"], 1
            """)
        lines = [self.GOOD.replace('"keep":1', f'"keep":{number % 2}') for number in range(100)]
        lines[77] = self.GOOD.replace('"W"', '"X"')
        self.write("data/a.json", "\n".join(lines) + "\n")
        self.write("analysis-tools.yml", KINDS["python"][1] + REST + "where: {keep: 1}\nfields: [info.OS]\nlimits: {bad_records: 1}\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="W 49\n", says="set line 78 of data/a.json aside", records_dropped=50, records_bad=1)
        self.assertIn(lines[77], run.left("bad_records.txt"), run)


class Pairs(Scenario):
    def pairs(self, mapper, *lines, settings="", **expected):
        self.write("data/a.json", "".join(line + "\n" for line in lines))
        self.write("analysis-tools.yml", f"mapper: {{builtin: pairs, {mapper}}}\ninputs: [data/*]\nrecord: json\n{settings}")
        run = self.quern("run")
        self.assert_run(run, **expected)
        return run

    def test_keys_and_values_as_a_python_mapper_would_write_them(self):
        self.pairs("key: a, value: b", '{"a":"x","b":1.50}', '{"a":2,"b":"\\u00e9\\/"}', '{"a":true,"b":null}',
                   '{"a":null,"b":{"c" : [1, 2 ]}}', '{"b":1}', '{"a":1}', '{"a":["x", 1],"b":2}',
                   '{"a":true,"b":false}', result='x 1.50\n2 \u00e9/\n["x",1] 2\ntrue false\n', records_mapped=8,
                   records_without_key=2, records_without_value=2)

    def test_a_pair_for_every_element(self):
        self.pairs("key: 'a[*].t', value: 1", '{"a":[{"t":"x"},{},{"t":"y"}]}', '{"a":[]}', result="x 1\ny 1\n")
        self.pairs("key: 'a[1]', value: b", '{"a":["x","y"],"b":2}', result="y 2\n")

    def test_a_constant_that_is_text(self):
        self.pairs("key: a, value: \"one\"", '{"a":"x"}', result="x one\n")

    def test_keys_that_cannot_be_written_are_bad_records(self):
        run = self.pairs("key: a, value: 1", '{"a":"x y"}', '{"a":"x\\ny"}', '{"a":"z"}', settings="limits: {bad_records: 1}\n",
                         status=3, result="x y 1\nz 1\n", records_bad=1, says='the key "x\\ny" contains a line break')
        self.assertIn('{"a":"x\\ny"}', run.left("bad_records.txt"))

    def test_the_words_of_the_harness(self):
        lines = [json.dumps({"a": key}) for key in ("it's a \t key", "not a\n key")]
        says = []
        for mapper in ("{builtin: pairs, key: a, value: 1}", "{language: python, script: mapper.py}"):
            self.write("mapper.py", "def mapper(key, file, record):\n    return record['a'], 1\n")
            self.write("data/a.json", "".join(line + "\n" for line in lines))
            self.write("analysis-tools.yml", f"mapper: {mapper}\ninputs: [data/*]\nrecord: json\nlimits: {{bad_records: 2}}\n")
            says.append(self.quern("map", "data/a.json").left("bad_records.txt"))
        self.assertEqual(says[0], says[1])


class WrongPaths(Scenario):
    def test_are_refused_before_anything_runs(self):
        rows = [
            ("mapper: {language: python, script: mapper.py}\nfields: [a..b]\n", "fields: 'a..b' is not a path: a name is missing (character 3)"),
            ("mapper: {language: python, script: mapper.py}\nwhere: {'a[': 1}\n", "where: 'a[' is not a path: this bracket is never closed"),
            ("mapper: {builtin: pairs, key: a., value: 1}\n", "mapper.key: 'a.' is not a path"),
            ("mapper: {builtin: pairs, key: a, value: b..c}\n", "mapper.value: 'b..c' is not a path"),
        ]
        self.write("mapper.py", "def mapper(key, file, record): pass\n")
        self.write("data/a.json", "{}\n")
        for job, says in rows:
            with self.subTest(says):
                self.write("analysis-tools.yml", job + "inputs: [data/*]\n")
                self.assert_fails(self.quern("run"), says, status=2)


