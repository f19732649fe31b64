-- Importing candles from the JSON that exchanges and data providers send.

CREATE FUNCTION ca_import_candles(
    data jsonb, asset integer, timeframe text, format text, volume_unit text)
    RETURNS price_data[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_import_candles';
COMMENT ON FUNCTION ca_import_candles(jsonb, integer, text, text, text) IS
    'the candles that the elements of an import stand for, by time; an element that is wrong is refused, and of a candle that comes twice the last one counts';

CREATE FUNCTION import_ohlcv(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    candles price_data[];
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
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
