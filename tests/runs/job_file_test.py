"""The job file: both forms, defaults, precedence, `quern check`, and what a wrong one is told."""
import os
import subprocess

from scenario import COUNT_SYSTEMS, JOB, MAP_ONLY, QUERN, ROOT, SUM, TEXT, Scenario, compress, pings


class ShortForm(Scenario):
    def test_runs_unchanged_with_the_reducer_beside_the_mapper(self):
        self.write_all({
            "analysis-tools.yml": 'language: python\nscript: "mapper.py"\narguments: []\n',
            "mapper.py": COUNT_SYSTEMS,
            "reducer.py": SUM,
            "data/a.json": pings("WINNT", "Linux", "WINNT"),
        })
        self.assert_run(self.quern("run", "-i", "data/a.json"), result="Linux 1\nWINNT 2\n")

    def test_without_a_reducer_keeps_input_order(self):
        self.write_all({
            "analysis-tools.yml": "language: python\nscript: mapper.py\n",
            "mapper.py": COUNT_SYSTEMS,
            "data/a.json": pings("WINNT", "Linux", "WINNT"),
        })
        self.assert_run(self.quern("run", "-i", "data"), result="WINNT 1\nLinux 1\nWINNT 1\n")

    def test_javascript_reduces_with_reducer_js(self):
        self.write_all({
            "analysis-tools.yml": "language: javascript\nscript: mapper.js\n",
            "mapper.js": "exports.mapper = (key, file, record) => `${record.info.OS} 1`;\n",
            "reducer.js": "exports.reduce = (key, values) => `${key} ${values.length}`;\n",
            "data/a.json": pings("WINNT", "Linux", "WINNT"),
        })
        self.assert_run(self.quern("run", "-i", "data"), result="Linux 1\nWINNT 2\n")

    def test_binary_is_a_files_job(self):
        self.write("analysis-tools.yml", "language: binary\nscript: ./names.sh\n")
        self.write("names.sh", "#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n", executable=True)
        self.write("data/a.txt", "one\ntwo\n")
        self.assert_run(self.quern("run", "-i", "data"), result="one\ntwo\n")


class WhereTheJobIs(Scenario):
    def test_a_folder_a_file_or_the_current_folder(self):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        job_file = self.path("analysis-tools.yml")
        elsewhere = self.path("elsewhere")
        os.mkdir(elsewhere)
        for arguments, folder in (([], self.folder), ([self.folder], elsewhere), ([job_file], elsewhere), ([".."], elsewhere)):
            with self.subTest(arguments=arguments):
                self.assert_run(self.quern("run", *arguments, folder=folder))
                with open(os.path.join(folder, "result.txt"), encoding="utf-8") as file:
                    self.assertEqual(file.read(), "Linux 1\n")

    def test_the_other_ending_of_yaml(self):
        self.count_job()
        os.rename(self.path("analysis-tools.yml"), self.path("analysis-tools.yaml"))
        self.write("data/a.json", pings("Linux"))
        for arguments in ([], ["."], ["analysis-tools.yaml"]):
            with self.subTest(arguments=arguments):
                self.assert_run(self.quern("run", *arguments), result="Linux 1\n")

    def test_a_result_is_a_file(self):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        for command in ("run", "map", "check"):
            with self.subTest(command=command):
                run = self.quern(command, *(["data/a.json"] if command == "map" else []), "--set", "output=gs://bucket/key")
                self.assert_fails(run, "output is gs://bucket/key, and results go to files", status=2)

    def test_no_job_file_is_a_wrong_command_line(self):
        self.assert_fails(self.quern("run"), "analysis-tools.yml", status=2)

    def test_a_job_that_is_not_there_is_named(self):
        self.assert_fails(self.quern("run", "no/such/job"), "no/such/job", status=2)


