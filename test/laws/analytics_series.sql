-- Returns, correlations, breakouts, divergences and trend lines of series: agreement with plain SQL on random
-- walks with holes, and what later candles, the start of a query and the way candles are stored must not change.
BEGIN;
SELECT plan(24);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';
SELECT setseed(0.42);

-- Twelve walks of 300 days in steps of a quarter, so that prices are often equal; a tenth of the candles of half of them and
-- some volumes are missing; prices of 1e-8 and 1e9 among them.
INSERT INTO assets (id, symbol, name, asset_type) SELECT k, 'W' || k, 'walk', 'crypto' FROM generate_series(1001, 1012) AS k;
CREATE TABLE walk AS
SELECT k, i, timestamptz '2024-01-01' + i * interval '1 day' AS start, CASE k % 3 WHEN 0 THEN 1e-8 WHEN 1 THEN 1 ELSE 1e7 END AS unit,
       100 + 0.25 * sum(round((random() * 8 - 4)::numeric)) OVER (PARTITION BY k ORDER BY i) AS c, random() AS u, random() AS v
FROM generate_series(1001, 1012) AS k, generate_series(0, 299) AS i;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT k, '1d', start, c * unit, (c + 0.25 * (u * 4)::integer) * unit, (c - 0.25 * (v * 4)::integer) * unit, c * unit,
       CASE WHEN u < 0.97 THEN (v * 20)::integer END
FROM walk WHERE c > 5 AND (k % 2 = 0 OR (k * 31 + i * 17) % 10 <> 0);
CREATE TABLE candle AS
SELECT asset_id AS k, candle_time AS t, high_price AS h, low_price AS l, close_price AS c, volume AS v,
       row_number() OVER (PARTITION BY asset_id ORDER BY candle_time) AS n
FROM price_data WHERE asset_id BETWEEN 1001 AND 1012;
CREATE UNIQUE INDEX ON candle (k, n);
ANALYZE candle;
SELECT ok(count(*) > 3000 AND count(*) < 3600 AND count(v) < count(*), 'candles and volumes are missing') FROM candle;

--
-- Returns.
--
CREATE TABLE return AS SELECT a AS k, r.* FROM generate_series(1001, 1012) AS a, returns(a, '1d') AS r;
SELECT is_empty($$ SELECT FROM candle AS c LEFT JOIN return AS r ON (r.k, r.time) = (c.k, c.t)
                   LEFT JOIN candle AS p ON (p.k, p.t) = (c.k, c.t - interval '1 day')
                   WHERE r.close IS DISTINCT FROM c.c OR (r.return IS NULL) <> (p.c IS NULL)
                      OR abs(r.return - ln(c.c / p.c)) > 1e-15 + 1e-15 * abs(r.return) $$, 'a log return needs the candle before');
SELECT is_empty($$ SELECT FROM return AS r
                   FULL JOIN (SELECT a AS k, s.* FROM generate_series(1001, 1012) AS a, returns(a, '1d', kind => 'simple') AS s) AS s USING (k, time)
                   WHERE (r.return IS NULL) <> (s.return IS NULL) OR abs(ln(1 + s.return) - r.return) > 1e-14 $$, 'a simple return is that of the log return');
SELECT is_empty($$ SELECT FROM (SELECT a AS k, r.* FROM generate_series(1001, 1012) AS a, returns(a, '1d', '2024-04-01 05:00', '2024-05-01') AS r) AS r
                   FULL JOIN (SELECT * FROM return WHERE time >= '2024-04-01 05:00' AND time < '2024-05-01') AS w USING (k, time)
                   WHERE (r.close, r.return) IS DISTINCT FROM (w.close, w.return) $$, 'a return does not depend on where the range begins');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1020, 'NEG', 'rate', 'macro');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1020, '1d', timestamptz '2024-01-01' + o * interval '1 day', c, c, c, c
FROM unnest('{1,-1,-2,0,3,4}'::numeric[]) WITH ORDINALITY AS v (c, o);
SELECT results_eq($$ SELECT l.return IS NULL, s.return FROM returns(1020, '1d') AS l JOIN returns(1020, '1d', kind => 'simple') AS s USING (time) ORDER BY time $$,
                  'VALUES (true, NULL), (true, -2::float8), (true, NULL), (true, NULL), (true, NULL), (false, 1 / 3::float8)',
                  'prices that are not above zero have no return');

--
-- Correlations.
--
CREATE TABLE want AS
SELECT a.k AS asset_id, b.k AS other_id, corr(a.return, b.return) FILTER (WHERE a.return IS NOT NULL AND b.return IS NOT NULL) AS correlation,
       count(*) FILTER (WHERE a.return IS NOT NULL AND b.return IS NOT NULL) AS pairs
