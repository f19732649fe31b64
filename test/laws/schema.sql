-- The schema is compared with the data model: test/compat/erd/columns.csv has one line per column. Run it at the root
-- of the repository, where \copy finds that file.
BEGIN;
SELECT plan(132);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

CREATE TEMPORARY TABLE erd (
    line integer GENERATED ALWAYS AS IDENTITY,
    tab text, col text, erd_type text, pg_type text, not_null text, default_value text,
    key text, refers_to text, on_delete text, closed_values text, example_values text,
    note text, description text
) ON COMMIT DROP;
\copy erd (tab, col, erd_type, pg_type, not_null, default_value, key, refers_to, on_delete, closed_values, example_values, note, description) FROM 'test/compat/erd/columns.csv' WITH (FORMAT csv, HEADER)

-- The tables of the extension and their columns, from the catalog.
CREATE TEMPORARY VIEW member AS
    SELECT c.oid, c.relname::text AS tab
    FROM pg_class AS c
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'p');

CREATE TEMPORARY VIEW actual AS
    SELECT m.oid, m.tab, a.attnum, a.attname::text AS col, a.attnotnull, a.attidentity,
           format_type(a.atttypid, a.atttypmod) AS pg_type,
           pg_get_expr(d.adbin, d.adrelid) AS default_expression,
           col_description(m.oid, a.attnum) AS comment
    FROM member AS m
    JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = m.oid AND d.adnum = a.attnum;

