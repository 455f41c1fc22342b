"""A run's cells: one page of them as rows, and one in full."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from workbench.analysis.wording import amount
from workbench.evals.types import Case, Score
from workbench.prompts.turns import call_text, message_text
from workbench.reports.text import clean, one_line
from workbench.store.results import CellRecord
from workbench.ui.views.common import model_text, plain
from workbench.ui.views.numbers import count, money, seconds
from workbench.ui.views.rows import COLOURS, Column, Table, mark, row, start, text
from workbench.ui.views.run_numbers import Number, strip
from workbench.ui.views.run_words import error_words
from workbench.ui.views.suite_detail import block, metadata
from workbench.ui.views.suite_words import value_text

SHOWN_SCORES = 4
EXCERPT = 300


def cells_table(*, several_models: bool, repeats: bool, timed: bool = True, priced: bool = True) -> Table:
    """Return the columns that a run's cells need."""
    columns = [Column("Version", "minmax(0, 1.1fr)")]
    columns += [Column("Model", "minmax(0, 1fr)")] if several_models else []
    columns += [Column("Repeat", "3.4rem", right=True)] if repeats else []
    columns += [
        Column("Scores", "minmax(0, 1.7fr)"),
        Column("Output", "minmax(0, 3.2fr)"),
    ]
    columns += [Column("Latency", "4.2rem", right=True)] if timed else []
    columns += [Column("Cost", "4.6rem", right=True)] if priced else []
    return Table("cells", "Case", tuple(columns), link_width=210)


def cell_rows(
    table: Table,
    records: Sequence[CellRecord],
    *,
    versions: Sequence[str],
    models: Sequence[str],
    units: dict[str, str],
    first: int,
    **params: Any,
) -> None:
    """Draw one row a cell. ``first`` is the place of the first one in the whole list; ``params`` go into links."""
    titles = {column.title for column in table.columns}
    with start(table):
        for place, record in enumerate(records, first):
            cell = record.cell
            cells = [text(versions[cell.prompt_index], lines=2)]
            cells += [text(model_text(models[cell.model_index]), lines=3)] if "Model" in titles else []
            cells += [text(cell.repeat + 1)] if "Repeat" in titles else []
            cells += [scores_html(record, units), _output_html(record)]
            cells += [_latency_html(record)] if "Latency" in titles else []
            cells += [_cost_html(record)] if "Cost" in titles else []
            row(table, str(record.id), ("runs", cell.case_id), cells, cell=record.id, at=place, **params)


def answer_rows(
    records: Sequence[CellRecord],
    *,
    here: int,
    versions: Sequence[str],
    models: Sequence[str],
    units: dict[str, str],
    **params: Any,
) -> None:
    """Draw all answers to one case, a row each; the one that is open (``here``) is marked."""
    table = Table(
        "answers",
        "Version",
        (
            *([Column("Model", "minmax(0, 1fr)")] if len(models) > 1 else []),
            Column("Scores", "minmax(0, 1.7fr)"),
            Column("Output", "minmax(0, 3.2fr)"),
            Column("Latency", "4.2rem", right=True),
        ),
        link_width=230,
    )
    with start(table):
        for record in records:
            cell = record.cell
            nth = f", answer {cell.repeat + 1}" if any(r.cell.repeat for r in records) else ""
            cells = [text(model_text(models[cell.model_index]), lines=3)] if len(models) > 1 else []
            cells += [scores_html(record, units), _output_html(record)]
            cells += [_latency_html(record)]
            icon = ":material/arrow_right:" if record.id == here else None
            link = ("runs", versions[cell.prompt_index] + nth)
            row(table, str(record.id), link, cells, icon=icon, cell=record.id, **params)


def scores_html(record: CellRecord, units: dict[str, str]) -> str:
    """Return a cell's scores as HTML: passed, failed, a number, or an error, each with its scorer's name."""
    if not record.completion.ok:
        return mark(error_words(str(record.completion.error)), "red", "!")
    if not record.scores:
        return text("not scored", colour="gray")
    parts = [_score_html(score, units.get(score.scorer, "score")) for score in record.scores[:SHOWN_SCORES]]
    more = len(record.scores) - SHOWN_SCORES
    if more > 0:
        parts.append(text(f"and {more} more", colour="gray"))
    return f'<div style="display:flex;flex-wrap:wrap;gap:0 0.8rem">{"".join(parts)}</div>'


def _score_html(score: Score, unit: str) -> str:
    symbol, colour, word = verdict(score, unit)
    tip = escape(clean(score.error or score.reason)[:400], quote=True)
    shown = f"{symbol} {word}".strip()
    return (
        f'<span title="{tip}" style="white-space:nowrap"><span style="color:{COLOURS[colour]};font-weight:600">'
        f"{escape(shown)}</span> {escape(one_line(score.scorer, 40))}</span>"
    )


