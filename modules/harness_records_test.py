"""What goes into a mapper, and what a function may give."""

import json
import re

from harness_child import OUTPUT, TEXT, Gone, HarnessTest

# The table of records: what goes in, and what must come out, the same in both languages.
# Each row: name, record kind, input, output, bad [(line, reason as a regular expression)], (returned, bad, blank).
# The mapper of this table returns lines of the key, the kind of the record and the record as JSON.
RECORDS = {
    "python": '''
        import json
        def mapper(key, file, record):
            return ["|".join([key, file, json.dumps(record, separators=(",", ":"), ensure_ascii=False)])]
        ''',
    "javascript": '''
        exports.mapper = (key, file, record) => [[key, file, JSON.stringify(record)].join("|")];
        ''',
}
RECORD_ROWS = [
    ("key before a TAB", "keyed-json", b'k\t{"a":1}\n', b'k|f|{"a":1}\n', [], (1, 0, 0)),
    ("key before a blank", "keyed-json", b"k [1]\n", b"k|f|[1]\n", [], (1, 0, 0)),
    ("first of TAB and blank", "keyed-json", b'k l\t{"a":1}\n', b"", [(0, "not JSON")], (0, 1, 0)),
    ("blank after a TAB", "keyed-json", b'k\t {"a": "b c"}\n', b'k|f|{"a":"b c"}\n', [], (1, 0, 0)),
    ("TAB within a string of the record", "keyed-json", b'k {"a":\t"b"}\n', b'k|f|{"a":"b"}\n', [], (1, 0, 0)),
    ("no key before {", "keyed-json", b'{"a": "b\\tc"}\n', b'|f|{"a":"b\\tc"}\n', [], (1, 0, 0)),
    ("no key before [", "keyed-json", b"[1, 2]\n", b"|f|[1,2]\n", [], (1, 0, 0)),
    ("empty key", "keyed-json", b"\t5\n", b"|f|5\n", [], (1, 0, 0)),
    ("key in any script", "keyed-json", "schlüssel漢\t{\"ä\":\"漢😀\"}\n".encode(),
     "schlüssel漢|f|{\"ä\":\"漢😀\"}\n".encode(), [], (1, 0, 0)),
    ("a key alone", "keyed-json", b"abc\n", b"", [(0, "no TAB or space between key and record")], (0, 1, 0)),
    ("a key without a record", "keyed-json", b"abc\t\n", b"", [(0, "^the record is not JSON")], (0, 1, 0)),
    ("json has no key", "json", b'{"a":1}\n"x y"\nnull\ntrue\n1.5\n', b'|f|{"a":1}\n|f|"x y"\n|f|null\n|f|true\n|f|1.5\n',
     [], (5, 0, 0)),
    ("blanks around the record", "json", b' \t{"a":1} \t\r\n[2]\r\n', b'|f|{"a":1}\n|f|[2]\n', [], (2, 0, 0)),
    ("blank lines", "json", b"\n  \n\t\r\n1\n\n", b"|f|1\n", [], (1, 0, 4)),
    ("blank keyed lines", "keyed-json", b"\n  \n\t\r\n\r\nk 1\n\n", b"k|f|1\n", [], (1, 0, 5)),
    ("a record over two lines", "json", b'{"a":1,\n"b":2}\n3\n', b"|f|3\n", [(0, "not JSON"), (1, "not JSON")], (1, 2, 0)),
    ("an open string", "json", b'"abc\n"\n3\n', b"|f|3\n", [(0, "not JSON"), (1, "not JSON")], (1, 2, 0)),
    ("more behind the record", "json", b"{} {}\n1 2\n", b"", [(0, "column 4$"), (1, "column 3$")], (0, 2, 0)),
    ("where it is broken", "json", b'{"a": 1 "b": 2}\n', b"", [(0, "^the record is not JSON: .*: column 9$")], (0, 1, 0)),
    ("where the line is broken", "keyed-json", b'key\t{"a": 1 "b": 2}\n', b"", [(0, ": column 13$")], (0, 1, 0)),
    ("a byte order mark", "json", b"\xef\xbb\xbf{}\n", b"", [(0, "not JSON")], (0, 1, 0)),
    ("not UTF-8", "json", b'1\n"\xff"\n2\n', b"|f|1\n|f|2\n", [(1, "^the record is not UTF-8")], (2, 1, 0)),
    ("key not UTF-8", "keyed-json", b"\xff 1\nk 2\n", b"k|f|2\n", [(0, "^the record is not UTF-8")], (1, 1, 0)),
    ("not UTF-8 beside other scripts", "keyed-json", 'k "ä漢😀"\n'.encode() + b'k "\xe6\xbc"\n \nk 2\n',
     'k|f|"ä漢😀"\nk|f|2\n'.encode(), [(1, "^the record is not UTF-8")], (2, 1, 1)),
    ("deep nesting", "json", b"[" * 200000 + b"\n7\n", b"|f|7\n", [(0, "record")], (1, 1, 0)),
    ("open brackets on each line", "json", b"[1,\n" * 3000 + b"7\n", b"|f|7\n", [(i, "not JSON") for i in range(3000)],
     (1, 3000, 0)),
    ("text", "text", b"a b\n\n c \n", b'|f|"a b"\n|f|""\n|f|" c "\n', [], (3, 0, 0)),
    ("text with carriage returns", "text", b"a\r\n\r\nb\r\r\n", b'|f|"a"\n|f|""\n|f|"b\\r"\n', [], (3, 0, 0)),
    ("text in other scripts", "text", "ä漢😀\n".encode(), '|f|"ä漢😀"\n'.encode(), [], (1, 0, 0)),
    ("pairs", "pairs", b"k l\nv w\nm\n\n\nn\n o\n \r\n\n\n",
     b'k l|f|"v w"\nm|f|""\n|f|"n"\n o|f|" \\r"\n|f|""\n', [], (5, 0, 0)),
    ("no line at all", "json", b"", b"", [], (0, 0, 0)),
]


