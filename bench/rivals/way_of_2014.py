"""The rival: how the tool of 2014 ran a job, in today's Python.

One interpreter reads names on standard input; beside it a decompressor for each file; readline, json.loads, the mapper;
what that gives goes to a file of lines, which the reducer then reads, groups in a dict and reduces into result.txt.

    ls data/*.xz | python3 bench/rivals/way_of_2014.py examples/os-count OUTPUT_FOLDER
"""
import json
import os
import subprocess
import sys

DECOMPRESSORS = {".json": ["cat"], ".xz": ["xz", "-dc"], ".gz": ["zcat"], ".zst": ["zstdcat"]}


def load(folder, name):
    module = {}
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), module)
    return module


def map_file(mapper, name, out):
    with subprocess.Popen([*DECOMPRESSORS[os.path.splitext(name)[1]], name], stdout=subprocess.PIPE) as process:
        while True:
            line = process.stdout.readline()
            if not line:
                break
            key, text = line.decode("utf-8").split("\t", 1)
            result = mapper(key, name, json.loads(text))
            if result is not None:
                out.write(f"{result[0]} {result[1]}\n")
    if process.returncode != 0:
        sys.exit(f"{name}: the decompressor failed")


def main():
    job, folder = sys.argv[1:]
    mapped = os.path.join(folder, "mapped.txt")
    mapper = load(job, "mapper.py")["mapper"]
    with open(mapped, "w", encoding="utf-8") as out:
        for name in sys.stdin:
            map_file(mapper, name.rstrip("\n"), out)
    groups = {}
    with open(mapped, encoding="utf-8") as lines:
        for line in lines:
            key, value = line.rstrip("\n").split(" ", 1)
            groups.setdefault(key, []).append(value)
    reduce = load(job, "reducer.py")["reduce"]
    with open(os.path.join(folder, "result.txt"), "w", encoding="utf-8") as out:
        for key in sorted(groups):
            out.write("{} {}\n".format(*reduce(key, groups[key])))


main()
