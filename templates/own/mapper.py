?key|"""Groups the records by @GROUP_NAME@."""
?file|"""Counts the records of each input."""


def mapper(key, file, record):
    """Called once for each record of the inputs.

    key     the text before the JSON in the line, or ""
    file    the input that contains the record, as the job names it
    record  @RECORD_IS@

    Return a pair (key, value), a list of pairs, or None; or yield pairs.
    """
?key|    group = part(record, @GROUP_NAMES@)
?number|    value = part(record, @VALUE_NAMES@)
?one|    value = 1
?key|    if @IS_MISSING@:
?key|        return None
?key|    return group, value
?file|    return file, 1
?key|
?key|
?key|def part(record, *names):
?key|    """The part of a record that these names lead to; None if it is missing."""
?key|    for name in names:
?key|        record = record.get(name) if isinstance(record, dict) else None
?key|    return record
