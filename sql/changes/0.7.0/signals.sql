-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: signals.

-- The index by value serves roles that row-level security binds too: comparisons of numeric are not
-- leakproof, those of the key are.
CREATE FUNCTION ca_order_key(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_order_key';
DROP INDEX signal_alerts_value_idx;
CREATE INDEX signal_alerts_value_idx
    ON signal_alerts (asset_id, ca_alert_kind(alert_type, condition), ca_order_key(trigger_value))
    WHERE is_active AND NOT is_triggered;

-- So does the queue of notifications: a condition with COALESCE is not promoted either.
DROP INDEX notifications_due_idx;
CREATE INDEX notifications_due_idx ON notifications
    (priority, (CASE WHEN scheduled_for IS NULL THEN '-infinity' ELSE scheduled_for END),
     (CASE WHEN expires_at IS NULL THEN 'infinity' ELSE expires_at END), id)
    WHERE sent_at IS NULL AND status = 'unread';

-- Execution belongs to a user; until now a trade made the signal executed for everybody.
CREATE TABLE signal_executions (
    user_id integer NOT NULL,
    signal_id integer NOT NULL,
    executed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signal_executions_pkey PRIMARY KEY (user_id, signal_id),
    CONSTRAINT signal_executions_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT signal_executions_signal_id_fkey
        FOREIGN KEY (signal_id) REFERENCES trading_signals (id) ON DELETE CASCADE
);
CREATE INDEX signal_executions_signal_id_idx ON signal_executions (signal_id);
ALTER TABLE signal_executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY signal_executions_of_user ON signal_executions
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
SELECT pg_catalog.pg_extension_config_dump('signal_executions', '');
INSERT INTO signal_executions (user_id, signal_id, executed_at)
SELECT p.user_id, s.id, min(t.created_at)
FROM trade_actions AS t
JOIN portfolio AS p ON p.id = t.portfolio_id
JOIN trading_signals AS s ON s.id = t.signal_id
WHERE s.status = 'executed'
  AND t.action_type NOT IN ('modify_sl', 'modify_tp')
  AND (s.expires_at IS NULL OR s.expires_at > t.created_at)
GROUP BY p.user_id, s.id;

-- tells the candle of the entry
DROP FUNCTION signal_outcomes(integer, timestamptz);
