"""Inputs from S3 and the web, from servers on loopback that check signatures and break answers."""
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request

from scenario import COUNT_SYSTEMS, FAST, JOB, MAP_ONLY, ROOT, SUM, TEXT, Scenario, compress, dedent, pings

FAKES = os.path.join(ROOT, "tests/fakes")
# Put together, so that a search for it does not find this file.
SECRET = "wJalrXUtnFEMI" + "/hidden/EXAMPLEKEY"
KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
KEYS = {"AKIDEXAMPLE": {"secret": SECRET}}


def stored(content):
    return {"base64": base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()}


class Server:
    """One of the servers in tests/fakes, which ends when this does."""

    def __init__(self, test, name, plan, port=0):
        path = test.write(f"plans/{name}.json", json.dumps(plan))
        self.process = subprocess.Popen(["/usr/bin/python3", os.path.join(FAKES, name), "--plan", path, "--port", str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        test.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()

    def requests(self):
        with urllib.request.urlopen(self.url + "/_requests") as answer:
            return json.load(answer)

    def gets(self):
        """The targets of the requests for whole or partial objects, without listings."""
        return [asked["target"] for asked in self.requests() if asked["method"] == "GET" and "list-type" not in asked["target"]]


class Remote(Scenario):
    def environment(self, extra):
        # Nothing of whoever runs the tests, and no questions to addresses off this machine.
        own = {"HOME": self.folder, "CREDENTIALS": None, "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "127.0.0.1,localhost"}
        return super().environment({**own, **extra})

    def serve(self, objects, **more):
        more.setdefault("keys", KEYS)
        self.s3 = Server(self, "s3_server.py", {**more, "buckets": {"data": {"objects": objects, **more.pop("bucket", {})}}})
        return self.s3

    def remote(self, *arguments, environment=None, **options):
        """quern with the server's address and the right key."""
        return self.quern(*arguments, environment={"AWS_ENDPOINT_URL": self.s3.url, **KEY, **(environment or {})}, **options)

    def assert_no_secret(self, run):
        for root, _, names in os.walk(self.folder):
            for name in names:
                if os.path.basename(root) == "plans":
                    continue
                with open(os.path.join(root, name), "rb") as file:
                    self.assertNotIn(SECRET.encode(), file.read(), name)
        self.assertNotIn(SECRET, run.stdout + run.stderr)
        self.assertNotIn("Signature=", run.stdout + run.stderr)


class Buckets(Remote):
    OBJECTS = {"2026-11-01/a.json": stored(pings("Linux", "WINNT")), "2026-11-02/b.json.zst": stored(compress(pings("Linux"), "zst")),
               "2026-11-02/c é+x.json.gz": stored(compress(pings("Darwin"), "gz")), "2026-12-01/d.json": stored(pings("other"))}
    RESULT = "Darwin 1\nLinux 2\nWINNT 1\n"

    def test_a_glob_becomes_a_listing_and_the_files_are_gone_afterwards(self):
        self.serve(self.OBJECTS)
        self.count_job(JOB.replace("data/*", "'s3://data/2026-11-*/*'"))
        run = self.remote("run", "--log", "log.jsonl")
        self.assert_run(run, result=self.RESULT, inputs_found=3, inputs_mapped=3)
        listings = [asked["target"] for asked in self.s3.requests() if "list-type" in asked["target"]]
        self.assertEqual(len(listings), 1)
        self.assertIn("prefix=2026-11-", listings[0])
        left = [name for _, _, names in os.walk(self.path("s3")) for name in names]
        self.assertEqual(left, [])
        self.assert_no_secret(run)

    def test_map_takes_keys_of_a_bucket(self):
        self.serve(self.OBJECTS)
        self.count_job()
        keys = list(self.OBJECTS)[:3]
        expected = "Darwin 1\nLinux 1\nLinux 1\nWINNT 1\n"
        self.assert_run(self.remote("map", "--bucket", "data", *keys), result=expected)
        self.assert_run(self.remote("map", *keys, environment={"QUERN_BUCKET": "data"}), result=expected)
        self.write("names", "".join(f"s3://data/{key}\n" for key in keys))
        self.assert_run(self.remote("map", "--manifest", "names"), result=expected)

    def test_files_are_kept_and_used_again(self):
        self.serve(self.OBJECTS)
        self.count_job(JOB.replace("data/*", "'s3://data/2026-11-*/*'") + "downloads: {keep: true}\n")
        self.assert_run(self.remote("run"), result=self.RESULT)
        with open(self.path("s3/2026-11-01/a.json"), encoding="utf-8") as file:
            self.assertEqual(file.read(), pings("Linux", "WINNT"))
        fetched = len(self.s3.gets())
        self.assert_run(self.remote("run"), result=self.RESULT)
        self.assertEqual(len(self.s3.gets()), fetched, "what is there was fetched again")

    def test_every_kind_of_mapper_reads_them(self):
        self.serve(self.OBJECTS)
        self.write("lines.sh", "#!/bin/sh\nexec sed 's/.*\"OS\": *\"\\([A-Za-z]*\\)\".*/\\1 1/'\n", executable=True)
        self.write("files.sh", "#!/bin/sh\nwhile read -r name; do cat \"$name\"; done | ./lines.sh\n", executable=True)
        inputs = "reducer: {builtin: sum}\ninputs: ['s3://data/2026-11-*/*']\n"
        for mapper in ("{language: binary, interface: lines, script: lines.sh}", "{language: binary, script: files.sh}",
                       "{builtin: pairs, key: info.OS, value: 1}"):
            self.write("analysis-tools.yml", f"mapper: {mapper}\n{inputs}")
            self.assert_run(self.remote("run"), result=self.RESULT, inputs_mapped=3)

    def test_anonymous_requests_to_a_public_bucket(self):
        self.serve(self.OBJECTS, bucket={"public": True})
        self.count_job(JOB.replace("data/*", "'s3://data/2026-11-*/*'"))
        self.assert_run(self.remote("run", "--no-sign-request"), result=self.RESULT)
        self.assertEqual([asked for asked in self.s3.requests() if "Authorization" in asked["headers"]], [])
        nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        self.assert_run(self.remote("run", environment=nobody), result=self.RESULT)

    def test_a_bucket_in_another_region(self):
        self.serve(self.OBJECTS, bucket={"region": "eu-west-3"})
        self.count_job(JOB.replace("data/*", "'s3://data/2026-11-*/*'"))
        self.assert_run(self.remote("run"), result=self.RESULT)

    def test_sealed_credentials(self):
        self.serve(self.OBJECTS, keys={"ASIA": {"secret": SECRET, "token": "sessiontoken"}})
        self.count_job(JOB.replace("data/*", "'s3://data/2026-11-*/*'"))
        temporary = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "sessiontoken"}
        self.assertEqual(self.quern("credentials", "keygen", "key.pem").status, 0)
        sealed = self.quern("credentials", "seal", "--to", "key.pub.pem", environment=temporary).stdout.strip()
        only = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "CREDENTIALS": sealed}
        run = self.remote("run", "--key", "key.pem", environment=only)
        self.assert_run(run, result=self.RESULT)
        self.assert_no_secret(run)
        self.assertEqual(self.quern("credentials", "keygen", "other.pem").status, 0)
        os.remove(self.path("result.txt"))
        self.assert_fails(self.remote("run", "--key", "other.pem", environment=only), "CREDENTIALS")

    def test_requesters_pay_and_buckets_are_hosts(self):
        self.serve({"p/a": stored(pings("Linux"))})
        self.count_job(JOB.replace("data/*", "s3://data/p/*") + "downloads: {requester_pays: yes}\n")
        self.assert_run(self.remote("run"), result="Linux 1\n")
        for asked in self.s3.requests():
            if asked["target"].startswith("/data"):
                self.assertEqual(asked["headers"].get("x-amz-request-payer"), "requester", asked)
                self.assertIn("x-amz-request-payer", asked["headers"]["authorization"])
        # *.localhost is this machine.
        run = self.remote("run", "--set", "downloads.address=host", environment={"AWS_ENDPOINT_URL": f"http://LocalHost:{self.s3.port}"})
        self.assert_run(run, result="Linux 1\n")
        hosts = {asked["headers"]["host"] for asked in self.s3.requests()}
        self.assertIn(f"data.localhost:{self.s3.port}", hosts)

    def test_a_filter_over_the_parts_of_a_key(self):
        objects = {f"v4/{day}/{name}.json": stored(pings("Linux")) for day in ("20261101", "20261102", "20261103")
                   for name in ("saved.Firefox", "idle.Firefox", "saved.Fennec")}
        self.serve(objects)
        self.write("Filter.json", json.dumps({"version": 1, "dimensions": [
            {"field_name": "date", "allowed_values": {"min": "20261102", "max": "20261103"}},
            {"field_name": "reason", "allowed_values": ["saved"]}, {"field_name": "appName", "allowed_values": "*"}]}))
        self.count_job(JOB.replace("data/*", "s3://data/v4/") + "filter: Filter.json\n")
        self.assert_run(self.remote("run"), result="Linux 4\n", inputs_found=4)


class RefusedByTheServer(Remote):
    def job(self, inputs="s3://data/"):
        self.count_job(JOB.replace("data/*", inputs))

    def test_a_wrong_secret(self):
        self.serve({"a": stored(pings("Linux"))})
        self.job()
        run = self.remote("run", environment={"AWS_SECRET_ACCESS_KEY": "another"})
        self.assert_fails(run, "SignatureDoesNotMatch")
        self.assertNotIn("another", run.stderr.replace("another re", ""))

    def test_expired_credentials_are_refused_before_any_request(self):
        self.serve({"a": stored(pings("Linux"))})
        self.job()
        run = self.remote("run", environment={"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z", "AWS_SESSION_TOKEN": "t"})
        self.assert_fails(run, "expired at 2020-01-01T00:00:00Z")
        self.assertEqual(self.s3.requests(), [])

    def test_no_such_bucket_or_object(self):
        self.serve({"a": stored(pings("Linux"))})
        self.job("s3://nowhere/")
        self.assert_fails(self.remote("run"), "nowhere")
        self.job("s3://data/b*")
        self.assert_fails(self.remote("run"), "s3://data/b*")

    def test_an_object_that_is_refused_when_it_is_fetched(self):
        self.serve({"p/archived": {"text": "", "faults": [{"status": 403, "s3_error": "InvalidObjectState", "always": True}]},
                    "p/expired": {"text": "", "faults": [{"status": 400, "s3_error": "ExpiredToken", "always": True}]}})
        self.job("s3://data/p/*")
        reasons = {failed["name"]: failed["reason"] for failed in
                   self.remote("run", "--set", "limits.failed_inputs=2").accounting["failed_inputs"]}
        self.assertIn("restore it first", reasons["s3://data/p/archived"])
        self.assertIn("have expired; get new ones", reasons["s3://data/p/expired"])

    def test_no_credentials(self):
        self.serve({"a": stored(pings("Linux"))})
        self.job()
        self.assert_fails(self.remote("run", environment={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}), "credentials")

    def test_no_server(self):
        self.serve({"a": stored(pings("Linux"))})
        self.s3.end()
        self.job()
        self.assert_fails(self.remote("run", "--set", "downloads.patience=1s"), "127.0.0.1")


class Losses(Remote):
    """Every input is accounted for, whatever happens to it."""

    def test_two_hundred_objects_of_which_some_are_broken(self):
        count = 40 if FAST else 200
        objects, denied, lines = {}, [], []
        for number in range(count):
            key = f"p/{number:03}.json.gz"
            content = compress(pings("Linux") * 50, "gz")
            lines.append(f"s3://data/{key}\n")
            kind = number % 10
            if kind == 1:
                continue  # missing
            objects[key] = stored(content[:-9] if kind == 2 else content)
            if kind == 3:
                denied.append(key)
            if kind == 4:
                objects[key]["faults"] = [{"status": 503, "s3_error": "SlowDown"}]
            if kind == 5:
                objects[key]["faults"] = [{"reset_after": 20}]
            if kind == 6:
                objects[key]["faults"] = [{"slow": 0.2}]
        self.serve(objects, bucket={"denied": denied})
        self.write("names", "".join(lines))
        self.count_job(JOB.replace("inputs: [data/*]\n", "manifest: names\n"))
        lost = 3 * count // 10
        run = self.remote("run", "--set", f"limits.failed_inputs={lost}")
        self.assert_run(run, status=3, result=f"Linux {50 * (count - lost)}\n", inputs_found=count, inputs_failed=lost)
        reasons = {failed["name"][-11:-8]: failed["reason"] for failed in run.accounting["failed_inputs"]}
        self.assertEqual(len(reasons), lost)
        self.assertIn("404", reasons["001"])
        self.assertIn("NoSuchKey", reasons["001"])
        self.assertIn("REQUEST17", reasons["001"], "the request's id is there")
        self.assertIn("AccessDenied", reasons["003"])
        self.assertNotIn("403", reasons["002"])
        os.remove(self.path("result.txt"))
        self.assert_fails(self.remote("run", "--set", f"limits.failed_inputs={lost - 1}"), "limits.failed_inputs")

    def test_a_listing_waits_for_who_is_busy(self):
        self.serve({"p/1.json": stored(pings("Linux").encode())}, bucket={"busy": 4})
        self.count_job(JOB.replace("data/*", "s3://data/p/") + "downloads: {attempts: 2}\n")
        run = self.remote("run")
        self.assert_run(run, result="Linux 1\n")
        self.assertEqual(run.stderr.count(f"waiting for {self.s3.url}, which is busy or away"), 1, run)
        self.s3.end()
        os.remove(self.path("result.txt"))
        self.assert_fails(self.remote("run", "--set", "downloads.patience=1s"), "127.0.0.1", "waiting for")

    def test_a_plan_waits_for_who_is_busy(self):
        self.serve({"p/1.json": stored(pings("Linux").encode())}, bucket={"busy": 4})
        self.count_job(JOB.replace("data/*", "s3://data/p/") + dedent("""
            downloads: {attempts: 2}
            owner: a@example.com
            taskcluster: {task_queue: proj/q, image: registry.example.com/quern, root_url: "https://tc.example.com"}
            """))
        run = self.remote("plan")
        self.assertEqual(run.status, 0, run)
        self.assertEqual(run.stderr.count(f"quern: waiting for {self.s3.url}, which is busy or away"), 1, run)

    def test_checksums_of_objects_are_asked_for(self):
        right = base64.b64encode(hashlib.sha256(pings("Linux").encode()).digest()).decode()
        wrong = base64.b64encode(bytes(32)).decode()
        self.serve({f"{name}.json": {**stored(pings("Linux")), "headers": {"x-amz-checksum-sha256": checksum}}
                    for name, checksum in (("right", right), ("wrong", wrong))})
        self.count_job(JOB.replace("data/*", "s3://data/*"))
        run = self.remote("run", "--set", "limits.failed_inputs=1")
        self.assert_run(run, status=3, result="Linux 1\n", inputs_found=2, inputs_failed=1)
        self.assertEqual([failed["name"] for failed in run.accounting["failed_inputs"]], ["s3://data/wrong.json"])
        self.assertIn("x-amz-checksum-sha256", run.accounting["failed_inputs"][0]["reason"])

    def test_the_server_dies_and_comes_back(self):
        objects = {f"p/{number}": {"size": 400_000, "faults": [{"slow": 0.02}]} for number in range(8)}
        self.serve(objects)
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("data/*", "s3://data/p/") + TEXT +
                        "downloads: {parallel: 2, attempts: 2, patience: 1s, keep: true}\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})
        process = self.start("run", environment={"AWS_ENDPOINT_URL": self.s3.url, **KEY})
        self.wait_for(lambda: os.path.exists(self.path("s3/p/1")), "the first objects")
        self.s3.end()
        run = self.finish(process)
        complete = [f"/data/p/{number}" for number in range(8) if os.path.exists(self.path(f"s3/p/{number}"))]
        self.assert_fails(run, "127.0.0.1")
        again = Server(self, "s3_server.py", {"keys": KEYS, "buckets": {"data": {"objects": {f"p/{n}": {"size": 400_000} for n in range(8)}}}})
        self.s3 = again
        self.assert_run(self.remote("run"), inputs_mapped=8, records_read=8 * 25_000)
        self.assertEqual(set(complete) & set(again.gets()), set(), "what was complete was fetched again")
        self.assertNotEqual(complete, [])

    def test_stopping_ends_the_transfers(self):
        self.serve({f"p/{number}": {"size": 400_000, "faults": [{"stall_after": 1000}]} for number in range(3)})
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("data/*", "s3://data/p/") + TEXT,
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})
        process = self.start("run", environment={"AWS_ENDPOINT_URL": self.s3.url, **KEY})
        self.wait_for(lambda: len(self.s3.gets()) >= 3, "the requests")
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.status, 130, run)
        self.assertIsNone(run.result)


