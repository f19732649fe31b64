# shellcheck shell=sh
# What scripts/demo and scripts/test share.  Sourced, never run.
#
# Both scripts work in two stages.  The first runs as whoever called: it
# installs packages, makes a temporary directory with a copy of the sources,
# and removes that directory however it ends.  The second runs in there and
# never as root: it builds, and starts a PostgreSQL server of its own.
#
# Nothing goes into the machine's PostgreSQL.  The server finds its libraries
# and extensions relative to its own executable, so a copy of the executables
# with symbolic links to everything else is an installation that we may write to.

set -eu
umask 022
[ -w "${TMPDIR:-/tmp}" ] || unset TMPDIR

work=        # the temporary directory
early=       # another one, from before the first is made
job=         # the command that watched() waits for
cache=       # a directory for what takes long to build
interactive= # not empty: the command reads the terminal, so leave it alone
owner=       # as root: the user that the second stage runs as
pg_config=   # of the PostgreSQL to build against

say() {
    printf '==> %s\n' "$*"
}

note() {
    printf '    %s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# Runs an external command and waits for it in a way that a signal interrupts:
# a shell looks at a signal only after a foreground command has ended.
watched() {
    if [ -n "$interactive" ]; then
        "$@"
        return
    fi
    "$@" &
    job=$!
    watched_status=0
    wait "$job" || watched_status=$?
    job=
    return "$watched_status"
}

# As watched(), but shows what the command printed only if it fails.
quietly() {
    watched "$@" >"$work/log" 2>&1 && return
    tail -n 60 "$work/log" | sed 's/^/    | /' >&2
    return 1
}

as_owner() {
    if [ -n "$owner" ]; then
        set -- setpriv --reuid "$owner" --regid "$(id -g "$owner")" \
            --init-groups -- "$@"
    fi
    watched "$@"
}

# --- packages ---------------------------------------------------------------

as_admin() {
    if is_root; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() {
    as_admin env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        LC_ALL=C.UTF-8 apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

# Which PostgreSQL: the one asked for, else one that is there to build
# against, else one that is there, else the one that apt has.
choose_major() {
    if [ -n "${PG_MAJOR:-}" ]; then
        echo "$PG_MAJOR"
        return
    fi
    for file in include/postgresql/%s/server/postgres.h \
        lib/postgresql/%s/bin/postgres; do
        for major in 15 17 18 16; do
            # shellcheck disable=SC2059 # the format is one of the two above
            if [ -e "/usr/$(printf "$file" "$major")" ]; then
                echo "$major"
                return
            fi
        done
    done
    for major in 15 17 18 16; do
        if apt-cache show "postgresql-server-dev-$major" >/dev/null 2>&1; then
            echo "$major"
            return
        fi
    done
}

# The headers of the server that is there, where apt still has them: those of a
# newer minor version would bring that server's upgrade along.
server_dev_package() { # major version
    package=postgresql-server-dev-$1
    version=$(dpkg-query --show --showformat='${Version}' "postgresql-$1" \
        2>/dev/null) || version=
    if [ -n "$version" ] && apt-cache show "$package=$version" >/dev/null 2>&1
    then
        package=$package=$version
    fi
    echo "$package"
}

missing_packages() { # purpose, major version
    bin=/usr/lib/postgresql/$2/bin
    if [ -z "${PG_CONFIG:-}" ]; then
        [ -x "$bin/postgres" ] || echo "postgresql-$2"
        [ -e "/usr/include/postgresql/$2/server/postgres.h" ] ||
            server_dev_package "$2"
        sharedir=/usr/share/postgresql/$2
    else
        sharedir=$("$PG_CONFIG" --sharedir)
    fi
    have make || echo make
    have gcc || echo gcc
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    if [ "$1" = test ]; then
        [ -e "$sharedir/extension/pgtap.control" ] ||
            echo "postgresql-$2-pgtap"
        [ -e "$sharedir/extension/pg_cron.control" ] ||
            optional_package "postgresql-$2-cron"
        have pg_prove || echo libtap-parser-sourcehandler-pgtap-perl
        have clang || echo clang
        have clang-format || echo clang-format
        [ -n "$(python_with_pandas)" ] || echo python3-pandas
        ! linters_are_known || missing_linters "$2"
    fi
}

# what is left out where apt does not have it
optional_package() { # package
    ! apt-cache show "$1" >/dev/null 2>&1 || echo "$1"
}

# Each version of a linter complains of something else: we please those of Debian 12.
linters_are_known() {
    [ -e /etc/debian_version ] && grep -q '^12' /etc/debian_version
}

missing_linters() { # major version
    for linter in shellcheck clang-tidy codespell; do
        have "$linter" || optional_package "$linter"
    done
    have mdl || optional_package ruby-mdl
    /usr/bin/python3 -c 'import pglast' 2>/dev/null || optional_package python3-pglast
    [ -e "$sharedir/extension/plpgsql_check.control" ] ||
        optional_package "postgresql-$1-plpgsql-check"
}

# Debian's own python3 has Debian's pandas; another one may come first in PATH.
python_with_pandas() {
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import pandas' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

# Debian's server package makes and starts a cluster when it is new on a
# machine.  This file, there only while we install, says not to.
no_cluster=/etc/postgresql-common/createcluster.d/cryptoanalytics-scripts.conf
no_cluster_made=

forbid_main_cluster() {
    no_cluster_made=yes
    as_admin mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' | as_admin tee "$no_cluster" >/dev/null
}

allow_main_cluster() {
    [ -n "$no_cluster_made" ] || return 0
    as_admin rm -f "$no_cluster"
    as_admin rmdir -p "${no_cluster%/*}" 2>/dev/null || :
    no_cluster_made=
}

need_admin() { # packages
    is_root && have apt-get && return
    have apt-get ||
        die "please install what Debian calls $* (there is no apt-get here)"
    have sudo || die "packages are missing, and without root or sudo this" \
        "user cannot install them.  As root: apt-get install $*"
}

install_packages() {
    say "Installing $* (this can take a few minutes)"
    log=$(apt_get install -y --no-install-recommends --simulate "$@" 2>&1) ||
        die "apt-get cannot install $*:
$log"
    # an upgrade of the server would restart every cluster of the machine
    if echo "$log" | grep -q '^Inst postgresql-[0-9]* \['; then
        die "installing $* would upgrade, and so restart, a PostgreSQL" \
            "server; please install them by hand"
    fi
    case " $* " in
        *" postgresql-$major "*) forbid_main_cluster ;;
    esac
    log=$(apt_get install -y --no-install-recommends "$@" 2>&1) ||
        die "apt-get install failed:
$log"
    allow_main_cluster
}

# Makes sure that everything is there, and finds pg_config.
prepare_machine() { # purpose: demo or test
    major=$(choose_major)
    if [ -n "${PG_CONFIG:-}" ]; then
        major=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    fi
    if [ -z "$major" ] || [ -n "$(missing_packages "$1" "$major")" ]; then
        # shellcheck disable=SC2046 # a list of words
        need_admin $(missing_packages "$1" "${major:-15}")
        say 'Updating the list of packages (apt-get update)'
        log=$(apt_get update 2>&1) || note "apt-get update failed: $log"
        major=$(choose_major)
        [ -n "$major" ] ||
            die 'the package sources have no PostgreSQL 15 or newer'
        # shellcheck disable=SC2046 # a list of words
        install_packages $(missing_packages "$1" "$major")
    fi
    pg_config=${PG_CONFIG:-/usr/lib/postgresql/$major/bin/pg_config}
    say "Using $("$pg_config" --version) from $("$pg_config" --bindir)"
}

# --- the temporary directory --------------------------------------------------

# Stops what runs and removes what was made; called on every way out.
clean_up() {
    trap '' HUP INT TERM
    trap - EXIT
    if [ -n "$job" ]; then
        interrupted=$job
        kill "$interrupted" 2>/dev/null || :
        # without its server, what does not heed the signal comes to an end too
        stop_server
        wait "$interrupted" || :
    fi
    stop_server
    [ -z "$work" ] || rm -rf "$work"
    [ -z "$early" ] || rm -rf "$early"
    allow_main_cluster
}

clean_up_later() {
    trap 'clean_up' EXIT
    trap 'clean_up; exit 129' HUP
    trap 'clean_up; exit 130' INT
    trap 'clean_up; exit 143' TERM
}

choose_owner() {
    is_root || return 0
    for owner in postgres nobody; do
        if id "$owner" >/dev/null 2>&1; then
            as_owner true || die "root cannot run a command as user $owner here"
            return
        fi
    done
    die 'there is neither a user postgres nor a user nobody'
}

# The server's socket lives there, and the path of a socket is at most 107
# bytes; make has its trouble with blanks and the like; the owner must get
# there; and programs must be allowed to run there.
usable() {
    [ "${#work}" -le 80 ] || return 1
    case $work in *[!A-Za-z0-9/._-]*) return 1 ;; esac
    cp /bin/sh "$work/probe"
    if is_root; then
        chown "$owner" "$work"
    fi
    # by way of another shell, as setpriv still has root's rights when it starts one
    # shellcheck disable=SC2016 # $1 is for that shell
    as_owner sh -c '"$1" -c :' sh "$work/probe" 2>/dev/null || return 1
    rm -f "$work/probe"
}

make_work() {
    choose_owner
    for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        work=$(mktemp -d "$base/cryptoanalytics.XXXXXX" 2>/dev/null) ||
            continue
        ! usable || return 0
        rm -rf "$work"
    done
    work=
    die 'found no directory for temporary files; please set TMPDIR'
}

# The sources, tracked or not, without the traces of earlier builds.
copy_sources() { # from, to
    mkdir "$2"
    (cd "$1" && tar -cf - --exclude=./.git --exclude='*.o' --exclude='*.so' \
        --exclude='*.bc' --exclude=./results --exclude=./output_iso \
        --exclude=./tmp_check --exclude=./build .) |
        tar -xf - --no-same-owner -C "$2"
    chmod -R u+w "$2"
}

# Where a PostgreSQL built from source stays for the next time, if a directory was
# given.
make_cache() {
    cache=${CRYPTOANALYTICS_CACHE:-$work/cache}
    [ ! -d "$cache" ] || return 0
    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd -P)
    ! is_root || chown "$owner:" "$cache"
}

# The market data beside the project, or elsewhere, if there is any.
copy_data() {
    data=${CRYPTOANALYTICS_DATA:-$here/../../shared/data}
    [ -d "$data" ] || return 0
    mkdir "$work/data"
    for file in "$data"/*; do
        case $file in
            *.gz)
                name=${file##*/}
                gzip -dc <"$file" >"$work/data/${name%.gz}"
                ;;
            *.csv) cp "$file" "$work/data" ;;
        esac
    done
}

