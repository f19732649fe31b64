"""The server that is killed: starts it, asks it, and waits until it is back."""

import os
import signal
import subprocess
import time

PSQL = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d"]


class Failed(Exception):
    pass


def psql(statements, database="faults"):
    """Returns the arguments of psql that run these, each in a transaction of its own."""
    return PSQL + [database] + [word for statement in statements for word in ("-c", statement)]


def ask(*statements, database="faults"):
    done = subprocess.run(psql(statements, database), capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return done.stdout.removesuffix("\n")


def parent_and_state(pid):
    """Returns those of a process; (0, 'X') if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            state, parent = stat.read().rpartition(")")[2].split()[:2]
            return int(parent), state
    except (FileNotFoundError, ProcessLookupError):
        return 0, "X"


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Server:
    """The postmaster is a child of this process, which reaps it when it is killed."""

    def __init__(self, log):
        self.log = log
        self.postmaster = None

    def start(self):
        with open(self.log, "a") as log:
            self.postmaster = subprocess.Popen(
                ["postgres", "-D", os.environ["PGDATA"]], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self.wait_for_start(None)

    def wait_for_start(self, before, seconds=60):
        """Waits until it accepts connections and has another checkpointer than before; returns whether it does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                now = ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
                if now and now != before:
                    self.checkpointer = now
                    return True
            except Failed:
                if self.postmaster.poll() is not None:
                    raise Failed("the server does not start") from None
                # it recovers, which takes longer on a busy machine
                until = time.monotonic() + seconds
            time.sleep(0.02)
        return False

    def stop(self):
        if self.postmaster is not None and self.postmaster.poll() is None:
            self.postmaster.send_signal(signal.SIGINT)
            self.postmaster.wait()

    def children(self):
        pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
        return [pid for pid in pids if parent_and_state(pid)[0] == self.postmaster.pid]

    def kill_backend(self, pid):
        """Kills a backend: the postmaster kills the others and recovers. Returns False if it had ended before."""
        parent, state = parent_and_state(pid)
        if parent != self.postmaster.pid or state == "Z":
            return False
        kill(pid)
        return self.wait_for_start(self.checkpointer, 10)

    def cancel(self, pid):
        """Does what pg_cancel_backend() does, without the time that another session takes to start."""
        if parent_and_state(pid)[0] == self.postmaster.pid:
            os.kill(pid, signal.SIGINT)

    def kill_all(self, children):
        """Kills the postmaster and these children, which were listed before because that takes a while."""
        kill(self.postmaster.pid)
        for pid in children:
            kill(pid)
        self.postmaster.wait()
        while any(parent_and_state(pid)[1] not in "XZ" for pid in children):
            time.sleep(0.005)
        # a child that began after the list was made ends by itself, and no server starts before
        for attempt in range(10):
            try:
                return self.start()
            except Failed:
                time.sleep(0.5)
        raise Failed("the server did not come back")
