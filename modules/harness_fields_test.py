"""Which parts of its first records a mapper reads, for `quern run --suggest-fields`."""

import json

from harness_child import CAREFUL, FIELDS, FINISHED, Gone, HarnessTest

RECORD = b'{"info": {"OS": "Linux", "more": {"deep": 1}}, "list": [{"x": 1}], "n": 5, "a.b": 1, "it\'s": 2, "": 3}\n'
# Name, the function's body in Python, in JavaScript, and the paths.
READS = [
    ("one part", "return record['info']['OS'], 1", "return [record.info.OS, 1]", ["info.OS"]),
    ("two parts", "return record['n'], record['info']['more']['deep']", "return [record.n, record.info.more.deep]", ["info.more.deep", "n"]),
    ("a list is read as a whole", "return 'k', record['list'][0]['x']", "return ['k', record.list[0].x]", ["list"]),
    ("what is absent", "return 'k', record.get('none')", "return ['k', record.none ?? 1]", ["none"]),
    ("whether it is there", "return 'k', int('n' in record)", "return ['k', 'n' in record ? 1 : 0]", ["n"]),
    ("that a map is there", "return 'k', int(record.get('info') is not None)", "return ['k', record.info ? 1 : 0]", ["info"]),
    ("all of a map", "return 'k', list(record['info'])", "return [['k', Object.keys(record.info)]]", ["info"]),
    ("a map as a value", "return 'k', record['info']", "return ['k', record.info]", ["info"]),
    ("a copy of a map", "return 'k', dict(record['info'])['OS']", "return ['k', ({ ...record.info }).OS]", ["info"]),
    ("a part that is removed", "del record['n']; return record['info']['OS'], 1", "delete record.n; return [record.info.OS, 1]", None),
    ("a part of a map that is also set", "record['info']['new'] = 1; return record['info']['OS'], 1", "record.info.fresh = 1; return [record.info.OS, 1]", ["info.OS"]),
    ("names that need quotes", "return 'k', record['a.b'] + record[\"it's\"] + record['']", "return ['k', record['a.b'] + record[\"it's\"] + record['']]",
     ['""', '"a.b"', '"it\'s"']),
    ("all of it", "return 'k', len(record)", "return ['k', Object.keys(record).length]", ["(whole record)"]),
    ("all of it as JSON", "import json; return 'k', json.dumps(record)", "return ['k', JSON.stringify(record)]", ["(whole record)"]),
]


class Fields(HarnessTest):
    def read_by(self, start, given=RECORD, **options):
        """What the mapper wrote, and the paths that it needs."""
        child = start(record="json", watch_fields=True, **options)
        child.block(1, [("f", given)])
        answer = child.answer()
        self.assertEqual(answer.bad, [])
        self.assertEqual(child.finish()[0][-1][0], FINISHED)
        return answer, self.needed(answer.fields)

    @staticmethod
    def needed(fields):
        """As src/app/run/suggested_fields.cc joins them."""
        read, reached = set(fields["read"]), set(fields["reached"])
        if "" in read:
            return ["(whole record)"]
        needed = read | {path for path in reached if not any(known.startswith(path + ".") for known in read | reached)}
        return sorted(path for path in needed if not any(path.startswith(known + ".") for known in needed))

    def test_what_is_read_is_counted_and_the_result_is_the_same(self):
        for name, python, javascript, paths in READS:
            for _, start in self.each(
                python=f"def mapper(key, file, record):\n    {python}\n",
                javascript=f"exports.mapper = (key, file, record) => {{ {javascript}; }};",
            ):
                with self.subTest(name):
                    answer, read = self.read_by(start)
                    self.assertEqual(read, paths or {"python": ["info.OS", "n"], "javascript": ["info.OS"]}[self.language])
                    plain = start(record="json")
                    plain.block(1, [("f", RECORD)])
                    self.assertEqual(plain.answer().output, answer.output)

    def test_an_async_mapper(self):
        for _, start in self.each(
            python="async def mapper(key, file, record):\n    return record['info']['OS'], record['n']\n",
            javascript="exports.mapper = async (key, file, record) => [record.info.OS, record.n];",
        ):
            for concurrency in (1, 3):
                with self.subTest(concurrency):
                    _, read = self.read_by(start, RECORD * 5, concurrency=concurrency)
                    self.assertEqual(read, ["info.OS", "n"])

    def test_only_the_first_records_are_watched(self):
        for _, start in self.each(
            python="def mapper(key, file, record):\n    return record['n' if record['at'] < 1000 else 'late'], 1\n",
            javascript="exports.mapper = (key, file, record) => [record[record.at < 1000 ? 'n' : 'late'], 1];",
        ):
            given = b"".join(b'{"at": %d, "n": 1, "late": 2}\n' % at for at in range(1200))
            self.assertEqual(self.read_by(start, given)[1], ["at", "n"])

    def test_what_is_read_is_told_before_a_record_that_kills(self):
        for _, start in self.each(
            python="import os\ndef mapper(key, file, record):\n    if record['n'] == 2: os._exit(3)\n    return record['info']['OS'], 1\n",
            javascript="exports.mapper = (key, file, record) => { if (record.n === 2) { process.kill(process.pid, 'SIGKILL'); while (true); } return [record.info.OS, 1]; };",
        ):
            child = start(record="json", watch_fields=True)
            child.block(1, [("f", RECORD + b'{"n": 2}\n')], CAREFUL)
            fields = []
            with self.assertRaises(Gone):
                while True:
                    kind, _, payload = child.read()
                    fields += [json.loads(payload)] if kind == FIELDS else []
            self.assertEqual(self.needed(fields[-1]), ["info.OS", "n"])

    def test_names_that_are_data(self):
        for _, start in self.each(
            python="def mapper(key, file, record):\n    return [record['info'][name] for name in list(record['names'])] and ('k', 1)\n",
            javascript="exports.mapper = (key, file, record) => { for (const name of record.names) record.info[name]; return ['k', 1]; };",
        ):
            names = [f"name{at}" for at in range(60)]
            record = json.dumps({"names": names, "info": dict.fromkeys(names, 1), "other": 1}).encode() + b"\n"
            self.assertEqual(self.read_by(start, record)[1], ["info", "names"])

    def test_deep_maps(self):
        deep = json.dumps({"n": 1}).encode()
        for _ in range(800):
            deep = b'{"a": ' + deep + b"}"
        for _, start in self.each(
            python="def mapper(key, file, record):\n    return 'k', int(record['a']['a'] is not None)\n",
            javascript="exports.mapper = (key, file, record) => ['k', record.a.a ? 1 : 0];",
        ):
            self.assertEqual(self.read_by(start, deep + b"\n")[1], ["a.a"])

    def test_copies_of_maps(self):
        for code in ("copy.copy(record)", "copy.deepcopy(record)", "pickle.loads(pickle.dumps(record))"):
            for _, start in self.each(
                python=f"import copy, pickle\ndef mapper(key, file, record):\n    return type({code}).__name__, {code} == record\n",
            ):
                answer, read = self.read_by(start, RECORD)
                self.assertEqual((answer.output, read), (b"dict true\n", ["(whole record)"]), code)

    def test_records_that_are_no_maps(self):
        for _, start in self.each(
            python="def mapper(key, file, record):\n    return 'k', 1\n", javascript="exports.mapper = () => ['k', 1];"
        ):
            self.assertEqual(self.read_by(start, b"[1, 2]\n3\n")[1], ["(whole record)"])
