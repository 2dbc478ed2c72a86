"""Pairs through a Python reducer, in one process: a dict of lists of all values, then each key's list to reduce.

    dict_of_lists.py JOB FILE...
"""
import os
import sys


def main():
    job, names = sys.argv[1], sys.argv[2:]
    module = {}
    with open(os.path.join(job, "reducer.py"), encoding="utf-8") as file:
        exec(compile(file.read(), "reducer.py", "exec"), module)
    reduce, groups = module["reduce"], {}
    for name in names:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                key, value = line.rstrip("\n").split(",", 1)
                groups.setdefault(key, []).append(value)
    with open("result.txt", "w", encoding="utf-8") as out:
        for key in sorted(groups):
            out.write("{},{}\n".format(*reduce(key, groups[key])))


main()
