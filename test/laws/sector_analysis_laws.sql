-- Analyses of sectors: the published vectors, what is known when, and rotation over random markets.
BEGIN;
SELECT plan(66);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.near(got double precision, want double precision, unit double precision DEFAULT 1e-9)
    RETURNS boolean LANGUAGE sql AS
$$ SELECT coalesce(abs(got - want) <= unit * greatest(1, abs(want)), got IS NULL AND want IS NULL) $$;

-- without sectors
INSERT INTO assets (id, symbol, name, asset_type) VALUES (99, 'BTC', 'BTC', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (99, '1d', '2023-01-01', 1, 1, 1, 1);
CREATE TEMPORARY TABLE empty AS SELECT build_metrics_snapshot('1d', '2023-01-02') AS id;
SELECT is(build_sector_history(), 0::bigint, 'no sectors, no history');
SELECT is(refresh_sectors('2023-01-02'), 0::bigint, 'and nothing to refresh');
SELECT is(analyse_sectors(id), 0::bigint, 'or to analyse') FROM empty;
SELECT is(analyse_cross_sector(id), NULL, 'not even together') FROM empty;
SELECT is_empty($$SELECT * FROM rotation_flows('2023-01-02')$$, 'and nothing rotates');
-- one sector, with one candle
INSERT INTO sectors (id, name) VALUES (99, 'alone');
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) VALUES (99, 99, true);
SELECT is(analyse_sectors(id), 3::bigint, 'a single sector with one candle has rows') FROM empty;
SELECT is(count(*), 3::bigint, 'which are empty')
FROM sector_analysis AS a
WHERE num_nulls(sector_market_cap, sector_volume_24h, sector_dominance_pct, performance_24h_pct, performance_7d_pct,
                performance_30d_pct, rotation_inflow_score, rotation_outflow_score, relative_strength_score, liquidity_score,
                volatility_score, correlation_with_btc, correlation_with_eth, narrative_tag, ai_sector_outlook) = 15;
SELECT is(analyse_cross_sector(id), NULL, 'and no other to be compared with') FROM empty;
SELECT is_empty($$SELECT * FROM relative_strength(99, '2023-01-02')$$ || ' WHERE score IS NOT NULL', 'nor a rank');
DELETE FROM metrics_snapshot;
DELETE FROM price_data;
DELETE FROM sectors;
DELETE FROM assets;

\ir ../vectors/family_d.sql
SELECT setval(pg_get_serial_sequence('assets', 'id'), 1000) AS next \gset
-- the series TOTAL of 1000 billions
INSERT INTO assets (id, symbol, name, asset_type, quote_currency) VALUES (50, 'TOTAL', 'TOTAL', 'index', 'USD (B)');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (50, '1d', '2025-02-03', 1000, 1000, 1000, 1000);
CREATE TEMPORARY TABLE snap AS SELECT build_metrics_snapshot('1d', '2025-02-04') AS id;
-- the rules of regimes, with their verdict of that day
INSERT INTO ai_models (id, name, version, model_type) VALUES (900, 'market rules', 'test', 'macro');
INSERT INTO market_regime_analysis (metrics_snapshot_id, ai_model_id, analysis_time, regime, regime_duration_estimate)
SELECT id, 900, '2025-02-04', 'Sideways', 72 FROM snap;
SELECT is(analyse_sectors(id), 12::bigint, 'four sectors over three periods') FROM snap;
SELECT is(analyse_sectors(id), 0::bigint, 'and no change the second time') FROM snap;

CREATE TEMPORARY TABLE fact AS
SELECT f.* FROM snap, cryptoanalytics_internal.ca_sector_facts(ARRAY[id], '{1d,7d,30d}') AS f;
SELECT ok(bool_and(pg_temp.near(round((f."values" -> 'performance_24h_pct')::numeric, 4)::float8, v.d)
                   AND pg_temp.near(round((f."values" -> 'performance_7d_pct')::numeric, 4)::float8, v.w)
                   AND pg_temp.near(round((f."values" -> 'performance_30d_pct')::numeric, 4)::float8, v.m)),
          'returns over 24 hours, 7 and 30 days')
