"""The floor: a bare interpreter that does nothing but the user's own work on records that are already decoded.

    python3 bench/rivals/bare_mapper.py examples/os-count FILE...

With --reduce it goes on to the reducer and writes result.txt into the current folder: a small job by hand.
"""
import json
import os
import sys


def load(folder, name):
    module = {}
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), module)
    return module


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--reduce"]
    job, names = arguments[0], arguments[1:]
    mapper = load(job, "mapper.py")["mapper"]
    loads = json.loads
    groups = {}
    for name in names:
        with open(name, "rb", buffering=1 << 20) as lines:
            for line in lines:
                key, text = line.split(b"\t", 1)
                result = mapper(key.decode(), name, loads(text))
                groups.setdefault(result[0], []).append(str(result[1]))
    if "--reduce" in sys.argv:
        reduce = load(job, "reducer.py")["reduce"]
        with open("result.txt", "w", encoding="utf-8") as out:
            for key in sorted(groups):
                out.write("{} {}\n".format(*reduce(key, groups[key])))


main()
