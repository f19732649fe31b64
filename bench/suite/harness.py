"""Jobs, their variants and goals, and the loop that measures them."""

import statistics
from dataclasses import dataclass, field


class Skip(Exception):
    """A variant or a job that cannot be measured here, and why."""


@dataclass
class Goal:
    """A limit on the cost against another variant, or on the figure itself."""

    kind: str  # "cost": ours / other <= limit, "gain": other / ours >= limit, "limit"
    limit: float
    other: str = ""


def at_most(limit, other):
    return Goal("cost", limit, other)


def faster(limit, other):
    return Goal("gain", limit, other)


def under(limit):
    return Goal("limit", limit)


@dataclass
class Variant:
    """One way to do a job.

    run() returns the seconds that it took, or a dictionary of the parts that it
    measured, whose names are added to the variant's.  rows is what the time is
    divided by where that is not the job's.  A variant with derive is not run but
    computed from the times, by name, of the same run.
    """

    name: str
    run: object = None
    rows: int = 0
    goals: tuple = ()
    derive: object = None
    close: object = None
    goals_of: dict = field(default_factory=dict)  # by part


@dataclass
class Job:
    """Variants that are measured in turn; the first one is the floor.  The figure
    of a variant is what its run returns, times the factor, divided by the rows."""

    name: str
    rows: int
    variants: list
    note: str = ""
    unit: str = "ns/row"
    factor: float = 1e9


@dataclass
class Result:
    name: str
    rows: int
    goals: tuple
    times: list = field(default_factory=list)
    problem: str = ""
    factor: float = 1e9

    def figure(self, how=statistics.median):
        return how(self.times) / self.rows * self.factor

    def spread(self):
        return (max(self.times) - min(self.times)) / statistics.median(self.times)


def run_variant(variant, times):
    took = variant.derive(times) if variant.derive else variant.run()
    if isinstance(took, dict):
        return {f"{variant.name}: {part}": (variant.goals_of.get(part, ()), t) for part, t in took.items()}
    return {variant.name: (variant.goals, took)}


def measure(job, runs, say):
    """The results of a job in the order of its variants: a warm-up that does not
    count, then all variants in turn, runs times."""
    results = {}
    broken = set()
    for run in range(runs + 1):
        times = {}
        for variant in job.variants:
            if variant.name in broken:
                continue
            try:
                measured = run_variant(variant, times)
            except KeyError as missing:  # derived from a variant that failed
                measured, problem = {}, f"needs {missing}"
            except Exception as error:  # noqa: BLE001 - the others are still worth measuring
                measured, problem = {}, " ".join(str(error).split())
            if not measured:
                broken.add(variant.name)
                results[variant.name] = Result(variant.name, 1, (), problem=problem)
                say(f"    {variant.name}: {problem}")
            for name, (goals, seconds) in measured.items():
                times[name] = seconds
                result = results.setdefault(
                    name, Result(name, variant.rows or job.rows, goals, factor=job.factor))
                if run > 0:
                    result.times.append(seconds)
    for variant in job.variants:
        if variant.close:
            variant.close()
    return list(results.values())
