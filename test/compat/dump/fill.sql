-- Fills every table with extreme rows: everything NULL that may be, the least and the greatest values, text and JSON of
-- every kind. It works in any version of the extension, and with future tables: values come from the types and CHECKs in
-- the catalog, and only what several columns must agree on is written here. It ends with an error if a column was not
-- exercised.
SET search_path = cryptoanalytics, public;
SET client_min_messages = warning;

-- The tables of the extension that users write to.
CREATE TEMP VIEW filled AS
    SELECT c.oid, c.relname
    FROM pg_class AS c
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
    WHERE e.extname = 'cryptoanalytics'
      AND c.relkind = 'r'
      AND c.relname NOT IN ('price_data_segments', 'technical_indicator_states', 'technical_indicator_notes', 'sector_index_states',
                            'series_locks', 'work_locks', 'roll_up_marks', 'roll_up_notes');

-- The kinds of rows of each table, with their ids. A row that refers to another table refers to the same kind there.
CREATE TEMP TABLE kinds (kind text PRIMARY KEY, id bigint);
INSERT INTO kinds VALUES ('nulls', 101), ('least', -2147483648), ('greatest', 2147483647), ('rich', 104);

-- Values that several columns must agree on; a kind that is not in the table above makes one more row.
CREATE TEMP TABLE told (tab text, kind text, made_as text, cells jsonb);
INSERT INTO told (tab, kind, cells) VALUES
    -- referrals: rich by least, least by greatest, greatest by nulls; deleted by oneself, by another
    ('users', 'nulls', '{"referral_count": 1}'),
    ('users', 'least', '{"referral_count": 1, "referred_by": 2147483647}'),
    ('users', 'greatest', '{"referral_count": 1, "referred_by": 101}'),
    ('users', 'rich', '{"referral_count": 0, "referred_by": -2147483648, "deleted_by": 101}'),
    ('price_data', 'nulls', '{"id": 1000001, "timeframe": "1h", "candle_time": "2024-01-01 00:00+00"}'),
    ('price_data', 'least', '{"id": "-9223372036854775808", "timeframe": "1m", "candle_time": "4714-11-24 00:00+00 BC"}'),
    ('price_data', 'greatest', '{"id": "9223372036854775807", "timeframe": "1m", "candle_time": "294276-12-31 23:58+00"}'),
    ('price_data', 'rich', '{"id": 1000002, "timeframe": "1M", "candle_time": "2024-02-01 00:00+00", "low_price": "-0.00000001", "open_price": 0, "close_price": "0.00000001", "high_price": 1}'),
    ('price_data_archive', 'nulls', '{"id": -1000001, "timeframe": "1h", "candle_time": "2023-01-01 00:00+00"}'),
    ('price_data_archive', 'least', '{"id": "-9223372036854775807", "timeframe": "1m", "candle_time": "4714-11-24 00:01+00 BC"}'),
    ('price_data_archive', 'greatest', '{"id": "9223372036854775806", "timeframe": "1m", "candle_time": "294276-12-31 23:57+00"}'),
    ('price_data_archive', 'rich', '{"id": -1000002, "timeframe": "1w", "candle_time": "2024-01-01 00:00+00", "low_price": "-0.00000001", "open_price": 0, "close_price": "0.00000001", "high_price": 1}'),
    ('partial_candles', 'nulls', '{"timeframe": "1h", "candle_time": "2024-01-01 00:00+00"}'),
    ('partial_candles', 'least', '{"timeframe": "1m", "candle_time": "4714-11-24 00:00+00 BC"}'),
    ('partial_candles', 'greatest', '{"timeframe": "1m", "candle_time": "294276-12-31 23:58+00"}'),
    ('partial_candles', 'rich', '{"timeframe": "1M", "candle_time": "2024-02-01 00:00+00"}'),
    ('metric_series', 'nulls', '{"metric": "dxy"}'),
    ('metric_series', 'least', '{"metric": "narrative", "label": "x", "staleness": "1 microsecond"}'),
    ('metric_series', 'greatest', '{"metric": "narrative", "staleness": "3660 days"}'),
    ('metric_series', 'rich', '{"metric": "narrative", "staleness": "192 hours"}'),
    ('sector_rotation_flows', 'nulls', '{"to_sector_id": 104}'),
    ('sector_rotation_flows', 'least', '{"to_sector_id": 104}'),
    ('sector_rotation_flows', 'greatest', '{"to_sector_id": -2147483648}'),
    ('sector_rotation_flows', 'rich', '{"to_sector_id": 101}'),
    ('watchlists', 'nulls', '{"watchlist_type": "default"}'),
    ('watchlists', 'least', '{"watchlist_type": "personal"}'),
    ('watchlists', 'greatest', '{"watchlist_type": "personal"}'),
    ('watchlists', 'rich', '{"watchlist_type": "personal", "max_assets": 3}'),
    ('watchlist_assets', 'nulls', '{"position": 1}'),
    ('watchlist_assets', 'least', '{"position": 1}'),
    ('watchlist_assets', 'greatest', '{"position": 1}'),
    ('watchlist_assets', 'rich', '{"position": 1, "is_active": true}'),
    -- risk and reward: 30 and 10, 10^100 each, 50 and 20; each is the signal of a trade below
    ('trading_signals', 'least', '{"signal_type": "short", "target_price": 70, "entry_price": 100, "stop_loss": 110, "risk_reward_ratio": 3, "status": "executed", "expires_at": "2024-06-01 00:00+00"}'),
    ('trading_signals', 'greatest', '{"signal_type": "long", "stop_loss": "-1e100", "entry_price": 0, "target_price": "1e100", "risk_reward_ratio": 1, "status": "executed", "created_at": "2023-12-31 00:00+00"}'),
    ('trading_signals', 'rich', '{"signal_type": "long", "stop_loss": 80, "entry_price": 100, "target_price": 150, "risk_reward_ratio": 2.5, "status": "executed", "created_at": "2023-12-31 00:00+00", "expires_at": "2024-06-01 00:00+00"}'),
    -- Positions follow from their actions. Nothing is held of an external asset.
    ('portfolio', 'nulls', '{"external_asset_info": {}, "updated_at": "2020-01-01 00:00+00"}'),
    -- short 2 at 100 with a fee of 1: 99.5 each; 1 bought back at 90 with a fee of 0.5: 9.5 - 0.5
    ('portfolio', 'least', '{"external_asset_info": null, "asset_type": "Short Position", "quantity": 1, "entry_price": 99.5, "exit_price": 90.5, "pnl_realized_usd": 9, "trade_status": "reducing", "stop_loss_price": 110, "take_profit_price": 70}'),
    -- bought once, without a fee
    ('portfolio', 'greatest', '{"asset_type": "Long Position", "quantity": "1e60", "entry_price": "99999999999999999999.99999999", "exit_price": null, "pnl_realized_usd": 0, "trade_status": "exit_plan", "stop_loss_price": "-1e100", "take_profit_price": "1e100"}'),
    -- bought at 100, sold at 120
    ('portfolio', 'rich', '{"asset_type": "Crypto Asset", "quantity": 0, "entry_price": 100, "exit_price": 120, "pnl_realized_usd": 20, "trade_status": "closed", "stop_loss_price": 80, "take_profit_price": 150}'),
    -- a model without predictions
    ('predictions', 'nulls', '{"ai_models_id": 104}'),
    ('trade_actions', 'nulls', '{"portfolio_id": 104, "action_type": "buy", "asset_price": 100, "quantity": 1, "created_at": "2024-01-01 00:00+00"}'),
    ('trade_actions', 'least', '{"action_type": "entry", "asset_price": 100, "quantity": 2, "fees_paid": 1, "pnl_realized_usd": 0, "stop_loss": 110, "take_profit": 70, "created_at": "2024-01-01 00:00+00"}'),
    ('trade_actions', 'greatest', '{"action_type": "buy", "asset_price": "99999999999999999999.99999999", "quantity": "1e60", "fees_paid": 0, "stop_loss": "-1e100", "take_profit": "1e100"}'),
    ('trade_actions', 'rich', '{"action_type": "full_exit", "asset_price": 120, "quantity": 1, "fees_paid": 0, "pnl_realized_usd": 20, "created_at": "2024-01-04 00:00+00"}'),
    ('signal_alerts', 'least', '{"triggered_at": null}'),
    ('notifications', 'least', '{"status": "unread", "read_at": null}'),
    ('notifications', 'rich', '{"status": "read", "read_at": "2024-01-02 00:00+00"}'),
    ('ai_recommendations', 'least', '{"status": "pending", "reviewed_at": null, "implemented_at": null}'),
    ('ai_recommendations', 'greatest', '{"status": "implemented"}'),
    ('ai_recommendations', 'rich', '{"status": "implemented", "reviewed_at": "2024-01-02 00:00+00", "implemented_at": "2024-01-03 00:00+00"}'),
    ('background_tasks', 'least', '{"status": "pending", "started_at": null, "completed_at": null, "execution_time_seconds": null}'),
    ('background_tasks', 'greatest', '{"status": "failed", "started_at": "2024-01-02 00:00+00"}'),
    ('background_tasks', 'rich', '{"status": "completed", "started_at": "2024-01-01 00:00:00+00", "completed_at": "2024-01-01 00:01:30.25+00", "execution_time_seconds": 90.25}');
