-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/schema/segments.sql

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
    'refuses options, for compressed candles have none';

CREATE FOREIGN DATA WRAPPER cryptoanalytics_segments
    HANDLER ca_segments_fdw_handler VALIDATOR ca_segments_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER cryptoanalytics_segments IS
    'shows compressed candles as rows';

CREATE SERVER cryptoanalytics_segments FOREIGN DATA WRAPPER cryptoanalytics_segments;
COMMENT ON SERVER cryptoanalytics_segments IS
    'the segments of this database';

-- the columns of price_data_archive; what NOT NULL promises, the segments keep
CREATE FOREIGN TABLE price_data_compressed (
    id bigint NOT NULL,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    open_price numeric(20,8) NOT NULL,
    high_price numeric(20,8) NOT NULL,
    low_price numeric(20,8) NOT NULL,
    close_price numeric(20,8) NOT NULL,
    volume numeric(30,2),
    market_cap numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) SERVER cryptoanalytics_segments;
COMMENT ON FOREIGN TABLE price_data_compressed IS
    'The candles of price_data_segments, one row each, with the columns of price_data_archive; '
    'read-only, and readable by who may read price_data_segments';
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

-- sql/schema/views.sql

-- Views over the tables.

CREATE OR REPLACE VIEW price_history WITH (security_invoker = true) AS
    SELECT p.id, p.asset_id, p.timeframe, p.open_price, p.high_price, p.low_price, p.close_price,
           p.volume, p.market_cap, p.technical_indicators, p.candle_time, p.created_at,
           false AS archived, false AS compressed
    FROM price_data AS p
    UNION ALL
    SELECT a.id, a.asset_id, a.timeframe, a.open_price, a.high_price, a.low_price, a.close_price,
           a.volume, a.market_cap, a.technical_indicators, a.candle_time, a.created_at,
           true AS archived, false AS compressed
    FROM price_data_archive AS a
    UNION ALL
    SELECT c.id, c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
           c.volume, c.market_cap, c.technical_indicators, c.candle_time, c.created_at,
           true AS archived, true AS compressed
    FROM price_data_compressed AS c;
COMMENT ON VIEW price_history IS
    'all candles, live, archived and compressed; each candle is in one place, so it appears once';
COMMENT ON COLUMN price_history.id IS 'identifier, kept when the candle moves or is compressed';
COMMENT ON COLUMN price_history.asset_id IS 'asset, assets.id';
COMMENT ON COLUMN price_history.timeframe IS 'length of the candle, a code such as 1h';
COMMENT ON COLUMN price_history.open_price IS 'price at the start of the candle';
COMMENT ON COLUMN price_history.high_price IS 'highest price in the candle';
COMMENT ON COLUMN price_history.low_price IS 'lowest price in the candle';
COMMENT ON COLUMN price_history.close_price IS 'price at the end of the candle';
COMMENT ON COLUMN price_history.volume IS 'traded volume, in USD; NULL when not known';
COMMENT ON COLUMN price_history.market_cap IS 'market capitalization, in USD; NULL when not known';
COMMENT ON COLUMN price_history.technical_indicators IS 'indicators of the candle as a JSON object; archived rows have them only if they were kept';
COMMENT ON COLUMN price_history.candle_time IS 'start of the candle';
COMMENT ON COLUMN price_history.created_at IS 'when the candle was first stored, kept when the row moves';
COMMENT ON COLUMN price_history.archived IS 'whether the candle is in price_data_archive or compressed';
COMMENT ON COLUMN price_history.compressed IS 'whether the candle is compressed';

CREATE OR REPLACE VIEW model_leaderboard WITH (security_invoker = true) AS
    WITH latest AS (
        SELECT DISTINCT ON (p.model_id, p.evaluation_metric)
               p.model_id, p.evaluation_metric, p.metric_value, p.evaluation_date,
               p.evaluated_predictions_count
        FROM model_performance AS p
        ORDER BY p.model_id, p.evaluation_metric, p.evaluation_date DESC
    ), metrics AS (
        SELECT l.model_id,
               max(l.evaluation_date) AS evaluation_date,
               max(l.evaluated_predictions_count) AS predictions,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'accuracy') AS accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'directional_accuracy') AS directional_accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mae') AS mae,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'rmse') AS rmse,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mape') AS mape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'smape') AS smape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'r2') AS r2,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'brier_score') AS brier_score,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'sharpe_ratio') AS sharpe_ratio
        FROM latest AS l
        GROUP BY l.model_id
    )
    SELECT rank() OVER (ORDER BY x.mape, x.directional_accuracy DESC NULLS LAST, x.accuracy DESC NULLS LAST) AS rank,
           m.id AS model_id, m.name, m.version, m.model_type, m.is_active,
           x.evaluation_date, x.predictions, x.accuracy, x.directional_accuracy, x.mae, x.rmse,
           x.mape, x.smape, x.r2, x.brier_score, x.sharpe_ratio
    FROM metrics AS x
    JOIN ai_models AS m ON m.id = x.model_id
    ORDER BY rank, m.name, m.version;
COMMENT ON VIEW model_leaderboard IS
    'latest metrics of every evaluated model version, best first: by mape, which compares prices of any size, then by directional accuracy and accuracy; a model without mape comes last';
COMMENT ON COLUMN model_leaderboard.rank IS 'place, from 1; equal metrics share a place';
COMMENT ON COLUMN model_leaderboard.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_leaderboard.name IS 'name of the model';
COMMENT ON COLUMN model_leaderboard.version IS 'version of the model';
COMMENT ON COLUMN model_leaderboard.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_leaderboard.is_active IS 'whether the version is in use';
COMMENT ON COLUMN model_leaderboard.evaluation_date IS 'when the metrics were computed, of several the last';
COMMENT ON COLUMN model_leaderboard.predictions IS 'predictions behind the metric that had the most';
COMMENT ON COLUMN model_leaderboard.accuracy IS 'share of predictions within their accuracy threshold, 0 to 1';
COMMENT ON COLUMN model_leaderboard.directional_accuracy IS 'share of predictions whose direction came true, 0 to 1';
COMMENT ON COLUMN model_leaderboard.mae IS 'mean absolute error, in USD';
COMMENT ON COLUMN model_leaderboard.rmse IS 'root mean squared error, in USD';
COMMENT ON COLUMN model_leaderboard.mape IS 'mean absolute percentage error, as a fraction';
COMMENT ON COLUMN model_leaderboard.smape IS 'symmetric mean absolute percentage error, 0 to 2';
COMMENT ON COLUMN model_leaderboard.r2 IS 'coefficient of determination';
COMMENT ON COLUMN model_leaderboard.brier_score IS 'Brier score of confidence_score as the probability of being accurate';
COMMENT ON COLUMN model_leaderboard.sharpe_ratio IS 'annualised Sharpe ratio of following each predicted direction';
