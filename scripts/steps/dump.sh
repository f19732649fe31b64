# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: every format of pg_dump and a subscription of a database that
#: test/compat/dump fills: each row, sequence and setting is back

# What a database holds, as lines.
digest() { # database, file
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$1" --file=test/compat/dump/digests.sql >"$2"
}

# Holds the same rows, its sequences stand where they stood, and its settings are the same.
holds() { # what, file of lines, database, lines that may differ
    digest "$3" "$work/digest" 2>&1 || :
    check "$1" diff ${4:+-I "$4"} "$2" "$work/digest"
}

# Settings belong to the database, not to what is in it.
restored() { # what, database, command
    what=$1
    database=$2
    shift 2
    createdb "$database"
    if quietly "$@"; then
        holds "$what" "$work/dumped" "$database" '^setting'
    else
        not_ok "$what: it cannot be restored"
    fi
}

wait_for() { # database, query that gives t in the end
    tries=0
    until [ "$(psql --no-psqlrc --tuples-only --no-align --dbname="$1" -c "$2")" = t ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || return 1
        sleep 0.2
    done
}

# Sequences are not replicated, nor settings.
replicated() {
    unlike='^setting\|_seq|'
    if ! {
        sql --dbname=dumped -c 'ALTER SYSTEM SET wal_level = logical' &&
            quietly pg_ctl --log="$work/server.log" --wait restart &&
            database_with_extension replica &&
            sql --dbname=dumped --file=test/compat/dump/publish.sql &&
            sql --dbname=replica -c "CREATE SUBSCRIPTION cryptoanalytics
                CONNECTION 'host=$PGHOST user=postgres dbname=dumped'
                PUBLICATION cryptoanalytics WITH (create_slot = false)" &&
            wait_for replica \
                "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel"
    }; then
        not_ok 'a subscription copies the tables'
        return
    fi
    holds 'a subscription copies every row, and nothing is derived twice' \
        "$work/dumped" replica "$unlike"
    sql --dbname=dumped --file=test/compat/dump/changes.sql
    place=$(psql --no-psqlrc --tuples-only --no-align --dbname=dumped -c 'SELECT pg_current_wal_lsn()')
    wait_for dumped "SELECT bool_and(replay_lsn >= '$place') FROM pg_stat_replication" || :
    digest dumped "$work/changed" || :
    if diff "$work/dumped" "$work/changed" >/dev/null; then
        not_ok 'there are changes to follow'
    fi
    holds 'and follows every change' "$work/changed" replica "$unlike"
    sql --dbname=replica -c 'DROP SUBSCRIPTION cryptoanalytics'
}

step_dump() {
    say 'Dumping and restoring a database in every format, and replicating it'
    if ! {
        database_with_extension dumped &&
            sql --dbname=dumped --file=test/compat/dump/before.sql --file=test/compat/dump/fill.sql \
                -c "ALTER DATABASE dumped SET cryptoanalytics.retention = '1h=90d'" &&
            digest dumped "$work/dumped" &&
            quietly pg_dump --format=custom --file="$work/dump" dumped &&
            quietly pg_dump --format=plain --file="$work/dump.sql" dumped &&
            quietly pg_dump --format=directory --jobs=2 --file="$work/dump.d" dumped
    }; then
        not_ok 'test/compat/dump: the database cannot be dumped'
        return
    fi
    restored 'the custom format brings back every row' restored \
        pg_restore --exit-on-error --dbname=restored "$work/dump"
    restored 'so it does in one transaction' restored_1 \
        pg_restore --single-transaction --dbname=restored_1 "$work/dump"
    restored 'so does the plain format' restored_plain \
        psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction \
        --dbname=restored_plain --file="$work/dump.sql"
    restored 'so does the directory format' restored_directory \
        pg_restore --exit-on-error --dbname=restored_directory "$work/dump.d"
    # two sessions do not wait for each other where a table refers to another
    restored 'so do two sessions at once, with triggers and foreign keys off' restored_jobs \
        env PGOPTIONS='-c session_replication_role=replica' \
        pg_restore --exit-on-error --jobs=2 --dbname=restored_jobs "$work/dump.d"
    replicated
    sql --dbname=postgres -c 'ALTER DATABASE dumped RENAME TO published'
    quietly pg_restore --exit-on-error --create --dbname=postgres "$work/dump" || :
    holds 'a database that the restore creates has its settings too' "$work/dumped" dumped
    prove_in test/compat/dump restored test/compat/dump/after.sql
    dump_additions
}

# pg_dump loses what was added by hand; added_by_hand() makes it again, as docs/guide/operations.md says:
# columns before the rows are restored, the rest after.
dump_additions() {
    for section in pre-data post-data; do
        echo "\\o $work/$section.sql"
        echo "SELECT ddl FROM cryptoanalytics.added_by_hand() WHERE section = '$section';"
    done >"$work/additions.sql"
    if {
        database_with_extension added && createdb added_again &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --dbname=added \
                --file=test/compat/dump/additions.sql &&
            quietly psql --no-psqlrc --quiet --tuples-only --no-align \
                -v ON_ERROR_STOP=1 --dbname=added --file="$work/additions.sql" &&
            mv "$work/post-data.sql" "$work/added.sql" &&
            quietly pg_dump --format=custom --file="$work/added" added &&
            quietly pg_restore --exit-on-error --section=pre-data \
                --dbname=added_again "$work/added" &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 \
                --dbname=added_again --file="$work/pre-data.sql" &&
            quietly pg_restore --exit-on-error --section=data --section=post-data \
                --dbname=added_again "$work/added" &&
            quietly psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 \
                --dbname=added_again --file="$work/added.sql" &&
            mv "$work/pre-data.sql" "$work/columns.sql" &&
            quietly psql --no-psqlrc --quiet --tuples-only --no-align \
                -v ON_ERROR_STOP=1 --dbname=added_again --file="$work/additions.sql"
    }; then
        check 'columns added by hand come back' diff "$work/columns.sql" "$work/pre-data.sql"
        check 'so does all else that was added' diff "$work/added.sql" "$work/post-data.sql"
        check 'and there was something' test -s "$work/columns.sql" -a -s "$work/added.sql"
    else
        not_ok 'what was added by hand cannot be made again'
    fi
}
