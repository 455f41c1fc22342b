"""What a run came to: its page for a terminal, its JSON, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.analysis.wording import count
from workbench.cli import codes
from workbench.cli.following import follow
from workbench.cli.output import Output, warn
from workbench.cli.reporting import Target, write_targets
from workbench.workspace.reporting import report_of

if TYPE_CHECKING:
    from workbench.store import RunRecord
    from workbench.workspace import Workspace

#: How many failed cells a terminal lists.
SHOWN_ERRORS = 5


def finish(
    ws: Workspace,
    record: RunRecord,
    out: Output,
    *,
    gate: bool,
    detach: bool,
    reports: Sequence[Target] = (),
) -> int:
    """Follow a run that has just been started to its end and report it, or leave it alone with ``detach``."""
    if detach:
        from workbench.workspace.run_facts import run_to_dict

        out.text(record.id)
        out.json(run_to_dict(record))
        warn(f"It runs by itself: `workbench show {record.id}` shows how far it is.")
        return codes.PASSED
    warn(f"Run {record.id}: {count(record.planned, 'cell')} of {record.suite}.")
    followed = follow(ws, record.id)
    report = report_of(ws, record.id)
    if followed.interrupted:
        out.json(report)
        return codes.INTERRUPTED
    code = present(ws, report, out, gate=gate)
    if reports:
        from workbench.workspace.reporting import content_of

        write_targets(content_of(ws, record.id), reports, out)
    return code


def present(ws: Workspace, report: dict[str, Any], out: Output, *, gate: bool, slices: bool = False) -> int:
    """Print and write a run, and return its exit code."""
    from workbench.cli import tables

    out.json(report)
    if not out.quiet:
        from workbench.analysis.summary import Summary

        summaries = [Summary(**row) for row in report["results"]]
        out.show(*tables.run_page(report, summaries, slices=slices))
        if not slices and any(s.slice for s in summaries):
            out.text(f"`workbench show {report['run']} --slices` shows the scores by slice, too.")
        out.show(*tables.error_lines(report, SHOWN_ERRORS))
    hint = _what_next(report)
    if hint:
        warn(hint)
    return exit_code(report, gate=gate)


def exit_code(report: dict[str, Any], *, gate: bool) -> int:
    """Return 0 where all cells have an answer and every score, and the gate is passed if it was asked for.

    Where a run has no gate, the limits that its suite states are one. A failed gate of a complete run is 1 whatever
    else there is; everything that is missing or undecided is 3.
    """
    judged = (report["gate"] or {}).get("status") or _limits_status(report)
    if report["status"] != "complete":
        return codes.INCOMPLETE
    if gate and judged == "failed":
        return codes.GATE_FAILED
    if report["cells"]["errors"] or any(row["errors"] for row in report["results"]):
        return codes.INCOMPLETE
    return codes.INCOMPLETE if gate and judged != "passed" else codes.PASSED


def _limits_status(report: dict[str, Any]) -> str | None:
    found = [rule["status"] for rule in report.get("run_limits") or ()]
    return next((status for status in ("failed", "undecided", "passed") if status in found), None)


def _what_next(report: dict[str, Any]) -> str | None:
    run_id, cells = report["run"], report["cells"]
    left = cells["planned"] - cells["done"]
    if report["status"] in ("queued", "running"):
        return f"The run goes on: `workbench cancel {run_id}` stops it."
    if left:
        return f"`workbench resume {run_id}` goes on with the {count(left, 'cell')} left."
    if not cells["errors"]:
        return None if report["status"] == "complete" else f"`workbench resume {run_id}` goes on with it."
    if {cell["error"] for cell in report["error_cells"]} == {"missing_recording"}:
        # A run is pinned to its recordings, so asking again would find the same gaps.
        return "Record what is missing and start a new run."
    return f"`workbench resume {run_id}` asks again for what failed."
