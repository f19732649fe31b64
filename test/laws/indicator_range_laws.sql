-- Indicators of range and volume agree with the same formulas in exact decimals at prices from 1e-8 to 1e9, and do not
-- depend on the window, the GROUP BY or the past of a series where they must not.
BEGIN;
SELECT plan(51);
SET LOCAL search_path = cryptoanalytics, public;

-- 400 bars per level in steps of "unit". Some are flat (the first 20, and 101 to 160), some have gaps, and some moves
-- are equal up and down. Levels whose names begin with "double" are like the others, but with powers of two (2^-27 and
-- 2^-34, 2^-10, 2^-7), so a double holds their prices.
CREATE TABLE level (level text PRIMARY KEY, base numeric, unit numeric);
INSERT INTO level VALUES
    ('1e-8', 1e-8, 1e-10), ('1', 1, 0.001), ('1e9', 1e9, 0.01),
    ('double 1e-8', 0.000000007450580596923828125, 0.0000000000582076609134674072265625), ('double 1', 1, 0.0009765625), ('double 1e9', 1e9, 0.0078125);
CREATE TABLE bar AS
WITH step AS (
    SELECT i, i <= 20 OR i BETWEEN 101 AND 160 AS flat,
           CASE WHEN i % 50 = 0 THEN 20 WHEN i IN (21, 161) THEN 1 WHEN i % 9 = 0 THEN 0 ELSE hashint8extended(i, 1) % 4 END AS step,
           CASE i % 9 WHEN 8 THEN 1 WHEN 0 THEN 5 ELSE abs(hashint8extended(i, 2) % 4) END AS above,
           CASE i % 9 WHEN 8 THEN 1 WHEN 0 THEN 5 ELSE abs(hashint8extended(i, 3) % 4) END AS below,
           CASE WHEN i > 5 THEN abs(hashint8extended(i, 4) % 1000) * 0.25 ELSE 0 END AS volume
    FROM generate_series(1, 400) AS i
), steps AS (
    SELECT i, volume, sum(CASE WHEN flat THEN 0 ELSE step END) OVER (ORDER BY i) AS c,
           CASE WHEN flat THEN 0 ELSE above END AS above, CASE WHEN flat THEN 0 ELSE below END AS below
    FROM step
)
SELECT level, i, base + unit * (c + above) AS h, base + unit * (c - below) AS l, base + unit * c AS x, volume AS v
FROM steps, level;

SELECT is(count(*) FILTER (WHERE h < x OR l > x OR l <= 0), 0::bigint, 'every close is between its low and its high, above zero') FROM bar;
SELECT cmp_ok(min(n), '>=', 30::bigint, 'there are thirty bars or more that move as far up as down')
FROM (SELECT level, count(*) FILTER (WHERE up = down AND up > 0) AS n
      FROM (SELECT level, h - lag(h) OVER w AS up, lag(l) OVER w - l AS down FROM bar WINDOW w AS (PARTITION BY level ORDER BY i)) AS m
      GROUP BY level) AS c;

--
-- The oracle: the definitions, in numeric with 60 decimals.
--
CREATE FUNCTION pg_temp.div(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    RETURN round(a * 1e80 / nullif(b, 0), 0) * 1e-80;

CREATE FUNCTION pg_temp.mean(x numeric[], n integer) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT CASE WHEN k >= n THEN pg_temp.div((SELECT CASE WHEN count(v) = n THEN sum(v) END FROM unnest(x[k - n + 1 : k]) AS v), n) END
                 FROM generate_series(1, cardinality(x)) AS k ORDER BY k);

CREATE FUNCTION pg_temp.true_range(h numeric[], l numeric[], c numeric[]) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT CASE WHEN k > 1 THEN greatest(h[k] - l[k], abs(h[k] - c[k - 1]), abs(l[k] - c[k - 1])) END
                 FROM generate_series(1, cardinality(c)) AS k ORDER BY k);

