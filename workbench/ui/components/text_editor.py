"""A text area that loses nothing: what is typed arrives by itself, and Ctrl+S carries the text with it.

Streamlit's own text area hands its text over when the focus leaves it, so a shortcut pressed while typing
would save the old text.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

DEBOUNCE_MS = 400

_HTML = """
<div class="box"><textarea spellcheck="false" autocomplete="off"></textarea></div>
"""

_CSS = """
.box { padding: 1px; }
textarea {
  box-sizing: border-box; width: 100%; display: block; resize: vertical; overflow-y: auto;
  min-height: 4.6rem; max-height: 70vh; padding: 0.55rem 0.7rem; margin: 0; outline: none;
  font-family: var(--st-code-font); font-size: var(--st-code-font-size); line-height: 1.5; tab-size: 4;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
textarea:focus { border-color: var(--st-primary-color); }
textarea[readonly] { opacity: 0.85; }
"""

_JS = """
const seen = new WeakMap()

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const area = parentElement.querySelector("textarea")
  if (!area) return
  let mine = seen.get(parentElement)
  if (!mine) {
    // Python gives the text once. Later answers are older than what is being typed and must not replace it.
    mine = { timer: null, sent: data.value }
    seen.set(parentElement, mine)
    area.value = data.value
    if (data.focus) area.focus()
  }
  const fit = () => {
    const edges = area.offsetHeight - area.clientHeight
    const top = document.scrollingElement ? document.scrollingElement.scrollTop : 0
    area.style.height = "auto"
    area.style.height = (area.scrollHeight + edges) + "px"
    if (document.scrollingElement) document.scrollingElement.scrollTop = top
  }
  const send = () => {
    clearTimeout(mine.timer)
    mine.timer = null
    if (area.value !== mine.sent) {
      mine.sent = area.value
      setStateValue("value", area.value)
    }
  }
  area.placeholder = data.placeholder
  area.setAttribute("aria-label", data.label)
  area.oninput = () => {
    fit()
    clearTimeout(mine.timer)
    mine.timer = setTimeout(send, data.debounce)
  }
  area.onblur = send
  area.onkeydown = event => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault()
      event.stopPropagation()
      clearTimeout(mine.timer)
      mine.timer = null
      mine.sent = area.value
      setTriggerValue("save", { text: area.value })
    }
  }
  if (!mine.fitted) {
    mine.fitted = true
    requestAnimationFrame(fit)
  }
  return () => clearTimeout(mine.timer)
}
"""

_component = st.components.v2.component("workbench_text_editor", html=_HTML, css=_CSS, js=_JS)


def text_editor(
    label: str,
    text: str,
    *,
    key: str,
    on_text: Callable[[str], None],
    on_save: Callable[[str], None],
    placeholder: str = "",
    focus: bool = False,
) -> None:
    """Draw the editor.

    Args:
        label: What assistive technologies call it.
        text: Shown when the editor first appears. Give another ``key`` to replace what stands in it.
        key: The widget's key.
        on_text: Called with the text, a moment after it was typed and when the focus leaves.
        on_save: Called with the text when Ctrl+S (or Cmd+S) is pressed in it.
        placeholder: Shown while it is empty.
        focus: Whether the cursor goes there at first.
    """

    def changed() -> None:
        value = st.session_state[key].get("value")
        if isinstance(value, str):
            on_text(value)

    def save() -> None:
        carried = st.session_state[key].get("save")
        if isinstance(carried, dict) and isinstance(carried.get("text"), str):
            on_save(carried["text"])

    _component(
        key=key,
        data={
            "label": label,
            "value": text,
            "placeholder": placeholder,
            "focus": focus,
            "debounce": DEBOUNCE_MS,
        },
        on_value_change=changed,
        on_save_change=save,
        width="stretch",
        height="content",
    )