INSERT INTO told (tab, kind, made_as, cells) VALUES
    ('trade_actions', 'stop moved', 'rich', '{"id": 105, "action_type": "modify_sl", "quantity": 0, "stop_loss": 80, "created_at": "2024-01-02 00:00+00"}'),
    ('trade_actions', 'target moved', 'rich', '{"id": 106, "action_type": "modify_tp", "quantity": 0, "take_profit": 150, "created_at": "2024-01-03 00:00+00"}'),
    ('trade_actions', 'part closed', 'least', '{"id": 107, "action_type": "partial_exit", "asset_price": 90, "quantity": 1, "fees_paid": 0.5, "created_at": "2024-01-02 00:00+00"}'),
    ('watchlist_assets', 'second', 'rich', '{"id": 105, "asset_id": 101, "position": 2, "is_active": true}'),
    ('watchlist_assets', 'third', 'rich', '{"id": 106, "asset_id": 2147483647, "position": 3, "is_active": true}');
-- As many digits as a numeric has.
INSERT INTO told (tab, kind, cells)
VALUES ('analytics_data', 'greatest', jsonb_build_object('metric_value', repeat('9', 131072))),
       ('analytics_data', 'least', jsonb_build_object('metric_value', '-0.' || repeat('9', 16383)));

-- What COPY must escape, what sorts and compares strangely, what needs four bytes. JSON of 75 kB that does not compress,
-- with numbers beyond double precision, deep nesting, an empty key.
CREATE TEMP TABLE rich AS
    SELECT t.text,
           jsonb_build_object(
               '', NULL, 'text', t.text, 'long', repeat('7', 1000)::numeric, 'fine', ('0.' || repeat('3', 1000))::numeric,
               'zeros', 1.5000, 'deep', (repeat('[', 500) || repeat(']', 500))::jsonb,
               'large', (SELECT jsonb_agg(md5(i::text) ORDER BY i) FROM generate_series(1, 2000) AS i))::text AS json
    FROM (VALUES (E'\\.\n\\N\t\r"quoted", ''it''; %s $1 ' || U&'\FEFF\202E\0065\0301 \0130\0131\1E9E \+01F600 \+10FFFF'
                  || E'\x01\x7F ریال 比特币')) AS t (text);

