"""The verdict: what is said first and largest, and the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.analysis.relative import relative_sentence
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.wording import count
from workbench.reports.labels import label_lines
from workbench.reports.latency import latency_rows
from workbench.reports.markdown import ratio_text
from workbench.reports.preferences import preference_lines
from workbench.reports.text import amount, difference, interval, p_text, usd
from workbench.ui.views.common import model_text, plain
from workbench.ui.views.compare_html import (
    VERDICTS,
    Column,
    draw,
    esc_line,
    side_html,
    table,
    verdict_html,
)
from workbench.ui.views.compare_words import Words

_ICONS = {
    "better": ":green[:material/trending_up:]",
    "worse": ":red[:material/trending_down:]",
    "equivalent": ":blue[:material/drag_handle:]",
    "undecided": ":orange[:material/question_mark:]",
    "no verdict": ":orange[:material/block:]",
}

_GATE_ICONS = {
    "passed": ":green[:material/check:]",
    "failed": ":red[:material/close:]",
    "undecided": ":orange[:material/question_mark:]",
}


def draw_verdict(comparison: Comparison, words: Words) -> None:
    """Draw the sentence, the numbers, the interval as a strip, and the next step."""
    m = comparison.primary
    icon = _ICONS[m.verdict]
    with st.container(key="compare_verdict", gap="xsmall"):
        st.title(f"{icon} {plain(words.sentence)}", anchor=False)
        st.markdown(plain(words.numbers))
        if m.diff is not None and m.ci_low is not None and m.ci_high is not None:
            draw(_strip(comparison), label="The difference with its interval against zero")
        if relative := relative_sentence(m, comparison.confidence):
            st.caption(plain(relative))
        if words.gate:
            st.markdown(f"{_GATE_ICONS.get(words.gate[0], '')} {plain(words.gate[1])}")
        for sentence in words.setbacks:
            st.markdown(f":red[:material/trending_down:] {plain(sentence)}")
        st.caption(plain(words.next_step))


def _strip(comparison: Comparison) -> str:
    """The interval on an axis with zero in the middle, the margin shaded; the good direction to the right."""
    m = comparison.primary
    sign = -1.0 if m.lower_is_better else 1.0
    low, high = sorted((m.ci_low * sign, m.ci_high * sign))  # type: ignore[operator]
    reach = max(abs(low), abs(high), m.margin) * 1.12 or 1.0

    def place(value: float) -> float:
        return 50 + 50 * value / reach

    look = VERDICTS[m.verdict][1]
    shaded = (
        f'<i class="margin" style="left:{place(-m.margin):.2f}%;width:{100 * m.margin / reach:.2f}%"></i>'
        if m.margin
        else ""
    )
    margin = f" (± {difference(m.margin, m.unit).lstrip('+')} does not matter)" if m.margin else ""
    return (
        f'<div class="wb-strip" aria-hidden="true"><i class="axis"></i>{shaded}'
        f'<i class="zero" style="left:50%"></i>'
        f'<i class="range {look}" style="left:{place(low):.2f}%;width:{place(high) - place(low):.2f}%"></i>'
        f'<i class="dot {look}" style="left:{place(m.diff * sign):.2f}%"></i>'  # type: ignore[operator]
        f'<span style="left:0">← A better</span><span style="left:50%;transform:translateX(-50%)">'
        f'no difference{margin}</span><span style="right:0">B better →</span></div>'
    )


def _in_words(title: str) -> str:
    return title.replace("p50", "median").replace("p95", "95th percentile")


def draw_spending(comparison: Comparison, models: Sequence[str]) -> None:
    """Draw cost and latency of both sides, with what is unknown, and who answered."""
    cost, latency = comparison.cost, comparison.latency
    cost_ratio = (
        ratio_text(cost.ratio, cost.ratio_low, cost.ratio_high).replace(" times", "×")
        if cost.ratio is not None
        else (cost.note or "unknown")
    )
    ratio = ratio_text(latency["ratio"], latency["ratio_low"], latency["ratio_high"]).replace(" times", "×")
    rows = [
        ["Cost per answer", usd(cost.mean_a), usd(cost.mean_b), esc_line(cost_ratio)],
        ["Cost in total", usd(cost.a), usd(cost.b), ""],
        *(
            [_in_words(row.title), row.a, row.b, esc_line(ratio) if row.paired else ""]
            for row in latency_rows(latency, names=("p50", "p95"), intervals=False)
        ),
    ]
    columns = [
        Column("Cost and latency"),
        Column("A", number=True),
        Column("B", number=True),
        Column("B / A", number=True, help="Means per answer, with the 95 % interval"),
    ]
    notes = []
    if cost.unknown:
        notes.append(
            f"Cost is unknown for {count(cost.unknown, 'pair')} of {cost.n + cost.unknown:,}; not counted as 0."
        )
    if latency["unknown"]:
        notes.append(f"Latency is unknown for {count(latency['unknown'], 'pair')}.")
    notes.append(f"Answered by {', '.join(model_text(model) for model in models)}.")
    said = f'<p class="label" style="margin-top:.5rem">{esc_line(" ".join(notes), 500)}</p>'
    draw(table(columns, rows) + said, label="Cost and latency of both sides")


def draw_metrics(comparison: Comparison) -> None:
    """Draw every metric over all cases, the one that decides first."""
    metrics = [m for m in comparison.metrics if m.slice is None]
    metrics.sort(key=lambda m: m.scorer != comparison.primary.scorer)
    draw(
        metrics_table(metrics, comparison, names="scorer", first=len(metrics) > 1),
        label="Every metric on the same cases",
    )


def draw_preferences(comparison: Comparison) -> None:
    """Draw what people's labels say, and what judges that compare prefer; nothing where there is neither."""
    lines = [*label_lines(comparison.labels), *preference_lines(comparison.preferences)]
    if lines:
        with st.container(key="compare_preferences", gap="xsmall"):
            for line in lines:
                st.caption(plain(line))


