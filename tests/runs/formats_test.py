"""Records that are not lines: csv, tsv, logs, JSON documents, regular expressions, texts of several lines.

What a mapper sees is compared with what Python's own csv and json modules read from the same files.
"""
import csv
import io
import json
import random

from scenario import QUERN, SUM, Scenario, compress, slow

PYTHON = {"mapper.py": """
    import json
    def mapper(key, file, record):
        assert key == ""
        return json.dumps(record)
    """}
JAVASCRIPT = {"mapper.js": "exports.mapper = (key, file, record) => JSON.stringify(record);\n"}
# A program reads each record as a line of JSON, without empty ones.
LINES = {"mapper.py": """
    import sys
    for line in sys.stdin:
        assert line.strip()
        sys.stdout.write(line)
    """}
KINDS = {
    "python": (PYTHON, "mapper: {language: python, script: mapper.py}\n"),
    "javascript": (JAVASCRIPT, "mapper: {language: javascript, script: mapper.js}\n"),
    "lines": (LINES, "mapper: {language: python, script: mapper.py, interface: lines}\n"),
}
INPUTS = "inputs: [data/*]\n"
LOG_LINE = '10.0.0.{0} - - [10/Oct/2026:13:{0:02}:36 +0000] "GET /{1} HTTP/1.1" {2} {3} "-" "Agent \\"{0}\\""\n'


class Formats(Scenario):
    def run_job(self, record, kind="python", more="", arguments=(), **options):
        files, mapper = KINDS[kind]
        self.write_all(files)
        self.write("analysis-tools.yml", f"{mapper}{INPUTS}record: {record}\n{more}")
        return self.quern("run", *arguments, **options)

    def assert_sees(self, expected, record, kinds=KINDS, **accounting):
        """Each kind of mapper sees these records in this order, wherever blocks are cut."""
        for kind in kinds:
            for block_bytes in ("", "64"):
                with self.subTest(kind, block_bytes=block_bytes):
                    run = self.run_job(record, kind, environment={"QUERN_TEST_BLOCK_BYTES": block_bytes})
                    self.assert_run(run, records_mapped=len(expected), **accounting)
                    self.assertEqual([json.loads(line) for line in run.result.splitlines()], expected, run)


