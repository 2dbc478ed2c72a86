"use strict";

// Tests the mapper without quern: node test_mapper.js
const assert = require("node:assert/strict");
const test = require("node:test");
const { mapper } = require("./mapper.js");

test("maps a record", () => {
?key|  const record = JSON.parse(@EXAMPLE@);
?file|  const record = @EXAMPLE@;
  assert.deepEqual(mapper("a-key", "a-file", record), [@GROUP@, @VALUE@]);
});
?key|
?key|test("returns nothing for a record without them", () => {
?key|  assert.equal(mapper("a-key", "a-file", {}), undefined);
?key|});
