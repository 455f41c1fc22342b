"""The form for a new run: choose, see what it will do, start it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.evals.plan import Plan
from workbench.evals.scorers import scorer_units
from workbench.evals.types import Suite
from workbench.ui import run_start
from workbench.ui.models import models
from workbench.ui.run_cost import show_cost
from workbench.ui.run_foresight import show_foresight
from workbench.ui.state import go, page_link, param, set_params, show_fault
from workbench.ui.suite_files import load_suite
from workbench.ui.views.common import empty_state, header, model_text, pick, plain, problem_list
from workbench.ui.views.rows import link_bar
from workbench.ui.views.run_form import chosen_versions, newest_titles, version_label, what_will_happen
from workbench.workspace import Workspace
from workbench.workspace.runs import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

#: Beyond this many cells the cache is not searched beforehand, for every message would have to be rendered.
COUNTED_CELLS = 2_000
#: A second click on Start within this time means the first one.
ONE_CLICK_S = 5.0


def show_form(ws: Workspace) -> None:
    """Draw the form, filled in from ``?suite=`` and ``?prompt=`` (which may stand several times)."""
    header("New run", "Every case, with every version and model: see what it will do, then start it.")
    with link_bar("run_form_bar"):
        page_link("runs", "All runs", icon=":material/arrow_back:")
    entries, problems = ws.suites.list()
    names = [entry.name for entry in entries]
    if not names:
        problem_list(problems, key="run_suite_problems")
        with empty_state(
            "No suite to run", "A run needs a suite: cases, and what is looked at in the answers."
        ):
            page_link("suites", "See how to write one", icon=":material/checklist:")
        return
    linked = _take_link(names)
    left, right = st.columns([3, 2], gap="large")
    with left:
        name = pick("Suite", names, key="run_suite", on_change=_forget_link)
        assert name is not None
        set_params(suite=name, new=None)
        suite = load_suite(ws, name)
        versions, chosen = _what(ws, suite, linked)
        options = _how(suite)
    with right, st.container(border=True, key="run_plan"):
        st.subheader("What will happen", anchor=False)
        _start(ws, suite, versions, chosen, options)


def _take_link(names: Sequence[str]) -> list[str] | None:
    """Return the versions that the address names, when it is a new one; set the suite that it names."""
    suite, prompts = param("suite"), st.query_params.get_all("prompt")
    address = (suite, tuple(prompts))
    fresh = st.session_state.get("_run_form_address") != address
    st.session_state["_run_form_address"] = address
    if suite in names and (fresh or "run_suite" not in st.session_state):
        st.session_state["run_suite"] = suite
    if suite is not None and suite not in names:
        st.warning("The link names a suite that is not there.", icon=":material/warning:")
    return [part for text in prompts for part in text.split(",") if part] if fresh else None


def _forget_link() -> None:
    """Another suite has other versions: what the link named does not count any more."""
    set_params(prompt=None, suite=st.session_state["run_suite"])
    st.session_state["_run_form_address"] = (st.session_state["run_suite"], ())


def _what(ws: Workspace, suite: Suite, linked: list[str] | None) -> tuple[list[str], list[str]]:
    """Draw the choice of versions and models; return the selectors and the models' names."""
    offered = run_start.offer(ws, suite)
    key = f"run_versions_{suite.name}"
    if linked:
        titles, problems = run_start.from_link(ws, linked)
        for problem in problems:
            show_fault(problem)
        st.session_state[key] = [t for t in titles if t in offered.titles] or list(offered.own)
    elif key not in st.session_state:
        st.session_state[key] = list(offered.own)
    newest = newest_titles(offered.titles)
    versions = st.multiselect(
        "Versions",
        list(offered.titles),
        key=key,
        format_func=lambda t: version_label(t, offered.titles.get(t), newest=t in newest),
        placeholder="Choose one or several",
        help="With two versions the first is held as the baseline of the second.",
    )
    with st.container(horizontal=True, gap="xsmall", key="run_presets"):
        for place, (label, titles) in enumerate(offered.presets.items()):
            st.button(
                label,
                key=f"run_preset_{place}",
                type="tertiary",
                disabled=list(titles) == versions,
                on_click=_set,
                args=(key, list(titles)),
            )
    chosen_versions(versions, offered.titles)
    choices = run_start.model_choices(suite, models())
    key = f"run_models_{suite.name}"
    if key not in st.session_state:
        st.session_state[key] = [model.name for model in suite.models]
    names = [*choices, *(name for name in st.session_state[key] if name not in choices)]
    chosen = st.multiselect(
        "Models",
        names,
        key=key,
        format_func=model_text,
        accept_new_options=True,
        placeholder="Each prompt's own model; or type provider/model",
    )
    return list(run_start.selectors(suite, offered, versions)), chosen