class Csv(Formats):
    def draw_file(self, draw, delimiter, line_end):
        texts = ["", "a", "two words", "\u20ac\U0001f600", '"', '""', '"quoted"', ",;\t|", "x\ny", "x\r\ny", "x\ry", "\\", "\\n", " ",
                 "0", "null", "a" * 70, "'", "\x01", '{"a": 1}']
        columns = draw.randrange(1, 7)
        rows = [[draw.choice(texts) for _ in range(columns)] for _ in range(draw.randrange(40))]
        names = [f"name {number}" + draw.choice(["", '"', "\n", "\u00e4"]) for number in range(columns)]
        text = "".join(delimiter.join(self.written(field, draw, delimiter) for field in row) + line_end for row in [names] + rows)
        return text if draw.random() < 0.5 or not rows else text[: -len(line_end)]

    @staticmethod
    def written(field, draw, delimiter):
        """A field in quotes, if it needs them or by chance. (Python's csv.writer leaves a lone carriage return without.)"""
        needs_quotes = field == "" or any(special in field for special in delimiter + '"\r\n')
        return '"' + field.replace('"', '""') + '"' if needs_quotes or draw.random() < 0.3 else field

    def test_a_mapper_sees_what_pythons_csv_module_reads(self):
        draw = random.Random(38)
        for number, delimiter in enumerate(",;\t|,,"):
            expected = []
            for file in range(12):
                text = self.draw_file(draw, delimiter, draw.choice(["\n", "\r\n", "\r"]))
                expected += csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
                kind = draw.choice(["none", "gz", "zst"])
                self.write(f"data/{file:02}.csv", compress(draw.choice(["", "\ufeff"]) + text, kind))
            record = {",": "csv", "\t": "tsv"}.get(delimiter, f'{{csv: {{delimiter: "{delimiter}"}}}}')
            self.assert_sees(expected, record, KINDS if number == 0 else ["python"])

    def test_odd_quotes_are_read_as_pythons_csv_module_reads_them(self):
        draw = random.Random(39)
        for _ in range(8):
            rows = []
            for _ in range(200):
                fields = ["".join(draw.choice('ab"" ') for _ in range(draw.randrange(6))) for _ in range(3)]
                rows.append(",".join(fields) + "\n")
            # A quote that is never closed is another matter.
            text = "a,b,c\n" + "".join(row for row in rows if self.is_one_row(row))
            self.write("data/a.csv", text.encode())
            self.assert_sees(list(csv.DictReader(io.StringIO(text, newline=""))), "csv", ["python"])

    @staticmethod
    def is_one_row(row):
        return [len(fields) for fields in csv.reader(io.StringIO(row + "1,2,3\n", newline=""))] == [3, 3]

    def test_header_quote_and_names_are_settings(self):
        self.write("data/a.csv", b"1;'x;''y'\n2;\"\n")
        self.assert_sees([{"column1": "1", "column2": "x;'y"}, {"column1": "2", "column2": '"'}],
                         "{csv: {header: no, delimiter: \";\", quote: \"'\"}}", ["python"])
        self.write("data/a.csv", b'1\t"x\n')
        self.assert_sees([{"n": "1", "text": '"x'}], "{tsv: {header: [n, text], quote: none}}", ["python"])

    def test_a_table_that_is_not_read_as_one_says_how_to_see_its_format(self):
        self.write("data/a.csv", b'a;b\n1,5;2\n')
        self.assert_fails(self.run_job("csv"), "if it separates the columns, set `delimiter`", "`quern look data/a.csv` shows its format")
        self.assert_fails(self.run_job("keyed-json"), "`quern look data/a.csv` shows its format")

    def test_bad_records_are_counted_and_have_their_lines(self):
        self.write("data/a.csv", b'a,b\n1,2\n"x\ny",3\n4\n5,6,7\n8,"9\n')
        run = self.run_job("csv", more="limits: {bad_records: 3}\n")
        self.assert_run(run, status=3, records_mapped=2, records_bad=3)
        self.assertEqual([json.loads(line)["b"] for line in run.result.splitlines()], ["2", "3"])
        bad = run.left("bad_records.txt")
        self.assertIn("# data/a.csv:5: the record has 1 column instead of 2\n4\n", bad)
        self.assertIn("# data/a.csv:6: the record has 3 columns instead of 2\n5,6,7\n", bad)
        self.assertIn('# data/a.csv:7: the quote that this line opens is not closed before the input ends\n8,"9\n', bad)
        self.assert_run(self.run_job("csv", more="limits: {bad_records: 2}\n"), status=1)

    def test_a_record_that_the_module_refuses_has_its_line(self):
        self.write("data/a.csv", b'a\n"1\n2\n3"\n\nx\n')
        self.write_all({"mapper.py": "def mapper(key, file, record):\n    return int(record['a'].split()[0]), 1\n",
                        "analysis-tools.yml": KINDS["python"][1] + INPUTS + "record: csv\nlimits: {bad_records: 1}\n"})
        run = self.quern("run")
        self.assert_run(run, status=3, result="1 1\n", records_bad=1)
        self.assertIn('# data/a.csv:6: ValueError: invalid literal', run.left("bad_records.txt"))
        self.assertIn('\n{"a":"x"}\n', run.left("bad_records.txt"))

    def test_bytes_that_are_not_utf8_make_a_bad_record(self):
        rows = (("csv", b"a\ncaf\xe9\nb\n", {"a": "b"}, "2: the record is not UTF-8: column 4: byte 0xe9\ncaf\xe9\n"),
                ("tsv", b'a\tc\nb\td\n"e\nf"\t\xc3\xa9\xe9\n', {"a": "b", "c": "d"}, "3: the record is not UTF-8: line 4, column 6: byte 0xe9\n"),
                ("{regex: '(?P<a>.*)'}", b"b\nc\xe9\n", {"a": "b"}, "2: the record is not UTF-8: column 2: byte 0xe9\n"),
                ("{start: '^'}", b"b\nc\xe9\n", "b", "2: the record is not UTF-8: column 2: byte 0xe9\n"),
                ("json-document", b'[{"a": "b"}, "\xe9"]', {"a": "b"}, "2: the record is not UTF-8"))
        for kind in KINDS:
            for record, data, expected, said in rows:
                if kind == "lines" and "start" in record:  # which is for functions
                    continue
                with self.subTest(kind, record=record):
                    self.write("data/a.csv", data)
                    run = self.run_job(record, kind, more="limits: {bad_records: 1}\n")
                    self.assert_run(run, status=3, records_bad=1)
                    self.assertEqual([json.loads(line) for line in run.result.splitlines()], [expected])
                    bad = run.left("bad_records.txt", text=False)
                    self.assertIn(b"# data/a.csv:" + said.encode("latin-1"), bad)

    def test_where_does_not_find_true_among_texts(self):
        self.write("data/a.csv", "a,ok\n1,true\n2,false\n")
        for record in ("csv", "{regex: '(?P<a>.),(?P<ok>.*)'}"):
            for word in ("true", "[true, false]") + (("null",) if record == "csv" else ()):
                self.assert_fails(self.quern("run", "-i", "data/a.csv", "--count", "--set", f"record={record}", "--where", f"ok={word}"),
                                  "where: ok is true, false or null, and no value of", status=2)
            run = self.quern("run", "-i", "data/a.csv", "--count", "--set", f"record={record}", "--where", 'ok="true"', "-o", "-")
            self.assertEqual(run.stdout, "1\n", run)

    def test_where_fields_and_pairs_look_into_columns(self):
        rows = "".join(f'{number % 3},"c\n{number % 5}",{number}\n' for number in range(1000))
        self.write("data/a.csv", ("kind,city,number\n" + rows).encode())
        run = self.run_job("csv", more="fields: [number]\nwhere: {kind: \"1\"}\n")
        self.assert_run(run, records_mapped=1000, records_dropped=667)
        self.assertEqual([json.loads(line) for line in run.result.splitlines()],
                         [{"number": str(number)} for number in range(1000) if number % 3 == 1])
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: kind, value: number}\nreducer: {builtin: sum}\n"
                   + INPUTS + "record: csv\n")
        sums = [sum(range(kind, 1000, 3)) for kind in range(3)]
        self.assert_run(self.quern("run"), result="".join(f"{kind} {total}\n" for kind, total in enumerate(sums)))
        run = self.quern("run", "--set", "mapper.key=knd")
        self.assert_run(run, says="kind")

    def test_an_archive_is_a_failed_input(self):
        self.write("data/a.csv", b"PK\x03\x04 and so on\n")
        self.assert_fails(self.run_job("csv"), "a zip archive")

    def test_the_files_interface_and_further_steps_are_as_always(self):
        self.write("data/a.csv", b"a\n1\n2\n")
        self.write_all({"first.py": "def mapper(key, file, record):\n    return record['a'], 'x,y'\n",
                        "second.py": "def mapper(key, file, record):\n    return key, record\n", "reducer.py": SUM})
        self.write("analysis-tools.yml", "mapper: {language: python, script: first.py}\nrecord: csv\nreducer: {builtin: list}\n"
                   + INPUTS + "steps: [{mapper: {language: python, script: second.py}}]\n")
        self.assert_run(self.quern("run"), result='1 ["x,y"]\n2 ["x,y"]\n')


