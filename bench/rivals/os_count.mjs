// Counts the operating systems in the pings on standard input, as it is written by hand: lines "system count".
import { createInterface } from "node:readline";

const counts = new Map();
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const system = JSON.parse(line.slice(line.indexOf("\t") + 1)).info.OS;
  counts.set(system, (counts.get(system) ?? 0) + 1);
}
for (const [system, count] of counts) console.log(`${system} ${count}`);
