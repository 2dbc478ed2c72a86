"use strict";

// Returns the operating system of each record that has one. Called once for each record of the inputs.
//   key     the text before the JSON in the line, or ""
//   file    the input that contains the record, as the job names it
//   record  the JSON, as JSON.parse returns it
// Return a pair [key, value], an array of pairs, or undefined; or write a generator that yields pairs.
exports.mapper = (key, file, record) => {
  const system = record.info.OS;
  if (system === undefined) return undefined;
  return [system, 1];
};