FROM (VALUES (1, -0.2016, -3.4851, -7.0667), (2, 1.3106, 9.2552, 13.0068), (3, -2.3295, -12.9173, -19.9235), (4, -0.4178, -1.8418, 1.8641))
    AS v (sector, d, w, m)
JOIN fact AS f ON f.sector_id = v.sector;
SELECT ok(bool_and(pg_temp.near(p.rotated, .002710425783) AND round((1e6 * p.gain)::numeric, 3) = v.gain), 'shares that moved in 7 days')
FROM (VALUES (1, -87.555), (2, 2625.673), (3, -2622.871), (4, 84.753)) AS v (sector, gain)
JOIN cryptoanalytics_internal.ca_sector_periods('{2025-02-04}', '{168:00:00}') AS p ON p.sector_id = v.sector;
SELECT results_eq(
    $$SELECT from_sector_id, to_sector_id, round(flow::numeric, 6) FROM rotation_flows('2025-02-04')$$,
    $$VALUES (3, 2, .937438), (1, 2, .031293), (3, 4, .030259), (1, 4, .001010)$$, 'flows of 7 days');
SELECT ok(bool_and(pg_temp.near(r.score, v.score, 1e-6) AND pg_temp.near(r.rs_ratio, v.ratio, 1e-8) AND pg_temp.near(r.rs_momentum, v.momentum, 1e-8)
                   AND r.quadrant = v.quadrant), 'relative strength')
FROM (VALUES (1, .538889, 98.454406, 101.492895, 'improving'), (2, .85, 102.502168, 99.074733, 'weakening'),
             (3, .583333, 97.693534, 101.276457, 'improving'), (4, .905556, 101.318410, 99.060615, 'weakening'))
    AS v (sector, score, ratio, momentum, quadrant)
CROSS JOIN LATERAL relative_strength(v.sector, '2025-02-04') AS r;
SELECT ok(bool_and(pg_temp.near(s.volatility, v.volatility) AND s.volatility_score = v.risk AND s.liquidity_score = v.liquidity
                   AND s.reward_score = v.reward), 'volatility, liquidity and reward')
FROM (VALUES (1, .0736510640, .125, .875, .375), (2, .1116432461, .625, .375, .875), (3, .1701820003, .875, .125, .125),
             (4, .0804833397, .375, .625, .625)) AS v (sector, volatility, risk, liquidity, reward)
JOIN cryptoanalytics_internal.ca_sector_statistics('{2025-02-04}') AS s ON s.sector_id = v.sector;
SELECT ok(bool_and(pg_temp.near(s.corr_btc, v.btc) AND pg_temp.near(s.corr_eth, v.eth)), 'correlation with BTC and ETH')
FROM (VALUES (1, .8887835034, .9037520921), (2, -.8083008725, -.564804424)) AS v (sector, btc, eth)
JOIN cryptoanalytics_internal.ca_sector_statistics('{2025-02-04}') AS s ON s.sector_id = v.sector;
SELECT ok(bool_and(pg_temp.near(c.correlation, v.correlation)), 'correlation of sectors')
FROM (VALUES (1, 2, -.7590215198), (1, 3, .7012045799), (2, 3, -.8740365084)) AS v (one, other, correlation)
JOIN cryptoanalytics_internal.ca_sector_correlations('2025-02-04') AS c ON (c.sector_id, c.other_id) = (v.one, v.other);
SELECT results_eq(
    $$SELECT sector_id, ai_sector_outlook::text, (analysis_data -> 'score')::numeric, signal_agreement_score
      FROM sector_analysis WHERE timeframe = '7d' ORDER BY sector_id$$,
    $$VALUES (1, 'Neutral', 0.0000, .67), (2, 'Bullish', 0.5000, .67), (3, 'Bearish', -0.3333, .50), (4, 'Neutral', 0.0000, .67)$$,
    'outlooks with their scores and agreement');
