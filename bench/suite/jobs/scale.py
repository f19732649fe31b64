"""The schema at work, at a size: alerts, assets, portfolios, notifications, maintain().

The peers are the SQL that one would write for the same task against the same tables."""

import threading
import time
from datetime import timedelta

from .. import server
from ..harness import Job, Variant, faster, under

# tables that a hot path must not read from end to end
BIG = "ARRAY['price_data', 'price_data_archive', 'signal_alerts', 'trade_actions', 'portfolio', 'users', 'notifications']"
IN_TRANSACTION = f"SELECT coalesce(sum(seq_tup_read), 0)::float8 FROM pg_stat_xact_user_tables WHERE relname = ANY ({BIG})"
EVER = f"SELECT coalesce(sum(seq_tup_read), 0)::float8 FROM pg_stat_user_tables WHERE relname = ANY ({BIG})"

USERS_ASKED = 1000
WORKERS = 4

NEWEST = """(SELECT a.id AS asset_id, c.* FROM assets AS a CROSS JOIN LATERAL (
        SELECT p.candle_time, p.high_price, p.low_price, p.close_price, p.volume FROM price_data AS p
        WHERE p.asset_id = a.id AND p.timeframe = '1m' ORDER BY p.candle_time DESC LIMIT 1) AS c)"""

FIRES = """CASE
          WHEN s.alert_type = 'volume_spike' THEN f.volume >= s.trigger_value * f.mean_volume
          WHEN s.alert_type <> 'price_target' THEN false
          WHEN s.condition = 'above' THEN f.high_price >= s.trigger_value AND f.before < s.trigger_value
          WHEN s.condition = 'below' THEN f.low_price <= s.trigger_value AND f.before > s.trigger_value
          WHEN s.condition = 'equals' THEN s.trigger_value BETWEEN f.low_price AND f.high_price
          ELSE abs(100 * (f.close_price - f.day_before) / nullif(f.day_before, 0)) >= s.trigger_value END"""

TOLD = """INSERT INTO notifications (user_id, notification_type, title, data)
SELECT user_id, 'alert', 'Alert', jsonb_build_object('alert', id, 'price', close_price) FROM fired"""

ALERTS = f"""
WITH facts AS MATERIALIZED (
    SELECT n.*, b.close_price AS before, d.close_price AS day_before, v.mean_volume
    FROM {NEWEST} AS n
    LEFT JOIN LATERAL (SELECT p.close_price FROM price_data AS p WHERE p.asset_id = n.asset_id AND p.timeframe = '1m'
        AND p.candle_time < n.candle_time ORDER BY p.candle_time DESC LIMIT 1) AS b ON true
    LEFT JOIN LATERAL (SELECT p.close_price FROM price_data AS p WHERE p.asset_id = n.asset_id AND p.timeframe = '1m'
        AND p.candle_time <= n.candle_time - interval '1 day' ORDER BY p.candle_time DESC LIMIT 1) AS d ON true
    LEFT JOIN LATERAL (SELECT avg(l.volume) AS mean_volume FROM (
        SELECT p.volume FROM price_data AS p WHERE p.asset_id = n.asset_id AND p.timeframe = '1m'
        AND p.candle_time < n.candle_time ORDER BY p.candle_time DESC LIMIT 20) AS l) AS v ON true
), fired AS (
    UPDATE signal_alerts AS s
    SET is_triggered = true, triggered_at = f.candle_time, last_checked = f.candle_time
    FROM facts AS f
    WHERE s.asset_id = f.asset_id AND s.is_active AND NOT s.is_triggered
      AND (s.expires_at IS NULL OR s.expires_at > f.candle_time)
      AND {FIRES}
    RETURNING s.id, s.user_id, s.asset_id, f.close_price
)
{TOLD}"""

