-- Metrics that only an outside source knows, and the series that hold them.
--
-- A series is an asset of type macro or index with candles, so imports, roll-ups, the archive and
-- reports of gaps serve it as any other.

CREATE FUNCTION @extschema@.metric_series_defaults()
    RETURNS TABLE (metric text, symbol text, kind text, unit text, staleness interval,
                   by_sector boolean, by_label boolean, lowest numeric, highest numeric)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 45
BEGIN ATOMIC
    SELECT d.metric, coalesce(d.symbol, upper(d.metric)), d.kind, d.unit, d.staleness::interval,
           d.place >= 40, d.place >= 50, d.lowest, d.highest
    FROM (VALUES
        (1, 'total', NULL, 'L', 'USD', '48:00:00', 0, NULL),
        (2, 'total2', NULL, 'L', 'USD', '48:00:00', 0, NULL),
        (3, 'total2es', NULL, 'L', 'USD', '48:00:00', 0, NULL),
        (4, 'btc_dominance', 'BTC.D', 'L', '%', '48:00:00', 0, 100),
        (5, 'eth_dominance', 'ETH.D', 'L', '%', '48:00:00', 0, 100),
        (6, 'usdt_dominance', 'USDT.D', 'L', '%', '48:00:00', 0, 100),
        -- these rest at weekends
        (7, 'sp500', 'SPX', 'L', 'points', '120:00:00', NULL, NULL),
        (8, 'gold', NULL, 'L', 'USD an ounce', '120:00:00', NULL, NULL),
        (9, 'dxy', NULL, 'L', 'points', '120:00:00', NULL, NULL),
        (10, 'fear_greed_index', 'FEAR_GREED', 'L', 'score', '48:00:00', 0, 100),
        (11, 'google_trends_score', 'GOOGLE_TRENDS', 'L', 'score', '192:00:00', 0, 100),
        (12, 'funding_rate_btc', 'BTC.FUNDING', 'L', 'fraction', '12:00:00', NULL, NULL),
        (13, 'funding_rate_eth', 'ETH.FUNDING', 'L', 'fraction', '12:00:00', NULL, NULL),
        (14, 'open_interest_btc', 'BTC.OI', 'L', 'USD', '12:00:00', 0, NULL),
        (15, 'open_interest_eth', 'ETH.OI', 'L', 'USD', '12:00:00', 0, NULL),
        (16, 'liquidations_long', 'BTC.LIQ_LONG', 'S', 'BTC', '24:00:00', 0, NULL),
        (17, 'liquidations_short', 'BTC.LIQ_SHORT', 'S', 'BTC', '24:00:00', 0, NULL),
        (18, 'whale_netflow_24h', NULL, 'S', 'BTC', '24:00:00', NULL, NULL),
        (19, 'exchange_netflow_btc', NULL, 'S', 'BTC', '24:00:00', NULL, NULL),
        (20, 'exchange_netflow_eth', NULL, 'S', 'ETH', '24:00:00', NULL, NULL),
        (21, 'miner_balance_change', NULL, 'S', 'BTC', '24:00:00', NULL, NULL),
        (22, 'whale_to_exchange_volume_btc', NULL, 'S', 'BTC', '24:00:00', 0, NULL),
        (23, 'whale_from_exchange_volume_btc', NULL, 'S', 'BTC', '24:00:00', 0, NULL),
        (24, 'tx_volume_btc', NULL, 'S', 'BTC', '24:00:00', 0, NULL),
        (25, 'tx_volume_eth', NULL, 'S', 'ETH', '24:00:00', 0, NULL),
        (26, 'miner_outflow', NULL, 'S', 'BTC', '24:00:00', 0, NULL),
        (27, 'active_addresses_btc', NULL, 'L', 'count', '48:00:00', 0, NULL),
        (28, 'active_addresses_eth', NULL, 'L', 'count', '48:00:00', 0, NULL),
        (29, 'supply_on_exchanges_btc', NULL, 'L', 'BTC', '48:00:00', 0, NULL),
        (30, 'supply_on_exchanges_eth', NULL, 'L', 'ETH', '48:00:00', 0, NULL),
        (31, 'btc_block_height', NULL, 'L', 'blocks', '48:00:00', 0, NULL),
        (32, 'social_sentiment_score', NULL, 'L', 'score', '48:00:00', 0, 1),
        (33, 'twitter_volume', NULL, 'S', 'count', '48:00:00', 0, NULL),
        (34, 'reddit_volume', NULL, 'S', 'count', '48:00:00', 0, NULL),
        -- of a sector: its identifier follows the symbol
        (40, 'tvl_total', NULL, 'L', 'USD', '48:00:00', 0, NULL),
        (41, 'active_users', NULL, 'L', 'count', '48:00:00', 0, NULL),
        (42, 'active_protocols', NULL, 'L', 'count', '48:00:00', 0, NULL),
        (43, 'institutional_inflow', NULL, 'S', 'USD', '48:00:00', NULL, NULL),
        -- and with a label, which follows the sector
        (50, 'narrative', NULL, 'L', 'score', '192:00:00', 0, 1))
        AS d (place, metric, symbol, kind, unit, staleness, lowest, highest)
    ORDER BY d.place;
