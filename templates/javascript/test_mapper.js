"use strict";

// Tests the mapper without quern: node test_mapper.js
const assert = require("node:assert/strict");
const test = require("node:test");
const { mapper } = require("./mapper.js");

test("returns the operating system", () => {
  const record = { ver: 1, info: { appName: "Firefox", OS: "Linux" } };
  assert.deepEqual(mapper("a-key", "a-file", record), ["Linux", 1]);
});

test("returns nothing without one", () => {
  assert.equal(mapper("a-key", "a-file", { ver: 1, info: { appName: "Firefox" } }), undefined);
});
