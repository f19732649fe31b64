"""The crowd: the sign-in role manages accounts and sessions; the application alerts and trades, for one user at a time."""

import random

from clock import DAY, HOUR, MINUTE, bucket, stamp
from database import Session
from oracle_accounts import Account
from oracle_positions import Action, Position, Refused

KINDS = ("above", "below", "equals", "percentage_change", "volume", "volume_percent", "signal")


class Alert:
    """A value in units of the asset, or in hundredths for changes and volumes."""

    def __init__(self, r, user, asset, t):
        self.user, self.asset, self.created = user, asset.number, t
        self.kind = r.choice(KINDS)
        self.value = None
        if self.kind in ("above", "below", "equals"):
            self.value = max(1, int(asset.price * r.uniform(0.97, 1.03)))
        elif self.kind == "percentage_change":
            self.value = r.choice((-1000, -300, -50, 50, 300, 1000))
        elif self.kind == "volume":
            self.value = r.choice((120, 180, 250, 1000))
        elif self.kind == "volume_percent":
            self.value = r.choice((30, 90, 150, 900)) * 100
        self.condition = {"volume": r.choice(("above", None)), "volume_percent": "percentage_change", "signal": None}.get(
            self.kind, self.kind)
        self.type = "signal_generated" if self.kind == "signal" else "volume_spike" if "volume" in self.kind else "price_target"
        self.expires = t + r.randrange(1, 30) * 20 * MINUTE if r.random() < 0.4 else None
        self.active, self.triggered_at, self.waiting = True, None, True
        self.fired = []      # (moment, what fired it)
        self.rearmed = []    # ticks before whose call the user armed it again
        self.id = None


