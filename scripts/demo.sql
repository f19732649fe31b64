-- demo.sql: the tour that scripts/demo takes, in one psql session.
--
-- Variables, all or none: csv (checked candles: Unix seconds, open, high, low,
-- close, volume in units of the asset), symbol, timeframe.

\pset footer off
\pset null '-'
\pset linestyle ascii
\pset border 1

CREATE SCHEMA cryptoanalytics;
CREATE EXTENSION cryptoanalytics SCHEMA cryptoanalytics;
SET search_path = cryptoanalytics, public;
SET timezone = 'UTC';

-- how the tables below look: minutes are enough, and a few digits
CREATE FUNCTION pg_temp.at(moment timestamptz) RETURNS text
    LANGUAGE sql RETURN to_char(moment, 'YYYY-MM-DD HH24:MI');
CREATE FUNCTION pg_temp.price(x numeric) RETURNS numeric
    LANGUAGE sql
    RETURN round(x, CASE WHEN abs(x) >= 20 OR x = 0 THEN 2
                         WHEN abs(x) >= 0.1 THEN 4 ELSE 8 END);
CREATE FUNCTION pg_temp.price(x double precision, beside numeric) RETURNS numeric
    LANGUAGE sql RETURN round(x::numeric, scale(pg_temp.price(beside)));
CREATE FUNCTION pg_temp.thousands(x numeric) RETURNS text
    LANGUAGE sql RETURN lpad(to_char(x, 'FM999,999,999,990'), 11);
-- a candle lying on its side: # rose, = fell, - is the wick
CREATE FUNCTION pg_temp.bar(
    low numeric, open numeric, close numeric, high numeric,
    lowest numeric, highest numeric) RETURNS text
    LANGUAGE sql
    RETURN (
        SELECT repeat(' ', s[1]) || repeat('-', s[2] - s[1])
            || repeat(CASE WHEN close >= open THEN '#' ELSE '=' END,
                      s[3] - s[2] + 1)
            || repeat('-', s[4] - s[3])
        FROM (SELECT array_agg(round(40 * (x - lowest)
                               / nullif(highest - lowest, 0))::integer
                               ORDER BY x) AS s
              FROM unnest(ARRAY[low, open, close, high]) AS x) AS scaled);

\echo
\if :{?csv}
\echo '==> 1. Candles: loading' :timeframe 'candles of' :symbol
CREATE TEMP TABLE loaded (
    seconds bigint, open numeric, high numeric, low numeric, close numeric,
    volume numeric);
-- \copy itself knows no variables
\set copy '\\copy loaded FROM ' :'csv' ' WITH (FORMAT csv)'
:copy
INSERT INTO assets (symbol, name, asset_type, quote_currency)
    VALUES (upper(:'symbol'), :'symbol', 'crypto', 'USD');
-- price_data has the volume in USD
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price,
                        high_price, low_price, close_price, volume)
    SELECT a.id, :'timeframe', to_timestamp(l.seconds), l.open, l.high, l.low,
           l.close,
           greatest(0, round(l.volume * (l.high + l.low + l.close) / 3, 2))
    FROM loaded AS l, assets AS a
    ORDER BY l.seconds;
\else
\set timeframe 1m
\echo '==> 1. Candles: generating 30 days of 1m candles for three assets'
\ir sample.sql
INSERT INTO assets (symbol, name, asset_type, quote_currency) VALUES
    ('BTC', 'Bitcoin', 'crypto', 'USD'),
    ('ETH', 'Ethereum', 'crypto', 'USD'),
    ('SOL', 'Solana', 'crypto', 'USD');
-- SOL misses five hours, as if its exchange had been down
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price,
                        high_price, low_price, close_price, volume)
    SELECT a.id, '1m', c.candle_time, c.open, c.high, c.low, c.close, c.volume
    FROM assets AS a
    JOIN (VALUES ('BTC', 1, 65000.00, 900000), ('ETH', 2, 2500.00, 400000),
                 ('SOL', 3, 150.00, 150000))
         AS s (symbol, seed, price, usd_per_minute) USING (symbol),
    pg_temp.sample_candles(
        seed => s.seed, start => '2025-06-01 00:00+00', minutes => 30 * 1440,
        price => s.price, usd_per_minute => s.usd_per_minute) AS c
    WHERE NOT (s.symbol = 'SOL' AND c.candle_time >= '2025-06-27 03:20+00'
               AND c.candle_time < '2025-06-27 08:35+00')
    ORDER BY a.id, c.candle_time;
