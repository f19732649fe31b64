-- Candles, predictions and positions for run.py, and what must hold of them at every moment.  All values are
-- drawn by a hash of asset and minute, so that a reader knows each of them without asking a writer.

CREATE SCHEMA soak;

INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'SOAK' || i, 'Soak', 'crypto' FROM generate_series(1, 4) AS i;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'soak', '1', 'asset');
INSERT INTO users (id, email, password_hash) VALUES (1, 'soak@example.org', 'x');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
SELECT i, 1, i, 'SOAK' || i, CASE WHEN i % 2 = 0 THEN 'Short Position' ELSE 'Crypto Asset' END
FROM generate_series(1, 4) AS i;

CREATE FUNCTION soak.draw(asset integer, minute bigint, salt bigint, below bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT
    RETURN abs(hashint8extended(asset * 100000000::bigint + minute, salt) % below) / 100.0;

CREATE FUNCTION soak.time(minute bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT
    RETURN timestamptz '2024-01-01 00:00+00' + minute * interval '1 minute';

-- what the candles of some minutes must be
CREATE FUNCTION soak.minutes(asset integer, since bigint, until bigint)
    RETURNS TABLE (candle_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric)
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT soak.time(m), p.open, greatest(p.open, p.close) + soak.draw(asset, m, 3, 90),
           least(p.open, p.close) - soak.draw(asset, m, 4, 90), p.close, soak.draw(asset, m, 5, 1000000)
    FROM generate_series(since, until - 1) AS m
    CROSS JOIN LATERAL (SELECT 50 * asset + soak.draw(asset, m, 1, 900) AS open,
                               50 * asset + soak.draw(asset, m, 2, 900) AS close) AS p;
END;

-- the first minute without a candle
CREATE FUNCTION soak.next(asset integer) RETURNS bigint
    LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    SELECT coalesce(extract(epoch FROM max(h.candle_time) - soak.time(0))::bigint / 60 + 1, 0)
    FROM price_history AS h
    WHERE h.asset_id = next.asset AND h.timeframe = '1m';
END;

-- If two sessions write the same minutes, the second finds them there, with the same values.
CREATE FUNCTION soak.write(asset integer, n integer) RETURNS void
    LANGUAGE sql VOLATILE STRICT
BEGIN ATOMIC
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT asset, '1m', m.*
    FROM soak.next(asset) AS s (minute)
    CROSS JOIN LATERAL soak.minutes(asset, s.minute, s.minute + n) AS m
    ON CONFLICT DO NOTHING;
END;

CREATE FUNCTION soak.import(asset integer, n integer) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT
BEGIN ATOMIC
    SELECT import_ohlcv(asset, '1m', jsonb_agg(jsonb_build_array(
        extract(epoch FROM m.candle_time)::bigint * 1000, m.open, m.high, m.low, m.close, m.volume) ORDER BY m.candle_time),
        volume_unit => 'quote')
    FROM soak.next(asset) AS s (minute)
    CROSS JOIN LATERAL soak.minutes(asset, s.minute - s.minute % 10, s.minute + n) AS m;
END;

CREATE FUNCTION soak.predict(asset integer) RETURNS void
    LANGUAGE sql VOLATILE STRICT
BEGIN ATOMIC
    INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, input_price, target_datetime, created_at)
    SELECT asset, 1, 'price', 50 * asset + soak.draw(asset, s.minute, 6, 900), 50 * asset,
           soak.time(s.minute + 3), soak.time(s.minute)
    FROM soak.next(asset) AS s (minute);
END;

-- Long positions open by buying, short ones, which have even numbers, by selling.  Closing more than is held is
-- refused, and nothing else may fail.
CREATE FUNCTION soak.trade(asset integer, opens boolean, n integer) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
AS $$
BEGIN
    INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, fees_paid, timeframe, action_source, created_at)
    SELECT asset, CASE WHEN opens = (asset % 2 = 1) THEN 'buy' ELSE 'sell' END, 50 * asset + n, n, 0.25, '1m', 'manual', clock_timestamp();
EXCEPTION WHEN check_violation THEN
    IF opens THEN
        RAISE;
    END IF;
END;
$$;

-- ---- what must hold ----

