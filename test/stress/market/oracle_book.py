"""What is stored after each call of maintain(): docs/guide/rules.md, "Maintenance", from the deliveries alone.

A call rolls up from the last stored candle to where the feed is, or to an hour ago if that is later; the first
call of a day rolls up the last two days again, and archives.
"""

import bisect

import oracle_candles
from clock import DAY, HOUR, ROLLED_UP, TIMEFRAMES, bucket, divides, end

RETENTION = {"1m": 6 * HOUR, "5m": DAY, "15m": 2 * DAY}


class Book:
    """The candles of one asset, live and archived."""

    def __init__(self):
        self.series = oracle_candles.Series()
        self.live = {code: {} for code in TIMEFRAMES}
        self.archived = {code: {} for code in TIMEFRAMES}
        self.order = {}     # code -> sorted starts of all that are stored
        self.made_of = {}   # (code, start) -> seconds of its span that a roll-up had candles of, if not all

    def deliver(self, code, start, candle):
        self.series.deliver(code, start, candle)
        self.store(code, start, self.series.delivered[code][start])
        self.made_of.pop((code, start), None)

    def store(self, code, start, candle):
        if start not in self.live[code] and start not in self.archived[code]:
            bisect.insort(self.order.setdefault(code, []), start)
        self.archived[code].pop(start, None)
        self.live[code][start] = candle

    def get(self, code, start):
        return self.live[code].get(start) or self.archived[code].get(start)

    def last_start(self, code, before=None):
        """Returns the start of the last stored candle, or of the last one that starts before a moment."""
        starts = self.order.get(code)
        if not starts:
            return None
        i = len(starts) if before is None else bisect.bisect_left(starts, before)
        return starts[i - 1] if i else None

    def newest_live(self, code):
        return next(s for s in reversed(self.order[code]) if s in self.live[code])

    def live_between(self, code, since, until):
        """Returns the starts of live candles from one moment on that had closed at another."""
        order = self.order.get(code, [])
        first, last = bisect.bisect_left(order, since), bisect.bisect_left(order, bucket(code, until))
        return [s for s in order[first:last] if s in self.live[code]]

    def closed_before(self, code, moment):
        """Returns the last candle that had closed at a moment."""
        return self.last_start(code, bucket(code, moment))

    # ---- maintain() ----

    def roll_up_again(self, code, t):
        self.write(code, bucket(code, t - 2 * DAY), bucket(code, t - HOUR))

    def roll_up(self, code, t):
        feed = max((end(c, self.newest_live(c)) for c in TIMEFRAMES if self.live[c] and divides(c, code)), default=None)
        if feed is None:
            return
        until = bucket(code, min(t, max(feed, t - HOUR)))
        last = self.last_start(code)
        since = None if last is None else end(code, last)
        if since is None or since < min(until, feed):
            self.write(code, since, until)

    def write(self, code, since, until):
        if since is None:
            first = [c for c in TIMEFRAMES if self.order.get(c) and divides(c, code)]
            if not first:
                return
            since = bucket(code, min(self.order[c][0] for c in first))
        while since < until:
            stop = end(code, since)
            candle = self.series.candle(code, since)
            if candle and candle != self.get(code, since):
                self.store(code, since, candle)
            covered = sum(b - a for a, b, _ in self.series.parts(code, since, stop))
            if covered == stop - since:
                self.made_of.pop((code, since), None)
            elif covered:
                self.made_of[code, since] = covered
            since = stop

    def archive(self, _, t):
        for code, keep in RETENTION.items():
            for start in [s for s in self.live[code] if s < t - keep]:
                self.archived[code][start] = self.live[code].pop(start)

    # ---- prices ----

    def until(self, code, start):
        """Returns how far a candle reaches at least: to its end, or to its start plus what it was made of."""
        return start + self.made_of.get((code, start), end(code, start) - start)

    def price_at(self, moment, staleness):
        """Returns the last close at a moment and how far its candle reaches, of the finest timeframe that is fresh enough."""
        for code in TIMEFRAMES:
            start = self.closed_before(code, moment)
            if start is not None and moment - self.until(code, start) <= staleness:
                return self.get(code, start)[3], self.until(code, start)
        return None, None

    def reaches(self, moment):
        """Returns whether a stored candle reaches a moment."""
        return any(starts and self.until(code, starts[-1]) >= moment for code, starts in self.order.items())
