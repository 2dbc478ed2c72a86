"""Records that quern packs for Python: what the mapper gets is what json.loads makes of each line, to the letter."""
import json
import random

from scenario import Scenario

# Shows values, their types and the order of members. That a long name of one record is the very object of the record before
# says that the two came packed.
MAPPER = """
    import quern

    NAME = "a name that is shared"
    last = None

    def mapper(key, file, record):
        global last
        name = next((name for name in record if name == NAME), None) if isinstance(record, dict) else None
        if name is not None:
            quern.count("packed", "shared" if name is last else "new")
            last = name
        return key, ascii(record)
    """
ASYNC = MAPPER.replace("def mapper", "async def mapper")
# Shapes of texts after N. Seriot's JSONTestSuite ("Parsing JSON is a Minefield"), valid and not, and what parsers differ on.
SHAPES = [
    "[]", "[ ]", "[[]   ]", '[""]', '["a"]', "[false]", "[null, 1, \"1\", {}]", "[1,null,null,null,2]", "[123e65]", "[0e+1]", "[0e1]", "[ 4]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]", "[20e1]", "[-0]", "[-123]", "[-1]", "[-0.0]",
    "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123.456789]", '{"asd":"sdf", "dfg":"fgh"}', '{"a":"b","a":"c"}',
    '{"a":"b","a":"b"}', "{}", '{"":0}', '{"foo\\u0000bar": 42}', '{ "min": -1.0e+28, "max": 1.0e+28 }', '{"a":[]}', '["\\u0060\\u012a\\u12AB"]',
    '["\\uD801\\udc37"]', '["\\ud83d\\ude39\\ud83d\\udc8d"]', '["\\"\\\\\\/\\b\\f\\n\\r\\t"]', '["\\\\u0000"]', '["\\""]', '["a/*b*/c/*d//e"]', '["\\\\a"]',
    '["\\\\n"]', '["\\u0012"]', '["\\uFFFF"]', '["\\uDBFF\\uDFFF"]', '["new\\u00A0line"]', '["\u00e9\u20ac\U0001f600"]', '["\\u0000"]', '["\u2028\u2029"]',
    '"\\u0061\\u30af\\u30EA\\u30b9"', '"\x7f"', '["\\u005C"]', "false", "42", "-0.1", "null", '"asd"', "true", '""', "[true]", " [] ",
    "[1e400]", "[-1e9999]", "[1e-400]", "[4.9e-324]", "[1.7976931348623157e308]", "[1.7976931348623159e308]", "[0.1, 1.10, 100.0, 1e2]",
    '["\\uDADA"]', '["\\uD888\\u1234"]', '["\\uD800\\n"]', '["\\uDd1ea"]', '["\\uD800\\uD800\\n"]', '["\\ud800"]', '["\\ud800abc"]',
    '["\\uDd1e\\uD834"]', '["\\uDFAA"]', "[9007199254740993, 18446744073709551615, 18446744073709551616, -9223372036854775809]",
    "[1234567890123456789012345678901234567890]", "[" + "9" * 500 + "]", "[2147483647, 2147483648, -2147483648, -2147483649]",
    "NaN", "[NaN]", "[-Infinity]", "[Infinity]", '{"a": NaN}',
    "[1 true]", "[a\u00e5]", '["": 1]', '[""],', "[,1]", "[1,,2]", '["x"]]', '["",]', '["x"', "[x", "[3[4]]", "[1:2]", "[,]", "[-]", "[   , \"\"]",
    '["a",4,1,', "[1,]", "[1,,]", "[*]", "[fals]", "[nul]", "[tru]", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]",
    "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E]", "[0E+]", "[1.0e+]", "[1.0e-]", "[1.0e]", "[1 000.0]", "[1eE2]", "[2.e+3]", "[2.e-3]", "[9.e+]", "[Inf]",
    "[\uff11]", "[1+2]", "[0x1]", "[0x42]", "[-Infinity1]", "[0e+-1]", "[-123.123foo]", "[-foo]", "[- 1]", "[-012]", "[-.123]", "[1ea]", "[1.]", "[.123]",
    "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", '["x", truth]', '{[: "x"}', '{"x", null}', '{"x"::"b"}', '{"a":"a" 123}', "{key: 'value'}",
    '{"a" b}', '{:"b"}', '{"a" "b"}', '{"a":', '{"a"', "{1:1}", "{9999E9999:1}", "{null:null,null:null}", '{"id":0,,,,,}', "{'a':0}", '{"id":0,}',
    '{"a":"b"}/**/', '{"a":"b"}//', '{"a":"b",,"c":"d"}', "{a: \"b\"}", '{"a":"a', '{ "foo" : "bar", "a" }', '{"a":"b"}#', '["\\uD800\\"]', '["\\uD800\\u"]',
    '["\\uD800\\u1"]', '["\\uD800\\u1x"]', "[\u00e9]", '["\\x00"]', '["\\\\\\"]', '["\\\t"]', '["\\a"]', '["\\"]', '["\\u00A"]', '["\\uD834\\uDd"]',
    '["\\uD800\\uD800\\x"]', '["\\u\u00e5"]', '["\\uqqqq"]', '["\\U0061"]', '["a\ta"]', '["a\x00a"]', '["asd', "\\u0020\"asd\"", "abc", "\"", "\"\\", "[True]", "1]",
    "][", "]", '{"x": true,', "[][]", "]", "2@", "{}}", '{"":', '{"a":/*comment*/"b"}', '{"a": true} "x"', "['", '["a', '["a"', "[{", "{", "{]", "{,", "{[",
    "{\"a", "{'a'", '["\\{["\\{["\\{["\\{', "*", '{"a":"b"}#{}', "[\\u000A\"\"]", "[1", '{ "foo" : "bar", "a"', "\u2060", "\ufeff{}", "[\ufeff]", "\u00a0[]",
    "", " ", "\t", "\r", "[1]\r", " \t[1] \t\r", "\x0b", "[1]\x0b", "\x0c",
    # Arrays that are never closed.
    "[" * 13, "[" * 200, "[" * 200 + "x", "[0," * 200, '{"a":[' * 100, "[" * 1000,
    # After these, some units come as lines.
    "[" * 150 + "]" * 150, '{"a":' * 150 + "1" + "}" * 150, "[" * 500 + "]" * 500,
]
# Whether two of them share their names shows whether they came packed.
NAMED = ['{"a name that is shared": 1, "other": "' + "x" * 100 + '"}']


