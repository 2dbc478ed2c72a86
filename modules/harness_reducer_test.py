"""Groups for reducers and combiners."""

from harness_child import CAREFUL, CONTINUES, GOES_ON, HarnessTest

SUMS = {
    "python": '''
        def reduce(key, values):
            if key == "bad":
                raise ValueError(len(list(values)))
            return "%s %d" % (key, sum(map(int, values)))
        ''',
    "javascript": '''
        exports.reduce = (key, values) => {
            let sum = 0, count = 0;
            for (const value of values) { sum += Number(value); ++count; }
            if (key === "bad") throw new Error(count);
            return `${key} ${sum}`;
        };
        ''',
}


class Reducing(HarnessTest):
    def each_kind(self, sources, **options):
        for language, start in self.each(**sources):
            for values in ("list", "iterator"):
                with self.subTest(values):
                    yield language, values, start(role="reducer", values=values, **options)

    def test_groups_in_one_frame(self):
        for _, _, child in self.each_kind(SUMS):
            child.groups(9, [(b"a", [b"1", b"2"]), (b"bad", [b"1", b"1"]), (b"", []), ("ü漢".encode(), [b"5"])])
            answer = child.answer()
            self.assertEqual(answer.identity, 9)
            self.assertEqual(answer.output.decode(), "a 3\n 0\nü漢 5\n")
            self.assertEqual(answer.tables, [[1, 0, 1, 1]])
            self.assertEqual(answer.done, (3, 1, 0))
            self.assertEqual(answer.bad[0][:2], (0, 1))
            self.assertRegex(answer.bad[0][2], "Error: 2$")
            self.assertEqual(child.finish()[1], 0)

    def test_values_that_are_taken_for_numbers(self):
        source = "def reduce(key, values):\n    return key, sum(values) if key == 'a' else 1 + key + None\n"
        for _, start in self.each(python=source):
            child = start(role="reducer")
            child.groups(1, [(b"a", [b"1", b"2"]), (b"b", [b"1"])])
            reasons = [bad[2] for bad in child.answer().bad]
            self.assertEqual(reasons, ["TypeError: unsupported operand type(s) for +: 'int' and 'str' (values are strings: "
                                       "int(value) or float(value) makes numbers of them, or typed: yes in the job file)"] * 2)
            self.assertEqual(child.finish()[1], 0)

    def test_typed_values(self):
        sources = {
            "python": "def reduce(key, values):\n    return ' '.join(f'{type(value).__name__}:{value}' for value in values)\n",
            "javascript": "exports.reduce = (key, values) => [...values].map((value) => `${typeof value}:${value}`).join(' ');",
        }
        values = [b"1", b"-0.5", b"1e2", b"007", b"", b"x", b"1.", b" 1", b"1_0", b"NaN", b"1e999", b"true", "\u0661".encode()]
        expected = {
            "python": "int:1 float:-0.5 float:100.0 str:007 str: str:x str:1. str: 1 str:1_0 str:NaN str:1e999 str:true str:\u0661",
            "javascript": "number:1 number:-0.5 number:100 string:007 string: string:x string:1. string: 1 string:1_0 string:NaN string:1e999 "
                          "string:true string:\u0661",
        }
        for language, _, child in self.each_kind(sources, typed=True):
            child.groups(1, [(b"a", values)])
            self.assertEqual(child.answer().output.decode(), expected[language] + "\n")
            child.groups(2, [(b"b", [b"1", b"x"])], GOES_ON)
            child.groups(3, [(b"b", [b"2"])], CONTINUES)
            self.assertEqual(child.answer().output, b"")
            short = {"python": "int:1 str:x int:2\n", "javascript": "number:1 string:x number:2\n"}
            self.assertEqual(child.answer().output.decode(), short[language])

    def test_typed_values_that_are_no_numbers(self):
        for _, start in self.each(python="def reduce(key, values):\n    return key, sum(values)\n"):
            child = start(role="reducer", typed=True)
            child.groups(1, [(b"a", [b"1", b"x"])])
            self.assertEqual([bad[2] for bad in child.answer().bad], ["TypeError: unsupported operand type(s) for +: 'int' and 'str' "
                                                                      "(a value that is not a JSON number stays a string)"])

    def test_large_typed_values(self):
        given = [b"9007199254740991", b"9007199254740993", b"123456789012345678901234567890"]
        for language, start in self.each(
            python="def reduce(key, values):\n    return str([v + 1 for v in values])\n",
            javascript="exports.reduce = (key, values) => values.map((value) => typeof value).join(' ');",
        ):
            child = start(role="reducer", typed=True)
            child.groups(1, [(b"a", given)])
            expected = {"python": str([int(value) + 1 for value in given]), "javascript": "number number number"}
            self.assertEqual(child.answer().output.decode(), expected[language] + "\n")

    def test_groups_over_many_frames(self):
        for _, _, child in self.each_kind(SUMS):
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"1", b"2"])], GOES_ON)
            child.groups(2, [(b"b", [b"3"])], CONTINUES | GOES_ON)
            first = child.answer()
            self.assertEqual((first.output, first.tables, first.done), (b"a 1\n", [[1]], (1, 0, 0)))
            second = child.answer()
            self.assertEqual((second.identity, second.output, second.done), (2, b"", (0, 0, 0)))
            child.groups(3, [(b"b", []), (b"c", [b"7"]), (b"bad", [b"0"])], CONTINUES | GOES_ON)
            third = child.answer()
            self.assertEqual((third.output, third.tables, third.done), (b"b 6\nc 7\n", [[1, 1]], (2, 0, 0)))
            child.groups(4, [(b"bad", [b"0", b"0"]), (b"d", [b"1"])], CONTINUES)
            fourth = child.answer()
            self.assertEqual((fourth.output, fourth.tables, fourth.done), (b"d 1\n", [[0, 1]], (1, 1, 0)))
            self.assertEqual(fourth.bad[0][:2], (0, 0))
            self.assertRegex(fourth.bad[0][2], "Error: 3$")
            self.assertEqual(child.finish()[1], 0)

    def test_values_that_are_not_taken_are_skipped(self):
        sources = {
            "python": '''
                def reduce(key, values):
                    for value in values:
                        if key == "e":
                            raise ValueError(value)
                        return key, value
                ''',
            "javascript": '''
                exports.reduce = (key, values) => {
                    for (const value of values) {
                        if (key === "e") throw new Error(value);
                        return [key, value];
                    }
                };
                ''',
        }
        for _, _, child in self.each_kind(sources):
            child.groups(1, [(b"a", [b"1", b"2"]), (b"b", [b"3", b"4"])], GOES_ON)
            child.groups(2, [(b"b", [b"5"])], CONTINUES | GOES_ON)
            child.answer()
            child.answer()
            child.groups(3, [(b"b", [b"6"]), (b"e", [b"7"])], CONTINUES | GOES_ON)
            self.assertEqual(child.answer().output, b"b 3\n")
            child.groups(4, [(b"e", [b"8"]), (b"f", [b"9"])], CONTINUES)
            answer = child.answer()
            self.assertEqual((answer.output, answer.done, answer.bad[0][:2]), (b"f 9\n", (1, 1, 0), (0, 0)))

    def test_generators_that_give_while_they_take(self):
        sources = {
            "python": "def reduce(key, values):\n    for value in values:\n        yield f'{key}:{value}'\n        yield 'x\\ny\\n'\n",
            "javascript": "exports.reduce = function* (key, values) { for (const v of values) { yield `${key}:${v}`; yield 'x\\ny\\n'; } };",
        }
        for _, _, child in self.each_kind(sources):
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"2"])], GOES_ON)
            child.groups(2, [(b"b", [b"3"])], CONTINUES)
            first, second = child.answer(), child.answer()
            self.assertEqual((first.output, first.tables), (b"a:1\nx\ny\n", [[3]]))
            self.assertEqual((second.output, second.tables), (b"b:2\nx\ny\nb:3\nx\ny\n", [[6]]))

    def test_lists_are_lists_and_iterators_are_not(self):
        sources = {
            "python": "def reduce(key, values):\n    return f'{isinstance(values, list)} {iter(values) is values}'\n",
            "javascript": "exports.reduce = (k, values) => `${Array.isArray(values)} ${values[Symbol.iterator]() === values}`;",
        }
        for _, values, child in self.each_kind(sources):
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"1"])], GOES_ON)
            child.groups(2, [(b"b", [b"1"])], CONTINUES)
            expected = "true false\n" if values == "list" else "false true\n"
            self.assertEqual(child.answer().output.decode().lower(), expected)
            self.assertEqual(child.answer().output.decode().lower(), expected)

    def test_async_reduce(self):
        source = '''
            exports.reduce = async (key, values) => {
                let n = 0;
                for (const value of values) { await new Promise(setImmediate); n += Number(value); }
                return (async function* () { yield [key, n]; })();
            };
            '''
        for _, _, child in self.each_kind({"javascript": source}):
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"1"])], GOES_ON)
            child.groups(2, [(b"b", [b"1"])], CONTINUES)
            self.assertEqual(child.answer().output + child.answer().output, b"a 1\nb 2\n")

    def test_keys_of_reducers_may_contain_the_separator(self):
        sources = {
            "python": "def reduce(key, values):\n    return [('New York', len(list(values))), 'any thing', ('a', {'b': 1})]\n",
            "javascript": "exports.reduce = (key, values) => [['New York', [...values].length], 'any thing', ['a', {b: 1}]];",
        }
        for _, _, child in self.each_kind(sources):
            child.groups(1, [(b"a", [b"1", b"2"])])
            answer = child.answer()
            self.assertEqual((answer.output, answer.tables), (b'New York 2\nany thing\na {"b":1}\n', [[3]]))
        for _, _, child in self.each_kind(sources, output="pairs"):
            child.groups(1, [(b"a", [b"1", b"2"])])
            answer = child.answer()
            self.assertEqual((answer.output, answer.tables), (b'New York\n2\nany\nthing\na\n{"b":1}\n', [[6]]))

    def test_any_bytes_survive_in_python(self):
        for _, _, child in self.each_kind({"python": "def reduce(key, values):\n    return [(key, v) for v in values]\n"}):
            child.groups(1, [(b"\xff", [b"\xed\xa0\x80", b"a\r", "漢".encode(), b"\xc3"])])
            self.assertEqual(child.answer().output, b"\xff \xed\xa0\x80\n\xff a\r\n\xff \xe6\xbc\xa2\n\xff \xc3\n")

    def test_output_larger_than_a_frame_has_a_table_in_each(self):
        sources = {
            "python": "def reduce(key, values):\n    return [(key, 'x' * 1000000) for _ in range(int(values[0]))]\n",
            "javascript": "exports.reduce = function* (key, [n]) { while (n-- > 0) yield key + ' ' + 'x'.repeat(1000000); };",
        }
        for _, start in self.each(**sources):
            child = start(role="reducer")
            child.groups(1, [(b"a", [b"3"]), (b"b", [b"70"]), (b"c", [b"0"]), (b"d", [b"2"])])
            answer = child.answer()
            self.assertGreater(len(answer.tables), 1)
            self.assertEqual([sum(column) for column in zip(*answer.tables)], [3, 70, 0, 2])
            lines = answer.output.split(b"\n")[:-1]
            self.assertEqual([line[:1] for line in lines], [b"a"] * 3 + [b"b"] * 70 + [b"d"] * 2)

    def test_combiners_answer_with_pairs(self):
        sources = {
            "python": "def %s(key, values):\n    return key, sum(map(int, values))\n",
            "javascript": "exports.%s = (key, values) => [key, values.reduce((sum, value) => sum + Number(value), 0)];",
        }
        for name in ("combine", "reduce"):
            for _, start in self.each(**{language: source % name for language, source in sources.items()}):
                child = start(role="combiner", output="pairs")
                child.groups(1, [(b"a", [b"1", b"2"]), (b"b c", [b"1"]), (b"x", [b"5"])])
                answer = child.answer()
                self.assertEqual((answer.output, answer.done), (b"a\n3\nb c\n1\nx\n5\n", (3, 0, 0)))
                child = start(role="combiner", output="pairs", plain=True)
                child.groups(1, [(b"a", [b"1", b"2"]), (b"b c", [b"1"]), (b"x", [b"5"])])
                answer = child.answer()
                self.assertEqual((answer.output, answer.done), (b"a\n3\nx\n5\n", (2, 1, 0)))
                self.assertIn("contains the separator", answer.bad[0][2])