CREATE FUNCTION pg_temp.oracle_atr(h numeric[], l numeric[], c numeric[], n integer) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    tr numeric[] := pg_temp.true_range(h, l, c);
    result numeric[] := array_fill(NULL::numeric, ARRAY[n]);
    atr numeric := pg_temp.div((SELECT sum(v) FROM unnest(tr[2 : n + 1]) AS v), n);
BEGIN
    FOR i IN n + 1 .. cardinality(c) LOOP
        IF i > n + 1 THEN
            atr := round(pg_temp.div(atr * (n - 1) + tr[i], n), 60);
        END IF;
        result := result || atr;
    END LOOP;
    RETURN result;
END $$;

CREATE FUNCTION pg_temp.oracle_adx(h numeric[], l numeric[], c numeric[], n integer, OUT adx numeric[], OUT di_plus numeric[], OUT di_minus numeric[])
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    tr numeric[] := pg_temp.true_range(h, l, c);
    plus numeric := 0;
    minus numeric := 0;
    range numeric := 0;
    seed numeric := 0;
    value numeric;
    dx numeric;
    up numeric;
    down numeric;
BEGIN
    FOR i IN 1 .. cardinality(c) LOOP
        IF i > 1 THEN
            IF i > n THEN
                plus := round(plus - pg_temp.div(plus, n), 60);
                minus := round(minus - pg_temp.div(minus, n), 60);
                range := round(range - pg_temp.div(range, n), 60);
            END IF;
            up := h[i] - h[i - 1];
            down := l[i - 1] - l[i];
            plus := plus + CASE WHEN up > down AND up > 0 THEN up ELSE 0 END;
            minus := minus + CASE WHEN down > up AND down > 0 THEN down ELSE 0 END;
            range := range + tr[i];
        END IF;
        di_plus[i] := CASE WHEN i > n THEN coalesce(pg_temp.div(100 * plus, range), 0) END;
        di_minus[i] := CASE WHEN i > n THEN coalesce(pg_temp.div(100 * minus, range), 0) END;
        -- the bar has no DX: it counts 0 in the seed, and is skipped afterwards
        dx := pg_temp.div(100 * abs(plus - minus), plus + minus);
        IF i > n AND i <= 2 * n THEN
            seed := seed + coalesce(dx, 0);
            value := CASE WHEN i = 2 * n THEN pg_temp.div(seed, n) END;
        ELSIF i > 2 * n AND dx IS NOT NULL THEN
            value := round(pg_temp.div(value * (n - 1) + dx, n), 60);
        END IF;
        adx[i] := value;
    END LOOP;
END $$;

-- The middle, half the width, and the place between the bands.
CREATE FUNCTION pg_temp.oracle_bollinger(x numeric[], n integer, k numeric, OUT middle numeric[], OUT width numeric[], OUT percent_b numeric[])
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    middle := pg_temp.mean(x, n);
    FOR i IN 1 .. cardinality(x) LOOP
        width[i] := k * sqrt((SELECT pg_temp.div(sum((v - middle[i]) ^ 2), n) FROM unnest(x[i - n + 1 : i]) AS v));
        percent_b[i] := pg_temp.div(x[i] - middle[i] + width[i], 2 * width[i]);
    END LOOP;
END $$;

-- Fast %K.
CREATE FUNCTION pg_temp.oracle_fast(h numeric[], l numeric[], c numeric[], n integer) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT CASE WHEN k >= n THEN coalesce(pg_temp.div(100 * (c[k] - min(low)), max(high) - min(low)), 0) END
                 FROM generate_series(1, cardinality(c)) AS k, unnest(h[k - n + 1 : k], l[k - n + 1 : k]) AS u (high, low)
                 GROUP BY k ORDER BY k);

-- k and d begin together
CREATE FUNCTION pg_temp.oracle_stochastic(h numeric[], l numeric[], c numeric[], n integer, s integer, m integer, OUT k numeric[], OUT d numeric[])
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    k := pg_temp.mean(pg_temp.oracle_fast(h, l, c, n), s);
    d := pg_temp.mean(k, m);
    k[1 : n + s + m - 3] := array_fill(NULL::numeric, ARRAY[n + s + m - 3]);
