"""Compare: is one version better than another, how sure are we, and what broke?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.prompts.diff import diff_prompts
from workbench.ui import comparing
from workbench.ui.state import PAGES, faults, go, page_link, param, set_params, show_fault, workspace
from workbench.ui.views import case_detail, compare_cases, compare_charts, compare_picks
from workbench.ui.views import compare_verdict as verdict_view
from workbench.ui.views.common import empty_state, header, plain
from workbench.ui.views.compare_html import draw, legend_html
from workbench.ui.views.compare_share import share
from workbench.ui.views.compare_words import verdict_words
from workbench.ui.views.exports import exports
from workbench.ui.views.prompt_diff import prompt_diff
from workbench.workspace.reporting import content_of

if TYPE_CHECKING:
    from workbench.store import RunRecord
    from workbench.ui.comparing import Compared
    from workbench.workspace import Workspace

TABS = {"cases": "What broke", "slices": "Slices", "charts": "Charts", "prompts": "What was changed"}


def show_page() -> None:
    """Draw the page."""
    ws = workspace()
    slot = header(PAGES["compare"].title, PAGES["compare"].purpose, key="compare_header")
    with faults():
        runs = comparing.runs_with_answers(ws)
        if not runs:
            _nothing_yet()
            return
        found = _pair(ws, runs)
        if found is None:
            return
        a, b, run = found
        compared, problem = None, None
        metric, margin = param("metric"), _margin()
        try:
            compared = comparing.load(ws, a, b, metric=metric, margin=margin)
        except WorkbenchError as fault:
            problem = fault
        _picks(ws, runs, run, a, b, compared)
        if problem is not None and run.done == 0:
            _no_answers(run)
        elif problem is not None:
            show_fault(problem)
        elif compared is not None:
            _comparison(ws, compared, run, a, b)
            with slot:
                exports(
                    lambda: content_of(ws, b, [a], metric=metric, margin=margin),
                    f"comparison-{run.id}",
                    key="compare_export",
                )
                share(compared.comparison, a, b, address=_address(), options=_options())


def _nothing_yet() -> None:
    box = empty_state(
        "Nothing to compare yet",
        "A comparison holds two versions of a prompt, or two models, against each other on the same cases. "
        "Run a suite with two versions of a prompt, and the verdict stands here.",
        key="compare_empty",
    )
    with box:
        page_link("runs", "Start a run", icon=":material/play_arrow:")
        page_link("suites", "Look at the suites", icon=":material/checklist:")


def _pair(ws: Workspace, runs: list[RunRecord]) -> tuple[str, str, RunRecord] | None:
    """Return both sides as the address names them, or the pair to begin with, and the candidate's run."""
    a, b = param("a"), param("b")
    if a and b:
        run_id = ws.runs.get(b.partition(":")[0]).id
        return a, b, next((run for run in runs if run.id == run_id), ws.runs.get(run_id))
    asked = param("run")
    run = ws.runs.get(asked) if asked else _first_run(ws, runs)
    first, second = comparing.first_pair(ws, run, runs)
    if first is None:
        _picks(ws, runs, run, None, second.key, None)
        _one_side(run, second.name)
        return None
    set_params(a=first.key, b=second.key, run=None)
    return first.key, second.key, run


def _first_run(ws: Workspace, runs: list[RunRecord]) -> RunRecord:
    """Return the newest run that holds two sides, else the newest."""
    several = (run for run in runs[:50] if len(comparing.choices(ws, run.id)) > 1)
    return next(several, runs[0])


def _one_side(run: RunRecord, name: str) -> None:
    box = empty_state(
        f"This run holds {name} only",
        f"Run {run.suite} with another version beside it, or once more with another version: "
        "runs on the same suite can be compared too.",
        key="compare_one_side",
    )
    with box:
        page_link("runs", "Run it with another version", icon=":material/play_arrow:", suite=run.suite)


def _no_answers(run: RunRecord) -> None:
    box = empty_state(
        "No answers to compare yet",
        f"The run of {run.suite} is {run.status} and has answered nothing. Follow it, or choose another run above.",
        key="compare_no_answers",
    )
    with box:
        page_link("runs", "Follow the run", icon=":material/monitoring:", run=run.id)


