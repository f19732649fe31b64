-- Importing candles from the JSON that exchanges and data providers send.

CREATE FUNCTION ca_import_ohlcv(
    data jsonb, asset integer, timeframe text, format text, volume_unit text, bad text, trust_times boolean,
    OUT candles price_data[], OUT skipped bigint, OUT mended bigint, OUT first_problem text)
    RETURNS record
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_import_ohlcv';
COMMENT ON FUNCTION ca_import_ohlcv(jsonb, integer, text, text, text, text, boolean) IS
    'the candles that the elements of an import describe, by time, how many were left out or mended, and what is wrong with the first of these; if a candle appears twice, the last one counts';

CREATE FUNCTION @extschema@.import_ohlcv_report(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base',
    bad text DEFAULT 'skip', trust_times boolean DEFAULT false,
    OUT changed bigint, OUT skipped bigint, OUT mended bigint, OUT first_problem text)
    RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
    PERFORM ca_check_timeframe(import_ohlcv_report.timeframe);
    PERFORM ca_check_asset(import_ohlcv_report.asset);
    IF import_ohlcv_report.format IS NULL OR import_ohlcv_report.format NOT IN ('ccxt', 'binance', 'coingecko') THEN
        RAISE EXCEPTION 'unknown format'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.format)),
                  HINT = 'Formats are ccxt, binance and coingecko.';
    END IF;
    IF import_ohlcv_report.volume_unit IS NULL OR import_ohlcv_report.volume_unit NOT IN ('base', 'quote') THEN
        RAISE EXCEPTION 'unknown volume_unit'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.volume_unit)),
                  HINT = 'Units are base and quote.';
    END IF;
    IF import_ohlcv_report.volume_unit = 'quote' AND import_ohlcv_report.format <> 'ccxt' THEN
        RAISE EXCEPTION 'volume_unit can only be given for format ccxt'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('The format is %s.', import_ohlcv_report.format),
                  HINT = CASE import_ohlcv_report.format
                             WHEN 'binance' THEN 'A Binance kline carries its quote volume, which is taken; leave volume_unit out.'
                             ELSE 'A CoinGecko candle has no volume; leave volume_unit out.'
                         END;
    END IF;
    IF import_ohlcv_report.bad IS NULL OR import_ohlcv_report.bad NOT IN ('refuse', 'skip', 'mend') THEN
        RAISE EXCEPTION 'unknown value of bad'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.bad)),
                  HINT = 'Values are refuse, skip and mend.';
    END IF;
    IF jsonb_typeof(import_ohlcv_report.data) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'data must be a JSON array of candles'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('It is a JSON ' || jsonb_typeof(import_ohlcv_report.data) || '.', 'It is NULL.'),
                  HINT = 'Pass the array itself, not the object that the provider wraps it in.';
    END IF;

    -- by assignment, so that the error of an element does not quote a statement of this function
    r := ca_import_ohlcv(import_ohlcv_report.data, import_ohlcv_report.asset, import_ohlcv_report.timeframe,
                         import_ohlcv_report.format, import_ohlcv_report.volume_unit, import_ohlcv_report.bad,
                         coalesce(import_ohlcv_report.trust_times, false));
    skipped := r.skipped;
    mended := r.mended;
    first_problem := r.first_problem;
    PERFORM ca_lock_series(import_ohlcv_report.timeframe, import_ohlcv_report.asset);
    changed := ca_store_rolled_up(r.candles, NULL);
END;
$$;
COMMENT ON FUNCTION import_ohlcv_report(integer, text, jsonb, text, text, text, boolean) IS
    'like import_ohlcv(), but returns counts: candles inserted or changed, invalid candles left out or mended, and what is wrong with the first of these';

CREATE FUNCTION @extschema@.import_ohlcv(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base',
    bad text DEFAULT 'refuse', trust_times boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    report record;
BEGIN
    report := import_ohlcv_report(import_ohlcv.asset, import_ohlcv.timeframe, import_ohlcv.data, import_ohlcv.format,
                                  import_ohlcv.volume_unit, import_ohlcv.bad, import_ohlcv.trust_times);
    IF report.skipped + report.mended > 0 THEN
        RAISE NOTICE '% candles skipped and % mended', report.skipped, report.mended
            USING DETAIL = format('First problem: %s.', report.first_problem),
                  HINT = 'import_ohlcv_report() returns these numbers.';
    END IF;
    RETURN report.changed;
END;
$$;
COMMENT ON FUNCTION import_ohlcv(integer, text, jsonb, text, text, text, boolean) IS
    'writes candles from JSON and returns how many were inserted or changed; formats: ccxt [ms, open, high, low, close, volume], binance (12 fields, of which the quote volume is used), coingecko [ms at close, open, high, low, close]; a base volume is multiplied by the typical price; an invalid element is reported and nothing is kept, unless bad => skip or mend; times before 2009, and candles of which no two are neighbours, are refused unless trust_times';