def metrics_table(
    metrics: list[MetricComparison], comparison: Comparison, *, names: str, first: bool = False
) -> str:
    """Return metrics (``names`` is ``scorer``) or slices (``slice``) with difference, interval, p and verdict."""
    columns = [
        Column("Metric" if names == "scorer" else "Slice"),
        Column(side_html("A", comparison.a, 32), number=True),
        Column(side_html("B", comparison.b, 32), number=True),
        Column("Difference", number=True),
        Column(f"{comparison.confidence * 100:g} % interval", number=True),
        Column("Cases", number=True, help="Cases with a value on both sides"),
        Column("Better / same / worse", number=True, help="Cases on which B is better, the same, worse"),
        Column("p", number=True, help="Slices are corrected for their number (Holm)"),
        Column("Verdict"),
    ]
    return table(columns, [_metric_row(m, names) for m in metrics], first=first)


def _metric_row(m: MetricComparison, names: str) -> list[str]:
    name = m.scorer if names == "scorer" else (m.slice or "all cases")
    said = verdict_html(m.verdict)
    if m.verdict == "undecided" and m.cases_to_decide:
        said += f' <span class="quiet">~{m.cases_to_decide:,} cases</span>'
    if m.errors:
        said += f' <span class="quiet">{m.errors:,} missing</span>'
    return [
        esc_line(name, 80),
        amount(m.a, m.unit),
        amount(m.b, m.unit),
        difference(m.diff, m.unit),
        interval(m.ci_low, m.ci_high, m.unit, signs=True),
        f"{m.n:,}",
        f"{m.wins:,} / {m.ties:,} / {m.losses:,}",
        esc_line(p_text(m.p_adjusted).removeprefix("p ").removeprefix("= ")),
        said,
    ]
