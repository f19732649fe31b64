# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: test/stress/faults: backends and servers killed at random moments,
#: statements cancelled and timed out, the disk full;
#: FAULTS_KILLS=25 of each kind for each operation, FAULTS_SEED

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
        FAULTS_DISK=$work/disk with_small_disk python3 test/stress/faults/run.py "$@"
    else
        echo '# no disk runs full: this machine lets an ordinary user mount nothing'
        watched python3 test/stress/faults/run.py "$@"
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
                -v candles=14000 -v predictions=20000 --file=test/stress/faults/setup.sql &&
            quietly pg_ctl --wait --mode=fast stop &&
            run_faults "$kills" "$seed" "$work/faults-server.log"
    } >"$work/faults.log" 2>&1 || status=$?
    grep -E '^(#   |# |ok .* before the end)' "$work/faults.log" | sed 's/^/    | /' || :
    count_results test/stress/faults "$work/faults.log" "$status"
    quietly pg_ctl --log="$work/server.log" --wait start ||
        not_ok 'the server starts again'
}
