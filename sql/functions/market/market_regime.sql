-- The regime of the market: market_regime_analysis, a row per snapshot and model.

CREATE FUNCTION ca_volatility_expansions(asset integer, timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (bar timestamptz, expansion double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH width AS (
        SELECT i.candle_time, CASE WHEN ca_option('breakout', 'expansion') = 0 THEN i.atr_14 ELSE i.bollinger_bandwidth END AS width
        FROM technical_indicators(
            ca_volatility_expansions.asset, ca_volatility_expansions.timeframe,
            -- twice as far back as bars are needed, for gaps
            ca_volatility_expansions.since - 2 * (ca_option('breakout', 'expansion_bars') + 5) * timeframe_length(ca_volatility_expansions.timeframe),
            ca_volatility_expansions.until) AS i
    ), compared AS (
        SELECT w.candle_time, w.width, avg(w.width) OVER b AS mean, count(w.width) OVER b AS known
        FROM width AS w
        WINDOW b AS (ORDER BY w.candle_time ROWS BETWEEN (SELECT ca_option('breakout', 'expansion_bars')::integer) PRECEDING AND 1 PRECEDING)
    )
    SELECT c.candle_time, ca_clamped(100 * (c.width / nullif(c.mean, 0) - 1), -999.99, 999.99)
    FROM compared AS c
    WHERE c.candle_time >= ca_volatility_expansions.since AND c.known = ca_option('breakout', 'expansion_bars');
END;
COMMENT ON FUNCTION ca_volatility_expansions(integer, text, timestamptz, timestamptz) IS
    'of closed bars that start in [since, until) by how many percent ATR, or the width of the Bollinger bands, is above its mean of the bars before';

CREATE FUNCTION ca_breakout_of(asset integer, timeframe text, until timestamptz, OUT bar timestamptz, OUT direction integer, OUT level numeric,
                               OUT fresh boolean, OUT volume_ratio double precision, OUT retest boolean)
    RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH newest AS (
        SELECT max(c.time) AS bar
        FROM candles(ca_breakout_of.asset, ca_breakout_of.timeframe,
                     ca_breakout_of.until - 12 * timeframe_length(ca_breakout_of.timeframe), ca_breakout_of.until) AS c
    )
    SELECT n.bar, b.direction, b.level, b.fresh, b.volume_ratio, b.retest
    FROM newest AS n
    LEFT JOIN LATERAL ca_breakout_bars(
        ca_breakout_of.asset, ca_breakout_of.timeframe, ca_option('breakout', 'bars')::integer, ca_option('breakout', 'retest_bars')::integer,
        ca_option('breakout', 'tolerance'),
        ca_bars_begin(ca_breakout_of.asset, ca_breakout_of.timeframe, n.bar,
                      ca_option('breakout', 'bars')::integer + 2 * ca_option('breakout', 'retest_bars')::integer),
        n.bar, ca_breakout_of.until, true) AS b ON b.time = n.bar;
END;
COMMENT ON FUNCTION ca_breakout_of(integer, text, timestamptz) IS
    'whether the newest bar before a boundary breaks out of the channel of the bars before, and whether a breakout shortly before was tested and holds';

CREATE FUNCTION ca_breakout_timeframes(asset integer, timeframe text, moment timestamptz, direction integer) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(array_agg(t.code ORDER BY t.place), '{}')
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL ca_breakout_of(ca_breakout_timeframes.asset, t.code, timeframe_bucket(t.code, ca_breakout_timeframes.moment)) AS b
    WHERE t.code = ANY (ca_option_words('breakout', 'timeframes'))
      AND t.code <> ca_breakout_timeframes.timeframe
      AND b.direction = ca_breakout_timeframes.direction
      AND timeframe_count(t.code, b.bar, timeframe_bucket(t.code, ca_breakout_timeframes.moment)) <= 2;
END;
COMMENT ON FUNCTION ca_breakout_timeframes(integer, text, timestamptz, integer) IS
    'other timeframes of the setting breakout whose newest closed bar broke out in the same direction';

CREATE FUNCTION ca_key_levels(asset integer, timeframe text, moment timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'type', l.kind, 'value', trim_scale(l.level), 'strength', round(l.strength / l.greatest, 2),
                       'touches', l.touches, 'last_touch', to_char(l.last_touch AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                       ORDER BY l.strength DESC, l.level), '[]')
            FROM (SELECT s.*, max(s.strength) OVER () AS greatest
                  FROM support_resistance(
                      ca_key_levels.asset, ca_key_levels.timeframe, ca_option('breakout', 'level_bars')::integer,
                      ca_option('breakout', 'level_wing')::integer, ca_option('breakout', 'level_tolerance')::numeric, ca_key_levels.moment) AS s
                  ORDER BY s.strength DESC, s.level
                  LIMIT ca_option('breakout', 'levels')::bigint) AS l)
           || (SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'type', 'trendline', 'side', t.side, 'strength', round(t.strength::numeric, 2),
                          'points', jsonb_build_array(
                              jsonb_build_object('x', to_char(t.first AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'y', trim_scale(t.first_price)),
                              jsonb_build_object('x', to_char(t.second AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'y', trim_scale(t.second_price))))
                          ORDER BY t.side DESC), '[]')
               FROM trend_lines(ca_key_levels.asset, ca_key_levels.timeframe, ca_option('breakout', 'level_bars')::integer,
                                ca_option('breakout', 'wing')::integer, 0.5, ca_key_levels.moment) AS t
               WHERE t.touches >= ca_option('breakout', 'trend_touches'));
