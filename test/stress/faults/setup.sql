-- Candles and predictions for run.py, and the functions that it calls to check them. Everything is drawn by a hash of
-- small numbers, so it is the same in each run.

CREATE SCHEMA faults;

CREATE FUNCTION faults.draw(n bigint, salt bigint, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT
    RETURN abs(hashint8extended(n, salt) % below);

INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'FAULT' || i, 'Fault', 'crypto' FROM generate_series(1, 3) AS i;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'fault', '1', 'asset');

-- Minutes of three assets; some have no volume, some a market cap, some indicators.
INSERT INTO price_data_archive
    (id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap,
     technical_indicators, candle_time, created_at)
SELECT c.n, c.asset, '1m', c.open, greatest(c.open, c.close) + faults.draw(c.n, 3, 90) / 100.0,
       least(c.open, c.close) - faults.draw(c.n, 4, 90) / 100.0, c.close,
       CASE WHEN faults.draw(c.n, 5, 50) > 0 THEN faults.draw(c.n, 6, 10000000) / 100.0 END,
       CASE WHEN faults.draw(c.n, 7, 3) = 0 THEN faults.draw(c.n, 8, 1000000000) END,
       CASE WHEN faults.draw(c.n, 9, 4) = 0 THEN jsonb_build_object('mark', faults.draw(c.n, 10, 100)) END,
       timestamptz '2024-01-01 00:00+00' + c.minute * interval '1 minute',
       timestamptz '2024-03-01 00:00+00' + c.n * interval '1 millisecond'
FROM (SELECT a * 1000000 + m AS n, a AS asset, m AS minute,
             50 * a + faults.draw(a * 1000000 + m, 1, 900) / 100.0 AS open,
             50 * a + faults.draw(a * 1000000 + m, 2, 900) / 100.0 AS close
      FROM generate_series(1, 3) AS a
      CROSS JOIN generate_series(0, :candles - 1) AS m) AS c;

INSERT INTO predictions
    (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price, target_datetime, created_at)
SELECT i, 1 + i % 3, 1, 'price',
       CASE WHEN i % 5 > 0 THEN 50 * (1 + i % 3) + faults.draw(i, 11, 900) / 100.0 END,
       CASE WHEN i % 5 = 0 THEN jsonb_build_object('direction', (ARRAY['up', 'down'])[1 + i / 5 % 2]) END,
       50 * (1 + i % 3), timestamptz '2024-01-01 00:02+00' + faults.draw(i, 12, :candles - 10) * interval '1 minute',
       timestamptz '2023-12-01 00:00+00'
FROM generate_series(1, :predictions) AS i;

-- The three places, each by itself.
CREATE VIEW faults.places AS
SELECT 'live' AS place, p.* FROM price_data AS p
UNION ALL
SELECT 'archive', a.* FROM price_data_archive AS a
UNION ALL
SELECT 'segments', c.* FROM price_data_compressed AS c;


-- Candles of 1m in all places; price_history shows the same ones.
CREATE FUNCTION faults.candles(indicators boolean) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('%s candles, hash %s', count(*), sum(hashtextextended(
               concat_ws('|', h.id, h.asset_id, h.timeframe, h.open_price, h.high_price, h.low_price, h.close_price,
                         coalesce(h.volume::text, 'none'), coalesce(h.market_cap::text, 'none'), h.candle_time,
                         h.created_at, CASE WHEN indicators THEN h.technical_indicators END), 0)::numeric))
    FROM price_history AS h
    WHERE h.timeframe = '1m';
END;

-- The places of candles, and the bytes of the segments.
CREATE FUNCTION faults.state() RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT concat_ws('; ',
        (SELECT string_agg(concat_ws(' ', p.place, p.asset_id, p.n, p.hash), ', ' ORDER BY p.place, p.asset_id)
         FROM (SELECT p.place, p.asset_id, count(*) AS n,
                      sum(hashtextextended(concat_ws('|', p.id, p.technical_indicators), 0)::numeric) AS hash
               FROM faults.places AS p
               WHERE p.timeframe = '1m'
               GROUP BY p.place, p.asset_id) AS p),
        (SELECT md5(string_agg(concat_ws('|', g.*::text), E'\n' ORDER BY g.asset_id, g.timeframe, g.first_time))
         FROM price_data_segments AS g));
