-- Timeframe codes and candle boundaries.
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never

--
-- boundaries
--

-- Every code at 13:37:42 on the leap day, a Thursday. 2024-02-29 is day 19782 since 1970-01-01 and so starts a 3d
-- candle (19782 = 3 * 6594); its week began on the 26th.
SELECT t AS code, timeframe_bucket(t, ts), timeframe_end(t, ts)
FROM timeframes() WITH ORDINALITY AS f (t, place), (VALUES (timestamptz '2024-02-29 13:37:42.123456')) AS v (ts)
ORDER BY place;

-- Before 2000 and before 1970, boundaries are before the time, not nearer to the origin. 1969-12-31 is day -1, so its
-- 3d candle starts on day -3; the Monday before is the 29th.
SELECT t AS code, timeframe_bucket(t, ts), timeframe_end(t, ts)
FROM timeframes() WITH ORDINALITY AS f (t, place), (VALUES (timestamptz '1969-12-31 23:59:59.999999')) AS v (ts)
ORDER BY place;

-- A boundary is its own boundary; the microsecond before belongs to the previous candle.
SELECT t AS code,
       bool_and(timeframe_bucket(t, timeframe_bucket(t, ts)) = timeframe_bucket(t, ts)) AS starts_itself,
       bool_and(timeframe_bucket(t, timeframe_end(t, ts)) = timeframe_end(t, ts)) AS end_starts_next,
       bool_and(timeframe_bucket(t, timeframe_end(t, ts) - interval '1 microsecond') = timeframe_bucket(t, ts)) AS end_excluded
FROM timeframes() WITH ORDINALITY AS f (t, place),
     (VALUES (timestamptz '2000-01-01 00:00'), ('1999-12-31 23:59:59.999999'), ('1970-01-01'), ('2100-03-01'),
             ('1600-02-29 12:00'), ('0044-03-15 06:07:08 BC')) AS v (ts)
GROUP BY t, place ORDER BY place;

-- February has 29 days in 2024 and 2000, 28 in 2023 and 1900
SELECT timeframe_end('1M', ts) - timeframe_bucket('1M', ts) AS february
FROM (VALUES (timestamptz '2024-02-10'), ('2000-02-10'), ('2023-02-10'), ('1900-02-10')) AS v (ts);

-- Compared with plain SQL at 1,000 times from 200 BC to 4000 AD: seconds since 1970 rounded down (weeks from Monday
-- 1969-12-29), and date_trunc for months.
CREATE TABLE moment AS
SELECT timestamptz 'epoch' + abs(hashint8extended(i, 1) % 132000000000000000) * interval '1 microsecond'
       - interval '68000000000 seconds' AS ts
FROM generate_series(1, 1000) AS i;
SELECT count(*) AS compared,
       count(*) FILTER (WHERE timeframe_bucket(t, ts) IS DISTINCT FROM want) AS different,
       count(*) FILTER (WHERE timeframe_end(t, ts) IS DISTINCT FROM want_end) AS different_end,
       min(extract(year FROM ts)) < -100 AND max(extract(year FROM ts)) > 3900 AS wide_range
FROM moment, timeframes() AS t,
     LATERAL (SELECT extract(epoch FROM timeframe_length(t)) AS seconds,
                     CASE t WHEN '1w' THEN -3 * 86400 ELSE 0 END AS origin) AS f,
     LATERAL (SELECT floor((extract(epoch FROM ts) - origin) / seconds) * seconds + origin AS start) AS s,
     LATERAL (SELECT CASE t WHEN '1M' THEN date_trunc('month', ts)
                            ELSE timestamptz 'epoch' + start * interval '1 second' END AS want,
                     CASE t WHEN '1M' THEN date_trunc('month', ts) + interval '1 month'
                            ELSE timestamptz 'epoch' + (start + seconds) * interval '1 second' END AS want_end) AS w;

-- The time zone of the session changes nothing, even with odd offsets and summer time.
CREATE TABLE in_utc AS
SELECT t, ts, timeframe_bucket(t, ts) AS bucket, timeframe_end(t, ts) AS stop,
       timeframe_count(t, ts, ts + interval '2000 hours') AS candles,
       ARRAY(SELECT timeframe_series(t, ts, ts + interval '50 hours')) AS series
FROM timeframes() AS t,
     (VALUES (timestamptz '2024-03-31 00:59:59+00'), ('2024-03-10 10:00:00+00'), ('2024-11-03 06:30:00+00')) AS v (ts);
SET timezone = 'Asia/Kathmandu';
SELECT count(*) AS compared,
       count(*) FILTER (WHERE (bucket, stop) IS DISTINCT FROM (timeframe_bucket(t, ts), timeframe_end(t, ts))) AS different
FROM in_utc;
SET timezone = 'America/New_York';
SELECT count(*) AS compared,
       count(*) FILTER (WHERE (bucket, stop, candles, series) IS DISTINCT FROM
                              (timeframe_bucket(t, ts), timeframe_end(t, ts),
                               timeframe_count(t, ts, ts + interval '2000 hours'),
                               ARRAY(SELECT timeframe_series(t, ts, ts + interval '50 hours')))) AS different
FROM in_utc;
SET timezone = 'UTC';
DROP TABLE in_utc, moment;

-- Infinity is its own boundary; NULL gives NULL.
SELECT timeframe_bucket('1h', 'infinity') AS start, timeframe_end('1M', '-infinity') AS stop,
       timeframe_bucket(NULL, '2024-01-01') AS no_code, timeframe_end('1h', NULL) AS no_time;

