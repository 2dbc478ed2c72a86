"use strict";

// Adds up the values of each key. Called once for each key, with all its values as strings. Returns pairs for the
// result, as mapper does.
exports.reduce = (key, values) => [key, values.reduce((sum, value) => sum + Number(value), 0)];
