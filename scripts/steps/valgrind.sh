# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: regress on it under valgrind; VALGRIND_REGRESS='setup ...'
#: names some of its tests

# Each statement takes thirty times as long, so it is not the whole suite.
step_valgrind() {
    say 'Running the regression tests under valgrind'
    build_asserting || return 0
    supp=$cache/postgresql-$major_here/source/src/tools/valgrind.supp
    elsewhere valgrind "$(asserting)" "${VALGRIND_STEPS:-regress}" PGCTLTIMEOUT=900 \
        MAKEFLAGS="ISOLATION=${VALGRIND_REGRESS:+ REGRESS=$(
            echo "$VALGRIND_REGRESS" | sed 's/ /\\ /g')}" \
        SERVER_UNDER="valgrind --quiet --leak-check=no --time-stamp=yes \
            --error-markers=VALGRINDERROR-BEGIN,VALGRINDERROR-END \
            --gen-suppressions=all --suppressions=$supp"
}
