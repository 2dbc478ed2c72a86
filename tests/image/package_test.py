"""The .deb and `cmake --install`, each in a fresh root that has nothing of what builds quern."""
import os
import re
import shutil
import unittest

import workshop
from running_test import expected


class Package(unittest.TestCase):
    def test_what_it_says(self):
        fields = dict(re.findall(r"^ ?(\S+): (.*)", workshop.run("dpkg-deb", "--info", workshop.package())[0], re.M))
        self.assertEqual((fields["Package"], fields["Architecture"]), ("quern", "amd64"))
        depends = re.findall(r"[^\s,]+(?= \(>=)", fields["Depends"])
        for library in ("libc6", "libcurl4", "libssl3", "liblzma5", "libzstd1", "libsimdjson14"):
            self.assertIn(library, depends)
        self.assertNotIn("python3", depends)
        self.assertIn("python3 (>= 3.8) | nodejs", fields["Recommends"])

    def test_what_is_in_it(self):
        listed = workshop.run("dpkg-deb", "--contents", workshop.package())[0]
        entries = {line.split()[5].removeprefix("."): line.split()[:2] for line in listed.splitlines()}
        for path in ("/usr/bin/quern", "/usr/share/man/man1/quern.1.gz", "/usr/share/bash-completion/completions/quern", "/usr/share/man/man5/quern-job.5.gz",
                     "/usr/share/zsh/vendor-completions/_quern", "/usr/share/fish/vendor_completions.d/quern.fish", "/usr/share/doc/quern/copyright",
                     "/usr/share/doc/quern/job-file.md", "/usr/share/quern/examples/os-count/mapper.py"):
            self.assertIn(path, entries)
        self.assertEqual({owner for _, owner in entries.values()}, {"root/root"})
        self.assertEqual([path for path in entries if not path.startswith("/usr/") and path not in ("/", "/usr/")], [])
        self.assertEqual([path for path, (mode, _) in entries.items() if mode[5] == "w" or mode[8] == "w"], [])

    def test_installing_and_removing_it(self):
        container = workshop.Container(workshop.base())
        container.copy(workshop.package(), "/tmp/quern.deb")
        container.run("sh", "-euc", "apt-get -q update && apt-get -q install -y --no-install-recommends /tmp/quern.deb python3")
        self.assert_works(container, "/usr")
        container.run("dpkg", "--remove", "quern")
        container.run("sh", "-c", "! command -v quern && ! ls -d /usr/share/quern /usr/share/doc/quern")
        self.assert_install_works(container)

    def assert_install_works(self, container):
        """`cmake --install` into the same root: the libraries are there, quern is not."""
        target = workshop.temporary_folder()
        workshop.run("cmake", "--install", workshop.BUILD, "--prefix", "/usr/local", environment={"DESTDIR": target})
        container.copy(f"{target}/usr/local", "/usr/local")
        self.assert_works(container, "/usr/local")

    def assert_works(self, container, prefix):
        self.assertEqual(container.run("sh", "-c", "command -v quern")[0].strip(), f"{prefix}/bin/quern")
        result, _ = container.run("quern", "run", f"{prefix}/share/quern/examples/os-count", "--output", "-", folder="/tmp")
        self.assertEqual(result, expected("os-count"))
        completion = f"{prefix}/share/bash-completion/completions/quern"
        self.assertIn("quern", container.run("bash", "-c", f". {completion} && complete -p quern")[0])
        # Images leave out manuals, so it is looked at where it was packed.
        if prefix == "/usr/local":
            for path in ("man/man1/quern.1.gz", "man/man5/quern-job.5.gz", "zsh/site-functions/_quern"):
                self.assertTrue(os.path.exists(f"{container.root}{prefix}/share/{path}"), path)


class Manual(unittest.TestCase):
    def test_man_can_show_it(self):
        target = workshop.temporary_folder()
        workshop.run("dpkg-deb", "--extract", workshop.package(), target)
        page, _ = workshop.run("gzip", "-dc", f"{target}/usr/share/man/man1/quern.1.gz")
        self.assertTrue(page.startswith('.\\" The manual page of quern'))
        page, _ = workshop.run("gzip", "-dc", f"{target}/usr/share/man/man5/quern-job.5.gz")
        self.assertIn("\\fBlimits.memory\\fR", page)
        shutil.rmtree(target)