SELECT is((SELECT sector_dominance_pct FROM sector_analysis WHERE sector_id = 1 AND timeframe = '7d'), 85.78, 'L1 is 85.78 % of TOTAL');
SELECT is((SELECT key_signals FROM sector_analysis WHERE sector_id = 2 AND timeframe = '7d'),
          '[{"type": "momentum_leader", "value": true}, {"type": "liquidity_surge", "value": 0.8611}, {"type": "rotation_inflow", "value": 0.9687},
            {"type": "breakout", "value": 1}, {"type": "rs_quadrant", "value": "weakening"}]'::jsonb, 'signals in their order');
CREATE TEMPORARY TABLE cross_id AS SELECT analyse_cross_sector(id) AS id FROM snap;
CREATE TEMPORARY TABLE crossed AS SELECT c.*, c.xmin::text AS version FROM cross_sector_analysis AS c;
SELECT is(dominance_distribution, '{"BTC": 59.6091, "L1": 26.1704, "DeFi": 2.0384, "AI": 2.1887, "RWA": 0.4605, "Other": 9.5329}'::jsonb,
          'the distribution has BTC alone') FROM crossed;
SELECT is((SELECT sum(value::numeric) FROM crossed, jsonb_each_text(dominance_distribution)), 100.0000, 'and sums to 100');
SELECT is((ai_market_outlook, signal_agreement_score, outlook_duration_estimate)::text, '(Neutral,0.50,72)', 'outlook for the market') FROM crossed;
SELECT is(sector_rotation_flows, '{"AI→DeFi": 0.9374, "L1→DeFi": 0.0313, "AI→RWA": 0.0303}'::jsonb, 'small flows are left out') FROM crossed;
SELECT is((SELECT array_agg(r ->> 'sector') FROM crossed, jsonb_array_elements(sector_performance_ranking) AS r), '{DeFi,RWA,L1,AI}', 'ranking by 7 days');
SELECT results_eq('SELECT from_sector_id, to_sector_id, score FROM sector_rotation_flows ORDER BY 1, 2',
                  'VALUES (1, 2, .03), (3, 2, .94), (3, 4, .03)', 'a row per flow');

-- nothing that comes later changes an analysis
CREATE TEMPORARY TABLE before AS SELECT a.*, a.xmin::text AS version FROM sector_analysis AS a;
CREATE TEMPORARY TABLE flow_before AS SELECT f.*, f.xmin::text AS version FROM sector_rotation_flows AS f;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT a, t, timestamptz '2025-02-04' + i * cryptoanalytics.timeframe_length(t), 1e6, 1e7, 1, 1e6 * i + 1, 1e15, 1e18
FROM generate_series(1, 6) AS a, unnest('{1h,1d}'::text[]) AS t, generate_series(0, 3) AS i;
UPDATE assets SET current_price = 7, market_cap = 8, total_volume = 9 WHERE id < 10;
SELECT ok(record_metric('tvl_total', 5e9, '2025-02-05', sector => 2) AND record_metric('narrative', 0.9, '2025-02-05', sector => 2, label => 'late'),
          'feeds come later');
INSERT INTO ai_models (id, name, version, model_type) VALUES (901, 'oracle', '1', 'sector');
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_value, confidence_score, prediction_horizon, target_datetime, created_at)
VALUES (1, 901, 'sector_outlook', '{"sector_id": 1, "period": "7d", "outlook": "Bullish"}', 0.9, 48, '2025-02-06', '2025-02-04 00:00:01');
SELECT is(build_sector_history() > 0, true, 'later days are added to the history');
SELECT is(build_metrics_snapshot('1d', '2025-02-04 17:00'), id, 'the snapshot stays') FROM snap;
SELECT is(analyse_sectors(id), 0::bigint, 'later candles, feeds and predictions change no analysis') FROM snap;
SELECT is(analyse_cross_sector(snap.id), cross_id.id, 'the analysis of all sectors keeps its id') FROM snap, cross_id;
SELECT is((SELECT count(*) FROM before AS b JOIN sector_analysis AS a USING (id) WHERE a.xmin::text = b.version)
          + (SELECT count(*) FROM crossed AS b JOIN cross_sector_analysis AS a USING (id) WHERE a.xmin::text = b.version)
          + (SELECT count(*) FROM flow_before AS b JOIN sector_rotation_flows AS a USING (id) WHERE a.xmin::text = b.version),
          16::bigint, 'and no row was touched');

