-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: candles.

CREATE TABLE partial_candles (
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    candle_time timestamptz NOT NULL,
    covered integer NOT NULL,
    digest bigint NOT NULL,
    CONSTRAINT partial_candles_pkey PRIMARY KEY (asset_id, timeframe, candle_time),
    CONSTRAINT partial_candles_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT partial_candles_timeframe_check CHECK (timeframe_is_valid(timeframe)),
    CONSTRAINT partial_candles_candle_time_check CHECK (isfinite(candle_time)),
    CONSTRAINT partial_candles_covered_check CHECK (covered > 0)
);
SELECT pg_catalog.pg_extension_config_dump('partial_candles', '');
-- whoever may read candles builds of them; what is written goes through ca_note_partial()
GRANT SELECT ON partial_candles TO PUBLIC;

COMMENT ON TABLE partial_candles IS
    'Stored candles that roll-ups made of sources that cover less than their span; candles without a row here are whole';
COMMENT ON COLUMN partial_candles.asset_id IS
    'Asset of the candle';
COMMENT ON COLUMN partial_candles.timeframe IS
    'Timeframe code of the candle';
COMMENT ON COLUMN partial_candles.candle_time IS
    'Start of the candle';
COMMENT ON COLUMN partial_candles.covered IS
    'Minutes of its span that its sources covered';
COMMENT ON COLUMN partial_candles.digest IS
    'Digest of its prices and volume; the row counts only while the stored candle has it';
