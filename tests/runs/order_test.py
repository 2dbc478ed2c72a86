"""`order`, `first` and `format`: the lines of a result, compared with a model in Python, at any width and in halves."""
import collections
import csv
import fractions
import gzip
import io
import json
import math
import os
import random
import re

from scenario import Scenario, compress, dedent

AGGREGATED = dedent("""
    group: [country, "os"]
    aggregate: {n: count, revenue: sum amount, who: unique user, last: max note}
    inputs: [data/*]
    record: json
    separator: "\\t"
    """)
PAIRS = dedent("""
    mapper: {language: python, script: mapper.py}
    inputs: [data/*]
    record: json
    separator: "::"
    """)
MAPPER = dedent("""
    def mapper(key, file, record):
        return f"{record['country']} {record['os']}", record.get("amount")
    """)
REDUCER = dedent("""
    def reduce(key, values):
        for value in sorted(set(values)):
            yield key[::-1], value
    """)


def drawn(draw):
    record = {"country": draw.choice(["de", "fr", "Côte d'Ivoire", "a,b", 'say "x"']), "os": draw.choice(["mac", "win", "", 7]),
              "amount": draw.choice([draw.randrange(-5, 5), draw.randrange(-20, 20) / 4, 10**30 + draw.randrange(3)]),
              "user": f"u{draw.randrange(12)}", "note": draw.choice(["tab\there", "zero\0", 'quote "', "nothing", ""])}
    if draw.random() < 0.2:
        record["amount"] = None
    return record


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def number(cell):
    try:
        return fractions.Fraction(cell)
    except ValueError:
        return None


def in_order(rows, column, descending):
    """Numbers before texts, in both directions; ties as they were."""
    numbers = [row for row in rows if number(row[column]) is not None]
    texts = [row for row in rows if number(row[column]) is None]
    for part, key in ((numbers, lambda row: number(row[column])), (texts, lambda row: row[column].encode())):
        part.sort(key=key, reverse=descending)
        if descending:
            # A reversed sort of Python is stable as well.
            continue
    return numbers + texts


def aggregated(records):
    groups = collections.defaultdict(list)
    for record in records:
        groups[record["country"], text(record["os"])].append(record)
    rows = []
    for key, members in groups.items():
        amounts = [member["amount"] for member in members if member["amount"] is not None]
        total = sum(map(fractions.Fraction, amounts))
        revenue = "null" if not amounts else repr(float(total)) if any(isinstance(one, float) for one in amounts) else str(total)
        rows.append(("\0".join(key).encode(), [*key, str(len(members)), revenue,
                                               json.dumps(sorted({member["user"] for member in members})),
                                               max((member["note"] for member in members), key=str.encode)]))
    return [row for _, row in sorted(rows)]


