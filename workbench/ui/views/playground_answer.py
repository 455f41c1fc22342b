"""What is shown of one answer: its numbers, its state, and its words beside those of another."""

from __future__ import annotations

from typing import Any

from workbench.llm.types import Completion, Usage
from workbench.prompts.diff import word_diff
from workbench.reports.content import said
from workbench.ui.views.common import model_text
from workbench.ui.views.numbers import UNKNOWN, count, money, seconds
from workbench.workspace.playground import Slot

#: Texts longer than this are shown without a diff: it would take seconds, and nobody could read it.
MAX_DIFF_CHARS = 200_000

_CACHED = "It was asked and paid for before; nothing was spent now. Cost and times are those of then."
_FINISHES = {
    "length": "It reached the most tokens that it may write (max_tokens), so it is cut off.",
    "content_filter": "The provider's content filter stopped it.",
    "stop": "It came to its end by itself.",
    "tool_calls": "It wanted to call a tool.",
}


def answer_data(
    slot: Slot, *, session: str, against: str | None = None, base_title: str = ""
) -> dict[str, Any]:
    """Return what the `answer` component shows.

    Args:
        slot: The column as it is now.
        session: The session's id, so that another one starts afresh.
        against: Another column's text, to show this one's words as changes of it.
        base_title: That other column's name.
    """
    done = slot.completion
    text = slot.text if done is None else (said(done) or slot.text)
    state, mark, why = _state(slot, done)
    pieces = None
    if against is not None and done is not None and text and len(text) + len(against) <= MAX_DIFF_CHARS:
        pieces = [[segment.op, segment.text] for segment in word_diff(against, text)]
        if all(kind == "equal" for kind, _ in pieces):
            state, mark, why = f"same as {base_title}", True, "Not a word differs."
    return {
        "id": session,
        "title": slot.title,
        "model": model_text(slot.model),
        "running": slot.running,
        "state": state,
        "mark": mark,
        "why": why,
        "numbers": _numbers(done) if done is None or done.ok or text else [],
        "error": (done.error_message or done.error or "") if done else "",
        "calm": bool(done and done.error == "cancelled"),
        "text": text,
        "hint": _hint(slot, done, text),
        "pieces": pieces,
    }


def _state(slot: Slot, done: Completion | None) -> tuple[str, bool, str]:
    if done is None:
        return f"{slot.elapsed_s:.0f} s", False, "Since it was asked."
    if done.cached:
        return (
            "cached",
            True,
            "It was asked and paid for before; nothing was spent now. Cost and times are those of then.",
        )
    return "", False, ""


def _hint(slot: Slot, done: Completion | None, text: str) -> str:
    if text:
        return ""
    if done is None:
        return "Waiting for the first word…"
    return "" if done.error else "The answer is empty."


def _numbers(done: Completion | None) -> list[dict[str, str]]:
    """Return six numbers, always the same ones in the same places, so that columns can be read across."""
    if done is None:
        names = ("Cost", "Latency", "First token", "Tokens in", "Tokens out", "Finish")
        return [_number(name, "…", look="faint") for name in names]
    usage = done.usage
    model = f"Answered by {done.resolved_model}. " if done.resolved_model else ""
    finish = done.finish_reason or ("stopped" if done.error == "cancelled" else None)
    return [
        _number("Cost", money(done.cost_usd), "In US dollars, by the price list of the installed LiteLLM."),
        _number(
            "Latency",
            seconds(done.latency_s),
            f"{model}From asking to the last word, without our own waiting.",
        ),
        _number("First token", seconds(done.ttft_s), "From asking to the first word."),
        _number("Tokens in", _tokens_in(usage), _detail_in(usage)),
        _number("Tokens out", _counted(usage.output, usage), _detail_out(usage)),
        _number(
            "Finish",
            finish or UNKNOWN,
            _FINISHES.get(done.finish_reason or "", ""),
            look="warn" if done.finish_reason == "length" else "",
        ),
    ]


def _number(name: str, value: str, why: str = "", *, look: str = "") -> dict[str, str]:
    return {"name": name, "value": value, "why": why, "look": "faint" if value == UNKNOWN else look}


def _tokens_in(usage: Usage) -> str:
    if usage.input is None:
        return UNKNOWN
    return _counted(usage.total_input, usage)


def _counted(tokens: int | None, usage: Usage) -> str:
    return f"~{count(tokens)}" if usage.estimated and tokens is not None else count(tokens)


def _detail_in(usage: Usage) -> str:
    parts = []
    if usage.cache_read:
        parts.append(f"{count(usage.cache_read)} read from the provider's cache")
    if usage.cache_write:
        parts.append(f"{count(usage.cache_write)} written to the provider's cache")
    if usage.cache_write_1h:
        parts.append(f"{count(usage.cache_write_1h)} written to it for an hour")
    return ("Of which " + ", ".join(parts) + ". " if parts else "") + _source(usage)


def _detail_out(usage: Usage) -> str:
    thought = f"Of which {count(usage.reasoning)} for reasoning. " if usage.reasoning else ""
    return thought + _source(usage)


def _source(usage: Usage) -> str:
    if usage.input is None and usage.output is None:
        return "The model reported no tokens."
    return "Counted here, for the model reported none." if usage.estimated else "As the model reported."
