"""Runs a plan: at each tick, what has arrived is stored, users act, and maintain() runs as of the tick.

maintain() is interrupted at random, by a cancel, a timeout, or the end of its session, and called again: the
result of a tick must not depend on that.
"""

import json
import random
import threading
import time

import wire
from clock import stamp
from crowd import Crowd
from database import Session
from desk import Desk
from feed import Asset
from lists import Lists
from oracle_indicators import RICH


class Log:
    """What happened, in order: all that the oracle knows."""

    def __init__(self):
        self.ticks = []          # (as_of, deliveries so far)
        self.deliveries = []     # (asset, code, start, open, high, low, close, volume)
        self.steps = []          # of maintain(), in order
        self.cut = {}            # as_of -> steps that were cut off by an interruption
        self.done = {}           # as_of -> steps that the interrupted call did before
        self.kinds = {}          # how often each way of interruption hit
        self.broken = []         # what should not have happened


class Simulator:
    def __init__(self, plan):
        self.plan = plan
        self.random = random.Random(f"{plan.seed} simulator")
        self.log = Log()
        self.operator, self.killer = Session("operator"), Session("operator")
        self.assets = [Asset(n, plan) for n in range(plan.assets)]
        self.ids = {}
        self.specs = {}
        self.desk = Desk(self)
        self.crowd = Crowd(self, self.desk)
        self.lists = Lists(self, self.crowd)
        self.parts = [self.desk, self.crowd, self.lists]
        self.seconds = 0.0
        self.slowest = 0.0

    def run(self, progress):
        self.list_assets()
        for part in self.parts:
            part.begin()
        for t in self.plan.ticks():
            self.tick(t)
            progress(t)
        for part in self.parts:
            part.end(t)
        return self.log

    def list_assets(self):
        self.log.steps = [s for s, in self.operator.rows("SELECT step FROM maintenance_steps() ORDER BY place")]
        for a in self.assets:
            self.ids[a.number] = self.operator.value(
                "INSERT INTO assets (symbol, name, asset_type) VALUES (%s, %s, 'crypto') RETURNING id", a.symbol, a.kind)

    def tick(self, t):
        self.deliver(t)
        if len(self.log.ticks) == 5:
            self.choose_indicators()
        for part in self.parts:
            part.act(t)
        users = [threading.Thread(target=self.guard, args=(part.beside, t)) for part in self.parts]
        for u in users:
            u.start()
        self.maintain(t)
        for u in users:
            u.join()
        for part in self.parts:
            part.after(t)
        self.log.ticks.append((t, len(self.log.deliveries)))

    def guard(self, act, t):
        try:
            act(t)
        except Exception as e:
            self.log.broken.append(f"{stamp(t)}: {act.__qualname__}: {e!r}")

    # ---- candles ----

    def deliver(self, t):
        for a in self.assets:
            batches = {}
            for d, values in a.due(t):
                batches.setdefault(d.code, []).append((d.start, *values))
                self.log.deliveries.append((a.number, d.code, d.start, *values))
            for code, candles in batches.items():
                if a.kind == "upserts":
                    self.upsert(a, code, candles)
                elif a.kind == "hourly":
                    self.send(a, code, "coingecko", [[(s + 3600) * 1000, *(a.text(x) for x in v[:4])] for s, *v in candles])
                else:
                    self.send(a, code, "ccxt", [[s * 1000, *(a.text(x) for x in v[:4]), a.text(v[4], a.volume_digits)]
                                                for s, *v in candles])

    def send(self, a, code, form, elements):
        self.operator.rows("SELECT import_ohlcv(%s, %s, %s, %s, 'quote')" if form == "ccxt" else
                           "SELECT import_ohlcv(%s, %s, %s, %s)", self.ids[a.number], code, json.dumps(elements), form)

    def upsert(self, a, code, candles):
        """Writes the table as a feed does; if a candle comes twice, the last one counts."""
        rows = {s: v for s, *v in candles}
        values = ", ".join("(%s, %s, %s, %s, %s, %s, %s, %s)" for _ in rows)
        self.operator.rows(f"""
            INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
            VALUES {values}
            ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
            SET open_price = excluded.open_price, high_price = excluded.high_price, low_price = excluded.low_price,
                close_price = excluded.close_price, volume = excluded.volume""",
            *(x for s, v in rows.items() for x in (self.ids[a.number], code, stamp(s), *map(a.decimal, v[:4]),
                                                   a.decimal(v[4], a.volume_digits))))

    def choose_indicators(self):
        """Gives some series their own spec, which maintain() then keeps."""
        for a in self.assets[::5]:
            for code in ("1m", "5m", "1h"):
                if self.operator.value("SELECT EXISTS (SELECT FROM price_data WHERE asset_id = %s AND timeframe = %s)",
                                       self.ids[a.number], code):
                    self.operator.rows("SELECT update_technical_indicators(%s, %s, %s)", self.ids[a.number], code,
                                       json.dumps(RICH))
                    self.specs[a.number, code] = RICH

    # ---- maintain() ----

    def maintain(self, t):
        if self.random.random() < 0.2:
            self.interrupt(t)
        began = time.monotonic()
        failed = self.operator.value("CALL maintain(%s)", stamp(t))
        took = time.monotonic() - began
        self.seconds += took
        self.slowest = max(self.slowest, took)
        if failed:
            self.log.broken.append(f"{stamp(t)}: maintain() counts {failed} failed steps")

    def interrupt(self, t):
        """Makes a call and interrupts it; it may still finish before."""
        kind = self.random.choice(("cancel", "terminate", "timeout"))
        after = self.random.random() * max(0.05, self.slowest)
        pid, victim, hit = self.operator.connected().pid, None, False
        if kind == "timeout":
            self.operator.rows(f"SET statement_timeout = {max(1, int(after * 1000))}")
        else:
            function = {"cancel": "pg_cancel_backend", "terminate": "pg_terminate_backend"}[kind]
            victim = threading.Timer(after, self.killer.rows, (f"SELECT {function}(%s)", pid))
            victim.start()
        try:
            self.operator.rows("CALL maintain(%s)", stamp(t))
            if victim:
                victim.cancel()
        except wire.Error as e:
            hit = True
            self.log.kinds[kind] = self.log.kinds.get(kind, 0) + 1
            if e.code not in ("57014", "57P01"):
                self.log.broken.append(f"{stamp(t)}: {kind}: {e.code} {e}")
        if victim:
            victim.join()
        if kind == "terminate" and hit:
            self.operator.close()
            while self.killer.rows("SELECT FROM pg_stat_activity WHERE pid = %s", pid):
                time.sleep(0.01)
        else:
            # a cancel that came too late would hit the next statement
            try:
                self.operator.rows("SELECT 1")
                self.operator.rows("RESET statement_timeout")
            except wire.Error:
                self.operator.close()
        if hit:
            self.log.cut[t] = [s for s, in self.killer.rows(
                "SELECT step FROM maintenance_runs WHERE cut_off OR status = 'running'")]
            self.log.done[t] = [s for s, in self.killer.rows("SELECT step FROM maintenance_runs WHERE as_of = %s", stamp(t))]
