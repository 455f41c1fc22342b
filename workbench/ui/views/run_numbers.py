"""Numbers in a row, and a run's progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from workbench.store import RunRecord
from workbench.ui.rescoring import Rescoring
from workbench.ui.views.common import plain
from workbench.ui.views.numbers import money, seconds
from workbench.ui.views.rows import COLOURS
from workbench.ui.views.run_words import GATE, eta_words, rate_words


@dataclass(frozen=True)
class Number:
    """One number with its name, and a note below."""

    label: str
    value: str
    note: str = ""
    colour: str | None = None


def strip(numbers: Sequence[Number]) -> None:
    """Draw numbers side by side; what does not fit goes on the next line."""
    gray = COLOURS["gray"]
    cells = []
    for number in numbers:
        colour = f"color:{COLOURS[number.colour]};" if number.colour else ""
        note = (
            f'<div style="font-size:0.86rem;color:{gray}">{escape(number.note)}</div>' if number.note else ""
        )
        cells.append(
            f'<div style="min-width:5.5rem"><div style="font-size:0.86rem;color:{gray}">{escape(number.label)}</div>'
            f'<div style="font-size:1.35rem;font-weight:600;line-height:1.45;white-space:nowrap;'
            f'font-variant-numeric:tabular-nums;{colour}">{escape(number.value)}</div>{note}</div>'
        )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.6rem 2.2rem">{"".join(cells)}</div>')


def gate_number(gate: dict[str, Any] | None) -> Number | None:
    """Return a gate's result as the first number; None where the run has none."""
    status = (gate or {}).get("status")
    if status not in GATE:
        return None
    colour, symbol = GATE[status]
    return Number("Gate", f"{symbol} {status}", (gate or {}).get("metric") or "", colour)


def cost_number(record: RunRecord) -> Number:
    """Return what the answers cost. Unknown prices are said, never added as 0."""
    note = f"{record.cost_unknown:,} answers unpriced" if record.cost_unknown else ""
    if not note and record.cost_usd and record.spent_usd < record.cost_usd:
        note = f"{money(record.spent_usd)} of it new"
    if record.judging_calls:
        judging = money(record.judging_usd) + (" or more" if record.judging_unknown else "")
        note = ", ".join(part for part in (note, f"and {judging} for judging") if part)
    answered = record.done > record.errors
    return Number("Cost", money(record.cost_usd) if record.cost_usd is not None or answered else "–", note)


def cells_number(record: RunRecord) -> Number:
    """Return how many cells are answered."""
    cached = f"{record.cached:,} from the cache" if record.cached else ""
    return Number("Cells", f"{record.done:,} of {record.planned:,}", cached)


def errors_number(record: RunRecord) -> Number:
    """Return how many cells have an error."""
    share = f"{record.errors / record.done:.1%} of the answers" if record.errors and record.done else ""
    return Number("Errors", f"{record.errors:,}", share, "red" if record.errors else None)


def progress(record: RunRecord) -> None:
    """Draw how far a run is, how fast it goes, and what it costs so far."""
    st.progress(min(record.done / record.planned, 1.0) if record.planned else 0.0)
    cap = f"stops at {money(record.max_cost_usd)}" if record.max_cost_usd else ""
    strip(
        [
            Number("Answered", f"{record.done:,} of {record.planned:,}", eta_words(record)),
            errors_number(record),
            Number("From the cache", f"{record.cached:,}"),
            Number("Rate", rate_words(record)),
            Number("Time", seconds(record.active_s) if record.active_s else "–"),
            Number("New cost", money(record.spent_usd), cap),
        ]
    )


def scoring_progress(job: Rescoring) -> None:
    """Draw how far a scoring is."""
    share = job.done / job.total if job.total else 0.0
    left = job.eta_s
    when = f", about {seconds(left)} left" if left is not None and left >= 1 else ""
    total = f" of {job.total:,}" if job.total else ""
    st.progress(min(share, 1.0), text=plain(f"Scoring again: {job.done:,}{total} cells{when}"))
