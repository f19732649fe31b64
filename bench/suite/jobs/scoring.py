"""Scoring predictions, and the errors of those scored."""

from .. import server
from ..harness import Job, at_most, faster

DUE = "timestamptz '2026-01-01 00:00Z'"

# what score_predictions() finds actual prices by, when there are many
FINDING = "SELECT count(a.close) FROM (SELECT cryptoanalytics_internal.ca_closes_at(asset_id, target_datetime, interval '1 hour') OVER () AS close " \
          "FROM predictions) AS a"

LATERAL = """CROSS JOIN LATERAL (
        SELECT d.close_price FROM price_data AS d
        WHERE d.asset_id = p.asset_id AND d.timeframe = '1m'
          AND d.candle_time <= p.target_datetime - interval '1 minute'
        ORDER BY d.candle_time DESC LIMIT 1) AS c"""

EQUAL = """JOIN price_data AS c ON c.asset_id = p.asset_id AND c.timeframe = '1m'
    AND c.candle_time = date_trunc('minute', p.target_datetime) - interval '1 minute'"""

CONSTANTS = """UPDATE predictions SET actual_price = 60123.45000000, absolute_error = 123.45000000,
    squared_error = 15239.9025, accuracy_percentage = 97.123456789, is_accurate = true, is_realized = true,
    evaluated_at = now() WHERE NOT is_realized"""

WITH_LATERAL = f"""UPDATE predictions AS u SET actual_price = r.close_price,
    absolute_error = abs(r.predicted_price - r.close_price),
    squared_error = (r.predicted_price - r.close_price) * (r.predicted_price - r.close_price),
    accuracy_percentage = greatest(0, 100 - 100 * abs(r.predicted_price - r.close_price) / r.close_price),
    is_accurate = 100 * abs(r.predicted_price - r.close_price) <= u.accuracy_threshold * r.close_price,
    is_realized = true, evaluated_at = now()
FROM (SELECT p.id, p.predicted_price, c.close_price FROM predictions AS p {LATERAL} WHERE NOT p.is_realized) AS r
WHERE u.id = r.id"""


def scoring(config):
    constants, lateral = "UPDATE with constants", "LATERAL ... LIMIT 1"
    yield Job("score_predictions()", config.predictions, [
        server.undone(constants, CONSTANTS, "predictions"),
        server.undone("score_predictions()", f"SELECT score_predictions(as_of => {DUE})", "predictions",
                      goals=(at_most(1.4, constants), faster(1, "UPDATE with LATERAL"))),
        server.undone("UPDATE with LATERAL", WITH_LATERAL, "predictions"),
    ])
    yield Job("actual prices alone", config.predictions, [
        server.query(lateral, f"SELECT count(c.close_price) FROM predictions AS p {LATERAL}"),
        server.query("what score_predictions() uses", FINDING, goals=(faster(6, lateral),)),
        server.query("equality join on the minute (wrong across holes)",
                     f"SELECT count(c.close_price) FROM predictions AS p {EQUAL}"),
    ])


def errors(config):
    server.execute(
        "market", "DROP TABLE IF EXISTS bench.scored", "CREATE TABLE bench.scored (LIKE predictions)",
        f"""INSERT INTO bench.scored (id, asset_id, ai_models_id, prediction_type, predicted_price, input_price,
                actual_price, is_realized, accuracy_threshold, created_at, updated_at)
            SELECT p.id, asset_id, 1, 'price', predicted_price, input_price, round(predicted_price * 1.01, 8), true, 5,
                   created_at, created_at FROM predictions AS p""",
        "VACUUM ANALYZE bench.scored")
    floor = "count(predicted), count(actual)"
    error = "abs(actual_price - predicted_price)"
    yield Job("mae, rmse and mape together", config.predictions, [
        server.query(floor, "SELECT count(predicted_price), count(actual_price) FROM bench.scored"),
        server.query("mae(), rmse(), mape()",
                     "SELECT mae(actual_price, predicted_price), rmse(actual_price, predicted_price), "
                     "mape(actual_price, predicted_price) FROM bench.scored",
                     goals=(at_most(2, floor), faster(1, "numeric formulas in SQL"))),
        server.query("numeric formulas in SQL",
                     f"SELECT avg({error}), sqrt(avg({error} * {error})), avg({error} / abs(actual_price)) "
                     "FROM bench.scored"),
    ])
