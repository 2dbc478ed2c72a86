"""The same bytes, always: one job under many circumstances. How many processes there are, where blocks are cut, how much
memory there is, when a child is ready, which child dies and how many reducers there are must not show in the result.
"""
import os
import random
import signal
import threading

from scenario import FAST, Scenario, compress, dedent

RECORDS = 4_000 if FAST else 60_000
SMALL_FILES = 20
MOST_REPETITIONS = 50
# Values of this length, so that the least memory that a job may have is too little many times over.
PADDING = "." * 600

# Each line differs from the first in one way; the last ones in all.
CIRCUMSTANCES = [
    {},
    {"processes": 1, "memory": "64MiB"},
    {"processes": 5, "blocks": 4096},
    {"memory": "16MiB", "blocks": 50_000},
    {"reducers": 7, "memory": "24MiB"},
    {"delays": True, "blocks": 100_000},
    {"kills": 5, "blocks": 65536},
    {"processes": 5, "blocks": 30_000, "memory": "16MiB", "reducers": 7, "delays": True, "kills": 3},
]
if FAST:
    CIRCUMSTANCES = [CIRCUMSTANCES[0], CIRCUMSTANCES[2], CIRCUMSTANCES[7]]

PYTHON_MAPPER = dedent("""
    import os, random, time
    def setup():
        time.sleep(random.uniform(0, 0.3) if os.environ.get("DELAYS") else 0)
    def mapper(key, file, record):
        word, number, amount = record.split(" ")
        return word, f"{file} {number} {PADDING}"
    """).replace("{PADDING}", PADDING)
PYTHON_AMOUNTS = PYTHON_MAPPER.replace(f'f"{{file}} {{number}} {PADDING}"', "amount")
# The order of values shows in what these reducers give.
PYTHON_REDUCER = dedent("""
    import hashlib
    def reduce(key, values):
        return f"{key} {len(values)} " + hashlib.sha256("\\n".join(values).encode()).hexdigest()
    """)
JAVASCRIPT_MAPPER = dedent("""
    exports.setup = () => process.env.DELAYS && new Promise((ready) => setTimeout(ready, 300 * Math.random()));
    exports.mapper = (key, file, record) => {
      const [word, number] = record.split(' ');
      return [word, `${file} ${number} PADDING`];
    };
    """).replace("PADDING", PADDING)
JAVASCRIPT_REDUCER = dedent("""
    const {createHash} = require('crypto');
    exports.reduce = (key, values) => `${key} ${values.length} ${createHash('sha256').update(values.join('\\n')).digest('hex')}`;
    """)
LINES_MAPPER = dedent("""
    #!/bin/sh
    [ -z "$DELAYS" ] || sleep "0.$(($$ % 3))"
    exec awk '{ print $1, ENVIRON["QUERN_INPUT_FILE"], $2, "PADDING" }'
    """).replace("PADDING", PADDING)
LINES_REDUCER = dedent("""
    #!/usr/bin/awk -f
    $1 != key { if (NR > 1) print key, count, sum; key = $1; count = sum = 0 }
    { count++; sum = (sum * 31 + $3) % 1000003 }
    END { print key, count, sum }
    """)