\endif
ANALYZE price_data;

-- The tour is about one asset, and in hours unless the candles are coarser.
SELECT a.id AS asset, a.symbol AS symbol
    FROM assets AS a ORDER BY a.id LIMIT 1 \gset
CREATE TEMP VIEW timeframes AS
    SELECT code, timeframe_end(code, '2001-01-01') - '2001-01-01' AS length
    FROM unnest('{1m,3m,5m,15m,30m,1h,2h,4h,6h,8h,12h,1d}'::text[]) AS code;
-- predictions are for a close: six hours ahead, or whole candles beyond that
SELECT code AS main, (ceil(6 / hours) * hours)::integer AS horizon
    FROM (SELECT *, extract(epoch FROM length) / 3600 AS hours
          FROM timeframes) AS t
    WHERE length >= '1 hour'
      AND length >= (SELECT length FROM timeframes WHERE code = :'timeframe')
    ORDER BY length LIMIT 1 \gset
SELECT timeframe_end(:'timeframe', max(candle_time)) AS now FROM price_data \gset

SELECT a.symbol, p.timeframe, pg_temp.thousands(count(*)) AS candles,
       pg_temp.at(min(p.candle_time)) AS first,
       pg_temp.at(max(p.candle_time)) AS last,
       pg_temp.price(min(p.low_price)) AS lowest,
       pg_temp.price(max(p.high_price)) AS highest
    FROM price_data AS p JOIN assets AS a ON a.id = p.asset_id
    GROUP BY a.id, p.timeframe ORDER BY a.id;

\echo '==> 2. Roll-up: coarser candles from finer ones'
SELECT code AS timeframe, pg_temp.thousands(rollup_candles(code)) AS candles
    FROM (SELECT code FROM timeframes
          WHERE code IN ('5m', '1h', '4h', '1d') AND length >
              (SELECT length FROM timeframes WHERE code = :'timeframe')
          ORDER BY length) AS coarser;
ANALYZE price_data;

\echo 'The last candles of' :symbol
SELECT timeframe, pg_temp.at(candle_time) AS start,
       pg_temp.price(open_price) AS open, pg_temp.price(high_price) AS high,
       pg_temp.price(low_price) AS low, pg_temp.price(close_price) AS close,
       pg_temp.thousands(volume) AS volume_usd
    FROM timeframes, LATERAL (
        SELECT * FROM price_data
        WHERE asset_id = :asset AND timeframe = code
        ORDER BY candle_time DESC LIMIT 3) AS last
    WHERE code IN (:'timeframe', '1h')
    ORDER BY length, candle_time;

\echo 'The last days of' :symbol '   (# rose, = fell, - is the way to the high and the low)'
SELECT to_char(candle_time, 'Dy DD Mon') AS day,
       pg_temp.price(open_price) AS open, pg_temp.price(close_price) AS close,
       pg_temp.bar(low_price, open_price, close_price, high_price,
                   min(low_price) OVER (), max(high_price) OVER ()) AS candle
    FROM (SELECT * FROM price_data
          WHERE asset_id = :asset AND timeframe = '1d'
          ORDER BY candle_time DESC LIMIT 14) AS last
    ORDER BY candle_time;

\echo 'What is missing:' :timeframe 'candles that should be there'
SELECT a.symbol, pg_temp.thousands(count(g.missing)) AS gaps,
       pg_temp.thousands(coalesce(sum(g.missing), 0)) AS candles,
       pg_temp.at((array_agg(g.gap_start ORDER BY g.missing DESC))[1])
           AS longest_from,
       pg_temp.at((array_agg(g.gap_end ORDER BY g.missing DESC))[1]) AS to
    FROM assets AS a
    LEFT JOIN LATERAL candle_gaps(
        a.id, :'timeframe',
        (SELECT min(candle_time) FROM price_data AS p
         WHERE p.asset_id = a.id AND p.timeframe = :'timeframe'),
        (:'now')::timestamptz) AS g ON true
    GROUP BY a.id ORDER BY a.id;