class JsonDocument(Formats):
    def draw_value(self, draw, depth=0):
        kind = draw.randrange(9 if depth < 4 else 6)
        if kind >= 6:
            values = [self.draw_value(draw, depth + 1) for _ in range(draw.randrange(4))]
            return values if kind == 8 else {f"{draw.choice(['a', 'b', chr(34), '}'])}{number}": value for number, value in enumerate(values)}
        return draw.choice([None, True, 0, -1.5, 2 ** 40, "", "]", '"', "\\", "\\\"", "a,b", "\u20ac", "{", "\n", "x" * 70])

    def test_a_mapper_sees_what_pythons_json_module_reads(self):
        draw = random.Random(40)
        for indent in (None, 1, "\t"):
            expected = []
            for file in range(10):
                values = [self.draw_value(draw) for _ in range(draw.randrange(30))]
                expected += values
                text = json.dumps(values, indent=indent, ensure_ascii=draw.random() < 0.5)
                self.write(f"data/{file}.json", compress(text.replace("\n", "\r\n") if file % 3 == 0 else text, "gz" if file % 2 else "none"))
            self.assert_sees(expected, "json-document", KINDS if indent == 1 else ["python"])

    def test_a_document_that_is_not_an_array_is_one_record(self):
        self.write("data/a.json", b'{\n  "a": [1, 2],\n  "b": "c"\n}\n')
        self.write("data/b.json", b' "text" ')
        self.write("data/c.json", b"[ ]")
        self.assert_sees([{"a": [1, 2], "b": "c"}, "text"], "json-document")

    def test_documents_follow_one_another(self):
        """Of any kind, over lines or on one, with or without blanks between them."""
        draw, expected = random.Random(24), []
        for file in range(10):
            text = ""
            for _ in range(draw.randrange(1, 40)):
                value = self.draw_value(draw)
                expected += value if isinstance(value, list) else [value]
                text += json.dumps(value, indent=draw.choice([None, 1, "\t"])) + draw.choice(["\n", " ", "\r\n\n"])
            self.write(f"data/{file}.json", compress(text, "gz" if file % 2 else "none"))
        self.assert_sees(expected, "json-document")

    def test_a_bad_element_is_a_bad_record_with_its_number(self):
        self.write("data/a.json", b'[{"a": 1}, {"a": }, {"a": 2], , {"a": 3}]')
        for kind in ("python", "javascript"):
            with self.subTest(kind):
                run = self.run_job("json-document", kind, more="limits: {bad_records: 3}\n")
                self.assert_run(run, status=3, records_mapped=2, records_bad=3)
                for number in (2, 3, 4):
                    self.assertIn(f"# data/a.json:{number}: ", run.left("bad_records.txt"))

    def test_what_is_not_a_whole_document_is_a_failed_input(self):
        rows = {"truncated": (b'[{"a": 1}, {"a"', "it ends too early, after byte 15: the JSON document that begins at byte 1"),
                "commas": (b'{"a": 1},\n{"a": 2}\n', "byte 9 is ',', after the end of a document"),
                "text": (b"hello", "it is not a JSON document: byte 1 is 'h'"), "empty": (b"", "because it is empty")}
        for name, (content, reason) in rows.items():
            with self.subTest(name):
                self.write("data/a.json", content)
                self.assert_run(self.run_job("json-document"), status=1, says=reason)
                self.write("data/b.json", b"[1]")
                run = self.run_job("json-document", more="limits: {failed_inputs: 1}\n")
                self.assert_run(run, status=3, result="1\n", inputs_failed=1, records_bad=0)

    @slow  # A sanitizer needs memory of its own.
    def test_a_large_array_needs_little_memory(self):
        element = json.dumps({"text": "x" * 1000, "list": [1] * 50}) + ",\n"
        self.write("data/a.json", ("[" + element * 100_000 + "1]").encode())
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: text}\nreducer: {builtin: count}\n" + INPUTS
                   + "record: json-document\nlimits: {processes: 1, memory: 16MiB}\n")
        limited = ("/bin/bash", "-c", 'ulimit -v 600000; exec "$0" "$@"')
        run = self.finish(self.start(QUERN, "run", program=limited))
        self.assert_run(run, result="x" * 1000 + " 100000\n", records_mapped=100_001)


