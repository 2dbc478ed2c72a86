"""What the system refuses: descriptors, threads, memory, sizes of files; and what is in the place of a file."""
import fcntl
import json
import os
import resource
import signal
import subprocess

from scenario import JOB, MAP_ONLY, PATIENCE_SECONDS, QUERN, TEXT, Scenario, pings, slow

ECHO = "def mapper(key, file, record):\n    return record\n"


def limited(limit, soft, hard=None):
    """Options of a process that begins with this limit."""
    return {"preexec_fn": lambda: resource.setrlimit(limit, (soft, soft if hard is None else hard))}


class OpenFiles(Scenario):
    def test_thousands_of_parts_need_few(self):
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k}\nreducer: {builtin: count}\nreducers: 1500\n"
                   "result: {parts: keep}\ninputs: [data/*]\nrecord: json\n")
        self.write("data/a.json", "".join(json.dumps({"k": f"k{i}"}) + "\n" for i in range(5000)))
        for command in (["run"], ["map", "data/a.json"]):
            with self.subTest(command):
                run = self.quern(*command, **limited(resource.RLIMIT_NOFILE, 256))
                self.assertEqual(run.status, 0, run)
                parts = [run.left(f"result.txt.{i}") for i in range(1500)]
                self.assertEqual(len("".join(parts).splitlines()), 5000, run)
                self.assertFalse([name for name in os.listdir(self.folder) if name.startswith(".quern")], run)

    def test_children_have_the_limit_that_quern_was_started_with(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: m.sh}\ninputs: [data/*]\n")
        self.write("m.sh", "#!/bin/sh\ncat >/dev/null\nulimit -Sn\nulimit -Hn\n", executable=True)
        self.write("data/a.txt", "a\n")
        self.assert_run(self.quern("run", **limited(resource.RLIMIT_NOFILE, 300, 500)), result="300\n500\n")

    @slow  # a sanitizer opens files of its own
    def test_too_few_are_an_error_with_its_advice_and_leave_nothing(self):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        for most in range(4, 34, 2):
            with self.subTest(most):
                run = self.quern("run", **limited(resource.RLIMIT_NOFILE, most))
                self.assertIn(run.status, (0, 1), run)
                if run.status == 1 and most > 4:
                    self.assertIn("Too many open files; let a process open more files (ulimit -n)", run.stderr, run)
        self.assert_run(self.quern("run"), result="Linux 1\n")
        self.assertEqual(os.listdir(self.scratch), [])


class Threads(Scenario):
    """Left out of the fast subset, which runs with sanitizers: these need memory that is not limited."""

    @slow
    def test_one_that_cannot_be_made_is_an_error(self):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        # A stack of this size has no place in this much memory.
        def little():
            resource.setrlimit(resource.RLIMIT_STACK, (1 << 30, 1 << 30))
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        run = self.quern("run", preexec_fn=little)
        self.assert_fails(run, "starting the thread", "lower the number of processes (-p)")
        self.assertEqual(run.accounting["exit_status"], 1, run)

    @slow
    def test_memory_that_runs_out_is_an_error(self):
        self.write_all({"analysis-tools.yml": "mapper: {builtin: pairs, key: k}\nreducer: {builtin: count}\ninputs: [data/*]\n"
                        "record: json\n", "data/a.json": "".join(f'{{"k": "{i:050}"}}\n' for i in range(200_000))})
        statuses = set()
        for mebibytes in range(60, 400, 20):
            run = self.quern("run", "-p", "1", **limited(resource.RLIMIT_AS, mebibytes << 20))
            self.assertIn(run.status, (0, 1, 127), run)
            self.assertNotIn("terminate", run.stderr, run)
            if run.status == 1:
                self.assertRegex(run.stderr, "memory|ulimit", run)
            statuses.add(run.status)
        self.assertIn(0, statuses)
        self.assertIn(1, statuses)


class SizesOfFiles(Scenario):
    def test_a_result_beyond_the_limit_says_what_to_do(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": ECHO, "data/a.txt": ("x" * 99 + "\n") * 10_000})
        run = self.quern("run", **limited(resource.RLIMIT_FSIZE, 300_000))
        self.assert_fails(run, "File too large; let files be larger (ulimit -f unlimited)")

    def test_children_die_of_it_as_ever(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: m.sh}\ninputs: [data/*]\n")
        self.write("m.sh", "#!/bin/sh\ncat >/dev/null\nsh -c 'head -c 600000 /dev/zero > big'\necho $?\n", executable=True)
        self.write("data/a.txt", "a\n")
        run = self.quern("run", **limited(resource.RLIMIT_FSIZE, 300_000))
        self.assert_run(run, result=f"{128 + signal.SIGXFSZ}\n")


class PlacesOfFiles(Scenario):
    """A FIFO that nobody writes to blocks a program that opens it."""

    def setUp(self):
        super().setUp()
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        os.mkfifo(self.path("fifo"))

    def test_a_fifo_is_refused(self):
        for arguments in (["run", "fifo"], ["check", "fifo"], ["run", "-i", "fifo"], ["run", "--manifest", "fifo"],
                          ["run", "--filter", "fifo"], ["map", "fifo"], ["reduce", "fifo"], ["doctor", "fifo"],
                          ["credentials", "open", "--key", "fifo", "x"], ["run", "--set", "mapper.script=fifo"],
                          ["watch", "fifo"], ["run", "data/a.json/fifo"]):
            with self.subTest(arguments):
                run = self.quern(*arguments)
                self.assertIn(run.status, (1, 2), run)

    def test_an_input_that_has_become_one(self):
        self.write("data/b.json", pings("Linux"))
        self.write("mapper.py", "import os, time\ndef mapper(key, file, record):\n    if not os.path.exists('/proc/self/x'):\n"
                   f"        os.remove({self.path('data/b.json')!r}) if os.path.isfile({self.path('data/b.json')!r}) else None\n"
                   "    return 'a', 1\n")
        os.remove(self.path("data/b.json"))
        os.mkfifo(self.path("data/b.json"))
        self.assertIn(self.quern("run").status, (0, 1))

    def test_a_manifest_of_a_shell(self):
        done = subprocess.run(["bash", "-c", '"$quern" run --manifest <(echo data/a.json) && cat result.txt'], cwd=self.folder,
                              env=self.environment({"quern": QUERN}), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"Linux 1\n"), done)


class LeftOvers(Scenario):
    """What a killed run has left is removed by a later one; what a live one has, never."""

    def setUp(self):
        super().setUp()
        self.count_job()
        self.write("data/a.json", pings("Linux"))

    def test_the_temporary_name_of_a_result(self):
        self.write(".quern-abcdefghij", "half a resu")
        self.write(".quern-0123456789", "of another run")
        self.write(".quern-kept", "of another kind")
        with open(self.path(".quern-0123456789"), encoding="ascii") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)
            self.assert_run(self.quern("run"), result="Linux 1\n")
        left = {name for name in os.listdir(self.folder) if name.startswith(".quern")}
        self.assertEqual(left, {".quern-0123456789", ".quern-kept"})

    def test_the_folder_of_parts(self):
        self.write("analysis-tools.yml", JOB + "reducers: 3\nresult: {parts: keep}\n")
        self.write("reducer.py", "import time\ndef reduce(key, values):\n"
                   f"    open({self.path('started')!r}, 'w').close()\n    time.sleep(1000)\n")
        process = self.start("run")
        self.wait_for_file("started")
        self.assertEqual(sum(name.startswith(".quern-") for name in os.listdir(self.folder)), 1)
        process.kill()
        self.finish(process)
        self.assert_no_process_left()
        self.count_job()
        self.assert_run(self.quern("run"), result="Linux 1\n")
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith(".quern")])

    def test_a_scratch_folder_that_was_not_locked_yet(self):
        old = os.path.join(self.scratch, "quern-abcdef")
        new = os.path.join(self.scratch, "quern-ghijkl")
        for folder in (old, new):
            os.mkdir(folder)
        self.write(".scratch/quern-abcdef/quern.lock.new", "1\n")
        os.utime(old, (1_000_000_000, 1_000_000_000))
        self.assert_run(self.quern("run"))
        self.assertEqual(os.listdir(self.scratch), ["quern-ghijkl"])
        os.rmdir(new)