\echo '==> 3. Indicators: aggregates over any window'
\echo 'The last' :main 'candles of' :symbol
SELECT pg_temp.at(candle_time) AS start, pg_temp.price(close_price) AS close,
       pg_temp.price(sma20, close_price) AS sma_20, pg_temp.price(ema20, close_price) AS ema_20,
       round(rsi14::numeric, 1) AS rsi_14,
       pg_temp.price((macd).value, close_price) AS macd,
       pg_temp.price((macd).signal, close_price) AS signal,
       pg_temp.price((macd).histogram, close_price) AS histogram
    FROM (SELECT candle_time, close_price,
                 sma(close_price, 20) OVER w AS sma20,
                 ema(close_price, 20) OVER w AS ema20,
                 rsi(close_price) OVER w AS rsi14,
                 macd(close_price) OVER w AS macd
          FROM price_data WHERE asset_id = :asset AND timeframe = :'main'
          WINDOW w AS (ORDER BY candle_time)
          ORDER BY candle_time DESC LIMIT 10) AS last
    ORDER BY candle_time;

\echo 'The latest RSI of everything, with GROUP BY (- is: not enough candles yet)'
SELECT a.symbol,
       round((rsi(p.close_price ORDER BY p.candle_time)
              FILTER (WHERE p.timeframe = '5m'))::numeric, 1) AS "5m",
       round((rsi(p.close_price ORDER BY p.candle_time)
              FILTER (WHERE p.timeframe = '1h'))::numeric, 1) AS "1h",
       round((rsi(p.close_price ORDER BY p.candle_time)
              FILTER (WHERE p.timeframe = '4h'))::numeric, 1) AS "4h",
       round((rsi(p.close_price ORDER BY p.candle_time)
              FILTER (WHERE p.timeframe = '1d'))::numeric, 1) AS "1d"
    FROM price_data AS p JOIN assets AS a ON a.id = p.asset_id
    GROUP BY a.id ORDER BY a.id;

\echo 'Where the average of 50' :main 'candles crossed that of 200'
SELECT pg_temp.at(candle_time) AS start, symbol,
       CASE WHEN fast > slow THEN 'golden cross' ELSE 'death cross' END AS event,
       pg_temp.price(close_price) AS close, pg_temp.price(fast, close_price) AS sma_50,
       pg_temp.price(slow, close_price) AS sma_200
    FROM (SELECT *, lag(fast > slow) OVER (PARTITION BY symbol
                                           ORDER BY candle_time) AS was_above
          FROM (SELECT a.symbol, p.candle_time, p.close_price,
                       sma(p.close_price, 50) OVER w AS fast,
                       sma(p.close_price, 200) OVER w AS slow
                FROM price_data AS p JOIN assets AS a ON a.id = p.asset_id
                WHERE p.timeframe = :'main'
                WINDOW w AS (PARTITION BY a.id ORDER BY p.candle_time)) AS s
         ) AS t
    WHERE was_above <> (fast > slow)
    ORDER BY candle_time DESC, symbol LIMIT 8;

\echo '==> 4. Archive: old candles move to a table of their own'
CREATE TEMP TABLE original AS
    SELECT * FROM price_data WHERE timeframe = :'timeframe';
SELECT count(*) AS live_before FROM price_data WHERE timeframe = :'timeframe' \gset
SELECT (:'now')::timestamptz - interval '7 days' AS limit \gset
CALL archive_price_data(older_than => :'limit', timeframe => :'timeframe',
                        batch_size => 20000) \gset
SELECT count(*) AS equal
    FROM (SELECT id, asset_id, candle_time, open_price, high_price, low_price,
                 close_price, volume, created_at FROM original
          INTERSECT
          SELECT id, asset_id, candle_time, open_price, high_price, low_price,
                 close_price, volume, created_at FROM price_history
          WHERE timeframe = :'timeframe') AS in_both \gset
\set title :timeframe ' candles'
SELECT what AS :"title", pg_temp.thousands(rows) AS rows
    FROM (VALUES
        (1, 'before: price_data', :live_before),
        (2, 'rows archived (older than 7 days)', :moved),
        (3, 'after: price_data', (SELECT count(*) FROM price_data
                                  WHERE timeframe = :'timeframe')),
        (4, 'after: price_data_archive', (SELECT count(*) FROM price_data_archive)),
        (5, 'read back through price_history, equal', :equal)
    ) AS t (position, what, rows)
    ORDER BY position;

