"""Python modules: what they may return, what they may do beside that, and what goes wrong in them."""
import os

from scenario import COUNT_SYSTEMS, JOB, MAP_ONLY, SUM, TEXT, Scenario, ping, pings, slow


class Mappers(Scenario):
    def map(self, mapper, text="a\n", job=MAP_ONLY + TEXT, **options):
        self.write_all({"analysis-tools.yml": job, "mapper.py": mapper, "data/in.txt": text})
        return self.quern("run", **options)

    def test_what_a_mapper_may_return(self):
        for body, result in (
                ("return None", ""),
                ("return 'k v'", "k v\n"),
                ("return 'k v\\n'", "k v\n"),
                ("return 'k 1\\nl 2'", "k 1\nl 2\n"),
                ("return ('k', 'v')", "k v\n"),
                ("return ('k', 7)", "k 7\n"),
                ("return ('k', 0.5)", "k 0.5\n"),
                ("return [('k', 1), ('l', 2)]", "k 1\nl 2\n"),
                ("return ['k 1', 'l 2']", "k 1\nl 2\n"),
                ("yield 'k', 1\n    yield 'l 2'", "k 1\nl 2\n"),
                ("return []", ""),
        ):
            with self.subTest(body=body):
                self.assert_run(self.map(f"def mapper(key, file, record):\n    {body}\n"), result=result)

    def test_what_a_mapper_is_given(self):
        line = ping("Linux", 1)
        for record, text, result in (
                ("keyed-json", line + "\n", "00000001-0000-4000-8000-000000000000|data/in.txt|dict\n"),
                ("keyed-json", "key [1]\n", "key|data/in.txt|list\n"),
                ("keyed-json", '{"a": 1}\n', "|data/in.txt|dict\n"),
                ("keyed-json", '[{"a": 1}]\n', "|data/in.txt|list\n"),
                ("json", '"text"\n', "|data/in.txt|str\n"),
                ("text", "any thing\n", "|data/in.txt|str\n"),
        ):
            with self.subTest(record=record, text=text):
                run = self.map("def mapper(key, file, record):\n    return f'{key}|{file}|{type(record).__name__}'\n", text,
                               MAP_ONLY + f"record: {record}\n")
                self.assert_run(run, result=result)

    def test_text_that_is_not_utf_8_comes_out_as_it_went_in(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": "def mapper(key, file, record):\n    return record\n"})
        text = b"caf\xe9\n\xff\xfe\x80 x\n\xc3\xbc\n"
        self.write("data/in.txt", text)
        run = self.quern("run")
        self.assert_run(run, records_mapped=3)
        self.assertEqual(run.left("result.txt", text=False), text, run)

    def test_what_a_module_prints_is_log(self):
        run = self.map("""
            import os, sys
            print("from the module itself")
            def mapper(key, file, record):
                print("from the function")
                sys.stderr.write("to standard error\\n")
                os.write(1, b"past python's own buffers\\n")
                return record, 1
            """)
        self.assert_run(run, result="a 1\n", says=["from the module itself", "from the function", "to standard error",
                                                  "past python's own buffers"])
        self.assertNotIn("from the function", run.stdout, run)

    def test_setup_and_teardown_and_counters(self):
        run = self.map("""
            import quern
            def setup():
                global seen
                seen = 0
            def mapper(key, file, record):
                global seen
                seen += 1
                quern.count("lines", record)
                quern.count("lines", "all", 10)
                return record, seen
            def teardown():
                quern.count("ends", "teardown")
            """, "a\nb\na\n", MAP_ONLY + TEXT + "limits: {processes: 1}\n")
        self.assert_run(run, result="a 1\nb 2\na 3\n")
        self.assertEqual(run.accounting["counters"], {"ends": {"teardown": 1}, "lines": {"a": 2, "all": 30, "b": 1}}, run)

    def test_arguments(self):
        run = self.map("import sys\ndef mapper(key, file, record):\n    return ' '.join(sys.argv[1:])\n",
                       job=MAP_ONLY.replace("mapper.py", "mapper.py, arguments: [-x, 'two words']") + TEXT)
        self.assert_run(run, result="-x two words\n")

    def test_a_module_beside_the_mapper_can_be_imported_and_data_beside_it_read(self):
        self.write_all({"names.py": "KEY = 'from-names'\n", "table.txt": "from-table"})
        run = self.map("""
            import names
            VALUE = open("table.txt").read()
            def mapper(key, file, record):
                return names.KEY, VALUE
            """)
        self.assert_run(run, result="from-names from-table\n")

    def test_what_a_module_writes_does_not_land_in_the_job_folder(self):
        run = self.map("def mapper(key, file, record):\n    open('written.txt', 'w').write('x')\n    return 'k v'\n")
        self.assert_run(run, result="k v\n")
        self.assertIsNone(run.left("written.txt"), run)
        self.assertFalse(os.path.exists(self.path("__pycache__")))

    def test_a_mapper_that_changes_its_folder(self):
        run = self.map("import os\ndef mapper(key, file, record):\n    os.chdir('/')\n    return file, 1\n", "a\nb\n")
        self.assert_run(run, result="data/in.txt 1\ndata/in.txt 1\n")

    def test_a_key_with_a_line_break_in_it_is_a_bad_record(self):
        run = self.map("def mapper(key, file, record):\n    return record.replace('_', '\\n'), 1\n", "good\ntwo_words\n",
                       MAP_ONLY + TEXT + "limits: {bad_records: 1}\n")
        self.assert_run(run, status=3, result="good 1\n", records_bad=1)
        self.assertIn("# data/in.txt:2: ", run.left("bad_records.txt"), run)

    def test_a_long_record_and_a_long_value(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT,
                        "mapper.py": "def mapper(key, file, record):\n    return len(record), record * 2\n"})
        self.write("data/in.txt", "x" * 5_000_000 + "\n" + "y\n")
        run = self.quern("run")
        self.assert_run(run, records_mapped=2)
        self.assertEqual(len(run.result), len("5000000 ") + 10_000_000 + 1 + len("1 yy\n"), run)

    def test_output_much_larger_than_the_input(self):
        run = self.map("def mapper(key, file, record):\n    for number in range(1_000_000):\n        yield 'key', number\n")
        self.assert_run(run, records_mapped=1)
        self.assertEqual(run.result.count("\n"), 1_000_000)

    def test_the_interpreter_of_the_path_is_found(self):
        self.assert_run(self.map("def mapper(key, file, record):\n    return 'k v'\n", environment={"QUERN_PYTHON": None}),
                        result="k v\n")

    def test_an_interpreter_that_is_not_there_is_named(self):
        run = self.map("def mapper(key, file, record):\n    return 'k v'\n", environment={"QUERN_PYTHON": "/no/python"})
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("/no/python", run.stderr, run)


