"""Kills backends and servers while the extension works, and checks what is left: prints TAP.

run.py KILLS SEED LOG [WORD] runs all operations, or those with WORD in their names.  It needs PGDATA of a
stopped server with a database "faults" that has the extension and setup.sql, and starts the server itself.
As scripts/lib.sh starts it, that server has fsync and full_page_writes off: processes are killed here, but
the machine does not crash, so nothing that was written is lost and no page is torn.

KILLS is how many backends and how many servers are killed in each operation. Up to ten runs are also
cancelled, ten run into statement_timeout and five into lock_timeout. SEED draws the moments from the time of
an undisturbed run. If FAULTS_DISK is a small file system, the database moves there, and ten runs find the
disk full after a part, drawn too, of what they would write.
"""

import os
import random
import signal
import subprocess
import sys
import time

from operations import FAMILIES
from server import Failed, Server, ask, psql

KINDS = {
    "backend": "backends killed",
    "server": "servers killed",
    "cancel": "runs cancelled",
    "timeout": "runs ended by statement_timeout",
    "lock": "runs ended by lock_timeout",
    "full": "runs that found the disk full",
}

DISK = os.environ.get("FAULTS_DISK")
FILES = "price_data, price_data_archive, price_data_segments, predictions, technical_indicator_states, background_tasks"


class Tap:
    def __init__(self):
        self.count = 0
        self.bad = 0

    def ok(self, good, what, problems=()):
        self.count += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
        for problem in problems[:5]:
            print("#   " + problem.replace("\n", "\n#   "), flush=True)


def wait(run, seconds):
    """Waits until the run has ended, but not longer than seconds, if given."""
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def free():
    disk = os.statvfs(DISK)
    return disk.f_bavail * disk.f_frsize


class FullDisk:
    """Leaves this many bytes free on the disk."""

    def __init__(self, left):
        self.file = os.path.join(DISK, "ballast")
        with open(self.file, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(4096, free() - left))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.unlink(self.file)


def fill_disk(operation, reference):
    """Runs it on a disk with too little room; returns whether it failed, and any error of another cause."""
    with FullDisk(int(random.uniform(0, 0.9) * reference["bytes"])):
        run = subprocess.run(psql(operation.settings + operation.calls) + ["--set=VERBOSITY=verbose"],
                             capture_output=True, text=True)
    disk_full = "ERROR:  53100: " in run.stderr
    return run.returncode != 0, [] if run.returncode == 0 or disk_full else [run.stderr]


