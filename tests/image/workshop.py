"""What the image's tests share: a storage of images of their own, a base image, a clean checkout, and what is built of them.

Each is made when a test first asks for it, and once. All of it lies in build/image and in temporary folders; no image, container or
service of the machine is touched. Tests that need a container start it from here, so that it goes away at the end.
"""
import ctypes
import functools
import glob
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(FOLDER))
BUILD = os.path.abspath(os.environ.get("QUERN_BUILD", os.path.join(ROOT, "build/release")))
WORK = os.path.join(ROOT, "build/image")
STORAGE = ["--root", f"{WORK}/storage", "--runroot", f"{WORK}/run", "--storage-driver", "overlay"]
BASE = "localhost/quern-test-base:latest"
TOOLS = ["buildah", "cpack", "docker-registry", "git", "make", "mmdebstrap", "skopeo", "zstd"]
PATIENCE_SECONDS = 30

settings = types.SimpleNamespace(from_source=False)
# What is undone at the end, last first.
undo = []


def missing():
    """What these tests lack on this machine."""
    found = [f"{tool} is not installed: tools/set_up image" for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        found.append("this is not root, which the chroots of these tests need")
    if not os.path.exists(f"{BUILD}/quern"):
        found.append(f"{BUILD}/quern is not built: cmake --preset release && cmake --build --preset release")
    return found


def close():
    """Layers that nothing uses any more go; those of the last build stay for the next one."""
    while undo:
        undo.pop()()
    if os.path.exists(f"{WORK}/storage"):
        buildah("rm", "--all")
        buildah("rmi", "--prune")


def run(*command, folder=ROOT, status=0, environment=None, stdin=None):
    """Runs a program to its end and returns (standard output, standard error); another status than this one is a failure."""
    done = subprocess.run(command, cwd=folder, env=dict(os.environ, **(environment or {})), input=stdin or "", text=True,
                          capture_output=True, check=False)
    if done.returncode != status:
        raise AssertionError(f"\n$ {' '.join(command)}\nexit status {done.returncode}\n--- stdout\n{done.stdout[-4000:]}\n--- stderr\n{done.stderr[-8000:]}")
    return done.stdout, done.stderr


def note(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def buildah(*arguments, **options):
    return run("buildah", *STORAGE, *arguments, **options)[0].strip()


def temporary_folder():
    folder = tempfile.mkdtemp(prefix="tests-of-quern-")
    undo.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Containers


class Container:
    """A container of an image; each run in it starts anew from what the one before left."""

    def __init__(self, image, *options):
        self.name = buildah("from", "--pull-never", *options, image)
        undo.append(lambda: buildah("rm", self.name))

    def run(self, *command, user=None, folder=None, status=0, environment=None):
        """(standard output, standard error) of a command, as the image's user, in its working folder, unless others are named."""
        options = ["--user", user] if user else []
        options += ["--workingdir", folder] if folder else []
        for name, value in (environment or {}).items():
            options += ["--env", f"{name}={value}"]
        return run("buildah", *STORAGE, "run", "--isolation", "chroot", *options, self.name, "--", *command, status=status)

    def copy(self, source, target, owner="0:0"):
        buildah("copy", "--chown", owner, self.name, source, target)

    @functools.cached_property
    def root(self):
        """The folder in which its files can be looked at."""
        path = buildah("mount", self.name)
        undo.append(lambda: buildah("umount", self.name))
        return path


def config(image):
    """What an image says of itself: user, working folder, labels, environment, and its history."""
    return json.loads(buildah("inspect", "--type", "image", image))["OCIv1"]


# What is made once


@functools.cache
def base():
    """A base image as Debian's own slim one: what is required, and apt, without documentation."""
    if os.path.exists(f"{WORK}/storage"):
        # What tests that were killed have left is still mounted.
        buildah("rm", "--all")
    mirror, suite = "http://deb.debian.org", "bookworm"
    sources = [f"deb {mirror}/debian {suite} main", f"deb {mirror}/debian {suite}-updates main", f"deb {mirror}/debian-security {suite}-security main"]
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "linda", "lintian", "locale", "man")]
    options = ["--variant=minbase", *left_out, "--dpkgopt=path-include=/usr/share/doc/*/copyright", "--include=usr-is-merged",
               "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr", "--format=tar"]
    recipe = hashlib.sha256(repr((options, suite, sources)).encode()).hexdigest()[:8]
    archive = f"{WORK}/base-{recipe}.tar"
    os.makedirs(WORK, exist_ok=True)
    if not os.path.exists(archive):
        note("making a base image, which takes a minute")
        run("mmdebstrap", "--quiet", *options, suite, f"{archive}.part", *sources)
        os.rename(f"{archive}.part", archive)
        shutil.rmtree(f"{WORK}/storage", ignore_errors=True)
    if not buildah("images", "--quiet", "--filter", f"reference={BASE}"):
        name = buildah("from", "scratch")
        buildah("add", name, archive, "/")
        buildah("config", "--cmd", "bash", name)
        buildah("commit", "--quiet", "--rm", name, BASE)
    return BASE


