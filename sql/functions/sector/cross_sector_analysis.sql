-- Analyses of all sectors together: ranking, shares, rotation and correlation.

CREATE FUNCTION ca_cross_sector_facts(snapshots integer[], model integer) RETURNS TABLE (snapshot_id integer, facts jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
    SET jit = off
BEGIN ATOMIC
    WITH snap AS MATERIALIZED (
        SELECT s.id, s.snapshot_time AS moment, timeframe_bucket('1d', s.snapshot_time) AS ends_at, s.total::double precision AS total
        FROM metrics_snapshot AS s
        WHERE s.id = ANY (ca_cross_sector_facts.snapshots)
    ), list AS MATERIALIZED (
        SELECT array_agg(DISTINCT n.moment) AS moments, array_agg(DISTINCT n.ends_at) AS ends FROM snap AS n HAVING count(*) > 0
    ), setting AS MATERIALIZED (
        SELECT ca_option_word('sectors', 'rotation_period') AS period, ca_period_span(ca_option_word('sectors', 'rotation_period')) AS span,
               ca_option('sectors', 'rotation_min') AS least
    ), spell AS MATERIALIZED (
        SELECT p.*, s.name
        FROM list AS l
        CROSS JOIN LATERAL ca_sector_periods(l.moments, '{24:00:00,168:00:00,720:00:00}') AS p
        JOIN sectors AS s ON s.id = p.sector_id AND s.is_active
    ), statistic AS MATERIALIZED (
        SELECT t.*, s.name FROM list AS l CROSS JOIN LATERAL ca_sector_statistics(l.ends) AS t JOIN sectors AS s ON s.id = t.sector_id
    ), correlation AS MATERIALIZED (
        SELECT e AS ends_at, a.name, b.name AS other, c.correlation
        FROM list AS l
        CROSS JOIN LATERAL unnest(l.ends) AS e
        CROSS JOIN LATERAL ca_sector_correlations(e) AS c
        JOIN sectors AS a ON a.id IN (c.sector_id, c.other_id)
        JOIN sectors AS b ON b.id IN (c.sector_id, c.other_id) AND b.id <> a.id
        WHERE c.correlation IS NOT NULL
    ), shift AS MATERIALIZED (
        SELECT p.* FROM spell AS p CROSS JOIN setting AS v WHERE p.span = v.span AND p.gain IS NOT NULL
    ), flow AS MATERIALIZED (
        SELECT l.moment, l.sector_id AS from_id, l.name AS from_name, w.sector_id AS to_id, w.name AS to_name, l.outflow * w.inflow AS flow,
               row_number() OVER (PARTITION BY l.moment ORDER BY l.outflow * w.inflow DESC, l.sector_id, w.sector_id) AS place
        FROM shift AS l
        CROSS JOIN setting AS v
        JOIN shift AS w ON w.moment = l.moment AND l.gain < 0 AND w.gain > 0
        WHERE l.outflow * w.inflow >= v.least
    ), ranked AS MATERIALIZED (
        SELECT w.moment, w.name, w.performance AS week, d.performance AS day, m.performance AS month,
               rank() OVER (PARTITION BY w.moment ORDER BY w.performance DESC) AS place
        FROM spell AS w
        LEFT JOIN spell AS d ON d.moment = w.moment AND d.sector_id = w.sector_id AND d.span = '24:00:00'
        LEFT JOIN spell AS m ON m.moment = w.moment AND m.sector_id = w.sector_id AND m.span = '720:00:00'
        WHERE w.span = '168:00:00' AND w.performance IS NOT NULL
    ), share AS MATERIALIZED (
        SELECT n.id, 'BTC' AS name, 100 * p.benchmark_cap / n.total AS percent
        FROM snap AS n
        JOIN (SELECT p.moment, max(p.benchmark_cap) AS benchmark_cap FROM spell AS p GROUP BY p.moment) AS p ON p.moment = n.moment
        WHERE n.total > 0 AND p.benchmark_cap IS NOT NULL
        UNION ALL
        SELECT n.id, p.name, 100 * p.primary_cap / n.total
        FROM snap AS n
        CROSS JOIN setting AS v
        JOIN spell AS p ON p.moment = n.moment AND p.span = v.span AND p.primary_cap IS NOT NULL
        WHERE n.total > 0
    ), mean AS MATERIALIZED (
        SELECT c.ends_at, c.name, avg(c.correlation ORDER BY c.other COLLATE "C") AS correlation FROM correlation AS c GROUP BY c.ends_at, c.name
    ), feed AS MATERIALIZED (
        SELECT v.moment, s.name, v.label, round(v.value, 4) AS strength
        FROM list AS l
        CROSS JOIN LATERAL ca_metric_values(l.moments, '{narrative}') AS v
        JOIN sectors AS s ON s.id = v.sector_id AND s.is_active
    ), predicted AS MATERIALIZED (
        SELECT DISTINCT ON (p.moment) p.moment, p.id, p.outlook, p.confidence
        FROM (SELECT q.moment, q.id, q.confidence, q.predicted_value ->> 'outlook' AS outlook
              FROM list AS l
              CROSS JOIN unnest('{macro,sector}'::text[]) AS t
              CROSS JOIN LATERAL ca_layer_predictions('market_outlook', t, l.moments) AS q) AS p
        JOIN predictions AS q ON q.id = p.id
        WHERE p.outlook IN ('Bullish', 'Bearish', 'Neutral')
        ORDER BY p.moment, q.created_at DESC, q.id DESC
    ), outlook AS MATERIALIZED (
        SELECT n.id AS snapshot_id,
               coalesce(p.outlook, CASE r.regime WHEN 'Bull' THEN 'Bullish' WHEN 'Bear' THEN 'Bearish' WHEN 'Sideways' THEN 'Neutral' END) AS word,
               p.id, p.confidence, CASE WHEN p.outlook IS NULL THEN r.duration END AS hours
        FROM snap AS n
        LEFT JOIN predicted AS p ON p.moment = n.moment
        LEFT JOIN ca_snapshot_regimes(ca_cross_sector_facts.snapshots) AS r ON r.snapshot_id = n.id
    ), line AS MATERIALIZED (
        SELECT n.id, 1 AS part, f.place, format('%s→%s: %s', f.from_name, f.to_name, round(f.flow::numeric, 4)) AS words
        FROM snap AS n
        JOIN flow AS f ON f.moment = n.moment AND f.place <= 3
        UNION ALL
        SELECT n.id, 2, 1, format('first: %s %s', r.name, round(r.week::numeric, 4))
        FROM snap AS n
        CROSS JOIN LATERAL (SELECT r.* FROM ranked AS r WHERE r.moment = n.moment ORDER BY r.week DESC, r.name COLLATE "C" LIMIT 1) AS r
        UNION ALL
        SELECT n.id, 3, 1, format('last: %s %s', r.name, round(r.week::numeric, 4))
        FROM snap AS n
        CROSS JOIN LATERAL (SELECT r.* FROM ranked AS r WHERE r.moment = n.moment ORDER BY r.week, r.name COLLATE "C" DESC LIMIT 1) AS r
        UNION ALL
        SELECT n.id, 4, 1, format('lowest mean correlation: %s %s', m.name, round(m.correlation::numeric, 4))
        FROM snap AS n
        CROSS JOIN LATERAL (SELECT m.* FROM mean AS m WHERE m.ends_at = n.ends_at ORDER BY m.correlation, m.name COLLATE "C" LIMIT 1) AS m
    )
    SELECT n.id, jsonb_build_object(
               'sectors', (SELECT count(*) FROM spell AS p WHERE p.moment = n.moment AND p.span = v.span AND p.market_cap IS NOT NULL),
               'analysis_time', n.moment,
               'flows', coalesce((SELECT jsonb_agg(jsonb_build_array(f.from_id, f.to_id, round(f.flow::numeric, 2)) ORDER BY f.from_id, f.to_id)
                                  FROM flow AS f WHERE f.moment = n.moment), '[]'),
               'sector_rotation_flows',
               CASE WHEN EXISTS (SELECT FROM shift AS s WHERE s.moment = n.moment) THEN
                   coalesce((SELECT jsonb_object_agg(concat(f.from_name, '→', f.to_name), round(f.flow::numeric, 4)) FROM flow AS f WHERE f.moment = n.moment), '{}') END,
               'sector_performance_ranking',
               (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                     'sector', r.name, 'return_7d', round(r.week::numeric, 4), 'rank', r.place,
                                     'return_24h', round(r.day::numeric, 4), 'return_30d', round(r.month::numeric, 4)))
                                 ORDER BY r.place, r.name COLLATE "C")
                FROM ranked AS r WHERE r.moment = n.moment),
               'liquidity_comparison',
               (SELECT jsonb_object_agg(s.name, round(s.liquidity_score::numeric, 4)) FROM statistic AS s WHERE s.ends_at = n.ends_at AND s.liquidity_score IS NOT NULL),
               'volatility_comparison',
               (SELECT jsonb_object_agg(s.name, round(s.volatility_score::numeric, 4)) FROM statistic AS s WHERE s.ends_at = n.ends_at AND s.volatility_score IS NOT NULL),
               'dominance_distribution',
               CASE WHEN n.total > 0 THEN
                   coalesce((SELECT jsonb_object_agg(s.name, round(s.percent::numeric, 4)) FROM share AS s WHERE s.id = n.id), '{}')
                   || CASE WHEN o.other >= 0 THEN jsonb_build_object('Other', o.other) ELSE '{}' END END,
               'correlation_matrix',
               (SELECT jsonb_object_agg(c.name, c.others)
                FROM (SELECT c.name, jsonb_object_agg(c.other, round(c.correlation::numeric, 4)) AS others
                      FROM correlation AS c WHERE c.ends_at = n.ends_at GROUP BY c.name) AS c),
               'narrative_trends',
               (SELECT jsonb_agg(jsonb_build_object('sector', f.name, 'narrative', f.label, 'strength', f.strength)
                                 ORDER BY f.strength DESC, f.name COLLATE "C", f.label COLLATE "C") FROM feed AS f WHERE f.moment = n.moment),
               'risk_reward_map',
               (SELECT jsonb_agg(jsonb_build_object('sector', s.name, 'risk', round(s.volatility_score::numeric, 4),
                                                    'reward', round(s.reward_score::numeric, 4)) ORDER BY s.name COLLATE "C")
                FROM statistic AS s WHERE s.ends_at = n.ends_at AND s.volatility_score IS NOT NULL AND s.reward_score IS NOT NULL))
           || jsonb_build_object(
               'ai_market_outlook', w.word,
               'ai_confidence_score', CASE WHEN w.confidence BETWEEN 0 AND 1 THEN round(w.confidence, 2) END,
               'signal_agreement_score',
               (SELECT round(count(*) FILTER (WHERE a.ai_sector_outlook = w.word)::numeric / nullif(count(*), 0), 2)
                FROM sector_analysis AS a
                WHERE a.metrics_snapshot_id = n.id AND a.ai_model_id = ca_cross_sector_facts.model
                  AND a.timeframe = v.period AND a.ai_sector_outlook IS NOT NULL AND w.word IS NOT NULL),
               'outlook_duration_estimate', w.hours,
               'analysis_data',
               jsonb_build_object(
                   'rationale', coalesce((SELECT jsonb_agg(l.words ORDER BY l.part, l.place) FROM line AS l WHERE l.id = n.id), '[]'),
                   'rotation_period', v.period,
                   'net_flow_usd', coalesce((SELECT jsonb_object_agg(s.name, round(s.net_flow::numeric, 2)) FROM shift AS s WHERE s.moment = n.moment), '{}'),
                   'partition', (SELECT jsonb_build_object('assets', coalesce(sum(s.part_assets), 0), 'without_primary_sector', coalesce(max(s.unplaced), 0))
                                 FROM spell AS s WHERE s.moment = n.moment AND s.span = v.span))
               || jsonb_strip_nulls(jsonb_build_object(
                   'rotated_share', (SELECT max(s.rotated) FROM shift AS s WHERE s.moment = n.moment), 'prediction_id', w.id,
                   'notes', CASE WHEN o.other < 0 THEN '["Other"]'::jsonb END)))
    FROM snap AS n
    CROSS JOIN setting AS v
    JOIN outlook AS w ON w.snapshot_id = n.id
    CROSS JOIN LATERAL (SELECT round(100 - coalesce(sum(round(s.percent::numeric, 4)), 0), 4) AS other FROM share AS s WHERE s.id = n.id) AS o;
