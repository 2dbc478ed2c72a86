"""What a row of the benchmark is made of: our command, the rivals', and what is promised of them."""
import dataclasses
import filecmp
import os
import shutil
import sys
import tempfile

import measuring


@dataclasses.dataclass
class Command:
    """One side of a comparison. It runs in an empty folder and leaves its result there."""
    name: str
    words: list
    stdin: str = None
    result: str = "result.txt"
    ok_exit: tuple = (0,)
    # It leaves the seconds of its work proper in seconds.txt, without what it takes to start.
    times_itself: bool = False
    # Rivals that take minutes run less often than the others.
    rounds: int = None
    # What it leaves is no result to compare, as with a floor.
    is_compared: bool = True
    # It may be unable to do the work within the memory that it is given; the row then says so.
    may_fail: bool = False


@dataclasses.dataclass
class Faster:
    """Ours is at least `times` as fast as the rival."""
    rival: str
    times: float

    def judge(self, ours, sides):
        if self.rival not in sides:
            return f"{self.rival} could not do it", f"at least {self.times:g} times as fast", True
        got = sides[self.rival]["wall"] / ours["wall"]
        return f"{got:.2f} times as fast as {self.rival}", f"at least {self.times:g} times", got >= self.times


@dataclasses.dataclass
class Within:
    """Ours takes at most `times` as long as the rival."""
    rival: str
    times: float

    def judge(self, ours, sides):
        got = ours["wall"] / sides[self.rival]["wall"]
        return f"{got:.2f} of the time of {self.rival}", f"at most {self.times:.2f}", got <= self.times


@dataclasses.dataclass
class WithinSlower:
    """Ours takes at most `times` as long as the slowest of some others."""
    rivals: tuple
    times: float

    def judge(self, ours, sides):
        got = ours["wall"] / max(sides[rival]["wall"] for rival in self.rivals)
        return f"{got:.2f} of the time of the slower of {' and '.join(self.rivals)}", f"at most {self.times:.2f}", got <= self.times


@dataclasses.dataclass
class LittleMore:
    """Ours takes at most `seconds` longer than the rival."""
    rival: str
    seconds: float

    def judge(self, ours, sides):
        got = ours["wall"] - sides[self.rival]["wall"]
        return f"{got * 1000:.1f} ms more than {self.rival}", f"at most {self.seconds * 1000:.0f} ms", got <= self.seconds


@dataclasses.dataclass
class InSeconds:
    """Ours takes less than so many seconds."""
    seconds: float

    def judge(self, ours, _sides):
        got = ours["wall"]
        return f"{got:.3f} s", f"below {self.seconds:g} s", got < self.seconds


@dataclasses.dataclass
class Memory:
    """The peak of our whole process tree stays below so many MiB."""
    megabytes: int

    def judge(self, ours, _sides):
        got = ours["tree_mb"]
        return f"{got:.0f} MiB at the peak of all processes", f"below {self.megabytes} MiB", got < self.megabytes


@dataclasses.dataclass
class Contest:
    """One row, ready to run."""
    title: str
    ours: Command
    rivals: list
    goals: list
    decoded_bytes: int = 0
    rounds: int = 3


class Run:
    """Runs contests and collects what came of them."""

    def __init__(self, rounds=None):
        self.rounds = rounds
        self.folder = tempfile.mkdtemp(prefix="bench-of-quern-")
        self.rows = []
        self.missed = []

    def hold(self, name, contest):
        sides = [contest.ours, *contest.rivals]
        samples = {side.name: [] for side in sides}
        rounds = self.rounds or contest.rounds
        for number in range(rounds):
            for side in sides:
                if number < (side.rounds or rounds) and side.name in samples:
                    self.add_sample(name, side, samples)
            self.compare(name, contest, samples)
        self.report(name, contest, {side: measuring.medians(taken) for side, taken in samples.items()}, rounds)

    def add_sample(self, name, side, samples):
        taken = self.sample(name, side)
        if taken is None:
            del samples[side.name]
        else:
            samples[side.name].append(taken)

    def place(self, side):
        return os.path.join(self.folder, side.name.replace(" ", "-").replace("/", "-"))

    def sample(self, name, side):
        folder = self.place(side)
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        status, complaint, sample = measuring.run(side.words, folder, side.stdin)
        if status not in side.ok_exit and side.may_fail:
            reason = next((line for line in complaint.splitlines() if "Error" in line), complaint.strip())
            print(f"\n{name}: {side.name} failed with {status}: {reason}", flush=True)
            return None
        if status not in side.ok_exit:
            sys.exit(f"{name}: {side.name} failed with {status}:\n{complaint[-5000:]}\n{' '.join(side.words)}")
        if side.times_itself:
            with open(os.path.join(folder, "seconds.txt"), encoding="ascii") as file:
                sample.wall = float(file.read())
        return sample

    def compare(self, name, contest, samples):
        ours = os.path.join(self.place(contest.ours), contest.ours.result)
        for side in contest.rivals:
            theirs = os.path.join(self.place(side), side.result)
            if side.is_compared and side.name in samples and not filecmp.cmp(ours, theirs, shallow=False):
                sys.exit(f"{name}: quern and {side.name} disagree: {ours} and {theirs}")

    def report(self, name, contest, sides, rounds):
        ours = sides[contest.ours.name]
        print(f"\n{name}: {contest.title}, {measuring.PROCESSORS} processors, medians of {rounds}")
        width = max(map(len, sides))
        for side, row in sides.items():
            rate = f"{contest.decoded_bytes / 1e6 / row['wall']:7.0f} MB/s   " if contest.decoded_bytes else ""
            print(f"  {side:{width}} {row['wall']:9.3f} s   {rate}{row['cpu']:8.2f} s of processors   "
                  f"{row['largest_mb']:6.0f} MiB in the largest process, {row['tree_mb']:6.0f} in all")
        judged = []
        for goal in contest.goals:
            got, promised, is_kept = goal.judge(ours, sides)
            print(f"  {got} (promised: {promised}): {'kept' if is_kept else 'MISSED'}")
            judged.append({"got": got, "promised": promised, "kept": is_kept})
            if not is_kept:
                self.missed.append(f"{name}: {got}, promised {promised}")
        sys.stdout.flush()
        self.rows.append({"row": name, "title": contest.title, "decoded_bytes": contest.decoded_bytes, "rounds": rounds,
                          "load": os.getloadavg()[0], "sides": sides, "goals": judged})