-- Whether the CHECKs on this column alone accept a value.
CREATE FUNCTION pg_temp.accepts(tab text, col text, value text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    expression text;
    answer boolean;
BEGIN
    FOR expression IN
        SELECT pg_get_expr(c.conbin, c.conrelid)
        FROM pg_constraint AS c
        JOIN actual AS a ON a.oid = c.conrelid AND c.conkey = ARRAY[a.attnum]
        WHERE c.contype = 'c' AND a.tab = accepts.tab AND a.col = accepts.col
    LOOP
        EXECUTE format('SELECT %s FROM (SELECT %L::%s AS %I) AS one', expression, accepts.value,
                       (SELECT a.pg_type FROM actual AS a
                        WHERE a.tab = accepts.tab AND a.col = accepts.col),
                       accepts.col)
        INTO answer;
        IF NOT answer THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END;
$$;

CREATE FUNCTION pg_temp.value_of(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT (' || value_of.expression || ')::text' INTO answer;
    RETURN answer;
END;
$$;

-- Tables and columns.
SELECT is((SELECT count(*) FROM erd), 480::bigint, 'the data model has 480 columns');
SELECT is((SELECT count(DISTINCT tab) FROM erd), 29::bigint, 'the data model has 29 tables');
SELECT set_eq('SELECT tab FROM member',
              $$SELECT tab FROM erd
                UNION VALUES ('technical_indicator_states'), ('technical_indicator_notes'),
                             ('price_data_segments'), ('alert_marks'), ('partial_candles'), ('signal_executions'),
                             ('series_locks'), ('work_locks'), ('maintenance_runs'),
                             ('roll_up_marks'), ('roll_up_notes'), ('metric_series'), ('sector_index_states')$$,
              'the extension has exactly the tables of the data model, two to remember indicators by, one of compressed candles, one of checked alerts, one of partial candles, one of who traded on a signal, two of locks, one of maintenance, two of roll-ups, one of feeds and one of sector indexes');
SELECT is((SELECT array_agg(a.col || ' ' || a.pg_type ORDER BY a.attnum)
           FROM actual AS a WHERE a.tab = e.tab
             -- columns that the extension keeps for itself
             AND (a.tab, a.col) NOT IN (VALUES ('portfolio', 'open_cost'), ('portfolio', 'exited_quantity'), ('portfolio', 'exit_proceeds'),
                                               ('portfolio', 'counted_until'), ('portfolio', 'counted_action'))),
          array_agg(e.col || ' ' || e.pg_type ORDER BY e.line),
          e.tab || ' has the columns and types of the data model, in their order')
FROM erd AS e GROUP BY e.tab ORDER BY e.tab;

SELECT is_empty($$
    SELECT e.tab, e.col FROM erd AS e JOIN actual AS a USING (tab, col)
    WHERE e.not_null = 'yes' AND NOT a.attnotnull
$$, 'what the data model calls NOT NULL is NOT NULL');
SELECT is_empty($$
    SELECT e.tab, e.col, e.default_value, a.default_expression
    FROM erd AS e JOIN actual AS a USING (tab, col)
    WHERE e.default_value IS NOT NULL
      AND pg_temp.value_of(a.default_expression) IS DISTINCT FROM
          CASE WHEN e.default_value ILIKE 'now()' THEN now()::text
               ELSE trim(BOTH '''' FROM e.default_value) END
$$, 'the defaults of the data model hold');
SELECT is_empty($$
    SELECT tab, col FROM actual
    WHERE col IN ('created_at', 'updated_at')
      AND NOT (attnotnull AND default_expression = 'now()')
$$, 'every created_at and updated_at is NOT NULL and defaults to now()');
SELECT is_empty($$
    SELECT tab, col FROM actual
    WHERE pg_type = 'boolean' AND (tab, col) <> ('predictions', 'is_accurate')
      AND default_expression IS DISTINCT FROM
          CASE WHEN col IN ('is_active', 'is_supported') THEN 'true' ELSE 'false' END
$$, 'is_active and is_supported default to true, the other flags to false');
SELECT set_eq($$
    SELECT tab, col FROM actual WHERE pg_type = 'boolean' AND NOT attnotnull
$$, $$
    VALUES ('market_regime_analysis', 'price_above_ma200'), ('predictions', 'is_accurate')
$$, 'only the flags that may be unknown may be NULL');

-- What the data model implies without drawing it; flags and timestamps are above.
SELECT set_eq($$
    SELECT a.tab, string_agg(a.col, ' ' ORDER BY a.attnum)
    FROM erd AS e JOIN actual AS a USING (tab, col)
    WHERE a.attnotnull AND e.not_null IS NULL
      AND a.pg_type <> 'boolean' AND a.col NOT IN ('created_at', 'updated_at')
    GROUP BY a.tab
$$, $$
    VALUES ('users', 'login_count failed_login_attempts referral_count account_balance '
                     'subscription_plan'),
           ('user_sessions', 'session_token'),
           ('assets', 'access_count'),
           ('price_data', 'timeframe open_price high_price low_price close_price candle_time'),
           ('price_data_archive',
            'timeframe open_price high_price low_price close_price candle_time'),
           ('ai_models', 'name version model_type status'),
           ('model_performance',
            'model_id evaluation_metric evaluated_predictions_count evaluation_date'),
           ('predictions', 'asset_id ai_models_id prediction_type accuracy_threshold'),
           ('ai_recommendations', 'target_entity_type recommendation_type recommendation_title '
                                  'status priority_level'),
           ('metrics_snapshot', 'snapshot_time timeframe'),
           ('market_regime_analysis', 'metrics_snapshot_id analysis_time regime'),
           ('sectors', 'name'),
           ('sector_history', 'sector_id timeframe candle_time'),
           ('sector_mapping', 'asset_id sector_id'),
           ('sector_analysis',
            'metrics_snapshot_id sector_id timeframe candle_time analysis_time'),
           ('cross_sector_analysis', 'metrics_snapshot_id analysis_time'),
           ('sector_rotation_flows',
            'cross_sector_analysis_id from_sector_id to_sector_id score'),
           ('trading_signals', 'asset_id signal_type status'),
           ('signal_alerts', 'user_id asset_id alert_type'),
           ('watchlists', 'name watchlist_type max_assets sort_order'),
           ('watchlist_assets', 'watchlist_id asset_id position_type position'),
           ('portfolio', 'user_id leverage_ratio pnl_realized_usd risk_category '
                         'max_allocation_percent'),
           ('trade_actions', 'portfolio_id fees_paid pnl_realized_usd'),
           ('system_health', 'check_time'),
           ('analytics_data', 'category metric_name metric_value'),
           ('external_api_logs', 'api_provider endpoint'),
           ('background_tasks', 'task_name task_type status'),
           ('notifications', 'user_id notification_type title status priority')
$$, 'what a row makes no sense without is NOT NULL, and nothing else is');
SELECT set_eq($$
    SELECT a.tab, string_agg(a.col || '=' || pg_temp.value_of(a.default_expression), ' '
                             ORDER BY a.attnum)
    FROM erd AS e JOIN actual AS a USING (tab, col)
    WHERE a.default_expression IS NOT NULL AND e.default_value IS NULL
      AND a.pg_type <> 'boolean' AND a.col NOT IN ('created_at', 'updated_at')
    GROUP BY a.tab
$$, $$
    VALUES ('users', 'login_count=0 failed_login_attempts=0 referral_count=0 '
                     'account_balance=0 subscription_plan=free'),
           ('assets', 'access_count=0'),
           ('ai_models', 'status=active'),
           ('model_performance', 'evaluated_predictions_count=0'),
           ('predictions', 'accuracy_threshold=5'),
           ('ai_recommendations', 'status=pending priority_level=medium'),
           ('trading_signals', 'status=active'),
           ('watchlists', 'max_assets=25 sort_order=0'),
           ('watchlist_assets', 'position=0'),
           ('portfolio', 'trade_status=open'),
           ('background_tasks', 'status=pending'),
           ('notifications', 'status=unread priority=normal')
$$, 'counters start at 0, statuses at the beginning of their life cycle');

-- Keys.
SELECT is_empty($$
    SELECT m.tab FROM member AS m
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS c
                      WHERE c.conrelid = m.oid AND c.contype = 'p'
                        AND c.conname = m.tab || '_pkey'
                        AND pg_get_constraintdef(c.oid) =
                            CASE m.tab WHEN 'price_data_segments'
                                       THEN 'PRIMARY KEY (asset_id, timeframe, first_time)'
                                       WHEN 'alert_marks' THEN 'PRIMARY KEY (asset_id)'
                                       WHEN 'partial_candles' THEN 'PRIMARY KEY (asset_id, timeframe, candle_time)'
                                       WHEN 'signal_executions' THEN 'PRIMARY KEY (user_id, signal_id)'
                                       WHEN 'series_locks' THEN 'PRIMARY KEY (asset_id, timeframe, purpose)'
                                       WHEN 'work_locks' THEN 'PRIMARY KEY (name)'
                                       WHEN 'maintenance_runs' THEN 'PRIMARY KEY (step)'
                                       WHEN 'roll_up_notes' THEN 'PRIMARY KEY (note)'
                                       WHEN 'roll_up_marks' THEN 'PRIMARY KEY (source, aggregation_level)'
                                       ELSE 'PRIMARY KEY (id)' END)
$$, 'the primary key of every table is id, but of segments, marks, partial candles, executions, locks and steps, which have none');
SELECT is_empty($$
    SELECT tab FROM actual WHERE col = 'id' AND attidentity <> 'd'
$$, 'every id is generated by default as identity');
SELECT is_empty($$
    SELECT e.tab, e.col FROM erd AS e JOIN member AS m USING (tab)
    WHERE e.key = 'UK'
      AND NOT EXISTS (SELECT FROM pg_index AS i
                      WHERE i.indrelid = m.oid AND i.indisunique AND i.indpred IS NULL
                        AND i.indnkeyatts = 1
                        AND pg_get_indexdef(i.indexrelid, 1, true)
                            IN (e.col, 'lower(' || e.col || '::text)'))
$$, 'what the data model calls unique is unique');
SELECT set_eq($$
    SELECT m.tab,
           (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' ORDER BY k)
            FROM generate_series(1, i.indnkeyatts) AS k),
           coalesce(pg_get_expr(i.indpred, i.indrelid), 'always')
    FROM member AS m JOIN pg_index AS i ON i.indrelid = m.oid
    WHERE i.indisunique AND NOT i.indisprimary
$$, $$
    VALUES ('users', 'lower(email::text)', 'always'),
           ('users', 'referral_code', 'always'),
           ('user_sessions', 'session_token', 'always'),
           ('assets', 'symbol', 'always'),
           ('price_data', 'asset_id, timeframe, candle_time', 'always'),
           ('price_data_archive', 'asset_id, timeframe, candle_time', 'always'),
           ('technical_indicator_states', 'asset_id, timeframe, place', 'always'),
           ('metrics_snapshot', 'timeframe, snapshot_time', 'always'),
           ('sectors', 'coingecko_id', 'always'),
           ('sectors', 'name', 'always'),
           ('sector_history', 'sector_id, timeframe, candle_time', 'always'),
           ('sector_mapping', 'asset_id, sector_id', 'always'),
           ('sector_mapping', 'asset_id', 'is_primary_sector'),
           ('sector_rotation_flows',
            'cross_sector_analysis_id, from_sector_id, to_sector_id', 'always'),
           ('watchlist_assets', 'watchlist_id, asset_id, position_type', 'always'),
           ('metric_series', 'metric, sector_id, label', 'always'),
           ('sector_index_states', 'sector_id, timeframe', 'always'),
           ('sector_analysis', 'metrics_snapshot_id, ai_model_id, sector_id, timeframe', 'always'),
           ('cross_sector_analysis', 'metrics_snapshot_id, ai_model_id', 'always'),
           ('ai_models', 'name, version', 'always'),
           ('ai_models', 'name, model_type', 'is_active'),
           ('model_performance',
            'model_id, evaluation_metric, evaluation_date, '
            'COALESCE(evaluation_data_range ->> ''since''::text, ''''::text), '
            'COALESCE(evaluation_data_range ->> ''until''::text, ''''::text)', 'always'),
           ('analytics_data',
            'aggregation_level, metric_name, (dimensions ->> ''rolled_up_from''::text), '
            '(dimensions ->> ''period_start''::text), jsonb_hash_extended(dimensions, 0::bigint), '
            'jsonb_hash_extended(dimensions, 1::bigint)', '(dimensions ? ''rolled_up_from''::text)')
$$, 'the unique keys are those of the data model, one for what is rolled up, one for feeds, three for sectors, and no others');
SELECT set_eq($$
    SELECT m.tab, a.col, f.tab || '.' || b.col,
           CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT'
                              WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END
    FROM pg_constraint AS c
    JOIN member AS m ON m.oid = c.conrelid
    JOIN member AS f ON f.oid = c.confrelid
    JOIN actual AS a ON a.oid = m.oid AND c.conkey = ARRAY[a.attnum]
    JOIN actual AS b ON b.oid = f.oid AND c.confkey = ARRAY[b.attnum]
    WHERE c.contype = 'f'
$$, $$
    SELECT tab, col, refers_to, on_delete FROM erd WHERE key = 'FK'
    UNION VALUES ('technical_indicator_states', 'asset_id', 'assets.id', 'CASCADE'),
                 ('series_locks', 'asset_id', 'assets.id', 'CASCADE'),
                 ('price_data_segments', 'asset_id', 'assets.id', 'RESTRICT'),
                 ('alert_marks', 'asset_id', 'assets.id', 'CASCADE'),
                 ('partial_candles', 'asset_id', 'assets.id', 'CASCADE'),
                 ('metric_series', 'sector_id', 'sectors.id', 'CASCADE'),
                 ('sector_index_states', 'sector_id', 'sectors.id', 'CASCADE'),
                 ('signal_executions', 'user_id', 'users.id', 'CASCADE'),
                 ('signal_executions', 'signal_id', 'trading_signals.id', 'CASCADE')
$$, 'the foreign keys refer, and act on deletion, as the data model says');
SELECT is_empty($$
    SELECT c.conname FROM pg_constraint AS c JOIN member AS m ON m.oid = c.conrelid
    WHERE c.contype = 'f'
      AND NOT EXISTS (SELECT FROM pg_index AS i
                      WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
                        AND i.indkey[0] = c.conkey[1])
$$, 'every foreign key has an index that starts with it and covers every row');
SELECT is_empty($$
    SELECT c.conname FROM pg_constraint AS c JOIN member AS m ON m.oid = c.conrelid
    WHERE c.contype <> 't'
      AND c.conname !~ ('^' || m.tab || '_([a-z0-9_]*[a-z_])?('
                        || CASE c.contype WHEN 'p' THEN 'pkey' WHEN 'u' THEN 'key'
                                          WHEN 'f' THEN 'fkey' WHEN 'c' THEN 'check' END
                        || ')$')
$$, 'every constraint is named after its table and its kind');
SELECT set_eq($$
    SELECT replace(c.conname, 'price_data_archive_', ''), pg_get_constraintdef(c.oid)
    FROM pg_constraint AS c
    WHERE c.conrelid = 'price_data_archive'::regclass
$$, $$
    SELECT replace(c.conname, 'price_data_', ''), pg_get_constraintdef(c.oid)
    FROM pg_constraint AS c
    WHERE c.conrelid = 'price_data'::regclass
$$, 'the archive has the constraints of the live candles');

-- Closed lists, ranges and scores; one test per column.
SELECT ok(bool_and(pg_temp.accepts(e.tab, e.col, v)
                   AND NOT pg_temp.accepts(e.tab, e.col, v || 'x')
                   AND NOT pg_temp.accepts(e.tab, e.col, upper(v)))
          AND NOT pg_temp.accepts(e.tab, e.col, ''),
          format('%s.%s takes %s and nothing else', e.tab, e.col,
                 replace(e.closed_values, '|', ', ')))
FROM erd AS e CROSS JOIN string_to_table(e.closed_values, '|') AS v
WHERE e.closed_values ~ '\|'
GROUP BY e.tab, e.col, e.closed_values, e.line ORDER BY e.line;

CREATE TEMPORARY VIEW bounded AS
    SELECT line, tab, col,
           split_part(closed_values, '..', 1)::numeric AS least,
           split_part(closed_values, '..', 2)::numeric AS most
    FROM erd WHERE closed_values ~ '\.\.'
    UNION ALL
    SELECT line, tab, col, 0, substring(description FROM '\(0[–-](\d+)\)')::numeric
    FROM erd WHERE closed_values IS NULL AND description ~ '\(0[–-]\d+\)'
    UNION ALL  -- shares and indexes whose definition limits their range
    SELECT line, tab, col, 0, 100
    FROM erd
    WHERE tab = 'metrics_snapshot'
      AND (col IN ('rsi_14', 'fear_greed_index', 'google_trends_score') OR col ~ '_dominance$')
       OR (tab, col) IN (('sector_analysis', 'sector_dominance_pct'),
                         ('portfolio', 'allocation_target_percent'),
                         ('portfolio', 'max_allocation_percent'),
                         ('trade_actions', 'risk_percent'),
                         ('predictions', 'accuracy_percentage'))
    UNION ALL
    SELECT line, tab, col, -1, 1
    FROM erd WHERE col ~ '^correlation_with_';

SELECT ok(pg_temp.accepts(b.tab, b.col, b.least::text)
          AND pg_temp.accepts(b.tab, b.col, b.most::text)
          AND NOT pg_temp.accepts(b.tab, b.col, (b.least - step)::text)
          AND NOT pg_temp.accepts(b.tab, b.col, (b.most + step)::text)
          AND (a.pg_type = 'integer' OR NOT pg_temp.accepts(b.tab, b.col, 'NaN')),
          format('%s.%s lies between %s and %s', b.tab, b.col, b.least, b.most))
FROM bounded AS b
JOIN actual AS a USING (tab, col)
CROSS JOIN LATERAL (SELECT CASE a.pg_type WHEN 'integer' THEN 1 ELSE 0.01 END AS step) AS s
ORDER BY b.line;

SELECT is_empty($$
    SELECT tab, col FROM erd
    WHERE example_values IS NOT NULL AND NOT pg_temp.accepts(tab, col, 'new')
$$, 'lists that the data model gives as examples stay open');
SELECT is_empty($$
    SELECT a.tab, a.col FROM actual AS a
    WHERE a.pg_type LIKE 'numeric%'
      AND NOT EXISTS (SELECT FROM pg_constraint AS c
                      WHERE c.conrelid = a.oid AND c.contype = 'c' AND a.attnum = ANY (c.conkey))
$$, 'every numeric column is under a CHECK');
SELECT is_empty($$
    SELECT a.tab, a.col FROM actual AS a
    WHERE a.pg_type = 'integer'
      AND a.col ~ '(_count|_attempts|^active_|_hours|_days|_estimate|_ms|_seconds)'
      AND pg_temp.accepts(a.tab, a.col, '-1')
$$, 'counters and durations are never negative');

-- Comments.
SELECT is_empty($$
    SELECT tab FROM member WHERE coalesce(obj_description(oid, 'pg_class'), '') = ''
$$, 'every table has a comment');
SELECT is_empty($$
    SELECT tab, col FROM actual WHERE coalesce(length(comment), 0) < 10
$$, 'every column has a comment');
SELECT is_empty($$
    SELECT i.indexrelid::regclass FROM pg_index AS i JOIN member AS m ON m.oid = i.indrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
      AND obj_description(i.indexrelid, 'pg_class') IS NULL
$$, 'every index that is no constraint has a comment');
SELECT is_empty($$
    SELECT t.tgname FROM pg_trigger AS t JOIN member AS m ON m.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
$$, 'every trigger has a comment');
SELECT is((SELECT count(substring(comment FROM 'Example: (.*)$')::jsonb) FROM actual),
          22::bigint, '22 columns have an example in their comment, all of it valid JSON');

-- Dump and restore.
SELECT is_empty($$
    SELECT o.oid::regclass
    FROM (SELECT m.oid FROM member AS m
          UNION ALL
          SELECT pg_get_serial_sequence(a.oid::regclass::text, a.col)::regclass
          FROM actual AS a WHERE a.attidentity <> '') AS o (oid)
    WHERE NOT EXISTS (SELECT FROM pg_extension AS e
                      WHERE e.extname = 'cryptoanalytics' AND o.oid = ANY (e.extconfig))
$$, 'every table and every sequence is registered for pg_dump');

-- Columns that users add: newer minor versions of PostgreSQL refuse to add one with a default if the parsed body of a
-- function has an argument of the table's row type.
SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM pg_proc AS p
    CROSS JOIN LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) AS a (type)
    JOIN pg_type AS t ON t.oid IN (a.type, (SELECT e.typelem FROM pg_type AS e WHERE e.oid = a.type))
    WHERE t.typrelid IN (SELECT oid FROM member) AND p.prosqlbody IS NOT NULL
$$, 'no function stands in the way of a new column');
SELECT lives_ok((
    SELECT string_agg(format('ALTER TABLE %s ADD COLUMN added text NOT NULL DEFAULT now()::text', m.oid::regclass), ';')
    FROM member AS m JOIN pg_class AS c USING (oid) WHERE c.relkind = 'r'
), 'every table takes a new column');

-- updated_at
SELECT set_eq($$
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN member AS m ON m.oid = t.tgrelid
    WHERE t.tgname LIKE '%\_touch'
$$, $$
    SELECT format('CREATE TRIGGER %s_touch BEFORE UPDATE ON cryptoanalytics.%1$s FOR EACH ROW '
                  'EXECUTE FUNCTION touch_updated_at()', tab)
    FROM (SELECT tab, col FROM erd UNION VALUES ('metric_series', 'updated_at')) AS e WHERE col = 'updated_at'
$$, 'a trigger touches updated_at wherever there is one');

SELECT * FROM finish();
ROLLBACK;
