"""Simulated time in seconds since 1970 in UTC, timeframes, and the size of a run.

Nothing here comes from the extension: boundaries are those that docs/guide/candles.md promises.
"""

import calendar
import datetime
import os

UTC = datetime.timezone.utc
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800

# a month has no length of its own
LENGTHS = {"1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR,
           "2h": 2 * HOUR, "4h": 4 * HOUR, "6h": 6 * HOUR, "8h": 8 * HOUR, "12h": 12 * HOUR, "1d": DAY, "3d": 3 * DAY,
           "1w": WEEK, "1M": None}
TIMEFRAMES = tuple(LENGTHS)
ROLLED_UP = ("5m", "15m", "1h", "4h", "1d", "1w")

# Sunday; the first midnight ends a day, a week and a month
START = int(datetime.datetime(2024, 6, 30, 6, 0, tzinfo=UTC).timestamp())


def bucket(code, t):
    """Returns the start of the candle that contains a moment."""
    if code == "1M":
        d = datetime.datetime.fromtimestamp(t, UTC)
        return int(datetime.datetime(d.year, d.month, 1, tzinfo=UTC).timestamp())
    if code == "1w":
        return t - (t - 4 * DAY) % WEEK
    return t - t % LENGTHS[code]


def end(code, start):
    if code == "1M":
        d = datetime.datetime.fromtimestamp(start, UTC)
        return start + calendar.monthrange(d.year, d.month)[1] * DAY
    return start + LENGTHS[code]


def divides(source, target):
    """Returns whether a candle of target consists of whole candles of source, a finer timeframe."""
    if source == target or source == "1M":
        return False
    if target == "1M":
        return LENGTHS[source] <= DAY
    if source == "1w":
        return False
    if target == "1w":
        return LENGTHS[source] <= DAY
    return LENGTHS[target] % LENGTHS[source] == 0


def stamp(t):
    """Formats a moment for SQL, with the fraction of a second if there is one."""
    return datetime.datetime.fromtimestamp(t, UTC)


class Plan:
    """The length and size of a run and its steps: the short form, unless the environment says otherwise."""

    def __init__(self, long=False):
        env = os.environ.get
        self.seed = int(env("MARKET_SEED") or 14)
        self.days = float(env("MARKET_DAYS") or (7 if long else 1.05))
        self.assets = int(env("MARKET_ASSETS") or 100)
        self.users = int(env("MARKET_USERS") or (60 if long else 20))
        self.step = int(env("MARKET_STEP") or (30 if long else 20)) * MINUTE
        self.start = START
        self.stop = START + int(self.days * 1440) * MINUTE

    def ticks(self):
        """Yields the moments of maintain(): each minute around the first midnight, otherwise each step, a few seconds late."""
        midnight = bucket("1d", self.start) + DAY
        t = self.start + self.step
        while t <= self.stop:
            yield t + 5
            t += MINUTE if abs(t - midnight) < 10 * MINUTE else self.step - (t - self.start) % self.step
        # what came late is rolled up again after the next midnight
        yield self.stop + 2 * HOUR + 5
        yield bucket("1d", self.stop) + DAY + HOUR + 5 * MINUTE
