-- segments.sql: compressed history, about a thousand candles of one series per row
--
-- docs/design/segment-format.md describes the payload.  The functions of functions/archive/segments.sql
-- compress candles and take them out again; nothing else writes here.

CREATE TABLE @extschema@.price_data_segments (
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    candles integer NOT NULL,
    payload bytea NOT NULL,
    technical_indicators jsonb[],
    CONSTRAINT price_data_segments_pkey PRIMARY KEY (asset_id, timeframe, first_time),
    CONSTRAINT price_data_segments_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE RESTRICT,
    CONSTRAINT price_data_segments_timeframe_check CHECK (timeframe_is_valid(timeframe)),
    CONSTRAINT price_data_segments_time_check CHECK (first_time <= last_time),
    CONSTRAINT price_data_segments_candles_check CHECK (candles BETWEEN 1 AND 1024),
    CONSTRAINT price_data_segments_indicators_check
        CHECK (technical_indicators IS NULL OR cardinality(technical_indicators) = candles)
);
SELECT pg_catalog.pg_extension_config_dump('price_data_segments', '');
-- a compressed candle is not compressed again
ALTER TABLE price_data_segments ALTER COLUMN payload SET STORAGE EXTERNAL;

COMMENT ON TABLE price_data_segments IS
    'Compressed OHLCV candles, up to 1024 of one asset and timeframe a row; the segments of a '
    'series do not overlap';
COMMENT ON COLUMN price_data_segments.asset_id IS
    'Asset the candles belong to';
COMMENT ON COLUMN price_data_segments.timeframe IS
    'Timeframe code of the candles (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_segments.first_time IS
    'Start time of the first candle';
COMMENT ON COLUMN price_data_segments.last_time IS
    'Start time of the last candle';
COMMENT ON COLUMN price_data_segments.candles IS
    'Number of candles';
COMMENT ON COLUMN price_data_segments.payload IS
    'The candles but for their indicators, encoded, with a checksum';
COMMENT ON COLUMN price_data_segments.technical_indicators IS
    'Calculated technical indicators of each candle, in their order; NULL if no candle has any';
COMMENT ON CONSTRAINT price_data_segments_pkey ON price_data_segments IS
    'serves the segments of a series in time order, and those that reach into a range of time';

-- price_data_compressed shows the candles of the segments as rows.

CREATE FUNCTION ca_segments_fdw_handler() RETURNS fdw_handler
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_handler';
COMMENT ON FUNCTION ca_segments_fdw_handler() IS
    'reads the rows of price_data_compressed';

CREATE FUNCTION ca_segments_fdw_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_validator';
COMMENT ON FUNCTION ca_segments_fdw_validator(text[], oid) IS
    'refuses options, because compressed candles have none';

CREATE FOREIGN DATA WRAPPER cryptoanalytics_segments
    HANDLER ca_segments_fdw_handler VALIDATOR ca_segments_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER cryptoanalytics_segments IS
    'shows compressed candles as rows';

CREATE SERVER cryptoanalytics_segments FOREIGN DATA WRAPPER cryptoanalytics_segments;
COMMENT ON SERVER cryptoanalytics_segments IS
    'the segments of this database';

-- the columns of price_data_archive; the segments guarantee NOT NULL
CREATE FOREIGN TABLE @extschema@.price_data_compressed (
    id bigint NOT NULL,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    open_price numeric NOT NULL,
    high_price numeric NOT NULL,
    low_price numeric NOT NULL,
    close_price numeric NOT NULL,
    volume numeric,
    market_cap numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) SERVER cryptoanalytics_segments;
-- the rights to price_data_segments decide
GRANT SELECT ON price_data_compressed TO PUBLIC;
COMMENT ON FOREIGN TABLE price_data_compressed IS
    'The candles of price_data_segments, one row each, with the columns of price_data_archive; '
    'read-only; who may read price_data_segments may read them, with its row security';
COMMENT ON COLUMN price_data_compressed.id IS
    'The price_data.id that the row had';
COMMENT ON COLUMN price_data_compressed.asset_id IS
    'Asset the candle belongs to';
COMMENT ON COLUMN price_data_compressed.timeframe IS
    'Timeframe code of the candle (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_compressed.open_price IS
    'Opening price for the time period in USD; may be negative';
COMMENT ON COLUMN price_data_compressed.high_price IS
    'Highest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.low_price IS
    'Lowest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.close_price IS
    'Closing price for the time period in USD';
COMMENT ON COLUMN price_data_compressed.volume IS
    'Trading volume during the time period in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.market_cap IS
    'Market capitalization at the end of the candle in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. Usually NULL for '
    'archived data unless specifically preserved.';
COMMENT ON COLUMN price_data_compressed.candle_time IS
    'Start time of the OHLC candle in UTC, on a boundary of its timeframe';
COMMENT ON COLUMN price_data_compressed.created_at IS
    'Record creation timestamp: the price_data.created_at the row had';
