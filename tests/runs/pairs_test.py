"""A pair is a pair: what is in its key and its value never moves between them, whatever hands it to what."""
import itertools
import json
import os
import random

from scenario import Scenario, dedent

# Keys and values with the separator, parts of it, or nothing in them.
SEPARATORS = (" ", "::", " | ", "||", "  ", "\t", "aba", "é")
FILES = 3
RECORDS = 60

MODULES = {
    "pair.py": """
        def mapper(key, file, record):
            return record["k"], record["v"]
        """,
    "pair.js": "exports.mapper = (key, file, record) => [record.k, record.v];\n",
    "pairs.py": """
        def mapper(key, file, record):
            yield record["k"], record["v"]
            yield f"{record['v']}SEPARATOR{record['k']}"
        """,
    "pairs.js": """
        exports.mapper = (key, file, record) => [[record.k, record.v], `${record.v}SEPARATOR${record.k}`, null];
        """,
    "lines.py": """
        #!/usr/bin/env python3
        import json, sys
        for line in sys.stdin:
            record = json.loads(line)
            print(record["k"] + "SEPARATOR" + record["v"])
        """,
    "files.py": """
        #!/usr/bin/env python3
        import json, sys
        for name in sys.stdin:
            with open(name.rstrip("\\n")) as file:
                for line in file:
                    record = json.loads(line)
                    print(record["k"] + "SEPARATOR" + record["v"])
        """,
    "twice.py": """
        def combine(key, values):
            return [(key, value) for value in values]
        def reduce(key, values):
            return key, "|".join(values) + key
        """,
    "twice.js": """
        exports.combine = (key, values) => values.map((value) => [key, value]).concat([null]);
        exports.reduce = (key, values) => [key, values.join("|") + key];
        """,
    "each.sh": "#!/bin/sh\nexec cat\n",
    "all.sh": "#!/bin/sh\nwhile read -r file; do cat \"$file\"; done\n",
    "swap.py": """
        def mapper(key, file, record):
            return record, key
        """,
    "swap.js": "exports.mapper = (key, file, record) => [record, key];\n",
}
MAPPERS = {
    "{language: python, script: pair.py}": "pair",
    "{language: javascript, script: pair.js}": "pair",
    "{language: python, script: pairs.py}": "both",
    "{language: javascript, script: pairs.js}": "both",
    "{builtin: pairs, key: k, value: v}": "pair",
    "{language: binary, interface: lines, script: lines.py}": "cut",
    "{language: binary, interface: files, script: files.py}": "cut",
}
COMBINERS = ("none", "{language: python, script: twice.py}", "{language: javascript, script: twice.js}")
REDUCERS = {
    "{language: python, script: twice.py}": "twice",
    "{language: javascript, script: twice.js}": "twice",
    "{builtin: list}": "list",
    "{builtin: count}": "count",
    "{language: binary, interface: lines, script: each.sh}": "each",
    "{language: binary, interface: files, script: all.sh}": "each",
    "none": "none",
}
SWAPS = {
    "{language: python, script: swap.py}": "swap",
    "{language: javascript, script: swap.js}": "swap",
    "{language: binary, interface: lines, script: each.sh}": "cut",
    "{language: binary, interface: files, script: all.sh}": "cut",
}


def cut(line, separator):
    key, _, value = line.partition(separator)
    return key, value


def through_text(pairs, separator):
    return [cut(key + separator + value, separator) for key, value in pairs]


def mapped(kind, pairs, separator):
    if kind == "both":
        return [pair for key, value in pairs for pair in ((key, value), cut(value + separator + key, separator))]
    if kind == "swap":
        return [(value, key) for key, value in pairs]
    return through_text(pairs, separator) if kind == "cut" else pairs


def reduced(kind, pairs, separator):
    """The pairs of a reducer's result; those that a program wrote are cut as its lines are."""
    if kind == "none":
        return pairs
    pairs = sorted(pairs, key=lambda pair: pair[0].encode())
    groups = [(key, [value for _, value in group]) for key, group in itertools.groupby(pairs, key=lambda pair: pair[0])]
    if kind == "each":
        return through_text(pairs, separator)
    if kind == "twice":
        return [(key, "|".join(values) + key) for key, values in groups]
    if kind == "list":
        return [(key, json.dumps(values, ensure_ascii=False)) for key, values in groups]
    return [(key, str(len(values))) for key, values in groups]


def is_plain(key, separator):
    return (key + separator).find(separator) == len(key)


