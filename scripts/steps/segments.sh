# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/kernel/segment: the codec of segments, by itself

step_segments() {
    say 'Testing the codec of segments, on 100,000 of them'
    status=0
    watched make -s -C test/kernel/segment check >"$work/segments.log" 2>&1 ||
        status=$?
    count_results test/kernel/segment "$work/segments.log" "$status"
}