END;

-- What must never be, one row for each case.
CREATE FUNCTION faults.broken() RETURNS SETOF text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH places AS MATERIALIZED (
        SELECT p.place, p.id, p.asset_id, p.timeframe, p.candle_time FROM faults.places AS p
    )
    (SELECT format('id %s is there %s times', p.id, count(*))
     FROM places AS p GROUP BY p.id HAVING count(*) > 1 LIMIT 3)
    UNION ALL
    (SELECT format('asset %s, %s, %s is there %s times', p.asset_id, p.timeframe, p.candle_time, count(*))
     FROM places AS p GROUP BY p.asset_id, p.timeframe, p.candle_time HAVING count(*) > 1 LIMIT 3)
    UNION ALL
    SELECT format('price_history shows %s candles, the three places hold %s', h.n, p.n)
    FROM (SELECT count(*) AS n FROM price_history) AS h,
         (SELECT count(*) AS n FROM places) AS p
    WHERE h.n <> p.n
    UNION ALL
    SELECT format('the segment of asset %s, %s, from %s overlaps the one before', g.asset_id, g.timeframe, g.first_time)
    FROM (SELECT g.*, lag(g.last_time) OVER (PARTITION BY g.asset_id, g.timeframe ORDER BY g.first_time) AS before
          FROM price_data_segments AS g) AS g
    WHERE g.before >= g.first_time
    UNION ALL
    SELECT format('the segment of asset %s, %s, from %s says %s candles and holds %s', g.asset_id, g.timeframe,
                  g.first_time, g.candles, count(p.id))
    FROM price_data_segments AS g
    LEFT JOIN places AS p ON p.place = 'segments' AND p.asset_id = g.asset_id AND p.timeframe = g.timeframe
                         AND p.candle_time BETWEEN g.first_time AND g.last_time
    GROUP BY g.asset_id, g.timeframe, g.first_time, g.last_time, g.candles
    HAVING (count(p.id), min(p.candle_time), max(p.candle_time))
           IS DISTINCT FROM (g.candles::bigint, g.first_time, g.last_time);
END;

-- Roll-ups that are not what plain SQL makes of the minutes; a call stores all of a timeframe or none.
CREATE FUNCTION faults.broken_rollups() RETURNS SETOF text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH expected AS MATERIALIZED (
        SELECT t.code, h.asset_id, date_bin(t.length, h.candle_time, '2000-01-01 00:00+00') AS start,
               (array_agg(h.open_price ORDER BY h.candle_time))[1] AS open, max(h.high_price) AS high,
               min(h.low_price) AS low, (array_agg(h.close_price ORDER BY h.candle_time DESC))[1] AS close,
               sum(h.volume) AS volume
        FROM (VALUES ('5m', interval '5 minutes'), ('1h', interval '1 hour')) AS t (code, length)
        JOIN price_history AS h ON h.timeframe = '1m'
        GROUP BY 1, 2, 3
    ), stored AS MATERIALIZED (
        SELECT h.* FROM price_history AS h WHERE h.timeframe <> '1m'
    )
    SELECT format('asset %s, %s, %s: %s, not %s', s.asset_id, s.timeframe, s.candle_time, s.*, e.*)
    FROM stored AS s
    LEFT JOIN expected AS e ON (e.asset_id, e.code, e.start) = (s.asset_id, s.timeframe, s.candle_time)
    WHERE (e.open, e.high, e.low, e.close, e.volume)
          IS DISTINCT FROM (s.open_price, s.high_price, s.low_price, s.close_price, s.volume)
    UNION ALL
    SELECT format('%s of %s candles of %s are stored', count(s.id), count(*), e.code)
    FROM expected AS e
    LEFT JOIN stored AS s ON (e.asset_id, e.code, e.start) = (s.asset_id, s.timeframe, s.candle_time)
    GROUP BY e.code
    HAVING count(s.id) NOT IN (0, count(*));
