-- The setting cryptoanalytics.retention, and how retention_period() reads it.
\set SHOW_CONTEXT never
\pset null NULL
SET intervalstyle = 'postgres';

-- The library defines the setting, and any function of the extension loads the library.
SELECT timeframe_is_valid('1m');
SHOW cryptoanalytics.retention;

-- Each timeframe of the default, as the setting writes it; any other is kept for ever.
SELECT t AS timeframe, retention_period(t) FROM timeframes() WITH ORDINALITY AS f (t, place) ORDER BY place;

-- units: 36 h are a day and a half, 2 w are 14 days
SET cryptoanalytics.retention = '1m=36h,1h=2w,1M=3d';
SELECT retention_period('1m'), retention_period('1h'), retention_period('1M'), retention_period('5m');

-- The smallest and the largest number: 100000 w are 700000 days; leading zeros are ignored.
SET cryptoanalytics.retention = '1m=1h,1h=100000w,1d=007d';
SELECT retention_period('1m'), retention_period('1h'), retention_period('1d');

-- Blanks and tabs may stand anywhere except inside a timeframe or a duration.
SET cryptoanalytics.retention = E' 1m = 7d ,\t5m=30d ';
SELECT retention_period('1m'), retention_period('5m');

-- All fifteen timeframes.
SELECT set_config('cryptoanalytics.retention', string_agg(t || '=1d', ',' ORDER BY t COLLATE "C"), false) FROM timeframes() AS t;
SELECT count(*) FROM timeframes() AS t WHERE retention_period(t) = '1 day';

-- Empty: everything is kept for ever.
SET cryptoanalytics.retention = '';
SELECT count(retention_period(t)) FROM timeframes() AS t;
SET cryptoanalytics.retention = '  ';
SELECT count(retention_period(t)) FROM timeframes() AS t;

RESET cryptoanalytics.retention;
SHOW cryptoanalytics.retention;

-- NULL, and an unknown timeframe.
SELECT retention_period(NULL);
SELECT retention_period('7m');

--
-- What is refused when it is set; the setting keeps its value.
--
SET cryptoanalytics.retention = '1m=1d';
SET cryptoanalytics.retention = '1m=7d,5m';
SET cryptoanalytics.retention = '7m=7d';

CREATE FUNCTION pg_temp.refusal(setting text, OUT state text, OUT detail text)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cryptoanalytics.retention', setting, false);
    detail := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END;
$$;
SELECT quote_literal(s.setting) AS setting, r.state, r.detail
FROM (VALUES
    -- numbers from 1 to 100000
    (1, '1m=0d'), (2, '1m=100001d'), (3, '1m=99999999999999999999999d'), (4, '1m=-1d'),
    (5, '1m=1.5d'), (6, '1m=d'), (7, '1m=0x10d'),
    -- units h, d and w
    (10, '1m=7'), (11, '1m=7m'), (12, '1m=7D'), (13, '1m=7 d'), (14, '1m=7days'), (15, '1m=1d12h'),
    -- timeframes, each once
    (20, '=7d'), (21, '7m=7d'), (22, '1H=7d'), (23, '1m=7d,1m=8d'), (24, '1m=7d,1h=1d,1m=7d'), (25, '1 m=7d'),
    -- separators
    (30, ','), (31, '1m=7d,'), (32, ',1m=7d'), (33, '1m=7d;5m=7d'), (34, '1m=7d 5m=7d'), (35, '1m=7d,,5m=7d'),
    (36, '1m==7d'), (37, '1m:7d'), (38, '1m'), (39, '1m=')
) AS s (place, setting)
CROSS JOIN LATERAL pg_temp.refusal(s.setting) AS r
ORDER BY s.place;
SHOW cryptoanalytics.retention;

-- The prefix is reserved: a misspelt setting is refused.
SET cryptoanalytics.retentoin = '1m=7d';
RESET cryptoanalytics.retention;

-- A value set before the library was loaded is checked at loading: a warning, and an error when the value is needed.
\c -
SET cryptoanalytics.retention = '1m=soon';
SELECT retention_period('1m');
\c -
SET cryptoanalytics.retention = '1m=3d';
SELECT retention_period('1m');
