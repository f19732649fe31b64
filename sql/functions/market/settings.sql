-- The settings of market snapshots, as SQL reads them.

CREATE FUNCTION ca_option(setting text, key text) RETURNS double precision
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_option';
COMMENT ON FUNCTION ca_option(text, text) IS
    'the value of a key in a setting of the form key=value,..., which is named without its prefix; on is 1 and off 0, and a word its place';

CREATE FUNCTION ca_option_words(setting text, key text) RETURNS text[]
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_option_words';
COMMENT ON FUNCTION ca_option_words(text, text) IS
    'the words that a key has in a setting of the form key=value,..., which is named without its prefix';

CREATE FUNCTION ca_options(setting text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_options';
COMMENT ON FUNCTION ca_options(text) IS
    'all keys of a setting of the form key=value,... with their values, as a JSON object';

CREATE FUNCTION ca_snapshot_timeframes() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_snapshot_timeframes';
COMMENT ON FUNCTION ca_snapshot_timeframes() IS
    'the setting cryptoanalytics.snapshots: timeframes of which maintain() builds snapshots, finest first';

CREATE FUNCTION ca_benchmark() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_benchmark';
COMMENT ON FUNCTION ca_benchmark() IS
    'the setting cryptoanalytics.benchmark: symbol of the asset that snapshots are about';

CREATE FUNCTION ca_price_staleness() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_price_staleness';
COMMENT ON FUNCTION ca_price_staleness() IS
    'the setting cryptoanalytics.price_staleness: how old a price may be in snapshots';

CREATE FUNCTION ca_halvings() RETURNS timestamptz[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_halvings';
COMMENT ON FUNCTION ca_halvings() IS
    'the setting cryptoanalytics.halvings: when the reward of Bitcoin''s blocks was halved, ascending';
