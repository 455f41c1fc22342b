"""``workbench report``: a run for those who were not there."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output
from workbench.cli.reporting import parse_targets, write_targets

app = new_app()


@app.command()
def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="The run's id, or the beginning of it; RUN:SIDE names the version or model that --against is for.",
        ),
    ],
    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="markdown (by default), html, junit, github, csv, parquet or json; FORMAT=FILE for several at once.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file of a single format; without it stdout."
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="SIDE",
            help="What the run is held against: one of its versions or models, another RUN, or RUN:SIDE; give it once "
            "for each. By default the gate's baseline, else the first version.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", metavar="SCORER", help="The scorer that the verdict rests on."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="X", min=0, help="Differences smaller than this count as none."),
    ] = None,
    outputs: Annotated[
        bool | None,
        typer.Option(
            "--outputs/--no-outputs",
            help="Whether the models' own words stand in the report: by default in html, csv and parquet, not in "
            "junit; never in markdown, github and json.",
        ),
    ] = None,
    rows: Annotated[
        str,
        typer.Option(
            "--rows", metavar="WHAT", help="Rows of csv and parquet: answers, or results with intervals."
        ),
    ] = "answers",
    max_cases: Annotated[
        int,
        typer.Option("--max-cases", metavar="N", min=1, help="How many cases the HTML page shows at most."),
    ] = 1000,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Write a run as a report: scores with intervals and n, the gate, and its versions compared.

    Nothing is asked or scored. Ends with 0 when the report is written, whatever stands in it.
    """
    from workbench.errors import BadInput
    from workbench.reports.content import Options
    from workbench.workspace.reporting import content_of

    out = Output(json)
    if rows not in ("answers", "results"):
        raise BadInput(f'There are no rows of "{rows}"', hint="give answers or results")
    wanted = format or ([] if json is not None and output is None else ["markdown"])
    targets = parse_targets(wanted, output)
    if out.quiet and any(t.path is None and t.format != "github" for t in targets):
        raise BadInput("Stdout is the JSON's", hint="name a file for the report: -o FILE")
    options = Options(
        outputs=outputs, rows="results" if rows == "results" else "answers", max_cases=max_cases
    )
    with opened(workspace) as ws:
        content = content_of(ws, run, against or (), metric=metric, margin=margin)
        out.json(content.to_dict())
        write_targets(content, targets, out, options)
    return codes.PASSED
