-- The memory of each aggregate: of one group with many rows, of many groups without a limit, and of a great many groups
-- within work_mem. docs/design/memory.md says how much is allowed.
--
-- Run with -v rows=10000000 -v groups=1000000.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;

-- The session's memory contexts while a query runs, without caches of the catalog; the query's filter calls this in each
-- of its passes. A temporary table would add its buffers.
CREATE UNLOGGED TABLE noted (total bigint, used bigint);
CREATE FUNCTION pg_temp.note() RETURNS boolean
    LANGUAGE sql VOLATILE
BEGIN ATOMIC
    INSERT INTO noted
    SELECT sum(c.total_bytes), sum(c.used_bytes)
    FROM pg_backend_memory_contexts AS c
    WHERE 'CacheMemoryContext' NOT IN (c.name, coalesce(c.parent, ''));
    SELECT true;
END;

-- How much the contexts grow while this many rows in this many groups are aggregated.
CREATE FUNCTION pg_temp.growth(call text, nrows bigint, ngroups bigint, work_mem text, OUT total bigint, OUT used bigint)
    LANGUAGE plpgsql
    SET enable_sort = off
AS $$
BEGIN
    PERFORM set_config('work_mem', work_mem, true);
    TRUNCATE noted;
    EXECUTE format(
        'SELECT count(*) FROM (
             SELECT %1$s FILTER (WHERE i %% %2$s <> 1 OR pg_temp.note())
             FROM (SELECT generate_series(1, %3$s) AS i) AS s %4$s OFFSET 0) AS result',
        call, greatest(nrows / 100, 2), nrows, CASE WHEN ngroups > 1 THEN format('GROUP BY i %% %s', ngroups) END);
    SELECT max(n.total) - min(n.total), max(n.used) - min(n.used) INTO total, used FROM noted AS n;
END $$;

-- An argument of an aggregate, as an expression of i: decimals like those of markets.
CREATE TEMP TABLE argument (name text, type text, expression text, PRIMARY KEY (name, type));
INSERT INTO argument
SELECT n, t, format('round(%s, 4)::%s', e, t)
FROM (VALUES ('price', '100 + i % 97 / 8.0'), ('x', '100 + i % 97 / 8.0'), ('open', '100 + i % 97 / 8.0'),
             ('high', '113 + i % 89 / 8.0'), ('low', '99 - i % 83 / 8.0'), ('close', '100 + i % 97 / 8.0'),
             ('volume', 'i % 1000 / 4.0'), ('actual', '100 + i % 97 / 8.0'), ('predicted', '100 + i % 79 / 8.0'),
             ('reference', '100 + i % 61 / 8.0'), ('naive_error', '2.0'), ('outcome', 'i % 2 / 1.0'),
             ('probability', 'i % 1025 / 1024.0'), ('return', '(i % 199 - 90) / 4096.0'),
             ('benchmark', '(i % 197 - 90) / 4096.0'), ('cutoff', '0.05'), ('periods_per_year', '365.0'), ('k', '2.0')) AS v (n, e),
     unnest('{numeric,double precision}'::text[]) AS t;
