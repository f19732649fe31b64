'use strict';
// TA-Lib: {"memory": bars} computes 22 values a bar of arrays in memory; {"client": set, "database",
// "query", "table"} copies candles out of PostgreSQL, computes a set and copies the values into a table.

const { spawn } = require('node:child_process');
const { peer, seconds, serve } = require('./serve.js');

const talib = peer('talib');

const period = (name, optInTimePeriod) => ({ name, optInTimePeriod });
const macd = { name: 'MACD', optInFastPeriod: 12, optInSlowPeriod: 26, optInSignalPeriod: 9 };
const SETS = {
  four: [period('SMA', 200), period('EMA', 20), period('RSI', 14), macd],
  all: [
    period('RSI', 7), period('RSI', 14),
    ...[20, 50, 100, 200].map((n) => period('SMA', n)),
    ...[20, 50, 100, 200].map((n) => period('EMA', n)),
    macd,
    { name: 'BBANDS', optInTimePeriod: 20, optInNbDevUp: 2, optInNbDevDn: 2, optInMAType: 0 },
    period('ATR', 14), period('ADX', 14), period('PLUS_DI', 14), period('MINUS_DI', 14),
    { name: 'STOCH', optInFastK_Period: 14, optInSlowK_Period: 3, optInSlowK_MAType: 0,
      optInSlowD_Period: 3, optInSlowD_MAType: 0 },
  ],
};

// columns of values, each with the bar that it begins at
function compute(set, bars) {
  const input = { startIdx: 0, endIdx: bars.close.length - 1, inReal: bars.close, ...bars };
  return SETS[set].flatMap((call) => {
    const { begIndex, result } = talib.execute({ ...input, ...call });
    return Object.values(result).map((values) => ({ begIndex, values }));
  });
}

// the package takes typed arrays for arrays, and crashes
const emptyBars = (count) => [0, 1, 2].map(() => new Array(count).fill(0.5));

const arrays = new Map();

function walk(count) {
  if (!arrays.has(count)) {
    const [high, low, close] = emptyBars(count);
    let price = 60000;
    let draw = 1;
    for (let i = 0; i < count; i += 1) {
      draw = (draw * 48271) % 2147483647;
      price += ((draw % 2001) - 1000) / 100;
      close[i] = price;
      high[i] = price + (draw % 300) / 100;
      low[i] = price - (draw % 700) / 100;
    }
    arrays.set(count, { high, low, close });
  }
  return arrays.get(count);
}

function psql(database, copy, input) {
  return new Promise((resolve, reject) => {
    const child = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', copy],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.stdin.on('error', () => {}); // it may end without reading; its exit code tells
    child.on('close', (code) => (code ? reject(new Error('psql failed')) : resolve(Buffer.concat(chunks))));
    child.stdin.end(input);
  });
}

function parse(buffer) {
  const rows = buffer.toString('latin1').split('\n');
  rows.pop();
  const times = new Array(rows.length);
  const [high, low, close] = emptyBars(rows.length);
  rows.forEach((row, i) => {
    const fields = row.split('\t');
    times[i] = fields[0];
    high[i] = Number(fields[1]);
    low[i] = Number(fields[2]);
    close[i] = Number(fields[3]);
  });
  return { times, bars: { high, low, close } };
}

function print(times, columns) {
  const lines = new Array(times.length);
  for (let i = 0; i < times.length; i += 1) {
    let line = times[i];
    for (const { begIndex, values } of columns) {
      line += i < begIndex ? '\t\\N' : `\t${values[i - begIndex]}`;
    }
    lines[i] = line;
  }
  return `${lines.join('\n')}\n`;
}

async function client(request) {
  const [out, { times, bars }] = await seconds(async () =>
    parse(await psql(request.database, `COPY (${request.query}) TO STDOUT`, '')));
  const [inside, columns] = await seconds(() => compute(request.client, bars));
  const [back] = await seconds(() =>
    psql(request.database, `COPY ${request.table} FROM STDIN`, print(times, columns)));
  return { parts: { 'COPY out': out, 'TA-Lib': inside, 'COPY back': back, 'in all': out + inside + back } };
}

serve(async (request) => {
  if (request.version) {
    return { version: peer('talib/package.json').version };
  }
  if (request.client) {
    return client(request);
  }
  const bars = walk(request.memory);
  const [time] = await seconds(() => compute('all', bars));
  return { seconds: time };
});
