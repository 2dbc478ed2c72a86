"""Modules that exit, fork, hang, are killed or break the protocol: the record is known, the rest counts, nothing is left."""
import os

from scenario import COUNT_SYSTEMS, JOB, MAP_ONLY, SUM, TEXT, Scenario, dedent, pings, slow

DAEMON = dedent("""
    import os, time
    def daemon():
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            for descriptor in range(256):
                try:
                    os.close(descriptor)
                except OSError:
                    pass
            time.sleep(1000)
    """)


class PoisonRecords(Scenario):
    """One record of many makes the module do something; everything else must count."""

    def poison(self, act, more="", imports="import os, signal, sys, time"):
        self.write_all({
            "analysis-tools.yml": JOB + "limits: {bad_records: 1, timeout: 3s}\n" + more,
            "mapper.py": f"{imports}\ndef mapper(key, file, record):\n    if record['info']['OS'] == 'Poison':\n"
                         f"        {act}\n    return record['info']['OS'], 1\n",
            "reducer.py": SUM,
            "data/a.json": pings(*["Linux"] * 700, "Poison", *["WINNT"] * 300),
            "data/b.json": pings(*["Darwin"] * 500),
        })

    def assert_only_the_poison_is_lost(self, act, *phrases, **options):
        self.poison(act, **options)
        run = self.quern("run")
        self.assert_run(run, status=3, result="Darwin 500\nLinux 700\nWINNT 300\n", records_read=1501, records_mapped=1500,
                        records_bad=1, inputs_mapped=2, says=phrases)
        self.assertIn("# data/a.json:701: ", run.left("bad_records.txt"), run)
        self.assertIn('"Poison"', run.left("bad_records.txt"), run)
        os.remove(self.path("result.txt"))
        return run

    def assert_fatal_without_a_limit(self, *phrases):
        """The cause block: the input and the record, how the child ended, what quern did."""
        self.assert_fails(self.quern("run", "--set", "limits.bad_records=0"), "data/a.json", "701", *phrases)

    def test_raises(self):
        self.assert_only_the_poison_is_lost("raise ValueError('cannot take this')", "cannot take this")
        self.assert_fatal_without_a_limit("ValueError: cannot take this", "Traceback", "mapper.py")

    def test_runs_out_of_its_stack(self):
        self.assert_only_the_poison_is_lost("return mapper(key, file, record)", "RecursionError")

    def test_exits(self):
        self.assert_only_the_poison_is_lost("sys.exit(3)")
        self.assert_fatal_without_a_limit()

    def test_exits_at_once(self):
        self.assert_only_the_poison_is_lost("os.write(2, b'last words\\n'); os._exit(3)", "exit status 3")
        self.assert_fatal_without_a_limit("exit status 3", "last words")

    def test_exits_with_success(self):
        self.assert_only_the_poison_is_lost("os._exit(0)")
        self.assert_fatal_without_a_limit()

    def test_is_killed(self):
        self.assert_only_the_poison_is_lost("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL")
        self.assert_fatal_without_a_limit("SIGKILL")

    def test_crashes(self):
        self.assert_only_the_poison_is_lost("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV")
        self.assert_fatal_without_a_limit("SIGSEGV")

    def test_kills_its_own_process_group(self):
        self.assert_only_the_poison_is_lost("os.killpg(os.getpgrp(), signal.SIGKILL)", "SIGKILL")

    @slow
    def test_hangs(self):
        self.assert_only_the_poison_is_lost("time.sleep(1000)", "3")
        self.assert_fatal_without_a_limit("timeout")

    @slow
    def test_stops_itself(self):
        self.assert_only_the_poison_is_lost("os.kill(os.getpid(), signal.SIGSTOP)")

    def test_writes_half_a_frame(self):
        self.assert_only_the_poison_is_lost("os.write(501, b'QRN1' + bytes([18, 0, 0])); os._exit(0)")
        self.assert_fatal_without_a_limit()

    def test_writes_rubbish_between_frames(self):
        self.assert_only_the_poison_is_lost("os.write(501, b'x' * 100)")
        self.assert_fatal_without_a_limit("protocol")

    def test_closes_its_output(self):
        self.assert_only_the_poison_is_lost("ctypes.CDLL(None).close(501)", "closed descriptor 501", imports="import ctypes")

    def test_closes_its_input(self):
        self.poison("ctypes.CDLL(None).close(500)", imports="import ctypes")
        run = self.quern("run")
        self.assertIn(run.status, (0, 1, 3), run)
        self.assertEqual(run.result is not None, run.status in (0, 3), run)

    def test_forks_and_leaves(self):
        self.assert_only_the_poison_is_lost("if os.fork(): os._exit(0)")
        self.assert_fatal_without_a_limit()

    def test_attempts_limit_how_often_a_record_may_kill(self):
        run = self.assert_only_the_poison_is_lost("os._exit(3)", more="", imports="import os")
        self.assertGreaterEqual(run.accounting["children"]["replaced"], 1, run)

    def test_dies_when_all_is_done(self):
        """Without a teardown nothing is lost: the second question for one comes after the end of the child's input."""
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\nb\n", "mapper.py": dedent("""
            import os, signal
            questions = []
            def __getattr__(name):
                questions.extend([name] if name == "teardown" else [])
                if len(questions) == 2: os.kill(os.getpid(), signal.SIGKILL)
                raise AttributeError(name)
            def mapper(key, file, record):
                return record, 1
            """)})
        run = self.quern("run", "--set", "limits.processes=1")
        self.assert_run(run, status=0, result="a 1\nb 1\n")
        self.assertIn("nothing is lost", run.stderr, run)

    def test_dies_in_its_teardown(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\n", "mapper.py": dedent("""
            import os, signal
            def mapper(key, file, record):
                return record, 1
            def teardown():
                os.kill(os.getpid(), signal.SIGKILL)
            """)})
        self.assert_fails(self.quern("run"), "SIGKILL", "teardown")

    def test_every_record_kills(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "limits: {bad_records: 3}\n",
                        "mapper.py": "import os\ndef mapper(key, file, record):\n    os._exit(3)\n", "data/a.txt": "a\nb\nc\n"})
        self.assert_run(self.quern("run"), status=3, result="", records_bad=3)
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run", "--set", "limits.bad_records=2"), "exit status 3")


class BlocksSentAgain(Scenario):
    def test_a_child_that_dies_once_costs_nothing(self):
        self.write_all({
            "analysis-tools.yml": JOB + "limits: {processes: 2}\n",
            "mapper.py": f"import os, quern\ndef mapper(key, file, record):\n    quern.count('records', 'mapped')\n"
                         f"    if not os.path.exists({self.path('died')!r}):\n        open({self.path('died')!r}, 'w').close()\n"
                         "        os._exit(1)\n    return record['info']['OS'], 1\n",
            "reducer.py": SUM,
            "data/a.json": pings(*["Linux"] * 30_000),
        })
        run = self.quern("run")
        self.assert_run(run, status=0, result="Linux 30000\n", records_mapped=30_000, records_bad=0, says="exit status 1")
        self.assertEqual(run.accounting["counters"], {"records": {"mapped": 30_000}}, run)

    def test_a_reducer_that_dies_fails_the_job(self):
        self.count_job()
        self.write_all({"reducer.py": "import os\ndef reduce(key, values):\n    os._exit(5)\n", "data/a.json": pings("Linux")})
        self.assert_fails(self.quern("run"), "exit status 5", "reducer.py")

    def test_a_reducer_that_is_killed_fails_the_job(self):
        self.count_job()
        self.write_all({"reducer.py": "import os\ndef reduce(key, values):\n    os.kill(os.getpid(), 9)\n", "data/a.json": pings("Linux")})
        self.assert_fails(self.quern("run"), "SIGKILL", "reducer.py")

    @slow
    def test_a_reducer_that_hangs_fails_the_job(self):
        self.count_job(JOB + "limits: {timeout: 1s}\n")
        self.write_all({"reducer.py": "import time\ndef reduce(key, values):\n    time.sleep(1000)\n", "data/a.json": pings("Linux")})
        self.assert_fails(self.quern("run"), "timeout", "reducer.py")


class ChildrenThatStay(Scenario):
    """What a module leaves running must neither hold the job up nor outlive it (tearDown looks)."""

    def run_with(self, mapper):
        self.count_job()
        self.write_all({"mapper.py": mapper, "data/a.json": pings("Linux", "WINNT", "Linux")})
        run = self.quern("run")
        self.assert_run(run, result="Linux 2\nWINNT 1\n")
        return run

    def test_a_forked_copy_that_sleeps(self):
        self.run_with("import os, time\ndef mapper(key, file, record):\n    if os.fork() == 0:\n        time.sleep(1000)\n"
                      "    return record['info']['OS'], 1\n")

    def test_a_forked_copy_that_returns_as_well(self):
        self.run_with("import os\ndef mapper(key, file, record):\n    os.fork()\n    return record['info']['OS'], 1\n")

    def test_a_daemon_that_left_group_and_descriptors(self):
        self.run_with(DAEMON + "daemon()\n" + COUNT_SYSTEMS)

    @slow
    def test_a_thread_that_ignores_the_end_of_the_input(self):
        self.run_with("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n" + COUNT_SYSTEMS)

    @slow
    def test_one_that_ignores_the_end_and_a_termination(self):
        self.run_with("import atexit, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\natexit.register(time.sleep, 1000)\n"
                      + COUNT_SYSTEMS)

    def test_a_program_in_the_background(self):
        self.run_with("import subprocess\nsubprocess.Popen(['sleep', '1000'])\n" + COUNT_SYSTEMS)


class Logs(Scenario):
    def test_a_module_that_prints_without_end_does_not_block(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\n",
                        "mapper.py": "import sys\ndef mapper(key, file, record):\n    for number in range(200_000):\n"
                                     "        print('a line of log', number)\n    return record, 1\n"})
        self.assert_run(self.quern("run"), result="a 1\n")

    def test_a_log_line_without_end(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\n",
                        "mapper.py": "import os\ndef mapper(key, file, record):\n    os.write(2, b'x' * 3_000_000)\n    return record, 1\n"})
        self.assert_run(self.quern("run"), result="a 1\n")

    def test_escape_sequences_of_a_module_do_not_reach_the_terminal(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "data/a.txt": "a\n",
                        "mapper.py": "def mapper(key, file, record):\n    print('\\033[2Jcleared')\n    return record, 1\n"})
        run = self.quern("run")
        self.assert_run(run, says="cleared")
        self.assertNotIn("\033", run.stderr, run)
