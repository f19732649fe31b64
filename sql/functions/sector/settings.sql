-- The settings of sectors, as SQL reads them.

CREATE FUNCTION ca_option_word(setting text, key text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (ca_option_words(ca_option_word.setting, ca_option_word.key))[1];
COMMENT ON FUNCTION ca_option_word(text, text) IS
    'the word that a key has in a setting of the form key=value,..., which is named without its prefix';

CREATE FUNCTION ca_sector_timeframes() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sector_timeframes';
COMMENT ON FUNCTION ca_sector_timeframes() IS
    'the setting cryptoanalytics.sector_timeframes: timeframes of which maintain() builds the history of sectors, finest first';

CREATE FUNCTION ca_sector_snapshots() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sector_snapshots';
COMMENT ON FUNCTION ca_sector_snapshots() IS
    'the setting cryptoanalytics.sector_snapshots: timeframes of whose snapshots maintain() analyses sectors, finest first';