class Crowd:
    def __init__(self, sim, desk):
        self.sim, self.desk = sim, desk
        self.random = random.Random(f"{sim.plan.seed} crowd")
        self.sign_in, self.application = Session("sign_in"), Session("application")
        self.accounts = [Account(n) for n in range(sim.plan.users)]
        self.alerts, self.positions = [], []
        self.refused = 0
        self.day = self.seen = None     # day and moment of the last call of maintain()

    def begin(self):
        for a in self.accounts:
            a.id = self.sign_in.value("INSERT INTO users (email, password_hash) VALUES (%s, 'x') RETURNING id", a.email)

    def expect(self, what, expected, found):
        if expected != found:
            self.sim.log.broken.append(f"{what}: expected {expected}, found {found}")

    def act(self, t):
        for account in self.accounts:
            self.visit(account, t)
        self.set_alerts(t)
        self.trade(t, 4, 0.16)

    def beside(self, t):
        self.trade(t + 1, 4, 0.12)

    def after(self, t):
        self.seen = t
        if bucket("1d", t) != self.day:
            self.day = bucket("1d", t)
            for account in self.accounts:
                account.purge(t - DAY)

    def end(self, t):
        for account in self.accounts:
            for token in account.tokens():
                self.expect(f"session_holder of {account.email}", account.id if account.holds(token, t) else None,
                            self.sign_in.value("SELECT session_holder(%s, %s)", token, stamp(t)))
        self.sign_in.close()
        self.application.close()

    # ---- accounts ----

    def visit(self, account, t):
        """One user signs in or out."""
        r, call = self.random, self.sign_in.value
        dice = r.random()
        if dice < 0.25:
            right = r.random() < (0.2 if account.number % 5 == 0 else 0.6)
            found = call("SELECT record_login(user_by_email(%s), %s, %s)", account.email, right, stamp(t))
            self.expect(f"record_login of {account.email} at {stamp(t)}", account.login(right, t), found)
            if found:
                token, end = account.new_token(), t + r.choice((HOUR, 12 * HOUR)) if r.random() < 0.8 else None
                call("SELECT open_session(%s, %s, %s, %s, moment => %s)", account.id, token, f"{token} refresh",
                     end and stamp(end), stamp(t))
                account.open(token, end, t)
        elif dice < 0.45 and account.tokens():
            token = r.choice(account.tokens())
            self.expect(f"session_holder of {account.email} at {stamp(t)}", account.id if account.holds(token, t) else None,
                        call("SELECT session_holder(%s, %s)", token, stamp(t)))
        elif dice < 0.55 and account.tokens():
            token, new, end = r.choice(account.tokens()), account.new_token(), r.choice((None, t + 6 * HOUR))
            found = call("SELECT refresh_session(%s, %s, %s, %s, %s, moment => %s)", token, f"{token} refresh", new,
                         f"{new} refresh", end and stamp(end), stamp(t))
            self.expect(f"refresh_session of {account.email} at {stamp(t)}", account.refresh(token, new, end, t),
                        found is not None)
        elif dice < 0.6 and account.tokens():
            token = r.choice(account.tokens())
            self.expect(f"end_session of {account.email} at {stamp(t)}", account.close(token, t),
                        call("SELECT end_session(%s, moment => %s)", token, stamp(t)))
        elif dice < 0.62 and account.locked:
            self.desk.operator.rows("UPDATE users SET lockout_expires = NULL WHERE id = %s", account.id)
            account.clear()
        elif dice < 0.622 and account.number % 4 == 3:
            self.expect(f"delete_user {account.email}", account.delete(t),
                        call("SELECT delete_user(%s, moment => %s)", account.id, stamp(t)))

    # ---- alerts ----

    def set_alerts(self, t):
        r, assets = self.random, [a for a in self.sim.assets if a.tape]
        for account in r.sample(self.accounts, min(6, len(self.accounts))):
            for alert in [Alert(r, account, r.choice(assets), t - 30) for _ in range(2)] if assets else []:
                value = alert.value
                if value is not None:
                    value = self.sim.assets[alert.asset].decimal(value, None if alert.type == "price_target" and
                                                                 alert.kind != "percentage_change" else 2)
                rows, code = self.application.as_user(
                    account.id, "INSERT INTO signal_alerts (user_id, asset_id, alert_type, condition, trigger_value, expires_at, "
                    "created_at) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id", account.id, self.sim.ids[alert.asset],
                    alert.type, alert.condition, value, alert.expires and stamp(alert.expires), stamp(alert.created))
                self.expect(f"alert of {account.email}", None, code)
                alert.id = rows[0][0]
                self.alerts.append(alert)
        for alert in r.sample(self.alerts, min(5, len(self.alerts))):
            # arming what waits changes nothing
            _, code = self.application.as_user(alert.user.id, "UPDATE signal_alerts SET is_triggered = false WHERE id = %s",
                                               alert.id)
            self.expect(f"alert {alert.id} armed", None, code)
            alert.rearmed.append(t)

    # ---- trades ----

    def trade(self, t, count, late):
        for n in range(count):
            account = self.random.choice(self.accounts)
            own = [p for p in self.positions if p.user is account]
            if not own or len(own) < 3 and self.random.random() < 0.3:
                own = [self.open_position(account)]
            self.act_on(self.random.choice(own), t + n / 1000, late)

    def open_position(self, account):
        r, assets = self.random, [a for a in self.sim.assets if a.tape] or self.sim.assets
        a = r.choice(assets)
        kind = r.choice(("Crypto Asset", "Long Position", "Short Position"))
        rows, code = self.application.as_user(
            account.id, "INSERT INTO portfolio (user_id, asset_id, asset_symbol, asset_type) VALUES (%s, %s, %s, %s) "
            "RETURNING id", account.id, self.sim.ids[a.number], a.symbol, kind)
        self.expect(f"position of {account.email}", None, code)
        position = Position(account, a, kind)
        position.id = rows[0][0]
        self.positions.append(position)
        return position

    def act_on(self, position, t, late):
        """Records an action, or changes an earlier one; what the rules refuse must be refused and change nothing."""
        r, dice = self.random, self.random.random()
        before = list(position.actions)
        if dice < 0.06 and before:
            old = r.choice(before)
            position.actions.remove(old)
            statement, arguments = "DELETE FROM trade_actions WHERE id = %s", (old.id,)
        elif dice < 0.12 and before:
            old = r.choice(before)
            new = old.changed(price=max(1, old.price + r.randrange(-5, 6)))
            position.actions[before.index(old)] = new
            statement, arguments = "UPDATE trade_actions SET asset_price = %s WHERE id = %s", (new.money(position), old.id)
        else:
            new = self.new_action(position, t - r.randrange(1, 300) * MINUTE if dice < late else t)
            position.actions.append(new)
            statement, arguments = new.insert(position)
        try:
            if statement.startswith("INSERT") and new.signal and not position.suits(new.signal):
                raise Refused
            position.replay()
            expected = None
        except Refused:
            expected = "23514"
            self.refused += 1
        rows, code = self.application.as_user(position.user.id, statement, *arguments)
        self.expect(f"{statement[:40]} on position {position.id} at {stamp(t)}", expected, code)
        if code is not None or expected is not None:
            position.actions = before
        elif statement.startswith("INSERT"):
            new.id = rows[0][0]
            if new.signal:
                new.signal.trades.append((new.moment, self.seen or 0, position.user.id))
        position.settle()

    def new_action(self, position, t):
        r, held = self.random, position.held()
        price = max(1, int(position.asset.price * r.uniform(0.98, 1.02)))
        quantity, kind = r.randrange(1, 10 ** 6), r.choice(position.opening)
        dice = r.random()
        if held and dice < 0.2:
            kind, quantity = "full_exit", held
        elif held and dice < 0.55:
            kind, quantity = r.choice(position.closing), r.randrange(1, held + 1)
        elif dice < 0.62:
            kind, quantity = r.choice(position.closing), held + 1
        elif dice < 0.68:
            kind, quantity = r.choice(("modify_sl", "modify_tp")), 0
        stop = price * 9 // 10 + 1 if kind == "modify_sl" or r.random() < 0.2 else None
        aim = price * 12 // 10 if kind == "modify_tp" or r.random() < 0.2 else None
        action = Action(kind, price, quantity, r.randrange(0, 500), stop, aim, t)
        latest = self.desk.signals[-40:]
        fitting = [s for s in latest if position.suits(s)]
        if latest and r.random() < 0.03:
            action.signal = r.choice(latest)
        elif fitting and kind in position.opening:
            action.signal = r.choice(fitting)
        return action
