def mapper(key, file, record):
    return record["info"]["OS"], 1
