"""The interpreter that a job names for its modules, and scripts in TypeScript."""
import json
import os
import shutil
import subprocess
import sys
from textwrap import dedent

from scenario import MAP_ONLY, TEXT, Scenario

WHO = """
    import sys
    def mapper(key, file, record):
        return sys.prefix, 1
    """
# The least that makes a virtual environment of a link to Python.
PYTHON = os.path.realpath(sys.executable)


class OfPython(Scenario):
    def setUp(self):
        super().setUp()
        self.write_all({"analysis-tools.yml": self.job(".venv/bin/python"), "mapper.py": WHO, "data/in.txt": "a\n"})
        self.write(".venv/pyvenv.cfg", f"home = {os.path.dirname(PYTHON)}\n")
        os.mkdir(self.path(".venv/bin"))
        os.symlink(PYTHON, self.path(".venv/bin/python"))

    @staticmethod
    def job(interpreter):
        return MAP_ONLY.replace("mapper.py}", f"mapper.py, interpreter: {interpreter}}}") + TEXT

    def test_a_virtual_environment_of_the_job(self):
        """QUERN_PYTHON is set in these tests, and the job's own comes first."""
        self.assert_run(self.quern("run"), result=f"{self.path('.venv')} 1\n")

    def test_in_the_short_form_it_is_the_reducers_too(self):
        self.write_all({"analysis-tools.yml": "language: python\nscript: mapper.py\ninterpreter: .venv/bin/python\ninputs: [data/*]\n" + TEXT,
                        "reducer.py": "import sys\ndef reduce(key, values):\n    return key, sys.prefix\n"})
        self.assert_run(self.quern("run"), result=f"{self.path('.venv')} {self.path('.venv')}\n")

    def test_of_a_program_that_reads_lines(self):
        self.write("analysis-tools.yml", self.job(".venv/bin/python, interface: lines"))
        self.write("mapper.py", "import sys\nfor line in sys.stdin:\n    print(sys.prefix, 1)\n")
        self.assert_run(self.quern("run"), result=f"{self.path('.venv')} 1\n")

    def test_a_name_is_looked_up_on_the_path(self):
        self.write("analysis-tools.yml", self.job("python"))
        path = f"{self.path('.venv/bin')}:{os.environ['PATH']}"
        self.assert_run(self.quern("run", environment={"PATH": path}), result=f"{self.path('.venv')} 1\n")

    def test_one_that_is_not_there(self):
        shutil.rmtree(self.path(".venv"))
        for command in ("run", "check"):
            run = self.quern(command)
            self.assert_fails(run, f"`interpreter:` names {self.path('.venv/bin/python')}, which is not an executable file", "-m venv", status=2)
        self.assert_fails(self.quern("run", "--set", "mapper.interpreter=no-such"), "`interpreter:` names no-such, which is not on PATH", status=2)

    def test_what_check_and_doctor_say(self):
        checked = self.quern("check")
        self.assertRegex(checked.stdout, r"(?m)^mapper.interpreter: .venv/bin/python +# analysis-tools.yml:1$", checked)
        finding, = self.doctor(0)
        self.assertEqual(finding["state"], "ok", finding)
        self.assertIn(self.path(".venv/bin/python"), finding["found"])
        shutil.rmtree(self.path(".venv"))
        finding, = self.doctor(1)
        self.assertEqual(finding["state"], "missing", finding)
        self.assertIn("mapper.interpreter", finding["fix"])

    def test_packages_that_the_interpreter_lacks(self):
        self.write_all({"mapper.py": "import quern_colours\n" + dedent(WHO), "requirements.txt": "quern-colours>=1\nquern_forms\n"})
        finding, = self.doctor(1, "requirements.txt")
        self.assertEqual(finding["state"], "missing", finding)
        self.assertIn(f"{self.path('.venv/bin/python')} does not fit requirements.txt: quern-colours>=1 (is not there), quern_forms (is not there)", finding["found"])
        self.assertEqual(finding["fix"], f"{self.path('.venv/bin/python')} -m pip install -r requirements.txt")
        self.assert_fails(self.quern("run"), "ModuleNotFoundError", f"{self.path('requirements.txt')} are missing: quern doctor {self.folder}")
        finding, = self.doctor(1, "requirements.txt", "--set", f"mapper.interpreter={PYTHON}")
        self.assertEqual(finding["fix"], "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt, then mapper.interpreter: .venv/bin/python")
        site = ".venv/lib/python%d.%d/site-packages/" % sys.version_info[:2]
        for name in ("quern_colours", "quern_forms"):
            self.write(f"{site}{name}.py", "")
            self.write(f"{site}{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        finding, = self.doctor(0, "requirements.txt")
        self.assertEqual(finding["state"], "ok", finding)
        self.assert_run(self.quern("run"), result=f"{self.path('.venv')} 1\n")

    def test_packages_that_have_an_address_or_no_sense(self):
        self.write("requirements.txt", ("quern_a @ https://user:hidden@host/a.whl?token=hidden\nhttps://x:hidden@host/b.whl\n"
                   "quern_b>=1.0 hidden\nquern_forms>=1\n").encode() + b"# \xff\n")
        finding, = self.doctor(1, "requirements.txt")
        self.assertIn("quern_forms>=1 (is not there)", finding["found"])
        self.assertNotIn("hidden", json.dumps(finding))

    def test_packages_of_a_reducer_that_cannot_be_imported(self):
        self.write_all({"analysis-tools.yml": "language: python\nscript: mapper.py\ninterpreter: .venv/bin/python\ninputs: [data/*]\n" + TEXT,
                        "reducer.py": "import quern_forms\ndef reduce(key, values):\n    return key\n", "requirements.txt": "quern_forms\n"})
        self.assert_fails(self.quern("run"), "ModuleNotFoundError", "quern doctor " + self.folder)

    def doctor(self, status, what="mapper.interpreter", *arguments):
        run = self.quern("doctor", "--offline", "--json", *arguments)
        self.assertEqual(run.status, status, run)
        return [finding for finding in json.loads(run.stdout) if finding["what"] == what]


class OfNode(Scenario):
    def test_packages_that_it_lacks(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: javascript, script: mapper.js}\ninputs: [data/*]\n" + TEXT,
                        "mapper.js": "exports.mapper = () => null;\n", "data/in.txt": "a\n",
                        "package.json": json.dumps({"dependencies": {"quern-a": "^1.0", "quern-b": "git+https://x:hidden@host/a.git"}})})
        run = self.quern("doctor", "--offline", "--json")
        self.assertIn("quern-a ^1.0 (is not there), quern-b (is not there)", run.stdout, run)
        self.assertNotIn("hidden", run.stdout)
        self.write("package.json", "{")
        run = self.quern("doctor", "--offline", "--json")
        self.assertIn("is not JSON", run.stdout, run)

    def test_typescript_runs_or_says_what_to_do(self):
        version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
        strips_types = tuple(map(int, version.strip("v\n").split(".")[:2])) >= (22, 18)
        self.write_all({"analysis-tools.yml": "mapper: {language: javascript, script: mapper.ts}\ninputs: [data/*]\n" + TEXT,
                        "mapper.ts": "export const mapper = (key: string, file: string, record: string): string => `${record} 1`;\n",
                        "data/in.txt": "a\n"})
        if strips_types:
            self.assert_run(self.quern("run"), result="a 1\n")
            return
        advice = "cannot run TypeScript: compile it to JavaScript first, or use Node.js 22.18 or newer, which strips types"
        self.assert_fails(self.quern("run"), advice)
        # Of a program only the check knows: a run just starts it.
        self.assert_fails(self.quern("check", "--set", "mapper.interface=lines"), advice)