class Order(Scenario):
    def write_data(self, files=5, records=120):
        draw = random.Random(41)
        self.records = []
        for name in range(files):
            mine = [drawn(draw) for _ in range(records)]
            self.records += mine
            self.write(f"data/{name}.json.gz", compress("".join(json.dumps(record) + "\n" for record in mine), "gz"))

    def assert_same_everywhere(self, expected, name="result.txt", reducers=(1, 3)):
        for more in ([], ["-p", "1"], ["--memory", "16MiB"]):
            for count in reducers:
                run = self.quern("run", "-o", name, "--set", f"reducers={count}", *more)
                self.assert_run(run)
                self.assertEqual(run.left(name), expected, f"{more} {count}{run}")

    def halves(self, name, *more):
        os.makedirs(self.path("maps"), exist_ok=True)
        for part, load in enumerate(((0, 1), (2,), (3, 4))):
            self.assert_run(self.quern("map", *[f"data/{one}.json.gz" for one in load], "-o", f"maps/{part}"))
        run = self.quern("reduce", "maps/0", "maps/1", "maps/2", "-o", name, *more)
        self.assert_run(run)
        return run.left(name)

    def test_columns_in_the_order_of_each(self):
        self.write_data()
        rows = aggregated(self.records)
        for column, name in enumerate(("country", "os", "n", "revenue", "who", "last")):
            for direction in ("asc", "desc"):
                for first in (None, 1, 4, 1000):
                    self.write("analysis-tools.yml", AGGREGATED + f"order: {name} {direction}\n" + (f"first: {first}\n" if first else ""))
                    expected = "".join("\t".join(row) + "\n" for row in in_order(rows, column, direction == "desc")[:first])
                    run = self.quern("run")
                    self.assert_run(run, result=expected)
        self.assert_same_everywhere(expected)
        self.assertEqual(self.halves("reduced.txt"), expected)
        self.assertEqual(self.halves("few.txt", "--order", "n desc", "--first", "2"),
                         "".join("\t".join(row) + "\n" for row in in_order(rows, 2, True)[:2]))

    def test_order_of_a_reducer_in_a_script(self):
        self.write_data()
        self.write_all({"mapper.py": MAPPER.replace('record.get("amount")', 'str(record.get("amount"))'), "reducer.py": REDUCER})
        groups = collections.defaultdict(set)
        for record in self.records:
            groups[f"{record['country']} {record['os']}"].add(str(record["amount"]))
        rows = [[key[::-1], value] for key in sorted(groups, key=str.encode) for value in sorted(groups[key])]
        for by, column in (("key", 0), ("value", 1)):
            for direction in ("", " desc"):
                self.write("analysis-tools.yml", PAIRS + f"reducer: {{language: python, script: reducer.py}}\norder: {by}{direction}\nfirst: 30\n")
                expected = "".join("::".join(row) + "\n" for row in in_order(rows, column, bool(direction))[:30])
                self.assert_run(self.quern("run"), result=expected)
        self.assert_same_everywhere(expected)
        self.assertEqual(self.halves("reduced.txt"), expected)

    def test_more_lines_than_fit_into_memory(self):
        lines = [f"{(number * 7919) % 600011:06d}{'x' * 40}" for number in range(600_000)]
        self.write("a.txt", "".join(line + "\n" for line in lines))
        self.write_all({"mapper.py": "def mapper(key, file, record):\n    return record[6:], record[:6]\n"})
        self.write("analysis-tools.yml", "mapper: {language: python, script: mapper.py}\ninputs: [a.txt]\nrecord: text\n"
                   "order: value desc\nlimits: {memory: 16MiB}\n")
        expected = "".join(f"{'x' * 40} {line[:6]}\n" for line in sorted(lines, reverse=True))
        run = self.quern("run")
        self.assert_run(run)
        self.assertTrue(run.result == expected)
        run = self.quern("run", "--first", "400000")
        self.assertTrue(run.result == "".join(expected.splitlines(True)[:400_000]))

    def test_without_a_reducer_ties_are_in_the_order_of_the_inputs(self):
        self.write_all({"a.txt": "b 2\nlonger\n", "b.txt": "a 2\nc 10\n", "c.txt": "x y 2\n"})
        job = "mapper: {language: binary, interface: lines, script: /bin/cat}\nrecord: text\ninputs: ['?.txt']\n"
        self.write("analysis-tools.yml", job)
        for more, expected in ((["--first", "3"], "b 2\nlonger\na 2\n"),
                               (["--order", "value"], "b 2\na 2\nc 10\nlonger\nx y 2\n"),
                               (["--order", "value desc"], "c 10\nb 2\na 2\nx y 2\nlonger\n"),
                               (["--order", "key desc", "--first", "2"], "x y 2\nlonger\n"),
                               (["--first", "2", "--format", "csv"], "key,value\nb,2\nlonger,\n")):
            self.assert_run(self.quern("run", *more), result=expected)
            self.assert_run(self.quern("run", "-p", "1", *more), result=expected)

    def test_values_of_a_key_in_order(self):
        self.write_data()
        self.write_all({"mapper.py": "def mapper(key, file, record):\n    return record['country'], str(record['amount'])\n",
                        "join.py": "def reduce(key, values):\n    return key, '|'.join(values)\n",
                        "lines.py": "import sys\nfor line in sys.stdin:\n    print(line, end='')\n"})
        groups = collections.defaultdict(list)
        for record in self.records:
            groups[record["country"]].append([str(record["amount"])])
        job = "mapper: {language: python, script: mapper.py}\ninputs: [data/*]\nrecord: json\nseparator: \"\\t\"\n"
        for kind in ("text", "numeric"):
            joined, lines = "", ""
            for key in sorted(groups, key=str.encode):
                values = in_order(groups[key], 0, False) if kind == "numeric" else sorted(groups[key], key=lambda row: row[0].encode())
                joined += f"{key}\t{'|'.join(value for value, in values)}\n"
                lines += "".join(f"{key}\t{value}\n" for value, in values)
            self.write("analysis-tools.yml", job + f"reducer: {{language: python, script: join.py}}\nsort_values: {kind}\n")
            self.assert_same_everywhere(joined)
            self.assert_run(self.quern("run", "--set", "values=iterator"), result=joined)
            self.assertEqual(self.halves("reduced.txt"), joined)
            self.write("analysis-tools.yml", job + f"reducer: {{language: python, interface: lines, script: lines.py}}\nsort_values: {kind}\n")
            self.assert_run(self.quern("run"), result=lines)

    def test_formats_of_columns(self):
        self.write_data()
        rows = aggregated(self.records)
        names = ["country", "os", "n", "revenue", "who", "last"]
        for format_name, delimiter in (("csv", ","), ("tsv", "\t")):
            self.write("analysis-tools.yml", AGGREGATED + f"format: {format_name}\n")
            target = io.StringIO()
            writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
            writer.writerows([names, *rows])
            self.assert_same_everywhere(target.getvalue())
            self.assertEqual(self.halves("reduced.txt"), target.getvalue())
            with open(self.path("result.txt"), encoding="utf-8", newline="") as result:
                self.assertEqual(list(csv.reader(result, delimiter=delimiter)), [names, *rows])
        run = self.quern("run", "--format", "jsonl", "--order", "revenue desc")
        self.assert_run(run)
        objects = [json.loads(line, parse_float=str, parse_int=str) for line in run.result.splitlines()]
        expected = [dict(zip(names, row)) for row in in_order(rows, 3, True)]
        for row in expected:
            row["who"] = json.loads(row["who"])
            row["revenue"] = None if row["revenue"] == "null" else row["revenue"]
        self.assertEqual(objects, expected)
        self.assertIsInstance(json.loads(run.result.splitlines()[0])["n"], int)

    # Of JSON, and of CSV, where each is a text.
    VALUES = (None, "null", "007", "1e5", "1e400", "true", True, False, "NaN", "nan", 5, "5", 1.50, "0.10", "", "[1]", [1], {"a": None}, "x")

    def shown(self, cell, name, kind):
        """What `format: jsonl` makes of a cell, which is None where no value was."""
        if cell is None or kind in ("list", "unique"):
            return cell
        is_number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", cell) and math.isfinite(float(cell))
        return float(cell) if is_number else cell

    def modelled(self, values, kind):
        texts = [json.dumps(one, separators=(",", ":")) if not isinstance(one, str) else one for one in values if one is not None]
        if kind == "n":
            return str(len(values))
        if kind in ("count", "distinct"):
            return str(len(texts) if kind == "count" else len(set(texts)))
        if not texts:
            return None
        if kind in ("list", "unique"):
            return texts if kind == "list" else sorted(set(texts), key=str.encode)
        if kind in ("first", "last"):
            return texts[0 if kind == "first" else -1]
        numbers = [one for one in texts if number(one) is not None]
        return (min if kind == "min" else max)(numbers or texts, key=number if numbers else str.encode)

    def test_no_value_and_text_that_looks_like_another_type(self):
        kinds = ("n", "min", "max", "first", "last", "list", "unique", "count", "distinct")
        names = ["k", *kinds]
        self.write("analysis-tools.yml", f"group: k\naggregate: {{{', '.join('n: count' if kind == 'n' else f'{kind}: {kind} v' for kind in kinds)}}}\ninputs: [a.data]\n"
                   "limits: {bad_records: 100}\n")
        for kind in ("json", "csv"):
            values = self.VALUES if kind == "json" else [one for one in self.VALUES if isinstance(one, str)]
            keys = [one for one in values if one is not None and number(text(one)) is None or one == "007"]
            records = [(key, value) for key in dict.fromkeys(text(one) for one in keys) for value in [values[(7 * len(key)) % len(values)]]]
            records += [("one", value) for value in values] + [("none", None)] * (kind == "json")
            records += [(f"each {n}", value) for n, value in enumerate(values)]
            if kind == "json":
                self.write("a.data", "".join(json.dumps({"k": key, "v": value}) + "\n" for key, value in records))
            else:
                table = io.StringIO()
                csv.writer(table, lineterminator="\n").writerows([("k", "v"), *records])
                self.write("a.data", table.getvalue())
            groups = collections.defaultdict(list)
            for key, value in records:
                groups[key].append(None if kind == "csv" and value == "" else value)  # a table has no other way to have none
            rows = [[key] + [self.modelled(groups[key], kind) for kind in kinds] for key in sorted(groups, key=str.encode)]
            for form in ("text", "csv", "tsv", "jsonl"):
                for more in ([], ["--order", "n"]):
                    with self.subTest(record=kind, format=form, more=more):
                        run = self.quern("run", "--set", f"record={kind}", "--set", "separator=;", "--format", form, *more)
                        self.assertIn(run.status, (0, 3), run)
                        if form == "jsonl":
                            found = [[float(cell) if isinstance(cell, (int, float)) else cell for cell in json.loads(line).values()]
                                     for line in run.result.splitlines()]
                            expected = [[self.shown(cell, *named) for cell, named in zip(row, zip(names, names))] for row in rows]
                        else:
                            delimiter = {"text": ";", "csv": ",", "tsv": "\t"}[form]
                            cells = [["null" if one is None else json.dumps(one) if isinstance(one, list) else one for one in row] for row in rows]
                            if form == "text":
                                found, expected = run.result.splitlines(), [delimiter.join(row) for row in cells]
                            else:
                                found, expected = list(csv.reader(io.StringIO(run.result, newline=""), delimiter=delimiter)), [names, *cells]
                        key = str if more else None  # of equal counts
                        self.assertEqual(sorted(found, key=key) if more else found, sorted(expected, key=key) if more else expected, run)

    def test_columns_have_the_names_of_the_records(self):
        names = ["a.b", "c d", 'say "x"', "it's", "e,f"]
        paths = ['"a.b"', "c d", "'say \"x\"'", '"it\'s"', "e,f"]
        record = {name: str(place) for place, name in enumerate(names)}
        self.write("a.json", json.dumps(record) + "\n")
        for path, name in zip(paths, names):
            for order in ([], ["--order", f"{path} desc"], ["--order", name]):
                self.write("analysis-tools.yml", f"group: {json.dumps(path)}\naggregate: {{n: count}}\nrecord: json\ninputs: [a.json]\n")
                run = self.quern("run", "--format", "jsonl", *order)
                self.assert_run(run)
                self.assertEqual(json.loads(run.result), {name: int(record[name]), "n": 1})
                for form, delimiter in (("csv", ","), ("tsv", "\t")):
                    run = self.quern("run", "--format", form, *order)
                    self.assertEqual(list(csv.reader(io.StringIO(run.result), delimiter=delimiter)), [[name, "n"], [record[name], "1"]], run)
        os.remove(self.path("result.txt"))
        self.write("analysis-tools.yml", "group: ['\"a\"', a]\naggregate: {n: count}\nformat: csv\ninputs: [a.json]\n")
        self.assert_fails(self.quern("run"), "a name of its own", status=2)

    def test_a_table_that_quern_writes_is_one_that_it_reads(self):
        self.write("a.json", '{"k": "a,\\"b\\"", "v": 2}\n{"k": " c ", "v": 0.5}\n')
        for format_name in ("csv", "tsv"):
            self.assert_run(self.quern("run", "-i", "a.json", "--key", "k", "--sum", "v", "-o", f"b.{format_name}", "--format", format_name))
            run = self.quern("run", "-i", f"b.{format_name}", "--set", f"record={format_name}", "--key", "k", "--sum", "sum v")
            self.assertEqual(run.stdout, ' c \t0.5\na,"b"\t2\n', run)

    def test_formats_of_pairs(self):
        self.write("a.json", '{"k": "a", "v": 2}\n{"k": "b", "v": "x"}\n{"k": "a", "v": "007"}\n')
        job = "mapper: {builtin: pairs, key: k, value: v}\ninputs: [a.json]\n"
        for reducer, result in (("none", '{"key": "a", "value": 2}\n{"key": "b", "value": "x"}\n{"key": "a", "value": "007"}\n'),
                                ("{builtin: list}", '{"key": "a", "value": ["2", "007"]}\n{"key": "b", "value": ["x"]}\n'),
                                ("{builtin: count}", '{"key": "a", "value": 2}\n{"key": "b", "value": 1}\n')):
            self.write("analysis-tools.yml", job + f"reducer: {reducer}\nformat: jsonl\n")
            self.assert_run(self.quern("run"), result=result)

    def test_an_empty_result_has_a_header(self):
        self.write("a.json", "")
        self.write("analysis-tools.yml", "group: k\naggregate: {n: count}\ninputs: [a.json]\nformat: csv\n")
        self.assert_run(self.quern("run"), result="k,n\n")
        self.write("analysis-tools.yml", "aggregate: {n: count, m: max x}\ninputs: [a.json]\nformat: csv\norder: n\n")
        self.assert_run(self.quern("run"), result="n,m\n0,null\n")

    def test_results_of_each_reducer_have_a_header(self):
        self.write("a.json", "".join(f'{{"k": "{name}"}}\n' for name in "abcdef"))
        self.write("analysis-tools.yml", "group: k\naggregate: {n: count}\ninputs: [a.json]\nformat: csv\nreducers: 2\nresult.parts: keep\n")
        run = self.quern("run")
        self.assert_run(run)
        parts = [run.left(f"result.txt.{number}").splitlines() for number in (0, 1)]
        self.assertEqual([part[0] for part in parts], ["k,n", "k,n"])
        self.assertEqual(sorted(parts[0][1:] + parts[1][1:]), [f"{name},1" for name in "abcdef"])

    def test_the_result_of_further_steps(self):
        self.write("a.json", '{"k": "a", "n": 2}\n{"k": "b", "n": 5}\n{"k": "c", "n": 2}\n')
        self.write("swap.py", "def mapper(key, file, record):\n    return record, key\n")
        self.write("analysis-tools.yml", "group: k\naggregate: {n: sum n}\ninputs: [a.json]\nsteps:\n"
                   "  - mapper: {language: python, script: swap.py}\n    reducer: {builtin: count}\norder: value desc\nformat: csv\n")
        self.assert_run(self.quern("run"), result="key,value\n2,2\n5,1\n")

    def test_may_be_taken_back(self):
        self.write("data/a.json", '{"k": "b", "n": 1}\n{"k": "a", "n": 2}\n')
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k, value: n}\nreducer: {builtin: sum}\ninputs: [data/*]\n"
                   "record: json\norder: value\nfirst: 1\n")
        self.assert_run(self.quern("run"), result="b 1\n")
        self.assert_run(self.quern("run", "--set", "order=none"), result="a 2\n")
        self.assert_run(self.quern("run", "--set", "first=none"), result="b 1\na 2\n")

    def test_compressed_and_on_standard_output(self):
        self.write("a.json", '{"k": "a"}\n{"k": "b"}\n{"k": "b"}\n')
        run = self.quern("run", "-i", "a.json", "--key", "k", "--count", "--order", "count desc", "--format", "csv")
        self.assertEqual(run.stdout, "k,count\nb,2\na,1\n", run)
        run = self.quern("run", "-i", "a.json", "--key", "k", "--count", "--first", "1", "-o", "b.gz")
        self.assert_run(run)
        self.assertEqual(gzip.decompress(run.left("b.gz", text=False)), b"a\t1\n")
        checked = self.quern("check", "-i", "a.json", "--key", "k", "--count", "--order", "count desc", "--first", "3")
        self.assertRegex(checked.stdout, 'order: "?count desc"? +# --order|order: "?count desc"? +# --set')
        self.assertIn("first: 3", checked.stdout)

    def test_what_cannot_be_is_refused_with_its_place(self):
        self.write("a.json", "{}\n")
        columns = "group: [k, b]\naggregate: {revenue: sum n, most: max n}\n"
        rows = ((columns, "order: revenu desc\n", "order is by 'revenu', which is not a column of the result; did you mean revenue?"),
                (columns, "order: zzzzzz\n", "it has k, b, revenue, most"),
                (columns, "order: value\n", "which is not a column"),
                (columns, "order: desc\n", "order is by 'desc'"),
                (columns, "first: 0\n", "first is '0'; it must be a whole number from 1"),
                (columns, "first: all\n", "first is 'all'"),
                (columns, "format: cvs\n", "format is 'cvs'", "did you mean csv?"),
                (columns, "reducers: 2\nresult.parts: keep\norder: k\n", "order is that of one result"),
                (columns, "reducers: 2\nresult.parts: keep\nfirst: 2\n", "first is about one result"),
                ("group: k\naggregate: {k: count}\n", "format: jsonl\n", "aggregate has k, which is in group, too"),
                (columns, "sort_values: text\n", "sort_values needs a reducer that is a script"),
                (columns, "sort_values: yes\n", "sort_values is 'yes'"),
                ("mapper: {builtin: pairs, key: k}\nreducer: {builtin: sum}\n", "order: revenue desc\n", "it has key, value"))
        for job, setting, *says in rows:
            self.write("analysis-tools.yml", job + setting + "inputs: [a.json]\n")
            self.assert_fails(self.quern("run"), "analysis-tools.yml:", *says, status=2)
        self.write("analysis-tools.yml", columns + "inputs: [a.json]\n")
        self.assert_fails(self.quern("run", "--order", "mst desc"), "did you mean most?", status=2)


if __name__ == "__main__":
    import unittest
    unittest.main()
