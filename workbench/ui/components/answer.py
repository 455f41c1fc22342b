"""One model's answer: what was asked, its numbers, the text as it arrives, and a button to stop or copy it.

A component of its own, because nothing may flash while text streams in: what has arrived stays in place,
and only the new words are added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_HTML = """
<section class="answer">
  <header><div class="who"><b class="title"></b><span class="model"></span></div>
    <span class="state" role="status"></span>
    <button class="stop" type="button" hidden>Stop</button>
    <button class="copy" type="button" hidden>Copy</button></header>
  <dl class="numbers"></dl>
  <p class="error" role="alert" hidden></p>
  <div class="text" tabindex="0" role="region"></div>
</section>
"""

_CSS = """
.answer { --quiet: color-mix(in srgb, var(--st-text-color) 66%, transparent);
  font-family: var(--st-font); color: var(--st-text-color); line-height: 1.5;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); overflow: hidden;
  container-type: inline-size; }
header { display: flex; gap: 0.5rem; align-items: center; padding: 0.5rem 0.75rem 0.4rem; min-height: 3.4rem;
  box-sizing: border-box; }
/* In a narrow card the longest model name takes two lines; the numbers below stay in one row with the others. */
@container (max-width: 400px) { header { min-height: 5rem; align-items: flex-start; } }
.who { flex: 1; min-width: 0; line-height: 1.3; overflow-wrap: anywhere; }
.title { font-weight: 600; display: block; }
.model { font-size: 0.8125rem; color: var(--quiet); }
.state { font-size: 0.8125rem; white-space: nowrap; font-variant-numeric: tabular-nums;
  color: var(--quiet); }
.state.mark { color: var(--st-blue-text-color); background: var(--st-blue-background-color);
  border-radius: var(--st-base-radius); padding: 0.05rem 0.4rem; }
button { font: inherit; font-size: 0.8125rem; color: var(--st-text-color); background: transparent;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); padding: 0.1rem 0.55rem;
  cursor: pointer; white-space: nowrap; }
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-link-color);
  outline: none; }
.numbers { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.3rem 0.75rem; margin: 0;
  padding: 0.4rem 0.75rem 0.5rem; border-bottom: 1px solid var(--st-border-color);
  font-variant-numeric: tabular-nums; }
.numbers dt { font-size: 0.75rem; line-height: 1.2; color: var(--quiet); white-space: nowrap; }
.numbers dd { margin: 0; font-weight: 600; line-height: 1.35; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.numbers dd.faint { font-weight: 400; color: var(--quiet); }
.numbers dd.warn { color: var(--st-orange-text-color); }
.numbers [title] { cursor: help; }
.error { margin: 0.6rem 0.75rem 0.75rem; padding: 0.45rem 0.6rem; border-radius: var(--st-base-radius);
  color: var(--st-red-text-color); background: var(--st-red-background-color); overflow-wrap: anywhere; }
.error.calm { color: var(--st-orange-text-color); background: var(--st-orange-background-color); }
.text { padding: 0.6rem 0.75rem 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; min-height: 6rem;
  max-height: 65vh; overflow-y: auto; box-sizing: border-box; outline-offset: -2px; tab-size: 4; }
.error:not([hidden]) + .text { padding-top: 0; }
.text:focus-visible { outline: 1px solid var(--st-primary-color); }
.text.hint { color: var(--quiet); }
.text.running::after { content: "\\2009\\258D"; color: var(--st-primary-color); }
.text ins { text-decoration: none; color: var(--st-green-text-color);
  background: var(--st-green-background-color); }
.text del { color: var(--st-red-text-color); background: var(--st-red-background-color); }
[hidden] { display: none !important; }
"""

_JS = """
const shown = new WeakMap()
const TAGS = { insert: "ins", delete: "del" }

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const part = name => parentElement.querySelector(name)
  const text = part(".text")
  if (!text) return
  const old = shown.get(parentElement) || {}
  const put = (node, value) => { if (node.textContent !== value) node.textContent = value }

  put(part(".title"), data.title)
  put(part(".model"), data.model)
  const state = part(".state")
  put(state, data.state)
  state.classList.toggle("mark", data.mark)
  state.title = data.why
  part(".stop").hidden = !data.running
  part(".copy").hidden = data.running || !data.text
  part(".answer").setAttribute("aria-busy", data.running)
  text.setAttribute("aria-label", `Output of ${data.title}`)

  const numbers = part(".numbers")
  if (numbers.children.length !== data.numbers.length) {
    numbers.replaceChildren(...data.numbers.map(() => {
      const cell = document.createElement("div")
      cell.append(document.createElement("dt"), document.createElement("dd"))
      return cell
    }))
  }
  data.numbers.forEach((number, index) => {
    const [name, value] = numbers.children[index].children
    put(name, number.name)
    put(value, number.value)
    value.className = number.look
    numbers.children[index].title = number.why
  })

  numbers.hidden = !data.numbers.length

  const error = part(".error")
  error.hidden = !data.error
  put(error, data.error)
  error.classList.toggle("calm", data.calm)

  // It never scrolls by itself: people read from the top while the rest arrives below.
  const body = data.text || data.hint
  const pieces = JSON.stringify(data.pieces)
  text.classList.toggle("hint", !data.text)
  text.classList.toggle("running", data.running && !!data.text)
  text.hidden = !body
  if (data.pieces) {
    if (pieces !== old.pieces) {
      text.replaceChildren(...data.pieces.map(([kind, words]) => {
        if (!TAGS[kind]) return document.createTextNode(words)
        const node = document.createElement(TAGS[kind])
        node.textContent = words
        return node
      }))
    }
  } else {
    const node = text.firstChild
    const grows = !old.pieces && old.id === data.id && node && body.startsWith(node.data) && old.hinted === !data.text
    if (grows) { if (body.length > node.data.length) node.appendData(body.slice(node.data.length)) }
    else text.replaceChildren(document.createTextNode(body))
  }
  if (old.id !== data.id) text.scrollTop = 0
  shown.set(parentElement, { id: data.id, pieces: data.pieces ? pieces : null, hinted: !data.text })

  part(".stop").onclick = () => setTriggerValue("stop", true)
  part(".copy").onclick = async event => {
    const button = event.currentTarget
    try {
      await navigator.clipboard.writeText(data.text)
      button.textContent = "Copied"
    } catch {
      const range = document.createRange()
      range.selectNodeContents(text)
      getSelection().removeAllRanges()
      getSelection().addRange(range)
      button.textContent = "Selected"
    }
    setTimeout(() => { button.textContent = "Copy" }, 1500)
  }
}
"""

_component = st.components.v2.component("workbench_answer", html=_HTML, css=_CSS, js=_JS)


def answer(data: dict[str, Any], *, key: str, on_stop: Callable[[], None]) -> None:
    """Draw one answer.

    Args:
        data: What `workbench.ui.views.playground_answer.answer_data` returns. All of it is shown as plain text.
        key: The component's key.
        on_stop: Called when its stop button is pressed.
    """
    _component(key=key, data=data, on_stop_change=on_stop, width="stretch", height="content")
