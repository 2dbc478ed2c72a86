"""What a job must give, reckoned without quern: from the words of docs/job-file.md, in plain Python, with nothing shared.

Pairs are (key, value), both str. A key's order is that of its bytes.
"""
import fractions
import hashlib
import json
import statistics


def grouped(pairs):
    """(key, values) in key order; values in the order of the pairs."""
    groups = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return sorted(groups.items(), key=lambda group: group[0].encode())


def number(text):
    """An exact value, or None for what is not a number."""
    try:
        return fractions.Fraction(int(text))
    except ValueError:
        pass
    try:
        return fractions.Fraction(float(text))
    except ValueError:
        return None


def is_whole(text):
    return text.lstrip("-").isdigit()


def total(values):
    exact = sum(map(number, values))
    return str(exact) if all(map(is_whole, values)) else repr(float(exact))


def smallest(values, sign):
    """The smallest (sign 1) or largest (-1); equal numbers: the first by bytes. Only text: by bytes."""
    numbers = [(sign * number(value), value) for value in values if number(value) is not None]
    if numbers:
        return min(numbers)[1]
    return min(values, key=str.encode) if sign == 1 else max(values, key=str.encode)


def array(values):
    return json.dumps(values, ensure_ascii=False)


def digest(values):
    return f"{len(values)}-{hashlib.sha256('|'.join(values).encode()).hexdigest()[:12]}"


REDUCERS = {
    "sum": total,
    "total": total,
    "count": lambda values: str(len(values)),
    "mean": lambda values: repr(float(sum(map(number, values)) / len(values))),
    "stddev": lambda values: repr(statistics.stdev(map(number, values))) if len(values) > 1 else "null",
    "min": lambda values: smallest(values, 1),
    "max": lambda values: smallest(values, -1),
    "list": array,
    "unique": lambda values: array(sorted(set(values), key=str.encode)),
    "top:3": lambda values: array(sorted(values, key=lambda value: (-number(value), value.encode()))[:3]),
    "digest": digest,
}


def reduce(pairs, kind):
    return [(key, REDUCERS[kind](values)) for key, values in grouped(pairs)] if kind else pairs


def map_step(pairs):
    return [(str(len(value) % 5), key) for key, value in pairs]


def text(pairs, separator):
    return "".join(f"{key}{separator}{value}\n" for key, value in pairs)
