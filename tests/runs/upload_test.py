"""A result that goes to S3: whole or not at all, whatever happens, and never an input."""
import gzip
import json
import os
import signal
import urllib.error
import urllib.parse
import urllib.request

from remote_test import KEY, SECRET, Remote, stored
from scenario import JOB, MAP_ONLY, TEXT, pings, slow

TO_S3 = JOB + "output: 's3://data/out/r é.txt'\n"
# More than one part.
LARGE = "".join(f"line {number} of many, which differ\n" for number in range(300_000))


class Uploads(Remote):
    def setUp(self):
        super().setUp()
        self.count_job(TO_S3)
        self.write("data/a.json", pings("Linux", "WINNT"))

    def open(self, path):
        return urllib.request.urlopen(self.s3.url + urllib.parse.quote(path))

    def uploaded(self, key="out/r é.txt"):
        try:
            with self.open("/_object/data/" + key) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def assert_nothing_begun(self):
        with self.open("/_uploads") as answer:
            self.assertEqual(json.load(answer), [])

    def methods(self):
        return [asked["method"] for asked in self.s3.requests()]

    def echo_job(self, key="big.txt"):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + f"output: s3://data/{key}\n", "data/a.json": LARGE,
                        "mapper.py": "def mapper(key, file, record):\n    return record\n"})

    def test_a_small_result_is_one_request(self):
        self.serve({})
        run = self.remote("run")
        self.assert_run(run, says=["s3://data/out/r é.txt", "uploading"])
        self.assertEqual(self.uploaded(), b"Linux 1\nWINNT 1\n")
        self.assertEqual(self.methods(), ["POST", "DELETE", "PUT"])
        self.assertEqual(run.accounting["result"], "s3://data/out/r é.txt")
        self.assertEqual(run.accounting["bytes"]["result"], 16)
        self.assertIsNone(run.result)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith((".quern", "result"))], ["result.json"])
        self.assert_nothing_begun()
        self.assert_no_secret(run)

    def test_a_large_result_is_in_parts(self):
        self.serve({})
        self.echo_job()
        self.assert_run(self.remote("run"), records_mapped=300_000)
        self.assertEqual(self.uploaded("big.txt"), LARGE.encode())
        self.assertEqual(self.methods(), ["POST", "DELETE", "POST", "PUT", "PUT", "POST"])
        self.assert_nothing_begun()

    def test_it_is_compressed_as_a_file_is(self):
        self.serve({})
        self.assert_run(self.remote("run", "-o", "s3://data/r.txt.gz"))
        self.assertEqual(gzip.decompress(self.uploaded("r.txt.gz")), b"Linux 1\nWINNT 1\n")
        self.assert_run(self.remote("run", "-o", "r.txt.gz"))
        self.assertEqual(self.uploaded("r.txt.gz"), self.quern_file("r.txt.gz"))

    def quern_file(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_the_halves_of_a_job(self):
        self.serve({})
        self.assert_run(self.remote("map", "data/a.json", "-o", "s3://data/part"))
        self.assertEqual(self.uploaded("part"), b"Linux 1\nWINNT 1\n")
        self.write("part", self.uploaded("part"))
        self.assert_run(self.remote("reduce", "part", "part"))
        self.assertEqual(self.uploaded(), b"Linux 2\nWINNT 2\n")

    def test_what_passes_does_not_harm(self):
        self.echo_job()
        for fault in ({"on": "part", "status": 500}, {"on": "part", "closes_at": 1_000_000}, {"on": "part", "closes": True}, {"on": "complete", "error": True},
                      {"on": "complete", "closes": True, "after": True}, {"on": "begin", "status": 503}):
            with self.subTest(fault=fault):
                self.serve({}, bucket={"write_faults": [fault]})
                self.assert_run(self.remote("run"))
                self.assertEqual(self.uploaded("big.txt"), LARGE.encode())
                self.assert_nothing_begun()
                self.s3.end()

    def test_a_failure_leaves_what_was_there(self):
        self.echo_job()
        wrong = '"d41d8cd98f00b204e9800998ecf8427e"'
        for fault, says in (({"on": "part", "status": 403}, "HTTP status 403"), ({"on": "part", "etag": wrong}, "stored other bytes"),
                            ({"on": "complete", "status": 400}, "HTTP status 400")):
            with self.subTest(fault=fault):
                self.serve({"big.txt": stored("old")}, bucket={"write_faults": [fault]})
                run = self.remote("run")
                self.assert_run(run, status=1, says=["the result was not uploaded: s3://data/big.txt", says])
                self.assertEqual(run.accounting["status"], "failed")
                self.assertEqual(self.uploaded("big.txt"), b"old")
                self.assert_nothing_begun()
                self.assertIn("is kept in result.not-uploaded: aws s3 cp result.not-uploaded s3://data/big.txt", run.stderr)
                self.assertEqual(run.left("result.not-uploaded"), LARGE)
                self.assertIn("result.not-uploaded", run.accounting["files"])
                self.s3.end()
        # It is no input of a later run, wherever that has its result.
        self.assert_fails(self.quern("run", "-i", "result*", "-o", "result.txt"), "result.not-uploaded, which quern wrote, is left out")

    def test_what_is_not_permitted_is_known_before_the_first_record(self):
        self.write("mapper.py", "def mapper(key, file, record):\n    open('%s', 'w').close()\n" % self.path("mapped"))
        for bucket, url, says in (({"write_denied": True}, "s3://data/r", "lack the permission s3:PutObject"), ({}, "s3://nowhere/r", "there is no bucket nowhere")):
            self.serve({}, bucket=bucket)
            run = self.remote("run", "-o", url)
            self.assert_run(run, status=1, says=["the result cannot go to S3: " + url, says])
            self.assertFalse(os.path.exists(self.path("mapped")))
            self.assert_no_secret(run)
            self.s3.end()
        self.serve({})
        run = self.remote("run", environment={"AWS_SECRET_ACCESS_KEY": "wrong"})
        self.assert_run(run, status=1, says="the secret access key of")

    def test_a_run_that_fails_writes_nothing(self):
        self.serve({"out/r é.txt": stored("old")})
        self.write("mapper.py", "def mapper(key, file, record):\n    raise ValueError('no')\n")
        self.assert_run(self.remote("run"), status=1)
        self.assertEqual(self.methods(), ["POST", "DELETE"])
        self.assertEqual(self.uploaded(), b"old")

    def test_ctrl_c_while_it_is_uploaded(self):
        self.serve({}, bucket={"write_faults": [{"on": "part", "status": 503, "always": True}]})
        self.echo_job()
        process = self.start("run", environment={"AWS_ENDPOINT_URL": self.s3.url, **KEY})
        self.wait_for(lambda: "PUT" in self.methods(), "the first part")
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.status, 130, run)
        self.assertIsNone(self.uploaded("big.txt"))
        self.assert_nothing_begun()
        self.assertEqual(run.left("result.not-uploaded"), LARGE)

    def test_it_is_no_input_of_the_next_run(self):
        self.serve({"in/a.json": stored(pings("Linux"))})
        job = JOB.replace("data/*", "'s3://data/in/*'") + "output: s3://data/in/r.txt\n"
        self.write("analysis-tools.yml", job)
        for _ in range(2):
            self.assert_run(self.remote("run"), inputs_found=1)
            self.assertEqual(self.uploaded("in/r.txt"), b"Linux 1\n")
        run = self.remote("run", "-i", "s3://data/in/r.txt")
        self.assert_run(run, status=2, says="the input s3://data/in/r.txt is where the run would write its result")
        self.write("names", "s3://data/in/r.txt\n")
        self.assert_run(self.remote("run", "--manifest", "names"), status=2, says="would write its result")
        self.assert_run(self.remote("run", "-i", "s3://data/in/*.txt"), status=1, says="s3://data/in/r.txt, which quern wrote, is left out")

    def test_where_it_cannot_go(self):
        self.serve({})
        for output, says in (("s3://data", "names no object"), ("s3://data/a/", "names no object; add a name, as in s3://data/a/result.txt"),
                             ("s3:///key", "the name of the bucket is missing"), ("https://host/key", "results go to files, to s3://bucket/key")):
            for command in ("run", "check"):
                self.assert_run(self.remote(command, "--set", f"output={output}"), status=2, says=says)
        several = ["--set", "reducers=2", "--set", "result.parts=keep"]
        self.assert_run(self.remote("run", *several), status=2, says="only one can go to S3")

    @slow  # A sanitizer needs memory of its own.
    def test_the_memory_does_not_grow_with_it(self):
        self.serve({})
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "output: s3://data/big.txt\n", "data/a.json": "".join(f"{n}\n" for n in range(64)),
                        "mapper.py": "def mapper(key, file, record):\n    return [('x' * 999, 1)] * 1000\n"})
        run = self.remote("run", "--memory", "16MiB", "-p", "1", environment={"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1048576"})
        self.assert_run(run)
        self.assertEqual(len(self.uploaded("big.txt")), 64 * 1000 * 1002)
        self.assertLess(run.accounting["usage"]["quern"]["peak_memory_bytes"], 160 << 20)

