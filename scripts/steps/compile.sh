# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: gcc and clang, with warnings as errors

# PGXS takes its flags, and PostgreSQL's headers their attributes, from the
# compiler that built PostgreSQL.  What clang does not know of them is no fault
# of our code.
for_clang='-Wno-unknown-warning-option -Wno-ignored-optimization-argument'
for_clang="$for_clang -Wno-ignored-attributes"

# Succeeds if there were no warnings either, say of the bitcode or the linker.
compile() { # directory, compiler, further flags
    make -C "$1" clean PG_CONFIG="$PG_CONFIG" >/dev/null
    make -s -C "$1" -j "$(processors)" PG_CONFIG="$PG_CONFIG" CC="$2" \
        COPT="-Werror $3" >"$1/log" 2>&1 && ! grep -q 'warning:' "$1/log" &&
        return
    cat "$1/log"
    return 1
}

step_compile() {
    say 'Compiling with gcc and with clang, warnings are errors'
    cp -R "$work/src" "$work/gcc"
    cp -R "$work/src" "$work/clang"
    check 'gcc has nothing to say' sh "$0" --compile "$work/gcc" gcc ''
    check 'clang has nothing to say' \
        sh "$0" --compile "$work/clang" clang "$for_clang"
}
