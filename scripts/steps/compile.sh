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

# Succeeds if plain C cannot include a header of PostgreSQL, neither as object nor
# as bitcode, while other code can.  Bitcode is left out where the server's clang
# is missing.
plain_code_is_plain() { # directory
    for file in src/number/decimal src/candle/kernel/candle src/segment/codec/gcd; do
        for object in "$file.o" "$file.bc"; do
            make -s -C "$1" PG_CONFIG="$pg_config" "$object" >"$1/log" 2>&1 || continue
            rm -f "$1/$object"
            if include_postgres "$1" "$object" ||
                ! grep -q 'postgres\.h' "$1/log"; then
                cat "$1/log"
                return 1
            fi
        done
    done
    rm -f "$1/src/base/checks.o"
    include_postgres "$1" src/base/checks.o || { cat "$1/log" && return 1; }
}

include_postgres() { # directory, object
    make -s -C "$1" PG_CONFIG="$pg_config" "$2" COPT='-include postgres.h' \
        BITCODE_CFLAGS='-include postgres.h' >"$1/log" 2>&1
}

# Succeeds if what plain C calls of ours is plain too, but for the wide form of decimals.
plain_code_calls_plain_code() { # directory
    (cd "$1" && nm src/number/*.o src/*/kernel/*.o src/segment/codec/*.o) | awk '
        $1 == "U" && $2 ~ /^ca_/ && $2 !~ /^ca_wide_/ { called[$2] }
        NF == 3 { defined[$3] }
        END {
            bad = NR == 0
            for (name in called)
                if (!(name in defined)) { print name " is called"; bad = 1 }
            exit bad
        }'
}

step_compile() {
    say 'Compiling with gcc and with clang, warnings are errors'
    cp -R "$work/src" "$work/gcc"
    cp -R "$work/src" "$work/clang"
    check 'gcc has nothing to say' sh "$0" --compile "$work/gcc" gcc ''
    check 'clang has nothing to say' \
        sh "$0" --compile "$work/clang" clang "$for_clang"
    check 'kernels and codecs call no other code of ours' plain_code_calls_plain_code "$work/gcc"
    check 'kernels and codecs are compiled without headers of PostgreSQL' \
        plain_code_is_plain "$work/gcc"
}
