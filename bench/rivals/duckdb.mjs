// Runs one query in DuckDB, in this process and on as many threads as there are processors, and writes the rows to result.txt
// and the seconds of the query to seconds.txt: neither Node's start nor loading the library counts against DuckDB.
//
//   node duckdb.mjs MODULES_FOLDER SEPARATOR MEMORY QUERY       (MEMORY may be "": DuckDB's own default)
import {createRequire} from 'node:module';
import {writeFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';

const [modules, separator, memory, query] = process.argv.slice(2);
const {DuckDBInstance} = createRequire(modules + '/')('@duckdb/node-api');
const options = {threads: String(availableParallelism())};
if (memory) Object.assign(options, {memory_limit: memory, temp_directory: './spilled', preserve_insertion_order: 'false'});
const instance = await DuckDBInstance.create(':memory:', options);
const connection = await instance.connect();
// COPY writes in C++: handing rows to JavaScript would be most of the time of a long result.
const begin = performance.now();
await connection.run(`COPY (${query}) TO 'result.txt' (FORMAT csv, HEADER false, DELIMITER '${separator}', QUOTE '')`);
writeFileSync('seconds.txt', String((performance.now() - begin) / 1000));
