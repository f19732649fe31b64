-- Analyses of all sectors together: ranking, shares, rotation and correlation.

CREATE FUNCTION ca_cross_sector_facts(snapshot integer, model integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET jit = off
BEGIN ATOMIC
    WITH snap AS MATERIALIZED (
        SELECT s.snapshot_time AS moment, timeframe_bucket('1d', s.snapshot_time) AS ends_at, s.total::double precision AS total
        FROM metrics_snapshot AS s
        WHERE s.id = ca_cross_sector_facts.snapshot
    ), setting AS MATERIALIZED (
        SELECT ca_option_word('sectors', 'rotation_period') AS period, ca_period_span(ca_option_word('sectors', 'rotation_period')) AS span,
               ca_option('sectors', 'rotation_min') AS least
    ), spell AS MATERIALIZED (
        SELECT p.*, s.name
        FROM snap AS n
        CROSS JOIN LATERAL ca_sector_periods(ARRAY[n.moment], '{24:00:00,168:00:00,720:00:00}') AS p
        JOIN sectors AS s ON s.id = p.sector_id AND s.is_active
    ), statistic AS MATERIALIZED (
        SELECT t.*, s.name FROM snap AS n CROSS JOIN LATERAL ca_sector_statistics(ARRAY[n.ends_at]) AS t JOIN sectors AS s ON s.id = t.sector_id
    ), correlation AS MATERIALIZED (
        SELECT a.name, b.name AS other, c.correlation
        FROM snap AS n
        CROSS JOIN LATERAL ca_sector_correlations(n.ends_at) AS c
        JOIN sectors AS a ON a.id IN (c.sector_id, c.other_id)
        JOIN sectors AS b ON b.id IN (c.sector_id, c.other_id) AND b.id <> a.id
        WHERE c.correlation IS NOT NULL
    ), shift AS MATERIALIZED (
        SELECT p.* FROM spell AS p CROSS JOIN setting AS v WHERE p.span = v.span AND p.gain IS NOT NULL
    ), flow AS MATERIALIZED (
        SELECT l.sector_id AS from_id, l.name AS from_name, w.sector_id AS to_id, w.name AS to_name, l.outflow * w.inflow AS flow
        FROM shift AS l
        CROSS JOIN setting AS v
        JOIN shift AS w ON l.gain < 0 AND w.gain > 0
        WHERE l.outflow * w.inflow >= v.least
    ), ranked AS MATERIALIZED (
        SELECT w.name, w.performance AS week, d.performance AS day, m.performance AS month,
               rank() OVER (ORDER BY w.performance DESC) AS place
        FROM spell AS w
        LEFT JOIN spell AS d ON d.sector_id = w.sector_id AND d.span = '24:00:00'
        LEFT JOIN spell AS m ON m.sector_id = w.sector_id AND m.span = '720:00:00'
        WHERE w.span = '168:00:00' AND w.performance IS NOT NULL
    ), share AS MATERIALIZED (
        SELECT 0 AS place, 'BTC' AS name, 100 * p.benchmark_cap / n.total AS percent
        FROM snap AS n
        CROSS JOIN (SELECT max(p.benchmark_cap) AS benchmark_cap FROM spell AS p) AS p
        WHERE n.total > 0 AND p.benchmark_cap IS NOT NULL
        UNION ALL
        SELECT 1, p.name, 100 * p.primary_cap / n.total
        FROM snap AS n
        CROSS JOIN setting AS v
        JOIN spell AS p ON p.span = v.span AND p.primary_cap IS NOT NULL
        WHERE n.total > 0
    ), mean AS MATERIALIZED (
        SELECT c.name, avg(c.correlation ORDER BY c.other COLLATE "C") AS correlation FROM correlation AS c GROUP BY c.name
    ), feed AS MATERIALIZED (
        SELECT s.name, v.label, round(v.value, 4) AS strength
        FROM snap AS n
        CROSS JOIN LATERAL ca_metric_values(ARRAY[n.moment], '{narrative}') AS v
        JOIN sectors AS s ON s.id = v.sector_id AND s.is_active
    ), predicted AS MATERIALIZED (
        SELECT p.id, p.outlook, p.confidence
        FROM (SELECT q.id, q.confidence, q.predicted_value ->> 'outlook' AS outlook
              FROM snap AS n
              CROSS JOIN unnest('{macro,sector}'::text[]) AS t
              CROSS JOIN LATERAL ca_layer_predictions('market_outlook', t, ARRAY[n.moment]) AS q) AS p
        JOIN predictions AS q ON q.id = p.id
        WHERE p.outlook IN ('Bullish', 'Bearish', 'Neutral')
        ORDER BY q.created_at DESC, q.id DESC
        LIMIT 1
    ), outlook AS MATERIALIZED (
        SELECT coalesce(p.outlook, CASE r.regime WHEN 'Bull' THEN 'Bullish' WHEN 'Bear' THEN 'Bearish' WHEN 'Sideways' THEN 'Neutral' END) AS word,
               p.id, p.confidence, CASE WHEN p.outlook IS NULL THEN r.duration END AS hours
        FROM (VALUES (true)) AS one
        LEFT JOIN predicted AS p ON true
        LEFT JOIN ca_snapshot_regimes(ARRAY[ca_cross_sector_facts.snapshot]) AS r ON true
    ), line AS (
        SELECT 1 AS part, row_number() OVER (ORDER BY f.flow DESC, f.from_id, f.to_id) AS place,
               format('%s→%s: %s', f.from_name, f.to_name, round(f.flow::numeric, 4)) AS words
        FROM (SELECT * FROM flow AS f ORDER BY f.flow DESC, f.from_id, f.to_id LIMIT 3) AS f
        UNION ALL
        (SELECT 2, 1, format('first: %s %s', r.name, round(r.week::numeric, 4)) FROM ranked AS r ORDER BY r.week DESC, r.name COLLATE "C" LIMIT 1)
        UNION ALL
        (SELECT 3, 1, format('last: %s %s', r.name, round(r.week::numeric, 4)) FROM ranked AS r ORDER BY r.week, r.name COLLATE "C" DESC LIMIT 1)
        UNION ALL
        (SELECT 4, 1, format('lowest mean correlation: %s %s', m.name, round(m.correlation::numeric, 4))
         FROM mean AS m ORDER BY m.correlation, m.name COLLATE "C" LIMIT 1)
    )
    SELECT jsonb_build_object(
               'sectors', (SELECT count(*) FROM spell AS p CROSS JOIN setting AS v WHERE p.span = v.span AND p.market_cap IS NOT NULL),
               'analysis_time', n.moment,
               'flows', coalesce((SELECT jsonb_agg(jsonb_build_array(f.from_id, f.to_id, round(f.flow::numeric, 2)) ORDER BY f.from_id, f.to_id)
                                  FROM flow AS f), '[]'),
               'sector_rotation_flows',
               CASE WHEN EXISTS (SELECT FROM shift) THEN
                   coalesce((SELECT jsonb_object_agg(concat(f.from_name, '→', f.to_name), round(f.flow::numeric, 4)) FROM flow AS f), '{}') END,
               'sector_performance_ranking',
               (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                     'sector', r.name, 'return_7d', round(r.week::numeric, 4), 'rank', r.place,
                                     'return_24h', round(r.day::numeric, 4), 'return_30d', round(r.month::numeric, 4)))
                                 ORDER BY r.place, r.name COLLATE "C")
                FROM ranked AS r),
               'liquidity_comparison',
               (SELECT jsonb_object_agg(s.name, round(s.liquidity_score::numeric, 4)) FROM statistic AS s WHERE s.liquidity_score IS NOT NULL),
               'volatility_comparison',
               (SELECT jsonb_object_agg(s.name, round(s.volatility_score::numeric, 4)) FROM statistic AS s WHERE s.volatility_score IS NOT NULL),
               'dominance_distribution',
               CASE WHEN n.total > 0 THEN
                   coalesce((SELECT jsonb_object_agg(s.name, round(s.percent::numeric, 4)) FROM share AS s), '{}')
                   || CASE WHEN o.other >= 0 THEN jsonb_build_object('Other', o.other) ELSE '{}' END END,
               'correlation_matrix',
               (SELECT jsonb_object_agg(c.name, c.others)
                FROM (SELECT c.name, jsonb_object_agg(c.other, round(c.correlation::numeric, 4)) AS others FROM correlation AS c GROUP BY c.name) AS c),
               'narrative_trends',
               (SELECT jsonb_agg(jsonb_build_object('sector', f.name, 'narrative', f.label, 'strength', f.strength)
                                 ORDER BY f.strength DESC, f.name COLLATE "C", f.label COLLATE "C") FROM feed AS f),
               'risk_reward_map',
               (SELECT jsonb_agg(jsonb_build_object('sector', s.name, 'risk', round(s.volatility_score::numeric, 4),
                                                    'reward', round(s.reward_score::numeric, 4)) ORDER BY s.name COLLATE "C")
                FROM statistic AS s WHERE s.volatility_score IS NOT NULL AND s.reward_score IS NOT NULL))
           || jsonb_build_object(
               'ai_market_outlook', w.word,
               'ai_confidence_score', CASE WHEN w.confidence BETWEEN 0 AND 1 THEN round(w.confidence, 2) END,
               'signal_agreement_score',
               (SELECT round(count(*) FILTER (WHERE a.ai_sector_outlook = w.word)::numeric / nullif(count(*), 0), 2)
                FROM sector_analysis AS a
                WHERE a.metrics_snapshot_id = ca_cross_sector_facts.snapshot AND a.ai_model_id = ca_cross_sector_facts.model
                  AND a.timeframe = v.period AND a.ai_sector_outlook IS NOT NULL AND w.word IS NOT NULL),
               'outlook_duration_estimate', w.hours,
               'analysis_data',
               jsonb_build_object(
                   'rationale', coalesce((SELECT jsonb_agg(l.words ORDER BY l.part, l.place) FROM line AS l), '[]'),
                   'rotation_period', v.period,
                   'net_flow_usd', coalesce((SELECT jsonb_object_agg(s.name, round(s.net_flow::numeric, 2)) FROM shift AS s), '{}'),
                   'partition', (SELECT jsonb_build_object('assets', coalesce(sum(s.part_assets), 0), 'without_primary_sector', coalesce(max(s.unplaced), 0))
                                 FROM spell AS s WHERE s.span = v.span))
               || jsonb_strip_nulls(jsonb_build_object(
                   'rotated_share', (SELECT max(s.rotated) FROM shift AS s), 'prediction_id', w.id,
                   'notes', CASE WHEN o.other < 0 THEN '["Other"]'::jsonb END)))
    FROM snap AS n
    CROSS JOIN setting AS v
    CROSS JOIN outlook AS w
    CROSS JOIN (SELECT round(100 - coalesce(sum(round(s.percent::numeric, 4)), 0), 4) AS other FROM share AS s) AS o;
