"""Suites as the app reads them: once for each state of their files."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.evals.types import Suite
from workbench.workspace import Workspace

#: A suite's cases may lie outside its folder, where no change is noticed: so nothing is kept longer than this.
KEEP_S = 10
MAX_FILES = 200


def load_suite(ws: Workspace, name: str) -> Suite:
    """Return a suite, read again only when its folder has changed.

    Raises:
        WorkbenchError: It cannot be used.
    """
    return _load(str(ws.root), name, _signature(ws.suites.folder / name), ws)


@st.cache_resource(max_entries=64, ttl=KEEP_S, show_spinner=False)
def _load(root: str, name: str, signature: object, _ws: Workspace) -> Suite:
    return _ws.suites.load(name)


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())[:MAX_FILES]
        return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    except OSError:
        return ()
