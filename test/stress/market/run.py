"""A day in the market, or a week with --long: every system at once, and then all of it again by an oracle.  Prints TAP.

What is simulated: time, given as as_of, as moment or as created_at wherever the extension takes it; the
exchanges, which trade assets of a dozen kinds and deliver minutes late, twice, corrected, with
outages that are filled later by candles of mixed lengths (feed.py); the desk, which predicts, gives
signals and logs its calls (desk.py); the crowd, which signs in and out, sets alerts and trades
(crowd.py), keeps watchlists and reads what it was notified of (lists.py).  maintain() runs as of each
simulated step, each minute around the first midnight, with retention, compression and pruning on.  While
it runs others write, and one call in five is cut off at a random moment by a cancel, a timeout or
the end of its session, and made again.  Everybody has a role of docs/guide/operations.md; the owner
makes the roles and the settings, and nothing else.

What is real: the clock by which a call is cut off, so that two runs of a seed differ in where
calls are cut off, and in how what runs at once is interleaved; nothing that is compared may depend
on it.  Rows have real times where nobody can say otherwise, updated_at among them.

The oracle shares no code with the extension and asks the database for results alone.  It computes
from the simulator's log, in integers, fractions and, for indicators, doubles.  replay.py takes the
log through the steps of maintain(), for scores and alerts depend on what was known at the time.

MARKET_SEED, MARKET_DAYS, MARKET_ASSETS, MARKET_USERS and MARKET_STEP (minutes) change a run;
MARKET_DATABASE names the database, which has the extension and nothing else.
"""

import sys
import time

import clock
import compare_assets
import compare_candles
import compare_crowd
import compare_desk
import compare_indicators
import database
import lists
import oracle_candles
from replay import Replay
from simulator import Simulator
from tap import Tap


def main():
    plan = clock.Plan(long="--long" in sys.argv[1:])
    database.prepare()
    began = time.monotonic()

    def say(what):
        print(f"# {time.monotonic() - began:.1f} s: {what}", flush=True)

    say(f"seed {plan.seed}, {plan.assets} assets, {plan.users} users, {plan.days} days")
    sim = Simulator(plan)
    log = sim.run(lambda t: say(f"{clock.stamp(t)}, maintain() {sim.seconds:.1f} s, the longest {sim.slowest:.2f} s"))
    say(f"{len(log.ticks)} calls of maintain(), interrupted {log.kinds}, {len(log.deliveries)} candles delivered")
    tap = Tap()
    tap.none("what should not have happened", log.broken)
    replay = Replay(log, sim.desk, sim.crowd).run()
    say("replayed")
    analyst, operator = database.Session("analyst"), database.Session("operator")
    series = oracle_candles.series_of(log)
    as_of = log.ticks[-1][0]
    candles = compare_candles.check(tap, sim, series, replay.books, as_of, analyst)
    say("candles compared")
    compare_indicators.check(tap, sim, candles, series, analyst)
    say("indicators compared")
    compare_desk.check(tap, sim, sim.desk, sim.crowd, replay, as_of, operator)
    compare_crowd.check(tap, sim, sim.crowd, operator)
    compare_assets.check(tap, sim, replay.books, as_of, analyst)
    lists.check(tap, sim, sim.lists, operator)
    say("done")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