give_to_owner() {
    if is_root; then
        chown -R "$owner:" "$work"
    fi
}

# Runs a command in the second stage: in an environment that is the same on
# every machine, and as the unprivileged user.
in_second_stage() {
    bindir=$("$pg_config" --bindir)
    as_owner env -i PATH="$work/root$bindir:$PATH" TERM="${TERM:-dumb}" \
        HOME="$work" TMPDIR="$work" LC_ALL=C.UTF-8 TZ=UTC \
        PG_CONFIG="$pg_config" PGHOST="$work/run" PGUSER=postgres \
        PGDATABASE=postgres PGTZ=UTC PGDATA="$work/pg" \
        FAULTS_KILLS="${FAULTS_KILLS:-}" FAULTS_SEED="${FAULTS_SEED:-}" \
        SOAK_SECONDS="${SOAK_SECONDS:-}" SOAK_SEED="${SOAK_SEED:-}" \
        CRYPTOANALYTICS_WORK="$work" CRYPTOANALYTICS_CACHE="$cache" \
        MAKEFLAGS="${CC:+CC=$CC}" FUZZ_SECONDS="${FUZZ_SECONDS:-}" \
        SQLSMITH_MINUTES="${SQLSMITH_MINUTES:-}" SQLSMITH_SEED="${SQLSMITH_SEED:-}" \
        VALGRIND_STEPS="${VALGRIND_STEPS:-}" VALGRIND_REGRESS="${VALGRIND_REGRESS:-}" \
        MEMORY_ROWS="${MEMORY_ROWS:-}" MEMORY_GROUPS="${MEMORY_GROUPS:-}" "$@"
}

