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

    def name_of_the_input(self, mapper, more=""):
        """One line for each child: the variables that it has."""
        self.write("analysis-tools.yml", f"mapper: {{interface: lines, {mapper}}}\ninputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n" + more)
        return self.quern("run")

    def test_a_script_that_asks_for_the_name_always_gets_one_input(self):
        names = "data/a.txt\ndata/b.txt.gz\n"
        self.write("asks.sh", "#!/bin/sh\ncat >/dev/null; echo \"$mapreduce_map_input_file\"\n", executable=True)
        self.write("asks.py", "import os, sys\nsys.stdin.read()\nprint(os.environ['QUERN_INPUT_FILE'])\n")
        self.write("asks.js", "require('fs').readFileSync(0); console.log(process.env.mapreduce_map_input_file)\n")
        self.write("name.awk", "END { print ENVIRON[\"QUERN_INPUT_FILE\"] }\n")
        self.write("mrjob.py", "import os, sys\nsys.stdin.read()\nprint(os.environ['mapreduce.map.input.file'.replace('.', '_')])\n")
        for mapper in ["language: binary, script: asks.sh", "language: binary, script: /bin/sh, arguments: [asks.sh]",
                       "language: python, script: asks.py", "language: javascript, script: asks.js",
                       "language: python, script: mrjob.py", "language: binary, script: awk, arguments: [-f, name.awk]",
                       "language: binary, script: sh, arguments: ['-c', 'cat >/dev/null; echo $QUERN_INPUT_FILE']",
                       "language: binary, script: asks.sh, per_input: no"]:
            with self.subTest(mapper):
                self.assert_run(self.name_of_the_input(mapper), result=names)

    def test_small_inputs_that_share_a_child_have_no_name_rather_than_a_wrong_one(self):
        hidden = "#!/bin/sh\ncat >/dev/null; eval echo \\${QUERN_INPUT\"_\"FILE-none} \\${mapreduce_map_\"\"input_file-none}\n"
        self.write("hidden.sh", hidden, executable=True)
        self.write("data/c.txt", "x" * 70_000 + "\n")
        one = "data/c.txt data/c.txt\n"
        for per_input, result in [("auto", "none none\n" + one), ("no", "none none\n" + one),
                                  ("yes", "data/a.txt data/a.txt\ndata/b.txt.gz data/b.txt.gz\n" + one)]:
            run = self.name_of_the_input(f"language: binary, script: hidden.sh, per_input: {per_input}", "limits: {processes: 3}\n")
            self.assert_run(run, result=result)
            self.assertEqual("per_input: yes" in run.stderr, per_input != "yes", run)

    def test_line_ends_and_a_byte_order_mark_are_those_of_functions(self):
        os.remove(self.path("data/b.txt.gz"))
        text = "\ufeffapple\r\npear\r\n\r\nfig\rplum\nlast\r\r\n\ufeffend\r"
        for name, data in [("a.txt", text.encode()), ("b.txt.gz", compress(text, "gz"))]:
            self.write("data/" + name, data)
        expected = "apple|\npear|\n|\nfig\rplum|\nlast\r|\n\ufeffend|\n" * 2
        self.write("lines.sh", "#!/bin/sh\nexec sed 's/$/|/'\n", executable=True)
        self.write("function.py", "def mapper(key, file, record):\n    return record + '|'\n")
        self.write("function.js", "exports.mapper = (key, file, record) => record + '|'\n")
        for mapper in ["interface: lines, language: binary, script: lines.sh", "language: python, script: function.py",
                       "language: javascript, script: function.js"]:
            with self.subTest(mapper):
                self.write("analysis-tools.yml", f"mapper: {{{mapper}}}\ninputs: [data/*]\nrecord: text\nseparator: \"\\t\"\n")
                run = self.quern("run")
                self.assert_run(run, status=0)
                self.assertEqual(run.left("result.txt", text=False).decode(), expected, run)

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


