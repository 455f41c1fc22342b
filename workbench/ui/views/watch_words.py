"""The signals of a watch in words and numbers."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from workbench.ui.views.numbers import money, percent, seconds

#: What a metric is called; the score is called by its scorer's name.
NAMES = {
    "output": "Outputs that changed",
    "embedding": "Distance in meaning",
    "length": "Length of an answer",
    "refusal": "Refusals",
    "latency": "Latency",
    "cost": "Cost of 1,000 answers",
    "model": "Model that answers",
}
#: The order on the page: what matters most stands first.
ORDER = ("score", "output", "embedding", "length", "refusal", "latency", "cost")
#: How often → the five fields of cron. Not at the full hour, when everybody's jobs begin.
SCHEDULES = {
    "Every day": "17 6 * * *",
    "Every six hours": "17 */6 * * *",
    "Every Monday": "17 6 * * 1",
}


def unit_of(metric: str, *, is_share: bool = True) -> tuple[str, float, Callable[[float], str]]:
    """Return an axis title, what values are multiplied by for it, and how one value is written."""
    if metric in ("output", "refusal") or (metric == "score" and is_share):
        return "%", 100, percent
    if metric == "embedding":
        return "cosine distance", 2, lambda value: f"{2 * value:.3f}"
    if metric == "length":
        return "characters", 1, lambda value: f"{value:,.0f} characters"
    if metric == "latency":
        return "seconds", 1, seconds
    if metric == "cost":
        return "USD", 1000, lambda value: money(1000 * value)
    return "", 1, lambda value: f"{value:.4g}"


def cron_line(root: Path, suite: str, often: str) -> str:
    """Return the line for a crontab: a look, and a mail where something moved or the look could not be made."""
    # A percent sign ends a command in a crontab.
    where, name, log = (
        shlex.quote(text).replace("%", r"\%") for text in (str(root), suite, f".workbench/watch-{suite}.log")
    )
    return (
        f"{SCHEDULES[often]}  cd {where} && workbench watch {name} > {log} 2>&1 "
        f"|| mail -s {name} you@example.org < {log}"
    )
