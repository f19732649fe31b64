-- Importing candles from the JSON that exchanges and data providers send.

CREATE FUNCTION ca_import_error(index bigint, problem text, element jsonb, hint text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'element % of data %', index, problem
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('Counted from 0, the element is %s.', left(element::text, 300)),
              HINT = hint;
END;
$$;
COMMENT ON FUNCTION ca_import_error(bigint, text, jsonb, text) IS
    'refuses an element of an import';

CREATE FUNCTION ca_import_number(
    index bigint, element jsonb, field integer, name text, below numeric, required boolean)
    RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    value text := element ->> field;
BEGIN
    IF value IS NULL AND NOT required THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(element -> field) NOT IN ('number', 'string')
       OR value !~ '^[-+]?[0-9]{1,255}([.][0-9]{0,255})?([eE][-+]?[0-9]{1,3})?$' THEN
        PERFORM ca_import_error(index, format('has no finite number as %s', name), element,
                                'Prices, volumes and times are JSON numbers or strings that hold one.');
    END IF;
    -- no column has less than two decimals to round to
    IF round(abs(value::numeric), 2) >= below THEN
        PERFORM ca_import_error(index, format('has a %s that is too large', name), element,
                                format('It must be less than %s.', below));
    END IF;
    RETURN value::numeric;
END;
$$;
COMMENT ON FUNCTION ca_import_number(bigint, jsonb, integer, text, numeric, boolean) IS
    'a field of an element as a number; NULL where it is null and not required';

-- the candle that an element stands for, volume in quote units
CREATE FUNCTION ca_import_element(
    index bigint, element jsonb, asset integer, timeframe text, format text, volume_unit text)
    RETURNS price_data
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    fields CONSTANT integer := CASE format WHEN 'ccxt' THEN 6 WHEN 'binance' THEN 12 ELSE 5 END;
    candle price_data;
    milliseconds numeric;
    volume numeric;
    moment timestamptz;
    has integer := CASE WHEN jsonb_typeof(element) = 'array' THEN jsonb_array_length(element) END;
BEGIN
    IF has IS DISTINCT FROM fields THEN
        PERFORM ca_import_error(
            index, CASE WHEN has IS NULL THEN 'is not an array' ELSE format('has %s fields', has) END, element,
            CASE format
                WHEN 'ccxt' THEN 'A ccxt candle is [milliseconds, open, high, low, close, volume].'
                WHEN 'binance' THEN 'A Binance kline has 12 fields, from open time to one that is unused.'
                ELSE 'A CoinGecko candle is [milliseconds at its close, open, high, low, close].'
            END);
    END IF;

    milliseconds := ca_import_number(index, element, 0, 'time', 1e15, true);
    IF milliseconds <> trunc(milliseconds) OR milliseconds NOT BETWEEN -62135596800000 AND 253402300799999 THEN
        PERFORM ca_import_error(index, 'has a time that is no count of milliseconds since 1970', element,
                                'Multiply seconds by 1000, divide microseconds by 1000.');
    END IF;
    moment := timestamptz 'epoch' + milliseconds::double precision * interval '1 millisecond';

    candle.asset_id := asset;
    candle.timeframe := timeframe;
    candle.open_price := ca_import_number(index, element, 1, 'open', 1e12, true);
    candle.high_price := ca_import_number(index, element, 2, 'high', 1e12, true);
    candle.low_price := ca_import_number(index, element, 3, 'low', 1e12, true);
    candle.close_price := ca_import_number(index, element, 4, 'close', 1e12, true);
    volume := CASE format
        WHEN 'binance' THEN ca_import_number(index, element, 7, 'quote volume', 1e28, true)
        WHEN 'ccxt' THEN ca_import_number(index, element, 5, 'volume', 1e16, false)
    END;
    candle.volume := CASE WHEN format = 'ccxt' AND volume_unit = 'base'
                          THEN volume * abs(candle.high_price + candle.low_price + candle.close_price) / 3
                          ELSE volume END;

    -- CoinGecko tells when a candle closed, the others when it opened
    candle.candle_time := timeframe_bucket(
        timeframe, CASE WHEN format = 'coingecko' THEN moment - interval '1 microsecond' ELSE moment END);
    IF moment <> (CASE WHEN format = 'coingecko' THEN timeframe_end(timeframe, candle.candle_time)
                       ELSE candle.candle_time END) THEN
        PERFORM ca_import_error(index, format('is off the boundary of a %s candle', timeframe), element,
                                format('Its time, as milliseconds since 1970, is %s UTC.', moment AT TIME ZONE 'UTC'));
    END IF;
    IF candle.high_price < greatest(candle.open_price, candle.low_price, candle.close_price)
       OR candle.low_price > least(candle.open_price, candle.close_price) THEN
        PERFORM ca_import_error(index, 'has a high or a low that does not bound its open and close', element,
                                'The order is open, high, low, close.');
    END IF;
    IF volume < 0 THEN
        PERFORM ca_import_error(index, 'has a negative volume', element, 'An unknown volume is null.');
    END IF;
    RETURN candle;
END;
$$;
COMMENT ON FUNCTION ca_import_element(bigint, jsonb, integer, text, text, text) IS
    'the candle that an element of an import stands for';

CREATE FUNCTION import_ohlcv(
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

    -- where a candle comes twice, as where pages overlap, the last one counts
    SELECT array_agg(last.candle ORDER BY (last.candle).candle_time)
    INTO candles
    FROM (
        SELECT DISTINCT ON ((e.candle).candle_time) e.candle
        FROM (
            SELECT d.index, ca_import_element(d.index - 1, d.element, import_ohlcv.asset, import_ohlcv.timeframe,
                                              import_ohlcv.format, import_ohlcv.volume_unit) AS candle
            FROM jsonb_array_elements(import_ohlcv.data) WITH ORDINALITY AS d (element, index)
            OFFSET 0) AS e
        ORDER BY (e.candle).candle_time, e.index DESC) AS last;

    PERFORM ca_lock_series(import_ohlcv.timeframe, import_ohlcv.asset);
    RETURN ca_store_candles(coalesce(candles, '{}'));
END;
$$;
COMMENT ON FUNCTION import_ohlcv(integer, text, jsonb, text, text) IS
    'writes candles from JSON and returns how many were inserted or changed; formats: ccxt [ms, open, high, low, close, volume], binance (12 fields, the quote volume is taken), coingecko [ms at close, open, high, low, close]; a base volume is multiplied by the typical price; an element that is wrong is named and nothing is kept';
