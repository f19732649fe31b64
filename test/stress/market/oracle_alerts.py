"""Which alerts fire, when, and at which candle: docs/guide/rules.md, "Alerts", with the oracle's candles."""

import bisect
from fractions import Fraction

from clock import DAY, HOUR, TIMEFRAMES, bucket, end
from oracle_positions import rounded


class Figure:
    """A candle to compare, which ends where what it was made of does, and what was known before it."""

    def __init__(self, book, code, start):
        candle = book.get(code, start)
        self.code, self.start, self.closed = code, start, book.until(code, start)
        self.high, self.low, self.close, self.volume = candle[1], candle[2], candle[3], candle[4]
        self.before = self.change = self.ratio = self.ratio_before = None


class Watch:
    """The alerts of one asset, and how far its candles were checked."""

    def __init__(self):
        self.alerts, self.mark, self.marked = [], None, False

    def check_alerts(self, book, signals, t):
        waiting = [a for a in self.alerts if a.active and a.waiting and a.created <= t]
        self.marked = self.marked or bool(waiting)
        if not self.marked or book is None:
            return
        figures = self.figures(book, waiting, t)
        for alert in waiting:
            if alert.user.deleted is not None and alert.user.deleted <= t:
                continue
            cause = self.signal(alert, signals, t) if alert.kind == "signal" else next(
                ((f.code, f.start) for f in figures if fires(alert, f)), None)
            if cause is not None:
                alert.waiting, alert.triggered_at = False, t
                alert.fired.append((t, cause))
        if figures:
            self.mark = end(figures[-1].code, figures[-1].start)

    def arm(self, t):
        for a in self.alerts:
            a.waiting = a.waiting or t in a.rearmed

    @staticmethod
    def signal(alert, signals, t):
        new = [s for s in signals if alert.created <= s.created <= t
               and (alert.triggered_at is None or s.created > alert.triggered_at)
               and (alert.expires is None or alert.expires > s.created)]
        return min(new, key=lambda s: (s.created, s.id)).id if new else None

    def expire_alerts(self, book, signals, t):
        for a in self.alerts:
            if a.active and a.waiting and a.expires is not None and a.expires <= t:
                a.active = False

    # ---- candles ----

    def figures(self, book, waiting, t):
        for code in TIMEFRAMES:
            if self.mark is None and not waiting:
                return []
            since = self.mark if self.mark is not None else bucket(code, min(a.created for a in waiting))
            new = book.live_between(code, since, t)
            if new:
                return self.compare(book, code, new)
        return []

    def compare(self, book, code, new):
        figures = [Figure(book, code, s) for s in new]
        order, before = book.order[code], self.before(book, code, new[0])
        at = bisect.bisect_left(order, new[0])
        history = [(s, book.get(code, s)[4]) for s in order[max(0, at - 21):at]] + [(f.start, f.volume) for f in figures]
        ratios = {}
        for i, (s, volume) in enumerate(history):
            twenty = [v for _, v in history[max(0, i - 20):i]]
            if volume is not None and len(twenty) == 20 and None not in twenty and sum(twenty):
                ratios[s] = rounded(Fraction(20 * volume, sum(twenty)), 8)
        place = {s: i for i, (s, _) in enumerate(history)}
        for f in figures:
            f.before, before = before, f
            f.change = change(book, f)
            f.ratio = ratios.get(f.start)
            i = place[f.start]
            f.ratio_before = ratios.get(history[i - 1][0]) if i else None
        if figures[0].before:
            figures[0].before.change = change(book, figures[0].before)
        return figures

    @staticmethod
    def before(book, code, first):
        """Returns the candle that ended last before the first new one; of any timeframe if its own has a gap."""
        found = []
        own = book.last_start(code, first)
        if own is not None:
            found.append(Figure(book, code, own))
        if own is None or end(code, own) != first:
            others = [Figure(book, c, s) for c in TIMEFRAMES if c != code
                      for s in [book.closed_before(c, first)] if s is not None]
            # of those that end together the finest
            found += sorted(others, key=lambda f: (-f.closed, TIMEFRAMES.index(f.code)))[:1]
        return max(found, key=lambda f: (f.closed, f.start), default=None)


def change(book, f):
    """Returns the change over 24 hours in percent; the earlier close must not have been older than an hour."""
    old, closed = book.price_at(f.closed - DAY, HOUR)
    if old is None or closed < f.closed - DAY - HOUR:
        return None
    return rounded(Fraction(100 * (f.close - old), abs(old)), 8) if old else None


def fires(alert, f):
    since = max(m for m in (alert.created, alert.triggered_at) if m is not None)
    if f.closed <= since or alert.expires is not None and alert.expires <= f.closed:
        return False
    high, low = (f.high, f.low) if f.start >= since else (f.close, f.close)
    before, v = f.before and f.before.close, alert.value
    if alert.kind == "above":
        return high >= v and (before is None or before < v)
    if alert.kind == "below":
        return low <= v and (before is None or before > v)
    if alert.kind == "equals":
        if before is None:
            return low <= v <= high
        return min(before, low) <= v <= max(before, high) and before != v
    v = Fraction(v, 100)
    if alert.kind == "percentage_change":
        before = f.before and f.before.change
        if f.change is None:
            return False
        return f.change >= v and (before is None or before < v) if v >= 0 else f.change <= v and (before is None or before > v)
    ratio, before = f.ratio, f.ratio_before
    if alert.kind == "volume_percent":
        ratio, before = (None if x is None else 100 * x - 100 for x in (ratio, before))
    return ratio is not None and ratio >= v and (before is None or before < v)
