-- Stored states of indicators that no kernel wrote are not read.
BEGIN;
SELECT plan(4);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

-- A state of STOCH [2, 1, 1] after five bars, as src/indicators/kernel/state_stream.h writes it: format and number
-- of indicators; periods; bars and %K; two queues of (bar, is_fixed, fixed, hi, lo); two empty windows.
CREATE FUNCTION pg_temp.state(bars bigint[]) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT string_agg(int8send(f), '' ORDER BY n)
            FROM unnest('{2,1, 2,1,1, 5,0,0, 0}'::bigint[] || cardinality(bars)::bigint
                        || coalesce((SELECT array_agg(v ORDER BY i, place)
                                     FROM unnest(bars) WITH ORDINALITY AS q (b, i),
                                          unnest(ARRAY[b, 1, 100, 0, 0]) WITH ORDINALITY AS e (v, place)), '{}')
                        || '{0,0, 0,0,1,0,0, 0,0,1,0,0}'::bigint[]) WITH ORDINALITY AS s (f, n));

CREATE FUNCTION pg_temp.holds(bars bigint[]) RETURNS boolean
    LANGUAGE sql
    RETURN ca_indicator_state_holds('{"STOCH": [2, 1, 1]}', 'talib', pg_temp.state(bars));

SELECT ok(pg_temp.holds('{3,4}'), 'the extremes of the last two of five bars are read');
SELECT ok(NOT pg_temp.holds('{2,4}'), 'a bar that is too old by the next one is not');
SELECT ok(NOT pg_temp.holds('{4,5}'), 'nor is a bar that has not been seen');
SELECT ok(NOT pg_temp.holds('{4,4}'), 'nor is a bar that comes twice');

SELECT * FROM finish();
ROLLBACK;
