# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/stress/market: a simulated day, in which some hundred assets go
#: through every system at once and an oracle computes all of it
#: again; MARKET_SEED

run_market() { # database, arguments
    database=$1
    shift
    status=0
    {
        database_with_extension "$database" &&
            MARKET_DATABASE=$database watched python3 -B test/stress/market/run.py "$@"
    } >"$work/$database.log" 2>&1 || status=$?
    grep -E '^# .*(seed|calls of|done)' "$work/$database.log" | sed 's/^/    | /' || :
    count_results test/stress/market "$work/$database.log" "$status"
}

step_market() {
    say 'Simulating a day in the market'
    run_market market
}