END;
COMMENT ON FUNCTION metric_series_defaults() IS
    'the metrics that record_metric() takes: symbol of the series; kind L, a level, or S, which is summed over 24 hours; unit; how old a value may be; whether there is a series per sector, with symbol SYMBOL:sector, or per sector and label, with symbol SYMBOL:sector:label; the bounds of a value';

CREATE FUNCTION ca_check_metric(metric text, sector integer, label text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    d record;
BEGIN
    IF metric IS NULL THEN
        RAISE EXCEPTION 'metric must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs a metric.',
                  HINT = 'metric_series_defaults() lists the metrics.';
    END IF;
    SELECT m.* INTO d FROM metric_series_defaults() AS m WHERE m.metric = ca_check_metric.metric;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown metric'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %L.', left(metric, 100)),
                  HINT = 'metric_series_defaults() lists the metrics.';
    END IF;
    IF d.by_sector <> (sector IS NOT NULL) THEN
        RAISE EXCEPTION '%', CASE WHEN d.by_sector THEN 'sector must not be NULL' ELSE 'sector must be NULL' END
            USING ERRCODE = CASE WHEN d.by_sector THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
                  DETAIL = CASE WHEN d.by_sector THEN format('Metric %s has a series per sector.', metric)
                                ELSE format('Metric %s is about the whole market.', metric) END,
                  HINT = 'metric_series_defaults() tells which metrics have a series per sector.';
    END IF;
    IF d.by_label <> (label IS NOT NULL) OR label = '' THEN
        RAISE EXCEPTION '%', CASE WHEN d.by_label THEN 'label must not be NULL or empty' ELSE 'label must be NULL' END
            USING ERRCODE = CASE WHEN d.by_label AND label IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
                  DETAIL = CASE WHEN d.by_label THEN format('Metric %s has a series per label.', metric)
                                ELSE format('Metric %s has no labels.', metric) END,
                  HINT = 'metric_series_defaults() tells which metrics have labels.';
    END IF;
    IF length(label) > 50 THEN
        RAISE EXCEPTION 'label is too long'
            USING ERRCODE = 'string_data_right_truncation',
                  DETAIL = format('It has %s characters.', length(label)),
                  HINT = 'A label has at most 50 characters.';
    END IF;
    PERFORM FROM sectors AS s WHERE s.id = sector;
    IF sector IS NOT NULL AND NOT FOUND THEN
        RAISE EXCEPTION 'unknown sector'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'sectors_known', TABLE = 'sectors', COLUMN = 'id',
                  DETAIL = format('There is no row in sectors with id %s.', sector),
                  HINT = 'SELECT id, name FROM sectors lists the sectors.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_metric(text, integer, text) IS
    'refuses an unknown metric, an unknown sector, and a sector or a label that the metric does not take or lacks';

