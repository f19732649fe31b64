-- Snapshots of markets drawn from a hash: nothing looks ahead, nothing changes without cause, one at a time gives the same as
-- many at once, and sets give the same as plain SQL.
BEGIN;
SELECT plan(48);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'America/New_York'; -- must not matter
SET LOCAL client_min_messages = warning;
SET LOCAL cryptoanalytics.market = 'total_min_assets=8,min_assets=4,high_low_days=60,seasonality_years=1';

CREATE FUNCTION draw(k bigint, place integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint8extended(k * 100 + place, 23) % n + n) % n)::integer $$;

ALTER TABLE assets ALTER COLUMN id RESTART WITH 1000;
INSERT INTO assets (id, symbol, name, asset_type, circulating_supply, is_active)
SELECT i, CASE i WHEN 1 THEN 'BTC' WHEN 2 THEN 'ETH' WHEN 3 THEN 'USDT' WHEN 4 THEN 'USDC' ELSE 'LAW' || i END, 'Law',
       CASE WHEN i IN (3, 4) THEN 'stablecoin' WHEN i = 24 THEN 'macro' ELSE 'crypto' END, CASE WHEN i % 3 > 0 OR i = 3 THEN 1000 * i END, i <> 23
FROM generate_series(1, 24) AS i;

-- 170 days, of which the last 20 in hours too, and of BTC months before; some begin late, some end early, some have no days of the last
CREATE TEMP TABLE candle AS
SELECT row_number() OVER (ORDER BY a, l.place, t) AS n, a AS asset_id, l.timeframe::text, t AS candle_time, timeframe_end(l.timeframe, t) AS ends
FROM generate_series(1, 24) AS a
CROSS JOIN (VALUES (1, '1h'), (2, '1d')) AS l (place, timeframe)
CROSS JOIN LATERAL timeframe_series(
    l.timeframe, timestamptz '2024-01-01+00' + CASE WHEN l.place = 1 THEN 150 WHEN a % 7 = 6 THEN 100 ELSE 0 END * interval '24 hours',
    timestamptz '2024-06-19+00' - CASE WHEN a % 9 = 8 THEN 200 ELSE 0 END * interval '1 hour') AS t
WHERE l.place = 2 AND NOT (a % 5 = 4 AND t >= '2024-06-01+00') OR l.place = 1 AND a % 5 > 0;
INSERT INTO candle SELECT 1000000 + row_number() OVER (ORDER BY t), 1, '1M', t, timeframe_end('1M', t) FROM timeframe_series('1M', '2022-01-01+00', '2024-01-01+00') AS t;
-- one of thirty is missing
DELETE FROM candle WHERE draw(n, 1, 30) = 0 AND asset_id <> 3;
ALTER TABLE candle ADD close numeric, ADD high numeric, ADD low numeric, ADD volume numeric, ADD cap numeric;
UPDATE candle SET close = round((10 * (1 + asset_id % 4) * (2 + sin(extract(epoch FROM candle_time) / 86400 / (5 + asset_id % 11)))
                                 * (1 + draw(n, 2, 1000) / 20000.0))::numeric, 2),
                  volume = CASE WHEN draw(n, 3, 60) > 0 THEN draw(n, 4, 900) END,
                  cap = CASE WHEN asset_id % 4 < 2 OR asset_id % 4 = 2 AND draw(n, 5, 20) = 0 THEN draw(n, 6, 1000000) END;
-- closes repeat, so that some assets stay
UPDATE candle SET close = round(close) WHERE asset_id % 6 = 5;
UPDATE candle SET high = close + draw(n, 7, 100) / 100.0, low = close - draw(n, 8, 100) / 100.0;

