"""Variants that are SQL statements, and the databases they run in."""

import time

import psycopg2

from .harness import Skip, Variant

# reads a series by its index, in order, as any plan for one asset of many should
BY_INDEX = {"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_sort": "off"}


def connect(database, settings=None):
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    cursor = connection.cursor()
    for name, value in (settings or {}).items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, str(value)))
    return connection


def execute(database, *statements):
    """Runs statements and returns the rows of the last, if it has any."""
    connection = connect(database)
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    rows = cursor.fetchall() if cursor.description else None
    connection.close()
    return rows


def value(database, statement):
    return execute(database, statement)[0][0]


def huge_pages():
    """Whether the server's shared memory lies in huge pages: the kernel tells, PostgreSQL 15 does not."""
    connection = connect("postgres")
    with open(f"/proc/{connection.info.backend_pid}/maps", encoding="ascii", errors="replace") as maps:
        found = any("/anon_hugepage" in line for line in maps)
    connection.close()
    return found


def create(database, script):
    execute("postgres", f"CREATE DATABASE {database}")
    execute(database, "CREATE EXTENSION cryptoanalytics", script)


def require(database, function):
    if value(database, f"SELECT to_regprocedure('{function}') IS NULL"):
        raise Skip(f"there is no function {function} yet")


class Statement:
    """A connection of its own, opened when it is first needed."""

    def __init__(self, database, settings):
        self.database = database
        self.settings = settings
        self.connection = None

    def cursor(self):
        if self.connection is None:
            self.connection = connect(self.database, self.settings)
        return self.connection.cursor()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def variant(self, name, run, needs=None, **options):
        def checked():
            if needs:
                require(self.database, needs)
            return run()

        return Variant(name, checked, close=self.close, **options)


def timed(cursor, statement):
    began = time.perf_counter()
    cursor.execute(statement)
    if cursor.description:
        cursor.fetchall()
    return time.perf_counter() - began


def query(name, sql, database="market", settings=None, **options):
    """A statement whose result is one row."""
    statement = Statement(database, settings)
    return statement.variant(name, lambda: timed(statement.cursor(), sql), **options)


def rows(name, sql, database="market", settings=None, **options):
    """A query whose rows are all computed, and thrown away where they arise: a
    cursor that moves to its end.  Planning counts."""
    statement = Statement(database, settings)

    def run():
        cursor = statement.cursor()
        cursor.execute("BEGIN")
        took = timed(cursor, f"DECLARE c NO SCROLL CURSOR FOR {sql}")
        took += timed(cursor, "MOVE FORWARD ALL FROM c")
        if cursor.rowcount == 0:
            raise RuntimeError("no row came")
        cursor.execute("COMMIT")
        return took

    return statement.variant(name, run, **options)


def undone(name, sql, vacuum, database="market", settings=None, before=(), **options):
    """A statement that writes: rolled back, and the dead rows vacuumed away."""
    statement = Statement(database, settings)

    def run():
        cursor = statement.cursor()
        cursor.execute("BEGIN")
        try:
            for preparation in before:
                cursor.execute(preparation)
            return timed(cursor, sql)
        finally:
            cursor.execute("ROLLBACK")
            cursor.execute(f"VACUUM {vacuum}")

    return statement.variant(name, run, **options)


def in_copy(name, sql, template, settings=None, wal=None, **options):
    """A statement that commits: in a new copy of a database, read once before.
    The bytes of WAL that it writes are appended to the list wal."""

    def run():
        copy = f"{template}_copy"
        execute("postgres", f"CREATE DATABASE {copy} TEMPLATE {template} STRATEGY file_copy")
        connection = connect(copy, settings)
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT count(id), count(candle_time), count(volume) FROM price_data")
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("SELECT count(*) FROM price_data WHERE id > 0")
            cursor.execute("SELECT count(*) FROM price_data WHERE asset_id > 0")
            cursor.execute("RESET enable_seqscan")
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            began = cursor.fetchone()[0]
            took = timed(cursor, sql)
            if wal is not None:
                cursor.execute("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", (began,))
                wal.append(float(cursor.fetchone()[0]))
            return took
        finally:
            connection.close()
            execute("postgres", f"DROP DATABASE {copy}")

    return Variant(name, run, **options)


def plan(sql, settings, database="market"):
    """Whether the plan of a query is a parallel one, in words."""
    cursor = connect(database, settings).cursor()
    cursor.execute(f"EXPLAIN {sql}")
    lines = [line for (line,) in cursor.fetchall()]
    planned = [line.split(":")[1].strip() for line in lines if "Workers Planned" in line]
    return f"parallel, {planned[0]} planned" if planned else "not parallel"
