"""A release as it is looked at before and after: diff, message, evidence, what happens, past ones."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.analysis.wording import count, listed
from workbench.reports.text import clean
from workbench.ui.views.common import matches, model_text, pager, plain, search_box
from workbench.ui.views.compare_html import Column, draw, esc, esc_line, patch_html, table, text_box
from workbench.ui.views.numbers import money, when

if TYPE_CHECKING:
    from workbench.delivery.evidence import Evidence
    from workbench.delivery.git import ReleasePlan
    from workbench.store.releases import ReleaseRecord

_GATES = {"passed": ("✓", "good"), "failed": ("✗", "bad"), "undecided": ("?", "open")}
PAGE = 20


def draw_change(plan: ReleasePlan) -> None:
    """Draw the diff first, then the whole commit message."""
    if plan.diff:
        draw(text_box(patch_html(plan.diff), label=esc_line(f"Diff of {plan.path}", 300)), label="Diff")
    else:
        st.caption(f"{plain(plan.base)} holds exactly this file already, so there is no difference.")
    draw(text_box(esc(plan.message), label="Commit message"), label="Commit message")


def draw_evidence(evidence: Evidence, gate: dict[str, Any] | None) -> None:
    """Draw what stands behind the version; where nothing does, say so."""
    st.markdown("**Evidence**")
    if evidence.empty:
        st.markdown(":orange[:material/warning:] No evaluation stands behind this version.")
        st.caption("It can be released all the same; the commit says plainly that there is no evidence.")
        return
    st.write(plain(evidence.result or "Without a verdict"))
    worse = listed(list(evidence.regressions), 5) if evidence.regressions else ""
    rows = [
        ["Suite", esc_line(evidence.suite or "unknown")],
        ["Run", esc_line(evidence.run_id or "unknown")],
        ["Against", esc_line(evidence.baseline or "nothing: there was one version only")],
        ["Models", esc_line(", ".join(model_text(model) for model in evidence.models), 300)],
        ["Cost of the run", esc_line(money(evidence.cost_usd))],
    ]
    if evidence.baseline:
        got_worse = f"{count(len(evidence.regressions), 'case')}{': ' if worse else ''}{worse}"
        rows.append(["Got worse", esc_line(got_worse, 400)])
    if gate:
        sign, look = _GATES.get(str(gate.get("status")), ("", "quiet"))
        said = f'<b class="{look}">{sign} {esc_line(gate.get("status"))}</b>'
        reasons = "; ".join(str(reason).rstrip(".") for reason in gate.get("reasons", ()))
        rows.append(["Gate", f'{said} <span class="quiet">{esc_line(reasons, 500)}</span>'])
    draw(table([Column("What it rests on"), Column("")], rows), label="Evidence")


def draw_effect(plan: ReleasePlan) -> None:
    """Draw what a release would do, and what a person should know before."""
    base = f"{plan.base} ({plan.base_commit[:10]})" if plan.base_commit else plan.base
    rows = [
        ["Branch", esc_line(plan.branch, 200)],
        ["Starts from", esc_line(base, 200)],
        ["File", esc_line(plan.path, 300)],
        ["Repository", esc_line(plan.home, 300)],
    ]
    draw(table([Column("What happens"), Column("")], rows), label="What happens")
    notes = ["One commit on a new branch. The working tree and the index are left as they are.", *plan.notes]
    st.caption("  \n".join(plain(note) for note in notes))


def draw_delivered(plan: ReleasePlan) -> None:
    """Draw where a version is, and the commands that look at it and send it on."""
    st.success(plain(plan.already or ""), icon=":material/check:")
    if not plan.already or plan.branch not in plan.already:
        return
    home = shlex.quote(clean(str(plan.home)))
    st.caption("Look at it")
    st.code(f"git -C {home} show {plan.branch}", language="bash", wrap_lines=True)
    if plan.remotes:
        name, url = plan.remotes[0]
        st.caption(f"Send it to {plain(name)}, {plain(url)}")
        st.code(f"git -C {home} push {shlex.quote(name)} {plan.branch}", language="bash", wrap_lines=True)
    else:
        st.caption("The repository has no remote. To take it over where you are")
        st.code(f"git -C {home} merge {plan.branch}", language="bash", wrap_lines=True)


def draw_past(records: Sequence[ReleaseRecord]) -> None:
    """Draw the deliveries so far, newest first."""
    st.subheader("Past releases", anchor=False)
    if not records:
        st.caption("None yet. What is released stands here with its branch, commit and run.")
        return
    query = ""
    if len(records) > 5:
        query = search_box("release_search", placeholder="Search releases")
    found = [
        r
        for r in records
        if matches(query, r.prompt, r.number, r.repo, r.branch, r.commit, r.run_id, r.author)
    ]
    rows_place = st.container()
    offset, limit = pager(len(found), size=PAGE, key="release_page", noun="releases")
    rows = [
        [
            f"{esc_line(r.prompt, 60)}@{r.number}",
            esc_line(when(r.created_at)),
            esc_line(r.branch, 100),
            f"<code>{esc_line(r.commit[:10])}</code>",
            esc_line(r.run_id or "no evidence"),
            esc_line(r.repo, 100),
            esc_line(r.author, 40),
        ]
        for r in found[offset : offset + limit]
    ]
    titles = ("Version", "When", "Branch", "Commit", "Run", "Repository", "By")
    with rows_place:
        if rows:
            draw(table([Column(title) for title in titles], rows), label="Past releases")
        else:
            st.caption("No release matches the search.")
