-- Error metrics agree with plain formulas, and do not depend on order, grouping and parallel workers.
BEGIN;
SELECT plan(60);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

-- Every number is a multiple of a power of two, so numeric and double precision hold the same value, and a formula in
-- numeric is exact.
CREATE TABLE pair (
    i bigint, half integer, reference numeric, actual numeric, predicted numeric, hit boolean,
    probability numeric, gain numeric
) PARTITION BY LIST (half);
CREATE TABLE pair_0 PARTITION OF pair FOR VALUES IN (0);
CREATE TABLE pair_1 PARTITION OF pair FOR VALUES IN (1);
CREATE TABLE pair_empty PARTITION OF pair FOR VALUES IN (2);
INSERT INTO pair
SELECT i, i % 2,
       (60000 + i * 7919 % 10007) / 64.0,
       (60000 + i * 6101 % 10009) / 64.0 * CASE WHEN i % 11 = 0 THEN -1 ELSE 1 END,
       (60000 + i * 6101 % 10009 + i * 104729 % 2003 - 1001) / 64.0,
       i * 31 % 7 < 3,
       i * 611 % 1025 / 1024.0,
       (i * 389 % 1999 - 990) / 65536.0
FROM generate_series(1, 5000) AS i;
ANALYZE pair;

CREATE FUNCTION pg_temp.near(got double precision, want double precision) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN abs(got - want) <= 3e-16 * abs(want);

-- True if the query, kept in a table as below, aggregates in parts.
CREATE FUNCTION pg_temp.in_parts(query text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    line text;
    found_it boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN CREATE TABLE result AS ' || query LOOP
        found_it := found_it OR line LIKE '%Partial Aggregate%';
    END LOOP;
    RETURN found_it;
END $$;

--
-- catalog
--
SELECT unnest(ARRAY[
    is(count(*)::integer, 8, 'eight metrics of (actual, predicted) need no list of the errors'),
    is(count(DISTINCT (a.aggtransfn, a.aggtranstype, a.agginitval))::integer, 1,
       'they bear one state, which a query computes once')
])
FROM pg_aggregate AS a WHERE a.aggtransfn = 'ca_error_accum'::regproc;
SELECT unnest(ARRAY[
    is(count(*)::integer, 6, 'three metrics of a probability take two types of outcome'),
    is(count(DISTINCT (a.aggtransfn, a.aggtranstype, a.agginitval))::integer, 2,
       'they bear one state for each type')
])
FROM pg_aggregate AS a WHERE a.aggcombinefn = 'ca_probability_combine'::regproc;
CREATE VIEW pg_temp.metric AS
SELECT p.proname, p.proparallel, a.aggcombinefn, a.aggtranstype
FROM pg_aggregate AS a JOIN pg_proc AS p ON p.oid = a.aggfnoid
WHERE p.pronamespace = 'cryptoanalytics'::regnamespace
AND p.proname IN ('mae', 'mse', 'rmse', 'medae', 'max_error', 'mape', 'smape', 'wape', 'r2', 'mase',
                  'directional_accuracy', 'brier_score', 'log_loss', 'ece', 'sharpe_ratio');
SELECT is(count(DISTINCT proname)::integer, 15, 'every metric can run in parallel')
FROM pg_temp.metric WHERE proparallel = 's' AND aggcombinefn <> 0;
SELECT results_eq($$ SELECT proname FROM pg_temp.metric WHERE aggtranstype = 'internal'::regtype $$,
                  ARRAY['medae'::name], 'only medae has a state that cannot be stored');

--
-- agreement with plain formulas in numeric; the columns are numeric too
--
SELECT unnest(ARRAY[
    ok(pg_temp.near(mae(actual, predicted), avg(abs(predicted - actual))),
       'mae is the mean of |e|'),
    ok(pg_temp.near(mse(actual, predicted), avg((predicted - actual) ^ 2)),
       'mse is the mean of e squared'),
    ok(pg_temp.near(rmse(actual, predicted), sqrt(avg((predicted - actual) ^ 2))),
       'rmse is the root of mse'),
    ok(max_error(actual, predicted) = max(abs(predicted - actual)), 'max_error is the largest |e|'),
    ok(pg_temp.near(mape(actual, predicted), avg(abs(predicted - actual)::numeric(60, 30) / abs(actual))),
       'mape is the mean of |e| over |actual|'),
    ok(pg_temp.near(smape(actual, predicted),
                    2 * avg(abs(predicted - actual)::numeric(60, 30) / (abs(actual) + abs(predicted)))),
       'smape is the mean of |e| over the mean magnitude'),
    ok(pg_temp.near(wape(actual, predicted), sum(abs(predicted - actual)) / sum(abs(actual))),
       'wape is sum over sum'),
    ok(pg_temp.near(r2(actual, predicted),
                    1 - sum((predicted - actual) ^ 2)::numeric(60, 30) / (var_pop(actual) * count(*))),
       'r2 is 1 minus residual over total'),
    ok(medae(actual, predicted) = percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(predicted - actual)),
       'medae is the median of |e|'),
    ok(pg_temp.near(mase(actual, predicted, 12.5), avg(abs(predicted - actual)) / 12.5),
       'mase is mae over the naive error'),
    ok(pg_temp.near(directional_accuracy(reference, actual, predicted),
                    avg((sign(actual - reference) = sign(predicted - reference))::integer)),
       'directional_accuracy is the share of equal signs'),
    ok(pg_temp.near(brier_score(hit, probability), avg((hit::integer - probability) ^ 2)),
       'brier_score is the mean of the squared miss'),
    ok(pg_temp.near(log_loss(hit, probability),
                    avg(-ln(greatest(CASE WHEN hit THEN probability ELSE 1 - probability END, 1e-15)
                            ::numeric(60, 30)))),
       'log_loss is the mean of -ln of the clipped probability'),
    ok(pg_temp.near(sharpe_ratio(gain, 252), avg(gain) / stddev_samp(gain) * sqrt(252::numeric(60, 30))),
       'sharpe_ratio is mean over deviation, annualised')
])
FROM pair;
SELECT ok(pg_temp.near((SELECT ece(hit, probability) FROM pair),
                       (SELECT sum(n * abs(accuracy - confidence)) / sum(n)
                        FROM (SELECT count(*) AS n, avg(hit::integer) AS accuracy, avg(probability) AS confidence
                              FROM pair GROUP BY least(floor(probability * 10), 9)) AS bin)),
          'ece is the weighted gap between accuracy and confidence over ten bins');
