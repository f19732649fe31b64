-- What a session that has loaded nothing yet may drop, in a database of its own.
CREATE DATABASE regress_drop_guard;
\c regress_drop_guard
SET client_min_messages = warning;
CREATE EXTENSION cryptoanalytics;
INSERT INTO assets (symbol, name, asset_type) VALUES ('KEPT', 'Kept', 'crypto');

-- the event trigger loads the library
\c
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM assets;

-- a value set before that counts
\c
SET cryptoanalytics.allow_drop = 'neither';
DROP EXTENSION cryptoanalytics;
\c
SET cryptoanalytics.allow_drop = on;
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM pg_event_trigger;

-- of other extensions and event triggers it leaves nothing behind
DROP EXTENSION plpgsql;
CREATE EXTENSION plpgsql;
CREATE EXTENSION cryptoanalytics;
SELECT ca_guard_drop();
DROP EXTENSION cryptoanalytics;

-- whoever may create functions beside those of the extension is named
CREATE ROLE regress_intruder;
CREATE SCHEMA theirs AUTHORIZATION regress_intruder;
CREATE EXTENSION cryptoanalytics SCHEMA theirs;
DROP SCHEMA theirs CASCADE;
DROP ROLE regress_intruder;

\c postgres
DROP DATABASE regress_drop_guard;
