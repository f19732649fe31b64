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
