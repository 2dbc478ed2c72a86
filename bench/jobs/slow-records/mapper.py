import os
import time

SECONDS = float(os.environ.get("SECONDS", 0.25))


def mapper(key, file, record):
    time.sleep(SECONDS)
    return record, 1