class Pairs(Scenario):
    def write_job(self, separator, draw, mapper, more):
        """The pairs of the inputs."""
        for name, text in MODULES.items():
            self.write(name, dedent(text).replace("SEPARATOR", separator.replace("\t", "\\t")), executable=True)
        record = "" if "files" in mapper else "record: json\n"  # which a program that reads names does not have
        self.write("analysis-tools.yml", f"mapper: {mapper}\n{record}inputs: [data/*]\nseparator: {json.dumps(separator)}\n{more}")
        pieces = [*separator, separator, "a", "New York", "漢", ""]
        pairs = []
        for number in range(FILES):
            own = [("".join(draw.choices(pieces, k=draw.randrange(4))), "".join(draw.choices(pieces, k=draw.randrange(4))))
                   for _ in range(RECORDS)]
            self.write(f"data/{number}.json", "".join(json.dumps({"k": key, "v": value}) + "\n" for key, value in own))
            pairs += own
        return pairs

    def assert_pairs(self, expected, run, separator, in_order):
        self.assertEqual(run.status, 0, run)
        lines = [key + separator + value for key, value in expected]
        found = run.left("result.txt", text=False).decode().split("\n")[:-1]
        self.assertEqual(found if in_order else sorted(found), lines if in_order else sorted(lines), run)

    def test_any_worker_hands_them_to_any_other(self):
        draw = random.Random(11)
        for mapper, reducer in itertools.product(MAPPERS, REDUCERS):
            separator, combiner = draw.choice(SEPARATORS), draw.choice(COMBINERS)
            if reducer == "none":
                combiner = "none"
            reducers = 1 if reducer == "none" else draw.choice((1, 3))
            steps = [(draw.choice(list(SWAPS)), draw.choice(list(REDUCERS))) for _ in range(draw.randrange(3))]
            more = f"combiner: {combiner}\n" * (combiner != "none") + f"reducer: {reducer}\n"
            if all(later == "none" for _, later in steps) and reducer == "none":
                reducers = 1
            more += f"reducers: {reducers}\n"
            more += "steps:\n" * bool(steps) + "".join(f"  - {{mapper: {swap}, reducer: {later}}}\n" for swap, later in steps)
            with self.subTest(separator=separator, mapper=mapper, combiner=combiner, reducer=reducer, reducers=reducers, steps=steps):
                pairs = mapped(MAPPERS[mapper], self.write_job(separator, draw, mapper, more), separator)
                pairs = reduced(REDUCERS[reducer], pairs, separator)
                # The lines of a program's output that begin with one key may come from several reducers.
                in_order = reducers == 1 or REDUCERS[reducer] != "each"
                for swap, later in steps:
                    pairs = reduced(REDUCERS[later], mapped(SWAPS[swap], pairs, separator), separator)
                    in_order = in_order and (reducers == 1 or REDUCERS[later] != "each")
                if not in_order and steps:
                    continue
                run = self.quern("run", *draw.choice(([], ["--memory", "16MiB"], ["-p", "1"])),
                                 environment={"QUERN_TEST_BLOCK_BYTES": draw.choice((None, "16", "300"))})
                self.assert_pairs(pairs, run, separator, in_order)

    def test_many_of_them_are_spilled_and_merged(self):
        draw = random.Random(2)
        cities = [f"New York {number}" for number in range(20_000)]
        expected = {}
        for number in range(4):
            drawn = [draw.choice(cities) for _ in range(60_000)]
            for city in drawn:
                expected[city] = expected.get(city, 0) + 1
            self.write(f"data/{number}.json", "".join(f'{{"k": "{city}", "v": 1}}\n' for city in drawn))
        lines = "".join(f"{city} {expected[city]}\n" for city in sorted(expected))
        for name, text in MODULES.items():
            self.write(name, text)
        self.write("count.py", "def reduce(key, values):\n    return key, len(values)\n")
        for mapper in ("{builtin: pairs, key: k, value: v}", "{language: python, script: pair.py}"):
            for reducer in ("{builtin: count}", "{language: python, script: count.py}"):
                with self.subTest(mapper=mapper, reducer=reducer):
                    self.write("analysis-tools.yml", f"mapper: {mapper}\nreducer: {reducer}\nrecord: json\ninputs: [data/*]\nreducers: 2\n")
                    self.assert_run(self.quern("run", "--memory", "16MiB"), result=lines)

    def test_two_strings_of_javascript_are_a_pair_whatever_is_in_them(self):
        self.write_all({"pair.js": MODULES["pair.js"], "visits.js": "exports.reduce = (key, values) => [key, values.length + ' visits'];\n",
                        "analysis-tools.yml": "mapper: {language: javascript, script: pair.js}\nreducer: {language: javascript, script: visits.js}\n"
                                              "record: json\ninputs: [data/*]\n",
                        "data/a": '{"k":"Paris","v":"5 Rue X"}\n{"k":"New York","v":"5 Main St"}\n{"k":"New York","v":"Broadway"}\n'})
        self.assert_run(self.quern("run"), result="New York 2 visits\nParis 1 visits\n")
        self.assert_run(self.quern("run", "--set", "reducer=none"), result="Paris 5 Rue X\nNew York 5 Main St\nNew York Broadway\n")

    def test_the_keys_of_a_reducer_are_those_of_the_next_step(self):
        job = dedent("""
            mapper: {language: python, script: pair.py}
            reducer: {language: python, script: first.py}
            record: json
            inputs: [data/*]
            steps:
              - mapper: {language: python, script: same.py}
                reducer: {builtin: count}
            """)
        self.write_all({"pair.py": MODULES["pair.py"], "first.py": "def reduce(key, values):\n    return [(key, v) for v in values]\n",
                        "same.py": "def mapper(key, file, record):\n    return key, record\n", "analysis-tools.yml": job,
                        "data/a": '{"k":"New York","v":1}\n{"k":"New Delhi","v":2}\n{"k":"Paris","v":3}\n{"k":"New York","v":4}\n'})
        self.assert_run(self.quern("run"), result="New Delhi 1\nNew York 2\nParis 1\n")
        os.remove(self.path("result.txt"))
        self.write("same.py", "def mapper(key, file, record):\n    return key, 7 / int(record == '1')\n")
        self.assert_fails(self.quern("run"), "step 2, pair 1: New Delhi 2", "ZeroDivisionError")


