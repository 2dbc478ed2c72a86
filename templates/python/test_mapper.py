"""Tests the mapper without quern: python3 test_mapper.py"""
import unittest

from mapper import mapper


class Mapper(unittest.TestCase):
    def test_returns_the_operating_system(self):
        record = {"ver": 1, "info": {"appName": "Firefox", "OS": "Linux"}}
        self.assertEqual(mapper("a-key", "a-file", record), ("Linux", 1))

    def test_returns_nothing_without_one(self):
        self.assertIsNone(mapper("a-key", "a-file", {"ver": 1, "info": {"appName": "Firefox"}}))


if __name__ == "__main__":
    unittest.main()