SELECT is_empty($$
    SELECT i % 17 FROM pair GROUP BY 1
    HAVING medae(actual, predicted) <> percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(predicted - actual))
    OR NOT pg_temp.near(mae(actual, predicted), avg(abs(predicted - actual)))
$$, 'groups do not mix, whether odd or even in size');
SELECT ok(brier_score(hit, probability) = brier_score(hit::integer, probability)
          AND log_loss(hit, probability) = log_loss(hit::integer, probability)
          AND ece(hit, probability) = ece(hit::integer, probability),
          'a boolean outcome counts as 0 or 1') FROM pair;
SELECT ok(sharpe_ratio(gain) = sharpe_ratio(gain, 365), 'there are 365 periods unless told otherwise') FROM pair;
SELECT is(mae(1::integer, 3::integer), 2::float8, 'integers are taken');
SELECT is(mae(1::numeric, 3.5::numeric), 2.5::float8, 'numerics are taken');
SELECT ok(r2(actual, predicted) = r2(actual + 1e9, predicted + 1e9),
          'r2 is the same to the bit at a level of 1e9') FROM pair;

--
-- order and grouping
--
SELECT unnest(ARRAY[
    ok(mae(actual, predicted ORDER BY i) = mae(actual, predicted ORDER BY i DESC), 'mae ignores the order'),
    ok(mape(actual, predicted ORDER BY i) = mape(actual, predicted ORDER BY i DESC), 'mape ignores the order'),
    ok(r2(actual, predicted ORDER BY i) = r2(actual, predicted ORDER BY i DESC), 'r2 ignores the order'),
    ok(medae(actual, predicted ORDER BY i) = medae(actual, predicted ORDER BY actual), 'medae ignores the order'),
    ok(log_loss(hit, probability ORDER BY i) = log_loss(hit, probability ORDER BY i DESC),
       'log_loss ignores the order'),
    ok(sharpe_ratio(gain ORDER BY i) = sharpe_ratio(gain ORDER BY i DESC), 'sharpe_ratio ignores the order')
])
FROM pair;

-- A running aggregate calls the final function of its state again and again.
SELECT is_empty($$
    SELECT i, medae(actual, predicted) OVER w FROM pair WHERE i <= 300 WINDOW w AS (ORDER BY i)
    EXCEPT
    SELECT i, (SELECT medae(p.actual, p.predicted) FROM pair AS p WHERE p.i <= pair.i) FROM pair WHERE i <= 300
$$, 'a running medae equals that of the rows so far');
SELECT is_empty($$
    SELECT i, r2(actual, predicted) OVER w, ece(hit, probability) OVER w, sharpe_ratio(gain) OVER w
    FROM pair WHERE i <= 300 WINDOW w AS (ORDER BY i)
    EXCEPT
    SELECT i, r, e, s FROM pair CROSS JOIN LATERAL (
        SELECT r2(p.actual, p.predicted), ece(p.hit, p.probability), sharpe_ratio(p.gain)
        FROM pair AS p WHERE p.i <= pair.i) AS t (r, e, s) WHERE i <= 300
$$, 'running metrics equal those of the rows so far');