CREATE FUNCTION ca_check_metric_series() RETURNS trigger
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_metric(NEW.metric, NEW.sector_id, NEW.label);
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_check_metric_series() IS
    'trigger: refuses a metric, sector or label that does not exist';

CREATE TRIGGER metric_series_check BEFORE INSERT OR UPDATE ON metric_series
    FOR EACH ROW EXECUTE FUNCTION ca_check_metric_series();
COMMENT ON TRIGGER metric_series_check ON metric_series IS
    'refuses metrics, sectors and labels that do not exist';

CREATE FUNCTION ca_metric_unit(quote_currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE right(ca_metric_unit.quote_currency, 3)
               WHEN '(K)' THEN 1e3 WHEN '(M)' THEN 1e6 WHEN '(B)' THEN 1e9 WHEN '(T)' THEN 1e12 ELSE 1 END;
COMMENT ON FUNCTION ca_metric_unit(text) IS
    'what a close of 1 stands for: thousands, millions, billions or trillions where the quote currency ends in (K), (M), (B) or (T)';

CREATE FUNCTION ca_feeds(metrics text[])
    RETURNS TABLE (metric text, sector_id integer, label text, symbol text, kind text, in_usd boolean,
                   staleness interval, factor numeric, asset_id integer)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    WITH named AS (
        SELECT d.*, NULL::integer AS sector_id, NULL::text AS label, d.symbol AS default_symbol
        FROM metric_series_defaults() AS d
        WHERE NOT d.by_sector
        UNION ALL
        SELECT d.*, s.id, NULL, concat_ws(':', d.symbol, s.id)
        FROM metric_series_defaults() AS d
        CROSS JOIN sectors AS s
        WHERE d.by_sector AND NOT d.by_label
        UNION ALL
        SELECT d.*, l.sector_id, l.label, concat_ws(':', d.symbol, l.sector_id, l.label)
        FROM metric_series_defaults() AS d
        CROSS JOIN LATERAL (
            SELECT o.sector_id, o.label::text FROM metric_series AS o WHERE o.metric = d.metric
            UNION
            SELECT s.id, substr(a.symbol, length(d.symbol || ':' || s.id || ':') + 1)
            FROM assets AS a
            JOIN sectors AS s ON s.id::text = split_part(a.symbol, ':', 2)
            WHERE a.symbol ^@ (d.symbol || ':' || s.id || ':')) AS l
        WHERE d.by_label
    )
    SELECT n.metric, n.sector_id, n.label, coalesce(o.symbol, n.default_symbol), n.kind, n.unit = 'USD',
           coalesce(o.staleness, n.staleness), coalesce(o.multiplier, 1) * ca_metric_unit(a.quote_currency), a.id
    FROM named AS n
    LEFT JOIN metric_series AS o
      ON o.metric = n.metric AND o.sector_id IS NOT DISTINCT FROM n.sector_id AND o.label IS NOT DISTINCT FROM n.label
    LEFT JOIN assets AS a ON a.symbol = coalesce(o.symbol, n.default_symbol)
    WHERE ca_feeds.metrics IS NULL OR n.metric = ANY (ca_feeds.metrics);
END;
COMMENT ON FUNCTION ca_feeds(text[]) IS
    'the series of these metrics, of all if NULL: symbol, kind, how old a value may be, what a close of 1 stands for, and the asset, NULL while there is none';

CREATE FUNCTION @extschema@.record_metric(
    metric text, value numeric, moment timestamptz DEFAULT now(), timeframe text DEFAULT NULL,
    sector integer DEFAULT NULL, label text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    d record;
    f record;
    price numeric;
    cap numeric;
    code text := record_metric.timeframe;
    start timestamptz;
BEGIN
    PERFORM ca_check_rights('assets', 'SELECT, INSERT');
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
    PERFORM ca_check_metric(record_metric.metric, record_metric.sector, record_metric.label);
    IF record_metric.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(record_metric.timeframe);
    END IF;
    IF record_metric.moment IS NULL OR NOT isfinite(record_metric.moment) OR record_metric.moment > clock_timestamp() THEN
        RAISE EXCEPTION 'moment must be known, finite and not in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(record_metric.moment::text, 'NULL')),
                  HINT = 'Pass the time for which the source states the value.';
    END IF;
    SELECT m.* INTO d FROM metric_series_defaults() AS m WHERE m.metric = record_metric.metric;
    IF record_metric.value IS NULL THEN
        RAISE EXCEPTION 'value must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'What is not known is not recorded.',
                  HINT = 'metric_value() is NULL where nothing was recorded for long enough.';
    END IF;
    IF record_metric.value IN ('NaN', 'Infinity', '-Infinity')
       OR NOT record_metric.value BETWEEN coalesce(d.lowest, record_metric.value) AND coalesce(d.highest, record_metric.value) THEN
        RAISE EXCEPTION 'value of metric % is out of range', record_metric.metric
            USING ERRCODE = 'numeric_value_out_of_range',
                  DETAIL = format('Value is %s.', left(record_metric.value::text, 100)),
                  HINT = format('The unit is %s, and the value %s.', d.unit,
                                CASE WHEN d.highest IS NOT NULL THEN format('from %s to %s', d.lowest, d.highest)
                                     WHEN d.lowest IS NOT NULL THEN 'not negative' ELSE 'finite' END);
    END IF;

    LOOP
        SELECT e.*, a.asset_type, a.quote_currency INTO f
        FROM ca_feeds(ARRAY[record_metric.metric]) AS e
        LEFT JOIN assets AS a ON a.id = e.asset_id
        WHERE e.sector_id IS NOT DISTINCT FROM record_metric.sector AND e.label IS NOT DISTINCT FROM record_metric.label;
        EXIT WHEN f.asset_id IS NOT NULL;
        INSERT INTO assets (symbol, name, asset_type, quote_currency)
        VALUES (coalesce(f.symbol, concat_ws(':', d.symbol, record_metric.sector, record_metric.label)),
                concat_ws(' ', record_metric.metric, 'of sector ' || record_metric.sector, record_metric.label),
                CASE WHEN record_metric.metric ~ '^total|_dominance$' THEN 'index' ELSE 'macro' END,
                CASE WHEN d.unit ^@ 'USD' THEN 'USD' END)
        ON CONFLICT (symbol) DO NOTHING;
    END LOOP;
    IF f.asset_type NOT IN ('macro', 'index') THEN
        RAISE EXCEPTION 'series of metric % is not one of type macro or index', record_metric.metric
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  CONSTRAINT = 'metric_series_type', TABLE = 'assets', COLUMN = 'asset_type',
                  DETAIL = format('Asset %L is of type %L.', f.symbol, f.asset_type),
                  HINT = 'Name another symbol in metric_series.';
    END IF;

    price := CASE WHEN f.factor = 1 THEN record_metric.value ELSE trim_scale(round(record_metric.value / f.factor, 18)) END;
    -- of a level in USD market_cap counts first
    cap := CASE WHEN f.in_usd AND f.kind = 'L' AND record_metric.value < 1e28 - 1 THEN round(record_metric.value, 2) END;
    IF NOT price_fits(price) THEN
        RAISE EXCEPTION 'value of metric % is out of range', record_metric.metric
            USING ERRCODE = 'numeric_value_out_of_range',
                  DETAIL = format('Value is %s.', left(record_metric.value::text, 100)),
                  HINT = 'A value has at most 38 digits, at most 18 of them decimals.';
    END IF;
    code := coalesce(code, CASE WHEN f.staleness >= '48 hours' THEN '1d' ELSE '1h' END);
    start := timeframe_bucket(code, record_metric.moment - interval '1 microsecond');
    PERFORM ca_lock_series(code, f.asset_id);
    RETURN ca_store_rolled_up(
        ARRAY[ROW(NULL, f.asset_id, code, price, price, price, price, NULL, cap, NULL, start, now())::price_data], NULL) > 0;
END;
$$;
COMMENT ON FUNCTION record_metric(text, numeric, timestamptz, text, integer, text) IS
    'writes a value of a metric into the candle of its series that contains the instant before moment, so that it counts from the first boundary that is not before moment; creates the asset at first use; timeframe: 1d where values may be 48 hours old, else 1h; returns whether the candle was inserted or changed';

-- ---- values at many moments at once ----

-- A candle counts from its end on, and is as old as what it was made of.
CREATE FUNCTION ca_metric_levels(moments timestamptz[], metrics text[])
    RETURNS TABLE (moment timestamptz, metric text, sector_id integer, label text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH feed AS MATERIALIZED (
        SELECT row_number() OVER () AS number, f.*
        FROM ca_feeds(ca_metric_levels.metrics) AS f
        WHERE f.kind = 'L' AND f.asset_id IS NOT NULL
    ), span AS (
        SELECT min(m) AS first, max(m) AS last FROM unnest(ca_metric_levels.moments) AS m
    ), candle AS MATERIALIZED (
        SELECT f.number, timeframe_end(t.code, c.candle_time) AS visible, u.closed_at,
               row_number() OVER (PARTITION BY f.number ORDER BY u.closed_at, t.place DESC) AS place,
               CASE WHEN f.in_usd THEN coalesce(c.market_cap, c.close_price * f.factor) ELSE c.close_price * f.factor END AS value
        FROM feed AS f
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN span AS s
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.close_price, h.market_cap
            FROM price_history AS h
            WHERE h.asset_id = f.asset_id AND h.timeframe = t.code
              AND h.candle_time >= timeframe_bucket(
                      t.code, s.first - extract(epoch FROM f.staleness) * interval '1 second' - interval '1 microsecond')
              AND h.candle_time < timeframe_bucket(t.code, s.last)
            OFFSET 0) AS c
        CROSS JOIN LATERAL ca_candle_until(f.asset_id, t.code, c.candle_time) AS u
    ), event AS (
        -- the greatest place so far is that of the candle that ended last
        SELECT e.number, e.moment,
               max(e.place) OVER (PARTITION BY e.number ORDER BY e.at, e.moment NULLS FIRST ROWS UNBOUNDED PRECEDING) AS place
        FROM (SELECT c.number, c.visible AS at, NULL::timestamptz AS moment, c.place FROM candle AS c
              UNION ALL
              SELECT f.number, m.moment, m.moment, NULL
              FROM feed AS f
              CROSS JOIN (SELECT DISTINCT m AS moment FROM unnest(ca_metric_levels.moments) AS m) AS m) AS e
    )
    SELECT e.moment, f.metric, f.sector_id, f.label, c.value
    FROM event AS e
    JOIN candle AS c ON c.number = e.number AND c.place = e.place
    JOIN feed AS f ON f.number = e.number
    WHERE e.moment IS NOT NULL AND e.moment - c.closed_at <= f.staleness;
END;
COMMENT ON FUNCTION ca_metric_levels(timestamptz[], text[]) IS
    'values of metrics of kind L at these moments: of the candle that ended last, of several the shortest, if it is not older than staleness';

-- Only the finest timeframe of the 24 hours counts: the close of a coarser candle that was rolled up is that
-- of its last part, and no sum.
CREATE FUNCTION ca_metric_sums(moments timestamptz[], metrics text[])
    RETURNS TABLE (moment timestamptz, metric text, sector_id integer, label text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH feed AS MATERIALIZED (
        SELECT row_number() OVER () AS number, f.*
        FROM ca_feeds(ca_metric_sums.metrics) AS f
        WHERE f.kind = 'S' AND f.asset_id IS NOT NULL
    ), span AS (
        SELECT min(m) AS first, max(m) AS last FROM unnest(ca_metric_sums.moments) AS m
    ), timeframe AS (
        SELECT t.code, t.place, 1440 / t.minutes AS needed
        FROM unnest('{1m,3m,5m,15m,30m,1h,2h,4h,6h,8h,12h,1d}'::text[],
                    '{1,3,5,15,30,60,120,240,360,480,720,1440}'::integer[]) WITH ORDINALITY AS t (code, minutes, place)
    ), event AS (
        SELECT f.number, t.place, t.needed, c.candle_time AS at, NULL::timestamptz AS moment, c.close_price
        FROM feed AS f
        CROSS JOIN timeframe AS t
        CROSS JOIN span AS s
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = f.asset_id AND h.timeframe = t.code
              AND h.candle_time >= timeframe_bucket(t.code, s.first) - interval '24 hours'
              AND h.candle_time < timeframe_bucket(t.code, s.last)
            OFFSET 0) AS c
        UNION ALL
        SELECT f.number, t.place, t.needed, timeframe_bucket(t.code, m.moment), m.moment, NULL
        FROM feed AS f
        CROSS JOIN timeframe AS t
        CROSS JOIN (SELECT DISTINCT m AS moment FROM unnest(ca_metric_sums.moments) AS m) AS m
    ), summed AS (
        SELECT e.number, e.place, e.needed, e.moment,
               count(e.close_price) OVER w AS known, sum(e.close_price) OVER w AS total
        FROM event AS e
        WINDOW w AS (PARTITION BY e.number, e.place ORDER BY e.at
                     RANGE BETWEEN interval '24 hours' PRECEDING AND interval '1 microsecond' PRECEDING)
    ), finest AS (
        SELECT DISTINCT ON (s.number, s.moment) s.*
        FROM summed AS s
        WHERE s.moment IS NOT NULL AND s.known > 0
        ORDER BY s.number, s.moment, s.place
    )
    SELECT n.moment, f.metric, f.sector_id, f.label, n.total * f.factor
    FROM finest AS n
    JOIN feed AS f ON f.number = n.number
    WHERE n.known = n.needed;
END;
COMMENT ON FUNCTION ca_metric_sums(timestamptz[], text[]) IS
    'values of metrics of kind S at these moments: the sum over the 24 hours up to the last end of a candle, of the finest timeframe that has candles there, if it has all of them';

CREATE FUNCTION ca_metric_values(moments timestamptz[], metrics text[])
    RETURNS TABLE (moment timestamptz, metric text, sector_id integer, label text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT * FROM ca_metric_levels(ca_metric_values.moments, ca_metric_values.metrics)
    UNION ALL
    SELECT * FROM ca_metric_sums(ca_metric_values.moments, ca_metric_values.metrics);
END;
COMMENT ON FUNCTION ca_metric_values(timestamptz[], text[]) IS
    'values of metrics, of all if NULL, at many moments at once; what is not known has no row';

CREATE FUNCTION ca_check_moment(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out for what is known now.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_moment(timestamptz) IS
    'refuses a moment that is NULL, infinite or in the future';

CREATE FUNCTION @extschema@.metric_value(metric text, as_of timestamptz DEFAULT now(), sector integer DEFAULT NULL)
    RETURNS numeric
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_metric(metric_value.metric, metric_value.sector, NULL);
    PERFORM ca_check_moment(metric_value.as_of);
    RETURN (SELECT v.value
            FROM ca_metric_values(ARRAY[metric_value.as_of], ARRAY[metric_value.metric]) AS v
            WHERE v.sector_id IS NOT DISTINCT FROM metric_value.sector);
END;
$$;
COMMENT ON FUNCTION metric_value(text, timestamptz, integer) IS
    'value of a metric as known at as_of, in the unit of metric_series_defaults(): of kind L the close of the last candle that had ended, and for USD its market_cap if it has one; of kind S the sum of the closes of 24 hours; NULL if it is older than staleness, or if candles are missing';
