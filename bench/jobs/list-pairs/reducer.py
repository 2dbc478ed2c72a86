def reduce(key, values):
    return key, sum(map(int, values))
