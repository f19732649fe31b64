-- Scores, indicators and roll-ups are right for a series whose minutes are stored in pieces: some as minutes, some as
-- coarser candles, live, archived and compressed.
BEGIN;
SELECT plan(41);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

--
-- a feed that lags: what is rolled up of it has come no further
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('LAGS', 'Lags', 'crypto');
CREATE FUNCTION pg_temp.minutes(since timestamptz, until timestamptz, price numeric) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT asset_id('LAGS'), '1m', t, price, price, price, price, 1 FROM generate_series(since, until, '1 minute') AS t $$;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'sources', '1', 'asset');
SELECT pg_temp.minutes('2024-01-01 08:00', '2024-01-01 11:09', 100);
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
VALUES (asset_id('LAGS'), 1, 'price', 150, '2024-01-01 08:00', '2024-01-01 12:00');
SELECT is(rollup_candles('15m') + rollup_candles('1h'), 17::bigint, 'minutes to 11:09 make an hour from 11:00 to 12:00');
SELECT is(score_predictions('2024-01-01 12:00:05'), 0::bigint, 'which does not say that the feed has come to 12:00');
SELECT is((SELECT u.reason FROM unscored_predictions('2024-01-01 12:00:05') AS u), 'no candle has reached the target yet', 'nor does the reason');
SELECT pg_temp.minutes('2024-01-01 11:10', '2024-01-01 11:59', 200);
SELECT is(score_predictions('2024-01-01 12:00:05'), 1::bigint, 'the minute before 12:00 does');
SELECT is((SELECT actual_price FROM predictions), 200::numeric, 'and its close counts');
-- If the market is silent, the first later candle of any timeframe shows that the feed has reached the target.
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
VALUES (asset_id('LAGS'), 1, 'price', 150, '2024-01-01 08:00', '2024-01-01 13:00');
SELECT pg_temp.minutes('2024-01-01 12:00', '2024-01-01 12:09', 300);
SELECT pg_temp.minutes('2024-01-01 13:00', '2024-01-01 13:01', 400);
SELECT is(rollup_candles('1h') + rollup_candles('30m') + rollup_candles('15m'), 19::bigint, 'an hour of ten minutes, one of two, and the shorter ones');
DELETE FROM price_data WHERE asset_id = asset_id('LAGS') AND timeframe = '1m' AND candle_time >= '2024-01-01 13:00';
SELECT is(score_predictions('2024-01-01 13:10'), 0::bigint, 'before a candle has closed nothing is scored');
SELECT is(score_predictions('2024-01-01 13:20'), 1::bigint, 'then it is');

--
-- a feed that stops: a close is as old as what the candle was made of, whatever its span
-- Minutes until 11:09, so the last price is from 11:10 at the latest, and 50 minutes old at 12:00.
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('STOPS', 'Stops', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('STOPS'), '1m', t, 100, 100, 100, 100, 1 FROM generate_series(timestamptz '2024-01-02 08:00', '2024-01-02 11:09', '1 minute') AS t;
SELECT is(rollup_candles('30m', asset_id('STOPS')), 7::bigint, 'minutes to 11:09 make a half hour from 11:00 to 11:30');
CREATE FUNCTION pg_temp.found(staleness interval) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT p.close || ' ' || to_char(p.closed_at, 'HH24:MI') FROM ca_price_at(asset_id('STOPS'), '2024-01-02 12:00', staleness) AS p),
                     'and', ca_closes_at(asset_id('STOPS'), '2024-01-02 12:00', staleness) OVER ()) $$;
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
VALUES (asset_id('STOPS'), 1, 'price', 150, '2024-01-02 08:00', '2024-01-02 12:00');
SELECT is(pg_temp.found('49 minutes'), 'and', 'a close of 11:10 is too old at 12:00 for 49 minutes');
SELECT is(pg_temp.found('50 minutes'), '100 11:10 and 100', 'but not for 50');
SELECT is(score_predictions('2024-01-02 13:00', '30 minutes'), 0::bigint, 'so a prediction is not scored against it');
SELECT is((SELECT u.reason FROM unscored_predictions('2024-01-02 13:00', '30 minutes') AS u), 'the last close before the target was 00:50:00 old', 'as the reason says');
INSERT INTO ai_recommendations (recommendation_type, recommendation_title, target_entity_type, target_entity_id, created_at)
VALUES ('entry', 'Stops', 'asset', asset_id('STOPS'), '2024-01-02 11:10');
SELECT results_eq($$ SELECT start_price, end_price FROM recommendation_outcomes('2024-01-02 12:00', '30 minutes') $$, 'VALUES (100::numeric, NULL::numeric)',
                  'nor does a recommendation end at it');
