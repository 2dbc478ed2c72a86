"""Planted records that kill whoever maps them."""
import dataclasses

from contest import Contest
from corpora import CRASHERS, decoded_bytes
from measuring import PROCESSORS
from sides import job, quern

# limits.attempts: so many children die of each planted record.
ATTEMPTS = 3
START = "a job of one record"


@dataclasses.dataclass
class WithinRestarts:
    """Ours takes at most `times` as long as undisturbed, plus the time in which its dead children are replaced."""
    times: float
    deaths: int

    def judge(self, ours, sides):
        restarts = self.deaths * sides[START]["wall"] / PROCESSORS
        got = (ours["wall"] - restarts) / sides["undisturbed"]["wall"]
        return (f"{got:.2f} of the undisturbed time, without {restarts:.2f} s for {self.deaths} restarts",
                f"at most {self.times:.2f}", got <= self.times)


def crashers(corpora):
    """a million records, 100 of which kill their mapper, against the same without those"""
    planted, good = corpora.records(planted=True), corpora.records(planted=False)
    # Little more than the start and the end of one child.
    start = quern(job("crash"), corpora.one_record(), "reducer=none", name=START, is_compared=False)
    return Contest(f"a million (quick: 125,000) records with {CRASHERS} planted crashers",
                   quern(job("crash"), planted, name="with crashers", ok_exit=(3,)),
                   [quern(job("crash"), good, name="undisturbed"), start], [WithinRestarts(1.10, ATTEMPTS * CRASHERS)],
                   decoded_bytes(good))


ROWS = {"crashers": crashers}
