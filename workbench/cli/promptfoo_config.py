"""Suites that are promptfoo's configs: what is not honoured is told, and agreed to, before anything is asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.options import find_root
from workbench.cli.output import sentence, warn

if TYPE_CHECKING:
    from workbench.evals.types import Suite
    from workbench.workspace import Workspace
    from workbench.workspace.promptfoo import Imported

_SHOWN = 60


def workspace_for(suite: str, given: Path | None) -> Path | None:
    """Return the workspace to open: that of a promptfoo config is made in its folder where there is none above."""
    path = Path(suite).expanduser()
    if given is not None or path.suffix.lower() not in (".yaml", ".yml", ".json") or not path.is_file():
        return given
    from workbench.workspace.promptfoo import is_promptfoo_file

    root = find_root(None)
    if any((root / part).is_dir() for part in (".workbench", "prompts", "evals")) or not is_promptfoo_file(
        path
    ):
        return given
    folder = path.resolve().parent
    (folder / ".workbench").mkdir(exist_ok=True)
    return folder


def load_suite(
    ws: Workspace, name: str, *, accept_losses: bool, asks: bool, judge: str | None = None
) -> Suite:
    """Return the suite to run. What of a promptfoo config is not honoured is listed on stderr.

    Args:
        ws: The workspace.
        name: The suite.
        accept_losses: Run without what cannot be honoured.
        asks: Whether models will be asked; a dry run needs nobody's agreement.
        judge: The model that judges where a scorer names none, in place of the suite's.

    Raises:
        BadInput: Parts cannot be honoured, and nobody agreed to run the rest.
    """
    from workbench.workspace.fitting import judged_by

    imported = ws.suites.imported(name)
    if imported is None:
        return judged_by(ws.suites.load(name), judge)
    agreed_findings(imported, Path(name).name, accept_losses=accept_losses or not asks, judge=judge)
    return judged_by(imported.suite, judge)


def agreed_findings(imported: Imported, name: str, *, accept_losses: bool, judge: str | None = None) -> None:
    """List on stderr what of a config is not honoured or may come out otherwise.

    Args:
        imported: The config.
        name: What to call it.
        accept_losses: Go on without what cannot be honoured; else a person is asked.
        judge: The model that was named to judge, so that none has to be told.

    Raises:
        BadInput: Parts cannot be honoured, and nobody agreed to go on with the rest.
    """
    for title, kind in (("Not honoured here", "loss"), ("May come out otherwise", "difference")):
        found = [
            str(finding)
            for finding in imported.findings
            if finding.kind == kind and not (judge and "`--judge MODEL`" in finding.message)
        ]
        if found:
            warn(f"{title}:")
        for line in found[:_SHOWN]:
            print(f"  {sentence(line)}", file=sys.stderr)
        if len(found) > _SHOWN:
            warn(f"and {len(found) - _SHOWN} more; `workbench lint {name}` lists them all.")
    if imported.losses and not accept_losses and not _agreed():
        from workbench.errors import BadInput

        number = len(imported.losses)
        raise BadInput(
            f"{name} asks for {number} thing{'s' if number > 1 else ''} that cannot be honoured here, "
            "listed above",
            hint="go on with the rest with --accept-losses",
        )


def _agreed() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print("Go on without these? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
