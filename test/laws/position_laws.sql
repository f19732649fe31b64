-- Positions equal what another replay of their actions gives, whatever the history.
BEGIN;
SELECT plan(13);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

INSERT INTO users (id, email, password_hash) VALUES (1, 'p@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'LAW', 'Law', 'crypto');
-- Even ones are long, odd ones short.
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
SELECT i, 1, 1, 'LAW', CASE i % 2 WHEN 0 THEN 'Long Position' ELSE 'Short Position' END
FROM generate_series(1, 40) AS i;

-- Histories of 30 actions: entries, exits of a part or of all, moved levels. Times come in pairs, so the id decides.
CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;
DO $$
DECLARE
    q numeric;
    x numeric;
    k integer := 0;
    what integer;
BEGIN
    FOR p IN 1..40 LOOP
        q := 0;
        FOR i IN 1..30 LOOP
            k := k + 1;
            what := draw(10 * k, 8);
            IF what IN (6, 7) THEN
                INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, stop_loss, take_profit, timeframe, action_source, created_at)
                VALUES (k, p, CASE what WHEN 6 THEN 'modify_sl' ELSE 'modify_tp' END, 1, 0, draw(k, 90), draw(k, 80), '1h', 'manual', timestamptz '2024-01-01 UTC' + (i / 2) * interval '1 hour');
                CONTINUE;
            END IF;
            IF q = 0 OR what < 3 THEN
                x := (draw(10 * k + 1, 100000) + 1) / 1000.0;
                q := q + x;
                what := 0;
            ELSE
                x := CASE WHEN what = 3 THEN q ELSE round(q * (draw(10 * k + 2, 9) + 1) / 10, 6) END;
                CONTINUE WHEN x = 0;
                q := q - x;
            END IF;
            INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, fees_paid, timeframe, action_source, created_at)
            VALUES (k, p, CASE WHEN what = 0 THEN (ARRAY[CASE p % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 'entry'])[1 + k % 2]
                         WHEN q = 0 THEN (ARRAY['full_exit', CASE p % 2 WHEN 0 THEN 'sell' ELSE 'buy' END])[1 + k % 2]
                         ELSE (ARRAY[CASE p % 2 WHEN 0 THEN 'partial_sell' ELSE 'buy' END, 'partial_exit', CASE p % 2 WHEN 0 THEN 'sell' ELSE 'buy' END])[1 + k % 3] END,
                    draw(10 * k + 3, 1000000) / 100.0, x, draw(10 * k + 4, 500) / 100.0 - 1, '1h', 'manual', timestamptz '2024-01-01 UTC' + (i / 2) * interval '1 hour');
        END LOOP;
    END LOOP;
END;
$$;

-- The other replay: a recursive fold that keeps an average price instead of a cost.
CREATE VIEW replayed AS
    WITH RECURSIVE ordered AS (
        SELECT t.*, p.asset_type = 'Short Position' AS short,
               CASE p.asset_type WHEN 'Short Position' THEN t.action_type IN ('sell', 'entry') ELSE t.action_type IN ('buy', 'entry') END AS enters,
               row_number() OVER (PARTITION BY t.portfolio_id ORDER BY t.created_at, t.id) AS n
        FROM trade_actions AS t JOIN portfolio AS p ON p.id = t.portfolio_id
        WHERE t.action_type NOT IN ('modify_sl', 'modify_tp')
    ), fold AS (
        SELECT p.id, 0::bigint AS n, 0::numeric AS held, 0::numeric AS average, 0::numeric AS out_quantity,
               0::numeric AS out_money, 0::numeric AS profit, 0 AS entries, false AS exits_last
        FROM portfolio AS p
        UNION ALL
        SELECT f.id, o.n,
               f.held + CASE WHEN o.enters THEN o.quantity ELSE -o.quantity END,
               CASE WHEN o.enters
                    THEN (f.held * f.average + o.quantity * o.asset_price + CASE WHEN o.short THEN -o.fees_paid ELSE o.fees_paid END)
                         * 1.000000000000000000000000000000000000 / (f.held + o.quantity)
                    ELSE f.average END,
               CASE WHEN NOT o.enters THEN f.out_quantity + o.quantity WHEN f.held = 0 THEN 0 ELSE f.out_quantity END,
               CASE WHEN NOT o.enters THEN f.out_money + o.quantity * o.asset_price - CASE WHEN o.short THEN -o.fees_paid ELSE o.fees_paid END
                    WHEN f.held = 0 THEN 0 ELSE f.out_money END,
               CASE WHEN o.enters THEN f.profit
                    WHEN o.short THEN f.profit + (f.average - o.asset_price) * o.quantity - o.fees_paid
                    ELSE f.profit + (o.asset_price - f.average) * o.quantity - o.fees_paid END,
               CASE WHEN NOT o.enters THEN f.entries WHEN f.held = 0 THEN 1 ELSE f.entries + 1 END,
               NOT o.enters
        FROM fold AS f JOIN ordered AS o ON o.portfolio_id = f.id AND o.n = f.n + 1
    )
    SELECT DISTINCT ON (f.id) f.*,
           CASE WHEN f.n = 0 THEN 'open' WHEN f.held = 0 THEN 'closed' WHEN f.exits_last THEN 'reducing'
                WHEN f.entries > 1 THEN 'accumulating' ELSE 'open' END AS status
    FROM fold AS f ORDER BY f.id, f.n DESC;
