-- Notifications: the queue of due ones, and what users have read. The rules are in docs/guide/rules.md.

-- the index skips expired ones; under row-level security it could not serve a COALESCE
CREATE INDEX notifications_due_idx ON notifications
    (priority, (CASE WHEN scheduled_for IS NULL THEN '-infinity' ELSE scheduled_for END),
     (CASE WHEN expires_at IS NULL THEN 'infinity' ELSE expires_at END), id)
    WHERE sent_at IS NULL AND status = 'unread';
COMMENT ON INDEX notifications_due_idx IS
    'the notifications to be sent of each priority, in the order in which they become due';

CREATE FUNCTION @extschema@.claim_notifications(batch integer DEFAULT 100, as_of timestamptz DEFAULT now())
    RETURNS SETOF notifications
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    level text;
    room integer := batch;
    claimed integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF batch IS NULL OR batch < 1 THEN
        RAISE EXCEPTION 'batch must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(batch::text, 'NULL')),
                  HINT = 'It is how many notifications are claimed at once; 100 suit most workers.';
    END IF;
    FOREACH level IN ARRAY ARRAY['urgent', 'high', 'normal', 'low'] LOOP
        -- skip what another worker has claimed but not committed; what it has committed since this
        -- statement began is checked again and found sent
        RETURN QUERY
            WITH due AS MATERIALIZED (
                SELECT n.id
                FROM notifications AS n
                WHERE n.priority = level AND n.sent_at IS NULL AND n.status = 'unread'
                  AND CASE WHEN n.scheduled_for IS NULL THEN '-infinity' ELSE n.scheduled_for END <= claim_notifications.as_of
                  AND CASE WHEN n.expires_at IS NULL THEN 'infinity' ELSE n.expires_at END > claim_notifications.as_of
                ORDER BY CASE WHEN n.scheduled_for IS NULL THEN '-infinity' ELSE n.scheduled_for END,
                         CASE WHEN n.expires_at IS NULL THEN 'infinity' ELSE n.expires_at END, n.id
                LIMIT room
                FOR NO KEY UPDATE SKIP LOCKED
            ), sent AS (
                UPDATE notifications AS n
                SET sent_at = claim_notifications.as_of
                WHERE n.id = ANY (ARRAY(SELECT d.id FROM due AS d))
                RETURNING n.*
            )
            SELECT s.*
            FROM sent AS s
            ORDER BY coalesce(s.scheduled_for, '-infinity'), coalesce(s.expires_at, 'infinity'), s.id;
        GET DIAGNOSTICS claimed = ROW_COUNT;
        room := room - claimed;
        EXIT WHEN room = 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION claim_notifications(integer, timestamptz) IS
    'claims the notifications that are due, most urgent first, and sets sent_at; other workers skip them unless this one rolls back';

CREATE FUNCTION ca_notification_read() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.status := 'read';
    ELSIF NEW.status = 'read' AND OLD.status <> 'read' THEN
        NEW.read_at := coalesce(NEW.read_at, now());
    ELSIF NEW.status = 'unread' AND OLD.status <> 'unread' THEN
        NEW.read_at := NULL;
    ELSIF NEW.status = 'unread' AND NEW.read_at IS NOT NULL THEN
        NEW.status := 'read';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_notification_read() IS
    'trigger: gives a read notification a read_at, and an unread one none';
CREATE TRIGGER notifications_inserted BEFORE INSERT ON notifications
    FOR EACH ROW WHEN (NEW.status = 'unread' AND NEW.read_at IS NOT NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_inserted ON notifications IS
    'a notification that comes with read_at is read';
CREATE TRIGGER notifications_read BEFORE UPDATE OF status, read_at ON notifications
    FOR EACH ROW WHEN ((OLD.status, OLD.read_at) IS DISTINCT FROM (NEW.status, NEW.read_at))
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_read ON notifications IS
    'stamps read_at when a notification is read, takes it away when it is unread again';

CREATE FUNCTION ca_refuse_notification(id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown notification'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('There is no row in notifications with id %s.', coalesce(id::text, 'NULL')),
              HINT = 'A notification is identified by notifications.id.',
              CONSTRAINT = 'notifications_known', TABLE = 'notifications', COLUMN = 'id';
END;
$$;
COMMENT ON FUNCTION ca_refuse_notification(integer) IS
    'raises the error of a notification that is NULL or unknown';

CREATE FUNCTION @extschema@.mark_notification_read(id integer, as_of timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    UPDATE notifications AS n
    SET status = 'read', read_at = mark_notification_read.as_of
    WHERE n.id = mark_notification_read.id AND n.status = 'unread';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = mark_notification_read.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(mark_notification_read.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION mark_notification_read(integer, timestamptz) IS
    'marks an unread notification as read at as_of; false, and no change, if it was read or dismissed before';

CREATE FUNCTION @extschema@.dismiss_notification(id integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    UPDATE notifications AS n
    SET status = 'dismissed'
    WHERE n.id = dismiss_notification.id AND n.status <> 'dismissed';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = dismiss_notification.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(dismiss_notification.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION dismiss_notification(integer) IS
    'dismisses a notification, read or not, and keeps its read_at; false if it was dismissed before';

CREATE FUNCTION @extschema@.unread_notifications(user_id integer, as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM notifications AS n
    WHERE n.user_id = unread_notifications.user_id
      AND n.status = 'unread'
      AND (n.scheduled_for IS NULL OR n.scheduled_for <= unread_notifications.as_of)
      AND (n.expires_at IS NULL OR n.expires_at > unread_notifications.as_of);
END;
COMMENT ON FUNCTION unread_notifications(integer, timestamptz) IS
    'number of unread notifications of a user that are due and have not expired; NULL for a NULL';