END;
COMMENT ON FUNCTION ca_key_levels(integer, text, timestamptz) IS
    'the strongest levels of support and resistance of a series, and at most one trend line a side';

CREATE FUNCTION ca_valid_prediction(asset integer, prediction_type text, model_type text, moment timestamptz,
                                    OUT id integer, OUT value jsonb, OUT confidence numeric)
    RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.id, p.predicted_value, p.confidence_score
    FROM predictions AS p
    JOIN ai_models AS a ON a.id = p.ai_models_id AND a.is_active AND a.model_type = ca_valid_prediction.model_type
    WHERE p.asset_id = ca_valid_prediction.asset AND p.prediction_type = ca_valid_prediction.prediction_type
      AND p.created_at <= ca_valid_prediction.moment
      AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > ca_valid_prediction.moment
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_valid_prediction(integer, text, text, timestamptz) IS
    'the newest prediction of a type, by an active model, that had been made by a moment and whose target had not passed';

CREATE FUNCTION ca_regime_duration(timeframe text, model integer, moment timestamptz, regime text) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ca_spell_estimate(array_agg(x.regime ORDER BY x.snapshot_time), array_agg(x.snapshot_time ORDER BY x.snapshot_time),
                             ca_regime_duration.timeframe, ca_option('regime', 'min_spells')::bigint)::integer
    FROM (SELECT r.regime::text, s.snapshot_time
          FROM metrics_snapshot AS s
          JOIN market_regime_analysis AS r ON r.metrics_snapshot_id = s.id AND r.ai_model_id = ca_regime_duration.model
          WHERE s.timeframe = ca_regime_duration.timeframe AND s.snapshot_time < ca_regime_duration.moment
          UNION ALL
          SELECT ca_regime_duration.regime, ca_regime_duration.moment) AS x;
END;
COMMENT ON FUNCTION ca_regime_duration(text, integer, timestamptz, text) IS
    'hours that a regime may still last, by the stored analyses of the rules before a moment; NULL if these have too few completed spells of it';

CREATE FUNCTION ca_regime_settings() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('regime', ca_options('regime')::jsonb, 'breakout', ca_options('breakout')::jsonb);
COMMENT ON FUNCTION ca_regime_settings() IS
    'the settings that an analysis of the regime is made with';

