# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/stress/memory: what every aggregate takes for ten million rows
#: and for a million groups; MEMORY_ROWS, MEMORY_GROUPS

step_memory() {
    rows=${MEMORY_ROWS:-10000000}
    groups=${MEMORY_GROUPS:-1000000}
    say "Watching the memory of every aggregate, $rows rows and $groups groups"
    prove test/stress/memory memory --set rows="$rows" --set groups="$groups" test/stress/memory
    grep '^# ' "$work/prove.log" | sed 's/^/    | /' || :
}
