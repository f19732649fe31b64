"""A day in the market, or a week with --long: every system at once, then all of it computed again by an oracle.  Prints TAP.

What is simulated: time, passed as as_of, moment or created_at wherever the extension accepts it; the
exchanges, which trade assets of a dozen kinds and deliver minutes late, twice or corrected, with outages
that are filled later by candles of mixed lengths (feed.py); the desk, which predicts, issues signals and
logs its calls (desk.py); the crowd, which signs in and out, sets alerts, trades (crowd.py), keeps watchlists
and reads notifications (lists.py).  maintain() runs as of each simulated step, each minute around the first
midnight, with retention, compression and pruning on.  Others write meanwhile, and one call in five is
interrupted at a random moment by a cancel, a timeout or the end of its session, and repeated.  Everybody
has a role of docs/guide/operations.md; the owner only makes the roles and the settings.

What is real: the clock that interrupts calls.  So two runs with one seed differ in where calls are
interrupted and in how concurrent statements interleave; nothing that is compared may depend on that.
Rows have real times where no argument sets them, such as updated_at.

The oracle shares no code with the extension and only asks the database for results.  It computes from the
simulator's log, in integers, fractions and, for indicators, doubles.  replay.py goes through the log by the
steps of maintain(), because scores and alerts depend on what was known at the time.

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
