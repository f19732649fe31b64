"""What every candle should be, from the deliveries alone.

A candle is built from the finest candles delivered; spans in which there is none are filled by the
next coarser ones that lie wholly in such a span, and so on.  A delivered candle stays as it came
unless finer ones cover all that it covers.
"""

import bisect

from clock import ROLLED_UP, TIMEFRAMES, bucket, divides, end


class Series:
    """The candles of one asset as they were delivered."""

    def __init__(self):
        self.delivered = {}   # code -> {start: (open, high, low, close, volume)}

    def deliver(self, code, start, candle):
        stored = self.delivered.setdefault(code, {})
        if candle[4] is None and start in stored:
            candle = candle[:4] + (stored[start][4],)
        stored[start] = candle

    def sources(self):
        """(code, start, candle) in order of time, without those that hold finer ones."""
        kept, finer = [], []
        for code in TIMEFRAMES:
            candles = self.delivered.get(code)
            if not candles:
                continue
            for start, candle in candles.items():
                i = bisect.bisect_left(finer, start)
                if i == len(finer) or finer[i] >= end(code, start):
                    kept.append((start, code, candle))
            finer = sorted(set(finer) | set(candles))
        return sorted(kept, key=lambda k: k[0])

    def candles(self, target, sources=None):
        """Every candle of a timeframe that the deliveries give, whether it is stored or not."""
        built = {}
        for start, code, candle in self.sources() if sources is None else sources:
            if code == target or divides(code, target):
                b = bucket(target, start)
                built[b] = merge(built.get(b), candle)
        for start, candle in self.delivered.get(target, {}).items():
            if not self.covered(target, start):
                built[start] = candle
        return built

    def covered(self, code, start):
        """Whether finer candles cover all of a delivered one; a fragment does not."""
        until, t = end(code, start), start
        while t < until:
            for finer in TIMEFRAMES[:TIMEFRAMES.index(code)]:
                if t in self.delivered.get(finer, ()):
                    t = end(finer, t)
                    break
            else:
                return False
        return True

    def stored(self, as_of, sources=None):
        """code -> candles that are stored when maintain() has settled as of a moment."""
        found = {code: dict(candles) for code, candles in self.delivered.items()}
        sources = self.sources() if sources is None else sources
        for code in ROLLED_UP:
            for start, candle in self.candles(code, sources).items():
                if end(code, start) <= as_of:
                    found.setdefault(code, {})[start] = candle
        return found


def merge(a, b):
    """Two candles in order of time; an unknown volume adds nothing to a known one."""
    if a is None:
        return b
    volume = b[4] if a[4] is None else a[4] if b[4] is None else a[4] + b[4]
    return a[0], max(a[1], b[1]), min(a[2], b[2]), b[3], volume


def series_of(log):
    """asset -> Series, all deliveries taken."""
    found = {}
    for asset, code, start, *candle in log.deliveries:
        found.setdefault(asset, Series()).deliver(code, start, tuple(candle))
    return found
