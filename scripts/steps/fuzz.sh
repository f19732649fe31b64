# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/kernel/fuzz: every parser of bytes from outside, FUZZ_SECONDS=600
#: each

step_fuzz() {
    seconds=${FUZZ_SECONDS:-600}
    say "Fuzzing every parser, $seconds s each"
    build_asserting || return 0
    for target in $(make -s -C test/kernel/fuzz targets); do
        if watched make -s -C test/kernel/fuzz "run-$target" SECONDS="$seconds" \
            POSTGRES="$cache/postgresql-$major_here" >"$work/fuzz.log" 2>&1; then
            ok "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
                "$work/fuzz.log") inputs"
        else
            tail -n 40 "$work/fuzz.log" | sed 's/^/    | /' >&2
            not_ok "$target"
        fi
    done
}
