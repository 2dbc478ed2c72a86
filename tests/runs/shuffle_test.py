"""The shuffle as its user meets it: bounded memory, the same bytes, built-in reducers, combiners."""
import json
import math
import random
import unittest

from scenario import Scenario, slow

CAT = "mapper: {language: binary, script: /bin/cat, interface: lines}\nrecord: text\ninputs: [data/*]\n"
JOIN = """
    def reduce(key, values):
        return key, ",".join(values)
    """
ADD = """
    def combine(key, values):
        return key, sum(map(int, values))
    """


class ShuffleTest(Scenario):
    def write_pairs(self, files=6, lines=20000, keys=3000, value=lambda: f"{random.random() * 1e6:.3f}"):
        random.seed(3)
        values = {}
        for number in range(files):
            text = []
            for _ in range(lines):
                key, written = f"key{random.randrange(keys)}", value()
                values.setdefault(key, []).append(written)
                text.append(f"{key} {written}\n")
            self.write(f"data/{number}.txt", "".join(text))
        return values

    def assert_same_everywhere(self, expected):
        for options in (["--memory", "1GiB"], ["--memory", "16MiB"], ["--memory", "16MiB", "--set", "reducers=7"],
                        ["--processes", "5", "--set", "reducers=7"]):
            with self.subTest(options=options):
                self.assert_run(self.quern("run", *options), result=expected)

    def test_sum_of_floats(self):
        values = self.write_pairs()
        self.write("analysis-tools.yml", CAT + "reducer: {builtin: sum}\n")
        self.assert_same_everywhere("".join(f"{key} {math.fsum(map(float, values[key]))!r}\n" for key in sorted(values)))

    def test_one_input_with_many_keys(self):
        """It is kept apart until its end: more of it than the memory holds, with two threads."""
        self.write("data/a.json", "".join(f'{{"k": "key{i * 7919 % 150000:012d}", "v": {i}}}\n' for i in range(300000)))
        self.write("analysis-tools.yml", "mapper: {builtin: pairs, key: k, value: v}\nrecord: json\ninputs: [data/*]\n"
                                         "reducer: {builtin: sum}\nlimits: {processes: 2}\n")
        sums = {}
        for i in range(300000):
            sums[i * 7919 % 150000] = sums.get(i * 7919 % 150000, 0) + i
        expected = "".join(f"key{key:012d} {sums[key]}\n" for key in sorted(sums))
        for memory in ("16MiB", "32MiB", "1GiB"):
            with self.subTest(memory=memory):
                self.assert_run(self.quern("run", "--memory", memory), result=expected)

    def test_unique_with_more_values_than_memory(self):
        """One key with 300,000 distinct values, as reducer, as combiner, after another combiner, and by map and reduce."""
        values = [f"{i * 7919 % 300007:010d} {i}" for i in range(300000)]
        self.write("data/a.txt", "".join(f"key {value}\n" for value in values + values[:100]))
        expected = f"key {json.dumps(sorted(values))}\n"
        for combiner, reducer in (("", "unique"), ("unique", "list"), ("list", "unique"), ("unique", "unique")):
            combine = f"combiner: {{builtin: {combiner}}}\n" if combiner else ""
            with self.subTest(combiner=combiner, reducer=reducer):
                self.write("analysis-tools.yml", CAT + combine + f"reducer: {{builtin: {reducer}}}\n")
                self.assert_run(self.quern("run", "--memory", "16MiB"), result=expected)
        self.assert_run(self.quern("map", "--memory", "16MiB", "data/a.txt"))
        reduced = self.quern("reduce", "--memory", "16MiB", "-o", "reduced.txt", "result.txt")
        self.assert_run(reduced)
        self.assertEqual(reduced.left("reduced.txt"), expected)

    def test_many_of_the_largest_numbers(self):
        """If each value cost as much as the largest numbers that are kept, this would take minutes."""
        self.write("data/a.txt", "".join(f"key {number}\n" for number in range(400000)))
        self.write("analysis-tools.yml", CAT + "reducer: {builtin: 'top:200000'}\n")
        expected = json.dumps([str(number) for number in range(399999, 199999, -1)])
        self.assert_run(self.quern("run"), result=f"key {expected}\n")

    def test_separators_of_several_bytes(self):
        """What aggregates pairs reads them with the separator of the text that they come in; a very long key, too."""
        key = "k" * 70000
        self.write("data/a.txt", "".join(f"{name}=>{value}\n" for value in (7, 12, 7) for name in ("a", key)))
        for reducer, result in (("sum", "26"), ("count", "3"), ("min", "7"), ("max", "12"), ("mean", str(26 / 3)),
                                ("list", '["7", "12", "7"]'), ("unique", '["12", "7"]'), ("top:2", '["12", "7"]')):
            with self.subTest(reducer=reducer):
                self.write("analysis-tools.yml", CAT + f"separator: '=>'\nreducer: {{builtin: '{reducer}'}}\n")
                self.assert_run(self.quern("run"), result=f"a=>{result}\n{key}=>{result}\n")

    def test_python_reducer(self):
        values = self.write_pairs(value=lambda: "v" * random.randrange(300))
        self.write_all({"analysis-tools.yml": CAT + "reducer: {language: python, script: r.py}\n", "r.py": JOIN})
        self.assert_same_everywhere("".join(f"{key} {','.join(values[key])}\n" for key in sorted(values)))

    def test_lines_reducer(self):
        values = self.write_pairs(value=lambda: "v" * random.randrange(300))
        self.write("analysis-tools.yml", CAT + "reducer: {language: binary, script: /bin/cat, interface: lines}\n")
        self.assert_same_everywhere("".join(f"{key} {value}\n" for key in sorted(values) for value in values[key]))

    def test_list_and_unique(self):
        values = self.write_pairs(files=2, lines=2000, keys=20, value=lambda: str(random.randrange(9)))
        for name, order in (("list", list), ("unique", lambda all_values: sorted(set(all_values)))):
            self.write("analysis-tools.yml", CAT + f"reducer: {{builtin: {name}}}\n")
            self.assert_run(self.quern("run"), result="".join(f"{key} {json.dumps(order(values[key]))}\n" for key in sorted(values)))

    def test_combiners(self):
        values = self.write_pairs(value=lambda: str(random.randrange(100)))
        sums = "".join(f"{key} {sum(map(int, values[key]))}\n" for key in sorted(values))
        self.write_all({"c.py": ADD, "r.py": JOIN})
        for combiner, reducer in (("{language: python, script: c.py}", "{builtin: sum}"),
                                  ("{builtin: sum}", "{language: python, script: r.py}"),
                                  ("{builtin: sum}", "{builtin: max}")):
            with self.subTest(combiner=combiner, reducer=reducer):
                self.write("analysis-tools.yml", CAT + f"combiner: {combiner}\nreducer: {reducer}\n")
                self.assert_run(self.quern("run"), result=sums)

    def test_combiner_that_raises(self):
        self.write_all({"analysis-tools.yml": CAT + "combiner: {language: python, script: c.py}\nreducer: {builtin: sum}\n",
                        "c.py": ADD, "data/a": "k 1\nk x\n"})
        self.assert_fails(self.quern("run"), "combiner 1 (c.py) failed: it could not combine the values of 'k'", "ValueError",
                          "fix the combiner; without one the result is the same")

    def test_value_that_is_no_number(self):
        self.write_all({"analysis-tools.yml": CAT + "reducer: {builtin: sum}\n", "data/a": "k 1\nk x\n"})
        self.assert_fails(self.quern("run"), "{builtin: sum} got the value 'x' of the key 'k', which is not a number")

    @slow
    def test_memory_stays_bounded(self):
        """50 MB of pairs with 16 MiB: what quern itself takes at most is far below the pairs."""
        self.write_pairs(files=24, lines=40000, keys=30000, value=lambda: "v" * 40)
        self.write("analysis-tools.yml", CAT + "reducer: {language: binary, script: /bin/cat, interface: lines}\n")
        process = self.start("run", "--memory", "16MiB", "--processes", "2")
        # Of the process itself, without its children, which are small.
        peak_kib = 0
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    peak_kib = max([peak_kib] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
            except (FileNotFoundError, ProcessLookupError):
                break
        self.assert_run(self.finish(process))
        self.assertLess(peak_kib, 120 << 10)


if __name__ == "__main__":
    unittest.main()
