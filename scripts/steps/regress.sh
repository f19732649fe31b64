# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: make installcheck: pg_regress and isolation tests

step_regress() {
    say 'Running the regression and isolation tests (make installcheck)'
    status=0
    watched make installcheck PG_CONFIG="$pg_config" >"$work/regress.log" \
        2>&1 || status=$?
    for diffs in regression.diffs output_iso/regression.diffs; do
        [ ! -s "$diffs" ] || sed 's/^/    | /' "$diffs" >&2
    done
    count_results 'make installcheck' "$work/regress.log" "$status"
}
