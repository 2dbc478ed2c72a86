"""Where the files of remote inputs go: each run has its own, and nothing of anybody else's is touched."""
import json
import os
import shutil
import signal
import unittest

from remote_test import KEY, KEYS, Remote, Server, stored
from scenario import MAP_ONLY, TEXT

NOBODY = 65534
# Counts its records by what they say; the first one waits until it may go on.
WAITING = """
    import os, time
    def mapper(key, file, record):
        name = os.environ["NAME"]
        open(name + "-maps", "w").close()
        while os.environ["WAITS_FOR"] and not os.path.exists(os.environ["WAITS_FOR"]):
            time.sleep(0.01)
        return record, 1
    """
LINES = """
    #!/bin/sh
    : > "$OLDPWD_/$NAME-maps"
    while [ -n "$WAITS_FOR" ] && ! [ -e "$OLDPWD_/$WAITS_FOR" ]; do sleep 0.01; done
    sed 's/$/ 1/'
    """
FILES = """
    #!/bin/sh
    : > "$OLDPWD_/$NAME-maps"
    while [ -n "$WAITS_FOR" ] && ! [ -e "$OLDPWD_/$WAITS_FOR" ]; do sleep 0.01; done
    while IFS= read -r name; do sed 's/$/ 1/' < "$name"; done
    """


