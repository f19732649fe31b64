# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/compat/realdata, with pg_prove, on the market data in
#: ../shared/data or $CRYPTOANALYTICS_DATA; skipped without it

step_realdata() {
    say 'Running the tests on real market data'
    if [ ! -d "$work/data" ]; then
        skip "there is no ${CRYPTOANALYTICS_DATA:-../shared/data}"
    elif ! ls test/compat/realdata/*.sql >/dev/null 2>&1; then
        not_ok 'test/compat/realdata has no tests'
    else
        prove test/compat/realdata realdata --set "data=$work/data" test/compat/realdata
    fi
}
