"""Many small files and a mapper in Python."""
from contest import Contest, Faster, Memory, Within
from corpora import decoded_bytes
from measuring import PROCESSORS
from sides import OS_COUNT, names_file, quern, shell, stream, xargs


def small_python(corpora):
    """2,000 files of 2 KB against an interpreter for each, by GNU parallel and by xargs"""
    stored = corpora.small_pings(2_000, 2_000)
    mapped = f'{stream("map", OS_COUNT, "$1")} <"$1" >lines.$(basename "$1")'
    end = f"\ncat lines.* | {stream('reduce', OS_COUNT)} >result.txt"
    in_parallel = f"parallel --will-cite -j{PROCESSORS} {stream('map', OS_COUNT)} {{}} '<' {{}} '>' lines.{{/}} <{names_file(stored)}"
    return Contest("os-count over 2,000 files of 2 KB", quern(OS_COUNT, stored),
                   [shell("xargs", xargs(names_file(stored), mapped) + end, rounds=1),
                    shell("GNU parallel", in_parallel + end, rounds=1)],
                   [Faster("xargs", 20), Faster("GNU parallel", 20)], decoded_bytes(stored))


def million_files(corpora):
    """1,000,000 files of 200 bytes (quick: 100,000) against find and cat into the same mapper"""
    stored = corpora.tiny_files()
    script = f"find {stored} -name '*.json' -print0 | xargs -0 cat | {stream('all', OS_COUNT, 'all')} >result.txt"
    return Contest("os-count over a million (quick: 100,000) files of 200 bytes", quern(OS_COUNT, stored + "/**/*.json"),
                   [shell("find cat python", script)], [Within("find cat python", 1.5), Memory(150)], rounds=2)


ROWS = {"small-python": small_python, "million-files": million_files}