class Drawn:
    """JSON texts in every spelling of their values."""

    def __init__(self, seed):
        self.draw = random.Random(seed)

    def blank(self):
        return self.draw.choice(["", "", "", " ", "\t", "  ", "\r"])

    def string(self):
        letters = []
        for _ in range(self.draw.choice([0, 1, 2, 5, 15, 16, 17, 40, 254, 255, 256, 300])):
            letters.append(self.draw.choice(["a", "Z", "0", " ", "\u00e9", "\u20ac", "\U0001f600", "\\n", "\\\\", '\\"', "\\/", "\\u0041", "\\u00e9", "\\ud83d\\ude00",
                                             "\\ud83d", "\\udE00"] if self.draw.random() < 0.2 else list("abcdefgh")))
        return '"' + "".join(letters) + '"'

    def number(self):
        digits = str(self.draw.getrandbits(self.draw.choice([1, 4, 8, 15, 31, 32, 33, 60, 64, 70, 130])))
        tail = self.draw.choice(["", "", "", "", ".0", ".5", "." + digits, "e5", "E-3", "e+20", ".25e2", "e-320", "e310"])
        return self.draw.choice(["", "-"]) + digits + tail

    def value(self, depth=0):
        kind = self.draw.random()
        if depth > 6 or kind < 0.5:
            return self.draw.choice([self.number, self.number, self.string, lambda: self.draw.choice(["true", "false", "null", "{}", "[ ]"])])()
        parts = range(self.draw.choice([0, 1, 2, 3, 8, 30]) if depth < 3 else 1)
        if kind < 0.7:
            return "[" + ",".join(self.blank() + self.value(depth + 1) + self.blank() for _ in parts) + "]"
        return "{" + ",".join(f"{self.name()}{self.blank()}:{self.blank()}{self.value(depth + 1)}" for _ in parts) + "}"

    def name(self):
        return self.draw.choice([self.string(), '"id"', '"i\\u0064"', '"a name that is shared"', f'"name{self.draw.randrange(300)}"'])

    def torn(self, text):
        """With one character more or less, so that it may be JSON no longer."""
        at = self.draw.randrange(len(text) + 1)
        return text[:at] + self.draw.choice(list('[]{},:"\\0x ') + [""]) + text[at + self.draw.randrange(2):]


