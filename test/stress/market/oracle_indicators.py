"""Indicators by their definitions in docs/guide/indicators.md, in plain double precision.

A function takes the bars of a series, oldest first, and returns one value per bar: None until warm.
Sums over windows are exact, because they add integers, units of the asset's last digit.
"""

import math
from fractions import Fraction


class Bars:
    def __init__(self, candles, digits):
        """candles: (open, high, low, close, volume) in units of the last digit."""
        self.unit = 10 ** digits
        self.units = [c[3] for c in candles]
        self.high, self.low, self.close = ([float(Fraction(c[i], self.unit)) for c in candles] for i in (1, 2, 3))
        self.highs, self.lows = [c[1] for c in candles], [c[2] for c in candles]

    def __len__(self):
        return len(self.close)


def sma(bars, n):
    total, out = 0, []
    for i, x in enumerate(bars.units):
        total += x - (bars.units[i - n] if i >= n else 0)
        out.append(total / (n * bars.unit) if i >= n - 1 else None)
    return out


def smooth(values, n, first=0, alpha=None):
    """Returns an exponential average, seeded with the mean of the first n values."""
    alpha = 2 / (n + 1) if alpha is None else alpha
    out, state = [None] * min(len(values), first + n - 1), None
    for i in range(first + n - 1, len(values)):
        state = math.fsum(values[first:first + n]) / n if state is None else state + alpha * (values[i] - state)
        out.append(state)
    return out


def wilder(values, n, first=1):
    return smooth(values, n, first, 1 / n)


def ema(bars, n):
    return smooth(bars.close, n)


def rsi(bars, n):
    change = [0.0] + [b - a for a, b in zip(bars.close, bars.close[1:])]
    gains, losses = wilder([max(c, 0.0) for c in change], n), wilder([max(-c, 0.0) for c in change], n)
    return [None if g is None else 50.0 if g + s == 0 else 100 * g / (g + s) for g, s in zip(gains, losses)]


def macd(bars, fast, slow, signal):
    quick, long = smooth(bars.close, fast, slow - fast), smooth(bars.close, slow)
    value = [None if b is None else a - b for a, b in zip(quick, long)]
    line = smooth([v or 0.0 for v in value], signal, slow - 1)
    return [{} if s is None else {"value": v, "signal": s, "histogram": v - s} for v, s in zip(value, line)]


def bollinger(bars, n, k=2):
    total = squares = 0
    out = []
    for i, x in enumerate(bars.units):
        old = bars.units[i - n] if i >= n else 0
        total += x - old
        squares += x * x - old * old
        if i < n - 1:
            out.append({})
            continue
        middle = total / (n * bars.unit)
        width = k * math.sqrt(n * squares - total * total) / (n * bars.unit)
        bands = {"upper": middle + width, "middle": middle, "lower": middle - width}
        if middle:
            bands["bandwidth"] = 2 * width / middle
        if width:
            bands["percent_b"] = (Fraction(x, bars.unit) - Fraction(total, n * bars.unit)) / Fraction(2 * width) + Fraction(1, 2)
            bands["percent_b"] = float(bands["percent_b"])
        out.append(bands)
    return out


def ranges(bars):
    return [0.0] + [max(h, c) - min(low, c) for h, low, c in zip(bars.high[1:], bars.low[1:], bars.close)]


def atr(bars, n):
    return wilder(ranges(bars), n)


def adx(bars, n):
    plus, minus = [0.0], [0.0]
    for i in range(1, len(bars)):
        up, down = bars.highs[i] - bars.highs[i - 1], bars.lows[i - 1] - bars.lows[i]
        plus.append(up / bars.unit if up > down and up > 0 else 0.0)
        minus.append(down / bars.unit if down > up and down > 0 else 0.0)
    true = ranges(bars)
    p = m = t = 0.0
    out, dx, average = [], [], None
    for i in range(len(bars)):
        if 1 <= i < n:
            p, m, t = p + plus[i], m + minus[i], t + true[i]
        elif i >= n:
            p, m, t = (s - s / n + x for s, x in ((p, plus[i]), (m, minus[i]), (t, true[i])))
        if i < n:
            out.append({})
            continue
        value = {"di_plus": 100 * p / t if t else 0.0, "di_minus": 100 * m / t if t else 0.0}
        both = p + m
        if average is None:
            dx.append(100 * abs(p - m) / both if both else 0.0)
            if len(dx) == n:
                average = math.fsum(dx) / n
        elif both:
            average += (100 * abs(p - m) / both - average) / n
        if average is not None:
            value["adx"] = average
        out.append(value)
    return out


def stochastic(bars, k, slowing, d):
    fast = []
    for i in range(len(bars)):
        low, high = min(bars.lows[max(0, i - k + 1):i + 1]), max(bars.highs[max(0, i - k + 1):i + 1])
        fast.append(100 * (bars.units[i] - low) / (high - low) if high > low else 0.0)
    slow = [math.fsum(fast[i - slowing + 1:i + 1]) / slowing if i >= k + slowing - 2 else None for i in range(len(fast))]
    first = k + slowing + d - 3
    return [{} if i < first else {"k": slow[i], "d": math.fsum(slow[i - d + 1:i + 1]) / d} for i in range(len(slow))]


USUAL = {"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}
RICH = {"RSI": [7, 14], "MACD": [12, 26, 9], "SMA": [20, 50], "EMA": 20, "BBANDS": [20, 2], "ATR": 14, "ADX": 14,
        "STOCH": [14, 3, 3]}
PERIODS = {"RSI": rsi, "SMA": sma, "EMA": ema, "ATR": atr, "ADX": adx}
LISTS = {"MACD": macd, "BBANDS": bollinger, "STOCH": stochastic}


def stored(bars, spec):
    """Returns the JSON of each bar as a flat dictionary: 'SMA 50', 'MACD value'."""
    out = [{} for _ in range(len(bars))]
    for name, sets in spec.items():
        several = name in PERIODS and isinstance(sets, list)
        for n in sets if several else [sets]:
            values = PERIODS[name](bars, n) if name in PERIODS else LISTS[name](bars, *n)
            prefix = f"{name} {n}" if several else name
            for row, v in zip(out, values):
                if isinstance(v, dict):
                    row.update({f"{prefix} {k}": x for k, x in v.items()})
                elif v is not None:
                    row[prefix] = v
    return out


def flat(value, prefix=""):
    """Returns the database's JSON as such a dictionary."""
    if not isinstance(value, dict):
        return {prefix: value}
    return {k: x for name, v in value.items() for k, x in flat(v, f"{prefix} {name}".strip()).items()}


# the columns of technical_indicators()
COLUMNS = {"rsi_7": (rsi, 7), "rsi_14": (rsi, 14), **{f"sma_{n}": (sma, n) for n in (20, 50, 100, 200)},
           **{f"ema_{n}": (ema, n) for n in (20, 50, 100, 200)}, "macd": (macd, 12, 26, 9), "bollinger": (bollinger, 20, 2),
           "atr_14": (atr, 14), "adx": (adx, 14), "stochastic": (stochastic, 14, 3, 3)}
RENAMED = {"adx adx": "adx", "adx di_plus": "di_plus", "adx di_minus": "di_minus"}


def columns(bars):
    out = [{} for _ in range(len(bars))]
    for name, (function, *arguments) in COLUMNS.items():
        for row, v in zip(out, function(bars, *arguments)):
            for k, x in (v.items() if isinstance(v, dict) else [("", v)]):
                if x is not None and k not in ("middle", "percent_b"):
                    key = f"{name} {k}".strip()
                    row[RENAMED.get(key, key.replace(" ", "_"))] = x
    return out