class Records(HarnessTest):
    def test_every_kind_of_record(self):
        for _, start in self.each(**RECORDS):
            children = {kind: start(record=kind) for kind in ("keyed-json", "json", "text", "pairs")}
            for name, kind, given, output, bad, done in RECORD_ROWS:
                with self.subTest(name):
                    children[kind].block(5, [("f", given)])
                    answer = children[kind].answer()
                    self.assertEqual(answer.identity, 5)
                    self.assertEqual(answer.done, done)
                    self.assertEqual(answer.output, output)
                    self.assertEqual([line for _, line, _, _ in answer.bad], [line for line, _ in bad])
                    for (_, _, reason, _), (_, expected) in zip(answer.bad, bad):
                        self.assertRegex(reason, expected)
                        self.assertNotIn("\n", reason)

    def test_segments_have_names_and_lines_of_their_own(self):
        for _, start in self.each(**RECORDS):
            child = start(record="json")
            child.block(1, [("a b.json", b"1\n2\n"), ("s3://bücket/é", b"3\n}\n"), ("empty", b"")])
            answer = child.answer()
            self.assertEqual(answer.output.decode(), "|a b.json|1\n|a b.json|2\n|s3://bücket/é|3\n")
            self.assertEqual([bad[:2] for bad in answer.bad], [(1, 1)])
            self.assertEqual(answer.done, (3, 1, 0))

    def test_large_blocks_of_mixed_lines(self):
        lines = []
        for i in range(3000):
            lines.append(json.dumps({"i": i, "x": "é漢"[i % 2] * (i % 700), "y": "\\\n"}, ensure_ascii=i % 3 == 0))
            if i % 500 == 0:
                lines.append(json.dumps(["a" * 200000, "ö"]))
        given = "".join(line + "\n" for line in lines).encode()
        expected = "".join(
            "|f|" + json.dumps(json.loads(line), separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines
        )
        for _, start in self.each(**RECORDS):
            child = start(record="json")
            for identity in (1, 2):
                child.block(identity, [("f", given)])
                answer = child.answer()
                self.assertEqual(answer.output.decode(), expected)
                self.assertEqual(answer.done, (len(lines), 0, 0))

    def test_what_is_not_utf8_survives_as_text_in_python(self):
        given = b"\xff\xfe a\xed\xa0\x80 \xc3\xa9\n"
        for _, start in self.each(python="def mapper(key, file, record):\n    return [(file, record), record.encode('utf-8', 'surrogateescape')]\n"):
            child = start(record="text", separator="\t")
            child.block(1, [("n\udcff", given)])
            self.assertEqual(child.answer().output, b"n\xff\t" + given + given)

    def test_what_is_not_utf8_is_replaced_in_javascript(self):
        for _, start in self.each(javascript="exports.mapper = (key, file, record) => record"):
            child = start(record="text")
            child.block(1, [("f", b"a\xff\n")])
            self.assertEqual(child.answer().output.decode(), "a\ufffd\n")

    def test_lone_surrogates_leave_as_replacement_characters(self):
        sources = {
            "python": """
                import quern
                def mapper(key, file, record):
                    quern.count(record, "n")
                    if record == "\\ude00": raise ValueError(record)
                    return [(record, 1), ("k", record), ("nested", [record, {record: 1}]), f"line {record}", ("joined", "\\ud83d" + record[:0] + "\\ude00")]
                """,
            "javascript": """
                exports.mapper = (key, file, record) => {
                    quern.count(record, "n");
                    if (record === "\\ude00") throw new Error(record);
                    return [[record, 1], ["k", record], ["nested", [record, {[record]: 1}]], `line ${record}`, ["joined", "\\ud83d" + "\\ude00"]];
                };
                """,
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b'"\\ud800\\ud801x\\\\ud800"\n"\\ude00"\n')])
            answer = child.answer()
            text = "\ufffd\ufffdx\\ud800"
            nested = text.replace("\\", "\\\\")
            self.assertEqual(answer.output.decode(), f'{text} 1\nk {text}\nnested ["{nested}",{{"{nested}":1}}]\nline {text}\njoined \U0001f600\n')
            self.assertEqual(answer.counters, {(text, "n"): 1, ("\ufffd", "n"): 1})
            self.assertIn("\ufffd", answer.bad[0][2])

    def test_in_text_bytes_that_are_not_utf8_stay_beside_lone_surrogates(self):
        for _, start in self.each(python="def mapper(key, file, record):\n    return record + '\\ud800 1'\n"):
            child = start(record="text")
            child.block(1, [("f", b"a\xff\n")])
            self.assertEqual(child.answer().output, b"a\xff\xef\xbf\xbd 1\n")

    def test_surrogates_of_the_modules_own_are_no_bytes(self):
        sources = {
            "python": """
                import json
                def mapper(key, file, record):
                    return (json.loads(record), "\\udcff")
                def reduce(key, values):
                    return (json.loads(key), "".join(json.loads(value) for value in values))
                """,
            "javascript": """
                exports.mapper = (key, file, record) => [[JSON.parse(record), "\\udcff"]];
                exports.reduce = (key, values) => [[JSON.parse(key), Array.from(values, JSON.parse).join("")]];
                """,
        }
        lone, pair = rb'"\udc80\udcff"', rb'"\ud83d\ude00"'
        for _, start in self.each(**sources):
            mapper = start(record="text")
            mapper.block(1, [("f", lone + b"\n" + pair + b"\n")])
            self.assertEqual(mapper.answer().output.decode(), "\ufffd\ufffd \ufffd\n\U0001f600 \ufffd\n")
            reducer = start(role="reducer")
            reducer.groups(1, [(lone, [lone, pair])])
            self.assertEqual(reducer.answer().output.decode(), "\ufffd\ufffd \ufffd\ufffd\U0001f600\n")

    def test_bytes_leave_as_they_came_whatever_came_before(self):
        for _, start in self.each(python="def mapper(key, file, record):\n    return record\ndef reduce(key, values):\n    return (key, b'\\xfe')\n"):
            child = start(record="text")
            for given in (b"a\xff\n", b"a\n", b"b\xff\n"):
                child.block(1, [("f", given)])
                self.assertEqual(child.answer().output, given)
            reducer = start(role="reducer")
            reducer.groups(1, [(b"a", [b"1"]), (b"b\xff", [b"2"])])
            self.assertEqual(reducer.answer().output, b"a \xfe\nb\xff \xfe\n")

    def test_numbers_are_as_the_language_has_them(self):
        for _, start in self.each(python="def mapper(key, file, record):\n    return ('x', record)\n"):
            child = start()
            child.block(1, [("f", b"NaN\n123456789012345678901234567890\n1e3\n[1.10]\n")])
            self.assertEqual(child.answer().output, b"x NaN\nx 123456789012345678901234567890\nx 1000.0\nx [1.1]\n")


