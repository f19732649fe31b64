# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
# The steps of scripts/test that look for what breaks rarely.  Sourced by it.

# What sanitizers and valgrind write into the log of a server.
complaints='runtime error:|AddressSanitizer|VALGRINDERROR-BEGIN'

# --- before ---------------------------------------------------------------------

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

# --- the suite, elsewhere -------------------------------------------------------

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

# --- the steps ------------------------------------------------------------------

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

step_assert() {
    say 'Running the tests on a PostgreSQL with assertions'
    build_asserting || return 0
    elsewhere assert "$(asserting)" 'regress pgtap dump'
}

# Each statement takes thirty times as long, so it is not the whole suite.
step_valgrind() {
    say 'Running the regression tests under valgrind'
    build_asserting || return 0
    supp=$cache/postgresql-$major_here/source/src/tools/valgrind.supp
    elsewhere valgrind "$(asserting)" "${VALGRIND_STEPS:-regress}" PGCTLTIMEOUT=900 \
        MAKEFLAGS="ISOLATION=${VALGRIND_REGRESS:+ REGRESS=$(
            echo "$VALGRIND_REGRESS" | sed 's/ /\\ /g')}" \
        SERVER_UNDER="valgrind --quiet --leak-check=no --time-stamp=yes \
            --error-markers=VALGRINDERROR-BEGIN,VALGRINDERROR-END \
            --gen-suppressions=all --suppressions=$supp"
}

step_memory() {
    rows=${MEMORY_ROWS:-10000000}
    groups=${MEMORY_GROUPS:-1000000}
    say "Watching the memory of every aggregate, $rows rows and $groups groups"
    prove test/memory memory --set rows="$rows" --set groups="$groups" test/memory
    grep '^# ' "$work/prove.log" | sed 's/^/    | /' || :
}

step_fuzz() {
    seconds=${FUZZ_SECONDS:-600}
    say "Fuzzing every parser, $seconds s each"
    build_asserting || return 0
    for target in $(make -s -C test/fuzz targets); do
        if watched make -s -C test/fuzz "run-$target" SECONDS="$seconds" \
            POSTGRES="$cache/postgresql-$major_here" >"$work/fuzz.log" 2>&1; then
            ok "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
                "$work/fuzz.log") inputs"
        else
            tail -n 40 "$work/fuzz.log" | sed 's/^/    | /' >&2
            not_ok "$target"
        fi
    done
}

# Errors are what most random queries end with.  Errors that a user cannot cause
# are ours to explain.
step_sqlsmith() {
    minutes=${SQLSMITH_MINUTES:-60}
    seed=${SQLSMITH_SEED:-1}
    say "Asking random queries for $minutes minutes, seed $seed"
    smith_log=$work/sqlsmith-server.log
    {
        database_with_extension smith &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=smith \
                --file=test/sqlsmith/setup.sql &&
            quietly pg_ctl --wait --mode=fast stop &&
            quietly pg_ctl --log="$smith_log" --options="-c log_line_prefix='%e [%p] ' -c track_activity_query_size=64kB" \
                --wait start
    } || {
        not_ok 'a database for sqlsmith'
        return
    }
    status=0
    watched timeout "${minutes}m" sqlsmith --verbose --exclude-catalog --seed="$seed" \
        --target="host=$PGHOST dbname=smith user=smith" >"$work/smith.log" 2>&1 ||
        status=$?
    # 124: the time was up
    if [ "$status" -eq 124 ]; then
        ok "$(tr '\r' '\n' <"$work/smith.log" | sed -n 's/^queries: *\([0-9]*\).*/\1/p' |
            tail -n 1) queries"
    else
        tail -n 20 "$work/smith.log" | sed 's/^/    | /' >&2
        not_ok "sqlsmith went on to the end (status $status)"
    fi
    grep -v '^#' test/sqlsmith/known >"$work/smith.known"
    if grep -E '^XX[0-9A-Z]{3} .* ERROR: |terminated by signal|PANIC|^TRAP' "$smith_log" |
        grep -E -v -f "$work/smith.known" >"$work/smith.found"; then
        sort "$work/smith.found" | uniq -c | head -n 20 | sed 's/^/    | /' >&2
        cp "$smith_log" "$cache/sqlsmith-server.log" 2>/dev/null || :
        not_ok 'random queries cause no internal error'
    else
        ok 'random queries cause no internal error'
    fi
    quietly pg_ctl --wait --mode=fast stop
    quietly pg_ctl --log="$work/server.log" --wait start ||
        not_ok 'the server starts again'
}

# --- faults and soak ---------------------------------------------------------------

# Runs a command that sees a file system of 1 GB at $work/disk: in namespaces, so that nobody else
# does and nobody needs to be root, where the kernel allows that.
with_small_disk() {
    # shellcheck disable=SC2016 # for the inner shell
    watched unshare --user --map-root-user --mount sh -c '
        disk=$1 user=$2 group=$3
        shift 3
        mount -t tmpfs -o size=1g tmpfs "$disk" &&
            exec unshare --user --map-user="$user" --map-group="$group" -- "$@"
        ' sh "$work/disk" "$(id -u)" "$(id -g)" "$@"
}

run_faults() {
    mkdir "$work/disk"
    if with_small_disk true; then
        FAULTS_DISK=$work/disk with_small_disk python3 test/faults/run.py "$@"
    else
        echo '# no disk runs full: this machine lets an ordinary user mount nothing'
        watched python3 test/faults/run.py "$@"
    fi
}

# Kills need a log of their own, and a server that they can start.
step_faults() {
    kills=${FAULTS_KILLS:-25}
    seed=${FAULTS_SEED:-$(date +%s)}
    say "Killing backends and servers, $kills of each for each operation, seed $seed"
    status=0
    {
        database_with_extension faults &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=faults \
                -c 'ALTER DATABASE faults SET search_path = cryptoanalytics, public' &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=faults \
                -v candles=14000 -v predictions=20000 --file=test/faults/setup.sql &&
            quietly pg_ctl --wait --mode=fast stop &&
            run_faults "$kills" "$seed" "$work/faults-server.log"
    } >"$work/faults.log" 2>&1 || status=$?
    grep -E '^(#   |# |ok .* before the end)' "$work/faults.log" | sed 's/^/    | /' || :
    count_results test/faults "$work/faults.log" "$status"
    quietly pg_ctl --log="$work/server.log" --wait start ||
        not_ok 'the server starts again'
}

step_market_week() {
    say 'Simulating a week in the market'
    run_market market_week --long
}

step_soak() {
    seconds=${SOAK_SECONDS:-600}
    seed=${SOAK_SEED:-$(date +%s)}
    say "Every writer twice at once for $seconds seconds, seed $seed"
    status=0
    {
        database_with_extension soak &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=soak \
                -c 'ALTER DATABASE soak SET search_path = cryptoanalytics, public' &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=soak \
                --file=test/soak/setup.sql &&
            watched python3 test/soak/run.py "$seconds" "$seed"
    } >"$work/soak.log" 2>&1 || status=$?
    grep -E '^(#   |# |ok .* two at once)' "$work/soak.log" | sed 's/^/    | /' || :
    count_results test/soak "$work/soak.log" "$status"
}
