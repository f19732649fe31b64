-- signal_outcomes() is compared with the definition, by reading all candles for each signal.
BEGIN;
SELECT plan(9);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.pick(item integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item * 100 + place, 7) & 1073741823) % below;

-- Three days of minutes, quarters of an hour, hours and days with gaps: asset 1 has all, 2 hours and days, 3 hours and
-- minutes for some of the time, 4 days, 5 nothing. Candles of different lengths need not agree.
INSERT INTO assets (id, symbol, name, asset_type) SELECT i, 'LAW' || i, 'Law', 'crypto' FROM generate_series(1, 5) AS i;
CREATE TEMP TABLE candle AS
SELECT row_number() OVER (ORDER BY s.asset, l.place, t)::integer AS n, s.asset, l.timeframe, l.place, t AS candle_time, t + l.length AS closed_at
FROM (VALUES ('1m', 1, interval '1 min'), ('15m', 2, '15 min'), ('1h', 3, '1 hour'), ('1d', 4, '1 day')) AS l (timeframe, place, length)
JOIN (VALUES (1, '1m'), (1, '15m'), (1, '1h'), (1, '1d'), (2, '1h'), (2, '1d'), (3, '1m'), (3, '1h'), (4, '1d')) AS s (asset, timeframe) USING (timeframe)
CROSS JOIN generate_series(timestamptz '2024-01-01', '2024-01-03 23:59', l.length) AS t;
DELETE FROM candle WHERE pg_temp.pick(n, 1, 10) = 0 OR asset = 3 AND timeframe = '1m' AND extract(hour FROM candle_time) > 4;
ALTER TABLE candle ADD low numeric, ADD high numeric, ADD open numeric, ADD close numeric;
-- Mostly within 90 to 110, sometimes up to 25 further.
UPDATE candle SET low = 100 - pg_temp.pick(n, 2, 10) - CASE WHEN pg_temp.pick(n, 3, 60) = 0 THEN pg_temp.pick(n, 4, 25) ELSE 0 END,
                  high = 100 + pg_temp.pick(n, 5, 10) + CASE WHEN pg_temp.pick(n, 6, 60) = 0 THEN pg_temp.pick(n, 7, 25) ELSE 0 END;
UPDATE candle SET open = low + pg_temp.pick(n, 21, (high - low)::integer + 1), close = low + pg_temp.pick(n, 22, (high - low)::integer + 1);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT asset, timeframe, candle_time, open, high, low, close FROM candle WHERE candle_time >= '2024-01-02';
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT asset, timeframe, candle_time, open, high, low, close FROM candle WHERE candle_time < '2024-01-02';

-- Levels that some candles reach, entries that few reach, a few unknown; created on a minute or between two.
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, expires_at, created_at)
SELECT i, 1 + i % 5, CASE WHEN s.side > 0 THEN 'long' ELSE 'short' END,
       CASE WHEN pg_temp.pick(i, 10, 10) > 0 THEN 100 + pg_temp.pick(i, 11, 3) - 1 + m.by END,
       CASE WHEN pg_temp.pick(i, 12, 10) > 0 THEN m.by + 100 + s.side * (2 + pg_temp.pick(i, 13, 30)) END,
       CASE WHEN pg_temp.pick(i, 14, 10) > 0 THEN m.by + 100 - s.side * (2 + pg_temp.pick(i, 15, 30)) END,
       CASE WHEN pg_temp.pick(i, 16, 2) = 0 THEN t.at + pg_temp.pick(i, 17, 600) * interval '2 min' END, t.at
FROM generate_series(1, 400) AS i
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.pick(i, 23, 3) = 0 THEN 16 * (pg_temp.pick(i, 24, 3) - 1) ELSE 0 END AS by) AS m
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.pick(i, 18, 2) = 0 THEN 1 ELSE -1 END AS side) AS s
CROSS JOIN LATERAL (SELECT timestamptz '2023-12-31 20:00' + pg_temp.pick(i, 19, 4000) * interval '1 minute' + pg_temp.pick(i, 20, 2) * interval '7.5 s' AS at) AS t;

