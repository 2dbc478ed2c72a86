"""Jobs without a file: grouped and aggregated by options, or made of expressions."""
import json

from scenario import Scenario, compress

ORDERS = "".join(json.dumps({"country": country, "amount": amount, "user": user}) + "\n" for country, amount, user in (
    ("fr", 3, "a"), ("de", 2.5, "b"), ("fr", 4, "a"), ("de", 10, "c"), ("fr", 1, "d")))


class OneLine(Scenario):
    def setUp(self):
        super().setUp()
        self.write("e/1.json.gz", compress(ORDERS, "gz"))

    def assert_prints(self, expected, *arguments, status=0, **options):
        run = self.quern("run", "-i", "e/*", "-q", *arguments, **options)
        self.assertEqual((run.stdout, run.status), (expected, status), run)

    def test_options_aggregate_in_their_order(self):
        self.assert_prints("de\t12.5\nfr\t8\n", "--key", "country", "--sum", "amount")
        self.assert_prints("de\t2\t10\t2\nfr\t2\t4\t3\n", "--key", "country", "--distinct", "user", "--max=amount", "--count")
        self.assert_prints("5\t3\t10\t1\t4.1\n", "--count", "--p50", "amount", "--p95", "amount", "--min", "amount", "--mean", "amount")
        self.assert_prints("de\tb\t1\nde\tc\t1\nfr\ta\t2\nfr\td\t1\n", "--key", "country", "--key", "user", "--count")

    def test_options_make_pairs(self):
        self.assert_prints("fr\t3\nde\t2.5\nfr\t4\nde\t10\nfr\t1\n", "--key", "country", "--value", "amount")
        self.assert_prints("de\t12.5\nfr\t8\n", "--key", "country", "--value", "amount", "--reduce", "sum")
        self.assert_prints("de\t10\nfr\t4\n", "--key", "country", "--value", "amount", "--reduce", "max(values)")
        self.assert_prints('de\t["10"]\nfr\t["4"]\n', "--key", "country", "--value", "amount", "--reduce", "top:1")

    def test_expressions_map_and_reduce_in_both_languages(self):
        for python, javascript, more in (
                ('r["country"], 1', "r.country, 1", ["--count"]), ('(r["country"], 1)', "[r.country, 1]", ["--reduce", "sum"]),
                ('[(r["country"], 1) for _ in range(1)]', "[[r.country, 1]]", ["--reduce", "sum"]),
                ('r["country"] + "\\t1"', "`${r.country}\\t1`", ["--reduce", "sum"])):
            self.assert_prints("de\t2\nfr\t3\n", "--map", python, *more)
            self.assert_prints("de\t2\nfr\t3\n", "--js", "--map", javascript, *more)
        self.assert_prints("de\t2.5 10\nfr\t3 4 1\n", "--map", 'r["country"], r["amount"]', "--reduce", '" ".join(map(str, values))')
        self.assert_prints("de\t2.5 10\nfr\t3 4 1\n", "--js", "--map", "r.country, r.amount", "--reduce", 'values.join(" ")')
        self.assert_prints("de!\t2\nfr!\t3\n", "--map", 'r["country"], 1', "--reduce", 'key + "!", len(values)')
        self.assert_prints("de!\t2\nfr!\t3\n", "--js", "--map", "r.country, 1", "--reduce", 'key + "!", values.length')
        self.assert_prints("d\t2\nf\t3\n", "--map", 're.sub("[er]", "", r["country"]), 1  # one letter', "--count")
        self.assert_prints("", "--map", "None", "--count")
        self.assert_prints("", "--js", "--map", "null", "--count")

    def test_what_an_expression_raises_is_a_bad_record(self):
        run = self.quern("run", "-i", "e/*", "--map", 'r["countrx"], 1')
        self.assert_fails(run, "e/1.json.gz:1: KeyError: 'countrx'", 'r["countrx"], 1')
        self.assert_fails(self.quern("run", "-i", "e/*", "--js", "--map", "r.a.b, 1"), "e/1.json.gz:1: TypeError: Cannot read")
        for arguments in (["--map", "r["], ["--js", "--map", "r["], ["--map", "r, 1", "--reduce", "values["]):
            self.assert_fails(self.quern("run", "-i", "e/*", *arguments), "SyntaxError")

    def test_check_prints_the_job_that_it_stands_for(self):
        for arguments in (["--key", "country", "--sum", "amount", "--count"], ["--map", 'r["country"], 1', "--count"],
                          ["--key", "country", "--value", "amount", "--reduce", "max(values)"],
                          ["--key", '"country"', "--value", "amount", "--reduce", "p50"],
                          ["--js", "--map", "r.country, 1", "--reduce", "values.length"]):
            run = self.quern("run", "-i", "e/*", "-q", *arguments)
            self.assertEqual(run.status, 0, run)
            checked = self.quern("check", "-i", "e/*", *arguments)
            self.assertEqual(checked.status, 0, checked)
            self.write("job.yml", checked.stdout)
            self.assertEqual(self.quern("run", "job.yml", "-q").stdout, run.stdout, checked)

    def test_records_come_from_a_pipe(self):
        for option in (["--stdin-records"], ["-i", "/dev/stdin"]):
            for stdin in (ORDERS.encode(), compress(ORDERS, "gz"), compress(ORDERS, "zst")):
                run = self.quern("run", *option, "-q", "--key", "country", "--sum", "amount", stdin=stdin)
                self.assertEqual(run.stdout, "de\t12.5\nfr\t8\n", run)
        run = self.quern("run", "--stdin-records", "--map", "file, r['user']", stdin=ORDERS.encode())
        self.assertEqual(run.stdout.splitlines()[1], "/dev/stdin\tb", run)
        self.assert_fails(self.quern("run", "--stdin-records", "--count", stdin=compress(ORDERS, "gz")[:-9]), "/dev/stdin")
        self.assert_fails(self.quern("run", "--stdin-records", "--count", "--set", "limits.failed_inputs=1", stdin=b""), "read twice",
                          status=2)

    def test_a_promise_is_awaited(self):
        self.assert_prints("de\t2\nfr\t3\n", "--js", "--map", "Promise.resolve([r.country, 1])", "--reduce", "Promise.resolve(values.length)")

    def test_check_takes_what_a_run_takes(self):
        checked = self.quern("check", "--stdin-records", "--count", "-o", "out.txt", "-p", "1")
        self.assertEqual(checked.status, 0, checked)
        self.write("job.yml", checked.stdout)
        self.assert_run(self.quern("run", "job.yml", stdin=ORDERS.encode()))
        with open(self.path("out.txt"), encoding="utf-8") as result:
            self.assertEqual(result.read(), "5\n")

    def test_the_result_may_go_to_a_file(self):
        self.assert_run(self.quern("run", "-i", "e/*", "--key", "country", "--count", "-o", "result.txt"), result="de\t2\nfr\t3\n",
                        says="2 groups" if False else "5 read")

    def test_what_does_not_fit_together_is_refused(self):
        for arguments, *says in (
                (["job", "--key", "a", "--sum", "b"], "run: the options describe a job, and job is another one; inputs follow -i"),
                (["--value", "a"], "run: --value needs --key"), (["--js"], "run: --js needs --map or --reduce"),
                (["--map", "r", "--key", "a"], "--map makes the key and the value itself"),
                (["--map", "r", "--sum", "a"], "--reduce sum"), (["--reduce", "sum"], "--reduce needs --key or --map"),
                (["--key", "a", "--count", "--reduce", "sum"], "--reduce and --count are two reducers"),
                (["--key", "a", "--value", "b", "--sum", "c"], "--value is not needed with --sum"),
                (["--key", "a", "--sum"], "--sum needs a value, as in --sum PATH"),
                (["--key", "a[", "--count"], "group", "a["), (["--key", "a", "--summ", "b"], "did you mean --sum?")):
            job = arguments.pop(0) if arguments[0] == "job" else None
            self.assert_fails(self.quern("run", *([job] if job else []), "-i", "e/*", *arguments), *says, status=2)
        self.assert_fails(self.quern("check", "--key", "a"), "check: --key needs something to compute", status=2)
        self.assert_fails(self.quern("run", "--count"), "name the inputs with -i, or say --stdin-records", status=2)
        for arguments in (["-i", "e/*"], ["--manifest", "list"]):
            self.assert_fails(self.quern("run", *arguments, "--stdin-records", "--count", stdin=b""), "--stdin-records is the only input",
                              status=2)

    def test_blanks_around_a_path_are_ignored_and_quoted_ones_are_not(self):
        """In each option and setting that takes a path; CSV often has blanks after its commas."""
        self.write("e.csv", "country, amount\nfr, 3\nde, 2\nfr, 4\n")
        country = "  country "
        for amount in ('" amount"', ' " amount" '):
            for arguments in (["--key", country, "--sum", amount], ["--key", country, "--value", amount, "--reduce", "sum"],
                              ["--set", f"aggregate.t=sum {amount}", "--key", country],
                              ["--set", f"aggregate.t=sum {amount}", "--key", "x", "--set", f"group=[{country}]"],
                              ["--key", country, "--sum", amount, "--set", f"where={{{json.dumps(country)}: [fr, de]}}"],
                              ["--key", country, "--sum", amount, "--where", f"{country}=[fr, de]"]):
                with self.subTest(arguments):
                    run = self.quern("run", "-i", "e.csv", "--set", "record=csv", "-q", *arguments)
                    self.assertEqual(run.stdout, "de\t2\nfr\t7\n", run)
        run = self.quern("run", "-i", "e.csv", "--set", "record=csv", "-q", "--key", " country ", "--count", "--max", ' " amount" ',
                         "--format", "csv", "--order", "country desc")
        self.assertEqual(run.stdout, 'country,count,"max "" amount"""\nfr,2, 4\nde,1, 2\n', run)
        # What look names is what a run takes.
        self.assertIn('" amount"', self.quern("look", "e.csv").stdout)

    def test_a_key_alone_does_not_run_the_job_of_the_folder(self):
        self.write("analysis-tools.yml", "group: country\naggregate: {n: count}\ninputs: [e/*]\n")
        self.write("result.txt", "precious\n")
        run = self.quern("run", "-i", "e/*", "--key", "country")
        self.assertEqual(run.status, 2, run)
        self.assertIn("--key needs something to compute for each key, as in --key country --count", run.stderr)
        self.assertEqual(run.left("result.txt"), "precious\n")

    def test_what_is_computed_for_each_key_may_come_from_a_setting(self):
        for setting in ("aggregate.t=sum amount", "aggregate={t: sum amount}"):
            arguments = ["--key", "country", "--set", setting]
            self.assert_prints("de\t12.5\nfr\t8\n", *arguments)
            self.write("job.yml", self.quern("check", "-i", "e/*", *arguments).stdout)
            self.assertEqual(self.quern("run", "job.yml", "-q").stdout, "de\t12.5\nfr\t8\n")
            self.assertEqual(self.quern("try", "-i", "e/*", *arguments).status, 0)
            self.assertEqual(self.quern("run", "-q", *arguments, "-i", "e/1.json.gz", "e/1.json.gz").stdout, "de\t12.5\nfr\t8\n")
        self.assert_prints("de\t2\t12.5\nfr\t3\t8\n", "--key", "country", "--count", "--set", "aggregate.t=sum amount")
        # With a job file, --key is the file of a private key.
        run = self.quern("run", "job.yml", "--key", "none.pem", "--set", "aggregate.t=sum amount")
        self.assertIn("none.pem does not exist", run.stderr, run)

    def test_an_error_names_the_option_that_was_given(self):
        for options, says in (
                (["-p", "many"], "-p: limits.processes is 'many'"), (["--processes=many"], "--processes: limits.processes is 'many'"),
                (["--memory", "lots"], "--memory: limits.memory is 'lots'"), (["--records", "some"], "--records: limits.records is 'some'"),
                (["--order", ""], "--order: order is"), (["--first", "0"], "--first: first is"), (["--format", "xml"], "--format: format is 'xml'"),
                (["-o", ""], "-o: output is empty"), (["--output", ""], "--output: output is empty"),
                (["--where", "{a: {least: 1}}"], "--where: where"), (["--where", "country=[a"], "--where: "),
                (["--set", "limits.memory=lots"], "--set: limits.memory is 'lots'"),
                (["--memory", "1GiB", "--set", "limits.timeout=never"], "--set: limits.timeout is wrong: 'never'")):
            with self.subTest(options):
                run = self.quern("run", "-i", "e/*", "--count", *options)
                self.assert_fails(run, says, status=2)
                self.assertEqual("--set" in run.stderr, "--set" in options, run)
        self.assertRegex(self.quern("check", "--count", "-p", "2", "--memory", "1GiB").stdout, "processes: 2 .*# -p\n(.*\n)*.*1GiB .*# --memory\n")

    def test_any_path_can_be_a_value(self):
        record = {"k": "a", "@timestamp": "t", "first name": "f", "1": "one", "null": "n", "a": ["zero"], "it's": "i", "?x": "q", "d.t": "d"}
        self.write("odd.json", json.dumps(record) + "\n")
        for path, value in (("@timestamp", "t"), ("first name", "f"), ("1", "one"), ("null", "n"), ("a[0]", "zero"), ('"it\'s"', "i"),
                            ("?x", "q"), ('"d.t"', "d")):
            run = self.quern("run", "-i", "odd.json", "-q", "--key", "k", "--value", path)
            self.assertEqual(run.stdout, f"a\t{value}\n", (path, run))

    def test_a_shell_may_have_expanded_the_pattern(self):
        self.write("e/2.json", '{"country": "it"}\n')
        run = self.quern("run", "-q", "-i", "e/1.json.gz", "e/2.json", "--count")
        self.assertEqual(run.stdout, "6\n", run)

    def test_no_records_give_a_result_of_nothing(self):
        self.write("empty.json", "")
        run = self.quern("run", "-q", "-i", "empty.json", "--count", "--sum", "amount", "--distinct", "user")
        self.assertEqual(run.stdout, "0\tnull\t0\n", run)
        self.assertEqual(self.quern("run", "-q", "-i", "empty.json", "--key", "country", "--count").stdout, "")

    def test_an_expression_shows_no_secret(self):
        run = self.quern("run", "-i", "e/*", "-o", "result.txt", "--map", '"https://user:secret@host/x?sig=secret", (')
        self.assert_fails(run, "SyntaxError")
        self.assertNotIn("user:secret", run.stderr.split("SyntaxError")[0])
        self.assertNotIn("secret", run.left("result.json"))
