"""Pages drawn in this process, without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from workbench.workspace import Workspace

MAIN = Path(__file__).resolve().parents[2] / "workbench" / "ui" / "main.py"


@pytest.fixture
def open_screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Open a page as its address would: ``open_screen(ws, "compare", a=…, b=…)``."""

    def open_(ws: Workspace, name: str, **params: str) -> AppTest:
        monkeypatch.setenv("WORKBENCH_ROOT", str(ws.root))
        at = AppTest.from_file(str(MAIN), default_timeout=60).run()
        at.switch_page(f"screens/{name}.py")
        for key, value in params.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
        return at

    yield open_
    st.cache_resource.clear()
