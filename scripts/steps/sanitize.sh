# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: regress and pgtap on it, the extension built with
#: AddressSanitizer and UndefinedBehaviorSanitizer

# Of the server only what the library calls is watched, and all memory that comes
# from malloc.  Debian's own server is linked to a gettext that does not start with
# the sanitizer's library in front.
step_sanitize() {
    say 'Running the tests with AddressSanitizer and UndefinedBehaviorSanitizer'
    build_asserting || return 0
    elsewhere sanitize "$(asserting)" 'regress pgtap' \
        MAKEFLAGS='COPT=-O1\ -g\ -fno-omit-frame-pointer\ -fsanitize=address,undefined' \
        SERVER_UNDER="env LD_PRELOAD=$(gcc -print-file-name=libasan.so)" \
        ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
}
