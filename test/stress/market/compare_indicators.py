"""Compares stored and computed indicators with the oracle, to 1e-9."""

import oracle_indicators as oracle
from clock import TIMEFRAMES, stamp


class Values(dict):
    """The values of one candle, with its price: a difference of averages is only as exact as they are."""

    def __init__(self, values, price):
        super().__init__(values)
        self.slack = 1e-12 * abs(price)

    def off(self, found):
        return [k for k in self.keys() | found.keys() if k not in self or k not in found
                or abs(found[k] - self[k]) > 1e-9 * max(abs(self[k]), abs(found[k])) + self.slack]


def close(expected, found):
    return not expected.off(found)


def describe(key, expected, found):
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = expected.off(found)
        expected, found = ({k: d.get(k) for k in keys[:3]} for d in (expected, found))
    return f"asset {key[0]} {key[1]} {stamp(key[2]):%d %H:%M}: expected {expected}, found {found}"


def check(tap, sim, candles, feeds, analyst):
    """candles: (asset, code, start) -> candle, all stored ones; feeds: the deliveries."""
    series = {}
    for (n, code, start), c in candles.items():
        series.setdefault((n, code), {})[start] = c
    numbers = {v: k for k, v in sim.ids.items()}
    live = {}
    for asset, code, time, value in analyst.rows("SELECT asset_id, timeframe, candle_time, technical_indicators FROM price_data"):
        live.setdefault((numbers[asset], code), {})[time] = value
    expected, found = {}, {}
    for (n, code), rows in live.items():
        bars, starts = bars_of(sim, series[n, code], n)
        spec = sim.specs.get((n, code), oracle.USUAL)
        values = dict(zip(starts, map(Values, oracle.stored(bars, spec), bars.close)))
        for start, value in rows.items():
            key = (n, code, start)
            # before the first value there may be an empty object or none
            expected[key], found[key] = values.get(start, Values({"no such candle": 0}, 0)), oracle.flat(value or {})
    figures = sum(map(len, expected.values()))
    tap.same(f"stored indicators of live candles, {figures} figures", expected, found, describe, close)
    computed(tap, sim, feeds, analyst)


def bars_of(sim, candles, n):
    starts = sorted(candles)
    return oracle.Bars([candles[s] for s in starts], sim.assets[n].digits), starts


def computed(tap, sim, feeds, analyst):
    """Compares the indicators of stored candles, and of candles that candles() builds."""
    expected, found = {}, {}
    for n, code in ((n, code) for n in feeds for code in TIMEFRAMES):
        if n % 10 and code not in ("15m", "30m", "1h", "1d"):
            continue
        candles = feeds[n].candles(code)
        if not candles:
            continue
        bars, starts = bars_of(sim, candles, n)
        expected.update({(n, code, s): v for s, v in zip(starts, map(Values, oracle.columns(bars), bars.close))})
        for values in analyst.mappings("SELECT * FROM technical_indicators(%s, %s)", sim.ids[n], code):
            start = values.pop("candle_time")
            del values["close_price"]
            found[n, code, start] = {k: v for k, v in values.items() if v is not None}
    figures = sum(map(len, expected.values()))
    tap.same(f"technical_indicators(), {figures} figures", expected, found, describe, close)
