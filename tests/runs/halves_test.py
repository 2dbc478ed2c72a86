"""The two halves of a job, apart: quern map over some inputs each, and quern reduce over what they wrote."""
import os
import random

from scenario import COUNT_SYSTEMS, JOB, SUM, Scenario, compress, dedent, pings

RECORDS = 3_000
FILES = 6

MAPPER = dedent("""
    def mapper(key, file, record):
        word, number, amount = record.split(" ")
        return word, VALUE
    """)
# The order of values shows.
REDUCER = dedent("""
    def reduce(key, values):
        return f"{key} {len(values)} " + "|".join(values)
    """)
COMBINER = dedent("""
    def combine(key, values):
        return key, max(values, key=float)
    def reduce(key, values):
        return key, max(values, key=float)
    """)


class Halves(Scenario):
    def write_inputs(self):
        draw = random.Random(5)
        for number in range(FILES):
            lines = "".join(f"word{draw.randrange(300)} {line} {draw.uniform(-1, 1) * 10 ** draw.randrange(-12, 17)!r}\n"
                            for line in range(RECORDS))
            self.write(f"data/{number}.gz", compress(lines, "gz"))

    def job(self, more, value="amount"):
        self.write("mapper.py", MAPPER.replace("VALUE", value))
        self.write("reducer.py", REDUCER)
        self.write("combiner.py", COMBINER)
        self.write("analysis-tools.yml", "mapper: {language: python, script: mapper.py}\nrecord: text\ninputs: [data/*]\n" + more)

    def assert_halves_are_the_whole(self, name, loads=((0, 1, 2), (3,), (4, 5))):
        whole = self.quern("run", "-o", "whole.txt")
        self.assert_run(whole)
        maps = []
        for number, load in enumerate(loads):
            path = f"maps/{number}.txt"
            os.makedirs(self.path("maps"), exist_ok=True)
            self.assert_run(self.quern("map", *[f"data/{part}.gz" for part in load], "-o", path))
            maps.append(path)
        self.assert_run(self.quern("reduce", *maps, "-o", "reduced.txt"), inputs_mapped=len(loads))
        self.assertEqual(whole.left("whole.txt", text=False) == whole.left("reduced.txt", text=False), True, name)
        self.assertGreater(len(whole.left("whole.txt")), 1000)

    def test_come_to_what_the_whole_does(self):
        self.write_inputs()
        self.job("reducer: {language: python, script: reducer.py}\n", "f'{file} {number}'")
        self.assert_halves_are_the_whole("python")
        for reducer in ("sum", "count", "min", "max", "mean", "list", "unique", "'top:3'"):
            self.job(f"reducer: {{builtin: {reducer}}}\n", "number" if reducer == "unique" else "amount")
            self.assert_halves_are_the_whole(reducer)

    def test_combine_what_can_be_combined(self):
        self.write_inputs()
        self.job("combiner: {builtin: sum}\nreducer: {language: python, script: reducer.py}\n")
        self.assert_halves_are_the_whole("a built-in combiner before a module")
        self.job("combiner: {language: python, script: combiner.py}\nreducer: {builtin: max}\n")
        self.assert_halves_are_the_whole("a combiner module")
        self.job("reducer: {builtin: sum}\n", "number")
        self.assert_run(self.quern("map", "data/0.gz", "-o", "one.txt"))
        with open(self.path("one.txt"), encoding="utf-8") as lines:
            self.assertLessEqual(len(lines.readlines()), 300, "each key has one sum")

    def test_several_reducers_have_a_result_each(self):
        self.write_inputs()
        self.job("reducer: {builtin: sum}\n", "number")
        whole = self.quern("run", "-o", "whole.txt")
        for load in (0, 1), (2, 3, 4, 5):
            self.assert_run(self.quern("map", *[f"data/{part}.gz" for part in load], "-o", f"map{load[0]}", "--set", "reducers=3"))
        self.assertFalse(os.path.exists(self.path("map0")))
        results = []
        for part in range(3):
            self.assert_run(self.quern("reduce", f"map0.{part}", f"map2.{part}", "-o", f"part{part}"))
            results += whole.left(f"part{part}").splitlines()
        self.assertEqual(sorted(results), whole.left("whole.txt").splitlines())
        self.assert_fails(self.quern("map", "data/0.gz", "-o", "-", "--set", "reducers=3"), "standard output", status=2)

    def test_parts_that_are_kept_are_those_of_the_reducers(self):
        self.write_inputs()
        self.job("reducer: {language: python, script: reducer.py}\nreducers: 3\n", "number")
        merged = self.quern("run", "-o", "merged.txt")
        run = self.quern("run", "-o", "parts", "--set", "result.parts=keep")
        self.assert_run(run)
        self.assertFalse(os.path.exists(self.path("parts")))
        parts = [run.left(f"parts.{part}").splitlines() for part in range(3)]
        self.assertTrue(all(part == sorted(part) and part for part in parts))
        self.assertEqual(sorted(sum(parts, [])), sorted(merged.left("merged.txt").splitlines()))
        self.assert_fails(self.quern("run", "-o", "-", "--set", "result.parts=keep"), "standard output", status=2)

    def test_map_results_may_be_compressed(self):
        self.write_all({"analysis-tools.yml": JOB, "mapper.py": COUNT_SYSTEMS, "reducer.py": SUM, "data/a.json": pings("Linux", "Darwin")})
        self.assert_run(self.quern("map", "data/a.json", "-o", "a.txt"), says="1 found")
        self.write("b.txt.zst", compress("Linux 5\nWINNT 1\n", "zst"))
        self.assert_run(self.quern("reduce", "a.txt", "b.txt.zst"), result="Darwin 1\nLinux 6\nWINNT 1\n")

    def test_map_takes_names_from_anywhere(self):
        self.write_all({"job/analysis-tools.yml": JOB, "job/mapper.py": COUNT_SYSTEMS, "job/reducer.py": SUM,
                        "a.json": pings("Linux"), "b.json": pings("Darwin"), "names": "a.json\nb.json\n"})
        expected = "Darwin 1\nLinux 1\n"
        self.assert_run(self.quern("map", "--job", "job", "a.json", "b.json"), result=expected)
        self.assert_run(self.quern("map", "--job", "job", "--manifest", "names"), result=expected)
        self.assert_run(self.quern("map", "--job", "job", "-", stdin=b"b.json\na.json\n"), result=expected)
        self.assert_run(self.quern("map", "--job", "job", "?.json"), result=expected)

    def test_without_a_reducer_the_order_of_the_inputs_stays(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nrecord: text\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, file\n", "a": "z\ny\n", "b": "a\n"})
        self.assert_run(self.quern("map", "a", "b"), result="z a\ny a\na b\n")
        os.rename(self.path("result.txt"), self.path("mapped.txt"))
        self.assert_fails(self.quern("reduce", "mapped.txt"), "no reducer", status=2)

    def test_what_cannot_be_done_is_said(self):
        self.write_all({"analysis-tools.yml": JOB, "mapper.py": COUNT_SYSTEMS, "reducer.py": SUM, "data/a.json": pings("Linux"),
                        "unsorted": "b 1\na 1\n", "cut": "a 1\nb", "cut.zst": compress("a 1\n" * 1000, "zst")[:-5]})
        self.assert_fails(self.quern("map"), "name the files", status=2)
        self.assert_fails(self.quern("reduce"), "name the results", status=2)
        self.assert_fails(self.quern("reduce", "missing.txt"), "missing.txt", status=1)
        self.assert_fails(self.quern("map", "missing.json"), "missing.json", status=1)
        self.assert_fails(self.quern("reduce", "unsorted"), "unsorted: line 2", "quern map")
        self.assert_fails(self.quern("reduce", "cut"), "cut: line 2", "ends within a line")
        self.assert_fails(self.quern("reduce", "cut.zst"), "cut.zst")
        steps = "steps:\n  - mapper: {language: python, script: mapper.py}\n"
        self.write("analysis-tools.yml", JOB + steps)
        self.assert_fails(self.quern("map", "data/a.json"), "steps", status=2)
