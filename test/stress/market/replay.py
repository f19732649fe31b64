"""Replays the simulator's log with the oracles, by the steps of maintain(): what is stored, scored and fired then."""

import collections

import oracle_scores
from clock import bucket
from oracle_alerts import Watch
from oracle_book import Book

DAILY = ("roll_up_again", "archive")


class Replay:
    def __init__(self, log, desk, crowd):
        self.books, self.watches = {}, collections.defaultdict(Watch)
        self.log, self.desk, self.crowd = log, desk, crowd
        for alert in crowd.alerts:
            self.watches[alert.asset].alerts.append(alert)
        self.signals = collections.defaultdict(list)
        for s in desk.signals:
            self.signals[s.asset].append(s)
        self.days = {}      # step -> day of its last run
        self.count, self.evaluated = 0, {}    # steps taken, and when models were evaluated first as of a moment

    def run(self):
        done = 0
        for t, count in self.log.ticks:
            for asset, code, start, *candle in self.log.deliveries[done:count]:
                self.books.setdefault(asset, Book()).deliver(code, start, tuple(candle))
            done = count
            for watch in self.watches.values():
                watch.arm(t)
            for step in self.order(t):
                self.step(step, t)
        return self

    def order(self, t):
        """Returns the steps of a call: an interrupted one did some of them; the next one runs the interrupted step last."""
        cut, done = self.log.cut.get(t, []), self.log.done.get(t, [])
        first = [s for s in self.log.steps if s in done and s not in cut]
        return first + [s for s in self.log.steps if s not in cut] + cut

    def step(self, step, t):
        name, _, code = step.partition(" ")
        self.count += 1
        if name in DAILY:
            if self.days.get(step) == bucket("1d", t):
                return
            self.days[step] = bucket("1d", t)
        if name in ("roll_up", "roll_up_again", "archive"):
            for book in self.books.values():
                getattr(book, name)(code, t)
        elif name == "score_predictions":
            oracle_scores.settle(self.desk.predictions, self.books, t, self.count)
        elif name == "evaluate_models":
            self.evaluated.setdefault(t, self.count)
        elif name in ("check_alerts", "expire_alerts"):
            for asset, watch in self.watches.items():
                getattr(watch, name)(self.books.get(asset), self.signals[asset], t)
