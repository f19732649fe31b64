-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: indicators.

-- The state after the newest candle of a series is updated in place.
ALTER TABLE technical_indicator_states SET (fillfactor = 40, toast_tuple_target = 8160);
ALTER TABLE technical_indicator_states
    DROP CONSTRAINT technical_indicator_states_asset_id_timeframe_candle_time_key,
    ADD COLUMN place bigint NOT NULL GENERATED ALWAYS AS ((candles - 1) / 10000) STORED,
    ADD CONSTRAINT technical_indicator_states_asset_id_timeframe_place_key UNIQUE (asset_id, timeframe, place);
