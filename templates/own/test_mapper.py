"""Tests the mapper without quern: python3 test_mapper.py"""
?key|import json
import unittest

from mapper import mapper


class Mapper(unittest.TestCase):
    def test_maps_a_record(self):
?key|        record = json.loads(@EXAMPLE@)
?file|        record = @EXAMPLE@
        self.assertEqual(mapper("a-key", "a-file", record), (@GROUP@, @VALUE@))
?key|
?key|    def test_returns_nothing_for_a_record_without_them(self):
?key|        self.assertIsNone(mapper("a-key", "a-file", {}))


if __name__ == "__main__":
    unittest.main()
