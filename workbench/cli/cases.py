"""``workbench cases``: add to a suite's cases."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output

app = new_app("Add to a suite's cases.")


@app.callback()
def _group() -> None:
    """Add to a suite's cases."""


@app.command("add")
def add_command(
    run: Annotated[str, typer.Option("--from-run", metavar="RUN", help="The run that the answer is from.")],
    case: Annotated[str, typer.Option("--case", metavar="ID", help="The case that was answered.")],
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", metavar="VERSION", help="The version that answered; by default the first that failed."
        ),
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Take only what was asked, without the answer as a regression test.")
    ] = False,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="NAME", help="The suite to add to; by default the run's.")
    ] = None,
    case_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The new case's id; by default made from the old one."),
    ] = None,
    expected: Annotated[
        str | None,
        typer.Option("--expected", metavar="TEXT", help="What is right, in place of the old case's."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Add a case of a run to a suite's file, as a regression test with its failing answer attached."""
    from workbench.evals.datasets.export import case_row
    from workbench.workspace.new_cases import add_from_run, failing_cell

    out = Output(json)
    with opened(workspace) as ws:
        record = failing_cell(ws, run, case, prompt=prompt)
        added = add_from_run(
            ws, run, record, regression=not new, suite=suite, case_id=case_id, expected=expected
        )
    out.json({"suite": added.suite, "file": str(added.file), "case": case_row(added.case)})
    out.text(f"Added {added.case.id} to {added.file}.")


@app.command("generate")
def generate_command(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite that the cases are for.")],
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="The model that writes them.")],
    description: Annotated[
        str,
        typer.Option("--from", metavar="TEXT", help="What they are to test; by default more of the same."),
    ] = "",
    like: Annotated[
        int,
        typer.Option(
            "--like", metavar="N", min=1, max=50, help="How many existing cases the model is shown."
        ),
    ] = 5,
    count: Annotated[
        int, typer.Option("-n", "--count", metavar="N", min=1, max=200, help="How many cases are wanted.")
    ] = 20,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, and ask nothing.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Let a model propose cases, kept in proposed.jsonl beside the suite until a person accepts them."""
    from workbench.evals.datasets.export import case_row
    from workbench.llm.types import ModelSpec
    from workbench.workspace.generating import estimate_generating, generate_cases

    out = Output(json)
    with opened(workspace) as ws:
        if dry_run:
            found = estimate_generating(
                ws, suite, ModelSpec(model), count=count, description=description, like=like
            )
            out.json({"dry_run": True, **found.to_dict()})
            out.text(f"{found.sentence}. Nothing was asked.")
            return
        made = generate_cases(ws, suite, ModelSpec(model), count=count, description=description, like=like)
    rows = [{**case_row(p.case), "like": p.like} for p in made.proposals]
    out.json({"file": str(made.file), "cases": rows, "unusable": made.unusable, "cost_usd": made.cost_usd})
    near = sum(p.like is not None for p in made.proposals)
    cost = "at an unknown cost" if made.cost_usd is None else f"for ${made.cost_usd:.4f}"
    out.text(
        f"{len(rows)} cases were proposed {cost}, {near} of them much like another; {made.unusable} unusable."
    )
    out.text(f"`workbench cases review {suite}` shows them.")


@app.command("review")
def review_command(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite that the cases are for.")],
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="ID", help="Add this case to the suite; `all` is each."),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option("--reject", metavar="ID", help="Drop this case; `all` is each that is left."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List the cases that were proposed for a suite, and accept or reject them."""
    from workbench.evals.datasets.export import case_row
    from workbench.workspace.proposals import accept_cases, proposed_cases, reject_cases

    out = Output(json)
    with opened(workspace) as ws:
        added = accept_cases(ws, suite, accept) if accept else []
        dropped = reject_cases(ws, suite, reject) if reject else []
        left = proposed_cases(ws, suite)
    out.json(
        {
            "accepted": [case.id for case in added],
            "rejected": [case.id for case in dropped],
            "proposed": [{**case_row(p.case), "like": p.like, "same": p.same} for p in left],
        }
    )
    if accept or reject:
        out.text(f"Accepted {len(added)}, rejected {len(dropped)}; {len(left)} are left.")
        return
    for proposal in left:
        asked = "; ".join(f"{name}: {value}" for name, value in proposal.case.vars.items())
        near = f"  (much like {proposal.like})" if proposal.like else ""
        near = f"  (the same as {proposal.same})" if proposal.same else near
        out.text(f"{proposal.case.id}{near}\n  {asked}\n  expected: {proposal.case.expected}")
    out.text(f"{len(left)} proposed cases.")
