"""Counting operating systems in telemetry pings with a mapper in Python: full records, `fields:`, one large file."""
from contest import Contest, Command, Faster, LittleMore, Within
from corpora import decoded_bytes
from measuring import PYTHON
from sides import OS_COUNT, RIVALS, job, names_file, quern, shell, stream, way_of_2014, xargs

FIELDS = "fields=[info.OS]"


def empty_job(corpora):
    """an empty job against the same by hand in one interpreter"""
    ping = corpora.one_ping()
    by_hand = Command("one interpreter", [PYTHON, f"{RIVALS}/bare_mapper.py", "--reduce", OS_COUNT, ping])
    return Contest("a job of one tiny file", quern(OS_COUNT, ping), [by_hand], [LittleMore("one interpreter", 0.060)], rounds=15)


def full(corpora, kind, times, of_floor):
    stored, decoded = corpora.pings(kind), corpora.pings("json")
    floor = Command("the floor", [PYTHON, f"{RIVALS}/floor.py", OS_COUNT, kind, decoded, stored], times_itself=True,
                    is_compared=False)
    return Contest(f"os-count over 8 files of .{kind}, full records", quern(OS_COUNT, stored), [way_of_2014(stored), floor],
                   [Faster("2014's way", times), Within("the floor", of_floor)], decoded_bytes(decoded))


def shaped(corpora, shape, of_floor):
    stored = corpora.shaped_pings(shape)
    floor = Command("the floor", [PYTHON, f"{RIVALS}/floor.py", OS_COUNT, "json", stored, stored], times_itself=True,
                    is_compared=False)
    return Contest(f"os-count over pings of another shape: {shape}", quern(OS_COUNT, stored), [way_of_2014(stored), floor],
                   [Within("the floor", of_floor)], decoded_bytes(stored))


def full_small(corpora):
    """full records of 0.4 to 2 KB against the floor"""
    return shaped(corpora, "small", 1 / 1.6)


def full_strings(corpora):
    """full records of long strings against the floor"""
    return shaped(corpora, "strings", 1 / 1.6)


def full_nested(corpora):
    """full records of lists of small objects against the floor"""
    return shaped(corpora, "nested", 1 / 1.6)


def fields(corpora, kind, times):
    stored = corpora.pings(kind)
    return Contest(f"os-count over 8 files of .{kind}, fields: [info.OS]", quern(OS_COUNT, stored, FIELDS),
                   [way_of_2014(stored)], [Faster("2014's way", times)], decoded_bytes(corpora.pings("json")))


def full_xz(corpora):
    """full records over .xz against 2014's way, and the floor"""
    return full(corpora, "xz", 2.1, 0.75)


def full_gz(corpora):
    """full records over .gz against 2014's way, and the floor"""
    return full(corpora, "gz", 3.6, 0.60)


def full_zst(corpora):
    """full records over .zst against 2014's way, and the floor"""
    return full(corpora, "zst", 3.4, 0.60)


def fields_xz(corpora):
    """fields: [info.OS] over .xz against 2014's way"""
    return fields(corpora, "xz", 3.5)


def fields_gz(corpora):
    """fields: [info.OS] over .gz against 2014's way"""
    return fields(corpora, "gz", 8)


def fields_zst(corpora):
    """fields: [info.OS] over .zst against 2014's way"""
    return fields(corpora, "zst", 8)


def full_gz_xargs(corpora):
    """full records over 16 .gz files against zcat and Python under xargs"""
    stored = corpora.pings("gz", files=16)
    # Each writes a file of its own: writers that share a pipe tear each other's lines.
    each = f'zcat "$1" | {stream("map", OS_COUNT, "$1")} >lines.$(basename "$1")'
    script = xargs(names_file(stored), each) + f"cat lines.* | {stream('reduce', OS_COUNT)} >result.txt"
    return Contest("os-count over 16 files of .gz, full records", quern(OS_COUNT, stored), [shell("xargs zcat python", script)],
                   [Faster("xargs zcat python", 2.4)], decoded_bytes(corpora.pings("json")))


def full_gz_js(corpora):
    """full records over .gz in JavaScript against zcat and Node.js under xargs"""
    stored = corpora.pings("gz")
    each = f'zcat "$1" | node {RIVALS}/os_count.mjs >lines.$(basename "$1")'
    script = xargs(names_file(stored), each) + "cat lines.* | awk '{ n[$1] += $2 } END { for (k in n) print k, n[k] }' | LC_ALL=C sort >result.txt"
    return Contest("os-count over 8 files of .gz, full records, in JavaScript", quern(job("os-count-js"), stored),
                   [shell("xargs zcat node", script)], [Faster("xargs zcat node", 1.6)], decoded_bytes(corpora.pings("json")))


def one_zst(corpora):
    """one large .zst of a single frame, full records, against 2014's way"""
    stored = corpora.one_large_zst()
    return Contest("os-count over one .zst of a single frame, full records", quern(OS_COUNT, stored), [way_of_2014(stored)],
                   [Faster("2014's way", 1.7)])


ROWS = {"empty-job": empty_job, "full-xz": full_xz, "full-gz": full_gz, "full-zst": full_zst, "fields-xz": fields_xz,
        "fields-gz": fields_gz, "fields-zst": fields_zst, "full-gz-xargs": full_gz_xargs,
        "full-small": full_small, "full-strings": full_strings, "full-nested": full_nested, "full-gz-js": full_gz_js, "one-zst": one_zst}
