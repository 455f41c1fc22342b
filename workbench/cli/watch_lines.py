"""The history of a watched suite in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.analysis.wording import count
from workbench.reports.text import one_line

if TYPE_CHECKING:
    from workbench.workspace.watching import Watched

_SHOWN = {
    "score": lambda v: f"{v * 100:.1f} %",
    "output": lambda v: f"{v * 100:.0f} % other",
    "refusal": lambda v: f"{v * 100:.0f} % declined",
    "length": lambda v: f"{v:,.0f} characters",
    "embedding": lambda v: f"distance {2 * v:.3f}",
    "latency": lambda v: f"{v:.2f} s",
    "cost": lambda v: f"${v:.3g}",
}


def watch_lines(found: Watched, *, every: bool) -> Iterator[str]:
    """Yield what moved, one line each; with ``every`` the looks before it, one line each."""
    watch, drift = found.watch, found.drift
    shown = _SHOWN if found.percent else {**_SHOWN, "score": lambda v: f"{v:.4g}"}
    if every:
        why = f" ({one_line(watch.reason, 200)})" if watch.reason else ""
        yield f"{watch.suite}: {watch.title} of run {watch.reference_run} is the reference{why}."
        for look, row in zip(found.looks, drift.readings, strict=True):
            said = ", ".join(shown[name](r.now) + (" (moved)" if r.moved else "") for name, r in row.items())
            yield f"  {look.at[:16].replace('T', ' ')}  {look.run}  {said}"
    for run in found.skipped if every else ():
        yield f"  {run} is not complete and counts for nothing"
    if every and found.unembedded:
        looks, model = count(len(found.unembedded), "look"), one_line(found.embedder or "", 100)
        yield f"  {looks} not yet compared by meaning; the next look asks {model} about them"
    for moved in drift.moved:
        yield one_line(moved.message, 400)
    if not drift.moved:
        looks = count(len(found.looks), "look")
        yield f"Nothing moved in {looks} since run {watch.reference_run}."