# What a function may give. Each row: name, Python expression, JavaScript expression, output, reason if refused.
GIVEN_ROWS = [
    ("nothing", "None", "undefined", b"", None),
    ("null", "None", "null", b"", None),
    ("empty string", "''", "''", b"", None),
    ("a line", "'a 1'", "'a 1'", b"a 1\n", None),
    ("a line with its end", "'a 1\\n'", "'a 1\\n'", b"a 1\n", None),
    ("a line end alone", "'\\n'", "'\\n'", b"", None),
    ("two lines", "'a 1\\nb 2'", "'a 1\\nb 2'", b"a 1\nb 2\n", None),
    ("a pair", "('a', 'x y')", "['a', 'x y']", b"a x y\n", None),
    ("an integer", "('a', 1)", "['a', 1]", b"a 1\n", None),
    ("a large integer", "('a', 2**70)", "['a', 2n**70n]", b"a 1180591620717411303424\n", None),
    ("a fraction", "('a', 1.5)", "['a', 1.5]", b"a 1.5\n", None),
    ("true", "('a', True)", "['a', true]", b"a true\n", None),
    ("nothing as a value", "('a', None)", "['a', null]", b"a null\n", None),
    ("a list as a value", "('a', [1, 'é'])", "[['a', [1, 'é']]]", 'a [1,"é"]\n'.encode(), None),
    ("a list of two as the value of a pair alone", "5", "['a', [1, 2]]", b"", r"gave 5|\[\[key, value\]\]"),
    ("a line and a pair", "['a 1', ('b', 2)]", "['a 1', ['b', 2]]", b"a 1\nb 2\n", None),
    ("an object as a value", "('a', {'b': [1]})", "['a', {b: [1]}]", b'a {"b":[1]}\n', None),
    ("not a number", "('a', float('nan'))", "['a', NaN]", b"a NaN\n", None),
    ("infinity", "('a', float('inf'))", "['a', Infinity]", b"a Infinity\n", None),
    ("minus infinity as a key", "(float('-inf'), 1)", "[-Infinity, 1]", b"-Infinity 1\n", None),
    ("these in a value", "('a', {'b': [float('nan'), float('-inf')]})", "['a', {b: [NaN, -Infinity]}]",
     b'a {"b":[NaN,-Infinity]}\n', None),
    ("a quote in a value", "('a', {'\"': '\"\\\\'})", "['a', {'\"': '\"\\\\'}]", b'a {"\\"":"\\"\\\\"}\n', None),
    ("a date", "('a', '1970-01-01T00:00:00.000Z')", "[['a', {d: new Date(0)}.d.toJSON()]]", b"a 1970-01-01T00:00:00.000Z\n", None),
    ("an invalid date", "('a', {1})", "['a', {d: [new Date('x')]}]", b"", "set is not|an invalid Date in it"),
    ("a set as a value", "('a', {1})", "['a', new Set([1])]", b"", "set is not JSON serializable|value of a pair has Set in it"),
    ("a map in a value", "('a', [{1}])", "[['a', [new Map([[1, 2]])]]]", b"", r"set is not|Map in it.*use Object.fromEntries\(map\)"),
    ("a large integer in a value", "('a', [lambda: 0])", "[['a', [2n]]]", b"", r"function is not|bigint in it.*use String\(number\)"),
    ("nothing at all in a value", "('a', {'b': ...})", "['a', {b: undefined}]", b"", "ellipsis is not|undefined in it.*use null"),
    ("a hole in a value", "('a', [...])", "[['a', [1, , 2]]]", b"", "ellipsis is not|undefined in it"),
    ("a function in a value", "('a', [len])", "[['a', [() => 1]]]", b"", "is not JSON|function in it"),
    ("a symbol as a key", "(object(), 1)", "[Symbol('x'), 1]", b"", "is not JSON|the key of a pair has symbol in it"),
    ("an expression in a value", "('a', [__import__('re').compile('x')])", "[['a', [/x/]]]", b"", "Pattern is not|RegExp in it"),
    ("a number as a key", "(7, 'x')", "[7, 'x']", b"7 x\n", None),
    ("a list as a key", "(['p', 2], 'x')", "[[['p', 2], 'x']]", b'["p",2] x\n', None),
    ("an empty key and value", "('', '')", "['', '']", b" \n", None),
    ("a list of lines", "['a 1', 'b 2', 'c 3']", "['a 1', 'b 2', 'c 3']", b"a 1\nb 2\nc 3\n", None),
    ("a list of two lines", "['a 1', 'b 2']", "(function* () { yield 'a 1'; yield 'b 2'; })()", b"a 1\nb 2\n", None),
    ("a list of one line", "['a 1']", "['a 1']", b"a 1\n", None),
    ("a list of nothing", "[]", "[]", b"", None),
    ("a list of pairs", "[('a', 1), ('b', 2)]", "[['a', 1], ['b', 2]]", b"a 1\nb 2\n", None),
    ("a list of all", "['a 1\\n', ('b', 2), None, '', 'c 3\\nx 4']", "['a 1\\n', ['b', 2], null, '', 'c 3\\nx 4']",
     b"a 1\nb 2\nc 3\nx 4\n", None),
    ("a set", "{'a 1'}", "new Set(['a 1'])", b"a 1\n", None),
    ("items of a map", "{'a': 1, 'b': 2}.items()", "new Map([['a', 1], ['b', 2]])", b"a 1\nb 2\n", None),
    ("a generator", "(f'{c} 1' for c in 'ab')", "(function* () { yield 'a 1'; yield ['b', 1]; })()", b"a 1\nb 1\n", None),
    ("a number", "5", "5", b"", r"5 \((int|number)\); it may return"),
    ("false", "False", "false", b"", r"(False|false) \(bool(ean)?\)"),
    ("a list of numbers", "[1, 2, 3]", "[1, 2, 3]", b"", r"gave 1 \((int|number)\)"),
    ("a list in a list", "['a 1', ['b 2']]", "['a 1', ['b 2'], 'c']", b"", r"gave \["),
    ("a pair of three", "('a', 1, 2)", "[['a', 1, 2]]", b"", "(tuple|array) of 3"),
    ("a dictionary", "{'a': 1}", "({a: 1})", b"", "a dict; return its items|object"),
    ("line break in the key", "('a\\nb', 1)", "['a\\nb', 1]", b"", "key .* contains a line break"),
    ("line break in the value", "('a', 'b\\n')", "['a', 'b\\n']", b"", "value .* contains a line break"),
    ("a pair that fails after a line", "['x 1', ('a\\n', 1)]", "['x 1', ['a\\n', 1], 'y 2']", b"", "contains a line break"),
]
# Pairs whose keys have something of the separator in them. Each row: separator, key, value, whether its text is cut at the
# end of the key.
KEY_ROWS = [
    (" ", "New York", "1", False), (" ", "New York", "a b", False), (" ", "", "", True), (" ", " ", "x", False),
    ("::", "a:", "1", False), ("::", "a:b", "::", True), ("::", "a::b", "1", False), (" | ", "x |", "2", False), (" | ", "x", "| y", True),
    ("||", "|", "|", False), ("  ", "a ", "1", False), ("  ", "a", " 1", True), ("\t", "New York", "1", True), ("漢é", "漢", "é", True),
    ("ab", "abc", "1", False), ("aba", "ab", "1", False), ("aab", "a", "ab", True),
]
GIVES_KEYS = {
    "python": "def mapper(key, file, record):\n    return record[0], record[1]\n",
    "javascript": "exports.mapper = (key, file, record) => [record[0], record[1]];\n",
}