# every candle since a moment, each compared with the one before it
ALERTS_SINCE = f"""
WITH candle AS MATERIALIZED (
    SELECT p.asset_id, p.candle_time, p.high_price, p.low_price, p.close_price, p.volume,
           lag(p.close_price) OVER w AS before, avg(p.volume) OVER w20 AS mean_volume
    FROM price_data AS p
    WHERE p.timeframe = '1m' AND p.asset_id = ANY (ARRAY(SELECT id FROM assets))
      AND p.candle_time >= timestamptz '{{since}}' - interval '20 minutes'
    WINDOW w AS (PARTITION BY p.asset_id ORDER BY p.candle_time), w20 AS (w ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
), facts AS MATERIALIZED (
    SELECT c.*, d.close_price AS day_before
    FROM candle AS c
    LEFT JOIN price_data AS d ON d.asset_id = c.asset_id AND d.timeframe = '1m'
                             AND d.candle_time = c.candle_time - interval '1 day'
    WHERE c.candle_time >= timestamptz '{{since}}'
), hit AS (
    SELECT DISTINCT ON (s.id) s.id, f.candle_time, f.close_price
    FROM signal_alerts AS s
    JOIN facts AS f ON s.asset_id = f.asset_id
    WHERE s.is_active AND NOT s.is_triggered
      AND (s.expires_at IS NULL OR s.expires_at > f.candle_time)
      AND {FIRES}
    ORDER BY s.id, f.candle_time
), fired AS (
    UPDATE signal_alerts AS s
    SET is_triggered = true, triggered_at = h.candle_time, last_checked = h.candle_time
    FROM hit AS h WHERE s.id = h.id
    RETURNING s.id, s.user_id, s.asset_id, h.close_price
)
{TOLD}"""

REFRESH = f"""
UPDATE assets AS a
SET current_price = n.close_price, total_volume = d.volume, ath = greatest(a.ath, d.high), atl = least(a.atl, d.low),
    price_change_percentage_24h = round(100 * (n.close_price - c1.close_price) / nullif(c1.close_price, 0), 4),
    price_change_percentage_7d = round(100 * (n.close_price - c7.close_price) / nullif(c7.close_price, 0), 4),
    price_change_percentage_30d = round(100 * (n.close_price - c30.close_price) / nullif(c30.close_price, 0), 4)
FROM {NEWEST} AS n
LEFT JOIN LATERAL (SELECT sum(p.volume) AS volume, max(p.high_price) AS high, min(p.low_price) AS low FROM price_data AS p
    WHERE p.asset_id = n.asset_id AND p.timeframe = '1m' AND p.candle_time > n.candle_time - interval '1 day') AS d ON true
""" + "".join(f"""LEFT JOIN LATERAL (SELECT p.close_price FROM price_data AS p WHERE p.asset_id = n.asset_id
    AND p.timeframe = '1m' AND p.candle_time <= n.candle_time - interval '{days} days'
    ORDER BY p.candle_time DESC LIMIT 1) AS c{days} ON true
""" for days in (1, 7, 30)) + "WHERE a.id = n.asset_id"

POSITIONS = """SELECT p.id, p.asset_symbol, s.quantity, s.quantity * a.current_price AS value,
        s.quantity * (a.current_price - s.entry) AS profit,
        100 * s.quantity * a.current_price / sum(s.quantity * a.current_price) OVER () AS share
    FROM portfolio AS p
    JOIN assets AS a ON a.id = p.asset_id
    CROSS JOIN LATERAL (
        SELECT sum(CASE WHEN t.action_type IN ('buy', 'entry') THEN t.quantity ELSE -t.quantity END) AS quantity,
               sum(t.asset_price * t.quantity) FILTER (WHERE t.action_type IN ('buy', 'entry'))
               / nullif(sum(t.quantity) FILTER (WHERE t.action_type IN ('buy', 'entry')), 0) AS entry
        FROM trade_actions AS t WHERE t.portfolio_id = p.id) AS s
    WHERE p.user_id = wanted"""

