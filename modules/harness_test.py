"""Tests both harnesses over real pipes: `python3 modules/harness_test.py`, with any Python from 3.8.

The Python harness is tested with /usr/bin/python3 and with the first python3 on PATH, the JavaScript harness with the
first node on PATH; what is absent is left out. QUERN_TEST_INTERPRETERS names others, as language=path, blank-separated.
"""

import os
import subprocess
import sys
import unittest

from harness_child import cases_for_each_interpreter, interpreters
from harness_concurrency_test import AsyncPython, Concurrent
from harness_failing_test import Failing, FewerParameters, SettingUp
from harness_fields_test import Fields
from harness_life_test import Living
from harness_packed_test import Packed
from harness_records_test import Given, Records
from harness_reducer_test import Reducing
from harness_unawaited_test import Unawaited


def load_tests(loader, tests, pattern):
    suite = cases_for_each_interpreter([Records, Given, Failing, FewerParameters, SettingUp, Reducing, Living, Concurrent, AsyncPython,
                                        Packed, Fields, Unawaited])
    assert suite.countTestCases() > 0, "neither python3 nor node was found"
    return suite


def run_each_interpreter():
    """The tests of each interpreter in a process of their own, all at once."""
    runs = []
    for _, language, path in interpreters():
        environment = {**os.environ, "QUERN_TEST_INTERPRETERS": f"{language}={path}"}
        runs.append(subprocess.Popen([sys.executable, __file__], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    failed = False
    for run in runs:
        print(run.communicate()[0].decode("utf-8", "replace"), flush=True)
        failed |= run.returncode != 0
    assert runs, "neither python3 nor node was found"
    sys.exit(failed)


if __name__ == "__main__":
    if len(sys.argv) > 1 or "QUERN_TEST_INTERPRETERS" in os.environ:
        unittest.main()
    run_each_interpreter()
