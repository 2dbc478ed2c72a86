"""Where results go, and what becomes of them when there is no room or no right."""
import gzip
import os
import resource
import subprocess

from scenario import JOB, MAP_ONLY, PATIENCE_SECONDS, QUERN, TEXT, Scenario, pings

ECHO = "def mapper(key, file, record):\n    return record\n"


class Results(Scenario):
    def setUp(self):
        super().setUp()
        self.count_job()
        self.write("data/a.json", pings("WINNT", "Linux"))

    def test_standard_output(self):
        run = self.quern("run", "--output", "-")
        self.assert_run(run)
        self.assertEqual(run.stdout, "Linux 1\nWINNT 1\n", run)
        self.assertIsNone(run.result, run)
        self.assertEqual(self.quern("run", "--set", "output=-").stdout, "Linux 1\nWINNT 1\n")

    def test_a_device_gets_the_result_and_nothing_else(self):
        def time_of(path):
            return os.stat(path).st_mtime_ns if os.path.exists(path) else None

        for output in ("/dev/null", "/dev/stdout", "/proc/self/fd/1"):
            with self.subTest(output):
                before = time_of(f"{os.path.dirname(output)}/result.json")
                run = self.quern("run", "-o", output)
                self.assertEqual((run.status, run.stdout), (0, "" if output == "/dev/null" else "Linux 1\nWINNT 1\n"), run)
                self.assertEqual(time_of(f"{os.path.dirname(output)}/result.json"), before, run)
                self.assertIsNone(run.left("result.json"), run)
        self.assert_fails(self.quern("run", "-o", "/dev/null", "--set", "reducers=2", "--set", "result.parts=keep"), "cannot all go to a device", status=2)

    def test_nothing_but_the_result_is_on_standard_output(self):
        self.write("mapper.py", "print('printed')\ndef mapper(key, file, record):\n    print('printed')\n    return 'k', 1\n")
        self.assertEqual(self.quern("run", "--output", "-").stdout, "k 2\n")
        self.assertEqual(self.quern("run").stdout, "")

    def test_another_file_with_its_accounting_beside_it(self):
        os.mkdir(self.path("out"))
        run = self.quern("run", "--output", "out/counts.txt")
        self.assertEqual(run.status, 0, run)
        self.assertEqual(run.left("out/counts.txt"), "Linux 1\nWINNT 1\n", run)
        self.assertIn("out/result.json", [f"out/{name}" for name in os.listdir(self.path("out"))] + ["out"], run)
        self.assertIsNone(run.result)

    def test_an_older_result_is_replaced(self):
        self.write("result.txt", "x" * 1000)
        self.assert_run(self.quern("run"), result="Linux 1\nWINNT 1\n")

    def test_an_older_result_stays_as_it_was_when_the_run_fails(self):
        self.write("result.txt", "of last week\n")
        self.write("data/b.json", "{bad\n")
        self.assertEqual(self.quern("run").result, "of last week\n")

    def test_the_accounting_of_a_failed_run_is_written(self):
        self.write("data/b.json", "{bad\n")
        run = self.quern("run")
        self.assert_fails(run, "data/b.json")
        self.assert_adds_up(run)

    def test_an_accounting_that_cannot_be_written(self):
        """The result is there by then, and says nothing about it: so the run has failed."""
        os.makedirs(self.path("out/result.json/x"))
        run = self.quern("run", "--output", "out/result.txt")
        self.assertEqual(run.status, 1, run)
        self.assertIn("the result is complete, but its accounting is not there", run.stderr, run)
        self.assertEqual(run.left("out/result.txt"), "Linux 1\nWINNT 1\n", run)

    def test_an_accounting_that_cannot_be_written_is_not_an_earlier_one(self):
        self.assert_run(self.quern("run"))
        limit = (300, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        run = self.quern("run", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        self.assertEqual(run.status, 1, run)
        self.assertIsNone(run.accounting, run)

    def test_the_accounting_at_the_end(self):
        run = self.quern("run")
        self.assert_run(run, inputs_found=1, inputs_mapped=1, inputs_failed=0, inputs_skipped=0, records_read=2, records_mapped=2,
                        records_bad=0)
        for phrase in ("inputs", "records", "result.txt"):
            self.assertIn(phrase, run.stderr, run)

    def test_two_runs_at_once_in_one_folder(self):
        first, second = self.start("run"), self.start("run")
        for process in (first, second):
            self.assert_run(self.finish(process), result="Linux 1\nWINNT 1\n")

    def test_no_other_file_is_left(self):
        before = set(os.listdir(self.folder))
        self.assert_run(self.quern("run"))
        self.assertEqual(set(os.listdir(self.folder)) - before, {"result.txt", "result.json"})

    def test_an_input_that_is_the_result_of_the_last_run_is_not_the_result(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("data/*", "*.txt") + TEXT, "mapper.py": ECHO, "result.txt": "old\n"})
        run = self.quern("run")
        self.assertIn(run.status, (0, 2), run)
        self.assertIn(run.result, ("old\n", None), run)


class NoRoomAndNoRight(Scenario):
    def setUp(self):
        super().setUp()
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": ECHO})
        self.write("data/a.txt", ("x" * 99 + "\n") * 20_000)

    def test_a_full_disk(self):
        point = self.mount("size=1m")
        run = self.quern("run", "--output", "mounted/result.txt")
        self.assert_fails(run, "mounted/result.txt", "No space left on device; make room there (df -h, df -i), or name another place")
        self.assertLessEqual(set(os.listdir(point)), {"result.json"})

    def test_a_full_disk_for_temporary_files(self):
        point = self.mount("size=1m")
        self.write("data/b.txt", "y\n")
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: files, script: mapper.sh}\ninputs: [data/*.gz]\n")
        self.write("mapper.sh", "#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n", executable=True)
        subprocess.run(["gzip", self.path("data/a.txt")], check=True)
        run = self.quern("run", environment={"TMPDIR": point})
        self.assert_fails(run, "No space left", "make room there (df -h, df -i), or name another folder")
        self.assertEqual(os.listdir(point), [])

    def test_a_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            run = self.quern("run", "--output", "-", stdout=full)
        self.assertEqual(run.status, 1, run)
        self.assertIn("No space left on device; make room there (df -h, df -i), or name another place", run.stderr, run)

    def test_a_folder_that_cannot_be_written(self):
        self.mount("ro")
        self.assert_fails(self.quern("run", "--output", "mounted/result.txt"), "mounted/result.txt", status=1)

    def test_a_folder_that_is_not_there(self):
        run = self.quern("run", "--output", "no/such/folder/result.txt")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("no/such/folder", run.stderr, run)

    def test_a_pipe_that_nobody_reads(self):
        for name, arguments in (("result.json", []), ("pipe", ["-o", "pipe"]), ("log", ["--log", "log"])):
            with self.subTest(name):
                os.mkfifo(self.path(name))
                run = self.quern("run", *arguments)
                self.assertIn(run.status, (1, 2), run)
                self.assertIn(f"{name} is a named pipe that nobody reads", run.stderr, run)
                os.remove(self.path(name))

    def test_a_pipe_that_is_read(self):
        os.mkfifo(self.path("pipe"))
        with open(self.path("read"), "wb") as read, subprocess.Popen(["cat", self.path("pipe")], stdout=read) as reader:
            fd = os.open(self.path("pipe"), os.O_RDWR)  # so that quern does not come before its reader
            run = self.quern("run", "-o", "pipe")
            os.close(fd)
            self.assertEqual(reader.wait(PATIENCE_SECONDS), 0)
        self.assertEqual(run.status, 0, run)
        self.assertEqual(os.path.getsize(self.path("read")), 20_000 * 100)

    def test_a_name_of_a_compressed_file_compresses_the_result(self):
        plain = self.quern("run").left("result.txt", text=False)
        for name, program in (("out.gz", "gzip"), ("out.txt.zst", "zstd"), ("out.xz", "xz")):
            packed = set()
            for more in ([], ["-p", "1"], ["--memory", "16MiB"]):
                run = self.quern("run", "--output", name, *more)
                self.assertEqual(run.status, 0, run)
                self.assertNotIn("plain text", run.stderr)
                packed.add(run.left(name, text=False))
                self.assertEqual(run.accounting["bytes"]["result"], os.path.getsize(self.path(name)))
            self.assertEqual(len(packed), 1, name)
            subprocess.run([program, "-qt", self.path(name)], check=True)
            unpacked = subprocess.run([program, "-dc", self.path(name)], stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual(unpacked == plain, True, name)
        self.assertEqual(gzip.decompress(self.quern("run", "-o", "out.gz").left("out.gz", text=False)) == plain, True)

    def test_a_format_that_results_do_not_have_is_refused_before_anything_runs(self):
        self.write("mapper.py", ECHO + "def setup():\n    open('begun', 'w')\n")
        for name in ("bz2", "tbz2", "lzma", "tlz", "lz4", "br", "BR", "Z", "zip", "7z", "rar", "lz", "lzo", "tar", "tgz", "tar.gz"):
            for output in (f"out.{name}", f"s3://data/out.{name}"):
                for arguments in (["run", "-o", output], ["map", "-o", output, "data/a.txt"], ["check", "--set", f"output={output}"],
                                  ["run", "--set", f"output={output}", "--set", "reducers=2", "--set", "result.parts=keep",
                                   "--set", "reducer={builtin: count}"],
                                  ["fetch", "fN6bFGx1RbKFVGUdZrTvFA", "-o", output]):
                    with self.subTest(" ".join(arguments)):
                        run = self.quern(*arguments)
                        self.assertEqual(run.status, 2, run)
                        self.assertIn(f"output is {output}, and results are text, or compressed as .gz, .zst or .xz", run.stderr, run)
        self.assertEqual(set(os.listdir(self.folder)), {".scratch", "analysis-tools.yml", "data", "mapper.py"})

    def test_a_log_is_not_compressed(self):
        for name in ("log.gz", "log.zst", "log.bz2"):
            run = self.quern("run", "--log", name)
            self.assertEqual(run.status, 2, run)
            self.assertIn(f"--log is {name}, and the log is text", run.stderr, run)
            self.assertEqual(set(os.listdir(self.folder)) & {name, "result.txt"}, set())

    def test_an_ending_that_only_looks_like_a_format(self):
        for name in ("zip", ".zip.txt", "out.z.gz.txt", "bz2", "counts.v2"):
            self.assertEqual(self.quern("run", "-o", name).status, 0, name)

    def test_several_compressed_results(self):
        self.write("pairs.yml", "group: k\naggregate: {n: count}\nreducers: 3\nresult: {parts: keep}\ninputs: [pairs.json]\n")
        self.write("pairs.json", "".join(f'{{"k": {number}}}\n' for number in range(100)))
        run = self.quern("run", "pairs.yml", "-o", "parts.gz")
        self.assertEqual(run.status, 0, run)
        lines = b"".join(gzip.decompress(run.left(f"parts.gz.{part}", text=False)) for part in range(3)).splitlines()
        self.assertEqual(sorted(lines), sorted(f"{number} 1".encode() for number in range(100)))

    def test_a_half_that_is_compressed_is_reduced(self):
        self.write("pairs.yml", "group: k\naggregate: {n: count}\ninputs: [pairs.json]\n")
        self.write("pairs.json", '{"k": "a"}\n')
        self.assertEqual(self.quern("map", "--job", "pairs.yml", "pairs.json", "-o", "half.xz").status, 0)
        self.assert_run(self.quern("reduce", "--job", "pairs.yml", "half.xz"), result="a 1\n")

    def test_a_result_that_is_a_folder(self):
        os.mkdir(self.path("out"))
        run = self.quern("run", "--output", "out")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("out", run.stderr, run)


class StandardDescriptors(Scenario):
    """Whatever of them is closed, full or left by its reader."""

    COMMANDS = (["--help"], ["run", "--help"], ["version"], ["--version"], ["completion", "bash"], ["check"], ["doctor"],
                ["doctor", "--json"], ["run", "--output", "-"], ["map", "data/a.json", "--output", "-"], ["credentials", "keygen", "k.pem"])

    def setUp(self):
        super().setUp()
        self.count_job()
        self.write("data/a.json", pings("WINNT", "Linux"))

    def clear(self):
        for name in ("result.txt", "result.json", "k.pem", "k.pub.pem"):
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def shell(self, script, **environment):
        """The exit status of a shell's script in which $quern is quern, and what it wrote."""
        environment = self.environment({"quern": QUERN, **environment})
        return subprocess.run(["bash", "-c", script], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=False)

    def test_closed_in_any_combination(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                self.clear()
                done = self.shell(f'"$quern" run {closed}')
                self.assertEqual(done.returncode, 0, done)
                with open(self.path("result.txt"), encoding="utf-8") as result:
                    self.assertEqual(result.read(), "Linux 1\nWINNT 1\n")

    def test_closed_is_a_failure_of_what_writes_there(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                self.clear()
                done = self.shell(f'"$quern" {" ".join(command)} >&-')
                self.assertEqual(done.returncode, 1, done)

    def test_a_full_standard_output_is_a_failure_of_every_command(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                self.clear()
                with open("/dev/full", "wb") as full:
                    run = self.quern(*command, stdout=full)
                self.assertEqual(run.status, 1, run)
                self.assertIn("No space left on device", run.stderr, run)

    def test_a_full_or_closed_standard_error_changes_no_status(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                expected = self.quern(*command)
                self.clear()
                with open("/dev/full", "wb") as full:
                    run = self.quern(*command, stderr=full)
                self.assertEqual((run.status, len(run.stdout)), (expected.status, len(expected.stdout)), run)
                self.clear()

    def test_a_reader_that_has_gone_ends_every_command_quietly(self):
        for command in self.COMMANDS:
            with self.subTest(command):
                self.clear()
                reader, writer = os.pipe()
                os.close(reader)
                with open(writer, "wb") as closed:
                    run = self.quern(*command, stdout=closed)
                self.assertEqual(run.status, 141, run)
                self.assertNotIn("quern:", run.stderr, run)

    def test_the_head_of_a_large_result(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": ECHO, "data/b.txt": ("x" * 99 + "\n") * 50_000})
        done = self.shell('"$quern" run -q --output - | head -1; exit ${PIPESTATUS[0]}')
        self.assertEqual((done.returncode, done.stderr), (141, b""), done)


class MemoryLimit(Scenario):
    def test_a_job_larger_than_it_gives_the_same_result(self):
        self.write_all({"analysis-tools.yml": JOB + TEXT, "mapper.py": "def mapper(key, file, record):\n    return record, 'x' * 1000\n",
                        "reducer.py": "def reduce(key, values):\n    return key, len(values[0])\n"})
        numbers = [str(number) for number in range(60_000)]
        self.write("data/a.txt", "\n".join(numbers) + "\n")
        self.assert_run(self.quern("run", "--set", "limits.memory=16MiB"), records_mapped=60_000,
                        result="".join(f"{number} 1000\n" for number in sorted(numbers)))
