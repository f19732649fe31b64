-- Checks of alerts: the new candles and signals, what they reach, and the alerts that fire.
-- The rules are in docs/guide/rules.md.

CREATE FUNCTION ca_alert_news(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT first timestamptz, OUT last timestamptz)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.asset_id, n.code, n.first, n.last
    FROM (
        -- OFFSET makes the subquery run once; of a candle that was open then, only the close is new
        SELECT w.asset_id, w.checked_until,
               CASE WHEN w.checked_until IS NULL
                    THEN (SELECT greatest(a.created_at, '4000-01-01 00:00+00 BC') FROM signal_alerts AS a
                          WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                          ORDER BY a.created_at
                          LIMIT 1) END AS created
        FROM alert_marks AS w
        WHERE w.asset_id = ANY (ca_alert_news.assets)
        OFFSET 0) AS m
    CROSS JOIN LATERAL (
        -- the order lets the search end with the finest timeframe that has a new candle
        SELECT t.code, f.first, l.last
        FROM (SELECT o.code, o.place FROM timeframes() WITH ORDINALITY AS o (code, place) ORDER BY o.place) AS t
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS first
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= coalesce(m.checked_until, timeframe_bucket(t.code, m.created))
              -- there is no time a day before the earliest timestamps
              AND q.candle_time >= timestamptz '4000-01-01 00:00+00 BC'
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time
            LIMIT 1) AS f
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS last
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= f.first
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time DESC
            LIMIT 1) AS l
        ORDER BY t.place
        LIMIT 1) AS n;
END;
COMMENT ON FUNCTION ca_alert_news(integer[], timestamptz) IS
    'the first and the last live candle of these assets that had closed by as_of and are new to check_alerts(), of the finest timeframe that has any';

CREATE FUNCTION ca_alert_candles(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT volume numeric, OUT is_new boolean, OUT changes boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT n.asset_id, c.timeframe, c.candle_time, u.closed_at,
           c.high_price, c.low_price, c.close_price, c.volume, c.candle_time >= n.first, n.changes
    FROM (
        -- what the alerts of the asset need; OFFSET makes the subquery run once
        SELECT w.*,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) = 'percentage_change') AS changes,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) IN ('volume', 'volume_percent')) AS spikes,
               EXISTS (SELECT FROM price_history AS h
                       WHERE h.asset_id = w.asset_id AND h.timeframe = w.timeframe
                         AND h.candle_time = timeframe_bucket(w.timeframe, w.first - interval '1 microsecond')) AS adjoins
        FROM ca_alert_news(ca_alert_candles.assets, ca_alert_candles.as_of) AS w
        OFFSET 0) AS n
    CROSS JOIN LATERAL (
        SELECT q.timeframe, q.candle_time, q.high_price, q.low_price, q.close_price, q.volume
        FROM price_data AS q
        WHERE q.asset_id = n.asset_id
          AND q.timeframe = n.timeframe
          AND q.candle_time BETWEEN n.first AND n.last
        UNION ALL
        (SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
         FROM price_history AS h
         WHERE h.asset_id = n.asset_id
           AND h.timeframe = n.timeframe
           AND h.candle_time < n.first
         ORDER BY h.candle_time DESC
         LIMIT CASE WHEN n.spikes THEN 21 ELSE 1 END)
        UNION ALL
        -- after a gap, or where this timeframe begins, another timeframe may have a later close
        (SELECT l.*
         FROM timeframes() WITH ORDINALITY AS t (code, place)
         CROSS JOIN LATERAL (
             SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
             FROM price_history AS h
             WHERE h.asset_id = n.asset_id
               AND h.timeframe = t.code
               AND h.candle_time < timeframe_bucket(t.code, n.first)
             ORDER BY h.candle_time DESC
             LIMIT 1) AS l
         CROSS JOIN LATERAL ca_candle_until(n.asset_id, t.code, l.candle_time) AS u
         WHERE NOT n.adjoins AND t.code <> n.timeframe
         ORDER BY u.closed_at DESC, t.place
         LIMIT 1)) AS c
    -- a candle that was rolled up from a fragment tells nothing of the time after it
    CROSS JOIN LATERAL ca_candle_until(n.asset_id, c.timeframe, c.candle_time) AS u;
END;
COMMENT ON FUNCTION ca_alert_candles(integer[], timestamptz) IS
    'the candles that are new to check_alerts(), the last candle before them (the last 21 if volumes are compared), and one of another timeframe if that may have ended later, each with the end of what it was made of; whether changes are compared';