def _margin() -> float | None:
    try:
        return float(param("margin") or "")
    except ValueError:
        return None


def _picks(
    ws: Workspace,
    runs: list[RunRecord],
    run: RunRecord,
    a: str | None,
    b: str,
    compared: Compared | None,
) -> None:
    compare_picks.draw_picks(
        runs=runs,
        run=run,
        baselines=[c for c in comparing.baselines(ws, run, runs) if c.key != b],
        candidates=list(comparing.choices(ws, run.id)),
        a=a,
        b=b,
        comparison=compared.comparison if compared else None,
        set_params=set_params,
    )


def _comparison(ws: Workspace, compared: Compared, run: RunRecord, a: str, b: str) -> None:
    comparison = compared.comparison
    gate = None
    if compared.a.outcome.run_id == compared.b.outcome.run_id:
        record = ws.runs.get(compared.b.outcome.run_id)
        gate = comparing.gate_about(record, candidate=compared.b.title, baseline=compared.a.title)
    words = verdict_words(comparison, run.suite, gate)
    with st.container(border=True, key="compare_card"):
        left, right = st.columns([3, 2], gap="large")
        with left:
            verdict_view.draw_verdict(comparison, words)
            _next(compared, run, held_back=gate is not None and gate["status"] == "failed")
        with right:
            verdict_view.draw_spending(comparison, _models(compared))
    _warnings(ws, compared)
    verdict_view.draw_metrics(comparison)
    verdict_view.draw_preferences(comparison)
    _parts(ws, compared)


def _models(compared: Compared) -> list[str]:
    """Name the models that answered, each once."""
    sides = (compared.a, compared.b)
    return list(dict.fromkeys(side.outcome.plan.models[i].name for side in sides for i in side.models))


def _next(compared: Compared, run: RunRecord, *, held_back: bool) -> None:
    """Draw the next steps that the verdict calls for, at most one of them in colour."""
    verdict, side = compared.comparison.verdict, compared.b
    pinned = side.outcome.plan.prompts[side.prompts[0]] if len(side.prompts) == 1 else None
    saved = pinned if pinned is not None and pinned.number else None
    with st.container(horizontal=True, vertical_alignment="center", key="compare_next"):
        if verdict in ("better", "equivalent") and saved:
            _release_button(saved.title, side.outcome.run_id, prominent=not held_back)
        if verdict == "worse" and saved:
            page_link("prompts", f"Edit {saved.name}", icon=":material/edit:", prompt=saved.name)
        if verdict == "undecided":
            page_link("suites", f"Add cases to {run.suite}", icon=":material/add:", suite=run.suite)
        if verdict == "no verdict":
            page_link(
                "runs", "Open the run to resume it", icon=":material/play_arrow:", run=side.outcome.run_id
            )
        else:
            page_link(
                "runs", "Run again", icon=":material/replay:", suite=run.suite, prompt=_versions(compared)
            )


def _versions(compared: Compared) -> str | None:
    """Name the versions of both sides as the form for a run reads them."""
    pinned = [side.outcome.plan.prompts[index] for side in (compared.a, compared.b) for index in side.prompts]
    return ",".join(dict.fromkeys(p.title for p in pinned if p.number)) or None


def _release_button(title: str, run_id: str, *, prominent: bool) -> None:
    if st.button(
        plain(f"Release {title}"),
        type="primary" if prominent else "secondary",
        key="compare_release",
        icon=":material/rocket_launch:",
    ):
        go("release", prompt=title, run=run_id)


def _warnings(ws: Workspace, compared: Compared) -> None:
    said = list(compared.comparison.warnings)
    for run_id in dict.fromkeys(side.outcome.run_id for side in (compared.a, compared.b)):
        record = ws.runs.get(run_id)
        if record.done < record.planned:
            state = "still running" if record.active else record.status
            said.insert(
                0,
                f"Run {run_id} is {state} with {record.done:,} of {record.planned:,} answers: this rests on those.",
            )
    if said:
        with st.container(key="compare_warnings", gap=None):
            for sentence in said:
                st.markdown(f":orange[:material/warning:] {plain(sentence)}")