class Logs(Formats):
    def test_lines_become_maps(self):
        lines = [LOG_LINE.format(number, f"p{number % 4}", 200 + number % 2, number * 10) for number in range(60)]
        self.write("data/access.log.gz", compress("".join(lines), "gz"))
        first = {"host": "10.0.0.0", "ident": None, "user": None, "time": "2026-10-10T13:00:36+00:00", "method": "GET", "path": "/p0",
                 "protocol": "HTTP/1.1", "status": 200, "bytes": 0, "referer": None, "agent": 'Agent "0"'}
        run = self.run_job("combined")
        self.assert_run(run, records_mapped=60)
        self.assertEqual(json.loads(run.result.splitlines()[0]), first)
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: path, value: bytes}\nreducer: {builtin: sum}\n" + INPUTS
                   + "record: combined\nwhere: {status: 200, time: {min: \"2026-10-10T13:30\"}}\n")
        kept = [number for number in range(30, 60) if number % 2 == 0]
        sums = {path: sum(number * 10 for number in kept if number % 4 == path) for path in (0, 2)}
        self.assert_run(self.quern("run"), result="".join(f"/p{path} {total}\n" for path, total in sums.items()))

    def test_a_line_of_another_form_is_a_bad_record(self):
        self.write("data/a.log", (LOG_LINE.format(1, "a", 200, 5) + "\nnonsense\n").encode())
        run = self.run_job("combined", more="limits: {bad_records: 1}\n")
        self.assert_run(run, status=3, records_mapped=1, records_bad=1)
        self.assertIn("# data/a.log:3: it has no host that ends with ' '\nnonsense\n", run.left("bad_records.txt"))
        self.assert_run(self.run_job("common"), status=1, says="set record: combined")


