exports.mapper = function* (key, file, line) {
  for (const [word] of line.toLowerCase().matchAll(/\p{L}+/gu)) {
    yield [word, 1];
  }
};
