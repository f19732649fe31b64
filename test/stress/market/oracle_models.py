"""Metrics of models over the predictions that were scored before an evaluation, by their formulas."""

import math
from fractions import Fraction


def metrics(pairs):
    """Computes the metrics of scored predictions, given as (prediction, scale)."""
    errors, found = [], {}
    for p, scale in pairs:
        if p.price is not None:
            actual, predicted = Fraction(p.score[0], scale), Fraction(p.price, scale)
            errors.append((actual, predicted, abs(actual - predicted)))
    if errors:
        n, size = len(errors), sorted(e for _, _, e in errors)
        square = sum(e * e for e in size) / n
        found.update(mae=sum(size) / n, mse=square, rmse=math.sqrt(square), max_error=size[-1],
                     medae=(size[(n - 1) // 2] + size[n // 2]) / 2, mape=sum(e / abs(a) for a, _, e in errors) / n,
                     smape=sum(2 * e / (abs(a) + abs(p)) for a, p, e in errors) / n,
                     wape=sum(size) / sum(abs(a) for a, _, _ in errors))
    if pairs:
        good = [p.score[4] for p, _ in pairs]
        chance = [Fraction(str(p.confidence)) for p, _ in pairs]
        found.update(accuracy=Fraction(sum(good), len(good)),
                     brier_score=sum((c - g) ** 2 for c, g in zip(chance, good)) / len(good))
    return {k: float(v) for k, v in found.items()}


def check(tap, sim, desk, replay, operator):
    """Checks each evaluation by maintain(); a model whose row another session had locked waits for the next call."""
    found, expected = {}, {}
    for model, t, metric, value in operator.rows(
            "SELECT model_id, evaluation_date, evaluation_metric, metric_value FROM model_performance"):
        found[model, t, metric] = float(value)
    for model, t in {key[:2] for key in found}:
        pairs = [(p, 10 ** sim.assets[p.asset].digits) for p in desk.predictions
                 if p.model == model and p.score and p.scored <= replay.evaluated.get(t, 0) and p.target < t]
        expected.update({(model, t, k): v for k, v in metrics(pairs).items()})
    names = {k[2] for k in expected}
    tap.same("metrics of models", expected, {k: v for k, v in found.items() if k[2] in names},
             lambda k, e, f: f"{k}: expected {e}, found {f}", lambda a, b: abs(a - b) <= 1e-9 * abs(a))
    days = {(model, int(t // 86400)) for model, t, _ in found}
    tap.ok(len(days) >= len(desk.models) * sim.plan.days, f"{len(days)} days of models evaluated")
