# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/laws, with pg_prove

step_pgtap() {
    say 'Running the pgTAP tests'
    prove test/laws pgtap test/laws
}
