"""Reports to download: made only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from workbench.reports.content import Content, Options
from workbench.reports.formats import FORMATS

#: Format → what it is good for.
_OFFERED = {
    "html": "one page to send",
    "markdown": "a comment",
    "csv": "a row an answer",
    "parquet": "a row an answer",
    "junit": "for CI",
    "json": "all figures",
}


def exports(read: Callable[[], Content], name: str, *, key: str) -> None:
    """Draw a menu of downloads.

    Args:
        read: Reads what the report is made of.
        name: What the files are called, without a suffix.
        key: The beginning of the buttons' keys.
    """

    def maker(format: str) -> Callable[[], str | bytes]:
        return lambda: FORMATS[format].render(read(), Options())

    with st.popover("Export", icon=":material/download:", key=key):
        for format, use in _OFFERED.items():
            made = FORMATS[format]
            st.download_button(
                f"{made.title}: {use}",
                data=maker(format),
                file_name=f"{name}.{made.suffix}",
                mime=made.mime,
                key=f"{key}_{format}",
                on_click="ignore",
                width="stretch",
            )
