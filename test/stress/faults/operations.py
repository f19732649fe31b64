"""What is interrupted: calls, what they must keep, and the state that shows how far they came."""

from dataclasses import dataclass, field


@dataclass
class Operation:
    name: str
    calls: list
    kept: str  # an SQL expression whose value never changes
    state: str  # an SQL expression that differs before, during and after the calls
    lock: str  # SQL that another session holds so that the call has to wait
    promise: str = "no candle is lost, doubled or changed"
    settings: list = field(default_factory=list)
    reset: list = field(default_factory=list)
    broken: list = field(default_factory=lambda: ["SELECT faults.broken()"])
    notes_tasks: bool = True


ASSETS = (1, 2, 3)
ALL = "faults.candles(true)"
BUT_INDICATORS = "faults.candles(false)"
STATE = "faults.state()"
SERIES = "SELECT cryptoanalytics_internal.ca_lock_series('1m', 2)"

RESTORE = [f"CALL restore_price_data('1m', {asset}, NULL, NULL, 4000)" for asset in ASSETS]

COMPRESSING = [
    Operation("compress_price_archive", ["CALL compress_price_archive()"], ALL, STATE, SERIES),
    Operation("decompress_price_archive",
              [f"CALL decompress_price_archive('1m', {asset}, NULL, NULL)" for asset in ASSETS], ALL, STATE, SERIES),
]

# the first run removes the indicators, before anything is compared
ARCHIVING = [
    Operation("archive_price_data into rows", ["CALL archive_price_data('2025-01-01', '1m', batch_size => 4000)"],
              BUT_INDICATORS, STATE, SERIES),
    Operation("restore_price_data from rows", RESTORE, BUT_INDICATORS, STATE, SERIES),
]

ARCHIVING_INTO_SEGMENTS = [
    Operation("archive_price_data into segments",
              ["CALL archive_price_data('2025-01-01', '1m', keep_indicators => true, batch_size => 4000)"],
              ALL, STATE, SERIES, settings=["SET cryptoanalytics.compress_archive = on"]),
    Operation("restore_price_data from segments", RESTORE, ALL, STATE, SERIES),
]

ROLLING_UP = [
    Operation("rollup_candles", [f"SELECT rollup_candles('{code}', source => '1m')" for code in ("5m", "1h")],
              ALL, "faults.rollups()", "SELECT cryptoanalytics_internal.ca_lock_series('1h', 2)",
              "no minute is lost and each roll-up is what plain SQL makes of its minutes",
              reset=["DELETE FROM price_data WHERE timeframe <> '1m'"],
              broken=["SELECT faults.broken()", "SELECT faults.broken_rollups()"], notes_tasks=False),
]

SCORING = [
    Operation("score_predictions", ["SELECT score_predictions()"], ALL, "faults.scores()",
              "LOCK TABLE predictions IN SHARE MODE", "each prediction is scored with all its columns, or not at all",
              reset=["UPDATE predictions SET actual_price = NULL, absolute_error = NULL, squared_error = NULL, "
                     "accuracy_percentage = NULL, is_accurate = NULL, is_realized = false, evaluated_at = NULL"],
              broken=["SELECT faults.broken_scores()"], notes_tasks=False),
]

INDICATORS = [
    Operation("update_technical_indicators",
              [f"SELECT update_technical_indicators({asset}, '1m', '{{\"SMA\": 20, \"RSI\": 14}}')" for asset in ASSETS],
              BUT_INDICATORS, "faults.indicators()", "SELECT cryptoanalytics_internal.ca_lock_indicators(2, '1m')",
              "all indicators of a series are there with their states, or none",
              reset=["UPDATE price_data SET technical_indicators = NULL", "TRUNCATE technical_indicator_states",
                     "TRUNCATE technical_indicator_notes"],
              broken=["SELECT faults.broken()", "SELECT faults.broken_indicators()"], notes_tasks=False),
]

# each with what prepares the candles for it
FAMILIES = [
    (COMPRESSING, []),
    (ARCHIVING_INTO_SEGMENTS, RESTORE),
    (ARCHIVING, ["UPDATE price_data SET technical_indicators = NULL"]),
    (ROLLING_UP, ["CALL archive_price_data('2024-01-05', '1m', 1)", "CALL compress_price_archive('2024-01-03')"]),
    (SCORING, ["DELETE FROM price_data WHERE timeframe <> '1m'"]),
    (INDICATORS, RESTORE),
]
