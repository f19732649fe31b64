# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: the same for a simulated week: a quarter of an hour

step_market_week() {
    say 'Simulating a week in the market'
    run_market market_week --long
}
