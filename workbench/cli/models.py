"""``workbench models``: what can be asked here and now."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, new_app
from workbench.cli.output import Output

app = new_app()


@app.command()
def models(
    check: Annotated[
        bool,
        typer.Option("--check", help="Look for model servers on this machine, too; takes a second at most."),
    ] = False,
    search: Annotated[
        str, typer.Option("--search", metavar="WORDS", help="Only models with these words in their row.")
    ] = "",
    json: JsonFile = None,
) -> None:
    """List the models, usable ones first, and say what the others lack. Keys are never shown."""
    from workbench.cli import tables
    from workbench.llm.catalogue import list_models

    out = Output(json)
    words = search.casefold().split()
    found = [
        model
        for model in list_models(check=check)
        if all(w in f"{model.id} {model.provider} {model.reason} {model.note}".casefold() for w in words)
    ]
    out.json([vars(model) for model in found])
    out.show(tables.model_list(found) if found else "No model fits.")
