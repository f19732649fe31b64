-- What 0.6.0 had and 0.7.0 does not; comes last, when nothing builds on it any more.

-- the age that a price may have is an argument now
DROP FUNCTION ca_price_at(integer, timestamptz);
-- replays and rebuilds of positions go on from what is counted
DROP FUNCTION ca_rebuild_position(integer, boolean, bigint, boolean);
DROP FUNCTION ca_position_derived(portfolio, boolean);
DROP FUNCTION ca_position_replay(integer, boolean);

-- Keys to other services in what was derived from logs of their APIs. Endpoints that
-- differed in their query strings alone are numbered; those that look numbered make way first, because
-- the key of what is rolled up is checked row by row.
UPDATE analytics_data AS a
SET dimensions = jsonb_set(a.dimensions, '{endpoint}',
                           to_jsonb(concat(ca_endpoint(a.dimensions ->> 'endpoint'), '?', gen_random_uuid())))
WHERE a.dimensions ->> 'rolled_up_from' = 'external_api_logs' AND a.dimensions ->> 'endpoint' ~ '^[^?#]*\?[0-9]+$';

UPDATE analytics_data AS a
SET dimensions = jsonb_set(a.dimensions, '{endpoint}', to_jsonb(n.endpoint))
FROM (
    SELECT r.id,
           concat(r.endpoint, '?', row_number() OVER (
               PARTITION BY r.aggregation_level, r.metric_name, r.dimensions - 'endpoint', r.endpoint ORDER BY r.id)) AS endpoint
    FROM (
        SELECT d.id, d.aggregation_level, d.metric_name, d.dimensions, ca_endpoint(d.dimensions ->> 'endpoint') AS endpoint
        FROM analytics_data AS d
        WHERE d.dimensions ->> 'rolled_up_from' = 'external_api_logs' AND d.dimensions ->> 'endpoint' ~ '[?#@]') AS r
    WHERE r.endpoint <> r.dimensions ->> 'endpoint') AS n
WHERE a.id = n.id;

UPDATE system_health AS h
SET error_logs = (
    SELECT jsonb_agg(CASE WHEN e.error ->> 'source' = 'external_api_logs'
                          -- the name is the provider, a space and the endpoint
                          THEN e.error || jsonb_build_object('name', regexp_replace(ca_endpoint(e.error ->> 'name'),
                                                                                    '(\s([a-zA-Z][a-zA-Z0-9+.-]*:)?)//[^/]*@', '\1//'),
                                                             'message', ca_api_error(e.error ->> 'message'))
                          ELSE e.error END ORDER BY e.place)
    FROM jsonb_array_elements(h.error_logs) WITH ORDINALITY AS e (error, place))
WHERE jsonb_typeof(h.error_logs) = 'array'
  AND EXISTS (SELECT
              FROM jsonb_array_elements(h.error_logs) AS e (error)
              WHERE e.error ->> 'source' = 'external_api_logs'
                AND (e.error ->> 'name' ~ '[?#@]' OR e.error ->> 'message' ~ '[?@]'));
DROP FUNCTION ca_indicator_lock(integer, text);

-- it has one more argument
DROP FUNCTION ca_roll_up(text, text, text, timestamptz, timestamptz);
