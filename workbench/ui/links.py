"""Widgets whose value is in the address, so that a link, F5 and the browser's way back all lead to the same view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from workbench.ui.state import param, set_params


def follow(key: str, name: str, read: Callable[[str | None], Any] = lambda text: text or "") -> None:
    """Set a widget's value from the address, if the address has changed since it was last read or written.

    Call it before the widget, and `keep` after it.

    Args:
        key: The widget's key.
        name: The query parameter.
        read: Turns its text (None where it is absent) into the widget's value.
    """
    now = param(name)
    seen = f"_{key}_address"
    if seen not in st.session_state or st.session_state[seen] != now or key not in st.session_state:
        st.session_state[key] = read(now)
        st.session_state[seen] = now


def keep(key: str, name: str, value: Any) -> None:
    """Write a widget's value to the address; None and "" remove it."""
    text = None if value is None or value == "" else str(value)
    set_params(**{name: text})
    st.session_state[f"_{key}_address"] = text
