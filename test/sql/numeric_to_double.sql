-- numeric_to_double() gives the same bits as the cast.
SET client_min_messages = warning;
SET extra_float_digits = 1;
CREATE EXTENSION IF NOT EXISTS cryptoanalytics;

-- 0.1 is not a double; 9007199254740993 = 2^53 + 1 is halfway between two doubles, and becomes the even one.
SELECT numeric_to_double(0.1), numeric_to_double(-123.456), numeric_to_double(9007199254740993), numeric_to_double(9007199254740995),
       numeric_to_double(0), numeric_to_double(NULL), numeric_to_double('NaN'), numeric_to_double('-Infinity');
SELECT numeric_to_double('1e400');

CREATE TEMP TABLE sample (kind text, x numeric);

-- Prices and volumes as they are stored, and numbers of any length and scale.
INSERT INTO sample SELECT 'price', (hashint8extended(i, 1) % 100000000000000000 * ('1e-' || i % 9)::numeric / 1000000)::numeric(20,8) FROM generate_series(1, 50000) AS i;
INSERT INTO sample
SELECT 'length', (hashint8extended(i, 2)::text || abs(hashint8extended(i, 3))::text || abs(hashint8extended(i, 4))::text)::numeric
                 * ('1e' || (i % 120 - 100))::numeric
FROM generate_series(1, 50000) AS i;

-- The middle of two neighbouring doubles m * 2^e, exactly, and the closest numbers on either side.
CREATE FUNCTION pg_temp.power_of_two(e integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN e >= 0 THEN 2::numeric ^ e ELSE (5::numeric ^ -e) * ('1e' || e)::numeric END;
$$;
INSERT INTO sample
SELECT 'middle', ((4503599627370496 + abs(hashint8extended(i, 5)) % 4503599627370496)::numeric * 2 + 1)
                 * pg_temp.power_of_two(e) + d.d * ('1e' || (least(e, 0) - 20))::numeric
FROM generate_series(1, 60) AS i, generate_series(-110, 60, 5) AS e, (VALUES (-1), (0), (1)) AS d (d);
-- Around powers of two, where the doubles below are closer together.
INSERT INTO sample
SELECT 'power', pg_temp.power_of_two(e) * (1 + d * pg_temp.power_of_two(-54)) FROM generate_series(-100, 100) AS e, generate_series(-3, 3) AS d;
-- Around the longest integers that are doubles.
INSERT INTO sample SELECT 'integer', 9007199254740992 + d / 4.0 FROM generate_series(-40, 40) AS d;
-- The limits of the range.
INSERT INTO sample SELECT 'range', ('1e' || e)::numeric * m FROM generate_series(-320, 307) AS e, (VALUES (1.0), (4.9406564584124654), (2.2250738585072014)) AS v (m)
WHERE ('1e' || e)::numeric * m >= '2.5e-324';

SELECT kind, count(*) > 100 OR kind = 'integer' AS enough,
       count(*) FILTER (WHERE float8send(numeric_to_double(x)) <> float8send(x::double precision)
                           OR float8send(numeric_to_double(-x)) <> float8send((-x)::double precision)) AS different
FROM sample GROUP BY kind ORDER BY kind COLLATE "C";
-- Half of the middles are rounded up; otherwise they would not be middles.
SELECT count(*) FILTER (WHERE above > below) > 1000 AS rounded_up, count(*) FILTER (WHERE above = below) > 1000 AS rounded_down
FROM (SELECT x::double precision AS above, (x - ('1e' || (floor(log(x)) - 30))::numeric)::double precision AS below FROM sample WHERE kind = 'middle') AS m;

-- A key for indexes: it never falls where x rises, whatever digits it omits, and no x is an error.
INSERT INTO sample SELECT 'edge', x FROM unnest('{1e307,9.99e307,1e308,1.8e308,1e400,1e10000,1e-304,1e-305,1e-320,1e-400,0}'::numeric[]) AS x;
SELECT count(*) > 1000 AS enough, count(*) FILTER (WHERE cryptoanalytics_internal.ca_order_key(o.x) < o.before) AS falls
FROM (SELECT s.x, lag(cryptoanalytics_internal.ca_order_key(s.x)) OVER (ORDER BY s.x) AS before FROM (SELECT x FROM sample UNION ALL SELECT -x FROM sample) AS s) AS o;
SELECT cryptoanalytics_internal.ca_order_key('Infinity') > cryptoanalytics_internal.ca_order_key(1e400) AS above, cryptoanalytics_internal.ca_order_key('-Infinity') < cryptoanalytics_internal.ca_order_key(-1e400) AS below,
       cryptoanalytics_internal.ca_order_key('NaN') AS not_a_number, cryptoanalytics_internal.ca_order_key(-1e-400) AS nearly_zero, cryptoanalytics_internal.ca_order_key(0.1) AS tenth;