class Reducers(Scenario):
    def reduce(self, reducer, lines="b 1\na 2\nb 3\n", more=""):
        self.write_all({"analysis-tools.yml": JOB + TEXT + more, "mapper.py": "def mapper(key, file, record):\n    return record\n",
                        "reducer.py": reducer, "data/in.txt": lines})
        return self.quern("run")

    def test_what_a_reducer_may_return(self):
        for body, result in (
                ("return None", ""),
                ("return f'{key} {len(values)}'", "a 1\nb 2\n"),
                ("return key, len(values)", "a 1\nb 2\n"),
                ("return 'anything at all' if key == 'a' else None", "anything at all\n"),
                ("return [(key, value) for value in values]", "a 2\nb 1\nb 3\n"),
                ("for value in values:\n        yield f'{key}={value}'", "a=2\nb=1\nb=3\n"),
        ):
            with self.subTest(body=body):
                self.assert_run(self.reduce(f"def reduce(key, values):\n    {body}\n"), result=result)

    def test_values_are_a_list_of_strings_in_input_order(self):
        run = self.reduce("def reduce(key, values):\n    assert isinstance(values, list)\n    return key, '+'.join(values)\n",
                          "".join(f"k {number}\n" for number in range(2000)))
        self.assert_run(run, result="k " + "+".join(map(str, range(2000))) + "\n")

    def test_values_as_an_iterator(self):
        reducer = "def reduce(key, values):\n    assert not isinstance(values, list)\n    return key, sum(map(int, values))\n"
        self.assert_run(self.reduce(reducer, more="values: iterator\n"), result="a 2\nb 4\n")

    def test_an_iterator_that_is_not_read_to_its_end(self):
        run = self.reduce("def reduce(key, values):\n    return key, next(iter(values))\n", "a 1\na 2\na 3\nb 4\n", "values: iterator\n")
        self.assert_run(run, result="a 1\nb 4\n")

    def test_keys_come_in_byte_order(self):
        keys = ["b", "a", "B", "ab", "a\u00e9", "zz", "\u65e5", "1", "10", "2"]
        run = self.reduce("def reduce(key, values):\n    return key\n", "".join(f"{key} x\n" for key in keys))
        self.assert_run(run, result="".join(f"{key}\n" for key in sorted(keys, key=str.encode)))

    def test_several_reducers_give_one_result_in_key_order(self):
        lines = "".join(f"key{number % 500} {number}\n" for number in range(5000))
        reducer = "def reduce(key, values):\n    return key, ','.join(values)\n"
        one = self.reduce(reducer, lines)
        self.assert_run(one)
        several = self.reduce(reducer, lines, "reducers: 4\n")
        self.assert_run(several, result=one.result)

    def test_a_reducer_that_raises_fails_the_job_with_the_key_and_its_traceback(self):
        run = self.reduce("def reduce(key, values):\n    return key, 1 // (len(values) - 2)\n")
        self.assert_fails(run, "ZeroDivisionError", "reducer.py", "b")

    def test_setup_and_teardown_of_a_reducer(self):
        run = self.reduce("""
            import quern
            def setup():
                quern.count("reducer", "setup")
            def reduce(key, values):
                quern.count("reducer", "groups")
                return key
            def teardown():
                quern.count("reducer", "teardown")
            """)
        self.assert_run(run, result="a\nb\n")
        self.assertEqual(run.accounting["counters"], {"reducer": {"groups": 2, "setup": 1, "teardown": 1}}, run)