CREATE FUNCTION ca_alert_figures(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT previous_close numeric,
    OUT close_24h_before numeric, OUT change_percent numeric, OUT previous_change_percent numeric,
    OUT volume numeric, OUT mean_volume numeric, OUT volume_ratio numeric, OUT previous_volume_ratio numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.*, coalesce(lead(c.is_new) OVER w, false) AS before_new,
               CASE WHEN count(c.volume) OVER w20 = 20 THEN sum(c.volume) OVER w20 END AS volume_sum
        FROM ca_alert_candles(ca_alert_figures.assets, ca_alert_figures.as_of) AS c
        WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time),
               w20 AS (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
    ), priced AS MATERIALIZED (
        -- a close that was more than an hour old then does not count as the one of 24 hours before
        SELECT c.*, CASE WHEN c.changes AND (c.is_new OR c.before_new)
                         THEN (SELECT p.close
                               FROM ca_price_at(c.asset_id, c.closed_at - interval '24 hours', '1 hour') AS p) END AS before
        FROM candle AS c
    ), compared AS (
        SELECT c.*, round(c.volume * 20 / nullif(c.volume_sum, 0), 8) AS ratio,
               round(100 * (c.close - c.before) / nullif(abs(c.before), 0), 8) AS change
        FROM priced AS c
    )
    SELECT s.asset_id, s.timeframe, s.candle_time, s.closed_at,
           trim_scale(s.high), trim_scale(s.low), trim_scale(s.close), trim_scale(s.previous_close),
           trim_scale(s.before), trim_scale(s.change), trim_scale(s.previous_change),
           trim_scale(s.volume), trim_scale(s.volume_sum / 20), trim_scale(s.ratio), trim_scale(s.previous_ratio)
    FROM (SELECT c.*, lag(c.close) OVER w AS previous_close, lag(c.change) OVER w AS previous_change,
                 lag(c.ratio) OVER (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at) AS previous_ratio
          FROM compared AS c
          WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time)) AS s
    WHERE s.is_new;
END;
COMMENT ON FUNCTION ca_alert_figures(integer[], timestamptz) IS
    'figures that alerts are compared with: for each new candle its prices, its change over 24 hours, its volume relative to the mean of the 20 candles before, and the same of the candle before it; NULL if unknown';

