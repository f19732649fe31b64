"""Indicators over windows, all at once, by kernels alone, and as clients compute them."""

import os

from .. import peers, server
from ..harness import Job, at_most, faster, under

SERIES = "FROM price_data WHERE asset_id = 1 AND timeframe = '1m'"
FLOOR = "count(close_price) OVER"
INDICATORS = [
    "sma(close_price, 200)", "ema(close_price, 20)", "rsi(close_price, 14)", "macd(close_price)",
    "bollinger(close_price, 20, 2)", "atr(high_price, low_price, close_price)",
    "adx(high_price, low_price, close_price)", "stochastic(high_price, low_price, close_price)",
    "obv(close_price, volume)", "vwap(close_price, volume)"]
FOUR = INDICATORS[:4]

SQL_INDICATORS = """
DROP SCHEMA IF EXISTS plain CASCADE;
CREATE SCHEMA plain;
-- exponential smoothing in SQL, seeded with the first value
CREATE FUNCTION plain.smooth(s float8, x float8, alpha float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN s IS NULL THEN x WHEN x IS NULL THEN s ELSE s + alpha * (x - s) END;
CREATE AGGREGATE plain.ewm(x float8, alpha float8) (SFUNC = plain.smooth, STYPE = float8);
CREATE FUNCTION plain.ema(n integer, bars bigint, OUT t timestamptz, OUT ema float8) RETURNS SETOF record
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    alpha CONSTANT float8 := 2.0 / (n + 1);
    x float8;
BEGIN
    FOR t, x IN SELECT candle_time, close_price FROM price_data WHERE asset_id = 1 AND timeframe = '1m'
                ORDER BY candle_time LIMIT bars LOOP
        ema := CASE WHEN ema IS NULL THEN x ELSE ema + alpha * (x - ema) END;
        RETURN NEXT;
    END LOOP;
END $$;
"""

# rsi() and macd() by the same aggregate, in nested windows
SQL_RSI = """SELECT 100 * up / nullif(up + down, 0) FROM (
    SELECT plain.ewm(greatest(d, 0), 1 / 14.0) OVER w AS up, plain.ewm(greatest(-d, 0), 1 / 14.0) OVER w AS down
    FROM (SELECT t, x - lag(x) OVER (ORDER BY t) AS d FROM {bars}) AS c WINDOW w AS (ORDER BY t)) AS s"""
SQL_MACD = """SELECT m, s, m - s FROM (
    SELECT m, plain.ewm(m, 0.2) OVER (ORDER BY t) AS s FROM (
        SELECT t, plain.ewm(x, 2 / 13.0) OVER w - plain.ewm(x, 2 / 27.0) OVER w AS m
        FROM {bars} WINDOW w AS (ORDER BY t)) AS a) AS b"""


def over(*calls):
    columns = ", ".join(f"{call} OVER w" for call in calls)
    return f"SELECT {columns} {SERIES} WINDOW w AS (ORDER BY candle_time)"


