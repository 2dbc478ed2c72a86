"use strict";

?key|// Groups the records by @GROUP_NAME@.
?file|// Counts the records of each input.
// Called once for each record of the inputs.
//   key     the text before the JSON in the line, or ""
//   file    the input that contains the record, as the job names it
//   record  @RECORD_IS@
// Return a pair [key, value], an array of pairs, or undefined; or write a generator that yields pairs.
exports.mapper = (key, file, record) => {
?key|  const group = part(record, @GROUP_NAMES@);
?number|  const value = part(record, @VALUE_NAMES@);
?one|  const value = 1;
?key|  if (@IS_MISSING@) return undefined;
?key|  return [group, value];
?file|  return [file, 1];
};
?key|
?key|// The part of a record that these names lead to; undefined or null if it is missing.
?key|const part = (record, ...names) => names.reduce((value, name) => (Object.hasOwn(Object(value), name) ? value[name] : undefined), record);
