"""A job drawn at random: its files, and what quern must make of them (model.py)."""
import collections
import dataclasses
import json
import random

import model
import modules
from scenario import compress

ENDINGS = ["none", "none", "xz", "gz", "bz2", "zst", "lz4", "br"]
WORKERS = [("python", "function"), ("javascript", "function"), ("python", "lines")]
SCRIPTS = {"python": "py", "javascript": "js", "binary": "awk"}
# What a record's `x` may say. Other than good ones: those that are bad, those that `pairs` finds nothing in, and what `where` drops.
BAD = ("raises", "dies", "broken")
ABSENT = ("no k", "no v", "null k", "null v")
KEYS = ["a", "b", "key", "Key", "0", "10", "9", "é", "日本", "z-z", "\U0001f680"]


@dataclasses.dataclass
class Record:
    key: str
    value: str
    what: str
    times: int
    line: str = ""


@dataclasses.dataclass
class Input:
    name: str
    records: list
    damaged: bool
    stored: bytes


class Job:
    def __init__(self, draw: random.Random, dying):
        """`dying`: so many records at most kill their child."""
        self.draw = draw
        self.dying = dying
        self.files = {}
        self.draw_mapper()
        self.draw_reducer()
        self.draw_inputs()
        self.draw_limits()
        # In quotes the path of a value would be text.
        self.files["analysis-tools.yml"] = json.dumps(self.settings(), indent=1).replace('"value": "v"', '"value": v') + "\n"

    # What is drawn

    def draw_mapper(self):
        draw = self.draw
        self.separator = draw.choice([" ", "\t", ",", "=>"])
        self.builtin = draw.random() < 0.2
        self.interface = "function" if self.builtin else draw.choice(["function", "function", "lines", "files"])
        self.record = "json" if self.builtin else draw.choice(["json", "text"])
        # awk reads no JSON.
        other = ["binary"] if self.record == "text" else []
        self.language = draw.choice(["python", "javascript"] if self.interface == "function" else ["python"] + other)
        self.by_records = self.interface == "function"
        self.where = self.record == "json" and self.interface != "files" and draw.random() < 0.3
        if self.builtin:
            self.mapper = {"builtin": "pairs", "key": "k", "value": "v"}
        else:
            self.mapper = self.worker("mapper", self.language, self.interface,
                                      modules.mapper(self.language, self.interface, self.record, self.separator))

    def draw_reducer(self):
        draw = self.draw
        self.values = draw.choice(["whole", "numbers", "text"])
        kinds = ["count", "list", "unique", "min", "max", "digest", "digest", None]
        kinds += {"whole": ["sum", "mean", "stddev", "top:3", "total"], "numbers": ["sum", "mean", "stddev", "top:3"], "text": []}[self.values]
        self.kind = draw.choice(kinds)
        self.reducer, self.combiner = self.reducing("reducer", self.kind), None
        if self.kind in ("sum", "min", "max", "top:3", "list", "unique") and draw.random() < 0.3:
            # A list of all values changes nothing.
            self.combiner = {"builtin": draw.choice(["unique", "list"]) if self.kind == "unique" else self.kind}
        elif self.kind == "total" and draw.random() < 0.5:
            self.combiner = self.reducing("combiner", "total")
        self.further = None
        if self.kind and draw.random() < 0.2:
            language, interface = draw.choice(WORKERS)
            self.further = draw.choice(["count", "digest", "list", "unique"])
            self.step = {"mapper": self.worker("step", language, interface, modules.step_mapper(language, interface, self.separator)),
                         "reducer": self.reducing("last", self.further)}

    def reducing(self, name, kind):
        if kind not in ("digest", "total"):
            return {"builtin": kind} if kind else None
        language, interface = self.draw.choice(WORKERS)
        return self.worker(name, language, interface, modules.reducer(language, interface, kind, self.separator))

    def worker(self, name, language, interface, source):
        script = f"{name}.{SCRIPTS[language]}"
        self.files[script] = source
        return {"language": language, "interface": interface, "script": script}

    def draw_inputs(self):
        draw = self.draw
        bad = draw.choice([0, 0, 0.01, 0.1]) if self.by_records else 0
        damaged = draw.choice([0, 0, 0.3])
        count = draw.choice([1, 3, 10, 40])
        most = draw.choice([3, 50, 600])
        # Some pairs are more than the least memory.
        self.longest = draw.choice([20] * 9 + [5000])
        odd = self.odd_keys() if draw.random() < 0.5 else []
        keys = [draw.choice(KEYS) + str(number) for number in range(draw.choice([1, 5, 100]))] + odd
        self.inputs = [self.draw_input(number, keys, draw.randrange(most), bad, damaged) for number in range(count)]

    def odd_keys(self):
        """Keys that hold the separator, where every worker is handed pairs and not text."""
        workers = [self.mapper, self.combiner, self.reducer, *(self.step.values() if self.further else [])]
        if any(worker and worker.get("interface") in ("lines", "files") for worker in workers):
            return []
        # In a record that is text a TAB ends the key.
        separator = self.separator
        return [] if self.record == "text" and separator == "\t" else ["", separator, f"a{separator}b", f"a{separator[0]}"]

    def draw_input(self, number, keys, count, bad, damaged):
        draw = self.draw
        records = [self.draw_record(keys, bad) for _ in range(count)]
        kind = draw.choice(ENDINGS)
        data = "".join(record.line + "\n" for record in records).encode()
        if data and draw.random() < 0.2:
            data = data[:-1]
        stored = compress(data, kind)
        name = f"data/in{number:02}" + ("" if kind == "none" else "." + kind)
        is_damaged = kind != "none" and draw.random() < damaged
        if is_damaged:
            # Of the single byte that Brotli makes of nothing, nothing is left.
            stored = stored[:draw.randrange(min(1, len(stored) - 1), len(stored))]
        self.files[name] = stored
        return Input(name, records, is_damaged, stored)

    def draw_record(self, keys, bad):
        draw = self.draw
        what = "good"
        if draw.random() < bad:
            kinds = ["broken", *ABSENT] if self.builtin else ["raises", "dies"] + (["broken"] if self.record == "json" else [])
            what = draw.choice(kinds)
            if what == "dies":
                self.dying -= 1
                what = what if self.dying >= 0 else "raises"
        elif self.where and draw.random() < 0.3:
            what = "elsewhere"
        record = Record(draw.choice(keys), self.draw_value(), what, 1 if self.builtin else draw.choice([1, 1, 1, 0, 3]))
        record.line = self.line_of(record)
        return record

    def draw_value(self):
        draw = self.draw
        if self.values == "text":
            return draw.choice(["x", "yy", "Z", "w" * self.longest]) + str(draw.randrange(1000))
        if self.values == "numbers" and draw.random() < 0.5:
            return draw.choice(["{:.3f}", "{:.2e}", "{!r}"]).format(draw.uniform(-1, 1) * 10.0 ** draw.randrange(-5, 12))
        return str(draw.randrange(-10 ** draw.choice([1, 3, 15, 25]), 10 ** 6))

    def line_of(self, record):
        if self.record == "text":
            return "\t".join([record.key, record.value, record.what, str(record.times)])
        value = json.dumps(record.value)
        if self.builtin and self.values != "text" and self.draw.random() < 0.5:
            value = record.value
        parts = {"k": json.dumps(record.key), "v": value, "x": json.dumps(record.what), "n": str(record.times)}
        how, _, name = record.what.partition(" ")
        if how == "no":
            del parts[name]
        elif how == "null":
            parts[name] = "null"
        line = "{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}"
        return line[:self.draw.randrange(1, len(line))] if record.what == "broken" else line

    def draw_limits(self):
        draw = self.draw
        self.allowed_bad, self.allowed_failed = len(self.bad()), len(self.failed())
        self.tight = draw.random() < 0.15 and self.allowed_bad + self.allowed_failed > 0
        if self.tight and self.allowed_failed:
            self.allowed_failed -= 1
        elif self.tight:
            self.allowed_bad -= 1
        self.limits = {"processes": draw.choice([1, 2, 2, 5]), "memory": draw.choice(["16MiB", "64MiB", "1GiB"]),
                       "bad_records": self.allowed_bad, "failed_inputs": self.allowed_failed}
        self.reducers = draw.choice([1, 1, 2, 5]) if self.kind else 1
        self.block_bytes = draw.choice([None, 500, 4096, 30_000])

    def settings(self):
        found = {"mapper": self.mapper, "inputs": ["data/*"], "separator": self.separator,
                 "limits": self.limits, "reducers": self.reducers, "values": self.draw.choice(["list", "iterator"])}
        found.update({"record": self.record} if self.interface != "files" else {})
        found.update({"reducer": self.reducer} if self.reducer else {})
        found.update({"combiner": self.combiner} if self.combiner else {})
        found.update({"where": {"x": ["good", *BAD, *ABSENT]}} if self.where else {})
        found.update({"steps": [self.step]} if self.further else {})
        return found

    # What the model says

    def failed(self):
        return [one for one in self.inputs if one.damaged]

    def whole(self):
        return [one for one in self.inputs if not one.damaged]

    def bad(self):
        """(input, line number, line) of each bad record, as often as bad_records.txt has it."""
        return collections.Counter((one.name, number, record.line) for one in self.whole()
                                   for number, record in enumerate(one.records, 1) if record.what in BAD)

    def accounting(self):
        """Parts of result.json."""
        records = [record.what for one in self.whole() for record in one.records]
        bad = sum(what in BAD for what in records)
        found = {"inputs": {"found": len(self.inputs), "mapped": len(self.whole()), "failed": len(self.failed()), "skipped": 0}}
        if self.interface != "files":
            found["records"] = {"read": len(records), "bad": bad, "mapped": len(records) - bad, "dropped": records.count("elsewhere"),
                                "without_key": records.count("no k") + records.count("null k"),
                                "without_value": records.count("no v") + records.count("null v")}
        if self.kind and not self.further:
            found["groups"] = {"reduced": len(model.grouped(self.pairs())), "bad": 0}
        return found

    def pairs(self):
        return [(record.key, record.value) for one in self.whole() for record in one.records if record.what == "good"
                for _ in range(record.times)]

    def result(self):
        pairs = model.reduce(self.pairs(), self.kind)
        if self.further:
            pairs = model.reduce(model.map_step(pairs), self.further)
        return model.text(pairs, self.separator).encode()

    def status(self):
        return 1 if self.tight else 3 if self.failed() or self.bad() else 0
