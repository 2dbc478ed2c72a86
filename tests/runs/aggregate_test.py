"""`group` and `aggregate`: several results for each group, in one pass, compared with a model in Python."""
import collections
import fractions
import json
import math
import os
import random
import statistics

from scenario import Scenario, compress

JOB = """
    group: [country, device.os]
    aggregate: {orders: count, with amount: count amount, revenue: sum amount, mean: mean amount, least: min user, p50: p50 amount,
                p99.9: p99.9 amount, users: distinct user, who: unique user, best: 'top:3 amount', spread: stddev amount,
                earliest: first amount, latest: last user, every: list amount, best users: 'top:4 amount with user'}
    inputs: [data/*]
    record: json
    separator: "\\t"
    """


def drawn(draw):
    record = {"country": draw.choice(["de", "fr", "Côte d'Ivoire", "New\nYork", "New\vYork", None]), "device": {"os": draw.choice(["mac", "win", 7])},
              "amount": draw.choice([draw.randrange(-50, 50), draw.randrange(1000) / 4, 10**30 + draw.randrange(9), None]),
              "user": f"u{draw.choice(['', '', chr(9), chr(10), chr(11), chr(12)])}{draw.randrange(40)}"}
    if draw.random() < 0.1:
        del record[draw.choice(list(record))]
    return record


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def cell(shown):
    """As it is in a line of text."""
    return shown.replace("\n", "\\n")


def rank(values, share):
    return text(sorted(values)[max(1, math.ceil(fractions.Fraction(share) * len(values) / 100)) - 1]) if values else "null"


def total(values):
    if not values:
        return "null"
    exact = sum(fractions.Fraction(value) for value in values)
    return repr(float(exact)) if any(isinstance(value, float) for value in values) else str(exact)


def model(records):
    groups = collections.defaultdict(list)
    for record in records:
        if record.get("country") is not None and "device" in record:
            groups[record["country"], text(record["device"]["os"])].append(record)
    lines = []
    for key, members in groups.items():
        amounts = [member["amount"] for member in members if member.get("amount") is not None]
        users = sorted({member["user"] for member in members if "user" in member})
        mean = repr(float(sum(fractions.Fraction(amount) for amount in amounts) / len(amounts))) if amounts else "null"
        earliest = text(amounts[0]) if amounts else "null"
        latest = next((member["user"] for member in reversed(members) if "user" in member), "null")
        pairs = [(member["amount"], member["user"]) for member in members if member.get("amount") is not None and "user" in member]
        pairs.sort(key=lambda pair: (-fractions.Fraction(pair[0]), pair[1], text(pair[0])))
        best = json.dumps([text(amount) for amount in sorted(amounts, reverse=True)[:3]]) if amounts else "null"
        lines.append(("\0".join(key).encode(), [cell(part) for part in key] + [
            str(len(members)), str(len(amounts)), total(amounts), mean, cell(users[0]) if users else "null",
            rank(amounts, 50), rank(amounts, "99.9"), str(len(users)),
            json.dumps(users, ensure_ascii=False) if users else "null", best,
            repr(statistics.stdev(amounts)) if len(amounts) > 1 else "null", earliest, cell(latest),
            json.dumps([text(amount) for amount in amounts]) if amounts else "null",
            json.dumps([[text(amount), user] for amount, user in pairs[:4]]) if pairs else "null"]))
    return "".join("\t".join(columns) + "\n" for _, columns in sorted(lines))