END $$;

CREATE TABLE series AS
SELECT level, array_agg(h ORDER BY i) AS h, array_agg(l ORDER BY i) AS l, array_agg(x ORDER BY i) AS x FROM bar GROUP BY level;
CREATE TABLE want AS
SELECT level, i, indicator, v AS value
FROM series
CROSS JOIN LATERAL (
    SELECT u.* FROM pg_temp.oracle_bollinger(x, 20, 2) AS b, LATERAL (VALUES
        ('bollinger middle', b.middle), ('bollinger percent_b', b.percent_b),
        ('bollinger upper', ARRAY(SELECT m + w FROM unnest(b.middle, b.width) WITH ORDINALITY AS r (m, w, k) ORDER BY k)),
        ('bollinger lower', ARRAY(SELECT m - w FROM unnest(b.middle, b.width) WITH ORDINALITY AS r (m, w, k) ORDER BY k)),
        ('bollinger bandwidth', ARRAY(SELECT pg_temp.div(2 * w, m) FROM unnest(b.middle, b.width) WITH ORDINALITY AS r (m, w, k) ORDER BY k))) AS u
    UNION ALL SELECT 'bollinger upper 5 1.5', ARRAY(SELECT m + w FROM unnest(b.middle, b.width) WITH ORDINALITY AS r (m, w, k) ORDER BY k)
              FROM pg_temp.oracle_bollinger(x, 5, 1.5) AS b
    UNION ALL SELECT 'atr ' || n, pg_temp.oracle_atr(h, l, x, n) FROM unnest(ARRAY[1, 14]) AS n
    UNION ALL SELECT u.* FROM unnest(ARRAY[5, 14]) AS n, pg_temp.oracle_adx(h, l, x, n) AS a,
              LATERAL (VALUES ('adx adx ' || n, a.adx), ('adx di_plus ' || n, a.di_plus), ('adx di_minus ' || n, a.di_minus)) AS u
    UNION ALL SELECT u.* FROM pg_temp.oracle_stochastic(h, l, x, 14, 3, 3) AS s, LATERAL (VALUES ('stochastic k', s.k), ('stochastic d', s.d)) AS u
    UNION ALL SELECT u.* FROM pg_temp.oracle_stochastic(h, l, x, 5, 1, 2) AS s, LATERAL (VALUES ('stochastic k 5 1 2', s.k), ('stochastic d 5 1 2', s.d)) AS u) AS o (indicator, result)
CROSS JOIN LATERAL unnest(result) WITH ORDINALITY AS r (v, i);
INSERT INTO want
SELECT level, i, indicator, value
FROM (SELECT level, i, pg_temp.div(sum(x * v) OVER w, sum(v) OVER w) AS vwap, sum(v * sign) OVER w AS obv
      FROM (SELECT *, sign(x - coalesce(lag(x) OVER (PARTITION BY level ORDER BY i), x - 1)) AS sign FROM bar) AS b
      WINDOW w AS (PARTITION BY level ORDER BY i)) AS t,
     LATERAL (VALUES ('vwap', vwap), ('obv', obv)) AS u (indicator, value);

-- All values of the aggregates, for numeric and for double precision.
CREATE VIEW pg_temp.all_numeric AS
SELECT level, i, bollinger(x) OVER w AS b, bollinger(x, 5, 1.5) OVER w AS b5, atr(h, l, x, 1) OVER w AS atr1, atr(h, l, x) OVER w AS atr,
       adx(h, l, x, 5) OVER w AS a5, adx(h, l, x) OVER w AS a, stochastic(h, l, x) OVER w AS s, stochastic(h, l, x, 5, 1, 2) OVER w AS s5,
       vwap(x, v) OVER w AS vwap, obv(x, v) OVER w AS obv