CREATE VIEW differing AS
    SELECT p.id FROM portfolio AS p JOIN replayed AS r USING (id)
    WHERE p.quantity <> r.held OR p.trade_status <> r.status
       OR abs(p.pnl_realized_usd - r.profit) > 1e-9
       OR abs(p.entry_price - r.average) > 1e-12
       OR abs(p.exit_price - r.out_money / nullif(r.out_quantity, 0)) > 1e-12
       OR (p.exit_price IS NULL) <> (r.out_quantity = 0)
       OR (p.entry_price IS NULL) <> (r.n = 0);

SELECT cmp_ok((SELECT count(*) FROM trade_actions), '>', 1000::bigint, 'there are histories');
SELECT is((SELECT count(DISTINCT trade_status) FROM portfolio), 4::bigint, 'they end in every status that actions give');
SELECT is_empty('SELECT * FROM differing', 'a position equals what another replay gives');
-- Incoming cash less outgoing cash, to the last digit.
SELECT is_empty($$
    SELECT p.id FROM portfolio AS p JOIN trade_actions AS t ON t.portfolio_id = p.id
    WHERE p.trade_status = 'closed' AND t.action_type NOT IN ('modify_sl', 'modify_tp')
    GROUP BY p.id
    HAVING p.pnl_realized_usd <> sum(CASE WHEN t.action_type = 'sell' THEN 1 WHEN t.action_type = 'buy' THEN -1
                                          WHEN (t.action_type = 'entry') = (p.asset_type = 'Short Position') THEN 1 ELSE -1 END
                                     * t.asset_price * t.quantity - t.fees_paid)
    $$, 'the profit of a closed position is exactly its cash');
SELECT is_empty($$
    SELECT p.id FROM portfolio AS p
    WHERE (p.stop_loss_price, p.take_profit_price) IS DISTINCT FROM
          ((SELECT t.stop_loss FROM trade_actions AS t WHERE t.portfolio_id = p.id AND t.action_type = 'modify_sl' ORDER BY t.created_at DESC, t.id DESC LIMIT 1),
           (SELECT t.take_profit FROM trade_actions AS t WHERE t.portfolio_id = p.id AND t.action_type = 'modify_tp' ORDER BY t.created_at DESC, t.id DESC LIMIT 1))
    $$, 'levels are those moved last');
SELECT is_empty('SELECT id FROM portfolio WHERE rebuild_position(id)', 'a rebuild changes nothing');
SELECT is_empty($$SELECT p.id FROM portfolio AS p WHERE p.pnl_realized_usd <> (SELECT sum(t.pnl_realized_usd) FROM trade_actions AS t WHERE t.portfolio_id = p.id)$$,
                'the profits of the actions add up to that of the position');
-- Actions were added one by one to the stored result; a full replay gives the same digits, and the same scale.
CREATE FUNCTION pg_temp.row_of(p portfolio) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT (to_jsonb(p) - 'updated_at')::text $$;
SELECT is((SELECT count(*) FROM portfolio WHERE counted_until IS NOT NULL), 40::bigint, 'each position counts its actions');
SELECT is_empty($$SELECT p.id FROM portfolio AS p CROSS JOIN LATERAL ca_position_derived(p, false, false) AS d
                  WHERE pg_temp.row_of(p) <> pg_temp.row_of(d.derived) OR d.actions IS NOT NULL$$,
                'to the digit what a replay of the whole history gives, with the profit of each action');

-- The same actions in one statement, the last first.
CREATE TEMP TABLE stood AS SELECT p.*, p.ctid AS place FROM portfolio AS p;
CREATE TEMP TABLE kept AS SELECT * FROM trade_actions;
DELETE FROM trade_actions;
SELECT is_empty($$SELECT id FROM portfolio WHERE (quantity, entry_price, exit_price, pnl_realized_usd, trade_status) IS DISTINCT FROM (0, NULL, NULL, 0, 'open')$$,
                'without actions a position is empty');
INSERT INTO trade_actions SELECT * FROM kept ORDER BY id DESC;
SELECT is_empty('SELECT p.id FROM portfolio AS p JOIN stood AS s USING (id) WHERE (p.quantity, p.entry_price, p.exit_price, p.pnl_realized_usd, p.trade_status, p.stop_loss_price, p.take_profit_price) IS DISTINCT FROM (s.quantity, s.entry_price, s.exit_price, s.pnl_realized_usd, s.trade_status, s.stop_loss_price, s.take_profit_price)',
                'the order in which actions are recorded does not matter');

-- Prices are corrected, and actions deleted or moved in time where that is not refused.
UPDATE trade_actions SET asset_price = asset_price + draw(id, 100), fees_paid = 0 WHERE id % 3 = 0;
DO $$
BEGIN
    FOR k IN 1..1200 LOOP
        CONTINUE WHEN draw(7 * k, 3) > 0;
        BEGIN
            IF k % 2 = 0 THEN
                DELETE FROM trade_actions WHERE id = k;
            ELSE
                UPDATE trade_actions SET created_at = created_at - draw(k, 9) * interval '1 hour' WHERE id = k;
            END IF;
        EXCEPTION WHEN check_violation THEN
            NULL;
        END;
    END LOOP;
END;
$$;
SELECT is_empty('SELECT * FROM differing', 'and still when actions are corrected, taken away or moved in time');
SELECT is_empty($$SELECT p.id FROM portfolio AS p CROSS JOIN LATERAL ca_position_derived(p, false, false) AS d
                  WHERE pg_temp.row_of(p) <> pg_temp.row_of(d.derived) OR d.actions IS NOT NULL$$,
                'to the digit');

SELECT * FROM finish();
ROLLBACK;
