"""Accounts and sessions by docs/guide/rules.md, "Accounts and sessions"."""

from clock import DAY, MINUTE

FAILURES, LOCKOUT = 5, 30 * MINUTE


class Held:
    """A session."""

    def __init__(self, token, until, t):
        self.token, self.until, self.active, self.used, self.opened = token, until, True, t, t
        self.stripped = False


class Account:
    def __init__(self, number):
        self.number, self.email, self.id = number, f"user{number}@example.org", None
        self.failures, self.logins, self.locked, self.last, self.deleted = 0, 0, None, None, None
        self.sessions, self.activities, self.made = [], [], 0

    def new_token(self):
        self.made += 1
        return f"token {self.number} {self.made}"

    def tokens(self):
        return [s.token for s in self.sessions if not s.stripped]

    def stands(self, t):
        return self.deleted is None and (self.locked is None or self.locked <= t)

    def login(self, right, t):
        if right and self.stands(t):
            self.failures, self.locked, self.logins, self.last = 0, None, self.logins + 1, t
            return True
        held = self.locked is not None and self.locked > t
        self.failures = 1 if self.locked is not None and not held else self.failures + 1
        if not held:
            self.locked = t + LOCKOUT if self.failures >= FAILURES else None
        return False

    def clear(self):
        """An operator clears a lock, and so the failures."""
        if self.locked is not None:
            self.failures, self.locked = 0, None

    def open(self, token, until, t):
        self.sessions.append(Held(token, until, t))
        self.note("login", len(self.sessions), t)

    def note(self, kind, session, t):
        self.activities.append((kind, self.number, session, t))

    def session(self, token):
        return next((n, s) for n, s in enumerate(self.sessions, 1) if s.token == token)

    def holds(self, token, t):
        _, s = self.session(token)
        return s.active and (s.until is None or s.until > t) and self.deleted is None

    def refresh(self, token, new, until, t):
        if not self.holds(token, t):
            return False
        n, s = self.session(token)
        s.token, s.until, s.used = new, until or s.until, t
        self.note("session_refresh", n, t)
        return True

    def close(self, token, t):
        n, s = self.session(token)
        if not s.active:
            return False
        s.active = False
        self.note("logout", n, t)
        return True

    def delete(self, t):
        first = self.deleted is None
        self.deleted = t if first else self.deleted
        for n, s in enumerate(self.sessions, 1):
            if s.active:
                s.active = False
                self.note("logout", n, t)
        return first

    def purge(self, older_than):
        """Sessions with activities keep their rows. When a session ended is known only by the real clock."""
        for s in self.sessions:
            if s.until is not None and s.until < older_than and not s.stripped:
                s.stripped, s.active = True, False