-- The definition, for one moment.
CREATE FUNCTION pg_temp.defined(as_of timestamptz)
    RETURNS TABLE (signal_id integer, outcome text, ambiguous boolean, timeframe text, candle_time timestamptz, best numeric, worst numeric, bars bigint,
                   entry_timeframe text, entry_time timestamptz)
    LANGUAGE sql STABLE SET enable_nestloop = off AS $$
    WITH every AS (
        SELECT s.id, s.entry_price AS entry, c.*,
               first_value(c.open) OVER (PARTITION BY s.id ORDER BY c.closed_at, c.place) >= s.entry_price AS above
        FROM trading_signals AS s
        JOIN candle AS c ON c.asset = s.asset_id AND c.candle_time >= s.created_at AND c.closed_at <= as_of AND (c.closed_at <= s.expires_at) IS NOT FALSE
    ), entered AS (
        SELECT DISTINCT ON (e.id) e.* FROM every AS e WHERE CASE WHEN e.above THEN e.low <= e.entry ELSE e.high >= e.entry END ORDER BY e.id, e.closed_at, e.place
    ), later AS (
        -- of the entry candle, what lies beyond the entry and the close come after it; if it opens there, all of it
        SELECT e.id, e.timeframe, e.place, e.candle_time, e.closed_at,
               CASE WHEN e.above AND e.open > e.entry AND e.close < e.entry THEN e.entry WHEN e.above AND e.open > e.entry THEN e.close ELSE e.high END AS high,
               CASE WHEN NOT e.above AND e.open < e.entry AND e.close > e.entry THEN e.entry WHEN NOT e.above AND e.open < e.entry THEN e.close ELSE e.low END AS low
        FROM entered AS e
        UNION ALL
        SELECT e.id, e.timeframe, e.place, e.candle_time, e.closed_at, e.high, e.low
        FROM every AS e LEFT JOIN entered AS n ON n.id = e.id WHERE e.candle_time >= n.closed_at OR e.entry IS NULL
    ), seen AS (
        SELECT l.*, CASE s.signal_type WHEN 'long' THEN l.low <= s.stop_loss ELSE l.high >= s.stop_loss END AS stopped,
               CASE s.signal_type WHEN 'long' THEN l.high >= s.target_price ELSE l.low <= s.target_price END AS aimed
        FROM later AS l JOIN trading_signals AS s ON s.id = l.id
    ), touch AS (
        SELECT DISTINCT ON (e.id) e.* FROM seen AS e WHERE e.stopped OR e.aimed ORDER BY e.id, e.closed_at, e.place
    ), until AS (
        SELECT e.*, min(e.place) OVER (PARTITION BY e.id) AS finest
        FROM seen AS e WHERE NOT EXISTS (SELECT FROM touch AS t WHERE t.id = e.id AND t.closed_at < e.closed_at)
    )
    SELECT s.id, CASE WHEN s.entry_price IS NOT NULL AND n.id IS NULL THEN 'not_entered' WHEN t.stopped THEN 'stop' WHEN t.aimed THEN 'target'
                      WHEN s.expires_at <= as_of THEN 'expired' ELSE 'open' END,
           (t.stopped AND t.aimed) IS TRUE,
           coalesce(t.timeframe, (SELECT min(u.timeframe) FROM until AS u WHERE u.id = s.id AND u.place = u.finest)), t.candle_time,
           (SELECT max(CASE s.signal_type WHEN 'long' THEN u.high - s.entry_price ELSE s.entry_price - u.low END) FROM until AS u WHERE u.id = s.id) / s.entry_price,
           (SELECT min(CASE s.signal_type WHEN 'long' THEN u.low - s.entry_price ELSE s.entry_price - u.high END) FROM until AS u WHERE u.id = s.id) / s.entry_price,
           (SELECT count(*) FROM until AS u WHERE u.id = s.id AND u.place = coalesce(t.place, u.finest)), n.timeframe, n.candle_time
    FROM trading_signals AS s LEFT JOIN touch AS t ON t.id = s.id LEFT JOIN entered AS n ON n.id = s.id
    WHERE s.created_at <= as_of
    $$;
