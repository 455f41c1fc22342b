"""The list of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.analysis.wording import listed
from workbench.store import RunRecord
from workbench.ui.views.common import empty_state, matches, model_text
from workbench.ui.views.numbers import ago, money, seconds, when
from workbench.ui.views.rows import Column, Table, row, start, text
from workbench.ui.views.run_words import eta_words, headline_html, status_html

TABLE = Table(
    "runs",
    "Suite",
    (
        Column("Status", "5.8rem"),
        Column("Versions and models", "minmax(0, 2fr)"),
        Column("Result", "minmax(0, 1.5fr)"),
        Column("Cells", "5rem", right=True),
        Column("Cost", "4.6rem", right=True),
        Column("Time", "4.2rem", right=True),
        Column("When, by", "6rem", right=True),
    ),
    link_width=150,
)


@dataclass(frozen=True)
class RunRow:
    """One run with what its plan names, and its best mean in words."""

    record: RunRecord
    versions: tuple[str, ...]
    models: tuple[str, ...]
    best: str | None = None

    def found(self, query: str) -> bool:
        """Whether the search finds it."""
        r = self.record
        return matches(query, r.id, r.suite, r.status, r.author, *self.versions, *self.models)


def run_list(rows: Sequence[RunRow]) -> None:
    """Draw one row a run."""
    with start(TABLE):
        for item in rows:
            row(TABLE, item.record.id, ("runs", item.record.suite), _cells(item), run=item.record.id)


def _cells(item: RunRow) -> list[str]:
    r = item.record
    done = f"{r.done:,}" if r.done == r.planned else f"{r.done:,} of {r.planned:,}"
    errors = text(f"{r.errors:,} errors", colour="red") if r.errors else ""
    result = text(eta_words(r), colour="gray") if r.active else headline_html(r, item.best)
    versions = text(listed(item.versions, 3), lines=2, title=", ".join(item.versions))
    models = [model_text(model) for model in item.models]
    return [
        status_html(r.status),
        versions + text(listed(models, 2), lines=3, title=", ".join(models), colour="gray"),
        result or text(r.message or "–", colour="gray", lines=2),
        text(done) + errors,
        text(_cost(r)),
        text(seconds(r.active_s) if r.active_s else "–"),
        text(ago(r.created_at), title=f"{when(r.created_at)} · {r.id}") + text(r.author, colour="gray"),
    ]


def _cost(record: RunRecord) -> str:
    """What the answers cost; a sum with unknown parts says so."""
    if record.cost_usd is None:
        return money(None) if record.cost_unknown else "–"
    return money(record.cost_usd) + (f" + {record.cost_unknown:,} unknown" if record.cost_unknown else "")


def no_runs():
    """Say what a run is; return the slot for the next step."""
    return empty_state(
        "No run yet",
        "A run asks every case of a suite with every version and model, scores the answers, and keeps them. "
        "Two versions in one run can then be compared.",
        key="runs_empty",
    )
