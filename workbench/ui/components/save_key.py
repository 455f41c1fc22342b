"""Ctrl+S anywhere on the page, once the field that has the focus has handed over what was typed in it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_JS = """
const HAND_OVER_MS = 250

export default function (component) {
  const { setTriggerValue } = component
  const pressed = event => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return
    event.preventDefault()
    const field = document.activeElement
    // An editor of ours saves by itself, with its text.
    if (field && field.shadowRoot && field.shadowRoot.activeElement) return
    if (field && field !== document.body) field.blur()
    setTimeout(() => {
      setTriggerValue("pressed", true)
      if (field && field.isConnected) field.focus()
    }, HAND_OVER_MS)
  }
  document.addEventListener("keydown", pressed)
  return () => document.removeEventListener("keydown", pressed)
}
"""

_component = st.components.v2.component("workbench_save_key", html="<i hidden></i>\n<i hidden></i>", js=_JS)


def save_key(*, key: str, on_save: Callable[[], None]) -> None:
    """Call ``on_save`` when Ctrl+S (or Cmd+S) is pressed outside a `text_editor`. Draws nothing."""
    _component(key=key, data={}, on_pressed_change=on_save, width="content", height="content")
