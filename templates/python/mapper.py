"""Returns the operating system of each record that has one."""


def mapper(key, file, record):
    """Called once for each record of the inputs.

    key     the text before the JSON in the line, or ""
    file    the input that contains the record, as the job names it
    record  the JSON, as json.loads returns it

    Return a pair (key, value), a list of pairs, or None; or yield pairs.
    """
    system = record["info"].get("OS")
    if system is None:
        return None
    return system, 1