-- feeds, each value with the moment for which it was stated
CREATE TEMP TABLE feed AS
SELECT row_number() OVER (ORDER BY f.metric, t) AS n, f.metric, t AS moment, f.lowest + draw(extract(epoch FROM t)::bigint, f.place, 1000) / 1000.0 * (f.highest - f.lowest) AS value
FROM (VALUES (11, 'fear_greed_index', '24 hours', 0, 100), (12, 'funding_rate_btc', '8 hours', -0.0003, 0.0005), (13, 'open_interest_btc', '6 hours', 1e9, 2e9),
             (14, 'liquidations_long', '1 hour', 0, 5), (15, 'dxy', '24 hours', 90, 110), (16, 'tx_volume_btc', '24 hours', 0, 1e6), (17, 'total2', '24 hours', 1e9, 2e9),
             (18, 'btc_dominance', '120 hours', 40, 60)) AS f (place, metric, every, lowest, highest)
CROSS JOIN LATERAL generate_series(timestamptz '2024-05-20+00' - CASE f.metric WHEN 'dxy' THEN 50 ELSE 0 END * interval '24 hours',
                                  '2024-06-19+00', f.every::interval) AS t;
DELETE FROM feed WHERE draw(n, 20, 25) = 0 OR metric = 'total2' AND moment < '2024-06-01+00';