-- Candidate values for a column, as text, the most extreme first; the first that its CHECKs accept is taken.
CREATE FUNCTION pg_temp.values_of(kind text, type text, modifier integer, labels text[]) RETURNS text[]
    LANGUAGE plpgsql AS $$
DECLARE
    scale integer := CASE WHEN modifier >= 4 THEN (modifier - 4) & 65535 ELSE 100 END;
    digits integer := CASE WHEN modifier >= 4 THEN ((modifier - 4) >> 16) - scale ELSE 1000 END;
    greatest_number text := concat(repeat('9', digits), '.' || nullif(repeat('9', scale), ''));
BEGIN
    IF labels <> '{}' THEN
        RETURN labels[CASE kind WHEN 'greatest' THEN cardinality(labels) WHEN 'rich' THEN (cardinality(labels) + 1) / 2 ELSE 1 END:];
    END IF;
    RETURN CASE
        WHEN type IN ('varchar', 'text') THEN
            CASE kind WHEN 'least' THEN ARRAY['', '1m'] WHEN 'greatest' THEN ARRAY[repeat(U&'\0178', CASE WHEN modifier >= 4 THEN modifier - 4 ELSE 20000 END)]
                      WHEN 'rich' THEN ARRAY(SELECT left(r.text, CASE WHEN modifier >= 4 THEN modifier - 4 ELSE 1000 END) FROM rich AS r)
                      ELSE ARRAY['plain'] END || ARRAY['1d']
        WHEN type = 'int4' THEN
            CASE kind WHEN 'least' THEN ARRAY['-2147483648', '0', '1', '100'] WHEN 'greatest' THEN ARRAY['2147483647', '599', '10', '5']
                      ELSE ARRAY['7', '3', '200'] END
        WHEN type = 'int8' THEN
            CASE kind WHEN 'least' THEN ARRAY['-9223372036854775808', '0'] WHEN 'greatest' THEN ARRAY['9223372036854775807'] ELSE ARRAY['7'] END
        WHEN type = 'numeric' THEN
            CASE kind WHEN 'least' THEN ARRAY['-' || greatest_number, '-1', '0', '0.' || repeat('0', scale - 1) || '1'] WHEN 'greatest' THEN ARRAY[greatest_number, '100', '1']
                      ELSE ARRAY['0.10', '1'] END
        WHEN type = 'bool' THEN ARRAY[(kind = 'greatest')::text]
        WHEN type = 'timestamptz' THEN
            CASE kind WHEN 'least' THEN ARRAY['4714-11-24 00:00:00+00 BC'] WHEN 'greatest' THEN ARRAY['infinity', '294276-12-31 23:59:59.999999+00']
                      WHEN 'rich' THEN ARRAY['294276-12-31 23:59:59.999999+00'] ELSE ARRAY['-infinity'] END
        WHEN type = 'jsonb' THEN
            CASE kind WHEN 'least' THEN ARRAY['null'] WHEN 'greatest' THEN ARRAY['[{}, [], "", 0, -0.0, 1e400, true]']
                      ELSE ARRAY(SELECT r.json FROM rich AS r) END
        WHEN type = 'inet' THEN
            CASE kind WHEN 'least' THEN ARRAY['0.0.0.0/0'] WHEN 'greatest' THEN ARRAY['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128']
                      ELSE ARRAY['2001:db8::1/64'] END
        WHEN type = '_int4' THEN
            CASE kind WHEN 'greatest' THEN ARRAY['{2147483647,-2147483648,101}'] WHEN 'least' THEN ARRAY['{}'] ELSE ARRAY['{104}'] END
        WHEN type = '_varchar' THEN
            CASE kind WHEN 'greatest' THEN ARRAY['{{a,NULL},{"NULL",""}}'] WHEN 'least' THEN ARRAY['{}'] ELSE ARRAY['[0:1]={"a, b","{\"c\"}"}'] END
    END;
