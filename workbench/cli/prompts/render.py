"""``workbench prompts render``."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output
from workbench.cli.prompts.data import SelectorArgument
from workbench.errors import BadInput

if TYPE_CHECKING:
    from workbench.prompts.content import Prompt


def render_command(
    selector: SelectorArgument,
    var: Annotated[
        list[str] | None,
        typer.Option(
            "--var",
            metavar="NAME=VALUE",
            help="A variable's value; give it once for each. Where the prompt declares a number, list or object "
            "the value is read as JSON.",
        ),
    ] = None,
    vars_file: Annotated[
        Path | None,
        typer.Option(
            "--vars", metavar="FILE", help="A JSON or YAML file with an object of variables; --var wins."
        ),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Print the messages that would be sent, with the variables filled in. No model is asked."""
    from workbench.prompts.templates import render

    out = Output(json)
    with opened(workspace) as ws:
        version = ws.prompts.get(selector_here(selector, ws.root))
    values = {**_from_file(vars_file), **_from_options(version.prompt, var or ())}
    messages = render(version.prompt, values)
    out.json({"prompt": version.name, "version": version.number or None, "messages": list(messages)})
    if out.quiet:
        return
    from workbench.cli.prompts.pages import messages_page

    out.show(*messages_page(messages))


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    from workbench.files import load_yaml, read_text

    path = path.expanduser()
    # JSON is YAML, too.
    data = load_yaml(read_text(path, what="file of variables"), file=path).data
    if not isinstance(data, dict):
        raise BadInput("It holds no variables", file=path, hint="write them as an object: {name: value}")
    return data


def _from_options(prompt: Prompt, pairs: Sequence[str]) -> dict[str, Any]:
    types = {variable.name: variable.type for variable in prompt.variables}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not name or not equals:
            raise BadInput(f'"{pair[:60]}" gives no variable a value', hint="write --var name=value")
        values[name] = text if types.get(name, "string") == "string" else _from_json(name, text, types[name])
    return values


def _from_json(name: str, text: str, kind: str) -> Any:
    try:
        return json_module.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(
            f'The variable "{name}" is declared as {kind}, and "{text[:60]}" is no JSON',
            hint="write numbers as 3, lists as [1, 2], objects as {…}",
        ) from None
