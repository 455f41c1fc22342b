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
const DAY_MS = 86400000

const remembered = slot => {
  if (!slot) return null
  try {
    const kept = JSON.parse(localStorage.getItem(slot))
    return kept && typeof kept.text === "string" && Date.now() - kept.at < 30 * DAY_MS ? kept : null
  } catch { return null }
}
const remember = (slot, text, bases) => {
  if (!slot) return
  try { localStorage.setItem(slot, JSON.stringify({ text, bases, at: Date.now() })) } catch { /* full or off */ }
}
const forget = slot => {
  if (!slot) return
  try { localStorage.removeItem(slot) } catch { /* off */ }
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const area = parentElement.querySelector("textarea")
  if (!area) return
  let mine = seen.get(parentElement)
  const fresh = !mine
  if (fresh) {
    // Python gives the text once. Later answers are older than what is being typed and must not replace it.
    // bases: the text that Python is known to hold, then those that are on their way to it.
    mine = { timer: null, sent: data.value, bases: [data.value] }
    seen.set(parentElement, mine)
    area.value = data.value
  }
  mine.bases = mine.bases.slice(Math.max(0, mine.bases.lastIndexOf(data.value)))
  const send = () => {
    clearTimeout(mine.timer)
    mine.timer = null
    if (area.value !== mine.sent) {
      mine.sent = area.value
      mine.bases = [...mine.bases.slice(-8), area.value]
      setStateValue("value", area.value)
    }
  }
  const fit = () => {
    const edges = area.offsetHeight - area.clientHeight
    const before = area.style.height
    area.style.height = "auto"
    const wanted = (area.scrollHeight + edges) + "px"
    area.style.height = area.scrollHeight ? wanted : before
  }
  if (fresh) {
    // What was typed in the last moment before the page was closed never reached Python; it is typed again,
    // unless the text that it was typed over has changed since.
    const kept = remembered(data.slot)
    const fits = kept && (data.keep ? data.value === "" : (kept.bases || []).includes(data.value))
    if (fits && kept.text !== data.value) {
      area.value = kept.text
      mine.timer = setTimeout(send, 0)
    }
    if (data.focus) area.focus({ preventScroll: true })
    mine.sizes = new ResizeObserver(() => {
      if (area.clientWidth !== mine.width) {
        mine.width = area.clientWidth
        fit()
      }
    })
    mine.sizes.observe(area)
  }
  if (!data.keep) {
    if (area.value === data.value) forget(data.slot)
    else if (!fresh) remember(data.slot, area.value, mine.bases)
  } else if (fresh && data.value) remember(data.slot, data.value, [])

  if (data.lines) area.style.minHeight = `calc(${data.lines} * 1.5em + 1.1rem + 2px)`
  if (data.tallest) area.style.maxHeight = `${data.tallest}vh`
  area.placeholder = data.placeholder
  area.setAttribute("aria-label", data.label)
  area.oninput = () => {
    fit()
    remember(data.slot, area.value, mine.bases)
    clearTimeout(mine.timer)
    mine.timer = setTimeout(send, data.debounce)
  }
  area.onblur = send
  area.onkeydown = event => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault()
      event.stopPropagation()
      send()
      setTriggerValue("save", { text: area.value })
    }
    if (data.runs && (event.ctrlKey || event.metaKey) && !event.altKey && event.key === "Enter") {
      event.preventDefault()
      event.stopPropagation()
      send()
      setTriggerValue("run", { text: area.value })
    }
  }
  window.removeEventListener("pagehide", mine.hide)
  mine.hide = send
  window.addEventListener("pagehide", mine.hide)
  return () => {
    clearTimeout(mine.timer)
    window.removeEventListener("pagehide", mine.hide)
    mine.sizes.disconnect()
  }
}
"""

_component = st.components.v2.component("workbench_text_editor", html=_HTML, css=_CSS, js=_JS)


def text_editor(
    label: str,
    text: str,
    *,
    key: str,
    on_text: Callable[[str], None],
    on_save: Callable[[str], None] | None = None,
    on_run: Callable[[str], None] | None = None,
    placeholder: str = "",
    focus: bool = False,
    lines: int = 0,
    tallest: int = 0,
    slot: str = "",
    keep: bool = False,
) -> None:
    """Draw the editor.

    Args:
        label: What assistive technologies call it.
        text: What Python knows of it; shown when the editor first appears. Give another ``key`` to replace
            what stands in it.
        key: The widget's key.
        on_text: Called with the text, a moment after it was typed and when the focus leaves.
        on_save: Called with the text when Ctrl+S (or Cmd+S) is pressed in it; by default ``on_text``.
        on_run: Called with the text when Ctrl+Enter (or Cmd+Enter) is pressed in it.
        placeholder: Shown while it is empty.
        focus: Whether the cursor goes there at first.
        lines: How many lines it is high at least.
        tallest: How high it may grow, in percent of the window.
        slot: A name under which the browser keeps what has not reached Python yet, so that a page closed
            in that very moment loses nothing.
        keep: Whether the browser keeps the text for good in that slot, and offers it where ``text`` is empty.
    """

    def changed() -> None:
        value = st.session_state[key].get("value")
        if isinstance(value, str):
            on_text(value)

    def save() -> None:
        carried = st.session_state[key].get("save")
        if isinstance(carried, dict) and isinstance(carried.get("text"), str):
            (on_save or on_text)(carried["text"])

    def run() -> None:
        carried = st.session_state[key].get("run")
        if on_run is not None and isinstance(carried, dict) and isinstance(carried.get("text"), str):
            on_run(carried["text"])

    _component(
        key=key,
        data={
            "label": label,
            "value": text,
            "placeholder": placeholder,
            "focus": focus,
            "lines": lines,
            "tallest": tallest,
            "runs": on_run is not None,
            "debounce": DEBOUNCE_MS,
            "slot": f"workbench:{slot}" if slot else "",
            "keep": keep,
        },
        on_value_change=changed,
        on_save_change=save,
        on_run_change=run,
        width="stretch",
        height="content",
    )
