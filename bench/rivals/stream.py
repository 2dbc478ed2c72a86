"""A job's functions in a pipe, as they are put there by hand.

    zcat FILE | stream.py map JOB FILE >lines        # records to lines "key value"
    cat lines... | stream.py reduce JOB >result.txt  # lines to groups in a dict to the result
    zcat FILE | stream.py all JOB FILE >result.txt   # both in one process
"""
import json
import os
import sys


def load(folder, name):
    module = {}
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), module)
    return module


def mapped(job, name):
    mapper, loads = load(job, "mapper.py")["mapper"], json.loads
    for line in sys.stdin:
        key, text = line.split("\t", 1)
        yield mapper(key, name, loads(text))


def reduced(job, pairs):
    groups = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    reduce = load(job, "reducer.py")["reduce"]
    for key in sorted(groups):
        sys.stdout.write("{} {}\n".format(*reduce(key, groups[key])))


def main():
    action, job = sys.argv[1:3]
    if action == "map":
        sys.stdout.writelines(f"{key} {value}\n" for key, value in mapped(job, sys.argv[3]))
    elif action == "reduce":
        reduced(job, (line.rstrip("\n").split(" ", 1) for line in sys.stdin))
    else:
        reduced(job, ((key, str(value)) for key, value in mapped(job, sys.argv[3])))


main()
