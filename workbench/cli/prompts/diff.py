"""``workbench prompts diff``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output
from workbench.cli.prompts.data import SelectorArgument
from workbench.errors import BadInput


def diff_command(
    a: SelectorArgument,
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="[SELECTOR]", help="The other version; by default the first against its parent."
        ),
    ] = None,
    unified: Annotated[
        bool, typer.Option("--unified", help="Compare the files by lines, as git does, in place of words.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Show what changed from one version to another: messages word by word, and settings.

    Removed words stand in [-…-], added ones in {+…+}, and in colour on a terminal.
    """
    from workbench.prompts.diff import diff_prompts
    from workbench.prompts.diff import unified as unified_diff

    out = Output(json)
    with opened(workspace) as ws:
        new = ws.prompts.get(selector_here(b if b is not None else a, ws.root))
        old = ws.prompts.get(selector_here(a, ws.root) if b is not None else _parent_of(new))
    changes = diff_prompts(old.prompt, new.prompt)
    out.json({"a": old.title, "b": new.title, **_changes_data(changes)})
    if out.quiet:
        return
    from workbench.cli.prompts.pages import diff_page
    from workbench.cli.tables import diff_text, plain

    if not changes.changed:
        out.show(plain(f"{old.title} and {new.title} have the same content."))
    elif unified:
        out.show(diff_text(unified_diff(old.prompt, new.prompt, label_a=old.title, label_b=new.title)))
    else:
        out.show(*diff_page(old.title, new.title, changes))


def _parent_of(version: Any) -> str:
    if version.parent is None:
        raise BadInput(f"{version.title} has no parent to compare with", hint="give two versions")
    return f"{version.name}@{version.parent}"


def _changes_data(changes: Any) -> dict[str, Any]:
    return {
        "changed": changes.changed,
        "messages": [
            {
                "role_a": message.role_a,
                "role_b": message.role_b,
                "changed": message.changed,
                "segments": [segment._asdict() for segment in message.segments],
            }
            for message in changes.messages
        ],
        "settings": [setting._asdict() for setting in changes.settings],
    }
