"""The `lines` interface: grep, awk and scripts written for Hadoop Streaming, unchanged."""
import os

from scenario import Scenario, compress, dedent, slow

# Two scripts as they stand in many a tutorial of Hadoop Streaming.
WORD_MAPPER = dedent("""
    #!/usr/bin/env python3
    import os, sys
    for line in sys.stdin:
        for word in line.strip().split():
            print("%s\\t%s" % (word, 1))
        sys.stderr.write("reporter:counter:Words,Lines,1\\n")
    sys.stderr.write("reporter:status:read " + os.environ["mapreduce_map_input_file"] + "\\n")
    """)
WORD_REDUCER = dedent("""
    #!/usr/bin/env python3
    import sys
    current_word, current_count, word = None, 0, None
    for line in sys.stdin:
        word, count = line.strip().split("\\t", 1)
        try:
            count = int(count)
        except ValueError:
            continue
        if current_word == word:
            current_count += count
        else:
            if current_word:
                print("%s\\t%s" % (current_word, current_count))
            current_count = count
            current_word = word
    if current_word == word:
        print("%s\\t%s" % (current_word, current_count))
    sys.stderr.write("reporter:counter:Words,Reducers,1\\n")
    """)
JOB = """mapper: {language: binary, interface: lines, script: mapper.sh}
inputs: [data/*]
record: text
"""


class HadoopStreaming(Scenario):
    def setUp(self):
        super().setUp()
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.py}\n"
                                         "reducer: {language: binary, interface: lines, script: reducer.py}\n"
                                         "inputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n")
        self.write("mapper.py", WORD_MAPPER, executable=True)
        self.write("reducer.py", WORD_REDUCER, executable=True)
        self.write("data/a.txt", "the quern turns\nthe grain falls\n")
        self.write("data/b.txt.gz", compress("the stone turns\n", "gz"))

    def test_scripts_run_unchanged(self):
        run = self.quern("run")
        self.assert_run(run, result="falls\t1\ngrain\t1\nquern\t1\nstone\t1\nthe\t3\nturns\t2\n", inputs_mapped=2, records_read=3)
        self.assertEqual(run.accounting["counters"], {"Words": {"Lines": 3, "Reducers": 1}}, run)
        self.assertNotIn("reporter:counter", run.stderr, run)

    def test_one_child_for_each_input_is_told_its_name(self):
        self.write("mapper.py", "#!/bin/sh\ncat >/dev/null\nprintf '%s\\t%s\\n' \"$mapreduce_map_input_file\" \"$QUERN_INPUT_FILE\"\n",
                   executable=True)
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.py, per_input: true}\n"
                                         "inputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n")
        self.assert_run(self.quern("run"), result="data/a.txt\tdata/a.txt\ndata/b.txt.gz\tdata/b.txt.gz\n")

    def test_a_python_function_reducer_behind_a_streaming_mapper(self):
        self.write("sum.py", "def reduce(key, values):\n    return key, sum(map(int, values))\n")
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.py}\n"
                                         "reducer: {language: python, script: sum.py}\n"
                                         "inputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n")
        self.assert_run(self.quern("run"), result="falls\t1\ngrain\t1\nquern\t1\nstone\t1\nthe\t3\nturns\t2\n")

    def test_an_interpreted_script_need_not_be_executable(self):
        os.chmod(self.path("mapper.py"), 0o644)
        self.write("analysis-tools.yml", "mapper: {language: python, interface: lines, script: mapper.py}\n"
                                         "reducer: {language: python, interface: lines, script: reducer.py}\n"
                                         "inputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n")
        self.assert_run(self.quern("run"), result="falls\t1\ngrain\t1\nquern\t1\nstone\t1\nthe\t3\nturns\t2\n")


