"""Following a run from a terminal: progress on stderr, and what Ctrl-C does."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from workbench.analysis.wording import count, usd
from workbench.cli import codes
from workbench.cli.output import console, warn

if TYPE_CHECKING:
    from workbench.store import RunRecord
    from workbench.workspace import Workspace

#: Seconds between two lines of progress where stderr is no terminal, as in a CI log.
LINE_EVERY_S = 30.0
#: Seconds to wait after Ctrl-C for answers on their way.
CANCEL_WAIT_S = 15.0


@dataclass(frozen=True)
class Followed:
    """A run that has ended, or that a person stopped waiting for."""

    record: RunRecord
    interrupted: bool = False


class _WaitedEnough(Exception):
    """The run did not end in the time that a person should wait after Ctrl-C."""


def follow(workspace: Workspace, run_id: str) -> Followed:
    """Wait for a run's end. Ctrl-C cancels it and waits for its end; a second one leaves at once.

    Raises:
        typer.Exit: A person pressed Ctrl-C twice.
    """
    with _terminate_like_ctrl_c():
        try:
            with _progress() as show:
                return Followed(workspace.runs.follow(run_id, show))
        except KeyboardInterrupt:
            return _stop(workspace, run_id)


def _stop(workspace: Workspace, run_id: str) -> Followed:
    deadline = time.monotonic() + CANCEL_WAIT_S

    def look(_record: RunRecord) -> None:
        if time.monotonic() > deadline:
            raise _WaitedEnough

    try:
        warn(f"Stopping run {run_id}; answers on their way are kept. Ctrl-C again leaves at once.")
        workspace.runs.cancel(run_id)
        record = workspace.runs.follow(run_id, look)
    except _WaitedEnough:
        record = workspace.runs.get(run_id)
        warn(f"Run {run_id} is still waiting for answers on their way, and stops by itself after them.")
    except KeyboardInterrupt:
        warn(f"`workbench resume {run_id}` goes on with the run.")
        raise typer.Exit(codes.INTERRUPTED) from None
    if record.status == "complete":
        warn(f"Run {run_id} had just been completed: `workbench show {run_id}` shows it.")
    else:
        left = count(record.planned - record.done, "cell")
        warn(f"Run {run_id} has {left} left to ask: `workbench resume {run_id}` goes on with those.")
    return Followed(record, interrupted=True)


@contextmanager
def _terminate_like_ctrl_c() -> Iterator[None]:
    """CI systems end a job with SIGTERM; the run is then to be cancelled just so."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress() -> Iterator[Callable[[RunRecord], None]]:
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


def _lines() -> Callable[[RunRecord], None]:
    """Return what prints a line now and then: enough to see in a log that a run lives."""
    said = time.monotonic()

    def show(record: RunRecord) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_EVERY_S:
            said = time.monotonic()
            warn(f"{record.done:,}/{record.planned:,} cells, {_facts(record)}")

    return show


@contextmanager
def _bar() -> Iterator[Callable[[RunRecord], None]]:
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True, refresh_per_second=5) as progress:
        task = progress.add_task("starting", total=None)

        def show(record: RunRecord) -> None:
            text = "starting" if record.status == "queued" else _facts(record)
            progress.update(task, completed=record.done, total=record.planned, description=text)

        yield show


def _facts(record: RunRecord) -> str:
    cost = usd(record.cost_usd) if record.cost_usd is not None or not record.done else "cost unknown"
    if record.cost_unknown and record.cost_usd is not None:
        cost += f" and {count(record.cost_unknown, 'unknown cost')}"
    facts = [count(record.errors, "error"), cost if record.cost_usd is not None or record.done else "$0.00"]
    if record.eta_s is not None:
        facts.append(f"about {duration(record.eta_s)} left")
    return ", ".join(facts)


def duration(seconds: float) -> str:
    """Return a time to wait in words: ``5 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