\echo 'One view over both'
SELECT a.symbol, p.archived, pg_temp.thousands(count(*)) AS candles,
       pg_temp.at(min(p.candle_time)) AS first,
       pg_temp.at(max(p.candle_time)) AS last
    FROM price_history AS p JOIN assets AS a ON a.id = p.asset_id
    WHERE p.timeframe = :'timeframe'
    GROUP BY a.id, p.archived ORDER BY a.id, p.archived DESC;

\echo 'Compressed, a candle takes a twentieth of the room, and reads the same'
CALL compress_price_archive() \gset
SELECT count(*) AS equal
    FROM (SELECT id, asset_id, candle_time, open_price, high_price, low_price,
                 close_price, volume, created_at FROM original
          INTERSECT
          SELECT id, asset_id, candle_time, open_price, high_price, low_price,
                 close_price, volume, created_at FROM price_history
          WHERE timeframe = :'timeframe') AS in_both \gset
SELECT timeframe, pg_temp.thousands(compressed_candles) AS compressed,
       bytes_per_candle, row_bytes_per_candle AS as_a_row,
       pg_temp.thousands(:equal) AS "equal in price_history"
    FROM archive_size() WHERE segments > 0;

\echo '==> 5. Predictions: three simple models, scored against what came'
INSERT INTO ai_models (name, version, model_type, target_variable, training_notes)
    VALUES ('naive', 'v1', 'asset', 'price', 'the price stays where it is'),
           ('momentum', 'v1', 'asset', 'price', 'half of the last move again'),
           ('reversion', 'v1', 'asset', 'price', 'half of the way to EMA(20)');
-- what each of them could know when a candle closed, and nothing more
INSERT INTO predictions (
        asset_id, ai_models_id, prediction_type, predicted_price, input_price,
        prediction_horizon, target_datetime, accuracy_threshold, created_at)
    SELECT k.asset_id, m.id, 'price',
           round(CASE m.name
                     WHEN 'naive' THEN k.close_price
                     WHEN 'momentum' THEN k.close_price + 0.5 * k.move
                     ELSE k.close_price + 0.5 * (k.average - k.close_price)
                 END, 8),
           k.close_price, :horizon, k.closed + :horizon * interval '1 hour', 1,
           k.closed
    FROM (SELECT asset_id, close_price,
                 timeframe_end(timeframe, candle_time) AS closed,
                 close_price - lag(close_price, 6) OVER w AS move,
                 (ema(close_price, 20) OVER w)::numeric AS average,
                 row_number() OVER (PARTITION BY asset_id
                                    ORDER BY candle_time DESC) AS back
          FROM price_history WHERE timeframe = :'main'
          WINDOW w AS (PARTITION BY asset_id ORDER BY candle_time)) AS k,
         ai_models AS m
    WHERE k.back <= 240 AND k.move IS NOT NULL AND k.average IS NOT NULL
    ORDER BY k.closed, k.asset_id, m.id;
SELECT count(*) AS made FROM predictions \gset
SELECT score_predictions(as_of => :'now') AS scored \gset
SELECT score_predictions(as_of => :'now') AS again \gset
SELECT what AS predictions, pg_temp.thousands(rows) AS rows
    FROM (SELECT 1, 'made, ' || :'horizon' || ' hours ahead', :made
          UNION ALL SELECT 2, 'predictions scored', :scored
          UNION ALL SELECT 3, 'scored when asked again', :again
          UNION ALL SELECT 4, 'due but not scored: ' || reason, count(*)
          FROM unscored_predictions(:'now') GROUP BY reason
          UNION ALL SELECT 5, 'not yet due', count(*) FROM predictions
          WHERE target_datetime > :'now') AS t (position, what, rows)
    ORDER BY position, what;

