"""What a run shows: a live display on a terminal, plain lines on a pipe, JSON for machines."""
import json
import os
import pty
import re
import select

from scenario import Scenario, pings


class Views(Scenario):
    def setUp(self):
        super().setUp()
        self.count_job()
        self.write("data/a.json", pings(*["WINNT", "Linux"] * 1000))

    def test_a_pipe_gets_plain_lines(self):
        run = self.quern("run")
        self.assert_run(run)
        self.assertNotIn("\033", run.stderr, run)
        self.assertNotIn("\r", run.stderr, run)

    def test_quiet_says_nothing_when_all_is_well(self):
        run = self.quern("run", "--quiet")
        self.assert_run(run)
        self.assertEqual(run.stderr + run.stdout, "", run)

    def test_quiet_still_tells_of_failure(self):
        self.write("data/b.json", "{bad\n")
        self.assert_fails(self.quern("run", "--quiet"), "data/b.json")

    def test_quiet_still_tells_of_a_result_that_is_probably_wrong(self):
        """As other programs do: it hides progress and notes, not warnings."""
        self.write("result.txt.7", "a part of an earlier run\n")
        self.write("mapper.py", "def mapper(key, file, record):\n    print('said')\n    return record['info']['OS'], 1\n")
        own = ["--set", "mapper={builtin: pairs, key: info.OX}", "--set", "reducer={builtin: count}"]
        for arguments, says in ((["--set", "fields=[info.OS, info.OZ]"], "no record has info.OZ"), (own, "no record has info.OX"),
                                (own, "the result is empty"), (["--where", "info.OS=BeOS"], "the result is empty"),
                                (["--set", "where.info.OY=x"], "no record has info.OY"), ([], "result.txt.7 is next to the result"),
                                (["--set", "reducer={builtin: max}", "--set", "mapper={builtin: pairs, key: ver, value: info.OS}"],
                                 "keys without any number were compared as text")):
            with self.subTest(arguments):
                run = self.quern("run", "-q", *arguments)
                self.assertEqual(run.status, 0, run)
                self.assertRegex(run.stderr, f"(?m)^warning: .*{says}")
                self.assertTrue(all(line.startswith("warning: ") for line in run.stderr.splitlines()), run)

    def test_json_events(self):
        self.write("data/b.json", "{bad\n")
        run = self.quern("run", "--json", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3)
        lines = (run.stdout + run.stderr).splitlines()
        events = [json.loads(line) for line in lines]
        self.assertGreater(len(events), 3, run)
        self.assertTrue(all(isinstance(event, dict) and "event" in event for event in events), run)
        self.assertIn("data/b.json", run.stdout + run.stderr)

    def test_json_with_the_result_on_standard_output(self):
        run = self.quern("run", "--json", "--output", "-")
        self.assertEqual(run.stdout, "Linux 1000\nWINNT 1000\n", run)
        for line in run.stderr.splitlines():
            json.loads(line)

    def test_a_log_gets_the_events_whatever_is_shown(self):
        for number in (1, 2):
            run = self.quern("run", "--quiet", "--log", "events.jsonl")
            self.assert_run(run)
            self.assertEqual(run.stderr, "", run)
            events = [json.loads(line)["event"] for line in run.left("events.jsonl").splitlines()]
            self.assertEqual((events.count("run_started"), events.count("accounting")), (number, number), events)

    def test_verbose_shows_all_that_modules_print(self):
        self.write("mapper.py", "def mapper(key, file, record):\n    print('seen', key[:8])\n    return record['info']['OS'], 1\n")
        self.assertLess(self.quern("run").stderr.count("seen"), 100)
        self.assertEqual(self.quern("run", "--verbose").stderr.count("seen"), 2000)

    def on_a_terminal(self, *arguments, environment=None):
        """Runs quern with a terminal as standard error; returns the exit status and all that the terminal got."""
        ours, theirs = pty.openpty()
        process = self.start(*arguments, stderr=theirs, environment={"TERM": "xterm", "NO_COLOR": None, **(environment or {})})
        os.close(theirs)
        seen = b""
        while True:
            select.select([ours], [], [])
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            seen += data
        os.close(ours)
        return self.finish(process), seen.decode("utf-8", "replace")

    def test_a_terminal_gets_a_live_display_and_the_accounting(self):
        run, seen = self.on_a_terminal("run")
        self.assert_run(run, result="Linux 1000\nWINNT 1000\n")
        self.assertIn("\033[", seen)
        self.assertIn("result.txt", seen)

    def test_no_color_is_honoured(self):
        for value, coloured in ((None, True), ("1", False)):
            _, seen = self.on_a_terminal("run", environment={"NO_COLOR": value})
            colours = re.findall(r"\033\[[0-9;]*(?:3[0-7]|9[0-7])[0-9;]*m", seen)
            self.assertEqual(bool(colours), coloured, (value, seen))

    def test_a_dumb_terminal_gets_plain_lines(self):
        run, seen = self.on_a_terminal("run", environment={"TERM": "dumb"})
        self.assert_run(run)
        self.assertNotIn("\033", seen)