class SideBySide(Remote):
    COUNT = 30

    def setUp(self):
        super().setUp()
        objects = {bucket: {f"d/{number:03}": stored(f"{bucket}{number % 7}\n" * (number + 1)) for number in range(self.COUNT)}
                   for bucket in ("one", "two")}
        self.s3 = Server(self, "s3_server.py", {"keys": KEYS, "buckets": {name: {"objects": of} for name, of in objects.items()}})

    def job(self, name, bucket, waits_for, shape="function", more=""):
        """A job of this name over a bucket, whose mappers wait for a file."""
        script, text, kind = {"function": ("mapper.py", WAITING, "language: python"),
                              "lines": ("mapper.sh", LINES, "language: binary, interface: lines"),
                              "files": ("mapper.sh", FILES, "language: binary")}[shape]
        text = text.replace('os.environ["NAME"]', repr(self.path(name))).replace('os.environ["WAITS_FOR"]', repr(waits_for and self.path(waits_for)))
        text = text.replace("$OLDPWD_", self.folder).replace("$NAME", name).replace("$WAITS_FOR", waits_for)
        self.write(f"{name}/{script}", text, executable=True)
        more += "" if shape == "files" else TEXT
        self.write(f"{name}/analysis-tools.yml", f"mapper: {{{kind}, script: {script}}}\nreducer: {{builtin: sum}}\n"
                                                 f"inputs: ['s3://{bucket}/d/']\n" + more)

    def begin(self, name, *arguments):
        # In small blocks, so that most files wait for their turn.
        environment = {"AWS_ENDPOINT_URL": self.s3.url, "QUERN_TEST_BLOCK_BYTES": "16", **KEY}
        return self.start("run", name, "-p", "1", "-o", f"out-{name}/result.txt", *arguments, environment=environment)

    def expected(self, bucket):
        counts = [0] * 7
        for number in range(self.COUNT):
            counts[number % 7] += number + 1
        return "".join(f"{bucket}{number} {count}\n" for number, count in enumerate(counts))

    def release(self, name):
        self.write(name, "")

    def assert_both(self, shape, buckets, more=""):
        """The second run begins and ends while the first one maps."""
        for name in ("out-a", "out-b"):
            os.makedirs(self.path(name), exist_ok=True)
        self.job("a", buckets[0], "go-on", shape, more)
        self.job("b", buckets[1], "", shape, more)
        first = self.begin("a")
        self.wait_for_file("a-maps")
        second = self.finish(self.begin("b"))
        self.assertEqual(second.status, 0, second)
        self.assertIn("another run is fetching into", second.stderr)
        self.release("go-on")
        first = self.finish(first)
        self.assertEqual(first.status, 0, first)
        self.assertEqual(first.left("out-a/result.txt"), self.expected(buckets[0]), first)
        self.assertEqual(second.left("out-b/result.txt"), self.expected(buckets[1]), second)
        left = [name for _, _, names in os.walk(self.path("s3")) for name in names]
        self.assertEqual(left, [])

    def test_functions_over_buckets_with_equal_keys(self):
        self.assert_both("function", ("one", "two"))

    def test_functions_over_the_same_inputs_that_may_fail(self):
        self.assert_both("function", ("one", "one"), "limits: {failed_inputs: 10}\n")

    def test_lines_over_buckets_with_equal_keys(self):
        self.assert_both("lines", ("one", "two"))

    def test_files_over_buckets_with_equal_keys(self):
        self.assert_both("files", ("one", "two"), "limits: {failed_inputs: 10}\n")

    def test_files_that_are_kept_are_refused_to_a_second_run(self):
        keep = "downloads: {keep: yes}\n"
        for name in ("out-a", "out-b"):
            os.makedirs(self.path(name))
        self.job("a", "one", "go-on", more=keep)
        self.job("b", "one", "", more=keep)
        first = self.begin("a")
        self.wait_for_file("a-maps")
        second = self.finish(self.begin("b"))
        self.assertEqual(second.status, 2, second)
        self.assertIn("set downloads.directory to another folder", second.stderr)
        self.assertEqual(self.finish(self.begin("b", "--set", "downloads.directory=other")).status, 0)
        self.release("go-on")
        self.assertEqual(self.finish(first).left("out-a/result.txt"), self.expected("one"))
        fetched = len(self.s3.gets())
        again = self.finish(self.begin("b"))
        self.assertEqual((again.status, len(self.s3.gets())), (0, fetched), again)

    def test_what_a_killed_or_failed_run_fetched_goes(self):
        os.makedirs(self.path("out-a"))
        self.job("a", "one", "never")
        first = self.begin("a")
        self.wait_for_file("a-maps")
        last = f"{self.COUNT - 1:03}"
        self.wait_for(lambda: [name for name in os.listdir(self.path("s3/d")) if name[-3:] in (last, "art")] == [last], "all objects")
        self.write("s3/d/mine", "mine\n")
        first.send_signal(signal.SIGKILL)
        self.finish(first)
        self.may_leave_scratch = True
        self.assertGreater(len(os.listdir(self.path("s3/d"))), self.COUNT // 2)
        self.s3.end()
        self.s3 = Server(self, "s3_server.py", {"keys": KEYS, "buckets": {"one": {"objects": {"d/other": stored("x\n")}}}})
        self.job("a", "one", "")
        self.assertEqual(self.finish(self.begin("a")).left("out-a/result.txt"), "x 1\n")
        self.write("a/mapper.py", "def mapper(key, file, record):\n    raise ValueError\n")
        self.assertEqual(self.finish(self.begin("a")).status, 1)
        self.assertEqual([name for _, _, names in os.walk(self.path("s3")) for name in names], ["mine"])


class OfOthers(Remote):
    """What quern did not fetch is neither replaced nor deleted, and no link is followed."""

    def setUp(self):
        super().setUp()
        self.web = Server(self, "fault_server.py", {"/x.txt": {"text": "theirs\n"}, "/mapper.py": {"text": "theirs\n"}})
        self.host = self.web.url.split("//")[1]
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("data/*", self.web.url + "/x.txt") + TEXT,
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def test_a_file_of_the_user_stays(self):
        self.write(f"s3/{self.host}/x.txt", "mine\n")
        for keep in ("no", "yes"):
            run = self.quern("run", "--set", f"downloads.keep={keep}")
            self.assert_fails(run, "was not fetched by quern; move it away, or set downloads.directory")
            self.assertEqual(self.read(f"s3/{self.host}/x.txt"), "mine\n")
            run = self.quern("run", "-o", "-", "--set", f"downloads.keep={keep}", "--set", "downloads.directory=elsewhere")
            self.assertEqual(run.stdout, "theirs 1\n", run)

    def test_a_folder_of_downloads_with_the_job_is_refused(self):
        self.write_all({"deep/er/analysis-tools.yml": self.read("analysis-tools.yml").replace("x.txt", "mapper.py"),
                        "deep/er/mapper.py": self.read("mapper.py")})
        os.symlink("deep", self.path("link"))
        for directory, job in ((".", "."), ("..", "."), ("deep", "deep/er"), ("deep/er", "deep/er"), ("link", "deep/er")):
            for keep in ("no", "yes"):
                run = self.quern("run", job, "--set", f"downloads.directory={directory}", "--set", f"downloads.keep={keep}")
                self.assert_fails(run, "the job's folder", status=2)
        self.assertEqual(self.web.gets(), [])
        self.assertEqual(self.read("deep/er/mapper.py"), self.read("mapper.py"))

    def test_links_below_it_are_not_followed(self):
        self.write("victim/x.txt", "mine\n")
        os.mkdir(self.path("s3"))
        os.symlink("../victim", self.path(f"s3/{self.host}"))
        for keep in ("no", "yes"):
            self.assert_fails(self.quern("run", "--set", f"downloads.keep={keep}"), "a file or a link is in its place")
        self.assertEqual((os.listdir(self.path("victim")), self.read("victim/x.txt")), (["x.txt"], "mine\n"))
        os.symlink("victim", self.path("own"))
        self.assert_run(self.quern("run", "--set", "downloads.directory=own"), result="theirs 1\n")

    def test_a_kept_file_that_has_changed_stays(self):
        self.assert_run(self.quern("run", "--set", "downloads.keep=yes"), result="theirs 1\n")
        self.write(f"s3/{self.host}/x.txt", "changed\n")
        os.remove(self.path("result.txt"))
        self.assert_fails(self.quern("run"), "was not fetched by quern")
        self.assertEqual(self.read(f"s3/{self.host}/x.txt"), "changed\n")

    @unittest.skipIf(os.geteuid() != 0, "only root makes links for others")
    def test_links_that_others_planted_are_refused(self):
        for name, arguments in (("result.txt", []), ("result.json", []), ("log", ["--log", "shared/log"]),
                                ("s3", ["--set", "downloads.directory=shared/s3"])):
            os.mkdir(self.path("shared"))
            os.chmod(self.path("shared"), 0o1777)
            self.write("victim/file", "mine\n")
            link = self.path(f"shared/{name}")
            os.symlink("../victim" if name == "s3" else "../victim/file", link)
            os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
            run = self.quern("run", "-o", "shared/result.txt", *arguments)
            self.assertNotEqual(run.status, 0, run)
            self.assertIn("a symbolic link that another user has put", run.stderr, run)
            self.assertEqual((os.listdir(self.path("victim")), self.read("victim/file")), (["file"], "mine\n"))
            os.chown(link, os.geteuid(), os.getegid(), follow_symlinks=False)
            if name in ("result.txt", "s3"):
                self.assertEqual(self.quern("run", "-o", "shared/result.txt", *arguments).status, 0)
            shutil.rmtree(self.path("shared"))
            shutil.rmtree(self.path("victim"))


class Names(Remote):
    """Whatever an object is called, it is an input under that name."""

    KEYS = ["a//b", "/lead", "nonempty/", "x/./z", "p/../../up", "a", "a/b", "a/b/c", "n/" + "x" * 256, "line\nend", "tab\tand\x01",
            ".quern-kept", "d/.quern-lock", "d/.x.quern-part", "odd é+%=&?#"]

    def named(self):
        """Parts that begin with a dot are only taken where they are named."""
        return ["s3://data/**"] + [f"s3://data/{key}" for key in self.KEYS if key.startswith(".") or "/." in key]

    def test_keys_of_any_kind(self):
        self.serve({key: stored(f"{number}\n") for number, key in enumerate(self.KEYS)})
        self.write("files.sh", "#!/bin/sh\nwhile IFS= read -r name; do cat \"$name\"; done\n", executable=True)
        self.write("mapper.py", "def mapper(key, file, record):\n    return record, file.encode('unicode_escape').decode()\n")
        inputs = "inputs: " + json.dumps(self.named()) + "\n"
        for mapper, expected in (("{language: binary, script: files.sh}", "".join(sorted(f"{n}\n" for n in range(len(self.KEYS))))),
                                 ("{language: python, script: mapper.py}\nrecord: text", None)):
            self.write("analysis-tools.yml", f"mapper: {mapper}\n{inputs}")
            run = self.remote("run", "--set", "downloads.keep=no")
            self.assert_run(run, inputs_mapped=len(self.KEYS))
            if expected is not None:
                self.assertEqual("".join(sorted(run.result.splitlines(True))), expected)
        named = {line.split(" ", 1)[1] for line in run.result.splitlines()}
        self.assertEqual(named, {"s3://data/" + key.encode("unicode_escape").decode() for key in self.KEYS})
        self.assertFalse(os.path.exists(os.path.join(os.path.dirname(self.folder), "up")))

    def test_they_are_kept_and_used_again(self):
        self.serve({key: stored(f"{number}\n") for number, key in enumerate(self.KEYS)})
        self.write_all({"analysis-tools.yml": MAP_ONLY.replace("[data/*]", json.dumps(self.named())) + TEXT + "downloads: {keep: yes}\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n"})
        self.assert_run(self.remote("run"), inputs_mapped=len(self.KEYS))
        fetched = len(self.s3.gets())
        self.assert_run(self.remote("run"), inputs_mapped=len(self.KEYS))
        self.assertEqual(len(self.s3.gets()), fetched)

    def test_urls_of_any_kind(self):
        paths = ["/api/export/?format=json", "/", "/a//b", "/v1/data", "/v1/data/2", "/v1/data/", "/" + "y" * 256, "/line%0Aend", "/up/%2e%2e/x",
                 "/x%2Fy", "/x/y"]
        web = Server(self, "fault_server.py", {path.split("?")[0]: {"text": f"{number}\n"} for number, path in enumerate(paths)})
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nrecord: text\nmanifest: names\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, file\n",
                        "names": "".join(f"{web.url}{path}\n" for path in paths)})
        run = self.quern("run")
        self.assert_run(run, inputs_mapped=len(paths))
        self.assertEqual(set(run.result.splitlines()), {f"{number} {web.url}{path}" for number, path in enumerate(paths)})


