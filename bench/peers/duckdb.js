'use strict';
// DuckDB on a file of its own: {"run": SQL} answers with seconds, {"version": true} with the version.

const { peer, seconds, serve } = require('./serve.js');

const { DuckDBInstance } = peer('@duckdb/node-api');

async function main() {
  const instance = await DuckDBInstance.create(process.argv[2]);
  const connection = await instance.connect();
  await serve(async (request) => {
    if (request.version) {
      const reader = await connection.runAndReadAll('SELECT version()');
      return { version: reader.getRowsJson()[0][0] };
    }
    const [time] = await seconds(() => connection.runAndReadAll(request.run));
    return { seconds: time };
  });
}

main();
