"""quern map and quern reduce as the tasks of a job, against the fake deployment; tasks and their artifacts are put there by hand."""
import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile

from deployment import QUEUE, Deployed

import hawk  # beside the servers, where deployment.py lets it be found
from remote_test import Server, stored
from scenario import Run, compress, dedent
from taskcluster_terms import slugid

PREFIX = "public/quern"
LINES = 600
FILES = 5

MAPPER = dedent("""
    import quern
    def mapper(key, file, record):
        if record == "bad":
            raise ValueError("it is bad")
        word, number = record.split(" ")
        quern.count("words", word[:5])
        return word, number
    """)
# The order of values shows.
REDUCER = dedent("""
    def reduce(key, values):
        return f"{key} {len(values)} " + "|".join(values)
    """)
PRINT_SECRETS = dedent("""
    import os
    def mapper(key, file, record):
        return sorted(name for name in os.environ if name.startswith(("CREDENTIALS", "TASKCLUSTER_"))) or "none", 1
    """)


class InTask(Deployed):
    def setUp(self):
        super().setUp()
        self.group = None
        # Without signatures, as it is asked through the proxy of a task, which it plays.
        self.deploy(anonymous=["*"], wait_seconds=0)
        for number in range(FILES):
            self.write(f"data/{number}", "".join(f"word{line * 7 % 90} {number}.{line}\n" for line in range(LINES)))

    def job(self, more="", reducer="{language: python, script: reducer.py}"):
        self.write_all({"job/mapper.py": MAPPER, "job/reducer.py": REDUCER, "job/secrets.py": PRINT_SECRETS})
        reducer = f"reducer: {reducer}\n" if reducer else ""
        self.write("job/analysis-tools.yml", "mapper: {language: python, script: mapper.py}\nrecord: text\n" + reducer + more)

    def packed_job(self):
        """As docs/formats/job-pack.md has it."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name in sorted(os.listdir(self.path("job"))):
                archive.add(self.path(f"job/{name}"), arcname=name)
        path = self.write("job.tar", tar.getvalue())
        packed = subprocess.run(["zstd", "-q", "-c", path], stdout=subprocess.PIPE, check=True).stdout
        return base64.b64encode(packed).decode()

    # Tasks

    def task(self, *command, name, needs=(), status=0, environment=None, spoil=None):
        """Runs one in a folder of its own, as a worker would: its id. `spoil` changes what it leaves in a folder."""
        task_id = self.create(list(command), group=self.group, dependencies=list(needs), requires="all-resolved", name=f"count: {name}",
                              tags={"quern-job": "count"})
        self.group = self.group or task_id
        self.last = self.run_again(task_id, command, needs, environment or {}, spoil)
        self.assertEqual(self.last.status, status, self.last)
        return task_id

    def claim(self, task_id):
        claims = self.client.call("POST", f"queue/v1/claim-work/{QUEUE}", {"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
        self.assertEqual([claim["status"]["taskId"] for claim in claims], [task_id])
        return claims[0]["runId"]

    def run_again(self, task_id, command, needs=(), environment=None, spoil=None):
        run_id = self.claim(task_id)
        folder = self.path(f"work/{task_id}-{run_id}")
        os.makedirs(folder)
        own = {"QUERN_ARTIFACTS": "artifacts", "QUERN_ARTIFACT_PREFIX": PREFIX, "QUERN_OUTPUT": "result.txt", "QUERN_JOB": self.packed_job(),
               "INPUT_TASK_IDS": " ".join(needs), "TASK_ID": task_id, "RUN_ID": str(run_id), "TASKCLUSTER_ROOT_URL": self.tc.url,
               "TASKCLUSTER_PROXY_URL": self.tc.url}
        run = self.quern(*command, folder=folder, environment={**own, **(environment or {})})
        run = Run(run.arguments, run.status, run.stdout_bytes, run.stderr.encode(), folder)
        if spoil is not None:
            spoil(os.path.join(folder, "artifacts"))
        self.upload(task_id, run_id, os.path.join(folder, "artifacts"))
        what = {0: ("completed", {}), 75: ("exception", {"reason": "intermittent-task"})}.get(run.status, ("failed", {}))
        self.client.call("POST", f"queue/v1/task/{task_id}/runs/{run_id}/{what[0]}", what[1])
        return run

    def upload(self, task_id, run_id, folder):
        expires = self.status(task_id)["expires"]
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            kind = "application/json" if name.endswith(".json") else "application/octet-stream"
            given = {"storageType": "s3", "expires": expires, "contentType": kind}
            answer = self.client.call("POST", f"queue/v1/task/{task_id}/runs/{run_id}/artifacts/{PREFIX}/{name}", given)
            with open(os.path.join(folder, name), "rb") as file:
                headers = {"Content-Type": kind}
                status, _, _ = hawk.send_with_patience(answer["putUrl"], "PUT", lambda given=headers: given, file.read())
                self.assertLess(status, 300)

    def maps(self, loads=((0, 1), (2,), (3, 4)), **more):
        return [self.task("map", "--", *[self.path(f"data/{number}") for number in load], name=f"map {place}/{len(loads)}", **more)
                for place, load in enumerate(loads, 1)]

    def final(self, *command, **more):
        more["environment"] = {"QUERN_FINAL": "1", **more.get("environment", {})}
        return self.task(*command, **more)

    def left(self, task_id, name, run=0):
        with open(self.path(f"work/{task_id}-{run}/artifacts/{name}"), "rb") as file:
            return file.read()

    def result(self, task_id, name="result.txt"):
        return subprocess.run(["zstd", "-q", "-d", "-c"], input=self.left(task_id, name + ".zst"), stdout=subprocess.PIPE, check=True).stdout

    def report(self, task_id, run=0):
        return json.loads(self.left(task_id, "task.json", run))

    def whole(self, *arguments):
        inputs = [part for number in range(FILES) for part in ("-i", self.path(f"data/{number}"))]
        run = self.quern("run", "job", *inputs, "-o", "whole.txt", *arguments)
        self.assertIn(run.status, (0, 3), run)
        return run

    def assert_is_the_whole(self, task_id, *arguments, name="result.txt"):
        whole = self.whole(*arguments).left("whole.txt", text=False)
        self.assertGreater(len(whole), 100)
        self.assertTrue(self.result(task_id, name) == whole, self.last)
        ours = json.loads(self.left(task_id, "result.json"))
        with open(self.path("result.json"), encoding="utf-8") as file:
            theirs = json.load(file)
        for part in ("inputs", "records", "groups", "counters", "status"):
            self.assertEqual(ours[part], theirs[part], part)


class Kinds(InTask):
    def test_maps_and_a_reduce(self):
        for reducer in ("{language: python, script: reducer.py}", "{builtin: sum}", "{builtin: count}", "{builtin: 'top:3'}"):
            with self.subTest(reducer):
                self.group = None
                self.job(reducer=reducer)
                maps = self.maps()
                report = self.report(maps[0])
                self.assertEqual((report["kind"], [part["name"] for part in report["parts"]]), ("map", ["result.txt.zst"]))
                part = self.left(maps[0], "result.txt.zst")
                self.assertEqual((report["parts"][0]["bytes"], report["parts"][0]["sha256"]), (len(part), hashlib.sha256(part).hexdigest()))
                self.assert_is_the_whole(self.final("reduce", name="reduce", needs=maps))
                self.assertEqual(self.report(maps[0])["accounting"]["inputs"]["mapped"], 2)

    def test_keys_may_contain_the_separator(self):
        """However the job is cut into tasks, and whether maps combine or a further step follows."""
        mapper = "def mapper(key, file, record):\n    word, number = record.split(' ')\n    return word.replace('r', '::')[:-1] + ':', number\n"
        step = "steps:\n  - {mapper: {language: python, script: same.py}, reducer: {language: python, script: reducer.py}}\n"
        reducer = "def reduce(key, values):\n    return [(key + ':', value) for value in values]\n"
        rows = [("", "{language: python, script: reducer.py}", 1), ("", "{builtin: list}", 3), ("", "{builtin: sum}", 3),
                ("combiner: {builtin: max}\n", "{language: python, script: reducer.py}", 1), (step, "{language: python, script: reducer.py}", 1),
                (step, "", 1)]
        for more, reducer_line, reducers in rows:
            with self.subTest(more=more, reducer=reducer_line):
                self.group = None
                self.job(more + f"separator: '::'\nreducers: {reducers}\n", reducer=reducer_line)
                self.write_all({"job/mapper.py": mapper, "job/reducer.py": reducer, "job/same.py": "def mapper(key, file, record):\n    return key, record\n"})
                needs = self.maps()
                self.assertEqual(self.report(needs[0])["parts"][0]["form"], "pairs")
                needs = [self.task("reduce", "--merge", name="merge 1/2", needs=needs[:2]),
                         self.task("reduce", "--merge", name="merge 2/2", needs=needs[2:])]
                if reducers == 1:
                    self.assert_is_the_whole(self.final("reduce", name="reduce", needs=needs))
                    continue
                reduces = [self.task("reduce", name=f"reduce {part}/3", needs=needs, environment={"QUERN_PARTITION": str(part)}) for part in range(3)]
                self.assert_is_the_whole(self.final("reduce", "--collect", name="collect", needs=reduces))

    def test_text_is_not_taken_for_pairs(self):
        def spoil(folder):
            path = os.path.join(folder, "task.json")
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
            del report["parts"][0]["form"]
            with open(path, "w", encoding="utf-8") as file:
                json.dump(report, file)

        self.job()
        maps = self.maps(((0, 1), (2, 3, 4)), spoil=spoil)
        self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertRegex(self.last.stderr, r"count: map \d/2 \(.*result.txt.zst holds lines of text.*needs pairs; submit the job again")

    def test_a_part_of_another_version_is_refused(self):
        for version in (None, 1, 3):
            with self.subTest(version=version):
                def spoil(folder, version=version):
                    path = os.path.join(folder, "task.json")
                    with open(path, encoding="utf-8") as file:
                        report = json.load(file)
                    self.assertEqual(report["parts"][0].pop("version"), 2)
                    if version:
                        report["parts"][0]["version"] = version
                    with open(path, "w", encoding="utf-8") as file:
                        json.dump(report, file)

                self.group = None
                self.job()
                maps = self.maps(((0, 1), (2, 3, 4)), spoil=spoil)
                self.final("reduce", name="reduce", needs=maps, status=1)
                self.assertRegex(self.last.stderr, rf"count: map \d/2 \(.*result.txt.zst holds pairs in version {version or 1} of their "
                                                   r"form, as quern \S+ wrote it.* needs version 2; submit the job again")

    def test_parts_have_a_state_for_each_key(self):
        """One pair of two lines, whatever number of records it stands for."""
        text = 'def mapper(key, file, record):\n    word, number = record.split(" ")\n    return word, number if number[-1] != "7" else "text"\n'
        for reducer, reducers, more, mapper in (("{builtin: count}", 1, "", MAPPER), ("{builtin: mean}", 1, "", MAPPER), ("{builtin: mean}", 3, "", MAPPER),
                                                ("{builtin: mean}", 1, "limits: {bad_records: 2000}\n", text)):
            with self.subTest(reducer=reducer, reducers=reducers, more=more):
                self.group = None
                self.job(f"reducers: {reducers}\n{more}", reducer=reducer)
                self.write("job/mapper.py", mapper)
                maps = self.maps()
                merges = [self.task("reduce", "--merge", name="merge 1/2", needs=maps[:2]), self.task("reduce", "--merge", name="merge 2/2", needs=maps[2:])]
                for task in maps + merges:
                    parts = self.report(task)["parts"]
                    self.assertEqual([(part["form"], part["version"]) for part in parts], [("states", 2)] * reducers)
                    self.assertLessEqual(sum(len(self.result(task, part["name"][:-4]).splitlines()) for part in parts), 2 * 90)
                if reducers == 1:
                    self.assert_is_the_whole(self.final("reduce", name="reduce", needs=merges))
                    continue
                reduces = [self.task("reduce", name=f"reduce {part}/3", needs=merges, environment={"QUERN_PARTITION": str(part)}) for part in range(3)]
                self.assert_is_the_whole(self.final("reduce", "--collect", name="collect", needs=reduces))

    def test_dependencies_are_the_inputs_where_no_others_are_named(self):
        self.job()
        maps = self.maps()
        self.assert_is_the_whole(self.final("reduce", name="reduce", needs=maps, environment={"INPUT_TASK_IDS": ""}))

    def test_merges_between(self):
        for reducer in ("{language: python, script: reducer.py}", "{builtin: sum}", "{builtin: unique}", ""):
            with self.subTest(reducer):
                self.group = None
                self.job(reducer=reducer)
                maps = self.maps()
                merges = [self.task("reduce", "--merge", name="merge 1/2", needs=maps[:2]),
                          self.task("reduce", "--merge", name="merge 2/2", needs=maps[2:])]
                self.assertEqual(self.report(merges[0])["accounting"]["inputs"]["found"], 3)
                command = ["reduce"] if reducer else ["reduce", "--collect"]
                self.assert_is_the_whole(self.final(*command, name="last", needs=merges))

    def test_a_merge_combines_what_can_be_combined(self):
        self.job(reducer="{builtin: sum}")
        merge = self.task("reduce", "--merge", name="merge", needs=self.maps())
        self.assertLessEqual(len(self.result(merge).splitlines()), 4 * 90)  # a pair is two lines

    def test_several_reducers_and_a_collect(self):
        for merged in (False, True):
            with self.subTest(merged):
                self.group = None
                self.job("reducers: 3\n")
                needs = self.maps()
                self.assertEqual(len(self.report(needs[0])["parts"]), 3)
                if merged:
                    needs = [self.task("reduce", "--merge", name="merge 1/2", needs=needs[:2]),
                             self.task("reduce", "--merge", name="merge 2/2", needs=needs[2:])]
                reduces = [self.task("reduce", name=f"reduce {part}/3", needs=needs, environment={"QUERN_PARTITION": str(part)}) for part in range(3)]
                self.assertEqual([one["name"] for one in self.report(reduces[2])["parts"]], ["part.2.zst"])
                self.assert_is_the_whole(self.final("reduce", "--collect", name="collect", needs=reduces))

    def test_parts_that_are_kept(self):
        self.job("reducers: 3\nresult: {parts: keep}\n")
        maps = self.maps()
        reduces = [self.task("reduce", name=f"reduce {part}/3", needs=maps, environment={"QUERN_PARTITION": str(part)}) for part in range(3)]
        final = self.final("reduce", "--collect", name="collect", needs=reduces)
        whole = self.whole()
        for part in range(3):
            self.assertTrue(self.result(reduces[part], f"result.txt.{part}") == whole.left(f"whole.txt.{part}", text=False))
        self.assertEqual(self.report(final)["parts"], [])
        self.assertEqual(json.loads(self.left(final, "result.json"))["inputs"]["mapped"], FILES)
        self.assertEqual(json.loads(self.left(final, "result.json"))["groups"]["reduced"], 90)

    def test_without_a_reducer(self):
        self.job(reducer="")
        maps = self.maps()
        self.assert_is_the_whole(self.final("reduce", name="collect", needs=maps))

    def test_further_steps_are_done_by_the_reduce(self):
        step = "steps:\n  - mapper: {language: binary, script: /usr/bin/tac, interface: lines}\n    reducer: {builtin: count}\n"
        for reducer in ("{language: python, script: reducer.py}", ""):
            with self.subTest(reducer):
                self.group = None
                self.job("reducers: 3\n" + step, reducer=reducer)
                environment = {"QUERN_REDUCERS": "1"}
                maps = self.maps(environment=environment)
                self.assert_is_the_whole(self.final("reduce", name="reduce", needs=maps, environment=environment))

    def test_losses_within_the_limits_are_added_up(self):
        self.write("data/1", "bad\nword1 1\n")
        self.write("data/3", "word1 1\nbad\nbad\n")
        self.job("limits: {bad_records: 3}\n")
        maps = self.maps()
        final = self.final("reduce", name="reduce", needs=maps)
        self.assert_is_the_whole(final, "--set", "limits.bad_records=3")
        bad = self.left(final, "bad_records.txt").decode().splitlines()
        self.assertEqual([line.split(": ")[0].rpartition("/")[2] for line in bad[::2]], ["1:1", "3:2", "3:3"])
        self.assertEqual(json.loads(self.left(final, "result.json"))["status"], "done with losses")

    def test_losses_of_all_tasks_together_are_held_to_the_limits(self):
        self.write("data/1", "bad\n")
        self.write("data/3", "bad\n")
        self.job("limits: {bad_records: 1}\n")
        maps = self.maps()
        final = self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertIn("2 of the job's records are bad; limits.bad_records allows no more than 1", self.last.stderr)
        self.assertIn("2 of the job's records", self.report(final)["accounting"]["failure"])
        self.assertEqual(self.report(final)["parts"], [])


class S3(InTask):
    """Credentials for S3 from the deployment's auth service."""

    def serve(self, token):
        objects = {f"logs/day/{number}": stored(f"word{number} {number}\n") for number in range(3)}
        keys = {"ASIAFAKE": {"secret": "fake-" + "secret", "token": token}}
        s3 = Server(self, "s3_server.py", {"keys": keys, "buckets": {"data": {"objects": objects}}})
        return {"QUERN_S3_CREDENTIALS": "taskcluster", "AWS_ENDPOINT_URL_S3": s3.url, "CREDENTIALS": "is not looked at"}

    def test_credentials_are_for_what_the_names_have_in_common(self):
        self.job()
        environment = self.serve("read-only:data/logs/day/")
        self.change(anonymous=["queue:*", "auth:aws-s3:read-only:data/logs/day/"])
        names = [f"s3://data/logs/day/{number}" for number in range(3)]
        task = self.task("map", "--", *names, name="map 1/1", environment=environment)
        self.assertEqual(self.result(task), b"word0\n0\nword1\n1\nword2\n2\n")
        self.assertEqual(len([one for one in self.tc.requests() if "/aws/s3/" in one["path"]]), 1)
        self.task("map", "--bucket", "data", "--", "logs/day/1", name="keys alone", environment=environment)

    def test_what_the_scopes_do_not_allow_is_said(self):
        self.job()
        environment = self.serve("read-only:data/logs/day/")
        self.change(anonymous=["queue:*"])
        self.task("map", "--", "s3://data/logs/day/1", name="map 1/1", environment=environment, status=1)
        self.assertIn("auth:aws-s3:read-only:data/logs/day/", self.last.stderr)
        self.assertIn("add these scopes to taskcluster.scopes of the job", self.last.stderr)
        self.task("map", "--", "s3://data/logs/day/1", name="map 1/1", environment={**environment, "QUERN_S3_CREDENTIALS": "aws"}, status=2)
        self.assertIn("QUERN_S3_CREDENTIALS is 'aws'", self.last.stderr)


