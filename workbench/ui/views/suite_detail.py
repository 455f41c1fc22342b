"""One suite: what it asks, what it looks at, when it passes, and its cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.analysis.wording import count, listed
from workbench.evals.types import Case, ScorerSpec, Suite
from workbench.llm.types import ModelSpec
from workbench.reports.text import clean
from workbench.ui.state import page_link
from workbench.ui.views.common import matches, model_text, plain
from workbench.ui.views.rows import Column, Table, link_bar, row, start, text
from workbench.ui.views.suite_words import (
    case_text,
    dataset_words,
    gate_words,
    limit_words,
    scorer_words,
    slice_counts,
    value_text,
)

CASES = Table(
    "cases",
    "Case",
    (
        Column("Variables", "minmax(0, 3fr)"),
        Column("Expected", "minmax(0, 1.4fr)"),
        Column("Metadata", "minmax(0, 1.4fr)"),
    ),
    link_width=230,
)
MAX_VALUES = 12


def contents(suite: Suite, units: dict[str, str]) -> None:
    """Draw what the suite asks and looks at, in two columns."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("What is looked at", anchor=False)
        for spec in suite.scorers:
            st.markdown(_scorer(spec))
        st.subheader("When it passes", anchor=False)
        if suite.gate:
            st.markdown(plain(gate_words(suite.gate, units)))
        else:
            st.markdown("It has no gate, so a run is read and not judged. Add one under `gate:` in its file.")
            if suite.limits:
                st.markdown(plain(f"Any run is held to its limits: {listed(limit_words(suite.limits), 9)}."))
    with right:
        st.subheader("What is asked", anchor=False)
        st.markdown(_asked(suite))
        st.subheader("Slices", anchor=False)
        if not suite.slices:
            st.markdown("None. Name metadata fields under `slices:` to see results by them.")
        for field in suite.slices:
            st.markdown(_slice(field, slice_counts(suite.dataset.cases, field)))


def _scorer(spec: ScorerSpec) -> str:
    first, *more = scorer_words(spec)
    return f"**{plain(spec.name)}** :gray[{plain(spec.type)}]  \n" + plain(" ".join([first, *more]))


def _asked(suite: Suite) -> str:
    prompts = ", ".join(plain(name) for name in suite.prompts) or "none: choose some when you run it"
    models = ", ".join(plain(_model(m)) for m in suite.models) or "each prompt's own model"
    lines = [f"**Prompts** {prompts}", f"**Models** {models}"]
    times = "once" if suite.repeats == 1 else f"{suite.repeats} times"
    lines.append(f"**Cases** {len(suite.dataset.cases):,}, each asked {times}")
    lines += [plain(line) for line in dataset_words(suite.dataset)]
    return "  \n".join(lines)


def _model(model: ModelSpec) -> str:
    if model.recorded:
        return f"{model.name} (recorded answers from {model.outputs})"
    return model_text(model.name)


def _slice(field: str, values: Sequence[tuple[str, int]]) -> str:
    shown = " ".join(
        f":gray-badge[{plain(value[:60])} · {number:,}]" for value, number in values[:MAX_VALUES]
    )
    more = f" and {len(values) - MAX_VALUES:,} more" if len(values) > MAX_VALUES else ""
    return f"**{plain(field)}**  \n{shown}{more}"


def found_cases(cases: Sequence[Case], query: str) -> list[Case]:
    """Return the cases in which every word of the query stands."""
    if not query:
        return list(cases)
    return [c for c in cases if matches(query, c.id, case_text(c), value_text(c.expected), *_metadata(c))]


def _metadata(case: Case) -> list[str]:
    return [f"{name}={value_text(value)}" for name, value in case.metadata.items()]


def case_rows(suite: str, cases: Sequence[Case], **params: Any) -> None:
    """Draw one row a case."""
    with start(CASES):
        for number, case in enumerate(cases):
            cells = [
                text(case_text(case)[:400], lines=2),
                text(
                    value_text(case.expected)[:200], lines=2, colour="gray" if case.expected is None else None
                ),
                text(" · ".join(_metadata(case))[:200], lines=2, colour="gray"),
            ]
            row(CASES, str(number), ("suites", case.id), cells, suite=suite, case=case.id, **params)


def case_detail(case: Case) -> None:
    """Draw a case's variables, what is expected of it, and its metadata, in full."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Variables", anchor=False)
        if not case.vars:
            st.caption("This case has none.")
        for name, value in case.vars.items():
            st.caption(plain(name))
            block(value)
    with right:
        st.subheader("Expected", anchor=False)
        if case.expected is None:
            st.caption("Nothing is expected of this case.")
        else:
            block(case.expected)
        st.subheader("Metadata", anchor=False)
        metadata(case)
        if case.scorers:
            st.subheader("Its own scorers", anchor=False)
            for spec in case.scorers:
                st.markdown(_scorer(spec))


def metadata(case: Case) -> None:
    """Draw a case's metadata as a list of names and values."""
    if not case.metadata:
        st.caption("This case has none.")
        return
    st.table(
        {plain(name): plain(clean(value_text(value))) for name, value in case.metadata.items()},
        border="horizontal",
        width="content",
    )


def block(value: Any, *, limit: int = 20_000) -> None:
    """Draw a value as it is: text with its line ends, anything else as JSON."""
    shown = clean(value if isinstance(value, str) else value_text(value))
    st.code(shown[:limit], language=None if isinstance(value, str) else "json", wrap_lines=True)
    if len(shown) > limit:
        st.caption(f"The first {limit:,} of {len(shown):,} characters.")


def neighbours(suite: str, cases: Sequence[Case], case_id: str) -> None:
    """Draw links to the cases before and after."""
    ids = [case.id for case in cases]
    at = ids.index(case_id)
    with link_bar("case_neighbours"):
        page_link("suites", "All cases", icon=":material/arrow_back:", suite=suite)
        if at > 0:
            page_link("suites", "Previous", icon=":material/chevron_left:", suite=suite, case=ids[at - 1])
        if at + 1 < len(ids):
            page_link("suites", "Next", icon=":material/chevron_right:", suite=suite, case=ids[at + 1])
        st.caption(f"{at + 1:,} of {count(len(ids), 'case')}", width="content")
