"""Records, files and programs that take long, or wait: all children must be at work from the first second to the last."""
import os

from contest import Command, Contest, Faster, InSeconds, Within
from corpora import decoded_bytes
from measuring import PROCESSORS, PYTHON
from sides import QUERN, RIVALS, files_of, job, names_file, shell, xargs

CHILDREN = 16


def slow_records(title, stored, names):
    """64 records of 0.25 s: with 16 children that is one second, and a little to start 16 interpreters."""
    ours = Command("quern", [QUERN, "run", job("slow-records"), "--quiet", "-p", str(CHILDREN), "-i", stored, "-o", "result.txt"])
    rival = shell("GNU parallel", f"{names} | parallel --will-cite -k -j{CHILDREN} {PYTHON} {RIVALS}/slow_record.py "
                                  f"{job('slow-records')} {{}} >result.txt")
    return Contest(title, ours, [rival], [Faster("GNU parallel", 1), InSeconds(1.15)])


def slow_records_one(corpora):
    """64 records of 0.25 s in one file, 16 children, against GNU parallel"""
    stored = corpora.numbered_lines("slow-one", 1, 64)
    return slow_records("64 records of 0.25 s in one file, 16 children", stored, f"cat {stored}/*")


def slow_records_many(corpora):
    """the same records in a file each"""
    stored = corpora.numbered_lines("slow-many", 64, 1)
    return slow_records("64 records of 0.25 s in 64 files, 16 children", stored, f"cat {stored}/*")


def small_lines(corpora):
    """300 .gz files of 20 KB and awk as lines mapper against xargs"""
    stored = corpora.small_texts(300, 20_000)
    counted = job("count-lines")
    ours = Command("quern", [QUERN, "run", counted, "--quiet", "--set", "mapper.per_input=yes", "-i", stored, "-o", "result.txt"])
    shared = Command("quern, shared", [QUERN, "run", counted, "--quiet", "-i", stored, "-o", "result.txt"], is_compared=False)
    each = f'zcat "$1" | {counted}/count.awk >counted.$(basename "$1")'
    rival = shell("xargs zcat awk", xargs(names_file(stored), each) + "cat counted.* >result.txt")
    return Contest("awk over 300 files of .gz of 20 KB", ours, [rival, shared], [Faster("xargs zcat awk", 1.2)], decoded_bytes(stored))


def pictures(corpora):
    """200 pictures through ImageMagick as files program against GNU parallel"""
    stored = corpora.pictures(200)
    ours = Command("quern", [QUERN, "run", job("pictures"), "--quiet", "-i", stored, "-o", "result.txt"])
    each = "convert {} -resize 50% -format '%[fx:round(1000*mean)]\\n' info:"
    rival = shell("GNU parallel", f'parallel --will-cite -k -j{PROCESSORS} "{each}" <{names_file(stored)} >result.txt')
    return Contest("the brightness of 200 pictures", ours, [rival], [Within("GNU parallel", 1.05)])


def requests(corpora):
    """200 records that wait 0.1 s, 50 at once in one Node.js, against a pool of promises by hand"""
    stored = corpora.numbered_lines("requests", 1, 200)
    [file] = files_of(stored)
    ours = Command("quern", [QUERN, "run", job("requests"), "--quiet", "-i", stored, "-o", "result.txt"])
    by_hand = Command("by hand", ["node", f"{RIVALS}/promise_pool.mjs", os.path.join(job("requests"), "mapper.js"), file])
    return Contest("200 async records of 0.1 s, 50 at once", ours, [by_hand], [Within("by hand", 1.2)])


ROWS = {"slow-records-one": slow_records_one, "slow-records-many": slow_records_many, "small-lines": small_lines,
        "pictures": pictures, "requests": requests}
