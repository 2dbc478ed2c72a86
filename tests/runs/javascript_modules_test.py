"""JavaScript modules: CommonJS and ES modules, sync and async, and what goes wrong in them."""
import os

from scenario import Scenario, pings

JOB = """mapper: {language: javascript, script: mapper.js}
reducer: {language: javascript, script: reducer.js}
inputs: [data/*]
"""
MAP_ONLY = JOB.replace("reducer: {language: javascript, script: reducer.js}\n", "")
COUNT = "exports.mapper = (key, file, record) => `${record.info.OS} 1`;\n"
LENGTH = "exports.reduce = (key, values) => `${key} ${values.length}`;\n"
TEXT = "record: text\n"


class Modules(Scenario):
    def run_with(self, files, job=JOB):
        self.write_all({"analysis-tools.yml": job, "mapper.js": COUNT, "reducer.js": LENGTH,
                        "data/a.json": pings("WINNT", "Linux", "WINNT"), **files})
        return self.quern("run")

    def test_kinds_of_modules(self):
        for name, mapper, reducer in (
                ("CommonJS", COUNT, LENGTH),
                ("module.exports", "module.exports = {mapper(key, file, record) { return `${record.info.OS} 1`; }};\n", LENGTH),
                ("async", "exports.mapper = async (key, file, record) => { await null; return `${record.info.OS} 1`; };\n",
                 "exports.reduce = async (key, values) => { await new Promise(setImmediate); return `${key} ${values.length}`; };\n"),
                ("generator", "exports.mapper = function* (key, file, record) { yield [record.info.OS, 1]; };\n",
                 "exports.reduce = function* (key, values) { yield [key, values.length]; };\n"),
                ("async generator", "exports.mapper = async function* (key, file, record) { yield `${record.info.OS} 1`; };\n", LENGTH),
        ):
            with self.subTest(name=name):
                self.assert_run(self.run_with({"mapper.js": mapper, "reducer.js": reducer}), result="Linux 1\nWINNT 2\n")

    def test_es_modules_by_their_name(self):
        run = self.run_with({"mapper.mjs": "export function mapper(key, file, record) { return `${record.info.OS} 1`; }\n",
                             "reducer.mjs": "export const reduce = async (key, values) => `${key} ${values.length}`;\n"},
                            JOB.replace(".js", ".mjs"))
        self.assert_run(run, result="Linux 1\nWINNT 2\n")

    def test_es_modules_by_package_json(self):
        run = self.run_with({"package.json": '{"type": "module"}\n',
                             "mapper.js": "import {key as own} from './own.js';\nexport const mapper = (key, file, record) => `${own} 1`;\n",
                             "own.js": "export const key = 'own';\n",
                             "reducer.js": "export const reduce = (key, values) => `${key} ${values.length}`;\n"})
        self.assert_run(run, result="own 3\n")

    def test_what_a_mapper_may_return(self):
        for body, result in (("null", ""), ("undefined", ""), ("'k v'", "k v\n"), ("'k v\\nl w'", "k v\nl w\n"), ("['k', 'v']", "k v\n"),
                             ("['k', 7]", "k 7\n"), ("[['k', 1], ['l', 2]]", "k 1\nl 2\n"), ("[]", "")):
            with self.subTest(body=body):
                run = self.run_with({"mapper.js": f"exports.mapper = (key, file, record) => ({body});\n", "data/a.json": pings("x")},
                                    MAP_ONLY)
                self.assert_run(run, result=result)

    def test_a_reducer_of_another_language(self):
        run = self.run_with({"reducer.py": "def reduce(key, values):\n    return key, len(values)\n"},
                            JOB.replace("{language: javascript, script: reducer.js}", "{language: python, script: reducer.py}"))
        self.assert_run(run, result="Linux 1\nWINNT 2\n")

    def test_text_that_is_not_utf_8_is_no_failure(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.js": "exports.mapper = (key, file, line) => `k ${line.length}`;\n"})
        self.write("data/a.txt", b"caf\xe9\nx\n")
        self.assert_run(self.quern("run"), result="k 4\nk 1\n", records_mapped=2)

    def test_what_a_module_prints_is_log(self):
        run = self.run_with({"mapper.js": "console.log('from the module');\nexports.mapper = () => { console.error('from the function'); "
                                          "return 'k v'; };\n"}, MAP_ONLY)
        self.assert_run(run, result="k v\n" * 3, says=["from the module", "from the function"])
        self.assertEqual(run.stdout, "", run)

    def test_counters_setup_and_teardown(self):
        run = self.run_with({"mapper.js": "exports.setup = async () => quern.count('mapper', 'setup');\n"
                                          "exports.mapper = (key, file, record) => quern.count('systems', record.info.OS, 2);\n"
                                          "exports.teardown = () => quern.count('mapper', 'teardown');\n"},
                            MAP_ONLY + "limits: {processes: 1}\n")
        self.assert_run(run, result="")
        self.assertEqual(run.accounting["counters"], {"mapper": {"setup": 1, "teardown": 1}, "systems": {"Linux": 2, "WINNT": 4}}, run)

    def test_arguments_and_files_of_the_job(self):
        run = self.run_with({"table.txt": "from-table", "mapper.js":
                             "const table = require('fs').readFileSync('table.txt', 'utf8');\n"
                             "exports.mapper = () => `${table} ${process.argv.slice(2).join('+')}`;\n", "data/a.json": pings("x")},
                            MAP_ONLY.replace("mapper.js", "mapper.js, arguments: [-x, two words]"))
        self.assert_run(run, result="from-table -x+two words\n")


class ThingsThatGoWrong(Scenario):
    def run_with(self, mapper, more="", **files):
        self.write_all({"analysis-tools.yml": MAP_ONLY + more, "mapper.js": mapper,
                        "data/a.json": pings("Linux", "Poison", "WINNT"), **files})
        return self.quern("run")

    def test_modules_that_cannot_start(self):
        for name, mapper, phrases in (
                ("no function", "exports.maper = () => 1;\n", ["mapper.js", "mapper"]),
                ("syntax", "exports.mapper = (=> 1;\n", ["mapper.js", "SyntaxError"]),
                ("import", "require('no-such-module');\n", ["no-such-module"]),
                ("throws", "throw new Error('no licence');\n", ["no licence", "mapper.js"]),
                ("setup", "exports.setup = async () => { throw new Error('no licence'); };\nexports.mapper = () => 1;\n", ["no licence"]),
                ("exit", "process.exit(4);\n", ["process.exit(4)"]),
        ):
            with self.subTest(name=name):
                self.assert_fails(self.run_with(mapper), *phrases)

    def test_no_such_script(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY, "data/a.json": pings("Linux")})
        run = self.quern("run")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("mapper.js", run.stderr, run)

    def test_a_record_that_the_module_cannot_take_is_bad(self):
        for name, act, phrase in (
                ("throws", "throw new TypeError('poison');", "TypeError: poison"),
                ("rejects", "return Promise.reject(new Error('poison'));", "poison"),
                ("exits", "process.exit(3);", "process.exit(3)"),
                ("exits at once", "process.reallyExit(3);", "exit status 3"),
                ("aborts", "process.abort();", "SIGABRT"),
                ("kills itself", "process.kill(process.pid, 'SIGKILL');", "SIGKILL"),
                ("never answers", "return new Promise(() => {});", ""),
                ("lets a rejection go unhandled", "Promise.reject(new Error('unhandled')); return new Promise((done) => setTimeout(done, 50));",
                 "unhandled"),
        ):
            with self.subTest(name=name):
                mapper = f"exports.mapper = (key, file, record) => {{ if (record.info.OS === 'Poison') {{ {act} }} return [record.info.OS, 1]; }};\n"
                run = self.run_with(mapper, "limits: {bad_records: 1, timeout: 3s}\n")
                self.assert_run(run, status=3, result="Linux 1\nWINNT 1\n", says=phrase, records_read=3, records_bad=1)
                self.assertIn("# data/a.json:2: ", run.left("bad_records.txt"), run)
                os.remove(self.path("result.txt"))
                self.assert_fails(self.quern("run", "--set", "limits.bad_records=0"), "data/a.json", phrase)

    def test_a_timer_that_goes_on_does_not_keep_the_job(self):
        run = self.run_with("setInterval(() => {}, 1000);\nexports.mapper = (key, file, record) => [record.info.OS, 1];\n")
        self.assert_run(run, result="Linux 1\nPoison 1\nWINNT 1\n")

    def test_what_fails_while_nobody_awaits_it_is_the_failure_of_its_record(self):
        for name, act, said in (
                ("a promise", "Promise.reject(new Error('stray'));", "a promise that nobody awaits was rejected: Error: stray"),
                ("an async function", "(async () => { await 0; throw new Error('stray'); })();",
                 "a promise that nobody awaits was rejected: Error: stray"),
                ("a timer", "setTimeout(() => { throw new Error('stray'); });", "code that nobody awaits failed: Error: stray"),
                ("a turn later", "setImmediate(() => { throw new Error('stray'); });", "code that nobody awaits failed: Error: stray"),
        ):
            for poison in ("Poison", "WINNT"):  # in the middle, and the last one
                with self.subTest(name, poison=poison):
                    mapper = (f"exports.mapper = (key, file, record) => {{ if (record.info.OS === '{poison}') {{ {act} }} "
                              "return [record.info.OS, 1]; };\n")
                    run = self.run_with(mapper, "limits: {bad_records: 1}\n")
                    others = [one for one in ("Linux", "Poison", "WINNT") if one != poison]
                    self.assert_run(run, status=3, result="".join(f"{one} 1\n" for one in others), records_bad=1)
                    self.assertIn(f": {said}\n", run.left("bad_records.txt"))
                    os.remove(self.path("result.txt"))
                    self.assert_fails(self.quern("run", "--set", "limits.bad_records=0"), said, "mapper.js")

    def test_what_fails_in_a_reducer_while_nobody_awaits_it(self):
        said = "a promise that nobody awaits was rejected: Error: stray"
        job = JOB
        self.write("data/a.json", pings("Linux", "Poison", "WINNT"))
        mapper = "exports.mapper = (key, file, record) => [record.info.OS, 1];\n"
        stray = "(key, values) => { if (key === 'Poison') Promise.reject(new Error('stray')); return [key, values.length]; }"
        self.write_all({"analysis-tools.yml": job, "mapper.js": mapper, "reducer.js": f"exports.reduce = {stray};\n"})
        run = self.quern("run", "--set", "limits.bad_records=1")
        self.assert_run(run, status=3, result="Linux 1\nWINNT 1\n", groups_bad=1)
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run"), said, "reducer.js")

    def test_what_fails_after_the_last_record_while_nobody_awaits_it(self):
        for hook in ("setup", "teardown"):
            with self.subTest(hook):
                run = self.run_with("exports.mapper = (key, file, record) => [record.info.OS, 1];\n"
                                    f"exports.{hook} = async () => {{ Promise.reject(new Error('stray')); await new Promise(setImmediate); }};\n",
                                    "limits: {bad_records: 1}\n")
                self.assert_fails(run, "mapper.js", "a promise that nobody awaits was rejected: Error: stray")
                if hook == "teardown":
                    self.assertIn("in teardown(), after its last record", run.stderr)
