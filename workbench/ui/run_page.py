"""One run: followed while it goes on, read when it has ended."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from workbench.analysis.wording import amount
from workbench.errors import WorkbenchError
from workbench.evals.types import BASELINE_FILE
from workbench.jobs.moved import sentence as what_moved
from workbench.reports.text import clean, price_words
from workbench.store import RunRecord
from workbench.ui import rescoring
from workbench.ui.approving import approve_menu, held_against
from workbench.ui.run_cells import show_cells
from workbench.ui.run_corpus import show_corpus
from workbench.ui.run_preferences import show_preferences
from workbench.ui.run_ranking import show_ranking
from workbench.ui.run_results import RunResults, best, primary_scorer, run_results
from workbench.ui.run_resume import left_to_ask, resume_action
from workbench.ui.run_stop import stop_action
from workbench.ui.state import faults, go, page_link, set_params, toast_later
from workbench.ui.suite_files import load_suite
from workbench.ui.views import run_numbers
from workbench.ui.views import run_results as drawn
from workbench.ui.views.common import badge, header, model_text, pick, plain, problem_list
from workbench.ui.views.exports import exports
from workbench.ui.views.numbers import ago, seconds, when
from workbench.ui.views.rows import link_bar
from workbench.ui.views.run_limits import draw_limits
from workbench.ui.views.run_numbers import Number
from workbench.ui.views.run_words import models_of, resumable, side_name, versions_of
from workbench.workspace import Workspace
from workbench.workspace.reporting import content_of, run_limits

FOLLOW_S = 1.0
#: A process that has not begun after so many seconds will not.
LATE_S = 60
#: From this share of errors on, comparing makes little sense.
MANY_ERRORS = 0.02


def show_run(ws: Workspace, run_id: str) -> None:
    """Draw one run."""
    full = ws.runs.get(run_id)
    set_params(run=full.id)
    record = ws.runs.progress(full.id)
    action = header(record.suite, f"Run {record.id}, started by {record.author} {ago(record.created_at)}")
    with link_bar("run_bar"):
        page_link("runs", "All runs", icon=":material/arrow_back:")
        if not record.active:
            badge(record.status)
        page_link("suites", "The suite", icon=":material/checklist:", suite=record.suite)
        st.caption(plain(_facts(record, full.plan)), width="content")
    # A cancelled run says what is left to ask, and its message says no more.
    if record.message and record.status != "cancelled":
        st.warning(plain(clean(record.message)), icon=":material/info:")
    if record.active:
        st.fragment(_follow, run_every=FOLLOW_S)(ws, record.id)
    else:
        _actions(ws, action, record, full.plan)
        _rescoring(ws, record)
        _ended(ws, record, full.plan)
    show_cells(ws, record)


def _facts(record: RunRecord, plan: dict) -> str:
    facts = [", ".join(versions_of(plan)), ", ".join(model_text(model) for model in models_of(plan))]
    return " · ".join([*facts, f"begun {when(record.created_at)}"])


# -- while it goes on ----------------------------------------------------------------------------------


def _follow(ws: Workspace, run_id: str) -> None:
    with faults():
        record = ws.runs.progress(run_id)
        if not record.active:
            st.rerun()
        with st.container(border=True, key="run_progress"):
            badge(record.status)
            run_numbers.progress(record)
            stop_action(ws, record, key="run_cancel")
            if record.status == "queued" and _age_s(record) > LATE_S:
                st.caption(
                    f"Its process has not begun within a minute; .workbench/jobs/{run_id}.log may say why."
                )
                if st.button("Start its process again", key="run_relaunch"):
                    ws.runs.resume(run_id)
                    st.rerun()


def _age_s(record: RunRecord) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(record.created_at)).total_seconds()


# -- when it has ended ---------------------------------------------------------------------------------


def _actions(ws: Workspace, slot, record: RunRecord, plan: dict) -> None:
    """Draw what to do next: one primary action, and the others beside it."""
    sides = _sides(record, plan) if record.status == "complete" and record.done > record.errors else None
    again = resumable(record)
    # Many errors block every verdict: then asking again comes first.
    first = again and (record.status != "complete" or record.errors > MANY_ERRORS * record.done)
    with slot:
        if record.done:
            exports(lambda: content_of(ws, record.id), f"{record.suite}-{record.id}", key="run_export")
        with st.popover(
            "Score again", icon=":material/rule:", key="run_rescore_menu", disabled=not record.done
        ):
            st.markdown(
                f"Scores the {record.done:,} stored answers with the scorers that the suite has now. No model is asked."
            )
            if st.button("Score again", key="run_rescore", type="secondary"):
                rescoring.rescore(ws, record.id)
                st.rerun()
        if record.status == "complete" and record.done > record.errors:
            approve_menu(ws, record, plan)
        if st.button("Run again", key="run_again", icon=":material/replay:"):
            _run_again(record, plan)
        if again:
            resume_action(ws, record, primary=first)
        kind = "secondary" if first else "primary"
        if sides and st.button("Compare", key="run_compare", type=kind, icon=":material/balance:"):
            go("compare", a=f"{record.id}:{sides[0]}", b=f"{record.id}:{sides[1]}")


def _run_again(record: RunRecord, plan: dict) -> None:
    titles = [title for title in versions_of(plan) if "@" in title]
    go("runs", suite=record.suite, prompt=",".join(titles) or None)


def _sides(record: RunRecord, plan: dict) -> tuple[str, str] | None:
    """Return baseline and candidate: the gate's, else the first and last version, else two models."""
    versions, models = versions_of(plan), models_of(plan)
    rule = (record.gate or {}).get("rule") or plan.get("gate") or {}
    if rule.get("baseline") and rule.get("candidate") and record.gate and rule["baseline"] != BASELINE_FILE:
        return _title(rule["baseline"], plan), _title(rule["candidate"], plan)
    if len(versions) > 1:
        return versions[0], versions[-1]
    return (models[0], models[1]) if len(models) > 1 else None


