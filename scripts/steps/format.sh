# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: make check-includes, check-format: includes go down the floors of
#: ARCHITECTURE.md, and the C code is as clang-format 14 would have it

step_format() {
    say 'Comparing includes with the floors of ARCHITECTURE.md'
    check 'includes go from higher floors to lower ones' make check-includes PG_CONFIG="$pg_config"

    say 'Comparing the C code with what clang-format makes of it'
    # each version has its own mind; ours is that of Debian 12
    case $(clang-format --version) in
        *' version 14.'*) ;;
        *)
            skip 'clang-format is not of version 14'
            return
            ;;
    esac
    check 'the code is formatted' make check-format PG_CONFIG="$pg_config"
}
