"""Starting the process of a run, and telling whether one still lives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import BadInput, WorkbenchError
from workbench.store import RunRecord, Store
from workbench.store.runs import STALE_AFTER_S

#: How long a process may take to begin, for whoever follows it.
START_TIMEOUT_S = 60.0
#: The processes that this one started, by run.
_children: dict[str, subprocess.Popen[bytes]] = {}


def jobs_folder(state: Path) -> Path:
    """Return the folder of locks and logs, made if missing.

    Args:
        state: The workspace's ``.workbench`` folder.
    """
    folder = state / "jobs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise BadInput(
            f"The folder cannot be made ({reason})", file=folder, hint="check its permissions"
        ) from None
    return folder


def lock_of(state: Path, run_id: str) -> FileLock:
    """Return the lock that a run's process holds for as long as it lives; the system frees it on any death."""
    return FileLock(jobs_folder(state) / f"{run_id}.lock")


def worker_name() -> str:
    """Return a name for this process that no other one will have: ``host:pid:token``."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def alive(state: Path, record: RunRecord, *, patience_s: float = 0.0) -> bool:
    """Whether a process works on the run: by its lock on this machine, by its heartbeat on another one.

    Args:
        state: The workspace's ``.workbench`` folder.
        record: The run.
        patience_s: How long to wait for a process that was just killed to be gone.
    """
    if record.worker is None:
        return False
    if record.worker.split(":")[0] != socket.gethostname():
        return record.heartbeat is not None and time.time() - record.heartbeat < STALE_AFTER_S
    lock = lock_of(state, record.id)
    try:
        with lock.acquire(timeout=patience_s, poll_interval=0.02):
            return False
    except Timeout:
        return True


def launch(root: Path, state: Path, run_id: str) -> None:
    """Start a process for a queued run, detached from this one, with its output in ``jobs/<run>.log``."""
    log = jobs_folder(state) / f"{run_id}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            # -P: the process runs in the workspace, where a file called json.py must not be imported.
            [sys.executable, "-P", "-m", "workbench.jobs.worker", str(root), run_id],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=root,
            start_new_session=True,
        )
    _children[run_id] = process
    # Somebody must ask a child for its end, or it stays in the system's table for as long as we live.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper-{run_id}").start()


def wait_for_end(
    store: Store, state: Path, run_id: str, *, on_progress=None, interval_s: float = 0.2
) -> RunRecord:
    """Follow a run until it has ended, calling ``on_progress(record)`` at each look.

    A run whose process died is marked as failed, so that it can be resumed.

    Raises:
        WorkbenchError: The process could not start.
    """
    started = time.monotonic()
    while True:
        record = store.runs.progress(run_id)
        if on_progress is not None:
            on_progress(record)
        if not record.active:
            return record
        if record.status == "running" and not alive(state, record):
            recover(store, state, record)
            continue
        if record.status == "queued":
            _require_start(store, state, run_id, waited_s=time.monotonic() - started)
        time.sleep(interval_s)


def _require_start(store: Store, state: Path, run_id: str, *, waited_s: float) -> None:
    """Raise if a queued run will not begin: its process ended before it could take it, or takes too long."""
    child = _children.get(run_id)
    ended = child is not None and child.poll() is not None
    if (ended or waited_s > START_TIMEOUT_S) and store.runs.progress(run_id).status == "queued":
        how = "ended before it began" if ended else f"did not start within {START_TIMEOUT_S:.0f} s"
        raise WorkbenchError(
            f"The run's process {how}",
            file=jobs_folder(state) / f"{run_id}.log",
            hint=f"read this log, then `workbench resume {run_id}`",
        )


def recover(store: Store, state: Path, record: RunRecord) -> bool:
    """Mark a running run whose process is gone as failed. Returns whether it was so."""
    if record.status != "running" or alive(state, record):
        return False
    left = record.planned - record.done
    store.runs.abandon(
        record.id,
        record.worker,
        f"Its process ended early; what was answered is kept, {left} cells are left to ask",
    )
    return True
