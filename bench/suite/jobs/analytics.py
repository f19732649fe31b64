"""Risk and return: aggregates, windows that slide, correlations of many assets and breakouts, next to plain SQL."""

from .. import server
from ..harness import Job, at_most, faster, under

# returns of ten series, as users keep them, and days of a thousand assets
DATA = (
    "DROP TABLE IF EXISTS bench.returned",
    """CREATE TABLE bench.returned AS
    SELECT i % 10 AS a, i, (hashint8(i) % 1000 / 1e5)::float8 AS r, (hashint8(i + 7) % 1000 / 1e5)::float8 AS b,
           (100 + 5 * sin(i * 0.001))::numeric(20,8) AS close, (101 + 5 * sin(i * 0.001))::numeric(20,8) AS high,
           (99 + 5 * sin(i * 0.001))::numeric(20,8) AS low
    FROM generate_series(1, {rows}) AS i""",
    "CREATE INDEX ON bench.returned (i)",
    "INSERT INTO assets (id, symbol, name, asset_type) SELECT 2000 + i, 'CORR' || i, 'correlated', 'crypto' FROM generate_series(1, 1000) AS i "
    "ON CONFLICT DO NOTHING",
    """INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT 2000 + i, '1d', timestamptz '2025-01-01 UTC' + d * interval '1 day', c, c, c, c, 1
    FROM generate_series(1, 1000) AS i, generate_series(0, 40) AS d,
         LATERAL (SELECT round((100 * exp(0.1 * sin(i * d * 0.7)))::numeric, 4)) AS v (c)
    ON CONFLICT DO NOTHING""",
    "VACUUM ANALYZE bench.returned, price_data",
)

SELF_JOIN = """SELECT count(c.corr) FROM (
    SELECT corr(a.r, b.r) FROM (
        SELECT asset_id, candle_time, ln(close_price::float8 / lag(close_price::float8) OVER w) AS r FROM price_data
        WHERE asset_id BETWEEN 2001 AND 2000 + {n} AND timeframe = '1d' AND candle_time >= timestamptz '2025-02-10 UTC' - interval '31 days'
          AND candle_time < timestamptz '2025-02-10 UTC' WINDOW w AS (PARTITION BY asset_id ORDER BY candle_time)) AS a
    JOIN (
        SELECT asset_id, candle_time, ln(close_price::float8 / lag(close_price::float8) OVER w) AS r FROM price_data
        WHERE asset_id BETWEEN 2001 AND 2000 + {n} AND timeframe = '1d' AND candle_time >= timestamptz '2025-02-10 UTC' - interval '31 days'
          AND candle_time < timestamptz '2025-02-10 UTC' WINDOW w AS (PARTITION BY asset_id ORDER BY candle_time)) AS b
      ON a.candle_time = b.candle_time AND a.asset_id <> b.asset_id
    GROUP BY a.asset_id, b.asset_id HAVING count(a.r + b.r) >= 20) AS c"""


def grouped(*calls):
    columns = ", ".join(f"{call} AS v{n}" for n, call in enumerate(calls))
    counts = " + ".join(f"count(v{n})" for n in range(len(calls)))
    return f"SELECT {counts} FROM (SELECT {columns} FROM bench.returned GROUP BY a) AS g"


def sliding(call, width):
    return f"SELECT {call} OVER (ORDER BY i ROWS {width - 1} PRECEDING) FROM bench.returned"


def matrix(n):
    return f"SELECT count(correlation) FROM correlation_matrix(ARRAY(SELECT generate_series(2001, 2000 + {n})), as_of => '2025-02-10 UTC')"


def analytics(config):
    nrows = min(config.candles, 1_000_000)
    server.execute("market", *(statement.format(rows=nrows) for statement in DATA))
    floor = "count(r)"
    yield Job("an aggregate of each of ten series", nrows, [
        server.query(floor, grouped("count(r)")),
        server.query("stddev_samp(r)", grouped("stddev_samp(r)")),
        server.query("realized_volatility(r)", grouped("realized_volatility(r)"), goals=(at_most(2, "stddev_samp(r)"),)),
        server.query("regr_slope(r, b)", grouped("regr_slope(r, b)")),
        server.query("beta(r, b)", grouped("beta(r, b)"), goals=(at_most(2.5, "regr_slope(r, b)"),)),
        server.query("percentile_cont(0.05)", grouped("percentile_cont(0.05) WITHIN GROUP (ORDER BY r)")),
        server.query("value_at_risk(r)", grouped("value_at_risk(r)"), goals=(faster(1, "percentile_cont(0.05)"),)),
        server.query("Parkinson in SQL", grouped("sqrt(365 * avg(ln(high::float8 / low::float8) ^ 2) / (4 * ln(2.0)))")),
        server.query("parkinson_volatility(high, low)", grouped("parkinson_volatility(high, low)"), goals=(faster(1, "Parkinson in SQL"),)),
    ])
    for width in (30, 1000):
        plain = "stddev_samp(r)"
        yield Job(f"a window that slides over {width} rows", nrows, [
            server.rows("count(r)", sliding("count(r)", width), settings=server.BY_INDEX),
            server.rows("realized_volatility(r)", sliding("realized_volatility(r)", width), settings=server.BY_INDEX,
                        goals=(faster(1, plain),)),
            server.rows(plain, sliding(plain, width), settings=server.BY_INDEX),
        ])
    yield Job("correlations over 30 days", 1, [
        server.query("100 assets: a join in SQL", SELF_JOIN.format(n=100)),
        server.query("100 assets: correlation_matrix()", matrix(100), goals=(under(200), faster(10, "100 assets: a join in SQL"))),
        server.query("1,000 assets: correlation_matrix()", matrix(1000), goals=(under(10_000),)),
    ], unit="ms", factor=1e3)
    series = "FROM price_data WHERE asset_id = 1 AND timeframe = '1m'"
    yield Job("breakouts of one series", config.series, [
        server.query("highest high and lowest low in SQL",
                     f"SELECT count(*) FROM (SELECT close_price, max(high_price) OVER w AS top, min(low_price) OVER w AS bottom {series} "
                     "WINDOW w AS (ORDER BY candle_time ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)) AS c "
                     "WHERE close_price > top OR close_price < bottom", settings=server.BY_INDEX),
        server.query("breakouts()", "SELECT count(*) FROM breakouts(1, '1m')", goals=(faster(1, "highest high and lowest low in SQL"),)),
    ])