def _parts(ws: Workspace, compared: Compared) -> None:
    names = list(TABS)
    chosen = param("view") if param("view") in TABS else names[0]
    st.session_state["compare_view"] = TABS[chosen]

    def turn() -> None:
        label = st.session_state["compare_view"]
        name = next((n for n in names if TABS[n] == label), names[0])
        set_params(view=None if name == names[0] else name)

    tabs = dict(zip(names, st.tabs(list(TABS.values()), key="compare_view", on_change=turn), strict=True))
    if tabs["cases"].open:
        with tabs["cases"]:
            _cases(ws, compared)
    if tabs["slices"].open:
        with tabs["slices"]:
            compare_charts.draw_slices(compared.comparison)
    if tabs["charts"].open:
        with tabs["charts"]:
            compare_charts.draw_charts(compared.comparison, compared.summaries, compared.cells)
    if tabs["prompts"].open:
        with tabs["prompts"]:
            _prompts(compared)


@st.fragment
def _cases(ws: Workspace, compared: Compared) -> None:
    comparison = compared.comparison
    show = param("show") or _first_filter(compared)
    st.session_state["compare_show"] = show if show in compare_cases.SHOW else "all"
    st.session_state["compare_slice"] = param("slice") or ""
    labels = [m.slice for m in comparison.metrics if m.scorer == comparison.primary.scorer and m.slice]
    cases = compare_cases.filter_row(
        compared.cases,
        labels,
        on_show=lambda: set_params(show=st.session_state["compare_show"], case=None),
        on_slice=lambda: set_params(slice=st.session_state["compare_slice"], case=None),
    )
    left, right = st.columns([3, 7], gap="medium")
    with left:
        case_id = compare_cases.case_list(
            cases,
            param("case"),
            comparison.primary.unit,
            on_choose=lambda: set_params(case=st.session_state["compare_case"]),
        )
        if cases.empty:
            st.caption("No case is left by these filters.")
    if case_id is not None:
        with right, faults():
            _case(ws, compared, case_id)


def _first_filter(compared: Compared) -> str:
    """Begin with what broke; where nothing did, with what got better, else with all."""
    seen = set(compared.cases["outcome"])
    return next((name for name in ("worse", "better", "missing") if name in seen), "all")


def _case(ws: Workspace, compared: Compared, case_id: str) -> None:
    sides = (compared.b, compared.a)
    case = next((c for side in sides for c in side.outcome.plan.cases if c.id == case_id), None)
    if case is None:
        st.caption("There is no such case in this comparison.")
        return
    row = compared.cases.loc[compared.cases["case"] == case_id, "outcome"]
    case_detail.case_head(case, row.iloc[0] if len(row) else "missing")
    case_detail.case_inputs(case)
    pairs = comparing.answers(ws, compared, case_id)
    if not pairs:
        st.caption("Neither side has an answer to this case.")
        return
    chosen = 0
    if len(pairs) > 1:
        chosen = st.selectbox(
            "Answer", range(len(pairs)), key="compare_answer", format_func=lambda index: pairs[index].label
        )
    pair = pairs[min(chosen, len(pairs) - 1)]
    names = (compared.comparison.a, compared.comparison.b)
    case_detail.case_answers(pair.a, pair.b, names, {**compared.a.outcome.units, **compared.b.outcome.units})


def _prompts(compared: Compared) -> None:
    one, two = compared.a, compared.b
    if len(one.prompts) != 1 or len(two.prompts) != 1:
        st.write("Both sides ran the same prompts; the models differ.")
        return
    first, second = one.outcome.plan.prompts[one.prompts[0]], two.outcome.plan.prompts[two.prompts[0]]
    draw(legend_html((compared.comparison.a, compared.comparison.b)))
    prompt_diff(diff_prompts(first.prompt, second.prompt))


def _options() -> dict[str, str]:
    """What the address says besides the sides, as options of the command."""
    return {f"--{name}": value for name in ("metric", "margin") if (value := param(name))}


def _address() -> str:
    base = (st.context.url or "").partition("?")[0]
    query = urlencode(st.query_params.to_dict())
    return f"{base}?{query}" if query else base


show_page()
