-- Snapshots of the market: metrics_snapshot, built for many moments at once.
--
-- On the way to a row, a snapshot is a flat JSON object: the names of columns, and category.key for
-- what is in extended_metrics.  ca_snapshot_keys() says which there are and what fits.

CREATE FUNCTION ca_snapshot_keys()
    RETURNS TABLE (name text, category text, key text, is_fed boolean, scale integer, lowest numeric, highest numeric)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 90
BEGIN ATOMIC
    -- without a lowest value the highest holds for both signs
    SELECT CASE WHEN k.category = '' THEN k.key ELSE k.category || '.' || k.key END, nullif(k.category, ''), k.key, k.fed,
           k.scale, coalesce(k.lowest, -k.highest), k.highest
    FROM (VALUES
        ('', 'price', false, 2, NULL::numeric, 1e16 - 0.01),
        ('', 'rsi_14', false, 2, 0, 100),
        ('', 'sma_200', false, 8, NULL, 1e22 - 0.00000001),
        ('', 'ema_200', false, 8, NULL, 1e22 - 0.00000001),
        ('', 'fear_greed_index', true, 2, 0, 100),
        ('', 'google_trends_score', true, 2, 0, 100),
        ('', 'funding_rate_btc', true, 8, NULL, 1e4 - 0.00000001),
        ('', 'open_interest_btc', true, 2, 0, 1e28 - 0.01),
        ('', 'whale_netflow_24h', true, 2, NULL, 1e28 - 0.01),
        ('', 'active_addresses_btc', true, 0, 0, 2147483647),
        ('', 'altcoin_dominance', false, 2, 0, 100),
        ('', 'liquidity_score', false, 6, 0, 1e4 - 0.000001),
        ('', 'halving_countdown_days', false, 0, 0, 2147483647),
        ('', 'weekly_return', false, 4, NULL, 1e5 - 0.0001),
        ('', 'monthly_return', false, 4, NULL, 1e5 - 0.0001),
        ('', 'btc_dominance', true, 2, 0, 100),
        ('', 'eth_dominance', true, 2, 0, 100),
        ('', 'usdt_dominance', true, 2, 0, 100),
        ('', 'total', true, 2, 0, 1e16 - 0.01),
        ('', 'sp500', true, 2, NULL, 1e8 - 0.01),
        ('', 'gold', true, 2, NULL, 1e8 - 0.01),
        ('', 'dxy', true, 2, NULL, 1e8 - 0.01),
        ('', 'liquidations_long', true, 2, 0, 1e28 - 0.01),
        ('', 'liquidations_short', true, 2, 0, 1e28 - 0.01),
        ('', 'liquidation_zones', true, NULL, NULL, NULL),
        ('technical_indicators', 'rsi_7', false, 4, 0, 100),
        ('technical_indicators', 'stochastic_k', false, 4, 0, 100),
        ('technical_indicators', 'stochastic_d', false, 4, 0, 100),
        ('technical_indicators', 'macd_value', false, 8, NULL, 1e28),
        ('technical_indicators', 'macd_signal', false, 8, NULL, 1e28),
        ('technical_indicators', 'macd_histogram', false, 8, NULL, 1e28),
        ('technical_indicators', 'sma_100', false, 8, NULL, 1e28),
        ('technical_indicators', 'sma_50', false, 8, NULL, 1e28),
        ('technical_indicators', 'sma_20', false, 8, NULL, 1e28),
        ('technical_indicators', 'ema_100', false, 8, NULL, 1e28),
        ('technical_indicators', 'ema_50', false, 8, NULL, 1e28),
        ('technical_indicators', 'ema_20', false, 8, NULL, 1e28),
        ('technical_indicators', 'bollinger_upper', false, 8, NULL, 1e28),
        ('technical_indicators', 'bollinger_lower', false, 8, NULL, 1e28),
        ('technical_indicators', 'bollinger_bandwidth', false, 4, NULL, 1e28),
        ('technical_indicators', 'atr_14', false, 8, NULL, 1e28),
        ('technical_indicators', 'adx', false, 4, 0, 100),
        ('technical_indicators', 'di_plus', false, 4, 0, 100),
        ('technical_indicators', 'di_minus', false, 4, 0, 100),
        ('trend_metrics', 'momentum_score', false, 4, 0, 1),
        ('trend_metrics', 'consolidation_score', false, 4, 0, 1),
        ('sentiment_metrics', 'social_sentiment_score', true, 4, 0, 1),
        ('sentiment_metrics', 'sentiment_direction', false, NULL, NULL, NULL),
        ('sentiment_metrics', 'twitter_volume', true, 0, 0, 1e28),
        ('sentiment_metrics', 'reddit_volume', true, 0, 0, 1e28),
        ('derivatives_metrics', 'funding_rate_eth', true, 8, NULL, 1e4),
        ('derivatives_metrics', 'open_interest_eth', true, 2, 0, 1e28),
        ('derivatives_metrics', 'liquidations_long_24h', false, 2, 0, 1e28),
        ('derivatives_metrics', 'liquidations_short_24h', false, 2, 0, 1e28),
        ('derivatives_metrics', 'oi_change_24h', false, 4, NULL, 1e28),
        ('derivatives_metrics', 'funding_rate_trend', false, NULL, NULL, NULL),
        ('onchain_metrics', 'exchange_netflow_btc', true, 8, NULL, 1e28),
        ('onchain_metrics', 'exchange_netflow_eth', true, 8, NULL, 1e28),
        ('onchain_metrics', 'active_addresses_eth', true, 0, 0, 1e28),
        ('onchain_metrics', 'whale_to_exchange_volume_btc', true, 8, 0, 1e28),
        ('onchain_metrics', 'whale_from_exchange_volume_btc', true, 8, 0, 1e28),
        ('onchain_metrics', 'supply_on_exchanges_btc', true, 8, 0, 1e28),
        ('onchain_metrics', 'supply_on_exchanges_eth', true, 8, 0, 1e28),
        ('onchain_metrics', 'tx_volume_btc', true, 8, 0, 1e28),
        ('onchain_metrics', 'tx_volume_eth', true, 8, 0, 1e28),
        ('onchain_metrics', 'miner_outflow', true, 8, 0, 1e28),
        ('onchain_metrics', 'miner_balance_change', true, 8, NULL, 1e28),
        ('composite_metrics', 'volatility_index', false, 4, 0, 1e28),
        ('composite_metrics', 'breadth_advancers_ratio', false, 4, 0, 1),
        ('composite_metrics', 'breadth_new_highs_lows_ratio', false, 4, 0, 1),
        ('correlation_metrics', 'corr_eth_btc_30d', false, 4, -1, 1),
        ('correlation_metrics', 'corr_total2_btc_30d', false, 4, -1, 1),
        ('cycle_metrics', 'btc_epoch_phase', false, 4, 0, 1),
        ('cycle_metrics', 'btc_epoch', false, 0, 1, 2147483647),
        ('cycle_metrics', 'seasonality_score', false, 4, 0, 1),
        ('ai_metrics', 'regime_volatility_score', false, 4, 0, 1))
        AS k (category, key, fed, scale, lowest, highest);