class TheWeb(Remote):
    def serve_web(self, plan):
        self.web = Server(self, "fault_server.py", plan)
        return self.web

    def web_adds(self, path, planned):
        urllib.request.urlopen(self.web.url + "/_plan", json.dumps({path: planned}).encode()).close()

    def job(self, *paths, more=""):
        self.count_job(JOB.replace("data/*", ", ".join(f"'{self.web.url}{path}'" for path in paths)) + more)

    def test_urls_are_inputs(self):
        self.serve_web({"/x/a.json": {"text": pings("Linux")}, "/b.json.gz": stored(compress(pings("WINNT"), "gz"))})
        self.job("/x/a.json", "/b.json.gz")
        run = self.quern("run")
        self.assert_run(run, result="Linux 1\nWINNT 1\n", inputs_found=2)
        self.write("mapper.py", "def mapper(key, file, record):\n    return file, 1\n")
        self.assert_run(self.quern("run"), result=f"{self.web.url}/b.json.gz 1\n{self.web.url}/x/a.json 1\n")

    def test_what_heals_is_repeated(self):
        whole = pings("Linux") * 2000
        faults = {"busy": [{"status": 503, "headers": {"Retry-After": "0"}}, {"status": 429}], "cut": [{"close_after": 5000}],
                  "reset": [{"reset_after": 5000}], "moved": [{"redirect": "/elsewhere"}]}
        self.serve_web({"/elsewhere": {"text": whole},
                        **{f"/{name}": {"text": whole, "faults": fault} for name, fault in faults.items()}})
        self.job(*[f"/{name}" for name in faults])
        self.assert_run(self.quern("run"), result=f"Linux {2000 * len(faults)}\n", inputs_mapped=len(faults))

    def test_what_does_not_heal_is_a_failed_input(self):
        self.serve_web({"/good": {"text": pings("Linux")}, "/gone": {"text": "", "faults": [{"status": 410, "always": True}]},
                        "/broken": {"text": "", "faults": [{"status": 500, "always": True}]}})
        self.web_adds("/grown", {"text": "{}", "faults": [{"content_length": 10 ** 6, "ignore_range": True, "always": True}]})
        self.job("/good", "/gone", "/broken", "/missing", "/grown", more="limits: {failed_inputs: 4}\ndownloads: {attempts: 2}\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 1\n", inputs_failed=4)
        reasons = " ".join(failed["reason"] for failed in run.accounting["failed_inputs"])
        for status in ("410", "500", "404", "999998 bytes"):
            self.assertIn(status, reasons)

    def test_a_server_that_limits_its_rate_serves_all(self):
        names = [f"/{number}" for number in range(12)]
        busy = [{}, {"status": 429}, {"status": 503}]
        self.serve_web({name: {"text": pings("Linux"), "faults": list(busy)} for name in names})
        self.job(*names, more="downloads: {attempts: 2}\n")
        self.assert_run(self.quern("run"), result=f"Linux {len(names)}\n", inputs_mapped=len(names))

    def test_a_server_that_restarts_loses_nothing(self):
        plan = {f"/{number}": {"text": pings("Linux") * 100, "faults": [{}, {"slow": 0.05}]} for number in range(8)}
        web = self.serve_web(plan)
        self.job(*plan, more="downloads: {parallel: 2, attempts: 2}\n")
        process = self.start("run")
        self.wait_for(lambda: "GET" in [asked["method"] for asked in web.requests()], "the first transfer")
        web.end()
        self.web = Server(self, "fault_server.py", plan, port=web.port)
        self.assert_run(self.finish(process), result="Linux 800\n", inputs_mapped=8)

    def test_a_server_that_stays_away_is_waited_for_once(self):
        names = [f"/{number}" for number in range(40)]
        web = self.serve_web({name: {"text": pings("Linux")} for name in names})
        self.job(*names, more="limits: {failed_inputs: 40}\ndownloads: {parallel: 2, patience: 1s}\n")
        web.end()
        run = self.quern("run")
        self.assertEqual([len(run.accounting["failed_inputs"]), run.stderr.count("waiting for http://")], [40, 1], run)
        self.assertIn("attempt", run.accounting["failed_inputs"][0]["reason"])

    def test_an_encoding_that_was_not_asked_for(self):
        self.serve_web({"/br": {"text": "packed", "headers": {"Content-Encoding": "br"}}, "/gz": {"text": pings("Linux"), "gzip": True}})
        self.job("/br", "/gz", more="limits: {failed_inputs: 1}\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 1\n", inputs_failed=1)
        self.assertIn("Content-Encoding 'br'", run.accounting["failed_inputs"][0]["reason"])

    def test_what_cannot_be_verified_is_counted(self):
        text = pings("Linux")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        self.serve_web({"/with": {"text": text, "headers": {"x-amz-checksum-sha256": digest}}, "/without": {"text": text}})
        self.job("/with", "/without")
        run = self.quern("run")
        self.assert_run(run, result="Linux 2\n")
        self.assertEqual(run.accounting["inputs"]["unverified"], 1)
        self.assertIn("1 of 2 inputs had nothing to verify them by", run.stderr)

    def assert_shown_nowhere(self, run, secret):
        for root, _, names in os.walk(self.folder):
            for name in names:
                self.assertNotIn(secret, name)
                if name in ("analysis-tools.yml", "fault_server.py.json", "names"):
                    continue
                with open(os.path.join(root, name), "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), name)
        self.assertNotIn(secret, run.stdout + run.stderr)

    def test_a_query_shows_nowhere(self):
        secret = "hidden" + "17"
        limits = ("--set", "limits.failed_inputs=2", "--set", "limits.bad_records=1")
        for query in ("?token=", "?bewit=", "?page=", "#"):
            with self.subTest(query=query):
                self.serve_web({"/a.json": {"text": pings("Linux") + "no record\n"}})
                self.job("/a.json" + query + secret, "/missing" + query + secret, "/missing" + query + "other")
                run = self.quern("run", "--log", "log.jsonl", "--set", "downloads.keep=true", *limits)
                self.assert_run(run, status=3, result="Linux 1\n", inputs_failed=2, records_bad=1)
                self.assertEqual(len({failed["name"] for failed in run.accounting["failed_inputs"]}), 2)
                self.assertIn("/missing" + query[0] + "\u2026", run.accounting["failed_inputs"][0]["name"])
                self.assertIn("a.json" + query[0] + "\u2026", run.left("bad_records.txt"))
                self.assert_shown_nowhere(run, secret)
                os.remove(self.path("result.txt"))
                run = self.quern("run", "-v", "--set", "downloads.keep=true")
                self.assert_fails(run, "/missing" + query[0] + "\u2026")
                self.assert_shown_nowhere(run, secret)
                self.assert_shown_nowhere(self.quern("check"), secret)
                run = self.quern("run", "--set", "downloads.show_query=yes", *limits)
                self.assertIn("/missing" + query + secret, {failed["name"].replace(self.web.url, "") for failed in run.accounting["failed_inputs"]})
                shutil.rmtree(self.path("s3"))
                for left in ("log.jsonl", "result.json", "bad_records.txt"):
                    os.remove(self.path(left))

    def test_modules_get_urls_as_they_were_named(self):
        self.serve_web({"/a": {"text": "a\n"}})
        mapper = "mapper: {language: %s, script: %s, interface: %s}\nrecord: text\ninputs: ['" + self.web.url + "/a?x=1#y']\nseparator: '\\t'\n"
        self.write("mapper.py", "def mapper(key, file, record):\n    return file, 1\n")
        self.write("mapper.js", "exports.mapper = (key, file) => [file, 1];\n")
        self.write("mapper.sh", "#!/bin/sh\ncat >/dev/null\nprintf '%s\\t1\\n' \"$QUERN_INPUT_FILE\"\n", executable=True)
        for language, script, interface in (("python", "mapper.py", "function"), ("javascript", "mapper.js", "function"), ("binary", "mapper.sh", "lines")):
            self.write("analysis-tools.yml", mapper % (language, script, interface))
            self.assert_run(self.quern("run"), result=f"{self.web.url}/a?x=1#y\t1\n")

    def test_passwords_in_urls_and_proxies_show_nowhere(self):
        secret = "hidden" + "17"
        self.serve_web({})
        port = self.web.url.rpartition(":")[2]
        for url in (f"http://me:{secret}@127.0.0.1:{port}/a", f"http://{secret}@127.0.0.1:{port}/a", f"ftp://me:{secret}@host/f", f"ftp://me:x/{secret}@host/f",
                    f"s3://AKID:{secret}@bucket/key", f"s3n://AKID:x/{secret}@bucket/key", f"s3a://AKID:{secret}/x@bucket/key",
                    f"s3://AKID:{secret}/x+y@bucket/key", f"http://me:{secret}?x@host/f", f"http://me:x#{secret}@host/f"):
            with self.subTest(url=url):
                self.job("/a")
                self.write("names", url + "\n")
                for arguments in (["-i", url], ["--manifest", "names"], ["--manifest", url], ["--set", f"index={url}", "--set", "inputs=[]"],
                                  ["--set", f"output={url}"], ["--set", f"filter={url}"], ["--endpoint", url, "-i", "s3://bucket/key"]):
                    run = self.quern("run", "--log", "log.jsonl", *arguments)
                    self.assertNotEqual(run.status, 0, run)
                    self.assert_shown_nowhere(run, secret)
        for proxy in (f"http://me:{secret}/x@127.0.0.1:9", f"http://me:x/{secret}@127.0.0.1:9", f"http://me:{secret} x@127.0.0.1:9",
                      f"http://me:{secret}#@127.0.0.1:9", f"odd://me:{secret}@127.0.0.1:9", f"me:{secret}@127.0.0.1:bad", f"http://{'x' * 300}{secret}/@h"):
            with self.subTest(proxy=proxy):
                self.job("/a", more="downloads: {patience: 1s}\n")
                run = self.quern("run", environment={"http_proxy": proxy, "no_proxy": "", "NO_PROXY": ""})
                self.assertNotEqual(run.status, 0, run)
                self.assert_shown_nowhere(run, secret)
                self.assert_shown_nowhere(self.quern("doctor", "--endpoint", "http://s3.example", environment={"http_proxy": proxy}), secret)

    def test_no_redirect_leads_from_outside_to_this_machine(self):
        # A proxy: what it is asked for is on a host out there.
        inside = {"/metadata": {"text": pings("secret")}, "/again": {"text": "", "faults": [{"redirect": "/metadata", "always": True}]}}
        self.serve_web(inside)
        lead = {"text": "", "faults": [{"redirect": self.web.url + "/metadata", "always": True}]}
        proxy = Server(self, "fault_server.py", {"http://far.example/a": lead, "/api": {"text": pings("rights")}})
        environment = {"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}
        self.count_job(JOB.replace("data/*", "'http://far.example/a'"))
        self.assert_fails(self.quern("run", environment=environment), "in this machine's own network", "downloads.private_redirects")
        self.assert_run(self.quern("run", "--set", "downloads.private_redirects=yes", environment=environment), result="secret 1\n")
        self.job("/again")
        self.assert_run(self.quern("run"), result="secret 1\n")
        os.remove(self.path("result.txt"))
        self.serve_web({"/a": {"text": "", "faults": [{"redirect": proxy.url + "/api", "always": True}]}})
        self.job("/a")
        self.assert_fails(self.quern("run", environment={"TASKCLUSTER_PROXY_URL": proxy.url}), "signs requests with the rights of this task")
