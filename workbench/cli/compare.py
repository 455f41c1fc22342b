"""``workbench compare``: is B better than A?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn
from workbench.errors import BadInput

if TYPE_CHECKING:
    from workbench.workspace import Workspace

app = new_app()
_SIDE = "a run, RUN:PROMPT-SELECTOR, or RUN:MODEL."


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=f"The baseline: {_SIDE}")],
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="[B]",
            help=f"What is held against it: {_SIDE} Left out, all versions and models of run A are ranked.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="SCORER",
            help="The scorer that the verdict rests on; by default the gate's, else overall, else the first.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="X",
            min=0,
            help="Differences smaller than this count as none, in the scorer's unit (0.01 is one point of a score); "
            "by default the gate's, else 0.",
        ),
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="List slices that are undecided, too; --json always has all.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Hold A against this baseline.json case by case; the approved run itself need not be here.",
        ),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Compare B with the baseline A on the same cases, and give the verdict; or rank all that one run holds.

    Exits with 0 when it is decided (better, worse or equivalent; one is established as the best) and with 3 when it
    is not.
    """
    out = Output(json)
    if baseline is not None and b is not None:
        raise BadInput("--baseline takes the place of a side", hint="name one run only")
    with opened(workspace) as ws:
        if baseline is not None:
            comparison = ws.baselines.compare(a, baseline, metric=metric, margin=margin)
        elif b is None:
            return _ranked(ws, a, out, metric, margin)
        else:
            comparison = ws.runs.compare(a, b, metric=metric, margin=margin)
        out.json(comparison.to_dict())
        if not out.quiet:
            from workbench.cli import tables

            out.show(*tables.comparison_page(comparison, slices=slices, width=out.width))
    for text in comparison.warnings if out.quiet else ():
        warn(f"Warning: {text}")
    return codes.PASSED if comparison.verdict in ("better", "worse", "equivalent") else codes.INCOMPLETE


def _ranked(ws: Workspace, run: str, out: Output, metric: str | None, margin: float | None) -> int:
    if ":" in run:
        raise BadInput(f"{run} is one side only", hint="name what to compare it with, or a run to rank")
    ranking = ws.runs.ranking(run, metric, margin=margin)
    out.json(ranking.to_dict())
    if not out.quiet:
        from workbench.reports.ranking import ranking_view

        out.show(ranking_view(ranking))
    for text in ranking.warnings if out.quiet else ():
        warn(f"Warning: {text}")
    return codes.PASSED if ranking.best else codes.INCOMPLETE
