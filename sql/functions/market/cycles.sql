-- Cycles: Bitcoin's halvings, and the months of the year.

CREATE FUNCTION ca_halving(
    moment timestamptz, height numeric, OUT last timestamptz, OUT next timestamptz, OUT days integer,
    OUT phase double precision, OUT epoch integer)
    RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- 210,000 blocks of 600 seconds
    SELECT l.last, n.next, greatest(0, floor(extract(epoch FROM n.next - ca_halving.moment) / 86400))::integer,
           CASE WHEN ca_halving.height IS NOT NULL THEN mod(floor(ca_halving.height), 210000)::double precision / 210000
                ELSE least(1, extract(epoch FROM ca_halving.moment - l.last)::double precision / 126000000) END,
           CASE WHEN ca_halving.height IS NOT NULL THEN floor(ca_halving.height / 210000)::integer + 1
                ELSE l.passed::integer + 1 END
    FROM (SELECT coalesce(max(h), timestamptz '2009-01-03 18:15:05+00') AS last, count(h) AS passed
          FROM unnest(ca_halvings()) AS h
          WHERE h <= ca_halving.moment) AS l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ca_halving.height IS NOT NULL
                    THEN ca_halving.moment + (210000 - mod(floor(ca_halving.height), 210000))::double precision * interval '600 seconds'
                    ELSE l.last + interval '126000000 seconds' END AS next) AS n
    WHERE ca_halving.moment >= l.last;
END;
COMMENT ON FUNCTION ca_halving(timestamptz, numeric) IS
    'the last halving before a moment, or else the first block; when the next is due, from the height of the chain if it is known; whole days until then; how far the epoch has come, and its number; NULLs before the first block';

CREATE FUNCTION @extschema@.halving_schedule(as_of timestamptz DEFAULT now())
    RETURNS TABLE (last timestamptz, next timestamptz, days integer, phase double precision, epoch integer)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_moment(halving_schedule.as_of);
    RETURN QUERY
        SELECT h.last, h.next, h.days, h.phase, h.epoch
        FROM (VALUES (true)) AS one
        LEFT JOIN ca_metric_values(ARRAY[halving_schedule.as_of], '{btc_block_height}') AS v ON true
        CROSS JOIN LATERAL ca_halving(halving_schedule.as_of, v.value) AS h;
END;
$$;
COMMENT ON FUNCTION halving_schedule(timestamptz) IS
    'the last halving of Bitcoin''s reward as of as_of, by the setting halvings; when the next is due: 210,000 blocks of 10 minutes after the last, or by the metric btc_block_height if it is known; whole days until then; the share of the epoch that has passed, 0 to 1; and the number of the epoch, from 1';

CREATE FUNCTION ca_month_returns(asset integer, until timestamptz)
    RETURNS TABLE (ends_at timestamptz, month integer, month_return double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH first AS (
        SELECT min(c.candle_time) AS candle_time
        FROM timeframes() AS t (code)
        CROSS JOIN LATERAL (
            SELECT h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = ca_month_returns.asset AND h.timeframe = t.code
            ORDER BY h.candle_time
            LIMIT 1) AS c
    ), close AS (
        SELECT p.moment, p.price, lag(p.moment) OVER w AS before, lag(p.price) OVER w AS price_before
        FROM first AS f
        CROSS JOIN LATERAL (
            SELECT array_agg(m) AS moments
            FROM timeframe_series('1M', timeframe_end('1M', f.candle_time), ca_month_returns.until + interval '1 microsecond') AS m) AS m
        CROSS JOIN LATERAL ca_prices_of(ca_month_returns.asset, m.moments) AS p
        WINDOW w AS (ORDER BY p.moment)
    )
    SELECT c.moment, extract(month FROM c.before AT TIME ZONE 'UTC')::integer, c.price / c.price_before - 1
    FROM close AS c
    WHERE c.price_before > 0 AND c.moment = timeframe_end('1M', c.before);
END;
COMMENT ON FUNCTION ca_month_returns(integer, timestamptz) IS
    'returns of an asset over the calendar months that end at or before a moment: from the price at the end of the month before';

CREATE FUNCTION @extschema@.seasonality(asset integer, as_of timestamptz DEFAULT now())
    RETURNS TABLE (month integer, years bigint, positive double precision, mean_return double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 12
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_asset(seasonality.asset);
    PERFORM ca_check_moment(seasonality.as_of);
    RETURN QUERY
        SELECT r.month, count(*), count(*) FILTER (WHERE r.month_return > 0)::double precision / count(*),
               avg(r.month_return ORDER BY r.ends_at)
        FROM ca_month_returns(seasonality.asset, seasonality.as_of) AS r
        GROUP BY r.month
        ORDER BY r.month;
END;
$$;
COMMENT ON FUNCTION seasonality(integer, timestamptz) IS
    'per calendar month, in UTC: of how many years its return is known as of as_of, in which share of these it was above zero, and their mean; months that have ended only';
