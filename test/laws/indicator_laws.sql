-- Indicators agree with the same formulas in exact decimals at prices from 1e-8 to 1e9, and do not depend on windows,
-- the GROUP BY or the start of a series where they must not.
BEGIN;
SELECT plan(24);
SET LOCAL search_path = cryptoanalytics, public;

-- 400 bars per level: 1e-8 with moves of 1 %, 1 with moves of 1 %, 1e9 with moves of 0.01.
CREATE TABLE bar AS
SELECT level, (row_number() OVER (PARTITION BY level ORDER BY i))::integer AS i,
       CASE level WHEN '1e9' THEN 1e9 + 0.01 * sum(step) OVER w ELSE level::numeric * (1 + 0.01 * sum(step) OVER w / 10) END AS x
FROM unnest(ARRAY['1e-8', '1', '1e9']) AS level, generate_series(1, 400) AS i,
     LATERAL (SELECT (hashint8extended(i, length(level)) % 11)::integer - CASE WHEN i > 200 THEN 1 ELSE 0 END AS step) AS h
WINDOW w AS (PARTITION BY level ORDER BY i);
SELECT results_eq('SELECT level, min(x) > 0, count(DISTINCT x) > 100 FROM bar GROUP BY level ORDER BY level',
                  $$ VALUES ('1', true, true), ('1e-8', true, true), ('1e9', true, true) $$,
                  'the series of every level moves and stays above zero');

