"""``workbench cache``: the answers that are kept so that none is paid for twice."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output

app = new_app()


@app.command()
def cache(
    clear: Annotated[
        bool,
        typer.Option("--clear", help="Forget every kept answer; the same questions are then paid for again."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --clear: do not ask first.")] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Show how many paid answers are kept, how large they are and since when; clear them on purpose only."""
    from workbench.analysis.wording import count
    from workbench.errors import BadInput

    out = Output(json)
    with opened(workspace) as ws:
        kept = ws.store.cache.size()
        forgotten = 0
        if clear and kept.entries:
            if not yes and not _agreed(kept.entries):
                raise BadInput("Nothing was forgotten, for nobody agreed", hint="give --yes not to be asked")
            forgotten = ws.store.cache.clear()
        after = ws.store.cache.size() if forgotten else kept
    out.json({**vars(after), "forgotten": forgotten})
    if forgotten:
        out.text(f"Forgot {count(forgotten, 'answer')}. Runs and playground sessions keep theirs.")
    elif not kept.entries:
        out.text("Nothing is kept yet: answers of hosted and local models come here as they are paid for.")
    else:
        out.text(f"Answers kept  {kept.entries:,}")
        out.text(f"Size          {_size(kept.bytes)}")
        out.text(f"Oldest        {(kept.oldest or '')[:16].replace('T', ' ')} UTC")


def _agreed(entries: int) -> bool:
    """Ask the person, who must be at a terminal."""
    import sys

    if not sys.stdin.isatty():
        return False
    return typer.confirm(
        f"Forget {entries:,} paid answers? The same questions will be paid for again", err=True
    )


def _size(size: int) -> str:
    return (
        f"{size:,} bytes"
        if size < 1000
        else f"{size / 1000:,.1f} kB"
        if size < 1e6
        else f"{size / 1e6:,.1f} MB"
    )
