"""Compressed history: its size, and what is computed from it."""

import glob
import os
import time

from .. import peers, server
from ..harness import Job, Variant, faster, under
from . import candles

COMPRESS = ("SET cryptoanalytics.compress_archive = on", "CALL archive_price_data(older_than => now())",
            "RESET cryptoanalytics.compress_archive")
# what is measured together: files, by the beginning of their names, and the most bytes a candle
EXCHANGES = {"the three Binance.US files": ("binanceus", 10), "Kraken's file, which has holes": ("kraken", 14)}


def total_size(table):
    return float(server.value("files", f"SELECT pg_total_relation_size('{table}')"))


def load(path, asset):
    """The candles of a file as rows; returns how many."""
    with open(path, encoding="ascii") as file:
        seconds = file.readline().split(",")[0].isdigit()
    columns = "time text, open numeric, high numeric, low numeric, close numeric, volume numeric"
    moment = "to_timestamp(time::bigint)" if seconds else "time::timestamptz"
    server.execute(
        "files", "DROP TABLE IF EXISTS file", f"CREATE TABLE file ({columns}{', trades integer' if seconds else ''})",
        f"COPY file FROM '{path}' WITH (FORMAT csv, HEADER {'false' if seconds else 'true'})",
        f"INSERT INTO assets (id, symbol, name, asset_type) VALUES ({asset}, 'F{asset}', 'File', 'crypto')",
        f"""INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
            SELECT {asset}, '1m', open, high, low, close, round(volume * (high + low + close) / 3, 2), {moment}
            FROM file ORDER BY time""")
    return server.value("files", f"SELECT count(*) FROM price_data WHERE asset_id = {asset}")


def exchange(name, paths, limit):
    """A job without runs: the sizes are what they are."""
    server.execute("files", "TRUNCATE price_data, price_data_archive, price_data_segments", "DELETE FROM assets")
    counts = {asset: load(path, asset) for asset, path in enumerate(paths, 1)}
    rows = total_size("price_data")
    began = time.perf_counter()
    server.execute("files", *COMPRESS)
    took = time.perf_counter() - began
    segments = total_size("price_data_segments")
    payloads = dict(server.execute("files", "SELECT asset_id, sum(length(payload))::float FROM price_data_segments "
                                            "GROUP BY asset_id"))
    variants = [Variant("rows of price_data", lambda: rows), Variant("segments", lambda: segments, goals=(under(limit),))]
    for asset, path in enumerate(paths, 1):
        variants.append(Variant(f"payloads of {os.path.basename(path)}", lambda asset=asset: payloads[asset],
                                rows=counts[asset]))
    return Job(f"size of {name}", sum(counts.values()), variants, unit="bytes/candle", factor=1,
               note=f"All in: rows, TOAST and indexes; of payloads, the bytes. Archived into segments in {took:.2f} s.")


def sizes():
    found = {name: (sorted(glob.glob(os.path.join(peers.WORK, "data", f"{prefix}_*.csv"))), limit)
             for name, (prefix, limit) in EXCHANGES.items()}
    if any(paths for paths, _ in found.values()):
        server.create("files", "SELECT 1")
    for name, (paths, limit) in found.items():
        if paths:
            yield exchange(name, paths, limit)


def kernels(config):
    program = os.path.join(peers.HERE, "..", "kernels", "segment")
    count = str(config.series)
    return Job("segments in memory", config.series, [
        peers.program("encode", [program, "encode", count], goals=(under(100),)),
        peers.program("decode times, prices, volume", [program, "decode", count], goals=(under(20),)),
    ], note="From arrays to bytes and back, no PostgreSQL; 100 ns are 10 million candles a second, 20 ns 50 million.")


def segments(config):
    yield from sizes()
    yield kernels(config)

    server.create("compressed", config.script)
    server.execute("compressed", f"SELECT bench.fill_candles({config.candles}, 10)", *COMPRESS, "VACUUM (FREEZE, ANALYZE)",
                   "CHECKPOINT")
    built = "SELECT count(c.open), count(c.high), count(c.low), count(c.close), count(c.volume) " \
            "FROM generate_series(1, 10) AS a, LATERAL candles(a, '1h') AS c"
    again = "rollup_candles from rows, nothing changed"
    yield Job("1m -> 1h from segments, all assets", config.candles, [
        server.query("payloads read, not decoded", "SELECT sum(get_byte(payload, 0)) FROM price_data_segments",
                     database="compressed"),
        server.query("candles() from segments", built, database="compressed", goals=(
            faster(60, "array_agg ORDER BY, from rows"), faster(4, again), faster(3, "DuckDB, 1 thread"))),
        server.undone("rollup_candles from segments, nothing changed", "SELECT rollup_candles('1h')", "price_data",
                      database="compressed", before=("SELECT rollup_candles('1h')",)),
        server.query("candles() from rows", built),
        server.undone(again, "SELECT rollup_candles('1h')", "price_data", before=("SELECT rollup_candles('1h')",)),
        server.query("array_agg ORDER BY, from rows", candles.hourly(candles.ARRAYS, "o h l c v")),
        peers.in_duckdb("DuckDB, 1 thread", "price_data", candles.HOURLY_IN_DUCKDB),
    ])
    rows = "technical_indicators() from rows"
    indicators = "SELECT * FROM technical_indicators(1, '1m')"
    yield Job("22 indicators from segments", config.series, [
        server.rows(rows, indicators),
        server.rows("technical_indicators() from segments", indicators, database="compressed", goals=(faster(3, rows),)),
    ])
