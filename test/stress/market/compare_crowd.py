"""Compares accounts, sessions, alerts, positions and the profit of each action with the oracles."""

from fractions import Fraction

from clock import stamp


def check(tap, sim, crowd, operator):
    accounts(tap, crowd, operator)
    sessions(tap, crowd, operator)
    alerts(tap, sim, crowd, operator)
    positions(tap, crowd, operator)


def show(what):
    return lambda key, expected, found: f"{what} {key}: expected {expected}, found {found}"


def accounts(tap, crowd, operator):
    expected = {a.id: (a.logins, a.failures, a.locked, a.last, a.deleted) for a in crowd.accounts}
    found = {i: tuple(values) for i, *values in operator.rows(
        "SELECT id, login_count, failed_login_attempts, lockout_expires, last_login, deleted_at FROM users")}
    tap.same("accounts", expected, found, show("user"))


def sessions(tap, crowd, operator):
    """Returns the sessions; the tokens of purged ones are unknown."""
    expected, found = {}, {}
    for a in crowd.accounts:
        for n, s in enumerate(a.sessions):
            expected[a.id, n] = (None if s.stripped else s.token, s.active, s.until, s.opened)
    places = {}
    for user, token, active, until, opened in operator.rows(
            "SELECT user_id, session_token, is_active, expires_at, created_at FROM user_sessions ORDER BY id"):
        n = places[user] = places.get(user, -1) + 1
        found[user, n] = (None if token.startswith("purged") else token, active, until, opened)
    tap.same(f"sessions, {sum(s[0] is None for s in expected.values())} of them purged", expected, found, show("session"))


def alerts(tap, sim, crowd, operator):
    expected, found = {}, {}
    for a in crowd.alerts:
        expected[a.id] = (a.active, not a.waiting, a.triggered_at, tuple(a.fired))
    told = {}
    for alert, t, code, start, signal in operator.rows("""
            SELECT (data ->> 'alert_id')::integer, created_at, data ->> 'timeframe', (data ->> 'candle_time')::timestamptz,
                   (data ->> 'signal_id')::integer
            FROM notifications WHERE notification_type = 'alert' ORDER BY created_at, id"""):
        told.setdefault(alert, []).append((t, signal if signal is not None else (code, start)))
    for i, active, triggered, at in operator.rows("SELECT id, is_active, is_triggered, triggered_at FROM signal_alerts"):
        found[i] = (active, triggered, at, tuple(told.get(i, ())))
    by_id = {a.id: a for a in crowd.alerts}

    def describe(i, e, f):
        a = by_id[i]
        return (f"alert {i} on asset {a.asset} {a.kind} {a.value} of {stamp(a.created)}, {sim.assets[a.asset].kind}: "
                f"expected {e}, found {f}")

    kinds = {}
    for a in crowd.alerts:
        kinds[a.kind] = kinds.get(a.kind, 0) + len(a.fired)
    tap.same(f"alerts with their notifications, fired {kinds}", expected, found, describe)


def positions(tap, crowd, operator):
    expected, found, gains, recorded = {}, {}, {}, {}
    for p in crowd.positions:
        expected[p.id] = p.replay()
        gains.update(p.gains)
    numbers = ("quantity", "entry_price", "exit_price", "pnl_realized_usd", "stop_loss_price", "take_profit_price")
    for row in operator.mappings(f"SELECT id, trade_status, {', '.join(numbers)} FROM portfolio"):
        i = row.pop("id")
        found[i] = {k: Fraction(v) if k in numbers and v is not None else v for k, v in row.items()}
    tap.same("positions", expected, found, show("position"))
    recorded = {i: Fraction(v) for i, v in operator.rows("SELECT id, pnl_realized_usd FROM trade_actions")}
    tap.same("profits of actions", gains, recorded, show("action"))
    value(tap, crowd, operator)


def value(tap, crowd, operator):
    """Computes portfolio_positions at the prices of assets, which are checked separately."""
    expected, found = {}, {}
    symbols = dict(operator.rows("SELECT symbol, current_price FROM assets"))
    for p in crowd.positions:
        row, now = p.replay(), symbols[p.asset.symbol]
        held = row["quantity"]
        expected[p.id] = (Fraction(0), Fraction(0)) if not held else (None, None) if now is None else (
            held * Fraction(now), p.sign * (Fraction(now) - row["entry_price"]) * held)
    for i, v, gain in operator.rows("SELECT position_id, value_usd, pnl_unrealized_usd FROM portfolio_positions"):
        found[i] = tuple(None if x is None else Fraction(x) for x in (v, gain))
    tap.same("values and unrealized profits of positions", expected, found, show("position"))
