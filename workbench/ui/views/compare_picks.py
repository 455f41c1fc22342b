"""What is compared: run, baseline, candidate, the metric that decides, and the margin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui.views.numbers import UNKNOWN

if TYPE_CHECKING:
    from workbench.analysis.results import Comparison
    from workbench.store import RunRecord
    from workbench.ui.comparing import Choice


def run_name(run: RunRecord) -> str:
    """Name a run for a list: its suite, when it was, and the end of its id."""
    state = "" if run.status == "complete" else f" · {run.status}"
    return f"{run.suite} · {_moment(run)} · {run.id[-4:]}{state}"


def _moment(run: RunRecord) -> str:
    try:
        return f"{datetime.fromisoformat(run.created_at).astimezone(UTC):%d %b %H:%M}".lstrip("0")
    except ValueError:
        return UNKNOWN


def draw_picks(
    *,
    runs: Sequence[RunRecord],
    run: RunRecord,
    baselines: Sequence[Choice],
    candidates: Sequence[Choice],
    a: str | None,
    b: str,
    comparison: Comparison | None,
    set_params: Callable[..., None],
) -> None:
    """Draw the row of choices. Each choice goes into the address, from which the page is drawn again.

    Args:
        runs: The runs that the candidate may come from.
        run: The candidate's run.
        baselines: What the candidate may be held against.
        candidates: The sides of the run.
        a: The baseline as the address names it, or None where there is none yet.
        b: The candidate as the address names it.
        comparison: What came of it; gives the metrics to choose from.
        set_params: Puts values into the address.
    """
    state = st.session_state
    columns = st.columns([24, 22, 4, 19, 15, 12], vertical_alignment="bottom")
    listed = {r.id: r for r in (*runs, run)}
    state["compare_run"] = run.id
    with columns[0]:
        st.selectbox(
            "Run",
            list(listed),
            key="compare_run",
            format_func=lambda run_id: run_name(listed[run_id]),
            on_change=lambda: set_params(
                run=state["compare_run"],
                **dict.fromkeys(("a", "b", "metric", "margin", "case", "slice", "show")),
            ),
        )
    shown = {choice.key: _side_name(choice, run, listed) for choice in (*baselines, *candidates)}
    with columns[1]:
        _side(
            "Baseline A", "compare_a", [c.key for c in baselines], a, shown, lambda: _moved(set_params, "a")
        )
    with columns[2]:
        st.button(
            "",
            icon=":material/swap_horiz:",
            key="compare_swap",
            help="Swap baseline and candidate",
            disabled=a is None,
            on_click=lambda: set_params(a=b, b=a, case=None, show=None),
        )
    with columns[3]:
        _side(
            "Candidate B", "compare_b", [c.key for c in candidates], b, shown, lambda: _moved(set_params, "b")
        )
    with columns[4]:
        _metric(comparison, set_params)
    with columns[5]:
        _margin(comparison, set_params)


def _moved(set_params: Callable[..., None], side: str) -> None:
    set_params(**{side: st.session_state[f"compare_{side}"], "case": None, "show": None})


def _side_name(choice: Choice, run: RunRecord, listed: dict[str, Any]) -> str:
    if choice.run_id == run.id:
        return choice.name
    other = listed.get(choice.run_id)
    return f"{choice.name} · {_moment(other)} · {choice.run_id[-4:]}" if other else choice.key


def _side(
    label: str,
    key: str,
    options: list[str],
    value: str | None,
    shown: dict[str, str],
    moved: Callable[[], None],
) -> None:
    # An address may name a side in another way (triage@production); it stays as it was given.
    if value is not None and value not in options:
        options = [value, *options]
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        index=None if value is None else 0,
        key=key,
        format_func=lambda side: shown.get(side, side.partition(":")[2] or side),
        placeholder="Nothing to choose yet",
        on_change=moved,
    )


def _metric(comparison: Comparison | None, set_params: Callable[..., None]) -> None:
    names = list(dict.fromkeys(m.scorer for m in comparison.metrics)) if comparison else []
    st.session_state["compare_metric"] = comparison.primary.scorer if comparison else None
    st.selectbox(
        "Metric",
        names,
        index=0 if names else None,
        key="compare_metric",
        help="The scorer that the verdict rests on",
        placeholder="–",
        on_change=lambda: set_params(
            metric=st.session_state["compare_metric"], margin=None, case=None, show=None
        ),
    )


def _margin(comparison: Comparison | None, set_params: Callable[..., None]) -> None:
    score = comparison is None or comparison.primary.unit == "score"
    factor = 100.0 if score else 1.0
    st.session_state["compare_margin"] = round(comparison.margin * factor, 6) if comparison else 0.0

    def moved() -> None:
        value = st.session_state["compare_margin"]
        set_params(margin=None if value is None else f"{value / factor:.8g}")

    st.number_input(
        "Margin, points" if score else f"Margin, {comparison.primary.unit if comparison else ''}",
        min_value=0.0,
        step=0.5 if score else None,
        format="%.1f" if score else "%g",
        key="compare_margin",
        help="A difference that does not matter to you. Two versions within it are equivalent.",
        on_change=moved,
    )
