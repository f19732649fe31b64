# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: shellcheck, clang-tidy, exported symbols, the SQL and PL/pgSQL in the
#: install script, spelling, Markdown, names in CONTRIBUTING.md

shell_scripts() {
    grep -rlE '^(#! */bin/(ba)?sh|# shellcheck shell=)' .ci bench scripts test
}

# The symbols that the library shows to others begin with ca_.
check_exports() {
    nm --dynamic --defined-only cryptoanalytics.so | awk '
        $3 !~ /^(pg_finfo_)?ca_[a-z0-9_]+$/ && $3 !~ /^(Pg_magic_func|_PG_init)$/ {
            print $3 " is exported"; bad = 1
        }
        END { if (NR < 2) { print "nothing is exported"; bad = 1 }; exit bad }'
}

run_clang_tidy() {
    # shellcheck disable=SC2016 # for the inner shell
    find src test/kernel -name '*.c' | sort | xargs -n 8 -P "$(processors)" sh -c '
        include=$1
        shift
        clang-tidy --quiet "$@" -- -std=gnu99 -D_GNU_SOURCE -Isrc -Itest/kernel/segment \
            -Itest/kernel/indicators -I"$include"
        ' sh "$("$pg_config" --includedir-server)"
}

pages() {
    find . -name '*.md' ! -path './build/*' ! -path './.unreleased/*' | sort
}

linter() { # what, command
    lint_what=$1
    shift
    if have "$1"; then
        check "$lint_what" "$@"
    else
        skip "there is no $1"
    fi
}

lint_plpgsql() {
    if ! ls "$("$pg_config" --sharedir)"/extension/plpgsql_check.control >/dev/null 2>&1; then
        skip 'there is no plpgsql_check'
    elif database_with_extension lint && sql --dbname=lint -c 'CREATE EXTENSION plpgsql_check'; then
        prove_in scripts/lint/plpgsql.sql lint scripts/lint/plpgsql.sql
    else
        not_ok 'a database with plpgsql_check'
    fi
}

step_lint() {
    say 'Looking for mistakes in the sources'
    check 'exported symbols begin with ca_' check_exports
    check 'what the pages for developers name exists' python3 scripts/lint/paths.py
    check 'fragments of the changelog are well-formed' scripts/changelog --check
    if ! linters_are_known; then
        skip 'linters: each version finds something else, and those of Debian 12 are the ones to please'
        return
    fi
    # shellcheck disable=SC2046 # lists of files
    {
        linter 'shell scripts' shellcheck --external-sources $(shell_scripts)
        linter 'spelling' codespell --config .codespellrc $(pages) $(scripts/changelog --list) Makefile scripts src \
            sql/tables sql/functions sql/updates test/laws test/sql test/specs
        linter 'Markdown' mdl $(pages)
    }
    if /usr/bin/python3 -c 'import pglast' 2>/dev/null; then
        # shellcheck disable=SC2046 # a list of files
        check 'the parts of the install script' \
            /usr/bin/python3 scripts/lint/sql.py $(sed 's/#.*//' sql/order)
    else
        skip 'there is no python3-pglast'
    fi
    lint_plpgsql
    if have clang-tidy; then
        check 'clang-tidy finds nothing in C' run_clang_tidy
    else
        skip 'there is no clang-tidy'
    fi
}
