"""One case with what two sides answered: variables, expected, both outputs with their differences, scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.analysis.wording import count
from workbench.prompts.diff import Segment, word_diff
from workbench.reports.content import said
from workbench.reports.text import amount, seconds, usd
from workbench.ui.views.compare_html import (
    draw,
    esc,
    esc_line,
    legend_html,
    segments_html,
    shown,
    side_html,
    text_box,
)

if TYPE_CHECKING:
    from workbench.evals.types import Case, Score
    from workbench.store.results import CellRecord

SIDE_BY_SIDE, IN_ONE = "Side by side", "In one"
#: Below this share in common, marking what differs would mark everything.
LITTLE = 0.25
#: Up to so many characters a text is taken in at a glance.
SHORT = 60
_OUTCOMES = {
    "worse": ("▼", "worse", "bad"),
    "better": ("▲", "better", "good"),
    "same": ("＝", "the same score", "quiet"),
    "missing": ("–", "an answer is missing", "open"),
}


def case_head(case: Case, outcome: str) -> None:
    """Draw a case's id, what became of it, and its metadata."""
    sign, word, look = _OUTCOMES.get(outcome, ("", "", "quiet"))
    chips = "".join(
        f'<span class="chip">{esc_line(f"{key}: {_text(value)}", 80)}</span>'
        for key, value in case.metadata.items()
    )
    draw(
        f'<b>{esc_line(case.id, 200)}</b> &ensp;<span class="verdict {look}"><span aria-hidden="true">{sign}'
        f"</span> {word}</span> &ensp;{chips}",
        label=f"Case {case.id}",
    )


def case_inputs(case: Case) -> None:
    """Draw a case's variables and what is expected, a short expectation beside them."""
    boxes = [
        text_box(esc(shown(_text(value))[0]), label=esc_line(name), prose=True)
        for name, value in case.vars.items()
    ]
    gap = '<div style="height:.4rem"></div>'
    variables = gap.join(boxes) or '<p class="label">This case has no variables.</p>'
    if case.expected is None:
        draw(variables)
        return
    text = _text(case.expected)
    expected = text_box(esc(shown(text)[0]), label="expected", prose=True)
    if len(text) > SHORT or "\n" in text:
        draw(variables + gap + expected)
    else:
        tracks = "display:grid;grid-template-columns:minmax(0,3fr) minmax(0,1fr);gap:.8rem"
        draw(f'<div style="{tracks}"><div>{variables}</div><div>{expected}</div></div>')


def case_answers(
    a: CellRecord | None, b: CellRecord | None, names: tuple[str, str], units: Mapping[str, str]
) -> None:
    """Draw both outputs with what differs marked, and the scores of each."""
    texts = [said(record.completion) if record else "" for record in (a, b)]
    cut = [shown(text) for text in texts]
    segments = word_diff(cut[0][0], cut[1][0])
    same = bool(a and b) and texts[0] == texts[1]
    way = st.segmented_control(
        "Show the answers",
        [SIDE_BY_SIDE, IN_ONE],
        key="compare_way",
        default=SIDE_BY_SIDE,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    alike = _alike(segments)
    if same:
        st.caption("Both answered the same, character by character.")
    elif way != IN_ONE and not alike and max(map(len, texts)) > SHORT:
        st.caption("The answers have little in common, so what differs is not marked.")
    if way == IN_ONE:
        draw(text_box(segments_html(segments) or _empty(a or b), label=legend_html(names)))
    for column, letter, record, name, only, (text, note) in zip(
        st.columns(2), "AB", (a, b), names, ("delete", "insert"), cut, strict=True
    ):
        with column:
            if way != IN_ONE:
                _answer(letter, record, name, segments if alike else [Segment("equal", text)], only)
            if note:
                st.caption(note)
            if record:
                draw(_scores(record.scores, units) + _facts(record))


def _alike(segments: Sequence[Segment]) -> bool:
    """Whether enough is the same on both sides for marks to be of help."""
    equal = sum(len(segment.text) for segment in segments if segment.op == "equal")
    longest = max(sum(len(s.text) for s in segments if s.op in ("equal", op)) for op in ("insert", "delete"))
    return longest == 0 or equal >= LITTLE * longest


def _answer(
    letter: str, record: CellRecord | None, name: str, segments: Sequence[Segment], only: str
) -> None:
    body = segments_html(segments, only=only) if record and said(record.completion) else _empty(record)
    draw(text_box(body, label=side_html(letter, name), marks=True))


def _empty(record: CellRecord | None) -> str:
    if record is None:
        return '<span class="open">– This side has no answer to this case.</span>'
    if record.completion.error:
        message = record.completion.error_message or "no message"
        return f'<span class="bad">▼ {esc_line(record.completion.error)}: {esc_line(message, 400)}</span>'
    return '<span class="quiet">An empty answer.</span>'


def _scores(scores: Sequence[Score], units: Mapping[str, str]) -> str:
    return "".join(_score(score, units.get(score.scorer, "score")) for score in scores)


def _score(score: Score, unit: str) -> str:
    if score.error:
        said, look = f"error: {esc_line(score.error, 200)}", "bad"
    else:
        word = {True: "passed", False: "failed", None: ""}[score.passed]
        # A plain pass or fail is its word; the number would say it twice.
        whole = unit == "score" and score.value in (0, 1) and score.passed is not None
        said = word if whole else f"{amount(score.value, unit)} {word}"
        look = {True: "good", False: "bad", None: ""}[score.passed]
    sign = {True: "✓ ", False: "✗ ", None: ""}[score.passed]
    reason = f' <span class="quiet">{esc_line(score.reason, 300)}</span>' if score.reason else ""
    return f'<div>{esc_line(score.scorer)} <b class="{look}">{sign}{said}</b>{reason}</div>'


def _facts(record: CellRecord) -> str:
    done = record.completion
    facts = [f"latency {seconds(done.latency_s)}", f"cost {usd(done.cost_usd)}"]
    if done.usage.output is not None:
        facts.append(f"{count(done.usage.output, 'token')} out")
    if done.finish_reason not in (None, "stop"):
        facts.append(f"ended by {done.finish_reason}")
    if done.cached:
        facts.append("from the cache")
    return f'<p class="label">{esc_line(" · ".join(facts), 200)}</p>'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
