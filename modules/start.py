"""Runs harness.py, which is beside this file, by its compiled form, which the first child leaves there.

Python compiles a script anew each time that it runs it; for the harness that takes longer than all else that it does at
its start. An import would do the same as this file, but under the user's settings: this cache is ours, in a folder of ours.
"""

import sys

import _frozen_importlib_external

settings = sys.dont_write_bytecode, getattr(sys, "pycache_prefix", None)
sys.dont_write_bytecode, sys.pycache_prefix = False, None
__file__ = __file__[: -len("start.py")] + "harness.py"
code = _frozen_importlib_external.SourceFileLoader("__main__", __file__).get_code("__main__")
sys.dont_write_bytecode, sys.pycache_prefix = settings
exec(code)
