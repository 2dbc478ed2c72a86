"""Counting by a field without any child: `{builtin: pairs}` and `{builtin: count}`, against DuckDB and jq.

DuckDB reads the same files as CSV of two columns parted by the TAB and takes `json->>'$.info.OS'` of the second: of the
ways that it has (lines of text, read_json, read_json_objects over files without keys) this is the fastest.
"""
from contest import Contest, Faster
from corpora import decoded_bytes
from sides import CATS, OS_COUNT, duckdb, names_file, quern, shell, xargs

SETTINGS = ["mapper={builtin: pairs, key: info.OS, value: 1}", "reducer={builtin: count}"]


def count_query(pattern):
    return (f"SELECT json->>'$.info.OS' AS system, count(*) FROM read_csv('{pattern}', delim='\\t', quote='', escape='', "
            "header=false, auto_detect=false, max_line_size=8000000, columns={'id': 'VARCHAR', 'json': 'VARCHAR'}) "
            "GROUP BY system ORDER BY system").replace("\\t", "\t")


def jq(kind, stored):
    each = f'{CATS[kind]} "$1" | cut -f2- | jq -r .info.OS >lines.$(basename "$1")'
    count = "cat lines.* | LC_ALL=C sort | uniq -c | while read -r count system; do echo \"$system $count\"; done >result.txt"
    return shell("jq sort uniq", xargs(names_file(stored), each) + count, rounds=1)


def count_by_system(corpora, kind, times):
    stored, decoded = corpora.pings(kind), corpora.pings("json")
    rivals, goals = [jq(kind, stored)], []
    if times:
        rivals.append(duckdb(count_query(f"{stored}/*.{kind}")))
        goals = [Faster("jq sort uniq", 20), Faster("DuckDB", times)]
    return Contest(f"builtin pairs and count by info.OS over 8 files of .{kind}", quern(OS_COUNT, stored, *SETTINGS), rivals,
                   goals, decoded_bytes(decoded))


def builtin_plain(corpora):
    """builtin pairs and count, plain files, against DuckDB and jq"""
    return count_by_system(corpora, "json", 3)


def builtin_gz(corpora):
    """builtin pairs and count over .gz against DuckDB and jq"""
    return count_by_system(corpora, "gz", 5)


def builtin_zst(corpora):
    """builtin pairs and count over .zst against DuckDB and jq"""
    return count_by_system(corpora, "zst", 5)


def builtin_xz(corpora):
    """builtin pairs and count over .xz, which DuckDB cannot read, against jq"""
    return count_by_system(corpora, "xz", None)


def builtin_sum(corpora):
    """builtin pairs and sum over .gz against DuckDB"""
    stored = corpora.pings("gz")
    query = count_query(f"{stored}/*.gz").replace("count(*)", "sum((json->>'$.info.memsize')::BIGINT)")
    settings = ["mapper={builtin: pairs, key: info.OS, value: info.memsize}", "reducer={builtin: sum}"]
    return Contest("builtin pairs and sum of info.memsize by info.OS over 8 files of .gz", quern(OS_COUNT, stored, *settings),
                   [duckdb(query)], [Faster("DuckDB", 5)], decoded_bytes(corpora.pings("json")))


def builtin_small_files(corpora):
    """builtin pairs and count over 20,000 files of 10 KB against DuckDB"""
    stored = corpora.small_pings(20_000, 10_000)
    return Contest("builtin pairs and count by info.OS over 20,000 files of 10 KB", quern(OS_COUNT, stored, *SETTINGS),
                   [duckdb(count_query(f"{stored}/*.json"))], [Faster("DuckDB", 3)], decoded_bytes(stored))


ROWS = {"builtin-plain": builtin_plain, "builtin-gz": builtin_gz, "builtin-zst": builtin_zst, "builtin-xz": builtin_xz,
        "builtin-sum": builtin_sum, "builtin-small-files": builtin_small_files}