def verdict(score: Score, unit: str) -> tuple[str, str, str]:
    """Return a score as symbol, colour and value; the value is empty where the symbol says it all."""
    if score.error:
        return "!", "red", "error"
    plain_flag = unit == "score" and score.value in (0, 1) and score.passed is not None
    value = "" if plain_flag else amount(score.value, unit)
    if score.passed is None:
        return "", "gray", value
    return ("✓", "green", value) if score.passed else ("✕", "red", value)


def _output_html(record: CellRecord) -> str:
    completion = record.completion
    if not completion.ok:
        return text(one_line(completion.error_message or "No answer", EXCERPT), colour="red", lines=2)
    shown = one_line(completion.text or " ".join(map(call_text, completion.tool_calls)), EXCERPT)
    return text(shown, lines=2) if shown else text("(empty)", colour="gray")


def _latency_html(record: CellRecord) -> str:
    return text(seconds(record.completion.latency_s) if record.completion.ok else "–")


def _cost_html(record: CellRecord) -> str:
    completion = record.completion
    return text("cached" if completion.cached else money(completion.cost_usd) if completion.ok else "–")


def figures(record: CellRecord) -> None:
    """Draw what one answer took: latency, tokens, cost, and how it ended."""
    c, usage = record.completion, record.completion.usage
    numbers = [
        Number(
            "Latency",
            seconds(c.latency_s),
            f"first token {seconds(c.ttft_s)}" if c.ttft_s is not None else "",
        ),
        Number(
            "Tokens in",
            count(usage.input),
            "estimated" if usage.estimated and usage.input is not None else "",
        ),
        Number("Tokens out", count(usage.output)),
        Number("Cost", money(c.cost_usd), "from the cache, not spent again" if c.cached else ""),
    ]
    if c.finish_reason and c.finish_reason != "stop":
        numbers.append(Number("Ended", c.finish_reason))
    strip(numbers)


def answer(record: CellRecord) -> None:
    """Draw an output in full, or the error that came instead."""
    completion = record.completion
    if not completion.ok:
        kind = error_words(str(completion.error))
        st.error(plain(f"{kind}: {clean(completion.error_message or 'no answer')}"), icon=":material/error:")
        if completion.text:
            st.caption("What had arrived until then:")
    if completion.text:
        st.code(clean(completion.text)[:50_000], language=_language(completion.text), wrap_lines=True)
    for call in completion.tool_calls:
        st.code(clean(call_text(call))[:50_000], language=None, wrap_lines=True)
    if completion.ok and not completion.text and not completion.tool_calls:
        st.caption("The answer is empty.")
    if completion.logprobs:
        with st.expander("Log probabilities"):
            st.dataframe(logprob_rows(completion.logprobs), hide_index=True)


def logprob_rows(tokens: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a token: how likely it was, and what else was likely, in percent."""
    return [
        {
            "token": one_line(repr(token.get("token", ""))[1:-1], 40),
            "percent": _percent(token),
            "others": ", ".join(
                f"{one_line(repr(other.get('token', ''))[1:-1], 20)} {_percent(other):.1f}"
                for other in token.get("top_logprobs") or ()
                if other.get("token") != token.get("token") and _percent(other) is not None
            ),
        }
        for token in tokens[:2000]
    ]


def _percent(token: dict[str, Any]) -> float | None:
    value = token.get("logprob")
    return 100 * math.exp(min(value, 0.0)) if isinstance(value, int | float) else None


def _language(output: str) -> str | None:
    if output.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(output)
    except ValueError:
        return None
    return "json"


def score_list(record: CellRecord, units: dict[str, str]) -> None:
    """Draw every score with its reason."""
    if not record.scores:
        st.caption("Not scored yet.")
    lines = []
    for score in record.scores:
        symbol, colour, value = verdict(score, units.get(score.scorer, "score"))
        word = value or ("passed" if score.passed else "failed")
        reason = score.error or score.reason
        head = f":{colour}[**{plain(f'{symbol} {word}'.strip())}**] &nbsp;**{plain(score.scorer)}**"
        lines.append(head + (f"  \n{plain(clean(reason)[:2000])}" if reason else ""))
    st.markdown("  \n".join(lines))


def messages(sent: Sequence[dict[str, str]]) -> None:
    """Draw rendered messages, each with its role."""
    for message in sent:
        st.caption(plain(message["role"]))
        block(message_text(message))


def expected(case: Case | None) -> None:
    """Draw what a case expects, and its metadata."""
    st.subheader("Expected", anchor=False)
    if case is None or case.expected is None:
        st.caption("Nothing is expected of this case.")
    else:
        block(case.expected)
    if case is not None and case.metadata:
        st.subheader("Metadata", anchor=False)
        metadata(case)


def case_line(case: Case | None, model: str, repeat: int, repeats: int) -> str:
    """Return under which conditions a cell was asked."""
    nth = f" · answer {repeat + 1} of {repeats}" if repeats > 1 else ""
    return f"{model_text(model)}{nth}" + (
        f" · expects {one_line(value_text(case.expected), 60)}" if case and case.expected is not None else ""
    )