class BadRecords(Scenario):
    def setUp(self):
        super().setUp()
        self.count_job(JOB + "limits: {bad_records: 2}\n")
        self.write("data/a.json", pings("Linux") + '{"info": {}}\n' + "not json at all\n" + pings("WINNT"))

    def test_within_the_limit_are_set_aside_verbatim_with_their_address(self):
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 1\nWINNT 1\n", records_read=4, records_mapped=2, records_bad=2)
        lines = run.left("bad_records.txt").splitlines()
        self.assertEqual(len(lines), 4, run)
        self.assertTrue(lines[0].startswith("# data/a.json:2: KeyError"), run)
        self.assertEqual(lines[1], '{"info": {}}', run)
        self.assertTrue(lines[2].startswith("# data/a.json:3: "), run)
        self.assertEqual(lines[3], "not json at all", run)

    def test_past_the_limit_the_job_fails_and_says_which_record_with_the_traceback(self):
        run = self.quern("run", "--set", "limits.bad_records=0")
        self.assert_fails(run, "data/a.json", "Traceback", "mapper.py", "KeyError")

    def test_a_thread_that_raises_is_the_failure_of_its_record(self):
        self.write("data/a.json", pings("Linux", "Poison", "WINNT"))
        act = ("        thread = threading.Thread(target=int, args=('stray',))\n        thread.start()\n        thread.join()\n")
        self.write("mapper.py", "import threading\ndef mapper(key, file, record):\n    if record['info']['OS'] == 'Poison':\n" + act
                   + "    return record['info']['OS'], 1\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 1\nWINNT 1\n", records_bad=1)
        self.assertIn("# data/a.json:2: a thread of the module failed: ValueError", run.left("bad_records.txt"))

    def test_a_task_that_nobody_awaits_is_the_failure_of_its_record(self):
        self.write("data/a.json", pings("Linux", "Poison", "WINNT"))
        self.write("mapper.py", "import asyncio\nasync def fail():\n    raise ValueError('stray')\n"
                   "async def mapper(key, file, record):\n    if record['info']['OS'] == 'Poison':\n        asyncio.ensure_future(fail())\n"
                   "    return record['info']['OS'], 1\n")
        run = self.quern("run")
        self.assert_run(run, status=3, result="Linux 1\nWINNT 1\n", records_bad=1)
        self.assertIn("# data/a.json:2: a task that nobody awaits failed: ValueError: stray", run.left("bad_records.txt"))

    def test_none_leaves_no_file(self):
        self.write("data/a.json", pings("Linux"))
        run = self.quern("run")
        self.assert_run(run, result="Linux 1\n", records_bad=0)
        self.assertIsNone(run.left("bad_records.txt"))

    def test_every_one_is_counted_once_among_many_blocks(self):
        lines = [ping("Linux", number) if number % 1000 else "{bad" for number in range(50_000)]
        self.write("data/a.json", "\n".join(lines) + "\n")
        run = self.quern("run", "--set", "limits.bad_records=50")
        self.assert_run(run, status=3, result=f"Linux {50_000 - 50}\n", records_bad=50)
        addresses = [line.split(":")[1] for line in run.left("bad_records.txt").splitlines() if line.startswith("# ")]
        self.assertEqual(sorted(map(int, addresses)), [number + 1 for number in range(0, 50_000, 1000)], run)

    def test_a_record_longer_than_the_maximum_is_bad(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT + "limits: {bad_records: 1}\n",
                        "mapper.py": "def mapper(key, file, record):\n    return len(record), 1\n"})
        self.write("data/a.json", "short\n" + "x" * (65 * 2**20) + "\nshort\n")
        self.assert_run(self.quern("run"), status=3, result="5 1\n5 1\n", records_read=3, records_bad=1)


