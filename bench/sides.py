"""How each side is called: quern, and the rivals that several rows share."""
import os
import subprocess
import sys

from contest import Command
from measuring import PROCESSORS, PYTHON, ROOT

QUERN = os.path.abspath(os.environ.get("QUERN", os.path.join(ROOT, "build/release/quern")))
RIVALS = os.path.join(ROOT, "bench/rivals")
OS_COUNT = os.path.join(ROOT, "examples/os-count")
BENCH_NODE = os.path.join(ROOT, "build/bench-node")
DUCKDB = "@duckdb/node-api@1.5.6-r.1"
CATS = {"xz": "xz -dc", "gz": "zcat", "zst": "zstdcat", "json": "cat"}


def job(name):
    return os.path.join(ROOT, "bench/jobs", name)


def files_of(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith("."))


def names_file(folder):
    """A file with the names of all files of a folder, one a line, for standard input."""
    path = folder.rstrip("/") + ".names"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in files_of(folder))
    return path


def quern(job_folder, inputs, *settings, name="quern", **more):
    chosen = [word for setting in settings for word in ("--set", setting)]
    return Command(name, [QUERN, "run", job_folder, "--quiet", "-i", inputs, "-o", "result.txt", *chosen], **more)


def way_of_2014(inputs):
    return Command("2014's way", [PYTHON, f"{RIVALS}/way_of_2014.py", OS_COUNT, "."], stdin=names_file(inputs))


def shell(name, script, **more):
    """A pipeline; what fails in its middle fails all of it."""
    return Command(name, ["bash", "-c", "set -euo pipefail\n" + script], **more)


def stream(action, job_folder, *words):
    return " ".join([PYTHON, f"{RIVALS}/stream.py", action, job_folder, *words])


def duckdb(query, separator=" ", memory="", **more):
    if not os.path.exists(os.path.join(BENCH_NODE, "node_modules/@duckdb/node-api")):
        install_duckdb()
    return Command("DuckDB", ["node", f"{RIVALS}/duckdb.mjs", BENCH_NODE, separator, memory, query], times_itself=True, **more)


def install_duckdb():
    os.makedirs(BENCH_NODE, exist_ok=True)
    made = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", BENCH_NODE, DUCKDB], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode != 0:
        sys.exit(f"npm could not install {DUCKDB} into {BENCH_NODE}:\n{made.stdout.decode()}")


def xargs(names, script):
    """One call of a script for each name in a file, as many at once as there are processors."""
    return f"xargs -P{PROCESSORS} -n1 bash -c 'set -euo pipefail\n{script}' quern <{names}\n"
