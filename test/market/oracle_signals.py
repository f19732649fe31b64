"""What became of signals, by docs/rules.md, "Trading signals"."""

import bisect
from fractions import Fraction

from clock import TIMEFRAMES, end
from oracle_positions import rounded


def executions(signal):
    """By user: a trade executes a signal that has not expired by its time, and that no call has found expired before."""
    users = {}
    for user, moment, seen in signal.trades:
        if signal.expires is None or signal.expires > moment and signal.expires > seen:
            users.setdefault(user, moment)
    return users


def status(signal, as_of):
    """No trade changes it."""
    return "expired" if signal.expires is not None and signal.expires <= as_of else "active"


def ratio(s):
    return rounded(Fraction(abs(s.target - s.entry), abs(s.entry - s.stop)))


def candles(book, code, since, until):
    """(end, candle) of a timeframe from a moment on that had closed at another."""
    starts = book.order.get(code, [])
    for start in starts[bisect.bisect_left(starts, since):]:
        if end(code, start) > until:
            break
        yield start, end(code, start), book.get(code, start)


def touches(s, candle):
    """Whether stop and target are reached."""
    _, high, low, *_ = candle
    return (low <= s.stop, high >= s.target) if s.side == "long" else (high >= s.stop, low <= s.target)


def outcome(s, book, as_of):
    """outcome, ambiguous, timeframe, candle_time, best and worst excursion, bars."""
    until = as_of if s.expires is None else min(as_of, s.expires)
    first = []
    for place, code in enumerate(TIMEFRAMES):
        for start, closed, candle in candles(book, code, s.created, until):
            if any(touches(s, candle)):
                first.append((closed, place, start, touches(s, candle)))
                break
    what, ambiguous, code, start = "open", False, None, None
    if first:
        until, place, start, (stopped, aimed) = min(first)
        what, ambiguous, code = "stop" if stopped else "target", stopped and aimed, TIMEFRAMES[place]
    elif s.expires is not None and s.expires <= as_of:
        what = "expired"
    seen = {c: [x for _, _, x in candles(book, c, s.created, until)] for c in TIMEFRAMES}
    seen = {c: v for c, v in seen.items() if v}
    code = code or next(iter(seen), None)
    high, low = (max((x[1] for v in seen.values() for x in v), default=None), min((x[2] for v in seen.values() for x in v), default=None))
    if high is None:
        return what, ambiguous, code, start, None, None, 0
    best, worst = (high - s.entry, low - s.entry) if s.side == "long" else (s.entry - low, s.entry - high)
    return (what, ambiguous, code, start, *(rounded(Fraction(x, abs(s.entry))) for x in (best, worst)), len(seen.get(code, ())))
