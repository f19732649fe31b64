-- locks.sql: rows that represent work that only one session at a time may do
--
-- A row is locked until the end of the transaction, by SELECT ... FOR UPDATE.  Row locks take no shared
-- memory, however many there are, and only a role that may UPDATE the table can take them.

CREATE TABLE @extschema@.series_locks (
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    purpose varchar NOT NULL,
    moves bigint NOT NULL DEFAULT 0,
    CONSTRAINT series_locks_pkey PRIMARY KEY (asset_id, timeframe, purpose),
    CONSTRAINT series_locks_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT series_locks_purpose_check CHECK (purpose IN ('candles', 'indicators', 'archive'))
);
-- rows are made on demand, even while a dump is restored, so a dump has none
SELECT pg_catalog.pg_extension_config_dump('series_locks', 'WHERE false');

COMMENT ON TABLE series_locks IS
    'One row per series and purpose, made on demand: whoever works on the series locks it until the end of the transaction';
COMMENT ON COLUMN series_locks.asset_id IS 'Asset of the series';
COMMENT ON COLUMN series_locks.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN series_locks.purpose IS
    'candles: writing or moving candles; indicators: updating their indicators; archive: inserting into price_data_archive by hand';
COMMENT ON COLUMN series_locks.moves IS
    'How often candles of the series moved between price_data, price_data_archive and price_data_segments, or (purpose archive) were archived by hand; a transaction at REPEATABLE READ that began before the last move cannot lock the row';

CREATE TABLE @extschema@.work_locks (
    name varchar NOT NULL,
    CONSTRAINT work_locks_pkey PRIMARY KEY (name)
);
SELECT pg_catalog.pg_extension_config_dump('work_locks', 'WHERE false');

COMMENT ON TABLE work_locks IS
    'One row per kind of work that only one session at a time may do, made on demand';
COMMENT ON COLUMN work_locks.name IS
    'The work: a step of maintain(), refresh_assets, roll-up of a table, or series and a timeframe for making rows of series_locks';
