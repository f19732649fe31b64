-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/upgrade/0.2.0--0.3.0.sql

-- What 0.2.0 had and 0.3.0 has not.

DROP FUNCTION ca_write_indicators(bigint[], jsonb[]);
DROP FUNCTION ca_import_element(bigint, jsonb, integer, text, text, text);
DROP FUNCTION ca_import_number(bigint, jsonb, integer, text, numeric, boolean);
DROP FUNCTION ca_import_error(bigint, text, jsonb, text);

-- sql/functions/decimals.sql

-- Decimals.

CREATE FUNCTION numeric_to_double(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_numeric_to_double';
COMMENT ON FUNCTION numeric_to_double(numeric) IS
    'the double precision number nearest to x: what x::double precision gives, straight from the digits instead of through text';

-- sql/functions/errors_numeric.sql

-- Error metrics of predictions for numeric columns, which need not be cast a row.
--
-- The values count as the doubles that they would be cast to, so the results are those of the
-- aggregates in errors.sql, whose final and combine functions these share.

CREATE FUNCTION ca_error_accum_numeric(state double precision[], actual numeric, predicted numeric)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum_numeric'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum_numeric(double precision[], numeric, numeric) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2 for numeric';

CREATE AGGREGATE mae(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(numeric, numeric) IS
    'mean absolute error; NULL without pairs';

CREATE AGGREGATE mse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(numeric, numeric) IS
    'mean squared error; NULL without pairs';

CREATE AGGREGATE rmse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(numeric, numeric) IS
    'root of the mean squared error; NULL without pairs';

CREATE AGGREGATE max_error(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(numeric, numeric) IS
    'greatest absolute error; NULL without pairs';

CREATE AGGREGATE mape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(numeric, numeric) IS
    'mean absolute error relative to the actual value, as a fraction; NULL if any actual value '
    'is 0';

CREATE AGGREGATE smape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(numeric, numeric) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE AGGREGATE wape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(numeric, numeric) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE AGGREGATE r2(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_r2_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2(numeric, numeric) IS
    'coefficient of determination; NULL for a single pair; constant actual values give 1 if all '
    'predictions are exact, else 0';

-- sql/functions/candlestick_agg.sql

-- Candlesticks: the aggregates.
--
-- A row costs about as much as ten simple operators, a state takes a chunk of 144 bytes: with
-- these figures the planner sees what workers and a hash table are worth.

CREATE OR REPLACE FUNCTION ca_candlestick_final(candlestick_state) RETURNS candlestick
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_final';
COMMENT ON FUNCTION ca_candlestick_final(candlestick_state) IS 'final function of the candlestick aggregates';

CREATE OR REPLACE FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_combine';
COMMENT ON FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) IS
    'combine function of the candlestick aggregates';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_rollup_accum';
COMMENT ON FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) IS
    'transition function of rollup';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, price numeric, volume numeric) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric) IS
    'candlestick of trades, in any order; among trades of one time the lower price counts as earlier';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, price numeric, volume numeric, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades of one time';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, price double precision, volume double precision) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision) IS
    'candlestick of trades, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, price double precision, volume double precision, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades of one time';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'candlestick of ready candles, in any order';

CREATE OR REPLACE AGGREGATE candlestick_agg(ts timestamptz, open double precision, high double precision, low double precision, close double precision, volume double precision) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'candlestick of ready candles, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE OR REPLACE AGGREGATE rollup(candle candlestick) (
    SFUNC = ca_candlestick_rollup_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(candlestick) IS
    'one candlestick of many, in any order: minutes to hours, hours to days, equal to going there directly';

-- sql/functions/candles.sql

-- Reading candles: stored ones, and higher ones built from them.

CREATE OR REPLACE FUNCTION ca_build_candles(
    asset integer, timeframe text, source text, since timestamptz, until timestamptz)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_build_candles';
COMMENT ON FUNCTION ca_build_candles(integer, text, text, timestamptz, timestamptz) IS
    'candles built from stored finer ones, whole buckets only: all that overlap [since, until); of several sources each bucket takes the finest that covers it, unless one is named';

