-- Candles that look like a market, the same on every machine: include this
-- file (\ir sample.sql) and read pg_temp.sample_candles(...).
--
-- Nothing here but whole numbers, IEEE additions, multiplications, divisions
-- and square roots, whose results no library and no platform may vary.
--
--   variance   GARCH(1,1): a large move makes the next ones large
--   jumps      about one in 3,000 minutes, both ways
--   trend      redrawn every three days, with a weak pull to the first price
--   day        busiest at 15:00 UTC, a third quieter at weekends
--   volume     in USD; grows with the size of the move
--   open       the previous close, now and then a tick or two beside it

CREATE OR REPLACE FUNCTION pg_temp.sample_candles(
    seed bigint,
    start timestamptz,
    minutes integer,
    price numeric,
    tick numeric DEFAULT 0.01,
    usd_per_minute double precision DEFAULT 100000,
    volatility double precision DEFAULT 0.0006, -- of a minute, relative
    OUT candle_time timestamptz,
    OUT open numeric,
    OUT high numeric,
    OUT low numeric,
    OUT close numeric,
    OUT volume numeric
) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    -- Park and Miller's generator; a draw holds three digits of base 1024
    draw bigint := 1 + abs(seed % 1000003) * 2147 % 2147483646;
    first_tick double precision := round(price / tick);
    last_tick double precision := first_tick;
    open_tick double precision;
    move double precision;
    high_tick double precision;
    low_tick double precision;
    size double precision; -- of a usual move now, in ticks
    z double precision; -- the move in usual moves: close to a normal deviate
    heat double precision := 1; -- variance now over mean variance
    trend double precision := 0;
    activity double precision;
    minute_of_day integer;
BEGIN
    FOR i IN 1 .. 10 LOOP
        draw := draw * 48271 % 2147483647;
    END LOOP;

    FOR i IN 0 .. minutes - 1 LOOP
        candle_time := start + i * interval '1 minute';
        minute_of_day := extract(epoch FROM candle_time)::bigint / 60 % 1440;
        activity := 0.55 + 0.9 * abs(abs(minute_of_day - 900) - 720) / 720
            * CASE WHEN extract(isodow FROM candle_time AT TIME ZONE 'UTC') > 5
                   THEN 0.67 ELSE 1 END;

        draw := draw * 48271 % 2147483647;
        IF i % 4320 = 0 THEN
            trend := ((draw >> 20 & 1023) - 511.5) / 512 * 0.03;
        END IF;

        -- the sum of three digits has mean 1534.5 and standard deviation 512
        z := ((draw & 1023) + (draw >> 10 & 1023) + (draw >> 20 & 1023)
            - 1534.5::double precision) / 512;
        size := last_tick * volatility * sqrt(heat * activity);
        move := (z + trend) * size
            + (first_tick - last_tick) * 1e-5::double precision;
        heat := least(12, 0.01 + 0.07 * heat * z * z + 0.92 * heat);

        draw := draw * 48271 % 2147483647;
        IF draw % 3000 = 0 THEN
            move := move + (CASE WHEN draw & 1024 = 0 THEN 8 ELSE -8 END
                + (draw >> 11 & 7)) * size;
            heat := least(12, heat + 5);
        END IF;

        draw := draw * 48271 % 2147483647;
        open_tick := last_tick
            + CASE WHEN draw % 16 = 0 THEN (draw >> 4) % 5 - 2 ELSE 0 END;
        last_tick := greatest(1, round(last_tick + move));
        high_tick := greatest(open_tick, last_tick)
            + round(size * 0.9 * (draw >> 10 & 1023) / 1023 * abs(z));
        low_tick := greatest(1, least(open_tick, last_tick)
            - round(size * 0.9 * (draw >> 20 & 1023) / 1023 * abs(z)));

        open := open_tick::bigint * tick;
        high := high_tick::bigint * tick;
        low := least(low_tick, open_tick)::bigint * tick;
        close := last_tick::bigint * tick;
        volume := round((usd_per_minute * activity * sqrt(heat)
            * (0.3 + abs(z)) * (0.4 + (draw & 1023) / 1023.0))::numeric, 2);
        RETURN NEXT;
    END LOOP;