--
-- states in parts: by partition, one of which is empty, and by worker
--
CREATE FUNCTION pg_temp.metrics(source text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN 'SELECT mae(actual, predicted), mse(actual, predicted), rmse(actual, predicted),
        medae(actual, predicted), max_error(actual, predicted), mape(actual, predicted),
        smape(actual, predicted), wape(actual, predicted), r2(actual, predicted),
        mase(actual, predicted, 12.5), directional_accuracy(reference, actual, predicted),
        brier_score(hit, probability), log_loss(hit::integer, probability), ece(hit, probability),
        sharpe_ratio(gain, 252), sharpe_ratio(gain) AS daily FROM ' || source;

-- CREATE TABLE AS may use workers; a cursor, which results_eq() opens, may not.
CREATE FUNCTION pg_temp.keep(name text, query text) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TEMPORARY TABLE %I AS %s', name, query);
    RETURN true;
END $$;

SET LOCAL max_parallel_workers_per_gather = 0;
SELECT ok(NOT pg_temp.in_parts(pg_temp.metrics('pair')), 'without workers there is one state');
SELECT pg_temp.keep('serial', pg_temp.metrics('pair')) \g /dev/null
SELECT pg_temp.keep('serial_one', pg_temp.metrics('pair WHERE i = 1')) \g /dev/null
SELECT pg_temp.keep('serial_none', pg_temp.metrics('pair WHERE i + 0 = 0')) \g /dev/null

SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.in_parts(pg_temp.metrics('pair')), 'partitions can be aggregated one by one');
SELECT results_eq(pg_temp.metrics('pair'), 'TABLE serial', 'combining partitions changes no bit');
SELECT results_eq(pg_temp.metrics('pair WHERE i + 0 = 1'), 'TABLE serial_one',
                  'an empty part before or after a part of one row changes nothing');
SELECT results_eq(pg_temp.metrics('pair WHERE i + 0 = 0'), 'TABLE serial_none', 'empty parts make an empty whole');
SELECT is(mape(actual * half, predicted), NULL, 'zeros in one partition leave the whole without mape') FROM pair;
SELECT throws_ok('SELECT mase(actual, predicted, half + 1) FROM pair', '22023',
                 'naive_error must be the same in every row', 'a naive error may not differ between partitions');
SELECT throws_ok('SELECT sharpe_ratio(gain, half + 1) FROM pair', '22023',
                 'periods_per_year must be the same in every row', 'periods may not differ between partitions');

SET LOCAL enable_partitionwise_aggregate = off;
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT ok(pg_temp.in_parts(pg_temp.metrics('pair')), 'workers can share the rows');
SELECT pg_temp.keep('parallel', pg_temp.metrics('pair')) \g /dev/null
SELECT results_eq('TABLE parallel', 'TABLE serial', 'combining the states of workers changes no bit');
SELECT pg_temp.keep('parallel_one', pg_temp.metrics('pair WHERE i + 0 = 1')) \g /dev/null
SELECT results_eq('TABLE parallel_one', 'TABLE serial_one', 'idle workers change nothing');
SELECT pg_temp.keep('parallel_none', pg_temp.metrics('pair WHERE i + 0 = 0')) \g /dev/null
SELECT results_eq('TABLE parallel_none', 'TABLE serial_none', 'idle workers alone make an empty whole');
SET LOCAL max_parallel_workers_per_gather = 0;

--
-- errors
--
SELECT throws_ok('SELECT mae(''NaN'', 1)', '22003', 'actual value must be finite', 'mae refuses NaN');
SELECT throws_ok('SELECT mae(1, ''-Infinity'')', '22003',
                 'predicted value must be finite', 'mae refuses infinity');
SELECT throws_ok('SELECT medae(1, ''NaN'')', '22003',
                 'predicted value must be finite', 'medae refuses NaN');
SELECT throws_ok('SELECT rmse(0, 1e200)', '22003',
                 'value out of range: overflow', 'an overflow is reported');
SELECT throws_ok('SELECT ece(true, 1.1)', '22003', 'probability must be between 0 and 1',
                 'a probability above 1 is refused');
SELECT throws_ok('SELECT log_loss(1, ''NaN'')', '22003', 'probability must be between 0 and 1',
                 'a probability of NaN is refused');
SELECT throws_ok('SELECT brier_score(2, 0.5)', '22003',
                 'outcome must be 0 or 1', 'an outcome of 2 is refused');
SELECT throws_ok('SELECT mase(1, 2, -1)', '22003', 'naive_error must be finite and not negative',
                 'a negative naive error is refused');
SELECT throws_ok('SELECT mase(1, 2, NULL)', '22023', 'naive_error must not be NULL',
                 'an unknown naive error is refused');
SELECT throws_ok('SELECT sharpe_ratio(1, -1)', '22023', 'periods_per_year must be finite and positive',
                 'negative periods are refused');
SELECT throws_ok('SELECT sharpe_ratio(1, NULL)', '22023', 'periods_per_year must not be NULL',
                 'unknown periods are refused');
SELECT throws_ok('SELECT ca_mase_combine(''{0,0,0,0}'', ''{0,0,0,0}'')', '0A000',
                 'ca_mase_combine called in non-aggregate context', 'a support function serves aggregates only');
SELECT throws_ok('SELECT ca_r2_final(''{}'')', '22023',
                 'aggregate state must be a double precision array of 18 elements',
                 'a state of another shape is refused');

SELECT * FROM finish();
ROLLBACK;