def _title(name: str, plan: dict) -> str:
    """Return a side of the gate as ``name@3`` where it is a version."""
    titles = versions_of(plan)
    for prompt, title in zip(plan.get("prompts", []), titles, strict=True):
        if name in (prompt["selector"], title):
            return title
    return next((t for p, t in zip(plan.get("prompts", []), titles, strict=True) if name == p["name"]), name)


def _rescoring(ws: Workspace, record: RunRecord) -> None:
    job = rescoring.rescoring_of(ws, record.id)
    if job is None:
        return
    if not job.ended:
        st.fragment(_follow_rescoring, run_every=0.5)(ws, record.id)
        return
    rescoring.forget(ws, record.id)
    if job.problem:
        problem_list([job.problem], title="It could not be scored again", key="rescoring_problem")
    elif not job.cancelled:
        toast_later(f"Scored {job.done:,} answers again. {what_moved(ws.runs.moved(record.id))}")
        st.rerun()


def _follow_rescoring(ws: Workspace, run_id: str) -> None:
    job = rescoring.rescoring_of(ws, run_id)
    if job is None or job.ended:
        st.rerun()
    with st.container(border=True, key="run_rescoring"):
        run_numbers.scoring_progress(job)
        if st.button("Stop", key="run_rescoring_stop", disabled=job.stop.is_set()):
            job.stop.set()