class RegularExpressions(Formats):
    def test_named_groups_become_maps(self):
        self.write("data/a.log", b"INFO 3 started\nWARN x\nDEBUG 12 \xe2\x82\xac\n")
        record = r"{regex: '^(?P<level>[A-Z]+) (?:(?P<number>\d+) )?(?P<text>.*)$'}"
        self.assert_sees([{"level": "INFO", "number": "3", "text": "started"}, {"level": "WARN", "number": None, "text": "x"},
                          {"level": "DEBUG", "number": "12", "text": "\u20ac"}], record)
        run = self.run_job(r"{regex: '^(?P<level>[A-Z]+) \d'}", more="limits: {bad_records: 1}\nwhere: {level: DEBUG}\n")
        self.assert_run(run, status=3, result='{"level": "DEBUG"}\n', records_bad=1, records_dropped=1)
        self.assertIn("# data/a.log:2: the line does not match", run.left("bad_records.txt"))

    def test_a_text_of_several_lines_begins_with_a_line_that_matches(self):
        self.write("data/a.log", b"2026-01-01 first\n2026-01-02 second\n  trace \"a\"\r\n\n  trace b\n2026-01-03 third")
        self.assert_sees(["2026-01-01 first", '2026-01-02 second\n  trace "a"\r\n\n  trace b', "2026-01-03 third"],
                         r"{start: '^\d{4}-\d\d-\d\d '}", ["python", "javascript"])
        self.write("data/a.log", b"  trace\n2026 x\n")
        run = self.run_job("{start: '^2026'}", more="limits: {bad_records: 1}\n")
        self.assert_run(run, status=3, result='"2026 x"\n', records_bad=1)

    def test_what_cannot_work_is_refused(self):
        for settings, reason in (("fields: [a]\n", "with 'start' a record is a text"), ("where: {a: 1}\n", "with 'start' a record is a text")):
            self.assert_fails(self.run_job("{start: '^x'}", more=settings), reason, status=2)
        self.assert_fails(self.run_job("{start: '^x'}", "lines"), "record is of several lines with 'start'", status=2)
        self.assert_fails(self.run_job("{regex: 'a(b'}"), 'record has regex, which is "a(b", and not a regular expression', status=2)
        run = self.run_job("{start: '^x'}", arguments=["--suggest-fields"])
        self.assert_fails(run, "--suggest-fields is for", status=2)


class TheJobFile(Formats):
    def test_check_prints_a_job_file_with_the_same_meaning(self):
        self.write("data/a.csv", b"a;b\n1;2\n")
        for record in ("json-document", "tsv", '{csv: {header: [x, "y z"], delimiter: ";"}}', r"{regex: '(?P<a>\d)\s\t\\'}"):
            with self.subTest(record):
                self.run_job(record)
                printed = self.quern("check")
                self.assert_run(printed)
                self.write("analysis-tools.yml", printed.stdout.encode())
                again = self.quern("check")
                self.assertIn("record: ", printed.stdout)
                wanted = [line.split("#")[0] for line in printed.stdout.splitlines() if line.startswith("record: ")]
                found = [line.split("#")[0] for line in again.stdout.splitlines() if line.startswith("record: ")]
                self.assertEqual(wanted, found)

    def test_the_command_line_and_the_environment_set_it(self):
        self.write("data/a.csv", b"1;2\n")
        run = self.run_job("json", arguments=["--set", 'record={csv: {header: no, delimiter: ";"}}'])
        self.assert_run(run, result='{"column1": "1", "column2": "2"}\n')
        self.run_job("json")
        self.write("analysis-tools.yml", KINDS["python"][1] + INPUTS)
        run = self.quern("run", environment={"QUERN_RECORD": "csv"})
        self.assert_run(run, result="", records_read=0)
