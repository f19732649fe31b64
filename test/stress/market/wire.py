"""The part of PostgreSQL's protocol that the market needs, so that nothing has to be installed.

A socket of the server in PGHOST, a role that needs no password, and simple queries.
"""

import datetime
import decimal
import json
import os
import socket
import struct


def moment(text):
    """Converts a timestamptz in UTC to seconds since 1970."""
    seconds = datetime.datetime.fromisoformat(text).timestamp()
    return int(seconds) if seconds == int(seconds) else round(seconds, 6)


# by the OID of the type; anything else stays text
VALUES = {16: "t".__eq__, 20: int, 21: int, 23: int, 26: int, 700: float, 701: float, 1700: decimal.Decimal, 1184: moment,
          114: json.loads, 3802: json.loads}


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, (bool, int, decimal.Decimal)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return "'" + str(value).replace("'", "''") + "'"


class Error(Exception):
    """The error of a statement; 57P01 also if the connection was closed."""

    def __init__(self, fields):
        super().__init__(" ".join(fields[k] for k in "CMDW" if k in fields))
        self.code = fields["C"]


class Connection:
    def __init__(self, database, user):
        self.warnings = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(os.environ["PGHOST"], f".s.PGSQL.{os.environ.get('PGPORT', 5432)}"))
        self.input = self.socket.makefile("rb")
        options = {"user": user, "database": database, "application_name": user, "client_encoding": "UTF8",
                   "TimeZone": "UTC", "DateStyle": "ISO"}
        body = struct.pack("!i", 196608) + b"".join(f"{k}\0{v}\0".encode() for k, v in options.items()) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.pid = None
        self.closed = False
        self.answer()

    def query(self, text, *arguments):
        """Returns the rows of a statement, which has %s for each argument."""
        parts = text.split("%s")
        assert len(parts) == len(arguments) + 1, text
        text = parts[0] + "".join(literal(a) + p for a, p in zip(arguments, parts[1:]))
        body = text.encode() + b"\0"
        try:
            self.socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        except OSError:
            self.lost({"C": "57P01", "M": "the server has hung up"})
        return self.answer()

    def lost(self, fields):
        self.close()
        raise Error(fields)

    def message(self):
        head = self.input.read(5)
        if len(head) < 5:
            return None, b""
        return head[:1], self.input.read(struct.unpack("!i", head[1:])[0] - 4)

    def answer(self):
        rows, error = [], None
        while True:
            try:
                kind, body = self.message()
            except OSError:
                kind, body = None, b""
            if kind is None:
                self.lost(error or {"C": "57P01", "M": "the server has hung up"})
            if kind == b"D":
                rows.append(self.row(body))
            elif kind == b"T":
                self.describe(body)
            elif kind == b"E":
                error = fields(body)
            elif kind == b"N":
                self.warnings = self.warnings[-20:] + [fields(body)["M"]]
            elif kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            elif kind == b"Z":
                if error:
                    raise Error(error)
                return rows

    def describe(self, body):
        self.names, self.values, at = [], [], 2
        for _ in range(struct.unpack("!h", body[:2])[0]):
            stop = body.index(b"\0", at)
            self.names.append(body[at:stop].decode())
            self.values.append(VALUES.get(struct.unpack("!i", body[stop + 7:stop + 11])[0], str))
            at = stop + 19

    def row(self, body):
        at, found = 2, []
        for value in self.values:
            size = int.from_bytes(body[at:at + 4], "big", signed=True)
            at += 4
            if size < 0:
                found.append(None)
            else:
                found.append(value(body[at:at + size].decode()))
                at += size
        return tuple(found)

    def close(self):
        self.closed = True
        self.input.close()
        self.socket.close()


def fields(body):
    return {f[:1].decode(): f[1:].decode() for f in body.split(b"\0") if f}
