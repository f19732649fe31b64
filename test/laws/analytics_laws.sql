-- Risk and return: agreement with the same formulas in exact decimals at prices from 1e-8 to 1e9, and
-- what order, parallel workers, windows and scale must not change.
BEGIN;
SELECT plan(21);
SET LOCAL search_path = cryptoanalytics, public;

-- 300 candles per level: 1e-8 and 1 with moves of a few percent, 1e9 with moves of 0.01.
CREATE TABLE bar AS
WITH walk AS (
    SELECT level, i, sum(step) OVER (PARTITION BY level ORDER BY i) AS x, up, down
    FROM unnest(ARRAY['1e-8', '1', '1e9']) AS level, generate_series(1, 300) AS i,
         LATERAL (SELECT (hashint8extended(i, length(level)) % 11)::integer AS step,
                         abs(hashint8extended(i, 77) % 5)::integer AS up, abs(hashint8extended(i, 78) % 7)::integer AS down) AS h
), close AS (
    SELECT level, i, CASE level WHEN '1e9' THEN 1e9 + 0.01 * x ELSE level::numeric * (1 + 0.004 * x) END AS c,
           CASE level WHEN '1e9' THEN 0.01 ELSE level::numeric * 0.003 END AS unit, up, down
    FROM walk
)
SELECT level, i, o, greatest(o, c) + up * unit AS h, least(o, c) - down * unit AS l, c
FROM (SELECT *, coalesce(lag(c) OVER (PARTITION BY level ORDER BY i), c) AS o FROM close) AS b;
SELECT results_eq('SELECT level, min(l) > 0, count(DISTINCT c) > 50 FROM bar GROUP BY level ORDER BY level',
                  $$ VALUES ('1', true, true), ('1e-8', true, true), ('1e9', true, true) $$,
                  'the series of every level moves and stays above zero');

