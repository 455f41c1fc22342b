"""Asking a model for cases, in a thread of the server: a reload finds it, and nobody has to wait for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.llm.types import ModelSpec
from workbench.workspace import Workspace


@dataclass
class Proposing:
    """How far one asking is. Written by its thread, read by every tab."""

    suite: str
    model: str
    wanted: int
    new: int = 0
    unusable: int = 0
    cost_usd: float | None = 0.0
    ended: bool = False
    problem: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)


@st.cache_resource(show_spinner=False)
def _jobs(root: str) -> dict[str, Proposing]:
    return {}


def proposing_of(ws: Workspace, suite: str) -> Proposing | None:
    """Return the asking for a suite that goes on or was the last one, or None."""
    return _jobs(str(ws.root)).get(suite)


def forget(ws: Workspace, suite: str) -> None:
    """Forget an asking that has ended."""
    _jobs(str(ws.root)).pop(suite, None)


def propose(
    ws: Workspace, suite: str, model: ModelSpec, *, count: int, description: str, like: int
) -> Proposing:
    """Ask for cases of a suite, unless that is being done already."""
    jobs = _jobs(str(ws.root))
    job = jobs.get(suite)
    if job is None or job.ended:
        job = jobs[suite] = Proposing(suite, model.name, count)
        work = threading.Thread(
            target=_work, args=(ws, job, model, description, like), name=f"proposing-{suite}", daemon=True
        )
        work.start()
    return job


def _work(ws: Workspace, job: Proposing, model: ModelSpec, description: str, like: int) -> None:
    from workbench.workspace.generating import generate_cases

    def progress(new: int, cost_usd: float | None) -> bool:
        job.new, job.cost_usd = new, cost_usd
        return not job.stop.is_set()

    try:
        made = generate_cases(
            ws,
            job.suite,
            model,
            count=job.wanted,
            description=description,
            like=like,
            on_progress=progress,
        )
        job.new, job.unusable, job.cost_usd = len(made.proposals), made.unusable, made.cost_usd
    except WorkbenchError as problem:
        job.problem = str(problem)
    finally:
        job.ended = True