class Packed(Scenario):
    def assert_as_json_loads(self, lines, mapper=MAPPER, settings="record: json\n", keyed=False, more="", is_packed=True):
        """Every line, which may be bytes, becomes what json.loads makes of it, or is a bad record if it raises."""
        lines = [line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass") for line in lines]
        expected, bad = [], 0
        for line in lines:
            if not line.strip(b" \t\r\n\v\f"):
                continue
            try:
                text = line.decode()
                key, text = text.split("\t", 1) if keyed and text[0] not in "{[" else ("", text)
                expected.append((key, ascii(json.loads(text))))
            except (ValueError, RecursionError):
                bad += 1
        self.write("data/a", b"".join(line + b"\n" for line in lines))
        self.write("mapper.py", mapper)
        self.write("analysis-tools.yml", f"mapper: {{language: python, script: mapper.py{more}}}\ninputs: [data/a]\n"
                   f'separator: "\\t"\nlimits: {{bad_records: {bad}}}\n{settings}')
        run = self.quern("run")
        self.assert_run(run, status=3 if bad else 0, records_bad=bad, records_mapped=len(expected))
        self.assertEqual([tuple(line.split("\t", 1)) for line in run.result.split("\n")[:-1]], expected)
        if is_packed:
            self.assertGreater(run.accounting["counters"]["packed"].get("shared", 0), 0, run)
        return run

    def test_shapes(self):
        self.assert_as_json_loads(NAMED * 20 + SHAPES + [b"[\xff]", b'["\xc0\xaf"]', b'["\xed\xa0\x80"]', b'"\xf4\x90\x80\x80"'])

    def test_shapes_between_records_that_share_names(self):
        lines = []
        for shape in SHAPES:
            lines += ['{"a name that is shared": 1, "other": [1]}', shape]
        self.assert_as_json_loads(lines)

    def test_drawn_records(self):
        drawn = Drawn(1)
        texts = [drawn.value() for _ in range(3000)]
        texts = [drawn.torn(text) if number % 5 == 0 else text for number, text in enumerate(texts)]
        self.assert_as_json_loads(texts)

    def test_drawn_records_with_keys(self):
        drawn = Drawn(2)
        keys = ["key", "k\u00e9", "", "0"]
        lines = [f"{drawn.draw.choice(keys)}\t{drawn.value()}" for _ in range(1500)]
        # One without a key, one whose key is not UTF-8, one with nothing but a key.
        lines += NAMED * 20 + ['{"a": 1}', "[]", b"k\xe9\t1", "key\t", "key", "key\t "]
        self.assert_as_json_loads(lines, settings="record: keyed-json\n", keyed=True)

    def test_an_async_mapper(self):
        drawn = Drawn(3)
        lines = NAMED * 20 + [drawn.value() for _ in range(1000)] + SHAPES
        mapper = ASYNC.replace("import quern", "import quern, asyncio")
        for concurrency in (1, 4):
            self.assert_as_json_loads(lines, mapper, more=f", concurrency: {concurrency}")

    def test_large_records_and_more_names_than_are_remembered(self):
        lines = ["{" + ", ".join(f'"name {number} of many": {number}' for number in range(start, start + 3000)) + "}" for start in (0, 2000, 0)]
        lines.append(json.dumps({"a name that is shared": "x" * 3_000_000}))
        lines.append(json.dumps([["\u00e9" * 1000] * 1000]))
        self.assert_as_json_loads(NAMED * 20 + lines * 2)

    def test_fields_and_where(self):
        records = [{"a name that is shared": number, "big": 10 ** (number % 40), "text": "\u00e9" * (number % 300)} for number in range(5000)]
        self.write("data/a", "".join(json.dumps(record) + "\n" for record in records))
        self.write("mapper.py", MAPPER)
        self.write("analysis-tools.yml", """
            mapper: {language: python, script: mapper.py}
            inputs: [data/a]
            record: json
            fields: ['"a name that is shared"', big]
            where: {big: {min: 1000}}
            """)
        run = self.quern("run")
        expected = [{name: record[name] for name in ("a name that is shared", "big")} for record in records if record["big"] >= 1000]
        self.assert_run(run, result="".join(f" {record}\n" for record in expected))
        self.assertGreater(run.accounting["counters"]["packed"]["shared"], 0, run)

    def test_an_interpreter_whose_marshal_differs_parses_the_lines(self):
        self.write("python/sitecustomize.py", """
            import marshal
            loads = marshal.loads
            marshal.loads = lambda data: [] if bytes(data[:1]) == b"[" else loads(data)
            """)
        drawn = Drawn(4)
        lines = [json.dumps({"a name that is shared": number, "more": drawn.string()[1:-1]}) for number in range(2000)]
        run = self.assert_as_json_loads(lines, more=f", env: {{PYTHONPATH: {self.path('python')}}}", is_packed=False)
        self.assertNotIn("shared", run.accounting["counters"]["packed"], run)
        self.assertIn("marshal differs here", run.stderr, run)
