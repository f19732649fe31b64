"""What every candle should be, from the deliveries alone.

A candle is built from the finest candles delivered.  A coarser one counts where the finer ones inside
it cover less than it does, and takes their place: an hour that was delivered fills the hole that
an outage left, and ten stray minutes are no day.
"""

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

    def parts(self, target, since=None, until=None):
        """(start, end, candle) that make up the candles of a timeframe, in order of time; of one candle, or of all."""
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
        """Every candle of a timeframe that the deliveries give, whether it is stored or not."""
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
        """code -> candles that are stored when maintain() has settled as of a moment."""
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
    """Coarser parts in the place of finer ones that cover less, both in order of time."""
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