class Precedence(Scenario):
    def setUp(self):
        super().setUp()
        self.count_job(JOB + "output: of-the-file.txt\n")
        self.write("data/a.json", pings("Linux"))

    def outputs(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith("of-"))

    def test_the_job_file_beats_the_default(self):
        self.assert_run(self.quern("run"))
        self.assertEqual([name for name in self.outputs() if name.endswith(".txt")], ["of-the-file.txt"])

    def test_the_environment_beats_the_job_file(self):
        self.assert_run(self.quern("run", environment={"QUERN_OUTPUT": "of-the-environment.txt"}))
        self.assertEqual([name for name in self.outputs() if name.endswith(".txt")], ["of-the-environment.txt"])

    def test_the_command_line_beats_the_environment(self):
        self.assert_run(self.quern("run", "--set", "output=of-the-command-line.txt",
                                   environment={"QUERN_OUTPUT": "of-the-environment.txt"}))
        self.assertEqual([name for name in self.outputs() if name.endswith(".txt")], ["of-the-command-line.txt"])

    def test_inputs_of_the_command_line_replace_the_job_files(self):
        self.write("other/b.json", pings("Darwin"))
        self.assert_run(self.quern("run", "-i", "other", "--set", "output=result.txt"), result="Darwin 1\n")

    def test_a_nested_key_from_the_environment_and_the_command_line(self):
        self.write("data/bad.json", "{\n{\n")
        self.assert_run(self.quern("run", environment={"QUERN_LIMITS_BAD_RECORDS": "2"}), status=3)
        self.assert_run(self.quern("run", "--set", "limits.bad_records=2"), status=3)
        self.assert_run(self.quern("run", "--set", "limits.bad_records=1", environment={"QUERN_LIMITS_BAD_RECORDS": "2"}),
                        status=1)


class Check(Scenario):
    def test_prints_the_job_with_the_origin_of_each_setting(self):
        self.count_job(JOB + "limits: {memory: 2GiB}\n")
        run = self.quern("check", "--set", "reducers=2", environment={"QUERN_LIMITS_BAD_RECORDS": "7"})
        self.assertEqual(run.status, 0, run)
        for key, value, origin in (("reducers", "2", "--set"), ("bad_records", "7", "QUERN_LIMITS_BAD_RECORDS"),
                                   ("memory", "2GiB", "analysis-tools.yml:4"), ("record", "keyed-json", "default")):
            with self.subTest(key=key):
                line = next((line for line in run.stdout.splitlines() if key in line and origin in line), None)
                self.assertIsNotNone(line, run)
                self.assertIn(value, line)

    def test_tells_of_a_script_that_is_not_there(self):
        self.write("analysis-tools.yml", MAP_ONLY)
        run = self.quern("check")
        self.assertNotEqual(run.status, 0, run)
        self.assertIn("mapper.py", run.stderr, run)


class WrongJobFiles(Scenario):
    def assert_told(self, text, *phrases):
        self.count_job(text)
        self.write("data/a.json", pings("Linux"))
        for command in ("run", "check"):
            run = self.quern(command)
            self.assertEqual(run.status, 2, run)
            for phrase in phrases:
                self.assertIn(phrase, run.stderr, run)
            self.assertIsNone(run.result, run)

    def test_an_unknown_key_names_file_line_and_the_nearest_key(self):
        self.assert_told(JOB + "sepparator: x\n", "analysis-tools.yml:4", "sepparator", "separator")

    def test_an_unknown_nested_key(self):
        self.assert_told(JOB + "limits:\n  bad_record: 3\n", "analysis-tools.yml:5", "bad_record", "bad_records")

    def test_an_unknown_key_of_a_module(self):
        self.assert_told("mapper: {languag: python, script: mapper.py}\n", "analysis-tools.yml:1", "languag", "language")

    def test_a_wrong_value_names_what_would_be_right(self):
        self.assert_told(JOB + "record: jsn\n", "analysis-tools.yml:4", "record", "jsn", "json")

    def test_a_wrong_type(self):
        self.assert_told(JOB + "reducers: [1]\n", "analysis-tools.yml:4", "reducers")

    def test_a_number_that_is_none(self):
        self.assert_told(JOB + "reducers: many\n", "analysis-tools.yml:4", "reducers", "many")

    def test_a_key_twice(self):
        self.assert_told(JOB + "record: json\nrecord: text\n", "analysis-tools.yml:5", "record")

    def test_text_that_is_no_yaml(self):
        self.assert_told("mapper: {language: python\ninputs: ]\n", "analysis-tools.yml:")

    def test_an_input_where_the_job_belongs(self):
        self.write("data/a.json", '{"a": 1}\n{"a": 2}\n')
        self.write("b.csv", "a,b\n1,2\n")
        self.write("c.gz", compress("text", "gz"))
        for name in ("data/a.json", "b.csv", "c.gz"):
            for command in ("run", "try", "check", "plan", "submit"):
                self.assert_fails(self.quern(command, name), f"if {name} is an input and not a job file, put -i before it", status=2)
            # These commands have no -i, or the job is the value of an option.
            for command in (["doctor", name], ["map", "b.csv", "--job", name], ["reduce", "b.csv", "--job", name]):
                run = self.quern(*command)
                self.assertNotEqual(run.status, 0, run)
                self.assertNotIn("put -i", run.stderr + run.stdout)
        self.write("job.txt", JOB)
        self.assertNotIn("put -i", self.quern("run", "job.txt", "--set", "record=jsn").stderr)
        self.assertNotIn("put -i", self.quern("run", "missing.json").stderr)

    def test_a_job_without_a_mapper(self):
        self.assert_told("inputs: [data/*]\n", "mapper")

    def test_a_wrong_setting_of_the_command_line(self):
        self.count_job()
        self.assert_fails(self.quern("run", "--set", "limits.bad_record=3"), "--set", "bad_record", "bad_records", status=2)

    def test_a_wrong_setting_of_the_environment(self):
        self.count_job()
        self.assert_fails(self.quern("run", environment={"QUERN_REDUCERS": "x"}), "QUERN_REDUCERS", status=2)