INSERT INTO argument VALUES
    ('ts', 'timestamp with time zone', 'timestamptz ''2026-01-01'' + i * interval ''1 second'''),
    ('sequence', 'bigint', 'i'), ('outcome', 'boolean', 'i % 2 = 0'), ('convention', 'text', '''pandas'''),
    ('n', 'integer', '20'), ('fast', 'integer', '12'), ('slow', 'integer', '26'), ('signal', 'integer', '9'),
    ('k', 'integer', '14'), ('s', 'integer', '3'), ('d', 'integer', '3'),
    ('candle', 'candlestick', 'ROW(timestamptz ''2026-01-01'' + i * interval ''1 second'', 100, 101, 99, 100.5, 3, 100,
                                   1, timestamptz ''2026-01-01'' + i * interval ''1 second'')::candlestick'),
    ('spec', 'jsonb', 'jsonb ''{"RSI": 14}'''), ('state', 'bytea', 'NULL::bytea'), ('id', 'bigint', 'i'),
    ('live', 'boolean', 'false'), ('means', 'double precision[]', '''{0,1}''::double precision[]'), ('sds', 'double precision[]', '''{1,2}''::double precision[]'),
    ('transition', 'double precision[]', '''{{0.9,0.1},{0.2,0.8}}''::double precision[]'),
    ('candle_time', 'timestamp with time zone', 'timestamptz ''2026-01-01'' + i * interval ''1 second''');

-- A call of every aggregate of the extension.
CREATE TEMP TABLE called AS
SELECT p.oid::regprocedure::text AS aggregate, p.proname AS name,
       format('%I(%s)', p.proname, string_agg(a.expression, ', ' ORDER BY n.place)) AS call,
       count(a.expression) = count(*) AS complete
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'cryptoanalytics'
JOIN pg_proc AS p ON p.oid = d.objid AND p.prokind = 'a',
     unnest(p.proargtypes::oid[], p.proargnames) WITH ORDINALITY AS n (type, name, place)
LEFT JOIN argument AS a ON a.name = n.name AND a.type = format_type(n.type, NULL)
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
GROUP BY p.oid, p.proname;

-- Bytes of a group's state with the arguments above, on a 64-bit machine. An allocation takes the next power of two and
-- a header of 16; docs/design/memory.md explains the numbers.
--   candlestick   120 bytes: 128 + 16
--   arrays        24 + 8 bytes a number: 18 and 25 of them 256 + 16, 7 128 + 16, 4 and 2 64 + 16
--   medae         24 bytes, and the room of 16 numbers: 32 + 16 + 128 + 16; the values at risk 32 bytes
--   statistics    32 bytes, and 520 for each sum: one sum 1024 + 16, two 2048 + 16, four 4096 + 16
--   hamilton_filter  2448 bytes: 4096 + 16
--   indicators    56 bytes, 64 + 16, and their kernels:
--   ema 64, atr 104, rsi 160, macd 200, adx 240, obv 560, vwap 1072, sma 544 + 16 n,
--   bollinger 1128 + 16 n, stochastic 1136 + 16 (s + d) + 80 k, drawdowns 80, choppiness 616 + 96 n
CREATE TEMP TABLE allowed (name text PRIMARY KEY, bytes integer);
INSERT INTO allowed VALUES
    ('candlestick_agg', 144), ('rollup', 144),
    ('mae', 272), ('mse', 272), ('rmse', 272), ('max_error', 272), ('mape', 272), ('smape', 272), ('wape', 272),
    ('r2', 272), ('mase', 80), ('directional_accuracy', 80), ('brier_score', 272), ('log_loss', 272), ('ece', 272),
    ('sharpe_ratio', 144), ('medae', 192), ('value_at_risk', 192), ('conditional_value_at_risk', 192),
    ('parkinson_volatility', 1040), ('garman_klass_volatility', 1040), ('downside_risk', 1040), ('amihud_illiquidity', 1040),
    ('realized_volatility', 2064), ('sortino_ratio', 2064), ('beta', 4112), ('hamilton_filter', 4112),
    ('drawdown', 80 + 144), ('max_drawdown', 80 + 144), ('ulcer_index', 80 + 144), ('choppiness', 80 + 4112),
    ('ema', 80 + 80), ('atr', 80 + 144), ('rsi', 80 + 272), ('macd', 80 + 272), ('adx', 80 + 272),
    ('obv', 80 + 1040), ('vwap', 80 + 2064), ('sma', 80 + 1040), ('bollinger', 80 + 2064), ('stochastic', 80 + 4112),
    -- a spec of 64 requests, and two array builders, which begin with room for 64 elements
    ('ca_indicators', 32768);

SELECT plan((SELECT 1 + 3 * count(*)::integer FROM called));
SELECT is((SELECT string_agg(c.aggregate, ', ') FROM called AS c LEFT JOIN allowed USING (name)
           WHERE NOT c.complete OR allowed.bytes IS NULL),
          NULL, 'every aggregate can be called here and has a bound');

-- medae and the values at risk keep 8 bytes per row, in an array that doubles.
SELECT cmp_ok((pg_temp.growth(c.call, :rows, 1, '4MB')).total, '<=',
              65536 + CASE WHEN c.name IN ('medae', 'value_at_risk', 'conditional_value_at_risk') THEN 24 * :rows::bigint ELSE allowed.bytes END,
              'of one group, ' || c.aggregate || ' takes what a state may take')
FROM called AS c JOIN allowed USING (name) ORDER BY c.aggregate;

-- What groups take beyond those of count(*).
SELECT cmp_ok(((pg_temp.growth(c.call, 100000, 10000, '2GB')).used - base.bytes) / 10000, '<=', allowed.bytes::bigint,
              'of many groups, ' || c.aggregate || ' takes what a state may take for each')
FROM (SELECT (pg_temp.growth('count(*)', 100000, 10000, '2GB')).used AS bytes OFFSET 0) AS base,
     called AS c JOIN allowed USING (name) ORDER BY c.aggregate;

-- Twice work_mem, by hash_mem_multiplier, and once more for what goes to files.
SELECT cmp_ok((pg_temp.growth(c.call, :rows, :groups, '16MB')).total, '<=', 3 * 16777216::bigint,
              'of a great many groups, ' || c.aggregate || ' takes three times work_mem at most')
FROM called AS c ORDER BY c.aggregate;

SELECT * FROM finish();
ROLLBACK;
