"""Programs that read and write lines, and what becomes of many pairs."""
from contest import Command, Contest, Faster, Memory
from corpora import decoded_bytes
from measuring import PROCESSORS, PYTHON
from sides import RIVALS, duckdb, files_of, job, names_file, quern, shell, xargs

SORT = f"LC_ALL=C sort -S{{}} --parallel={PROCESSORS} -T ."


def add_up(separator):
    """An awk that adds up the values of each key of sorted lines. Keys such as 00e8 are text, and mawk's %d ends at 2^31."""
    return (f"mawk -F'{separator}' -v OFS='{separator}' -v OFMT=%.17g '"
            "($1 \"\") != key { if (NR > 1) print key, sum; key = $1 \"\"; sum = 0 } { sum += $2 } END { print key, sum }'")


def word_count(corpora):
    """awk as lines mapper and builtin sum over text in 4 .gz files against xargs, sort, awk"""
    stored = corpora.text()
    words = job("word-count")
    each = f'zcat "$1" | {words}/words.awk >words.$(basename "$1")'
    script = xargs(names_file(stored), each) + f"{SORT.format('512M')} words.* | {add_up(' ')} >result.txt"
    return Contest("word count over text in 4 files of .gz", quern(words, stored), [shell("xargs zcat awk sort awk", script, rounds=1)],
                   [Faster("xargs zcat awk sort awk", 2)], 4 * (10**9 // corpora.part // 4), rounds=2)


def sum_pairs(corpora):
    """50 million pairs of 5 million keys through cat and builtin sum in 256 MiB against sort, awk and DuckDB"""
    stored = corpora.pairs()
    script = f"{SORT.format('256M')} -t, -k1,1 -s {' '.join(files_of(stored))} | {add_up(',')} >result.txt"
    query = (f"SELECT k, sum(v) FROM read_csv('{stored}/*.csv', delim=',', quote='', escape='', header=false, auto_detect=false, "
             "columns={'k': 'VARCHAR', 'v': 'BIGINT'}) GROUP BY k ORDER BY k")
    return Contest("pairs through cat and builtin sum, memory 256 MiB", quern(job("sum-pairs"), stored),
                   [shell("sort awk", script, rounds=1), duckdb(query, separator=",", memory="256MiB", may_fail=True)],
                   [Faster("sort awk", 3), Faster("DuckDB", 1), Memory(400)], decoded_bytes(stored), rounds=2)


def list_pairs(corpora):
    """the same pairs through a reducer in Python against a dict of lists in one process"""
    stored = corpora.pairs()
    rival = Command("a dict of lists", [PYTHON, f"{RIVALS}/dict_of_lists.py", job("list-pairs"), *files_of(stored)], rounds=1)
    return Contest("pairs through cat and a reducer in Python, memory 256 MiB", quern(job("list-pairs"), stored), [rival],
                   [Faster("a dict of lists", 1), Memory(512)], decoded_bytes(stored), rounds=1)


ROWS = {"word-count": word_count, "sum-pairs": sum_pairs, "list-pairs": list_pairs}
