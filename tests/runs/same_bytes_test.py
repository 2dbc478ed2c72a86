"""The result depends on inputs, modules and job file: not on the number of processes, nor on how the work fell to them."""
import random

from scenario import JOB, MAP_ONLY, Scenario, compress, dedent, slow

PYTHON_MAPPER = dedent("""
    def mapper(key, file, record):
        for number, word in enumerate(record.split()):
            yield word, f"{file}:{record[:6]}:{number}"
    """)
# The order of values shows in this reducer's output.
PYTHON_REDUCER = dedent("""
    import hashlib
    def reduce(key, values):
        return key, len(values), hashlib.sha256("\\n".join(values).encode()).hexdigest()
    """).replace("return key, len(values), ", "return f'{key} {len(values)} ' + ")
JAVASCRIPT_MAPPER = dedent("""
    exports.mapper = function* (key, file, record) {
      let number = 0;
      for (const word of record.split(' ').filter(Boolean)) yield [word, `${file}:${record.slice(0, 6)}:${number++}`];
    };
    """)
JAVASCRIPT_REDUCER = dedent("""
    const {createHash} = require('crypto');
    exports.reduce = (key, values) => `${key} ${values.length} ${createHash('sha256').update(values.join('\\n')).digest('hex')}`;
    """)
LINES_MAPPER = dedent("""
    #!/usr/bin/awk -f
    { for (at = 1; at <= NF; at++) print $at, substr($0, 1, 6) ":" at - 1 }
    """)
LINES_REDUCER = dedent("""
    #!/usr/bin/awk -f
    $1 != key { if (NR > 1) print key, values; key = $1; values = "" }
    { values = values substr($2, 1, 3) }
    END { print key, values }
    """)


@slow
class OneTwoAndFiveProcesses(Scenario):
    def setUp(self):
        super().setUp()
        draw = random.Random(7)
        words = [f"word{number}" for number in range(300)]
        self.write("data/large.xz", compress(self.text(draw, words, 60_000), "xz"))
        self.write("data/middle.gz", compress(self.text(draw, words, 20_000), "gz"))
        for number in range(200):
            self.write(f"data/small{number:03}", self.text(draw, words, draw.randrange(30)))

    @staticmethod
    def text(draw, words, lines):
        return "".join(f"{number:06} {' '.join(draw.choices(words, k=draw.randrange(12)))}\n" for number in range(lines))

    def assert_same(self, job, *more):
        results = []
        for processes in (1, 2, 5):
            for setting in more or [""]:
                self.write("analysis-tools.yml", job + f"record: text\nlimits: {{processes: {processes}}}\n" + setting)
                run = self.quern("run")
                self.assert_run(run, inputs_mapped=202)
                results.append(run.left("result.txt", text=False))
        self.assertGreater(len(results[0]), 10_000)
        self.assertTrue(all(result == results[0] for result in results))

    def test_python(self):
        self.write_all({"mapper.py": PYTHON_MAPPER, "reducer.py": PYTHON_REDUCER})
        self.assert_same(JOB, "", "reducers: 3\n")

    def test_python_without_a_reducer(self):
        self.write("mapper.py", PYTHON_MAPPER)
        self.assert_same(MAP_ONLY)

    def test_javascript(self):
        self.write_all({"mapper.js": JAVASCRIPT_MAPPER, "reducer.js": JAVASCRIPT_REDUCER})
        self.assert_same(JOB.replace("python", "javascript").replace(".py", ".js"), "", "reducers: 3\n")

    def test_lines(self):
        self.write("mapper.awk", LINES_MAPPER, executable=True)
        self.write("reducer.awk", LINES_REDUCER, executable=True)
        self.assert_same("mapper: {language: binary, interface: lines, script: mapper.awk}\n"
                         "reducer: {language: binary, interface: lines, script: reducer.awk}\ninputs: [data/*]\n")

    def test_lines_without_a_reducer(self):
        self.write("mapper.awk", LINES_MAPPER, executable=True)
        self.assert_same("mapper: {language: binary, interface: lines, script: mapper.awk}\ninputs: [data/*]\n")

    def test_files(self):
        self.write("mapper.sh", "#!/bin/sh\nwhile IFS= read -r name; do cut -c 1-20 \"$name\"; done\n", executable=True)
        self.assert_same("mapper: {language: binary, interface: files, script: mapper.sh}\ninputs: [data/*]\n")

    def test_every_language_gives_the_same_counts(self):
        self.write_all({"mapper.py": PYTHON_MAPPER, "reducer.py": PYTHON_REDUCER, "mapper.js": JAVASCRIPT_MAPPER,
                        "reducer.js": JAVASCRIPT_REDUCER})
        python, javascript = JOB, JOB.replace("python", "javascript").replace(".py", ".js")
        results = []
        for job in (python, javascript):
            self.write("analysis-tools.yml", job + "record: text\n")
            run = self.quern("run")
            self.assert_run(run)
            results.append(run.result)
        self.assertEqual(results[0], results[1])
