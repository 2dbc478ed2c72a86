"use strict";

// Gives the operating system of each record that has one. Called once for each record of the inputs.
//   key     what stands before the JSON in its line, "" if nothing does
//   file    the input that the record is from, as the job names it
//   record  the JSON, as JSON.parse reads it
// Return a pair [key, value], an array of pairs, or nothing; or be a generator that yields pairs.
exports.mapper = (key, file, record) => {
  const system = record.info.OS;
  if (system === undefined) return undefined;
  return [system, 1];
};