CREATE FUNCTION ca_analyse_regimes(timeframe text, snapshots integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    benchmark CONSTANT integer := (SELECT a.id FROM assets AS a WHERE a.symbol = ca_benchmark());
    settings CONSTANT jsonb := ca_regime_settings();
    threshold CONSTANT double precision := ca_option('regime', 'threshold');
    model integer;
    b record;
    f record;
    done bigint := 0;
    rows bigint;
BEGIN
    IF benchmark IS NULL THEN
        RETURN 0;
    END IF;
    FOR b IN
        WITH wanted AS MATERIALIZED (
            SELECT s.id, s.snapshot_time AS moment FROM metrics_snapshot AS s WHERE s.id = ANY (snapshots)
        ), span AS MATERIALIZED (
            SELECT min(w.moment) - (2 + ca_option('market', 'snapshot_gap')) * timeframe_length(ca_analyse_regimes.timeframe) AS since,
                   max(w.moment) AS until
            FROM wanted AS w
        ), score AS MATERIALIZED (
            SELECT r.* FROM span AS s CROSS JOIN LATERAL ca_regime_scores(benchmark, ca_analyse_regimes.timeframe, s.since, s.until) AS r
        ), expansion AS MATERIALIZED (
            SELECT e.* FROM span AS s CROSS JOIN LATERAL ca_volatility_expansions(benchmark, ca_analyse_regimes.timeframe, s.since, s.until) AS e
        )
        SELECT w.id, w.moment, r.*, e.expansion,
               CASE WHEN r.score >= threshold THEN 'Bull' WHEN r.score <= -threshold THEN 'Bear' ELSE 'Sideways' END AS regime
        FROM wanted AS w
        CROSS JOIN LATERAL (SELECT s.* FROM score AS s WHERE s.ends_at <= w.moment ORDER BY s.ends_at DESC LIMIT 1) AS r
        LEFT JOIN expansion AS e ON e.bar = r.bar
        WHERE r.score IS NOT NULL
          AND timeframe_count(ca_analyse_regimes.timeframe, r.bar, w.moment) <= 1 + ca_option('market', 'snapshot_gap')
        -- the estimate of how long a regime lasts reads the rows before
        ORDER BY w.moment
    LOOP
        -- a change of settings is another version of the rules
        model := coalesce(model, ca_model_of_rules('market rules', 'macro', '1', settings));
        SELECT x.*, p.id AS prediction_id, p.value AS prediction, p.confidence,
               ca_breakout_timeframes(benchmark, ca_analyse_regimes.timeframe, b.moment, CASE WHEN x.direction <> 0 THEN x.direction END) AS others,
               ca_divergence_score(benchmark, ca_analyse_regimes.timeframe, ca_option('breakout', 'divergence_bars')::integer,
                                   ca_option('breakout', 'wing')::integer, ca_option('breakout', 'divergence_recent')::integer, b.moment) AS divergence,
               ca_key_levels(benchmark, ca_analyse_regimes.timeframe, b.moment) AS levels,
               ca_regime_duration(ca_analyse_regimes.timeframe, model, b.moment, b.regime) AS duration,
               CASE b.regime WHEN 'Bull' THEN b.bulls WHEN 'Bear' THEN b.bears ELSE b.neither END AS agreeing
        INTO f
        FROM ca_breakout_of(benchmark, ca_analyse_regimes.timeframe, b.moment) AS x
        CROSS JOIN LATERAL ca_valid_prediction(benchmark, 'regime', 'macro', b.moment) AS p;
        WITH new AS MATERIALIZED (
            SELECT b.moment AS analysis_time, b.regime AS regime, round((b.adx / 100)::numeric, 2) AS trend_strength_score,
                   coalesce(f.direction <> 0, false) AS breakout_signal,
                   coalesce(f.direction <> 0 AND f.volume_ratio >= 1 + ca_option('breakout', 'volume'), false) AS volume_confirmation,
                   round(b.expansion::numeric, 2) AS volatility_expansion_score, coalesce(f.retest, false) AS retest_confirmation,
                   round(f.divergence::numeric, 2) AS momentum_divergence_score,
                   coalesce(f.direction <> 0 AND f.others <> '{}', false) AS multi_timeframe_breakout, b.price_vs_sma200 > 0 AS price_above_ma200,
                   f.levels AS key_levels,
                   CASE WHEN f.prediction ->> 'regime' IN ('Bull', 'Bear', 'Sideways') THEN f.prediction ->> 'regime' END AS ai_regime_prediction,
                   CASE WHEN f.prediction ->> 'regime' IN ('Bull', 'Bear', 'Sideways') THEN round(f.confidence, 2) END AS ai_confidence_score,
                   round((coalesce(f.agreeing, 0) / (coalesce(b.bulls, 0) + coalesce(b.bears, 0) + coalesce(b.neither, 0)))::numeric, 2) AS signal_agreement_score,
                   f.duration AS regime_duration_estimate,
                   jsonb_strip_nulls(jsonb_build_object(
                       'rationale', b.rationale, 'score', round(b.score::numeric, 4), 'raw_score', round(b.s::numeric, 4), 'votes', b.votes,
                       'breakout', jsonb_build_object(
                           'known', f.direction IS NOT NULL AND (f.direction = 0 OR f.volume_ratio IS NOT NULL), 'direction', f.direction,
                           'level', trim_scale(f.level), 'volume_ratio', round(f.volume_ratio::numeric, 4), 'fresh', f.fresh,
                           'timeframes', CASE WHEN f.direction <> 0 THEN to_jsonb(f.others) END),
                       'retest', coalesce(f.retest, false), 'divergence', round(f.divergence::numeric, 4), 'prediction_id', f.prediction_id,
                       'parameters', settings)) AS analysis_data
        ), changed AS (
            UPDATE market_regime_analysis AS r
            SET analysis_time = n.analysis_time, regime = n.regime, trend_strength_score = n.trend_strength_score,
                breakout_signal = n.breakout_signal, volume_confirmation = n.volume_confirmation,
                volatility_expansion_score = n.volatility_expansion_score, retest_confirmation = n.retest_confirmation,
                momentum_divergence_score = n.momentum_divergence_score, multi_timeframe_breakout = n.multi_timeframe_breakout,
                price_above_ma200 = n.price_above_ma200, key_levels = n.key_levels, ai_regime_prediction = n.ai_regime_prediction,
                ai_confidence_score = n.ai_confidence_score, signal_agreement_score = n.signal_agreement_score,
                regime_duration_estimate = n.regime_duration_estimate, analysis_data = n.analysis_data
            FROM new AS n
            WHERE r.metrics_snapshot_id = b.id AND r.ai_model_id = model
              AND (r.analysis_time, r.regime, r.trend_strength_score, r.breakout_signal, r.volume_confirmation, r.volatility_expansion_score,
                   r.retest_confirmation, r.momentum_divergence_score, r.multi_timeframe_breakout, r.price_above_ma200, r.key_levels,
                   r.ai_regime_prediction, r.ai_confidence_score, r.signal_agreement_score, r.regime_duration_estimate, r.analysis_data)
                  IS DISTINCT FROM
                  (n.analysis_time, n.regime, n.trend_strength_score, n.breakout_signal, n.volume_confirmation, n.volatility_expansion_score,
                   n.retest_confirmation, n.momentum_divergence_score, n.multi_timeframe_breakout, n.price_above_ma200, n.key_levels,
                   n.ai_regime_prediction, n.ai_confidence_score, n.signal_agreement_score, n.regime_duration_estimate, n.analysis_data)
            RETURNING r.id
        ), added AS (
            INSERT INTO market_regime_analysis (
                metrics_snapshot_id, ai_model_id, analysis_time, regime, trend_strength_score, breakout_signal, volume_confirmation,
                volatility_expansion_score, retest_confirmation, momentum_divergence_score, multi_timeframe_breakout, price_above_ma200,
                key_levels, ai_regime_prediction, ai_confidence_score, signal_agreement_score, regime_duration_estimate, analysis_data)
            SELECT b.id, model, n.*
            FROM new AS n
            WHERE NOT EXISTS (SELECT FROM market_regime_analysis AS r WHERE r.metrics_snapshot_id = b.id AND r.ai_model_id = model)
            RETURNING id
        )
        SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) INTO rows;
        done := done + rows;
    END LOOP;
    RETURN done;
