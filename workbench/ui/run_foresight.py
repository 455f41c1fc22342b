"""What the cases of a new run can find, said before anything is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import WorkbenchError
from workbench.evals.plan import Plan
from workbench.evals.types import Suite
from workbench.reports.text import difference
from workbench.ui.views.common import plain
from workbench.ui.views.numbers import money
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.workspace.planning import Foresight

#: Beyond this many cells every difference that matters is found, and working it out would be waited for.
FORESEEN_CELLS = 50_000


def show_foresight(
    ws: Workspace, suite: Suite, plan: Plan, *, prompts: Sequence[str], models: Sequence[object]
) -> None:
    """Draw which difference the planned cases find, and behind it what a wanted one takes."""
    if len(plan.prompts) < 2 and len(plan.models) < 2:
        return
    if len(plan) > FORESEEN_CELLS:
        return
    said = st.empty()
    found = _foreseen(ws, suite, plan, prompts, models, effect=0.05)
    if found is None or found.detectable is None:
        said.empty()
        return
    with said.container(horizontal=True, vertical_alignment="center", gap="small", key="run_foresight"):
        st.caption(
            f"Finds a true difference of {plain(_size(found, found.detectable))} {_often(found)}",
            help="\n".join(f"- {plain(line)}" for line in found.rests_on) or None,
            width="content",
        )
        with st.popover("Plan", key="run_foresight_menu", type="tertiary"):
            _wanted(ws, suite, plan, prompts, models, found)


def _wanted(
    ws: Workspace,
    suite: Suite,
    plan: Plan,
    prompts: Sequence[str],
    models: Sequence[object],
    found: Foresight,
) -> None:
    st.markdown(f"**How many cases does it take?** Judged by {plain(found.metric)}.")
    in_points = found.unit == "score"
    effect = st.number_input(
        "Difference to find, points" if in_points else "Difference to find",
        min_value=0.1 if in_points else 1e-6,
        max_value=100.0 if in_points else None,
        value=5.0 if in_points else found.detectable,
        step=1.0 if in_points else None,
        format="%g",
        key=f"run_foresight_{found.unit}",
    )
    wanted = _foreseen(ws, suite, plan, prompts, models, effect=effect / 100 if in_points else effect)
    if wanted is not None:
        more = max(0, wanted.needed - wanted.cases)
        st.markdown(
            f"About **{count(wanted.needed, 'case')}**, {plain(_price(wanted))}: "
            + (f"{more:,} more than now." if more else "there are enough.")
        )
        if wanted.needed_equivalent is not None:
            st.markdown(
                f"To show that two equal sides are equivalent within {plain(_size(wanted, wanted.margin))}: "
                f"about **{count(wanted.needed_equivalent, 'case')}**."
            )
    for line in found.rests_on:
        st.caption(plain(line))


def _foreseen(
    ws: Workspace,
    suite: Suite,
    plan: Plan,
    prompts: Sequence[str],
    models: Sequence[object],
    *,
    effect: float,
) -> Foresight | None:
    newest = ws.runs.list(suite=suite.name, limit=1)
    history = (newest[0].id, newest[0].status) if newest else None
    names = tuple(str(getattr(model, "name", model)) for model in models)
    key = (suite.sha256, tuple(p.title for p in plan.prompts), names, plan.repeats, history)
    return _cached(str(ws.root), key, effect, ws, suite, tuple(prompts), tuple(models), plan.repeats)


@st.cache_resource(max_entries=64, show_spinner=False)
def _cached(
    root: str,
    key: tuple,
    effect: float,
    _ws: Workspace,
    _suite: Suite,
    _prompts: tuple[str, ...],
    _models: tuple,
    repeats: int,
) -> Foresight | None:
    """Return what can be foreseen; None where nothing can, which is no fault of the person's."""
    from workbench.workspace.planning import foresee

    try:
        return foresee(_ws.runs, _suite, effect=effect, prompts=_prompts, models=_models, repeats=repeats)
    except WorkbenchError:
        return None


def _size(found: Foresight, value: float) -> str:
    return difference(value, found.unit).lstrip("+")


def _often(found: Foresight) -> str:
    return f"{found.power * 100:g} times in 100"


def _price(found: Foresight) -> str:
    cells = count(found.needed * found.cells_a_case, "cell")
    usd = found.usd(found.needed)
    if usd is None:
        return f"{cells}, cost unknown"
    return f"{cells}, about {money(usd)}" if usd else f"{cells}, free"
