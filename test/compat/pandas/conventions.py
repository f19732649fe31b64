"""Checks the convention "pandas" against pandas: conventions.py BARS.CSV prints TAP.

The CSV is what conventions.sql writes.  A column agrees when it is missing exactly where pandas has no value, and is within 1e-9 of it
elsewhere.  pandas takes the MACD from averages as large as the price, each rounded to a double, so
there 1e-15 of the price is granted besides.
"""

import sys

import pandas as pd


def wilder(series, n):
    return series.ewm(alpha=1 / n, adjust=False).mean()


def ema(series, n):
    return series.ewm(span=n, adjust=False).mean()


def rsi(close, n):
    change = close.diff()
    gain = wilder(change.clip(lower=0), n)
    loss = wilder(-change.clip(upper=0), n)
    return 100 - 100 / (1 + gain / loss)


def true_range(high, low, close):
    before = close.shift()
    return pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(axis=1)


def directions(high, low, close, n):
    up = high.diff()
    down = -low.diff()
    rises = wilder(up.where((up > down) & (up > 0), 0.0), n)
    falls = wilder(down.where((down > up) & (down > 0), 0.0), n)
    span = wilder(true_range(high, low, close), n)
    plus = 100 * rises / span
    minus = 100 * falls / span
    adx = wilder(100 * (plus - minus).abs() / (plus + minus), n)
    return {"adx": adx, "di_plus": plus, "di_minus": minus}


def main():
    bars = pd.read_csv(sys.argv[1])
    line = ema(bars.close, 12) - ema(bars.close, 26)
    wanted = {
        "ema": ema(bars.close, 20),
        "rsi": rsi(bars.close, 14),
        "value": line,
        "signal": ema(line, 9),
        "histogram": line - ema(line, 9),
        "atr": wilder(true_range(bars.high, bars.low, bars.close), 14),
        **directions(bars.high, bars.low, bars.close, 14),
    }

    failed = 0
    print(f"1..{len(wanted) + 1}")
    print("ok" if len(bars) == 2000 else "not ok", "- there are 2,000 bars")
    for name, want in wanted.items():
        got = bars[name]
        granted = 1e-15 * bars.close if name in ("value", "signal", "histogram") else 0
        error = ((got - want).abs() - granted).clip(lower=0)
        worst = (error / want.abs()).where(want != 0, error).max()
        good = bool((got.isna() == want.isna()).all()) and worst <= 1e-9
        failed += not good
        print("ok" if good else "not ok", f"- {name} is that of pandas {pd.__version__}, worst relative difference {worst:.1e}")
    sys.exit(failed > 0 or len(bars) != 2000)


main()