FROM bar WINDOW w AS (PARTITION BY level ORDER BY i);
CREATE VIEW pg_temp.all_double AS
SELECT level, i, bollinger(x) OVER w AS b, bollinger(x, 5, 1.5) OVER w AS b5, atr(h, l, x, 1) OVER w AS atr1, atr(h, l, x) OVER w AS atr,
       adx(h, l, x, 5) OVER w AS a5, adx(h, l, x) OVER w AS a, stochastic(h, l, x) OVER w AS s, stochastic(h, l, x, 5, 1, 2) OVER w AS s5,
       vwap(x, v) OVER w AS vwap, obv(x, v) OVER w AS obv
FROM (SELECT level, i, h::float8, l::float8, x::float8, v::float8 FROM bar WHERE level LIKE 'double%') AS bar WINDOW w AS (PARTITION BY level ORDER BY i);

CREATE TABLE got AS
SELECT level, i, indicator, value
FROM (SELECT * FROM pg_temp.all_numeric WHERE level NOT LIKE 'double%' UNION ALL SELECT * FROM pg_temp.all_double) AS t
CROSS JOIN LATERAL (VALUES
    ('bollinger upper', (b).upper), ('bollinger middle', (b).middle), ('bollinger lower', (b).lower), ('bollinger bandwidth', (b).bandwidth),
    ('bollinger percent_b', (b).percent_b), ('bollinger upper 5 1.5', (b5).upper), ('atr 1', atr1), ('atr 14', atr),
    ('adx adx 5', (a5).adx), ('adx di_plus 5', (a5).di_plus), ('adx di_minus 5', (a5).di_minus),
    ('adx adx 14', (a).adx), ('adx di_plus 14', (a).di_plus), ('adx di_minus 14', (a).di_minus),
    ('stochastic k', (s).k), ('stochastic d', (s).d), ('stochastic k 5 1 2', (s5).k), ('stochastic d 5 1 2', (s5).d),
    ('vwap', vwap), ('obv', obv)) AS v (indicator, value);
CREATE TABLE error AS
SELECT level, indicator, i, want.value IS NULL AS no_value, got.value IS NULL AS no_result,
       CASE WHEN got.value::text::numeric <> want.value THEN coalesce(abs(got.value::text::numeric - want.value) / nullif(abs(want.value), 0), 1)
            WHEN want.value IS NOT NULL THEN 0 END AS error
FROM want FULL JOIN got USING (level, indicator, i);

SELECT is(count(*), 6 * 400 * 20::bigint, 'every value was compared at every bar') FROM error;
SELECT is(count(*) FILTER (WHERE no_value <> no_result), 0::bigint, 'a value is there exactly where the oracle has one') FROM error;
-- percent_b is NULL where prices are flat, at bar 20 and at bars 119 to 160, and vwap in the first five bars.
SELECT is(count(*) FILTER (WHERE no_value), 6 * (4 * 19 + 19 + 1 + 42 + 4 + 1 + 14 + 9 + 5 + 5 + 27 + 14 + 14 + 2 * 17 + 2 * 5 + 5)::bigint,
          'and not before it is warm') FROM error;
SELECT cmp_ok(max(error), '<=', 1e-15, format('%s at a price of %s: relative error at most 1e-15', split_part(indicator, ' ', 1), level))
FROM error
GROUP BY split_part(indicator, ' ', 1), level ORDER BY split_part(indicator, ' ', 1), level;
SELECT diag(format('%-22s worst relative error %s', indicator, string_agg(format('%s at %s', worst, level), ', ' ORDER BY level)))
FROM (SELECT indicator, level, to_char(max(error), '9.9EEEE') AS worst FROM error GROUP BY indicator, level) AS e
GROUP BY indicator ORDER BY indicator;

SELECT is(count(*), 1200::bigint, 'numeric and double precision give the same where a double holds the price, to the bit')
FROM pg_temp.all_numeric AS n JOIN pg_temp.all_double AS d USING (level, i)
WHERE (record_send(n.b), record_send(n.b5), float8send(n.atr1), float8send(n.atr), record_send(n.a5), record_send(n.a), record_send(n.s), record_send(n.s5), float8send(n.vwap), float8send(n.obv))
      IS NOT DISTINCT FROM
      (record_send(d.b), record_send(d.b5), float8send(d.atr1), float8send(d.atr), record_send(d.a5), record_send(d.a), record_send(d.s), record_send(d.s5), float8send(d.vwap), float8send(d.obv));