class Programs(Scenario):
    def setUp(self):
        super().setUp()
        self.write("data/a.txt", "one\ntwo\n")
        self.write("data/b.txt", "three\n")

    def run_with(self, script, more="", job=JOB):
        self.write("analysis-tools.yml", job + more)
        self.write("mapper.sh", script, executable=True)
        return self.quern("run")

    def test_map_only_output_is_in_input_order(self):
        self.assert_run(self.run_with("#!/bin/sh\nexec cat\n"), result="one\ntwo\nthree\n", records_mapped=3)

    def test_a_last_line_without_its_end_gets_one(self):
        self.assert_run(self.run_with("#!/bin/sh\ncat >/dev/null\nprintf 'no end'\n"), result="no end\n")

    def test_more_output_than_input(self):
        run = self.run_with("#!/bin/sh\ncat >/dev/null\nseq 1 300000\n")
        self.assert_run(run)
        self.assertEqual(run.result.count("\n"), 300_000)

    def test_the_program_need_not_read_its_input(self):
        self.write("data/a.txt", "x" * 99 + "\n" * 100_000)
        run = self.run_with("#!/bin/sh\nexec <&-\necho done\n")
        self.assertIn(run.status, (0, 1, 3), run)
        self.assertEqual(run.result is not None, run.status in (0, 3), run)

    def test_an_exit_status_that_is_not_ok_fails_the_input(self):
        run = self.run_with("#!/bin/sh\ncat\necho 'cannot go on' >&2\nexit 7\n")
        self.assert_fails(run, "exit status 7", "cannot go on", "mapper.sh")

    def test_an_exit_status_that_the_job_calls_ok(self):
        job = JOB.replace("mapper.sh", "mapper.sh, ok_exit: [0, 7]")
        self.assert_run(self.run_with("#!/bin/sh\ncat\nexit 7\n", job=job), result="one\ntwo\nthree\n")

    def test_only_the_input_that_fails_is_left_out(self):
        job = JOB + "limits: {failed_inputs: 1, attempts: 2}\n"
        run = self.run_with("#!/bin/sh\nwhile read -r line; do [ \"$line\" = three ] && exit 9; echo \"$line\"; done\n:\n", job=job)
        self.assert_run(run, status=3, result="one\ntwo\n", inputs_failed=1, inputs_mapped=1, says=["data/b.txt", "exit status 9"])

    def test_a_program_that_is_killed(self):
        self.assert_fails(self.run_with("#!/bin/sh\nkill -9 $$\n"), "SIGKILL")

    @slow
    def test_a_program_that_ignores_the_end_of_its_input(self):
        run = self.run_with("#!/bin/sh\ncat\nexec sleep 1000\n", "limits: {timeout: 1s, attempts: 1}\n")
        self.assert_fails(run, "timeout")

    def test_a_program_that_is_not_there(self):
        self.write("analysis-tools.yml", JOB)
        run = self.quern("run")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("mapper.sh", run.stderr, run)

    def test_a_program_that_is_not_executable(self):
        self.write("analysis-tools.yml", JOB)
        self.write("mapper.sh", "#!/bin/sh\ncat\n")
        run = self.quern("run")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("mapper.sh", run.stderr, run)

    def test_a_program_whose_interpreter_is_not_there(self):
        run = self.run_with("#!/no/such/interpreter\n")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("mapper.sh", run.stderr, run)

    def test_a_program_of_the_path_by_its_absolute_name(self):
        job = JOB.replace("mapper.sh", "/usr/bin/tr, arguments: [a-z, A-Z]")
        self.assert_run(self.run_with("unused", job=job), result="ONE\nTWO\nTHREE\n")


REDUCE = """mapper: {language: binary, interface: lines, script: /bin/cat}
reducer: {language: binary, interface: lines, script: reducer.sh}
inputs: [data/*]
record: text
"""


