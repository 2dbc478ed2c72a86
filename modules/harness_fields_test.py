"""Which parts of its first records a mapper reads, for `quern run --suggest-fields`."""

import json

from harness_child import COUNTERS, FINISHED, HarnessTest

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
    ("names that need quotes", "return 'k', record['a.b'] + record[\"it's\"] + record['']", "return ['k', record['a.b'] + record[\"it's\"] + record['']]",
     ['""', '"a.b"', '"it\'s"']),
    ("all of it", "return 'k', len(record)", "return ['k', Object.keys(record).length]", ["(whole record)"]),
    ("all of it as JSON", "import json; return 'k', json.dumps(record)", "return ['k', JSON.stringify(record)]", ["(whole record)"]),
    ("nothing", "return 'k', 1", "return ['k', 1]", []),
]


class Fields(HarnessTest):
    def read_by(self, start, given=RECORD, **options):
        """What the mapper wrote, and what was counted when it left."""
        child = start(record="json", watch_fields=True, **options)
        child.block(1, [("f", given)])
        answer = child.answer()
        self.assertEqual(answer.bad, [])
        frames, status = child.finish()
        self.assertEqual((status, frames[-1][0]), (0, FINISHED))
        counted = [entry for kind, payload in frames if kind == COUNTERS for entry in json.loads(payload)]
        self.assertEqual({group for group, _, _ in counted} - {"fields read"}, set())
        return answer, sorted(path for _, path, _ in counted if path not in self.redundant(counted))

    @staticmethod
    def redundant(counted):
        """Paths below one that was read as a whole: quern leaves them out."""
        paths = [path for _, path, _ in counted]
        if "(whole record)" in paths:
            return set(paths) - {"(whole record)"}
        return {path for path in paths if any(path.startswith(whole + ".") for whole in paths)}

    def test_what_is_read_is_counted_and_the_result_is_the_same(self):
        for name, python, javascript, paths in READS:
            for _, start in self.each(
                python=f"def mapper(key, file, record):\n    {python}\n",
                javascript=f"exports.mapper = (key, file, record) => {{ {javascript}; }};",
            ):
                with self.subTest(name):
                    answer, read = self.read_by(start)
                    self.assertEqual(read, paths)
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

    def test_records_that_are_no_maps(self):
        for _, start in self.each(
            python="def mapper(key, file, record):\n    return 'k', 1\n", javascript="exports.mapper = () => ['k', 1];"
        ):
            self.assertEqual(self.read_by(start, b"[1, 2]\n3\n")[1], ["(whole record)"])
