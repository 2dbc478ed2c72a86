exports.mapper = (key, file, record) => [record.info.OS, 1];
