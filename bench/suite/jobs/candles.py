"""Candles: 1m -> 1h, trades -> 1m, the roll-up and what reads it."""

from .. import peers, server
from ..harness import Job, Variant, at_most, faster

FIVE = "count(open_price), count(high_price), count(low_price), count(close_price), count(volume)"
HOUR = "asset_id, timeframe_bucket('1h', candle_time)"
AGGREGATE = "candlestick_agg(candle_time, open_price, high_price, low_price, close_price, volume)"


def grouped(expression, keys, table, columns="v"):
    """Groups, each computed in full, counted."""
    counted = ", ".join(f"count(g.{column})" for column in columns.split())
    return f"SELECT {counted} FROM (SELECT {expression} FROM {table} GROUP BY {keys}) AS g"


def hourly(expression, columns="v"):
    return grouped(expression, HOUR, "price_data WHERE timeframe = '1m'", columns)


FIRST_LAST = """(array_agg({first} ORDER BY {order}))[1] AS o, max({high}) AS h, min({low}) AS l,
    (array_agg({last} ORDER BY {descending}))[1] AS c, sum(volume) AS v"""

SELF_JOIN = f"""
WITH g AS (
    SELECT asset_id, min(candle_time) AS first, max(candle_time) AS last, max(high_price) AS h,
           min(low_price) AS l, sum(volume) AS v
    FROM price_data WHERE timeframe = '1m' GROUP BY {HOUR})
SELECT count(o.open_price), count(g.h), count(g.l), count(c.close_price), count(g.v)
FROM g
JOIN price_data AS o ON (o.asset_id, o.timeframe, o.candle_time) = (g.asset_id, '1m', g.first)
JOIN price_data AS c ON (c.asset_id, c.timeframe, c.candle_time) = (g.asset_id, '1m', g.last)"""

DUCKDB = """SELECT count(o), count(h), count(l), count(c), count(v) FROM (
    SELECT arg_min({first}, {order}) AS o, max({high}) AS h, min({low}) AS l, arg_max({last}, {order}) AS c,
           sum(volume) AS v
    FROM {table} GROUP BY asset_id, date_trunc('{unit}', {time}))"""


ARRAYS = FIRST_LAST.format(first="open_price", last="close_price", high="high_price", low="low_price",
                           order="candle_time", descending="candle_time DESC")
HOURLY_IN_DUCKDB = DUCKDB.format(first="open_price", last="close_price", high="high_price", low="low_price",
                                 order="candle_time", time="candle_time", unit="hour", table="price_data")


def candles(config):
    workers = {"max_parallel_workers_per_gather": config.workers}
    count = hourly("count(*) AS v")
    ours = hourly(f"{AGGREGATE} AS v")
    yield Job("1m -> 1h, all assets", config.candles, [
        server.query("count(*) by the same groups", count),
        server.query("count of o, h, l, c, v, no groups", f"SELECT {FIVE} FROM price_data WHERE timeframe = '1m'"),
        server.query("candlestick_agg", ours, goals=(
            at_most(1.6, "count(*) by the same groups"), faster(6, "array_agg ORDER BY"),
            faster(1.7, "min/max time and self-join"))),
        server.query("array_agg ORDER BY", hourly(ARRAYS, "o h l c v")),
        server.query("min/max time and self-join", SELF_JOIN),
        server.query("count(*) with workers", count, settings=workers),
        server.query("candlestick_agg with workers", ours, settings=workers,
                     goals=(faster(1, "candlestick_agg"),)),
        peers.in_duckdb("DuckDB, 1 thread", "price_data", HOURLY_IN_DUCKDB),
        peers.in_duckdb("DuckDB, all threads", "price_data", HOURLY_IN_DUCKDB, threads=config.cores),
    ], note=f"Workers: {config.workers}; the plan is {server.plan(ours, workers)}.")


