# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: scripts/demo, on generated candles, on CSVs good and bad

demo_says() { # what, pattern, demo arguments
    what=$1
    pattern=$2
    shift 2
    if ! quietly sh scripts/demo --connect "$@"; then
        not_ok "$what"
    elif ! grep -Eq "$pattern" "$work/log"; then
        not_ok "$what: it prints nothing like $pattern"
    else
        ok "$what"
    fi
}

# Status 1 and a message that names the line.
demo_refuses() { # what, line, the CSV
    printf '%b' "$3" >"$work/bad.csv"
    if watched sh scripts/demo --connect "$work/bad.csv" >"$work/log" 2>&1 ||
        ! grep -q "bad.csv, line $2: " "$work/log"; then
        sed 's/^/    | /' "$work/log" | tail -n 5 >&2
        not_ok "$1"
    else
        ok "$1"
    fi
}

# Three days of 1m candles, as a CSV of either kind.
make_csv() {
    quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --tuples-only \
        --no-align --field-separator=, --file=scripts/sample.sql \
        -c "CREATE TEMP TABLE c AS SELECT * FROM
            pg_temp.sample_candles(7, '2025-01-01 00:00+00', 4320, 0.5, 0.0001)" \
        -c "\\copy (SELECT candle_time AS time, open, high, low, close,
            round(volume / close, 3) AS volume FROM c)
            TO '$work/iso.csv' WITH (FORMAT csv, HEADER)" \
        -c "\\copy (SELECT extract(epoch FROM candle_time)::bigint, open, high,
            low, close, round(volume / close, 3), 1 FROM c
            ORDER BY candle_time DESC) TO '$work/unix.csv' WITH (FORMAT csv)" &&
        awk '{ printf "%s\r\n\r\n", $0 }' "$work/unix.csv" |
        gzip >"$work/unix.csv.gz"
}

step_demo() {
    say 'Running scripts/demo'
    demo_says 'the demo shows generated candles' 'momentum *\|.*\|'
    if grep -Eq '^ 2025-06 \| .*[+]' "$work/log" && grep -Eq '1 \| AI *\|' "$work/log"; then
        ok 'and the regime of their market, and its sectors'
    else
        not_ok 'it shows no regime of the market, or no sectors'
    fi
    make_csv || not_ok 'candles can be written to a CSV'
    demo_says 'it reads a CSV with a header and ISO 8601 times' \
        'rows archived' "$work/iso.csv"
    demo_says 'it reads one compressed, with Unix times and the last first' \
        'momentum *\|.*\|' --symbol xyz "$work/unix.csv.gz"
    head='time,open,high,low,close,volume\n'
    row='2025-01-01 00:00Z,1,2,0.5,1.5,10\n'
    demo_refuses 'it refuses what is no number' 3 \
        "$head${row}2025-01-01 00:01Z,1,2,x,1.5,10\n"
    demo_refuses 'it refuses what is no time' 2 "${head}yesterday,1,2,1,1.5,10\n"
    demo_refuses 'it refuses a high below the close' 1 \
        '1735689600,1,1.2,0.5,1.5,10\n'
    demo_refuses 'it refuses a time that comes twice' 3 "$head$row$row"
    demo_refuses 'it refuses a candle that starts too late' 2 \
        "${row}2025-01-01 00:01:07Z,1,2,0.5,1.5,10\n"
    demo_refuses 'it refuses a row without volume' 2 "${row}1735689660,1,2,1,1\n"
    demo_refuses 'it refuses columns in another order' 1 \
        "time,close,high,low,open,volume\n$row"
}
