"""The roll-ups of API calls and of activities by docs/guide/rules.md, "API usage and user activities"."""

import collections
from fractions import Fraction

from clock import DAY, HOUR, bucket, end

LEVELS = {"hourly": "1h", "daily": "1d", "weekly": "1w", "monthly": "1M"}


def share(values, part):
    """Returns a percentile of sorted values, interpolated between neighbours."""
    at = part * (len(values) - 1)
    i = int(at)
    return values[i] if i + 1 == len(values) else values[i] + (at - i) * (values[i + 1] - values[i])


def failed(call):
    return call.error is not None or (call.method is not None if call.status is None else call.status >= 400)


def api(calls, as_of):
    """Returns (level, start, provider, endpoint, metric) -> value of every period that has ended."""
    found = {}
    for level, code in LEVELS.items():
        groups = collections.defaultdict(list)
        for c in calls:
            b = bucket(code, c.moment)
            if end(code, b) <= as_of:
                for key in ((b, None, None), (b, c.provider, None), (b, c.provider, c.endpoint)):
                    groups[key].append(c)
        for key, group in groups.items():
            errors = sum(map(failed, group))
            found.update({(level, *key, "requests"): len(group), (level, *key, "errors"): errors,
                          (level, *key, "error_rate"): Fraction(errors, len(group))})
            times = sorted(c.milliseconds for c in group if c.milliseconds is not None)
            if times:
                found[level, *key, "response_time_p50_ms"] = share(times, Fraction(1, 2))
                found[level, *key, "response_time_p95_ms"] = share(times, Fraction(95, 100))
    return found


def activities(accounts, as_of):
    found = {}
    log = [a for account in accounts for a in account.activities]
    for level, code in LEVELS.items():
        groups = collections.defaultdict(list)
        for kind, user, session, t in log:
            b = bucket(code, t)
            if end(code, b) <= as_of:
                groups[b, None].append((user, session))
                groups[b, kind].append((user, session))
        for key, group in groups.items():
            found.update({(level, *key, "activities"): len(group), (level, *key, "active_users"): len({u for u, _ in group}),
                          (level, *key, "active_sessions"): len(set(group))})
    return found


def pruned(calls, ticks, keep=DAY):
    """Returns the pruned calls: those of whole hours that were older than the setting, and rolled up, at the first call of a day."""
    gone, day = set(), None
    for t in ticks:
        if bucket("1d", t) == day:
            continue
        day = bucket("1d", t)
        for i, c in enumerate(calls):
            periods = [end(code, bucket(code, c.moment)) for code in LEVELS.values()]
            if end("1h", bucket("1h", c.moment)) <= bucket("1h", t - keep) and max(periods) <= t:
                gone.add(i)
    return gone