\echo 'The last predictions that momentum made for' :symbol
SELECT pg_temp.at(created_at) AS made, pg_temp.at(target_datetime) AS target,
       pg_temp.price(input_price) AS from, pg_temp.price(predicted_price) AS predicted,
       pg_temp.price(actual_price) AS actual,
       round(100 * (predicted_price - actual_price) / nullif(actual_price, 0), 2)
           AS "error %",
       CASE WHEN is_accurate THEN 'yes' ELSE 'no' END AS "within 1 %"
    FROM (SELECT p.* FROM predictions AS p
          JOIN ai_models AS m ON m.id = p.ai_models_id
          WHERE m.name = 'momentum' AND p.asset_id = :asset AND p.is_realized
          ORDER BY p.target_datetime DESC LIMIT 6) AS last
    ORDER BY target_datetime;

SELECT count(*) AS metrics
    FROM ai_models AS m, evaluate_model(m.id) AS e \gset
\echo 'Leaderboard, from' :metrics 'metrics in model_performance'
SELECT rank, name, pg_temp.thousands(predictions) AS predictions,
       round(100 * mape::numeric, 3) AS "mape %",
       round(100 * accuracy::numeric, 1) AS "within 1 %",
       round(100 * directional_accuracy::numeric, 1) AS "right direction %"
    FROM model_leaderboard ORDER BY rank, name;

-- The market needs many assets and a year of days: only where the candles are generated.
\if :{?csv}
\else
\echo '==> 6. The market: twelve assets in four sectors, a stablecoin, and what only others know'
INSERT INTO assets (symbol, name, asset_type, quote_currency)
    VALUES ('USDT', 'Tether', 'stablecoin', 'USD'),
           ('AVAX', 'Avalanche', 'crypto', 'USD'), ('AAVE', 'Aave', 'crypto', 'USD'),
           ('UNI', 'Uniswap', 'crypto', 'USD'), ('MKR', 'Maker', 'crypto', 'USD'),
           ('FET', 'Fetch', 'crypto', 'USD'), ('TAO', 'Bittensor', 'crypto', 'USD'),
           ('RNDR', 'Render', 'crypto', 'USD'), ('ONDO', 'Ondo', 'crypto', 'USD'),
           ('PAXG', 'Pax Gold', 'crypto', 'USD');
INSERT INTO sectors (name) VALUES ('Layer 1'), ('DeFi'), ('AI'), ('RWA');
CREATE TEMP TABLE listed AS
    SELECT row_number() OVER () AS number, l.*, a.id
    FROM (VALUES ('BTC', 0, 65000, 19.8e6), ('ETH', 0, 2500, 120e6), ('SOL', 0, 150, 470e6), ('AVAX', 0, 30, 400e6),
                 ('AAVE', 1, 95, 15e6), ('UNI', 1, 8, 600e6), ('MKR', 1, 1900, 0.9e6),
                 ('FET', 2, 1.4, 2500e6), ('TAO', 2, 380, 7e6), ('RNDR', 2, 7, 390e6),
                 ('ONDO', 3, 0.9, 1400e6), ('PAXG', 3, 2400, 0.2e6), ('USDT', NULL, 1, 112e9)) AS l (symbol, sector, price, supply)
    JOIN assets AS a USING (symbol);
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector)
    SELECT l.id, s.id, true
    FROM listed AS l
    JOIN sectors AS s ON s.name = (ARRAY['Layer 1', 'DeFi', 'AI', 'RWA'])[l.sector + 1];
-- 400 days until the minutes of BTC, ETH and SOL begin, and all others until they end
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
    SELECT l.id, '1d', c.candle_time, c.open, c.high, c.low, c.close, c.volume, c.market_cap
    FROM (SELECT array_agg(l.price ORDER BY l.number) AS prices, array_agg(l.supply ORDER BY l.number) AS supplies,
                 array_agg(l.sector ORDER BY l.number) AS sectors FROM listed AS l) AS m
    CROSS JOIN LATERAL pg_temp.sample_market(11, '2024-04-27 00:00+00', 430, m.prices, m.supplies, m.sectors) AS c
    JOIN listed AS l ON l.number = c.asset
