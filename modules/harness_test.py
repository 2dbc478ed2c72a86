"""Starts the real harnesses and speaks the child protocol with them, as quern does.

Run it with any Python from 3.8: `python3 modules/harness_test.py`. The Python harness is tested with /usr/bin/python3
and with the first python3 on PATH, the JavaScript harness with the first node on PATH; what is absent is skipped.
"""

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = struct.Struct("<4sIQQ")
SETUP, BLOCK, GROUPS, END = 1, 2, 3, 4
READY, FAILED, OUTPUT, BAD, STARTING, COUNTERS, DONE, FINISHED = range(16, 24)
CAREFUL, CONTINUES, GOES_ON = 1, 2, 4
PATIENCE_SECONDS = 120  # only for a child that hangs; nothing waits for it otherwise


def interpreters():
    """Name, language and absolute path of each interpreter to test with, without version managers' shims."""
    found = []
    paths = ["/usr/bin/python3", shutil.which("python3")]
    reals = []
    for path in paths:
        if path and os.path.exists(path):
            asked = subprocess.run([path, "-c", "import sys; print(sys.executable)"], stdout=subprocess.PIPE)
            real = asked.stdout.decode().strip()
            if asked.returncode == 0 and real not in reals:
                reals.append(real)
    found += [(f"python {real}", "python", real) for real in reals]
    if shutil.which("node"):
        found.append(("node", "javascript", shutil.which("node")))
    return found


INTERPRETERS = interpreters()


class Gone(Exception):
    """The child closed its end of the pipe."""


class Answer:
    """What a child said about one frame."""

    def __init__(self):
        self.output = b""
        self.tables = []
        self.bad = []  # (segment, line, reason, details)
        self.starting = []
        self.counters = {}
        self.done = None
        self.identity = None


class Child:
    def __init__(self, language, interpreter, folder, role="mapper", record="json", separator=" ", values="list",
                 script=None, arguments=(), environment=None):
        self.language = language
        self.folder = folder
        self.script = script
        harness = os.path.join(HERE, "harness.py" if language == "python" else "harness.mjs")
        to_child, self._to = high_pipe()
        self._from, from_child = high_pipe()
        self.log_path = os.path.join(folder, ".log")
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, to_child, 3),
            (os.POSIX_SPAWN_DUP2, from_child, 4),
        ]
        environment = dict(os.environ, **(environment or {}))
        self.process = os.posix_spawn(interpreter, [interpreter, harness], environment, file_actions=actions)
        os.close(to_child)
        os.close(from_child)
        self._status = None
        self._role = role
        job = {"role": role, "script": script, "arguments": list(arguments), "record": record,
               "separator": separator, "values": values}
        self.send(SETUP, 0, json.dumps(job).encode())

    def send(self, kind, identity, payload=b""):
        data = HEADER.pack(b"QRN1", kind, identity, len(payload)) + payload
        self.send_raw(data)

    def send_raw(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self._to, view):]

    def end_input(self):
        if self._to is not None:
            os.close(self._to)
            self._to = None

    def read(self):
        _, kind, identity, size = HEADER.unpack(self._read(HEADER.size))
        return kind, identity, self._read(size)

    def _read(self, size):
        parts = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while size:
            if not select.select([self._from], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("the child hangs; its log: " + self.log())
            part = os.read(self._from, min(size, 1 << 20))
            if not part:
                raise Gone(self.log())
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def setup_answer(self):
        kind, _, payload = self.read()
        return kind, json.loads(payload)

    def block(self, identity, segments, flags=0):
        """Sends a BLOCK; segments are (file name, records) with every record a line."""
        table = struct.pack("<II", flags, len(segments))
        for name, records in segments:
            name = name.encode("utf-8", "surrogateescape")
            table += struct.pack("<QQI", 1, len(records), len(name)) + name
        self.send(BLOCK, identity, table + b"".join(records for _, records in segments))

    def groups(self, identity, groups, flags=0):
        """Sends GROUPS; groups are (key, [values])."""
        payload = struct.pack("<II", flags, len(groups))
        payload += b"".join(struct.pack("<I", len(values)) for _, values in groups)
        for key, values in groups:
            payload += b"".join(line + b"\n" for line in [key, *values])
        self.send(GROUPS, identity, payload)

    def answer(self):
        answer = Answer()
        while answer.done is None:
            kind, answer.identity, payload = self.read()
            if kind == OUTPUT:
                if self._role == "reducer":
                    (count,) = struct.unpack_from("<I", payload)
                    answer.tables.append(list(struct.unpack_from(f"<{count}I", payload, 4)))
                    payload = payload[4 + 4 * count:]
                answer.output += payload
            elif kind == BAD:
                segment, line, size = struct.unpack_from("<IQI", payload)
                reason = payload[16:16 + size].decode()
                answer.bad.append((segment, line, reason, payload[16 + size:].decode()))
            elif kind == STARTING:
                answer.starting.append(struct.unpack("<IQ", payload))
            elif kind == COUNTERS:
                answer.counters = {(group, name): n for group, name, n in json.loads(payload)}
            elif kind == DONE:
                answer.done = struct.unpack("<QQQ", payload)
            else:
                raise AssertionError(f"unexpected frame {kind}: {payload[:300]!r}")
        return answer

    def finish(self):
        """Sends END; returns the frames that come, and the exit status."""
        self.send(END, 0)
        frames = []
        while not frames or frames[-1][0] not in (FINISHED, FAILED):
            kind, _, payload = self.read()
            frames.append((kind, payload))
        return frames, self.wait()

    def wait(self):
        self.end_input()
        if self._status is None:
            deadline = time.monotonic() + PATIENCE_SECONDS
            with contextlib.suppress(Gone):
                while time.monotonic() < deadline:
                    self._read(1)
            self._status = os.waitpid(self.process, 0)[1]
        return os.WEXITSTATUS(self._status) if os.WIFEXITED(self._status) else -os.WTERMSIG(self._status)

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def close(self):
        self.end_input()
        if self._status is None:
            with contextlib.suppress(OSError):
                os.kill(self.process, 9)
            self._status = os.waitpid(self.process, 0)[1]
        os.close(self._from)


def high_pipe():
    """A pipe whose descriptors do not collide with 3 and 4."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20))
        os.close(end)
    return ends


class HarnessTest(unittest.TestCase):
    """Helpers; tests run once for each interpreter that a source is given for."""

    def each(self, **sources):
        """Yields (language, start) for each interpreter; start(**options) gives a child with the module loaded."""
        for name, language, interpreter in INTERPRETERS:
            source = sources.get(language)
            if source is None:
                continue
            with self.subTest(name), tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
                yield language, self._starter(stack, language, interpreter, folder, source)

    def _starter(self, stack, language, interpreter, folder, source):
        files = source if isinstance(source, dict) else {default_name(language): source}
        for name, text in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        script = os.path.join(folder, next(iter(files)))

        def start(ready=True, **options):
            child = Child(language, interpreter, folder, **dict({"script": script}, **options))
            stack.callback(child.close)
            if ready:
                kind, payload = child.setup_answer()
                self.assertEqual(kind, READY, payload)
                child.ready = payload
            return child

        return start


def default_name(language):
    return "mapper.py" if language == "python" else "mapper.js"
