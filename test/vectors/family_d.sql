-- Family D: six assets in four sectors, 400 daily candles from 2024-01-01.
--   close(k, i) = round(P exp(g i + a sin(i/T + f) + 0.03 sin(i/5 + k)), 4)
INSERT INTO assets (id, symbol, name, asset_type)
SELECT n, s, s, 'crypto' FROM unnest('{BTC,ETH,AAA,BBB,CCC,DDD}'::text[]) WITH ORDINALITY AS u (s, n);
WITH parameter AS (
    SELECT *
    FROM unnest('{0,1,2,3,4,5}'::integer[], '{20000,1500,10,5,2,50}'::float8[],
                '{.0015,.0010,.0005,-.0005,.0020,0}'::float8[], '{.12,.18,.25,.20,.30,.10}'::float8[],
                '{23,19,17,29,13,31}'::float8[], '{0,1,2,3,4,5}'::float8[],
                '{1e10,5e9,2e8,1e8,5e7,3e8}'::float8[], '{19e6,120e6,1e9,2e9,5e9,1e8}'::numeric[]) AS u (k, p, g, a, t, f, v, s)
), candle AS (
    SELECT p.k, p.s, i,
           round((p.p * exp(p.g * i + p.a * sin(i / p.t + p.f) + 0.03 * sin(i / 5.0::float8 + p.k)))::numeric, 4) AS close,
           round((p.v * (1 + 0.5 * sin(i / 11.0::float8 + p.k) + 0.2 * cos(i / 3.0::float8)))::numeric, 2) AS volume
    FROM parameter AS p, generate_series(0, 399) AS i
), opened AS (
    SELECT c.*, coalesce(lag(c.close) OVER (PARTITION BY c.k ORDER BY c.i), c.close) AS open FROM candle AS c
)
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT k + 1, '1d', timestamptz '2024-01-01' + i * interval '24 hours', open,
       round((greatest(open, close)::float8 * (1.004 + 0.003 * abs(sin(i / 7.0::float8))))::numeric, 4),
       round((least(open, close)::float8 * (0.996 - 0.003 * abs(cos(i / 9.0::float8))))::numeric, 4),
       close, volume, round(close * s, 2)
FROM opened;
INSERT INTO sectors (id, name) VALUES (1, 'L1'), (2, 'DeFi'), (3, 'AI'), (4, 'RWA');
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector)
VALUES (1, 1, true), (2, 1, true), (3, 2, true), (4, 2, true), (5, 3, true), (6, 4, true);
