"""Test results, as scripts/test counts them."""

import collections

MISSING = "nothing"


class Tap:
    def __init__(self):
        self.count = self.bad = 0

    def ok(self, good, what, problems=()):
        self.count += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
        if not good:
            for p in list(problems)[:12]:
                print(f"#   {p}", flush=True)
        return good

    def none(self, what, problems, describe=str):
        return self.ok(not problems, f"{what}: {len(problems)}", map(describe, problems))

    def same(self, what, expected, found, describe, equal=lambda a, b: a == b):
        """Compares two dictionaries; differences are grouped, so that one cause does not hide another."""
        keys = [k for k in expected.keys() | found.keys()
                if k not in expected or k not in found or not equal(expected[k], found[k])]
        keys.sort(key=str)
        groups = collections.defaultdict(list)
        for k in keys:
            groups["missing" if k not in found else "unexpected" if k not in expected else "different"].append(k)
        lines = []
        for name, members in groups.items():
            lines.append(f"{len(members)} {name}")
            lines += [describe(k, expected.get(k, MISSING), found.get(k, MISSING)) for k in members[:6]]
        return self.ok(not keys and expected, f"{what}: {len(expected)} compared, {len(keys)} differ", lines)

    def done(self):
        print(f"1..{self.count}", flush=True)
        return self.bad > 0
