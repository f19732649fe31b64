"""Compares scores, signals and the usage of APIs with the oracles."""

from decimal import Decimal
from fractions import Fraction

import oracle_models
import oracle_scores
import oracle_signals
import oracle_usage
from clock import bucket, stamp
from oracle_positions import rounded


def check(tap, sim, desk, crowd, replay, as_of, operator):
    books = replay.books
    oracle_models.check(tap, sim, desk, replay, operator)
    scores(tap, sim, desk, books, as_of, operator)
    signals(tap, sim, desk, books, as_of, operator)
    usage(tap, sim, desk, crowd, as_of, operator)


def scores(tap, sim, desk, books, as_of, operator):
    compare(tap, sim, desk, operator, "predictions")
    corrected = {p.id: oracle_scores.price(p, books[p.asset]) for p in desk.predictions if p.score}
    corrected = {p.id: (p.score[0], corrected[p.id]) for p in desk.predictions if p.score and corrected[p.id] != p.score[0]}
    units = {p.id: sim.assets[p.asset].units for p in desk.predictions}
    found = {i: (units[i](a), units[i](b)) for i, a, b in operator.rows(
        "SELECT prediction_id, actual_price, corrected_price FROM corrected_predictions(%s)", stamp(as_of))}
    tap.same("predictions whose price was corrected after they were scored", corrected, found,
             lambda k, e, f: f"prediction {k}: expected {e}, found {f}")
    operator.rows("SELECT score_predictions(%s, rescore => true)", stamp(as_of))
    for p in desk.predictions:
        if p.id in corrected and corrected[p.id][1] is not None:
            p.score = oracle_scores.score(p, corrected[p.id][1])
    compare(tap, sim, desk, operator, "predictions scored again")


def compare(tap, sim, desk, operator, what):
    expected, found = {}, {}
    for p in desk.predictions:
        scale = Fraction(1, 10 ** sim.assets[p.asset].digits)
        actual, error, square, percent, good = p.score or (None,) * 5
        expected[p.id] = (p.score is not None, actual and actual * scale, error and error * scale, square and square * scale ** 2,
                          percent, good)
    for i, *values, percent, good in operator.rows(
            "SELECT id, is_realized, actual_price, absolute_error, squared_error, accuracy_percentage, is_accurate FROM predictions"):
        found[i] = (values[0], *(v if v is None else Fraction(v) for v in values[1:]),
                    None if percent is None else Fraction(percent), good)
    by_id = {p.id: p for p in desk.predictions}

    def describe(i, e, f):
        p = by_id[i]
        return f"prediction {i} of asset {p.asset} for {stamp(p.target):%d %H:%M:%S}: expected {shown(e)}, found {shown(f)}"

    done = sum(p.score is not None for p in desk.predictions)
    tap.same(f"{what}, {done} of them scored", expected, found, describe, close)


def signals(tap, sim, desk, books, as_of, operator):
    expected = {s.id: (oracle_signals.status(s, as_of), oracle_signals.ratio(s)) for s in desk.signals}
    found = {i: (status, Fraction(ratio)) for i, status, ratio in operator.rows(
        "SELECT id, status, risk_reward_ratio FROM trading_signals")}
    counts = {}
    for status, _ in expected.values():
        counts[status] = counts.get(status, 0) + 1
    show = lambda k, e, f: f"signal {k}: expected {e}, found {f}"
    tap.same(f"signals, {counts}", expected, found, show)
    expected = {k: t for s in desk.signals for k, t in oracle_signals.executions(s).items()}
    found = {(user, signal): t for user, signal, t in operator.rows("SELECT user_id, signal_id, executed_at FROM signal_executions")}
    tap.same("executions of signals, each for its user", expected, found, show)
    expected = {s.id: oracle_signals.outcome(s, books[s.asset], as_of) for s in desk.signals if s.asset in books}
    found = {i: (*row[:4], *(None if v is None else Fraction(v) for v in row[4:6]), *row[6:]) for i, *row in operator.rows(
        "SELECT signal_id, outcome, ambiguous, timeframe, candle_time, best_excursion, worst_excursion, bars, entry_timeframe, "
        "entry_time FROM signal_outcomes(as_of => %s)", stamp(as_of))}
    counts = {}
    for row in expected.values():
        counts[row[0]] = counts.get(row[0], 0) + 1
    tap.same(f"outcomes of signals, {counts}", expected, found, show)


def shown(values):
    return [float(v) if isinstance(v, Fraction) else v for v in values] if isinstance(values, tuple) else values


def close(expected, found):
    """Compares a percentage, which is a division, within a tolerance, and everything else exactly."""
    *e, a, good = expected
    *f, b, same = found
    return e == f and good == same and ((a is None) == (b is None)) and (a is None or abs(a - b) < Fraction(1, 10 ** 12))


def usage(tap, sim, desk, crowd, as_of, operator):
    numbers = {"external_api_logs": {}, "user_activities": {}}
    for level, metric, value, source, start, provider, endpoint, kind in operator.rows("""
            SELECT aggregation_level, metric_name, metric_value, dimensions ->> 'rolled_up_from',
                   (dimensions ->> 'period_start')::timestamptz, dimensions ->> 'provider', dimensions ->> 'endpoint',
                   dimensions ->> 'activity_type'
            FROM analytics_data WHERE dimensions ? 'rolled_up_from'"""):
        key = (level, start, provider, endpoint, metric) if source == "external_api_logs" else (level, start, kind, metric)
        numbers[source][key] = rounded(Fraction(value), 12)
    pruned = {k: v for k, v in numbers["external_api_logs"].items() if k[-1] == "pruned_requests"}
    found = {k: v for k, v in numbers["external_api_logs"].items() if k[-1] != "pruned_requests"}
    round_all = lambda d: {k: rounded(Fraction(v), 12) for k, v in d.items()}
    show = lambda key, e, f: f"{key[0]} {stamp(key[1])} {key[2:]}: expected {e}, found {f}"
    tap.same("values of the roll-ups of API calls", round_all(oracle_usage.api(desk.calls, as_of)), found, show)
    tap.same("values of the roll-ups of activities", round_all(oracle_usage.activities(crowd.accounts, as_of)),
             numbers["user_activities"], show)
    gone = oracle_usage.pruned(desk.calls, [t for t, _ in sim.log.ticks])
    kept = operator.value("SELECT count(*) FROM external_api_logs")
    left = len(desk.calls) - len(gone)
    tap.ok(kept == left and gone, f"{len(gone)} API calls pruned, {left} kept", [f"kept {kept}"])
    hours = {}
    for i in gone:
        key = ("hourly", bucket("1h", desk.calls[i].moment), None, None, "pruned_requests")
        hours[key] = hours.get(key, 0) + 1
    tap.same("counts of pruned calls", hours, {k: v for k, v in pruned.items() if k[0] == "hourly"}, show)
