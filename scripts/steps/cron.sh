# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: pg_cron runs maintain(), which takes a minute or two; skipped
#: where there is no package of pg_cron

# pg_cron must be preloaded, so the server starts with it and then again without.
step_cron() {
    say 'Letting pg_cron run maintain()'
    if [ ! -e "$("$pg_config" --sharedir)/extension/pg_cron.control" ]; then
        skipped=$((skipped + 1))
        note 'SKIPPED pg_cron is not installed'
        return
    fi
    cp "$PGDATA/postgresql.conf" "$work/postgresql.conf.before"
    cat >>"$PGDATA/postgresql.conf" <<EOF
shared_preload_libraries = 'pg_cron'
cron.database_name = 'cron'
cron.host = '$work/run'
EOF
    status=0
    {
        database_with_extension cron &&
            quietly pg_ctl --log="$work/server.log" --wait restart &&
            watched sh test/compat/cron/run
    } >"$work/cron.log" 2>&1 || status=$?
    count_results test/compat/cron "$work/cron.log" "$status"
    cp "$work/postgresql.conf.before" "$PGDATA/postgresql.conf"
    quietly pg_ctl --log="$work/server.log" --wait restart ||
        not_ok 'the server starts again'
}
