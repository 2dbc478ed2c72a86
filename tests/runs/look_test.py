"""quern look: what inputs are, from a sample of them; and quern init --from, which writes a job over them."""
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile

from remote_test import Remote, stored
from scenario import Scenario, compress

RECORDS = "".join(json.dumps({"country": country, "ms": ms, "user": {"id": f"u{number}"}}) + "\n"
                  for number, (country, ms) in enumerate([("DE", 5), ("FR", 7), ("DE", None), ("DE", 100), ("FR", 2.5)]))


class Look(Scenario):
    def look(self, *arguments, status=0, says=""):
        run = self.quern("look", *arguments)
        self.assertEqual(run.status, status, run)
        self.assertIn(says, run.stdout + run.stderr, run)
        return run

    def facts(self, *arguments, status=0):
        return json.loads(self.look(*arguments, "--json", status=status).stdout)

    def rows(self, *arguments):
        """The table, by path: type, share of records and so on."""
        lines = self.look(*arguments).stdout.split("\n\n")[1].splitlines()
        return {cells[0]: cells[1:] for cells in (re.split(r"  +", line) for line in lines)}

    def test_a_file_and_the_job_that_uses_it(self):
        self.write("orders.json", RECORDS)
        run = self.look("orders.json")
        self.assertTrue(run.stdout.startswith(f"1 input, {len(RECORDS)} B stored (not compressed)\nJSON lines, 5 records\n"), run)
        self.assertEqual(self.rows("orders.json"), {
            "PATH": ["TYPE", "IN", "DISTINCT", "EXAMPLES", "SMALLEST", "LARGEST"],
            "country": ["string", "100%", "2", "DE, FR", "DE", "FR"],
            "ms": ["integer 60%, null 20%, number 20%", "100%", "4", "5, 7, 100", "2.5", "100"],
            "user.id": ["string", "100%", "5", "u0, u1, u2", "u0", "u4"]})
        job = re.search(r"counts the records of each country:\n((?:  .*\n)+)", run.stdout)[1]
        self.write("analysis-tools.yml", re.sub("^  ", "", job, flags=re.MULTILINE))
        self.assert_run(self.quern("run"), result="DE 3\nFR 2\n", records_read=5)
        # What its comment offers is right, too.
        value = re.search(r"value: 1}  # value: (\S+) adds up", job)[1]
        self.write("analysis-tools.yml", job.replace("  ", "").replace("value: 1}", f"value: {value}}}"))
        self.assert_run(self.quern("run"), result="DE 105\nFR 9.5\n", records_read=5)

    def test_each_compression(self):
        for kind in ("gz", "xz", "zst", "bz2", "lz4", "lzma", "br"):
            with self.subTest(kind=kind):
                self.write(f"{kind}/a.json.{kind}", compress(RECORDS, kind))
                facts = self.facts(kind)
                self.assertEqual((facts["compressions"], facts["records"], facts["exact"], facts["decoded_bytes"]),
                                 ({kind: 1}, 5, True, len(RECORDS)))
                self.assertEqual([path["path"] for path in facts["paths"]], ["country", "ms", "user.id"])

    def test_keys_before_records(self):
        self.write("a", "".join(f"key{number}\t{line}\n" for number, line in enumerate(RECORDS.splitlines())))
        facts = self.facts("a")
        self.assertEqual((facts["record"], facts["records"]), ("keyed-json", 5))
        self.assertIn("record: keyed-json\n", facts["job"])

    def test_names_of_all_kinds_lead_to_their_values(self):
        names = ["a.b", "it's", 'say "x"', "back\\slash", "[0]", "", "über 漢字", "new\nline", "a b", "no", "1"]
        for name in names:
            with self.subTest(name=name):
                self.write("a.json", "".join(json.dumps({"top": {name: value}}) + "\n" for value in "xyx"))
                facts = self.facts("a.json")
                self.write("analysis-tools.yml", facts["job"])
                self.assert_run(self.quern("run"), result="x 2\ny 1\n", records_read=3)
                self.assertNotIn("\x1b", self.look("a.json").stdout)

    def test_mixed_types_and_bad_lines(self):
        self.write("a", '{"v": 1}\n{"v": "x"}\n{"v": null}\n{"v": [true]}\n{"v": {"w": 1}}\n{}\n{"v": 2}\n{"v": 3}\n{"v"\n')
        facts = self.facts("a")
        self.assertEqual(facts["read"]["bad_records"], 1)
        self.assertEqual([(path["path"], path["records"], path["types"]) for path in facts["paths"]],
                         [("v", 7, {"null": 1, "integer": 3, "string": 1, "object": 1, "array": 1}),
                          ("v.w", 1, {"integer": 1}), ("v[*]", 1, {"boolean": 1})])
        self.look("a", says="1 record is not JSON; the first: ")

    def test_each_table_is_read_by_its_own_header(self):
        """As a run reads them, whatever their columns and the order of these, and if it is all they have."""
        for folder, words, delimiter in (("commas", "CSV", ","), ("tabs", "TSV", "\t"), ("semicolons", "CSV (separated by ';')", ";")):
            with self.subTest(folder):
                for number, table in enumerate(["price,town\n", "town,price\nRome,1\nBonn,2\n", "price,town\n3,Rome\n", "id,price\n7,4\n"]):
                    self.write(f"{folder}/{number}", table.replace(",", delimiter))
                self.assertNotIn("another format", self.look(folder, says=f"{words} with a header, 3 columns").stdout)
                self.assertEqual({path["path"]: path["records"] for path in self.facts(folder)["paths"]}, {"town": 3, "price": 4, "id": 1})

    def test_an_array_and_a_single_document_are_read_alike(self):
        self.write_all({"a.json": '[\n{"n": 1},\n{"n": 2}\n]\n', "b.json": '{\n"n": 3\n}\n'})
        self.assertNotIn("another format", self.look("a.json", "b.json", says="JSON documents, 3 records").stdout)

    def test_other_formats(self):
        log = '10.0.0.1 - - [10/Oct/2026:13:55:36 -0700] "GET / HTTP/1.1" 200 2326'
        rows = {"a.csv": ("town;price\nRome;1\nBonn;2\n", '{csv: {delimiter: ";"}}', "CSV (separated by ';') with a header, 2 columns"),
                "a.tsv": ("a\tb\n1\t2\n", "tsv", "TSV with a header, 2 columns"),
                "common.log": (log + "\n", "common", "lines of a web server's log (common)"),
                "combined.log": (log + ' "-" "curl/8"\n', "combined", "lines of a web server's log (combined)"),
                "array.json": ('[{"a": 1}, {"a": 2}]', "json-document", "a JSON array"),
                "pretty.json": ('{\n  "a": 1\n}\n', "json-document", "JSON documents"),
                "a.txt": ("Call me\nIshmael\n", "text", "lines of text")}
        for name, (text, record, words) in rows.items():
            with self.subTest(name=name):
                self.write(name, text)
                facts = self.facts(name)
                self.assertEqual((facts["record"], facts["format"]), (record, words))
        self.assertEqual(self.rows("a.csv")["price"], ["integer", "100%", "2", "1, 2", "1", "2"])
        self.assertEqual(self.facts("array.json")["records"], 2)

    def test_foreign_formats_are_named(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("a.json", RECORDS)
        self.write("a.zip", archive.getvalue())
        tape = io.BytesIO()
        with tarfile.open(fileobj=tape, mode="w") as file:
            file.add(self.path("a.zip"), "a.zip")
        self.write("a.tar.gz", compress(tape.getvalue(), "gz"))
        self.write("a.parquet", b"PAR1\x15\x04\x15\x10")
        for name, what in (("a.zip", "a zip archive"), ("a.tar.gz", "a tar archive"), ("a.parquet", "a Parquet file")):
            self.look(name, status=1, says=f"cannot be read: {name}: it {'holds' if 'gz' in name else 'is'} {what}")
        self.write("b.json", RECORDS)
        facts = self.facts(".")
        self.assertEqual((facts["records"], [one["input"] for one in facts["failed"]]), (5, ["./a.parquet", "./a.tar.gz", "./a.zip"]))

    def test_a_broken_file_is_named_and_the_rest_counts(self):
        self.write("data/a.json.gz", compress(RECORDS, "gz"))
        self.write("data/b.json.gz", compress(RECORDS, "gz")[:-9])
        self.write("data/c.json.gz", b"no gzip at all")
        run = self.look("data")
        self.assertIn("cannot be read: data/b.json.gz: ", run.stdout)
        self.assertIn("cannot be read: data/c.json.gz: ", run.stdout)
        self.assertIn("JSON lines, 5 records", run.stdout)
        self.assertEqual(self.facts("data/b.json.gz", status=1)["record"], None)

    def test_nothing(self):
        self.write("empty", "")
        self.write("blank", "\n\n")
        facts = self.facts("empty", "blank")
        self.assertEqual((facts["records"], facts["exact"], facts["paths"]), (0, True, []))
        self.look("empty", says="Nothing\n")
        self.look("missing", status=1, says="look: missing is not there")
        self.look("/dev/null", status=2, says="look: /dev/null is not a regular file; write its content to a file, and name that file")
        self.look(status=2, says="look: name the inputs, as in: quern look 'data/*.json.gz'")
        self.look("empty", "--records", "0", status=2, says="look: --records is '0'; it must be a number from 1 on")

    def test_few_of_many_files_are_read(self):
        os.mkdir(self.path("many"))
        for number in range(10_000):
            with open(self.path(f"many/{number:05}"), "w", encoding="utf-8") as file:
                file.write(RECORDS)
        facts = self.facts("many")
        self.assertEqual((facts["inputs"], facts["records"], facts["exact"], facts["read"]["inputs"]), (10_000, 50_000, False, 24))

    def test_a_large_file_is_read_at_several_places(self):
        line = '{"n": %07d}\n'
        with open(self.path("large"), "w", encoding="utf-8") as file:
            file.writelines(line % (1_000_000 + number) for number in range(600_000))
        facts = self.facts("large", "--records", "300")
        self.assertEqual(facts["read"]["records"], 300)
        self.assertEqual(facts["records"], 600_000)
        self.assertEqual((facts["paths"][0]["smallest"], facts["paths"][0]["largest"] > "1500000"), ("1000000", True))

    def test_names_from_elsewhere(self):
        self.write("a.json", RECORDS)
        self.write("names", "a.json\n")
        self.write("analysis-tools.yml", self.facts("--manifest", "names")["job"])
        self.assert_run(self.quern("run"), result="DE 3\nFR 2\n", records_read=5)
        facts = json.loads(self.quern("look", "-", "--json", stdin="a.json\n").stdout)
        self.assertEqual((facts["records"], "inputs" in facts["job"]), (5, False))


class LookFromAfar(Remote):
    def test_few_of_a_bucket_are_fetched(self):
        self.serve({f"e/{number:02}.json.gz": stored(compress(RECORDS, "gz")) for number in range(20)})
        run = self.remote("look", "s3://data/e/*.gz", "--json")
        self.assertEqual(run.status, 0, run)
        facts = json.loads(run.stdout)
        self.assertEqual((facts["inputs"], facts["read"]["inputs"], facts["records"], facts["exact"]), (20, 3, 100, False))
        self.assertEqual(sorted(self.s3.gets()), ["/data/e/00.json.gz", "/data/e/09.json.gz", "/data/e/19.json.gz"])
        self.assertEqual(sorted(os.listdir(self.folder)), [".scratch", "plans"])
        self.assert_no_secret(run)
        run = self.remote("look", "--bucket", "data", "e/00.json.gz")
        self.assertIn("  inputs: [s3://data/e/00.json.gz]\n", run.stdout, run)

    def test_one_that_is_refused_is_named(self):
        self.serve({"e/1.json": stored(RECORDS), "e/2.json": {**stored(RECORDS), "faults": [{"status": 403, "s3_error": "InvalidObjectState", "always": True}]}})
        run = self.remote("look", "s3://data/e/")
        self.assertIn("5 records", run.stdout, run)
        self.assertIn("cannot be read: s3://data/e/2.json: ", run.stdout, run)

    def test_a_job_over_a_bucket(self):
        self.serve({"e/1.json": stored(RECORDS)})
        self.assertEqual(self.remote("init", "job", "--from", "s3://data/e/").status, 0)
        self.assert_run(self.remote("run", "job"), result="DE\t105\nFR\t9.5\n", records_read=5)

    def test_what_is_large_is_not_fetched(self):
        self.serve({"e/1.json": stored("x" * (17 << 20))})
        run = self.remote("look", "s3://data/e/1.json")
        self.assertEqual((run.status, run.stdout), (1, ""), run)
        self.assertIn("look: each of these inputs is too large to be fetched for a look, or of unknown size", run.stderr)
        self.assertEqual(self.s3.gets(), [])


class InitFrom(Scenario):
    TESTS = {"python": [sys.executable, "-B", "test_mapper.py"], "javascript": ["node", "test_mapper.js"]}

    def init(self, *arguments, status=0, says=""):
        run = self.quern("init", *arguments)
        self.assertEqual(run.status, status, run)
        self.assertIn(says, run.stdout + run.stderr, run)
        return run

    def assert_job_works(self, folder, language, result):
        run = self.quern("run", folder)
        self.assertEqual((run.status, run.result), (0, result), run)
        command = self.TESTS[language]
        test = [*command[:-1], self.path(f"{folder}/{command[-1]}")]
        done = subprocess.run(test, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        mapper = folder + "/mapper." + ("py" if language == "python" else "js")
        with open(self.path(mapper), encoding="utf-8") as file:
            self.write(mapper, re.sub(r"return [\[]?(group|file), \w+", r'return ["wrong", 0', file.read()).replace('0\n', '0]\n'))
        done = subprocess.run(test, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertNotEqual(done.returncode, 0, "the test passes whatever the mapper returns")

    def test_a_job_over_each_kind_of_records(self):
        keyed = "".join(f"key {line}\n" for line in RECORDS.splitlines())
        odd = "".join(json.dumps({'it\'s "the" \\ name': {"": name}, "a b": number}) + "\n" for name, number in [("ü\n'\\", 1), ("ü\n'\\", 2), ("x", 4)])
        rows = {"plain": (RECORDS, "DE\t105\nFR\t9.5\n", "adds up ms for each country"),
                "keyed": (keyed, "DE\t105\nFR\t9.5\n", "adds up ms for each country"),
                "odd": (odd.replace("\\n", ""), "x\t4\nü'\\\t3\n", "adds up 'a b' for each"),
                "text": ("Call me\nIshmael\n", "../data/text.gz\t2\n", "counts the records of each input"),
                "arrays": ('[{"k": 1}]\n[{"k": 1}]\n', "../data/arrays.gz\t2\n", "counts the records of each input")}
        for language in self.TESTS:
            for name, (text, result, does) in rows.items():
                with self.subTest(language=language, name=name):
                    self.write(f"data/{name}.gz", compress(text, "gz"))
                    folder = f"{language}-{name}"
                    self.init(folder, "--from", f"data/{name}*", "--language", language, says=does)
                    self.assert_job_works(folder, language, result)

    def test_names_that_the_shell_has_expanded(self):
        self.write_all({"a.json": RECORDS, "b.json": RECORDS})
        self.init("job/below", "--from", "a.json", "b.json")
        self.assert_job_works("job/below", "python", "DE\t210\nFR\t19.0\n")
        with open(self.path("job/below/analysis-tools.yml"), encoding="utf-8") as file:
            self.assertIn("inputs:\n  - ../../a.json\n  - ../../b.json\n", file.read())

    def test_what_it_refuses(self):
        self.write("a.json", RECORDS)
        self.write("a.zip", b"PK\x03\x04....")
        self.init("job", "--from", "a.json", "--language", "binary", status=2, says="init: with --from, the language is python or javascript")
        self.init("job", "--from", "-", status=2, says="init: --from takes inputs, and not - for names")
        self.init("job", "--from", "missing", status=1, says="--from: missing is not there")
        self.init("job", "--from", "a.zip", status=1, says="init: a.zip: it is a zip archive")
        self.assertFalse(os.path.exists(self.path("job")))
        self.init("job", "--from", "a.json")
        self.init("job", "--from", "a.json", status=1, says="job/analysis-tools.yml is there already")
