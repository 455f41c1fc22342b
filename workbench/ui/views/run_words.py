"""A run in words: its status, its headline, how it goes on."""

from __future__ import annotations

from typing import Any

from workbench.analysis.wording import amount, count, interval
from workbench.store import RunRecord
from workbench.ui.views.numbers import seconds
from workbench.ui.views.rows import mark, text

#: status → (colour, symbol)
STATUS = {
    "queued": ("gray", "○"),
    "running": ("blue", "●"),
    "complete": ("green", "✓"),
    "cancelled": ("orange", "■"),
    "stopped": ("orange", "■"),
    "failed": ("red", "✕"),
}
GATE = {"passed": ("green", "✓"), "failed": ("red", "✕"), "undecided": ("orange", "?")}


#: error kind → what it means to the person who reads it
_ERRORS = {
    "auth": "No key, or a refused one",
    "rate_limit": "Too many requests",
    "timeout": "No answer in time",
    "connection": "No connection",
    "bad_request": "Refused as it was asked",
    "context_length": "Longer than the model can read",
    "content_filter": "Refused by a content filter",
    "not_found": "No such model",
    "provider": "The provider failed",
    "missing_recording": "No recorded answer",
    "template": "The prompt could not be rendered",
    "cancelled": "Stopped",
    "budget": "The cost cap was met",
}


def error_words(kind: str) -> str:
    """Return what a kind of error means."""
    return _ERRORS.get(kind, kind.replace("_", " "))


def status_html(status: str) -> str:
    """Return a run's status as a cell."""
    colour, symbol = STATUS.get(status, ("gray", ""))
    return mark(status, colour, symbol)


def headline_html(record: RunRecord, best: str | None) -> str | None:
    """Return a run's result as a cell: the gate's word where it has one, else its best mean; None without."""
    status = (record.gate or {}).get("status")
    if status in GATE:
        colour, symbol = GATE[status]
        return mark(f"gate {status}", colour, symbol) + (text(best, lines=2) if best else "")
    return text(best, lines=2) if best else None


def best_words(summary: Any, *, by_model: bool = False) -> str | None:
    """Return a summary in a few words, such as ``accuracy 83.3 % (triage@3)``."""
    if summary is None:
        return None
    return f"{summary.scorer} {amount(summary.mean, summary.unit)} ({side_name(summary, by_model=by_model)})"


def side_name(summary: Any, *, by_model: bool = False) -> str:
    """Return which version a summary is of, or with ``by_model`` which model, where all are of one version."""
    if by_model:
        return summary.model
    return f"{summary.prompt}@{summary.version}" if summary.version else summary.prompt


def mean_words(summary: Any) -> str:
    """Return a mean with its interval and n."""
    around = interval(summary.ci_low, summary.ci_high, summary.unit)
    return f"{amount(summary.mean, summary.unit)} ({around}, n = {summary.n:,})"


def left_words(record: RunRecord) -> str:
    """Return what resuming would ask."""
    parts = []
    if record.planned > record.done:
        parts.append(f"{count(record.planned - record.done, 'cell')} not asked yet")
    if record.errors:
        parts.append(f"{count(record.errors, 'cell')} with an error")
    return " and ".join(parts)


def resumable(record: RunRecord) -> bool:
    """Whether something is left to ask."""
    return not record.active and (record.done < record.planned or record.errors > 0)


def eta_words(record: RunRecord) -> str:
    """Return when it will be done, as far as that can be told."""
    if record.status == "queued":
        return "waiting to begin"
    left = record.eta_s
    return (
        "waiting for the first answer"
        if left is None
        else f"about {_rough(left)} left"
        if left >= 1
        else "nearly done"
    )


def _rough(left_s: float) -> str:
    """Return an estimate without digits that it does not have."""
    return f"{left_s:.0f} s" if left_s < 100 else seconds(left_s)


def rate_words(record: RunRecord) -> str:
    """Return how fast it goes."""
    if not record.done or record.active_s <= 0:
        return "–"
    rate = record.done / record.active_s
    return f"{rate:,.1f} a second" if rate >= 1 else f"{rate * 60:,.1f} a minute"


def versions_of(plan: dict[str, Any]) -> list[str]:
    """Return the versions that a stored plan holds."""
    return [f"{p['name']}@{p['number']}" if p.get("number") else p["name"] for p in plan.get("prompts", [])]


def models_of(plan: dict[str, Any]) -> list[str]:
    """Return the models that a stored plan holds."""
    return [m.get("label") or m["id"] for m in plan.get("models", [])]
