"""What a workspace says about itself: where it is, whose name it uses, and what it runs on. No secrets."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench import __version__
from workbench.store.connection import DATABASE_VARIABLE
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.workspace import Workspace

AUTHOR_VARIABLE = "WORKBENCH_AUTHOR"
_LIBRARIES = ("streamlit", "litellm", "sqlalchemy", "pandas", "altair", "evaluate", "rapidfuzz")


@dataclass(frozen=True)
class About:
    """``database_bytes`` is None where the database is no file. ``versions`` maps a name to its version."""

    root: str
    database: str
    database_bytes: int | None
    database_given: bool
    schema: str
    author: str
    author_given: bool
    versions: dict[str, str]


def about(workspace: Workspace) -> About:
    """Return what a person may want to know about a workspace, and may paste into a question to others."""
    place = workspace.store.location
    return About(
        root=str(workspace.root),
        database=place,
        database_bytes=_bytes(place),
        database_given=bool(os.environ.get(DATABASE_VARIABLE, "").strip()),
        schema=workspace.store.schema,
        author=current_author(),
        author_given=bool(os.environ.get(AUTHOR_VARIABLE, "").strip()),
        versions={
            "Workbench": __version__,
            "Python": platform.python_version(),
            **{name: version for name in _LIBRARIES if (version := _version(name))},
        },
    )


def _bytes(place: str) -> int | None:
    """Return the size of a database file, with what SQLite has not yet written back into it."""
    files = [name for name in (place, f"{place}-wal") if os.path.isfile(name)]
    return sum(os.path.getsize(name) for name in files) if files else None


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