END;
COMMENT ON FUNCTION ca_cross_sector_facts(integer, integer) IS
    'what the analysis of all sectors says about a snapshot, by column; further the number of sectors known, and the flows that are worth a row';

CREATE FUNCTION ca_write_flows(analysis integer, flows jsonb) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH flow AS MATERIALIZED (
        SELECT (f -> 0)::integer AS from_id, (f -> 1)::integer AS to_id, (f -> 2)::numeric AS score
        FROM jsonb_array_elements(ca_write_flows.flows) AS f
    ), gone AS (
        DELETE FROM sector_rotation_flows AS r
        WHERE r.cross_sector_analysis_id = ca_write_flows.analysis
          AND NOT EXISTS (SELECT FROM flow AS f WHERE f.from_id = r.from_sector_id AND f.to_id = r.to_sector_id)
    )
    INSERT INTO sector_rotation_flows AS r (cross_sector_analysis_id, from_sector_id, to_sector_id, score)
    SELECT ca_write_flows.analysis, f.from_id, f.to_id, f.score
    FROM flow AS f
    ORDER BY f.from_id, f.to_id
    ON CONFLICT (cross_sector_analysis_id, from_sector_id, to_sector_id) DO UPDATE SET score = excluded.score
    WHERE r.score IS DISTINCT FROM excluded.score;
