"""Every compression, and what becomes of inputs that are damaged, missing or empty."""
import io
import json
import os
import subprocess
import tarfile
import unittest
import zipfile

from scenario import JOB, MAP_ONLY, ROOT, TEXT, Scenario, compress, pings

KINDS = ("none", "xz", "lzma", "gz", "zst", "bz2", "br", "lz4")
ECHO = "def mapper(key, file, record):\n    return record\n"


class Compressions(Scenario):
    def setUp(self):
        super().setUp()
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": ECHO})
        self.text = "".join(f"line {number} of many\n" for number in range(200_000))

    def test_each_by_its_magic_bytes_whatever_the_name(self):
        for kind in KINDS:
            if kind == "br":
                continue  # it has none
            with self.subTest(kind=kind):
                self.write("data/input", compress(self.text, kind))
                self.assert_run(self.quern("run"), result=self.text)

    def test_brotli_by_its_name_whatever_the_first_bytes(self):
        # A window of 24 bits and one block: the stream begins as gzip does.
        stored = subprocess.run(["brotli", "-c", "-q", "11", "-w", "24"], input=b"x" * 0x8c, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(stored[:2], b"\x1f\x8b")
        for name, data in (("data/a.txt.br", stored), ("data/b.br", compress(self.text, "br"))):
            self.write(name, data)
        self.assert_run(self.quern("run"), result="x" * 0x8c + "\n" + self.text)

    def test_each_by_setting(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.write("data/input", compress(self.text, kind))
                self.assert_run(self.quern("run", "--set", f"decompress={kind}"), result=self.text)

    def test_several_members_one_behind_the_other(self):
        for kind in ("xz", "gz", "zst", "bz2", "lz4"):
            with self.subTest(kind=kind):
                self.write("data/input", compress("one\ntw", kind) + compress("o\nthree\n", kind))
                self.assert_run(self.quern("run"), result="one\ntwo\nthree\n")

    def test_long_windows(self):
        with open(self.path("text"), "w", encoding="utf-8") as file:
            file.write(self.text)
        os.mkdir(self.path("data"))
        subprocess.run(["zstd", "-q", "--ultra", "-3", "--long=31", self.path("text"), "-o", self.path("data/a.zst")], check=True)
        self.assert_run(self.quern("run"), result=self.text)

    def test_a_setting_that_is_wrong_for_the_file_fails_it(self):
        self.write("data/a.gz", compress("one\n", "gz"))
        self.assert_fails(self.quern("run", "--set", "decompress=xz"), "data/a.gz")

    def test_none_leaves_compressed_bytes_as_they_are(self):
        self.write_all({"mapper.py": "def mapper(key, file, record):\n    return 'line'\n"})
        self.write("data/a.gz", b"\x1f\x8b\n\n")
        self.assert_run(self.quern("run", "--set", "decompress=none"), records_read=2)


class DamagedInputs(Scenario):
    """Half of the file would be complete lines: none of them may count."""

    def setUp(self):
        super().setUp()
        self.count_job(JOB + "limits: {failed_inputs: 1}\n")
        self.write("data/good.json", pings("Linux", "Linux"))
        self.many = pings(*["WINNT", "Darwin"] * 20_000)

    def assert_left_out(self, says="data/bad"):
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 2\n", says=says, inputs_found=2, inputs_mapped=1, inputs_failed=1,
                        records_mapped=2, records_bad=0)
        self.assert_fails_without_a_limit()
        return run

    @staticmethod
    def bad(kind):
        """Brotli is known by its name alone."""
        return "data/bad.br" if kind == "br" else "data/bad"

    def assert_fails_without_a_limit(self):
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run", "--set", "limits.failed_inputs=0"), "data/bad")

    def test_truncated(self):
        for kind in KINDS[1:]:
            with self.subTest(kind=kind):
                whole = compress(self.many, kind)
                self.write(self.bad(kind), whole[:len(whole) * 2 // 3])
                self.assert_left_out()
                os.remove(self.path(self.bad(kind)))

    def test_damaged_in_the_middle(self):
        # The old .lzma form has no checksum, so damage in it can go unseen.
        for kind in ("xz", "gz", "zst", "bz2", "lz4"):
            with self.subTest(kind=kind):
                damaged = bytearray(compress(self.many, kind))
                middle = len(damaged) // 2
                damaged[middle:middle + 8] = bytes(byte ^ 0xff for byte in damaged[middle:middle + 8])
                self.write("data/bad", bytes(damaged))
                self.assert_left_out()

    def test_a_wrong_checksum_at_the_end(self):
        for kind, from_end in (("gz", 8), ("gz", 4), ("bz2", 6), ("xz", 30)):
            with self.subTest(kind=kind, from_end=from_end):
                damaged = bytearray(compress(self.many, kind))
                damaged[-from_end] ^= 0x55
                self.write("data/bad", bytes(damaged))
                self.assert_left_out()

    def test_rubbish_behind_the_end(self):
        for kind in ("xz", "gz", "zst", "bz2", "br"):
            with self.subTest(kind=kind):
                self.write(self.bad(kind), compress(self.many, kind) + b"rubbish")
                self.assert_left_out()
                os.remove(self.path(self.bad(kind)))

    def test_the_reason_tells_the_offset(self):
        whole = compress(self.many, "gz")
        self.write("data/bad", whole[:len(whole) // 2])
        run = self.assert_left_out()
        self.assertRegex(run.stderr, r"data/bad.*\b\d{3,}\b", run)

    def test_not_readable_as_a_file(self):
        os.symlink("/nowhere/at/all", self.path("data/bad"))
        run = self.quern("run")
        self.assertNotEqual(run.status, 0, run)
        self.assertIn("data/bad", run.stderr, run)


def tar_of(text):
    """The bytes of a tar with one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("a.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return file.getvalue()


class WhatIsNoRecords(Scenario):
    """One failed input that says what it is and what to do, and neither bad records nor text that nobody meant."""

    MAPPERS = {
        "function": "{language: python, script: mapper.py}",
        "lines": "{language: binary, interface: lines, script: /bin/cat}",
        "pairs": "{builtin: pairs, key: a}",
    }

    def job(self, mapper, more=""):
        self.write_all({"mapper.py": "def mapper(key, file, record):\n    return 1, record\n", "analysis-tools.yml": f"mapper: {self.MAPPERS[mapper]}\ninputs: [data/*]\n{more}"})

    def assert_refused(self, *says):
        run = self.quern("run", "--set", "limits.failed_inputs=1")
        self.assert_run(run, status=3, says=["data/bad", *says], inputs_failed=1, records_bad=0, records_read=1)
        self.assertEqual(len(run.accounting["failed_inputs"][0]["reason"].splitlines()), 1)
        self.assert_run(self.quern("run"), status=1, says=["data/bad", *says])

    def test_archives_and_tables_in_all_kinds_of_records(self):
        tar = tar_of('{"a": 1}\n' * 1000)
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("a.json", '{"a": 1}\n' * 1000)
        for name, content in {"zip": zipped.getvalue(), "tar": tar, "tar, ": compress(tar, "gz"), "Parquet": b"PAR1\x15\x04\x15\x10" + b"x" * 99,
                              "UTF-16": '{"a": 1}\n'.encode("utf-16"), "compressed twice": compress(compress('{"a": 1}\n', "xz"), "gz")}.items():
            for mapper, record in (("function", "keyed-json"), ("lines", "text"), ("pairs", "json"), ("function", "text")):
                with self.subTest(name=name, mapper=mapper, record=record):
                    self.write_all({"data/a.json": '{"a": 1}\n', "data/bad": content})
                    self.job(mapper, f"record: {record}\n")
                    self.assert_refused(name.split(",")[0], "; ")

    def test_none_and_files_take_them_as_they_are(self):
        self.write("data/a.tar.gz", compress(tar_of("x\n"), "gz"))
        self.write("mapper.sh", "#!/bin/sh\nwhile read -r name; do tar -tf \"$name\"; done\n", executable=True)
        self.write("analysis-tools.yml", "mapper: {language: binary, script: mapper.sh}\ninputs: [data/*]\n")
        self.assert_run(self.quern("run"), result="a.json\n")
        self.write("data/a.tar.gz", tar_of("x\n"))
        self.job("lines", "decompress: none\nrecord: text\n")
        self.assert_run(self.quern("run"), inputs_mapped=1)

    def test_json_that_is_not_one_record_a_line(self):
        records = [{"a": number} for number in range(3)]
        for content, advice in ((json.dumps(records, indent=1), "jq -c '.[]'"), (json.dumps(records), "jq -c '.[]'"),
                                (json.dumps({"a": 1}, indent=1), "jq -c ."),
                                ("[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n", "jq -c '.[]'"),
                                ("[\n" + ('{"a": "' + "x" * 90 + '"},\n') * 20_000, "jq -c '.[]'"),
                                (json.dumps([{"a": "x" * 100}] * 20_000), "jq -c '.[]'"),
                                (json.dumps([{"a": "x" * 100}] * 20_000) + "\n", "jq -c '.[]'")):
            for mapper in ("function", "pairs"):
                with self.subTest(content=content[:20], mapper=mapper):
                    self.write_all({"data/a.json": '{"a": 1}\n', "data/bad": content})
                    self.job(mapper, "record: json\n")
                    self.assert_refused(advice)

    def test_arrays_and_bad_records_are_no_documents(self):
        self.job("function", "record: json\nlimits: {bad_records: 9}\n")
        self.write("mapper.py", "def mapper(key, file, record):\n    return len(record), file\n")
        for content, mapped, bad in (('[1, 2]\n[3, 4]\n', 2, 0), ('[{"a": 1}, {"a": 2}]\n[{"a": 1}]\n', 2, 0), ('[1, 2]\n', 1, 0),
                                     ('{"a": 1\n{"a": 2}\n', 1, 1), ('{bad\n{"a": 1}\n', 1, 1), ('[\n{"a": 1}\n{"b": 1}\n', 2, 1)):
            with self.subTest(content=content):
                self.write("data/a.json", content)
                self.assert_run(self.quern("run"), status=3 if bad else 0, records_mapped=mapped, records_bad=bad, inputs_failed=0)

    def test_a_compressed_file_of_no_bytes(self):
        self.job("function", "record: text\n")
        self.write("data/a.txt", "x\n")
        for kind in KINDS[1:-1]:
            with self.subTest(kind=kind):
                self.write(f"data/b.{kind}", "")
                run = self.quern("run", "--set", "limits.failed_inputs=1")
                self.assert_run(run, status=3, result="1 x\n", says=[f"data/b.{kind}", "the file is empty"], inputs_failed=1)
                self.assert_run(self.quern("run", "--set", "decompress=none"), result="1 x\n", inputs_mapped=2)
                os.rename(self.path(f"data/b.{kind}"), self.path("data/empty"))
                self.assert_run(self.quern("run"), result="1 x\n", inputs_mapped=2)
                self.assert_run(self.quern("run", "-i", "data/empty", "--set", f"decompress={kind}"), status=1, says="the file is empty")
                os.remove(self.path("data/empty"))


class InputsThatShrink(Scenario):
    """As under logrotate's copytruncate: b.txt loses what it had while a.txt is read."""

    WAIT = "touch {0}/begun; while [ ! -e {0}/go ]; do sleep 0.01; done"
    MAPPERS = {
        "{language: python, script: mapper.py}": "function",
        "{language: binary, interface: lines, script: lines.sh, per_input: true}": "lines",
        "{language: binary, script: files.sh, per_input: true}": "files",
    }

    def shrink(self, mapper, content, left):
        for name in ("begun", "go"):
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))
        wait = self.WAIT.format(self.folder)
        record = "" if self.MAPPERS[mapper] == "files" else TEXT
        # More than waits between a decoder and a child, so that a.txt is not read to its end before the child goes on.
        lines = 40_000 if self.MAPPERS[mapper] == "function" else 1
        self.write_all({
            "analysis-tools.yml": f"mapper: {mapper}\ninputs: [data/*]\n{record}limits: {{processes: 1, failed_inputs: 1}}\n",
            "mapper.py": f"import subprocess\ndef setup():\n    subprocess.run({wait!r}, shell=True)\ndef mapper(key, file, record):\n    return file\n",
            "data/a.txt": ("a" * 999 + "\n") * lines, "data/b.txt": content})
        self.write("lines.sh", f"#!/bin/sh\n{wait}\nsort -u\n", executable=True)
        self.write("files.sh", f"#!/bin/sh\n{wait}\nwhile read -r name; do sort -u \"$name\"; done\n", executable=True)
        process = self.start("run")
        self.wait_for_file("begun")
        os.truncate(self.path("data/b.txt"), left)
        self.write("go", "")
        return self.finish(process)

    def test_is_a_failed_input(self):
        for mapper, name in self.MAPPERS.items():
            for left in (0, 7_000):
                with self.subTest(mapper=name, left=left):
                    run = self.shrink(mapper, "b\n" * 40_000, left)
                    self.assert_run(run, status=3, says=["data/b.txt", "shrank while it was read"], inputs_failed=1, inputs_mapped=1)
                    self.assertNotIn("b", run.result)

    def test_also_at_the_end_of_a_compressed_member(self):
        member = compress("b\n" * 50_000, "gz")
        mapper = next(iter(self.MAPPERS))
        run = self.shrink(mapper, member * 300, len(member))
        self.assert_run(run, status=3, says="shrank while it was read", inputs_failed=1)


class TheAccounting(Scenario):
    def test_of_corrupt_missing_empty_and_good_inputs_adds_up(self):
        self.count_job(JOB.replace("inputs: [data/*]", "manifest: files.txt") + "limits: {failed_inputs: 5, bad_records: 5}\n")
        whole = compress(pings(*["WINNT"] * 30_000), "gz")
        self.write_all({
            "data/1-good.json": pings(*["Darwin"] * 3),
            "data/2-corrupt.gz": whole[:-3],
            "data/4-empty": "",
            "data/5-empty.gz": compress("", "gz"),
            "data/6-good.xz": compress(pings("Linux") + "{not json\n" + "\n" + pings("WINNT"), "xz"),
            "data/7-only-line-ends": "\n\n\n",
        })
        names = [*os.listdir(self.path("data")), "3-missing.json"]
        self.write("files.txt", "".join(f"data/{name}\n" for name in names))
        run = self.quern("run")
        self.assert_run(run, status=3, result="Darwin 3\nLinux 1\nWINNT 1\n", says=["data/2-corrupt.gz", "data/3-missing.json"],
                        inputs_found=7, inputs_mapped=5, inputs_failed=2, inputs_skipped=0, records_read=6, records_mapped=5,
                        records_bad=1)
        self.assertIn("# data/6-good.xz:2: ", run.left("bad_records.txt"), run)

    def test_a_file_that_was_named_and_is_not_there(self):
        self.count_job()
        self.write("data/good.json", pings("Linux"))
        run = self.quern("run", "-i", "data/good.json", "-i", "data/missing.json")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("data/missing.json", run.stderr, run)
        self.assertIsNone(run.result, run)

    def test_only_empty_inputs_give_an_empty_result(self):
        self.count_job()
        self.write_all({"data/a": "", "data/b.gz": compress("", "gz")})
        self.assert_run(self.quern("run"), result="", inputs_mapped=2, records_read=0)

    def test_the_last_line_need_not_end(self):
        self.count_job()
        self.write_all({"data/a": pings("Linux", "WINNT")[:-1], "data/b": pings("Linux")})
        self.assert_run(self.quern("run"), result="Linux 2\nWINNT 1\n", records_read=3)

    def test_line_ends_of_windows(self):
        self.count_job()
        self.write("data/a", pings("Linux", "WINNT").replace("\n", "\r\n"))
        self.assert_run(self.quern("run"), result="Linux 1\nWINNT 1\n", records_read=2)


TELEMETRY = os.path.join(os.path.dirname(ROOT), "shared/data/telemetry")


@unittest.skipUnless(os.path.isdir(TELEMETRY), "the two real files of Firefox telemetry are not beside this checkout")
class RealTelemetry(Scenario):
    def test_counts_operating_systems_in_the_old_lzma_form(self):
        run = self.quern("run", os.path.join(ROOT, "examples/os-count"), "-i", TELEMETRY)
        self.assert_run(run, result="WINNT 5\n", inputs_found=2, inputs_mapped=2, records_mapped=5)
