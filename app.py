"""The browser app's launcher: ``streamlit run app.py``, or ``workbench app``."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

import workbench


@asynccontextmanager
async def _warm(app: st.App):
    """Import what the first page needs before somebody opens it."""
    from workbench.ui.state import warm

    warm()
    yield {}


app = st.App(Path(workbench.__file__).resolve().parent / "ui" / "main.py", lifespan=_warm)

if __name__ == "__main__":
    app.run(config={"server.address": "localhost"})
