"""Jobs over servers that others wrote: nginx, and Debian's swift, which checks every signature."""
import json
import os
import random
import shutil
import socket
import subprocess

from scenario import FAST, JOB, MAP_ONLY, ROOT, TEXT, Scenario, compress, pings

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONF = """
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  default_type application/octet-stream;
  types {{ text/plain txt; }}
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    location /moved/ {{ return 302 /plain/a.txt; }}
    location /slow/ {{ limit_rate 200k; }}
    location /zipped/ {{ gzip on; gzip_min_length 1; gzip_types *; }}
    location /closed/ {{ deny all; }}
    location /odd/ {{ add_header X-Odd "yes"; max_ranges 0; }}
  }}
}}
"""


class WithNginx(Scenario):
    def environment(self, extra):
        return super().environment({"no_proxy": "127.0.0.1,localhost", **extra})

    def setUp(self):
        super().setUp()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        folder = self.path("nginx")
        self.write("nginx/conf", CONF.format(folder=folder, port=self.port, user="user root;" if os.getuid() == 0 else ""))
        os.makedirs(self.path("nginx/www"))
        self.nginx = subprocess.Popen([NGINX, "-p", folder, "-c", self.path("nginx/conf"), "-g", "daemon off;"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_nginx)
        self.wait_for(self.answers, "nginx")

    def answers(self):
        self.assertIsNone(self.nginx.poll(), "nginx has ended")
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def end_nginx(self):
        self.nginx.terminate()
        self.nginx.wait()

    def put(self, name, content):
        self.write("nginx/www/" + name, content)

    def job(self, *paths, more=""):
        inputs = ", ".join(f"'{self.url}/{path}'" for path in paths)
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("data/*", inputs) + TEXT + more,
                        "mapper.py": "def mapper(key, file, record):\n    return record.replace(' ', '-'), 1\n"})

    def asked(self):
        with open(self.path("nginx/access.log"), encoding="utf-8") as log:
            return [line.split('"')[1] for line in log]

    def test_plain_moved_slow_and_zipped_on_the_way(self):
        for folder in ("plain", "slow", "zipped", "odd"):
            self.put(f"{folder}/a.txt", "".join(f"{folder} {number}\n" for number in range(20_000)))
        self.job("plain/a.txt", "slow/a.txt", "zipped/a.txt", "odd/a.txt", "moved/b.txt")
        run = self.quern("run")
        self.assert_run(run, inputs_mapped=5, records_read=100_000)
        self.assertEqual(run.result.count("plain-19999 1\n"), 2, "its own, and what was moved there")

    def test_a_large_object_comes_in_ranges(self):
        draw = random.Random(1)
        size = 4_000_000 if FAST else 40_000_000
        self.put("large.gz", draw.randbytes(size))
        self.write_all({"analysis-tools.yml": "mapper: {language: binary, script: sum.sh}\ndecompress: none\n" +
                        f"inputs: ['{self.url}/large.gz']\n"})
        self.write("sum.sh", "#!/bin/sh\nxargs sha256sum <&0 | cut -d' ' -f1\n", executable=True)
        run = self.quern("run")
        expected = subprocess.run(["sha256sum", self.path("nginx/www/large.gz")], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assert_run(run, result=expected.split(" ")[0] + "\n")
        self.assertEqual(len([asked for asked in self.asked() if asked.startswith("GET")]) > 1, size > 16 << 20)

    def test_what_nginx_refuses(self):
        self.put("closed/a.txt", "a\n")
        self.put("plain/a.txt", "a\n")
        self.job("closed/a.txt", "plain/a.txt", "missing.txt", more="limits: {failed_inputs: 2}\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="a 1\n", inputs_failed=2)
        reasons = " ".join(failed["reason"] for failed in run.accounting["failed_inputs"])
        self.assertIn("403", reasons)
        self.assertIn("404", reasons)

    def test_nginx_is_killed_in_the_middle_and_comes_back(self):
        for number in range(4):
            self.put(f"slow/{number}.txt", "line\n" * 200_000)
        self.job(*[f"slow/{number}.txt" for number in range(4)], more="downloads: {keep: true, attempts: 1}\n")
        process = self.start("run")
        self.wait_for(lambda: any(names for _, _, names in os.walk(self.path("s3"))), "the first bytes")
        self.end_nginx()
        run = self.finish(process)
        self.assert_fails(run, "127.0.0.1")


class WithSwift(Scenario):
    def test_signed_requests_for_odd_keys_and_ranges(self):
        objects = {f"p/{name}": {"text": pings("Linux")} for name in ("plain.json", "with space.json", "a=b&c*:;+.json", "\u00fc\u4e16.json",
                                                                      "per%cent.json", "deep/er/x.json")}
        large = {"size": 20_000_000} if not FAST else {"size": 1000}
        plan = self.write("plan.json", json.dumps({"buckets": {"data": {"objects": {**objects, "large": large}}}}))
        swift = subprocess.Popen(["/usr/bin/python3", os.path.join(ROOT, "tests/fakes/swift_server.py"), "--plan", plan],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(swift.wait)
        self.addCleanup(swift.stdin.close)
        self.addCleanup(swift.stdout.close)
        swift.stdout.readline()
        known = json.loads(swift.stdout.readline())
        environment = {"AWS_ENDPOINT_URL": known["endpoint"], "AWS_ACCESS_KEY_ID": known["access_key"], "HOME": self.folder,
                       "AWS_SECRET_ACCESS_KEY": known["secret_key"], "AWS_REGION": known["region"], "no_proxy": "127.0.0.1"}
        self.count_job(JOB.replace("data/*", "s3://data/p/"))
        self.assert_run(self.quern("run", environment=environment), result=f"Linux {len(objects)}\n", inputs_mapped=len(objects))
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: x, value: 1}\nreducer: {builtin: sum}\nrecord: json\n"
                                         "limits: {bad_records: 2000000}\ninputs: ['s3://data/large']\n")
        self.assert_run(self.quern("run", environment=environment), status=3, inputs_mapped=1, bytes_decoded=large["size"])
        os.remove(self.path("result.txt"))
        wrong = {**environment, "AWS_SECRET_ACCESS_KEY": "another"}
        self.assert_fails(self.quern("run", environment=wrong), "SignatureDoesNotMatch")
