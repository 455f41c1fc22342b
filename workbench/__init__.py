"""Workbench: version prompts, run them against any model, score the outputs, and get a verdict."""

from __future__ import annotations

# Type checkers take this name for true; importing it from typing costs more than the rest of `workbench --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from workbench.evals.own.api import scorer
    from workbench.prompts.content import Prompt
    from workbench.prompts.prompt_file import load_prompt
    from workbench.workspace import Workspace

__version__ = "0.1.0"

__all__ = ["Prompt", "Workspace", "load_prompt", "scorer"]

_HOMES = {
    "Prompt": "workbench.prompts.content",
    "Workspace": "workbench.workspace",
    "load_prompt": "workbench.prompts.prompt_file",
    "scorer": "workbench.evals.own.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import workbench`` loads nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