CLAIM = """UPDATE notifications SET sent_at = '{moment}' WHERE id IN (
    SELECT id FROM notifications
    WHERE sent_at IS NULL AND status = 'unread' AND (scheduled_for IS NULL OR scheduled_for <= '{moment}')
      AND (expires_at IS NULL OR expires_at > '{moment}')
    ORDER BY CASE priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'normal' THEN 3 ELSE 4 END, created_at
    LIMIT 100 {lock}) RETURNING id"""

ROLL_UP = """INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT asset_id, '{code}', (array_agg(open_price ORDER BY candle_time))[1], max(high_price), min(low_price),
       (array_agg(close_price ORDER BY candle_time DESC))[1], sum(volume),
       date_bin('{length}', candle_time, '2001-01-01 00:00Z') AS start
FROM price_data
WHERE timeframe = '1m' AND candle_time >= date_bin('{length}', timestamptz '{since}', '2001-01-01 00:00Z')
  AND candle_time < date_bin('{length}', timestamptz '{until}', '2001-01-01 00:00Z')
GROUP BY asset_id, start
ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
SET open_price = excluded.open_price, high_price = excluded.high_price, low_price = excluded.low_price,
    close_price = excluded.close_price, volume = excluded.volume"""


class Scale:
    """Sizes, and how many rows of big tables each variant has read by sequential scans."""

    def __init__(self, config):
        self.assets = min(2000, max(20, config.candles // 5000))
        self.candles = self.assets * (config.candles // self.assets)
        self.users = max(100, config.candles // 100)
        self.alerts = config.candles // 10
        self.positions = config.candles // 50
        self.notifications = config.candles // 20
        self.scans = {}

    def describe(self):
        return (f"{self.candles:,} candles of {self.assets:,} assets, {self.users:,} users, {self.alerts:,} alerts, "
                f"{self.positions:,} positions with {5 * self.positions:,} trade actions, {self.notifications:,} notifications")

    def fill(self, config):
        server.create("scale", config.script + config.read("scale.sql"))
        server.execute("scale", f"SELECT bench.fill_assets({self.assets})",
                       f"SELECT bench.fill_candles({self.candles}, {self.assets})",
                       "SELECT bench.add_minutes(1)",  # whose hour is not over
                       "VACUUM (FREEZE, ANALYZE) price_data", "CHECKPOINT")
        self.moment = server.value("scale", "SELECT max(candle_time) + interval '1 minute' FROM price_data")
        server.execute("scale", f"SELECT bench.fill_users({self.users})",
                       f"SELECT bench.fill_portfolio({self.positions}, {self.users}, {self.assets}, '{self.moment}')",
                       "ANALYZE portfolio")

    def fill_rest(self):
        server.execute(
            "scale", f"SELECT bench.fill_alerts({self.alerts}, {self.users}, {self.assets}, '{self.moment}')",
            f"SELECT bench.fill_notifications({self.notifications}, {self.users}, '{self.moment}')",
            "ANALYZE", f"CALL maintain('{self.moment}')", "VACUUM ANALYZE", "CHECKPOINT")

    def undone(self, name, sql, vacuum, before=(), needs=None, counted=True, **options):
        """As server.undone(), and counts rows read by scans."""
        statement = server.Statement("scale", None)

        def run():
            cursor = statement.cursor()
            cursor.execute("BEGIN")
            try:
                for preparation in before:
                    cursor.execute(preparation)
                cursor.execute(IN_TRANSACTION)
                scans = cursor.fetchone()[0]
                took = server.timed(cursor, sql)
                cursor.execute(IN_TRANSACTION)
                if counted:
                    self.scans[name] = cursor.fetchone()[0] - scans
                return took
            finally:
                cursor.execute("ROLLBACK")
                cursor.execute(f"VACUUM {vacuum}")

        return statement.variant(name, run, needs=needs, **options)


def loading(scale):
    """Actions of a tenth of the positions; the rest is loaded by the way."""
    part = max(1, scale.positions // 10)
    fill = f"SELECT bench.fill_actions(1, {part}, '{scale.moment}')"
    replica = ("SET LOCAL session_replication_role = replica",)
    with_triggers, without = "INSERT", "INSERT without triggers and foreign keys"
    yield Job("trade actions recorded, one statement", part * 5, [
        scale.undone(without, fill, "trade_actions, portfolio", before=replica, counted=False),
        scale.undone(with_triggers, fill, "trade_actions, portfolio", counted=False),
    ], note=f"Five actions each of {part:,} positions, which are rebuilt.")
    for first in range(1, scale.positions + 1, part):
        last = min(first + part - 1, scale.positions)
        server.execute("scale", f"SELECT bench.fill_actions({first}, {last}, '{scale.moment}')")


def alerts(scale):
    plain = "plain SQL"
    minute = ("SELECT bench.add_minutes(1)",)
    yield Job("alerts, one new candle of every asset", scale.alerts, [
        scale.undone(plain, ALERTS, "signal_alerts, notifications, price_data", before=minute, counted=False),
        scale.undone("check_alerts()", f"SELECT check_alerts('{scale.moment}'::timestamptz + interval '1 minute')",
                     "signal_alerts, notifications, price_data", before=minute, needs="check_alerts(timestamptz)",
                     goals=(faster(1, plain),)),
    ], unit="ms", factor=1e3 * scale.alerts, note="Milliseconds a check of all alerts.")


def refresh(scale):
    plain = "plain SQL"
    minute = ("SELECT bench.add_minutes(1)",)
    yield Job("assets refreshed, one new candle of each", scale.assets, [
        scale.undone(plain, REFRESH, "assets, price_data", before=minute, counted=False),
        scale.undone("refresh_assets()", f"SELECT refresh_assets('{scale.moment}'::timestamptz + interval '1 minute')",
                     "assets, price_data, background_tasks", before=minute, needs="refresh_assets(timestamptz)",
                     goals=(faster(1, plain),)),
    ], unit="ms", factor=1e3 * scale.assets,
        note="Milliseconds for all. The plain one takes highs and lows of the last day only.")


def portfolios(scale):
    def loop(query):
        return f"""DO $$ DECLARE wanted integer; BEGIN
            FOR wanted IN SELECT 1 + bench.noise(i, 7000) % {scale.users} & 2147483647 FROM generate_series(1, {USERS_ASKED}) AS i LOOP
                wanted := 1 + wanted % {scale.users};
                PERFORM * FROM ({query}) AS q;
            END LOOP; END $$"""

    plain, ours = "sums of trade_actions", "portfolio_positions"
    yield Job("the portfolio of one user", USERS_ASKED, [
        scale.undone(plain, loop(POSITIONS), "portfolio", counted=False),
        scale.undone(ours, loop("SELECT * FROM portfolio_positions AS v WHERE v.user_id = wanted"), "portfolio",
                     goals=(faster(1, plain),)),
        scale.undone("portfolio_totals", loop("SELECT * FROM portfolio_totals AS v WHERE v.user_id = wanted"), "portfolio"),
    ], unit="us", factor=1e6,
        note=f"Microseconds a user, {USERS_ASKED:,} of {scale.users:,}. The sums take all purchases for the entry price.")


def drain(scale, name, claim, needs=None, **options):
    due = server.value("scale", "SELECT count(*) FROM notifications WHERE sent_at IS NULL")

    def work(connection, sent):
        cursor = connection.cursor()
        while True:
            cursor.execute(claim)
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return
            sent.extend(ids)

    def run():
        if needs:
            server.require("scale", needs)
        server.execute("scale", "CREATE TABLE bench.due AS SELECT id FROM notifications WHERE sent_at IS NULL")
        connections = [server.connect("scale") for _ in range(WORKERS)]
        sent = [[] for _ in connections]
        threads = [threading.Thread(target=work, args=pair) for pair in zip(connections, sent)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
        for connection in connections:
            connection.close()
        ids = [one for worker in sent for one in worker]
        server.execute("scale", "UPDATE notifications AS n SET sent_at = NULL FROM bench.due AS d WHERE d.id = n.id",
                       "DROP TABLE bench.due", "VACUUM ANALYZE notifications")
        if len(ids) != due or len(set(ids)) != due:
            raise RuntimeError(f"{len(ids)} sent, {len(set(ids))} of them different, of {due}")
        return took

    return Variant(name, run, rows=due, **options)


def notifications(scale):
    due = server.value("scale", "SELECT count(*) FROM notifications WHERE sent_at IS NULL")
    plain = "UPDATE ... SKIP LOCKED"
    yield Job("notifications drained by four workers", due, [
        drain(scale, plain, CLAIM.format(moment=scale.moment, lock="FOR UPDATE SKIP LOCKED")),
        drain(scale, "claim_notifications()", f"SELECT id FROM claim_notifications(100, '{scale.moment}')",
              needs="claim_notifications(integer, timestamptz)", goals=(faster(1, plain),)),
    ], unit="us", factor=1e6, note="Microseconds a notification, a hundred at a time, each batch committed.")


def hour(database):
    """Adds an hour of candles; its end, and that of the hour before."""
    rows = server.execute(database, "SELECT bench.add_minutes(60)",
                          "SELECT max(candle_time) + interval '1 minute' FROM price_data WHERE timeframe = '1m' AND asset_id = 1")
    return rows[0][0]


def maintained(scale):
    def run():
        until = hour("scale")
        connection = server.connect("scale")
        cursor = connection.cursor()
        cursor.execute("SELECT clock_timestamp()")
        begun = cursor.fetchone()[0]
        cursor.execute(EVER)
        scans = cursor.fetchone()[0]
        took = {"in all": server.timed(cursor, f"CALL maintain('{until}')")}
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(EVER)
        scale.scans["maintain()"] = cursor.fetchone()[0] - scans
        cursor.execute(
            "SELECT regexp_replace(step, '^(roll_up) .*', '\\1'), sum(execution_time_seconds)::float8, "
            "string_agg(error_message, ', ') FROM maintenance_runs WHERE started_at >= %s GROUP BY 1", (begun,))
        for step, seconds, problem in cursor.fetchall():
            if problem:
                raise RuntimeError(f"{step}: {problem}")
            took[step] = seconds
        connection.close()
        return took

    def plain():
        until = hour("scale_plain")
        connection = server.connect("scale_plain")
        cursor = connection.cursor()
        took = {"roll_up": 0}
        for code, length in (("5m", "5 minutes"), ("15m", "15 minutes"), ("1h", "1 hour"), ("4h", "4 hours")):
            took["roll_up"] += server.timed(cursor, ROLL_UP.format(
                code=code, length=length, since=until - timedelta(hours=1), until=until))
        took["refresh_assets"] = server.timed(cursor, REFRESH)
        cursor.execute("BEGIN")
        took["newest candle alone"] = server.timed(cursor, ALERTS)
        cursor.execute("ROLLBACK")
        took["check_alerts"] = server.timed(cursor, ALERTS_SINCE.format(since=until - timedelta(hours=1)))
        connection.close()
        return took

    steps = ("roll_up", "refresh_assets", "check_alerts")
    yield Job("maintain() after an hour of new candles", scale.assets * 60, [
        Variant("plain SQL", plain),
        Variant("maintain()", run, goals_of={step: (faster(1, f"plain SQL: {step}"),) for step in steps}),
    ], unit="ms", factor=1e3 * scale.assets * 60,
        note="Milliseconds. Plain SQL does the steps that it names: alerts at every candle of the hour, and at the newest alone.")


def scale(config):
    at = Scale(config)
    at.fill(config)
    yield from loading(at)
    at.fill_rest()
    server.execute("postgres", "CREATE DATABASE scale_plain TEMPLATE scale STRATEGY file_copy")
    for part in (alerts, refresh, portfolios, notifications, maintained):
        yield from part(at)
    yield Job("rows of big tables read by sequential scans", 1, [
        Variant(name, run=lambda name=name: at.scans[name], goals=(under(0),)) for name in at.scans
    ], unit="rows", factor=1)
