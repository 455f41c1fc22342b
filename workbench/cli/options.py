"""What commands share: the workspace, ``--json``, and how versions are named from where one stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.output import warn

if TYPE_CHECKING:
    from workbench.workspace import Workspace

ROOT_VARIABLE = "WORKBENCH_ROOT"

WorkspaceDir = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        envvar=ROOT_VARIABLE,
        help="The workspace; by default this folder or the nearest one above that is a workspace.",
    ),
]
JsonFile = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result as JSON to this file; - is stdout, which then carries nothing else.",
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the beginning of it.")]
GateFlag = Annotated[
    bool,
    typer.Option("--gate", help="Exit with 1 if the suite's gate failed, and with 3 if it is undecided."),
]
DetachFlag = Annotated[
    bool, typer.Option("--detach", help="Print the run's id and leave; the run goes on by itself.")
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", metavar="N", min=1, help="Calls at the same time; by default the suite's, else 8."
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", metavar="USD", help="Stop before the new money spent passes this many US dollars."
    ),
]

JudgeModel = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="MODEL",
        help="The model that judges where a scorer names none, in place of the suite's judge.",
    ),
]


def new_app(text: str | None = None) -> typer.Typer:
    """Return an empty Typer app set up as all commands are."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        no_args_is_help=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=text,
    )


def find_root(given: Path | None) -> Path:
    """Return the folder to open: the one given, else this one or the nearest above that is a workspace."""
    if given is not None:
        return given
    here = Path.cwd()
    if any((here / part).is_dir() for part in (".workbench", "prompts", "evals")):
        return here
    for folder in here.parents:
        # Far above, a folder that happens to be called prompts is no sign.
        if (folder / ".workbench").is_dir() or all((folder / p).is_dir() for p in ("prompts", "evals")):
            return folder
    return here


@contextmanager
def opened(given: Path | None) -> Iterator[Workspace]:
    """Open the workspace for one command; what cannot be read in its prompts folder is told at the end."""
    from workbench.workspace import Workspace

    workspace = Workspace.open(find_root(given))
    try:
        yield workspace
        # A cached property: where the command never looked at the prompts, there is nothing to tell.
        if "prompts" in vars(workspace):
            for problem in workspace.prompts.problems:
                warn(f"Warning: {problem}")
    finally:
        workspace.close()


def selector_here(text: str, root: Path) -> str:
    """Return a selector with a path made absolute, since paths are named from where one stands."""
    looks_like_path = "/" in text or "\\" in text or text.lower().endswith((".yml", ".yaml"))
    if looks_like_path and Path.cwd() != root and Path(text).expanduser().is_file():
        return str(Path(text).expanduser().resolve())
    return text
