"""Adds up the values of each key."""


def reduce(key, values):
    """Called once for each key, with all its values as strings. Returns pairs for the result, as mapper does."""
    return key, sum(map(int, values))
