def mapper(key, file, record):
    return record["country"], record["cents"]