class TheSameBytes(Scenario):
    def setUp(self):
        super().setUp()
        draw = random.Random(11)
        words = [f"word{number}" for number in range(500)]
        self.write("data/large.zst", compress(self.lines(draw, words, RECORDS * 2 // 3), "zst"))
        self.write("data/middle.gz", compress(self.lines(draw, words, RECORDS // 3), "gz"))
        for number in range(SMALL_FILES):
            self.write(f"data/small{number:02}", self.lines(draw, words, draw.randrange(30)))
        self.killed = 0

    @staticmethod
    def lines(draw, words, count):
        """A word, a number, and an amount: of very different sizes, so that the order of additions shows in a naive sum."""
        return "".join(f"{draw.choice(words)} {number:06} {draw.uniform(-1, 1) * 10 ** draw.randrange(-12, 17)!r}\n"
                       for number in range(count))

    # Running

    def kill_mappers(self, count):
        """Kills one mapper child after the other, at a moment that nobody chose."""
        draw = random.Random()
        while count > 0 and not self.is_over.wait(draw.uniform(0.01, 0.15)):
            children = self.children(b"mapper")
            try:
                os.kill(draw.choice(children or [0x7FFFFFFF]), signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.killed += 1
            count -= 1

    def run_under(self, job, circumstance):
        settings = [f"limits.processes={circumstance.get('processes', 2)}", f"limits.memory={circumstance.get('memory', '1GiB')}",
                    f"reducers={circumstance.get('reducers', 1)}", "limits.attempts=50"]
        if circumstance.get("delays"):
            settings.append("mapper.env.DELAYS=1")
        self.write("analysis-tools.yml", job)
        environment = {"QUERN_TEST_BLOCK_BYTES": str(circumstance["blocks"])} if "blocks" in circumstance else {}
        self.is_over = threading.Event()
        process = self.start("run", *[word for setting in settings for word in ("--set", setting)], environment=environment)
        killer = threading.Thread(target=self.kill_mappers, args=(circumstance.get("kills", 0),))
        killer.start()
        try:
            return self.finish(process)
        finally:
            self.is_over.set()
            killer.join()

    def circumstances(self):
        """All of them; those with kills again, as long as every child was too quick to be killed."""
        yield from CIRCUMSTANCES
        with_kills = [circumstance for circumstance in CIRCUMSTANCES if circumstance.get("kills")]
        for again in range(MOST_REPETITIONS):
            if self.killed > 0:
                return
            yield with_kills[again % len(with_kills)]

    def assert_same(self, job):
        first = None
        for circumstance in self.circumstances():
            run = self.run_under(job, circumstance)
            self.assert_run(run, inputs_mapped=SMALL_FILES + 2)
            result = run.left("result.txt", text=False)
            first = first or result
            self.assertGreater(len(result), 1_000)
            self.assertEqual(result == first, True, f"{circumstance} gives other bytes\n{run}")
        self.assertGreater(self.killed, 0)

    # Jobs

    def test_python(self):
        self.write_all({"mapper.py": PYTHON_MAPPER, "reducer.py": PYTHON_REDUCER})
        self.assert_same("mapper: {language: python, script: mapper.py}\nreducer: {language: python, script: reducer.py}\n"
                         "inputs: [data/*]\nrecord: text\n")

    def test_javascript(self):
        self.write_all({"mapper.js": JAVASCRIPT_MAPPER, "reducer.js": JAVASCRIPT_REDUCER})
        self.assert_same("mapper: {language: javascript, script: mapper.js}\nreducer: {language: javascript, script: reducer.js}\n"
                         "inputs: [data/*]\nrecord: text\n")

    def test_lines(self):
        self.write("mapper.sh", LINES_MAPPER, executable=True)
        self.write("reducer.awk", LINES_REDUCER, executable=True)
        self.assert_same("mapper: {language: binary, interface: lines, script: mapper.sh}\n"
                         "reducer: {language: binary, interface: lines, script: reducer.awk}\n"
                         "inputs: [data/*]\nrecord: text\n")

    def test_a_builtin_sum_of_floats(self):
        self.write("mapper.py", PYTHON_AMOUNTS)
        self.assert_same("mapper: {language: python, script: mapper.py}\ncombiner: {builtin: sum}\nreducer: {builtin: sum}\n"
                         "inputs: [data/*]\nrecord: text\n")

    def test_builtins_alone(self):
        """No child is there to kill or to wait for."""
        draw = random.Random(12)
        for number in range(SMALL_FILES + 2):
            lines = [f'{{"id": "key{draw.randrange(3_000)}", "amount": {draw.uniform(-1, 1) * 10 ** draw.randrange(-12, 17)!r}}}\n'
                     for _ in range(RECORDS // 10)]
            self.write(f"json/{number:02}", "".join(lines))
        for reducer in ("sum", "mean", "list", "unique", "'top:3'"):
            job = ("mapper: {builtin: pairs, key: id, value: amount}\n"
                   f"reducer: {{builtin: {reducer}}}\ninputs: [json/*]\nrecord: json\n")
            results = {self.run_under(job, {**circumstance, "delays": False, "kills": 0}).left("result.txt", text=False)
                       for circumstance in CIRCUMSTANCES[1:4]}
            self.assertEqual(len(results), 1, reducer)
            self.assertGreater(len(results.pop() or b""), 1_000)