CREATE FUNCTION load(since timestamptz, until timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
    SELECT c.asset_id, c.timeframe, c.candle_time, c.close, c.high, c.low, c.close, c.volume, c.cap
    FROM candle AS c WHERE c.ends > since AND c.ends <= until;
    SELECT record_metric(f.metric, f.value, f.moment, CASE f.metric WHEN 'tx_volume_btc' THEN '1d' END) FROM feed AS f WHERE f.moment > since AND f.moment <= until ORDER BY f.n;
$$;
-- a snapshot without what differs from row to row
CREATE VIEW pg_temp.snapshot AS
    SELECT s.timeframe, s.snapshot_time, to_jsonb(s) - '{id,created_at,updated_at}'::text[] AS row FROM metrics_snapshot AS s;

CREATE TEMP TABLE moment AS
SELECT row_number() OVER (ORDER BY t, code) AS n, t AS moment, code AS timeframe
FROM (SELECT '1d' AS code, t FROM generate_series(timestamptz '2024-05-01+00', '2024-06-18+00', '3 days') AS t
      UNION ALL
      SELECT '1h', t FROM generate_series(timestamptz '2024-06-02 05:00+00', '2024-06-18+00', '31 hours') AS t) AS m;

-- how long a regime may last depends on which snapshots are stored
CREATE VIEW pg_temp.regime AS
    SELECT s.timeframe, s.snapshot_time, to_jsonb(r) - '{id,metrics_snapshot_id,ai_model_id,created_at,updated_at,regime_duration_estimate}'::text[] AS row
    FROM market_regime_analysis AS r JOIN metrics_snapshot AS s ON s.id = r.metrics_snapshot_id;

-- ---- nothing looks ahead ----
CREATE TEMP TABLE seen (timeframe text, snapshot_time timestamptz, "row" jsonb);
CREATE TEMP TABLE regimes (timeframe text, snapshot_time timestamptz, "row" jsonb);
DO $$
DECLARE
    m record;
    loaded timestamptz := '-infinity';
BEGIN
    FOR m IN SELECT * FROM moment ORDER BY moment.moment, moment.timeframe LOOP
        PERFORM load(loaded, m.moment);
        loaded := m.moment;
        PERFORM analyse_market_regime(build_metrics_snapshot(m.timeframe, m.moment));
    END LOOP;
    INSERT INTO seen SELECT * FROM pg_temp.snapshot;
    INSERT INTO regimes SELECT * FROM pg_temp.regime;
    PERFORM load(loaded, 'infinity');
END;
$$;
SELECT is((SELECT count(*) FROM seen), (SELECT count(*) FROM moment), 'there is a snapshot of each moment');
SELECT ok((SELECT count(*) > 20 AND count(DISTINCT row -> 'regime') > 1 FROM regimes), 'and several regimes');
SELECT is((SELECT array_agg(DISTINCT v ORDER BY v) FROM regimes AS r, jsonb_object_keys(r.row #> '{analysis_data,votes}') AS v),
          '{adx_direction,breadth,dollar,drawdown,momentum,price_vs_sma200,rsi,sentiment,sma200_slope,sma50_vs_sma200,total_trend,volatility}', 'each vote is cast in some');
SELECT is((SELECT array_agg(key ORDER BY key COLLATE "C")
           FROM (SELECT key FROM ca_snapshot_keys()
                 EXCEPT
                 SELECT k.key FROM seen AS s CROSS JOIN LATERAL (
                     SELECT e.key, e.value FROM jsonb_each(s.row) AS e
                     UNION ALL SELECT i.key, i.value FROM jsonb_each(s.row -> 'extended_metrics') AS e CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(e.value) = 'object' THEN e.value ELSE '{}' END) AS i) AS k
                 WHERE k.value <> 'null') AS missing),
          '{active_addresses_btc,active_addresses_eth,exchange_netflow_btc,exchange_netflow_eth,funding_rate_eth,gold,google_trends_score,liquidation_zones,liquidations_short,liquidations_short_24h,miner_balance_change,miner_outflow,open_interest_eth,reddit_volume,social_sentiment_score,sp500,supply_on_exchanges_btc,supply_on_exchanges_eth,twitter_volume,tx_volume_eth,whale_from_exchange_volume_btc,whale_netflow_24h,whale_to_exchange_volume_btc}',
          'each value is known in some snapshot, but for those that nothing feeds');
-- absurd prices of what was still open, all assets and feeds, and of later
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT a.id, t.code, c, 1e6, 1e7, 1, 1e6, 1e9, 1e12
FROM assets AS a CROSS JOIN (VALUES ('1h'), ('1d')) AS t (code)
CROSS JOIN LATERAL timeframe_series(t.code, '2024-06-18+00', '2024-06-25+00') AS c
ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE SET open_price = 1e6, high_price = 1e7, low_price = 1, close_price = 1e6, volume = 1e9, market_cap = 1e12;
INSERT INTO ai_models (id, name, version, model_type, is_active) VALUES (1000001, 'volatility', '1', 'macro', true);
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_value, created_at, target_datetime)
SELECT 1, 1000001, 'volatility_regime', '{"score": 0.123}', m.moment + interval '1 microsecond', m.moment + interval '10 minutes' FROM moment AS m;
CREATE TEMP TABLE was AS SELECT s.id, s.ctid::text AS place, s.updated_at FROM metrics_snapshot AS s;
SELECT is((SELECT count(*) FROM moment AS m WHERE build_metrics_snapshot(m.timeframe, m.moment) IS NULL), 0::bigint, 'with all that came later the snapshots are built again');
SELECT is_empty('SELECT * FROM pg_temp.snapshot EXCEPT SELECT * FROM seen', 'to the same rows');
CREATE TEMP TABLE regime_was AS SELECT r.id, r.ctid::text AS place, r.updated_at FROM market_regime_analysis AS r;
SELECT is((SELECT count(analyse_market_regime(s.id)) FROM metrics_snapshot AS s), (SELECT count(*) FROM regimes), 'analysed again');
SELECT is_empty('SELECT * FROM pg_temp.regime EXCEPT SELECT * FROM regimes', 'they have the same regimes');
SELECT is_empty($$SELECT r.timeframe, r.snapshot_time FROM market_regime_analysis AS a JOIN metrics_snapshot AS r ON r.id = a.metrics_snapshot_id
                  WHERE NOT EXISTS (SELECT FROM regime_was AS w WHERE w.id = a.id AND w.place = a.ctid::text)
                    AND a.regime_duration_estimate IS NULL$$, 'in rows that were not written again, unless more is known of how long a regime lasts');
SELECT is_empty('SELECT s.id, s.ctid::text, s.updated_at FROM metrics_snapshot AS s EXCEPT SELECT w.id, w.place, w.updated_at FROM was AS w', 'which were not written again');

-- ---- nothing changes without cause ----
SELECT is((SELECT count(DISTINCT build_metrics_snapshot(m.timeframe, m.moment + o.after))
           FROM moment AS m CROSS JOIN (VALUES (interval '0'), ('1 microsecond'), ('59 minutes 59.999999 seconds')) AS o (after) WHERE m.n % 5 = 0),
          (SELECT count(*) FROM moment AS m WHERE m.n % 5 = 0), 'any moment before the next boundary is the same snapshot');
UPDATE assets SET current_price = 1, market_cap = 2, total_volume = 3, price_change_percentage_24h = 4, ath = 5;
SELECT is((SELECT count(build_metrics_snapshot(m.timeframe, m.moment)) FROM moment AS m WHERE m.n % 5 = 0), (SELECT count(*) FROM moment AS m WHERE m.n % 5 = 0),
          'figures of assets that know later prices');
SELECT is_empty('SELECT s.id, s.ctid::text, s.updated_at FROM metrics_snapshot AS s EXCEPT SELECT w.id, w.place, w.updated_at FROM was AS w', 'change nothing');

-- ---- many at once ----
DELETE FROM metrics_snapshot;
SELECT is(build_metrics_snapshots('1d', '2024-05-01+00', '2024-06-18 00:00:00.000001+00'), 49::bigint, 'snapshots of 49 days are built at once');
SELECT is(build_metrics_snapshots('1h', '2024-06-02 05:00+00', '2024-06-18+00'), 379::bigint, 'and of 379 hours');
SELECT is_empty('SELECT * FROM seen EXCEPT SELECT * FROM pg_temp.snapshot', 'which are the same as one at a time');
SELECT is(build_metrics_snapshots('1d', '2024-05-01+00', '2024-06-18 00:00:00.000001+00'), 0::bigint, 'again, nothing changes');
SELECT ok((SELECT sum(ca_analyse_regimes(t, ARRAY(SELECT s.id FROM metrics_snapshot AS s WHERE s.timeframe = t))) > 400 FROM unnest('{1d,1h}'::text[]) AS t), 'all are analysed at once');
SELECT is_empty('SELECT * FROM regimes EXCEPT SELECT * FROM pg_temp.regime', 'which gives the same regimes as one at a time');
SELECT is((SELECT sum(ca_analyse_regimes(t, ARRAY(SELECT s.id FROM metrics_snapshot AS s WHERE s.timeframe = t))) FROM unnest('{1d,1h}'::text[]) AS t), 0::numeric, 'and once more changes nothing');
DELETE FROM metrics_snapshot;
SELECT is((SELECT count(build_metrics_snapshot(m.timeframe, m.moment)) FROM (SELECT * FROM moment ORDER BY draw(n, 30, 1000)) AS m), (SELECT count(*) FROM moment), 'in any order');
SELECT is_empty('SELECT * FROM seen EXCEPT SELECT * FROM pg_temp.snapshot', 'they are the same');

-- ---- ranges ----
SELECT is((SELECT count(*) FROM seen AS s CROSS JOIN ca_snapshot_keys() AS k
           CROSS JOIN LATERAL (SELECT CASE WHEN k.category IS NULL THEN s.row -> k.key ELSE s.row #> ARRAY['extended_metrics', k.category, k.key] END AS value) AS v
           WHERE jsonb_typeof(v.value) = 'number' AND NOT v.value::numeric BETWEEN k.lowest AND k.highest), 0::bigint, 'scores are within their bounds');
SELECT is((SELECT count(*) FROM seen WHERE row #> '{extended_metrics,notes}' IS NOT NULL), 0::bigint, 'every value fitted');

-- ---- sets against plain SQL ----
CREATE TEMP TABLE ended AS SELECT c.*, timeframe_length(c.timeframe) AS length FROM candle AS c;
CREATE INDEX ON ended (asset_id, ends);
ANALYZE ended;
CREATE FUNCTION price_of(asset integer, t timestamptz) RETURNS ended LANGUAGE sql STABLE AS $$
    SELECT e.* FROM ended AS e WHERE e.asset_id = asset AND e.ends <= t AND e.ends >= t - interval '48 hours' ORDER BY e.ends DESC, e.length LIMIT 1 $$;
CREATE TEMP TABLE expected AS
SELECT m.moment, a.id AS asset_id, a.symbol, a.asset_type, (p).close::double precision AS price,
       coalesce((p).cap::double precision, (p).close::double precision * r.supply, (p).close::double precision * a.circulating_supply::double precision) AS cap,
       (p).cap IS NULL AND r.supply IS NULL AND a.circulating_supply IS NOT NULL AS current_supply, ca_volume_24h(a.id, m.moment)::double precision AS volume
FROM (SELECT DISTINCT moment FROM moment) AS m
CROSS JOIN assets AS a
CROSS JOIN LATERAL (SELECT price_of(a.id, m.moment) AS p OFFSET 0) AS p
LEFT JOIN LATERAL (
    SELECT e.cap::double precision / e.close::double precision AS supply FROM ended AS e
    WHERE e.asset_id = a.id AND e.ends <= m.moment AND e.ends >= m.moment - interval '720 hours' AND e.cap IS NOT NULL
    ORDER BY e.ends DESC, e.length LIMIT 1) AS r ON true
WHERE a.is_active AND a.asset_type IN ('crypto', 'stablecoin') AND (p).close IS NOT NULL;
SELECT results_eq(
    'SELECT p.moment, p.asset_id, p.price, p.cap, p.current_supply FROM ca_market_prices(ARRAY(SELECT DISTINCT moment FROM moment)) AS p ORDER BY 1, 2',
    'SELECT e.moment, e.asset_id, e.price, e.cap, e.current_supply FROM expected AS e ORDER BY 1, 2', 'prices and capitalizations of all assets');
SELECT results_eq(
    'SELECT v.moment, v.asset_id, v.volume FROM ca_market_volumes(ARRAY(SELECT DISTINCT moment FROM moment)) AS v
     WHERE EXISTS (SELECT FROM expected AS e WHERE e.moment = v.moment AND e.asset_id = v.asset_id) ORDER BY 1, 2',
    $$SELECT e.moment, e.asset_id, e.volume FROM expected AS e WHERE e.volume IS NOT NULL AND e.asset_type = 'crypto' ORDER BY 1, 2$$, 'their volumes');
CREATE TEMP TABLE sums AS SELECT s.* FROM ca_market_sums(ARRAY(SELECT DISTINCT moment FROM moment), 60, true) AS s;
SELECT results_eq(
    'SELECT moment, known, current_supply, round(cap::numeric, 2), round(stablecoins::numeric, 2), round(liquidity::numeric, 12) FROM sums ORDER BY 1',
    $$SELECT e.moment, count(e.cap), count(*) FILTER (WHERE e.current_supply), round(sum(e.cap)::numeric, 2),
             round((sum(e.cap) FILTER (WHERE e.asset_type = 'stablecoin'))::numeric, 2),
             CASE WHEN bool_or(e.symbol = 'BTC' AND e.cap IS NOT NULL AND e.volume IS NOT NULL)
                  THEN round((sum(e.volume) FILTER (WHERE e.cap IS NOT NULL AND e.asset_type = 'crypto')
                              / sum(e.cap) FILTER (WHERE e.volume IS NOT NULL AND e.asset_type = 'crypto'))::numeric, 12) END
      FROM expected AS e GROUP BY e.moment ORDER BY 1$$, 'their sums, and turnover');

-- days, counted by the calendar; those of assets without stored days are built from hours
CREATE TEMP TABLE day AS
SELECT a.id AS asset_id, d.time AS day, d.high, d.low, d.close, d.market_cap AS cap
FROM assets AS a CROSS JOIN LATERAL candles(a.id, '1d', NULL, '2024-06-18+00') AS d WHERE a.asset_type = 'crypto' AND a.is_active;
SELECT ok((SELECT count(*) > 50 FROM day AS d WHERE NOT EXISTS (SELECT FROM candle AS c WHERE c.asset_id = d.asset_id AND c.timeframe = '1d' AND c.candle_time = d.day)),
          'some days are built');
CREATE TEMP TABLE breadth AS
SELECT e.moment, e.asset_id, d.close, y.close AS previous,
       CASE WHEN m.known50 >= 45 THEN m.mean50 END AS mean50, CASE WHEN m.known200 >= 180 THEN m.mean200 END AS mean200,
       CASE WHEN m.known >= 54 THEN d.high > m.high END AS new_high, CASE WHEN m.known >= 54 THEN d.low < m.low END AS new_low
FROM expected AS e
CROSS JOIN LATERAL (SELECT date_trunc('day', e.moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS ends) AS b
LEFT JOIN day AS d ON d.asset_id = e.asset_id AND d.day = b.ends - interval '24 hours'
LEFT JOIN day AS y ON y.asset_id = e.asset_id AND y.day = b.ends - interval '48 hours'
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE x.day >= b.ends - 50 * interval '24 hours') AS known50, avg(x.close) FILTER (WHERE x.day >= b.ends - 50 * interval '24 hours') AS mean50,
           count(*) AS known200, avg(x.close) AS mean200, count(*) FILTER (WHERE x.day >= b.ends - 60 * interval '24 hours') AS known,
           max(x.high) FILTER (WHERE x.day >= b.ends - 60 * interval '24 hours' AND x.day < b.ends - interval '24 hours') AS high,
           min(x.low) FILTER (WHERE x.day >= b.ends - 60 * interval '24 hours' AND x.day < b.ends - interval '24 hours') AS low
    FROM day AS x WHERE x.asset_id = e.asset_id AND x.day >= b.ends - 200 * interval '24 hours' AND x.day < b.ends) AS m ON d.day IS NOT NULL
WHERE e.asset_type = 'crypto';
CREATE TEMP TABLE counts AS
SELECT b.moment, count(*) AS universe, count(*) FILTER (WHERE close > previous) AS advancers, count(*) FILTER (WHERE close < previous) AS decliners,
       count(*) FILTER (WHERE close = previous) AS unchanged, count(*) FILTER (WHERE close > mean50) AS above50, count(mean50) FILTER (WHERE close IS NOT NULL) AS with50,
       count(*) FILTER (WHERE close > mean200) AS above200, count(*) FILTER (WHERE new_high) AS highs, count(*) FILTER (WHERE new_low) AS lows, count(new_high) AS with_highs
FROM breadth AS b GROUP BY b.moment;
SELECT results_eq(
    'SELECT moment, universe, advancers, decliners, unchanged, above_sma50, with_sma50, above_sma200, new_highs, new_lows, with_highs FROM sums ORDER BY 1',
    'SELECT * FROM counts ORDER BY 1', 'breadth at many moments');
SELECT ok((SELECT min(advancers) > 0 AND max(highs) > 0 AND max(lows) > 0 AND max(unchanged) > 0 AND max(above200) = 0 FROM counts), 'there are all kinds');
SELECT is((SELECT count(*) FROM counts AS c CROSS JOIN LATERAL ca_market_sums(ARRAY[c.moment], 60) AS s
           WHERE extract(hour FROM c.moment AT TIME ZONE 'UTC') = 0
             AND ((s.new_highs, s.new_lows, s.advancers, s.above_sma50, s.with_highs >= 4) IS DISTINCT FROM (c.highs, c.lows, c.advancers, c.above50, c.with_highs >= 4))),
          0::bigint, 'and at one, where only assets at an edge are read for the whole span');

-- the index of the market: every close stands for three days more
CREATE TEMP TABLE step AS
SELECT d AS day, a.id AS asset_id, p.close AS before, p.cap, n.close AS now
FROM generate_series(timestamptz '2024-03-15+00', '2024-06-10+00', '24 hours') AS d
CROSS JOIN assets AS a
CROSS JOIN LATERAL (SELECT x.* FROM day AS x WHERE x.asset_id = a.id AND x.day <= d AND x.day >= d - interval '72 hours' ORDER BY x.day DESC LIMIT 1) AS n
CROSS JOIN LATERAL (
    SELECT x.close, coalesce(x.cap::double precision, x.close::double precision * coalesce(r.supply, a.circulating_supply::double precision)) AS cap
    FROM (SELECT x.* FROM day AS x WHERE x.asset_id = a.id AND x.day < d AND x.day >= d - interval '96 hours' ORDER BY x.day DESC LIMIT 1) AS x
    LEFT JOIN LATERAL (SELECT y.cap::double precision / y.close::double precision AS supply FROM day AS y
                       WHERE y.asset_id = a.id AND y.day < x.day AND y.day >= x.day - interval '720 hours' AND y.cap IS NOT NULL ORDER BY y.day DESC LIMIT 1) AS r ON true) AS p
WHERE a.id <> 1 AND p.cap > 0;
SELECT results_eq(
    $$SELECT r.day, r.members, round(r.log_return::numeric, 12) FROM ca_market_returns('2024-03-15+00', '2024-06-11+00', 1) AS r ORDER BY 1$$,
    'SELECT s.day, count(*), round(ln(sum(s.cap * s.now::float8 / s.before::float8) / sum(s.cap))::numeric, 12) FROM step AS s GROUP BY s.day ORDER BY 1',
    'returns of the market without BTC');

-- ---- what is fed ----
SAVEPOINT fed;
SELECT is((SELECT ROW(fear_greed_index, sp500, liquidation_zones, extended_metrics #> '{onchain_metrics,miner_outflow}')::text FROM metrics_snapshot WHERE (timeframe, snapshot_time) = ('1d', '2024-06-15+00')),
          (SELECT ROW(round(value, 2), NULL, NULL, NULL)::text FROM feed WHERE metric = 'fear_greed_index' AND moment = '2024-06-15+00'), 'a snapshot has what its series have');
SELECT ok(build_metrics_snapshot('1d', '2024-06-15+00', '{"fear_greed_index": 12.345, "sp500": 5000, "total": 3e12, "gold": null,
    "liquidation_zones": [{"bin_low": 1, "bin_high": 2, "long_vol": 3, "short_vol": 0}], "onchain_metrics": {"miner_outflow": 310.4}}') IS NOT NULL, 'other values are fed');
SELECT is((SELECT ROW(fear_greed_index, sp500, gold, total, jsonb_array_length(liquidation_zones), extended_metrics #> '{onchain_metrics,miner_outflow}', extended_metrics #>> '{sources,total}')::text
           FROM metrics_snapshot WHERE (timeframe, snapshot_time) = ('1d', '2024-06-15+00')), '(12.35,5000.00,,3000000000000.00,1,310.4,fed)', 'and precede those of the series');
UPDATE metrics_snapshot SET dxy = 1, google_trends_score = 77, rsi_14 = 1, extended_metrics = extended_metrics || '{"ours": 1}' || jsonb_build_object('trend_metrics', '{"momentum_score": 0, "ours": 2}'::jsonb)
WHERE (timeframe, snapshot_time) = ('1d', '2024-06-15+00');
SELECT ok(build_metrics_snapshot('1d', '2024-06-15+00') IS NOT NULL, 'the snapshot is built again without them');
SELECT is((SELECT ROW(s.sp500, s.total, s.google_trends_score, jsonb_array_length(s.liquidation_zones), s.extended_metrics #> '{onchain_metrics,miner_outflow}', s.extended_metrics -> 'ours', s.extended_metrics #> '{trend_metrics,ours}')::text
           FROM metrics_snapshot AS s WHERE (s.timeframe, s.snapshot_time) = ('1d', '2024-06-15+00')), '(5000.00,3000000000000.00,77.00,1,310.4,1,2)', 'what was fed stays, by hand too, and so do keys that nobody knows');
SELECT is((SELECT ROW(s.fear_greed_index, s.dxy, s.rsi_14, s.extended_metrics #> '{trend_metrics,momentum_score}')::text FROM metrics_snapshot AS s WHERE (s.timeframe, s.snapshot_time) = ('1d', '2024-06-15+00')),
          (SELECT ROW((o.row ->> 'fear_greed_index')::numeric(5,2), (o.row ->> 'dxy')::numeric(10,2), (o.row ->> 'rsi_14')::numeric(5,2), o.row #> '{extended_metrics,trend_metrics,momentum_score}')::text
           FROM seen AS o WHERE (o.timeframe, o.snapshot_time) = ('1d', '2024-06-15+00')), 'series precede what the row holds, and what is computed is computed again');
-- a value that does not fit its column is not cut off
DELETE FROM price_data WHERE asset_id = asset_id('DXY');
SELECT ok(record_metric('dxy', 123456789, '2024-06-15+00') AND build_metrics_snapshot('1d', '2024-06-15+00') IS NOT NULL, 'a series has a value too large for its column');
SELECT is((SELECT ROW(dxy, extended_metrics -> 'notes')::text FROM metrics_snapshot WHERE (timeframe, snapshot_time) = ('1d', '2024-06-15+00')), '(,"[""dxy""]")', 'the column is NULL, and notes name it');
ROLLBACK TO fed;

-- ---- a model's word ----
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_value, created_at, target_datetime) VALUES
    (1, 1000001, 'volatility_regime', '{"score": 0.7}', '2024-06-15+00', '2024-06-15 00:00:00.000001+00'), (1, 1000001, 'volatility_regime', '{"score": 0.9}', '2024-06-14+00', '2024-06-15+00');
SELECT ok(build_metrics_snapshot('1d', '2024-06-15+00') IS NOT NULL, 'a model predicted the volatility');
SELECT is((SELECT extended_metrics #>> '{ai_metrics,regime_volatility_score}' FROM metrics_snapshot WHERE (timeframe, snapshot_time) = ('1d', '2024-06-15+00')), '0.7', 'which counts until its target');

-- ---- markets of little ----
DELETE FROM metrics_snapshot; DELETE FROM predictions; DELETE FROM price_data;
SELECT is(build_metrics_snapshot('1d', '2024-06-15+00'), NULL, 'without a price of BTC there is no snapshot');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1, '1d', t, 100, 100, 100, 100 FROM generate_series(timestamptz '2024-06-14+00', '2024-06-14+00', '24 hours') AS t;
SELECT ok(build_metrics_snapshot('1d', '2024-06-15+00') IS NOT NULL, 'one bar is a snapshot');
SELECT is((SELECT concat_ws(' ', price, rsi_14, sma_200, weekly_return, extended_metrics -> 'technical_indicators', extended_metrics -> 'trend_metrics') FROM metrics_snapshot), '100.00 {} {}', 'of the price alone');

-- 199 bars of one price, on which ETH never moved either
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT a, '1d', t, 100, 100, 100, 100, 5 FROM generate_series(1, 2) AS a CROSS JOIN generate_series(timestamptz '2023-11-28+00', '2024-06-13+00', '24 hours') AS t;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume) VALUES (2, '1d', '2024-06-14+00', 100, 100, 100, 100, 5);
SELECT ok(build_metrics_snapshot('1d', '2024-06-14+00') IS NOT NULL AND build_metrics_snapshot('1d', '2024-06-15+00') IS NOT NULL, 'a price that never moved');
SELECT results_eq(
    $$SELECT s.sma_200, s.rsi_14, s.weekly_return, s.monthly_return, x -> 'composite_metrics', x -> 'correlation_metrics', x -> 'trend_metrics', x -> 'ai_metrics',
             x #> '{technical_indicators,atr_14}', x #> '{technical_indicators,bollinger_bandwidth}'
      FROM metrics_snapshot AS s CROSS JOIN LATERAL (SELECT s.extended_metrics AS x) AS e ORDER BY s.snapshot_time$$,
    $$VALUES (NULL::numeric(30,8), 50::numeric(5,2), 0::numeric(9,4), 0::numeric(9,4), '{"volatility_index": 0}'::jsonb, '{}'::jsonb, '{"momentum_score": 0.5}'::jsonb, '{"regime_volatility_score": 0.5}'::jsonb, '0'::jsonb, '0'::jsonb),
             (100, 50, 0, 0, '{"volatility_index": 0}', '{}', '{"momentum_score": 0.5}', '{"regime_volatility_score": 0.5}', '0', '0')$$,
    'has no volatility, no correlation and the rank in the middle; 199 bars have no mean of 200');
-- a gap of one bar is passed over, and one of two is not
SELECT is((SELECT array_agg(build_metrics_snapshot('1d', t) IS NOT NULL ORDER BY t) FROM unnest('{2024-06-16+00,2024-06-17+00}'::timestamptz[]) AS t), '{t,f}', 'the last bar may be one bar old');

SELECT * FROM finish();
ROLLBACK;