-- what is fed and predicted in time
UPDATE predictions SET created_at = '2025-02-03 23:00';
SELECT ok(record_metric('tvl_total', 4e9, '2025-02-04', sector => 2) AND record_metric('active_users', 1234, '2025-02-03 23:30', sector => 2)
          AND record_metric('institutional_inflow', -5e6, '2025-02-04', sector => 2)
          AND record_metric('narrative', 0.6, '2025-02-04', sector => 2, label => 'yield')
          AND record_metric('narrative', 0.8, '2025-02-04', sector => 2, label => 'lending')
          AND record_metric('narrative', 0.3, '2025-02-04', sector => 4, label => 'bonds'), 'feeds come in time');
SELECT is(analyse_sectors(id, '7d'), 3::bigint, 'a prediction and feeds change three sectors') FROM snap;
SELECT is((ai_sector_outlook, ai_confidence_score, signal_agreement_score, analysis_data ->> 'outlook_source')::text, '(Bullish,0.90,0.17,prediction)',
          'a valid prediction decides the outlook; one vote of six agrees') FROM sector_analysis WHERE sector_id = 1 AND timeframe = '7d';
SELECT is((narrative_tag, tvl_total, institutional_inflow, active_users, active_protocols)::text, '("{lending,yield}",4000000000.00,-5000000.00,1234,)',
          'what is fed about a sector') FROM sector_analysis WHERE sector_id = 2 AND timeframe = '7d';
SELECT results_eq($$SELECT sector_id, narrative_tag::text FROM sector_analysis WHERE timeframe = '7d' ORDER BY 1$$,
                  $$VALUES (1, NULL), (2, '{lending,yield}'), (3, NULL), (4, '{}')$$, 'a weak narrative is none, and none fed is NULL');
DELETE FROM price_data WHERE asset_id IN (SELECT id FROM assets WHERE symbol ^@ 'TVL' OR symbol ^@ 'NARRATIVE');
SELECT is(analyse_sectors(id, '7d'), 0::bigint, 'what was fed survives its series') FROM snap;
SELECT results_eq($$SELECT sector::text, count(*), min(snapshot_time) FROM latest_sector_analysis GROUP BY sector_id, sector ORDER BY sector_id$$,
                  $$SELECT name::text, 3::bigint, timestamptz '2025-02-04' FROM sectors ORDER BY id$$, 'the view has the latest of each sector and period');
