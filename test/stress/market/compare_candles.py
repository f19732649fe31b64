"""Compares stored and computed candles with the oracle."""

from clock import TIMEFRAMES, stamp


def check(tap, sim, series, books, as_of, analyst):
    expected = {}
    for n, s in series.items():
        for code, candles in s.stored(as_of).items():
            expected.update({(n, code, start): c for start, c in candles.items()})
    kept = {(n, code, start): book.get(code, start) for n, book in books.items() for code in TIMEFRAMES
            for start in book.order.get(code, ())}
    tap.same("candles of the replay, call by call, and of all deliveries at once", expected, kept, describe)
    numbers = {v: k for k, v in sim.ids.items()}
    found, twice, places = {}, [], {}
    for asset, code, time, o, h, low, c, v, archived, compressed in analyst.rows(
            "SELECT asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, archived, compressed"
            " FROM price_history"):
        a = sim.assets[numbers[asset]]
        key = (a.number, code, time)
        if key in found:
            twice.append(key)
        place = "compressed" if compressed else "archived" if archived else "live"
        places[place] = places.get(place, 0) + 1
        found[key] = (*(a.units(x) for x in (o, h, low, c)), a.units(v, a.volume_digits))
    tap.same("stored candles of every timeframe", expected, found, describe)
    tap.none("candles in two places", twice, describe_key)
    tap.ok(len(places) >= 2 and places.get("compressed", 0) > 0, f"candles are live and compressed: {places}")
    computed(tap, sim, series, analyst)
    return expected


def computed(tap, sim, series, analyst):
    expected, found = {}, {}
    for n, s in series.items():
        a = sim.assets[n]
        for code in TIMEFRAMES:
            if code in ("1m", "5m") and n % 8:
                continue   # those are stored, so candles() has nothing to compute
            expected.update({(n, code, start): c for start, c in s.candles(code).items()})
            for time, o, h, low, c, v in analyst.rows("SELECT time, open, high, low, close, volume FROM candles(%s, %s)",
                                                      sim.ids[n], code):
                found[(n, code, time)] = (*(a.units(x) for x in (o, h, low, c)), a.units(v, a.volume_digits))
    tap.same("computed candles of all 15 timeframes", expected, found, describe)


def describe_key(key):
    return f"asset {key[0]} {key[1]} {stamp(key[2]):%d %H:%M}"


def describe(key, expected, found):
    return f"{describe_key(key)}: expected {expected}, found {found}"
