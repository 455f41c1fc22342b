"""Scoring a run's outputs again, in a thread of the server: a reload finds it, and nobody has to wait for it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace


class _Cancelled(Exception):
    """A person stopped it."""


@dataclass
class Rescoring:
    """How far one scoring is. Written by its thread, read by every tab."""

    run_id: str
    done: int = 0
    total: int | None = None
    ended: bool = False
    cancelled: bool = False
    problem: str | None = None
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def eta_s(self) -> float | None:
        """Seconds until the end at the pace so far, or None before the first step."""
        if not self.total or not self.done:
            return None
        return (self.total - self.done) * (time.monotonic() - self.started) / self.done


@st.cache_resource(show_spinner=False)
def _jobs(root: str) -> dict[str, Rescoring]:
    return {}


def rescoring_of(ws: Workspace, run_id: str) -> Rescoring | None:
    """Return the scoring of a run that goes on or has just ended, or None."""
    return _jobs(str(ws.root)).get(run_id)


def forget(ws: Workspace, run_id: str) -> None:
    """Forget a scoring that has ended, once it was told."""
    _jobs(str(ws.root)).pop(run_id, None)


def rescore(ws: Workspace, run_id: str) -> Rescoring:
    """Score a run again with its suite's present scorers, unless that is being done already."""
    jobs = _jobs(str(ws.root))
    job = jobs.get(run_id)
    if job is None or job.ended:
        job = jobs[run_id] = Rescoring(run_id)
        threading.Thread(target=_work, args=(ws, job), name=f"rescoring-{run_id}", daemon=True).start()
    return job


def _work(ws: Workspace, job: Rescoring) -> None:
    def progress(done: int, total: int) -> None:
        job.done, job.total = done, total
        if job.stop.is_set():
            raise _Cancelled

    try:
        ws.runs.rescore(job.run_id, on_progress=progress)
    except _Cancelled:
        job.cancelled = True
    except WorkbenchError as problem:
        job.problem = str(problem)
    finally:
        if not (job.cancelled or job.problem or job.total is None or job.done == job.total):
            job.problem = "It ended before all was scored; the scores from before are still shown."
        job.ended = True