-- other settings are another model
SET LOCAL cryptoanalytics.sectors = 'excess=50';
SELECT is(analyse_sectors(id, '7d'), 4::bigint, 'other settings give rows of their own') FROM snap;
SELECT is((SELECT count(*) FROM ai_models WHERE name = 'sector rules'), 2::bigint, 'of a model of their own');
SELECT is((SELECT configuration #> '{sectors,excess}' FROM ai_models WHERE name = 'sector rules' AND is_active), '50', 'which is then the deployed one');
RESET cryptoanalytics.sectors;
SELECT is(analyse_sectors(id, '7d'), 0::bigint, 'and the old settings find the old rows') FROM snap;

-- many snapshots at once are as good as one after the other
CREATE TEMPORARY TABLE week AS
SELECT d, build_metrics_snapshot('1d', timestamptz '2025-01-20' + d * interval '24 hours') AS id FROM generate_series(0, 9) AS d;
SELECT is(sum(analyse_sectors(id)), 120::numeric, 'ten snapshots one after the other') FROM (SELECT id FROM week ORDER BY d) AS w;
CREATE TEMPORARY TABLE single AS SELECT * FROM sector_analysis WHERE metrics_snapshot_id IN (SELECT id FROM week);
DELETE FROM sector_analysis WHERE metrics_snapshot_id IN (SELECT id FROM week);
SELECT is(cryptoanalytics_internal.ca_write_sector_analyses(array_agg(id), '{1d,7d,30d}', '1d', cryptoanalytics_internal.ca_sector_model()),
          120::bigint, 'ten snapshots at once') FROM week;
SELECT is(count(*), 0::bigint, 'give the same rows to the last digit')
FROM single AS s
FULL JOIN (SELECT * FROM sector_analysis WHERE metrics_snapshot_id IN (SELECT id FROM week)) AS a USING (metrics_snapshot_id, ai_model_id, sector_id, timeframe)
WHERE to_jsonb(s) - '{id,created_at,updated_at}'::text[] IS DISTINCT FROM to_jsonb(a) - '{id,created_at,updated_at}'::text[];

SELECT is((SELECT count(analyse_cross_sector(id)) FROM week), 10::bigint, 'so are all sectors compared ten times');
CREATE TEMPORARY TABLE single_cross AS SELECT * FROM cross_sector_analysis WHERE metrics_snapshot_id IN (SELECT id FROM week);
DELETE FROM cross_sector_analysis WHERE metrics_snapshot_id IN (SELECT id FROM week);
SELECT is(count(*) FILTER (WHERE w.changed), 10::bigint, 'ten snapshots are compared at once')
FROM (SELECT array_agg(id) AS ids FROM week) AS l, cryptoanalytics_internal.ca_write_cross_sectors(l.ids, cryptoanalytics_internal.ca_sector_model()) AS w;
SELECT is(count(*), 10::bigint, 'ten snapshots compared at once give the same rows')
FROM single_cross AS s
JOIN cross_sector_analysis AS c USING (metrics_snapshot_id, ai_model_id)
WHERE to_jsonb(s) - '{id,created_at,updated_at}'::text[] = to_jsonb(c) - '{id,created_at,updated_at}'::text[];

-- snapshots and all analyses of a range
SELECT is(analyse_history('1d', '2025-01-02', '2025-01-05'), 45::bigint,
          'three days have a snapshot, a regime, twelve analyses of sectors and one of all each');
SELECT is(analyse_history('1d', '2025-01-02', '2025-01-05'), 0::bigint, 'and the second time nothing changes');
SELECT is((SELECT count(*) FROM sector_analysis WHERE analysis_time >= '2025-01-02' AND analysis_time < '2025-01-05' AND analysis_data #> '{votes,regime}' IS NOT NULL),
          36::bigint, 'the regime votes on sectors');
SELECT throws_ok($$SELECT analyse_history('1d', '2025-01-05', '2025-01-02')$$, '22023', 'since must not be after until', 'a range that ends before it begins is refused');

-- spells of 3 10 4 20 5 30 6 40 2 bars, and 12 bars of the present one: those of 20, 30 and 40 had 8, 18 and 28 left
CREATE FUNCTION pg_temp.duration(gap boolean) RETURNS integer LANGUAGE sql AS $$
    WITH spell AS (SELECT place, word, bars, sum(bars) OVER (ORDER BY place) - bars AS first
                   FROM unnest('{S,B,R,B,S,B,R,B,S,B}'::text[], '{3,10,4,20,5,30,6,40,2,12}'::integer[]) WITH ORDINALITY AS s (word, bars, place)),
         bar AS (SELECT word, timestamptz '2024-01-01' + (first + b + CASE WHEN gap AND place > 4 THEN 1 ELSE 0 END) * interval '24 hours' AS moment,
                        place = 10 AND b = 11 AS wanted
                 FROM spell, generate_series(0, bars - 1) AS b)
    SELECT d.hours
    FROM (SELECT array_agg('x'::text) AS k, array_agg(moment) AS m, array_agg(word) AS w, array_agg(wanted) AS n FROM bar) AS l,
         cryptoanalytics_internal.ca_outlook_durations('1d', l.k, l.m, l.w, l.n) AS d
$$;
SELECT is(pg_temp.duration(false), 432, 'the median of what such spells had left is 18 days');
SELECT is(pg_temp.duration(true), 552, 'a spell that ends in a gap is not complete');

--
-- rotation by hand: A 500 -> 520, B 300 -> 290, C 150 -> 200, D 50 -> 40; the whole grows by 1050 / 1000
--
DELETE FROM sector_mapping;
DELETE FROM sectors;
INSERT INTO assets (id, symbol, name, asset_type) SELECT 200 + n, 'H' || n, 'H' || n, 'crypto' FROM generate_series(1, 4) AS n;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, market_cap)
SELECT 200 + n, '1d', timestamptz '2022-01-01' + d * interval '24 hours', 1, 1, 1, 1, cap
FROM (VALUES (1, 0, 500), (1, 7, 520), (2, 0, 300), (2, 7, 290), (3, 0, 150), (3, 7, 200), (4, 0, 50), (4, 7, 40)) AS v (n, d, cap);
INSERT INTO sectors (id, name) SELECT 200 + n, chr(64 + n) FROM generate_series(1, 4) AS n;
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) SELECT 200 + n, 200 + n, true FROM generate_series(1, 4) AS n;
SELECT results_eq(
    $$SELECT chr(from_sector_id - 136) || chr(to_sector_id - 136), round(flow::numeric, 6) FROM rotation_flows('2022-01-09')$$,
    $$VALUES ('BC', .588235), ('DC', .294118), ('AC', .117647)$$, 'flows by hand');

--
-- random markets: any shifts
--
CREATE FUNCTION pg_temp.draw(a integer, b integer, n integer) RETURNS integer LANGUAGE sql AS
$$ SELECT (abs(hashint8extended(a * 100000 + b, 11)) % n)::integer $$;
INSERT INTO sectors (id, name) SELECT 300 + s, 'random ' || s FROM generate_series(1, 6) AS s;
INSERT INTO assets (id, symbol, name, asset_type) SELECT 300 + a, 'R' || a, 'R' || a, CASE WHEN a % 7 = 0 THEN 'stablecoin' ELSE 'crypto' END FROM generate_series(1, 30) AS a;
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector)
SELECT 300 + a, 301 + pg_temp.draw(a, s, 6), s = 0 FROM generate_series(1, 30) AS a, generate_series(0, 1) AS s WHERE s = 0 OR a % 2 = 0
ON CONFLICT DO NOTHING;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT 300 + a, '1d', timestamptz '2022-03-01' + d * interval '24 hours', p, p, p, p, 1 + pg_temp.draw(a, d, 1000), p * 1000 * a
FROM generate_series(1, 30) AS a, generate_series(0, 60) AS d
CROSS JOIN LATERAL (SELECT (1 + pg_temp.draw(a, d + 500, 100) / 25.0)::numeric AS p) AS x
WHERE pg_temp.draw(a, d + 900, 12) > 0;
CREATE TEMPORARY TABLE rotated AS
SELECT p.* FROM cryptoanalytics_internal.ca_sector_periods(
    ARRAY(SELECT timestamptz '2022-03-10' + d * interval '24 hours' FROM generate_series(0, 40) AS d), '{24:00:00,168:00:00}') AS p WHERE p.sector_id > 300;
