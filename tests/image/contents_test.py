"""What is in the image, and what is not."""
import os
import re
import stat
import unittest

import workshop

COMPILERS = re.compile(r"(.*-)?(gcc|g\+\+|cc|c\+\+|cpp|clang|clang\+\+|ld|as|gdb|make|cmake|ninja|cpack|dpkg-buildpackage)(-[0-9.]+)?")
DEVELOPMENT = re.compile(r".*-dev|build-essential|binutils.*|cmake|ninja-build|make|g\+\+.*|gcc-[0-9]+|cpp.*|git|python3-pip|npm")
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")
# Without Python and Node.js, unpacked.
LARGEST_BYTES = 250_000_000


def files(root):
    """(path within the image, its status) of all that is in it."""
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            path = os.path.join(folder, name)
            yield path[len(root):], os.lstat(path)


def read(root, path):
    with open(root + path, encoding="utf-8") as file:
        return file.read()


def installed(root):
    return re.findall(r"^Package: (.*)", read(root, "/var/lib/dpkg/status"), re.M)


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.container = workshop.Container(workshop.image())
        cls.root = cls.container.root
        cls.files = dict(files(cls.root))
        cls.config = workshop.config(workshop.image())

    def test_who_runs_and_where(self):
        config = self.config["config"]
        self.assertEqual(config["User"], "worker")
        self.assertEqual(config["WorkingDir"], "/home/worker")
        self.assertNotIn("Entrypoint", config)
        self.assertNotIn("Healthcheck", config)
        self.assertIn("worker:x:1000:1000::/home/worker:/bin/bash", read(self.root, "/etc/passwd").splitlines())
        home = self.files["/home/worker"]
        self.assertEqual((home.st_uid, home.st_gid, os.listdir(self.root + "/home")), (1000, 1000, ["worker"]))

    def test_labels(self):
        folder = workshop.checkout()
        revision = workshop.run("git", "rev-parse", "HEAD", folder=folder)[0].strip()
        # The checkout has files that nobody committed: those which the image must not have.
        version = re.search(r"project\(quern VERSION (\S+)", read(folder, "/CMakeLists.txt"))[1]
        labels = self.config["config"]["Labels"]
        self.assertEqual(labels["org.opencontainers.image.revision"], revision + "-dirty")
        self.assertEqual(labels["org.opencontainers.image.version"], version)
        self.assertEqual(labels["org.opencontainers.image.title"], "quern")
        self.assertRegex(labels["org.opencontainers.image.created"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertIn(version, self.container.run("quern", "version")[0])

    def test_nothing_that_compiles(self):
        programs = [path for path, status in self.files.items()
                    if not stat.S_ISDIR(status.st_mode) and os.path.dirname(path) in ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/libexec")]
        self.assertIn("/usr/bin/quern", programs)
        self.assertEqual([path for path in programs if COMPILERS.fullmatch(os.path.basename(path))], [])
        self.assertEqual([name for name in installed(self.root) if DEVELOPMENT.fullmatch(name)], [])
        self.assertEqual([path for path in self.files if path.endswith((".o", ".a", ".cc"))], [])

    def test_nothing_runs_as_another_beyond_what_debian_has(self):
        def raising(found):
            return {(path, status.st_uid, stat.S_IMODE(status.st_mode)) for path, status in found.items()
                    if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID)}
        base = raising(dict(files(workshop.Container(workshop.base()).root)))
        self.assertIn(("/usr/bin/su", 0, 0o4755), base)
        self.assertEqual(raising(self.files) - base, set())

    def test_no_secret(self):
        found = []
        for path, status in self.files.items():
            if stat.S_ISREG(status.st_mode):
                with open(self.root + path, "rb") as file:
                    data = file.read()
                # Libraries have keys of their own, for testing themselves.
                if (PRIVATE_KEY.search(data) and b"\0" not in data) or b"5c1f0a7e-not-for-the-image" in data:
                    found.append(path)
        self.assertEqual(found, [])
        self.assertEqual([path for path in self.files if os.path.basename(path) in (".git", ".netrc", ".aws", ".docker", "key.pem")], [])
        self.assertEqual(os.listdir(self.root + "/etc/quern"), [])
        names = [variable.partition("=")[0] for variable in self.config["config"]["Env"]]
        self.assertEqual(sorted(names), ["LANG", "PATH"])

    def test_nothing_is_left_over(self):
        for folder in ("/tmp", "/var/tmp", "/var/lib/apt/lists", "/var/cache/apt/archives", "/root/.cache", "/source", "/package", "/tools"):
            left = os.listdir(self.root + folder) if folder in self.files else []
            self.assertEqual([name for name in left if name not in ("partial", "lock")], [], folder)
        logs = [path for path, status in self.files.items() if path.startswith("/var/log/") and stat.S_ISREG(status.st_mode)]
        self.assertEqual(logs, [])
        world = [path for path, status in self.files.items() if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode)
                 and not status.st_mode & stat.S_ISVTX and not path.startswith(("/dev/", "/proc/"))]
        self.assertEqual(world, [])

    def test_no_library_is_missing(self):
        needed, _ = self.container.run("ldd", "/usr/bin/quern")
        self.assertIn("libcurl", needed)
        self.assertNotIn("not found", needed)

    def test_the_tools_that_modules_expect(self):
        programs = "bzip2 curl gzip jq lz4 node python3 quern xz zstd"
        self.assertEqual(self.container.run("sh", "-c", f"for program in {programs}; do command -v $program; done")[0].split(),
                         [f"/usr/bin/{program}" for program in programs.split()])
        self.assertIn("/etc/ssl/certs/ca-certificates.crt", self.files)

    def test_it_is_small(self):
        share = {name: self.share_of(name) for name in ("python3", "nodejs")}
        total = sum({status.st_ino: status.st_size for status in self.files.values() if stat.S_ISREG(status.st_mode)}.values())
        rest = total - sum(share.values())
        workshop.note(f"unpacked {total / 1e6:.0f} MB: Python {share['python3'] / 1e6:.0f}, Node.js {share['nodejs'] / 1e6:.0f}, the rest {rest / 1e6:.0f}")
        self.assertLess(rest, LARGEST_BYTES)
        self.assertGreater(min(share.values()), 10_000_000)

    def share_of(self, package):
        """The bytes of a package and of what only it needs."""
        said, _ = self.container.run("apt-get", "--simulate", "--autoremove", "purge", package, user="root")
        names = re.findall(r"^Purg (\S+)", said, re.M)
        self.assertIn(package, names)
        listed = set()
        for name in names:
            for path in (f"/var/lib/dpkg/info/{name}.list", f"/var/lib/dpkg/info/{name}:amd64.list"):
                if path in self.files:
                    listed.update(read(self.root, path).splitlines())
        folders = tuple(path + "/__pycache__/" for path in listed if path.endswith(".py") for path in [os.path.dirname(path)])
        return sum(status.st_size for path, status in self.files.items()
                   if stat.S_ISREG(status.st_mode) and (path in listed or os.path.dirname(path) + "/" in folders))


class Layers(unittest.TestCase):
    def test_the_same_sources_make_the_same_layers(self):
        if not workshop.settings.from_source:
            self.skipTest("takes another minute: --from-source does it")
        flags = "--isolation chroot --quiet --layers --no-cache"
        layers = []
        for tag in ("once", "again"):
            workshop.make("image", TAG=tag, BUILD_FLAGS=flags)
            layers.append(workshop.config(f"localhost/quern:{tag}")["rootfs"]["diff_ids"])
        self.assertGreater(len(layers[0]), 2)
        self.assertEqual(*layers)