END;
$$;
COMMENT ON FUNCTION ca_analyse_regimes(text, integer[]) IS
    'analyses the regime of these snapshots, all of one timeframe, oldest first, and returns how many rows were inserted or changed; the caller holds the lock';

CREATE FUNCTION ca_check_snapshot(snapshot integer) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    code text;
BEGIN
    SELECT s.timeframe INTO code FROM metrics_snapshot AS s WHERE s.id = snapshot;
    IF NOT FOUND THEN
        RAISE EXCEPTION '%', CASE WHEN snapshot IS NULL THEN 'snapshot must not be NULL' ELSE 'unknown snapshot' END
            USING ERRCODE = CASE WHEN snapshot IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
                  DETAIL = CASE WHEN snapshot IS NULL THEN 'The function needs a snapshot.'
                              ELSE format('There is no row in metrics_snapshot with id %s.', snapshot) END,
                  HINT = 'build_metrics_snapshot() returns the id of a snapshot.';
    END IF;
    PERFORM ca_check_timeframe(code);
    RETURN code;
END;
$$;
COMMENT ON FUNCTION ca_check_snapshot(integer) IS
    'refuses a snapshot that is NULL or unknown, and returns its timeframe';

CREATE FUNCTION @extschema@.analyse_market_regime(snapshot integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    code text;
BEGIN
    PERFORM ca_check_rights('market_regime_analysis', 'SELECT, INSERT, UPDATE');
    code := ca_check_snapshot(analyse_market_regime.snapshot);
    PERFORM ca_lock_work('regime ' || code);
    PERFORM ca_analyse_regimes(code, ARRAY[analyse_market_regime.snapshot]);
    RETURN (SELECT r.id
            FROM market_regime_analysis AS r
            JOIN ai_models AS m ON m.id = r.ai_model_id AND m.name = 'market rules' AND m.configuration = ca_regime_settings()
            WHERE r.metrics_snapshot_id = analyse_market_regime.snapshot);
END;
$$;
COMMENT ON FUNCTION analyse_market_regime(integer) IS
    'writes what the rules say of a snapshot into market_regime_analysis: regime, the votes behind it, breakouts, key levels and how long the regime may last; returns the id of the row, or NULL if too few votes are known; rows of other models are left alone, and so is a row that would not change';

CREATE VIEW @extschema@.latest_market_regime WITH (security_invoker = true) AS
    SELECT DISTINCT ON (s.timeframe)
           s.timeframe, s.snapshot_time, s.price, r.id AS analysis_id, r.metrics_snapshot_id, r.ai_model_id, r.regime, r.trend_strength_score,
           r.breakout_signal, r.signal_agreement_score, r.regime_duration_estimate, r.ai_regime_prediction, r.ai_confidence_score,
           r.key_levels, r.analysis_data
    FROM metrics_snapshot AS s
    JOIN market_regime_analysis AS r ON r.metrics_snapshot_id = s.id
    JOIN ai_models AS m ON m.id = r.ai_model_id AND m.name = 'market rules' AND m.is_active
    ORDER BY s.timeframe, s.snapshot_time DESC;
COMMENT ON VIEW latest_market_regime IS
    'the latest analysis of the rules in each timeframe, with its snapshot';
COMMENT ON COLUMN latest_market_regime.timeframe IS 'timeframe of the snapshot';
COMMENT ON COLUMN latest_market_regime.snapshot_time IS 'moment of the snapshot';
COMMENT ON COLUMN latest_market_regime.price IS 'BTC price in USD';
COMMENT ON COLUMN latest_market_regime.analysis_id IS 'analysis, market_regime_analysis.id';
COMMENT ON COLUMN latest_market_regime.metrics_snapshot_id IS 'snapshot, metrics_snapshot.id';
COMMENT ON COLUMN latest_market_regime.ai_model_id IS 'version of the rules, ai_models.id';
COMMENT ON COLUMN latest_market_regime.regime IS 'Bull, Bear or Sideways';
COMMENT ON COLUMN latest_market_regime.trend_strength_score IS 'ADX / 100';
COMMENT ON COLUMN latest_market_regime.breakout_signal IS 'whether the last bar broke out of its channel';
COMMENT ON COLUMN latest_market_regime.signal_agreement_score IS 'share of the votes that equal the regime';
COMMENT ON COLUMN latest_market_regime.regime_duration_estimate IS 'hours that the regime may still last';
COMMENT ON COLUMN latest_market_regime.ai_regime_prediction IS 'regime that a model predicts';
COMMENT ON COLUMN latest_market_regime.ai_confidence_score IS 'confidence of that model, 0 to 1';
COMMENT ON COLUMN latest_market_regime.key_levels IS 'support, resistance and trend lines';
COMMENT ON COLUMN latest_market_regime.analysis_data IS 'votes, scores and parameters of the analysis';
