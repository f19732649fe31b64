-- Sectors: the published vectors, and the index against a plain loop over random markets.
BEGIN;
SELECT plan(28);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.near(got double precision, want double precision, unit double precision DEFAULT 1e-9)
    RETURNS boolean LANGUAGE sql AS
$$ SELECT coalesce(abs(got - want) <= unit * greatest(1, abs(want)), got IS NULL AND want IS NULL) $$;

\ir ../vectors/family_d.sql

SELECT is((SELECT (open_price, high_price, low_price, close_price, volume)::text
           FROM price_data WHERE asset_id = 1 AND candle_time = '2025-02-03'),
          '(31393.4163,31560.0681,31159.3257,31373.1984,6041790783.76)', 'family D is generated as published');
SELECT is(build_sector_history(), 1600::bigint, 'four sectors get a row per day');
SELECT ok(bool_and(pg_temp.near(i.level, v.level) AND pg_temp.near((h.technical_indicators #>> '{SMA,50}')::float8, v.sma)),
          'level and SMA 50 at the last of 400 days')
FROM (VALUES (1, 1442.178505, 1565.426878), (2, 877.5221163, 790.859898), (3, 2809.563543, 3172.335045),
             (4, 1043.291995, 1043.818277)) AS v (sector, level, sma)
CROSS JOIN LATERAL sector_index(v.sector, '1d', '2025-02-03') AS i
JOIN sector_history AS h ON h.sector_id = v.sector AND h.timeframe = '1d' AND h.candle_time = '2025-02-03';
-- one member: its price divided by the first one
SELECT is(count(*), 400::bigint, 'the index of one asset is its price')
FROM sector_index(3) AS i
JOIN price_data AS p ON p.asset_id = 5 AND p.candle_time = i.time
CROSS JOIN (SELECT close_price FROM price_data WHERE asset_id = 5 ORDER BY candle_time LIMIT 1) AS f
WHERE pg_temp.near(i.level, (1000 * p.close_price / f.close_price)::float8);
-- the capitalization is close times supply, and 24 hours are a day
SELECT is(count(*), 400::bigint, 'capitalization and volume are sums over the members')
FROM sector_history AS h
WHERE h.sector_id = 1 AND (h.market_cap, h.volume_24h) = (
    SELECT sum(p.market_cap), sum(p.volume) FROM price_data AS p WHERE p.asset_id IN (1, 2) AND p.candle_time = h.candle_time);
SELECT results_eq(
    $$SELECT asset_id, price, age FROM sector_members(1, '2025-02-04')$$,
    $$VALUES (1, 31373.1984::float8, interval '0'), (2, 2180.8676::float8, interval '0')$$,
    'sector_members() lists the greatest first');
SELECT ok(pg_temp.near(sum(weight), 1) AND pg_temp.near(max(weight), (SELECT max(market_cap) / sum(market_cap) FROM price_data
                                                                     WHERE asset_id IN (1, 2) AND candle_time = '2025-02-03')::float8),
          'weights are shares of the capitalization')
FROM sector_members(1, '2025-02-04');

--
-- by hand: prices A 10 11 12.1 12.1, B 20 19 - 20.9, C - - 5 6; supplies A 100 100 100 200, B 50, C 400
--   bar 1  1000 (1100 + 950) / 2000                          = 1025
--   bar 2  1025 (1100 x 1.1 + 950) / 2050                    = 1080      B carried forward, C enters without effect
--   bar 3  1080 (1210 + 950 x 1.1 + 2000 x 1.2) / 4160       = 1208.509615   the new supply of A has none
--
INSERT INTO assets (id, symbol, name, asset_type)
SELECT n + 10, s, s, 'crypto' FROM unnest('{XA,XB,XC}'::text[]) WITH ORDINALITY AS u (s, n);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT a + 10, '1d', timestamptz '2024-03-01' + i * interval '24 hours', p, p, p, p, 1, p * s
FROM (VALUES (1, 0, 10, 100), (1, 1, 11, 100), (1, 2, 12.1, 100), (1, 3, 12.1, 200), (2, 0, 20, 50), (2, 1, 19, 50), (2, 3, 20.9, 50),
             (3, 2, 5, 400), (3, 3, 6, 400)) AS v (a, i, p, s);
INSERT INTO sectors (id, name) VALUES (10, 'by hand');
INSERT INTO sector_mapping (asset_id, sector_id) SELECT n, 10 FROM generate_series(11, 13) AS n;
SELECT is(build_sector_history('1d', 10), 4::bigint, 'a single sector is built');
SELECT ok(bool_and(pg_temp.near(i.level, v.level) AND pg_temp.near((h.technical_indicators #>> '{INDEX,divisor}')::float8, v.divisor)
                   AND i.constituents = v.n AND (h.technical_indicators #>> '{INDEX,missing}')::integer = 3 - v.n
                   AND pg_temp.near(i.return, v.growth)),
          'levels, divisors and returns by hand')
FROM (VALUES (0, 1000::float8, 2::float8, 2, NULL::float8), (1, 1025, 2, 2, 0.025), (2, 1080, 4160 / 1080::float8, 3, 2160 / 2050::float8 - 1),
             (3, 1080 * 4655 / 4160::float8, 5865 / (1080 * 4655 / 4160::float8), 3, 4655 / 4160::float8 - 1)) AS v (i, level, divisor, n, growth)
JOIN sector_history AS h ON h.sector_id = 10 AND h.candle_time = timestamptz '2024-03-01' + v.i * interval '24 hours'
JOIN sector_index(10) AS i ON i.time = h.candle_time;

--
-- random markets: 12 assets, 90 days, a tenth of the candles missing, spells of a week missing, supplies that change,
-- capitalizations missing; 5 sectors that overlap
--
CREATE FUNCTION pg_temp.draw(a integer, b integer, n integer) RETURNS integer LANGUAGE sql AS
$$ SELECT (abs(hashint8extended(a * 100000 + b, 7)) % n)::integer $$;
INSERT INTO assets (id, symbol, name, asset_type, circulating_supply)
SELECT 100 + a, 'R' || a, 'R' || a, 'crypto', CASE WHEN a % 3 = 0 THEN 1000 * a END FROM generate_series(1, 12) AS a;
CREATE TEMPORARY TABLE made AS
SELECT 100 + a AS asset_id, i, round((10 * a * exp(0.3 * sin(i / 7.0 + a) + pg_temp.draw(a, i, 100) / 1000.0))::numeric, 6) AS price,
       CASE WHEN a % 4 <> 1 AND pg_temp.draw(a, i + 500, 10) < 7 THEN 1000 * a * (1 + i / 30) END AS supply
FROM generate_series(1, 12) AS a, generate_series(0, 89) AS i
WHERE pg_temp.draw(a, i + 1000, 10) > 0 AND NOT (i / 8 = pg_temp.draw(a, 2000, 11)) AND NOT (a = 12 AND i < 40) AND NOT (a = 11 AND i > 60);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, '1d', timestamptz '2024-05-01' + i * interval '24 hours', price, price, price, price,
       CASE WHEN pg_temp.draw(asset_id, i + 3000, 6) > 0 THEN 1000 * i END, round(price * supply, 2)
FROM made;
INSERT INTO sectors (id, name) SELECT 20 + s, 'random ' || s FROM generate_series(1, 5) AS s;
INSERT INTO sector_mapping (asset_id, sector_id)
SELECT 100 + a, 20 + s FROM generate_series(1, 12) AS a, generate_series(1, 5) AS s WHERE pg_temp.draw(a, s + 4000, 3) = 0 OR (a + s) % 6 = 0;

-- what the definition says, one row after the other
CREATE FUNCTION pg_temp.plain_index(sector integer) RETURNS TABLE (i integer, level float8, cap float8, n integer) LANGUAGE plpgsql AS $$
DECLARE
    day integer;
    now_row record;
    before float8[] := '{}';
    caps float8[] := '{}';
    new_before float8[];
    new_caps float8[];
    top float8;
    bottom float8;
    m record;
BEGIN
    level := NULL;
    FOR day IN SELECT DISTINCT d.i FROM made AS d JOIN sector_mapping AS p USING (asset_id) WHERE p.sector_id = sector ORDER BY 1 LOOP
        top := 0; bottom := 0; cap := NULL; n := 0; new_before := '{}'; new_caps := '{}';
        FOR m IN SELECT p.asset_id, c.*, a.circulating_supply AS today FROM sector_mapping AS p JOIN assets AS a ON a.id = p.asset_id
                 LEFT JOIN LATERAL (SELECT d.* FROM made AS d WHERE d.asset_id = p.asset_id AND d.i <= day AND d.i >= day - 3
                                    ORDER BY d.i DESC LIMIT 1) AS c (asset, at, price, supply) ON true
                 WHERE p.sector_id = sector ORDER BY p.asset_id LOOP
            CONTINUE WHEN m.price IS NULL;
            new_before[m.asset_id] := m.price;
            new_caps[m.asset_id] := CASE WHEN m.supply IS NOT NULL THEN round(m.price * m.supply, 2)::float8
                ELSE m.price::float8 * coalesce((SELECT round(d.price * d.supply, 2)::float8 / d.price::float8 FROM made AS d
                                                 WHERE d.asset_id = m.asset_id AND d.supply IS NOT NULL AND d.i < m.at AND d.i >= m.at - 30
                                                 ORDER BY d.i DESC LIMIT 1), m.today) END;
            IF caps[m.asset_id] > 0 THEN
                top := top + caps[m.asset_id] * m.price::float8 / before[m.asset_id];
                bottom := bottom + caps[m.asset_id];
            END IF;
            IF new_caps[m.asset_id] IS NOT NULL THEN
                cap := coalesce(cap, 0) + new_caps[m.asset_id];
                n := n + 1;
            END IF;
        END LOOP;
        level := CASE WHEN level IS NULL THEN 1000 WHEN bottom > 0 THEN level * (top / bottom) ELSE level END;
        i := day;
        before := new_before;
        caps := new_caps;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT cmp_ok(sum(build_sector_history('1d', s)), '>', 300::numeric, 'random sectors are built') FROM generate_series(21, 25) AS s;
SELECT is(count(*) FILTER (WHERE i.level IS NULL OR p.level IS NULL
                              OR NOT (pg_temp.near(i.level, p.level) AND pg_temp.near(i.market_cap::float8, p.cap, 1e-7) AND i.constituents = p.n)),
          0::bigint, 'levels, capitalizations and members are what a loop over the rows gives')
FROM generate_series(21, 25) AS s
CROSS JOIN LATERAL pg_temp.plain_index(s) AS p
FULL JOIN (SELECT s AS sector, x.* FROM generate_series(21, 25) AS s, sector_index(s) AS x) AS i
  ON i.sector = s AND i.time = timestamptz '2024-05-01' + p.i * interval '24 hours';

CREATE TEMPORARY TABLE batch AS SELECT h.*, h.xmin::text AS version FROM sector_history AS h;
CREATE TEMPORARY TABLE batch_state AS SELECT * FROM sector_index_states;
CREATE FUNCTION pg_temp.differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM batch AS b
    FULL JOIN sector_history AS h USING (sector_id, timeframe, candle_time)
    WHERE (b.market_cap, b.volume_24h, b.technical_indicators::text) IS DISTINCT FROM (h.market_cap, h.volume_24h, h.technical_indicators::text)
$$;
SELECT is(build_sector_history() + build_sector_history(rebuild => true) + build_sector_history('1d', 3, rebuild => true), 0::bigint,
          'building twice and rebuilding change nothing');
SELECT is((SELECT count(*) FROM batch AS b JOIN sector_history AS h USING (id) WHERE h.xmin::text = b.version), (SELECT count(*) FROM batch),
          'and touch no row');

DELETE FROM sector_history;
DELETE FROM sector_index_states;
SELECT cmp_ok(sum(build_sector_history('1d', NULL, NULL, timestamptz '2024-04-28' + d * interval '24 hours')), '>', 1000::numeric,
              'the history is built day by day')
FROM generate_series(0, 95) AS d;
SELECT ok(build_sector_history() > 500, 'and then to the end');
SELECT is(pg_temp.differences(), 0::bigint, 'day by day and in one call are equal to the bit');
SELECT is((SELECT count(*) FROM batch_state AS b JOIN sector_index_states AS s USING (sector_id, timeframe, candle_time, state)), 10::bigint,
          'so are the states of the indicators');
DELETE FROM sector_history WHERE candle_time >= '2024-06-20';
DELETE FROM sector_index_states;
SELECT cmp_ok(build_sector_history(), '>', 500::bigint, 'the end is built again, without states');
SELECT is(pg_temp.differences(), 0::bigint, 'to the same bits');

-- a late candle
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, '1d', '2024-03-03', 19.5, 19.5, 19.5, 19.5, 1, 975 FROM (VALUES (12)) AS v (asset_id);
SELECT is(build_sector_history('1d', 10), 0::bigint, 'a late candle changes no row by itself');
SELECT is(build_sector_history('1d', 10, '2024-03-03', rebuild => true), 2::bigint, 'a rebuild changes its row and those after it');
SELECT ok(pg_temp.near(level, 1025 * (1210 + 975) / 2050::float8), 'and has the new level')
FROM sector_index(10, '1d', '2024-03-03', '2024-03-04');
-- all prices of a sector times 3, supplies constant
UPDATE price_data SET open_price = 3 * open_price, high_price = 3 * high_price, low_price = 3 * low_price, close_price = 3 * close_price,
                      market_cap = 3 * market_cap
WHERE asset_id IN (1, 2);
SELECT cmp_ok(build_sector_history('1d', 1, rebuild => true), '>', 0::bigint, 'another unit of prices gives other capitalizations');
SELECT ok(bool_and(pg_temp.near(i.level, (b.technical_indicators #>> '{INDEX,level}')::float8)
                   AND pg_temp.near(i.level / 1000, (i.market_cap / first_cap)::float8)),
          'and the same levels, which are the ratio of capitalizations while supplies are constant')
FROM sector_index(1) AS i
JOIN batch AS b ON b.sector_id = 1 AND b.candle_time = i.time
CROSS JOIN (SELECT market_cap AS first_cap FROM sector_index(1, '1d', '2024-01-01', '2024-01-02')) AS f;
-- a member leaves: only the returns of the others count
DELETE FROM sector_mapping WHERE asset_id = 2;
SELECT cmp_ok(build_sector_history('1d', 1, rebuild => true), '>', 0::bigint, 'a member leaves');
SELECT ok(bool_and(pg_temp.near(i.level, (1000 * p.close_price / f.close_price)::float8)), 'the index is that of the other one')
FROM sector_index(1) AS i
JOIN price_data AS p ON p.asset_id = 1 AND p.candle_time = i.time
CROSS JOIN (SELECT close_price FROM price_data WHERE asset_id = 1 ORDER BY candle_time LIMIT 1) AS f;
-- of candles that are gone the rows stay
DELETE FROM price_data WHERE asset_id = 5 AND candle_time < '2024-06-01';
SELECT is(build_sector_history('1d', 3, rebuild => true), 0::bigint, 'a rebuild keeps rows older than the oldest candle');
-- stablecoins beside coins do not count, and alone they do
UPDATE assets SET asset_type = 'stablecoin' WHERE id IN (12, 6);
SELECT results_eq($$SELECT s, count(m.asset_id) FROM (VALUES (4), (10)) AS v (s), sector_members(s) AS m GROUP BY s ORDER BY s$$,
                  $$VALUES (4, 1::bigint), (10, 2::bigint)$$, 'stablecoins are members where they are the whole sector');

SELECT * FROM finish();
ROLLBACK;
