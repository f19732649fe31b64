-- build_metrics_snapshot and what it is made of: what is refused, and who may.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION refused(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;

-- nothing stored: no benchmark, no price, no error
SELECT build_metrics_snapshot();
SELECT build_metrics_snapshots('1d', '2025-01-01+00', '2025-01-03+00');
SELECT * FROM market_totals();
SELECT * FROM market_breadth();

INSERT INTO assets (symbol, name, asset_type) VALUES ('BTC', 'Bitcoin', 'crypto'), ('ETH', 'Ether', 'crypto');
SELECT build_metrics_snapshot('1d', '2025-01-11+00');
SELECT * FROM seasonality(asset_id('BTC'));
-- ten days: closes 101 to 110 of BTC, and of ETH 201, 200, 203, 202, ...
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id(s.symbol), '1d', timestamptz '2024-12-31+00' + i * interval '1 day', c, c + 1, c - 1, c, 50 * a, c * 1000
FROM (VALUES (1, 'BTC'), (2, 'ETH')) AS s (a, symbol) CROSS JOIN generate_series(1, 10) AS i CROSS JOIN LATERAL (SELECT 100 * a + i + (a - 1) * (i % 2 * 2 - 1) AS c) AS c;

-- a day at a time, and the range all at once: ten days, of which the first is built already
SELECT build_metrics_snapshot('1d', '2025-01-02 15:00+00') IS NOT NULL AS built;
SELECT build_metrics_snapshots('1d', '2025-01-01 12:00+00', '2025-01-11 00:00:00.000001+00') AS built;
-- 110 / 103 - 1; turnover is (50 + 100) / (110000 + 209000)
SELECT snapshot_time, timeframe, price, weekly_return, liquidity_score FROM metrics_snapshot ORDER BY snapshot_time DESC LIMIT 1;
-- fed by column and by category, in USD after 24 hours of 2 BTC liquidated
SELECT build_metrics_snapshot('1d', '2025-01-11+00', '{"liquidations_long": 2, "derivatives_metrics": {"funding_rate_eth": -0.00001234}}') IS NOT NULL AS built;
SELECT liquidations_long, extended_metrics -> 'derivatives_metrics' AS derivatives FROM metrics_snapshot WHERE snapshot_time = '2025-01-11+00';

--
-- Steps of maintain(): what is due once the feed has reached a boundary, or an hour after it.
--
BEGIN;
SET LOCAL search_path = cryptoanalytics_internal, public;
SET LOCAL cryptoanalytics.regime = 'min_votes=1';
DELETE FROM metrics_snapshot WHERE snapshot_time >= '2025-01-10+00';
SELECT ca_build_due_snapshots('1d', '2025-01-11 00:10+00') AS two_are_missing, ca_build_due_snapshots('1d', '2025-01-11 23:59+00') AS none_is_due;
SELECT ca_build_due_snapshots('1d', '2025-01-12 00:59:59+00') AS feed_is_late, ca_build_due_snapshots('1d', '2025-01-12 01:00+00') AS an_hour_later;
-- candles that came late change what is of the last two days
SELECT ca_build_snapshots_again('1d', '2025-01-12 12:00+00') AS nothing_new;
UPDATE price_data SET market_cap = 2 * market_cap WHERE candle_time = '2025-01-10+00';
SELECT ca_build_snapshots_again('1d', '2025-01-12 12:00+00') AS of_two_days, ca_build_snapshots_again('1d', '2025-01-14+00') AS too_late;
-- the newest is analysed first, and then what is newer than the last analysis
SELECT record_metric('fear_greed_index', 80, '2025-01-11+00') AS recorded;
SELECT ca_analyse_due_regimes('1d', '2025-01-11 12:00+00', false) AS newest, ca_analyse_due_regimes('1d', '2025-01-12 12:00+00', false) AS newer;
SELECT ca_analyse_due_regimes('1d', '2025-01-12 12:00+00', false) AS none, ca_analyse_due_regimes('1d', '2025-01-12 12:00+00', true) AS unchanged;
SELECT s.snapshot_time, r.regime FROM market_regime_analysis AS r JOIN metrics_snapshot AS s ON s.id = r.metrics_snapshot_id ORDER BY 1;
ROLLBACK;

--
-- What is refused.
--
SELECT r.state, r.message, r.detail, r.hint
FROM unnest(ARRAY[
    $$SELECT build_metrics_snapshot(NULL)$$, $$SELECT build_metrics_snapshot('7h')$$,
    $$SELECT build_metrics_snapshot('1d', NULL)$$, $$SELECT build_metrics_snapshot('1d', 'infinity')$$, $$SELECT build_metrics_snapshot('1d', '2999-01-01+00')$$,
    $$SELECT build_metrics_snapshots('1d', NULL)$$, $$SELECT build_metrics_snapshots('1d', '-infinity')$$,
    $$SELECT build_metrics_snapshots('1d', '2025-01-02+00', '2025-01-01+00')$$, $$SELECT build_metrics_snapshots('1d', '2025-01-02+00', '2999-01-01+00')$$,
    $$SELECT build_metrics_snapshots('7h', '2025-01-02+00')$$,
    $$SELECT market_totals('2999-01-01+00')$$, $$SELECT market_breadth('2999-01-01+00')$$, $$SELECT market_breadth('2025-01-02+00', 6)$$,
    $$SELECT analyse_market_regime(NULL)$$, $$SELECT analyse_market_regime(-1)$$, $$SELECT regime_votes('7h', '2025-01-02+00')$$,
    $$SELECT regime_votes('1d', NULL)$$, $$SELECT regime_votes('1d', '2025-01-02+00', '2025-01-01+00')$$,
    $$SELECT halving_schedule('2999-01-01+00')$$, $$SELECT seasonality(-1)$$, $$SELECT seasonality(asset_id('BTC'), '2999-01-01+00')$$
]) WITH ORDINALITY AS s (statement, place)
CROSS JOIN LATERAL refused(s.statement) AS r
ORDER BY s.place;
SELECT f.fed, r.state, r.message, r.detail
FROM unnest(ARRAY[
    '[]', '{"fear_gred_index": 1}', '{"rsi_14": 50}', '{"altcoin_dominance": 50}', '{"snapshot_time": 1}', '{"extended_metrics": {}}',
    '{"fear_greed_index": "55"}', '{"fear_greed_index": 100.005}', '{"fear_greed_index": -1}', '{"total": 1e16}', '{"active_addresses_btc": 2147483648}',
    '{"onchain_metrics": 1}', '{"onchain_metrics": {"miner_outflw": 1}}', '{"onchain_metrics": {"miner_outflow": -1}}', '{"onchain_metrics": {"miner_outflow": [1]}}',
    '{"technical_indicators": {"rsi_7": 50}}', '{"rsi_14": null}', '{"cycle_metrics": {"seasonality_score": 0.5}}', '{"liquidation_zones": {}}',
    '{"liquidation_zones": [{"bin_low": 1, "bin_high": 2, "long_vol": 3}]}', '{"liquidation_zones": [{"bin_low": 1, "bin_high": 2, "long_vol": 3, "short_vol": "4"}]}',
    '{"liquidation_zones": [{"bin_low": 1, "bin_high": 2, "long_vol": 3, "short_vol": 4, "more": 5}]}',
    '{"liquidation_zones": [{"bin_low": 2, "bin_high": 2, "long_vol": 3, "short_vol": 4}]}', '{"liquidation_zones": [{"bin_low": 1, "bin_high": 2, "long_vol": 3, "short_vol": -4}]}',
    '{"liquidation_zones": [{"bin_low": 1, "bin_high": 3, "long_vol": 3, "short_vol": 4}, {"bin_low": 2, "bin_high": 4, "long_vol": 3, "short_vol": 4}]}'
]) WITH ORDINALITY AS f (fed, place)
CROSS JOIN LATERAL refused(format('SELECT build_metrics_snapshot(''1d'', ''2025-01-11+00'', %L)', f.fed)) AS r
ORDER BY f.place;
-- one hint for each kind
SELECT DISTINCT r.message, r.hint
FROM unnest(ARRAY['[]', '{"rsi_14": 50}', '{"fear_greed_index": "55"}', '{"fear_greed_index": -1}', '{"liquidation_zones": {}}', '{"onchain_metrics": 1}']) AS fed
CROSS JOIN LATERAL refused(format('SELECT build_metrics_snapshot(''1d'', ''2025-01-11+00'', %L)', fed)) AS r
ORDER BY r.message, r.hint;
-- a setting that does not parse stops what needs it
SELECT current_database() AS database \gset
\c -
ALTER DATABASE :"database" SET cryptoanalytics.market = 'min_assets=many';
\c -
SET datestyle = 'ISO';
\set VERBOSITY terse
SET client_min_messages = error;
SELECT build_metrics_snapshot('1d', '2025-01-11+00');
ALTER DATABASE :"database" RESET cryptoanalytics.market;
\c -
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';

--
-- An analyst and an application read, an operator builds and feeds.
--
CREATE ROLE snapshots_analyst;
CREATE ROLE snapshots_application;
CREATE ROLE snapshots_operator;
SELECT grant_analyst('snapshots_analyst'), grant_application('snapshots_application'), grant_operator('snapshots_operator');
GRANT EXECUTE ON FUNCTION refused(text) TO PUBLIC;

SET ROLE snapshots_analyst;
SELECT count(*) AS snapshots FROM metrics_snapshot;
SELECT universe, advancers FROM market_breadth('2025-01-11+00');
SELECT metric_value('dxy', '2025-01-11+00'), (SELECT count(*) FROM metric_series) AS series, (SELECT sources FROM market_totals('2025-01-11+00'));
SELECT state, message FROM refused($$SELECT build_metrics_snapshot('1d', '2025-01-11+00')$$);
SELECT state, message FROM refused($$SELECT build_metrics_snapshots('1d', '2025-01-11+00')$$);
SELECT state, message FROM refused($$SELECT analyse_market_regime(min(id)) FROM metrics_snapshot$$);
SELECT count(*) AS votes, count(vote) AS known, (SELECT count(*) FROM latest_market_regime) AS regimes FROM regime_votes('1d', '2025-01-10+00', '2025-01-11+00');
SELECT state, message FROM refused($$SELECT record_metric('dxy', 100, '2025-01-11+00')$$);

SET ROLE snapshots_application;
SELECT count(*) AS snapshots FROM metrics_snapshot;
SELECT universe, advancers FROM market_breadth('2025-01-11+00');
SELECT metric_value('dxy', '2025-01-11+00'), (SELECT count(*) FROM seasonality(asset_id('BTC'), '2025-01-11+00')) AS months, (SELECT epoch FROM halving_schedule('2025-01-11+00'));
SELECT state, message FROM refused($$SELECT build_metrics_snapshot('1d', '2025-01-11+00')$$);
SELECT state, message FROM refused($$SELECT record_metric('dxy', 100, '2025-01-11+00')$$);
SELECT state, message FROM refused($$INSERT INTO metric_series (metric) VALUES ('dxy')$$);

SET ROLE snapshots_operator;
SELECT record_metric('dxy', 100, '2025-01-11+00');
SELECT build_metrics_snapshot('1d', '2025-01-11+00') IS NOT NULL AS built, build_metrics_snapshots('1d', '2025-01-10+00', '2025-01-11 00:00:00.000001+00') AS changed_again;
SELECT dxy FROM metrics_snapshot WHERE snapshot_time = '2025-01-11+00';
-- ten bars are too few for a regime, and a setting that asks for one vote has one: drawdown needs 90, so it is sentiment
SELECT analyse_market_regime(id) FROM metrics_snapshot WHERE snapshot_time = '2025-01-11+00';
SELECT record_metric('fear_greed_index', 80, '2025-01-11+00');
SET cryptoanalytics.regime = 'min_votes=1';
SELECT analyse_market_regime(id) IS NOT NULL AS analysed FROM metrics_snapshot WHERE snapshot_time = '2025-01-11+00';
SELECT regime, signal_agreement_score, analysis_data -> 'rationale' AS rationale, breakout_signal, analysis_data -> 'breakout' AS breakout FROM latest_market_regime;
RESET cryptoanalytics.regime;
RESET ROLE;

SELECT revoke_rights('snapshots_analyst'), revoke_rights('snapshots_application'), revoke_rights('snapshots_operator');
DROP FUNCTION refused(text);
DROP OWNED BY snapshots_analyst, snapshots_application, snapshots_operator;
DROP ROLE snapshots_analyst, snapshots_application, snapshots_operator;
DELETE FROM metrics_snapshot;
DELETE FROM ai_models;
DELETE FROM price_data;
DELETE FROM assets;
