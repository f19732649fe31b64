# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: regress, pgtap and dump on a PostgreSQL with assertions, which
#: is built from Debian's source package

step_assert() {
    say 'Running the tests on a PostgreSQL with assertions'
    build_asserting || return 0
    elsewhere assert "$(asserting)" 'regress pgtap dump'
}