class ModulesThatCannotStart(Scenario):
    def assert_told(self, *phrases, status=1, **files):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        for name, content in files.items():
            self.write(f"{name}.py", content)
        run = self.quern("run")
        self.assert_fails(run, *phrases, status=run.status)
        self.assertIn(run.status, [status] if isinstance(status, int) else status, run)

    def test_no_such_script(self):
        self.count_job()
        self.write("data/a.json", pings("Linux"))
        os.remove(self.path("mapper.py"))
        run = self.quern("run")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("mapper.py", run.stderr, run)
        self.assertIsNone(run.result, run)

    def test_a_script_without_the_function(self):
        self.assert_told("mapper.py", "mapper(", mapper="def maper(key, file, record):\n    pass\n")

    def test_a_reducer_without_the_function(self):
        self.assert_told("reducer.py", "reduce(", reducer="def reducer(key, values):\n    pass\n")

    def test_a_module_that_fails_to_import(self):
        self.assert_told("ModuleNotFoundError", "no_such_module", "mapper.py", mapper="import no_such_module\n" + COUNT_SYSTEMS)

    def test_a_module_with_a_syntax_error(self):
        self.assert_told("SyntaxError", "mapper.py", mapper="def mapper(key, file, record:\n")

    def test_a_setup_that_raises(self):
        self.assert_told("no licence", "setup", mapper=COUNT_SYSTEMS + "def setup():\n    raise RuntimeError('no licence')\n")

    def test_a_module_that_exits_while_it_loads(self):
        self.assert_told("mapper.py", mapper="import sys\nsys.exit(4)\n")
        self.assert_told("exit status 4", mapper="import os\nos._exit(4)\n")

    def test_a_teardown_that_raises(self):
        self.assert_told("too late", "teardown", mapper=COUNT_SYSTEMS + "def teardown():\n    raise RuntimeError('too late')\n")

    @slow
    def test_a_module_that_hangs_while_it_loads(self):
        self.write_all({"analysis-tools.yml": JOB + "limits: {timeout: 1s, attempts: 1}\n", "mapper.py": "import time\ntime.sleep(1000)\n",
                        "reducer.py": SUM, "data/a.json": pings("Linux")})
        self.assert_fails(self.quern("run"), "mapper.py")


