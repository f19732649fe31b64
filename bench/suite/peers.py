"""Peers that run beside the server: DuckDB and TA-Lib under Node, pandas, C programs."""

import io
import json
import os
import subprocess
import time

from . import server
from .harness import Skip, Variant

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.environ.get("BENCH_PEERS", "")
WORK = os.environ.get("CRYPTOANALYTICS_WORK", "/tmp")


class Peer:
    """A Node program that answers lines of JSON."""

    def __init__(self, script, package, *arguments):
        self.package = package
        self.command = ["node", os.path.join(HERE, "..", "peers", script), *arguments]
        self.process = None

    def there(self):
        return os.path.isdir(os.path.join(PEERS, "node_modules", self.package))

    def ask(self, **request):
        if not self.there():
            raise Skip(f"the npm package {self.package} is not installed")
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.process = None
            raise Skip(f"{self.package} ended with status {status}")
        answer = json.loads(line)
        if "error" in answer:
            raise Skip(answer["error"])
        return answer

    def version(self):
        return self.ask(version=True)["version"] if self.there() else None


duckdb = Peer("duckdb.js", "@duckdb/node-api", os.path.join(WORK, "duck.db"))
talib = Peer("talib.js", "talib")
loaded = set()

DUCKDB_TABLES = {
    "price_data": (
        "SELECT asset_id, open_price, high_price, low_price, close_price, volume, "
        "candle_time AT TIME ZONE 'UTC' AS candle_time FROM price_data WHERE timeframe = '1m'",
        "asset_id INTEGER, open_price DECIMAL(20,8), high_price DECIMAL(20,8), low_price DECIMAL(20,8), "
        "close_price DECIMAL(20,8), volume DECIMAL(30,2), candle_time TIMESTAMP"),
    "trades": (
        "SELECT ts AT TIME ZONE 'UTC' AS ts, asset_id, price, volume, sequence FROM bench.trades",
        "ts TIMESTAMP, asset_id INTEGER, price DECIMAL(20,8), volume DECIMAL(20,8), sequence BIGINT"),
}


def duckdb_load(table):
    """Copies a table into DuckDB, in the order of the heap."""
    if table in loaded:
        return
    loaded.add(table)
    select, columns = DUCKDB_TABLES[table]
    path = os.path.join(WORK, f"{table}.csv")
    server.execute("market", f"COPY ({select}) TO '{path}' WITH (FORMAT csv)")
    duckdb.ask(run=f"CREATE TABLE {table} ({columns})")
    duckdb.ask(run=f"COPY {table} FROM '{path}' (FORMAT csv, HEADER false)")
    duckdb.ask(run="CHECKPOINT")
    os.unlink(path)


def in_duckdb(name, table, sql, threads=1, **options):
    def run():
        if duckdb.there():
            duckdb_load(table)
        duckdb.ask(run=f"SET threads = {threads}")
        return duckdb.ask(run=sql)["seconds"]

    return Variant(name, run, **options)


def talib_client(name, what, query, table, **options):
    """COPY out, TA-Lib, COPY back."""

    def run():
        server.execute("market", f"TRUNCATE {table}")
        return talib.ask(client=what, database="market", query=query, table=table)["parts"]

    return Variant(name, run, **options)


def talib_memory(name, bars, **options):
    return Variant(name, lambda: talib.ask(memory=bars)["seconds"], **options)


def program(name, argv, **options):
    """A C program that prints the seconds it took."""

    def run():
        if not os.path.exists(argv[0]):
            raise Skip(f"{os.path.basename(argv[0])} is not built; see the log of bench/run")
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
        return float(done.stdout.split()[0])

    return Variant(name, run, **options)


def rsi(close, n):
    change = close.diff()
    gain = change.clip(lower=0).ewm(alpha=1 / n, adjust=False).mean()
    loss = (-change.clip(upper=0)).ewm(alpha=1 / n, adjust=False).mean()
    return 100 * gain / (gain + loss)


def pandas_client(name, query, **options):
    """COPY out, and SMA, EMA, RSI, MACD by rolling() and ewm()."""

    def run():
        import pandas

        cursor = server.connect("market").cursor()
        began = time.perf_counter()
        out = io.BytesIO()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)", out)
        out.seek(0)
        close = pandas.read_csv(out, names=["time", "high", "low", "close"])["close"]
        read = time.perf_counter()
        close.rolling(200).mean()
        close.ewm(span=20, adjust=False).mean()
        rsi(close, 14)
        line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
        line.ewm(span=9, adjust=False).mean()
        end = time.perf_counter()
        return {"COPY out": read - began, "computing": end - read}

    return Variant(name, run, **options)