END;
$$;

-- Whether the CHECKs of this column alone accept a value.
CREATE FUNCTION pg_temp.lets_through(tab regclass, number smallint, name text, type text, value text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    check_expression text;
    passed boolean;
BEGIN
    FOR check_expression IN
        SELECT pg_get_expr(c.conbin, c.conrelid)
        FROM pg_constraint AS c
        WHERE c.conrelid = tab AND c.contype = 'c' AND c.conkey = ARRAY[number]
    LOOP
        EXECUTE format('SELECT %s FROM (SELECT %L::%s AS %I) AS t', check_expression, value, type, name) INTO passed;
        IF NOT passed THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END;
$$;

-- Every cell of the rows to insert. NULL is a NULL, DEFAULT is left to the table.
CREATE TEMP TABLE cells AS
    WITH every_row AS (
        SELECT f.oid, f.relname, k.kind, k.kind AS made_as, k.id, coalesce(t.cells, '{}') AS cells
        FROM filled AS f
        CROSS JOIN kinds AS k
        LEFT JOIN told AS t ON t.tab = f.relname AND t.kind = k.kind
        UNION ALL
        SELECT f.oid, f.relname, t.kind, t.made_as, k.id, t.cells
        FROM told AS t
        JOIN filled AS f ON f.relname = t.tab
        JOIN kinds AS k ON k.kind = t.made_as
        WHERE t.kind NOT IN (SELECT kind FROM kinds)
    )
    SELECT r.relname AS tab, r.kind, a.attname AS col,
           CASE
               WHEN r.cells ? a.attname::text THEN coalesce(quote_literal(r.cells ->> a.attname), 'NULL')
               WHEN a.attname = 'id' OR f.confrelid IS NOT NULL AND NOT (r.made_as = 'nulls' AND NOT a.attnotnull) THEN r.id::text
               WHEN r.made_as = 'nulls' AND NOT a.attnotnull THEN 'NULL'
               WHEN r.made_as = 'nulls' AND a.atthasdef THEN 'DEFAULT'
               ELSE (SELECT quote_literal(v.value)
                     FROM unnest(pg_temp.values_of(r.made_as, t.typname::text, a.atttypmod, l.labels)) WITH ORDINALITY AS v (value, place)
                     WHERE pg_temp.lets_through(r.oid, a.attnum, a.attname, t.typname::text, v.value)
                     ORDER BY v.place
                     LIMIT 1)
           END AS cell
    FROM every_row AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_constraint AS f ON f.conrelid = r.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
    CROSS JOIN LATERAL (
        -- a closed list of values
        SELECT coalesce(array_agg(m.label[1] ORDER BY m.place), '{}') AS labels
        FROM pg_constraint AS c
        CROSS JOIN LATERAL regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::character varying', 'g') WITH ORDINALITY AS m (label, place)
        WHERE c.conrelid = r.oid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]) AS l;