FROM return AS a JOIN return AS b ON a.k <> b.k AND a.time = b.time
WHERE a.time >= timestamptz '2024-10-01' - interval '60 days' AND a.time < '2024-10-01'
  -- The first bar of 61 has no return.
GROUP BY a.k, b.k;
CREATE TABLE got AS SELECT * FROM correlation_matrix(ARRAY(SELECT generate_series(1001, 1012)), '1d', 60, '2024-10-01 13:00');
SELECT is_empty($$ SELECT asset_id, other_id, g.*, w.* FROM got AS g FULL JOIN want AS w USING (asset_id, other_id)
                   WHERE g.pairs IS DISTINCT FROM w.pairs OR (g.correlation IS NULL) <> (w.pairs < 20 OR w.correlation IS NULL)
                      OR abs(g.correlation - w.correlation) > 1e-13 $$, 'correlations are those of corr() over the days that both know');
SELECT is_empty($$ SELECT FROM got AS a JOIN got AS b ON (a.asset_id, a.other_id) = (b.other_id, b.asset_id)
                   WHERE a.correlation IS DISTINCT FROM b.correlation OR a.pairs <> b.pairs OR NOT a.correlation BETWEEN -1 AND 1 $$,
                  'they are symmetric to the bit, and from -1 to 1');
SELECT is_empty($$ SELECT * FROM correlation_matrix('{1002,1001,1002}', '1d', 60, '2024-10-01 13:00') EXCEPT SELECT * FROM got $$,
                  'a pair does not depend on the others, nor on the order in which they are named');
SELECT is((SELECT count(*) FROM correlation_matrix('{1002,1001,1002}', '1d', 60, '2024-10-01 13:00')), 2::bigint, 'an asset that is named twice counts once');
SELECT results_eq($$ SELECT DISTINCT correlation, pairs FROM correlation_matrix('{1002,1004}', '1d', 19, '2024-10-01') $$,
                  'VALUES (NULL::float8, 19)', 'fewer than 20 pairs are too few');
