"""quern init: a job to begin with, in each language, that runs as it stands and is never written over another."""
import os
import re
import resource
import subprocess
import sys

from scenario import QUERN, Scenario

LANGUAGES = {
    "python": ("py", [sys.executable, "-B", "test_mapper.py"]),
    "javascript": ("js", ["node", "test_mapper.js"]),
    "binary": ("sh", ["sh", "test_mapper.sh"]),
}
COUNTS = "Android\t1\nDarwin\t2\nLinux\t1\nWINNT\t3\n"


class Init(Scenario):
    def files(self, name="."):
        """Every file below a folder, with its content."""
        found = {}
        for folder, folders, names in os.walk(self.path(name)):
            folders[:] = [below for below in folders if below != ".scratch"]
            for below in names:
                path = os.path.join(folder, below)
                with open(path, encoding="utf-8") as file:
                    found[os.path.relpath(path, self.path(name))] = file.read()
        return found

    def names(self):
        return sorted(name for name in os.listdir(self.folder) if name != ".scratch")

    def init(self, *arguments, status=0, says="", **options):
        run = self.quern("init", *arguments, **options)
        self.assertEqual(run.status, status, run)
        self.assertIn(says, run.stderr, run)
        self.assertEqual(run.stdout == "", status != 0, run)
        return run

    def test_each_language_runs_at_once(self):
        for language, (extension, test) in LANGUAGES.items():
            with self.subTest(language=language):
                runner = "python3" if language == "python" else test[0]
                run = self.init(language, "--language", language)
                self.assertEqual(sorted(self.files(language)),
                                 sorted([".gitignore", "Dockerfile", "analysis-tools.yml", "data/sample.json", f"mapper.{extension}",
                                         f"reducer.{extension}", f"test_mapper.{extension}"]))
                self.assertIn(f"\n  quern run {language} && cat result.txt\n", run.stdout)
                self.assertIn(f"\n  {runner} {language}/test_mapper.{extension}\n", run.stdout)
                before = self.files(language)
                run = self.quern("run", language)
                self.assert_run(run, result=COUNTS, records_read=8, inputs_mapped=1)
                self.assertEqual(self.files(language), before)

    def test_each_mapper_passes_its_own_test_and_a_broken_one_does_not(self):
        for language, (extension, test) in LANGUAGES.items():
            with self.subTest(language=language):
                self.init(language, "--language", language)
                done = self.run_test(language, test)
                self.assertEqual(done.returncode, 0, done.stdout)
                # From elsewhere, too.
                done = self.run_test(".", [*test[:-1], f"{language}/{test[-1]}"])
                self.assertEqual(done.returncode, 0, done.stdout)
                mapper = f"{language}/mapper.{extension}"
                self.write(mapper, self.files()[mapper].replace("OS", "appName"))
                self.assertNotEqual(self.run_test(language, test).returncode, 0)

    def run_test(self, folder, command):
        return subprocess.run(command, cwd=self.path(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)

    def test_python_without_a_language(self):
        self.init("job")
        self.assertIn("mapper.py", self.files("job"))

    def test_what_its_comments_offer_is_right(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                self.init(language, "--language", language)
                job = f"{language}/analysis-tools.yml"
                self.write(job, re.sub(r"^#(?=\S|  -)", "", self.files()[job], flags=re.MULTILINE))
                run = self.quern("check", language)
                self.assertEqual(run.status, 0, run)
                self.assertIn("s3://bucket", run.stdout)
                self.assertIn("appName", run.stdout)

    def test_a_folder_that_is_there(self):
        os.mkdir(self.path("empty"))
        self.init("empty/")
        self.assertIn("mapper.py", self.files("empty"))
        os.mkdir(self.path("here"))
        self.write("here/mine.txt", "mine\n")
        run = self.init(".", folder=self.path("here"))
        self.assertIn("\n  quern run && cat result.txt\n  python3 test_mapper.py\n", run.stdout)
        self.assertEqual(self.files("here")["mine.txt"], "mine\n")
        run = self.quern("run", folder=self.path("here"))
        self.assertEqual(run.status, 0, run)
        self.assertEqual(self.files("here")["result.txt"], COUNTS)

    def test_the_names_of_folders_stay_whole(self):
        for name in ("it's a job", "a/b/c", "--", "-dash", "über"):
            with self.subTest(name=name):
                run = self.init("--", name)
                command = re.search(r"^  (quern run .*) && cat", run.stdout, re.MULTILINE)[1]
                done = subprocess.run(["sh", "-c", command.replace("quern", '"$0"', 1), QUERN], cwd=self.folder, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment({}), check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_is_overwritten(self):
        self.init("job")
        before = self.files("job")
        self.init("job", status=1, says="job/analysis-tools.yml is there already; nothing is overwritten, and nothing was written")
        self.init("job", "--language", "javascript", status=1, says="job/analysis-tools.yml is there already")
        self.assertEqual(self.files("job"), before)
        for name in (".gitignore", "data/sample.json", "reducer.py"):
            with self.subTest(name=name):
                folder = "with-" + os.path.basename(name)
                self.write(f"{folder}/{name}", "mine\n")
                self.init(folder, status=1, says=f"{folder}/{name} is there already")
                self.assertEqual(self.files(folder), {name: "mine\n"})

    def test_a_file_in_its_place(self):
        self.write("job", "mine\n")
        self.init("job", status=1, says="init: job exists already, and is not a folder; nothing was written")
        self.init("job/below", status=1, says="job: Not a directory")
        self.write("other/data", "mine\n")
        self.init("other", status=1, says="other/data: Not a directory")
        self.assertEqual(self.files(), {"job": "mine\n", "other/data": "mine\n"})

    def test_a_folder_that_cannot_be_written(self):
        os.mkdir(self.path("locked"), 0o555)
        command = [QUERN, "init", "locked/job"]
        if os.geteuid() == 0:
            # Without its capabilities root may do no more than others.
            command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
        for folder, first in (("locked/job", "locked/job"), ("locked", "locked/data")):
            done = subprocess.run([*command[:-1], folder], cwd=self.folder, env=self.environment({}), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.decode(), f"quern: init: making the folder {first}: Permission denied\n")
        self.assertEqual(os.listdir(self.path("locked")), [])

    def test_a_disk_that_fills_up(self):
        # Room for the mapper, but not for the job file: what was made goes away again. Python ignores SIGXFSZ, and so
        # does what it starts without restoring signals.
        limit = (600, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        run = self.init("new/job", status=1, says="writing new/job/", restore_signals=False,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        self.assertIn("File too large", run.stderr)
        self.assertEqual(self.names(), [])

    def test_a_wrong_command_line(self):
        self.init("job", "--language", "pyton", status=2,
                  says="init: --language is 'pyton'; it must be python, javascript or binary; did you mean python?")
        self.init(status=2, says="init: name the folder for the job, as in: quern init myjob")
        self.init("a", "b", status=2, says="init: takes one folder, and a and b are two")
        self.assertEqual(self.names(), [])
