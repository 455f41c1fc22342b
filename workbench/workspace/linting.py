"""All files of a workspace looked over at once: suites, their cases, prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import BadInput, NotFound, WorkbenchError
from workbench.files import load_yaml, read_text
from workbench.prompts.lint import lint

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@dataclass(frozen=True)
class Remark:
    """One finding. ``file`` is relative to the workspace; ``line`` is None where it is about the whole file."""

    file: str
    line: int | None
    severity: Literal["error", "warning"]
    message: str
    field: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(vars(self))


def lint_workspace(ws: Workspace, only: str | None = None) -> list[Remark]:
    """Return what is wrong, or likely to go wrong, in the workspace's suites and prompts, by file and line.

    A suite is read with its cases, and its cases are held against the prompts that it names, as before a run.

    Args:
        ws: The workspace.
        only: The name of a suite or a prompt, to look over nothing else.

    Raises:
        NotFound: There is no suite and no prompt of that name.
    """
    found = [*_suites(ws, only), *_prompts(ws, only)]
    if only is not None:
        suite, prompt = ws.suites.folder / only, ws.root / "prompts" / f"{only}.prompt.yml"
        if not suite.is_dir() and only not in ws.prompts.names():
            raise NotFound(
                f'There is no suite, prompt or promptfoo config "{only}"',
                hint="`workbench lint` alone looks over everything",
            )
        inside, file = f"{_shown(ws, suite)}/", _shown(ws, prompt)
        found = [remark for remark in found if remark.file.startswith(inside) or remark.file == file]
    return sorted(dict.fromkeys(found), key=lambda r: (r.file, r.line or 0, r.severity, r.message))


def lint_config(path: Path) -> list[Remark]:
    """Return what of a promptfoo config is not honoured here, or may come out otherwise, by file and line.

    Raises:
        NotFound: The file is not there.
        BadInput: It is no config of promptfoo.
    """
    from workbench.workspace.promptfoo import import_config, is_promptfoo_file

    if not path.is_file():
        raise NotFound("There is no such file", file=path)
    if not is_promptfoo_file(path):
        raise BadInput("This is no promptfoo config", file=path, hint="name it promptfooconfig.yaml")
    return [
        Remark(finding.file, finding.line, "warning", finding.message)
        for finding in import_config(path.resolve()).findings
    ]


def _suites(ws: Workspace, only: str | None) -> Iterator[Remark]:
    entries, problems = ws.suites.list()
    for problem in problems:
        yield _remark(ws, problem, ws.suites.folder)
    for entry in entries:
        if only not in (None, entry.name):
            continue
        try:
            suite = ws.suites.load(entry.name)
            if suite.prompts and suite.models:
                ws.runs.plan(suite)
        except WorkbenchError as problem:
            yield _remark(ws, problem, entry.path)


def _prompts(ws: Workspace, only: str | None) -> Iterator[Remark]:
    versions = [found[0] for found in ws.prompts.overview()]
    for problem in ws.prompts.problems:
        yield _remark(ws, problem, ws.root / "prompts")
    for version in versions:
        if only not in (None, version.name):
            continue
        path = ws.root / "prompts" / f"{version.name}.prompt.yml"
        document = load_yaml(read_text(path, what="prompt"), file=path) if path.is_file() else None
        for finding in lint(version.prompt):
            parts = [int(part) if part.isdigit() else part for part in finding.field.split(".")]
            line = document.line(*parts) if document else None
            yield Remark(_shown(ws, path), line, finding.severity, finding.message, finding.field or None)


def _remark(ws: Workspace, problem: WorkbenchError, otherwise: Path) -> Remark:
    file = getattr(problem, "file", None) or otherwise
    hint = getattr(problem, "hint", None)
    message = f"{problem.message}: {hint}" if hint else problem.message
    line, field = getattr(problem, "line", None), getattr(problem, "field", None)
    return Remark(_shown(ws, Path(file)), line, "error", message, field or None)


def _shown(ws: Workspace, path: Path) -> str:
    path = path if path.is_absolute() else ws.root / path
    return path.relative_to(ws.root).as_posix() if path.is_relative_to(ws.root) else str(path)
