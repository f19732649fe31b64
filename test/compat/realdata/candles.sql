-- Three weeks of minutes from Binance.US, and a quarter from Kraken with gaps: loaded in two ways, rolled up, and
-- searched for gaps. Every candle is compared with plain SQL.
BEGIN;
SELECT plan(31);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (symbol, name, asset_type)
SELECT market || way, market, 'crypto'
FROM unnest(ARRAY['USDC', 'USDT', 'USD', 'KRAKEN']) AS market, unnest(ARRAY[' copied', ' imported']) AS way;

CREATE TEMP TABLE file (time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric);
CREATE TEMP TABLE kraken_file (seconds bigint, open numeric, high numeric, low numeric, close numeric, volume numeric, trades integer);
CREATE TEMP TABLE minute (market text, LIKE file);

-- \copy knows no variables, but a line may be one
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSDC_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load
INSERT INTO minute SELECT 'USDC', * FROM file;
TRUNCATE file;
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSDT_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load
INSERT INTO minute SELECT 'USDT', * FROM file;
TRUNCATE file;
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSD_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load
INSERT INTO minute SELECT 'USD', * FROM file;
\set load '\\copy kraken_file FROM ''' :data '/kraken_BTCUSDC_1m_2023q1.csv'' WITH (FORMAT csv)'
:load
INSERT INTO minute SELECT 'KRAKEN', to_timestamp(seconds), open, high, low, close, volume FROM kraken_file;
ANALYZE minute;

SELECT results_eq('SELECT market, count(*) FROM minute GROUP BY market ORDER BY market COLLATE "C"',
                  $$ VALUES ('KRAKEN', 56717::bigint), ('USD', 30240), ('USDC', 30240), ('USDT', 30240) $$,
                  'the files hold three weeks of minutes, and what Kraken traded in');

