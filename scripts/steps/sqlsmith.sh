# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: random queries for SQLSMITH_MINUTES=60, SQLSMITH_SEED

# Errors are what most random queries end with.  Errors that a user cannot cause
# are ours to explain.
step_sqlsmith() {
    minutes=${SQLSMITH_MINUTES:-60}
    seed=${SQLSMITH_SEED:-1}
    say "Asking random queries for $minutes minutes, seed $seed"
    smith_log=$work/sqlsmith-server.log
    {
        database_with_extension smith &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=smith \
                --file=test/stress/sqlsmith/setup.sql &&
            quietly pg_ctl --wait --mode=fast stop &&
            quietly pg_ctl --log="$smith_log" --options="-c log_line_prefix='%e [%p] ' -c track_activity_query_size=64kB" \
                --wait start
    } || {
        not_ok 'a database for sqlsmith'
        return
    }
    status=0
    watched timeout "${minutes}m" sqlsmith --verbose --exclude-catalog --seed="$seed" \
        --target="host=$PGHOST dbname=smith user=smith" >"$work/smith.log" 2>&1 ||
        status=$?
    # 124: the time was up
    if [ "$status" -eq 124 ]; then
        ok "$(tr '\r' '\n' <"$work/smith.log" | sed -n 's/^queries: *\([0-9]*\).*/\1/p' |
            tail -n 1) queries"
    else
        tail -n 20 "$work/smith.log" | sed 's/^/    | /' >&2
        not_ok "sqlsmith went on to the end (status $status)"
    fi
    grep -v '^#' test/stress/sqlsmith/known >"$work/smith.known"
    if grep -E '^XX[0-9A-Z]{3} .* ERROR: |terminated by signal|PANIC|^TRAP' "$smith_log" |
        grep -E -v -f "$work/smith.known" >"$work/smith.found"; then
        sort "$work/smith.found" | uniq -c | head -n 20 | sed 's/^/    | /' >&2
        cp "$smith_log" "$cache/sqlsmith-server.log" 2>/dev/null || :
        not_ok 'random queries cause no internal error'
    else
        ok 'random queries cause no internal error'
    fi
    quietly pg_ctl --wait --mode=fast stop
    quietly pg_ctl --log="$work/server.log" --wait start ||
        not_ok 'the server starts again'
}
