"""Records that take long, or wait for others, keep all children busy. No test here measures time: records wait for each
other, so that a run in which too few of them are in work would never end."""
import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scenario import Scenario, dedent, pings

REPOSITORY = Path(__file__).resolve().parents[2]

# A record ends once as many of them are in work as the job's argument says.
MEETS_PY = dedent("""
    import os, sys, time
    WANTED = int(sys.argv[1])
    def mapper(key, file, record):
        open(f"met/{record}", "w").close()
        while len(os.listdir("met")) < WANTED:
            time.sleep(0.001)
        return record, os.path.basename(file)
    """)
MEETS_JS = dedent("""
    const fs = require("fs");
    const WANTED = Number(process.argv[2]);
    const later = () => new Promise((resolve) => setTimeout(resolve, 1));
    exports.mapper = async (key, file, record) => {
        fs.writeFileSync(`met/${record}`, "");
        while (fs.readdirSync("met").length < WANTED) await later();
        return [record, file.split("/").pop()];
    };
    """)
LANGUAGES = {"python": ("mapper.py", MEETS_PY), "javascript": ("mapper.js", MEETS_JS)}


class Units(Scenario):
    def meet(self, language, wanted, more, *arguments):
        script, source = LANGUAGES[language]
        shutil.rmtree(self.path("met"), ignore_errors=True)
        Path(self.path("met")).mkdir()
        job = f"mapper: {{language: {language}, script: {script}, arguments: [{wanted}]{more}}}\n"
        self.write_all({script: source, "analysis-tools.yml": job + "inputs: [data/*]\nrecord: text\nlimits: {timeout: 20s}\n"})
        return self.quern("run", *arguments)

    def test_records_of_one_file_are_in_work_in_all_children(self):
        for language in LANGUAGES:
            with self.subTest(language):
                self.write("data/a.txt", "".join(f"{n}\n" for n in range(6)))
                run = self.meet(language, 6, "", "-p", "6")
                self.assert_run(run, result="".join(f"{n} a.txt\n" for n in range(6)))

    def test_records_of_many_files_are_in_work_in_all_children(self):
        for n in range(6):
            self.write(f"data/{n}.txt", f"{n}\n")
        run = self.meet("python", 6, "", "-p", "6")
        self.assert_run(run, result="".join(f"{n} {n}.txt\n" for n in range(6)))

    def test_one_child_works_on_several_records(self):
        self.write("data/a.txt", "".join(f"{n:03}\n" for n in range(40)))
        self.write("data/b.txt", "".join(f"{n:03}\n" for n in range(40, 80)))
        wanted = "".join(f"{n:03} {'a' if n < 40 else 'b'}.txt\n" for n in range(80))
        self.assert_run(self.meet("javascript", 60, ", concurrency: 60", "-p", "1"), result=wanted)
        # As do several children.
        self.assert_run(self.meet("javascript", 60, ", concurrency: 30", "-p", "2"), result=wanted)

    def test_a_record_that_kills_its_child_is_set_aside_and_the_others_count_once(self):
        kills = {
            "python": ("mapper.py", "import asyncio, os, quern\nasync def mapper(key, file, record):\n"
                                    "    quern.count('seen', 'records')\n    await asyncio.sleep(0)\n"
                                    "    if record == '7':\n        os._exit(3)\n    return record, 1\n"),
            "javascript": ("mapper.js", "exports.mapper = async (key, file, record) => {\n    quern.count('seen', 'records');\n"
                                        "    await null;\n    if (record === '7') process.kill(process.pid, 'SIGKILL');\n"
                                        "    return [record, 1];\n};\n"),
        }
        for language, (script, source) in kills.items():
            with self.subTest(language):
                self.write("data/a.txt", "".join(f"{n}\n" for n in range(30)))
                self.write_all({script: source, "analysis-tools.yml":
                                f"mapper: {{language: {language}, script: {script}, concurrency: 10}}\ninputs: [data/*]\n"
                                "record: text\nlimits: {bad_records: 1, processes: 2}\n"})
                run = self.quern("run")
                self.assert_run(run, status=3, result="".join(f"{n} 1\n" for n in range(30) if n != 7))
                self.assertEqual(run.accounting["counters"], {"seen": {"records": 29}})
                self.assertIn("data/a.txt:8", run.left("bad_records.txt"))

    def test_concurrency_is_for_async_functions(self):
        self.write("data/a.txt", "1\n")
        source = "def mapper(key, file, record):\n    return record, 1\n"
        self.write_all({"mapper.py": source, "analysis-tools.yml":
                        "mapper: {language: python, script: mapper.py, concurrency: 2}\ninputs: [data/*]\nrecord: text\n"})
        for command in ["run", "check"]:
            run = self.quern(command)
            self.assertNotEqual(run.status, 0)
            for words in ["mapper.concurrency is for an async function", "define it with async def"]:
                self.assertIn(words, run.stdout + run.stderr)
        self.write("analysis-tools.yml", "mapper: {language: python, script: mapper.py, interface: lines, concurrency: 2}\n"
                                         "inputs: [data/*]\nrecord: text\n")
        self.assert_fails(self.quern("run"), "mapper.concurrency is for mappers with the interface function", status=2)


