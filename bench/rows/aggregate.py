"""Several results for each group in one pass, without a script, against DuckDB and Miller."""
from contest import Contest, Faster
from corpora import decoded_bytes
from sides import duckdb, job, quern, shell

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


ROWS = {"aggregate-gz": aggregate_gz}
