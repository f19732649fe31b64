# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: docs/reference agrees with the catalog, and relative links lead
#: somewhere

step_reference() {
    say 'Comparing docs/reference with the catalog'
    check 'docs/reference is what scripts/reference writes' reference_is_current
    check 'links in the docs lead somewhere' sh scripts/check-links
}

reference_is_current() {
    rm -rf "$work/reference"
    mkdir "$work/reference"
    # errors.md is written by hand, and test/laws/errors.sql compares it
    sh scripts/reference "$work/reference" &&
        diff -u -r --exclude=errors.md docs/reference "$work/reference"
}
