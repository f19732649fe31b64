"""The desk: models that predict, signals, and the log of the exchanges' APIs, all as the operator."""

import random

from clock import HOUR, MINUTE, stamp
from database import Session

PROVIDERS = {"binance": ("/klines", "/trades"), "kraken": ("/ohlc",), "coingecko": ("/coins", "/market", "/ping")}


class Prediction:
    """Prices in units of the asset."""

    def __init__(self, r, asset, model, t):
        self.asset, self.model, self.created = asset.number, model, t
        self.horizon = None
        self.target = t + r.randrange(1, 240) * MINUTE - 5
        if r.random() < 0.3:
            self.horizon = r.randrange(1, 6)
            self.target = t + self.horizon * HOUR
        self.input = asset.price
        self.price, self.direction = None, None
        if r.random() < 0.75:
            self.price = max(1, int(asset.price * r.uniform(0.9, 1.1)))
        else:
            self.direction = r.choice(("up", "down", "flat"))
        self.threshold = r.choice((1, 2, 5))
        self.confidence = round(r.random(), 3)
        self.score = None


class Signal:
    def __init__(self, r, asset, t):
        self.asset, self.created = asset.number, t
        self.side = r.choice(("long", "short"))
        sign = 1 if self.side == "long" else -1
        step = max(2, asset.price // r.choice((40, 100, 300)))
        # an entry that may not be touched at once, and levels on both sides of it
        self.entry = max(4 * step, asset.price + r.randrange(-step, step + 1))
        self.target = self.entry + sign * r.randrange(1, 3 * step)
        self.stop = self.entry - sign * r.randrange(1, 2 * step)
        self.expires = None if r.random() < 0.2 else t + r.randrange(20, 600) * MINUTE
        self.trades = []     # (moment, call of maintain() before it was made, user)
        self.id = None


class Call:
    def __init__(self, r, moment):
        self.moment = moment
        self.provider = r.choice(sorted(PROVIDERS))
        self.endpoint = r.choice(PROVIDERS[self.provider])
        self.method = None if r.random() < 0.1 else "GET"
        self.status = r.choice((200, 200, 200, 200, 304, 404, 429, 503, None))
        self.milliseconds = None if self.status is None else r.randrange(3, 4000)
        self.error = "timed out" if self.status is None and r.random() < 0.7 else None


class Desk:
    def __init__(self, sim):
        self.sim = sim
        self.random = random.Random(f"{sim.plan.seed} desk")
        self.operator = Session("operator")
        self.models, self.predictions, self.signals, self.calls = [], [], [], []
        self.last = sim.plan.start

    def begin(self):
        self.models = [r[0] for r in self.operator.rows(
            "INSERT INTO ai_models (name, version, model_type, created_at) VALUES "
            "('trend', 'v1', 'asset', %s), ('trend', 'v2', 'timing', %s), ('wave', 'v1', 'asset', %s) RETURNING id",
            *[stamp(self.last)] * 3)]

    def act(self, t):
        r, assets = self.random, [a for a in self.sim.assets if a.tape]
        if assets:
            self.predict([Prediction(r, r.choice(assets), r.choice(self.models), t) for _ in range(12)])
            self.signal([Signal(r, r.choice(assets), t - 1) for _ in range(3)])
        span = max(1, int(t - self.last))
        self.log([Call(r, self.last + r.randrange(span)) for _ in range(max(1, span // 30))])
        # one that was logged late, in the period that was rolled up last at the earliest
        if r.random() < 0.2:
            self.log([Call(r, t - t % HOUR - 1 - r.randrange(60))] if t % HOUR > 15 * MINUTE else [])
        self.last = t

    def beside(self, t):
        """Adds what is later than as_of of the call of maintain() that runs meanwhile."""
        r, assets = self.random, [a for a in self.sim.assets if a.tape]
        for _ in range(3):
            self.predict([Prediction(r, r.choice(assets), r.choice(self.models), t + 1)])
            self.log([Call(r, t + 2)])

    def after(self, t):
        pass

    def end(self, t):
        self.operator.close()

    def insert(self, table, columns, rows):
        if not rows:
            return []
        values = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
        return [i for i, in self.operator.rows(f"INSERT INTO {table} ({columns}) VALUES {values} RETURNING id",
                                               *(v for r in rows for v in r))]

    def predict(self, new):
        rows = []
        for p in new:
            text = self.sim.assets[p.asset].decimal
            rows.append((self.sim.ids[p.asset], p.model, "price" if p.price else "direction", text(p.price),
                         {"direction": p.direction} if p.direction else None, p.horizon,
                         None if p.horizon else stamp(p.target), text(p.input), p.threshold, p.confidence, stamp(p.created)))
        for p, p.id in zip(new, self.insert(
                "predictions", "asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, prediction_horizon, "
                "target_datetime, input_price, accuracy_threshold, confidence_score, created_at", rows)):
            self.predictions.append(p)

    def signal(self, new):
        rows = []
        for s in new:
            text = self.sim.assets[s.asset].decimal
            rows.append((self.sim.ids[s.asset], s.side, text(s.entry), text(s.target), text(s.stop),
                         None if s.expires is None else stamp(s.expires), stamp(s.created)))
        for s, s.id in zip(new, self.insert(
                "trading_signals", "asset_id, signal_type, entry_price, target_price, stop_loss, expires_at, created_at", rows)):
            self.signals.append(s)

    def log(self, new):
        self.insert("external_api_logs",
                    "api_provider, endpoint, http_method, response_status, response_time_ms, error_message, created_at",
                    [(c.provider, c.endpoint, c.method, c.status, c.milliseconds, c.error, stamp(c.moment)) for c in new])
        self.calls += new
