"""A run's results: means with intervals, slices, cost and latency, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from workbench.analysis.summary import Summary
from workbench.analysis.wording import amount, count, interval
from workbench.evals.scorers.corpus import CorpusRow
from workbench.reports.charts import quality_chart
from workbench.reports.markdown import version_name
from workbench.reports.text import clean, one_line
from workbench.store.results import ErrorGroup
from workbench.ui.run_results import RunResults
from workbench.ui.state import page_link
from workbench.ui.views.common import model_text, plain
from workbench.ui.views.numbers import money, seconds
from workbench.ui.views.rows import link_bar
from workbench.ui.views.run_words import error_words

_COUNT = st.column_config.NumberColumn(format="localized")
_RIGHT = st.column_config.TextColumn(alignment="right")
SENTENCES = 5


def results_table(summaries: Sequence[Summary], *, order: Sequence[str]) -> pd.DataFrame:
    """Return one row for each scorer, version and model, as it is shown."""
    rank = {name: place for place, name in enumerate(order)}
    ordered = sorted(summaries, key=lambda s: rank.get(s.scorer, len(rank)))
    return pd.DataFrame(
        {
            "Scorer": [s.scorer for s in ordered],
            "Version": [version_name(s) for s in ordered],
            "Model": [model_text(s.model) for s in ordered],
            "Mean": [amount(s.mean, s.unit) for s in ordered],
            "95 % interval": [interval(s.ci_low, s.ci_high, s.unit) for s in ordered],
            "n": [s.n for s in ordered],
            "Errors": [s.errors for s in ordered],
        }
    )


def quality(results: RunResults, scorer: str) -> None:
    """Draw the chart of one scorer beside the table of all."""
    left, right = st.columns([2, 3], gap="large")
    chosen = results.whole(scorer)
    with left:
        if any(s.mean is not None for s in chosen):
            name = f"{one_line(scorer, 60)} of each version with its 95 % interval"
            st.altair_chart(quality_chart(chosen, metric=scorer), alt=name, key="run_quality")
        else:
            st.caption(plain(f"No answer could be scored by {scorer}."))
    with right:
        frame = results_table(results.whole(), order=[scorer, *results.scorers])
        several = len({s.model for s in results.summaries}) > 1
        unknown = sum(s.unknown for s in results.whole())
        _grid(frame if several else frame.drop(columns="Model"), "results", "Results by scorer and version")
        notes = [] if several else [f"All answers are by {model_text(chosen[0].model)}." if chosen else ""]
        if unknown:
            notes.append(
                f"{count(unknown, 'value')} nobody knows, such as an unpriced cost, and are in no mean."
            )
        st.caption(
            plain(" ".join([*notes, "n counts cases; errors are answers, and are in no mean."]).strip())
        )


def slices(results: RunResults, scorer: str, field: str) -> None:
    """Draw one scorer's results by the values of a metadata field."""
    prefix = f"{field}="
    chosen = [s for s in results.summaries if s.scorer == scorer and s.slice and s.slice.startswith(prefix)]
    if not chosen:
        st.caption("There is nothing to show by this field.")
        return
    frame = pd.DataFrame(
        {
            field: [s.slice.removeprefix(prefix) for s in chosen if s.slice],
            "Version": [version_name(s) for s in chosen],
            "Model": [model_text(s.model) for s in chosen],
            "Mean": [amount(s.mean, s.unit) for s in chosen],
            "95 % interval": [interval(s.ci_low, s.ci_high, s.unit) for s in chosen],
            "n": [s.n for s in chosen],
            "Errors": [s.errors for s in chosen],
        }
    ).sort_values(field, kind="stable", key=lambda values: values.map(_size(chosen, prefix)), ascending=False)
    if frame["Model"].nunique() == 1:
        frame = frame.drop(columns="Model")
    _grid(frame, "slices", f"Results by {one_line(field, 60)}")