END;
COMMENT ON FUNCTION ca_snapshot_keys() IS
    'what a snapshot holds, columns and keys of extended_metrics: whether it may be fed, how many decimals it keeps, and the values that fit; without scale it is no number';

-- ---- what is fed ----

CREATE FUNCTION ca_check_fed_number(name text, value jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    k record;
BEGIN
    SELECT s.* INTO k FROM ca_snapshot_keys() AS s WHERE s.name = ca_check_fed_number.name;
    IF NOT coalesce(k.is_fed, false) THEN
        RAISE EXCEPTION '%', CASE WHEN k.name IS NULL THEN 'fed has an unknown key' ELSE 'fed has a key that is computed' END
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Key is %s.', left(name, 100)),
                  HINT = 'Feed columns of metrics_snapshot, or keys in a category of extended_metrics, that only an outside source knows.';
    END IF;
    IF jsonb_typeof(value) <> 'number' THEN
        RAISE EXCEPTION 'fed has a value of the wrong type'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('The value of %s is a JSON %s.', name, jsonb_typeof(value)),
                  HINT = 'Pass a number; leave out what is not known.';
    END IF;
    IF NOT round(value::numeric, k.scale) BETWEEN k.lowest AND k.highest THEN
        RAISE EXCEPTION 'fed has a value that is out of range'
            USING ERRCODE = 'numeric_value_out_of_range',
                  DETAIL = format('The value of %s is %s.', name, left(value::text, 100)),
                  HINT = format('It is from %s to %s.', trim_scale(k.lowest), trim_scale(k.highest));
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_fed_number(text, jsonb) IS
    'refuses a key that cannot be fed, and a value that is no number or does not fit';

CREATE FUNCTION ca_check_zones(zones jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    z record;
    bin_end numeric;
    wrong text;
BEGIN
    IF jsonb_typeof(zones) <> 'array' THEN
        wrong := format('It is a JSON %s.', jsonb_typeof(zones));
    ELSE
        FOR z IN SELECT e.bin, e.place FROM jsonb_array_elements(zones) WITH ORDINALITY AS e (bin, place) ORDER BY e.place LOOP
            IF jsonb_typeof(z.bin) <> 'object'
               OR (SELECT array_agg(e.key ORDER BY e.key COLLATE "C") FROM jsonb_each(z.bin) AS e
                   WHERE jsonb_typeof(e.value) = 'number') IS DISTINCT FROM '{bin_high,bin_low,long_vol,short_vol}'
               OR (SELECT count(*) FROM jsonb_object_keys(z.bin)) <> 4 THEN
                wrong := format('Bin %s is not {bin_low, bin_high, long_vol, short_vol} with numbers.', z.place);
            ELSIF (z.bin -> 'bin_low')::numeric >= (z.bin -> 'bin_high')::numeric
                  OR (z.bin -> 'long_vol')::numeric < 0 OR (z.bin -> 'short_vol')::numeric < 0 THEN
                wrong := format('Bin %s is empty or has a negative volume.', z.place);
            ELSIF (z.bin -> 'bin_low')::numeric < bin_end THEN
                wrong := format('Bin %s begins before the end of the bin before it.', z.place);
            END IF;
            EXIT WHEN wrong IS NOT NULL;
            bin_end := (z.bin -> 'bin_high')::numeric;
        END LOOP;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'liquidation_zones are not bins of prices'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = wrong,
                  HINT = 'Pass an array of {"bin_low": ..., "bin_high": ..., "long_vol": ..., "short_vol": ...} in ascending order, volumes in BTC.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_zones(jsonb) IS
    'refuses liquidation zones that are not an array of bins, ascending, that do not overlap';

CREATE FUNCTION ca_fed_values(fed jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    f record;
    flat jsonb := '{}';
BEGIN
    IF fed IS NOT NULL AND jsonb_typeof(fed) <> 'object' THEN
        RAISE EXCEPTION 'fed must be a JSON object'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('It is a JSON %s.', jsonb_typeof(fed)),
                  HINT = 'Its keys are columns of metrics_snapshot and categories of extended_metrics.';
    END IF;
    FOR f IN
        SELECT e.key AS outer_key, e.key AS name, e.value, false AS in_category
        FROM jsonb_each(coalesce(fed, '{}')) AS e
        WHERE NOT EXISTS (SELECT FROM ca_snapshot_keys() AS k WHERE k.category = e.key)
           OR jsonb_typeof(e.value) <> 'object'
        UNION ALL
        SELECT e.key, e.key || '.' || i.key, i.value, true
        FROM jsonb_each(coalesce(fed, '{}')) AS e
        CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(e.value) = 'object' THEN e.value ELSE '{}' END) AS i
        WHERE EXISTS (SELECT FROM ca_snapshot_keys() AS k WHERE k.category = e.key)
        ORDER BY name
    LOOP
        IF NOT f.in_category AND EXISTS (SELECT FROM ca_snapshot_keys() AS k WHERE k.category = f.name) THEN
            RAISE EXCEPTION 'fed has a value of the wrong type'
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = format('The value of %s is a JSON %s.', f.name, jsonb_typeof(f.value)),
                      HINT = 'A category of extended_metrics is a JSON object.';
        ELSIF f.name = 'liquidation_zones' AND f.value <> 'null' THEN
            PERFORM ca_check_zones(f.value);
        ELSIF f.value <> 'null' OR NOT EXISTS (SELECT FROM ca_snapshot_keys() AS k WHERE k.name = f.name AND k.is_fed) THEN
            PERFORM ca_check_fed_number(f.name, f.value);
        END IF;
        IF f.value <> 'null' THEN
            flat := flat || jsonb_build_object(f.name, f.value);
        END IF;
    END LOOP;
    RETURN flat;
END;
$$;
COMMENT ON FUNCTION ca_fed_values(jsonb) IS
    'checks what is fed to a snapshot and returns it as a flat object; a null is as good as nothing';

CREATE FUNCTION ca_snapshot_given(timeframe text, moments timestamptz[], fed jsonb)
    RETURNS TABLE (moment timestamptz, given jsonb, origins jsonb, height numeric, total2es numeric, past jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH wanted AS (
        SELECT m AS moment FROM unnest(ca_snapshot_given.moments) AS m
    ), known AS MATERIALIZED (
        SELECT v.moment, jsonb_object_agg(v.metric, v.value) AS "values"
        FROM (SELECT array_agg(w.moment - p.span) AS moments
              FROM wanted AS w
              CROSS JOIN (VALUES (interval '0'), ('24 hours'), ('168 hours')) AS p (span)) AS m
        CROSS JOIN LATERAL ca_metric_values(
            m.moments, ARRAY(SELECT d.metric FROM metric_series_defaults() AS d WHERE NOT d.by_sector)) AS v
        GROUP BY v.moment
    ), value AS (
        SELECT w.moment, k.name, f.value AS fed, s.value AS series, o.value AS stored, k.scale, k.lowest, k.highest,
               old.extended_metrics #>> ARRAY['sources', k.name] AS origin
        FROM wanted AS w
        CROSS JOIN ca_snapshot_keys() AS k
        LEFT JOIN known AS n ON n.moment = w.moment
        LEFT JOIN metrics_snapshot AS old
          ON old.timeframe = ca_snapshot_given.timeframe AND old.snapshot_time = w.moment
        CROSS JOIN LATERAL (SELECT ca_snapshot_given.fed -> k.name AS value) AS f
        CROSS JOIN LATERAL (SELECT n."values" -> k.key AS value) AS s
        CROSS JOIN LATERAL (
            SELECT nullif(CASE WHEN k.category IS NULL THEN to_jsonb(old) -> k.key
                               ELSE old.extended_metrics #> ARRAY[k.category, k.key] END, 'null') AS value) AS o
        WHERE k.is_fed
    ), chosen AS (
        SELECT v.*,
               CASE WHEN v.fed IS NOT NULL THEN 'fed' WHEN v.series IS NOT NULL THEN 'series' ELSE v.origin END AS source,
               coalesce(v.fed, v.series,
                        -- what was computed is computed again
                        CASE WHEN v.name NOT IN ('total', 'btc_dominance', 'eth_dominance', 'usdt_dominance')
                                  OR v.origin IN ('fed', 'series') THEN v.stored END) AS value
        FROM value AS v
    )
    SELECT w.moment,
           coalesce(jsonb_object_agg(c.name, c.value) FILTER (WHERE c.value IS NOT NULL), '{}'),
           coalesce(jsonb_object_agg(c.name, c.source)
                        FILTER (WHERE c.value IS NOT NULL AND c.name IN ('total', 'btc_dominance', 'eth_dominance', 'usdt_dominance')), '{}'),
           min((n."values" -> 'btc_block_height')::numeric), min((n."values" -> 'total2es')::numeric),
           jsonb_strip_nulls(jsonb_build_object(
               'open_interest_btc', min((d."values" -> 'open_interest_btc')::numeric),
               'fear_greed_index', min((g."values" -> 'fear_greed_index')::numeric),
               'social_sentiment_score', min((g."values" -> 'social_sentiment_score')::numeric)))
    FROM wanted AS w
    JOIN chosen AS c ON c.moment = w.moment
    LEFT JOIN known AS n ON n.moment = w.moment
    LEFT JOIN known AS d ON d.moment = w.moment - interval '24 hours'
    LEFT JOIN known AS g ON g.moment = w.moment - interval '168 hours'
    GROUP BY w.moment;
END;
COMMENT ON FUNCTION ca_snapshot_given(text, timestamptz[], jsonb) IS
    'what is fed to snapshots: by the caller, or else by a series, or else what the row holds already; with the origins of totals, the height of the chain, TOTAL2ES, and values of a day and of a week before';

CREATE FUNCTION ca_funding_trends(moments timestamptz[]) RETURNS TABLE (moment timestamptz, difference double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH feed AS MATERIALIZED (
        SELECT f.* FROM ca_feeds('{funding_rate_btc}') AS f WHERE f.asset_id IS NOT NULL
    ), span AS (
        SELECT min(m) - interval '192 hours' AS first, max(m) AS last FROM unnest(ca_funding_trends.moments) AS m
    ), rate AS MATERIALIZED (
        SELECT t.place, timeframe_end(t.code, c.candle_time) AS ends_at, (c.close_price * f.factor)::double precision AS value
        FROM feed AS f
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN span AS s
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = f.asset_id AND h.timeframe = t.code
              AND h.candle_time >= timeframe_bucket(t.code, s.first) AND h.candle_time < timeframe_bucket(t.code, s.last)
            OFFSET 0) AS c
    )
    SELECT m.moment, x.difference
    FROM (SELECT DISTINCT m AS moment FROM unnest(ca_funding_trends.moments) AS m) AS m
    CROSS JOIN LATERAL (
        SELECT avg(r.value ORDER BY r.ends_at) FILTER (WHERE r.ends_at > m.moment - interval '24 hours')
               - avg(r.value ORDER BY r.ends_at) FILTER (WHERE r.ends_at <= m.moment - interval '24 hours') AS difference
        FROM rate AS r
        WHERE r.ends_at > m.moment - interval '192 hours' AND r.ends_at <= m.moment
        -- the finest timeframe
        GROUP BY r.place
        ORDER BY r.place
        LIMIT 1) AS x
    WHERE x.difference IS NOT NULL;
END;
COMMENT ON FUNCTION ca_funding_trends(timestamptz[]) IS
    'mean funding rate of BTC in the day before each of these moments, less the mean of the seven days before that day';

CREATE FUNCTION ca_trend(difference double precision, band double precision, up text, down text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN abs(ca_trend.difference) <= ca_trend.band THEN 'flat' WHEN ca_trend.difference > 0 THEN ca_trend.up
                ELSE ca_trend.down END;
COMMENT ON FUNCTION ca_trend(double precision, double precision, text, text) IS
    'a word for a difference: flat within the band';

CREATE FUNCTION ca_direction(now double precision, before double precision, step double precision) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_direction.now - ca_direction.before >= ca_direction.step THEN 'up'
                WHEN ca_direction.before - ca_direction.now >= ca_direction.step THEN 'down' ELSE 'flat' END;
COMMENT ON FUNCTION ca_direction(double precision, double precision, double precision) IS
    'a word for a change: flat if it is smaller than step';

CREATE FUNCTION ca_volatility_predictions(asset integer, moments timestamptz[]) RETURNS TABLE (moment timestamptz, score numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT DISTINCT ON (m) m, (p.predicted_value -> 'score')::numeric
    FROM unnest(ca_volatility_predictions.moments) AS m
    JOIN predictions AS p
      ON p.asset_id = ca_volatility_predictions.asset AND p.prediction_type = 'volatility_regime'
         AND p.created_at <= m
         AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > m
    JOIN ai_models AS a ON a.id = p.ai_models_id AND a.is_active AND a.model_type = 'macro'
    WHERE jsonb_typeof(p.predicted_value -> 'score') = 'number'
    ORDER BY m, p.created_at DESC, p.id DESC;
END;
COMMENT ON FUNCTION ca_volatility_predictions(integer, timestamptz[]) IS
    'what active models of the macro layer had predicted for the volatility at these moments; what is not predicted has no row';

-- ---- from values to a row ----

CREATE FUNCTION ca_snapshot_fitted("values" jsonb, OUT fitted jsonb, OUT unfit text[])
    RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(k.name, f.value) FILTER (WHERE f.value IS NOT NULL), '{}'),
           array_agg(k.name ORDER BY k.name COLLATE "C") FILTER (WHERE f.value IS NULL AND v.value IS NOT NULL)
    FROM ca_snapshot_keys() AS k
    CROSS JOIN LATERAL (SELECT nullif(ca_snapshot_fitted."values" -> k.name, 'null') AS value) AS v
    CROSS JOIN LATERAL (
        SELECT CASE WHEN k.scale IS NULL THEN v.value
                    -- NaN and infinity are strings in JSON
                    WHEN jsonb_typeof(v.value) = 'number' AND round(v.value::numeric, k.scale) BETWEEN k.lowest AND k.highest
                    THEN to_jsonb(trim_scale(round(v.value::numeric, k.scale))) END AS value) AS f;
END;
COMMENT ON FUNCTION ca_snapshot_fitted(jsonb) IS
    'the values of a snapshot, rounded, and the names of those that do not fit';

CREATE FUNCTION ca_snapshot_extended(old jsonb, fitted jsonb, sources jsonb, unfit text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- keys that nobody here knows are kept
    SELECT coalesce(CASE WHEN jsonb_typeof(ca_snapshot_extended.old) = 'object' THEN ca_snapshot_extended.old END, '{}')
               - '{sources,notes}'::text[]
           || jsonb_object_agg(c.category, c.kept || c.known)
           || jsonb_build_object('sources', ca_snapshot_extended.sources)
           || CASE WHEN ca_snapshot_extended.unfit IS NULL THEN '{}'
                   ELSE jsonb_build_object('notes', to_jsonb(ca_snapshot_extended.unfit)) END
    FROM (SELECT k.category,
                 coalesce(CASE WHEN jsonb_typeof(ca_snapshot_extended.old -> k.category) = 'object'
                               THEN ca_snapshot_extended.old -> k.category END, '{}') - array_agg(k.key) AS kept,
                 coalesce(jsonb_object_agg(k.key, ca_snapshot_extended.fitted -> k.name)
                              FILTER (WHERE ca_snapshot_extended.fitted ? k.name), '{}') AS known
          FROM ca_snapshot_keys() AS k
          WHERE k.category IS NOT NULL
          GROUP BY k.category) AS c;
END;
COMMENT ON FUNCTION ca_snapshot_extended(jsonb, jsonb, jsonb, text[]) IS
    'extended_metrics of a snapshot: the values by category, over what the row held and nobody computes';

CREATE FUNCTION ca_snapshot_values(timeframe text, moments timestamptz[], fed jsonb)
    RETURNS TABLE (moment timestamptz, "values" jsonb, sources jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH benchmark AS MATERIALIZED (
        SELECT a.id FROM assets AS a WHERE a.symbol = ca_benchmark()
    ), bar AS MATERIALIZED (
        SELECT b.*
        FROM benchmark AS a
        CROSS JOIN LATERAL ca_snapshot_bars(a.id, ca_snapshot_values.timeframe, ca_snapshot_values.moments,
                                            ca_option('market', 'snapshot_gap')::integer) AS b
    ), wanted AS MATERIALIZED (
        SELECT array_agg(b.moment ORDER BY b.moment) AS moments FROM bar AS b HAVING count(*) > 0
    ), given AS MATERIALIZED (
        SELECT g.* FROM wanted AS w CROSS JOIN LATERAL ca_snapshot_given(ca_snapshot_values.timeframe, w.moments, ca_snapshot_values.fed) AS g
    ), market AS MATERIALIZED (
        SELECT m.*
        FROM wanted AS w
        CROSS JOIN LATERAL ca_market_sums(w.moments, ca_option('market', 'high_low_days')::integer) AS m
    ), day AS MATERIALIZED (
        SELECT d.* FROM wanted AS w CROSS JOIN benchmark AS a CROSS JOIN LATERAL ca_snapshot_days(a.id, w.moments) AS d
    ), past AS MATERIALIZED (
        SELECT r.* FROM wanted AS w CROSS JOIN benchmark AS a CROSS JOIN LATERAL ca_snapshot_returns(a.id, w.moments) AS r
    ), funding AS MATERIALIZED (
        SELECT f.* FROM wanted AS w CROSS JOIN LATERAL ca_funding_trends(w.moments) AS f
    ), predicted AS MATERIALIZED (
        SELECT p.* FROM wanted AS w CROSS JOIN benchmark AS a CROSS JOIN LATERAL ca_volatility_predictions(a.id, w.moments) AS p
    )
    SELECT b.moment,
           b."values" || coalesce(d."values", '{}') || r."values" || g.given
           || jsonb_strip_nulls(jsonb_build_object(
                  'total', s.total, 'btc_dominance', s.btc_dominance, 'eth_dominance', s.eth_dominance,
                  'usdt_dominance', s.usdt_dominance, 'altcoin_dominance', s.altcoin_dominance,
                  'liquidity_score', m.liquidity, 'halving_countdown_days', h.days,
                  'composite_metrics.breadth_advancers_ratio',
                  ca_share(m.advancers, m.advancers + m.decliners, m.advancers + m.decliners + m.unchanged),
                  'composite_metrics.breadth_new_highs_lows_ratio', ca_share(m.new_highs, m.new_highs + m.new_lows, m.with_highs),
                  'cycle_metrics.btc_epoch_phase', h.phase, 'cycle_metrics.btc_epoch', h.epoch,
                  'ai_metrics.regime_volatility_score', p.score,
                  'sentiment_metrics.sentiment_direction',
                  coalesce(ca_direction((g.given -> 'fear_greed_index')::double precision, (g.past -> 'fear_greed_index')::double precision, 5),
                           ca_direction((g.given -> 'sentiment_metrics.social_sentiment_score')::double precision,
                                        (g.past -> 'social_sentiment_score')::double precision, 0.05)),
                  'derivatives_metrics.liquidations_long_24h', (g.given -> 'liquidations_long')::double precision * b.close,
                  'derivatives_metrics.liquidations_short_24h', (g.given -> 'liquidations_short')::double precision * b.close,
                  'derivatives_metrics.oi_change_24h',
                  100 * ((g.given -> 'open_interest_btc')::double precision / nullif((g.past -> 'open_interest_btc')::double precision, 0) - 1),
                  'derivatives_metrics.funding_rate_trend',
                  ca_trend(f.difference, ca_option('market', 'funding_band'), 'rising', 'falling'))),
           coalesce(s.sources, '{}')
           || jsonb_strip_nulls(jsonb_build_object(
                  'corr_total2_btc_30d', d."values" -> 'sources.corr_total2_btc_30d',
                  'halving', CASE WHEN g.height IS NOT NULL THEN 'btc_block_height' WHEN h.epoch IS NOT NULL THEN 'schedule' END,
                  'regime_volatility_score', CASE WHEN p.score IS NOT NULL THEN 'prediction' END))
    FROM bar AS b
    JOIN given AS g ON g.moment = b.moment
    LEFT JOIN market AS m ON m.moment = b.moment
    LEFT JOIN day AS d ON d.moment = b.moment
    JOIN past AS r ON r.moment = b.moment
    LEFT JOIN funding AS f ON f.moment = b.moment
    LEFT JOIN predicted AS p ON p.moment = b.moment
    CROSS JOIN LATERAL ca_halving(b.moment, g.height) AS h
    CROSS JOIN LATERAL ca_market_shares(
        m.known, m.current_supply, m.cap, m.stablecoins, m.btc, m.eth, m.usdt, m.liquid,
        (g.given -> 'total')::double precision, (g.given -> 'btc_dominance')::double precision,
        (g.given -> 'eth_dominance')::double precision, (g.given -> 'usdt_dominance')::double precision,
        g.total2es::double precision, g.origins) AS s;
END;
COMMENT ON FUNCTION ca_snapshot_values(text, timestamptz[], jsonb) IS
    'the values of snapshots at these moments, which are boundaries of the timeframe, as flat objects, and where totals came from; a moment without a price of the benchmark has no row';

CREATE FUNCTION ca_write_snapshots(timeframe text, moments timestamptz[], fed jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    written bigint;
BEGIN
    WITH row AS MATERIALIZED (
        -- columns that somebody added keep what they hold
        SELECT s.id, s AS old, jsonb_populate_record(s, j.columns) AS new
        FROM ca_snapshot_values(ca_write_snapshots.timeframe, ca_write_snapshots.moments, ca_write_snapshots.fed) AS v
        LEFT JOIN metrics_snapshot AS s ON s.timeframe = ca_write_snapshots.timeframe AND s.snapshot_time = v.moment
        CROSS JOIN LATERAL ca_snapshot_fitted(v."values") AS f
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(k.name, f.fitted -> k.name)
                   || jsonb_build_object(
                          'snapshot_time', v.moment, 'timeframe', ca_write_snapshots.timeframe,
                          'extended_metrics', ca_snapshot_extended(s.extended_metrics, f.fitted, v.sources, f.unfit)) AS columns
            FROM ca_snapshot_keys() AS k
            WHERE k.category IS NULL) AS j
    ), changed AS (
        UPDATE metrics_snapshot AS s
        SET price = (r.new).price, rsi_14 = (r.new).rsi_14, sma_200 = (r.new).sma_200, ema_200 = (r.new).ema_200,
            fear_greed_index = (r.new).fear_greed_index, google_trends_score = (r.new).google_trends_score,
            funding_rate_btc = (r.new).funding_rate_btc, open_interest_btc = (r.new).open_interest_btc,
            whale_netflow_24h = (r.new).whale_netflow_24h, active_addresses_btc = (r.new).active_addresses_btc,
            altcoin_dominance = (r.new).altcoin_dominance, liquidity_score = (r.new).liquidity_score,
            halving_countdown_days = (r.new).halving_countdown_days, weekly_return = (r.new).weekly_return,
            monthly_return = (r.new).monthly_return, btc_dominance = (r.new).btc_dominance,
            eth_dominance = (r.new).eth_dominance, usdt_dominance = (r.new).usdt_dominance, total = (r.new).total,
            sp500 = (r.new).sp500, gold = (r.new).gold, dxy = (r.new).dxy,
            liquidations_long = (r.new).liquidations_long, liquidations_short = (r.new).liquidations_short,
            liquidation_zones = (r.new).liquidation_zones, extended_metrics = (r.new).extended_metrics
        FROM row AS r
        WHERE s.id = r.id AND r.new *<> r.old
        RETURNING s.id
    ), added AS (
        INSERT INTO metrics_snapshot (
            snapshot_time, timeframe, price, rsi_14, sma_200, ema_200, fear_greed_index, google_trends_score,
            funding_rate_btc, open_interest_btc, whale_netflow_24h, active_addresses_btc, altcoin_dominance,
            liquidity_score, halving_countdown_days, weekly_return, monthly_return, btc_dominance, eth_dominance,
            usdt_dominance, total, sp500, gold, dxy, liquidations_long, liquidations_short, liquidation_zones,
            extended_metrics)
        SELECT (r.new).snapshot_time, (r.new).timeframe, (r.new).price, (r.new).rsi_14, (r.new).sma_200,
               (r.new).ema_200, (r.new).fear_greed_index, (r.new).google_trends_score, (r.new).funding_rate_btc,
               (r.new).open_interest_btc, (r.new).whale_netflow_24h, (r.new).active_addresses_btc,
               (r.new).altcoin_dominance, (r.new).liquidity_score, (r.new).halving_countdown_days,
               (r.new).weekly_return, (r.new).monthly_return, (r.new).btc_dominance, (r.new).eth_dominance,
               (r.new).usdt_dominance, (r.new).total, (r.new).sp500, (r.new).gold, (r.new).dxy,
               (r.new).liquidations_long, (r.new).liquidations_short, (r.new).liquidation_zones,
               (r.new).extended_metrics
        FROM row AS r
        WHERE r.id IS NULL
        ORDER BY (r.new).snapshot_time
        ON CONFLICT (timeframe, snapshot_time) DO NOTHING
        RETURNING id
    )
    SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) INTO written;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_snapshots(text, timestamptz[], jsonb) IS
    'builds the snapshots of these moments, which are boundaries of the timeframe, and returns how many were inserted or changed; the caller holds the lock';

CREATE FUNCTION @extschema@.build_metrics_snapshot(
    timeframe text DEFAULT '1d', as_of timestamptz DEFAULT now(), fed jsonb DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    moment timestamptz;
    given jsonb;
BEGIN
    PERFORM ca_check_rights('metrics_snapshot', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_timeframe(build_metrics_snapshot.timeframe);
    PERFORM ca_check_moment(build_metrics_snapshot.as_of);
    given := ca_fed_values(build_metrics_snapshot.fed);
    moment := timeframe_bucket(build_metrics_snapshot.timeframe, build_metrics_snapshot.as_of);
    -- its snapshot is taken after the lock
    PERFORM ca_lock_work('snapshots ' || build_metrics_snapshot.timeframe);
    PERFORM ca_write_snapshots(build_metrics_snapshot.timeframe, ARRAY[moment], given);
    RETURN (SELECT s.id
            FROM metrics_snapshot AS s
            WHERE s.timeframe = build_metrics_snapshot.timeframe AND s.snapshot_time = moment);
END;
$$;
COMMENT ON FUNCTION build_metrics_snapshot(text, timestamptz, jsonb) IS
    'builds the snapshot of the market at the last boundary of the timeframe at or before as_of, from what was known by then, and returns its id, or NULL if the benchmark has no price; fed has values that only an outside source knows, by column or by category and key of extended_metrics: they precede series of metrics, and those what the row holds; a row that would not change is left alone';

CREATE FUNCTION @extschema@.build_metrics_snapshots(
    timeframe text, since timestamptz, until timestamptz DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    batch CONSTANT bigint := 100;
    bound record;
    moments timestamptz[];
    total bigint;
    done bigint := 0;
    written bigint := 0;
    reported timestamptz := clock_timestamp();
BEGIN
    PERFORM ca_check_rights('metrics_snapshot', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_timeframe(build_metrics_snapshots.timeframe);
    PERFORM ca_check_range(build_metrics_snapshots.since, build_metrics_snapshots.until);
    IF build_metrics_snapshots.since IS NULL OR NOT isfinite(build_metrics_snapshots.since)
       OR NOT isfinite(build_metrics_snapshots.until) THEN
        RAISE EXCEPTION 'since and until must be finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('since is %s and until is %s.', coalesce(build_metrics_snapshots.since::text, 'NULL'),
                                  coalesce(build_metrics_snapshots.until::text, 'NULL')),
                  HINT = 'Pass the time of the first snapshot; until may be left out.';
    END IF;
    PERFORM ca_check_moment(coalesce(build_metrics_snapshots.until, build_metrics_snapshots.since));
    PERFORM ca_lock_work('snapshots ' || build_metrics_snapshots.timeframe);
    -- before the first candle of the benchmark there is nothing to write, nor long after its last
    SELECT CASE WHEN min(c.first) IS NOT NULL THEN greatest(build_metrics_snapshots.since, min(c.first)) END AS since,
           least(coalesce(build_metrics_snapshots.until, now() + interval '1 microsecond'),
                 max(timeframe_end(t.code, c.last)) + 12 * timeframe_length(build_metrics_snapshots.timeframe)) AS until
    INTO bound
    FROM assets AS a
    CROSS JOIN timeframes() AS t (code)
    CROSS JOIN LATERAL (
        SELECT min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = a.id AND h.timeframe = t.code) AS c
    WHERE a.symbol = ca_benchmark() AND c.first IS NOT NULL;
    moments := ARRAY(
        SELECT m
        FROM timeframe_series(build_metrics_snapshots.timeframe, bound.since, greatest(bound.since, bound.until)) AS m
        ORDER BY m);
    total := cardinality(moments);
    WHILE done < total LOOP
        written := written + ca_write_snapshots(
            build_metrics_snapshots.timeframe, moments[done + 1 : least(done + batch, total)], '{}');
        done := least(done + batch, total);
        IF done < total AND clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% of % snapshots built, now at %', done, total, moments[done];
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION build_metrics_snapshots(text, timestamptz, timestamptz) IS
    'builds the snapshots of a timeframe at all boundaries in [since, until), or up to now, oldest first, as build_metrics_snapshot() does, and returns how many were inserted or changed; reports progress at most once per second';