-- Without the minutes, only the half hour is left, with the note that it was made of ten.
DELETE FROM price_data WHERE asset_id = asset_id('STOPS') AND timeframe = '1m';
SELECT is(pg_temp.found('49 minutes'), 'and', 'the half hour of ten minutes is no younger');
SELECT is(pg_temp.found('50 minutes'), '100 11:10 and 100', 'and no older');
SELECT is(pg_temp.found(NULL), '100 11:10 and 100', 'at any age too');
SELECT is((SELECT to_char(closed_at, 'HH24:MI') FROM ca_feed_reached(asset_id('STOPS'), '2024-01-02 11:10', '2024-01-02 11:30')), '11:10',
          'the feed has come to 11:10');
SELECT is_empty($$ SELECT FROM ca_feed_reached(asset_id('STOPS'), '2024-01-02 11:11', '2024-01-02 11:30') $$, 'and no further');
-- A day made of it is just as old, so after 24 hours no change is known.
SELECT is(rollup_candles('1d', asset_id('STOPS')), 1::bigint, 'a day of 190 minutes, from 00:00 on: as if to 03:10');
SELECT refresh_assets('2024-01-03 12:00');
SELECT is((SELECT price_change_percentage_24h FROM assets WHERE symbol = 'STOPS'), NULL, 'a price of 25 hours ago has not changed within 24');
UPDATE price_data SET volume = 11 WHERE asset_id = asset_id('STOPS') AND timeframe = '30m' AND candle_time = '2024-01-02 11:00';
SELECT is(pg_temp.found('29 minutes'), 'and', 'a candle that was changed by hand ended at 11:30');
SELECT is(pg_temp.found('30 minutes'), '100 11:30 and 100', 'which is 30 minutes before');
UPDATE price_data SET volume = 10 WHERE asset_id = asset_id('STOPS') AND timeframe = '30m' AND candle_time = '2024-01-02 11:00';
SELECT count(*) FROM ca_archive_batch(asset_id('STOPS'), '30m', '-infinity', '2024-03-01', 1000, false);
SELECT count(*) FROM ca_compress_batch(false, asset_id('STOPS'), '30m', '-infinity', '2024-03-01', 1000, false);
SELECT is((SELECT count(*) FROM price_data_compressed WHERE asset_id = asset_id('STOPS')), 7::bigint, 'the half hours are compressed');
SELECT is(pg_temp.found('49 minutes') || pg_temp.found('50 minutes'), 'and100 11:10 and 100', 'and say the same');

--
-- any partition of a series: two assets in pieces beside an asset with the same minutes, over twelve days
--
INSERT INTO assets (symbol, name, asset_type) SELECT w || n, 'in pieces', 'crypto' FROM unnest(ARRAY['PIECES.', 'ALONE.']) AS w, generate_series(1, 2) AS n;
CREATE TEMP TABLE pair AS
SELECT n, asset_id('PIECES.' || n) AS pieces, asset_id('ALONE.' || n) AS alone FROM generate_series(1, 2) AS n;
-- How each asset is divided and rolled up; each step divides what the earlier ones left.
CREATE TEMP TABLE chain AS
SELECT n, code, place
FROM (VALUES (1, ARRAY['1d', '4h', '1h', '30m', '15m', '5m']), (2, ARRAY['1d', '4h', '1h', '30m', '15m', '3m'])) AS c (n, codes),
     unnest(codes) WITH ORDINALITY AS u (code, place);
CREATE TEMP TABLE minute AS
SELECT p.n, t AS at, o AS open, o + h1 % 50 AS high, o - h2 % 50 AS low, o + (h1 % 50 - h2 % 50) / 2 AS close, (h2 % 100000)::numeric / 100 AS volume
FROM pair AS p
CROSS JOIN generate_series(timestamptz '2024-01-20', '2024-01-31 23:59', '1 minute') AS t
CROSS JOIN LATERAL (SELECT abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + p.n, 41) % 1000003) AS h1,
                           abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + p.n, 42) % 1000003) AS h2) AS h
CROSS JOIN LATERAL (SELECT 1000 + h1 % 1000 AS o) AS m;
-- Each minute goes into an hour or less, as drawn for its span.
CREATE TEMP TABLE source AS
SELECT d.n, d.source AS timeframe, timeframe_bucket(d.source, d.at) AS "time", (array_agg(d.open ORDER BY d.at))[1] AS open, max(d.high) AS high, min(d.low) AS low,
       (array_agg(d.close ORDER BY d.at DESC))[1] AS close, sum(d.volume) AS volume,
       abs(hashint8(extract(epoch FROM timeframe_bucket(d.source, d.at))::bigint)) % 3 AS place