def indicators(config):
    def by_index(name, sql, **options):
        return server.rows(name, sql, settings=server.BY_INDEX, **options)

    goal = (at_most(1.2, FLOOR),)
    yield Job("an indicator over a window, one asset", config.series, [
        by_index(FLOOR, over("count(close_price)")),
        by_index("index-ordered read", f"SELECT candle_time, close_price {SERIES} ORDER BY candle_time"),
        *[by_index(call.replace("_price", ""), over(call), goals=goal) for call in INDICATORS],
        by_index("sma, ema, rsi, macd in one window", over(*FOUR)),
        by_index("all ten in one window", over(*INDICATORS)),
    ])

    server.execute("market", SQL_INDICATORS)
    bars = min(config.series, 100000)
    some = f"(SELECT candle_time AS t, close_price AS p, close_price::float8 AS x {SERIES} ORDER BY candle_time LIMIT {bars}) AS b"
    window = f"FROM {some} WINDOW w AS (ORDER BY t)"
    loop, rolling = "EMA, a PL/pgSQL loop", "avg() OVER (ROWS 199 PRECEDING)"
    in_duckdb = """SELECT count(v) FROM (SELECT avg(close_price::DOUBLE) OVER (ORDER BY candle_time
        ROWS 199 PRECEDING) AS v FROM price_data WHERE asset_id = 1)"""
    yield Job("indicators without the extension", bars, [
        by_index(FLOOR, f"SELECT count(p) OVER w {window}"),
        by_index("ema(close, 20)", f"SELECT ema(p, 20) OVER w {window}",
                 goals=(faster(1, "EMA, an aggregate in SQL"), faster(1, loop))),
        by_index("EMA, an aggregate in SQL", f"SELECT plain.ewm(x, 2 / 21.0) OVER w {window}"),
        by_index(loop, f"SELECT * FROM plain.ema(20, {bars})"),
        by_index("rsi(close, 14)", f"SELECT rsi(p, 14) OVER w {window}", goals=(faster(1, "RSI in SQL"),)),
        by_index("RSI in SQL", SQL_RSI.format(bars=some)),
        by_index("macd(close)", f"SELECT macd(p) OVER w {window}", goals=(faster(1, "MACD in SQL"),)),
        by_index("MACD in SQL", SQL_MACD.format(bars=some)),
        by_index("sma(x, 200), x double precision", f"SELECT sma(x, 200) OVER w {window}", goals=(faster(1, rolling),)),
        by_index(rolling, f"SELECT avg(x) OVER (ORDER BY t ROWS 199 PRECEDING) FROM {some}"),
        peers.in_duckdb("SMA(200) in DuckDB, 1 thread", "price_data", in_duckdb, rows=config.series),
        peers.in_duckdb("SMA(200) in DuckDB, all threads", "price_data", in_duckdb, rows=config.series,
                        threads=config.cores),
    ], note=f"The first {bars} candles of one asset; the formulas in SQL take the close price as double precision, "
            "DuckDB reads the whole series.")


def technical(config):
    bars = f"SELECT candle_time, high_price, low_price, close_price {SERIES} ORDER BY candle_time"
    for table, columns in (("bench.four", 6), ("bench.all_values", 22)):
        values = ", ".join(f"v{i} float8" for i in range(columns))
        server.execute("market", f"DROP TABLE IF EXISTS {table}",
                       f"CREATE TABLE {table} (candle_time timestamptz, {values})")
    yield Job("technical_indicators(): 22 values a candle", config.series, [
        server.rows("index-ordered read", bars, settings=server.BY_INDEX),
        server.rows("technical_indicators()", "SELECT * FROM technical_indicators(1, '1m')",
                    goals=(at_most(2.5, "index-ordered read"), faster(1, "TA-Lib in a client: in all"))),
        peers.talib_client("TA-Lib in a client", "all", bars, "bench.all_values"),
    ])
    yield Job("SMA, EMA, RSI, MACD together", config.series, [
        server.rows("index-ordered read", bars, settings=server.BY_INDEX),
        server.rows("one window", over(*FOUR), settings=server.BY_INDEX,
                    goals=(faster(1, "TA-Lib in a client: in all"),)),
        peers.talib_client("TA-Lib in a client", "four", bars, "bench.four"),
        peers.pandas_client("pandas in a client", bars),
    ], note="pandas does not write its values back.")


def kernels(config):
    programs = os.path.join(peers.HERE, "..", "kernels")
    bars = str(config.series)
    yield Job("kernels alone: 22 values a candle", config.series, [
        peers.program("TA-Lib's C", [os.path.join(programs, "talib"), bars]),
        peers.program("kernels of the extension", [os.path.join(programs, "ours"), bars],
                      goals=(under(60), at_most(1, "TA-Lib's C"))),
        peers.talib_memory("TA-Lib called from JavaScript", config.series),
    ], note="From arrays in memory, no PostgreSQL. TA-Lib's C as its npm package builds it (-O2); called from "
            "JavaScript it copies its arguments and makes arrays of its results.")
