"""``workbench models``: what can be asked here and now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, find_root, new_app
from workbench.cli.output import Output

if TYPE_CHECKING:
    from workbench.llm.pricebook import PriceBook

app = new_app()
#: How many models a search prints; a file gets all of them.
MOST_ROWS = 60


@app.command()
def models(
    search: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORDS]...", help="Search all known models, too: any parts of a name, such as sonnet 4."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Look for model servers on this machine, and ask each provider whether its key works.",
        ),
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List the models, usable ones first, and say what the others lack. Keys are never shown."""
    from workbench.cli import tables
    from workbench.llm.catalogue import find_models, list_models, with_own_prices

    out = Output(json)
    words = " ".join(search or ()).casefold().split()
    found = [
        model
        for model in list_models(check=check, keys=check)
        if all(w in f"{model.id} {model.provider} {model.reason} {model.note}".casefold() for w in words)
    ]
    if words:
        listed = {model.id for model in found}
        found += [model for model in find_models(" ".join(words)) if model.id not in listed]
    found = with_own_prices(found, _prices(workspace))
    out.json([vars(model) for model in found])
    out.show(tables.model_list(found[:MOST_ROWS]) if found else "No model fits.")
    if len(found) > MOST_ROWS:
        out.show(f"{len(found) - MOST_ROWS} more fit: give more words, or --json FILE for all.")


def _prices(workspace: Path | None) -> PriceBook:
    """Return the prices of the workspace around; without one, those of the installation."""
    from workbench.llm.pricebook import load_prices

    return load_prices(find_root(workspace))
