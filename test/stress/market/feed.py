"""What the exchanges trade, and how it reaches the database: late, in parts, twice, corrected.

An asset has a tape with the true minutes.  Deliveries are candles made of the tape: minutes, or coarser
candles after an outage, when the exchange sends what it still has.  Prices and volumes are integers in
units of the asset's last digit.
"""

import decimal
import random

from clock import DAY, HOUR, MINUTE, bucket, end

KINDS = ("steady", "lagging", "outages", "corrected", "hourly", "hours then minutes", "five minutes", "sparse",
         "upserts", "history", "overlaps", "late listing")
BACKFILL = ("1h", "15m", "5m", "1m")


class Delivery:
    """A candle that was sent: when it arrives, and its span."""
    __slots__ = ("at", "code", "start", "correction")

    def __init__(self, at, code, start, correction=None):
        self.at, self.code, self.start, self.correction = at, code, start, correction


class Asset:
    def __init__(self, number, plan):
        self.number = number
        self.symbol = f"MKT{number}"
        self.kind = KINDS[number % len(KINDS)]
        self.random = random.Random(f"{plan.seed} feed {number}")
        self.plan = plan
        self.digits = self.random.choice((2, 4, 8, 12))
        self.volume_digits = self.random.choice((2, 2, 6))
        self.first = plan.start - 3 * HOUR
        if self.kind == "late listing":
            self.first = plan.start + self.random.randrange(120, 600) * MINUTE
        if self.kind == "history":
            self.first = bucket("1d", plan.start) - 20 * DAY
        self.tape = {}
        self.cursor = self.first
        self.price = self.random.randrange(10 ** 5, 10 ** 7)
        self.outages = list(self.plan_outages()) if self.kind in ("outages", "overlaps") else []
        self.pending = sorted(self.plan_deliveries(), key=lambda d: (d.at, d.start, -len(d.code)))
        self.sent = 0

    # ---- the tape ----

    def minute(self, start):
        """Returns open, high, low, close and volume of a minute; None if nobody traded."""
        while self.cursor <= start:
            self.trade()
        return self.tape.get(start)

    def trade(self):
        r = self.random
        if self.kind == "sparse" and r.random() > 1 / 7:
            self.cursor += MINUTE
            return
        scale = max(1, self.price // 1000)
        if r.random() < 0.003:
            scale *= 20
        prices = [self.price]
        for _ in range(3):
            prices.append(max(1, prices[-1] + r.randrange(-scale, scale + 1)))
        self.price = prices[-1] if r.random() < 0.97 else self.price
        prices[-1] = self.price
        volume = r.randrange(1, 10 ** 6) * (30 if r.random() < 0.01 else 1)
        self.tape[self.cursor] = (prices[0], max(prices), min(prices), self.price, volume)
        self.cursor += MINUTE

    def candle(self, code, start):
        """Returns what the exchange sends for a span at this moment."""
        parts = [m for m in map(self.minute, range(start, end(code, start), MINUTE)) if m]
        if not parts:
            return None
        volume = None if self.kind == "hourly" else sum(p[4] for p in parts)
        return parts[0][0], max(p[1] for p in parts), min(p[2] for p in parts), parts[-1][3], volume

    # ---- the deliveries ----

    def plan_outages(self):
        t = self.plan.start + self.random.randrange(10, 200) * MINUTE
        while t < self.plan.stop:
            until = t + self.random.choice((7, 25, 40, 75, 130, 200, 420)) * MINUTE + self.random.randrange(60) * MINUTE
            until = min(until, self.plan.stop)
            yield t, until
            t = until + self.random.randrange(60, 600) * MINUTE

    def plan_deliveries(self):
        plan, r = self.plan, self.random
        if self.kind == "history":
            for day in range(self.first, bucket("1d", plan.start), DAY):
                yield Delivery(plan.start, "1d", day)
        if self.kind == "hourly":
            yield from self.every("1h", bucket("1h", self.first), plan.stop)
            return
        if self.kind == "five minutes":
            yield from self.every("5m", self.first, plan.stop)
            return
        begin = self.first
        if self.kind == "hours then minutes":
            begin = bucket("1h", plan.start) + 6 * HOUR
            yield from self.every("1h", bucket("1h", self.first), begin)
        if self.kind == "history":
            begin = bucket("1d", plan.start) - (r.randrange(1, 900) * MINUTE if self.number // len(KINDS) % 2 else 0)
        lag = 2
        for start in range(begin, plan.stop, MINUTE):
            if any(a <= start < b for a, b in self.outages):
                continue
            if self.kind == "lagging":
                lag = min(3600, max(5, lag + r.randrange(-300, 301)))
            at = start + MINUTE + lag
            yield Delivery(at, "1m", start)
            if r.random() < 0.01:
                yield Delivery(at + r.randrange(1, 20) * MINUTE, "1m", start)
            if self.kind == "corrected" and r.random() < 0.02:
                yield Delivery(at + r.choice((1, 5, 90, 600)) * MINUTE, "1m", start, r.randrange(1, 10 ** 9))
        for a, b in self.outages:
            yield from self.backfill(a, b)

    def every(self, code, since, until):
        t = since
        while end(code, t) <= until:
            yield Delivery(end(code, t) + self.random.randrange(1, 120), code, t)
            t = end(code, t)

    def backfill(self, since, until):
        """Fills an outage later, by candles of mixed lengths, or leaves a gap."""
        r = self.random
        if r.random() < 0.2:
            return
        at = until + r.choice((1, 20, 90, 400)) * MINUTE
        t = since
        if self.kind == "overlaps":
            # the exchange has whole candles, beside what came before and after the outage
            for code in r.sample(("15m", "1h"), r.randrange(1, 3)):
                for start in range(bucket(code, since), until, end(code, 0)):
                    yield Delivery(max(at, end(code, start) + 5), code, start)
            return
        while t < until:
            code = r.choice([c for c in BACKFILL if bucket(c, t) == t and end(c, t) <= until])
            if r.random() > 0.1:
                yield Delivery(at, code, t)
            t = end(code, t)

    def due(self, t):
        """Returns the deliveries that arrive by a moment, in the order of arrival."""
        while self.sent < len(self.pending) and self.pending[self.sent].at <= t:
            d = self.pending[self.sent]
            self.sent += 1
            if d.correction:
                self.correct(d.start, d.correction)
            values = self.candle(d.code, d.start)
            if values:
                yield d, values

    def correct(self, start, noise):
        """The exchange cancels a trade: another close and volume, within or beyond the range."""
        old = self.minute(start)
        if old:
            close = max(1, old[3] + noise % (old[3] // 50 + 2) - old[3] // 100)
            self.tape[start] = (old[0], max(old[1], close), min(old[2], close), close, old[4] + noise % 1000)

    # ---- numbers as the database knows them ----

    def text(self, value, digits=None):
        digits = self.digits if digits is None else digits
        whole, part = divmod(abs(value), 10 ** digits)
        return "-" * (value < 0) + (f"{whole}.{part:0{digits}d}" if digits else str(whole))

    def decimal(self, value, digits=None):
        return None if value is None else decimal.Decimal(self.text(value, digits))

    def units(self, number, digits=None):
        """Converts a numeric to units; a number with more digits than the asset has stays a fraction, and so differs."""
        if number is None:
            return None
        scaled = number.scaleb(self.digits if digits is None else digits)
        return int(scaled) if scaled == scaled.to_integral_value() else scaled