ANALYZE candle, trading_signals;
CREATE TEMP TABLE asked AS
SELECT m.moment, o.*
FROM (VALUES (timestamptz '2024-01-01 06:00'), ('2024-01-02 13:37:30'), ('2024-01-05')) AS m (moment)
CROSS JOIN LATERAL signal_outcomes(as_of => m.moment) AS o;
CREATE TEMP TABLE wanted AS
SELECT m.moment, o.*
FROM (VALUES (timestamptz '2024-01-01 06:00'), ('2024-01-02 13:37:30'), ('2024-01-05')) AS m (moment)
CROSS JOIN LATERAL pg_temp.defined(m.moment) AS o;

SELECT cmp_ok((SELECT count(*) FROM asked), '>', 600::bigint, 'there are outcomes');
SELECT is((SELECT count(DISTINCT outcome) FROM asked), 5::bigint, 'of every kind');
SELECT cmp_ok((SELECT count(*) FROM asked WHERE ambiguous), '>', 0::bigint, 'some of them ambiguous');
SELECT is((SELECT count(DISTINCT timeframe) FROM asked WHERE candle_time IS NOT NULL), 4::bigint, 'found in candles of every length');
SELECT is_empty($$SELECT w.moment, w.signal_id FROM wanted AS w FULL JOIN asked AS a ON (a.moment, a.signal_id) = (w.moment, w.signal_id)
                  WHERE (w.outcome, w.ambiguous, w.timeframe, w.candle_time, w.bars, w.entry_timeframe, w.entry_time)
                        IS DISTINCT FROM (a.outcome, a.ambiguous, a.timeframe, a.candle_time, a.bars, a.entry_timeframe, a.entry_time)$$,
                'outcome, candles and bars are those of the definition');
SELECT is_empty($$SELECT w.moment, w.signal_id FROM wanted AS w JOIN asked AS a ON (a.moment, a.signal_id) = (w.moment, w.signal_id)
                  WHERE (w.best IS NULL, w.worst IS NULL) <> (a.best_excursion IS NULL, a.worst_excursion IS NULL)
                     OR abs(w.best - a.best_excursion) > 1e-15 OR abs(w.worst - a.worst_excursion) > 1e-15$$,
                'and so are the excursions');
SELECT is_empty($$SELECT a.signal_id FROM asked AS a JOIN trading_signals AS s ON s.id = a.signal_id
                  WHERE a.outcome = 'target' AND a.best_excursion < abs(s.target_price - s.entry_price) / s.entry_price - 1e-15
                     OR a.outcome = 'stop' AND a.worst_excursion > -abs(s.stop_loss - s.entry_price) / s.entry_price + 1e-15$$,
                'what touches a level went as far');
SELECT is_empty($$SELECT e.signal_id FROM asked AS e JOIN asked AS l ON l.signal_id = e.signal_id AND l.moment > e.moment
                  WHERE e.outcome IN ('target', 'stop', 'expired')
                    AND (e.outcome, e.candle_time, e.best_excursion, e.worst_excursion, e.bars) IS DISTINCT FROM (l.outcome, l.candle_time, l.best_excursion, l.worst_excursion, l.bars)$$,
                'what is decided stays so, whatever comes later');
SELECT is_empty($$SELECT s.id FROM trading_signals AS s
                  WHERE (s.risk_reward_ratio IS NULL) <> (s.entry_price IS NULL OR s.target_price IS NULL OR s.stop_loss IS NULL)
                     OR abs(s.risk_reward_ratio * abs(s.entry_price - s.stop_loss) - abs(s.target_price - s.entry_price)) > 1e-15$$,
                'the ratio times the risk is the reward, and NULL without both');

SELECT * FROM finish();
ROLLBACK;
