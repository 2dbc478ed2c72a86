import os


def mapper(key, file, record):
    number, system, body = record.split()
    if system == "crash":
        os._exit(7)
    # A little work, so that there is some to lose.
    return system, len(set(body))