CREATE OR REPLACE FUNCTION candles(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    sources text[] := ARRAY(SELECT t FROM timeframes() AS t
                            WHERE timeframe_divides(t, candles.timeframe));
    first timestamptz;
    stop timestamptz;
BEGIN
    PERFORM ca_check_series(candles.asset, candles.timeframe, candles.since, candles.until);

    -- the buckets that finer candles reach
    SELECT timeframe_bucket(candles.timeframe, min(e.first)),
           timeframe_end(candles.timeframe, max(e.last))
    INTO first, stop
    FROM unnest(sources) AS s (source)
    CROSS JOIN LATERAL (
        SELECT min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles.asset
          AND h.timeframe = s.source
          AND h.candle_time >= coalesce(candles.since, '-infinity')
          AND h.candle_time < timeframe_end(candles.timeframe,
                                            coalesce(candles.until, 'infinity')
                                            - interval '1 microsecond')) AS e;

    RETURN QUERY
        WITH stored AS MATERIALIZED (
            SELECT h.candle_time, h.open_price, h.high_price, h.low_price, h.close_price,
                   h.volume, h.market_cap
            FROM price_history AS h
            WHERE h.asset_id = candles.asset
              AND h.timeframe = candles.timeframe
              AND h.candle_time >= coalesce(candles.since, '-infinity')
              AND h.candle_time < coalesce(candles.until, 'infinity')
        ), hole AS (
            SELECT *
            FROM (
                SELECT coalesce(lag(timeframe_end(candles.timeframe, b.boundary))
                                OVER (ORDER BY b.boundary), first) AS hole_start,
                       b.boundary AS hole_end
                FROM (SELECT candle_time FROM stored UNION ALL SELECT stop) AS b (boundary)
                WHERE stop IS NOT NULL) AS h
            WHERE hole_start < hole_end
        )
        SELECT * FROM stored
        UNION ALL
        SELECT b.*
        FROM hole AS o
        CROSS JOIN LATERAL ca_build_candles(candles.asset, candles.timeframe, NULL,
                                            o.hole_start, o.hole_end) AS b
        WHERE b.time >= coalesce(candles.since, '-infinity')
          AND b.time < coalesce(candles.until, 'infinity')
        ORDER BY 1;
END;
$$;
COMMENT ON FUNCTION candles(integer, text, timestamptz, timestamptz) IS
    'candles that start in [since, until), live and archived, ascending; where none is stored it is built from the finest stored timeframe that divides it; the newest may still be open';

CREATE OR REPLACE FUNCTION candle_gaps(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    -- a bound that is given counts as the end of a candle before, or the start of one after
    WITH boundary AS (
        SELECT timeframe_end(candle_gaps.timeframe, c.time) AS candle_end, c.time
        FROM candles(candle_gaps.asset, candle_gaps.timeframe, candle_gaps.since, candle_gaps.until) AS c
        UNION ALL
        SELECT timeframe_end(candle_gaps.timeframe, candle_gaps.since - interval '1 microsecond'), NULL
        WHERE isfinite(candle_gaps.since)
        UNION ALL
        SELECT NULL, least(timeframe_end(candle_gaps.timeframe, candle_gaps.until - interval '1 microsecond'),
                           timeframe_bucket(candle_gaps.timeframe, now()))
        WHERE isfinite(candle_gaps.until)
    ), gap AS (
        SELECT lag(b.candle_end) OVER (ORDER BY coalesce(b.time, b.candle_end), b.time NULLS FIRST) AS gap_start,
               b.time AS gap_end
        FROM boundary AS b
    )
    SELECT g.gap_start, g.gap_end,
           timeframe_count(candle_gaps.timeframe, g.gap_start, g.gap_end)
    FROM gap AS g
    WHERE g.gap_start < g.gap_end
    ORDER BY g.gap_start;
END;
COMMENT ON FUNCTION candle_gaps(integer, text, timestamptz, timestamptz) IS
    'spans in which candles are missing: [gap_start, gap_end) and how many; without since or until only between the first and the last candle; candles not yet closed are not missing';

CREATE OR REPLACE FUNCTION candles_filled(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    before timestamptz;
    stop timestamptz;
BEGIN
    PERFORM ca_check_series(candles_filled.asset, candles_filled.timeframe, candles_filled.since, candles_filled.until);

    -- the candle before the range carries its close into it
    SELECT timeframe_bucket(candles_filled.timeframe, max(e.last))
    INTO before
    FROM timeframes() AS t
    CROSS JOIN LATERAL (
        SELECT max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles_filled.asset
          AND h.timeframe = t
          AND h.candle_time < timeframe_end(candles_filled.timeframe,
                                            candles_filled.since - interval '1 microsecond')) AS e
    WHERE t = candles_filled.timeframe OR timeframe_divides(t, candles_filled.timeframe);

    stop := least(timeframe_end(candles_filled.timeframe, candles_filled.until - interval '1 microsecond'),
                  timeframe_bucket(candles_filled.timeframe, now()));

    RETURN QUERY
        WITH candle AS (
            SELECT c.*, lead(c.time) OVER (ORDER BY c.time) AS next
            FROM candles(candles_filled.asset, candles_filled.timeframe,
                         coalesce(before, candles_filled.since), candles_filled.until) AS c
        )
        SELECT c.time, c.open, c.high, c.low, c.close, c.volume, c.market_cap, false
        FROM candle AS c
        WHERE c.time >= coalesce(candles_filled.since, '-infinity')
        UNION ALL
        SELECT m, c.close, c.close, c.close, c.close, 0, NULL, true
        FROM candle AS c
        CROSS JOIN LATERAL timeframe_series(
            candles_filled.timeframe,
            greatest(timeframe_end(candles_filled.timeframe, c.time), candles_filled.since),
            coalesce(c.next, CASE WHEN candles_filled.until IS NOT NULL THEN stop END)) AS m
        ORDER BY 1;
END;
$$;
COMMENT ON FUNCTION candles_filled(integer, text, timestamptz, timestamptz) IS
    'as candles(), with each missing candle flat at the previous close, volume 0 and filled = true; begins with the first candle known, and without until ends with the last; nothing is filled in that has not closed';

-- sql/functions/technical_indicators.sql

-- All indicators of a series at once.

CREATE OR REPLACE FUNCTION technical_indicators(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_open boolean DEFAULT false, convention text DEFAULT 'talib', gaps text DEFAULT 'ignore')
    RETURNS TABLE (
        candle_time timestamptz, close_price numeric,
        rsi_7 double precision, rsi_14 double precision,
        sma_20 double precision, sma_50 double precision, sma_100 double precision, sma_200 double precision,
        ema_20 double precision, ema_50 double precision, ema_100 double precision, ema_200 double precision,
        macd_value double precision, macd_signal double precision, macd_histogram double precision,
        bollinger_upper double precision, bollinger_lower double precision, bollinger_bandwidth double precision,
        atr_14 double precision, adx double precision, di_plus double precision, di_minus double precision,
        stochastic_k double precision, stochastic_d double precision)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_technical_indicators';
COMMENT ON FUNCTION technical_indicators(integer, text, timestamptz, timestamptz, boolean, text, text) IS
    'the indicators of each candle that starts in [since, until), in one pass over the series from its first candle, live and archived, so a value never depends on since; closed candles only unless include_open; conventions talib, tradingview, pandas; gaps: ignore, fill (flat candles in between) or break (begin anew)';

-- sql/functions/rollup.sql

-- Writing candles: one writer for all, roll-ups and imports.

-- Who writes candles of a series holds an advisory lock on it until the end of the transaction.
-- What is read after taking the lock is what the last writer committed, so the later of two
-- writers never puts back what the earlier had before it.
CREATE OR REPLACE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN ca_lock_series.asset IS NULL
                THEN pg_advisory_xact_lock(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
                ELSE pg_advisory_xact_lock_shared(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
           END;
    SELECT pg_advisory_xact_lock(hashtextextended(
               'cryptoanalytics series ' || ca_lock_series.timeframe || ' ' || ca_lock_series.asset, 0))
    WHERE ca_lock_series.asset IS NOT NULL;
END;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of a timeframe''s all series when asset is NULL, to the end of the transaction';

CREATE OR REPLACE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.* FROM unnest(ca_store_candles.candles) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = NULL
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
    ), in_live AS (
        INSERT INTO price_data AS p
            (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
        SELECT c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
               c.volume, c.market_cap, c.candle_time
        FROM candle AS c
        WHERE NOT EXISTS (
            SELECT
            FROM price_data_archive AS a
            WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = NULL
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive) + (SELECT count(*) FROM in_live);
END;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects those stored, live or archived, and returns how many changed; a changed candle loses its technical_indicators, an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and sends each candle once';

CREATE OR REPLACE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_series';
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up, or those of all assets when asset is NULL, in one pass over the stored candles; the caller has checked the arguments and holds the lock of what is written';

CREATE OR REPLACE FUNCTION rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(rollup_candles.timeframe);
    PERFORM ca_check_range(rollup_candles.since, rollup_candles.until);
    IF rollup_candles.asset IS NOT NULL THEN
        PERFORM ca_check_asset(rollup_candles.asset);
    END IF;
    PERFORM FROM timeframes() AS t
    WHERE timeframe_divides(coalesce(rollup_candles.source, t), rollup_candles.timeframe);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cannot roll % up to %', coalesce(rollup_candles.source, 'candles'), rollup_candles.timeframe
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A %s candle is not made of whole %s candles.',
                                  rollup_candles.timeframe, coalesce(rollup_candles.source, 'shorter')),
                  HINT = format('Timeframes that divide %s: %s.', rollup_candles.timeframe,
                                coalesce((SELECT string_agg(t, ' ') FROM timeframes() AS t
                                          WHERE timeframe_divides(t, rollup_candles.timeframe)), 'none'));
    END IF;

    PERFORM ca_lock_series(rollup_candles.timeframe, rollup_candles.asset);
    -- its snapshot is taken after the lock
    RETURN ca_rollup_series(
        rollup_candles.timeframe, rollup_candles.asset, rollup_candles.since, rollup_candles.until,
        rollup_candles.source, coalesce(rollup_candles.include_open, false));
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them and returns how many were inserted or changed; closed candles only, unless include_open';

-- sql/functions/import.sql

-- Importing candles from the JSON that exchanges and data providers send.

CREATE OR REPLACE FUNCTION ca_import_candles(
    data jsonb, asset integer, timeframe text, format text, volume_unit text)
    RETURNS price_data[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_import_candles';
COMMENT ON FUNCTION ca_import_candles(jsonb, integer, text, text, text) IS
    'the candles that the elements of an import stand for, by time; an element that is wrong is refused, and of a candle that comes twice the last one counts';

CREATE OR REPLACE FUNCTION import_ohlcv(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    candles price_data[];
BEGIN
    PERFORM ca_check_series(import_ohlcv.asset, import_ohlcv.timeframe, NULL, NULL);
    IF import_ohlcv.format IS NULL OR import_ohlcv.format NOT IN ('ccxt', 'binance', 'coingecko') THEN
        RAISE EXCEPTION 'unknown format'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv.format)),
                  HINT = 'Formats are ccxt, binance and coingecko.';
    END IF;
    IF import_ohlcv.volume_unit IS NULL OR import_ohlcv.volume_unit NOT IN ('base', 'quote') THEN
        RAISE EXCEPTION 'unknown volume_unit'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv.volume_unit)),
                  HINT = 'Units are base and quote.';
    END IF;
    IF jsonb_typeof(import_ohlcv.data) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'data must be a JSON array of candles'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('It is a JSON ' || jsonb_typeof(import_ohlcv.data) || '.', 'It is NULL.'),
                  HINT = 'Pass the array itself, not the object that the provider wraps it in.';
    END IF;

    candles := ca_import_candles(import_ohlcv.data, import_ohlcv.asset, import_ohlcv.timeframe,
                                 import_ohlcv.format, import_ohlcv.volume_unit);
    PERFORM ca_lock_series(import_ohlcv.timeframe, import_ohlcv.asset);
    RETURN ca_store_candles(candles);
END;
$$;
COMMENT ON FUNCTION import_ohlcv(integer, text, jsonb, text, text) IS
    'writes candles from JSON and returns how many were inserted or changed; formats: ccxt [ms, open, high, low, close, volume], binance (12 fields, the quote volume is taken), coingecko [ms at close, open, high, low, close]; a base volume is multiplied by the typical price; an element that is wrong is named and nothing is kept';

-- sql/functions/score_predictions.sql

-- Scoring predictions.

CREATE OR REPLACE FUNCTION ca_closes_at(asset integer, moment timestamptz, staleness interval) RETURNS numeric
    LANGUAGE c STABLE PARALLEL RESTRICTED WINDOW
    AS 'MODULE_PATHNAME', 'ca_closes_at';
COMMENT ON FUNCTION ca_closes_at(integer, timestamptz, interval) IS
    'the close that ca_price_at() finds, for many rows at once from one pass over the candles; NULL where there is none, or one older than staleness, which is the same in every row';

CREATE OR REPLACE FUNCTION score_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    scored bigint;
BEGIN
    PERFORM ca_check_scoring(score_predictions.as_of, score_predictions.staleness);
    IF score_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(score_predictions.model);
    END IF;

    -- what another session is scoring is left to it
    WITH due AS MATERIALIZED (
        SELECT p.id, p.asset_id, p.predicted_price, p.predicted_value ->> 'direction' AS direction, p.input_price,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target
        FROM predictions AS p
        WHERE NOT p.is_realized
          AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= score_predictions.as_of
          AND isfinite(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon))
          AND (score_predictions.model IS NULL OR p.ai_models_id = score_predictions.model)
          AND ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price) IS NULL
        FOR UPDATE SKIP LOCKED
    ), few AS MATERIALIZED (
        -- reading a block of candles costs about as much as looking one up
        SELECT count(*) <= greatest(1000, (pg_relation_size('price_data') + pg_relation_size('price_data_archive'))
                                          / current_setting('block_size')::bigint) AS few
        FROM due
    ), known AS (
        SELECT d.*, a.close AS actual
        FROM due AS d
        CROSS JOIN LATERAL ca_price_at(d.asset_id, d.target) AS a
        WHERE (SELECT f.few FROM few AS f)
          AND d.target - a.closed_at <= score_predictions.staleness
        UNION ALL
        SELECT d.*, ca_closes_at(d.asset_id, d.target, score_predictions.staleness) OVER ()
        FROM due AS d
        WHERE NOT (SELECT f.few FROM few AS f)
    ), priced AS MATERIALIZED (
        -- once, whatever the planner believes of a table whose statistics are old
        SELECT k.*, abs(k.predicted_price - k.actual) AS error
        FROM known AS k
        WHERE k.actual IS NOT NULL
    )
    UPDATE predictions AS p
    SET actual_price = r.actual,
        absolute_error = r.error,
        squared_error = r.error * r.error,
        accuracy_percentage = CASE WHEN r.error IS NOT NULL AND r.actual <> 0
                                   THEN greatest(0, 100 - 100 * r.error / abs(r.actual)) END,
        is_accurate = CASE
            WHEN r.predicted_price IS NULL THEN
                sign(r.actual - r.input_price) = CASE r.direction WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END
            WHEN r.actual <> 0 THEN
                100 * r.error <= p.accuracy_threshold * abs(r.actual)
        END,
        is_realized = true,
        evaluated_at = now()
    FROM priced AS r
    WHERE p.id = r.id;

    GET DIAGNOSTICS scored = ROW_COUNT;
    RETURN scored;
END;
$$;
COMMENT ON FUNCTION score_predictions(timestamptz, interval, integer) IS
    'scores the predictions that are due, each once, against the last close at or before its target, and returns how many; a close older than staleness at the target does not count';

-- sql/functions/update_technical_indicators.sql

-- Writing indicators beside the candles.

-- What a candle's JSON keeps beside the indicators is its owner's.  The range of time finds the
-- candles in the order in which they are, and a hash table their JSON; the planner, who does not
-- know how many there are, would look each of them up.
CREATE OR REPLACE FUNCTION ca_write_batch(
    asset integer, timeframe text, since timestamptz, until timestamptz, ids bigint[], "values" jsonb[])
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET enable_nestloop = off
BEGIN ATOMIC
    WITH written AS (
        UPDATE price_data AS p
        SET technical_indicators =
            CASE WHEN jsonb_typeof(p.technical_indicators) = 'object'
                 THEN (p.technical_indicators - '{RSI,MACD,SMA,EMA,BBANDS,ATR,ADX,STOCH}'::text[]) || c.value
                 ELSE c.value
            END
        FROM unnest(ca_write_batch.ids, ca_write_batch."values") AS c (id, value)
        WHERE p.asset_id = ca_write_batch.asset
          AND p.timeframe = ca_write_batch.timeframe
          AND p.candle_time > ca_write_batch.since
          AND p.candle_time <= ca_write_batch.until
          AND p.id = c.id
          AND (p.technical_indicators IS NULL
               OR p.technical_indicators IS DISTINCT FROM
                  CASE WHEN jsonb_typeof(p.technical_indicators) = 'object'
                       THEN (p.technical_indicators - '{RSI,MACD,SMA,EMA,BBANDS,ATR,ADX,STOCH}'::text[]) || c.value
                       ELSE c.value
                  END)
        RETURNING p.id
    )
    SELECT count(*) FROM written;
END;
COMMENT ON FUNCTION ca_write_batch(integer, text, timestamptz, timestamptz, bigint[], jsonb[]) IS
    'puts indicators into the live candles of a series that start in (since, until], beside other keys that they have, and returns how many changed';

CREATE OR REPLACE FUNCTION ca_update_series(
    asset integer, timeframe text, spec jsonb, convention text, OUT written bigint, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- candles between two states that stay, and most in memory at a time
    step CONSTANT integer := 10000;
    stop timestamptz := timeframe_bucket(timeframe, now());
    saved technical_indicator_states;
    batch ca_indicator_batch;
BEGIN
    written := 0;
    PERFORM ca_lock_series(timeframe, asset);
    PERFORM pg_advisory_xact_lock(ca_indicator_lock(asset, timeframe));

    -- states of another spec, and of candles that have changed since, hold no more
    WITH noted AS (
        DELETE FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
        RETURNING n.since
    )
    DELETE FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
      AND ((s.spec, s.convention) IS DISTINCT FROM (ca_update_series.spec, ca_update_series.convention::varchar)
           OR s.candle_time >= (SELECT min(n.since) FROM noted AS n));

    SELECT s.* INTO saved
    FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
    ORDER BY s.candle_time DESC
    LIMIT 1;
    IF FOUND AND NOT ca_indicator_state_holds(spec, convention, saved.state) THEN
        DELETE FROM technical_indicator_states AS s
        WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe;
        saved := NULL;
    END IF;

    LOOP
        batch := (
            SELECT ca_indicators(spec, convention, saved.state, h.id, NOT h.archived, h.candle_time,
                                 h.high_price, h.low_price, h.close_price)
            FROM (SELECT h.id, h.archived, h.candle_time, h.high_price, h.low_price, h.close_price
                  FROM price_history AS h
                  WHERE h.asset_id = asset
                    AND h.timeframe = ca_update_series.timeframe
                    AND h.candle_time > coalesce(saved.candle_time, '-infinity')
                    AND h.candle_time < stop
                  ORDER BY h.candle_time
                  LIMIT step - coalesce(saved.candles, 0) % step) AS h);
        EXIT WHEN batch.state IS NULL;
        written := written + ca_write_batch(asset, timeframe, coalesce(saved.candle_time, '-infinity'), batch.last,
                                            batch.ids, batch."values");

        IF saved.candles % step <> 0 THEN
            DELETE FROM technical_indicator_states AS s WHERE s.id = saved.id;
        END IF;
        INSERT INTO technical_indicator_states (asset_id, timeframe, candle_time, candles, spec, convention, state)
        VALUES (asset, timeframe, batch.last, coalesce(saved.candles, 0) + batch.candles, spec, convention, batch.state)
        RETURNING * INTO saved;

        IF clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% candles of asset %, % done, now at %', saved.candles, asset, timeframe, saved.candle_time;
        END IF;
        EXIT WHEN saved.candles % step <> 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_update_series(integer, text, jsonb, text, timestamptz) IS
    'writes the indicators of one series, from its last state that holds, and tells of it at most once a second; the caller has checked the arguments';

CREATE OR REPLACE FUNCTION update_technical_indicators(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL,
    spec jsonb DEFAULT '{"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}',
    convention text DEFAULT 'talib')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    series record;
    done record;
    reported timestamptz := clock_timestamp();
    written bigint := 0;
BEGIN
    PERFORM ca_check_spec(update_technical_indicators.spec, update_technical_indicators.convention);
    IF update_technical_indicators.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(update_technical_indicators.timeframe);
    END IF;
    IF update_technical_indicators.asset IS NOT NULL THEN
        PERFORM ca_check_asset(update_technical_indicators.asset);
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'update_technical_indicators must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles committed since it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;

    FOR series IN
        SELECT a.id, t.code
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time
            LIMIT 1) AS first_candle
        WHERE (update_technical_indicators.asset IS NULL OR a.id = update_technical_indicators.asset)
          AND (update_technical_indicators.timeframe IS NULL OR t.code = update_technical_indicators.timeframe)
        ORDER BY a.id, t.place
    LOOP
        SELECT u.* INTO done
        FROM ca_update_series(series.id, series.code, update_technical_indicators.spec,
                              update_technical_indicators.convention, reported) AS u;
        written := written + done.written;
        reported := done.reported;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION update_technical_indicators(integer, text, jsonb, text) IS
    'writes technical_indicators of live, closed candles, of one series, or of all of an asset, of a timeframe or at all, and returns how many changed; a later call with the same spec goes on from the newest candle done, or from the oldest that has changed; spec: {"RSI": 14, "SMA": [50, 200], "MACD": [12, 26, 9]} and EMA, BBANDS, ATR, ADX, STOCH; conventions talib, tradingview, pandas';