END;
COMMENT ON FUNCTION ca_write_flows(integer, jsonb) IS
    'makes the rows of sector_rotation_flows of an analysis those of an array of [from, to, score]; rows that stay the same are left alone';

CREATE FUNCTION ca_write_cross_sector(snapshot integer, model integer, OUT analysis integer, OUT changed boolean) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    facts jsonb;
    old cross_sector_analysis;
    new cross_sector_analysis;
BEGIN
    changed := false;
    facts := ca_cross_sector_facts(ca_write_cross_sector.snapshot, ca_write_cross_sector.model);
    IF (facts -> 'sectors')::integer < 2 THEN
        RETURN;
    END IF;
    SELECT c.* INTO old FROM cross_sector_analysis AS c
    WHERE c.metrics_snapshot_id = ca_write_cross_sector.snapshot AND c.ai_model_id = ca_write_cross_sector.model;
    new := jsonb_populate_record(old, facts);
    IF old.id IS NULL THEN
        INSERT INTO cross_sector_analysis AS c (
            metrics_snapshot_id, ai_model_id, analysis_time, sector_rotation_flows, sector_performance_ranking,
            liquidity_comparison, volatility_comparison, dominance_distribution, correlation_matrix, narrative_trends,
            risk_reward_map, ai_market_outlook, ai_confidence_score, signal_agreement_score, outlook_duration_estimate,
            analysis_data)
        VALUES (
            ca_write_cross_sector.snapshot, ca_write_cross_sector.model, new.analysis_time, new.sector_rotation_flows,
            new.sector_performance_ranking, new.liquidity_comparison, new.volatility_comparison, new.dominance_distribution,
            new.correlation_matrix, new.narrative_trends, new.risk_reward_map, new.ai_market_outlook, new.ai_confidence_score,
            new.signal_agreement_score, new.outlook_duration_estimate, new.analysis_data)
        RETURNING c.id INTO new.id;
        changed := true;
    ELSIF new *<> old THEN
        UPDATE cross_sector_analysis AS c
        SET analysis_time = new.analysis_time, sector_rotation_flows = new.sector_rotation_flows,
            sector_performance_ranking = new.sector_performance_ranking, liquidity_comparison = new.liquidity_comparison,
            volatility_comparison = new.volatility_comparison, dominance_distribution = new.dominance_distribution,
            correlation_matrix = new.correlation_matrix, narrative_trends = new.narrative_trends,
            risk_reward_map = new.risk_reward_map, ai_market_outlook = new.ai_market_outlook,
            ai_confidence_score = new.ai_confidence_score, signal_agreement_score = new.signal_agreement_score,
            outlook_duration_estimate = new.outlook_duration_estimate, analysis_data = new.analysis_data
        WHERE c.id = old.id;
        changed := true;
    END IF;
    PERFORM ca_write_flows(new.id, facts -> 'flows');
    analysis := new.id;
END;
$$;
COMMENT ON FUNCTION ca_write_cross_sector(integer, integer) IS
    'writes the analysis of all sectors by the rules for a snapshot, and returns its id, NULL with fewer than two sectors known, and whether it was inserted or changed; the caller holds the lock and has built the daily history';

CREATE FUNCTION @extschema@.analyse_cross_sector(snapshot integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('cross_sector_analysis', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('sector_rotation_flows', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_check_analysed(analyse_cross_sector.snapshot);
    PERFORM ca_lock_work('sector analysis');
    PERFORM ca_extend_daily_sectors((SELECT s.snapshot_time FROM metrics_snapshot AS s WHERE s.id = analyse_cross_sector.snapshot));
    RETURN (SELECT w.analysis FROM ca_write_cross_sector(analyse_cross_sector.snapshot, ca_sector_model()) AS w);
END;
$$;
COMMENT ON FUNCTION analyse_cross_sector(integer) IS
    'writes the analysis of all active sectors for a snapshot, as known at its time: rotation, ranking, comparisons, shares, correlations and the outlook for the market, after building daily history that is missing; returns its id, or NULL with fewer than two sectors known; call analyse_sectors() first, so that the agreement of the sectors is known';
