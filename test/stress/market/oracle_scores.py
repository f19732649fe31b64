"""Scores of predictions by docs/guide/rules.md, in exact fractions."""

from fractions import Fraction

from clock import HOUR

STALENESS = HOUR


def settle(predictions, books, t, step):
    """Scores what is due as of a call of maintain(), with the books of that moment."""
    for p in predictions:
        if p.score or p.created > t or p.target > t:
            continue
        book = books.get(p.asset)
        if book is None or not (book.reaches(p.target) or t >= p.target + STALENESS):
            continue
        actual = price(p, book)
        if actual is not None:
            p.score, p.scored = score(p, actual), step


def price(p, book):
    return book.price_at(p.target, STALENESS)[0]


def score(p, actual):
    """Returns actual price, absolute error, squared error, accuracy in percent and whether accurate, in units of the asset."""
    if p.price is None:
        step = (actual > p.input) - (actual < p.input)
        return actual, None, None, None, step == {"up": 1, "down": -1, "flat": 0}[p.direction]
    error = abs(p.price - actual)
    share = Fraction(100 * error, abs(actual))
    return actual, error, error * error, max(Fraction(0), 100 - share), share <= p.threshold
