"""Gives the operating system of each record that has one."""


def mapper(key, file, record):
    """Called once for each record of the inputs.

    key     what stands before the JSON in its line, "" if nothing does
    file    the input that the record is from, as the job names it
    record  the JSON, as json.loads reads it

    Return a pair (key, value), a list of pairs, or nothing; or yield pairs, one after the other.
    """
    system = record["info"].get("OS")
    if system is None:
        return None
    return system, 1
