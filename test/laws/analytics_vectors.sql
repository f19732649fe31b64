-- Risk and return: published and hand-made vectors, made with numpy, pandas, scipy and plain SQL.
BEGIN;
SELECT plan(21);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

-- Agreement to 1e-9, or to a unit in the last place that is printed.
CREATE FUNCTION pg_temp.agrees(got double precision, want numeric) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN abs(got - want) <= greatest(1e-9 * abs(want), 0.5000001 * 10.0 ^ (-scale(want)));

--
-- A market of six assets and 400 days: growth, a slow wave and a fast one.
--
CREATE TABLE member (k integer, symbol text, sector text, p float8, g float8, a float8, t float8, f float8, v float8, s numeric);
INSERT INTO member VALUES
    (0, 'BTC', 'L1', 20000, 0.0015, 0.12, 23, 0, 1e10, 19e6), (1, 'ETH', 'L1', 1500, 0.0010, 0.18, 19, 1, 5e9, 120e6),
    (2, 'AAA', 'DeFi', 10, 0.0005, 0.25, 17, 2, 2e8, 1e9), (3, 'BBB', 'DeFi', 5, -0.0005, 0.20, 29, 3, 1e8, 2e9),
    (4, 'CCC', 'AI', 2, 0.0020, 0.30, 13, 4, 5e7, 5e9), (5, 'DDD', 'RWA', 50, 0, 0.10, 31, 5, 3e8, 1e8);
CREATE TABLE day AS
SELECT k, i, timestamptz '2024-01-01' + i * interval '1 day' AS start, o,
       round((greatest(o, c)::float8 * (1.004 + 0.003 * abs(sin(i / 7.0::float8))))::numeric, 4) AS h,
       round((least(o, c)::float8 * (0.996 - 0.003 * abs(cos(i / 9.0::float8))))::numeric, 4) AS l, c,
       round((v * (1 + 0.5 * sin(i / 11.0::float8 + k) + 0.2 * cos(i / 3.0::float8)))::numeric, 2) AS volume,
       round(c * s, 2) AS cap
FROM (SELECT *, coalesce(lag(c) OVER (PARTITION BY k ORDER BY i), c) AS o
      FROM (SELECT *, round((p * exp(g * i + a * sin(i / t + f) + 0.03 * sin(i / 5.0::float8 + k)))::numeric, 4) AS c
            FROM member, generate_series(0, 399) AS i) AS x) AS y;
SELECT results_eq('SELECT o, h, l, c, volume FROM day WHERE k = 0 AND i = 399',
                  'VALUES (31393.4163, 31560.0681, 31159.3257, 31373.1984, 6041790783.76)', 'the market is the one that the vectors are of');
INSERT INTO assets (symbol, name, asset_type) SELECT symbol, symbol, 'crypto' FROM member;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id(symbol), '1d', start, o, h, l, c, volume, cap FROM day JOIN member USING (k);
CREATE TABLE btc AS
SELECT d.*, r.return AS r FROM day AS d JOIN returns(asset_id('BTC'), '1d') AS r ON r.time = d.start WHERE d.k = 0;

SELECT ok(pg_temp.agrees((SELECT "return" FROM returns(asset_id('BTC'), '1d', '2025-02-03', '2025-02-04', 'simple')), -0.000644017198)
          AND pg_temp.agrees((SELECT r FROM btc WHERE i = 399), -0.0006442246661), 'the last return, simple and log');
SELECT ok(pg_temp.agrees((SELECT realized_volatility(r) FROM btc WHERE i > 369), 0.06059804581), 'realized volatility of 30 days');
SELECT ok((SELECT pg_temp.agrees(parkinson_volatility(h, l), 0.1676785352) AND pg_temp.agrees(garman_klass_volatility(o, h, l, c), 0.1934610718)
           FROM btc WHERE i > 369), 'volatility of the ranges of 30 days');
SELECT ok((SELECT pg_temp.agrees(max_drawdown(c ORDER BY i), -0.1761318349) FROM btc), 'the greatest drawdown of 400 days');
SELECT ok((SELECT pg_temp.agrees(drawdown(x ORDER BY n), -0.1727447124)
           FROM (SELECT 1 AS n, max(h) AS x FROM btc WHERE i >= 35 UNION ALL SELECT 2, c FROM btc WHERE i = 399) AS t),
          'the drawdown from the high of 365 days');
SELECT ok((SELECT pg_temp.agrees(choppiness(h, l, c ORDER BY i), 0.4500119408) FROM btc), 'choppiness');
SELECT ok((SELECT pg_temp.agrees(mid_rank(array_agg[1], array_agg), 0.3767123288)
           FROM (SELECT array_agg(x ORDER BY i DESC) FROM (SELECT i, (c / lag(c, 30) OVER (ORDER BY i) - 1)::float8 AS x FROM btc) AS t
                 WHERE i > 399 - 365) AS u), 'the rank of the change of 30 days among 365');
