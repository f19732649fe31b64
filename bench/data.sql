-- Data from a seed, by set-based SQL and whole numbers alone, so that they are the same on every
-- machine: a walk with triangular steps, folded into a band of 30 % on both sides of a base price.
-- The driver runs this file in each of its databases and then calls bench.fill_...().

CREATE SCHEMA bench;

CREATE TABLE bench.instrument (asset integer PRIMARY KEY, base_ticks bigint, tick numeric);
INSERT INTO bench.instrument
SELECT a, (ARRAY[6000000, 300000, 150000, 5000, 1234])[1 + (a - 1) % 5],
       (ARRAY[0.01, 0.01, 0.001, 0.0001, 0.00000001])[1 + (a - 1) % 5]
FROM generate_series(1, 100) AS a;

INSERT INTO assets (id, symbol, name, asset_type)
SELECT asset, 'A' || asset, 'Asset ' || asset, 'crypto' FROM bench.instrument;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'bench', '1.0', 'asset');

CREATE FUNCTION bench.noise(i bigint, seed bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN hashint8extended(i, 20260101 + seed);

-- reflects a walk at -200,000 and 200,000
CREATE FUNCTION bench.fold(x bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN abs(((x + 200000) % 800000 + 800000) % 800000 - 400000) - 200000;

-- one-minute candles of the assets 1 to assets: candles in all, in the order in which they arrive
CREATE FUNCTION bench.fill_candles(candles bigint, assets integer) RETURNS void
    LANGUAGE sql
    SET session_replication_role = replica -- the rows satisfy what triggers and foreign keys check
BEGIN ATOMIC
    INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price,
                            volume, candle_time, created_at)
    SELECT asset, '1m', opening * tick, (greatest(opening, closing) + base_ticks * (h >> 20 & 511) / 1000000) * tick,
           (least(opening, closing) - base_ticks * (h >> 29 & 511) / 1000000) * tick, closing * tick,
           (100000 + (h >> 38 & 8388607)) * 0.01, timestamptz '2010-01-01 00:00Z' + i * interval '1 minute',
           timestamptz '2026-01-01 00:00Z'
    FROM (SELECT w.asset, w.i, w.h, t.tick, t.base_ticks,
                 t.base_ticks + t.base_ticks * bench.fold(w.walk - w.step) / 700000 AS opening,
                 t.base_ticks + t.base_ticks * bench.fold(w.walk) / 700000 AS closing
          FROM (SELECT s.*, sum(s.step) OVER (PARTITION BY s.asset ORDER BY s.i ROWS UNBOUNDED PRECEDING) AS walk
                FROM (SELECT a AS asset, m AS i, n.h, ((n.h & 1023) + (n.h >> 10 & 1023) - 1023)::integer AS step
                      FROM generate_series(1, fill_candles.assets) AS a
                      CROSS JOIN generate_series(0, fill_candles.candles / fill_candles.assets - 1) AS m
                      CROSS JOIN LATERAL bench.noise(m, a) AS n (h)) AS s) AS w
          JOIN bench.instrument AS t USING (asset)) AS candle
    ORDER BY i, asset;
END;

CREATE TABLE bench.trades (
    ts timestamptz NOT NULL,
    asset_id integer NOT NULL,
    price numeric(20,8) NOT NULL,
    volume numeric(20,8) NOT NULL,
    sequence bigint NOT NULL
);

-- ten assets, sixty trades a minute of each, some at the same moment as the one before
CREATE FUNCTION bench.fill_trades(trades bigint) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO bench.trades
    SELECT timestamptz '2010-01-01 00:00Z' + (i - (h & 7) / 7) * interval '1 second', t.asset,
           (t.base_ticks + t.base_ticks * (bench.fold(i * 41 + (h & 4095)) / 700000.0))::bigint * t.tick,
           (1 + (h >> 12 & 1073741823)) * 0.00000001, i * 10 + t.asset
    FROM generate_series(0, fill_trades.trades / 10 - 1) AS i
    CROSS JOIN bench.instrument AS t
    CROSS JOIN LATERAL bench.noise(i, 1000 + t.asset) AS n (h)
    WHERE t.asset <= 10;
END;

-- due predictions, in no order, whose targets are spread over the candles
CREATE FUNCTION bench.fill_predictions(predictions bigint, candles bigint) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO predictions (asset_id, ai_models_id, prediction_type, input_price, predicted_price,
                             confidence_score, prediction_horizon, target_datetime, created_at)
    SELECT t.asset, 1, 'price', t.base_ticks * t.tick,
           round(t.base_ticks * t.tick * (700000 + (h >> 8 & 524287)) / 1000000, 8), (h >> 30 & 127) * 0.0078, 4,
           d.target, d.target - interval '4 hours'
    FROM generate_series(1, fill_predictions.predictions) AS i
    CROSS JOIN LATERAL bench.noise(i, 2000) AS n (h)
    CROSS JOIN LATERAL (
        SELECT timestamptz '2010-01-01 00:02Z' + (h >> 12 & 2147483647) % (fill_predictions.candles / 10)
                   * interval '1 minute' + (h & 63) * interval '1 second' AS target) AS d
    JOIN bench.instrument AS t ON t.asset = 1 + (h & 1048575) % 10;
END;
