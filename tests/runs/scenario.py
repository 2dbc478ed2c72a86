"""What the whole-program tests share: a temporary job folder, and a real quern that runs in it.

The program is build/release/quern, or what the environment variable QUERN names. Tests read like transcripts: files are
written, quern is run, and what it left is compared. A test that leaves a process or a temporary folder behind fails.
"""
import bz2
import gzip
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUERN = os.path.abspath(os.environ.get("QUERN", os.path.join(ROOT, "build/release/quern")))
FAST = "QUERN_TEST_FAST" in os.environ
# Nothing in these tests takes this long; a quern that does hangs.
PATIENCE_SECONDS = 120

# A script that runs these tests in the background ignores some, and so would quern.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

slow = unittest.skipIf(FAST, "left out of the fast subset")


def dedent(text):
    """A file's text from an indented literal, which begins with a line end; any other text stays as it is."""
    return textwrap.dedent(text[1:]).rstrip(" ") if text.startswith("\n") else text


COUNT_SYSTEMS = dedent("""
    def mapper(key, file, record):
        return record["info"]["OS"], 1
    """)
SUM = dedent("""
    def reduce(key, values):
        return key, sum(map(int, values))
    """)
JOB = dedent("""
    mapper: {language: python, script: mapper.py}
    reducer: {language: python, script: reducer.py}
    inputs: [data/*]
    """)
MAP_ONLY = dedent("""
    mapper: {language: python, script: mapper.py}
    inputs: [data/*]
    """)
TEXT = "record: text\n"


def ping(system, number=0):
    """One line of telemetry: a UUID, TAB, JSON."""
    return f'{number:08x}-0000-4000-8000-000000000000\t{{"info": {{"OS": "{system}"}}, "ver": 1}}'


def pings(*systems):
    return "".join(ping(system, number) + "\n" for number, system in enumerate(systems))


def compress(text, kind):
    """The bytes of a compressed file; zst, lz4 and br by their own programs."""
    data = text.encode() if isinstance(text, str) else text
    if kind == "none":
        return data
    if kind == "xz":
        return lzma.compress(data)
    if kind == "lzma":
        return lzma.compress(data, lzma.FORMAT_ALONE)
    if kind == "gz":
        return gzip.compress(data, mtime=0)
    if kind == "bz2":
        return bz2.compress(data)
    program = {"zst": ["zstd", "-q", "-c"], "lz4": ["lz4", "-q", "-c"], "br": ["brotli", "-c"]}[kind]
    return subprocess.run(program, input=data, stdout=subprocess.PIPE, check=True).stdout