SELECT ok((SELECT pg_temp.agrees(mid_rank(array_agg[1], array_agg), 0.04520547945)
           FROM (SELECT array_agg(x ORDER BY i DESC)
                 FROM (SELECT i, realized_volatility(r) OVER (ORDER BY i ROWS 29 PRECEDING) AS x FROM btc) AS t WHERE i > 399 - 365) AS u),
          'the rank of volatility among 365 days, by a window that slides');
SELECT ok((SELECT pg_temp.agrees(1e12 * amihud_illiquidity(r, volume), 0.3945027069) FROM btc WHERE i > 369), 'illiquidity of 30 days');
SELECT is((SELECT ARRAY[mid_rank(1, '{3,1,4,1,5}'), mid_rank(5, '{3,1,4,1,5}'), mid_rank(2, '{2,2,2}')]), '{0.2,0.9,0.5}', 'ranks');

--
-- Correlations.
--
SELECT ok((SELECT bool_and(pg_temp.agrees(m.correlation, v.want) AND m.pairs = 30)
           FROM correlation_matrix(as_of => '2025-02-04') AS m
           JOIN (VALUES ('ETH', 0.6070977084), ('AAA', -0.7304654815), ('BBB', -0.9205245893), ('CCC', 0.5337902129), ('DDD', 0.1482844542))
               AS v (symbol, want) ON m.other_id = asset_id(v.symbol)
           WHERE m.asset_id = asset_id('BTC')), 'correlations with BTC over 30 days');
SAVEPOINT holes;
DELETE FROM price_data WHERE asset_id = asset_id('ETH') AND candle_time >= '2025-01-25' AND candle_time < '2025-01-28';
SELECT ok((SELECT pg_temp.agrees(m.correlation, 0.5010652667) AND m.pairs = 26
           FROM correlation_matrix(as_of => '2025-02-04') AS m WHERE m.asset_id = asset_id('BTC') AND m.other_id = asset_id('ETH')),
          'a pair counts when both series know both of its days');
ROLLBACK TO holes;