--
-- The oracle: the definitions, in numeric with 50 digits of each logarithm.
--
CREATE FUNCTION pg_temp.div(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN round(a * 1e80 / b, 0) * 1e-80;
CREATE FUNCTION pg_temp.log_ratio(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN ln(round(pg_temp.div(a, b), 60));
-- Of a root, whose argument may be small.
CREATE FUNCTION pg_temp.root(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN round(sqrt(x * 1e40), 60) * 1e-20;
-- Relative distance, or absolute from 0.
CREATE FUNCTION pg_temp.apart(x double precision, y numeric) RETURNS double precision LANGUAGE sql IMMUTABLE
    RETURN abs(x::text::numeric - y) / CASE WHEN y = 0 THEN 1 ELSE abs(y) END;
CREATE FUNCTION pg_temp.exactly(x double precision) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN x::text::numeric;

CREATE TABLE want AS
SELECT level,
       pg_temp.root(365 * avg(hl * hl) / (4 * ln(2.0000000000000000000000000000000000000000000000000000000000))) AS parkinson,
       pg_temp.root(365 * avg(hl * hl / 2 - (2 * ln(2.0000000000000000000000000000000000000000000000000000000000) - 1) * co * co)) AS garman_klass
FROM (SELECT level, pg_temp.log_ratio(h, l) AS hl, pg_temp.log_ratio(c, o) AS co FROM bar) AS b
GROUP BY level;
SELECT results_eq($$ SELECT b.level, pg_temp.apart(parkinson_volatility(h, l), w.parkinson) < 1e-15,
                            pg_temp.apart(garman_klass_volatility(o, h, l, c), w.garman_klass) < 1e-15
                     FROM bar AS b JOIN want AS w USING (level) GROUP BY b.level, w.parkinson, w.garman_klass ORDER BY 1 $$,
                  $$ VALUES ('1', true, true), ('1e-8', true, true), ('1e9', true, true) $$,
                  'volatilities of ranges are right to fifteen digits at prices of 1e-8 and of 1e9');

-- Returns as users hand them in: doubles; at 1e9 multiples of 1/64, whose text is exact and whose squares agree in 22 digits.
CREATE TABLE ret AS
SELECT level, i, r, b
FROM (SELECT level, i, CASE level WHEN '1e9' THEN (round(c * 64) / 64)::double precision ELSE (c / o - 1)::double precision END AS r,
             CASE level WHEN '1e9' THEN (round(h * 64) / 64)::double precision ELSE (h / o - 1)::double precision END AS b
      FROM bar) AS x;
CREATE TABLE ret_want AS
SELECT level, pg_temp.root(365 * pg_temp.div(rr - pg_temp.div(r * r, n), n - 1)) AS realized,
       pg_temp.div(rb - pg_temp.div(r * b, n), bb - pg_temp.div(b * b, n)) AS beta,
       pg_temp.root(365 * pg_temp.div(loss, n)) AS downside,
       CASE WHEN loss > 0 THEN pg_temp.div(365 * pg_temp.div(r, n), pg_temp.root(365 * pg_temp.div(loss, n))) END AS sortino,
       amihud
FROM (SELECT level, count(*) AS n, sum(r) AS r, sum(b) AS b, sum(r * r) AS rr, sum(r * b) AS rb, sum(b * b) AS bb,
             sum(least(r, 0) ^ 2) AS loss, avg(pg_temp.div(abs(r), v)) AS amihud
      FROM (SELECT level, pg_temp.exactly(r) AS r, pg_temp.exactly(b) AS b, 1e6 + i AS v FROM ret) AS x GROUP BY level) AS s;
SELECT results_eq($$ SELECT r.level, pg_temp.apart(realized_volatility(r), w.realized) < 1e-15, pg_temp.apart(beta(r, b), w.beta) < 1e-15
                     FROM ret AS r JOIN ret_want AS w USING (level) GROUP BY r.level, w.realized, w.beta ORDER BY 1 $$,
                  $$ VALUES ('1', true, true), ('1e-8', true, true), ('1e9', true, true) $$,
                  'variances are right to fifteen digits even where the values agree in eleven');
SELECT results_eq($$ SELECT r.level, pg_temp.apart(downside_risk(r), w.downside) < 1e-15,
                            coalesce(pg_temp.apart(sortino_ratio(r), w.sortino) < 1e-15, sortino_ratio(r) IS NULL AND w.sortino IS NULL),
                            pg_temp.apart(amihud_illiquidity(r, 1e6 + i), w.amihud) < 1e-15
                     FROM ret AS r JOIN ret_want AS w USING (level) GROUP BY r.level, w.downside, w.sortino, w.amihud ORDER BY 1 $$,
                  $$ VALUES ('1', true, true, true), ('1e-8', true, true, true), ('1e9', true, true, true) $$,
                  'the downside and illiquidity are right to fifteen digits');

--
-- The tail.
--
SELECT is_empty($$
    SELECT level, cutoff, n
    FROM unnest('{0,0.01,0.05,0.3,0.5,0.99,1}'::double precision[]) AS cutoff, unnest('{1,2,3,19,20,21,300}'::integer[]) AS n
    CROSS JOIN LATERAL (
        SELECT level, value_at_risk(r, cutoff) AS got, percentile_cont(cutoff) WITHIN GROUP (ORDER BY r) AS want
        FROM ret WHERE i <= n GROUP BY level) AS v
    WHERE abs(got - want) > 1e-15 * abs(want) $$, 'value_at_risk is percentile_cont');
SELECT is_empty($$
    SELECT level, cutoff, n
    FROM unnest('{0,0.01,0.05,0.3,0.5,0.99,1}'::double precision[]) AS cutoff, unnest('{1,2,3,19,20,21,300}'::integer[]) AS n
    CROSS JOIN LATERAL (
        SELECT level, conditional_value_at_risk(r, cutoff) AS got,
               avg(pg_temp.exactly(r)) FILTER (WHERE place <= floor((n - 1) * cutoff) + 1) AS want
        FROM (SELECT *, row_number() OVER (PARTITION BY level ORDER BY r) AS place FROM ret WHERE i <= n) AS t
        GROUP BY level) AS v
    WHERE pg_temp.apart(got, want) > 1e-15 $$, 'conditional_value_at_risk is the mean of the lowest returns');

--
-- Order, workers, windows.
--
CREATE TABLE answers AS
SELECT 'in order' AS how, level, realized_volatility(r ORDER BY i) AS a, downside_risk(r ORDER BY i) AS b, sortino_ratio(r ORDER BY i) AS c,
       beta(r, b ORDER BY i) AS d, amihud_illiquidity(r, 7 + i ORDER BY i) AS e, value_at_risk(r ORDER BY i) AS f,
       conditional_value_at_risk(r ORDER BY i) AS g
FROM ret GROUP BY level;
INSERT INTO answers
SELECT 'shuffled', level, realized_volatility(r ORDER BY x), downside_risk(r ORDER BY x), sortino_ratio(r ORDER BY x),
       beta(r, b ORDER BY x), amihud_illiquidity(r, 7 + i ORDER BY x), value_at_risk(r ORDER BY x), conditional_value_at_risk(r ORDER BY x)
FROM (SELECT *, hashint8(i) AS x FROM ret) AS t GROUP BY level;
SELECT is((SELECT count(DISTINCT t) FROM (SELECT level, a, b, c, d, e, f, g FROM answers) AS t), 3::bigint,
          'the order of rows does not change a bit');

SAVEPOINT before;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE big AS SELECT level, r, b, i, copy FROM ret, generate_series(1, 100) AS copy;
ANALYZE big;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query;
END $$;
CREATE TEMP TABLE query AS
SELECT $$ SELECT 'parallel', level, realized_volatility(r + copy), downside_risk(r - copy), sortino_ratio(r - 1), beta(r, b * copy),
                 amihud_illiquidity(r, copy), value_at_risk(r + copy), conditional_value_at_risk(r + copy),
                 parkinson_volatility(copy + 1, copy) FROM big GROUP BY level $$ AS text;
SELECT isnt_empty($$ SELECT FROM query, pg_temp.plan_of(text) AS line WHERE line LIKE '%Partial%Aggregate%' $$,
                  'all of them can be computed by parallel workers');
DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE parallel AS ' || (SELECT text FROM query); END $$;
SET LOCAL max_parallel_workers_per_gather = 0;
DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE serial AS ' || (SELECT text FROM query); END $$;
SELECT results_eq('SELECT * FROM parallel ORDER BY level', 'SELECT * FROM serial ORDER BY level',
                  'parallel workers do not change a bit');

SELECT is_empty($$
    SELECT s.level, s.i
    FROM (SELECT level, i, realized_volatility(r) OVER w AS a, downside_risk(r) OVER w AS b, sortino_ratio(r) OVER w AS c,
                 beta(r, b) OVER w AS d, amihud_illiquidity(r, 7 + i) OVER w AS e
          FROM ret WINDOW w AS (PARTITION BY level ORDER BY i ROWS BETWEEN 29 PRECEDING AND CURRENT ROW)) AS s
    CROSS JOIN LATERAL (
        SELECT realized_volatility(r) AS a, downside_risk(r) AS b, sortino_ratio(r) AS c, beta(r, b) AS d, amihud_illiquidity(r, 7 + i) AS e
        FROM ret AS r WHERE r.level = s.level AND r.i BETWEEN s.i - 29 AND s.i) AS t
    WHERE (s.a, s.b, s.c, s.d, s.e) IS DISTINCT FROM (t.a, t.b, t.c, t.d, t.e) $$,
    'in a window that slides the rows that have left leave no trace');
SELECT is_empty($$
    SELECT s.level, s.i
    FROM (SELECT level, i, parkinson_volatility(h, l) OVER w AS a, garman_klass_volatility(o, h, l, c) OVER w AS b,
                 parkinson_volatility(h::double precision, l::double precision, 8760) OVER w AS c
          FROM bar WINDOW w AS (PARTITION BY level ORDER BY i ROWS BETWEEN 29 PRECEDING AND CURRENT ROW)) AS s
    CROSS JOIN LATERAL (
        SELECT parkinson_volatility(h, l) AS a, garman_klass_volatility(o, h, l, c) AS b,
               parkinson_volatility(h::double precision, l::double precision, 8760) AS c
        FROM bar AS r WHERE r.level = s.level AND r.i BETWEEN s.i - 29 AND s.i) AS t
    WHERE (s.a, s.b, s.c) IS DISTINCT FROM (t.a, t.b, t.c) $$,
    'nor do candles');

--
-- In order: drawdown, choppiness.
--
SELECT is_empty($$
    SELECT level, i
    FROM (SELECT level, i, drawdown(c) OVER w AS d, max_drawdown(c) OVER w AS m, ulcer_index(c) OVER w AS u,
                 pg_temp.div(c, max(c) OVER w) - 1 AS dw, count(*) OVER w AS n
          FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
    WHERE pg_temp.apart(d, dw) > 1e-15 $$, 'drawdown is the price relative to the highest so far');
SELECT is_empty($$
    SELECT level, i
    FROM (SELECT level, i, m, u, min(dw) OVER w AS mw, pg_temp.root(avg(dw * dw) OVER w) AS uw
          FROM (SELECT level, i, max_drawdown(c) OVER w AS m, ulcer_index(c) OVER w AS u, pg_temp.div(c, max(c) OVER w) - 1 AS dw
                FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS s
          WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
    WHERE pg_temp.apart(m, mw) > 1e-15 OR pg_temp.apart(u, uw) > 1e-15 $$,
    'max_drawdown is the least and ulcer_index the root mean square of drawdowns');
-- Prices above, at and below zero too, and unknown ones.
CREATE TABLE low AS
SELECT level, i, c AS x FROM bar WHERE i <= 150
UNION ALL SELECT 'low', i, CASE WHEN i % 13 <> 0 THEN sum((hashint8extended(i, 9) % 4)::integer) OVER (ORDER BY i) END FROM generate_series(1, 150) AS i;
SELECT is_empty($$
    SELECT s.level, s.i, width
    FROM unnest('{1,2,7,40}'::integer[]) AS width
    CROSS JOIN LATERAL (
        SELECT level, i, drawdown(x) OVER w AS d, max_drawdown(x) OVER w AS m,
               drawdown(x::double precision) OVER w AS dd, max_drawdown(x::double precision) OVER w AS md
        FROM low WINDOW w AS (PARTITION BY level ORDER BY i ROWS BETWEEN width - 1 PRECEDING AND CURRENT ROW)) AS s
    CROSS JOIN LATERAL (
        SELECT drawdown(x ORDER BY i) AS d, max_drawdown(x ORDER BY i) AS m,
               drawdown(x::double precision ORDER BY i) AS dd, max_drawdown(x::double precision ORDER BY i) AS md
        FROM low AS o WHERE o.level = s.level AND o.i BETWEEN s.i - width + 1 AND s.i) AS t
    WHERE (s.d, s.m, s.dd, s.md) IS DISTINCT FROM (t.d, t.m, t.dd, t.md) $$,
    'in a window that slides drawdowns are those of its rows, to the bit');
SELECT is_empty($$
    SELECT level, i, n
    FROM unnest('{2,14,50}'::integer[]) AS n
    CROSS JOIN LATERAL (
        SELECT level, i, choppiness(h, l, c, n) OVER w AS got, choppiness(h::double precision, l::double precision, c::double precision, n) OVER w AS rough,
               CASE WHEN i > n THEN least(1, greatest(0, ln(round(pg_temp.div(sum(tr) OVER f, max(h) OVER f - min(l) OVER f), 40)) / ln(n::numeric))) END AS want
        FROM (SELECT *, greatest(h, lag(c) OVER w) - least(l, lag(c) OVER w) AS tr FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
        WINDOW w AS (PARTITION BY level ORDER BY i), f AS (PARTITION BY level ORDER BY i ROWS BETWEEN n - 1 PRECEDING AND CURRENT ROW)) AS v
    WHERE got IS NULL <> (want IS NULL) OR abs(got - want) > 1e-14
       OR abs(rough - want) > CASE level WHEN '1e9' THEN 1e-5 ELSE 1e-13 END $$,
    'choppiness is the path relative to the range, in digits of n');

--
-- Hamilton's filter, from the definition: forward probabilities, with the stationary distribution as what is
-- left after many transitions.
--
CREATE FUNCTION pg_temp.oracle_filter(x double precision[], m double precision[], s double precision[], t double precision[])
    RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    n integer := cardinality(m);
    p double precision[] := array_fill(1.0 / cardinality(m), ARRAY[cardinality(m)]);
    total double precision;
BEGIN
    FOR k IN 1 .. 1000 LOOP
        p := ARRAY(SELECT (SELECT sum(p[i] * t[i][j]) FROM generate_series(1, n) AS i) FROM generate_series(1, n) AS j ORDER BY j);
    END LOOP;
    FOR k IN 1 .. cardinality(x) LOOP
        IF k > 1 THEN
            p := ARRAY(SELECT (SELECT sum(p[i] * t[i][j]) FROM generate_series(1, n) AS i) FROM generate_series(1, n) AS j ORDER BY j);
        END IF;
        p := ARRAY(SELECT p[j] * exp(-0.5 * ((x[k] - m[j]) / s[j]) ^ 2) / s[j] FROM generate_series(1, n) AS j ORDER BY j);
        total := (SELECT sum(v) FROM unnest(p) AS v);
        p := ARRAY(SELECT v / total FROM unnest(p) WITH ORDINALITY AS v (v, o) ORDER BY o);
    END LOOP;
    RETURN p;
END $$;
SELECT ok((SELECT max(abs(got - want)) < 1e-12
           FROM (SELECT hamilton_filter(r, m, s, t ORDER BY i) AS g, pg_temp.oracle_filter(array_agg(r ORDER BY i), m, s, t) AS w
                 FROM ret, (VALUES ('{.01,-.01,.002}'::double precision[], '{.005,.03,.01}'::double precision[],
                                    '{{.9,.1,0},{.05,.9,.05},{.2,.1,.7}}'::double precision[])) AS v (m, s, t)
                 WHERE level = '1' AND i <= 150 GROUP BY m, s, t, i % 3) AS f
           CROSS JOIN LATERAL unnest(g, w) AS u (got, want)), 'hamilton_filter gives the forward probabilities');

--
-- Scale: prices times a power of two change nothing, but illiquidity by volume.
--
SELECT is_empty($$
    SELECT level FROM bar GROUP BY level
    HAVING (parkinson_volatility(h * 8, l * 8), garman_klass_volatility(o * 8, h * 8, l * 8, c * 8), max_drawdown(c * 8 ORDER BY i),
            choppiness(h * 8, l * 8, c * 8 ORDER BY i)) IS DISTINCT FROM
           (parkinson_volatility(h, l), garman_klass_volatility(o, h, l, c), max_drawdown(c ORDER BY i), choppiness(h, l, c ORDER BY i)) $$,
    'prices times eight have the same volatility, drawdown and choppiness');
SELECT is_empty($$
    SELECT level FROM ret GROUP BY level
    HAVING abs(realized_volatility(r, 365 * 4) / realized_volatility(r) - 2) > 1e-15
        OR abs(sortino_ratio(r, 365 * 4) / sortino_ratio(r) - 2) > 1e-15
        OR beta(r * 2, b) <> 2 * beta(r, b) $$, 'four times the periods double what is per year');
SELECT is((SELECT realized_volatility(x) FROM (SELECT 1e9 + 0.1 FROM generate_series(1, 1000)) AS t (x)), 0::double precision,
          'equal returns have no volatility, not a little');
SELECT is((SELECT beta(x, x) FROM (SELECT 1e9 + i * 1e-2 FROM generate_series(1, 1000) AS i) AS t (x)), 1::double precision,
          'a series has a beta of exactly 1 against itself');
SELECT ok((SELECT bool_and(value_at_risk BETWEEN least AND greatest AND conditional_value_at_risk <= value_at_risk)
           FROM (SELECT value_at_risk(r), conditional_value_at_risk(r), min(r) AS least, max(r) AS greatest FROM ret GROUP BY level, i % 17) AS t),
          'the mean of the tail is not above the quantile');

SELECT * FROM finish();
ROLLBACK;
