"""Several results for each group in one pass, without a script, against DuckDB and Miller."""
from contest import Contest, Faster, Memory
from corpora import decoded_bytes
from sides import PYTHON, duckdb, job, names_file, quern, shell, xargs

QUERY = ("SELECT country, count(*), sum(cents), quantile_disc(ms, 0.95), count(DISTINCT \"user\") "
         "FROM read_json('{}', format='newline_delimited', columns={{country: 'VARCHAR', cents: 'BIGINT', ms: 'BIGINT', "
         "\"user\": 'VARCHAR'}}) GROUP BY country ORDER BY country")


def aggregate_gz(corpora):
    """count, sum, p95 and distinct by country over 1 GB of JSON lines in .gz against DuckDB and Miller"""
    stored = corpora.orders()
    miller = shell("Miller", "zcat {}/*.gz | mlr --ijsonl --ojson stats1 -a count,sum,p95,distinct_count -f cents,ms,user -g country "
                   ">result.txt".format(stored), rounds=1, is_compared=False)
    return Contest("count, sum, p95 and distinct by country over 8 files of .gz", quern(job("aggregate"), stored),
                   [duckdb(QUERY.format(f"{stored}/*.gz"), separator="\t"), miller], [Faster("DuckDB", 3), Faster("Miller", 20)],
                   decoded_bytes(stored))


TABLE_QUERY = ("SELECT country, count(*), sum(cents), quantile_disc(ms, 0.95), count(DISTINCT \"user\") FROM read_csv('{}', "
               "header=true, columns={{id: 'BIGINT', country: 'VARCHAR', \"user\": 'VARCHAR', cents: 'BIGINT', ms: 'BIGINT', "
               "path: 'VARCHAR', agent: 'VARCHAR', ok: 'VARCHAR'}}) GROUP BY country ORDER BY country")


def tables(corpora, kind, times):
    stored = corpora.order_tables(kind)
    cat = "zcat" if kind == "csv.gz" else "cat"
    # Each file has a header; Miller, which reads them as one, is given the first one.
    one = f"{cat} {stored}/*.{kind} | awk 'NR == 1 || !/^id,country/'"
    miller = shell("Miller", f"{one} | mlr --icsv --ojson stats1 -a count,sum,p95,distinct_count -f cents,ms,user -g country "
                   ">result.txt", rounds=1, is_compared=False)
    return Contest(f"count, sum, p95 and distinct by country over 8 files of .{kind}",
                   quern(job("aggregate"), stored, "record=csv"),
                   [duckdb(TABLE_QUERY.format(f"{stored}/*.{kind}"), separator="\t"), miller],
                   [Faster("DuckDB", times), Faster("Miller", 15)], decoded_bytes(stored))


def aggregate_csv_gz(corpora):
    """the same over CSV in .gz against DuckDB and Miller"""
    return tables(corpora, "csv.gz", 1.5)


def aggregate_csv(corpora):
    """the same over plain CSV against DuckDB and Miller"""
    return tables(corpora, "csv", 0.8)


LOG_QUERY = ("SELECT regexp_extract(line, '\"[A-Z]+ ([^ ]+)', 1) AS path, regexp_extract(line, '\" ([0-9]+) ', 1) AS status, count(*) "
             "FROM read_csv('{}', delim='\x01', quote='', escape='', header=false, auto_detect=false, "
             "columns={{line: 'VARCHAR'}}) GROUP BY path, status ORDER BY path, status")


def logs_gz(corpora):
    """status by path over combined logs in .gz against awk and DuckDB"""
    stored = corpora.access_logs()
    each = """zcat "$1" | awk "{ n[\\$7 \\"\\\\t\\" \\$9]++ } END { for (k in n) print k \\"\\\\t\\" n[k] }" >counts.$(basename "$1")"""
    total = """awk -F'\\t' '{ n[$1 "\\t" $2] += $3 } END { for (k in n) print k "\\t" n[k] }' counts.* | LC_ALL=C sort >result.txt"""
    awk = shell("awk under xargs", xargs(names_file(stored), each) + total, is_compared=False)
    settings = ["record=combined", "group=[path, status]", "aggregate={n: count}"]
    return Contest("status by path over 8 files of combined logs in .gz", quern(job("aggregate"), stored, *settings),
                   [awk, duckdb(LOG_QUERY.format(f"{stored}/*.gz"), separator="\t", is_compared=False)],
                   [Faster("awk under xargs", 3), Faster("DuckDB", 3)], decoded_bytes(stored))


JSON_LOAD = r"""import json, sys
sums = {}
with open(sys.argv[1], encoding="utf-8") as file:
    for record in json.load(file):
        sums[record["country"]] = sums.get(record["country"], 0) + record["cents"]
with open("result.txt", "w", encoding="utf-8") as result:
    result.writelines(f"{key}\t{sums[key]}\n" for key in sorted(sums))
"""


def one_array(corpora):
    """a Python mapper over one JSON array in one file of 1 GB against json.load"""
    stored = corpora.one_array()
    python = shell("json.load", f"{PYTHON} - {stored}/0000.json <<'END'\n{JSON_LOAD}END\n")
    return Contest("cents by country of one JSON array in one file", quern(job("one-array"), stored), [python],
                   [Faster("json.load", 1.8), Memory(150)], decoded_bytes(stored))


ROWS = {"aggregate-gz": aggregate_gz, "aggregate-csv-gz": aggregate_csv_gz, "aggregate-csv": aggregate_csv, "logs-gz": logs_gz,
        "one-array": one_array}