-- With holes, some pairs of assets have 19 pairs of returns, and some 20.
CREATE TABLE short AS
SELECT bars, m.* FROM generate_series(20, 30) AS bars, correlation_matrix(ARRAY(SELECT generate_series(1001, 1012)), '1d', bars, '2024-10-01') AS m;
SELECT ok(count(*) FILTER (WHERE pairs = 19) > 5 AND count(*) FILTER (WHERE pairs = 20) > 5
          AND bool_and((correlation IS NULL) = (pairs < 20)), 'the bound is 20 with holes too') FROM short;
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1021, 'FLAT', 'flat', 'crypto'), (1022, 'BARE', 'bare', 'crypto'), (1023, 'TWICE', 'twice', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1021, '1d', start, 1, 1, 1, 1 FROM walk WHERE k = 1002
UNION ALL SELECT 1023, '1d', t, c * 2, c * 2, c * 2, c * 2 FROM candle WHERE k = 1002;
SELECT results_eq($$ SELECT asset_id, other_id, round(correlation::numeric, 12), pairs
                     FROM correlation_matrix('{1002,1021,1022,1023}', '1d', 60, '2024-10-01') WHERE asset_id < other_id ORDER BY 1, 2 $$,
                  'VALUES (1002, 1021, NULL, 60), (1002, 1023, 1.000000000000, 60), (1021, 1023, NULL, 60)',
                  'a flat side has no correlation, an asset without candles no row, and a double the correlation 1');
-- Hours instead of days.
CREATE TABLE hours AS SELECT * FROM price_data WHERE asset_id = 1004 AND candle_time >= '2024-08-01' AND candle_time < '2024-10-01';
SAVEPOINT built;
DELETE FROM price_data WHERE asset_id = 1004 AND candle_time >= '2024-08-01' AND candle_time < '2024-10-01';
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id, '1h', candle_time + i * interval '1 hour', close_price, close_price, close_price, close_price, 1
FROM hours, generate_series(0, 23) AS i;
SELECT is_empty($$ SELECT FROM correlation_matrix('{1002,1004}', '1d', 60, '2024-10-01') AS b
                   JOIN got AS g USING (asset_id, other_id) WHERE (b.correlation, b.pairs) IS DISTINCT FROM (g.correlation, g.pairs) $$,
                  'days that are built from hours correlate as stored ones do');
ROLLBACK TO built;

--
-- Breakouts, from the definition: n bars, a retest within m bars.
--
CREATE FUNCTION pg_temp.oracle(a integer, bars integer)
    RETURNS TABLE (t timestamptz, direction integer, level numeric, fresh boolean, ratio double precision, retested_at timestamptz) LANGUAGE sql STABLE AS $$
    WITH channel AS (
        SELECT c.*, max(h) OVER w AS top, min(l) OVER w AS bottom, count(v) OVER w AS volumes, avg(v) OVER w AS mean, count(*) OVER w AS width
        FROM candle AS c WHERE k = a
        WINDOW w AS (ORDER BY n ROWS BETWEEN bars PRECEDING AND 1 PRECEDING)
    ), breakout AS (
        SELECT *, CASE WHEN c > top THEN 1 ELSE -1 END AS d, CASE WHEN c > top THEN top ELSE bottom END AS edge
        FROM channel WHERE width = bars AND (c > top OR c < bottom)
    ), first AS (
        SELECT b.*, NOT EXISTS (SELECT FROM breakout AS o WHERE o.d = b.d AND o.n BETWEEN b.n - 10 AND b.n - 1) AS fresh FROM breakout AS b
    )
    SELECT f.t, f.d, f.edge, f.fresh, CASE WHEN f.volumes = bars THEN (f.v / nullif(f.mean, 0))::float8 END,
           (SELECT min(z.t)
            FROM candle AS z
            WHERE f.fresh AND z.k = a AND z.n BETWEEN f.n + 1 AND f.n + 10 AND f.d * (z.c - f.edge) > 0
              AND NOT EXISTS (SELECT FROM candle AS y WHERE y.k = a AND y.n BETWEEN f.n + 1 AND z.n AND f.d * (y.c - f.edge) < -0.005 * f.edge)
              AND EXISTS (SELECT FROM candle AS j
                          WHERE j.k = a AND j.n BETWEEN f.n + 1 AND z.n
                            AND f.d * (CASE f.d WHEN 1 THEN j.l ELSE j.h END - f.edge) <= 0.005 * f.edge
                            AND f.d * j.c < (SELECT max(f.d * x.c) FROM candle AS x WHERE x.k = a AND x.n BETWEEN f.n AND j.n - 1)))
    FROM first AS f
$$;
CREATE TABLE breakout AS SELECT a AS k, bars, b.* FROM generate_series(1001, 1012) AS a, unnest('{1,5,20}'::integer[]) AS bars, breakouts(a, '1d', bars) AS b;
SELECT ok(count(*) FILTER (WHERE bars = 20) > 100 AND count(retested_at) FILTER (WHERE bars = 5) > 20, 'there are breakouts, and retests of them') FROM breakout;
SELECT is_empty($$ SELECT b.*, o.*
                   FROM breakout AS b
                   FULL JOIN (SELECT a AS k, bars, o.* FROM generate_series(1001, 1012) AS a, unnest('{1,5,20}'::integer[]) AS bars,
                                     pg_temp.oracle(a, bars) AS o) AS o ON (b.k, b.bars, b.time) = (o.k, o.bars, o.t)
                   WHERE (b.direction, b.level, b.fresh, b.retested_at) IS DISTINCT FROM (o.direction, o.level, o.fresh, o.retested_at)
                      OR (b.volume_ratio IS NULL) <> (o.ratio IS NULL) OR abs(b.volume_ratio - o.ratio) > 1e-14 * o.ratio $$,
                  'breakouts, their levels, volumes and retests are those of the definition');
SELECT is_empty($$ SELECT FROM (SELECT a AS k, b.* FROM generate_series(1001, 1012) AS a, breakouts(a, '1d', 20, '2024-06-01', '2024-09-01') AS b) AS b
                   FULL JOIN (SELECT * FROM breakout WHERE bars = 20 AND time >= '2024-06-01' AND time < '2024-09-01') AS w USING (k, time)
                   WHERE (b.direction, b.level, b.fresh, b.volume_ratio) IS DISTINCT FROM (w.direction, w.level, w.fresh, w.volume_ratio)
                      OR b.retested_at IS DISTINCT FROM CASE WHEN w.retested_at < '2024-09-01' THEN w.retested_at END $$,
                  'a breakout does not depend on where the range begins, and is retested in it or not at all');
SELECT is_empty($$ SELECT FROM generate_series(1001, 1012) AS a CROSS JOIN
                       ca_breakout_bars(a, '1d', 20, 10, 0.005, NULL, NULL, NULL, true) AS b
                   LEFT JOIN breakout AS w ON w.k = a AND w.bars = 20 AND w.time = b.time
                   WHERE coalesce(b.direction, 0) IS DISTINCT FROM coalesce(w.direction, 0) OR b.retested_at IS DISTINCT FROM w.retested_at $$,
                  'the rows of all bars agree');

--
-- Turning points.
--
CREATE TABLE divergence AS SELECT a AS k, d.* FROM generate_series(1001, 1012) AS a, rsi_divergences(a, '1d', 250, 2, '2024-10-01') AS d;
SELECT ok(count(*) FILTER (WHERE kind = 'bullish') > 5 AND count(*) FILTER (WHERE kind = 'bearish') > 5, 'there are divergences of both kinds') FROM divergence;
SELECT is_empty($$ SELECT FROM divergence AS d
                   JOIN candle AS a ON (a.k, a.t) = (d.k, d.first) JOIN candle AS b ON (b.k, b.t) = (d.k, d.second)
                   JOIN LATERAL technical_indicators(d.k, '1d') AS x ON x.candle_time = d.first
                   JOIN LATERAL technical_indicators(d.k, '1d') AS y ON y.candle_time = d.second
                   WHERE CASE d.kind WHEN 'bullish' THEN NOT (b.l < a.l AND y.rsi_14 > x.rsi_14 AND (d.first_price, d.second_price) = (a.l, b.l)
                                                             AND a.l < ALL (SELECT l FROM candle AS o WHERE o.k = d.k AND o.n BETWEEN a.n - 2 AND a.n - 1)
                                                             AND b.l <= ALL (SELECT l FROM candle AS o WHERE o.k = d.k AND o.n BETWEEN b.n + 1 AND b.n + 2))
                                     ELSE NOT (b.h > a.h AND y.rsi_14 < x.rsi_14 AND (d.first_price, d.second_price) = (a.h, b.h)
                                               AND a.h > ALL (SELECT h FROM candle AS o WHERE o.k = d.k AND o.n BETWEEN a.n - 2 AND a.n - 1)
                                               AND b.h >= ALL (SELECT h FROM candle AS o WHERE o.k = d.k AND o.n BETWEEN b.n + 1 AND b.n + 2)) END
                      OR d.score <> (y.rsi_14 - x.rsi_14) / 100 $$, 'price and RSI of a divergence go different ways between turning points');

-- The best of all lines, by trying each.
CREATE FUNCTION pg_temp.oracle_line(a integer, wing integer, tolerance numeric) RETURNS TABLE (side text, first timestamptz, second timestamptz, touches integer) LANGUAGE sql STABLE AS $$
    WITH bar AS MATERIALIZED (SELECT * FROM candle WHERE k = a AND t < '2024-10-01' ORDER BY n DESC LIMIT 120),
    point AS MATERIALIZED (
        SELECT b.n, b.t, x.*
        FROM bar AS b CROSS JOIN LATERAL (VALUES ('support', 1, b.l), ('resistance', -1, b.h)) AS x (side, sign, y)
        WHERE b.n - wing >= (SELECT min(n) FROM bar) AND b.n + wing <= (SELECT max(n) FROM bar)
          AND NOT EXISTS (SELECT FROM bar AS o WHERE o.n BETWEEN b.n - wing AND b.n - 1 AND sign * (CASE sign WHEN 1 THEN o.l ELSE o.h END - y) <= 0)
          AND NOT EXISTS (SELECT FROM bar AS o WHERE o.n BETWEEN b.n + 1 AND b.n + wing AND sign * (CASE sign WHEN 1 THEN o.l ELSE o.h END - y) < 0)
    ), line AS (
        SELECT p.side, p.sign, p.n AS pn, p.t AS pt, q.t AS qt, p.y, (q.y - p.y) / (q.n - p.n) AS slope,
               (SELECT count(*)::integer FROM point AS o WHERE o.side = p.side AND o.n >= p.n
                  AND (o.n IN (p.n, q.n) OR abs(o.y - (p.y + (q.y - p.y) / (q.n - p.n) * (o.n - p.n))) <= tolerance * (p.y + (q.y - p.y) / (q.n - p.n) * (o.n - p.n)))) AS touches
        FROM point AS p JOIN point AS q ON q.side = p.side AND q.n > p.n AND p.sign * (q.y - p.y) > 0
    )
    SELECT DISTINCT ON (l.side) l.side, l.pt, l.qt, l.touches
    FROM line AS l
    WHERE l.touches >= 3
      AND NOT EXISTS (SELECT FROM bar AS b WHERE b.n >= l.pn AND l.sign * (l.y + l.slope * (b.n - l.pn) - b.c) > tolerance * (l.y + l.slope * (b.n - l.pn)))
    ORDER BY l.side, l.touches DESC, l.qt DESC, l.pt
$$;
CREATE TABLE line AS SELECT a AS k, l.* FROM generate_series(1001, 1012) AS a, trend_lines(a, '1d', 120, 2, 3, '2024-10-01') AS l;
SELECT ok(count(*) > 4, 'there are trend lines') FROM line;
SELECT is_empty($$ SELECT l.*, o.* FROM line AS l
                   FULL JOIN (SELECT a AS k, o.* FROM generate_series(1001, 1012) AS a, pg_temp.oracle_line(a, 2, 0.03) AS o) AS o USING (k, side)
                   WHERE (l.first, l.second, l.touches) IS DISTINCT FROM (o.first, o.second, o.touches) $$, 'they are the best of all lines');

--
-- Spells of a regime: the rules with other settings are another model, and other models do not count.
--
INSERT INTO ai_models (id, name, version, model_type, is_active)
VALUES (1001, 'market rules', 'a', 'macro', false), (1002, 'market rules', 'b', 'macro', true), (1003, 'oracle', 'a', 'macro', true);
INSERT INTO metrics_snapshot (id, snapshot_time, timeframe)
SELECT 1000 + d, timestamptz '2024-01-01' + d * interval '1 day', '1d' FROM generate_series(0, 9) AS d WHERE d <> 6;
INSERT INTO metrics_snapshot (id, snapshot_time, timeframe) VALUES (1020, '2024-01-01', '4h');
INSERT INTO market_regime_analysis (metrics_snapshot_id, ai_model_id, analysis_time, regime)
SELECT s.id, m.id, s.snapshot_time, CASE WHEN m.id = 1003 OR s.timeframe = '4h' THEN 'Sideways' WHEN s.id IN (1002, 1003) AND m.id = 1002 THEN 'Bear' ELSE 'Bull' END
FROM metrics_snapshot AS s, unnest('{1001,1002,1003}'::integer[]) AS m (id) WHERE s.id BETWEEN 1000 AND 1020;
SELECT results_eq($$ SELECT regime, began::date, ended::date, bars, completed FROM regime_spells('1d') $$,
                  $$ VALUES ('Bull', date '2024-01-01', date '2024-01-02', 2::bigint, false), ('Bear', '2024-01-03', '2024-01-04', 2, true),
                            ('Bull', '2024-01-05', '2024-01-06', 2, false), ('Bull', '2024-01-08', '2024-01-10', 3, false) $$,
                  'spells of the newest rules end at other regimes and at gaps');
SELECT results_eq($$ SELECT regime, bars, completed FROM regime_spells('1d', '2024-01-03 23:00') $$, $$ VALUES ('Bull', 2::bigint, false), ('Bear', 1, false) $$,
                  'as of a moment there are no later ones');

--
-- Later candles change nothing.
--
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT k, '1d', timestamptz '2024-11-01' + i * interval '1 day', 1e12, 1e12, 1, 1, 1e12
FROM generate_series(1001, 1012) AS k, generate_series(0, 20) AS i;
SELECT is_empty($$ (SELECT * FROM correlation_matrix(ARRAY(SELECT generate_series(1001, 1012)), '1d', 60, '2024-10-01') EXCEPT SELECT * FROM got)
                   UNION ALL (SELECT a, NULL, NULL::float8, 1 FROM generate_series(1001, 1012) AS a, rsi_divergences(a, '1d', 250, 2, '2024-10-01') AS d
                              WHERE NOT EXISTS (SELECT FROM divergence AS w WHERE w.k = a AND (w.kind, w.first, w.second, w.score) = (d.kind, d.first, d.second, d.score)))
                   UNION ALL (SELECT a, NULL, NULL, 2 FROM generate_series(1001, 1012) AS a, trend_lines(a, '1d', 120, 2, 3, '2024-10-01') AS d
                              WHERE NOT EXISTS (SELECT FROM line AS w WHERE w.k = a AND (w.side, w.first, w.second) = (d.side, d.first, d.second)))
                   UNION ALL (SELECT a, NULL, NULL, 3 FROM generate_series(1001, 1012) AS a, breakouts(a, '1d', 20, NULL, '2024-10-01') AS d
                              WHERE NOT EXISTS (SELECT FROM breakout AS w WHERE w.k = a AND w.bars = 20 AND (w.time, w.level) = (d.time, d.level))) $$,
                  'candles that come later change nothing');

SELECT * FROM finish();
ROLLBACK;
