-- Writing indicators into the rows of candles.

CREATE FUNCTION ca_batch_json(ids bigint[], "values" jsonb[], id bigint, technical_indicators jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_batch_json';
COMMENT ON FUNCTION ca_batch_json(bigint[], jsonb[], bigint, jsonb) IS
    'what the JSON of a candle of a batch must become, with the other keys that it has; NULL if it is that already, or if the candle is not in the batch; fast for candles in the order of the batch';

-- Rows that another session has locked are skipped: waiting for them while other rows are locked here
-- would cause deadlocks with sessions that write candles of several series.  So each row is locked
-- first, and then found where it is.  A row that changes at that moment is there only for the next
-- statement, and counts as locked.
--
-- The settings make one plan for all batches, whatever the planner believes about the table: an index
-- gives the candles in the order of the batch, and each row is found by its place.
CREATE FUNCTION ca_write_batch(
    asset integer, timeframe text, since timestamptz, until timestamptz, ids bigint[], "values" jsonb[])
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
    SET cryptoanalytics.moving = 'on'
AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE price_data AS p
    SET technical_indicators = f.value
    FROM (
        SELECT l.tableoid AS in_table, l.ctid AS place,
               ca_batch_json(ca_write_batch.ids, ca_write_batch."values", l.id, l.technical_indicators) AS value
        FROM price_data AS l
        WHERE l.asset_id = ca_write_batch.asset
          AND l.timeframe = ca_write_batch.timeframe
          AND l.candle_time > ca_write_batch.since
          AND l.candle_time <= ca_write_batch.until
          AND ca_batch_json(ca_write_batch.ids, ca_write_batch."values", l.id, l.technical_indicators) IS NOT NULL
        FOR NO KEY UPDATE OF l SKIP LOCKED) AS f
    WHERE p.ctid = f.place AND p.tableoid = f.in_table;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_batch(integer, text, timestamptz, timestamptz, bigint[], jsonb[]) IS
    'puts indicators into the live candles of a series that start in (since, until], next to their other keys, and returns how many changed; rows that another session has locked stay unchanged';

CREATE FUNCTION ca_first_unwritten(
    asset integer, timeframe text, since timestamptz, until timestamptz, ids bigint[], "values" jsonb[])
    RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT min(p.candle_time)
    FROM price_data AS p
    WHERE p.asset_id = ca_first_unwritten.asset
      AND p.timeframe = ca_first_unwritten.timeframe
      AND p.candle_time > ca_first_unwritten.since
      AND p.candle_time <= ca_first_unwritten.until
      AND ca_batch_json(ca_first_unwritten.ids, ca_first_unwritten."values", p.id, p.technical_indicators) IS NOT NULL;
END;
COMMENT ON FUNCTION ca_first_unwritten(integer, text, timestamptz, timestamptz, bigint[], jsonb[]) IS
    'the first candle that ca_write_batch() has not written because another session has locked its row';

CREATE FUNCTION ca_update_series(
    asset integer, timeframe text, spec jsonb, convention text, OUT written bigint, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- states and notes of a series are found by their index, whatever the tables looked like when this was planned
    SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    -- candles between two permanent states, which is also the most in memory at a time
    step CONSTANT integer := 10000;
    stop timestamptz := timeframe_bucket(timeframe, now());
    changed timestamptz;
    pending boolean;
    missed timestamptz;
    more bigint;
    saved technical_indicator_states;
    batch ca_indicator_batch;
BEGIN
    written := 0;
    PERFORM ca_lock_indicators(asset, timeframe);

    -- a note that a writer has locked stays for the next update, which then needs the state before it
    WITH noted AS MATERIALIZED (
        SELECT n.id, n.since
        FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
    ), free AS MATERIALIZED (
        SELECT n.id
        FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM technical_indicator_notes AS n
        WHERE n.id = ANY (ARRAY(SELECT f.id FROM free AS f))
        RETURNING n.id
    )
    SELECT min(n.since), count(*) > (SELECT count(*) FROM taken AS t) INTO changed, pending
    FROM noted AS n;
    -- states of another spec, and those after candles that have changed, are no longer valid
    DELETE FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
      AND ((s.spec, s.convention) IS DISTINCT FROM (ca_update_series.spec, ca_update_series.convention::varchar)
           OR s.candle_time >= changed);

    SELECT s.* INTO saved
    FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
    ORDER BY s.place DESC
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
        more := ca_write_batch(asset, timeframe, coalesce(saved.candle_time, '-infinity'), batch.last,
                               batch.ids, batch."values");
        written := written + more;
        missed := CASE WHEN more < cardinality(batch.ids) THEN
            ca_first_unwritten(asset, timeframe, coalesce(saved.candle_time, '-infinity'), batch.last,
                               batch.ids, batch."values") END;

        -- the next update must continue from the same state as this one
        EXIT WHEN saved.candles % step <> 0 AND (pending OR missed IS NOT NULL);
        IF missed IS NOT NULL THEN
            INSERT INTO technical_indicator_notes (asset_id, timeframe, since) VALUES (asset, timeframe, missed);
        END IF;
        IF saved.candles % step <> 0 THEN
            UPDATE technical_indicator_states AS s
            SET candle_time = batch.last, candles = saved.candles + batch.candles, state = batch.state
            WHERE s.id = saved.id
            RETURNING * INTO saved;
        ELSE
            INSERT INTO technical_indicator_states (asset_id, timeframe, candle_time, candles, spec, convention, state)
            VALUES (asset, timeframe, batch.last, coalesce(saved.candles, 0) + batch.candles, spec, convention, batch.state)
            RETURNING * INTO saved;
        END IF;

        IF clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% candles of asset %, % done, now at %', saved.candles, asset, timeframe, saved.candle_time;
        END IF;
        EXIT WHEN saved.candles % step <> 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_update_series(integer, text, jsonb, text, timestamptz) IS
    'writes the indicators of one series, from its last valid state, and reports progress at most once per second; the caller has checked the arguments';

CREATE FUNCTION @extschema@.update_technical_indicators(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL,
    spec jsonb DEFAULT '{"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}',
    convention text DEFAULT 'talib')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    series record;
    done record;
    reported timestamptz := clock_timestamp();
    written bigint := 0;
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, UPDATE');
    PERFORM ca_check_rights('technical_indicator_states', 'SELECT, INSERT, UPDATE, DELETE');
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
                  DETAIL = format('This one is %s: it does not see candles that were committed after it began.',
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
        -- a range finds a single one by the key, whenever the plan is made
        WHERE a.id BETWEEN coalesce(update_technical_indicators.asset, -2147483648)
                       AND coalesce(update_technical_indicators.asset, 2147483647)
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
    'writes technical_indicators of live, closed candles, for one series, all series of an asset or of a timeframe, or all series, and returns how many changed; a later call with the same spec continues after the newest finished candle, or from the oldest that has changed; spec: {"RSI": 14, "SMA": [50, 200], "MACD": [12, 26, 9]} and EMA, BBANDS, ATR, ADX, STOCH; conventions talib, tradingview, pandas';
