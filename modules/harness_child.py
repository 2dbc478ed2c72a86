"""What the tests of the harnesses share: starts a real harness and speaks the child protocol with it, as quern does."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import textwrap
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = struct.Struct("<4sIQQ")
SETUP, BLOCK, GROUPS, END = 1, 2, 3, 4
READY, FAILED, OUTPUT, BAD, STARTING, COUNTERS, DONE, FINISHED, PROGRESS, LOADED, TEXT, FIELDS = range(16, 28)
CAREFUL, CONTINUES, GOES_ON, PACKED = 1, 2, 4, 8
PATIENCE_SECONDS = 120  # only for a child that hangs; nothing waits for it otherwise


def interpreters():
    """Name, language and absolute path of each interpreter to test with: programs, not version managers' shims."""
    if "QUERN_TEST_INTERPRETERS" in os.environ:
        named = [item.partition("=") for item in os.environ["QUERN_TEST_INTERPRETERS"].split()]
        return [(f"{language.title()}{i}", language, path) for i, (language, _, path) in enumerate(named)]
    found = []
    for path in ["/usr/bin/python3", shutil.which("python3")]:
        asked = path and subprocess.run([path, "-c", "import sys; print(sys.executable)"], stdout=subprocess.PIPE)
        real = asked.stdout.decode().strip() if asked and asked.returncode == 0 else ""
        if real and real not in [known for _, _, known in found]:
            found.append((f"Python{len(found) + 1}", "python", real))
    if shutil.which("node"):
        found.append(("Node", "javascript", shutil.which("node")))
    return found


def cases_for_each_interpreter(cases):
    """A suite of the test cases (subclasses of HarnessTest), once for each interpreter."""
    suite = unittest.TestSuite()
    for name, language, interpreter in interpreters():
        members = {"name": name, "language": language, "interpreter": interpreter}
        for case in cases:
            named = type(case.__name__ + name, (case,), members)
            suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(named))
    return suite


class Gone(Exception):
    """The child closed its end of the pipe."""


class Answer:
    """What a child said about one frame."""

    def __init__(self):
        self.output = b""
        self.kinds = []  # of the frames with output
        self.tables = []
        self.bad = []  # (segment, line, reason, details)
        self.starting = []
        self.counters = {}
        self.done = None
        self.progress = []
        self.identity = None
        self.fields = None  # what was read so far


class Child:
    def __init__(self, language, interpreter, folder, role="mapper", record="json", separator=" ", output="text",
                 plain=False, values="list", script=None, arguments=(), environment=None,
                 timeout=7200, loads_only=False, concurrency=1, sample=None, typed=False,
                 watch_fields=False):
        self.language = language
        self.folder = folder
        self.script = script
        harness = os.path.join(HERE, "start.py" if language == "python" else "harness.mjs")
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
               "separator": separator, "output": output, "plain": plain, "values": values,
               "timeout": timeout, "loads_only": loads_only, "concurrency": concurrency}
        if watch_fields:
            job["watch_fields"] = True
        if typed:
            job["typed"] = True
        if sample is not None:
            job["sample"] = sample
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

    def read_but_progress(self):
        """The next frame that does not depend on the time."""
        while True:
            kind, identity, payload = self.read()
            if kind != PROGRESS:
                return kind, identity, payload

    def setup_answer(self):
        kind, _, payload = self.read()
        if kind == LOADED:
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
        table = struct.pack(f"<{len(groups) + 2}I", flags, len(groups), *[len(values) for _, values in groups])
        lines = [line + b"\n" for key, values in groups for line in [key, *values]]
        self.send(GROUPS, identity, table + b"".join(lines))

    def answer(self):
        answer = Answer()
        while answer.done is None:
            kind, answer.identity, payload = self.read()
            if kind in (OUTPUT, TEXT):
                answer.kinds.append(kind)
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
            elif kind == FIELDS:
                answer.fields = json.loads(payload)
            elif kind == PROGRESS:
                answer.progress.append(struct.unpack("<Q", payload)[0])
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
            kind, _, payload = self.read_but_progress()
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
    """Helpers. Every test runs once with each interpreter; see cases_for_each_interpreter."""

    name, language, interpreter = "", "", ""
    folders = ()  # of the modules of this test so far

    def each(self, **sources):
        """[(language, start)] for the interpreter of this test: start(**options) gives a child with the module of this
        language loaded. The list is empty where there is no module for the language. A module is its source, or files
        by name of which the first is the script."""
        if self.language not in sources:
            self.skipTest("for " + " and ".join(sources))
        source = sources[self.language]
        if source is None:
            return []
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folders = [*self.folders, folder.name]
        files = source if isinstance(source, dict) else {default_name(self.language): source}
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder.name, name)), exist_ok=True)
            with open(os.path.join(folder.name, name), "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        script = os.path.join(folder.name, next(iter(files)))

        def start(ready=True, **options):
            child = Child(self.language, self.interpreter, folder.name, **dict({"script": script}, **options))
            self.addCleanup(child.close)
            if ready:
                kind, payload = child.setup_answer()
                self.assertEqual(kind, READY, payload)
                child.ready = payload
            return child

        return [(self.language, start)]


def default_name(language):
    return "mapper.py" if language == "python" else "mapper.js"