class MapsByHand(Scenario):
    """What `quern map` writes is text, which `quern reduce` cuts."""

    def test_refuse_keys_that_would_be_cut_elsewhere(self):
        for name in ("pair.py", "pair.js"):
            self.write(name, MODULES[name])
        self.write("data/a", "".join(json.dumps({"k": key, "v": "1"}) + "\n" for key in ("a:", "b", "c::d", "", ":")))
        for mapper in ("{language: python, script: pair.py}", "{language: javascript, script: pair.js}", "{builtin: pairs, key: k, value: v}"):
            for reducer in ("{builtin: list}", "none"):
                with self.subTest(mapper=mapper, reducer=reducer):
                    self.write("analysis-tools.yml", f"mapper: {mapper}\nreducer: {reducer}\nrecord: json\nseparator: '::'\n"
                                                     "limits: {bad_records: 3}\n")
                    run = self.quern("map", "data/a")
                    self.assert_run(run, status=3, result="::1\nb::1\n" if reducer != "none" else "b::1\n::1\n", records_bad=3,
                                    says=['"a:" contains the separator "::"', 'separator: "\\t"'])
                    whole = self.quern("run", "-i", "data/a", "--set", "reducer={builtin: count}")
                    self.assert_run(whole, result="::1\n:::1\na:::1\nb::1\nc::d::1\n")

    def test_refuse_such_keys_of_a_combiner(self):
        self.write_all({"pair.py": MODULES["pair.py"], "city.py": "def combine(key, values):\n    return 'New ' + key, len(values)\n",
                        "analysis-tools.yml": "mapper: {language: python, script: pair.py}\ncombiner: {language: python, script: city.py}\n"
                                              "reducer: {builtin: sum}\nrecord: json\n", "data/a": '{"k":"York","v":1}\n'})
        self.assert_fails(self.quern("map", "data/a"), 'the key "New York" contains the separator " "')
        self.assert_run(self.quern("run", "-i", "data/a"), result="New York 1\n")


class TypedValues(Scenario):
    """`typed: yes` saves the reducer its int() and float(); the result has the same bytes."""

    REDUCERS = {
        "python": ("reducer.py", "def reduce(key, values):\n    return key, sum(NUMBER(value) for value in values)\n", "float"),
        "javascript": ("reducer.js", "exports.reduce = (key, values) => {\n  let sum = 0;\n  for (const value of values) sum += NUMBER(value);\n  return [key, sum];\n};\n", "Number"),
    }

    def test_the_result_has_the_same_bytes(self):
        draw = random.Random(5)
        for part in range(3):
            lines = [json.dumps({"k": f"key{draw.randrange(20)}", "v": draw.choice([draw.randrange(-9, 99), draw.randrange(800) / 8])}) for _ in range(2000)]
            self.write(f"data/{part}.json", "\n".join(lines) + "\n")
        self.write("pair.py", MODULES["pair.py"])
        for language, (script, source, number) in self.REDUCERS.items():
            worker = f"{{language: {language}, script: {script}}}"
            for settings in ("", f"combiner: {worker}\n", "values: iterator\n", "reducers: 3\n"):
                results = []
                for typed, shown in (("no", number), ("yes", "")):
                    with self.subTest(f"{language} {settings} {typed}"):
                        self.write(script, source.replace("NUMBER", shown))
                        self.write("analysis-tools.yml", f"mapper: {{language: python, script: pair.py}}\nreducer: {worker}\nrecord: json\n"
                                   f"inputs: [data/*]\ntyped: {typed}\n{settings}")
                        run = self.quern("run")
                        self.assert_run(run, records_mapped=6000)
                        results.append(run.result)
                self.assertEqual(results[0], results[1])
                self.assertEqual(results[0].count("\n"), 20)

    def test_without_a_function_reducer_is_refused(self):
        self.write("pair.py", MODULES["pair.py"])
        for reducer in ("", "reducer: {builtin: sum}\n", "reducer: {language: binary, script: cat}\n"):
            self.write("analysis-tools.yml", "mapper: {language: python, script: pair.py}\ntyped: yes\ninputs: [data/*]\n" + reducer)
            self.assert_fails(self.quern("run"), "typed needs a reducer in Python or JavaScript with the interface function", status=2)
