"""The database of the market: its owner makes it, then only the roles of docs/guide/operations.md use it."""

import os
import subprocess

import wire

NAME = os.environ.get("MARKET_DATABASE", "market")
ROLES = ("operator", "application", "sign_in", "analyst")
SETTINGS = {"retention": "1m=6h,5m=1d,15m=2d", "compress_archive": "true", "keep_api_logs": "1d", "keep_sessions": "1d"}


def prepare():
    """Makes the roles, rights and settings, as the owner."""
    statements = ["SET search_path = cryptoanalytics"]
    for role in ROLES:
        statements += [f"DROP ROLE IF EXISTS {NAME}_{role}", f"CREATE ROLE {NAME}_{role} LOGIN",
                       f"SELECT grant_{role}('{NAME}_{role}')"]
    statements += [f"ALTER DATABASE {NAME} SET cryptoanalytics.{k} = '{v}'" for k, v in SETTINGS.items()]
    statements += [f"ALTER DATABASE {NAME} SET search_path = cryptoanalytics"]
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", NAME]
    for s in statements:
        command += ["-c", s]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Session:
    """A session of a role, with one transaction per statement; it connects again after it was terminated."""

    def __init__(self, role):
        self.role = role
        self.connection = None

    def connected(self):
        if self.connection is None or self.connection.closed:
            self.connection = wire.Connection(NAME, f"{NAME}_{self.role}")
        return self.connection

    def rows(self, query, *arguments):
        return self.connected().query(query, *arguments)

    def value(self, query, *arguments):
        rows = self.rows(query, *arguments)
        return rows[0][0] if rows else None

    def mappings(self, query, *arguments):
        """Returns the rows as dictionaries by column."""
        rows = self.rows(query, *arguments)
        return [dict(zip(self.connection.names, r)) for r in rows]

    def as_user(self, user, query, *arguments):
        """Runs a transaction of the application that names its user; returns the rows, and the SQLSTATE of an error."""
        self.rows("BEGIN")
        try:
            self.rows(f"SET LOCAL cryptoanalytics.user_id = {int(user)}")
            rows = self.rows(query, *arguments)
        except wire.Error as e:
            self.rows("ROLLBACK")
            return [], e.code
        self.rows("COMMIT")
        return rows, None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
