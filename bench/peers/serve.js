'use strict';
// A peer answers lines of JSON on its standard input, one line each.

const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

// the packages are where bench/run has put them, not beside this file
exports.peer = createRequire(`${process.env.BENCH_PEERS}/`);

exports.serve = async (handle) => {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = await handle(JSON.parse(line));
    } catch (error) {
      answer = { error: String(error.message ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
};

exports.seconds = async (work) => {
  const began = process.hrtime.bigint();
  const result = await work();
  return [Number(process.hrtime.bigint() - began) / 1e9, result];
};