class Failures(InTask):
    def test_a_failed_map_is_named(self):
        self.job()
        self.write("data/2", "bad\n")
        maps = self.maps(((0, 1),)) + [self.task("map", "--", self.path("data/2"), name="map 2/3", status=1)]
        self.assertIn("it is bad", self.report(maps[1])["accounting"]["failure"])
        self.assertEqual(self.report(maps[1])["parts"], [])
        final = self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertIn("1 of the 2 tasks that this one needs has not completed", self.last.stderr)
        for part in (f"count: map 2/3 ({maps[1]}) failed", "it is bad", f"{self.tc.url}/tasks/{maps[1]}/runs/0"):
            self.assertIn(part, self.last.stderr)
        self.assertIn("count: map 2/3", json.loads(self.left(final, "result.json"))["failure"])

    def test_a_task_that_is_not_there_is_named(self):
        self.job()
        maps = self.maps(((0, 1),))
        other = slugid()
        self.final("reduce", name="reduce", needs=maps, environment={"INPUT_TASK_IDS": f"{maps[0]} {other}"}, status=1)
        self.assertIn(f"task {other} is not there", self.last.stderr)

    def test_a_damaged_part_is_named(self):
        def spoil(folder):
            with open(os.path.join(folder, "result.txt.zst"), "r+b") as part:
                part.seek(20)
                part.write(b"!")

        self.job()
        maps = self.maps(spoil=spoil)
        self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertRegex(self.last.stderr, r"count: map \d/3 \(.*, run 0\).*was fetched twice and is damaged: its SHA-256")
        part = f"artifact-content/{PREFIX.replace('/', '%2F')}%2Fresult.txt.zst"
        asked = [one["path"] for one in self.tc.requests() if part in one["path"]]
        self.assertGreaterEqual(len(asked), 2, "it was fetched once more")

    def test_a_missing_part_is_named(self):
        self.job()
        maps = self.maps(((0, 1), (2, 3, 4)), spoil=lambda folder: os.remove(os.path.join(folder, "result.txt.zst")))
        self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertRegex(self.last.stderr, r"count: map \d/2 \(.*result.txt.zst")

    def test_a_missing_report_is_named(self):
        self.job()
        maps = self.maps(((0,),), spoil=lambda folder: os.remove(os.path.join(folder, "task.json")))
        self.final("reduce", name="reduce", needs=maps, status=1)
        self.assertRegex(self.last.stderr, r"count: map 1/1 .*task.json")

    def test_only_the_completed_run_counts(self):
        self.job()
        command = ["map", "--", self.path("data/0")]
        first = self.create(command, name="count: map 1/1")
        self.group = first
        self.claim(first)
        # A lost run, which left other bytes before it was gone.
        folder = self.path("lost")
        os.makedirs(folder)
        for name, content in (("result.txt.zst", compress("lost 1\n", "zst")), ("task.json", b"{}")):
            self.write(f"lost/{name}", content)
        self.upload(first, 0, folder)
        self.client.call("POST", f"queue/v1/task/{first}/runs/0/exception", {"reason": "worker-shutdown"})
        self.last = self.run_again(first, command)
        self.assertEqual(self.last.status, 0, self.last)
        final = self.final("reduce", name="reduce", needs=[first])
        self.assertNotIn(b"lost", self.result(final))
        self.assertEqual(len(self.result(final).splitlines()), 90)

    def test_a_queue_that_keeps_failing_is_a_transient_failure(self):
        self.job()
        maps = self.maps(((0,),))
        self.change(faults=[{"path": "/tasks/status", "status": 503} for _ in range(9)])
        self.final("reduce", name="reduce", needs=maps, status=75)
        self.assertIn("503", self.last.stderr)

    def test_an_input_that_cannot_be_fetched_now_is_a_transient_failure(self):
        self.job("downloads: {attempts: 1}\n")
        # Nobody listens there.
        self.task("map", "--", "http://127.0.0.1:9/a.json", name="map 1/1", status=75)

    def test_what_is_wrong_with_the_task_is_said(self):
        self.job("reducers: 3\n")
        maps = self.maps(((0,),))
        for environment, says in (({}, "QUERN_PARTITION is not set"), ({"QUERN_PARTITION": "3"}, "QUERN_PARTITION is 3"),
                                  ({"QUERN_JOB": "no pack"}, "QUERN_JOB: it is not a packed job"),
                                  ({"TASKCLUSTER_ROOT_URL": None, "TASKCLUSTER_PROXY_URL": None, "QUERN_PARTITION": "1"}, "TASKCLUSTER_ROOT_URL")):
            with self.subTest(says):
                task = self.task("reduce", name="reduce", needs=maps, environment=environment, status=1 if "QUERN_JOB" in environment else 2)
                self.assertIn(says, self.last.stderr)
                self.assertIn(says, self.report(task)["accounting"]["failure"])
        self.assert_fails(self.quern("reduce", "--merge"), "--merge is for tasks", status=2)
        self.assert_fails(self.quern("reduce", "--merge", "--collect"), "name one", status=2)

    def test_children_see_no_secrets(self):
        self.job()
        self.write("job/analysis-tools.yml", "mapper: {language: python, script: secrets.py}\nrecord: text\nreducer: {builtin: count}\n")
        secret = {"TASKCLUSTER_CLIENT_ID": "root", "TASKCLUSTER_ACCESS_TOKEN": "a-token"}
        maps = self.maps(((0,),), environment=secret)
        final = self.final("reduce", name="reduce", needs=maps, environment=secret)
        self.assertEqual(self.result(final).decode(), f"none {LINES}\n")
