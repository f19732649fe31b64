# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: every example of README.md and of docs/

step_readme() {
    say 'Running the examples of README.md and docs/'
    for page in README.md $(grep -l '^```sql' docs/*/*.md); do
        status=0
        watched sh scripts/readme-test "$page" >"$work/readme.log" 2>&1 ||
            status=$?
        count_results "$page" "$work/readme.log" "$status"
    done
}