DO $$
BEGIN
    IF EXISTS (SELECT FROM cells AS c WHERE c.cell IS NULL) THEN
        RAISE EXCEPTION 'no value known that these columns take: %',
            (SELECT string_agg(DISTINCT format('%s.%s', c.tab, c.col), ', ') FROM cells AS c WHERE c.cell IS NULL);
    END IF;
END;
$$;

-- Tables after those that they refer to; a table in one statement, because its rows refer to each other.
DO $$
DECLARE
    done oid[] := '{}';
    next record;
BEGIN
    LOOP
        SELECT f.oid, f.relname INTO next
        FROM filled AS f
        WHERE f.oid <> ALL (done)
          AND NOT EXISTS (SELECT FROM pg_constraint AS c
                          WHERE c.conrelid = f.oid AND c.contype = 'f' AND c.confrelid <> f.oid AND c.confrelid <> ALL (done))
        ORDER BY f.relname
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        EXECUTE (
            SELECT format('INSERT INTO %I (%s) VALUES %s', next.relname, min(r.names), string_agg(r.cells, ', ' ORDER BY r.kind))
            FROM (SELECT c.kind, string_agg(quote_ident(c.col), ', ' ORDER BY c.col) AS names,
                         '(' || string_agg(c.cell, ', ' ORDER BY c.col) || ')' AS cells
                  FROM cells AS c
                  WHERE c.tab = next.relname
                  GROUP BY c.kind) AS r);
        done := done || next.oid;
    END LOOP;
    IF EXISTS (SELECT FROM filled AS f WHERE f.oid <> ALL (done)) THEN
        RAISE EXCEPTION 'tables refer to each other in a circle';
    END IF;
END;
$$;

-- Every sequence gets another position, half of them before a value that was not used yet.
DO $$
BEGIN
    PERFORM setval(s.oid, s.seqincrement * (100000 + s.place), s.place % 2 = 0)
    FROM (SELECT c.oid, s.seqincrement, row_number() OVER (ORDER BY c.relname) AS place
          FROM pg_class AS c
          JOIN pg_sequence AS s ON s.seqrelid = c.oid
          JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'
          WHERE d.refobjid IN (SELECT f.oid FROM filled AS f)) AS s;
END;
$$;

-- Each column that may be NULL is NULL in one row, and has at least two values in others.
DO $$
DECLARE
    col record;
    nulls bigint;
    many bigint;
    untried text[] := '{}';
BEGIN
    FOR col IN
        SELECT f.relname, a.attname, a.attnotnull
        FROM filled AS f
        JOIN pg_attribute AS a ON a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY f.relname, a.attnum
    LOOP
        EXECUTE format('SELECT count(*) FILTER (WHERE %1$I IS NULL), count(DISTINCT %1$I::text) FROM %2$I', col.attname, col.relname)
        INTO nulls, many;
        IF many < 2 THEN
            untried := untried || format('%s.%s has too few values', col.relname, col.attname);
        ELSIF nulls = 0 AND NOT col.attnotnull THEN
            untried := untried || format('%s.%s is never NULL', col.relname, col.attname);
        END IF;
    END LOOP;
    IF untried <> '{}' THEN
        RAISE EXCEPTION 'columns that were not tried out: %', untried;
    END IF;
END;
$$;

DROP VIEW filled;
DROP TABLE kinds, told, rich, cells;
DROP FUNCTION pg_temp.values_of(text, text, integer, text[]), pg_temp.lets_through(regclass, smallint, text, text, text);
