"""Positions and the profit of each action by docs/guide/rules.md, "Positions and trade actions", in exact fractions."""

import copy
from fractions import Fraction

from clock import stamp

QUANTITY = 4     # digits of a quantity, 2 of a fee
LONG = ("buy", "entry"), ("sell", "partial_sell", "partial_exit")
SHORT = ("sell", "entry"), ("buy", "partial_exit")


class Refused(Exception):
    """An action closes more than is held, or a full exit less."""


def rounded(x, digits=20):
    """Rounds half away from zero, as numeric does."""
    scaled = abs(x) * 10 ** digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if x >= 0 else -whole, 10 ** digits)


class Action:
    """Prices in units of the asset, quantities and fees in theirs."""

    def __init__(self, kind, price, quantity, fees, stop, aim, moment):
        self.kind, self.price, self.quantity, self.fees = kind, price, quantity, fees
        self.stop, self.aim, self.moment = stop, aim, moment
        self.signal = self.id = None

    def changed(self, price):
        new = copy.copy(self)
        new.price = price
        return new

    def money(self, position):
        return position.asset.decimal(self.price)

    def insert(self, position):
        text = position.asset.decimal
        return ("INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, fees_paid, stop_loss, take_profit, "
                "timeframe, action_source, signal_id, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, '1h', 'manual', %s, %s) "
                "RETURNING id",
                (position.id, self.kind, text(self.price), text(self.quantity, QUANTITY), text(self.fees, 2), text(self.stop),
                 text(self.aim), self.signal and self.signal.id, stamp(self.moment)))


class Position:
    def __init__(self, user, asset, kind):
        self.user, self.asset, self.kind = user, asset, kind
        self.opening, self.closing = SHORT if kind == "Short Position" else LONG
        self.sign = -1 if kind == "Short Position" else 1
        self.actions = []
        self.levels = {"stop_loss_price": None, "take_profit_price": None}
        self.id = None

    def settle(self):
        """Follows an accepted change; a level that no action gives any more stays."""
        row = self.replay()
        self.levels = {k: row[k] for k in self.levels}

    def suits(self, signal):
        return signal.asset == self.asset.number and signal.side == ("short" if self.sign < 0 else "long")

    def held(self):
        return int(self.replay()["quantity"] * 10 ** QUANTITY)

    def replay(self):
        """Returns the row of the position; gains has the profit of each action by its id."""
        row = {"quantity": Fraction(0), "entry_price": None, "exit_price": None, "pnl_realized_usd": Fraction(0),
               "trade_status": "open", **self.levels}
        cost = exited = proceeds = Fraction(0)
        self.gains = {}
        for a in sorted(self.actions, key=lambda a: (a.moment, a.id or 10 ** 9)):
            price = Fraction(a.price, 10 ** self.asset.digits)
            q, fees = Fraction(a.quantity, 10 ** QUANTITY), Fraction(a.fees, 100)
            self.gains[a.id] = Fraction(0)
            if a.kind in self.opening:
                if row["quantity"]:
                    row["trade_status"] = "accumulating"
                else:
                    cost = exited = proceeds = Fraction(0)
                    row.update(trade_status="open", exit_price=None)
                row["quantity"] += q
                cost += price * q + self.sign * fees
                row["entry_price"] = rounded(cost / row["quantity"])
            elif a.kind in self.closing or a.kind == "full_exit":
                if q > row["quantity"] or a.kind == "full_exit" and q < row["quantity"]:
                    raise Refused
                removed = cost if q == row["quantity"] else rounded(cost * q / row["quantity"])
                self.gains[a.id] = self.sign * (price * q - removed) - fees
                row["pnl_realized_usd"] += self.gains[a.id]
                cost -= removed
                row["quantity"] -= q
                exited += q
                proceeds += price * q - self.sign * fees
                row["exit_price"] = rounded(proceeds / exited)
                row["trade_status"] = "reducing" if row["quantity"] else "closed"
            for level, kind, value in (("stop_loss_price", "modify_sl", a.stop), ("take_profit_price", "modify_tp", a.aim)):
                if a.kind == kind or a.kind in self.opening and value is not None:
                    row[level] = None if value is None else Fraction(value, 10 ** self.asset.digits)
        return row