class Run:
    """One finished run of quern and what it left behind."""

    def __init__(self, arguments, status, stdout, stderr, folder):
        self.arguments = arguments
        self.status = status
        self.stdout = stdout.decode("utf-8", "backslashreplace")
        self.stderr = stderr.decode("utf-8", "backslashreplace")
        self.stdout_bytes = stdout
        self.folder = folder

    def left(self, name, text=True):
        """The content of a file in the folder; None if it is not there."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        return data.decode("utf-8", "backslashreplace") if text else data

    @property
    def result(self):
        return self.left("result.txt")

    @property
    def accounting(self):
        return json.loads(self.left("result.json") or "null")

    def __str__(self):
        return (f"\n$ quern {' '.join(self.arguments)}\nexit status {self.status}\n--- stdout\n{self.stdout[-3000:]}\n"
                f"--- stderr\n{self.stderr[-6000:]}\n--- result.txt\n{(self.result or 'none')[:1000]}\n"
                f"--- result.json\n{(self.left('result.json') or 'none')[:3000]}")


class Scenario(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        if not os.access(QUERN, os.X_OK):
            self.fail(f"{QUERN} is not there: build it, or name another with QUERN=path")
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="tests-of-quern-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.scratch = os.path.join(self.folder, ".scratch")
        os.mkdir(self.scratch)
        self.may_leave_scratch = False
        self.mark = "QUERN_TESTS_MARK=" + uuid.uuid4().hex
        self.addCleanup(self.end_what_is_left)

    def tearDown(self):
        self.assert_no_process_left()
        if not self.may_leave_scratch:
            self.assertEqual(os.listdir(self.scratch), [], "temporary files are left")

    # Files

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content, executable=False):
        """Writes a file below the folder; a text that begins with a line end is an indented literal."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = content if isinstance(content, bytes) else dedent(content).encode("utf-8", "surrogateescape")
        with open(path, "wb") as file:
            file.write(data)
        if executable:
            os.chmod(path, 0o755)
        return path

    def write_all(self, files):
        for name, content in files.items():
            self.write(name, content)

    def count_job(self, job=JOB):
        """The operating system count, without inputs."""
        self.write_all({"analysis-tools.yml": job, "mapper.py": COUNT_SYSTEMS, "reducer.py": SUM})

    def mount(self, options):
        """A small file system of its own, where this user may mount one."""
        point = self.path("mounted")
        os.mkdir(point)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", point], stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            self.skipTest("this user may not mount a file system: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", point], check=True)
        return point

    # Running

    def environment(self, extra):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("QUERN", "AWS_", "TASKCLUSTER_"))}
        name, value = self.mark.split("=")
        # The real interpreter: a version manager's shim costs most of a second at each run.
        # No test asks the instance that it may run on for credentials.
        kept["AWS_EC2_METADATA_DISABLED"] = "true"
        kept.update({name: value, "TMPDIR": self.scratch, "QUERN_PYTHON": os.path.realpath(sys.executable)})
        kept.update(extra)
        return {name: value for name, value in kept.items() if value is not None}

    def start(self, *arguments, folder=None, environment=None, program=(QUERN,), **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([*program, *arguments], cwd=folder or self.folder, env=self.environment(environment or {}), **options)

    def finish(self, process, stdin=None):
        try:
            stdout, stderr = process.communicate(stdin, timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            self.fail("quern hangs" + str(Run(process.args[1:], None, stdout, stderr, self.folder)))
        return Run(process.args[1:], process.returncode, stdout or b"", stderr or b"", self.folder)

    def quern(self, *arguments, stdin=None, **options):
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
            stdin = stdin.encode() if isinstance(stdin, str) else stdin
        return self.finish(self.start(*arguments, **options), stdin)

    # Comparing

    def assert_run(self, run, status=0, result=None, says=(), **accounting):
        """The exit status, result.txt (if given), phrases on standard error, and parts of result.json."""
        self.assertEqual(run.status, status, run)
        if result is not None:
            self.assertEqual(run.result, result, run)
        for phrase in [says] if isinstance(says, str) else says:
            self.assertIn(phrase, run.stderr, run)
        if accounting:
            self.assertEqual({name: self.dig(run, name) for name in accounting}, accounting, run)
        if run.accounting is not None:
            self.assert_adds_up(run)

    def dig(self, run, name):
        """inputs_failed is accounting["inputs"]["failed"]."""
        value = run.accounting
        for part in name.split("_", 1):
            value = value[part]
        return value

    def assert_adds_up(self, run):
        inputs, records = run.accounting["inputs"], run.accounting["records"]
        self.assertEqual(inputs["found"], inputs["mapped"] + inputs["failed"] + inputs["skipped"], run)
        self.assertEqual(records["read"], records["mapped"] + records["bad"], run)

    def assert_fails(self, run, *says, status=1):
        """The run failed, said why, and left no result."""
        self.assert_run(run, status=status, says=says)
        self.assertIsNone(run.result, run)

    # Processes

    def processes(self):
        """Command lines of all processes that descend from this test's quern, or are it, by the mark in their environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if self.mark.encode() not in file.read():
                        continue
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    found.append((int(pid), file.read().replace(b"\0", b" ").decode("utf-8", "replace")))
            except OSError:
                continue
        return found

    def children(self, role=b""):
        """The processes of this test's quern that run modules, of one role or of all, by the variable that tells them so."""
        found = []
        for pid, _ in self.processes():
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if any(variable.startswith(b"QUERN_ROLE=" + role) for variable in file.read().split(b"\0")):
                        found.append(pid)
            except OSError:
                continue
        return found

    def wait_for(self, condition, what, seconds=PATIENCE_SECONDS):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited {seconds} s for {what} in vain")
            time.sleep(0.01)

    def wait_for_file(self, name):
        self.wait_for(lambda: os.path.exists(self.path(name)), name)

    def assert_no_process_left(self):
        deadline = time.monotonic() + 20
        # One that is just being executed has no environment yet: a second look may find what the first did not.
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(left, [], "processes are left")

    def end_what_is_left(self):
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
