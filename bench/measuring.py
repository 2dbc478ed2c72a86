"""Runs one command and says what it took: wall seconds, processor seconds, and memory.

Memory is told in two ways. `largest_mb` is the peak of the largest single process, by the kernel's own account. `tree_mb`
is the peak of the whole tree: the resident sets of the command and all that descend from it, added up 20 times a second.
Pages that several processes share count for each of them, so the tree's figure is rather too high than too low; a
process that lives for less than a twentieth of a second may be missed.
"""
import os
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The real interpreter: a version manager's shim costs most of a second at each start.
PYTHON = os.path.realpath(sys.executable)
PROCESSORS = len(os.sched_getaffinity(0))
SAMPLES_A_SECOND = 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PARTS = ("wall", "cpu", "largest_mb", "tree_mb")


class Sample:
    """One finished command."""

    def __init__(self, wall, usage, tree_bytes):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.largest_mb = usage.ru_maxrss / 1024
        self.tree_mb = max(tree_bytes / 2**20, self.largest_mb)


class TreeWatch(threading.Thread):
    """Looks at the memory of a process and all its descendants until it is told to stop."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_bytes = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(1 / SAMPLES_A_SECOND):
            self.peak_bytes = max(self.peak_bytes, self.tree_bytes())

    def tree_bytes(self):
        left, total = [self.pid], 0
        while left:
            pid = left.pop()
            try:
                with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                    total += int(file.read().split()[1]) * PAGE_BYTES
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                        left += file.read().split()
            except OSError:  # it is gone
                continue
        return total

    def stop(self):
        self.done.set()
        self.join()
        return self.peak_bytes


def run(words, folder, stdin=None):
    """Runs a command in a folder; its standard output goes to stdout.txt there. Ends the program if the command fails."""
    environment = {**os.environ, "QUERN_PYTHON": PYTHON, "LC_ALL": "C.UTF-8"}
    with open(stdin or os.devnull, "rb") as source, open(os.path.join(folder, "stdout.txt"), "wb") as out:
        begin = time.monotonic()
        process = subprocess.Popen(words, cwd=folder, env=environment, stdin=source, stdout=out, stderr=subprocess.PIPE)
        watch = TreeWatch(process.pid)
        watch.start()
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    sample = Sample(wall, usage, watch.stop())
    return process.returncode, complaint.decode("utf-8", "backslashreplace"), sample


def medians(samples):
    return {part: statistics.median(getattr(sample, part) for sample in samples) for part in PARTS}
