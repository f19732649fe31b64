"""Writes candles with pgbench while two sessions run every other writer, and readers check the rows: prints TAP.

run.py SECONDS SEED, against a running server with a database "soak" that has the extension and setup.sql.
Each script has a pgbench with two clients, which reports an error at its end.
"""

import subprocess
import sys

ASSET = "\\set asset random(1, 4)\n"

# what each pgbench runs, and how many milliseconds its clients wait after it
SCRIPTS = {
    "candles": (ASSET + "\\set n random(1, 5)\nSELECT soak.write(:asset, :n);", 50),
    "imports": (ASSET + "\\set n random(1, 5)\nSELECT soak.import(:asset, :n);", 100),
    "corrections": (ASSET + "UPDATE price_data SET market_cap = random() WHERE id = (SELECT id FROM price_data "
                    "WHERE asset_id = :asset AND timeframe = '1m' ORDER BY candle_time DESC LIMIT 1);", 50),
    "archive_price_data": (ASSET + "CALL archive_price_data(soak.time(soak.next(:asset) - 600), batch_size => 200);", 1000),
    "archive_price_data into segments": (
        ASSET + "SET cryptoanalytics.compress_archive = on;\n"
        "CALL archive_price_data(soak.time(soak.next(:asset) - 1200), asset => :asset, batch_size => 500);", 1500),
    "restore_price_data": (ASSET + "CALL restore_price_data('1m', :asset, soak.time(soak.next(:asset) - 2400), "
                           "soak.time(soak.next(:asset) - 1500));", 2500),
    "compress_price_archive": ("CALL compress_price_archive();", 2000),
    "decompress_price_archive": (ASSET + "CALL decompress_price_archive('1m', :asset, soak.time(0), soak.time(700));", 5000),
    "rollup_candles": ("SELECT rollup_candles('5m', source => '1m');\nSELECT rollup_candles('1h', source => '1m');", 500),
    "update_technical_indicators": (ASSET + "SELECT update_technical_indicators(:asset, '1m');", 300),
    "predictions": (ASSET + "SELECT soak.predict(:asset);", 50),
    "score_predictions": (ASSET + "SELECT score_predictions(soak.time(soak.next(:asset)));", 500),
    "trades": (ASSET + "\\set opens random(0, 1)\n\\set n random(1, 9)\nSELECT soak.trade(:asset, :opens = 1, :n);", 50),
    "readers": (ASSET + "SELECT soak.check(:asset);", 200),
}


def pgbench(name, seconds, seed):
    """Runs a script with two clients for this many seconds."""
    script, rest = SCRIPTS[name]
    bench = subprocess.Popen(
        ["pgbench", "--no-vacuum", "--client=2", f"--time={seconds}", f"--random-seed={seed}", "--file=/dev/stdin", "soak"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    bench.stdin.write(f"{script}\n\\sleep {rest} ms\n")
    bench.stdin.close()
    bench.stdin = None
    return bench


def psql(statement):
    return subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "soak", "-c", statement],
                          capture_output=True, text=True)


def main():
    seconds, seed = int(sys.argv[1]), int(sys.argv[2])
    print(f"1..{len(SCRIPTS) + 2}")
    benches = {name: pgbench(name, seconds, seed + i) for i, name in enumerate(SCRIPTS)}
    bad = count = 0

    def ok(good, what, problems):
        nonlocal bad, count
        count += 1
        bad += not good
        print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
        if not good:
            print("#   " + problems.strip().replace("\n", "\n#   "), flush=True)

    for name, bench in benches.items():
        out, err = bench.communicate()
        done = next((line.split()[-1].split("/")[0] for line in out.splitlines()
                     if line.startswith("number of transactions actually processed")), "0")
        errors = "\n".join(line for line in err.splitlines() if "error" in line.lower() or "DETAIL" in line)
        ok(bench.returncode == 0 and int(done) > 0 and not errors, f"{name}: {done} times by two at once, without an error",
           errors or err or out)
    last = psql("SELECT soak.check(a) FROM generate_series(1, 4) AS a")
    ok(last.returncode == 0, "afterwards all that must hold holds", last.stderr)
    places = psql("SELECT format('%s live, %s archived, %s roll-ups, %s predictions scored, %s trades', "
                  "(SELECT count(*) FROM price_data WHERE timeframe = '1m'), (SELECT count(*) FROM price_history WHERE archived), "
                  "(SELECT count(*) FROM price_history WHERE timeframe <> '1m'), "
                  "(SELECT count(*) FROM predictions WHERE is_realized), (SELECT count(*) FROM trade_actions))")
    print(f"# {places.stdout.strip()}")
    ok(places.stdout and not any(part.strip().startswith("0 ") for part in places.stdout.split(",")),
       "each of them did something", places.stdout + places.stderr)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
