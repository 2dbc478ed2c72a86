"""The modules of drawn jobs: each does the same in every language and interface.

A mapper gives each record's pair as often as the record says, raises on some records and dies of others. A reducer is `digest`, which
shows every value and their order, or `total`, the sum of whole numbers. The mapper of a further step gives the length of the value,
modulo 5, and the key.
"""

# How a record's line becomes key, value, what is to happen, and how often the pair is given.
PYTHON_FIELDS = {
    "json": "k, v, x, n = (record[name] for name in 'kvxn')",
    "text": "k, v, x, n = record.split('\\t'); n = int(n)",
}
JAVASCRIPT_FIELDS = {
    "json": "const {k, v, x, n} = record;",
    "text": "const [k, v, x, n] = record.split('\\t');",
}
PYTHON_DIGEST = """\
import hashlib
def digest(values):
    return f"{len(values)}-{hashlib.sha256('|'.join(values).encode()).hexdigest()[:12]}"
def total(values):
    return str(sum(map(int, values)))
"""
JAVASCRIPT_DIGEST = """\
const {createHash} = require('crypto');
const digest = (values) => `${values.length}-${createHash('sha256').update(values.join('|')).digest('hex').slice(0, 12)}`;
const total = (values) => String(values.reduce((sum, value) => sum + BigInt(value), 0n));
"""
# What a `lines` or `files` program in Python reads and writes.
PYTHON_LINES = """\
import itertools, json, sys
SEPARATOR = {separator!r}
def lines(file):
    return (line.decode().rstrip("\\n") for line in file)
def give(key, value, times=1):
    sys.stdout.buffer.write((key + SEPARATOR + value + "\\n").encode() * times)
"""


def mapper(language, interface, record, separator):
    """The source of a mapper."""
    if interface == "function" and language == "python":
        return f"""\
import os, signal
def mapper(key, file, record):
    {PYTHON_FIELDS[record]}
    if x == "raises":
        raise ValueError("drawn so")
    if x == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    for _ in range(n):
        yield k, v
"""
    if interface == "function":
        return f"""\
exports.mapper = function* (key, file, record) {{
  {JAVASCRIPT_FIELDS[record]}
  if (x === 'raises') throw new Error('drawn so');
  if (x === 'dies') process.kill(process.pid, 'SIGKILL');
  for (let time = 0; time < Number(n); ++time) yield [k, v];
}};
"""
    if language == "binary":
        give = f'for (time = 0; time < field[4]; ++time) printf "%s{separator}%s\\n", field[1], field[2]'
        if interface == "lines":
            return f'#!/usr/bin/awk -f\n{{ split($0, field, "\\t"); {give} }}\n'
        return ('#!/usr/bin/awk -f\n{ while ((getline line < $0) > 0) { split(line, field, "\\t"); ' + give + ' >"result.txt" } close($0) }\n')
    parse = "record = json.loads(record); " if record == "json" else ""
    read = "lines(sys.stdin.buffer)" if interface == "lines" else "(line for name in sys.stdin for line in lines(open(name[:-1], 'rb')))"
    return PYTHON_LINES.format(separator=separator) + f"for record in {read}:\n    {parse}{PYTHON_FIELDS[record]}\n    give(k, v, n)\n"


def step_mapper(language, interface, separator):
    if interface == "lines":
        return PYTHON_LINES.format(separator=separator) + ("for line in lines(sys.stdin.buffer):\n    key, _, value = line.partition(SEPARATOR)\n"
                                                           "    give(str(len(value) % 5), key)\n")
    if language == "python":
        return "def mapper(key, file, record):\n    return str(len(record) % 5), key\n"
    return "exports.mapper = (key, file, record) => [String(record.length % 5), key];\n"


def reducer(language, interface, kind, separator):
    """The source of a reducer; a script that combines is the same."""
    if interface == "lines":
        return PYTHON_LINES.format(separator=separator) + PYTHON_DIGEST + (
            "pairs = (line.partition(SEPARATOR)[::2] for line in lines(sys.stdin.buffer))\n"
            f"for key, group in itertools.groupby(pairs, lambda pair: pair[0]):\n    give(key, {kind}([value for _, value in group]))\n")
    if language == "python":
        return PYTHON_DIGEST + f"def reduce(key, values):\n    return key, {kind}(list(values))\n"
    return JAVASCRIPT_DIGEST + f"exports.reduce = (key, values) => [key, {kind}([...values])];\n"
