"""bench/run, once the server runs: makes the data, measures the jobs, writes the report."""

import os
import sys
import time
from datetime import datetime, timezone

from . import growth, report, server
from .harness import Skip, measure
from .jobs import analytics, candles, indicators, scale, scoring, segments, storage
from .options import parse

JOBS = {
    "candles": candles.candles,
    "trades": candles.trades,
    "rollup": candles.rollup,
    "decimals": candles.decimals,
    "indicators": indicators.indicators,
    "technical": indicators.technical,
    "kernels": indicators.kernels,
    "update": storage.update,
    "archive": storage.archive,
    "import": storage.imports,
    "scoring": scoring.scoring,
    "errors": scoring.errors,
    "analytics": analytics.analytics,
    "segments": segments.segments,
    "scale": scale.scale,
}


def say(text):
    print(text, flush=True)


def read_script(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", name)
    with open(path, encoding="utf-8") as file:
        return file.read()


def make_data(config):
    began = time.monotonic()
    say(f"==> Making {config.candles:,} candles, {config.trades:,} trades, {config.predictions:,} predictions")
    server.create("market", config.script)
    server.execute("market", f"SELECT bench.fill_candles({config.candles}, 10)",
                   f"SELECT bench.fill_trades({config.trades})",
                   f"SELECT bench.fill_predictions({config.predictions}, {config.candles})",
                   "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT")
    say(f"    in {time.monotonic() - began:.0f} seconds")


def measure_jobs(config, tally):
    for name in config.jobs:
        if name not in JOBS:
            continue
        say(f"==> {name}")
        section = [f"## {name}", ""]
        try:
            for job in JOBS[name](config):
                say(f"    {job.name}")
                section.append(report.job_table(job, measure(job, config.runs, say), tally))
        except Skip as reason:
            section += [f"Not measured: {reason}.", ""]
        except Exception as error:  # noqa: BLE001 - the other jobs are still worth measuring
            section += [f"Not measured: {' '.join(str(error).split())}", ""]
        print("\n".join(section[2:]), flush=True)
        yield "\n".join(section)


def main():
    config = parse()
    config.read = read_script
    config.script = read_script("data.sql")
    config.cores = len(os.sched_getaffinity(0))
    config.version = os.environ.get("BENCH_VERSION", "")
    config.command = os.environ.get("BENCH_COMMAND", "bench/run")
    config.date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    alone = config.jobs == ["scale"]  # it makes its own data
    config.title = "The schema at work" if alone else "Performance"
    config.data = scale.Scale(config).describe() if alone else (
        f"{config.candles:,} candles, {config.trades:,} trades, {config.predictions:,} predictions; "
        "10 assets, interleaved in the heap")
    summary = report.machine(config)
    print(summary, flush=True)
    if not alone:
        make_data(config)
    tally = {}
    sections = list(measure_jobs(config, tally))
    work = os.environ["CRYPTOANALYTICS_WORK"]
    if "growth" in config.jobs:
        say("==> growth")
        series = growth.growth(config, say)
        growth.plot(series, os.path.join(work, "performance.svg"))
        svg = os.path.basename(config.out or "performance.md").removesuffix(".md") + ".svg"
        sections.append(growth.markdown(series, svg))
        print(sections[-1], flush=True)
    goals = "Goals: " + (", ".join(f"{n} {word}" for word, n in sorted(tally.items())) or "none") + ".\n"
    print(goals)
    with open(os.path.join(work, "performance.md"), "w", encoding="utf-8") as file:
        file.write(report.document(config, summary + "\n" + goals, sections))


if __name__ == "__main__":
    sys.exit(main())