def _set(key: str, value: object) -> None:
    st.session_state[key] = value


def _how(suite: Suite) -> dict:
    """Draw how the run is to be carried out; return `Runs.start`'s options."""
    repeats, concurrency, cost, cache = st.columns(4, vertical_alignment="bottom")
    chosen = {
        "repeats": repeats.number_input(
            "Repeats", 1, 100, suite.repeats, key=f"run_repeats_{suite.name}", help="Answers to each cell."
        ),
        "concurrency": concurrency.number_input(
            "At once",
            1,
            MAX_CONCURRENCY,
            suite.concurrency or DEFAULT_CONCURRENCY,
            key=f"run_concurrency_{suite.name}",
            help="How many answers are waited for at the same time.",
        ),
        "max_cost_usd": cost.number_input(
            "Cost cap, USD",
            min_value=0.0,
            value=None,
            step=1.0,
            format="%g",
            key="run_max_cost",
            placeholder="no cap",
            help="The run stops before new answers cost more than this; it can be resumed.",
        )
        or None,
    }
    use_cache = cache.toggle(
        "Use the cache", value=True, key="run_use_cache", help="Answers paid for earlier are not asked again."
    )
    until_decided = st.toggle(
        "Stop as soon as it is decided",
        key="run_until_decided",
        help="For two versions or two models: cases are asked in random order, and no more of them than it takes to "
        "establish better, worse or equivalent.",
    )
    return {**chosen, "use_cache": use_cache, "until_decided": until_decided}


def _start(ws: Workspace, suite: Suite, versions: list[str], chosen: list[str], options: dict) -> None:
    known = models()
    choices = run_start.model_choices(suite, known)
    specs = [choices.get(name, name) for name in chosen]
    plan: Plan | None = None
    try:
        if not versions and not st.session_state.get(f"run_versions_{suite.name}"):
            st.markdown("Choose at least one version.")
        else:
            plan = ws.runs.plan(suite, prompts=versions, models=specs, repeats=options["repeats"])
    except WorkbenchError as problem:
        show_fault(problem)
    if plan is not None:
        counted = options["use_cache"] and len(plan) <= COUNTED_CELLS
        what_will_happen(
            plan,
            kept=ws.runs.kept(plan) if counted else None if options["use_cache"] else 0,
            status=known.status,
            units=dict(scorer_units(suite.scorers)),
        )
        searched = options["use_cache"] and len(plan) <= COUNTED_CELLS
        show_cost(ws, plan, use_cache=searched, cap_usd=options["max_cost_usd"])
        show_foresight(ws, suite, plan, prompts=versions, models=specs)
        if options["until_decided"]:
            plan = _fit_to_stop_early(plan)
    if st.button(
        "Start the run",
        type="primary",
        key="run_start",
        icon=":material/play_arrow:",
        disabled=plan is None,
        width="stretch",
    ):
        try:
            record_id = _begin(ws, suite, versions, specs, options)
        except WorkbenchError as problem:
            show_fault(problem)
        else:
            go("runs", run=record_id)


def _fit_to_stop_early(plan: Plan) -> Plan | None:
    """Return the plan where a run of it can stop when it is decided; else say why not."""
    from workbench.jobs.until_decided import settings

    try:
        settings(plan)
    except WorkbenchError as problem:
        # Its hint speaks of the command's option.
        st.warning(plain(problem.message), icon=":material/warning:")
        return None
    st.caption(
        "Stops when it is decided: this is the most that it asks. Looking after every case is allowed for."
    )
    return plan


def _begin(ws: Workspace, suite: Suite, versions: list[str], specs: list, options: dict) -> str:
    """Start the run once, however often the button was clicked; return its id."""
    asked = repr((suite.sha256, versions, specs, options))
    last = st.session_state.get("_run_begun")
    if last and last[0] == asked and time.monotonic() - last[1] < ONE_CLICK_S:
        return last[2]
    record = ws.runs.start(suite.name, prompts=versions, models=specs, **options)
    st.session_state["_run_begun"] = (asked, time.monotonic(), record.id)
    return record.id
