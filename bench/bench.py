"""Measures quern's promises side by side with the rival. Runs alternate, so that what else the machine does falls on all
of them; the medians are compared. Called by ./bench.sh.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUERN = os.environ.get("QUERN", os.path.join(ROOT, "build/release/quern"))
JOB = os.path.join(ROOT, "examples/os-count")
PYTHON = os.path.realpath(sys.executable)
PROCESSORS = len(os.sched_getaffinity(0))
# What is promised of the os-count job: at least so many times as fast as the rival, and at most so much above the floor.
FASTER_THAN_RIVAL = {"xz": 1.5, "gz": 1.7, "zst": 1.7}
ABOVE_FLOOR = 1.10
EMPTY_JOB_SECONDS = 0.060
# igzip stands for what a library can do in process; it is several times faster than zcat.
DECODERS = {"xz": ["xz", "-dc"], "gz": ["igzip", "-dc"], "zst": ["zstd", "-dcq"]}


class Sample:
    """One finished command: wall seconds, processor seconds, and the memory of its largest process."""

    def __init__(self, wall, usage):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_mb = usage.ru_maxrss / 1024


def run(command, names=None, cwd=None, stdout=subprocess.DEVNULL):
    environment = {**os.environ, "QUERN_PYTHON": PYTHON}
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=stdout, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL if names is None else subprocess.PIPE)
    if names is not None:
        process.stdin.write("".join(f"{name}\n" for name in names).encode())
        process.stdin.close()
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with {process.returncode}:\n{complaint.decode()}")
    return Sample(wall, usage)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def medians(samples):
    return {part: statistics.median(getattr(sample, part) for sample in samples) for part in ("wall", "cpu", "peak_mb")}


class Bench:
    def __init__(self, data, rounds):
        self.data = data
        self.rounds = rounds
        self.folder = tempfile.mkdtemp(prefix="bench-of-quern-")
        self.rows = []
        self.missed = []

    def files(self, kind):
        folder = os.path.join(self.data, kind)
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith("."))

    def quern(self, kind):
        return run([QUERN, "run", JOB, "--quiet", "-i", os.path.join(self.data, kind), "--set", f"output={self.folder}/quern.txt"])

    def rival(self, kind):
        sample = run([PYTHON, os.path.join(ROOT, "bench/rival_2014.py"), JOB, self.folder], self.files(kind))
        if read(f"{self.folder}/quern.txt") != read(f"{self.folder}/result.txt"):
            sys.exit(f"quern and the rival disagree on .{kind}: see {self.folder}")
        return sample

    def bare_mappers(self):
        """As many bare interpreters as there are processors, each with its share of the decoded files, at once."""
        files = self.files("json")
        begin = time.monotonic()
        processes = [subprocess.Popen([PYTHON, os.path.join(ROOT, "bench/bare_mapper.py"), JOB, *files[number::PROCESSORS]])
                     for number in range(PROCESSORS)]
        if any([process.wait() for process in processes]):
            sys.exit("a bare interpreter failed")
        return time.monotonic() - begin

    def decode_seconds(self, kind):
        """Processor time of decoding, spread over all processors."""
        return sum(run([*DECODERS[kind], name]).cpu for name in self.files(kind)) / PROCESSORS

    def expect(self, kept, what):
        if not kept:
            self.missed.append(what)
        return "kept" if kept else "MISSED"

    def os_count(self, kind):
        decoded = sum(os.path.getsize(name) for name in self.files("json"))
        quern, rival, floor = [], [], []
        for _ in range(self.rounds):
            quern.append(self.quern(kind))
            rival.append(self.rival(kind))
            floor.append(self.bare_mappers() + self.decode_seconds(kind))
        ours, theirs, least = medians(quern), medians(rival), statistics.median(floor)
        faster, above = theirs["wall"] / ours["wall"], ours["wall"] / least
        print(f"\nos-count over .{kind}, {decoded / 1e6:.0f} MB decoded, {PROCESSORS} processors, medians of {self.rounds}")
        for name, row in (("quern", ours), ("2014's way", theirs)):
            print(f"  {name:12} {row['wall']:7.2f} s   {decoded / 1e6 / row['wall']:6.0f} MB/s   {row['cpu']:7.2f} s of processors   "
                  f"{row['peak_mb']:5.0f} MB in the largest process")
        print(f"  {'the floor':12} {least:7.2f} s   {decoded / 1e6 / least:6.0f} MB/s")
        promise = FASTER_THAN_RIVAL[kind]
        kept = self.expect(faster >= promise, f".{kind}: {faster:.2f} times as fast as in 2014, promised {promise}")
        print(f"  {faster:.2f} times as fast as in 2014 (promised: {promise}): {kept}")
        kept = self.expect(above <= ABOVE_FLOOR, f".{kind}: {above:.2f} of the floor, promised {ABOVE_FLOOR}")
        print(f"  {above:.2f} of the floor (promised: at most {ABOVE_FLOOR}): {kept}", flush=True)
        self.rows.append({"job": "os-count", "format": kind, "decoded_bytes": decoded, "quern": ours, "rival": theirs, "floor": least})

    def empty_job(self):
        tiny = os.path.join(self.folder, "tiny.json")
        with open(tiny, "w", encoding="utf-8") as file:
            file.write('0\t{"info": {"OS": "Linux"}}\n')
        quern, by_hand = [], []
        for _ in range(5 * self.rounds):
            quern.append(run([QUERN, "run", JOB, "--quiet", "-i", tiny, "--set", f"output={self.folder}/quern.txt"]))
            by_hand.append(run([PYTHON, os.path.join(ROOT, "bench/bare_mapper.py"), "--reduce", JOB, tiny], cwd=self.folder))
        ours, theirs = medians(quern), medians(by_hand)
        more = ours["wall"] - theirs["wall"]
        print(f"\nan empty job of one tiny file, medians of {5 * self.rounds}")
        print(f"  quern        {ours['wall'] * 1000:7.1f} ms\n  by hand      {theirs['wall'] * 1000:7.1f} ms, in one interpreter")
        kept = self.expect(more <= EMPTY_JOB_SECONDS, f"empty job: {more * 1000:.0f} ms more than by hand, promised 60")
        print(f"  {more * 1000:.1f} ms more (promised: at most {EMPTY_JOB_SECONDS * 1000:.0f}): {kept}", flush=True)
        self.rows.append({"job": "empty", "quern": ours, "by_hand": theirs})

    def finish(self):
        with open(os.path.join(ROOT, "build/bench.json"), "w", encoding="utf-8") as file:
            json.dump(self.rows, file, indent=2)
        shutil.rmtree(self.folder)
        print("\nall numbers are in build/bench.json")
        if self.missed:
            sys.exit("promises that were not kept:\n  " + "\n  ".join(self.missed))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", choices=["full", "quick"], default="full", help="quick: an eighth of the data")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    data = os.path.join(ROOT, "build/bench-data" + ("-quick" if arguments.size == "quick" else ""))
    size = "125MB" if arguments.size == "quick" else "1GB"
    subprocess.run([os.path.join(ROOT, "tools/make_corpus"), data, "--files", "8", "--bytes", size, "--every-format"], check=True)
    bench = Bench(data, arguments.rounds)
    bench.empty_job()
    for kind in FASTER_THAN_RIVAL:
        bench.os_count(kind)
    bench.finish()


main()
