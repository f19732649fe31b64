"""The outcomes of signals, by docs/guide/rules.md, "Trading signals"."""

import bisect
from fractions import Fraction

from clock import TIMEFRAMES, end
from oracle_positions import rounded


def executions(signal):
    """Returns for each user the first trade that was recorded while the signal was active and not expired."""
    found = {}
    for moment, seen, user in signal.trades:
        if signal.expires is None or signal.expires > moment and signal.expires > seen:
            found.setdefault((user, signal.id), moment)
    return found


def status(signal, as_of):
    return "expired" if signal.expires is not None and signal.expires <= as_of else "active"


def ratio(s):
    return rounded(Fraction(abs(s.target - s.entry), abs(s.entry - s.stop)))


def candles(book, code, since, until):
    """Returns (end, candle) of a timeframe from one moment on, closed at another."""
    starts = book.order.get(code, [])
    for start in starts[bisect.bisect_left(starts, since):]:
        if end(code, start) > until:
            break
        yield start, end(code, start), book.get(code, start)


def touches(s, candle):
    """Returns whether stop and target are touched."""
    _, high, low, *_ = candle
    return (low <= s.stop, high >= s.target) if s.side == "long" else (high >= s.stop, low <= s.target)


def entry(s, book, until):
    """Returns (end, place, start, part that is known to be after the entry) of the candle that reaches the entry."""
    firsts, reached = [], []
    for place, code in enumerate(TIMEFRAMES):
        for start, closed, candle in candles(book, code, s.created, until):
            firsts.append((closed, place, candle[0]))
            break
    if not firsts:
        return None
    above = min(firsts)[2] >= s.entry
    for place, code in enumerate(TIMEFRAMES):
        for start, closed, (opened, high, low, close, *_) in candles(book, code, s.created, until):
            if above and low <= s.entry:
                reached.append((closed, place, start, (opened, max(s.entry, close) if opened > s.entry else high, low)))
                break
            if not above and high >= s.entry:
                reached.append((closed, place, start, (opened, high, min(s.entry, close) if opened < s.entry else low)))
                break
    return min(reached) if reached else None


def outcome(s, book, as_of):
    """Returns outcome, ambiguous, timeframe, candle_time, best and worst excursion, bars, entry timeframe and time."""
    until = as_of if s.expires is None else min(as_of, s.expires)
    at = entry(s, book, until)
    if at is None:
        return "not_entered", False, None, None, None, None, 0, None, None
    since, at_place, at_start, part = at
    first = [(since, at_place, at_start, touches(s, part))] if any(touches(s, part)) else []
    for place, code in enumerate(TIMEFRAMES):
        for start, closed, candle in candles(book, code, since, until):
            if any(touches(s, candle)):
                first.append((closed, place, start, touches(s, candle)))
                break
    what, ambiguous, code, start = "open", False, None, None
    if first:
        until, place, start, (stopped, aimed) = min(first)
        what, ambiguous, code = "stop" if stopped else "target", stopped and aimed, TIMEFRAMES[place]
    elif s.expires is not None and s.expires <= as_of:
        what = "expired"
    seen = {c: [x for _, _, x in candles(book, c, since, until)] for c in TIMEFRAMES}
    seen[TIMEFRAMES[at_place]].append(part)
    seen = {c: v for c, v in seen.items() if v}
    code = code or next(iter(seen))
    high, low = max(x[1] for v in seen.values() for x in v), min(x[2] for v in seen.values() for x in v)
    best, worst = (high - s.entry, low - s.entry) if s.side == "long" else (s.entry - low, s.entry - high)
    return (what, ambiguous, code, start, *(rounded(Fraction(x, abs(s.entry))) for x in (best, worst)), len(seen.get(code, ())),
            TIMEFRAMES[at_place], at_start)
