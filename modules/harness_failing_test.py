"""Functions that fail, and modules that cannot be used."""

import json
import os

from harness_child import COUNTERS, FAILED, FINISHED, LOADED, HarnessTest, default_name


class Failing(HarnessTest):
    def test_a_raising_function_gives_its_own_frames_only(self):
        sources = {
            "python": '''
                def inner(record):
                    return record["missing"]
                def mapper(key, file, record):
                    if record == {}:
                        yield "lost 1"
                        inner(record)
                    yield "kept 1"
                ''',
            "javascript": '''
                function inner(record) { return record.missing.length; }
                exports.mapper = function* (key, file, record) {
                    if (Object.keys(record).length === 0) {
                        yield "lost 1";
                        inner(record);
                    }
                    yield "kept 1";
                };
                ''',
        }
        for language, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b'{"a":1}\n{}\n{"b":1}\n')])
            answer = child.answer()
            self.assertEqual(answer.output, b"kept 1\nkept 1\n")
            self.assertEqual(answer.done, (2, 1, 0))
            segment, line, reason, details = answer.bad[0]
            self.assertEqual((segment, line), (0, 1))
            expected = {"python": "^KeyError: 'missing'$", "javascript": "^TypeError: Cannot read properties of undefined"}
            self.assertRegex(reason, expected[language])
            self.assertIn("inner", details)
            self.assertIn(default_name(language), details)
            self.assertNotIn("harness", details)
            self.assertNotIn("node:", details)

    def test_causes_are_told(self):
        sources = {
            "python": '''
                def mapper(key, file, record):
                    try:
                        int("x")
                    except ValueError as error:
                        raise RuntimeError("outer\\nsecond line") from error
                ''',
            "javascript": '''
                exports.mapper = () => {
                    throw new Error("outer\\nsecond line", { cause: new RangeError("the cause") });
                };
                ''',
        }
        for language, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            _, _, reason, details = child.answer().bad[0]
            self.assertRegex(reason, "^(Runtime)?Error: outer second line$")
            self.assertIn({"python": "ValueError", "javascript": "Caused by: RangeError: the cause"}[language], details)
            self.assertNotIn("harness", details)

    def test_exit_within_a_function_is_a_bad_record(self):
        sources = {
            "python": '''
                import sys
                def mapper(key, file, record):
                    sys.exit({1: 1, 2: None, 3: "why"}[record]) if record < 4 else None
                ''',
            "javascript": '''
                import { exit } from "node:process";
                export function mapper(key, file, record) {
                    if (record === 1) process.exit(1);
                    if (record === 2) process.exit();
                    if (record === 3) exit("why");
                }
                ''',
        }
        sources["javascript"] = {"mapper.mjs": sources["javascript"]}
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n4\n")])
            answer = child.answer()
            self.assertEqual(answer.done, (1, 3, 0))
            for (_, _, reason, _), told in zip(answer.bad, [r"\(1\)", r"\(\)", r"\('?why'?\)"]):
                self.assertRegex(reason, r"^the module called (sys|process)\.exit" + told + "$")

    def test_odd_things_to_throw(self):
        sources = {
            "python": '''
                class Odd(BaseException):
                    def __str__(self):
                        raise ValueError
                def mapper(key, file, record):
                    raise Odd()
                ''',
            "javascript": "exports.mapper = (k, f, record) => { throw record === 1 ? 'text' : record === 2 ? undefined : Symbol('s') }",
        }
        for language, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n")])
            answer = child.answer()
            self.assertEqual(answer.done, (0, 3, 0))
            expected = {"python": ["Odd"] * 3, "javascript": ['threw "text"', "threw undefined", r"threw Symbol\(s\)"]}
            for (_, _, reason, _), told in zip(answer.bad, expected[language]):
                self.assertRegex(reason, told)

    def test_endless_recursion_is_a_bad_record(self):
        sources = {
            "python": "def mapper(key, file, record):\n    return mapper(key, file, record) if record else 'a 1'\n",
            "javascript": "exports.mapper = function mapper(k, f, r) { return r ? mapper(k, f, r) + 'x' : 'a 1'; }",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n0\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"a 1\n")
            self.assertRegex(answer.bad[0][2], "^(RecursionError|RangeError): ")

    def test_long_reasons_are_cut(self):
        sources = {
            "python": "def mapper(key, file, record):\n    raise ValueError('x' * 10000000)\n",
            "javascript": "exports.mapper = () => { throw new Error('x'.repeat(10000000)); }",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            _, _, reason, details = child.answer().bad[0]
            self.assertLessEqual(len(reason), 2000)
            self.assertLessEqual(len(details), 64 << 10)


# Modules that cannot be used. Each row: name, role, files in Python, files in JavaScript, reason.
BROKEN_ROWS = [
    ("no function", "mapper", "x = 1", "exports.x = 1", r"mapper\.(py|js) does not (define|export) a function mapper\(key, file, record\)"),
    ("no reduce", "reducer", "def reducer(): pass", "exports.reducer = () => {}", r"a function reduce\(key, values\)"),
    ("no combine", "combiner", "x = 1", "exports.x = 1", r"combine\(key, values\) or reduce\(key, values\)"),
    ("not callable", "mapper", "mapper = 'text'", "exports.mapper = 'text'", "mapper in mapper.* is not a function"),
    # In JavaScript a function may leave out parameters that it does not use.
    ("too few parameters", "mapper", "def mapper(record): pass", None,
     r"mapper in mapper\.py takes 1 argument, but is called as mapper\(key, file, record\)$"),
    ("too many parameters", "reducer", "def reduce(key, values, more): pass", None, r"takes 3 arguments, .* reduce\(key, values\)$"),
    ("a parameter with a name", "mapper", "def mapper(k, f, r, *, top): pass", None, "needs the argument top by its name, but"),
    ("syntax", "mapper", "def mapper(:\n", "exports.mapper = (;\n", "^SyntaxError: "),
    ("missing import", "mapper", "import no_such_module", "require('no-such-module')", "no.such.module"),
    ("raises", "mapper", "1/0", "null.x", "^(ZeroDivisionError|TypeError): "),
    ("exits", "mapper", "import sys\nsys.exit(3)", "process.exit(3)", r"^the module called (sys|process)\.exit\(3\)$"),
    ("setup raises", "mapper", "def mapper(k, f, r): pass\ndef setup():\n    raise OSError('no room')",
     "exports.mapper = () => {}; exports.setup = async () => { throw new Error('no room') }", "Error: no room$"),
    ("setup is endless", "mapper", None, "exports.mapper = () => {}; exports.setup = () => new Promise(() => {})", "never settled"),
]


# A mapper in JavaScript that fails, and how many parameters it is told to have; 0: nothing is said.
FEWER_PARAMETERS = [("exports.mapper = (record) => record.no.where", 1), ("exports.mapper = record => record.no.where", 1),
                    ("exports.mapper = function (key, record) { return record.no.where; }", 2),
                    ("exports.mapper = async function m(key) { return key.no.where; }", 1), ("exports.mapper = (k, f, r) => r.no.where", 0),
                    ("exports.mapper = (key, ...rest) => rest[1].no.where", 0), ("exports.mapper = () => null.where", 0),
                    ("exports.mapper = (key, file, record = {}) => record.no.where", 0),
                    ("exports.mapper = function (key) { return arguments[2].no.where; }", 0)]

# Functions of other shapes that can be called.
SHAPES = ["def mapper(*all): return all[2], 1", "def mapper(key, *rest): return rest[1], 1",
          "def mapper(key, file, record, more=1): return record, more",
          "def mapper(key, file, record=0, *, top=1): return record, top",
          "import functools\ndef counted(n, key, file, record): return record, n\nmapper = functools.partial(counted, 1)",
          "class Mapper:\n    def __call__(self, key, file, record): return record, 1\nmapper = Mapper()",
          "class Mapper:\n    def go(self, key, file, record): return record, 1\nmapper = Mapper().go",
          "mapper = lambda key, file, record: (record, 1)"]


class FewerParameters(HarnessTest):
    def test_are_named_where_a_call_fails(self):
        for source, count in FEWER_PARAMETERS:
            for _, start in self.each(javascript=source):
                with self.subTest(source):
                    child = start()
                    child.block(1, [("f", b"{}\n")])
                    reason = child.answer().bad[0][2]
                    said = f"; mapper takes {count} parameter{'s' * (count != 1)}, and is called as mapper(key, file, record)"
                    self.assertEqual(reason.endswith(said), count > 0, reason)
                    self.assertEqual("parameter" in reason, count > 0, reason)


class SettingUp(HarnessTest):
    def test_functions_of_any_shape_that_can_be_called(self):
        for source in SHAPES:
            for _, start in self.each(python=source):
                with self.subTest(source):
                    child = start()
                    child.block(1, [("f", b"5\n")])
                    self.assertEqual(child.answer().output, b"5 1\n")

    def test_modules_that_cannot_be_used(self):
        for name, role, python, javascript, expected in BROKEN_ROWS:
            for _, start in self.each(python=python, javascript=javascript):
                with self.subTest(name):
                    child = start(ready=False, role=role)
                    kind, answer = child.setup_answer()
                    self.assertEqual(kind, FAILED)
                    self.assertRegex(answer["reason"], expected)
                    self.assertNotIn("\n", answer["reason"])
                    self.assertNotIn("harness", answer["details"])
                    self.assertEqual(child.wait(), 1)

    def test_loads_only_without_setup_if_asked(self):
        sources = {"python": "def mapper(key, file, record): pass\ndef setup(): raise ValueError\n",
                   "javascript": "exports.mapper = () => {};\nexports.setup = () => { throw new Error(); };\n"}
        for _, start in self.each(**sources):
            child = start(ready=False, loads_only=True)
            self.assertEqual((child.read()[0], child.wait()), (LOADED, 0))

    def test_looks_at_the_syntax_of_a_program_and_does_not_run_it(self):
        for broken in (False, True):
            for _, start in self.each(python="import sys, time\ntime.sleep(1000" + ")" * (not broken) + "\n",
                                      javascript="for (;;) {" + "}" * (not broken) + "\n"):
                child = start(ready=False, role="program", loads_only=True)
                kind, _, payload = child.read()
                self.assertEqual(kind, FAILED if broken else LOADED)
                self.assertEqual("SyntaxError" in payload.decode(), broken)

    def test_an_interrupt_while_it_loads_is_a_death_and_no_failure(self):
        for _, start in self.each(python="raise KeyboardInterrupt\n"):
            child = start(ready=False)
            self.assertEqual(child.wait(), -2)

    def test_a_syntax_error_is_shown_with_its_line(self):
        for language, start in self.each(python="a = 1\nb = = 2\n", javascript="a = 1;\nb = = 2;\n"):
            _, answer = start(ready=False).setup_answer()
            self.assertIn("b = = 2", answer["details"])
            if language == "python":
                self.assertIn("(mapper.py, line 2)", answer["reason"])

    def test_a_script_that_is_not_there(self):
        for language, start in self.each(python="", javascript=""):
            child = start(ready=False, script="/nowhere/" + default_name(language))
            kind, answer = child.setup_answer()
            self.assertEqual(kind, FAILED)
            self.assertRegex(answer["reason"], "^cannot read /nowhere/mapper.*: .*[Nn]o such file")

    def test_the_module_sees_itself_as_a_script_would(self):
        sources = {
            "python": {
                "my-mapper.py": '''
                    import os, sys
                    import beside
                    def mapper(key, file, record):
                        here = os.path.dirname(os.path.realpath(__file__))
                        return [__name__, str(sys.argv[1:]), str(os.path.samefile(sys.path[0], here)), beside.TEXT,
                                str(sys.argv[0] == __file__), str(sys.stdin.read() == "")]
                    ''',
                "beside.py": "TEXT = 'beside'",
            },
            "javascript": {
                "my-mapper.js": '''
                    const { TEXT } = require("./beside.js");
                    exports.mapper = () => [
                        "my-mapper", JSON.stringify(process.argv.slice(2)), require("fs").existsSync(process.argv[1]) + "", TEXT,
                        (process.argv[1] === __filename) + "", (require("fs").readFileSync(0).length === 0) + "",
                    ];
                    ''',
                "beside.js": "exports.TEXT = 'beside';",
            },
        }
        for language, start in self.each(**sources):
            child = start(arguments=["-x", "é"])
            child.block(1, [("f", b"1\n")])
            lines = child.answer().output.decode().split("\n")
            yes = {"python": "True", "javascript": "true"}[language]
            arguments = {"python": "['-x', 'é']", "javascript": '["-x","é"]'}[language]
            self.assertEqual(lines, ["my-mapper", arguments, yes, "beside", yes, yes, ""])

    def test_setup_and_teardown_and_counters(self):
        sources = {
            "python": '''
                import quern
                seen = []
                def setup():
                    seen.append("ready")
                    quern.count("life", "setup")
                def mapper(key, file, record):
                    quern.count("records", file)
                    quern.count("records", "größe", record)
                    if record == 2:
                        raise ValueError
                    return seen
                def teardown():
                    quern.count("life", "teardown")
                    print("over")
                ''',
            "javascript": '''
                const seen = [];
                exports.setup = async () => { seen.push("ready"); quern.count("life", "setup"); };
                exports.mapper = (key, file, record) => {
                    quern.count("records", file);
                    require("quern").count("records", "größe", record);
                    if (record === 2) throw new Error();
                    return seen;
                };
                exports.teardown = async () => { quern.count("life", "teardown"); console.log("over"); };
                ''',
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("a", b"1\n2\n"), ("b", b"3\n")])
            child.block(2, [("a", b"1\n")])
            child.block(3, [("a", b"\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"ready\nready\n")
            self.assertEqual(answer.counters, {("life", "setup"): 1, ("records", "a"): 2, ("records", "b"): 1,
                                               ("records", "größe"): 6})
            self.assertEqual(child.answer().counters, {("records", "a"): 1, ("records", "größe"): 1})
            self.assertEqual(child.answer().counters, {})
            frames, status = child.finish()
            self.assertEqual([kind for kind, _ in frames], [COUNTERS, FINISHED])
            self.assertEqual(json.loads(frames[0][1]), [["life", "teardown", 1]])
            self.assertEqual(status, 0)
            self.assertEqual(child.log(), "over\n")

    def test_counts_that_are_no_whole_numbers_are_refused(self):
        sources = {
            "python": "import quern\ndef mapper(key, file, record):\n    quern.count('a', 'b', 1.5)\n",
            "javascript": "exports.mapper = () => quern.count('a', 'b', 1.5);\n",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            self.assertEqual(child.answer().bad[0][2], "TypeError: quern.count adds whole numbers, not 1.5")

    def test_a_failing_teardown(self):
        sources = {
            "python": "def mapper(k, f, r): pass\ndef teardown():\n    raise ValueError('late')\n",
            "javascript": "exports.mapper = () => {}; exports.teardown = async () => { throw new Error('late'); }",
        }
        for _, start in self.each(**sources):
            frames, status = start().finish()
            self.assertEqual([kind for kind, _ in frames], [FAILED])
            self.assertRegex(json.loads(frames[0][1])["reason"], "Error: late$")
            self.assertEqual(status, 1)

    def test_ready_tells_of_combine(self):
        sources = {
            "python": "def mapper(k, f, r): pass\ndef combine(k, v): pass\n",
            "javascript": "exports.mapper = () => {}; exports.combine = () => {};",
        }
        for _, start in self.each(**sources):
            ready = start().ready
            self.assertTrue(ready["combine"])
            self.assertRegex(ready["version"], r"^\d+\.\d+\.\d+$")

    def test_forms_of_javascript_modules(self):
        forms = {
            "a.mjs": "export const mapper = () => 'x 1';",
            "b.mjs": "export default { setup() { this.said = 'x 1'; }, mapper() { return this.said; } };",
            "c.mjs": "export default async function () { return 'x 1'; }",
            "d.mjs": "import path from 'node:path'; const m = await Promise.resolve(path.join('x 1')); export const mapper = () => m;",
            "e.cjs": "module.exports = () => 'x 1';",
            "f.js": "class Job { mapper() { return this.line(); } line() { return 'x 1'; } }\nmodule.exports = new Job();",
            "g h%20ü.js": "exports.mapper = () => 'x 1';",
        }
        for name, source in forms.items():
            for _, start in self.each(javascript={name: source}):
                with self.subTest(name):
                    child = start()
                    child.block(1, [("f", b"1\n")])
                    answer = child.answer()
                    self.assertEqual((answer.output, answer.bad), (b"x 1\n", []))

    def test_a_python_script_may_be_called_like_a_module_of_python(self):
        source = {"json.py": "import json\ndef mapper(key, file, record):\n    return json.dumps(record)\n"}
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"[1]\n")])
            self.assertEqual(child.answer().output, b"[1]\n")

    def test_too_old_interpreters_say_so(self):
        sources = {
            "python": {"mapper.py": "", "sitecustomize.py": "import sys\nsys.version_info = (3, 7, 9)\n"},
            "javascript": {
                "mapper.js": "",
                "old.js": "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '16.1.0' } });",
            },
        }
        for language, start in self.each(**sources):
            folder = self.folders[-1]
            environment = {"PYTHONPATH": folder, "NODE_OPTIONS": "--require=" + os.path.join(folder, "old.js")}
            kind, answer = start(ready=False, environment=environment).setup_answer()
            self.assertEqual(kind, FAILED)
            expected = {"python": "Python 3.7.9; .* need Python 3.8", "javascript": "Node.js 16.1.0; .* need Node.js 18"}
            self.assertRegex(answer["reason"], expected[language])