class Aggregate(Scenario):
    def write_data(self, files=6, records=400):
        draw = random.Random(16)
        all_records = []
        for number in range(files):
            mine = [drawn(draw) for _ in range(records)]
            all_records += mine
            self.write(f"data/{number}.json.gz", compress("".join(json.dumps(record) + "\n" for record in mine), "gz"))
        self.write("analysis-tools.yml", "\n".join(line[4:] for line in JOB.split("\n")))
        return model(all_records)

    def test_gives_what_a_model_gives_in_all_circumstances(self):
        expected = self.write_data()
        self.assert_run(self.quern("run"), result=expected)
        for more in (["-p", "1"], ["--memory", "16MiB"], ["--set", "reducers=3"]):
            self.assert_run(self.quern("run", *more), result=expected)
        self.write("checked.yml", self.quern("check").stdout)
        self.assert_run(self.quern("run", "checked.yml", "-o", "result.txt"), result=expected)

    def test_gives_the_same_in_two_halves(self):
        expected = self.write_data()
        os.makedirs(self.path("maps"))
        for number, load in enumerate(((0, 1), (2, 3, 4), (5,))):
            self.assert_run(self.quern("map", *[f"data/{part}.json.gz" for part in load], "-o", f"maps/{number}"))
        self.assert_run(self.quern("reduce", "maps/0", "maps/1", "maps/2", "-o", "result.txt"), result=expected)

    def test_groups_without_values_are_there(self):
        """Whatever the columns are, and in two halves, with and without a combiner."""
        self.write_all({"1": '{"k": "a", "n": 1}\n{"k": "b", "n": null}\n', "2": '{"k": "c"}\n{"k": "b"}\n{"m": 1}\n{"k": "a"}\n'})
        results = {"sum": "null", "count": "0", "distinct": "0", "p50": "null", "first": "null", "list": "null", "top:2": "null",
                   "min": "null"}
        for name, nothing in results.items():
            with self.subTest(name):
                self.write("analysis-tools.yml", f"group: k\naggregate: {{v: '{name} n', w: count m}}\ninputs: ['?']\nrecord: json\n")
                found = self.quern("run")
                self.assertEqual(found.result.split("\n")[1:], [f"b {nothing} 0", f"c {nothing} 0", ""], found)
                for number in "12":
                    self.assert_run(self.quern("map", number, "-o", f"part{number}"))
                self.assert_run(self.quern("reduce", "part1", "part2", "-o", "result.txt"), result=found.result)

    def test_line_breaks_are_as_the_format_has_them(self):
        self.write("a.csv", 'k,n,t\n"x\ny",1,"a\nb"\n"x\ny",2,"a\vb"\n')
        self.write("analysis-tools.yml", "group: k\naggregate: {least: min t, all: unique t, best: 'top:1 n with t'}\n"
                                         "inputs: [a.csv]\nrecord: csv\n")
        expected = {"text": 'x\\ny a\\nb ["a\\nb", "a\\u000bb"] [["2", "a\\u000bb"]]\n',
                    "csv": 'k,least,all,best\n"x\ny","a\nb","[""a\\nb"", ""a\\u000bb""]","[[""2"", ""a\\u000bb""]]"\n',
                    "jsonl": '{"k": "x\\ny", "least": "a\\nb", "all": ["a\\nb", "a\\u000bb"], "best": [["2", "a\\u000bb"]]}\n'}
        for name, result in expected.items():
            for more in ([], ["--set", "order=least"]):
                with self.subTest(name, more=more):
                    self.assert_run(self.quern("run", "--format", name, *more), result=result)

    def test_without_a_group_there_is_one_line(self):
        self.write("a.json", '{"n": 2}\n{"n": 0.5}\n{"m": 1}\n')
        self.write("analysis-tools.yml", "aggregate: {all: count, sum: sum n, n: p100 n}\ninputs: [a.json]\n")
        self.assert_run(self.quern("run"), result="3 2.5 2\n")

    def test_where_and_further_steps_work_on_it(self):
        self.write_all({"a.json": '{"k": "a", "n": 2}\n{"k": "b", "n": 5}\n{"k": "a", "n": 9}\n', "swap.py": """
            def mapper(key, file, record):
                return record, key
            """.replace("\n            ", "\n")})
        self.write("analysis-tools.yml", "group: k\naggregate: {n: count, most: max n}\ninputs: [a.json]\nwhere: {n: {max: 8}}\n"
                   "steps:\n  - mapper: {language: python, script: swap.py}\n    reducer: {builtin: list}\n")
        self.assert_run(self.quern("run"), result='1 2 ["a"]\n1 5 ["b"]\n')

    def test_plain_reducers_count_distinct_values_and_find_ranks(self):
        self.write("a.json", "".join(f'{{"k": "{"ab"[n % 2]}", "n": {n % 7}}}\n' for n in range(200)))
        for builtin, expected in (("distinct", "a 7\nb 7\n"), ("p50", "a 3\nb 3\n"), ("p100", "a 6\nb 6\n"), ("p0", "a 0\nb 0\n")):
            self.write("analysis-tools.yml", f"mapper: {{builtin: pairs, key: k, value: n}}\nreducer: {{builtin: {builtin}}}\n"
                       "inputs: [a.json]\n")
            self.assert_run(self.quern("run"), result=expected)

    def test_pairs_may_have_a_key_of_several_paths(self):
        self.write("a.json", '{"a": 1, "b": "x"}\n{"a": 1, "b": "x"}\n{"a": 1}\n')
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: [a, b]}\nreducer: {builtin: count}\ninputs: [a.json]\n"
                   'separator: "/"\n')
        self.assert_run(self.quern("run"), result="1/x/2\n", says="1 without key")

    def test_a_value_that_is_no_number_is_a_bad_record(self):
        self.write("a.json", '{"k": "a", "n": 2}\n{"k": "a", "n": "much"}\n{"k": "a", "n": "0"}\n')
        self.write("analysis-tools.yml", "group: k\naggregate: {records: count, middle: p50 n}\ninputs: [a.json]\n")
        self.assert_fails(self.quern("run"), 'a.json:2: the value "much" is not a number, which aggregate.middle needs')
        self.assert_run(self.quern("run", "--set", "limits.bad_records=1"), status=3, result="a 2 0\n")

    def test_an_empty_cell_is_no_value(self):
        self.write("a.csv", 'k,n\na,2\na,\n,""\nb,0.5\n')
        self.write("a.json", '{"k": "a", "n": ""}\n')
        job = "group: k\naggregate: {all: count, n: count n, sum: sum n, different: distinct n}\n"
        self.write("analysis-tools.yml", job + "inputs: [a.csv]\nrecord: csv\n")
        self.assert_run(self.quern("run"), result=" 1 0 null 0\na 2 1 2 1\nb 1 1 0.5 1\n")
        self.write("analysis-tools.yml", job + "inputs: [a.csv]\nrecord: {regex: '^(?P<k>[a-z]*),(?P<n>[0-9.]*)$'}\nlimits: {bad_records: 2}\n")
        self.assert_run(self.quern("run"), status=3, result="a 2 1 2 1\nb 1 1 0.5 1\n")
        os.remove(self.path("result.txt"))
        self.write("analysis-tools.yml", job + "inputs: [a.json]\n")
        self.assert_fails(self.quern("run"), 'a.json:1: the value "" is not a number')
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k, value: n}\nreducer: {builtin: sum}\ninputs: [a.csv]\nrecord: csv\n")
        self.assert_run(self.quern("run"), result="a 2\nb 0.5\n", says="2 without value")

    def test_paths_that_no_record_has_are_named(self):
        self.write("a.json", '{"country": "a", "amount": 2}\n')
        self.write("analysis-tools.yml", "group: countrx\naggregate: {sum: sum amuont}\ninputs: [a.json]\n")
        self.assert_run(self.quern("run"), result="", says="no record has countrx (group); did you mean country?")
        self.assert_run(self.quern("run", "--set", "group=country"), result="a null\n",
                        says="no record has amuont (aggregate); did you mean amount?")

    def test_texts_among_numbers_are_a_bad_group(self):
        self.write("a.json", '{"k": "a", "n": 2}\n{"k": "a", "n": "much"}\n{"k": "b", "n": "x"}\n')
        self.write("analysis-tools.yml", "group: k\naggregate: {least: min n}\ninputs: [a.json]\n")
        self.assert_fails(self.quern("run"), "aggregate.least got numbers, and other values such as 'much'")
        self.assert_run(self.quern("run", "--set", "limits.bad_records=1"), status=3, result="a 2\nb x\n")

    def test_parts_of_keys_are_told_apart(self):
        self.write("a.json", json.dumps({"a": "x\ty", "b": "z"}) + "\n" + json.dumps({"a": "x", "b": "y\tz"}) + "\n"
                   + json.dumps({"a": "x\0y", "b": "z"}) + "\n")
        job = "inputs: [a.json]\nseparator: '\\t'\nlimits: {bad_records: 2}\n"
        self.write("analysis-tools.yml", "group: [a, b]\naggregate: {n: count}\n" + job)
        self.assert_run(self.quern("run"), status=3, result="x\ty\tz\t1\nx\ty\tz\t1\n", says="of a contains a zero byte")
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: [a, b]}\nreducer: {builtin: count}\n" + job)
        self.assert_run(self.quern("run"), status=3, result="x\0y\tz\t1\n", says="of b contains the separator")
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("map", "a.json"), "a key of several paths could not be cut", status=2)

    def test_labels_of_numbers(self):
        self.write("a.json", '{"n": 5, "l": "b"}\n{"n": "5.0", "l": "a"}\n{"n": 7}\n{"l": "x"}\n{"n": 1, "l": {"x": 2}}\n{"n": null, "l": 1}\n')
        self.write("analysis-tools.yml", "aggregate: {n: 'top:9 n with l', one: top:1 n}\ninputs: [a.json]\n")
        expected = '[["5.0", "a"], ["5", "b"], ["1", "{\\"x\\":2}"]] ["7"]\n'
        self.assert_run(self.quern("run"), result=expected)
        self.write("checked.yml", self.quern("check").stdout)
        self.assert_run(self.quern("run", "checked.yml", "-o", "result.txt"), result=expected)
        self.write("b.json", '{"n": "x", "l": "b"}\n')
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run", "-i", "b.json"), 'the value "x" is not a number, which aggregate.n needs')
        self.assert_run(self.quern("map", "a.json", "-o", "part.txt"))
        self.assert_run(self.quern("reduce", "part.txt", "-o", "result.txt"), result=expected)

    def test_values_of_any_length_go_together(self):
        self.write("analysis-tools.yml", """
            group: k
            aggregate: {n: count v, first: first v, last: last v, least: min v, greatest: max v}
            inputs: [a.json]
            record: json
            separator: "\\t"
            """)
        long = ["é" * 300_000 + letter for letter in "cab"]
        self.write("a.json", "".join(json.dumps({"k": "x", "v": v}) + "\n" for v in long))
        expected = "\t".join(["x", "3", long[0], long[2], long[1], long[0]]) + "\n"
        self.assert_run(self.quern("run"), result=expected)
        self.assert_run(self.quern("map", "a.json", "-o", "part.txt"))
        with open(self.path("part.txt"), encoding="utf-8") as part:
            self.assertTrue(part.read().startswith(f"x\tA{long[0]}\nx\tB{long[0]}\n"))
        self.assert_run(self.quern("reduce", "part.txt", "-o", "result.txt"), result=expected)

    def test_first_last_and_list_follow_the_inputs_at_any_width(self):
        lines = [f'{{"k": {number % 3}, "v": "{number}"}}\n' for number in range(60_000)]
        for name in range(30):
            self.write(f"data/{name:02d}.json", "".join(lines[name * 2000:(name + 1) * 2000]))
        self.write("analysis-tools.yml", "group: k\naggregate: {first: first v, last: last v, all: list v}\ninputs: [data/*]\nrecord: json\n")
        expected = "".join(f"{key} {key} {59_997 + key} {json.dumps([str(value) for value in range(key, 60_000, 3)])}\n" for key in range(3))
        for more in (["-p", "8"], ["-p", "1"], ["--memory", "16MiB"], ["--set", "reducers=2"]):
            run = self.quern("run", *more)
            self.assert_run(run)
            self.assertTrue(run.result == expected, more)

    def test_what_another_job_wrote_is_refused(self):
        self.write("analysis-tools.yml", "group: [a, b]\naggregate: {n: count, sum: sum n}\n")
        for line, says in (("x B5", "it has other columns, or another group"), ("x\0y Z5", "it has other columns"),
                           ("x\0y\0z B5", "another group"), ("x\0y", "it has other columns"),
                           ("x\0y Bmuch", "aggregate.sum got the value 'much' of the group 'x, y', which is not a number")):
            self.write("part.txt", line + "\n")
            self.assert_fails(self.quern("reduce", "part.txt"), says)

    def test_where_reads_numbers_in_texts(self):
        self.write("a.csv", "k,n\na,9\nb,10\nc,1e2\nd,x\ne,\n")
        for where, expected in (("{n: {min: 10}}", "b 1\nc 1\n"), ("{n: 10.0}", "b 1\n"), ("{n: [x, 9]}", "a 1\nd 1\n"),
                                ("{n: '1e2'}", "c 1\n"), ("{n: 100}", "c 1\n")):
            self.write("analysis-tools.yml", f"group: k\naggregate: {{n: count}}\ninputs: [a.csv]\nrecord: csv\nwhere: {where}\n")
            self.assert_run(self.quern("run"), result=expected)
        self.write("a.json", '{"k": "a", "n": "10"}\n')
        self.write("analysis-tools.yml", "group: k\naggregate: {n: count}\ninputs: [a.json]\nwhere: {n: 10}\n")
        self.assert_run(self.quern("run"), result="")

    def test_what_cannot_be_is_refused_with_its_place(self):
        self.write("a.json", "{}\n")
        rows = (("group: k\n", "analysis-tools.yml:1: group needs aggregate"),
                ("aggregate: {n: sum}\n", "analysis-tools.yml:1: aggregate has n, which is 'sum'; write the path"),
                ("aggregate: {n: summ x}\n", "aggregate has n, which is 'summ'", "did you mean sum?"),
                ("aggregate: {n: p101 x}\n", "aggregate has n, which is 'p101'"),
                ("aggregate: {n: 'top: x'}\n", "it must be top and a number"),
                ("aggregate: {n: list}\n", "aggregate has n, which is 'list'; write the path"),
                ("aggregate: {n: firstt x}\n", "did you mean first?"),
                ("aggregate: {n: 'top:2 a with b[*]'}\n", "aggregate.n: 'b[*]' has [*] in it, and a number has one label"),
                ("mapper: {builtin: pairs, key: k}\nreducer: {builtin: first}\n", "reducer.builtin is 'first'"),
                ("mapper: {builtin: pairs, key: k}\nreducer: {builtin: sum}\ncombiner: {builtin: stddev}\n", "combiner.builtin"),
                ("aggregate: {}\n", "aggregate is empty"),
                ("aggregate: count\n", "aggregate is text; it must be a map of names"),
                ("aggregate: {n: 'sum a[*]'}\n", "aggregate.n: 'a[*]' has [*] in it"),
                ("aggregate: {n: count}\nmapper: {builtin: pairs, key: k}\n", "mapper.builtin is next to aggregate (",),
                ("aggregate: {n: count}\nreducer: none\n", "reducer is next to aggregate ("),
                ("aggregate: {n: count}\nreducers: 2\n", "reducers needs a group"),
                ("aggregate: {n: count}\nrecord: text\n", "looks into JSON"))
        for job, *says in rows:
            self.write("analysis-tools.yml", job + "inputs: [a.json]\n")
            self.assert_fails(self.quern("run"), *says, status=2)
