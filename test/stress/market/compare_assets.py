"""Compares what refresh_assets() wrote with docs/guide/rules.md, "Assets"."""

from fractions import Fraction

from clock import DAY, TIMEFRAMES
from oracle_positions import rounded

PERIODS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


def last_close(book, since, until):
    """Returns the close of the candle that reached furthest in (since, until]; of several the shortest."""
    found = [(book.until(code, start), -TIMEFRAMES.index(code), book.get(code, start)[3])
             for code in TIMEFRAMES for start in [book.closed_before(code, until)] if start is not None]
    closed, _, close = max(found, default=(since, 0, None))
    return close if closed > since else None


def check(tap, sim, books, as_of, analyst):
    expected, found = {}, {}
    for n, book in books.items():
        a = sim.assets[n]
        row = [Fraction(last_close(book, 0, as_of), 10 ** a.digits)]
        for d in PERIODS.values():
            p, q = last_close(book, as_of - d, as_of), last_close(book, as_of - 2 * d, as_of - d)
            change = None if p is None or not q else rounded(Fraction(100 * (p - q), abs(q)), 4)
            row.append(None if change is not None and abs(change) >= 10 ** 6 else change)
        expected[a.symbol] = tuple(row)
    for symbol, *row in analyst.rows("SELECT symbol, current_price, price_change_percentage_24h, price_change_percentage_7d, "
                                     "price_change_percentage_30d FROM assets"):
        if row[0] is not None or symbol in expected:
            found[symbol] = tuple(None if v is None else Fraction(v) for v in row)
    tap.same("prices and changes of assets", expected, found, lambda k, e, f: f"{k}: expected {e}, found {f}")
