-- More data from a seed, for the job "scale": a market of a size, on top of data.sql.

CREATE FUNCTION bench.fill_assets(assets integer) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM assets WHERE id > fill_assets.assets;
    INSERT INTO bench.instrument
    SELECT a, (ARRAY[6000000, 300000, 150000, 5000, 1234])[1 + (a - 1) % 5],
           (ARRAY[0.01, 0.01, 0.001, 0.0001, 0.00000001])[1 + (a - 1) % 5]
    FROM generate_series(101, fill_assets.assets) AS a;
    INSERT INTO assets (id, symbol, name, asset_type)
    SELECT asset, 'A' || asset, 'Asset ' || asset, 'crypto'
    FROM bench.instrument
    WHERE asset > 100 AND asset <= fill_assets.assets;
END;

CREATE FUNCTION bench.fill_users(users integer) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO users (id, email, password_hash)
    SELECT i, 'user' || i || '@example.org', 'x' FROM generate_series(1, fill_users.users) AS i;
END;

-- Alerts of all kinds, set now; prices to be reached are 0.1 to 25.6 % from the newest ones.
CREATE FUNCTION bench.fill_alerts(alerts integer, users integer, assets integer, moment timestamptz) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO signal_alerts (user_id, asset_id, alert_type, condition, trigger_value, created_at)
    SELECT 1 + (h >> 20 & 16777215) % fill_alerts.users, n.asset_id, k.kind, k.condition,
           CASE k.kind WHEN 'volume_spike' THEN 2 + (h >> 44 & 7)
                       WHEN 'price_target' THEN
                           CASE k.condition WHEN 'percentage_change' THEN 5 + (h >> 44 & 31)
                                WHEN 'below' THEN round(n.close_price * (1 - (1 + (h >> 44 & 255)) / 1000.0), 8)
                                ELSE round(n.close_price * (1 + (1 + (h >> 44 & 255)) / 1000.0), 8) END
           END,
           fill_alerts.moment
    FROM (SELECT a AS asset_id, p.close_price
          FROM generate_series(1, fill_alerts.assets) AS a
          CROSS JOIN LATERAL (
              SELECT p.close_price FROM price_data AS p
              WHERE p.asset_id = a AND p.timeframe = '1m' ORDER BY p.candle_time DESC LIMIT 1) AS p) AS n
    CROSS JOIN generate_series(1, fill_alerts.alerts / fill_alerts.assets) AS i
    CROSS JOIN LATERAL bench.noise(i, 3000 + n.asset_id) AS s (h)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN h & 15 < 13 THEN 'price_target' WHEN h & 15 < 15 THEN 'volume_spike'
                    ELSE 'signal_generated' END AS kind,
               CASE WHEN h & 15 < 5 THEN 'above' WHEN h & 15 < 10 THEN 'below' WHEN h & 15 < 11 THEN 'equals'
                    WHEN h & 15 < 13 THEN 'percentage_change' END AS condition) AS k
    ORDER BY i, n.asset_id;
END;

CREATE FUNCTION bench.fill_portfolio(positions integer, users integer, assets integer, moment timestamptz) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, created_at)
    SELECT i, 1 + (i - 1) % fill_portfolio.users, a.id, a.symbol,
           CASE WHEN h & 7 = 0 THEN 'Short Position' ELSE 'Crypto Asset' END, fill_portfolio.moment - interval '90 days'
    FROM generate_series(1, fill_portfolio.positions) AS i
    CROSS JOIN LATERAL bench.noise(i, 4000) AS n (h)
    JOIN assets AS a ON a.id = 1 + (h >> 8 & 1048575) % fill_portfolio.assets;
END;

-- five actions a position: bought twice, part of it sold twice, and a stop moved
CREATE FUNCTION bench.fill_actions(first integer, last integer, moment timestamptz) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, fees_paid, timeframe, stop_loss,
                               action_source, created_at)
    SELECT p.id, k.action, round(t.base_ticks * t.tick * (900 + (h & 255)) / 1000, 8), k.quantity, 0.5, '1h',
           CASE k.action WHEN 'modify_sl' THEN round(t.base_ticks * t.tick * 0.5, 8) END, 'manual',
           fill_actions.moment - (90 - k.place) * interval '1 day'
    FROM portfolio AS p
    CROSS JOIN (VALUES (1, 'entry', 10.5), (2, 'entry', 4.25), (3, 'partial_exit', 3), (4, 'modify_sl', 0),
                       (5, 'partial_exit', 2.125)) AS k (place, action, quantity)
    JOIN bench.instrument AS t ON t.asset = p.asset_id
    CROSS JOIN LATERAL bench.noise(p.id * 5 + k.place, 5000) AS n (h)
    WHERE p.id BETWEEN fill_actions.first AND fill_actions.last
    ORDER BY p.id, k.place;
END;

-- one in five is due, the others were sent
CREATE FUNCTION bench.fill_notifications(notifications integer, users integer, moment timestamptz) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO notifications (user_id, notification_type, title, priority, scheduled_for, sent_at, created_at)
    SELECT 1 + (h >> 20 & 16777215) % fill_notifications.users, 'alert', 'Title ' || i,
           (ARRAY['low', 'normal', 'high', 'urgent'])[1 + (h & 3)],
           CASE WHEN h & 4 = 0 THEN fill_notifications.moment - (h >> 8 & 1023) * interval '1 minute' END,
           CASE WHEN i % 5 > 0 THEN fill_notifications.moment END, fill_notifications.moment - interval '1 day'
    FROM generate_series(1, fill_notifications.notifications) AS i
    CROSS JOIN LATERAL bench.noise(i, 6000) AS n (h);
END;

-- so many minutes of each asset after the newest, which repeat those before
CREATE FUNCTION bench.add_minutes(minutes integer) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    WITH newest AS MATERIALIZED (
        SELECT p.candle_time FROM price_data AS p WHERE p.asset_id = 1 AND p.timeframe = '1m'
        ORDER BY p.candle_time DESC LIMIT 1
    ), added AS (
        INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
        SELECT p.asset_id, p.timeframe, p.open_price, p.high_price, p.low_price, p.close_price, p.volume,
               p.candle_time + add_minutes.minutes * interval '1 minute'
        FROM assets AS a
        CROSS JOIN LATERAL (
            SELECT p.* FROM price_data AS p, newest AS n
            WHERE p.asset_id = a.id AND p.timeframe = '1m'
              AND p.candle_time > n.candle_time - add_minutes.minutes * interval '1 minute') AS p
        ORDER BY p.candle_time, p.asset_id
        RETURNING asset_id
    )
    SELECT count(*) FROM added;
END;
