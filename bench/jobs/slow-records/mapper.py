import time


def mapper(key, file, record):
    time.sleep(0.25)
    return record, 1
