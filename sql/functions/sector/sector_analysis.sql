-- Analyses of single sectors: what happened, seven votes and the outlook that they give.

CREATE FUNCTION ca_sector_model() RETURNS integer
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_model_of_rules('sector rules', 'sector', '1',
                          jsonb_build_object('sectors', ca_options('sectors')::jsonb, 'benchmark', ca_benchmark(),
                                             'price_staleness', extract(epoch FROM ca_price_staleness())::bigint,
                                             'current_supply', ca_option('market', 'current_supply') = 1));
END;
COMMENT ON FUNCTION ca_sector_model() IS
    'the row of ai_models that stands for the rules of sectors with the settings of now';

CREATE FUNCTION ca_vote(value double precision, low double precision, high double precision, inclusive boolean) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_vote.value > ca_vote.high OR ca_vote.inclusive AND ca_vote.value = ca_vote.high THEN 1
                WHEN ca_vote.value < ca_vote.low OR ca_vote.inclusive AND ca_vote.value = ca_vote.low THEN -1 ELSE 0 END;
COMMENT ON FUNCTION ca_vote(double precision, double precision, double precision, boolean) IS
    'the vote of a value: 1 above a band, -1 below it, else 0; NULL for NULL';

CREATE FUNCTION ca_outlook_word(score double precision, threshold double precision) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_outlook_word.score >= ca_outlook_word.threshold THEN 'Bullish'
                WHEN ca_outlook_word.score <= - ca_outlook_word.threshold THEN 'Bearish' ELSE 'Neutral' END;
COMMENT ON FUNCTION ca_outlook_word(double precision, double precision) IS
    'the outlook that a mean of votes gives';