class WhatPeopleMeanInYaml(Scenario):
    def test_separators(self):
        for separator, between in (("','", ","), (",", ","), ('"\\t"', "\t"), ("\\t", "\t"), ("'::'", "::"), ("|", "|"), ("=", "=")):
            with self.subTest(separator=separator):
                self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + f"separator: {separator}\n",
                                "mapper.py": "def mapper(key, file, record):\n    return record, 1\n", "data/a.txt": "a\n"})
                self.assert_run(self.quern("run"), result=f"a{between}1\n")

    def test_arguments_stay_as_they_are_written(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: show.sh, "
                                         "arguments: [no, 1e3, 010, 1.50, ~, yes, 0x10]}\ninputs: [data/*]\nrecord: text\n")
        self.write("show.sh", "#!/bin/sh\ncat >/dev/null\nprintf '%s\\n' \"$@\"\n", executable=True)
        self.write("data/a.txt", "a\n")
        self.assert_run(self.quern("run"), result="no\n1e3\n010\n1.50\n~\nyes\n0x10\n")

    def test_an_environment_variable_stays_as_it_is_written(self):
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py, env: {FLAG: no, SIZE: 1e3}}\n"
                                              "inputs: [data/*]\nrecord: text\n",
                        "mapper.py": "import os\ndef mapper(key, file, record):\n    return os.environ['FLAG'], os.environ['SIZE']\n",
                        "data/a.txt": "a\n"})
        self.assert_run(self.quern("run"), result="no 1e3\n")

    def test_a_count_in_exponent_form(self):
        self.count_job(JOB + "limits: {bad_records: 1e1}\n")
        self.write("data/a.json", pings("Linux") + "{\n" * 10)
        self.assert_run(self.quern("run"), status=3, result="Linux 1\n", records_bad=10)


class CommandLine(Scenario):
    def test_version(self):
        run = self.quern("version")
        self.assertEqual(run.status, 0, run)
        self.assertRegex(run.stdout, r"\d+\.\d+\.\d+")

    def test_help_goes_to_standard_output(self):
        for arguments in (["--help"], ["run", "--help"], ["check", "--help"]):
            run = self.quern(*arguments)
            self.assertEqual(run.status, 0, run)
            self.assertIn("quern", run.stdout, run)
            self.assertEqual(run.stderr, "", run)

    def test_unknown_commands_and_options_are_wrong(self):
        for arguments in (["frobnicate"], ["run", "--frobnicate"], ["run", "--set", "x"], []):
            run = self.quern(*arguments)
            self.assertEqual(run.status, 2, run)
            self.assertNotEqual(run.stderr, "", run)

    def test_completion_completes_commands_options_and_settings(self):
        script = self.quern("completion", "bash")
        self.assertEqual(script.status, 0, script)
        self.write("quern.bash", script.stdout)
        for words, expected in (("quern ch", "check"), ("quern run --inp", "--input"), ("quern run --set limits.bad", "limits.bad_records")):
            with self.subTest(words=words):
                self.assertIn(expected, self.complete(words))

    def complete(self, line):
        """What bash offers behind this line, as its readline would ask for it."""
        program = f"""
            source {self.path("quern.bash")}
            COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}} COMP_WORDS=({line}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            how=($(complete -p quern))
            for ((at = 0; at < ${{#how[@]}}; at++)); do [[ ${{how[at]}} != -F ]] || function=${{how[at + 1]}}; done
            "$function" quern "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
            printf '%s\\n' "${{COMPREPLY[@]}}"
            """
        path = f"{os.path.dirname(QUERN)}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", program], stdout=subprocess.PIPE, env=self.environment({"PATH": path}), check=True)
        return done.stdout.decode()

    def test_the_manual_page_tells_of_every_command(self):
        with open(os.path.join(ROOT, "docs/quern.1"), encoding="utf-8") as file:
            page = file.read()
        for command in ("run", "check", "version", "completion", "help"):
            self.assertRegex(page, rf"(?m)^.*\b{command}\b")