@functools.cache
def package():
    """The .deb of the quern in BUILD."""
    folder = temporary_folder()
    run("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-B", folder)
    [path] = glob.glob(f"{folder}/*.deb")
    return path


@functools.cache
def checkout():
    """A clone of this repository, with what is changed but not committed, and nothing that git ignores."""
    folder = f"{temporary_folder()}/quern"
    run("git", "clone", "--quiet", ROOT, folder)
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")[0].split("\0")
    for name in filter(None, set(listed) | set(run("git", "ls-files", "-z", folder=folder)[0].split("\0"))):
        source, target = f"{ROOT}/{name}", f"{folder}/{name}"
        if os.path.lexists(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        elif os.path.lexists(target):
            os.unlink(target)
    # What a build must not see.
    os.makedirs(f"{folder}/build/package")
    for secret in ("key.pem", "src/key.pem", "credentials"):
        with open(f"{folder}/{secret}", "w", encoding="utf-8") as file:
            file.write("left by mistake: 5c1f0a7e-not-for-the-image\n")
    shutil.copy(package(), f"{folder}/build/package/")
    return folder


def make(target, *options, **variables):
    """`make TARGET` in the checkout, with buildah and the storage of these tests: (standard output, standard error)."""
    variables = {"ENGINE": "buildah", "ENGINE_FLAGS": " ".join(STORAGE), "BUILD_FLAGS": "--isolation chroot --layers --quiet",
                 "TAG": "tested", "BASE": base(), "SNAPSHOT": "", "PACKAGE": "ready", **variables}
    words = [f"{name}={value}" for name, value in variables.items()]
    return run("make", "--no-print-directory", *options, target, *words, folder=checkout())


def make_only(target, **variables):
    """The same, of the image that is there: it is not built again."""
    image()
    return make(target, "--old-file=image", **variables)


@functools.cache
def image():
    """The name of the image under test, just built."""
    note("building the image" + (" and quern in it" if settings.from_source else ""))
    if settings.from_source:
        make("image", PACKAGE="built", SNAPSHOT="20260824T000000Z", ARCHIVE=snapshots())
    else:
        make("image")
    note("built")
    return "localhost/quern:tested"


# Servers


class Snapshots(http.server.BaseHTTPRequestHandler):
    """In the place of Debian's archive of past days, which a machine of tests may not reach: every day is today."""

    def do_GET(self):
        _, _, archive, _, rest = self.path.split("/", 4)
        self.send_response(302)
        self.send_header("Location", f"http://deb.debian.org/{archive}/{rest}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass


@functools.cache
def snapshots():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Snapshots)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    undo.append(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}/archive"


def die_with_parent():
    """In a child: no server outlives the tests, however they end."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


@functools.cache
def registry():
    """Debian's docker-registry on loopback, as HOST:PORT."""
    folder, port = temporary_folder(), free_port()
    with open(f"{folder}/config.yml", "w", encoding="utf-8") as file:
        json.dump({"version": "0.1", "log": {"level": "warn"}, "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}},
                   "http": {"addr": f"127.0.0.1:{port}", "secret": "of tests"}}, file)
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", f"{folder}/config.yml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=die_with_parent)
    undo.append(lambda: (process.terminate(), process.wait()))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return f"127.0.0.1:{port}"
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                with open(f"{folder}/log", encoding="utf-8") as log:
                    raise AssertionError(f"docker-registry does not start:\n{log.read()}") from None
            time.sleep(0.02)


@functools.cache
def published():
    """The published image as the job file is to name it, HOST:PORT/INDEX/quern@sha256:..."""
    said, _ = make_only("publish", REGISTRY=registry(), INDEX="team", PUSH_FLAGS="--tls-verify=false")
    return said.strip().splitlines()[-1]


@functools.cache
def pulled():
    """The name of the published image, after it was pulled from the registry."""
    name = published()
    buildah("pull", "--quiet", "--tls-verify=false", "--policy", "always", name)
    undo.append(lambda: buildah("rmi", name))
    return name
