"""Ctrl-C, termination and sudden death: quern says what was done, leaves no result, and nothing outlives it."""
import fcntl
import os
import select
import signal
import sys
import termios
import threading
from subprocess import DEVNULL

from scenario import COUNT_SYSTEMS, JOB, MAP_ONLY, PATIENCE_SECONDS, SUM, TEXT, Scenario, pings, slow
from faults_test import DAEMON

SLEEPS = "    open({path!r}, 'w').close()\n    time.sleep(1000)\n"

def waiting_in(pipe):
    """How many bytes nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class Stopping(Scenario):
    def start_a_job_that_sleeps(self, imports="import time\n", job=JOB, **options):
        self.write_all({
            "analysis-tools.yml": job,
            "mapper.py": imports + "import time\ndef mapper(key, file, record):\n" + SLEEPS.format(path=self.path("started")),
            "reducer.py": SUM,
            "data/a.json": pings("Linux"),
        })
        process = self.start("run", **options)
        self.wait_for_file("started")
        return process

    def assert_stopped(self, run, status):
        self.assertEqual(run.status, status, run)
        self.assertIsNone(run.result, run)
        self.assert_no_process_left()


class PressingCtrlC(Stopping):
    def test_once_stops_cleanly_and_says_what_was_done(self):
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assert_stopped(run, 130)
        self.assertIn("stopped", run.stderr.lower(), run)
        self.assert_adds_up(run)
        self.assertEqual(run.accounting["inputs"]["mapped"], 0, run)

    def test_twice_ends_at_once_whatever_the_modules_do(self):
        process = self.start_a_job_that_sleeps("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.may_leave_scratch = True
        self.assertIn(run.status, (130, -signal.SIGINT), run)
        self.assertIsNone(run.result, run)
        self.assert_no_process_left()

    def test_while_a_pipe_gives_nothing(self):
        self.write_all({"analysis-tools.yml": JOB, "mapper.py": COUNT_SYSTEMS, "reducer.py": SUM,
                        "cat.yml": "mapper: {language: binary, interface: lines, script: cat}\n"})
        record = '{"info": {"OS": "Linux"}}\n'
        for arguments, said in ((["--stdin-records", "--key", "info.OS", "--count"], record),
                                (["--stdin-records", "--map", "r['info']['OS'], 1"], record),
                                (["--stdin-records", "--js", "--map", "r.info.OS, 1"], record), (["cat.yml", "--stdin-records"], record),
                                (["--stdin-records", "--count", "--set", "record=json-document"], "[{},"), (["-i", "-"], "name\n")):
            read, write = os.pipe()
            with open(read, "rb") as reading, open(write, "wb") as pipe:
                pipe.write(said.encode())
                pipe.flush()
                process = self.start("run", *arguments, "-o", "result.txt", stdin=reading)
                self.wait_for(lambda end=reading: not waiting_in(end), "all to be read")
                process.send_signal(signal.SIGINT)
                self.assert_stopped(self.finish(process), 130)

    def test_while_it_reduces(self):
        self.write_all({"analysis-tools.yml": JOB, "mapper.py": COUNT_SYSTEMS, "data/a.json": pings("Linux"),
                        "reducer.py": "import time\ndef reduce(key, values):\n" + SLEEPS.format(path=self.path("started"))})
        process = self.start("run")
        self.wait_for_file("started")
        process.send_signal(signal.SIGINT)
        self.assert_stopped(self.finish(process), 130)

    def test_while_a_program_ignores_the_end_of_its_input(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.sh}\ninputs: [data/*]\n")
        self.write("mapper.sh", f"#!/bin/sh\ncat\ntouch '{self.path('started')}'\nexec sleep 1000\n", executable=True)
        self.write("data/a.txt", "a\n")
        process = self.start("run")
        self.wait_for_file("started")
        process.send_signal(signal.SIGINT)
        self.assert_stopped(self.finish(process), 130)

    def test_while_a_module_loads(self):
        self.write_all({"analysis-tools.yml": JOB, "reducer.py": SUM, "data/a.json": pings("Linux"),
                        "mapper.py": f"import time\nopen({self.path('started')!r}, 'w').close()\ntime.sleep(1000)\n"})
        process = self.start("run")
        self.wait_for_file("started")
        process.send_signal(signal.SIGINT)
        self.assert_stopped(self.finish(process), 130)

    def test_in_every_command_that_starts_modules(self):
        """While a module loads, while a function works, and while an interpreter is asked which one it is."""
        started = f"open({self.path('started')!r}, 'w').close()\n"
        hangs = {"a module": ({"mapper.py": f"import time\n{started}time.sleep(1000)\n"}, ["check", "doctor", "run", "try"]),
                 "a function": ({"mapper.py": "import time\ndef mapper(key, file, record):\n" + SLEEPS.format(path=self.path("started"))}, ["try"]),
                 "an interpreter": ({"mapper.py": COUNT_SYSTEMS}, ["check", "doctor", "run", "try"])}
        self.write_all({"analysis-tools.yml": JOB, "reducer.py": SUM, "data/a.json": pings("Linux")})
        self.write("shim", f"#!/bin/sh\ntouch {self.path('started')}\nexec sleep 1000\n", executable=True)
        for what, (files, commands) in hangs.items():
            self.write_all(files)
            own = ["--set", "mapper.interpreter=./shim"] if what == "an interpreter" else []
            for command in commands:
                for number in (signal.SIGINT, signal.SIGTERM):
                    with self.subTest(f"{command}: {what}", number=number):
                        if os.path.exists(self.path("started")):
                            os.remove(self.path("started"))
                        process = self.start(command, *own)
                        self.wait_for_file("started")
                        process.send_signal(number)
                        self.assert_stopped(self.finish(process), 128 + number)
                        self.assertEqual(os.listdir(self.scratch), [])

    def test_a_module_that_hangs_while_it_loads_ends_at_the_time_limit(self):
        self.write_all({"analysis-tools.yml": JOB + "limits: {timeout: 1s, attempts: 1}\n", "reducer.py": SUM, "data/a.json": pings("Linux"),
                        "mapper.py": "import time\ntime.sleep(1000)\n"})
        for command, says in (("check", "it was not loaded within 1 s"), ("run", "made no progress for 1 s"),
                              ("try", "made no progress for 1 s"), ("doctor", None)):
            with self.subTest(command):
                run = self.quern(command)
                self.assertIn(run.status, (1, 3), run)
                self.assertIn(says or "it was not loaded within 1 s", run.stdout if command == "doctor" else run.stderr, run)

    def test_kill_while_an_interpreter_is_asked(self):
        self.write("shim", f"#!/bin/sh\ntouch {self.path('started')}\nexec sleep 1000\n", executable=True)
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        process = self.start("run", "--set", "mapper.interpreter=./shim")
        self.wait_for_file("started")
        process.kill()
        self.finish(process)
        self.may_leave_scratch = True
        self.assert_no_process_left()

    def test_an_older_result_stays_as_it_was(self):
        self.write("result.txt", "of last week\n")
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).result, "of last week\n")


class OtherSignals(Stopping):
    def test_a_termination_ends_as_ended_by_that_signal(self):
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGTERM)
        run = self.finish(process)
        self.assert_stopped(run, 128 + signal.SIGTERM)
        self.assertNotIn("Ctrl-C", run.stderr, run)

    def test_one_that_comes_when_all_is_done_changes_nothing(self):
        self.write_all({"analysis-tools.yml": "mapper: {builtin: pairs, key: os}\nreducer: {builtin: count}\ninputs: [data/*]\n",
                        "data/a.json": '{"os": "Linux"}\n'})
        for turn in range(100):
            process = self.start("run")
            while not os.path.exists(self.path("result.json")) and process.poll() is None:
                pass
            if process.poll() is None:
                threading.Event().wait(turn / 50_000)
                process.send_signal(signal.SIGTERM)
            run = self.finish(process)
            self.assertEqual(run.status, run.accounting["exit_status"], run)
            os.remove(self.path("result.json"))

    def test_a_closed_terminal(self):
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGHUP)
        run = self.finish(process)
        self.assertIn(run.status, (128 + signal.SIGHUP, -signal.SIGHUP), run)
        self.assert_no_process_left()

    def test_a_reader_of_standard_output_that_leaves(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\ninputs: [data/*]\nrecord: text\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record * 1000\n", "data/a.txt": "x" * 99 + "\n"})
        self.write("data/b.txt", ("y" * 99 + "\n") * 10_000)
        process = self.start("run", "--output", "-")
        process.stdout.read(10)
        process.stdout.close()
        process.stdout = None
        run = self.finish(process)
        self.assertEqual(run.status, 141, run)
        self.assert_no_process_left()


class IgnoredFromTheStart(Stopping):
    """As under nohup, and as of background jobs in scripts."""

    def ignoring(self, *signals):
        def ignore():
            for number in signals:
                signal.signal(number, signal.SIG_IGN)
        return {"preexec_fn": ignore}

    def test_a_signal_does_not_stop_it(self):
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = self.start_a_job_that_sleeps(**self.ignoring(number))
                process.send_signal(number)
                other = signal.SIGINT if number == signal.SIGTERM else signal.SIGTERM
                process.send_signal(other)
                self.assert_stopped(self.finish(process), 128 + other)
                os.remove(self.path("started"))

    def test_children_begin_as_quern_began(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: binary, interface: lines, script: m.sh}\ninputs: [data/*]\n",
                        "data/a.txt": "a\n"})
        self.write("m.sh", "#!/bin/sh\ncat >/dev/null\ngrep ^SigIgn /proc/self/status\n", executable=True)
        for signals in ([], [signal.SIGHUP, signal.SIGQUIT], [signal.SIGPIPE], [signal.SIGXFSZ, signal.SIGCHLD]):
            with self.subTest(signals):
                run = self.quern("run", **self.ignoring(*signals))
                expected = sum(1 << (number - 1) for number in signals if number != signal.SIGCHLD)
                self.assert_run(run)
                self.assertEqual(int(run.result.split()[1], 16), expected, run)


class AStalledReader(Stopping):
    """Nobody reads what quern writes to standard error."""

    def assert_the_second_ends_it(self, *arguments, leaves=None):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\n",
                        "mapper.py": "import sys\ndef mapper(key, file, record):\n    for i in range(100000):\n"
                                     "        print('x' * 100, file=sys.stderr)\n    return record\n"})
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        process = self.start("run", *arguments, stderr=writer)
        full = select.poll()
        full.register(writer, select.POLLOUT)
        self.wait_for(lambda: not full.poll(0) and (leaves is None or os.path.exists(self.path(leaves))), "quern to stand still")
        process.send_signal(signal.SIGTERM)
        # One that was not read yet would be the same one.
        self.wait_for(lambda: not self.is_pending(process, signal.SIGTERM), "the signal to be taken")
        process.send_signal(signal.SIGTERM)
        self.assertIn(process.wait(timeout=PATIENCE_SECONDS), (128 + signal.SIGTERM, -signal.SIGTERM))
        self.may_leave_scratch = True

    @staticmethod
    def is_pending(process, number):
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                pending = next(line for line in status if line.startswith("ShdPnd"))
        except OSError:
            return False
        return int(pending.split()[1], 16) >> (number - 1) & 1

    def test_of_plain_lines(self):
        self.assert_the_second_ends_it("-v", leaves="result.txt")

    @slow  # With the thread sanitizer, too: it keeps a handler from running while its thread waits in write().
    def test_of_events(self):
        self.assert_the_second_ends_it("--json")


class SuddenDeath(Stopping):
    def setUp(self):
        super().setUp()
        self.may_leave_scratch = True

    def assert_nothing_outlives_it(self, process):
        self.assertGreater(len(self.processes()), 1)
        process.send_signal(signal.SIGKILL)
        run = self.finish(process)
        self.assertEqual(run.status, -signal.SIGKILL, run)
        self.wait_for(lambda: not self.processes(), "all processes to be gone", seconds=20)
        self.assertIsNone(run.result, run)

    def test_its_children_go_with_it(self):
        self.assert_nothing_outlives_it(self.start_a_job_that_sleeps(stdout=DEVNULL, stderr=DEVNULL))

    def test_children_that_ignore_termination(self):
        self.assert_nothing_outlives_it(self.start_a_job_that_sleeps(
            "import signal\nfor number in (1, 2, 15):\n    signal.signal(number, signal.SIG_IGN)\n",
            stdout=DEVNULL, stderr=DEVNULL))

    def test_a_daemon_that_a_module_started(self):
        self.assert_nothing_outlives_it(self.start_a_job_that_sleeps(DAEMON + "daemon()\n", stdout=DEVNULL,
                                                                     stderr=DEVNULL))

    def test_grandchildren_of_a_program(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.sh}\ninputs: [data/*]\n")
        self.write("mapper.sh", f"#!/bin/sh\ncat >/dev/null\nsleep 1000 &\n(setsid sleep 1000 &)\ntouch '{self.path('started')}'\nsleep 1000\n",
                   executable=True)
        self.write("data/a.txt", "a\n")
        process = self.start("run", stdout=DEVNULL, stderr=DEVNULL)
        self.wait_for_file("started")
        self.assert_nothing_outlives_it(process)

    def test_the_next_run_clears_what_it_left_behind(self):
        self.assert_nothing_outlives_it(self.start_a_job_that_sleeps(stdout=DEVNULL, stderr=DEVNULL))
        self.write_all({"mapper.py": COUNT_SYSTEMS})
        self.assert_run(self.quern("run"), result="Linux 1\n")
        self.assertEqual(os.listdir(self.scratch), [])