SELECT ok(bool_and(pg_temp.near(inflow, 1) AND pg_temp.near(outflow, 1) AND pg_temp.near(gain, 0) AND pg_temp.near(flow / cap, 0) AND pg_temp.near(share, 1)),
          'inflows and outflows sum to 1, gains and flows in USD to 0, shares to 1')
FROM (SELECT sum(inflow) AS inflow, sum(outflow) AS outflow, sum(gain) AS gain, sum(net_flow) AS flow, sum(part) AS cap, sum(share) AS share
      FROM rotated GROUP BY moment, span) AS s;
SELECT ok(bool_and(f.total IS NOT NULL AND pg_temp.near(f.total, 1) AND f.own = 0 AND f.margins), 'all flows sum to 1, their sums are the parts of each sector, and none flows to itself')
FROM generate_series(0, 40, 5) AS d
CROSS JOIN LATERAL (
    SELECT sum(r.flow) AS total, count(*) FILTER (WHERE r.from_sector_id = r.to_sector_id) AS own,
           (SELECT bool_and(pg_temp.near(coalesce(o.flow, 0), p.outflow) AND pg_temp.near(coalesce(i.flow, 0), p.inflow))
            FROM rotated AS p
            LEFT JOIN LATERAL (SELECT sum(x.flow) AS flow FROM rotation_flows(p.moment) AS x WHERE x.from_sector_id = p.sector_id) AS o ON true
            LEFT JOIN LATERAL (SELECT sum(x.flow) AS flow FROM rotation_flows(p.moment) AS x WHERE x.to_sector_id = p.sector_id) AS i ON true
            WHERE p.moment = timestamptz '2022-03-10' + d * interval '24 hours' AND p.span = '168:00:00') AS margins
    FROM rotation_flows(timestamptz '2022-03-10' + d * interval '24 hours') AS r) AS f;
