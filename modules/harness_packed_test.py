"""Records that quern packs for Python (marshal), and when it does not."""

import json
import marshal
import struct

from harness_child import CAREFUL, PACKED, Gone, HarnessTest
from harness_records_test import RECORD_ROWS, RECORDS

ASYNC = RECORDS["python"].replace("def mapper", "async def mapper")
SAMPLE_LINES = 'key\t{"a": [1, 2.0, "\u00e9", null]}\n'
SAMPLE = [[{"a": [1, 2.0, "\u00e9", None]}, "key"]]


def group(elements):
    packed = marshal.dumps(elements, 4)
    return struct.pack("<I", len(packed)) + packed


def packed(lines, is_keyed, most=3):
    """As quern packs them, but in groups of a few lines."""
    elements = []
    for line in lines.split(b"\n")[:-1]:
        try:
            text = line.decode()
            split = is_keyed and text[:1] not in ("{", "[")
            key, text = text.split("\t" if "\t" in text else " ", 1) if split else ("", text)
            elements += [json.loads(text), key]
        except (ValueError, RecursionError):
            elements += [line, None]
    return b"".join(group(elements[at : at + 2 * most]) for at in range(0, len(elements), 2 * most))


class Packed(HarnessTest):
    def test_every_kind_of_record_is_what_it_is_as_a_line(self):
        for source in (RECORDS["python"], ASYNC):
            for _, start in self.each(python=source):
                children = {kind: start(record=kind) for kind in ("keyed-json", "json")}
                for name, kind, given, _, _, _ in RECORD_ROWS:
                    if kind not in children or name == "first of TAB and blank":
                        continue
                    with self.subTest(name):
                        child = children[kind]
                        child.block(5, [("f", given)])
                        as_lines = child.answer()
                        child.block(5, [("f", packed(given, kind == "keyed-json"))], PACKED)
                        as_packed = child.answer()
                        as_lines.progress = as_packed.progress = None  # which depends on the time
                        self.assertEqual(vars(as_packed), vars(as_lines))

    def test_segments_have_names_and_lines_of_their_own(self):
        for source in (RECORDS["python"], ASYNC):
            for _, start in self.each(python=source):
                child = start(record="json")
                segments = [("a", b"1\n2\n3\n4\n"), ("b", b"3\n}\n"), ("empty", b""), ("c", b"5\n")]
                child.block(1, [(name, packed(lines, False)) for name, lines in segments], PACKED)
                answer = child.answer()
                self.assertEqual(answer.output.decode(), "|a|1\n|a|2\n|a|3\n|a|4\n|b|3\n|c|5\n")
                self.assertEqual([bad[:2] for bad in answer.bad], [(1, 1)])
                self.assertEqual(answer.done, (6, 1, 0))

    def test_what_raises_is_the_record_that_raises(self):
        for source in ("def mapper(key, file, record): return str(10 // record)\n", "async def mapper(key, file, record): return str(10 // record)\n"):
            for _, start in self.each(python=source):
                child = start(record="json")
                given = b"1\n0\n\n2\n0\n5\n"
                child.block(1, [("f", packed(given, False))], PACKED)
                answer = child.answer()
                self.assertEqual([(line, reason.split(":")[0]) for _, line, reason, _ in answer.bad],
                                 [(1, "ZeroDivisionError"), (4, "ZeroDivisionError")])
                self.assertEqual((answer.output, answer.done), (b"10\n5\n2\n", (3, 2, 1)))
                child.block(2, [("f", given)], CAREFUL)
                self.assertEqual(child.answer().done, (3, 2, 1))

    def test_a_child_says_whether_it_reads_packed_records(self):
        for _, start in self.each(python=RECORDS["python"]):
            told = 0  # by all children, who have one log
            for name, sample, is_read in (
                ("none", None, False),
                ("right", [SAMPLE_LINES, group(*SAMPLE).hex()], True),
                ("another value", [SAMPLE_LINES, group([{"a": [1, 2, "\u00e9", None]}, "key"]).hex()], False),
                ("not marshal", [SAMPLE_LINES, struct.pack("<I", 3).hex() + "5b0100"], False),
            ):
                with self.subTest(name):
                    child = start(record="json", sample=sample)
                    self.assertIs(child.ready["packed"], is_read)
                    told += not is_read and sample is not None
                    self.assertEqual(child.log().count("marshal differs here"), told)

    def test_what_marshal_cannot_read_ends_the_child(self):
        for _, start in self.each(python=RECORDS["python"]):
            child = start(record="json")
            child.block(1, [("f", struct.pack("<I", 5) + b"[\1\0\0\0")], PACKED)
            with self.assertRaises(Gone):
                child.answer()
