"""``workbench labels``: what people say of answers, to hold judges against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.analysis.wording import count
from workbench.cli.options import JsonFile, RunId, WorkspaceDir, new_app, opened
from workbench.cli.output import Output
from workbench.errors import BadInput

if TYPE_CHECKING:
    from workbench.workspace import Workspace

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
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Two answers a row, for people to choose the better one.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another one draws other cases.")] = 0,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Write the answers to randomly drawn cases for people to label, without saying whose they are."""
    from workbench.workspace.labelling import write_pairs, write_sample

    out = Output(json)
    with opened(workspace) as ws:
        run_id = ws.runs.get(run).id
        if pairs and scorer:
            raise BadInput("Which answer is better is no scorer's question", hint="leave --scorer out")
        if pairs:
            drawn, rows = write_pairs(ws, run_id, output, cases=cases, seed=seed)
        else:
            drawn, rows = write_sample(ws, run_id, output, cases=cases, scorers=scorer or (), seed=seed)
    what = "pairs" if pairs else "answers"
    out.json({"file": str(output), "cases": drawn, what: rows})
    out.text(
        f"{count(rows, what[:-1])} to {count(drawn, 'case')} {'is' if rows == 1 else 'are'} in {output}."
    )


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
    """Store people's labels of a run's answers, or their choices between two, all of a file or none."""
    from workbench.workspace.label_import import import_labels
    from workbench.workspace.pair_import import holds_pairs, import_pairs

    out = Output(json)
    with opened(workspace) as ws:
        run_id = ws.runs.get(run).id
        if pairs := holds_pairs(file):
            made = import_pairs(ws, run_id, file, rater=rater)
        else:
            made = import_labels(ws, run_id, file, scorer=scorer, rater=rater, scale=_scale(scale))
        told, lines = _told(ws, run_id)
    out.json({**made.to_dict(), **told})
    again = f", {made.replaced:,} of them in place of earlier ones" if made.replaced else ""
    what = count(made.labels, "choice" if pairs else "label")
    out.text(f"Took {what} of {count(made.answers, 'answer')}{again}.")
    for line in lines:
        out.text(line)


@app.command("show")
def show_command(run: RunId, json: JsonFile = None, workspace: WorkspaceDir = None) -> None:
    """Say how a run's scorers agree with people, what people would say of each version, and what they prefer."""
    out = Output(json)
    with opened(workspace) as ws:
        told, lines = _told(ws, ws.runs.get(run).id)
    out.json(told)
    for line in lines or ["Nobody has labelled an answer of this run."]:
        out.text(line)


@app.command("remove")
def remove_command(
    run: RunId,
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", metavar="NAME", help="Only those of this scorer; `people` is choices."),
    ] = None,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="NAME", help="Only those of this person.")
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Remove a run's labels and people's choices."""
    out = Output(json)
    with opened(workspace) as ws:
        removed = ws.store.human_labels.remove(ws.runs.get(run).id, scorer=scorer, rater=rater)
    out.json({"removed": removed})
    out.text(f"Removed {count(removed, 'label')}.")


def _told(ws: Workspace, run_id: str) -> tuple[dict[str, Any], list[str]]:
    """Return what people said of a run, as data and in sentences."""
    from workbench.reports.labels import label_lines
    from workbench.reports.preferences import preference_lines
    from workbench.workspace.reporting import judges_of

    said = judges_of(ws, run_id)
    preferences = [one for one in said["preferences"] if one["people"] or one["scorer"] == "people"]
    told = {"labels": said["labels"], "preferences": preferences}
    return told, [*label_lines(told["labels"]), *preference_lines(preferences)]


def _scale(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = 0.0, 0.0
    if not ends[0] < ends[1]:
        raise BadInput(f'"{text[:40]}" is no scale', hint="write it as 1-5")
    return ends