CREATE FUNCTION ca_outlook_vote(outlook text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE ca_outlook_vote.outlook WHEN 'Bullish' THEN 1 WHEN 'Bearish' THEN -1 WHEN 'Neutral' THEN 0 END;
COMMENT ON FUNCTION ca_outlook_vote(text) IS
    'the vote that agrees with an outlook';

CREATE FUNCTION ca_snapshot_regimes(snapshots integer[]) RETURNS TABLE (snapshot_id integer, regime text, duration integer)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT DISTINCT ON (r.metrics_snapshot_id) r.metrics_snapshot_id, r.regime, r.regime_duration_estimate
    FROM market_regime_analysis AS r
    JOIN ai_models AS m ON m.id = r.ai_model_id AND m.name = 'market rules'
    WHERE r.metrics_snapshot_id = ANY (ca_snapshot_regimes.snapshots)
    ORDER BY r.metrics_snapshot_id, r.id DESC;
END;
COMMENT ON FUNCTION ca_snapshot_regimes(integer[]) IS
    'the regime of snapshots by the rules, and how long it may last in hours';

CREATE FUNCTION ca_layer_predictions(prediction_type text, model_type text, moments timestamptz[])
    RETURNS TABLE (moment timestamptz, id integer, predicted_value jsonb, confidence numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT m, p.id, p.predicted_value, p.confidence_score
    FROM unnest(ca_layer_predictions.moments) AS m
    JOIN assets AS a ON a.symbol = ca_benchmark()
    JOIN predictions AS p
      ON p.asset_id = a.id AND p.prediction_type = ca_layer_predictions.prediction_type AND p.created_at <= m
         AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > m
    JOIN ai_models AS t ON t.id = p.ai_models_id AND t.is_active AND t.model_type = ca_layer_predictions.model_type
    WHERE jsonb_typeof(p.predicted_value) = 'object';
END;
COMMENT ON FUNCTION ca_layer_predictions(text, text, timestamptz[]) IS
    'predictions of a type, by deployed models of a type, that had been made at these moments and whose targets were to come';

CREATE FUNCTION ca_outlook_predictions(moments timestamptz[])
    RETURNS TABLE (moment timestamptz, sector_id integer, period text, id integer, outlook text, confidence numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT DISTINCT ON (v.moment, v.sector, v.period) v.moment, v.sector::integer, v.period, v.id, v.outlook, v.confidence
    FROM (SELECT p.moment, p.id, p.confidence, q.created_at, p.predicted_value ->> 'sector_id' AS sector,
                 p.predicted_value ->> 'period' AS period, p.predicted_value ->> 'outlook' AS outlook
          FROM ca_layer_predictions('sector_outlook', 'sector', ca_outlook_predictions.moments) AS p
          JOIN predictions AS q ON q.id = p.id) AS v
    WHERE v.sector ~ '^[0-9]{1,9}$' AND v.outlook IN ('Bullish', 'Bearish', 'Neutral')
    ORDER BY v.moment, v.sector, v.period, v.created_at DESC, v.id DESC;
END;
COMMENT ON FUNCTION ca_outlook_predictions(timestamptz[]) IS
    'the newest valid prediction of type sector_outlook per sector and period';

-- What only an outside source knows; a narrative that was fed once but is weak now is not the same as none.
CREATE FUNCTION ca_sector_feeds(moments timestamptz[])
    RETURNS TABLE (moment timestamptz, sector_id integer, institutional_inflow numeric, tvl_total numeric, active_users numeric,
                   active_protocols numeric, tags text[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH value AS MATERIALIZED (
        SELECT v.*
        FROM ca_metric_values(ca_sector_feeds.moments,
                              '{institutional_inflow,tvl_total,active_users,active_protocols,narrative}') AS v
    ), first AS MATERIALIZED (
        SELECT f.sector_id, min(timeframe_end(t, c.candle_time)) AS known
        FROM ca_feeds('{narrative}') AS f
        CROSS JOIN timeframes() AS t
        CROSS JOIN LATERAL (
            SELECT h.candle_time FROM price_history AS h
            WHERE h.asset_id = f.asset_id AND h.timeframe = t
            ORDER BY h.candle_time LIMIT 1) AS c
        GROUP BY f.sector_id
    )
    SELECT m, s.id, max(v.value) FILTER (WHERE v.metric = 'institutional_inflow'), max(v.value) FILTER (WHERE v.metric = 'tvl_total'),
           max(v.value) FILTER (WHERE v.metric = 'active_users'), max(v.value) FILTER (WHERE v.metric = 'active_protocols'),
           CASE WHEN min(f.known) <= m
                THEN coalesce(array_agg(v.label ORDER BY v.value DESC, v.label COLLATE "C")
                                  FILTER (WHERE v.metric = 'narrative' AND v.value >= ca_option('sectors', 'narrative_min')), '{}') END
    FROM (SELECT DISTINCT m FROM unnest(ca_sector_feeds.moments) AS m) AS m
    CROSS JOIN sectors AS s
    LEFT JOIN value AS v ON v.moment = m AND v.sector_id = s.id
    LEFT JOIN first AS f ON f.sector_id = s.id
    GROUP BY m, s.id;
END;
COMMENT ON FUNCTION ca_sector_feeds(timestamptz[]) IS
    'what is fed about sectors at these moments: inflow and value locked in USD, users, protocols, and labels of narratives, strongest first; NULL where nothing is known';

CREATE FUNCTION ca_sector_facts(snapshots integer[], periods text[])
    RETURNS TABLE (snapshot_id integer, timeframe text, moment timestamptz, sector_id integer, period text, "values" jsonb,
                   votes jsonb, score double precision, cast_votes integer, prediction_id integer, outlook text,
                   confidence numeric, signals jsonb, tags text[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH snapshot AS MATERIALIZED (
        SELECT s.id, s.timeframe, s.snapshot_time AS moment, timeframe_bucket('1d', s.snapshot_time) AS ends_at, s.total
        FROM metrics_snapshot AS s
        WHERE s.id = ANY (ca_sector_facts.snapshots)
    ), list AS MATERIALIZED (
        SELECT array_agg(DISTINCT s.moment) AS moments, array_agg(DISTINCT s.ends_at) AS ends FROM snapshot AS s HAVING count(*) > 0
    ), spell AS MATERIALIZED (
        SELECT p.*
        FROM list AS l
        CROSS JOIN LATERAL ca_sector_periods(l.moments, '{24:00:00,168:00:00,720:00:00}') AS p
    ), performance AS MATERIALIZED (
        SELECT p.moment, p.sector_id, max(p.performance) FILTER (WHERE p.span = '24:00:00') AS day,
               max(p.performance) FILTER (WHERE p.span = '168:00:00') AS week,
               max(p.performance) FILTER (WHERE p.span = '720:00:00') AS month
        FROM spell AS p
        GROUP BY p.moment, p.sector_id
    ), strength AS MATERIALIZED (
        SELECT s.* FROM list AS l CROSS JOIN LATERAL ca_sector_strengths(l.ends, ca_option('sectors', 'rs_days')::integer) AS s
    ), statistic AS MATERIALIZED (
        SELECT s.* FROM list AS l CROSS JOIN LATERAL ca_sector_statistics(l.ends) AS s
    ), breadth AS MATERIALIZED (
        SELECT b.* FROM list AS l CROSS JOIN LATERAL ca_sector_breadths(l.ends) AS b
    ), feed AS MATERIALIZED (
        SELECT f.* FROM list AS l CROSS JOIN LATERAL ca_sector_feeds(l.moments) AS f
    ), volume AS MATERIALIZED (
        SELECT v.* FROM list AS l CROSS JOIN LATERAL ca_sector_volumes(ARRAY(SELECT s.id FROM sectors AS s WHERE s.is_active), l.moments) AS v
    ), predicted AS MATERIALIZED (
        SELECT p.* FROM list AS l CROSS JOIN LATERAL ca_outlook_predictions(l.moments) AS p
    ), regime AS MATERIALIZED (
        SELECT r.* FROM ca_snapshot_regimes(ca_sector_facts.snapshots) AS r
    ), btc AS MATERIALIZED (
        SELECT p.*
        FROM list AS l
        JOIN assets AS a ON a.symbol = ca_benchmark()
        CROSS JOIN LATERAL ca_prices_of(
            a.id, ARRAY(SELECT m - g FROM unnest(l.moments) AS m
                        CROSS JOIN unnest('{00:00:00,24:00:00,168:00:00,720:00:00}'::interval[]) AS g)) AS p
    ), setting AS MATERIALIZED (
        SELECT o.excess, o.strength_low, o.strength_high, o.momentum, o.rotation, o.trend, o.threshold, o.min_votes, o.surge
        FROM jsonb_to_record(ca_options('sectors')::jsonb)
            AS o (excess double precision, strength_low double precision, strength_high double precision,
                  momentum double precision, rotation double precision, trend double precision, threshold double precision,
                  min_votes integer, surge double precision)
    ), fact AS MATERIALIZED (
        SELECT n.id AS snapshot_id, n.timeframe, n.moment, s.id AS sector_id, p.period, n.total, x.members, x.known, x.market_cap,
               x.btc_cap, x.net_issuance, x.net_flow, x.inflow, x.outflow, f.day, f.week, f.month, v.volume, t.score AS strength,
               t.rs_ratio, t.rs_momentum, t.quadrant, c.trend, c.breakout, c.surge, c.corr_btc, c.corr_eth, c.volatility, c.volatility_score,
               c.liquidity_score, b.breadth, r.regime, o.institutional_inflow, o.tvl_total, o.active_users, o.active_protocols, o.tags,
               q.id AS prediction_id, q.outlook AS predicted, q.confidence,
               x.performance - 100 * (now.price / nullif(before.price, 0) - 1) AS excess,
               rank() OVER (PARTITION BY n.id, p.period ORDER BY x.performance DESC NULLS LAST) AS place, x.performance
        FROM snapshot AS n
        CROSS JOIN sectors AS s
        CROSS JOIN unnest(ca_sector_facts.periods) AS p (period)
        LEFT JOIN spell AS x ON x.moment = n.moment AND x.sector_id = s.id AND x.span = ca_period_span(p.period)
        LEFT JOIN performance AS f ON f.moment = n.moment AND f.sector_id = s.id
        LEFT JOIN volume AS v ON v.moment = n.moment AND v.sector_id = s.id
        LEFT JOIN strength AS t ON t.ends_at = n.ends_at AND t.sector_id = s.id
        LEFT JOIN statistic AS c ON c.ends_at = n.ends_at AND c.sector_id = s.id
        LEFT JOIN breadth AS b ON b.ends_at = n.ends_at AND b.sector_id = s.id
        LEFT JOIN feed AS o ON o.moment = n.moment AND o.sector_id = s.id
        LEFT JOIN predicted AS q ON q.moment = n.moment AND q.sector_id = s.id AND q.period = p.period
        LEFT JOIN regime AS r ON r.snapshot_id = n.id
        LEFT JOIN btc AS now ON now.moment = n.moment
        LEFT JOIN btc AS before ON before.moment = n.moment - ca_period_span(p.period)
        WHERE s.is_active
    ), voted AS (
        SELECT f.*, v.votes, v.score, v.cast_votes
        FROM fact AS f
        CROSS JOIN setting AS k
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(b.name, jsonb_build_object('vote', b.vote, 'value', coalesce(to_jsonb(round(b.value::numeric, 4)), to_jsonb(f.regime)))) FILTER (WHERE b.vote IS NOT NULL) AS votes,
                   avg(b.vote)::double precision AS score, count(b.vote)::integer AS cast_votes
            FROM (VALUES ('excess', f.excess, ca_vote(f.excess, - k.excess, k.excess, false)),
                         ('strength', f.strength, ca_vote(f.strength, k.strength_low, k.strength_high, true)),
                         ('rs_momentum', f.rs_momentum, ca_vote(f.rs_momentum - 100, - k.momentum, k.momentum, false)),
                         ('rotation', f.inflow - f.outflow, ca_vote(f.inflow - f.outflow, - k.rotation, k.rotation, false)),
                         ('trend', f.trend, ca_vote(f.trend, - k.trend, k.trend, false)),
                         ('breadth', f.breadth, ca_vote(f.breadth, k.strength_low, k.strength_high, true)),
                         ('regime', NULL, CASE f.regime WHEN 'Bull' THEN 1 WHEN 'Bear' THEN -1 WHEN 'Sideways' THEN 0 END))
                AS b (name, value, vote)) AS v
    )
    SELECT v.snapshot_id, v.timeframe, v.moment, v.sector_id, v.period,
           jsonb_strip_nulls(jsonb_build_object(
               'sector_market_cap', v.market_cap, 'sector_volume_24h', v.volume,
               'sector_dominance_pct', 100 * v.market_cap / nullif(v.total::double precision, 0),
               'performance_24h_pct', v.day, 'performance_7d_pct', v.week, 'performance_30d_pct', v.month,
               'rotation_inflow_score', v.inflow, 'rotation_outflow_score', v.outflow, 'relative_strength_score', v.strength,
               'liquidity_score', v.liquidity_score, 'volatility_score', v.volatility_score,
               'correlation_with_btc', v.corr_btc, 'correlation_with_eth', v.corr_eth,
               'institutional_inflow', v.institutional_inflow, 'tvl_total', v.tvl_total,
               'active_users', v.active_users, 'active_protocols', v.active_protocols,
               'rs_ratio', round(v.rs_ratio::numeric, 4), 'rs_momentum', round(v.rs_momentum::numeric, 4), 'quadrant', v.quadrant,
               'btc_weight', round((coalesce(v.btc_cap, 0) / nullif(v.market_cap, 0))::numeric, 4),
               'members', coalesce(v.members, 0), 'missing', coalesce(v.members - v.known, 0),
               'net_flow_usd', round(v.net_flow::numeric, 2), 'net_issuance_usd', round(v.net_issuance::numeric, 2),
               'volatility', round(v.volatility::numeric, 4), 'breadth', round(v.breadth::numeric, 4))),
           coalesce(v.votes, '{}'), CASE WHEN v.cast_votes >= k.min_votes THEN v.score END, v.cast_votes,
           v.prediction_id, coalesce(v.predicted, CASE WHEN v.cast_votes >= k.min_votes THEN ca_outlook_word(v.score, k.threshold) END),
           v.confidence, g.signals, v.tags
    FROM voted AS v
    CROSS JOIN setting AS k
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object('type', x.type, 'value', x.value) ORDER BY x.place), '[]') AS signals
        FROM (VALUES (1, 'momentum_leader', CASE WHEN v.place = 1 AND v.performance IS NOT NULL THEN to_jsonb(true) END),
                     (2, 'liquidity_surge', CASE WHEN v.surge >= k.surge THEN to_jsonb(round(v.surge::numeric, 4)) END),
                     (3, 'rotation_inflow', CASE WHEN v.inflow > 0 THEN to_jsonb(round(v.inflow::numeric, 4)) END),
                     (4, 'rotation_outflow', CASE WHEN v.outflow > 0 THEN to_jsonb(round(v.outflow::numeric, 4)) END),
                     (5, 'breakout', CASE WHEN v.breakout <> 0 THEN to_jsonb(v.breakout) END),
                     (6, 'rs_quadrant', to_jsonb(v.quadrant))) AS x (place, type, value)
        WHERE x.value IS NOT NULL) AS g;
END;
COMMENT ON FUNCTION ca_sector_facts(integer[], text[]) IS
    'what analyses of snapshots say about active sectors over these periods: values by column, and further ones for analysis_data; votes, their mean, outlook and signals';

-- A spell is a run of one outlook without a missing bar.  It is completed when another outlook precedes and
-- follows it, without a gap.
CREATE FUNCTION ca_outlook_durations(timeframe text, keys text[], moments timestamptz[], outlooks text[], wanted boolean[])
    RETURNS TABLE (key text, moment timestamptz, hours integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH bar AS (
        SELECT b.key, b.moment, b.outlook, b.wanted,
               b.outlook IS DISTINCT FROM lag(b.outlook) OVER w
               OR timeframe_count(ca_outlook_durations.timeframe, lag(b.moment) OVER w, b.moment) IS DISTINCT FROM 1 AS begins,
               lag(b.outlook) OVER w IS NOT NULL
               AND timeframe_count(ca_outlook_durations.timeframe, lag(b.moment) OVER w, b.moment) = 1 AS joined
        FROM (SELECT u.key, u.moment, u.outlook, u.wanted
              FROM unnest(ca_outlook_durations.keys, ca_outlook_durations.moments, ca_outlook_durations.outlooks,
                          ca_outlook_durations.wanted) AS u (key, moment, outlook, wanted)) AS b
        WINDOW w AS (PARTITION BY b.key ORDER BY b.moment)
    ), numbered AS MATERIALIZED (
        SELECT b.*, count(*) FILTER (WHERE b.begins) OVER (PARTITION BY b.key ORDER BY b.moment) AS number
        FROM bar AS b
    ), aged AS MATERIALIZED (
        SELECT n.*, row_number() OVER (PARTITION BY n.key, n.number ORDER BY n.moment) AS age FROM numbered AS n
    ), spell AS MATERIALIZED (
        SELECT s.key, s.number, s.outlook, s.bars, s.joined AND lead(s.joined AND s.outlook IS NOT NULL) OVER (PARTITION BY s.key ORDER BY s.number) AS completed
        FROM (SELECT a.key, a.number, a.outlook, count(*) AS bars, bool_or(a.joined) FILTER (WHERE a.age = 1) AS joined
              FROM aged AS a GROUP BY a.key, a.number, a.outlook) AS s
    )
    SELECT a.key, a.moment,
           CASE WHEN count(*) >= 3
                THEN round(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.bars - a.age) FILTER (WHERE s.bars > a.age)
                           * extract(epoch FROM timeframe_length(ca_outlook_durations.timeframe))::double precision / 3600)::integer END
    FROM aged AS a
    JOIN spell AS s ON s.key = a.key AND s.number < a.number AND s.completed AND s.outlook = a.outlook
    WHERE a.wanted
    GROUP BY a.key, a.moment;
END;
COMMENT ON FUNCTION ca_outlook_durations(text, text[], timestamptz[], text[], boolean[]) IS
    'how many hours more states may last, one series of bars per key: the median of what completed spells of the same state, of which there must be three, had left at this age; for the wanted bars';

CREATE FUNCTION ca_sector_fitted("values" jsonb, OUT fitted jsonb, OUT unfit text[]) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(k.name, v.value) FILTER (WHERE v.value BETWEEN k.lowest AND k.highest), '{}'),
           array_agg(k.name ORDER BY k.place) FILTER (WHERE v.value NOT BETWEEN k.lowest AND k.highest)
    FROM (VALUES
        (1, 'sector_market_cap', 2, 0, 1e28 - 0.01), (2, 'sector_volume_24h', 2, 0, 1e28 - 0.01),
        (3, 'sector_dominance_pct', 2, 0, 100), (4, 'performance_24h_pct', 2, -9999.99, 9999.99),
        (5, 'performance_7d_pct', 2, -9999.99, 9999.99), (6, 'performance_30d_pct', 2, -9999.99, 9999.99),
        (7, 'rotation_inflow_score', 2, 0, 1), (8, 'rotation_outflow_score', 2, 0, 1), (9, 'relative_strength_score', 2, 0, 1),
        (10, 'liquidity_score', 2, 0, 1), (11, 'volatility_score', 2, 0, 1), (12, 'correlation_with_btc', 2, -1, 1),
        (13, 'correlation_with_eth', 2, -1, 1), (14, 'institutional_inflow', 2, - 1e28 + 0.01, 1e28 - 0.01),
        (15, 'tvl_total', 2, 0, 1e28 - 0.01), (16, 'active_users', 0, 0, 2147483647), (17, 'active_protocols', 0, 0, 2147483647))
        AS k (place, name, scale, lowest, highest)
    CROSS JOIN LATERAL (SELECT round((ca_sector_fitted."values" -> k.name)::numeric, k.scale) AS value) AS v
    WHERE ca_sector_fitted."values" ? k.name;
END;
COMMENT ON FUNCTION ca_sector_fitted(jsonb) IS
    'values of an analysis, rounded as its columns are, and the names of those that do not fit';

CREATE FUNCTION ca_write_sector_analyses(snapshots integer[], periods text[], timeframe text, model integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    written bigint;
BEGIN
    WITH fact AS MATERIALIZED (
        SELECT f.*, concat(f.sector_id, ' ', f.period) AS key
        FROM ca_sector_facts(ca_write_sector_analyses.snapshots, ca_write_sector_analyses.periods) AS f
    ), bar AS (
        SELECT f.key, f.moment, f.outlook, true AS wanted FROM fact AS f
        UNION ALL
        SELECT DISTINCT ON (concat(a.sector_id, ' ', a.timeframe), s.snapshot_time)
               concat(a.sector_id, ' ', a.timeframe), s.snapshot_time, a.ai_sector_outlook, false
        FROM metrics_snapshot AS s
        JOIN sector_analysis AS a ON a.metrics_snapshot_id = s.id
        JOIN ai_models AS m ON m.id = a.ai_model_id AND m.name = 'sector rules'
        WHERE s.timeframe = ca_write_sector_analyses.timeframe
          AND s.snapshot_time < (SELECT max(f.moment) FROM fact AS f)
          AND s.id <> ALL (ca_write_sector_analyses.snapshots)
          AND a.timeframe = ANY (ca_write_sector_analyses.periods)
    ), duration AS MATERIALIZED (
        SELECT d.*
        FROM (SELECT array_agg(b.key) AS keys, array_agg(b.moment) AS moments, array_agg(b.outlook) AS outlooks,
                     array_agg(b.wanted) AS wanted FROM bar AS b) AS l
        CROSS JOIN LATERAL ca_outlook_durations(ca_write_sector_analyses.timeframe, l.keys, l.moments, l.outlooks, l.wanted) AS d
    ), row AS MATERIALIZED (
        SELECT a.id, a AS old, jsonb_populate_record(a, c.columns) AS new
        FROM fact AS f
        LEFT JOIN duration AS d ON d.key = f.key AND d.moment = f.moment
        LEFT JOIN sector_analysis AS a
          ON a.metrics_snapshot_id = f.snapshot_id AND a.ai_model_id = ca_write_sector_analyses.model
             AND a.sector_id = f.sector_id AND a.timeframe = f.period
        CROSS JOIN LATERAL ca_sector_fitted(f."values") AS i
        CROSS JOIN LATERAL (
            SELECT array_agg(format('%s: %s (%s)', v.name,
                                    f.votes #>> ARRAY[v.name, 'value'],
                                    CASE f.votes #>> ARRAY[v.name, 'vote'] WHEN '1' THEN 'Bullish' WHEN '-1' THEN 'Bearish' ELSE 'Neutral' END)
                             ORDER BY v.place) AS lines,
                   count(*) FILTER (WHERE (f.votes #>> ARRAY[v.name, 'vote'])::integer = ca_outlook_vote(f.outlook)) AS agreeing
            FROM unnest('{excess,strength,rs_momentum,rotation,trend,breadth,regime}'::text[]) WITH ORDINALITY AS v (name, place)
            WHERE f.votes ? v.name) AS r
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(k, i.fitted -> k)
                   FILTER (WHERE i.fitted ? k OR k <> ALL ('{institutional_inflow,tvl_total,active_users,active_protocols}'))
                   || CASE WHEN f.tags IS NOT NULL THEN jsonb_build_object('narrative_tag', to_jsonb(f.tags)) ELSE '{}' END
                   || jsonb_build_object(
                       'metrics_snapshot_id', f.snapshot_id, 'ai_model_id', ca_write_sector_analyses.model, 'sector_id', f.sector_id,
                       'timeframe', f.period, 'candle_time', timeframe_bucket('1d', f.moment) - interval '24 hours',
                       'analysis_time', f.moment, 'key_signals', f.signals, 'ai_sector_outlook', f.outlook,
                       'ai_confidence_score', CASE WHEN f.confidence BETWEEN 0 AND 1 THEN round(f.confidence, 2) END,
                       'signal_agreement_score', CASE WHEN f.outlook IS NOT NULL AND f.cast_votes > 0
                                                      THEN round(r.agreeing::numeric / f.cast_votes, 2) END,
                       'outlook_duration_estimate', d.hours,
                       'analysis_data', jsonb_build_object('rationale', coalesce(r.lines, '{}'), 'votes', f.votes)
                           || jsonb_strip_nulls(jsonb_build_object(
                                  'notes', to_jsonb(i.unfit), 'score', round(f.score::numeric, 4), 'prediction_id', f.prediction_id,
                                  'outlook_source', CASE WHEN f.prediction_id IS NOT NULL THEN 'prediction'
                                                         WHEN f.outlook IS NOT NULL THEN 'rules' END))
                           || (f."values" - ARRAY(SELECT c.attname::text FROM pg_attribute AS c
                                                  WHERE c.attrelid = 'sector_analysis'::regclass AND c.attnum > 0))) AS columns
            FROM unnest('{sector_market_cap,sector_volume_24h,sector_dominance_pct,performance_24h_pct,performance_7d_pct,performance_30d_pct,rotation_inflow_score,rotation_outflow_score,relative_strength_score,liquidity_score,volatility_score,correlation_with_btc,correlation_with_eth,institutional_inflow,tvl_total,active_users,active_protocols}'::text[]) AS k) AS c
    ), changed AS (
        UPDATE sector_analysis AS a
        SET candle_time = (r.new).candle_time, analysis_time = (r.new).analysis_time,
            sector_market_cap = (r.new).sector_market_cap, sector_volume_24h = (r.new).sector_volume_24h,
            sector_dominance_pct = (r.new).sector_dominance_pct, performance_24h_pct = (r.new).performance_24h_pct,
            performance_7d_pct = (r.new).performance_7d_pct, performance_30d_pct = (r.new).performance_30d_pct,
            rotation_inflow_score = (r.new).rotation_inflow_score, rotation_outflow_score = (r.new).rotation_outflow_score,
            relative_strength_score = (r.new).relative_strength_score, liquidity_score = (r.new).liquidity_score,
            volatility_score = (r.new).volatility_score, correlation_with_btc = (r.new).correlation_with_btc,
            correlation_with_eth = (r.new).correlation_with_eth, narrative_tag = (r.new).narrative_tag,
            institutional_inflow = (r.new).institutional_inflow, tvl_total = (r.new).tvl_total,
            active_users = (r.new).active_users, active_protocols = (r.new).active_protocols,
            key_signals = (r.new).key_signals, ai_sector_outlook = (r.new).ai_sector_outlook,
            ai_confidence_score = (r.new).ai_confidence_score, signal_agreement_score = (r.new).signal_agreement_score,
            outlook_duration_estimate = (r.new).outlook_duration_estimate, analysis_data = (r.new).analysis_data
        FROM row AS r
        WHERE a.id = r.id AND r.new *<> r.old
        RETURNING a.id
    ), added AS (
        INSERT INTO sector_analysis (
            metrics_snapshot_id, ai_model_id, sector_id, timeframe, candle_time, analysis_time, sector_market_cap,
            sector_volume_24h, sector_dominance_pct, performance_24h_pct, performance_7d_pct, performance_30d_pct,
            rotation_inflow_score, rotation_outflow_score, relative_strength_score, liquidity_score, volatility_score,
            correlation_with_btc, correlation_with_eth, narrative_tag, institutional_inflow, tvl_total, active_users,
            active_protocols, key_signals, ai_sector_outlook, ai_confidence_score, signal_agreement_score,
            outlook_duration_estimate, analysis_data)
        SELECT (r.new).metrics_snapshot_id, (r.new).ai_model_id, (r.new).sector_id, (r.new).timeframe, (r.new).candle_time,
               (r.new).analysis_time, (r.new).sector_market_cap, (r.new).sector_volume_24h, (r.new).sector_dominance_pct,
               (r.new).performance_24h_pct, (r.new).performance_7d_pct, (r.new).performance_30d_pct,
               (r.new).rotation_inflow_score, (r.new).rotation_outflow_score, (r.new).relative_strength_score,
               (r.new).liquidity_score, (r.new).volatility_score, (r.new).correlation_with_btc, (r.new).correlation_with_eth,
               (r.new).narrative_tag, (r.new).institutional_inflow, (r.new).tvl_total, (r.new).active_users,
               (r.new).active_protocols, (r.new).key_signals, (r.new).ai_sector_outlook, (r.new).ai_confidence_score,
               (r.new).signal_agreement_score, (r.new).outlook_duration_estimate, (r.new).analysis_data
        FROM row AS r
        WHERE r.id IS NULL
        ORDER BY (r.new).analysis_time, (r.new).sector_id, (r.new).timeframe
        ON CONFLICT (metrics_snapshot_id, ai_model_id, sector_id, timeframe) DO NOTHING
        RETURNING id
    )
    SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) INTO written;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_sector_analyses(integer[], text[], text, integer) IS
    'writes the analyses of active sectors by the rules for snapshots of one timeframe, over these periods, and returns how many rows were inserted or changed; the caller holds the lock and has built the daily history';

-- The daily history must reach the snapshots that are analysed.
CREATE FUNCTION ca_extend_daily_sectors(until timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('sector_history', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_check_rights('sector_index_states', 'SELECT, INSERT, UPDATE');
    PERFORM ca_lock_work('sector history 1d');
    RETURN ca_extend_sectors(ARRAY(SELECT s.id FROM sectors AS s WHERE s.is_active ORDER BY s.id), '1d', NULL,
                             timeframe_bucket('1d', least(ca_extend_daily_sectors.until, now())), false);
END;
$$;
COMMENT ON FUNCTION ca_extend_daily_sectors(timestamptz) IS
    'writes the missing daily history of active sectors up to a moment';

CREATE FUNCTION @extschema@.analyse_sectors(snapshot integer, period text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    s record;
BEGIN
    PERFORM ca_check_rights('sector_analysis', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_snapshot(analyse_sectors.snapshot);
    IF analyse_sectors.period IS NOT NULL THEN
        PERFORM ca_check_period(analyse_sectors.period);
    END IF;
    PERFORM ca_lock_work('sector analysis');
    SELECT m.timeframe, m.snapshot_time INTO s FROM metrics_snapshot AS m WHERE m.id = analyse_sectors.snapshot;
    PERFORM ca_extend_daily_sectors(s.snapshot_time);
    RETURN ca_write_sector_analyses(
        ARRAY[analyse_sectors.snapshot],
        CASE WHEN analyse_sectors.period IS NULL THEN ca_option_words('sectors', 'periods') ELSE ARRAY[analyse_sectors.period] END,
        s.timeframe, ca_sector_model());
END;
$$;
COMMENT ON FUNCTION analyse_sectors(integer, text) IS
    'writes the analyses of active sectors for a snapshot, as known at its time, over a period 1d, 7d or 30d, or over those of the setting sectors, after building daily history that is missing; returns how many rows were inserted or changed; rows of other models are left alone';

CREATE VIEW @extschema@.latest_sector_analysis WITH (security_invoker = true) AS
    SELECT DISTINCT ON (a.sector_id, a.timeframe)
           a.sector_id, n.name AS sector, a.timeframe AS period, s.timeframe, s.snapshot_time, a.id AS analysis_id, a.metrics_snapshot_id,
           a.ai_model_id, a.sector_market_cap, a.sector_dominance_pct, a.performance_24h_pct, a.performance_7d_pct,
           a.performance_30d_pct, a.rotation_inflow_score, a.rotation_outflow_score, a.relative_strength_score, a.liquidity_score,
           a.volatility_score, a.key_signals, a.ai_sector_outlook, a.signal_agreement_score, a.outlook_duration_estimate, a.analysis_data
    FROM sector_analysis AS a
    JOIN metrics_snapshot AS s ON s.id = a.metrics_snapshot_id
    JOIN sectors AS n ON n.id = a.sector_id
    JOIN ai_models AS m ON m.id = a.ai_model_id AND m.name = 'sector rules' AND m.is_active
    ORDER BY a.sector_id, a.timeframe, s.snapshot_time DESC, a.id DESC;
COMMENT ON VIEW latest_sector_analysis IS
    'the latest analysis of the rules for each sector and period, with its snapshot';
COMMENT ON COLUMN latest_sector_analysis.sector_id IS 'sector, sectors.id';
COMMENT ON COLUMN latest_sector_analysis.sector IS 'name of the sector';
COMMENT ON COLUMN latest_sector_analysis.period IS 'period that the analysis covers: 1d, 7d or 30d';
COMMENT ON COLUMN latest_sector_analysis.timeframe IS 'timeframe of the snapshot';
COMMENT ON COLUMN latest_sector_analysis.snapshot_time IS 'moment of the snapshot';
COMMENT ON COLUMN latest_sector_analysis.analysis_id IS 'analysis, sector_analysis.id';
COMMENT ON COLUMN latest_sector_analysis.metrics_snapshot_id IS 'snapshot, metrics_snapshot.id';
COMMENT ON COLUMN latest_sector_analysis.ai_model_id IS 'version of the rules, ai_models.id';
COMMENT ON COLUMN latest_sector_analysis.sector_market_cap IS 'capitalization in USD';
COMMENT ON COLUMN latest_sector_analysis.sector_dominance_pct IS 'share of the whole market in percent';
COMMENT ON COLUMN latest_sector_analysis.performance_24h_pct IS 'return in 24 hours in percent';
COMMENT ON COLUMN latest_sector_analysis.performance_7d_pct IS 'return in 7 days in percent';
COMMENT ON COLUMN latest_sector_analysis.performance_30d_pct IS 'return in 30 days in percent';
COMMENT ON COLUMN latest_sector_analysis.rotation_inflow_score IS 'part of what all sectors gained, 0 to 1';
COMMENT ON COLUMN latest_sector_analysis.rotation_outflow_score IS 'part of what all sectors lost, 0 to 1';
COMMENT ON COLUMN latest_sector_analysis.relative_strength_score IS 'rank of its strength in 90 days, 0 to 1';
COMMENT ON COLUMN latest_sector_analysis.liquidity_score IS 'rank of its liquidity among sectors, 0 to 1';
COMMENT ON COLUMN latest_sector_analysis.volatility_score IS 'rank of its volatility among sectors, 0 to 1';
COMMENT ON COLUMN latest_sector_analysis.key_signals IS 'signals that hold';
COMMENT ON COLUMN latest_sector_analysis.ai_sector_outlook IS 'Bullish, Bearish or Neutral';
COMMENT ON COLUMN latest_sector_analysis.signal_agreement_score IS 'share of the votes that agree with the outlook';
COMMENT ON COLUMN latest_sector_analysis.outlook_duration_estimate IS 'hours that the outlook may still last';
COMMENT ON COLUMN latest_sector_analysis.analysis_data IS 'votes, score and further figures';
