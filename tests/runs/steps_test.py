"""Jobs of several steps: each maps the pairs that the one before it gave."""
import random

from scenario import Scenario, dedent

# How many words are written how often: words are counted, then their counts are.
JOB = dedent("""
    mapper: {language: python, script: words.py}
    reducer: {language: python, script: count.py}
    record: text
    inputs: [data/*]
    steps:
      - mapper: {language: MIDDLE}
        reducer: {language: python, script: count.py}
    """)
MIDDLES = {
    "python": ("python, script: swap.py", "swap.py", "def mapper(key, file, record):\n    return record, key\n"),
    "javascript": ("javascript, script: swap.js", "swap.js", "exports.mapper = (key, file, record) => [[record, key]];\n"),
    "lines": ("binary, script: awk, interface: lines, arguments: ['{print $2, $1}']", "unused", ""),
}


class Steps(Scenario):
    def job_with(self, middle, more=""):
        self.write("analysis-tools.yml", JOB.replace("MIDDLE", middle) + more)
        self.write("words.py", "def mapper(key, file, record):\n    return [(word, 1) for word in record.split()]\n")
        self.write("count.py", "def reduce(key, values):\n    return key, len(values)\n")

    def test_the_same_result_with_every_language_and_number_of_processes(self):
        draw = random.Random(1)
        words = [f"word{draw.randrange(2000)}" for _ in range(60_000)]
        self.write("data/words", "".join(" ".join(words[at:at + 20]) + "\n" for at in range(0, len(words), 20)))
        counts = {}
        for word in set(words):
            counts[str(words.count(word))] = counts.get(str(words.count(word)), 0) + 1
        expected = "".join(f"{count} {counts[count]}\n" for count in sorted(counts))
        for name, (middle, script, text) in MIDDLES.items():
            self.job_with(middle)
            self.write(script, text)
            for processes in ("1", "2"):
                with self.subTest(name=name, processes=processes):
                    self.assert_run(self.quern("run", "-p", processes), result=expected, inputs_found=1, records_read=3000)

    def test_a_last_step_without_a_reducer_keeps_the_order_of_the_keys(self):
        self.job_with("python, script: swap.py", "  - mapper: {language: python, script: mark.py}\n")
        self.write("swap.py", "def mapper(key, file, record):\n    return record, key\n")
        self.write("mark.py", "def mapper(key, file, record):\n    return f'{file}: {key} {record}'\n")
        self.write("data/a", "a b a\nc\n")
        self.assert_run(self.quern("run"), result="step 2: 1 2\nstep 2: 2 1\n")

    def test_a_pair_that_a_further_step_cannot_take_is_bad_and_named(self):
        self.job_with("python, script: swap.py")
        self.write("swap.py", "def mapper(key, file, record):\n    return record, {'a': 1, 'c': 1}[key]\n")
        self.write("data/a", "a b a\nc\n")
        self.assert_fails(self.quern("run"), "step 2, pair 2: b 1", "KeyError: 'b'")
        run = self.quern("run", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3, result="1 1\n2 1\n", says="KeyError")

    def test_a_step_whose_module_is_not_there_is_refused_before_anything_runs(self):
        self.job_with("python, script: swap.py")
        self.write("data/a", "a\n")
        self.assert_fails(self.quern("run"), "steps[0].mapper", "swap.py", status=2)

    def test_every_message_counts_the_entries_of_steps_from_0(self):
        """As paths count elements."""
        self.write_all({"words.py": "def mapper(key, file, record):\n    return key, record\n", "count.py": "def reduce(key, values):\n    return key\n"})
        good, script = "{mapper: {language: python, script: words.py}}", "mapper: {language: python, script: "
        for wrong in ("x", "{}", "{zzz: 1}", "{limits: {}}", "{mapper: {scirpt: x}}", "{" + script + "words.py, interface: x}}",
                      "{" + script + "none.py}}", "{mapper: {builtin: pairs, key: a}}", "{reducer: {builtin: sum}}"):
            for steps, number in ((f"[{wrong}]", 0), (f"[{good}, {wrong}]", 1)):
                with self.subTest(steps):
                    self.write("analysis-tools.yml", JOB.split("steps:")[0] + f"steps: {steps}\n")
                    self.assert_fails(self.quern("check"), f"steps[{number}]", status=2)