UPDATE price_data SET market_cap = 5 * market_cap WHERE asset_id > 300;
SELECT ok(bool_and(pg_temp.near(p.inflow, r.inflow) AND pg_temp.near(p.outflow, r.outflow) AND pg_temp.near(p.performance, r.performance)
                   AND pg_temp.near(p.net_flow / p.part, 5 * r.net_flow / p.part)),
          'five times the capitalizations are the same rotation')
FROM rotated AS r
JOIN cryptoanalytics_internal.ca_sector_periods(ARRAY(SELECT DISTINCT moment FROM rotated), '{24:00:00,168:00:00}') AS p USING (moment, span, sector_id);
-- ranks over sectors average one half
SELECT cmp_ok(build_sector_history(), '>', 200::bigint, 'random sectors have a history');
SELECT ok(bool_and(pg_temp.near(s.volatility, .5) AND pg_temp.near(s.liquidity, .5) AND pg_temp.near(s.reward, .5)), 'ranks average one half')
FROM (SELECT avg(volatility_score) AS volatility, avg(liquidity_score) AS liquidity, avg(reward_score) AS reward
      FROM cryptoanalytics_internal.ca_sector_statistics('{2022-04-20,2022-04-21,2022-04-28}') GROUP BY ends_at) AS s;
-- prices that never change
UPDATE price_data SET open_price = 3.3, high_price = 3.3, low_price = 3.3, close_price = 3.3, market_cap = 3.3 * asset_id WHERE asset_id > 300;
SELECT cmp_ok(build_sector_history(rebuild => true), '>', 0::bigint, 'prices that never change');
SELECT is((SELECT count(DISTINCT i.level) FROM generate_series(301, 306) AS s, sector_index(s) AS i), 1::bigint, 'leave the level at 1000');
SELECT is((SELECT count(*) FROM cryptoanalytics_internal.ca_sector_statistics('{2022-04-28}')
           WHERE sector_id > 300 AND volatility = 0 AND volatility_score = .5 AND num_nulls(corr_btc, corr_eth) = 2 AND breakout = 0 AND trend = 0), 6::bigint,
          'no volatility, equal ranks, no correlation, no breakout');
SELECT is_empty($$SELECT * FROM rotation_flows('2022-04-28')$$, 'and no rotation');

SELECT * FROM finish();
ROLLBACK;
