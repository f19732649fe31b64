# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: make check-sql: released scripts have not changed, and the
#: version stands in one place

step_install_script() {
    say 'Comparing released scripts with their checksums'
    check 'released scripts have not changed' \
        make check-sql PG_CONFIG="$pg_config"
}