FROM (SELECT m.*, coalesce(s.code, '1m') AS source
      FROM minute AS m
      LEFT JOIN LATERAL (
          SELECT c.code FROM chain AS c
          WHERE c.n = m.n AND c.place > 2
            AND hashint8extended(extract(epoch FROM timeframe_bucket(c.code, m.at))::bigint * 10 + m.n, c.place) % 4 = 0
          ORDER BY c.place LIMIT 1) AS s ON true) AS d
GROUP BY 1, 2, 3;
CREATE FUNCTION pg_temp.archive(wanted_place integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT p.pieces, s.timeframe, s."time", s.open, s.high, s.low, s.close, s.volume FROM source AS s JOIN pair AS p USING (n) WHERE s.place = wanted_place $$;
SELECT pg_temp.archive(2);
SELECT sum(b.moved) AS compressed
FROM (SELECT DISTINCT p.pieces, s.timeframe FROM source AS s JOIN pair AS p USING (n)) AS s,
     LATERAL ca_compress_batch(false, s.pieces, s.timeframe, '-infinity', 'infinity', 100000, false) AS b \gset
SELECT pg_temp.archive(1);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT p.pieces, s.timeframe, s."time", s.open, s.high, s.low, s.close, s.volume FROM source AS s JOIN pair AS p USING (n) WHERE s.place = 0
UNION ALL
SELECT p.alone, '1m', m.at, m.open, m.high, m.low, m.close, m.volume FROM minute AS m JOIN pair AS p USING (n);
SELECT results_eq('SELECT timeframe FROM source GROUP BY 1 ORDER BY timeframe_length(timeframe)', '{1m,3m,5m,15m,30m,1h}'::text[], 'minutes are divided among many timeframes');
SELECT is((SELECT count(DISTINCT s.place) FROM source AS s), 3::bigint, 'and among three places');
SELECT is((SELECT count(*) FROM price_data_compressed JOIN pair ON asset_id = pieces), :compressed::bigint, 'one of which is compressed');
SELECT cmp_ok(:compressed::bigint, '>', 1000::bigint, 'of many candles');

CREATE FUNCTION pg_temp.candles_differ() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM (SELECT p.n, t, c.* FROM pair AS p, unnest('{1h,4h,1d}'::text[]) AS t, LATERAL candles(p.pieces, t) AS c) AS c
    FULL JOIN (SELECT p.n, t, c.* FROM pair AS p, unnest('{1h,4h,1d}'::text[]) AS t, LATERAL candles(p.alone, t) AS c) AS a USING (n, t, "time")
    WHERE c::text IS DISTINCT FROM a::text $$;
-- As text, which distinguishes doubles to the bit.
CREATE FUNCTION pg_temp.indicators_differ() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM (SELECT p.n, t, v, i.* FROM pair AS p, unnest('{1h,4h,1d}'::text[]) AS t, unnest('{talib,tradingview,pandas}'::text[]) AS v,
                 LATERAL technical_indicators(p.pieces, t, convention => v) AS i) AS i
    FULL JOIN (SELECT p.n, t, v, i.* FROM pair AS p, unnest('{1h,4h,1d}'::text[]) AS t, unnest('{talib,tradingview,pandas}'::text[]) AS v,
                      LATERAL technical_indicators(p.alone, t, convention => v) AS i) AS a USING (n, t, v, candle_time)
    WHERE i::text IS DISTINCT FROM a::text $$;
SELECT is(pg_temp.candles_differ(), 0::bigint, 'candles() gives the same of both');
SELECT is(pg_temp.indicators_differ(), 0::bigint, 'technical_indicators() too, to the bit');

-- Targets at any time: model 1 accepts no close that is older than the target, model 2 one of up to an hour.
INSERT INTO ai_models (id, name, version, model_type) VALUES (2, 'an hour', '1', 'asset');
CREATE TEMP TABLE target AS
SELECT i, 1 + i % 2 AS n, 1 + i / 2 % 2 AS model,
       timestamptz '2024-01-20 02:00' + abs(hashint8extended(i, 43)) % 17000 * interval '1 minute' + CASE WHEN i % 5 = 0 THEN interval '17 seconds' ELSE '0' END AS at
FROM generate_series(1, 2000) AS i;
DELETE FROM predictions;
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
SELECT t.i, p.pieces, t.model, 'price', 1500, timestamptz '2024-01-01', t.at FROM target AS t JOIN pair AS p USING (n)
UNION ALL
SELECT 10000 + t.i, p.alone, t.model, 'price', 1500, timestamptz '2024-01-01', t.at FROM target AS t JOIN pair AS p USING (n);
SELECT cmp_ok(score_predictions('2024-02-02', '0', 1) + score_predictions('2024-02-02', '1 hour', 2), '>', 3000::bigint, 'most predictions are scored');
CREATE FUNCTION pg_temp.scores_differ() RETURNS bigint LANGUAGE sql AS $$
    -- what the minutes give: the close of the minute that ends at the target, or the last one before
    SELECT count(*)
    FROM target AS t
    JOIN minute AS m ON m.n = t.n AND m.at = date_trunc('minute', t.at) - interval '1 minute'
    JOIN predictions AS p ON p.id = t.i
    JOIN predictions AS a ON a.id = 10000 + t.i
    -- of the pieces, the finest timeframe whose last close is recent enough
    LEFT JOIN LATERAL (
        SELECT l.close
        FROM (SELECT DISTINCT ON (s.timeframe) s.timeframe, s.close, timeframe_end(s.timeframe, s."time") AS ends
              FROM source AS s
              WHERE s.n = t.n AND timeframe_end(s.timeframe, s."time") <= t.at
              ORDER BY s.timeframe, s."time" DESC) AS l
        WHERE t.at - l.ends <= CASE t.model WHEN 1 THEN interval '0' ELSE '1 hour' END
        ORDER BY timeframe_length(l.timeframe)
        LIMIT 1) AS s ON true
    WHERE a.actual_price IS DISTINCT FROM CASE WHEN t.model = 2 OR m.at + interval '1 minute' = t.at THEN m.close END
       OR p.actual_price IS DISTINCT FROM s.close
       OR t.model = 1 AND p.actual_price <> a.actual_price $$;
SELECT is(pg_temp.scores_differ(), 0::bigint, 'each by the close of the finest timeframe, which is that of the minutes alone if it ends at the target');
SELECT cmp_ok((SELECT count(*) FROM predictions AS p JOIN predictions AS a ON a.id = 10000 + p.id WHERE p.actual_price = a.actual_price), '>', 500::bigint,
              'as it is for many');

-- After more roll-ups, archiving and compressing, the results are the same.
SELECT cmp_ok((SELECT sum(rollup_candles(c.code, p.pieces) + rollup_candles(c.code, p.alone)) FROM chain AS c JOIN pair AS p USING (n)), '>', 10000::numeric, 'rolled up');
SELECT sum(ca.moved) + sum(cc.moved) AS moved
FROM pair AS p, LATERAL (SELECT unnest('{5m,15m,1h}'::text[]) AS code) AS c,
     LATERAL ca_archive_batch(p.pieces, c.code, '-infinity', '2024-01-25', 100000, false) AS ca,
     LATERAL ca_compress_batch(false, p.pieces, c.code, '2024-01-21', CASE WHEN ca.moved >= 0 THEN timestamptz '2024-01-24' END, 100000, false) AS cc \gset
SELECT cmp_ok(:moved::bigint, '>', 1000::bigint, 'archived and compressed');
SELECT is(pg_temp.candles_differ(), 0::bigint, 'candles are the same');
SELECT is(pg_temp.indicators_differ(), 0::bigint, 'indicators too');
SELECT is((SELECT count(*) FROM corrected_predictions('2024-02-02', '0', 1)) + (SELECT count(*) FROM corrected_predictions('2024-02-02', '1 hour', 2)), 0::bigint,
          'no score is another');
SELECT is(score_predictions('2024-02-02', '0', 1) + score_predictions('2024-02-02', '1 hour', 2), 0::bigint, 'and none is new');
SELECT update_technical_indicators(p.pieces, t, s), update_technical_indicators(p.alone, t, s)
FROM pair AS p, unnest('{1h,4h,1d}'::text[]) AS t,
     (VALUES (jsonb '{"RSI": 14, "SMA": [20, 50], "EMA": [20, 100], "MACD": [12, 26, 9], "BBANDS": [20, 2], "ATR": 14, "ADX": 14, "STOCH": [14, 3, 3]}')) AS v (s) \g /dev/null
SELECT results_eq($$
    SELECT count(*) > 200, count(*) FILTER (WHERE i.technical_indicators IS DISTINCT FROM a.technical_indicators OR i.technical_indicators IS NULL)
    FROM pair AS p
    JOIN price_data AS i ON i.asset_id = p.pieces
    JOIN price_data AS a ON a.asset_id = p.alone AND a.timeframe = i.timeframe AND a.candle_time = i.candle_time
    WHERE i.timeframe IN ('1h', '4h', '1d')$$, 'VALUES (true, 0::bigint)', 'update_technical_indicators() writes the same beside the candles of both');

SELECT * FROM finish();
ROLLBACK;
