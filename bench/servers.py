"""The servers on loopback that rows about remote inputs fetch from. Each ends with the benchmark."""
import atexit
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import ssl
import urllib.error
import urllib.request

from measuring import ROOT

FAKES = os.path.join(ROOT, "tests/fakes")
NGINX = """
worker_processes 1;
error_log stderr error;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  types {{ }}
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}{tls}; {content} }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def temporary_folder():
    folder = tempfile.mkdtemp(prefix="bench-servers-of-quern-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def ended_with_us(process):
    def end():
        process.terminate()
        process.wait()
    atexit.register(end)
    return process


def wait_until_it_answers(url, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"the server for {url} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, context=ssl._create_unverified_context()).close()
            return
        except urllib.error.HTTPError:  # which is an answer, too
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{url} does not answer")


@functools.cache
def certificate():
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = temporary_folder()
    paths = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, stderr=subprocess.DEVNULL)
    return paths


def trusting():
    """Words to put before a command so that it trusts that certificate, and only that one."""
    path = certificate()[0]
    return ["env", f"SSL_CERT_FILE={path}", f"CURL_CA_BUNDLE={path}", f"AWS_CA_BUNDLE={path}"]


def nginx(content, tls=None):
    """Starts nginx with `content` in its configuration, with `tls` (None, "http/1.1" or "h2"); returns its URL."""
    folder, port = temporary_folder(), free_port()
    path = os.path.join(folder, "nginx.conf")
    listens = ""
    if tls:
        listens = f" ssl{' http2' if tls == 'h2' else ''}; ssl_certificate {certificate()[0]}; ssl_certificate_key {certificate()[1]}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(NGINX.format(folder=folder, port=port, tls=listens, content=content))
    os.chmod(folder, 0o755)
    process = ended_with_us(subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", path, "-g", "daemon off; user root;"]))
    url = f"http{'s' if tls else ''}://127.0.0.1:{port}/"
    wait_until_it_answers(url, process)
    return url


def nginx_of(folder, tls=None):
    return nginx(f"root {os.path.abspath(folder)}; autoindex on;", tls)


class S3:
    """A server of tests/fakes, and how clients reach it."""

    def __init__(self, program, plan, *more):
        path = os.path.join(temporary_folder(), "plan.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        process = subprocess.Popen(["/usr/bin/python3", os.path.join(FAKES, program), "--plan", path, *more],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ended_with_us(process)
        self.port = int(process.stdout.readline())
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.output = process.stdout

    def environment(self, key, secret):
        """What quern, aws and rclone take from it, as words for env."""
        known = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1",
                 "AWS_EC2_METADATA_DISABLED": "true", "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENV_AUTH": "true",
                 "RCLONE_S3_ENDPOINT": self.endpoint, "RCLONE_S3_REGION": "us-east-1", "RCLONE_S3_LIST_VERSION": "2"}
        return ["env", "-u", "AWS_CA_BUNDLE", *[f"{name}={value}" for name, value in known.items()]]


def swift(plan, is_tls=False):
    """Behind TLS it is nginx that encrypts."""
    server = S3("swift_server.py", plan, "--workers", "2")
    known = json.loads(server.output.readline())
    server.endpoint = known["endpoint"]
    if is_tls:
        server.endpoint = nginx(f"location / {{ proxy_pass {known['endpoint']}; proxy_set_header Host $http_host; }}", "http/1.1").rstrip("/")
    server.words = server.environment(known["access_key"], known["secret_key"]) + (trusting() if is_tls else [])
    server.keys = known
    return server


def fake_s3(plan):
    server = S3("s3_server.py", {**plan, "keys": {"AKIDEXAMPLE": {"secret": "benchmark"}}})
    server.words = server.environment("AKIDEXAMPLE", "benchmark")
    return server
