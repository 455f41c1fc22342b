"""``workbench dataset check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import codes
from workbench.cli.dataset.arguments import Reading, Ref, dataset_here, told
from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output, sentence


def check_command(
    dataset: Ref,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", metavar="SELECTOR", help="A version that the cases must fit, in place of the suite's."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="MODEL", help="A model that must read them, in place of the suite's."
        ),
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option(
            "--schema", metavar="FILE", help="A JSON Schema of the variables, in place of the suite's."
        ),
    ] = None,
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Check every row before a model is called: variables, schema, and tokens against each model's window.

    Exits with 2 if some case cannot be asked; warnings are no reason to.
    """
    from workbench.workspace.dataset_checks import check_dataset

    out = Output(json)
    with opened(workspace) as ws:
        fit = check_dataset(
            ws,
            dataset_here(dataset, ws.root),
            prompts=[selector_here(text, ws.root) for text in prompt or ()],
            models=model or (),
            schema=_schema(schema),
            **told(read),
        )
    for misfit in fit.misfits:
        word = "error" if misfit.error else "warning"
        out.text(f"row {misfit.row}  {sentence(misfit.case_id)}  {word}: {sentence(misfit.message)}")
    for kind, number in fit.counts.items():
        listed = sum(1 for m in fit.misfits if kind == (m.kind if m.error else f"{m.kind} (warning)"))
        if number > listed:
            out.text(f"… and {number - listed:,} more of {kind}")
    fits = "All fit" if fit.ok else f"{fit.bad_rows:,} do not fit"
    out.text(f"{fit.rows:,} cases. {fits}.")
    out.json(fit.to_dict())
    return codes.PASSED if fit.ok else codes.BAD_INPUT


def _schema(path: Path | None) -> dict[str, Any] | None:
    from workbench.evals.case_schema import read_schema

    return None if path is None else read_schema(path.expanduser())
