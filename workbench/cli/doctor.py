"""``workbench doctor``: is everything here that Workbench needs?"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.analysis.wording import count, listed
from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, find_root, new_app
from workbench.cli.output import Output
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

app = new_app()

LEAST_PYTHON = (3, 11)
#: Import name → name on the package index.
PACKAGES = {
    "streamlit": "streamlit",
    "litellm": "litellm",
    "aiohttp": "aiohttp",
    "pandas": "pandas",
    "scipy": "scipy",
    "sqlalchemy": "sqlalchemy",
    "alembic": "alembic",
    "rapidfuzz": "rapidfuzz",
    "evaluate": "evaluate",
    "rouge_score": "rouge-score",
    "sacrebleu": "sacrebleu",
    "altair": "altair",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "pydantic": "pydantic",
    "yaml": "pyyaml",
    "regex": "regex",
}

Status = Literal["ok", "note", "broken"]
_STYLES = {"ok": "green", "note": "yellow", "broken": "red"}


@dataclass(frozen=True)
class Check:
    """One line: ``note`` is worth knowing, ``broken`` keeps something needed from working."""

    name: str
    status: Status
    message: str


@app.command()
def doctor(json: JsonFile = None, workspace: WorkspaceDir = None) -> int:
    """Check Python, packages, git, models, and the workspace with its database. Exits with 2 if something is broken."""
    from rich.text import Text

    from workbench.reports.terminal import plain

    out = Output(json)
    checks = []
    for check in _checks(workspace):
        checks.append(check)
        status = Text(f"{check.status:<6}", style=_STYLES[check.status])
        line = Text.assemble(status, " ", (f"{check.name}: ", "bold"), plain(check.message))
        line.no_wrap, line.overflow = True, "ignore"  # one line each, for grep
        out.show(line)
    broken = [check.name for check in checks if check.status == "broken"]
    out.json({"ok": not broken, "checks": [asdict(check) for check in checks]})
    out.text(f"To be mended: {', '.join(broken)}." if broken else "All that is needed is here.")
    return codes.BAD_INPUT if broken else codes.PASSED


def _checks(given: Path | None) -> Iterator[Check]:
    yield _python()
    yield _packages()
    yield _git()
    yield _models()
    yield from _workspace(given)


def _python() -> Check:
    here = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] < LEAST_PYTHON:
        return Check("Python", "broken", f"{here}, and 3.11 or newer is needed")
    return Check("Python", "ok", here)


def _packages() -> Check:
    from workbench.llm.litellm_loading import load_litellm

    faults = []
    for module, name in PACKAGES.items():
        try:
            # LiteLLM by itself would fetch a list of prices from the network.
            load_litellm() if module == "litellm" else import_module(module)
        except Exception as problem:
            faults.append(f"{name} ({type(problem).__name__}: {problem})")
    if faults:
        return Check(
            "Packages", "broken", f"cannot be imported: {'; '.join(faults)}; install Workbench again"
        )
    said = ", ".join(f"{name} {metadata.version(name)}" for name in ("streamlit", "litellm", "evaluate"))
    return Check("Packages", "ok", f"all {len(PACKAGES)} can be imported, among them {said}")


def _git() -> Check:
    path = shutil.which("git")
    if path is None:
        return Check(
            "git", "note", "not found: only `workbench release` needs it; install it before the first release"
        )
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        return Check(
            "git", "note", f"{path} does not answer ({type(problem).__name__}): no release can be made"
        )
    return Check("git", "ok", f"{done.stdout.strip().removeprefix('git version ')} at {path}")


def _models() -> Check:
    from workbench.llm.catalogue import list_models
    from workbench.llm.offline import OFFLINE_ID, OFFLINE_NOTE

    usable = [
        model for model in list_models(check=True) if model.usable is not False and model.id != OFFLINE_ID
    ]
    if not usable:
        return Check(
            "Models",
            "note",
            f"only {OFFLINE_ID}, {OFFLINE_NOTE}; `workbench models --check` says what the others lack",
        )
    providers = sorted({model.provider for model in usable})
    return Check("Models", "ok", f"{count(len(usable), 'model')} of {listed(providers)}, and {OFFLINE_ID}")


def _workspace(given: Path | None) -> Iterator[Check]:
    from workbench.workspace import Workspace

    root = find_root(given)
    try:
        workspace = Workspace.open(root)
    except WorkbenchError as problem:
        nothing_here = given is None and not any((root / part).exists() for part in ("prompts", "evals"))
        yield Check("Workspace", "note" if nothing_here else "broken", str(problem))
        return
    try:
        yield Check("Workspace", "ok", str(workspace.root))
        yield _database(workspace)
        yield _prompts(workspace)
        yield _suites(workspace)
    finally:
        workspace.close()


def _database(workspace: Workspace) -> Check:
    from workbench.store.migrations import HEAD

    try:
        runs = workspace.store.runs.count()
    except WorkbenchError as problem:
        return Check("Database", "broken", str(problem))
    return Check("Database", "ok", f"schema {HEAD}, {count(runs, 'run')}")


def _prompts(workspace: Workspace) -> Check:
    try:
        names = workspace.prompts.names()
    except WorkbenchError as problem:
        return Check("Prompts", "broken", str(problem))
    faults = workspace.prompts.problems
    if faults:
        return Check("Prompts", "broken", " ".join(str(problem) for problem in faults))
    return Check("Prompts", "ok" if names else "note", count(len(names), "prompt"))


def _suites(workspace: Workspace) -> Check:
    entries, faults = workspace.suites.list()
    said = [str(problem) for problem in faults]
    for entry in entries:
        try:
            workspace.suites.load(entry.name)
        except WorkbenchError as problem:
            said.append(str(problem))
    if said:
        return Check("Suites", "broken", " ".join(dict.fromkeys(said)))
    return Check("Suites", "ok" if entries else "note", count(len(entries), "suite"))