END;

CREATE FUNCTION faults.rollups() RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('%s roll-ups, hash %s', count(*), sum(hashtextextended(
               concat_ws('|', h.asset_id, h.timeframe, h.open_price, h.high_price, h.low_price, h.close_price,
                         coalesce(h.volume::text, 'none'), coalesce(h.market_cap::text, 'none'), h.candle_time), 0)::numeric))
    FROM price_history AS h
    WHERE h.timeframe <> '1m';
END;

-- A prediction is scored or not, and a call scores all that are due or none.
CREATE FUNCTION faults.broken_scores() RETURNS SETOF text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('prediction %s is half scored: %s', p.id, p.*)
    FROM predictions AS p
    WHERE num_nulls(p.actual_price, p.evaluated_at, p.is_accurate) <> CASE WHEN p.is_realized THEN 0 ELSE 3 END
       OR num_nulls(p.absolute_error, p.squared_error, p.accuracy_percentage)
          <> CASE WHEN p.is_realized AND p.predicted_price IS NOT NULL THEN 0 ELSE 3 END
       OR p.absolute_error <> abs(p.predicted_price - p.actual_price)
       OR p.squared_error <> p.absolute_error * p.absolute_error
    UNION ALL
    SELECT format('%s of %s predictions are scored', count(*) FILTER (WHERE p.is_realized), count(*))
    FROM predictions AS p
    HAVING count(*) FILTER (WHERE p.is_realized) NOT IN (0, count(*));
END;

CREATE FUNCTION faults.scores() RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('%s scored, hash %s', count(*) FILTER (WHERE p.is_realized), sum(hashtextextended(
               concat_ws('|', p.id, p.asset_id, p.predicted_price, coalesce(p.actual_price::text, 'none'),
                         coalesce(p.absolute_error::text, 'none'), coalesce(p.squared_error::text, 'none'),
                         coalesce(p.accuracy_percentage::text, 'none'), coalesce(p.is_accurate::text, 'none'),
                         p.is_realized, p.created_at), 0)::numeric))
    FROM predictions AS p;
END;

-- A call writes the indicators of all requested candles together with the states, or none. The first 19 candles have no
-- average of 20.
CREATE FUNCTION faults.broken_indicators() RETURNS SETOF text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('asset %s has %s candles, %s with indicators, and states of %s', p.asset_id, p.candles, p.written,
                  coalesce(s.candles, 0))
    FROM (SELECT p.asset_id, count(*) AS candles, count(*) FILTER (WHERE p.technical_indicators ? 'SMA') AS written
          FROM price_data AS p
          WHERE p.timeframe = '1m'
          GROUP BY p.asset_id) AS p
    LEFT JOIN (SELECT s.asset_id, max(s.candles) AS candles
               FROM technical_indicator_states AS s
               GROUP BY s.asset_id) AS s USING (asset_id)
    WHERE p.written <> greatest(coalesce(s.candles, 0) - 19, 0)
       OR p.written NOT IN (0, p.candles - 19);
END;

CREATE FUNCTION faults.indicators() RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT concat_ws('; ',
        (SELECT sum(hashtextextended(concat_ws('|', p.id, p.technical_indicators), 0)::numeric) FROM price_data AS p),
        (SELECT md5(string_agg(concat_ws('|', s.asset_id, s.timeframe, s.candle_time, s.candles, s.state), E'\n'
                               ORDER BY s.asset_id, s.timeframe, s.candle_time))
         FROM technical_indicator_states AS s),
        (SELECT count(*) FROM technical_indicator_notes));
END;

CREATE FUNCTION faults.running() RETURNS text
    LANGUAGE sql STABLE
    RETURN (SELECT coalesce(string_agg(t.id::text, ',' ORDER BY t.id), '')
            FROM cryptoanalytics.background_tasks AS t WHERE t.status = 'running');