--
-- A breakout that is retested; a divergence; a line through two lows.
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('Q', 'Q', 'crypto'), ('D', 'D', 'crypto'), ('M', 'M', 'crypto'), ('T', 'T', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('Q'), '1h', timestamptz '2024-01-01' + i * interval '1 hour', c, h, l, c, v
FROM (SELECT i, c + 0.5, c - 0.5, c, 1000 + 10 * (i % 3)
      FROM generate_series(0, 24) AS i, LATERAL (SELECT round((100 + 1.5 * sin(0.9 * i))::numeric, 4)) AS x (c)
      UNION ALL VALUES (25, 104.5, 101, 104, 1800), (26, 104.2, 102.9, 103.2, 900), (27, 103.4, 102, 102.6, 900),
                       (28, 103.6, 102.3, 103.4, 900), (29, 104.4, 103.1, 104.2, 900)) AS q (i, h, l, c, v);
SELECT results_eq($$ SELECT time, direction, level, fresh, round(volume_ratio::numeric, 6), retested_at FROM breakouts(asset_id('Q'), '1h') $$,
                  $$ VALUES (timestamptz '2024-01-02 01:00', 1, 101.9548, true, 1.782178, timestamptz '2024-01-02 03:00') $$,
                  'bar 25 breaks out with volume, and bar 27 retests it');
SELECT results_eq($$ SELECT retest FROM ca_breakout_bars(asset_id('Q'), '1h', 20, 10, 0.005, NULL, '2024-01-02 02:00', NULL, true) ORDER BY time $$,
                  'VALUES (false), (true), (true), (true)', 'the retest holds at 27, 28 and 29, and not at 26');

INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id(symbol), '1h', timestamptz '2024-01-01' + i * interval '1 hour', x, x + 0.2, x - 0.2, x, 1
FROM (SELECT i, round(CASE WHEN i <= 40 THEN 100 + 0.5 * sin(i / 3.0::float8)
                           ELSE 100 + 0.5 * sin(40 / 3.0::float8) - 1.2 * (least(i, 55) - 40) + 0.9 * (least(greatest(i, 55), 65) - 55)
                                - 0.7 * (least(greatest(i, 65), 80) - 65) + 0.5 * (greatest(i, 80) - 80) END::numeric, 4) AS c
      FROM generate_series(0, 90) AS i) AS p
CROSS JOIN LATERAL (VALUES ('D', c), ('M', 200 - c)) AS v (symbol, x);
SELECT results_eq($$ SELECT kind, first, second, round(first_rsi::numeric, 6), round(second_rsi::numeric, 6), round(score::numeric, 4)
                     FROM rsi_divergences(asset_id('D'), '1h') $$,
                  $$ VALUES ('bullish', timestamptz '2024-01-03 07:00', timestamptz '2024-01-04 08:00', 2.804793, 20.969663, 0.1816) $$,
                  'a lower low at bar 80 than at bar 55, with a higher RSI');
SELECT ok(pg_temp.agrees(ca_divergence_score(asset_id('D'), '1h', 100, 5, 30, now()), 0.1816)
          AND pg_temp.agrees(ca_divergence_score(asset_id('M'), '1h', 100, 5, 30, now()), -0.1816), 'its score, and that of the mirror image');

INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('T'), '1h', timestamptz '2024-01-01' + i * interval '1 hour', c, c + 0.1, c - 0.1, c, 1
FROM generate_series(0, 59) AS i, LATERAL (SELECT round((100 + 0.5 * i + 4 * abs(sin(pi() * i / 12)))::numeric, 4)) AS x (c);
SELECT results_eq($$ SELECT side, first, first_price, second, second_price, touches, strength FROM trend_lines(asset_id('T'), '1h') $$,
                  $$ VALUES ('support', timestamptz '2024-01-01 12:00', 105.9, timestamptz '2024-01-03', 123.9, 4, 0.8::float8) $$,
                  'a support through bars 12 and 48');

--
-- Spells of a regime; relative strength.
--
CREATE TABLE spell AS
SELECT row_number() OVER (ORDER BY place, j) - 1 AS n, regime
FROM (VALUES (1, 'S', 3), (2, 'Bull', 10), (3, 'Bear', 4), (4, 'Bull', 20), (5, 'S', 5), (6, 'Bull', 30), (7, 'Bear', 6), (8, 'Bull', 40),
             (9, 'S', 2), (10, 'Bull', 12)) AS v (place, regime, bars), generate_series(1, bars) AS j;
SELECT results_eq($$ SELECT ca_spell_estimate(array_agg(regime), array_agg(timestamptz '2024-01-01' + (n + CASE WHEN n >= 37 THEN gap ELSE 0 END) * interval '1 day'),
                                              '1d', 3)
                     FROM spell, unnest('{0,1}'::integer[]) AS gap GROUP BY gap ORDER BY gap $$,
                  'VALUES (432::float8), (552)', 'how long the regime may last, without and with a gap after 20 bars of Bull');

CREATE TABLE strength AS
SELECT sector, array_agg((s.cap / s.first_cap * 1000 / b.c)::float8 ORDER BY s.i) AS rs
FROM (SELECT sector, i, sum(cap) AS cap, first_value(sum(cap)) OVER (PARTITION BY sector ORDER BY i) AS first_cap
      FROM day JOIN member USING (k) GROUP BY sector, i) AS s
JOIN btc AS b ON b.i = s.i
GROUP BY sector;
SELECT results_eq($$ SELECT sector, round(score::numeric, 6), round(rs_ratio::numeric, 6), round(rs_momentum::numeric, 6), quadrant
                     FROM strength CROSS JOIN LATERAL ca_relative_strength(rs, 90, 30, 30) ORDER BY sector COLLATE "C" $$,
                  $$ VALUES ('AI', 0.583333, 97.693534, 101.276457, 'improving'), ('DeFi', 0.850000, 102.502168, 99.074733, 'weakening'),
                            ('L1', 0.538889, 98.454406, 101.492895, 'improving'), ('RWA', 0.905556, 101.318410, 99.060615, 'weakening') $$,
                  'relative strength of four sectors against BTC');

--
-- Hamilton's filter; the sample of empyrical's tests.
--
SELECT ok((SELECT pg_temp.agrees(f[1], 0.9116911849) AND pg_temp.agrees(f[2], 0.08830881507)
           FROM (SELECT hamilton_filter(0.03 * sin(k), '{0.001,-0.002}', '{0.015,0.045}', '{{0.97,0.03},{0.06,0.94}}' ORDER BY k) AS f
                 FROM generate_series(0, 9) AS k) AS t)
          AND (SELECT pg_temp.agrees(max_drawdown(price ORDER BY i), -0.44728)
               FROM (SELECT 0 AS i, 1 AS price
                     UNION ALL SELECT i, exp(sum(ln(1 + r)) OVER (ORDER BY i)) FROM unnest('{0.01,0.02,0.03,-0.4,-0.06,-0.02}'::float8[]) WITH ORDINALITY AS v (r, i)) AS p)
          AND (SELECT pg_temp.agrees(downside_risk(r), 3.158586182) AND pg_temp.agrees(value_at_risk(r, 0.25), -0.05)
                      AND pg_temp.agrees(conditional_value_at_risk(r, 0.25), -0.23) AND pg_temp.agrees(beta(r, b), 1.124302542)
               FROM unnest('{0.01,0.02,0.03,-0.4,-0.06,-0.02}'::float8[], '{0.02,0.02,0.03,-0.35,-0.05,-0.01}'::float8[]) AS v (r, b)),
          'the filter, and the measures of empyrical');

SELECT * FROM finish();
ROLLBACK;