END;
COMMENT ON FUNCTION ca_cross_sector_facts(integer[], integer) IS
    'what the analysis of all sectors says about snapshots, by column; further the number of sectors known, and the flows that are worth a row';

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

CREATE FUNCTION ca_write_cross_sector(snapshot integer, model integer, facts jsonb, OUT analysis integer, OUT changed boolean) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    old cross_sector_analysis;
    new cross_sector_analysis;
BEGIN
    changed := false;
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
COMMENT ON FUNCTION ca_write_cross_sector(integer, integer, jsonb) IS
    'writes the analysis of all sectors by the rules for a snapshot, from what ca_cross_sector_facts() says, and returns its id, NULL with fewer than two sectors known, and whether it was inserted or changed; the caller holds the lock';

CREATE FUNCTION ca_write_cross_sectors(snapshots integer[], model integer) RETURNS TABLE (analysis integer, changed boolean)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 20
BEGIN ATOMIC
    SELECT w.analysis, w.changed
    FROM (SELECT f.* FROM ca_cross_sector_facts(ca_write_cross_sectors.snapshots, ca_write_cross_sectors.model) AS f ORDER BY f.snapshot_id) AS f
    CROSS JOIN LATERAL ca_write_cross_sector(f.snapshot_id, ca_write_cross_sectors.model, f.facts) AS w;
END;
COMMENT ON FUNCTION ca_write_cross_sectors(integer[], integer) IS
    'writes the analyses of all sectors by the rules for snapshots, and returns their ids and whether each was inserted or changed; the caller holds the lock and has built the daily history';

CREATE FUNCTION @extschema@.analyse_cross_sector(snapshot integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('cross_sector_analysis', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('sector_rotation_flows', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_check_snapshot(analyse_cross_sector.snapshot);
    PERFORM ca_lock_work('sector analysis');
    PERFORM ca_extend_daily_sectors((SELECT s.snapshot_time FROM metrics_snapshot AS s WHERE s.id = analyse_cross_sector.snapshot));
    RETURN (SELECT w.analysis FROM ca_write_cross_sectors(ARRAY[analyse_cross_sector.snapshot], ca_sector_model()) AS w);
END;
$$;
COMMENT ON FUNCTION analyse_cross_sector(integer) IS
    'writes the analysis of all active sectors for a snapshot, as known at its time: rotation, ranking, comparisons, shares, correlations and the outlook for the market, after building daily history that is missing; returns its id, or NULL with fewer than two sectors known; call analyse_sectors() first, so that the agreement of the sectors is known';