--
-- One state, read in two ways.
--
SELECT is(count(*), 0::bigint, 'the value of a window at row k is that of GROUP BY over the first k rows, to the bit')
FROM pg_temp.all_numeric AS t
CROSS JOIN LATERAL (SELECT bollinger(x ORDER BY i) AS b, atr(h, l, x ORDER BY i) AS atr, adx(h, l, x ORDER BY i) AS a, stochastic(h, l, x ORDER BY i) AS s,
                           vwap(x, v ORDER BY i) AS vwap, obv(x, v ORDER BY i) AS obv
                    FROM bar WHERE bar.level = t.level AND bar.i <= t.i) AS g
WHERE t.i % 7 = 0
  AND (record_send(t.b), float8send(t.atr), record_send(t.a), record_send(t.s), float8send(t.vwap), float8send(t.obv)) IS DISTINCT FROM
      (record_send(g.b), float8send(g.atr), record_send(g.a), record_send(g.s), float8send(g.vwap), float8send(g.obv));

SELECT is(count(*), 0::bigint, 'a frame of 60 rows gives what a series of those rows would, to the bit')
FROM (SELECT level, i, bollinger(x) OVER w AS b, atr(h, l, x) OVER w AS atr, adx(h, l, x) OVER w AS a, stochastic(h, l, x) OVER w AS s,
             vwap(x, v) OVER w AS vwap, obv(x, v) OVER w AS obv
      FROM bar WINDOW w AS (PARTITION BY level ORDER BY i ROWS 59 PRECEDING)) AS t
CROSS JOIN LATERAL (SELECT bollinger(x ORDER BY i) AS b, atr(h, l, x ORDER BY i) AS atr, adx(h, l, x ORDER BY i) AS a, stochastic(h, l, x ORDER BY i) AS s,
                           vwap(x, v ORDER BY i) AS vwap, obv(x, v ORDER BY i) AS obv
                    FROM bar WHERE bar.level = t.level AND bar.i BETWEEN t.i - 59 AND t.i) AS g
WHERE t.i % 7 = 0
  AND (record_send(t.b), float8send(t.atr), record_send(t.a), record_send(t.s), float8send(t.vwap), float8send(t.obv)) IS DISTINCT FROM
      (record_send(g.b), float8send(g.atr), record_send(g.a), record_send(g.s), float8send(g.vwap), float8send(g.obv));

SELECT is(count(*), 0::bigint, 'stochastic does not depend on where the series began, to the bit')
FROM pg_temp.all_numeric AS t
JOIN (SELECT level, i, stochastic(h, l, x) OVER (PARTITION BY level ORDER BY i ROWS 17 PRECEDING) AS s FROM bar) AS f USING (level, i)
WHERE record_send(t.s) IS DISTINCT FROM record_send(f.s);

SELECT is(count(*), 0::bigint, 'vwap does not depend on the order of rows, to the bit')
FROM (SELECT vwap(x, v ORDER BY i) AS up, vwap(x, v ORDER BY i DESC) AS down, vwap(x, v ORDER BY v, i) AS other FROM bar GROUP BY level) AS t
WHERE float8send(up) <> float8send(down) OR float8send(up) <> float8send(other);

SELECT is(count(*), 0::bigint, 'rows with a NULL in any input change nothing')
FROM pg_temp.all_numeric AS t
JOIN (SELECT level, i, gap, bollinger(x) OVER w AS b, atr(h, l, x) OVER w AS atr, adx(h, l, x) OVER w AS a, stochastic(h, l, x) OVER w AS s,
             vwap(x, v) OVER w AS vwap, obv(x, v) OVER w AS obv
      FROM (SELECT level, i, 1 AS gap, h, l, x, v FROM bar
            UNION ALL SELECT level, i, 2, NULL, l, NULL, v FROM bar UNION ALL SELECT level, i, 3, h + 1, NULL, NULL, 7 FROM bar) AS c
      WINDOW w AS (PARTITION BY level ORDER BY i, gap)) AS n USING (level, i)