def trades(config):
    minute = "asset_id, timeframe_bucket('1m', ts)"
    arrays = FIRST_LAST.format(first="price", last="price", high="price", low="price",
                               order="ts, sequence", descending="ts DESC, sequence DESC")
    in_duckdb = DUCKDB.format(first="price", last="price", high="price", low="price", order="sequence",
                              time="ts", unit="minute", table="trades")
    ours = grouped("candlestick_agg(ts, price, volume, sequence) AS v", minute, "bench.trades")
    workers = {"max_parallel_workers_per_gather": config.workers}
    yield Job("trades -> 1m", config.trades, [
        server.query("count(*) by the same groups", grouped("count(*) AS v", minute, "bench.trades")),
        server.query("candlestick_agg", ours, goals=(
            at_most(1.6, "count(*) by the same groups"), faster(6, "array_agg ORDER BY"))),
        server.query("array_agg ORDER BY", grouped(arrays, minute, "bench.trades", "o h l c v")),
        server.query("candlestick_agg with workers", ours, settings=workers,
                     goals=(faster(1, "candlestick_agg"),)),
        peers.in_duckdb("DuckDB, 1 thread", "trades", in_duckdb),
        peers.in_duckdb("DuckDB, all threads", "trades", in_duckdb, threads=config.cores),
    ], note="candlestick_agg computes the volume-weighted average price too, the peers do not.")


def rollup(config):
    hours = "SELECT asset_id, timeframe_bucket('1h', candle_time) AS candle_time, " \
            f"{AGGREGATE} AS c FROM price_data WHERE timeframe = '1m' GROUP BY {HOUR}"
    insert = "INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, " \
             "volume, candle_time) SELECT asset_id, '1h', (c).open, (c).high, (c).low, (c).close, (c).volume, " \
             "candle_time FROM bench.hours ORDER BY asset_id, candle_time"
    server.execute("market", "DROP TABLE IF EXISTS bench.hours", f"CREATE TABLE bench.hours AS {hours}",
                   "ANALYZE bench.hours")
    call = "SELECT rollup_candles('1h')"
    floor = "count of o, h, l, c, v of the same rows"
    first, writing = "rollup_candles, nothing stored", "INSERT of the same candles"
    yield Job("rollup_candles('1h'), all assets", config.candles, [
        server.query(floor, f"SELECT {FIVE} FROM price_data WHERE timeframe = '1m'"),
        server.undone(first, call, "price_data"),
        server.undone(writing, insert, "price_data"),
        Variant("rollup_candles less that INSERT", derive=lambda t: t[first] - t[writing],
                goals=(at_most(1.5, floor),)),
        server.undone("rollup_candles, nothing changed", call, "price_data", before=(call,),
                      goals=(at_most(1.5, floor),)),
    ])

    yield Job("candles(asset, '1h') from 1m", config.series, [
        server.query(floor, f"SELECT {FIVE} FROM price_data WHERE asset_id = 1 AND timeframe = '1m'"),
        server.rows("candles()", "SELECT * FROM candles(1, '1h')", goals=(at_most(1.5, floor),)),
        server.query("candlestick_agg of the same rows",
                     grouped(f"{AGGREGATE} AS v", HOUR, "price_data WHERE asset_id = 1 AND timeframe = '1m'")),
    ])


def decimals(config):
    floor = "count(x)"
    text = "SELECT {} FROM price_data WHERE timeframe = '1m'"
    yield Job("numeric -> double precision", config.candles, [
        server.query(floor, text.format("count(close_price)")),
        server.query("sum(x::float8)", text.format("sum(close_price::float8)")),
        server.query("sma(x::float8, 1)", text.format("sma(close_price::float8, 1)")),
        server.query("sma(x, 1): digits read directly", text.format("sma(close_price, 1)"),
                     goals=(faster(1, "sma(x::float8, 1)"),)),
        server.query("sum(numeric_to_double(x))", text.format("sum(numeric_to_double(close_price))"),
                     goals=(faster(1, "sum(x::float8)"),)),
    ])
