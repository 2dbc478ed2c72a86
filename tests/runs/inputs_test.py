"""Which inputs a run takes: files, folders, globs, manifests, names on standard input."""
import os

from scenario import MAP_ONLY, TEXT, Scenario

NAMES = "def mapper(key, file, record):\n    return f'{file} {record}'\n"


class Inputs(Scenario):
    """A job that writes the name of each input and the one line in it."""

    def setUp(self):
        super().setUp()
        self.job("data/*")
        for name in ("a.txt", "b.txt", "c.log", "sub/d.txt", "sub/deep/e.txt", ".hidden.txt"):
            self.write(f"data/{name}", "x\n")

    def job(self, *patterns):
        text = MAP_ONLY.replace("[data/*]", "[" + ", ".join(f'"{pattern}"' for pattern in patterns) + "]")
        self.write_all({"analysis-tools.yml": text + TEXT, "mapper.py": NAMES})

    def names(self, run, status=0):
        self.assert_run(run, status=status)
        return [line.rsplit(" ", 1)[0] for line in (run.result or "").splitlines()]

    def test_patterns_of_the_job_file(self):
        for patterns, names in (
                (["data/a.txt"], ["data/a.txt"]),
                (["data/*.txt"], ["data/a.txt", "data/b.txt"]),
                (["data/?.log"], ["data/c.log"]),
                (["data/[ab].txt"], ["data/a.txt", "data/b.txt"]),
                (["data/{a,c}.*"], ["data/a.txt", "data/c.log"]),
                (["data/**/*.txt"], ["data/a.txt", "data/b.txt", "data/sub/d.txt", "data/sub/deep/e.txt"]),
                (["data/sub"], ["data/sub/d.txt", "data/sub/deep/e.txt"]),
                (["data/sub/"], ["data/sub/d.txt", "data/sub/deep/e.txt"]),
                (["data/b.txt", "data/a.txt"], ["data/a.txt", "data/b.txt"]),
        ):
            with self.subTest(patterns=patterns):
                self.job(*patterns)
                self.assertEqual(self.names(self.quern("run")), names)

    def test_an_absolute_path_keeps_its_name(self):
        path = self.path("data/a.txt")
        self.assertEqual(self.names(self.quern("run", "-i", path)), [path])

    def test_command_line_patterns_are_relative_to_the_current_folder(self):
        run = self.quern("run", "..", "-i", "../data/a.txt", "--set", "output=../result.txt", folder=self.path("data"))
        self.assertEqual(self.names(run), ["../data/a.txt"])

    def test_what_is_named_twice_counts_once_and_is_noted(self):
        run = self.quern("run", "-i", "data/a.txt", "-i", "data/*.txt")
        self.assertEqual(self.names(run), ["data/a.txt", "data/b.txt"], run)
        self.assertIn("note: ", run.stderr, run)

    def test_one_file_under_two_names_counts_once_and_is_noted(self):
        run = self.quern("run", "-i", "data/a.txt", "-i", "./data/a.txt", "-i", self.path("data/a.txt"))
        self.assertEqual(len(self.names(run)), 1, run)
        self.assertIn("another name", run.stderr, run)

    def test_names_on_standard_input(self):
        run = self.quern("run", "-i", "-", stdin="data/b.txt\ndata/c.log\n")
        self.assertEqual(self.names(run), ["data/b.txt", "data/c.log"])

    def test_a_manifest_with_and_without_sizes(self):
        self.write("files.txt", "data/b.txt\t2\ndata/a.txt\n")
        self.write("analysis-tools.yml", MAP_ONLY.replace("inputs: [data/*]", "manifest: files.txt") + TEXT)
        self.assertEqual(self.names(self.quern("run")), ["data/a.txt", "data/b.txt"])

    def test_a_manifest_of_the_command_line(self):
        self.write("files.txt", "data/b.txt\n")
        self.assertEqual(self.names(self.quern("run", "--manifest", "files.txt")), ["data/b.txt"])

    def test_a_pattern_that_matches_nothing_is_an_error_that_names_it(self):
        self.write_all({"files.txt": "data/nothing.txt\n"})
        for arguments, phrase in ((["-i", "data/*.json"], "data/*.json"), (["-i", "data/{x,y}"], "data/{x,y}")):
            with self.subTest(arguments=arguments):
                run = self.quern("run", *arguments)
                self.assertIn(run.status, (1, 2), run)
                self.assertIn(phrase, run.stderr, run)
                self.assertIsNone(run.result, run)

    def test_records_in_place_of_names_are_told_apart(self):
        for data, message in (('{"a": 1}\n{"a": 2}\n', "'{\"a\": 1}' is not the name of a file; - reads names, one a line"),
                              ('{"a": 1}\n', "quern run and quern try also read records from standard input, with --stdin-records"),
                              ("data/a.txt\0data/b.txt\0", "They are one a line (find without -print0)"),
                              ("data/a.txt\0" * 10_000, "They are one a line (find without -print0)"),
                              ("2026-11-28 GET /index.html\n", "is not the name of a file"), ("DE,1.5\n", "is not the name of a file"),
                              ('key\t{"a": 1}\n', "is this a list of names?")):
            with self.subTest(data=data):
                self.assert_fails(self.quern("run", "-i", "-", stdin=data), message, status=2)
        # A name that only looks like a record is a name.
        self.write("data/{a, b} c.txt", "x\n")
        self.assertEqual(self.quern("run", "-i", "-", stdin="data/{a, b} c.txt\n").status, 0)

    def test_an_empty_list_is_an_error(self):
        os.mkdir(self.path("empty"))
        for arguments in (["-i", "empty"], ["-i", "-"]):
            with self.subTest(arguments=arguments):
                run = self.quern("run", *arguments, stdin="")
                self.assertIn(run.status, (1, 2), run)
                self.assertIsNone(run.result, run)

    def test_no_inputs_at_all_is_an_error_that_says_how_to_name_some(self):
        self.write("analysis-tools.yml", "mapper: {language: python, script: mapper.py}\n")
        run = self.quern("run")
        self.assertIn(run.status, (1, 2), run)
        self.assertIn("inputs", run.stderr, run)

    def test_odd_names(self):
        odd = ["a b.txt", "ü.txt", "日本.txt", "$(echo x).txt", "-i", "it's.txt", 'quo"ted.txt', "back\\slash.txt", "semi;colon.txt",
               "per%20cent.txt", "tab\there.txt", "#hash.txt", "~tilde.txt", "(x).txt"]
        for name in odd:
            self.write(f"odd/{name}", "x\n")
        names = self.names(self.quern("run", "-i", "odd"))
        self.assertEqual(names, sorted((f"odd/{name}" for name in odd), key=str.encode))

    def test_a_name_that_looks_like_a_pattern_is_the_file_of_that_name(self):
        self.write("odd/[1].txt", "x\n")
        self.assertEqual(self.names(self.quern("run", "-i", "odd/[1].txt")), ["odd/[1].txt"])

    def test_links_are_followed_to_files(self):
        os.symlink(self.path("data/a.txt"), self.path("link.txt"))
        self.assertEqual(self.names(self.quern("run", "-i", "link.txt")), ["link.txt"])


class ManySmallInputs(Scenario):
    def test_three_thousand_files(self):
        self.write_all({"analysis-tools.yml": MAP_ONLY + TEXT, "mapper.py": NAMES})
        for number in range(3000):
            self.write(f"data/{number:04}.txt", f"{number}\n")
        expected = "".join(f"data/{number:04}.txt {number}\n" for number in range(3000))
        self.assert_run(self.quern("run"), result=expected, inputs_found=3000, inputs_mapped=3000, records_mapped=3000)
