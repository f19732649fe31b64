# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/stress/soak: pgbench writes candles, every writer runs twice at
#: once, readers look whether all holds; SOAK_SECONDS=600,
#: SOAK_SEED

step_soak() {
    seconds=${SOAK_SECONDS:-600}
    seed=${SOAK_SEED:-$(date +%s)}
    say "Every writer twice at once for $seconds seconds, seed $seed"
    status=0
    {
        database_with_extension soak &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=soak \
                -c 'ALTER DATABASE soak SET search_path = cryptoanalytics, public' &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=soak \
                --file=test/stress/soak/setup.sql &&
            watched python3 test/stress/soak/run.py "$seconds" "$seed"
    } >"$work/soak.log" 2>&1 || status=$?
    grep -E '^(#   |# |ok .* two at once)' "$work/soak.log" | sed 's/^/    | /' || :
    count_results test/stress/soak "$work/soak.log" "$status"
}
