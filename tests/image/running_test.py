"""The image as tasks get it: published to a registry, read back, and run."""
import json
import os
import unittest

import workshop

EXAMPLE = "/usr/share/quern/examples/os-count"


def expected(example):
    with open(os.path.join(workshop.ROOT, "examples", example, "expected.txt"), encoding="utf-8") as file:
        return file.read()


class Published(unittest.TestCase):
    def test_the_registry_has_what_make_publish_prints(self):
        name = workshop.published()
        repository, _, digest = name.partition("@")
        self.assertEqual(repository, f"{workshop.registry()}/team/quern")
        for reference in (name, f"{repository}:tested"):
            seen = json.loads(workshop.run("skopeo", "inspect", "--tls-verify=false", f"docker://{reference}")[0])
            self.assertEqual(seen["Digest"], digest)
            self.assertEqual(seen["Labels"]["org.opencontainers.image.title"], "quern")
            self.assertEqual((seen["Os"], seen["Architecture"]), ("linux", "amd64"))

    def test_make_says_what_it_would_do(self):
        said, _ = workshop.run("make", "REGISTRY=registry.example.com", environment={"INDEX": "team"})
        version = workshop.run("awk", "/^project.quern/ { print $3 }", "CMakeLists.txt")[0].strip()
        self.assertIn(f"pushes it as registry.example.com/team/quern:{version},", said)
        self.assertIn(f"OUTPUT=build/quern-{version}.tar.zst", said)

    def test_an_engine_that_is_not_there(self):
        for engine, says in (("kaniko", "it must be docker, podman or buildah"), ("docker", "ENGINE is docker, which is not installed here")):
            environment = {"ENGINE": engine, "DOCKER_HOST": "unix:///nonexistent"}
            _, said = workshop.run("tools/image", "build", environment=environment, status=1)
            self.assertIn(says, said)


class Running(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Pulled by its digest, as a worker does.
        cls.container = workshop.Container(workshop.pulled())

    def test_the_job_of_the_image(self):
        result, said = self.container.run("quern", "run", "--output", "-")
        self.assertEqual(result, expected("os-count"))
        self.assertIn("3 found = 3 mapped", said)

    def test_map_and_reduce_are_the_whole(self):
        parts = []
        for number, name in enumerate(sorted(os.listdir(os.path.join(workshop.ROOT, "examples/os-count/data")))):
            self.container.run("quern", "map", f"{EXAMPLE}/data/{name}", "--output", f"part{number}.txt")
            parts.append(f"part{number}.txt")
        self.container.run("quern", "reduce", *parts)
        self.assertEqual(self.container.run("cat", "/home/worker/result.txt")[0], expected("os-count"))

    def test_each_example(self):
        for name in ("grep-count", "line-length", "word-count"):
            with self.subTest(example=name):
                self.assertEqual(self.container.run("quern", "run", f"/usr/share/quern/examples/{name}", "--output", "-")[0], expected(name))

    def test_a_job_that_begins_in_it(self):
        for language in ("python", "javascript", "binary"):
            with self.subTest(language=language):
                self.container.run("quern", "init", language, "--language", language)
                self.assertIn("Linux", self.container.run("quern", "run", language, "--output", "-")[0])

    def test_nobody_is_root(self):
        self.assertEqual(self.container.run("id", "-un")[0].strip(), "worker")
        self.container.run("touch", "/etc/quern/key.pem", status=1)


class Saved(unittest.TestCase):
    def test_the_archive_has_a_name_and_the_same_image(self):
        workshop.image()
        path = f"{workshop.temporary_folder()}/quern.tar.zst"
        workshop.make_only("save", OUTPUT=path)
        workshop.note(f"saved {os.path.getsize(path) / 1e6:.0f} MB")
        # As a worker does: decompressed, then loaded by the name that the archive has.
        workshop.run("zstd", "-q", "-d", path, "-o", path[:-len(".zst")])
        listed = json.loads(workshop.run("tar", "-xOf", path[:-len(".zst")], "manifest.json")[0])
        self.assertEqual([name.removeprefix("docker.io/library/").removeprefix("localhost/") for name in listed[0]["RepoTags"]], ["quern:tested"])
        target = f"{workshop.temporary_folder()}/loaded"
        workshop.run("skopeo", "copy", "--insecure-policy", f"docker-archive:{path[:-len('.zst')]}", f"dir:{target}")
        seen = json.loads(workshop.run("skopeo", "inspect", "--config", f"dir:{target}")[0])
        self.assertEqual(seen["rootfs"]["diff_ids"], workshop.config(workshop.image())["rootfs"]["diff_ids"])
        self.assertEqual(seen["config"]["User"], "worker")
        self.assertEqual(sorted(os.listdir(os.path.dirname(path))), ["quern.tar", "quern.tar.zst"])