class Sizes(Remote):
    """A size that somebody says costs nothing, and is not asked for where the fetch tells it."""

    def test_sizes_that_no_object_has_are_failed_inputs(self):
        web = Server(self, "fault_server.py", {"/a": {"text": "a\n"}, "/b": {"text": "b\n"}, "/c": {"text": "c\n"}, "/head": {
            "text": "d\n", "faults": [{"content_length": 2 ** 63 - 1, "ignore_range": True, "always": True}]}})
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nrecord: text\nmanifest: names\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n",
                        "names": f"{web.url}/a\n{web.url}/b\t{2 ** 63 - 1}\n{web.url}/c\t{2 ** 50}\n{web.url}/head\n"})
        run = self.quern("run", "--set", "limits.failed_inputs=3")
        self.assert_run(run, status=3, result="a 1\n", inputs_mapped=1, inputs_failed=3)
        reasons = [failed["reason"] for failed in run.accounting["failed_inputs"]]
        self.assertEqual(sum("no object has" in reason for reason in reasons), 3, reasons)

    def test_a_run_asks_for_no_sizes(self):
        web = Server(self, "fault_server.py", {f"/{number}": {"text": f"{number % 3}\n"} for number in range(40)})
        names = "".join(f"{web.url}/{number}\n" for number in range(40))
        self.write_all({"analysis-tools.yml": "mapper: {language: python, script: mapper.py}\nreducer: {builtin: sum}\nrecord: text\n",
                        "mapper.py": "def mapper(key, file, record):\n    return record, 1\n", "names": names})
        for arguments in (["run", "--manifest", "names"], ["run", "-i", "-"], ["map", "-"]):
            run = self.quern(*arguments, stdin=names)
            self.assertEqual(run.status, 0, run)
            self.assert_run(run, inputs_mapped=40)
        self.assertEqual([asked for asked in web.requests() if asked["method"] == "HEAD"], [])