-- The first timestamp is 4714-11-24 BC, a Monday; the last is in 294276.
SELECT timeframe_bucket('1w', '4714-11-24 00:00 BC'), timeframe_bucket('1M', '294276-12-31 23:59:59.999999');
-- 294276-12-30 is 106762938 days after 1970-01-01, which is 3 times 35587646.
SELECT timeframe_bucket('3d', '294276-12-30 12:00') AS start, timeframe_bucket('3d', '294276-12-29 12:00') AS before,
       timeframe_count('3d', '294276-12-24', '294276-12-31') AS starts;
SELECT timeframe_bucket('1M', '4714-11-24 00:00 BC');
\echo :LAST_ERROR_SQLSTATE
SELECT timeframe_end('1m', '294276-12-31 23:59:59.999999');
SELECT timeframe_end('1M', '294276-12-31 23:59:59.999999');

--
-- codes
--

SELECT count(*) AS codes, bool_and(timeframe_is_valid(t)) AS valid FROM timeframes() AS t;
SELECT v AS code, timeframe_is_valid(v)
FROM (VALUES ('1m'), ('1M'), ('1H'), ('1D'), ('7x'), (''), ('1 hour'), (' 1h'), ('1h '), ('60m'), ('1'), ('1mm'), (NULL)) AS c (v);

SELECT timeframe_bucket('7x', now());
\echo :LAST_ERROR_SQLSTATE
SELECT timeframe_bucket('', now());
SELECT timeframe_end('1 hour', now());
SELECT timeframe_count('1H', now(), now());
SELECT timeframe_divides('1m', '1y');
SELECT timeframe_divides('0m', '1h');
SELECT timeframe_length('1D');
SELECT * FROM timeframe_series('2d', '2024-01-01', '2024-02-01');

-- An invalid code is quoted, but cut off, and not in the middle of a character.
SELECT timeframe_bucket(repeat('ä', 100), now());

--
-- counts, lengths, series
--

-- The starts in [10:00, 13:00) are 10, 11 and 12; a second later 11 and 12. 13:00 itself counts only if until is after
-- it.
SELECT timeframe_count('1h', '2024-01-01 10:00', '2024-01-01 13:00') AS three,
       timeframe_count('1h', '2024-01-01 10:00:01', '2024-01-01 13:00') AS two,
       timeframe_count('1h', '2024-01-01 10:00', '2024-01-01 13:00:01') AS four,
       timeframe_count('1h', '2024-01-01 10:00:01', '2024-01-01 10:59') AS none,
       timeframe_count('1h', '2024-01-01 10:00', '2024-01-01 10:00') AS empty,
       timeframe_count('1h', '2024-01-01 13:00', '2024-01-01 10:00') AS backwards;

-- January 2024 has Mondays 1, 8, 15, 22 and 29; the leap year has 366 days, 527,040 minutes
SELECT timeframe_count('1w', '2024-01-01', '2024-02-01') AS weeks,
       timeframe_count('1M', '2024-01-01', '2025-01-01') AS months,
       timeframe_count('1d', '2024-01-01', '2025-01-01') AS days,
       timeframe_count('1m', '2024-01-01', '2025-01-01') AS minutes,
       timeframe_count('1M', '1999-12-01', '2000-01-01 00:00:00.000001') AS around_2000;

SELECT timeframe_count('1h', '-infinity', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE
SELECT timeframe_count('1h', '2024-01-01', 'infinity');

-- What a candle can be made of: 4h does not divide 6h, nor 8h 12h; the days on which weeks and 3d candles start have
-- nothing to do with each other or with months.
SELECT t AS code, (SELECT string_agg(s, ' ' ORDER BY n)
                   FROM timeframes() WITH ORDINALITY AS g (s, n) WHERE timeframe_divides(s, t)) AS made_of
FROM timeframes() WITH ORDINALITY AS f (t, place) ORDER BY place;

SELECT t AS code, timeframe_length(t) FROM timeframes() WITH ORDINALITY AS f (t, place) ORDER BY place;

-- The starts from since, until excluded.
SELECT timeframe_series('1M', '2023-12-31 23:00', '2024-03-01');
SELECT timeframe_series('1M', '2023-12-01', '2024-03-01 00:00:00.000001');
SELECT timeframe_series('1w', '2024-02-26', '2024-03-05');
SELECT timeframe_series('15m', '2024-01-01 23:31', '2024-01-02 00:15');
SELECT count(*) AS none FROM timeframe_series('1h', '2024-01-01 12:00', '2024-01-01 12:00');
SELECT count(*) AS backwards FROM timeframe_series('1h', '2024-01-01 13:00', '2024-01-01 12:00');

-- An infinite series is refused immediately.
SELECT * FROM timeframe_series('1d', '2024-01-01', 'infinity') LIMIT 1;
SELECT * FROM timeframe_series('1d', '-infinity', '2024-01-01') LIMIT 1;

-- As many as timeframe_count() says.
SELECT count(*) AS compared,
       count(*) FILTER (WHERE timeframe_count(t, since, until)
                              <> (SELECT count(*) FROM timeframe_series(t, since, until))) AS different
FROM timeframes() AS t,
     (VALUES (timestamptz '1969-12-30 11:11:11', timestamptz '1970-01-09 01:00'), ('2024-02-26', '2024-03-04'),
             ('1999-12-31 23:59:59.999999', '2000-01-31')) AS v (since, until);
