# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
# Counting results, and databases and servers to get them from.  Sourced by scripts/test.

# What sanitizers and valgrind write into the log of a server.
complaints='runtime error:|AddressSanitizer|VALGRINDERROR-BEGIN'

passed=0
failed=0
skipped=0

ok() {
    passed=$((passed + 1))
    note "ok      $*"
}

not_ok() {
    failed=$((failed + 1))
    note "FAILED  $*"
}

skip() {
    skipped=$((skipped + 1))
    note "SKIPPED $*"
}

check() { # what, command
    what=$1
    shift
    began=$(date +%s)
    if quietly "$@"; then
        ok "$what ($(($(date +%s) - began)) s)"
    else
        not_ok "$what"
    fi
}

# Counts the results in what a test program printed, which are lines of TAP or
# of pg_regress before PostgreSQL 16, and shows those that failed.
count_results() { # what, file, exit status of the program
    counts=$(awk '
        /^ok .*# *SKIP/ { skip++; next }
        /^ok / || /^(test|     ) .*\.\.\. ok/ { good++ }
        /^not ok .*# *TODO/ { good++; next }
        /^not ok / || /^(test|     ) .*\.\.\. FAILED/ { bad++ }
        END { print good + 0, bad + 0, skip + 0 }' "$2")
    good=${counts%% *}
    skip=${counts##* }
    bad=${counts#* }
    bad=${bad% *}
    if [ "$3" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        {
            grep -E '(ERROR|FATAL|PANIC|error):' "$2" || :
            if grep -q '^Test Summary Report' "$2"; then
                sed -n '/^Test Summary Report/,$p' "$2"
            else
                tail -n 25 "$2"
            fi
        } | sed 's/^/    | /' >&2
    elif [ "$bad" -ne 0 ]; then
        awk '
            /^not ok |\.\.\. FAILED/ { print "    | " $0; shown = 1; next }
            /^#/ && shown { print "    | " $0; next }
            { shown = 0 }' "$2" >&2
    elif [ "$good" -eq 0 ]; then
        bad=1
        note 'nothing was tested'
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    note "$(printf '%-7s %s: %d passed, %d failed, %d skipped' \
        "$([ "$bad" -eq 0 ] && echo ok || echo FAILED)" \
        "$1" "$good" "$bad" "$skip")"
}

database_with_extension() { # name
    createdb "$1" &&
        quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname="$1" \
            -c 'CREATE SCHEMA cryptoanalytics' \
            -c 'CREATE EXTENSION cryptoanalytics SCHEMA cryptoanalytics' \
            -c 'CREATE EXTENSION pgtap'
}

prove() { # what, database to make, pg_prove arguments
    if database_with_extension "$2"; then
        prove_in "$@"
    else
        not_ok "$1: the extension cannot be created"
    fi
}

prove_in() { # what, database, pg_prove arguments
    what=$1
    database=$2
    shift 2
    status=0
    watched pg_prove --norc --nocolor --verbose --merge --recurse --ext .sql \
        --dbname "$database" "$@" >"$work/prove.log" 2>&1 || status=$?
    count_results "$what" "$work/prove.log" "$status"
}

sql() { # psql arguments
    quietly psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}

# --- other builds of PostgreSQL ---------------------------------------------------

long_packages() { # steps
    case " $* " in
        *' sanitize '* | *' assert '* | *' valgrind '* | *' fuzz '*)
            have dpkg-source || echo dpkg-dev
            [ -e /usr/include/valgrind/memcheck.h ] || echo valgrind
            ;;
    esac
    case " $* " in
        *' fuzz '*)
            [ -e "$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-$(uname -m).a" ] ||
                echo "libclang-rt-$(clang -dumpversion | sed 's/\..*//')-dev"
            ;;
    esac
    case " $* " in
        *' sqlsmith '*) have sqlsmith || echo sqlsmith ;;
    esac
}

prepare_long_steps() { # steps
    packages=$(long_packages "$@")
    [ -n "$packages" ] || return 0
    # shellcheck disable=SC2086 # a list of words
    need_admin $packages
    log=$(apt_get update 2>&1) || note "apt-get update failed: $log"
    # shellcheck disable=SC2086 # a list of words
    install_packages $packages
}

# Steps once more, on another build or another server, in a directory of its own.
elsewhere() { # name, pg_config, steps, VARIABLE=value ...
    inner=$work/$1
    inner_config=$2
    inner_steps=$3
    shift 3
    mkdir "$inner"
    copy_sources "$here/.." "$inner/src"
    # shellcheck disable=SC2086 # a list of words
    watched env PATH="$inner/root$("$inner_config" --bindir):$PATH" HOME="$inner" \
        TMPDIR="$inner" PG_CONFIG="$inner_config" PGHOST="$inner/run" \
        PGDATA="$inner/pg" CRYPTOANALYTICS_WORK="$inner" "$@" \
        sh "$inner/src/scripts/test" --second-stage $inner_steps || :
    if [ -e "$inner/summary" ]; then
        # "N passed, N failed, N skipped"
        read -r inner_passed _ inner_failed _ inner_skipped _ <"$inner/summary"
        passed=$((passed + inner_passed))
        failed=$((failed + inner_failed))
        skipped=$((skipped + ${inner_skipped:-0}))
    else
        not_ok "the tests in ${inner##*/} did not come to their end"
    fi
    quietly pg_ctl --pgdata="$inner/pg" --mode=fast --wait stop || :
}

# A PostgreSQL with assertions, which knows of valgrind.
asserting() {
    echo "$cache/postgresql-$major_here/installed/bin/pg_config"
}

build_asserting() {
    major_here=$("$pg_config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ ! -x "$(asserting)" ] || return 0
    note 'PostgreSQL is built from source, which takes some minutes'
    quietly env JOBS="$(processors)" scripts/build-postgres "$major_here" \
        "$cache/postgresql-$major_here" || {
        not_ok 'PostgreSQL can be built from source'
        return 1
    }
    # pgtap is SQL and nothing else
    cp "$("$pg_config" --sharedir)"/extension/pgtap* \
        "$("$(asserting)" --sharedir)/extension"
}
