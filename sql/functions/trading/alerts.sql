-- Marks of alert checks, and keys to look up alerts; the checks are in alert_checks.sql.

CREATE TABLE @extschema@.alert_marks (
    asset_id integer NOT NULL,
    checked_until timestamptz,
    CONSTRAINT alert_marks_pkey PRIMARY KEY (asset_id),
    CONSTRAINT alert_marks_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT alert_marks_checked_until_check CHECK (isfinite(checked_until))
);
SELECT pg_catalog.pg_extension_config_dump('alert_marks', '');
COMMENT ON TABLE alert_marks IS
    'How far check_alerts() has checked the candles of each asset, so that a check writes one row per asset and not one per alert';
COMMENT ON COLUMN alert_marks.asset_id IS
    'Asset whose candles are checked';
COMMENT ON COLUMN alert_marks.checked_until IS
    'End of the last candle that was checked; NULL before the first';

COMMENT ON COLUMN signal_alerts.trigger_value IS
    'Value that triggers the alert: a price in USD; a change over 24 hours in percent when condition is percentage_change; for volume_spike a multiple of the mean volume of 20 candles, or with percentage_change how many percent above it; NULL when alert_type needs none';
COMMENT ON COLUMN signal_alerts.last_checked IS
    'When the condition was last found to hold; alert_marks has how far waiting alerts have been checked';

CREATE FUNCTION ca_alert_kind(alert_type text, condition text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- under row-level security an index cannot serve a COALESCE
    RETURN CASE alert_type
               WHEN 'price_target' THEN condition
               WHEN 'volume_spike' THEN CASE WHEN condition IS NULL OR condition = 'above' THEN 'volume'
                                             WHEN condition = 'percentage_change' THEN 'volume_percent' END
           END;
COMMENT ON FUNCTION ca_alert_kind(text, text) IS
    'the figure that an alert compares with trigger_value; NULL if there is none';

CREATE INDEX signal_alerts_value_idx
    ON signal_alerts (asset_id, ca_alert_kind(alert_type, condition), ca_order_key(trigger_value))
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_value_idx IS
    'waiting alerts whose value lies between the last close and what a new candle reached; by a key that can use an index under row-level security';
CREATE INDEX signal_alerts_signal_idx ON signal_alerts (asset_id, created_at)
    WHERE is_active AND NOT is_triggered AND alert_type = 'signal_generated';
COMMENT ON INDEX signal_alerts_signal_idx IS
    'waiting alerts for new signals that are older than the signal';
-- the condition on expires_at keeps look-ups of waiting alerts by another key from reading all of this
CREATE INDEX signal_alerts_expires_at_idx ON signal_alerts (expires_at)
    WHERE is_active AND NOT is_triggered AND expires_at IS NOT NULL;
COMMENT ON INDEX signal_alerts_expires_at_idx IS
    'alerts that have expired without firing';
CREATE INDEX trading_signals_asset_id_created_at_idx ON trading_signals (asset_id, created_at);
COMMENT ON INDEX trading_signals_asset_id_created_at_idx IS
    'signals of an asset since a moment';
