-- Segments: putting candles in, taking them out, and changing single ones.
--
-- A session that changes the segments of a series holds its lock.  The functions of this file run with
-- their caller's rights to price_data_segments.  They find segments by their index, whatever the
-- planner believes about a growing table.

CREATE FUNCTION ca_compress_batch(
    live boolean, series integer, timeframe text, after timestamptz, until timestamptz, batch_size integer,
    keep_indicators boolean, OUT moved bigint, OUT last timestamptz)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compress_batch';
COMMENT ON FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range, excluding after and until, from price_data if live, else from price_data_archive, into segments, at most batch_size; rows that another session has locked stay; last is the last candle examined';

CREATE FUNCTION ca_take_compressed(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer)
    RETURNS SETOF price_data_archive
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_take_compressed';
COMMENT ON FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer) IS
    'takes the oldest candles of a range out of their segments and returns them, up to the end of the segment in which batch_size is reached';

CREATE FUNCTION ca_compressed_at(series integer, timeframe text, times timestamptz[])
    RETURNS SETOF price_data_archive
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 10
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compressed_at';
COMMENT ON FUNCTION ca_compressed_at(integer, text, timestamptz[]) IS
    'the compressed candles of a series at these times';

CREATE FUNCTION ca_replace_compressed(series integer, timeframe text, candles price_data_archive[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_replace_compressed';
COMMENT ON FUNCTION ca_replace_compressed(integer, text, price_data_archive[]) IS
    'replaces the compressed candles of one series at these times by candles in order of time, and returns how many there were';

CREATE FUNCTION ca_drop_compressed(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_drop_compressed';
COMMENT ON FUNCTION ca_drop_compressed(integer, text, timestamptz[]) IS
    'deletes the compressed candles of a series at these times, and returns how many there were';

CREATE FUNCTION ca_drop_superseded(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_drop_compressed(ca_drop_superseded.series, ca_drop_superseded.timeframe, ca_drop_superseded.times);
END;
COMMENT ON FUNCTION ca_drop_superseded(integer, text, timestamptz[]) IS
    'deletes compressed candles that live ones replace; the live ones are noted for the indicators';

CREATE FUNCTION @extschema@.update_compressed_candle(
    asset integer, timeframe text, candle_time timestamptz, open_price numeric, high_price numeric,
    low_price numeric, close_price numeric, volume numeric DEFAULT NULL, market_cap numeric DEFAULT NULL,
    technical_indicators jsonb DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    candle price_data_archive;
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    IF num_nulls(candle_time, open_price, high_price, low_price, close_price) > 0 THEN
        RAISE EXCEPTION 'time and prices of a candle must not be NULL'
            USING ERRCODE = 'not_null_violation',
                  DETAIL = format('Values are time %s, open %s, high %s, low %s, close %s.',
                                  coalesce(candle_time::text, 'NULL'), coalesce(open_price::text, 'NULL'), coalesce(high_price::text, 'NULL'),
                                  coalesce(low_price::text, 'NULL'), coalesce(close_price::text, 'NULL')),
                  HINT = 'A candle has a time and four prices; only volume, market_cap and technical_indicators may be NULL.',
                  CONSTRAINT = 'price_data_compressed_known', TABLE = 'price_data_compressed';
    END IF;

    PERFORM ca_lock_series(timeframe, asset);
    SELECT a.* INTO candle FROM ca_compressed_at(asset, timeframe, ARRAY[candle_time]) AS a;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    candle.open_price := open_price;
    candle.high_price := high_price;
    candle.low_price := low_price;
    candle.close_price := close_price;
    candle.volume := volume;
    candle.market_cap := market_cap::numeric(30,2);
    candle.technical_indicators := technical_indicators;
    IF NOT (candle.low_price <= candle.open_price AND candle.open_price <= candle.high_price
            AND candle.low_price <= candle.close_price AND candle.close_price <= candle.high_price
            AND candle.high_price <> 'NaN') THEN
        RAISE EXCEPTION 'low and high must enclose open and close'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are open %s, high %s, low %s, close %s.',
                                  open_price, high_price, low_price, close_price),
                  HINT = 'Prices are given in the order open, high, low, close.',
                  CONSTRAINT = 'price_data_compressed_prices', TABLE = 'price_data_compressed';
    END IF;
    IF NOT (price_fits(open_price) AND price_fits(high_price) AND price_fits(low_price) AND price_fits(close_price)
            AND price_fits(coalesce(volume, 0))) THEN
        RAISE EXCEPTION 'prices and volume of a candle have at most 38 digits, at most 18 of them decimals'
            USING ERRCODE = 'numeric_value_out_of_range',
                  DETAIL = format('Values are open %s, high %s, low %s, close %s, volume %s.', open_price, high_price,
                                  low_price, close_price, coalesce(volume::text, 'NULL')),
                  HINT = 'Round the values first; this function does not round.',
                  CONSTRAINT = 'price_data_compressed_digits', TABLE = 'price_data_compressed';
    END IF;
    IF NOT (coalesce(candle.volume, 0) >= 0 AND coalesce(candle.volume, 0) < 'Infinity'
            AND coalesce(candle.market_cap, 0) >= 0 AND coalesce(candle.market_cap, 0) < 'Infinity') THEN
        RAISE EXCEPTION 'volume and market_cap must be finite and not negative'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are volume %s, market_cap %s.',
                                  coalesce(volume::text, 'NULL'), coalesce(market_cap::text, 'NULL')),
                  HINT = 'An unknown volume or market_cap is NULL.',
                  CONSTRAINT = 'price_data_compressed_volume', TABLE = 'price_data_compressed';
    END IF;
    PERFORM ca_replace_compressed(asset, timeframe, ARRAY[candle]);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION update_compressed_candle(integer, text, timestamptz, numeric, numeric, numeric, numeric, numeric, numeric, jsonb) IS
    'sets all values of a compressed candle and returns whether it existed; its segment is rewritten';

CREATE FUNCTION @extschema@.delete_compressed_candle(asset integer, timeframe text, candle_time timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    PERFORM ca_lock_series(timeframe, asset);
    RETURN ca_drop_compressed(asset, timeframe, ARRAY[candle_time]) > 0;
END;
$$;
COMMENT ON FUNCTION delete_compressed_candle(integer, text, timestamptz) IS
    'deletes a compressed candle and returns whether it existed; its segment is rewritten';