def interrupt(server, operation, kind, reference):
    """Runs it and interrupts it at a random moment; returns whether that was before its end."""
    delay = random.uniform(0, 0.9 * reference["seconds"])
    settings = list(operation.settings)
    holder = None
    if kind == "timeout":
        settings.append(f"SET statement_timeout = {max(1, int(1000 * delay / len(operation.calls)))}")
    if kind == "lock":
        settings.append("SET lock_timeout = 20")
        holder = subprocess.Popen(psql(["SELECT pg_backend_pid()", f"BEGIN; {operation.lock}; SELECT pg_sleep(60)"]),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        holder_pid = holder.stdout.readline().strip()
        while ask(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {holder_pid} AND wait_event = 'PgSleep'") != "1":
            time.sleep(0.01)

    run = subprocess.Popen(psql(settings + ["SELECT pg_backend_pid()"] + operation.calls),
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int(run.stdout.readline())
    children = server.children() if kind == "server" else []
    began = time.monotonic()
    wait(run, delay if kind in ("backend", "server", "cancel") else None)
    took = time.monotonic() - began
    if kind == "backend":
        server.kill_backend(pid)
    elif kind == "server":
        server.kill_all(children)
    elif kind == "cancel":
        server.cancel(pid)
    run.communicate()
    if run.returncode == 0:
        # faster than measured, when the machine was busier
        reference["seconds"] = min(reference["seconds"], took)
    if holder is not None:
        ask(f"SELECT pg_terminate_backend({holder_pid}, 5000)")
        holder.communicate()
    return run.returncode != 0


class Trial:
    """One operation, interrupted several times in one way."""

    def __init__(self, tap, server, operation, reference):
        self.tap = tap
        self.server = server
        self.operation = operation
        self.reference = reference

    def once(self, kind):
        op, ref = self.operation, self.reference
        ask(*op.reset, f"VACUUM FULL {FILES}" if kind == "full" else "VACUUM")
        if kind == "full":
            hit, problems = fill_disk(op, ref)
            self.lost += problems
        else:
            hit = interrupt(self.server, op, kind, ref)
        self.hits += hit
        kept, state, running, *broken = ask(f"SELECT {op.kept}", f"SELECT {op.state}", "SELECT faults.running()",
                                            *op.broken).split("\n")
        self.amid += state not in (ref["before"], ref["after"])
        if kept != ref["kept"]:
            self.lost.append(f"{kept}, not {ref['kept']}")
        self.lost += [line for line in broken if line]

        ask(*op.settings, *op.calls)
        kept, state = ask(f"SELECT {op.kept}", f"SELECT {op.state}").split("\n")
        if kept != ref["kept"] or state != ref["after"]:
            self.unfinished.append("\n".join([kept, state, "not", ref["after"]]))
        if running:
            self.running += 1
            failed = ask(f"SELECT count(*) FROM background_tasks WHERE id IN ({running}) AND status = 'failed' "
                         "AND completed_at IS NOT NULL AND error_message LIKE 'the run broke off%'")
            if failed != str(running.count(",") + 1):
                self.tasks.append(f"tasks {running} are not all marked as failed")
        if ask("SELECT faults.running()"):
            self.tasks.append("a task is marked as running, and nothing runs")

    def begin(self):
        self.hits = self.amid = self.running = 0
        self.lost, self.unfinished, self.tasks = [], [], []

    def report(self, kind, times):
        what = f"{self.operation.name}: {times} {KINDS[kind]}"
        self.tap.ok(not self.lost, f"{what}, {self.operation.promise}", self.lost)
        self.tap.ok(2 * self.hits >= times, f"{what}, {self.hits} before the end, {self.amid} with a part of it done")
        self.tap.ok(not self.unfinished, f"{what}, the next call ends as if nothing had happened", self.unfinished)
        if self.operation.notes_tasks and kind in ("backend", "server", "full"):
            self.tap.ok(not self.tasks, f"{what}, {self.running} times a task was left running, and the next call "
                        "marked it as failed", self.tasks)
        elif self.operation.notes_tasks:
            # between two batches an interruption cannot be recorded; the next call does that
            self.tap.ok(not self.tasks and 5 * self.running <= times,
                        f"{what}, {self.running} times a task was left running", self.tasks)


def undisturbed(op):
    """Returns what an undisturbed run does, and how long it takes."""
    ask(*op.reset, f"VACUUM FULL {FILES}")
    room = free() if DISK else 0
    reference = {"before": ask(f"SELECT {op.state}"), "kept": ask(f"SELECT {op.kept}")}
    run = subprocess.Popen(psql(op.settings + ["SELECT pg_backend_pid()"] + op.calls), stdout=subprocess.PIPE, text=True)
    run.stdout.readline()
    began = time.monotonic()
    run.communicate()
    reference["seconds"] = time.monotonic() - began
    reference["bytes"] = room - free() if DISK else 0
    reference["after"] = ask(f"SELECT {op.state}")
    if run.returncode != 0 or reference["before"] == reference["after"]:
        raise Failed(f"{op.name} does nothing when undisturbed")
    broken = ask(*op.broken)
    if broken or ask(f"SELECT {op.kept}") != reference["kept"]:
        raise Failed(f"{op.name} breaks something when undisturbed: {broken}")
    return reference


def family(tap, server, operations, prepare, kills, word):
    """Runs operations that each undo the one before, or a single one that is reset."""
    ask(*prepare, "VACUUM ANALYZE")
    if not any(word in op.name for op in operations):
        return
    trials = [Trial(tap, server, op, undisturbed(op)) for op in operations]
    for trial in trials:
        print(f"# {trial.operation.name} takes {trial.reference['seconds']:.2f} s undisturbed", flush=True)
    kinds = [("backend", kills), ("server", kills), ("cancel", 10), ("timeout", 10), ("lock", 5)]
    if DISK:
        kinds.append(("full", 10))
    for kind, times in kinds:
        times = min(times, kills)
        for trial in trials:
            trial.begin()
        began = time.monotonic()
        for _ in range(times):
            for trial in trials:
                trial.once(kind)
        for trial in trials:
            trial.report(kind, times)
        print(f"# {time.monotonic() - began:.0f} s", flush=True)


def main():
    kills, seed, log = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    word = "".join(sys.argv[4:])
    random.seed(seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the server
    print(f"# seed {seed}, {kills} kills of each kind", flush=True)
    tap = Tap()
    server = Server(log)
    try:
        server.start()
        if DISK:
            ask(f"CREATE TABLESPACE small LOCATION '{DISK}'", "ALTER DATABASE faults SET TABLESPACE small", database="postgres")
        for operations, prepare in FAMILIES:
            family(tap, server, operations, prepare, kills, word)
        ask("CREATE EXTENSION amcheck SCHEMA public")
        ask("SELECT public.bt_index_check(c.oid, true) FROM pg_class AS c JOIN pg_am AS m ON m.oid = c.relam "
            "WHERE m.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence = 'p'")
        tap.ok(True, "every B-tree has an entry for every row")
    except Failed as failure:
        tap.ok(False, "the harness comes to its end", [str(failure)])
    finally:
        if DISK:
            ask("DROP DATABASE IF EXISTS faults WITH (FORCE)", "DROP TABLESPACE IF EXISTS small", database="postgres")
        server.stop()
    with open(log) as lines:
        crashes = [line.strip() for line in lines if "PANIC" in line or line.startswith("TRAP")
                   or "terminated by signal" in line and "signal 9" not in line]
    tap.ok(not crashes, "nothing died but what was killed", crashes)
    print(f"1..{tap.count}")
    return tap.bad > 0


if __name__ == "__main__":
    sys.exit(main())
