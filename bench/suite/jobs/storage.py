"""What writes candles and their indicators: updates, the archive, imports."""

import os

from .. import peers, server
from ..harness import Job, Variant, at_most, faster, under

UPDATE = "update_technical_indicators(integer, text, jsonb, text)"
APPENDED = 20  # candles a run


def update(config):
    server.require("market", UPDATE)
    connection = server.connect("market")
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    cursor.execute("SELECT update_technical_indicators(1, '1m')")
    cursor.execute("SELECT technical_indicators::text FROM price_data WHERE asset_id = 1 AND timeframe = '1m' "
                   "ORDER BY candle_time DESC LIMIT 1")
    constant = cursor.fetchone()[0]
    cursor.execute("ROLLBACK")
    cursor.execute("VACUUM price_data")
    connection.close()
    floor = "UPDATE with a constant JSON"
    tables = "price_data, technical_indicator_states, technical_indicator_notes"
    yield Job("update_technical_indicators() of a fresh series", config.series, [
        server.undone(floor, f"UPDATE price_data SET technical_indicators = '{constant}' "
                             "WHERE asset_id = 1 AND timeframe = '1m'", tables),
        server.undone("update_technical_indicators()", "SELECT update_technical_indicators(1, '1m')", tables,
                      goals=(at_most(1.3, floor),)),
    ], note=f"The JSON is that of the last candle, {len(constant)} characters.")
    yield append_job(config)


def append_job(config):
    """Series of several lengths, each an asset; every run adds candles to each."""
    server.create("appending", config.script)
    lengths = sorted({1000, min(100000, config.series), config.series})
    cursor = server.connect("appending", {"session_replication_role": "replica"}).cursor()
    for asset, length in enumerate(lengths, 1):
        cursor.execute(f"SELECT bench.fill_candles({length}, 1)")
        cursor.execute("UPDATE price_data SET asset_id = %s WHERE asset_id = 1", (asset + 1,))
    cursor.execute("VACUUM ANALYZE price_data")
    cursor.execute("RESET session_replication_role")
    variants = []
    for asset, length in enumerate(lengths, 2):
        cursor.execute(f"SELECT update_technical_indicators({asset}, '1m')")
        variants.append(Variant(f"after {length} candles", append(cursor, asset), goals=(under(1e6),)))
    return Job("update_technical_indicators() after an appended candle", 1, variants,
               note=f"Nanoseconds a call, mean of {APPENDED} calls a run, each with its commit.")


def append(cursor, asset):
    insert = f"""INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price,
            volume, candle_time)
        SELECT asset_id, timeframe, open_price, high_price, low_price, close_price, volume,
               candle_time + interval '1 minute'
        FROM price_data WHERE asset_id = {asset} AND timeframe = '1m' ORDER BY candle_time DESC LIMIT 1"""

    def run():
        took = 0
        for _ in range(APPENDED):
            cursor.execute(insert)
            took += server.timed(cursor, f"SELECT update_technical_indicators({asset}, '1m')")
        return took / APPENDED

    return run


def archive(config):
    candles = min(config.candles, 5000000)
    cutoff = f"timestamptz '2010-01-01 00:00Z' + {candles // 20} * interval '1 minute'"
    server.create("archiving", config.script)
    server.execute("archiving", f"SELECT bench.fill_candles({candles}, 10)", "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT")
    floor = "one DELETE ... RETURNING, INSERT"
    move = f"CALL archive_price_data(older_than => {cutoff}, timeframe => '1m'"
    ways = [
        (floor, f"""WITH d AS (
                DELETE FROM price_data WHERE timeframe = '1m' AND candle_time < {cutoff} RETURNING *)
            INSERT INTO price_data_archive SELECT * FROM d""", {"cryptoanalytics.moving": "on"}, (), ()),
        ("archive_price_data(), batches of 10,000", f"{move})", {}, (at_most(1, floor),), ()),
        ("archive_price_data(), batches of 100,000", f"{move}, batch_size => 100000)", {}, (), ()),
        ("archive_price_data() into segments", f"{move})", {"cryptoanalytics.compress_archive": "on"},
         (faster(4, floor),), (faster(5, floor),)),
    ]
    wal = {name: [] for name, *_ in ways}
    yield Job("archive_price_data() of half the candles", candles // 2, [
        server.in_copy(name, sql, "archiving", settings=settings, goals=goals, wal=wal[name])
        for name, sql, settings, goals, _ in ways
    ], note="Each run in a new copy of the database, committed. The one statement does without the notes for the "
            "indicators, as the procedure does.")
    yield Job("WAL of that", candles // 2, [
        Variant(name, run=lambda name=name: wal[name].pop(0), goals=goals) for name, _, _, _, goals in ways
    ], unit="bytes/row", factor=1, note="Without full page images.")


COLUMNS = "asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time"


def imports(config):
    server.create("importing", config.script)
    file = os.path.join(peers.WORK, "candles.copy")
    server.execute(
        "importing", "SELECT bench.fill_candles(200000, 2)",
        "CREATE TABLE bench.ready AS SELECT * FROM price_data WHERE asset_id = 1 ORDER BY candle_time",
        "DELETE FROM price_data WHERE asset_id = 1",
        """CREATE TABLE bench.klines AS
           SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM candle_time)::bigint * 1000,
               open_price, high_price, low_price, close_price, volume) ORDER BY candle_time) AS data
           FROM bench.ready""",
        f"COPY (SELECT {COLUMNS} FROM bench.ready ORDER BY candle_time) TO '{file}'", "VACUUM ANALYZE")
    plain = f"""INSERT INTO price_data ({COLUMNS})
        SELECT 1, '1m', (e ->> 1)::numeric, (e ->> 2)::numeric, (e ->> 3)::numeric, (e ->> 4)::numeric,
               (e ->> 5)::numeric, to_timestamp((e ->> 0)::bigint / 1000.0)
        FROM bench.klines CROSS JOIN LATERAL jsonb_array_elements(data) AS e"""
    copied, parsed = "COPY of the same candles", "INSERT ... SELECT FROM jsonb_array_elements"

    def writing(name, sql, **options):
        return server.undone(name, sql, "price_data", database="importing", **options)

    yield Job("import_ohlcv() of 100,000 candles", 100000, [
        writing(copied, f"COPY price_data ({COLUMNS}) FROM '{file}'"),
        writing("import_ohlcv()", "SELECT import_ohlcv(1, '1m', data, 'ccxt', 'quote') FROM bench.klines",
                goals=(faster(5, parsed), at_most(1.5, copied))),
        writing(parsed, plain),
        writing("INSERT ... SELECT FROM a table", f"INSERT INTO price_data ({COLUMNS}) "
                f"SELECT {COLUMNS} FROM bench.ready"),
        server.query("jsonb_array_elements alone",
                     "SELECT count(e) FROM bench.klines, jsonb_array_elements(data) AS e", database="importing"),
    ], note="\"Not far from COPY\" is taken as 1.5 times.")
