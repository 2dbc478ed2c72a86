"""Adds up the values of each key."""


def reduce(key, values):
    """Called once for each key, with all its values as strings. Returns what mapper may return: the result."""
    return key, sum(map(int, values))
