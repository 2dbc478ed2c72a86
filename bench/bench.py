"""Measures quern's promises side by side with rivals. Runs alternate, so that what else the machine does falls on all of
them; the medians are compared, and so are the results. Called by ./bench.sh.

    ./bench.sh                   every row, about 1 GB of data each
    ./bench.sh quick             every row with an eighth of the data
    ./bench.sh --list            the names of the rows
    ./bench.sh quick fields-gz sum-pairs
"""
import argparse
import json
import os
import shutil
import sys

from contest import Run
from corpora import Corpora
from measuring import ROOT
from rows import aggregate, builtin, crashers, lines, os_count, remote, small_files, submit, tasks, units

ROWS = {**os_count.ROWS, **builtin.ROWS, **aggregate.ROWS, **lines.ROWS, **small_files.ROWS, **crashers.ROWS, **remote.ROWS,
        **tasks.ROWS, **submit.ROWS, **units.ROWS}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="quick | ROW", help="an eighth of the data; rows to run instead of all")
    parser.add_argument("--list", action="store_true", help="only say which rows there are")
    parser.add_argument("--rounds", type=int, help="how often each side runs, instead of each row's own number")
    arguments = parser.parse_args()
    arguments.is_quick = "quick" in arguments.rows
    arguments.rows = [name for name in arguments.rows if name not in ("quick", "full")] or list(ROWS)
    unknown = sorted(set(arguments.rows) - set(ROWS))
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join(ROWS)}")
    return arguments


def write(rows):
    """Rows that were not run now keep what an earlier run found."""
    path = os.path.join(ROOT, "build/bench.json")
    kept = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
    new = {row["row"] for row in rows}
    with open(path, "w", encoding="utf-8") as file:
        json.dump([row for row in kept if row.get("row") not in {*new, None}] + rows, file, indent=2)


def main():
    arguments = parse_arguments()
    if arguments.list:
        for name, make in ROWS.items():
            print(f"{name:22} {make.__doc__}")
        return
    corpora = Corpora(arguments.is_quick)
    run = Run(arguments.rounds)
    for name in arguments.rows:
        run.hold(name, ROWS[name](corpora))
        write(run.rows)
    shutil.rmtree(run.folder)
    print("\nall numbers are in build/bench.json")
    if run.missed:
        sys.exit("promises that were not kept:\n  " + "\n  ".join(run.missed))


if __name__ == "__main__":
    main()
