exports.reduce = (key, values) => [key, values.reduce((sum, value) => sum + Number(value), 0)];
