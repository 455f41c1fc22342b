"""A ranking of several versions or models: the sentence, the ranks, the frontier, what is established."""

from __future__ import annotations

import streamlit as st

from workbench.analysis.ranking import PairDifference, Ranked, Ranking
from workbench.analysis.wording import count
from workbench.reports.frontier import frontier_chart, told_apart
from workbench.reports.text import amount, difference, interval, p_text, seconds, usd
from workbench.ui.views.common import plain
from workbench.ui.views.compare_html import Column, draw, esc_line, table, verdict_html

#: More established pairs than this are left to the report.
MAX_PAIRS = 20

_COLUMNS = (
    Column("Version"),
    Column("Rank", number=True, help="By the mean as it was seen; 1 is the best."),
    Column(
        "Between", number=True, help="Where the true rank lies: together for all rows with 95 % confidence."
    ),
    Column("Mean", number=True),
    Column("95 % interval", number=True),
    Column("n", number=True),
    Column("Against the baseline"),
    Column("Cost", number=True, help="Of an answer, on average."),
    Column("Latency", number=True, help="Of an answer, the median."),
    Column("Dominated by", help="What is at least as good, as cheap and as fast, and better in one of them."),
)


def draw_ranking(ranking: Ranking) -> None:
    """Draw a ranking; the version or model that a person may choose is said first."""
    icon = ":green[:material/trophy:]" if ranking.best else ":orange[:material/question_mark:]"
    st.markdown(f"{icon} **{plain(ranking.sentence)}**")
    beaten = {row.name: row for row in ranking.frontier}
    rows = [
        [
            esc_line(row.name, 60),
            "" if row.rank is None else f"{row.rank}",
            f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}",
            esc_line(amount(row.mean, ranking.unit)),
            esc_line(interval(row.ci_low, row.ci_high, ranking.unit)),
            f"{row.n:,}",
            _against(row, ranking.unit),
            esc_line(usd(row.cost_usd)),
            esc_line(seconds(row.latency_s)),
            _dominated(beaten[row.name].dominated_by, beaten[row.name].established),
        ]
        for row in ranking.rows
    ]
    draw(table(_COLUMNS, rows, first=bool(ranking.best)), label=f"Ranking by {ranking.metric}")
    for warning in ranking.warnings:
        st.markdown(f":orange[:material/warning:] {plain(warning)}")
    axes = told_apart(ranking)
    left, right = st.columns([3, 2], gap="large") if axes else (None, st.container())
    if left is not None:
        with left:
            _chart(ranking, axes)
    with right:
        _established(ranking)


def _against(row: Ranked, unit: str) -> str:
    if row.verdict is None:
        return '<span class="quiet">baseline</span>'
    diff = "" if row.diff is None else f' <span class="quiet">{esc_line(difference(row.diff, unit))}</span>'
    return verdict_html(row.verdict) + diff


def _dominated(names: list[str], established: list[str]) -> str:
    if not names:
        return '<span class="good">nothing</span>'
    return ", ".join(esc_line(n, 40) + (" (established)" if n in established else "") for n in names)


def _chart(ranking: Ranking, axes: list) -> None:
    axis = axes[0]
    if len(axes) > 1:
        chosen = st.segmented_control(
            "Against",
            axes,
            default=axes[0],
            key="run_frontier_axis",
            label_visibility="collapsed",
            required=True,
            format_func=str.capitalize,
        )
        axis = chosen or axes[0]
    st.altair_chart(
        frontier_chart(ranking, axis),
        key="run_frontier",
        alt=f"{ranking.metric} against {axis} of each version",
    )
    st.caption("Hollow: another one is at least as good, as cheap and as fast.")


def _established(ranking: Ranking) -> None:
    found = [pair for pair in ranking.pairs if pair.better]
    st.markdown(f"**Established differences: {len(found):,} of {count(len(ranking.pairs), 'pair')}**")
    if not found:
        st.caption("None yet: more cases, or larger differences, would establish some.")
        return
    lines = [f"- {_pair(pair, ranking.unit)}" for pair in found[:MAX_PAIRS]]
    if len(found) > MAX_PAIRS:
        lines.append(f"- and {len(found) - MAX_PAIRS:,} more, which the exported JSON lists")
    st.markdown("\n".join(lines))
    st.caption("p is corrected for all pairs (Holm).")


def _pair(pair: PairDifference, unit: str) -> str:
    worse, diff, low, high = pair.lead()
    around = f"{difference(diff, unit)} ({interval(low, high, unit, signs=True)}; {p_text(pair.p_adjusted)})"
    return f"**{plain(pair.better)}** over {plain(worse)}: {plain(around)}"
