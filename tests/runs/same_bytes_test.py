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
        record = "" if "interface: files" in job else "record: text\n"
        for processes in (1, 2, 5):
            for setting in more or [""]:
                self.write("analysis-tools.yml", job + f"{record}limits: {{processes: {processes}}}\n" + setting)
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

    def test_what_a_lines_combiner_saw_of_each_part(self):
        """Its lines tell where the work was cut."""
        self.write("mapper.py", PYTHON_MAPPER)
        self.write("mapper.awk", LINES_MAPPER, executable=True)
        self.write("combine.awk", "#!/usr/bin/awk -f\n{ last = $0 } END { print $1, NR \":\" last }\n", executable=True)
        for mapper in ("{language: python, script: mapper.py}", "{language: binary, interface: lines, script: mapper.awk}"):
            results = set()
            for processes in (1, 2, 5):
                self.write("analysis-tools.yml", f"mapper: {mapper}\ncombiner: {{language: binary, interface: lines, script: combine.awk}}\n"
                                                 f"reducer: {{builtin: list}}\ninputs: [data/*]\nrecord: text\nlimits: {{processes: {processes}}}\n")
                run = self.quern("run")
                self.assert_run(run, inputs_mapped=202)
                results.add(run.result)
            self.assertEqual(len(results), 1)

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


class AllInterfacesAlike(Scenario):
    """The same records through every language, and the built-in mapper."""

    MAPPERS = {
        "python": ("mapper.py", "def mapper(key, file, record):\n    return record['k'], record['v']\n", "language: python, script: mapper.py"),
        "javascript": ("mapper.js", "exports.mapper = (key, file, record) => [[record.k, record.v]];\n",
                       "language: javascript, script: mapper.js"),
        "pairs": ("unused", "", "builtin: pairs, key: k, value: v"),
        "lines": ("mapper.sh", "#!/bin/sh\nexec sed 's/.*\\(k[0-9]\\)\"[^a-z]*v[^a-z0-9]*\\([^\"}]*\\).*$/\\1 \\2/'\n",
                  "language: binary, interface: lines, script: mapper.sh"),
    }

    def assert_alike(self, data, expected, names, more=""):
        self.write("data/a", data)
        for name in names:
            with self.subTest(name):
                script, text, mapper = self.MAPPERS[name]
                self.write(script, text, executable=True)
                self.write("analysis-tools.yml", f"mapper: {{{mapper}}}\nrecord: json\ninputs: [data/*]\n" + more)
                run = self.quern("run")
                self.assert_run(run)
                self.assertEqual(run.left("result.txt", text=False).decode("utf-8"), expected, run)

    def test_halves_of_surrogate_pairs(self):
        data = '{"k":"\\ud800","v":"a\\udc00\\ud800b"}\n{"k":"\\ud83d\\ude00","v":"\\udfff"}\n{"k":"\\\\ud800","v":1}\n'
        lines = "\ufffd a\ufffd\ufffdb\n\U0001f600 \ufffd\n\\ud800 1\n"
        self.assert_alike(data, lines, ["python", "javascript", "pairs"])
        listed = '\\ud800 ["1"]\n\ufffd ["a\ufffd\ufffdb"]\n\U0001f600 ["\ufffd"]\n'
        for builtin in ("list", "unique"):
            self.assert_alike(data, listed, ["python", "javascript", "pairs"], f"reducer: {{builtin: {builtin}}}\n")

    def test_a_byte_order_mark_and_line_ends_of_windows(self):
        data = b'\xef\xbb\xbf{"k":"k1","v":"x"}\r\n{"k":"k2","v":"y"}\r\n\r\n{"k":"k3","v":"z"}\r'
        self.assert_alike(data, "k1 x\nk2 y\nk3 z\n", ["python", "javascript", "pairs"])
        self.assert_alike(data.replace(b"\r\n\r", b"\r"), "k1 x\nk2 y\nk3 z\n", ["lines"])