class LargeOutput(Scenario):
    """More than a child may give into memory before its batch is known to count."""

    LINES = 400_000
    MAPPER = dedent("""
        #!/bin/sh
        # The first child gives some of it and dies.
        if mkdir "$QUERN_JOB_FOLDER/begun" 2>/dev/null; then awk '{ print $1, $2, "lost" }' | head -n 300000; exit 5; fi
        exec awk -v padding="$(printf '%0100d' 0)" '{ print $1, $2, padding }'
        """)

    def job(self, more):
        self.write("mapper.sh", self.MAPPER, executable=True)
        self.write("data/a", "".join(f"key{number % 1000} {number}\n" for number in range(self.LINES)))
        self.write("data/b", "key0 last\n")
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.sh, per_input: true}\n"
                                         "record: text\ninputs: [data/*]\n" + more)

    def test_is_held_on_disk_and_counts_once(self):
        self.job("limits: {processes: 1}\n")
        run = self.quern("run")
        self.assert_run(run, inputs_mapped=2, children_replaced=1)
        lines = run.result.splitlines()
        self.assertEqual(len(lines), self.LINES + 1)
        self.assertEqual([line.split(" ")[1] for line in lines], [*map(str, range(self.LINES)), "last"])

    def test_goes_through_the_shuffle_in_order(self):
        self.write("reducer.py", "def reduce(key, values):\n    return key, ' '.join(value.split(' ')[0] for value in values)\n")
        self.job("reducer: {language: python, script: reducer.py}\nlimits: {processes: 2, memory: 16MiB}\n")
        run = self.quern("run")
        self.assert_run(run, inputs_mapped=2)
        first = run.result.splitlines()[0]
        self.assertEqual(first, "key0 " + " ".join([*map(str, range(0, self.LINES, 1000)), "last"]))


class Reducers(Scenario):
    def run_with(self, script, more="", text="b 1\na 2\nb 3\n"):
        self.write("analysis-tools.yml", REDUCE + more)
        self.write("reducer.sh", script, executable=True)
        self.write("data/a.txt", text)
        return self.quern("run")

    def test_reads_lines_sorted_by_key_with_values_in_input_order(self):
        self.assert_run(self.run_with("#!/bin/sh\nexec cat\n", text="b 2\na 1\nb 1\nB 0\n"), result="B 0\na 1\nb 2\nb 1\n")

    def test_an_exit_status_that_is_not_ok_fails_the_job(self):
        self.assert_fails(self.run_with("#!/bin/sh\necho 'no more' >&2\ncat >/dev/null\nexit 3\n"), "exit status 3", "no more")

    def test_several_reducers_give_one_result_in_key_order(self):
        text = "".join(f"k{number:03} {number}\n" for number in range(300))
        self.assert_run(self.run_with("#!/bin/sh\nexec cat\n", "reducers: 3\n", text), result=text)

    def test_nothing_to_reduce(self):
        self.assert_run(self.run_with("#!/bin/sh\nexec cat\n", text=""), result="")


class FilesInterface(Scenario):
    """Names on standard input instead of records."""

    def run_with(self, script, more=""):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: files, script: mapper.sh}\ninputs: [data/*]\n" + more)
        self.write("mapper.sh", script, executable=True)
        self.write("data/a.txt", "one\ntwo\n")
        self.write("data/b.txt.xz", compress("three\n", "xz"))
        return self.quern("run")

    def test_standard_output_is_the_output(self):
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n")
        self.assert_run(run, result="one\ntwo\nthree\n", inputs_mapped=2)

    def test_result_txt_in_the_working_folder_is_the_output_where_there_is_one(self):
        run = self.run_with("#!/bin/sh\necho this is log\nwhile IFS= read -r name; do cat \"$name\" >>result.txt; done\n")
        self.assert_run(run, result="one\ntwo\nthree\n")

    def test_each_file_is_there_decompressed_when_its_name_comes(self):
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do [ -r \"$name\" ] || exit 5; wc -l <\"$name\"; done\n")
        self.assert_run(run)
        self.assertEqual([line.strip() for line in run.result.splitlines()], ["2", "1"], run)

    def test_one_child_for_each_input(self):
        self.write("data/c.txt", "four\n")
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\necho end\n", "")
        self.assert_run(run)
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: files, script: mapper.sh, per_input: true}\n"
                                         "inputs: [data/*]\n")
        self.assert_run(self.quern("run"), result="one\ntwo\nend\nthree\nend\nfour\nend\n")

    def test_a_program_that_fails(self):
        self.assert_fails(self.run_with("#!/bin/sh\necho 'cannot go on' >&2\nexit 2\n"), "exit status 2", "cannot go on")

    def test_a_corrupt_input_is_left_out(self):
        self.write("data/c.xz", compress("four\n" * 1000, "xz")[:-20])
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n", "limits: {failed_inputs: 1}\n")
        self.assert_run(run, status=3, result="one\ntwo\nthree\n", says="data/c.xz", inputs_failed=1)
