"""Whether a workspace may run code: a person says so on this machine, and no file of the workspace can.

The list of folders is the person's own (``WORKBENCH_CONFIG``, else the usual place of the system), outside of
every workspace, so that neither a cloned repository nor an imported file can switch it on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.evals.scorers.registry import ParamError
from workbench.evals.types import ScorerSpec
from workbench.files import read_text, sha256_text, write_atomic

CONFIG_VARIABLE = "WORKBENCH_CONFIG"
#: The types of scorers that run code.
WITH_CODE = ("own", "not_own", "metric", "not_metric")
#: SHA-256 of the sources that may run in this process.
_ADMITTED: set[str] = set()


def config_folder() -> Path:
    """Return the folder of the person's own settings."""
    if os.environ.get(CONFIG_VARIABLE):
        return Path(os.environ[CONFIG_VARIABLE]).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "workbench"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "workbench"


def _file() -> Path:
    return config_folder() / "code-allowed.json"


def allowed_folders() -> list[str]:
    """Return the workspaces that may run code on this machine.

    Raises:
        BadInput: The list cannot be read.
    """
    if not _file().exists():
        return []
    try:
        data = json.loads(
            read_text(_file(), what="list of workspaces that may run code", max_bytes=1_000_000)
        )
    except ValueError:
        data = None
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise BadInput("The list of workspaces that may run code is broken", file=_file(), hint="delete it")
    return data


def code_allowed(root: Path) -> bool:
    """Whether this workspace may run code."""
    return str(Path(root).resolve()) in allowed_folders()


def allow_code(root: Path, allowed: bool) -> None:
    """Let a workspace run code from now on, or no longer."""
    folder = str(Path(root).resolve())
    folders = [one for one in allowed_folders() if one != folder]
    write_atomic(_file(), json.dumps([*folders, folder] if allowed else folders, indent=1) + "\n")


def admit(sources: Iterable[str]) -> None:
    """Let these sources run in this process; only for a workspace that `code_allowed` allows."""
    _ADMITTED.update(sha256_text(source) for source in sources)


def admitted(source: str) -> bool:
    """Whether a source was let in."""
    return sha256_text(source) in _ADMITTED


def sources_of(specs: Iterable[ScorerSpec]) -> set[str]:
    """Return the code that scorers hold, that in groups included."""
    return {text for spec in specs for text in _sources({"type": spec.type, **spec.params})}


def refuse_code(spec: ScorerSpec) -> None:
    """Refuse a case's own scorer that runs code: cases may come from anywhere, and only a suite names code.

    Raises:
        ParamError: It is such a scorer, or holds one.
    """
    if any(True for _ in _with_code({"type": spec.type, **spec.params})):
        raise ParamError(
            "a scorer that runs code belongs among the scorers of a suite, and not in a case",
            ("type",),
            "write it in the suite; a case can switch it off, or set its params, with an override",
        )


def _with_code(entry: Any) -> Iterator[dict[str, Any]]:
    """Yield the entries that run code, at any depth of groups."""
    if not isinstance(entry, dict):
        return
    if entry.get("type") in WITH_CODE:
        yield entry
    for key in ("of", "all", "any"):
        for part in entry[key] if isinstance(entry.get(key), list) else ():
            yield from _with_code(part)


def _sources(entry: Any) -> Iterator[str]:
    for one in _with_code(entry):
        if isinstance(one.get("source"), str):
            yield one["source"]
        if isinstance(one.get("files"), dict):
            yield metric_source(one["metric"], one["files"])


def metric_source(metric: str, files: Mapping[str, str]) -> str:
    """Return the program that computes a metric of Hugging Face ``evaluate`` from the text of its files."""
    from workbench.evals.own.hf_module import program

    return program(files, metric.rstrip("/").rpartition("/")[2].removesuffix(".py"))


def admit_run(specs: Iterable[ScorerSpec], root: Path) -> None:
    """Let in the code that a run is pinned to.

    Raises:
        BadInput: It has some, and this workspace may not run code.
    """
    sources = sources_of(specs)
    if not sources:
        return
    if not code_allowed(root):
        raise BadInput(REFUSED, hint=HINT)
    admit(sources)


REFUSED = "The suite has a scorer that is Python code, and this workspace may not run code"
HINT = "read the file, then `workbench allow-code`"