# --- the second stage ---------------------------------------------------------

second_stage() {
    work=$CRYPTOANALYTICS_WORK
    cache=$CRYPTOANALYTICS_CACHE
    pg_config=$PG_CONFIG
    trap 'kill $job 2>/dev/null; exit 143' TERM
    cd "$work/src"
}

processors() {
    nproc 2>/dev/null || echo 2
}

private_installation() {
    for dir in --bindir --pkglibdir --sharedir; do
        mkdir -p "$work/root$("$pg_config" "$dir")"
    done
    cp "$("$pg_config" --bindir)"/* "$work/root$("$pg_config" --bindir)"
    for dir in --pkglibdir --sharedir; do
        dir=$("$pg_config" "$dir")
        cp -rs "$dir/." "$work/root$dir"
    done
    # an installation of ours must not be seen, much less written through
    find "$work/root" -name 'cryptoanalytics*' -prune -exec rm -rf {} +
}

install_extension() {
    quietly make -s install DESTDIR="$work/root" PG_CONFIG="$pg_config"
}

# The dynamic shared memory is in files because /dev/shm may be tiny or absent.
start_server() {
    mkdir -p "$work/run"
    chmod 700 "$work/run"
    quietly initdb --username=postgres --auth=trust --encoding=UTF8 \
        --no-locale --no-sync || return 1
    cat >>"$PGDATA/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$work/run'
dynamic_shared_memory_type = mmap
fsync = off
full_page_writes = off
max_wal_size = 2GB
max_connections = 40
timezone = 'UTC'
log_timezone = 'UTC'
EOF
    run_server_under
    quietly pg_ctl --log="$work/server.log" --wait start ||
        { cat "$work/server.log" >&2 && return 1; }
}

# A command that is to run the server puts itself in the place of its executable.
run_server_under() {
    [ -n "${SERVER_UNDER:-}" ] || return 0
    executable=$work/root$("$pg_config" --bindir)/postgres
    mv "$executable" "$executable.real"
    # shellcheck disable=SC2016 # for the script that is written
    printf '#!/bin/sh\nexec %s "$0.real" "$@"\n' "$SERVER_UNDER" >"$executable"
    chmod +x "$executable"
}

# Called from the first stage, which is the one that is sure to come to its end.
stop_server() {
    [ -n "$work" ] || return 0
    # a step may have a directory with a server of its own
    for pid_file in "$work"/pg/postmaster.pid "$work"/*/pg/postmaster.pid; do
        [ -e "$pid_file" ] || continue
        pg_ctl=$("$pg_config" --bindir)/pg_ctl
        for mode in fast immediate; do
            as_owner "$pg_ctl" --pgdata="${pid_file%/*}" --mode="$mode" --timeout=20 \
                --silent stop >/dev/null 2>&1 && break
        done
    done
}
