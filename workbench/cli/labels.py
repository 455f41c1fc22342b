"""``workbench labels``: what people say of answers, to hold judges against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.analysis.wording import count
from workbench.cli.options import JsonFile, RunId, WorkspaceDir, new_app, opened
from workbench.cli.output import Output
from workbench.errors import BadInput

app = new_app("What people say of answers, to hold judges against.")


@app.command("sample")
def sample_command(
    run: RunId,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write: .csv or .jsonl.")
    ],
    cases: Annotated[
        int, typer.Option("--cases", "-n", metavar="N", min=1, help="How many cases to draw.")
    ] = 100,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer", metavar="NAME", help="Whose question people answer; by default each judge's."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another one draws other cases.")] = 0,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Write the answers to randomly drawn cases for people to label, without saying whose they are."""
    from workbench.workspace.labelling import write_sample

    out = Output(json)
    with opened(workspace) as ws:
        drawn, answers = write_sample(
            ws, ws.runs.get(run).id, output, cases=cases, scorers=scorer or (), seed=seed
        )
    out.json({"file": str(output), "cases": drawn, "answers": answers})
    out.text(f"{count(answers, 'answer')} to {count(drawn, 'case')} are in {output}.")


@app.command("import")
def import_command(
    run: RunId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv or .jsonl file.")],
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer", metavar="NAME", help="Whose question `label` answers; by default the only judge's."
        ),
    ] = None,
    rater: Annotated[
        str | None,
        typer.Option("--rater", metavar="NAME", help="Who labelled, where the file does not say."),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            "--scale", metavar="LOW-HIGH", help="What 0 and 1 of a score are called in the file: 1-5."
        ),
    ] = "0-1",
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Store people's labels of a run's answers, all of a file or none."""
    from workbench.reports.labels import label_lines
    from workbench.workspace.label_import import import_labels
    from workbench.workspace.reporting import labels_told

    out = Output(json)
    with opened(workspace) as ws:
        run_id = ws.runs.get(run).id
        made = import_labels(ws, run_id, file, scorer=scorer, rater=rater, scale=_scale(scale))
        told = labels_told(ws, run_id)
    out.json({**made.to_dict(), "told": told})
    again = f", {made.replaced:,} of them in place of earlier ones" if made.replaced else ""
    out.text(f"Took {count(made.labels, 'label')} of {count(made.answers, 'answer')}{again}.")
    for line in label_lines(told):
        out.text(line)


@app.command("show")
def show_command(run: RunId, json: JsonFile = None, workspace: WorkspaceDir = None) -> None:
    """Say how a run's scorers agree with people, and what people would say of each version."""
    from workbench.reports.labels import label_lines
    from workbench.workspace.reporting import labels_told

    out = Output(json)
    with opened(workspace) as ws:
        told = labels_told(ws, ws.runs.get(run).id)
    out.json(told)
    for line in label_lines(told) or ["Nobody has labelled an answer of this run."]:
        out.text(line)


@app.command("remove")
def remove_command(
    run: RunId,
    scorer: Annotated[
        str | None, typer.Option("--scorer", metavar="NAME", help="Only those of this scorer.")
    ] = None,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="NAME", help="Only those of this person.")
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Remove a run's labels."""
    out = Output(json)
    with opened(workspace) as ws:
        removed = ws.store.human_labels.remove(ws.runs.get(run).id, scorer=scorer, rater=rater)
    out.json({"removed": removed})
    out.text(f"Removed {count(removed, 'label')}.")


def _scale(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = 0.0, 0.0
    if not ends[0] < ends[1]:
        raise BadInput(f'"{text[:40]}" is no scale', hint="write it as 1-5")
    return ends