CREATE FUNCTION ca_alert_hits(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- An alert fires if its value lies in lo..hi, the values for which the condition holds after the
    -- candle and was not known to hold before; an excluded bound expresses the latter.  If the candle had
    -- begun when the alert was created, only the close counts, which makes the range shorter.
    WITH figure AS MATERIALIZED (
        SELECT f.* FROM ca_alert_figures(ca_alert_hits.assets, ca_alert_hits.as_of) AS f
    ), reach AS (
        SELECT f.asset_id, f.candle_time, f.closed_at, f AS figure, r.kind, r.lo, r.hi, r.left_out, r.close_lo, r.close_hi
        FROM figure AS f
        CROSS JOIN LATERAL (VALUES
            ('above', coalesce(f.previous_close, '-Infinity'), f.high, f.previous_close,
             coalesce(f.previous_close, '-Infinity'), f.close),
            ('below', f.low, coalesce(f.previous_close, 'Infinity'), f.previous_close,
             f.close, coalesce(f.previous_close, 'Infinity')),
            ('equals', least(f.previous_close, f.low), greatest(f.previous_close, f.high), f.previous_close,
             least(f.previous_close, f.close), greatest(f.previous_close, f.close)),
            ('percentage_change', greatest(f.previous_change_percent, 0), f.change_percent,
             f.previous_change_percent, '-Infinity', 'Infinity'),
            ('percentage_change', f.change_percent, least(f.previous_change_percent, 0),
             least(f.previous_change_percent, 0), '-Infinity', 'Infinity'),
            ('volume', coalesce(f.previous_volume_ratio, '-Infinity'), f.volume_ratio,
             f.previous_volume_ratio, '-Infinity', 'Infinity'),
            ('volume_percent', coalesce(100 * f.previous_volume_ratio - 100, '-Infinity'),
             100 * f.volume_ratio - 100, 100 * f.previous_volume_ratio - 100, '-Infinity', 'Infinity'))
            AS r (kind, lo, hi, left_out, close_lo, close_hi)
        WHERE r.lo <= r.hi
    ), hit AS (
        SELECT DISTINCT ON (a.id) a.id, r.figure
        FROM reach AS r
        CROSS JOIN LATERAL (
            -- OFFSET makes the look-up use the whole key, whatever the planner believes
            SELECT a.id
            FROM signal_alerts AS a
            WHERE a.is_active AND NOT a.is_triggered
              AND a.asset_id = r.asset_id
              AND ca_alert_kind(a.alert_type, a.condition) = r.kind
              -- the key serves the index; the value itself decides on the digits that the key lacks
              AND ca_order_key(a.trigger_value) BETWEEN ca_order_key(r.lo) AND ca_order_key(r.hi)
              AND a.trigger_value BETWEEN r.lo AND r.hi
              AND a.trigger_value IS DISTINCT FROM r.left_out
              AND r.closed_at > greatest(a.created_at, a.triggered_at, a.last_checked)
              AND (a.expires_at IS NULL OR a.expires_at > r.closed_at)
              AND (r.candle_time >= greatest(a.created_at, a.triggered_at, a.last_checked)
                   OR a.trigger_value BETWEEN r.close_lo AND r.close_hi)
            -- the order of the index with the whole key, so that no other is as cheap
            ORDER BY ca_order_key(a.trigger_value)
            OFFSET 0) AS a
        ORDER BY a.id, r.closed_at
    )
    SELECT h.id, to_jsonb(h.figure) - 'asset_id'
    FROM hit AS h;
END;
COMMENT ON FUNCTION ca_alert_hits(integer[], timestamptz) IS
    'the alerts of these assets that a new candle fires, with the figures of the first candle that does';

CREATE FUNCTION ca_alert_signals(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, jsonb_build_object(
               'signal_id', s.id, 'signal_type', s.signal_type, 'signal_created_at', s.created_at,
               'entry_price', trim_scale(s.entry_price), 'target_price', trim_scale(s.target_price),
               'stop_loss', trim_scale(s.stop_loss))
    FROM unnest(ca_alert_signals.assets) AS o (asset_id)
    CROSS JOIN LATERAL (
        SELECT max(s.created_at) AS created_at
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id AND s.created_at <= ca_alert_signals.as_of) AS latest
    CROSS JOIN LATERAL (
        -- OFFSET makes the look-up use both columns, whatever the planner believes
        SELECT a.*
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.alert_type = 'signal_generated'
          AND a.asset_id = o.asset_id
          AND a.created_at <= latest.created_at
        OFFSET 0) AS a
    CROSS JOIN LATERAL (
        -- a signal that existed when the alert last fired does not fire it again
        SELECT s.*
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id
          AND s.created_at >= a.created_at
          AND s.created_at > coalesce(greatest(a.triggered_at, a.last_checked), '-infinity')
          AND s.created_at <= ca_alert_signals.as_of
          AND (a.expires_at IS NULL OR a.expires_at > s.created_at)
        ORDER BY s.created_at, s.id
        LIMIT 1) AS s;
END;
COMMENT ON FUNCTION ca_alert_signals(integer[], timestamptz) IS
    'the alerts of these assets that a new signal fires, with the figures of the first signal that does';

CREATE FUNCTION ca_alert_title(symbol text, alert_type text, condition text, figures jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN alert_type = 'signal_generated' THEN format('%s: new %s signal', symbol, figures ->> 'signal_type')
        WHEN alert_type = 'volume_spike' THEN
            format('%s: volume %s times its mean', symbol, figures ->> 'volume_ratio')
        WHEN condition = 'percentage_change' THEN
            format('%s: %s percent in 24 hours', symbol, figures ->> 'change_percent')
        WHEN condition = 'equals' THEN format('%s at %s', symbol, figures ->> 'trigger_value')
        ELSE format('%s %s %s', symbol, condition, figures ->> 'trigger_value')
    END;
COMMENT ON FUNCTION ca_alert_title(text, text, text, jsonb) IS
    'title of the notification of an alert';

CREATE FUNCTION @extschema@.check_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET timezone = 'UTC'
    -- look up few of many alerts by index, whatever the planner believes
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    held integer[];
    fired bigint;
BEGIN
    PERFORM ca_check_rights('signal_alerts', 'SELECT, UPDATE');
    PERFORM ca_check_rights('notifications', 'INSERT');
    PERFORM ca_check_as_of(check_alerts.as_of);
    -- Nobody is waited for: an asset, an alert or a user that another session has locked is left to
    -- the next check.
    INSERT INTO alert_marks (asset_id)
    SELECT n.id
    FROM (SELECT o.id
          FROM assets AS o
          CROSS JOIN LATERAL (SELECT FROM signal_alerts AS a
                              WHERE a.asset_id = o.id AND a.is_active AND NOT a.is_triggered
                              LIMIT 1) AS a
          WHERE NOT EXISTS (SELECT FROM alert_marks AS m WHERE m.asset_id = o.id)
          ORDER BY o.id
          FOR NO KEY UPDATE OF o SKIP LOCKED) AS n
    ON CONFLICT DO NOTHING;

    -- Skip assets that another session is checking.  The next statement, with a snapshot of its own,
    -- sees what was committed before these were locked.
    SELECT array_agg(l.asset_id) INTO held
    FROM (SELECT m.asset_id FROM alert_marks AS m ORDER BY m.asset_id FOR NO KEY UPDATE SKIP LOCKED) AS l;

    -- Only a look-up by key for each row can use "= ANY (ARRAY[...])"; a join that reads both sides cannot.
    WITH found AS MATERIALIZED (
        SELECT c.* FROM ca_alert_hits(held, check_alerts.as_of) AS c
        UNION ALL
        SELECT s.* FROM ca_alert_signals(held, check_alerts.as_of) AS s
    ), hit AS MATERIALIZED (
        SELECT h.alert_id, h.figures, (h.figures ->> 'candle_time')::timestamptz AS candle_time
        FROM found AS h
        JOIN signal_alerts AS a ON a.id = ANY (ARRAY[h.alert_id])
        JOIN users AS u ON u.id = ANY (ARRAY[a.user_id])
        WHERE u.deleted_at IS NULL
    ), due AS MATERIALIZED (
        -- the notification refers to the user
        SELECT a.id, h.figures
        FROM hit AS h
        JOIN signal_alerts AS a ON a.id = ANY (ARRAY[h.alert_id])
        JOIN users AS u ON u.id = ANY (ARRAY[a.user_id])
        -- CASE keeps the planner from reading an index of all waiting alerts
        WHERE CASE WHEN a.is_active THEN NOT a.is_triggered END
        -- nor would the planner look up by key what it can read in the order that is asked for
        ORDER BY h.alert_id
        FOR NO KEY UPDATE OF a SKIP LOCKED
        FOR KEY SHARE OF u SKIP LOCKED
    ), left_over AS MATERIALIZED (
        SELECT a.asset_id, min(l.candle_time) AS candle_time
        FROM (SELECT b.id, min(b.candle_time) AS candle_time
              FROM (SELECT h.alert_id AS id, h.candle_time, false AS is_due FROM hit AS h
                    UNION ALL
                    SELECT d.id, NULL, true FROM due AS d) AS b
              GROUP BY b.id
              HAVING NOT bool_or(b.is_due) AND min(b.candle_time) IS NOT NULL) AS l
        CROSS JOIN LATERAL (SELECT q.asset_id FROM signal_alerts AS q WHERE q.id = l.id LIMIT 1) AS a
        GROUP BY a.asset_id
    ), news AS MATERIALIZED (
        SELECT n.* FROM ca_alert_news(held, check_alerts.as_of) AS n
    ), moved AS (
        -- an alert that was left out finds the candle that would have fired it, and those after it, next time
        UPDATE alert_marks AS m
        SET checked_until = least(timeframe_end(n.timeframe, n.last), l.candle_time)
        FROM news AS n
        LEFT JOIN left_over AS l ON l.asset_id = n.asset_id
        WHERE m.asset_id = ANY (ARRAY[n.asset_id])
    ), stamped AS (
        UPDATE signal_alerts AS a
        SET is_triggered = true, triggered_at = check_alerts.as_of, last_checked = check_alerts.as_of
        FROM due AS d
        WHERE a.id = ANY (ARRAY[d.id])
        RETURNING a.*, jsonb_strip_nulls(d.figures || jsonb_build_object(
            'alert_id', a.id, 'asset_id', a.asset_id, 'alert_type', a.alert_type, 'condition', a.condition,
            'trigger_value', trim_scale(a.trigger_value), 'notification_method', a.notification_method)) AS figures
    )
    INSERT INTO notifications (user_id, notification_type, title, message, data, created_at)
    SELECT s.user_id, 'alert', ca_alert_title(o.symbol, s.alert_type, s.condition, s.figures), s.message,
           s.figures || jsonb_build_object('symbol', o.symbol), check_alerts.as_of
    FROM stamped AS s
    JOIN assets AS o ON o.id = ANY (ARRAY[s.asset_id])
    ORDER BY s.id;
    GET DIAGNOSTICS fired = ROW_COUNT;
    RETURN fired;
END;
$$;
COMMENT ON FUNCTION check_alerts(timestamptz) IS
    'checks the active alerts against the candles that have closed since the last check and against new signals, and returns how many fired; an alert fires once, at the edge, with a notification; an alert that another session has locked is left to the next check, with the candles since';

CREATE FUNCTION @extschema@.expire_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_alerts.as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT a.id
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.expires_at <= expire_alerts.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE signal_alerts AS a
    SET is_active = false
    WHERE a.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_alerts(timestamptz) IS
    'makes alerts inactive that have not fired by expires_at, and returns how many';