END;
$$;

-- Daily candles of a whole market that rotates: read pg_temp.sample_market(...).
--
--   market   phases of rising, resting and falling, which all assets share
--   sectors  every 30 days another one leads, and the one before it lags
--   assets   a move of their own, larger the smaller the asset is
--
-- assets are numbered from 1; sectors[i] is the sector of asset i, from 0, or NULL for an asset that
-- stays at its price.  The last close of each is its price.

CREATE OR REPLACE FUNCTION pg_temp.sample_market(
    seed bigint,
    start timestamptz,
    days integer,
    prices numeric[],
    supplies numeric[],
    sectors integer[],
    OUT asset integer,
    OUT candle_time timestamptz,
    OUT open numeric,
    OUT high numeric,
    OUT low numeric,
    OUT close numeric,
    OUT volume numeric,
    OUT market_cap numeric
) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    draw bigint := 1 + abs(seed % 1000003) * 2147 % 2147483646;
    -- drift of the market a day in 1/10000, and how many days it lasts
    drifts integer[] := '{30, 0, 30, -90, 0, 50}';
    lengths integer[] := '{100, 60, 105, 60, 30, 75}';
    teams integer := 1 + (SELECT max(s) FROM unnest(sectors) AS s);
    level double precision[] := array_fill(1::double precision, ARRAY[cardinality(prices)]);
    path double precision[];
    wide double precision[];
    phase integer := 1;
    left_over integer := lengths[1];
    shared double precision;
    move double precision;
    last double precision;
    first double precision;
    width double precision;
BEGIN
    FOR i IN 1 .. 10 LOOP
        draw := draw * 48271 % 2147483647;
    END LOOP;
    -- a path first, as its end decides on the scale
    FOR day IN 0 .. days - 1 LOOP
        IF left_over = 0 THEN
            phase := phase % cardinality(drifts) + 1;
            left_over := lengths[phase];
        END IF;
        left_over := left_over - 1;
        draw := draw * 48271 % 2147483647;
        shared := drifts[phase] / 10000.0::double precision
            + ((draw & 1023) + (draw >> 10 & 1023) + (draw >> 20 & 1023) - 1534.5::double precision) / 512 * 0.016;
        FOR i IN 1 .. cardinality(prices) LOOP
            draw := draw * 48271 % 2147483647;
            move := 0;
            IF sectors[i] IS NOT NULL THEN
                move := shared * (0.8 + 0.05 * i)
                    + CASE (day / 30 - sectors[i] + teams) % teams WHEN 0 THEN 0.006 WHEN teams - 1 THEN -0.005 ELSE 0 END
                    + ((draw & 1023) + (draw >> 10 & 1023) + (draw >> 20 & 1023) - 1534.5::double precision)
                    / 512 * (0.006 + 0.001 * i);
            END IF;
            level[i] := level[i] * (1 + greatest(move, -0.5));
            path := path || level[i];
            wide := wide || abs(move) + 0.004;
        END LOOP;
    END LOOP;

    FOR i IN 1 .. cardinality(prices) LOOP
        asset := i;
        last := NULL;
        FOR day IN 0 .. days - 1 LOOP
            first := path[day * cardinality(prices) + i] / level[i];
            width := CASE WHEN sectors[i] IS NULL THEN 0.0005 ELSE wide[day * cardinality(prices) + i] / 3 END;
            candle_time := start + day * interval '1 day';
            close := round((first * 1e8)::bigint * prices[i] / 1e8, 6);
            open := coalesce(round((last * 1e8)::bigint * prices[i] / 1e8, 6), close);
            high := round(greatest(open, close) * (1 + round((width * 1e6)::bigint / 1e6, 6)), 6);
            low := round(least(open, close) * (1 - round((width * 1e6)::bigint / 1e6, 6)), 6);
            market_cap := round(close * supplies[i], 2);
            volume := round(market_cap * round((width * 1e6)::bigint * 4 / 1e6, 6), 2);
            last := first;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END;
$$;