--
-- Loaded as they are: volumes of less than half a cent used to become 0.
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('BASE', 'base volumes', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('BASE'), '1m', time, open, high, low, close, volume FROM minute WHERE market = 'USDT';
SELECT is(count(*), 0::bigint, 'every volume of the file is kept to its last digit')
FROM price_data AS p JOIN minute AS m ON m.time = p.candle_time
WHERE p.asset_id = asset_id('BASE') AND m.market = 'USDT' AND p.volume IS DISTINCT FROM m.volume;
SELECT is(count(*), 664::bigint, 'of which two decimals would lose 664')
FROM price_data AS p
WHERE p.asset_id = asset_id('BASE') AND p.volume > 0 AND round(p.volume, 2) = 0;
DELETE FROM price_data WHERE asset_id = asset_id('BASE');
DELETE FROM assets WHERE symbol = 'BASE';

-- Volume times the typical price, by the rule of docs/guide/candles.md; a third is never halfway between two decimals,
-- so rounding it twice gives the same.
CREATE FUNCTION pg_temp.quoted(volume numeric, sum numeric) RETURNS numeric LANGUAGE sql
RETURN round(round(volume * sum, 24) / 3,
             least(18, greatest(min_scale(volume * sum),
                                CASE WHEN volume * sum < 1 THEN 18 ELSE 12 - length(trunc(volume * sum)::text) END)));

--
-- Two ways to load.
--
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id(market || ' copied'), '1m', time, open, high, low, close, pg_temp.quoted(volume, high + low + close)
FROM minute;

SELECT is(import_ohlcv(asset_id(market || ' imported'), '1m',
                       jsonb_agg(jsonb_build_array(extract(epoch FROM time)::bigint * 1000, open, high, low, close, volume))),
          count(*), market || ': import_ohlcv writes every candle')
FROM minute GROUP BY market ORDER BY market COLLATE "C";
SELECT is(import_ohlcv(asset_id('USDC imported'), '1m',
                       jsonb_agg(jsonb_build_array(extract(epoch FROM time)::bigint * 1000, open, high, low, close, volume))),
          0::bigint, 'and the same ones again change nothing')
FROM minute WHERE market = 'USDC';

ANALYZE price_data, assets;
CREATE TEMP VIEW stored AS
SELECT a.name AS market, a.symbol LIKE '% imported' AS imported, p.timeframe, p.candle_time AS time, p.open_price AS open,
       p.high_price AS high, p.low_price AS low, p.close_price AS close, p.volume
FROM price_data AS p JOIN assets AS a ON a.id = p.asset_id;
CREATE TEMP TABLE copied AS SELECT market, time, open, high, low, close, volume FROM stored WHERE NOT imported;
CREATE TEMP TABLE imported AS SELECT market, time, open, high, low, close, volume FROM stored WHERE imported;
ANALYZE copied, imported;
SELECT is(count(*), 147437::bigint, 'both ways give as many rows as the files have')
FROM copied JOIN imported USING (market, time);
SELECT is(count(*), 0::bigint, 'and equal ones')
FROM copied AS c FULL JOIN imported AS i USING (market, time)
WHERE (i.open, i.high, i.low, i.close, i.volume) IS DISTINCT FROM (c.open, c.high, c.low, c.close, c.volume);
SELECT is(count(*), 0::bigint, 'prices are those of the files')
FROM copied AS c FULL JOIN minute AS m USING (market, time)
WHERE (m.open, m.high, m.low, m.close) IS DISTINCT FROM (c.open, c.high, c.low, c.close);

--
-- Higher candles, in plain SQL that knows nothing of timeframes; weeks begin on Mondays.
--
CREATE TEMP TABLE plain AS
SELECT market, timeframe, CASE timeframe WHEN '1w' THEN date_trunc('week', time) ELSE date_bin(width::interval, time, '2000-01-01') END AS time,
       (array_agg(open ORDER BY time))[1] AS open, max(high) AS high, min(low) AS low,
       (array_agg(close ORDER BY time DESC))[1] AS close, sum(pg_temp.quoted(volume, high + low + close)) AS volume
FROM minute, (VALUES ('5m', '5 min'), ('15m', '15 min'), ('1h', '1 hour'), ('4h', '4 hours'), ('1d', '1 day'), ('1w', NULL)) AS t (timeframe, width)
GROUP BY 1, 2, 3;

-- Built when they are read.
CREATE TEMP TABLE built AS
SELECT a.name AS market, t.timeframe, c.*
FROM assets AS a, (SELECT DISTINCT timeframe FROM plain) AS t, candles(a.id, t.timeframe) AS c
WHERE a.symbol LIKE '% copied';

-- Stored; from 15m on, the stored 5m candles are a source too, but 1m is finer.
SELECT is(rollup_candles(timeframe, asset_id(market || ' copied')), n, format('%s: rollup_candles writes all %s candles', market, timeframe))
FROM (SELECT market, timeframe, count(*) AS n FROM plain WHERE market = 'KRAKEN' GROUP BY 1, 2) AS p
ORDER BY timeframe_length(timeframe);
SELECT is(sum(rollup_candles(timeframe, asset_id(market || ' copied'))), sum(n), 'so it does for the other markets')
FROM (SELECT market, timeframe, count(*) AS n FROM plain WHERE market <> 'KRAKEN' GROUP BY 1, 2) AS p;
SELECT is(sum(rollup_candles(timeframe, asset_id(market || ' copied'))), 0::numeric, 'and a second time it changes nothing')
FROM (SELECT DISTINCT market, timeframe FROM plain) AS p;

-- One from the other: imported minutes to 5m to 15m ... to weeks.
SELECT cmp_ok(count(*), '=', 24::bigint, 'the imported minutes go up from step to step')
FROM (SELECT market, s.timeframe, rollup_candles(s.timeframe, asset_id(market || ' imported'), source => s.source) AS n
      FROM unnest(ARRAY['USDC', 'USDT', 'USD', 'KRAKEN']) AS market,
           (VALUES (1, '5m', '1m'), (2, '15m', '5m'), (3, '1h', '15m'), (4, '4h', '1h'), (5, '1d', '4h'), (6, '1w', '1d')) AS s (step, timeframe, source)
      ORDER BY step) AS r
WHERE n > 0;

ANALYZE price_data, plain, built;
CREATE TEMP TABLE compared AS
SELECT timeframe, way, count(p.time) AS candles,
       count(*) FILTER (WHERE (p.open, p.high, p.low, p.close, p.volume) IS DISTINCT FROM (c.open, c.high, c.low, c.close, c.volume)) AS different
FROM unnest(ARRAY['built', 'stored', 'in steps', 'read back']) AS way
CROSS JOIN LATERAL (
    SELECT * FROM plain) AS p
FULL JOIN (
    SELECT 'built' AS way, market, timeframe, time, open, high, low, close, volume FROM built
    UNION ALL
    SELECT CASE WHEN imported THEN 'in steps' ELSE 'stored' END, market, timeframe, time, open, high, low, close, volume
    FROM stored WHERE timeframe <> '1m'
    UNION ALL
    SELECT 'read back', a.name, t.timeframe, c.time, c.open, c.high, c.low, c.close, c.volume
    FROM assets AS a, (SELECT DISTINCT timeframe FROM plain) AS t, candles(a.id, t.timeframe) AS c
    WHERE a.symbol LIKE '% copied') AS c USING (way, market, timeframe, time)
GROUP BY 1, 2;
SELECT is(sum(different), 0::numeric, format('every candle %s equals the one of plain SQL', way)) FROM compared GROUP BY way ORDER BY way;
SELECT is(sum(candles), (SELECT count(*) FROM plain) * 4::numeric, 'all of them were compared') FROM compared;
SELECT diag(format('%-4s %s candles compared with plain SQL, %s different', timeframe, sum(candles), sum(different)))
FROM compared GROUP BY timeframe ORDER BY timeframe_length(timeframe);
SELECT diag(format('all  %s candles compared with plain SQL, %s different', sum(candles), sum(different))) FROM compared;

--
-- Gaps.
--
CREATE TEMP TABLE missing AS
SELECT t AS time, row_number() OVER (ORDER BY t) AS n
FROM generate_series(timestamptz '2023-01-01', '2023-03-31 23:59', '1 min') AS t
WHERE NOT EXISTS (SELECT FROM minute WHERE market = 'KRAKEN' AND time = t);
SELECT bag_eq(format('SELECT * FROM candle_gaps(%s, %L, %L, %L)', asset_id('KRAKEN copied'), '1m', '2023-01-01', '2023-04-01'),
              $$ SELECT min(time), max(time) + interval '1 min', count(*) FROM missing GROUP BY time - n * interval '1 min' $$,
              'the gaps of Kraken are the islands of missing minutes of plain SQL');
SELECT is(sum(g.missing), (90 * 1440 - 56717)::numeric, 'in them are all minutes of the quarter that have no candle')
FROM candle_gaps(asset_id('KRAKEN copied'), '1m', '2023-01-01', '2023-04-01') AS g;
SELECT diag(format('%s gaps with %s minutes', count(*), sum(g.missing)))
FROM candle_gaps(asset_id('KRAKEN copied'), '1m', '2023-01-01', '2023-04-01') AS g;
SELECT is_empty(format('SELECT * FROM candle_gaps(%s, %L, %L, %L)', asset_id(market || ' copied'), '1m', '2023-03-01', '2023-03-22'),
                market || ' of Binance.US has none')
FROM unnest(ARRAY['USDC', 'USDT', 'USD']) AS market;

-- The last close known before each minute, by counting the candles so far.
SELECT is(count(*), 0::bigint, 'candles_filled gives every minute its candle or the last close before it')
FROM (SELECT *, first_value(close) OVER (PARTITION BY so_far ORDER BY time) AS last
      FROM (SELECT t AS time, m.open, m.high, m.low, m.close, count(m.time) OVER (ORDER BY t) AS so_far
            FROM generate_series(timestamptz '2023-01-01', '2023-03-31 23:59', '1 min') AS t
            LEFT JOIN minute AS m ON m.market = 'KRAKEN' AND m.time = t) AS c) AS w
FULL JOIN candles_filled(asset_id('KRAKEN copied'), '1m', '2023-01-01', '2023-04-01') AS f USING (time)
WHERE (f.open, f.high, f.low, f.close, f.filled) IS DISTINCT FROM
      (coalesce(w.open, w.last), coalesce(w.high, w.last), coalesce(w.low, w.last), w.last, w.close IS NULL)
   OR f.filled AND f.volume <> 0;

SELECT * FROM finish();
ROLLBACK;
