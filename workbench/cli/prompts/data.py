"""Versions as plain data for ``--json``, and what the prompts commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from workbench.workspace import PromptVersion

SELECTOR_HELP = "A version: triage (the newest), triage@3, triage@production, triage@sha:1a2b3c4d, or a file."
SelectorArgument = Annotated[str, typer.Argument(metavar="SELECTOR", help=SELECTOR_HELP)]


def version_data(version: PromptVersion) -> dict[str, Any]:
    """Return what is said of a version without its content. ``version`` is null for a file outside the library."""
    return {
        "prompt": version.name,
        "version": version.number or None,
        "sha256": version.sha256,
        "parent": version.parent,
        "author": version.author,
        "message": version.message,
        "created_at": version.created_at,
        "labels": list(version.labels),
    }


def content_data(version: PromptVersion) -> dict[str, Any]:
    """Return a version with its content."""
    prompt = version.prompt
    return {
        **version_data(version),
        "description": prompt.description,
        "model": prompt.model,
        "parameters": prompt.parameters,
        "response_format": prompt.response_format,
        "json_schema": prompt.json_schema,
        "template": prompt.template,
        "variables": [vars(variable) for variable in prompt.variables],
        "tags": list(prompt.tags),
        "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
    }
