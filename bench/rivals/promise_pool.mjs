// The same as bench/jobs/requests by hand: lines of a file, 50 at once, results in order.
import fs from "node:fs";
import { createRequire } from "node:module";

const [script, input] = process.argv.slice(2);
const { mapper } = createRequire(import.meta.url)(script);
const lines = fs.readFileSync(input, "utf8").trimEnd().split("\n");
const results = new Array(lines.length);
let next = 0;

async function work() {
  while (next < lines.length) {
    const at = next++;
    results[at] = await mapper("", input, lines[at]);
  }
}

await Promise.all(Array.from({ length: 50 }, work));
fs.writeFileSync("result.txt", results.map(([key, value]) => `${key} ${value}\n`).join(""));
