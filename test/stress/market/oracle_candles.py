"""What every candle should be, from the deliveries alone.

A candle is built from the finest delivered candles.  A coarser one replaces the finer ones inside it if they
cover less than it does: a delivered hour fills the gap of an outage, and ten stray minutes do not replace a
day.
"""

from clock import ROLLED_UP, TIMEFRAMES, bucket, divides, end


class Series:
    """The delivered candles of one asset."""

    def __init__(self):
        self.delivered = {}   # code -> {start: (open, high, low, close, volume)}

    def deliver(self, code, start, candle):
        stored = self.delivered.setdefault(code, {})
        if candle[4] is None and start in stored:
            candle = candle[:4] + (stored[start][4],)
        stored[start] = candle

    def parts(self, target, since=None, until=None):
        """Returns the parts (start, end, candle) of one candle of a timeframe, or of all, in order of time."""
        kept = []
        for code in TIMEFRAMES:
            candles = self.delivered.get(code)
            if not candles or not (code == target or divides(code, target)):
                continue
            starts = sorted(candles) if since is None else within(candles, code, since, until)
            kept = merged(kept, [(s, end(code, s), candles[s]) for s in starts]) if kept else [
                (s, end(code, s), candles[s]) for s in starts]
        return kept

    def candles(self, target):
        """Returns every candle of a timeframe that the deliveries give, whether or not it is stored."""
        built = {}
        for start, _, candle in self.parts(target):
            b = bucket(target, start)
            built[b] = merge(built.get(b), candle)
        return built

    def candle(self, target, start):
        built = None
        for _, _, candle in self.parts(target, start, end(target, start)):
            built = merge(built, candle)
        return built

    def stored(self, as_of):
        """Returns code -> candles that are stored after maintain() has done everything as of a moment."""
        found = {code: dict(candles) for code, candles in self.delivered.items()}
        for code in ROLLED_UP:
            for start, candle in self.candles(code).items():
                if end(code, start) <= as_of:
                    found.setdefault(code, {})[start] = candle
        return found


def within(candles, code, since, until):
    found = []
    while since < until:
        if since in candles:
            found.append(since)
        since = end(code, since)
    return found


def merged(finer, coarser):
    """Replaces finer parts by coarser ones that cover more, both in order of time."""
    out, i = [], 0
    for part in coarser:
        start, stop, _ = part
        while i < len(finer) and finer[i][0] < start:
            out.append(finer[i])
            i += 1
        first = i
        while i < len(finer) and finer[i][0] < stop:
            i += 1
        inside = finer[first:i]
        out += inside if sum(b - a for a, b, _ in inside) == stop - start else [part]
    return out + finer[i:]


def merge(a, b):
    """Merges two candles in order of time; an unknown volume adds nothing to a known one."""
    if a is None:
        return b
    volume = b[4] if a[4] is None else a[4] if b[4] is None else a[4] + b[4]
    return a[0], max(a[1], b[1]), min(a[2], b[2]), b[3], volume


def series_of(log):
    """Returns asset -> Series of all deliveries."""
    found = {}
    for asset, code, start, *candle in log.deliveries:
        found.setdefault(asset, Series()).deliver(code, start, tuple(candle))
    return found