class TheTruth(Scenario):
    """What the display, the events and result.json say about work, in whole runs."""
    RECORDS = 60

    def events(self):
        return [json.loads(line) for line in self.left_text("events.json").splitlines()]

    def left_text(self, name):
        return Path(self.path(name)).read_text()

    def assert_share_is_of_mapped_records(self, job, files, data):
        """`files` are scripts; each record waits a little, so that the run is seen while it is under way."""
        self.write_all({**files, **data, "analysis-tools.yml": job + "inputs: [data/*]\nrecord: text\n"})
        self.assert_run(self.quern("run", "--log", "events.json", "-p", "2"))
        shares = [(event["mapped_share"], event["records_mapped"]) for event in self.events() if event["event"] == "progress"]
        self.assertGreater(len(shares), 3)
        for share, records in shares:
            # A progress event may come between two events of one unit.
            self.assertAlmostEqual(share, records / self.RECORDS, delta=3 / self.RECORDS)
        self.assertEqual(shares[-1], (1, self.RECORDS))

    def test_the_share_is_of_records_that_are_mapped(self):
        slow = {"mapper.py": "import time\ndef mapper(key, file, record):\n    time.sleep(0.02)\n    return record, 1\n"}
        job = "mapper: {language: python, script: mapper.py}\n"
        lines = [f"{n:03}\n" for n in range(self.RECORDS)]
        self.assert_share_is_of_mapped_records(job, slow, {"data/a.txt": "".join(lines)})

    def test_the_share_of_many_small_inputs(self):
        slow = {"mapper.sh": "#!/bin/sh\nwhile read -r line; do sleep 0.02; echo \"$line 1\"; done\n"}
        self.write("mapper.sh", slow["mapper.sh"], executable=True)
        job = "mapper: {language: binary, interface: lines, script: mapper.sh, per_input: yes}\n"
        self.assert_share_is_of_mapped_records(job, {}, {f"data/{n}.txt": f"{n:03}\n" for n in range(self.RECORDS)})

    def test_what_a_run_used_and_how_it_was_called(self):
        self.count_job()
        self.write("data/a.json", pings("WINNT", "Linux"))
        run = self.quern("run", "--set", "mapper.env.TOKEN=s3cret")
        self.assert_run(run)
        books = run.accounting
        self.assertEqual(books["command"], ["quern", "run", "--set", "mapper.env.…"])
        self.assertNotIn("s3cret", self.left_text("result.json"))
        self.assertLessEqual(books["started"], books["ended"])
        self.assertTrue(books["host"] and books["quern"])
        self.assertGreater(books["bytes"]["found"], 0)
        for who in ["quern", "mapper"]:
            for what in ["processes", "cpu_seconds", "peak_memory_bytes"]:
                self.assertGreater(books["usage"][who][what], 0, f"{who} {what}")
        self.assertGreater(sum(child["count"] for child in books["units"]), 0)


class Country(BaseHTTPRequestHandler):
    """Answers once eight requests wait."""
    waiting = threading.Barrier(8)

    def do_GET(self):
        self.waiting.wait(timeout=100)
        body = b'{"country": "%s"}' % (b"FR" if self.path.endswith("1") else b"DE")
        self.send_response(404 if self.path.endswith("=3") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class WaitingForOtherMachines(Scenario):
    """The example of docs/modules.md."""

    def test_the_example_of_the_documentation(self):
        page = (REPOSITORY / "docs" / "modules.md").read_text()
        section = page[page.index("### Waiting for other machines"):]
        job, source = [re.search(rf"```{kind}\n(.*?)```", section, re.S).group(1) for kind in ("yaml", "python")]
        server = ThreadingHTTPServer(("127.0.0.1", 0), Country)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.write("data/addresses.txt", "".join(f"{n}\n" for n in range(40)))
        self.write_all({"analysis-tools.yml": job + "inputs: [data/*]\nreducer: {builtin: sum}\n",
                        "mapper.py": source.replace("8080", str(server.server_port))})
        run = self.quern("run")
        self.assert_run(run, status=3, result="DE 35\nFR 4\n")
        self.assertIn("404", run.left("bad_records.txt"))
