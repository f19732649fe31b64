-- segments.sql: compressed history, about a thousand candles of one series a row
--
-- docs/segment-format.md describes the payload.  Candles are compressed and taken out again by the
-- functions of functions/segments.sql; nothing else writes here.

CREATE TABLE price_data_segments (
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
