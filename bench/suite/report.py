"""Results as Markdown: a table a job, the machine, the settings."""

import os
import platform
import subprocess

from . import peers, server

SETTINGS = ["shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem", "max_wal_size",
            "checkpoint_timeout", "wal_level", "fsync", "synchronous_commit", "full_page_writes", "autovacuum",
            "jit", "random_page_cost", "cursor_tuple_fraction", "max_worker_processes",
            "max_parallel_workers", "max_parallel_workers_per_gather"]

HEADER = ("variant", "{unit}", "min - max", "ratio", "goal", "result")


def number(value):
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}"


def table(header, body):
    widths = [max(len(row[i]) for row in [header, *body]) for i in range(len(header))]
    lines = [header, ["-" * width for width in widths], *body]
    return ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]


def judge(goal, result, by_name):
    """Ratio, goal and result of a goal as text, and whether it is met (None: unknown)."""
    if goal.kind == "limit":
        return "", f"<= {goal.limit:,.0f}", result.figure() <= goal.limit
    other = by_name.get(goal.other)
    if other is None or not other.times:
        return f"no {goal.other}", "", None
    cost = result.figure() / other.figure()
    if goal.kind == "cost":
        return f"{cost:.2f} x {goal.other}", f"<= {goal.limit:g}", cost <= goal.limit
    text = f"{1 / cost:.2f} times faster than {goal.other}" if cost > 0 else f"nothing of {goal.other}"
    return text, f">= {goal.limit:g}", cost <= 0 or 1 / cost >= goal.limit


def lines_of(results, tally):
    by_name = {result.name: result for result in results}
    floor = results[0]
    for result in results:
        if not result.times:
            yield result.name, "", "", "", "", f"not measured: {result.problem or 'no run'}"
            continue
        cells = [result.name, number(result.figure()), f"{number(result.figure(min))} - {number(result.figure(max))}"]
        judged = [judge(goal, result, by_name) for goal in result.goals]
        if not judged:
            ratio = "" if result is floor or not floor.times else f"{result.figure() / floor.figure():.2f} x {floor.name}"
            yield (*cells, ratio, "", "")
        for ratio, goal, met in judged:
            word = {True: "met", False: "**missed**", None: "unknown"}[met]
            tally[word.strip("*")] = tally.get(word.strip("*"), 0) + 1
            yield (*cells, ratio, goal, word)
            cells = ["", "", ""]


def job_table(job, results, tally):
    """The Markdown of one job."""
    body = [tuple(line) for line in lines_of(results, tally)]
    text = [f"### {job.name}", "", f"{job.rows:,} rows." + (f" {job.note}" if job.note else ""), ""]
    header = tuple(cell.format(unit=job.unit) for cell in HEADER)
    return "\n".join([*text, *table(header, body), ""])


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0].strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def proc(path, key):
    with open(path, encoding="ascii", errors="replace") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(key)), "unknown")


def python_version(module):
    try:
        return __import__(module).__version__
    except ImportError:
        return None


def machine(config):
    memory = int(proc("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    versions = {
        "PostgreSQL": server.value("postgres", "SHOW server_version"),
        "compiler": first_line("gcc", "--version"),
        "DuckDB": peers.duckdb.version(),
        "TA-Lib": peers.talib.version() and f"of npm's talib {peers.talib.version()}",
        "Node": first_line("node", "--version"),
        "pandas": python_version("pandas"),
        "Python": platform.python_version(),
    }
    known = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    load = ", ".join(f"{load:.2f}" for load in os.getloadavg())
    huge = "in use" if server.huge_pages() else "not in use"
    settings = server.execute("postgres", "SELECT name, current_setting(name) FROM pg_settings "
                              f"WHERE name IN {tuple(SETTINGS)} ORDER BY name")
    return "\n".join([
        "| | |", "| --- | --- |",
        f"| machine | {proc('/proc/cpuinfo', 'model name')}, {config.cores} cores, {memory:.0f} GB, "
        f"{platform.system()} {platform.release()} |",
        f"| versions | cryptoanalytics {config.version}; {known} |",
        f"| date | {config.date} |",
        f"| load when it began | {load} |",
        f"| command | `{config.command}` |",
        f"| data | {config.data} |",
        f"| huge pages | {huge} |",
        "| settings | " + ", ".join(f"{name} = {setting}" for name, setting in settings) + " |", ""])


PREFACE = """# {title}

`bench/run` writes this page; [bench/README.md](../README.md) says how it measures. Times are medians of {runs} runs in
which the variants of a job take turns, in nanoseconds per row, with the smallest and the largest. Unless noted, a
ratio below 1 is faster than what it is compared with.

"""


def document(config, summary, sections):
    return PREFACE.format(title=config.title, runs=config.runs) + summary + "\n" + "\n".join(sections)