class Combiners(Scenario):
    """Hadoop's combiner: a program that reads the sorted lines of a part and writes fewer."""

    COUNT = dedent("""
        #!/usr/bin/awk -f
        BEGIN { FS = OFS = "\\t" }
        { if (NR > 1 && $1 < key) exit 5; print "reporter:counter:combined,lines,1" > "/dev/stderr" }
        NR > 1 && $1 != key { print key, sum; sum = 0 }
        { key = $1; sum += $2 }
        END { if (NR) print key, sum }
        """)
    MAPPERS = {
        "lines": "{language: binary, interface: lines, script: /usr/bin/awk, arguments: ['{print $1 \"\\t\" 1}']}",
        "python": "{language: python, script: mapper.py}",
        "javascript": "{language: javascript, script: mapper.js}",
        "pairs": "{builtin: pairs, key: k}",
    }
    COMBINERS = {
        "binary": "{language: binary, interface: lines, script: combine.awk}",
        "python": "{language: python, interface: lines, script: lines.py}",
        "javascript": "{language: javascript, interface: lines, script: lines.js}",
    }

    def setUp(self):
        super().setUp()
        self.write("combine.awk", self.COUNT, executable=True)
        self.write("mapper.py", "def mapper(key, file, record):\n    return (record if type(record) is str else record['k']), 1\n")
        self.write("mapper.js", "exports.mapper = (key, file, record) => [record.k ?? record, 1];\n")
        self.write("lines.py", """
            import itertools, sys
            pairs = (line.rstrip("\\n").split("\\t") for line in sys.stdin)
            for key, group in itertools.groupby(pairs, lambda pair: pair[0]):
                print(key, sum(int(value) for _, value in group), sep="\\t")
            """)
        self.write("lines.js", """
            const sums = new Map();
            for (const line of require("fs").readFileSync(0, "utf8").trimEnd().split("\\n")) {
              const [key, value] = line.split("\\t");
              sums.set(key, (sums.get(key) ?? 0) + Number(value));
            }
            for (const [key, sum] of sums) console.log(`${key}\\t${sum}`);
            """)

    def run_with(self, mapper, combiner, reducer="{builtin: sum}", more=""):
        is_json = mapper == "pairs"
        for name in "ab":
            keys = [f"k{number % 7}" for number in range(1000)]
            self.write(f"data/{name}", "".join(f'{{"k": "{key}"}}\n' if is_json else f"{key}\n" for key in keys))
        self.write("analysis-tools.yml", f"mapper: {self.MAPPERS[mapper]}\ncombiner: {self.COMBINERS.get(combiner, combiner)}\nreducer: {reducer}\n"
                                         f"inputs: [data/*]\nrecord: {'json' if is_json else 'text'}\nseparator: \"\\t\"\n" + more)
        return self.quern("run")

    def test_give_what_the_job_gives_without_them(self):
        result = "".join(f"k{number}\t{2 * len(range(number, 1000, 7))}\n" for number in range(7))
        for mapper in self.MAPPERS:
            for combiner in self.COMBINERS:
                with self.subTest(mapper=mapper, combiner=combiner):
                    self.assert_run(self.run_with(mapper, combiner), result=result)

    def test_shorten_what_the_reducer_gets(self):
        run = self.run_with("python", "binary", reducer="{builtin: count}")
        self.assert_run(run, result="".join(f"k{number}\t1\n" for number in range(7)))
        self.assertEqual(run.accounting["counters"], {"combined": {"lines": 2000}}, run)
        self.assertEqual(run.accounting["groups"]["reduced"], 7, run)

    def test_work_with_several_reducers_in_steps_and_in_tasks(self):
        lines = ["k%d\t%d\n" % (number, 2 * len(range(number, 1000, 7))) for number in range(7)]
        self.assert_run(self.run_with("javascript", "python", more="reducers: 3\nlimits: {processes: 2}\n"), result="".join(lines))
        step = "steps: [{mapper: {language: binary, interface: lines, script: /bin/cat}, combiner: %s, reducer: {builtin: sum}}]\n"
        self.assert_run(self.run_with("lines", "binary", more=step % self.COMBINERS["binary"]), result="".join(lines))
        self.run_with("lines", "binary")
        self.assertEqual(self.quern("map", "-o", "m.txt", "data/a", "data/b").status, 0)
        self.assertLess(self.left("m.txt").count("\n"), 15)
        self.assert_run(self.quern("reduce", "m.txt"), result="".join(lines))

    def left(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def test_one_that_fails_fails_the_job(self):
        self.write("fails.sh", "#!/bin/sh\necho 'cannot go on' >&2\nexit 3\n", executable=True)
        run = self.run_with("python", "{language: binary, interface: lines, script: fails.sh}")
        self.assert_fails(run, "exit status 3", "cannot go on", "combiner")

    def test_one_that_is_not_there_is_told_at_once(self):
        run = self.run_with("python", "{language: binary, interface: lines, script: absent.sh}")
        self.assert_fails(run, "absent.sh", status=run.status)
        self.assertIn(run.status, (1, 2))


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

    def test_one_child_for_each_input_unless_the_job_lets_them_share(self):
        self.write("data/c.txt", "four\n")
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\necho end\n", "")
        self.assert_run(run, result="one\ntwo\nend\nthree\nend\nfour\nend\n")
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: files, script: mapper.sh, per_input: no}\n"
                                         "inputs: [data/*]\n")
        self.assert_run(self.quern("run"), result="one\ntwo\nthree\nfour\nend\n")

    def test_names_can_be_read_and_removed_whatever_the_inputs_are_called(self):
        contents = {"data/a\nb.txt": "1", "data/a\nb.txt.gz": "2", "data/sub/a.txt": "3", "data/a.tgz": "4", "data/\x1b[2J": "5",
                    "data/" + "n" * 252 + ".gz": "6", "data/.gz": "7", "data/-e": "8", "data/ \"x\\": "9", "data/" + "m" * 255: "10"}
        for name, text in contents.items():
            self.write(name, compress(text + "\n", "gz") if name.endswith("gz") else text + "\n")
        names = ["a.txt", "b.txt", "a_b.txt", "a_b.txt", "a.txt", "a.tar", "_[2J", "n" * 252, ".gz", "-e", ' "x\\', "m" * 255]
        for per_input in ("auto", "no"):
            self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; echo \"name ${name##*/}\"; rm \"$name\"; done\n")
            self.write("analysis-tools.yml", "mapper: {language: binary, interface: files, script: mapper.sh, per_input: %s}\n"
                                             "inputs: ['data/**/*', 'data/.gz']\n" % per_input)
            run = self.quern("run")
            self.assert_run(run, inputs_mapped=len(names))
            lines = run.left("result.txt", text=False).decode().splitlines()
            self.assertEqual(sorted(line[5:] for line in lines if line.startswith("name ")), sorted(names), run)
            self.assertEqual(sorted(line for line in lines if not line.startswith("name ")),
                             sorted([*contents.values(), "one", "two", "three"]), run)
            for name in contents:
                self.assertTrue(os.path.exists(self.path(name)), name)

    def test_names_in_a_further_step_may_be_removed_too(self):
        self.write("step.sh", "#!/bin/sh\nread -r name; cat \"$name\"; rm \"$name\"; [ -e ../died ] && exit; touch ../died; exit 9\n", executable=True)
        run = self.run_with("#!/bin/sh\nread -r name; cat \"$name\"\n",
                            "steps: [{mapper: {language: binary, interface: files, script: step.sh}}]\n")
        # A line without the separator is a key with an empty value, and a further step reads pairs.
        self.assert_run(run, result="one \ntwo \nthree \n", children_replaced=1)

    def test_a_program_that_fails(self):
        self.assert_fails(self.run_with("#!/bin/sh\necho 'cannot go on' >&2\nexit 2\n"), "exit status 2", "cannot go on")

    def test_a_corrupt_input_is_left_out(self):
        self.write("data/c.xz", compress("four\n" * 1000, "xz")[:-20])
        run = self.run_with("#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n", "limits: {failed_inputs: 1}\n")
        self.assert_run(run, status=3, result="one\ntwo\nthree\n", says="data/c.xz", inputs_failed=1)