WHERE (t.b, t.atr, t.a, t.s, t.vwap, t.obv) IS DISTINCT FROM (n.b, n.atr, n.a, n.s, n.vwap, n.obv);

-- Multiplying prices by a power of two multiplies ranges and keeps ratios, to the bit.
SELECT is(count(*), 0::bigint, 'eight times the price: eight times the bands and the range, the same percent_b, adx and stochastic')
FROM pg_temp.all_double AS t
JOIN (SELECT level, i, bollinger(x) OVER w AS b, atr(h, l, x) OVER w AS atr, adx(h, l, x) OVER w AS a, stochastic(h, l, x) OVER w AS s
      FROM (SELECT level, i, 8 * h::float8 AS h, 8 * l::float8 AS l, 8 * x::float8 AS x FROM bar) AS c WINDOW w AS (PARTITION BY level ORDER BY i)) AS e
     USING (level, i)
WHERE ((t.b).upper * 8, (t.b).lower * 8, (t.b).bandwidth, (t.b).percent_b, t.atr * 8, t.a, t.s) IS DISTINCT FROM
      ((e.b).upper, (e.b).lower, (e.b).bandwidth, (e.b).percent_b, e.atr, e.a, e.s);

--
-- extremes and flat windows
--

-- In series that only rise or only fall, the queues of extremes are fullest and emptiest.
SELECT is(count(*), 0::bigint, 'fast %K is the place of the close between plain min() and max() OVER ROWS, whatever the period and the series')
FROM (SELECT got::text::numeric AS got, 100 * (x - low) / (high - low) AS want, count(*) OVER (PARTITION BY name, k ORDER BY i) >= k AS warm
      FROM (VALUES ('rising'), ('falling'), ('saw'), ('tent'), ('hashed')) AS n (name)
      CROSS JOIN unnest(ARRAY[1, 2, 3, 7, 14, 100]) AS k
      CROSS JOIN LATERAL (SELECT i, x + 2 AS h, x - 1 AS l, x, (stochastic(x + 2, x - 1, x, k, 1, 1) OVER (ORDER BY i)).k AS got,
                                 max(x + 2) OVER frame AS high, min(x - 1) OVER frame AS low
                          FROM (SELECT i, CASE name WHEN 'rising' THEN i WHEN 'falling' THEN 500 - i WHEN 'saw' THEN i % 17
                                               WHEN 'tent' THEN abs(i - 250) ELSE hashint8extended(i, 9) % 50 END::numeric AS x
                                FROM generate_series(1, 500) AS i) AS p
                          WINDOW frame AS (ORDER BY i ROWS (k - 1) PRECEDING)) AS s) AS t
WHERE (got IS NOT NULL) <> warm OR abs(got - want) > 1e-13;

SELECT is(count(*) FILTER (WHERE (b).upper = x::float8 AND (b).middle = x::float8 AND (b).lower = x::float8 AND (b).bandwidth = 0 AND (b).percent_b IS NULL),
          6 * 42::bigint, 'in a flat window after moves the bands are the price exactly, and percent_b is NULL')
FROM pg_temp.all_numeric JOIN bar USING (level, i) WHERE i BETWEEN 119 AND 160;

-- 1e12, 1e-6 and then 0.1 twenty times, which running sums in doubles would get wrong.
SELECT is(bollinger(x ORDER BY i), (0.1, 0.1, 0.1, 0, NULL)::bollinger_value, 'flat bands are exact after moves of eighteen digits')
FROM (SELECT i, CASE WHEN i <= 100 THEN CASE i % 2 WHEN 0 THEN 1e12 ELSE 1e-6 END ELSE 0.1 END AS x FROM generate_series(1, 120) AS i) AS t;

SELECT * FROM finish();
ROLLBACK;
