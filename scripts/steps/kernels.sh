# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/kernel/indicators: blocks of bars give the bits of bar by bar

step_kernels() {
    say 'Comparing kernels by blocks with kernels bar by bar'
    status=0
    watched make -s -C test/kernel/indicators check >"$work/kernels.log" 2>&1 ||
        status=$?
    count_results 'test/kernel/indicators' "$work/kernels.log" "$status"
}
