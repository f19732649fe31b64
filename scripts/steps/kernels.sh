# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/kernel/analytics, indicators and candle: fast kernels give the
#: bits of slow ones

step_kernels() {
    say 'Comparing fast kernels with slow ones'
    for kernel in analytics indicators candle; do
        status=0
        watched make -s -C "test/kernel/$kernel" check >"$work/kernels.log" 2>&1 ||
            status=$?
        count_results "test/kernel/$kernel" "$work/kernels.log" "$status"
    done
}