-- There is no gap, and each minute is in one place, with its values.
CREATE FUNCTION soak.broken_minutes(asset integer) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    WITH stored AS MATERIALIZED (
        SELECT h.* FROM price_history AS h WHERE h.asset_id = broken_minutes.asset AND h.timeframe = '1m'
    )
    (SELECT format('asset %s, %s: stored %s, not %s', asset, coalesce(s.candle_time, m.candle_time), s.*, m.*)
     FROM stored AS s
     FULL JOIN (SELECT m.*
                FROM (SELECT count(DISTINCT s.candle_time) AS n FROM stored AS s) AS s
                CROSS JOIN LATERAL soak.minutes(asset, 0, s.n) AS m) AS m USING (candle_time)
     WHERE (s.open_price, s.high_price, s.low_price, s.close_price, s.volume)
           IS DISTINCT FROM (m.open, m.high, m.low, m.close, m.volume)
     LIMIT 3)
    UNION ALL
    (SELECT format('asset %s, %s is there %s times', asset, s.candle_time, count(*))
     FROM stored AS s GROUP BY s.candle_time HAVING count(*) > 1 LIMIT 3)
    UNION ALL
    (SELECT format('id %s is there %s times', s.id, count(*)) FROM stored AS s GROUP BY s.id HAVING count(*) > 1 LIMIT 3);
END;

-- A stored roll-up is made of its first minutes, as many as there were when it was written.
CREATE FUNCTION soak.broken_rollups(asset integer) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    WITH stored AS MATERIALIZED (
        SELECT h.* FROM price_history AS h WHERE h.asset_id = broken_rollups.asset AND h.timeframe IN ('5m', '1h')
    ), running AS (
        SELECT s.id, s.open_price, s.high_price, s.low_price, s.close_price, s.volume,
               first_value(m.open) OVER w AS open, max(m.high) OVER w AS high, min(m.low) OVER w AS low,
               m.close, sum(m.volume) OVER w AS sum
        FROM stored AS s
        CROSS JOIN LATERAL (SELECT (extract(epoch FROM s.candle_time - soak.time(0)) / 60)::bigint AS first,
                                   CASE s.timeframe WHEN '5m' THEN 5 ELSE 60 END AS n) AS t
        CROSS JOIN LATERAL soak.minutes(asset, t.first, t.first + t.n) AS m
        WINDOW w AS (PARTITION BY s.id ORDER BY m.candle_time)
    )
    SELECT format('asset %s: roll-up %s is not that of its minutes', asset, r.id)
    FROM running AS r
    GROUP BY r.id
    HAVING NOT bool_or((r.open_price, r.high_price, r.low_price, r.close_price, r.volume) = (r.open, r.high, r.low, r.close, r.sum))
    LIMIT 3;
END;

CREATE FUNCTION soak.broken_rest() RETURNS SETOF text
    LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    (SELECT format('prediction %s is half scored: %s', p.id, p.*)
     FROM predictions AS p
     WHERE num_nulls(p.actual_price, p.evaluated_at, p.is_accurate, p.absolute_error, p.squared_error)
           <> CASE WHEN p.is_realized THEN 0 ELSE 5 END
        OR p.absolute_error <> abs(p.predicted_price - p.actual_price)
     LIMIT 3)
    UNION ALL
    SELECT format('position %s is %s of %s traded', p.id, p.quantity, a.quantity)
    FROM portfolio AS p
    CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN (t.action_type = 'sell') = (p.asset_type = 'Short Position')
                                                 THEN t.quantity ELSE -t.quantity END), 0) AS quantity
                        FROM trade_actions AS t WHERE t.portfolio_id = p.id) AS a
    WHERE p.quantity <> a.quantity OR p.quantity < 0;
END;

CREATE FUNCTION soak.check(asset integer) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT
AS $$
DECLARE
    broken text;
BEGIN
    SELECT string_agg(b, E'\n') INTO broken
    FROM (SELECT soak.broken_minutes(asset) UNION ALL SELECT soak.broken_rollups(asset) UNION ALL SELECT soak.broken_rest()) AS b (b);
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'soak: %', broken USING ERRCODE = 'data_corrupted';
    END IF;
END;
$$;