ON CONFLICT DO NOTHING;
ANALYZE price_data;
-- what only others know: all coins together are a quarter more than these, and moods follow prices
WITH day AS (
    SELECT p.candle_time + interval '1 day' AS moment, sum(p.close_price * l.supply) * 1.25 AS total,
           sum(p.close_price * l.supply) FILTER (WHERE l.symbol = 'BTC') AS btc,
           sum(p.close_price) FILTER (WHERE l.symbol = 'BTC') AS price
    FROM price_data AS p JOIN listed AS l ON l.id = p.asset_id
    WHERE p.timeframe = '1d'
    GROUP BY p.candle_time
), fed AS (
    SELECT moment, total, 100 * btc / total AS dominance, price / avg(price) OVER (ORDER BY moment ROWS 29 PRECEDING) AS pace,
           row_number() OVER (ORDER BY moment) AS number
    FROM day)
SELECT count(record_metric('total', round(total, 2), moment)) + count(record_metric('btc_dominance', round(dominance, 2), moment))
       + count(record_metric('fear_greed_index', round(least(95, greatest(5, 50 + 220 * (pace - 1)))), moment))
       + count(record_metric('dxy', 101 + abs(number % 160 - 80) / 20.0::numeric(8, 2), moment)) AS fed
    FROM fed WHERE moment > '2024-12-01 00:00+00' \gset
\echo 'Recorded' :fed 'values of TOTAL, BTC.D, FEAR_GREED and DXY'

SELECT build_metrics_snapshots('1d', '2025-03-03 00:00+00', :'now') AS snapshots \gset
SELECT count(analyse_market_regime(s.id)) AS analysed
    FROM (SELECT id FROM metrics_snapshot WHERE timeframe = '1d' ORDER BY snapshot_time) AS s \gset
SELECT id AS snapshot FROM metrics_snapshot WHERE timeframe = '1d' ORDER BY snapshot_time DESC LIMIT 1 \gset
SELECT analyse_sectors(:snapshot) AS periods, analyse_cross_sector(:snapshot) AS cross_sector \gset
\echo 'The market on the last day, of' :snapshots 'snapshots'
SELECT to_char(m.snapshot_time, 'YYYY-MM-DD') AS day, pg_temp.price(m.price) AS btc, round(m.weekly_return, 2) AS "7 days %",
       round(m.total / 1e9) AS "total, billions", round(m.btc_dominance, 1) AS "BTC %", round(m.fear_greed_index) AS fear_greed, m.extended_metrics #>> '{composite_metrics,volatility_index}' AS "volatility %",
       r.regime, r.analysis_data ->> 'score' AS score, r.signal_agreement_score AS agreement
    FROM metrics_snapshot AS m JOIN market_regime_analysis AS r ON r.metrics_snapshot_id = m.id
    WHERE m.id = :snapshot;
\echo 'Why: the votes of that day'
SELECT line AS vote
    FROM market_regime_analysis AS r
    CROSS JOIN LATERAL jsonb_array_elements_text(r.analysis_data -> 'rationale') WITH ORDINALITY AS l (line, place)
    WHERE r.metrics_snapshot_id = :snapshot ORDER BY place;
\echo 'The regime day by day   (+ bull, - bear, . sideways)'
SELECT to_char(analysis_time, 'YYYY-MM') AS month,
       string_agg(CASE regime WHEN 'Bull' THEN '+' WHEN 'Bear' THEN '-' ELSE '.' END, '' ORDER BY analysis_time) AS regime
    FROM market_regime_analysis GROUP BY 1 ORDER BY 1;
\echo 'Sectors by their return of 7 days'
SELECT r.rank, r.sector, round(r.return_24h, 2) AS "1 day %", round(r.return_7d, 2) AS "7 days %", round(r.return_30d, 2) AS "30 days %"
    FROM cross_sector_analysis AS c
    CROSS JOIN LATERAL jsonb_to_recordset(c.sector_performance_ranking)
        AS r (rank integer, sector text, return_24h numeric, return_7d numeric, return_30d numeric)
    WHERE c.id = :cross_sector ORDER BY r.rank, r.sector;
\echo 'Where money went within 7 days: of all that moved between sectors, the share from one to another'
SELECT f.name AS from, t.name AS to, r.score AS share
    FROM sector_rotation_flows AS r JOIN sectors AS f ON f.id = r.from_sector_id JOIN sectors AS t ON t.id = r.to_sector_id
    WHERE r.cross_sector_analysis_id = :cross_sector ORDER BY r.score DESC, f.name, t.name;
\endif
