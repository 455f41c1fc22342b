"""Asking a model for cases of a suite: the form with what it will take, and how far it is."""

from __future__ import annotations

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import WorkbenchError
from workbench.evals.types import Suite
from workbench.llm.types import ModelSpec
from workbench.ui import proposing
from workbench.ui.models import models
from workbench.ui.run_start import model_choices
from workbench.ui.state import set_params, show_fault
from workbench.ui.views.common import model_text, pick, plain, problem_list
from workbench.ui.views.numbers import money
from workbench.workspace import Workspace

FOLLOW_S = 0.5


def show_form(ws: Workspace, suite: Suite) -> None:
    """Draw what to ask a model for, with what that will take."""
    st.subheader("Ask for cases", anchor=False)
    choices = {
        name: spec
        for name, spec in model_choices(suite, models()).items()
        if not spec.recorded and not spec.id.startswith("offline/")
    }
    left, right = st.columns([3, 2], gap="large")
    with left:
        description = st.text_area(
            "What they are to test",
            key=f"propose_from_{suite.name}",
            placeholder="Left empty: more of the same. Or, for instance: angry messages about refunds",
            max_chars=4000,
            height=110,
        )
    with right:
        model = pick(
            "Model",
            list(choices),
            key=f"propose_model_{suite.name}",
            show=model_text,
            index=0 if choices else None,
            accept_new_options=True,
            placeholder="provider/model",
        )
        wanted, shown = st.columns(2)
        number = wanted.number_input("Cases", 1, 200, 20, key=f"propose_count_{suite.name}")
        like = shown.number_input(
            "Existing cases shown",
            1,
            50,
            5,
            key=f"propose_like_{suite.name}",
            help="The newest cases of the suite, by which the model sees the form and writes others.",
        )
    spec = choices.get(model, ModelSpec(model)) if model else None
    _ask(ws, suite, spec, number, description.strip(), like)


def _ask(
    ws: Workspace, suite: Suite, model: ModelSpec | None, number: int, description: str, like: int
) -> None:
    from workbench.jobs.caps import room_today
    from workbench.workspace.generating import estimate_generating
    from workbench.workspace.library import current_author

    fits = False
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="propose_bar"):
        place = st.container(width="content")
        if model is None:
            st.caption("Choose a model, or type provider/model.", width="content")
        else:
            try:
                found = estimate_generating(
                    ws, suite.name, model, count=number, description=description, like=like
                )
                rooms = room_today(ws.store, current_author())
            except WorkbenchError as problem:
                show_fault(problem)
            else:
                fits = True
                left = "".join(f"; {money(r.left_usd)} left today of {money(r.cap_usd)}" for r in rooms)
                st.caption(plain(f"{found.sentence}{left}"), width="content")
    job = proposing.proposing_of(ws, suite.name)
    busy = job is not None and not job.ended
    if place.button(
        "Ask for cases",
        key="propose_start",
        type="secondary",
        icon=":material/auto_awesome:",
        disabled=busy or not fits,
    ):
        assert model is not None
        proposing.propose(ws, suite.name, model, count=number, description=description, like=like)
        set_params(q=None)
        st.rerun()


def show_progress(ws: Workspace, suite: Suite) -> None:
    """Draw how far an asking is, and once what came of it."""
    job = proposing.proposing_of(ws, suite.name)
    if job is None:
        return
    if not job.ended:
        st.fragment(_follow, run_every=FOLLOW_S)(ws, suite.name)
        return
    proposing.forget(ws, suite.name)
    if job.problem:
        problem_list([job.problem], title="Not all cases could be asked for", key="proposing_problem")
    cost = "at an unknown cost" if job.cost_usd is None else f"for {money(job.cost_usd)}"
    unusable = f"; {count(job.unusable, 'row')} could not be used" if job.unusable else ""
    said = f"{job.model} proposed {count(job.new, 'case')} {cost}{unusable}."
    (st.info if job.problem or job.new < job.wanted else st.success)(plain(said), icon=":material/info:")


def _follow(ws: Workspace, suite: str) -> None:
    job = proposing.proposing_of(ws, suite)
    if job is None or job.ended:
        st.rerun()
    with st.container(border=True, key="proposing"):
        cost = "" if job.cost_usd is None else f", {money(job.cost_usd)} so far"
        st.progress(
            min(1.0, job.new / job.wanted),
            text=plain(f"{job.model} writes: {job.new:,} of {job.wanted:,} cases{cost}"),
        )
        words = "It stops when the reply under way is here" if job.stop.is_set() else "Stop"
        if st.button(words, key="proposing_stop", disabled=job.stop.is_set()):
            job.stop.set()
            st.rerun()
