"""The application changes watchlists while maintain() runs; the operator sends notifications, and users read them."""

import random

from clock import stamp
from database import Session

ROOM = 5


class Watchlist:
    """docs/guide/rules.md, "Watchlists": positions without gaps, and an asset watched on both sides counts once."""

    def __init__(self, user):
        self.user, self.id, self.entries = user, None, []    # (entry, asset, side) in order

    def add(self, entry, position):
        self.entries.insert(position - 1 if 0 < position <= len(self.entries) else len(self.entries), entry)

    def full_for(self, asset):
        assets = {a for _, a, _ in self.entries}
        return asset not in assets and len(assets) >= ROOM


class Lists:
    def __init__(self, sim, crowd):
        self.sim, self.crowd = sim, crowd
        self.random = random.Random(f"{sim.plan.seed} lists")
        self.application, self.operator = Session("application"), Session("operator")
        self.lists, self.refused = [], 0
        self.sent, self.read = {}, {}      # notification -> moment

    def begin(self):
        for user in self.crowd.accounts:
            found = Watchlist(user)
            rows, _ = self.application.as_user(
                user.id, "INSERT INTO watchlists (name, user_id, watchlist_type, max_assets) VALUES ('mine', %s, 'personal', %s) "
                "RETURNING id", user.id, ROOM)
            found.id = rows[0][0]
            self.lists.append(found)

    def act(self, t):
        for i, user in self.operator.rows("SELECT id, user_id FROM claim_notifications(1000, %s)", stamp(t)):
            if i in self.sent:
                self.sim.log.broken.append(f"notification {i} was sent twice")
            self.sent[i] = t
            if self.random.random() < 0.3:
                rows, _ = self.application.as_user(user, "SELECT mark_notification_read(%s, %s)", i, stamp(t))
                if rows != [(True,)]:
                    self.sim.log.broken.append(f"notification {i} cannot be read by user {user}")
                self.read[i] = t

    def beside(self, t):
        for _ in range(4):
            self.change(self.random.choice(self.lists), t)

    def change(self, watched, t):
        r, dice = self.random, self.random.random()
        if dice < 0.5 or not watched.entries:
            asset, side, position = r.choice(self.sim.assets), r.choice(("long", "short")), r.randrange(0, 8)
            expected = ("23505" if (asset.number, side) in {e[1:] for e in watched.entries}
                        else "23514" if watched.full_for(asset.number) else None)
            rows, code = self.application.as_user(
                watched.user.id, "INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position) "
                "VALUES (%s, %s, %s, %s) RETURNING id", watched.id, self.sim.ids[asset.number], side, position)
            if rows:
                watched.add((rows[0][0], asset.number, side), position)
        else:
            entry, expected = r.choice(watched.entries), None
            watched.entries.remove(entry)
            if dice < 0.7:
                _, code = self.application.as_user(watched.user.id, "DELETE FROM watchlist_assets WHERE id = %s", entry[0])
            else:
                position = r.randrange(1, 8)
                watched.add(entry, position)
                _, code = self.application.as_user(watched.user.id, "SELECT move_watchlist_asset(%s, %s)", entry[0], position)
        self.refused += expected is not None
        if code != expected:
            self.sim.log.broken.append(f"{stamp(t)}: watchlist {watched.id}: expected {expected}, found {code}")

    def after(self, t):
        pass

    def end(self, t):
        self.application.close()


def show(key, expected, found):
    return f"{key}: expected {expected}, found {found}"


def check(tap, sim, lists, operator):
    expected = {i: (w.id, n, sim.ids[asset], side) for w in lists.lists for n, (i, asset, side) in enumerate(w.entries, 1)}
    found = {i: tuple(v) for i, *v in operator.rows(
        "SELECT id, watchlist_id, position, asset_id, position_type FROM watchlist_assets")}
    tap.same(f"entries of watchlists, {lists.refused} more refused", expected, found, show)
    following = {t: after for (t, _), (after, _) in zip(sim.log.ticks, sim.log.ticks[1:])}
    expected, found = {}, {}
    for i, created, sent, read, status in operator.rows("SELECT id, created_at, sent_at, read_at, status FROM notifications"):
        found[i] = (sent, read, status)
        expected[i] = (following.get(created), lists.read.get(i), "read" if i in lists.read else "unread")
        if lists.sent.get(i) != expected[i][0]:
            expected[i] = f"sent to the mailer at {lists.sent.get(i)}"
    tap.same("notifications, each sent once by the next call", expected, found, show)
