"""The list of suites, each with its last run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.analysis.wording import listed
from workbench.evals.suite import SuiteEntry
from workbench.evals.types import Suite
from workbench.store import RunRecord
from workbench.ui.views.common import empty_state, matches, model_text
from workbench.ui.views.numbers import ago
from workbench.ui.views.rows import Column, Table, mark, row, start, text
from workbench.ui.views.run_words import headline_html, status_html
from workbench.ui.views.suite_words import EXAMPLE

TABLE = Table(
    "suites",
    "Suite",
    (
        Column("Description", "minmax(0, 2.3fr)"),
        Column("Cases", "3.2rem", right=True),
        Column("Scorers", "minmax(0, 1.2fr)"),
        Column("Prompts", "minmax(0, 1.5fr)"),
        Column("Models", "minmax(0, 1.4fr)"),
        Column("Last run", "minmax(0, 1.7fr)"),
    ),
    link_width=190,
)


@dataclass(frozen=True)
class SuiteRow:
    """One suite with its last run. ``suite`` is None where it cannot be used; then ``problem`` says why."""

    entry: SuiteEntry
    suite: Suite | None
    problem: str | None = None
    last: RunRecord | None = None
    headline: str | None = None

    def found(self, query: str) -> bool:
        """Whether the search finds it."""
        suite = self.suite
        words = (
            [*suite.prompts, *(m.name for m in suite.models), *(s.name for s in suite.scorers)]
            if suite
            else []
        )
        return matches(query, self.entry.name, self.entry.description, *words)


def suite_list(rows: Sequence[SuiteRow]) -> None:
    """Draw one row a suite."""
    with start(TABLE):
        for item in rows:
            row(TABLE, item.entry.name, ("suites", item.entry.name), _cells(item), suite=item.entry.name)


def _cells(item: SuiteRow) -> list[str]:
    suite = item.suite
    description = item.entry.description or "No description"
    if suite is None:
        problem = text(item.problem or "cannot be used", lines=2)
        return [problem, text("–"), "", "", "", mark("needs a look", "red", "✕")]
    models = [model_text(m.name) for m in suite.models] or ["the prompts' own"]
    return [
        text(description, lines=2, colour=None if item.entry.description else "gray"),
        text(f"{len(suite.dataset.cases):,}"),
        text(listed([s.name for s in suite.scorers], 3), lines=2),
        text(listed(list(suite.prompts), 3), lines=2),
        text(listed(models, 2), lines=3),
        _last(item),
    ]


def _last(item: SuiteRow) -> str:
    if item.last is None:
        return text("never run", colour="gray")
    age = text(ago(item.last.created_at), colour="gray")
    result = headline_html(item.last, item.headline)
    return f"{result or status_html(item.last.status)}{age}"


def no_suites(folder: str) -> None:
    """Say what a suite is, and give the shortest one to copy."""
    empty_state(
        "No suite yet",
        "A suite is a folder with a suite.yaml: which prompts and models answer which cases, and what is looked at "
        f"in the answers. Save this as {folder}/greeting/suite.yaml, put the name of one of your prompts in it, "
        "and reload this page.",
        key="suites_empty",
    )
    st.code(EXAMPLE, language="yaml")