class Given(HarnessTest):
    def test_a_pair_is_a_pair_whatever_is_in_it(self):
        for _, start in self.each(**GIVES_KEYS):
            for separator, key, value, is_plain in KEY_ROWS:
                with self.subTest(separator=separator, key=key, value=value):
                    record = json.dumps([key, value], ensure_ascii=False).encode() + b"\n"
                    for output, between in (("pairs", "\n"), ("text", separator)):
                        for plain in (False, True):
                            child = start(separator=separator, output=output, plain=plain)
                            child.block(1, [("f", record)])
                            answer = child.answer()
                            if plain and not is_plain:
                                self.assertRegex(answer.bad[0][2], 'contains the separator .*`separator: "\\\\t"`')
                            else:
                                self.assertEqual((answer.output.decode(), answer.kinds), (f"{key}{between}{value}\n", [OUTPUT]))

    def test_strings_are_cut_at_the_first_separator_wherever_they_stand(self):
        sources = {
            "python": "def mapper(key, file, record):\n    return [tuple(x) if isinstance(x, list) else x for x in record]\n",
            "javascript": "exports.mapper = (key, file, record) => (function* () { yield* record; })();\n",
        }
        rows = [
            (["a::b::c", "d", "::e"], TEXT, "a::b::c\nd\n::e\n"),
            (["a::1\nb\n\nc::2\n"], TEXT, "a::1\nb\n\nc::2\n"),
            (["a::1", ["b::", "2"], "c", "d:::3\n::"], OUTPUT, "a\n1\nb::\n2\nc\n\nd\n:3\n\n\n"),
            ([["a", "1"]], OUTPUT, "a\n1\n"),
            ([], None, ""),
        ]
        for _, start in self.each(**sources):
            child = start(separator="::", output="pairs")
            for i, (record, kind, output) in enumerate(rows):
                child.block(i, [("f", json.dumps(record).encode() + b"\n")])
                answer = child.answer()
                self.assertEqual((answer.output.decode(), answer.kinds), (output, [kind] if kind else []))

    def test_everything_that_a_function_may_give(self):
        python = "ROWS = [%s]\ndef mapper(key, file, record):\n    return ROWS[record]()\n"
        javascript = "const rows = [%s];\nexports.mapper = (key, file, record) => rows[record]();\n"
        for _, start in self.each(python=python % ", ".join(f"lambda: {row[1]}" for row in GIVEN_ROWS),
                                  javascript=javascript % ", ".join(f"() => ({row[2]})" for row in GIVEN_ROWS)):
            text, pairs = start(), start(output="pairs")
            for i, (name, _, _, output, reason) in enumerate(GIVEN_ROWS):
                with self.subTest(name):
                    pairs.block(i, [("f", b"%d\n" % i)])
                    answer = pairs.answer()
                    cut = b"" if output == b"" else output if answer.kinds == [TEXT] else re.sub(rb"(?m)^(.*?) ", rb"\1\n", output)
                    self.assertEqual(answer.output, cut)
                    text.block(i, [("f", b"%d\n" % i)])
                    answer = text.answer()
                    self.assertEqual(answer.output, output)
                    self.assertEqual(answer.done, (1, 0, 0) if reason is None else (0, 1, 0), answer.bad)
                    if reason is not None:
                        self.assertRegex(answer.bad[0][2], reason)

    def test_python_bytes_and_subclasses_of_strings(self):
        source = '''
            class Text(str):
                pass
            def mapper(key, file, record):
                return [Text("a 1"), b"b 2\\n", (Text("c"), b"3"), Text("x 4\\n"), (b"e", Text("5"))]
            '''
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"1\n")])
            self.assertEqual(child.answer().output, b"a 1\nb 2\nc 3\nx 4\ne 5\n")

    def test_async_functions_of_javascript(self):
        source = '''
            const later = (value) => new Promise((resolve) => setTimeout(resolve, 1, value));
            exports.mapper = async (key, file, record) => {
                if (record === 1) return later(["a", 1]);
                if (record === 2) throw new RangeError("two");
                if (record === 3) return (async function* () { yield "b 1"; await later(); yield ["c", 2]; })();
                if (record === 4) return (async function* () { yield "lost 1"; await later(); throw new Error("four"); })();
                if (record === 5) return new Promise(() => {});
                return later();
            };
            '''
        for _, start in self.each(javascript=source):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n4\n5\n6\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"a 1\nb 1\nc 2\n")
            self.assertEqual(answer.done, (3, 3, 0))
            reasons = [reason for _, _, reason, _ in answer.bad]
            self.assertEqual(reasons[:2], ["RangeError: two", "Error: four"])
            self.assertIn("never settled", reasons[2])
            self.assertEqual(child.finish()[1], 0)

    def test_output_larger_than_a_frame_is_cut_at_line_ends(self):
        sources = {
            "python": "def mapper(key, file, record):\n    return ('é%d ' % record) + 'x' * 999983\n",
            "javascript": "exports.mapper = (key, file, record) => `é${record} ` + 'x'.repeat(999983);\n",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"".join(b"%d\n" % i for i in range(100)))])
            frames = []
            while not frames or frames[-1][0] == OUTPUT:
                kind, _, payload = child.read_but_progress()
                frames.append((kind, payload))
            parts = [payload for kind, payload in frames if kind == OUTPUT]
            self.assertGreater(len(parts), 2)
            for part in parts:
                self.assertLessEqual(len(part), 32 << 20)
                self.assertTrue(part.endswith(b"\n"))
            lines = b"".join(parts).decode().split("\n")[:-1]
            self.assertEqual([line.split(" ")[0] for line in lines], [f"é{i}" for i in range(100)])
            self.assertEqual({len(line.split(" ")[1]) for line in lines}, {999983})

    def test_output_larger_than_a_frame_is_cut_between_pairs(self):
        sources = {
            "python": "def mapper(key, file, record):\n    return 'é%d ' % record, 'x' * (999983 + record)\n",
            "javascript": "exports.mapper = (key, file, record) => [`é${record} `, 'x'.repeat(999983 + record)];\n",
        }
        for _, start in self.each(**sources):
            child = start(output="pairs")
            child.block(1, [("f", b"".join(b"%d\n" % i for i in range(100)))])
            parts = []
            for kind, _, payload in iter(child.read_but_progress, None):
                if kind != OUTPUT:
                    break
                self.assertEqual(payload.count(b"\n") % 2, 0)
                parts.append(payload)
            self.assertGreater(len(parts), 2)
            lines = b"".join(parts).decode().split("\n")[:-1]
            self.assertEqual(lines[0::2], [f"é{i} " for i in range(100)])
            self.assertEqual([len(line) for line in lines[1::2]], [999983 + i for i in range(100)])

    def test_a_line_that_fits_into_no_frame_ends_the_child(self):
        sources = {
            "python": "def mapper(key, file, record):\n    return 'a ' + 'x' * (65 << 20)\n",
            "javascript": "exports.mapper = () => 'a ' + 'x'.repeat(65 << 20);\n",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            with self.assertRaises(Gone):
                child.answer()
            self.assertEqual(child.wait(), 70)
            self.assertIn("gave a line of", child.log())
