-- Error metrics of numeric columns equal those of the doubles that numeric's own cast gives.
BEGIN;
SELECT plan(3);
SET LOCAL search_path = cryptoanalytics, public;

CREATE FUNCTION pg_temp.pick(item integer, place integer, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item::bigint * 100 + place, 29) & 4611686018427387903) % below;

-- From 1e-40 to 1e60, short and long, around 2^53 and around powers of ten.
CREATE TEMP TABLE value AS
SELECT i, v
FROM generate_series(1, 20000) AS i
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.pick(i, 1, 2) = 0 THEN -1 ELSE 1 END AS sign) AS s
CROSS JOIN LATERAL (VALUES
    (s.sign * round(pg_temp.pick(i, 2, 1000000000000000) / 10::numeric ^ pg_temp.pick(i, 3, 20), pg_temp.pick(i, 4, 24)::integer)),
    (s.sign * (9007199254740992 + pg_temp.pick(i, 5, 9) - 4) / 10::numeric ^ pg_temp.pick(i, 6, 30)),
    (s.sign * pg_temp.pick(i, 7, 100000) * 10::numeric ^ (pg_temp.pick(i, 8, 100) - 40)::integer),
    (s.sign * (10::numeric ^ pg_temp.pick(i, 9, 30) + (pg_temp.pick(i, 10, 3) - 1) * 1e-8)),
    (0.000)) AS x (v);

SELECT is(count(*), 0::bigint, 'a numeric counts as the double that it is cast to')
FROM (SELECT v, max_error(0::numeric, v) AS error FROM value GROUP BY i, v) AS e
WHERE e.error IS DISTINCT FROM abs(e.v::double precision);

SELECT is(count(*), 0::bigint, 'every metric is the same to the bit')
FROM (
    SELECT ROW(mae(a, p), mse(a, p), rmse(a, p), max_error(a, p), mape(a, p), smape(a, p), wape(a, p), r2(a, p)) AS n,
           ROW(mae(x, y), mse(x, y), rmse(x, y), max_error(x, y), mape(x, y), smape(x, y), wape(x, y), r2(x, y)) AS d
    FROM (SELECT v.i, v.v AS a, w.v AS p, v.v::double precision AS x, w.v::double precision AS y
          FROM value AS v JOIN value AS w USING (i)
          WHERE abs(v.v) BETWEEN 1e-20 AND 1e20 AND abs(w.v) < 1e20) AS pairs
    GROUP BY i % 500) AS m
WHERE m.n IS DISTINCT FROM m.d;

SELECT throws_ok($$ SELECT mae(1::numeric, 'NaN'::numeric) $$, '22003', 'predicted value must be finite', 'NaN is refused');

SELECT * FROM finish();
ROLLBACK;