def _size(chosen: Sequence[Summary], prefix: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for s in chosen:
        name = (s.slice or "").removeprefix(prefix)
        sizes[name] = max(sizes.get(name, 0), s.n + s.errors)
    return sizes


def spending(results: RunResults) -> None:
    """Draw cost, latency and tokens by version and model."""
    rows = results.spending
    frame = pd.DataFrame(
        {
            "Version": [s.version for s in rows],
            "Model": [model_text(s.model) for s in rows],
            "Answers": [s.answers for s in rows],
            "Errors": [s.errors for s in rows],
            "Cached": [s.cached for s in rows],
            "Cost an answer": [money(s.cost_mean) for s in rows],
            "Cost": [
                money(s.cost) + (f" + {s.cost_unknown:,} unknown" if s.cost_unknown and s.cost else "")
                for s in rows
            ],
            "Latency p50": [seconds(s.p50) for s in rows],
            "Latency p95": [seconds(s.p95) for s in rows],
            "First token p50": [seconds(s.ttft_p50) for s in rows],
            "Tokens in": [_tokens(s.input_tokens) for s in rows],
            "Tokens out": [_tokens(s.output_tokens) for s in rows],
        }
    )
    if frame["Model"].nunique() == 1:
        frame = frame.drop(columns="Model")
    _grid(frame, "spending", "Cost, latency and tokens by version and model")
    st.caption(
        "Tokens are means an answer. An answer from the cache counts with what it cost and took the first time."
    )


def corpus(rows: Sequence[CorpusRow]) -> None:
    """Draw the metrics of all answers together by version and model."""
    frame = pd.DataFrame(
        {
            "Version": [row.version for row in rows],
            "Model": [model_text(row.model) for row in rows],
            "Metric": [row.metric for row in rows],
            "Value": [f"{row.value:.4f}" for row in rows],
            "n": [row.n for row in rows],
            "Missing": [row.missing for row in rows],
        }
    )
    if frame["Model"].nunique() == 1:
        frame = frame.drop(columns="Model")
    if not frame["Missing"].any():
        frame = frame.drop(columns="Missing")
    _grid(frame, "corpus", "Metrics of all answers together by version and model")
    st.caption(
        "Each is the metric of all answers together, as papers report it, and not the mean of single values."
    )


def _tokens(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def _grid(frame: pd.DataFrame, key: str, alt: str) -> None:
    texts = {
        "Mean",
        "95 % interval",
        *(c for c in frame if c.startswith(("Cost", "Latency", "First", "Tokens"))),
    }
    config: dict[str, Any] = {name: _RIGHT for name in frame.columns if name in texts}
    config |= {name: _COUNT for name in ("n", "Errors", "Answers", "Cached") if name in frame}
    frame = frame.map(lambda value: clean(value) if isinstance(value, str) else value)
    st.dataframe(frame, hide_index=True, column_config=config, key=f"run_{key}_grid", alt=alt, lazy=False)


def error_groups(groups: Sequence[ErrorGroup], run_id: str) -> None:
    """List a run's faults by kind and sentence, each with a link to its cells."""
    kinds: dict[tuple[str | None, str], list[ErrorGroup]] = {}
    for group in groups:
        kinds.setdefault((group.scorer, group.kind), []).append(group)
    for place, ((scorer, kind), members) in enumerate(kinds.items()):
        total = sum(group.count for group in members)
        subject = f"The scorer {scorer} could not judge" if scorer else error_words(kind)
        with link_bar(f"run_error_kind_{place}"):
            st.markdown(f"**{plain(subject)}** · {count(total, 'cell')}", width="content")
            page_link("runs", "Show them", run=run_id, only="errors", scorer=scorer)
        lines = [
            f"- {plain(one_line(clean(g.message), 400))} :gray[{g.count:,} × · such as {plain(g.case_id)}]"
            for g in members[:SENTENCES]
        ]
        if len(members) > SENTENCES:
            lines.append(f"- and {count(len(members) - SENTENCES, 'more sentence')}")
        st.markdown("\n".join(lines))
