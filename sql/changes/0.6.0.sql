-- What 0.6.0 has otherwise in tables of 0.5.0; a fresh installation has it from its schema.

-- the oldest alert of an asset that waits is found without reading the others
DROP INDEX signal_alerts_pending_idx;
CREATE INDEX signal_alerts_pending_idx ON signal_alerts (asset_id, created_at)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_pending_idx IS
    'the alerts of an asset that are still to go off, and the oldest of them';