--
-- The oracle: the definitions, in numeric with 60 decimals.
--
CREATE FUNCTION pg_temp.div(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN round(a * 1e80 / b, 0) * 1e-80;

CREATE FUNCTION pg_temp.oracle_ema(x numeric[], n integer) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result numeric[] := array_fill(NULL::numeric, ARRAY[least(n - 1, cardinality(x))]);
    e numeric;
BEGIN
    FOR i IN n .. cardinality(x) LOOP
        e := CASE WHEN i = n THEN pg_temp.div((SELECT sum(v) FROM unnest(x[1:n]) AS v), n)
                  ELSE e + pg_temp.div(2 * (x[i] - e), n + 1) END;
        e := round(e, 60);
        result := result || e;
    END LOOP;
    RETURN result;
END $$;

CREATE FUNCTION pg_temp.oracle_rsi(x numeric[], n integer) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result numeric[] := array_fill(NULL::numeric, ARRAY[least(n, cardinality(x))]);
    gain numeric := 0;
    loss numeric := 0;
BEGIN
    FOR i IN 2 .. cardinality(x) LOOP
        IF i <= n + 1 THEN
            gain := gain + pg_temp.div(greatest(x[i] - x[i - 1], 0), n);
            loss := loss + pg_temp.div(greatest(x[i - 1] - x[i], 0), n);
        ELSE
            gain := round(pg_temp.div(gain * (n - 1) + greatest(x[i] - x[i - 1], 0), n), 60);
            loss := round(pg_temp.div(loss * (n - 1) + greatest(x[i - 1] - x[i], 0), n), 60);
        END IF;
        IF i > n THEN
            result := result || CASE WHEN gain + loss = 0 THEN 50 ELSE pg_temp.div(100 * gain, gain + loss) END;
        END IF;
    END LOOP;
    RETURN result;
END $$;

-- value, signal and histogram
CREATE FUNCTION pg_temp.oracle_macd(x numeric[], fast integer, slow integer, signal integer, OUT value numeric[], OUT signals numeric[])
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    quick numeric[] := pg_temp.oracle_ema(x[slow - fast + 1 : cardinality(x)], fast);
    slowly numeric[] := pg_temp.oracle_ema(x, slow);
    line numeric[];
BEGIN
    line := ARRAY(SELECT quick[i - slow + fast] - slowly[i] FROM generate_series(slow, cardinality(x)) AS i ORDER BY i);
    value := array_fill(NULL::numeric, ARRAY[slow - 1]) || line;
    signals := array_fill(NULL::numeric, ARRAY[slow - 1]) || pg_temp.oracle_ema(line, signal);
    value[1 : slow + signal - 2] := array_fill(NULL::numeric, ARRAY[slow + signal - 2]);
END $$;

CREATE TABLE series AS SELECT level, array_agg(x ORDER BY i) AS x FROM bar GROUP BY level;
CREATE TABLE want AS
SELECT level, i, indicator, v AS value
FROM series
CROSS JOIN LATERAL (
    SELECT 'ema ' || n, pg_temp.oracle_ema(x, n) FROM unnest(ARRAY[1, 12, 200]) AS n
    UNION ALL SELECT 'rsi ' || n, pg_temp.oracle_rsi(x, n) FROM unnest(ARRAY[1, 14, 50]) AS n
    UNION ALL SELECT 'sma ' || n, ARRAY(SELECT CASE WHEN k >= n THEN pg_temp.div((SELECT sum(v) FROM unnest(x[k - n + 1 : k]) AS v), n) END
                                        FROM generate_series(1, cardinality(x)) AS k ORDER BY k)
              FROM unnest(ARRAY[1, 20, 200]) AS n
    UNION ALL SELECT u.* FROM pg_temp.oracle_macd(x, 12, 26, 9) AS m,
              LATERAL (VALUES ('macd value', m.value), ('macd signal', m.signals)) AS u
    UNION ALL SELECT 'macd histogram', ARRAY(SELECT m.value[k] - m.signals[k] FROM generate_series(1, cardinality(x)) AS k ORDER BY k)
              FROM pg_temp.oracle_macd(x, 12, 26, 9) AS m) AS o (indicator, result)
CROSS JOIN LATERAL unnest(result) WITH ORDINALITY AS r (v, i);

CREATE TABLE got AS
SELECT level, i, indicator, value
FROM (SELECT level, i, sma(x, 1) OVER w AS s1, sma(x, 20) OVER w AS s20, sma(x, 200) OVER w AS s200,
             ema(x, 1) OVER w AS e1, ema(x, 12) OVER w AS e12, ema(x, 200) OVER w AS e200,
             rsi(x, 1) OVER w AS r1, rsi(x) OVER w AS r14, rsi(x, 50) OVER w AS r50, macd(x) OVER w AS m
      FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
CROSS JOIN LATERAL (VALUES ('sma 1', s1), ('sma 20', s20), ('sma 200', s200), ('ema 1', e1), ('ema 12', e12), ('ema 200', e200),
                           ('rsi 1', r1), ('rsi 14', r14), ('rsi 50', r50),
                           ('macd value', (m).value), ('macd signal', (m).signal), ('macd histogram', (m).histogram)) AS v (indicator, value);
CREATE VIEW pg_temp.error AS
SELECT level, indicator, want.value IS NULL AS no_value, got.value IS NULL AS no_result,
       CASE WHEN got.value::text::numeric <> want.value THEN coalesce(abs(got.value::text::numeric - want.value) / nullif(abs(want.value), 0), 1)
            WHEN want.value IS NOT NULL THEN 0 END AS error
FROM want FULL JOIN got USING (level, indicator, i);

SELECT is(count(*), 3 * 400 * 12::bigint, 'every indicator was compared at every bar') FROM pg_temp.error;
SELECT is(count(*) FILTER (WHERE no_value <> no_result), 0::bigint, 'a value is there exactly where the oracle has one') FROM pg_temp.error;
SELECT is(count(*) FILTER (WHERE no_value), 3 * (0 + 19 + 199 + 0 + 11 + 199 + 1 + 14 + 50 + 3 * 33)::bigint, 'and not before it is warm')
FROM pg_temp.error;
SELECT cmp_ok(max(error), '<=', 1e-15, format('%s at a price of %s: relative error at most 1e-15', split_part(indicator, ' ', 1), level))
FROM pg_temp.error
GROUP BY split_part(indicator, ' ', 1), level ORDER BY split_part(indicator, ' ', 1), level;
SELECT diag(format('%-15s worst relative error %s', indicator, string_agg(format('%s at %s', worst, level), ', ' ORDER BY level)))
FROM (SELECT indicator, level, to_char(max(error), '9.9EEEE') AS worst FROM pg_temp.error GROUP BY indicator, level) AS e
GROUP BY indicator ORDER BY indicator;

-- double precision: near 1e9 a double that stands for a decimal is off by up to 6e-8, so the series is rounded to
-- multiples of 2^-20, which both types hold exactly.
CREATE TABLE doubles AS SELECT level, array_agg(x ORDER BY i) AS x, array_agg(x::float8 ORDER BY i) AS d
FROM (SELECT level, i, round(x * 1048576) * 0.00000095367431640625 AS x FROM bar WHERE level <> '1e-8') AS b GROUP BY level;
SELECT cmp_ok(max(CASE WHEN got::text::numeric <> want THEN coalesce(abs(got::text::numeric - want) / nullif(want, 0), 1) ELSE 0 END), '<=', 1e-15,
               'double precision rsi(14) at a price of ' || level || ': relative error at most 1e-15')
FROM doubles, LATERAL unnest(pg_temp.oracle_rsi(x, 14)) WITH ORDINALITY AS o (want, i)
JOIN LATERAL (SELECT i, rsi(v, 14) OVER (ORDER BY i) AS got FROM unnest(d) WITH ORDINALITY AS u (v, i)) AS g USING (i)
GROUP BY level ORDER BY level;

--
-- One state, read in two ways.
--
SELECT is(count(*), 0::bigint, 'the value of a window at row k is that of GROUP BY over the first k rows, to the bit')
FROM (SELECT level, i, sma(x, 20) OVER w AS s, ema(x, 12) OVER w AS e, rsi(x) OVER w AS r, macd(x, 3, 10, 4) OVER w AS m
      FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
CROSS JOIN LATERAL (SELECT sma(b.x, 20 ORDER BY b.i) AS s, ema(b.x, 12 ORDER BY b.i) AS e, rsi(b.x ORDER BY b.i) AS r,
                           macd(b.x, 3, 10, 4 ORDER BY b.i) AS m
                    FROM bar AS b WHERE b.level = t.level AND b.i <= t.i) AS g
WHERE t.i % 7 = 0
  AND (float8send(t.s), float8send(t.e), float8send(t.r), record_send(t.m)) IS DISTINCT FROM
      (float8send(g.s), float8send(g.e), float8send(g.r), record_send(g.m));

SELECT is(count(*), 0::bigint, 'a frame of 60 rows gives what a series of those rows would, to the bit')
FROM (SELECT level, i, sma(x, 20) OVER w AS s, ema(x, 12) OVER w AS e, rsi(x) OVER w AS r
      FROM bar WINDOW w AS (PARTITION BY level ORDER BY i ROWS 59 PRECEDING)) AS t
CROSS JOIN LATERAL (SELECT sma(b.x, 20 ORDER BY b.i) AS s, ema(b.x, 12 ORDER BY b.i) AS e, rsi(b.x ORDER BY b.i) AS r
                    FROM bar AS b WHERE b.level = t.level AND b.i BETWEEN t.i - 59 AND t.i) AS g
WHERE t.i % 7 = 0
  AND (float8send(t.s), float8send(t.e), float8send(t.r)) IS DISTINCT FROM (float8send(g.s), float8send(g.e), float8send(g.r));

SELECT is(count(*), 0::bigint, 'sma does not depend on where the series began, to the bit')
FROM (SELECT level, i, sma(x, 20) OVER (PARTITION BY level ORDER BY i) AS s FROM bar) AS t
JOIN (SELECT level, i, sma(x, 20) OVER (PARTITION BY level ORDER BY i ROWS 19 PRECEDING) AS s FROM bar) AS f USING (level, i)
WHERE float8send(t.s) IS DISTINCT FROM float8send(f.s);

SELECT is(count(*), 0::bigint, 'an indicator without a NULL row and with NULL rows in between is the same')
FROM (SELECT level, i, ema(x, 12) OVER w AS e, rsi(x) OVER w AS r FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
JOIN (SELECT level, i, gap, ema(x, 12) OVER w AS e, rsi(x) OVER w AS r
      FROM (SELECT level, i, x, 1 AS gap FROM bar UNION ALL SELECT level, i, NULL, g FROM bar, unnest(ARRAY[0, 2]) AS g) AS b
      WINDOW w AS (PARTITION BY level ORDER BY i, gap)) AS n USING (level, i)
WHERE n.gap > 0 AND (t.e, t.r) IS DISTINCT FROM (n.e, n.r);

-- Multiplying prices by a power of two multiplies averages and keeps rsi, to the bit.
SELECT is(count(*), 0::bigint, 'eight times the price is eight times the average and the same rsi')
FROM (SELECT ema(x::float8, 12) OVER w * 8 AS e, ema(x::float8 * 8, 12) OVER w AS e8,
             rsi(x::float8) OVER w AS r, rsi(x::float8 * 8) OVER w AS r8
      FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS t
WHERE (e, r) IS DISTINCT FROM (e8, r8);

--
-- A long run.
--
-- 1,000,000 rows of sizes from 1e-6 to 1e12, of which the last 50 are 0.1: a running sum in doubles would keep what the
-- large ones left.
SELECT is((SELECT s FROM (SELECT i, sma(x, 50) OVER (ORDER BY i) AS s
                          FROM generate_series(1, 1000000) AS i,
                               LATERAL (SELECT CASE WHEN i > 999950 THEN 0.1::float8
                                                    ELSE 10::float8 ^ (hashint4(i) % 10 + 3) / 7 END) AS v (x)) AS t
           WHERE i = 1000000),
          0.1::float8, 'a running sma of a million rows does not drift');

SELECT * FROM finish();
ROLLBACK;