def _ended(ws: Workspace, record: RunRecord, plan: dict) -> None:
    if resumable(record):
        left_to_ask(ws, record)
    results = run_results(ws, record)
    scorer = primary_scorer(results, record.gate)
    _numbers(record, results, scorer)
    if record.gate:
        _gate(record.gate)
    else:
        _limits(run_limits(ws, record.id))
    _outdated(ws, record, results)
    groups = ws.store.results.errors(record.id, _scoring_id(ws, record)) if record.done else []
    if groups:
        with st.expander(
            "What went wrong", expanded=True, icon=":material/error:", key="run_errors", type="compact"
        ):
            drawn.error_groups(groups, record.id)
    draw_limits(ws.runs.limits(record.id))
    if scorer is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="run_results"):
        st.subheader("Results", anchor=False, width="content")
        if len(results.scorers) > 1:
            options = results.scorers
            key = f"run_scorer_{record.id}"
            at = options.index(scorer)
            scorer = pick("Scorer", options, key=key, index=at, label_visibility="collapsed", width=260)
    drawn.quality(results, scorer)
    show_ranking(ws, record, results, scorer)
    show_preferences(ws, record)
    _slices(ws, record, results, scorer)
    show_corpus(ws, record)
    _spending(results, plan.get("prices") or {})


def _scoring_id(ws: Workspace, record: RunRecord) -> int | None:
    scoring = ws.store.results.current_scoring(record.id)
    return scoring.id if scoring else None


def _numbers(record: RunRecord, results: RunResults, scorer: str | None) -> None:
    numbers = [run_numbers.gate_number(record.gate)] if record.gate else []
    numbers += [_best(results, scorer), run_numbers.cells_number(record), run_numbers.errors_number(record)]
    numbers += [run_numbers.cost_number(record), Number("Time", seconds(record.active_s))]
    known = [s for s in results.spending if s.p50 is not None]
    if known:
        slowest = max(known, key=lambda s: s.p95 or 0)
        numbers.append(
            Number("Latency p50 / p95", f"{seconds(slowest.p50)} / {seconds(slowest.p95)}", slowest.version)
        )
    run_numbers.strip([number for number in numbers if number])


def _best(results: RunResults, scorer: str | None) -> Number | None:
    summary = best(results, scorer)
    if summary is None:
        return None
    return Number(
        f"Best {summary.scorer}",
        amount(summary.mean, summary.unit),
        side_name(summary, by_model=results.by_model),
    )


def _gate(gate: dict) -> None:
    _rules(gate.get("rules") or [])
    held_against(gate)


def _limits(rules: list[dict]) -> None:
    """Draw how a run without a gate is held to the limits that its suite states; nothing where it states none."""
    if rules:
        st.markdown("**Limits of the suite**")
        _rules(rules)


def _rules(rules: list[dict]) -> None:
    colours = {"passed": "green", "failed": "red"}
    lines = [
        f"- :{colours.get(rule['status'], 'orange')}[**{plain(rule['status'])}**] {plain(rule['reason'])}"
        for rule in rules
    ]
    st.markdown("\n".join(lines))


def _outdated(ws: Workspace, record: RunRecord, results: RunResults) -> None:
    """Say where the suite has changed since the answers were scored."""
    try:
        now = load_suite(ws, record.suite).sha256
    except WorkbenchError:
        return
    if results.scoring_suite_sha256 not in (None, now):
        st.caption("The suite has changed since this was scored; “Score again” uses its present scorers.")


def _slices(ws: Workspace, record: RunRecord, results: RunResults, scorer: str) -> None:
    fields = list(ws.runs.plan_of(record.id).slices)
    if not fields:
        return
    part = st.expander("By slice", key="run_slices", on_change="rerun", type="compact")
    if part.open:
        with part:
            field = pick("Field", fields, key=f"run_slice_{record.id}", width=260)
            drawn.slices(results, scorer, str(field))


def _spending(results: RunResults, prices: dict) -> None:
    part = st.expander("Cost and latency", key="run_spending", on_change="rerun", type="compact")
    if part.open:
        with part:
            drawn.spending(results)
            if prices.get("models"):
                st.caption(plain(f"Prices: {price_words(prices)}."))
            if results.latency is not None:
                alt = "Share of answers that came within a time, by version"
                st.altair_chart(results.latency, alt=alt, key="run_latency")
