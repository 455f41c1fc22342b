"""A comparison to hand on: its address, its command, its figures."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

import streamlit as st

from workbench.analysis.results import Comparison


def share(comparison: Comparison, a: str, b: str, *, address: str, options: Mapping[str, str]) -> None:
    """Draw what to copy.

    Args:
        comparison: What is shared.
        a: The baseline as the command line names it.
        b: The candidate.
        address: The page's address with what is open on it.
        options: What else the command is given.
    """
    words = ["workbench", "compare", a, b, *(word for pair in options.items() for word in pair)]
    with st.popover("Share", icon=":material/link:", key="compare_share"):
        st.caption("This page, with what is open on it")
        st.code(address, language=None, wrap_lines=True)
        st.caption("The same on the command line")
        st.code(shlex.join(words), language=None, wrap_lines=True)
        st.download_button(
            "Download as JSON",
            data=lambda: json.dumps(comparison.to_dict(), ensure_ascii=False, indent=2),
            file_name="comparison.json",
            mime="application/json",
            key="compare_json",
            on_click="ignore",
        )
