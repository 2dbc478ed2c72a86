#!/usr/bin/python3
"""Debian's swift with its S3 interface on loopback: a real server, written by others, that checks what we sign.

    swift_server.py [--plan FILE] [--folder FOLDER] [--workers N]

Needs Debian's packages swift-proxy, swift-account, swift-container, swift-object and memcached; none of their services has to run.
When it is ready, after some seconds, it prints its port as one line, and a second line with all that a client needs:

    {"endpoint": "http://127.0.0.1:PORT", "access_key": "test:tester", "secret_key": "testing", "region": "us-east-1"}

It ends, with all that it started, when its standard input does. What it stores is below FOLDER (a temporary one that is removed at
the end), and the messages of its servers in FOLDER/logs. Session tokens mean nothing to it, and anonymous requests are
refused with 400. With N workers the proxy and the object server run as many processes.

The plan says what it stores at the start: {"buckets": {"data": {"objects": {"a/b": {"text": "hello"}, "c": {"size": 5000}}}}}, with
objects as fault_server.py describes them, but without faults.
"""

import argparse
import ctypes
import getpass
import http.client
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import fault_server

ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "us-east-1"
PATIENCE_SECONDS = 60
DEVICE = "disk"
STORES = ("account", "container", "object")

STORE_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
devices = {folder}
mount_check = false
workers = {workers}
log_address = {folder}/no-syslog
log_level = ERROR
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY_CONF = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = {workers}
log_address = {folder}/no-syslog
log_level = ERROR
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = {region}
auth_pipeline_check = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:slo]
use = egg:swift#slo
"""


def free_ports(count):
    """Ports that nobody uses now. Somebody may take one before we do; then a server does not start, and says so."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def die_with_parent():
    """In the child: no server outlives this script, however it ends."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def make_ring(folder, kind, port):
    """One device, one copy."""
    from swift.common.ring import RingBuilder

    builder = RingBuilder(2, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": port, "device": DEVICE})
    builder.rebalance(seed="1")
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


class Swift:
    def __init__(self, folder, workers):
        self.folder = folder
        self.workers = workers
        self.children = {}
        self.port, self.memcached, *store_ports = free_ports(5)
        self.stores = dict(zip(STORES, store_ports))

    def start(self):
        (self.folder / DEVICE).mkdir(exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        values = {"folder": self.folder, "user": getpass.getuser(), "region": REGION, "secret": SECRET_KEY, "memcached": self.memcached}
        self.run("memcached", ["memcached", "-l", "127.0.0.1", "-p", str(self.memcached), "-U", "0", "-u", values["user"]])
        for kind, port in self.stores.items():
            make_ring(self.folder, kind, port)
            workers = self.workers if kind == "object" else 0
            self.run_swift(kind, STORE_CONF.format(kind=kind, port=port, workers=workers, **values))
        self.run_swift("proxy", PROXY_CONF.format(port=self.port, workers=self.workers, **values))
        self.wait()

    def run_swift(self, kind, text):
        path = self.folder / f"{kind}-server.conf"
        path.write_text(text)
        self.run(kind, ["/usr/bin/python3", f"/usr/bin/swift-{kind}-server", str(path)])

    def run(self, name, command):
        with open(self.folder / "logs" / name, "wb") as log:
            self.children[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, preexec_fn=die_with_parent
            )

    def wait(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(self.answers(port) for port in [self.port, *self.stores.values()]):
            for name, child in self.children.items():
                if child.poll() is not None:
                    log = (self.folder / "logs" / name).read_text(errors="replace")
                    raise SystemExit(f"swift_server.py: {name} ended with status {child.returncode}:\n{log[-2000:]}")
            if time.monotonic() > deadline:
                raise SystemExit(f"swift_server.py: not ready within {PATIENCE_SECONDS} s; see {self.folder}/logs")
            time.sleep(0.05)

    @staticmethod
    def answers(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
        except OSError:
            return False
        finally:
            connection.close()

    def store(self, plan):
        """Through swift's own interface, so that nothing of S3 is taken for granted."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

        def ask(method, path, body=b"", headers=None):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 300:
                raise SystemExit(f"swift_server.py: {method} {path} gave status {answer.status}; see {self.folder}/logs")
            return answer

        login = ask("GET", "/auth/v1.0", headers={"X-Auth-User": ACCESS_KEY, "X-Auth-Key": SECRET_KEY})
        token = {"X-Auth-Token": login.headers["X-Auth-Token"]}
        account = urllib.parse.urlsplit(login.headers["X-Storage-Url"]).path
        for bucket, own in plan.get("buckets", {}).items():
            ask("PUT", f"{account}/{bucket}", headers=token)
            for key, planned in own.get("objects", {}).items():
                content = fault_server.Stored(planned).content
                ask("PUT", f"{account}/{bucket}/{urllib.parse.quote(key)}", content, token)

    def stop(self):
        for child in reversed(self.children.values()):
            child.terminate()
        for child in self.children.values():
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def __str__(self):
        return json.dumps({"endpoint": f"http://127.0.0.1:{self.port}", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
                           "region": REGION})


def check_packages():
    programs = ["memcached", *(f"swift-{kind}-server" for kind in (*STORES, "proxy"))]
    missing = [program for program in programs if shutil.which(program, path="/usr/bin:/bin") is None]
    if missing:
        raise SystemExit(f"swift_server.py: {', '.join(missing)} not found in /usr/bin; tools/set_up test installs them")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    check_packages()
    # Ended by a signal, it ends what it started all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = (options.folder or pathlib.Path(tempfile.mkdtemp(prefix="swift_server."))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    swift = Swift(folder, options.workers)
    try:
        swift.start()
        if options.plan:
            swift.store(json.loads(options.plan.read_text()))
        print(f"{swift.port}\n{swift}", flush=True)
        sys.stdin.buffer.read()
    finally:
        swift.stop()
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
