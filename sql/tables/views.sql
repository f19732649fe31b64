-- Views over the tables.

CREATE VIEW @extschema@.price_history WITH (security_invoker = true) AS
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

CREATE VIEW @extschema@.model_leaderboard WITH (security_invoker = true) AS
    WITH ordered AS (
        -- of several evaluations of one date the one whose range ends last, and of those the longest
        SELECT p.model_id, p.evaluation_metric, p.metric_value, p.evaluation_date, p.evaluated_predictions_count,
               rank() OVER (PARTITION BY p.model_id
                            ORDER BY p.evaluation_date DESC,
                                     p.evaluation_data_range ->> 'until' COLLATE "C" DESC NULLS FIRST,
                                     p.evaluation_data_range ->> 'since' COLLATE "C" NULLS FIRST) AS place
        FROM model_performance AS p
    ), latest AS (
        -- one evaluation: a metric that it lacks is unknown, whatever an older evaluation has
        SELECT o.* FROM ordered AS o WHERE o.place = 1
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
    'metrics of the latest evaluation of every model version, best first: by mape, which compares prices of any size, then by directional accuracy and accuracy; models without mape come last';
COMMENT ON COLUMN model_leaderboard.rank IS 'place, from 1; equal metrics share a place';
COMMENT ON COLUMN model_leaderboard.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_leaderboard.name IS 'name of the model';
COMMENT ON COLUMN model_leaderboard.version IS 'version of the model';
COMMENT ON COLUMN model_leaderboard.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_leaderboard.is_active IS 'whether the version is in use';
COMMENT ON COLUMN model_leaderboard.evaluation_date IS 'when the metrics were computed';
COMMENT ON COLUMN model_leaderboard.predictions IS 'largest number of predictions from which one of the metrics was computed';
COMMENT ON COLUMN model_leaderboard.accuracy IS 'share of predictions within their accuracy threshold, 0 to 1';
COMMENT ON COLUMN model_leaderboard.directional_accuracy IS 'share of predictions whose direction came true, 0 to 1';
COMMENT ON COLUMN model_leaderboard.mae IS 'mean absolute error, in USD';
COMMENT ON COLUMN model_leaderboard.rmse IS 'root mean squared error, in USD';
COMMENT ON COLUMN model_leaderboard.mape IS 'mean absolute percentage error, as a fraction';
COMMENT ON COLUMN model_leaderboard.smape IS 'symmetric mean absolute percentage error, 0 to 2';
COMMENT ON COLUMN model_leaderboard.r2 IS 'coefficient of determination';
COMMENT ON COLUMN model_leaderboard.brier_score IS 'Brier score of confidence_score as the probability of being accurate';
COMMENT ON COLUMN model_leaderboard.sharpe_ratio IS 'annualised Sharpe ratio of following each predicted direction';
