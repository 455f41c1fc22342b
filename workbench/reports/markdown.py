"""Markdown tables: the evidence in a release's commit, and comments on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.relative import relative_sentence
from workbench.reports.labels import label_lines
from workbench.reports.latency import latency_rows
from workbench.reports.preferences import preference_lines
from workbench.reports.text import amount, difference, interval, one_line, p_text, times, usd

if TYPE_CHECKING:
    from workbench.analysis.gate import GateResult
    from workbench.analysis.results import Comparison, MetricComparison
    from workbench.analysis.summary import Summary
    from workbench.evals.scorers.corpus import CorpusRow

#: More rows than this make nobody wiser; with head, cost and latency they fit the evidence of a release.
MAX_ROWS = 90
MAX_LISTED = 20
_ACTIVE = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")


def escape(text: str, limit: int = 120) -> str:
    """Return text on one line that Markdown shows as it is, in a table too: no markup, HTML or mention."""
    line = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u200b", _ACTIVE.sub(lambda m: "\\" + m.group(), line))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric_from: int = 1) -> list[str]:
    """Return the lines of a Markdown table; cells must be escaped already. Columns align right from one on."""
    rule = ["---" if i < numeric_from else "--:" for i in range(len(header))]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]


def summary_table(summaries: Sequence[Summary], *, slices: bool = True) -> list[str]:
    """Return the scores of a run as lines of Markdown, each with its interval and n."""
    chosen = [s for s in summaries if slices or s.slice is None]
    header = ["Version", "Model", "Metric", "Mean", "95 % interval", "n", "Errors"]
    rows = [
        [
            escape(version_name(s)),
            escape(s.model),
            _metric_name(s.scorer, s.slice),
            amount(s.mean, s.unit),
            interval(s.ci_low, s.ci_high, s.unit),
            f"{s.n:,}",
            f"{s.errors:,}",
        ]
        for s in chosen[:MAX_ROWS]
    ]
    return table(header, rows, numeric_from=3) + _rest(len(chosen))


def corpus_table(rows: Sequence[CorpusRow]) -> list[str]:
    """Return the metrics of all answers together as lines of Markdown."""
    header = ["Version", "Model", "Over all answers", "Value", "n"]
    cells = [
        [escape(row.version), escape(row.model), escape(row.metric), f"{row.value:.4f}", row.counted]
        for row in rows[:MAX_ROWS]
    ]
    return table(header, cells, numeric_from=3) + _rest(len(rows))


def comparison_table(
    comparison: Comparison, *, slices: bool = True, undecided_slices: bool = True
) -> list[str]:
    """Return a comparison as lines of Markdown: every metric and slice, then cost and latency.

    B is held against the baseline A; every row has its interval, n and verdict. Slices without a decision can be
    left out; how many they are is then said below.
    """
    level = f"{comparison.confidence * 100:g} % interval"
    header = [
        "Metric",
        escape(comparison.a),
        escape(comparison.b),
        f"Difference ({level})",
        "n",
        "p",
        "Verdict",
    ]
    wanted = [m for m in comparison.metrics if slices or m.slice is None]
    chosen = [m for m in wanted if undecided_slices or m.slice is None or m.verdict != "undecided"]
    rows = [_metric_row(m) for m in chosen[:MAX_ROWS]]
    lines = table(header, rows + _spending_rows(comparison)) + _rest(len(chosen))
    if left := len(wanted) - len(chosen):
        lines += ["", f"{left:,} {'slice is' if left == 1 else 'slices are'} undecided and not listed."]
    return lines


def _metric_row(m: MetricComparison) -> list[str]:
    around = f" ({interval(m.ci_low, m.ci_high, m.unit, signs=True)})" if m.diff is not None else ""
    verdict = m.verdict
    if m.verdict == "undecided" and m.cases_to_decide:
        verdict += f" (about {m.cases_to_decide:,} cases would decide)"
    elif m.verdict == "no verdict":
        verdict += f" ({m.errors:,} of {m.pairs:,} pairs miss an answer)"
    elif m.errors:
        verdict += f" ({m.errors:,} left out)"
    return [
        _metric_name(m.scorer, m.slice),
        amount(m.a, m.unit),
        amount(m.b, m.unit),
        f"{difference(m.diff, m.unit)}{around}",
        f"{m.n:,}",
        p_text(m.p_adjusted).removeprefix("p ").removeprefix("= "),
        verdict,
    ]


def _spending_rows(comparison: Comparison) -> list[list[str]]:
    cost, latency = comparison.cost, comparison.latency
    said = ratio_text(cost.ratio, cost.ratio_low, cost.ratio_high) if cost.ratio is not None else cost.note
    unknown = f"{cost.unknown:,} unknown" if cost.unknown else ""
    rows = [["cost per answer", usd(cost.mean_a), usd(cost.mean_b), said, f"{cost.n:,}", "", unknown]]
    for row in latency_rows(latency):
        ratio = (
            ratio_text(latency["ratio"], latency["ratio_low"], latency["ratio_high"]) if row.paired else ""
        )
        n = f"{latency['n']:,}" if row.paired else ""
        unknown = f"{latency['unknown']:,} unknown" if row.paired and latency["unknown"] else ""
        rows.append([row.title[0].lower() + row.title[1:], row.a, row.b, ratio, n, "", unknown])
    return rows


def ratio_text(ratio: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval: ``3.20 times (2.90 to 3.51)``."""
    if ratio is None or low is None or high is None:
        return times(ratio)
    return f"{times(ratio)} ({low:.2f} to {high:.2f})"


def gate_lines(gate: GateResult) -> list[str]:
    """Return a gate's result as lines of Markdown: the status, then one item a rule."""
    return [f"**Gate: {gate.status}**", "", *(f"- {r.status}: {escape(r.reason, 400)}" for r in gate.rules)]


def comparison_comment(comparison: Comparison, gate: GateResult | None = None) -> list[str]:
    """Return the lines of a whole comment: the verdict first, then gate, table, warnings and regressions."""
    lines = [f"**{escape(comparison.headline, 600)}**", ""]
    if gate is not None:
        lines += [*gate_lines(gate), ""]
    lines += [*comparison_table(comparison), ""]
    if relative := relative_sentence(comparison.primary, comparison.confidence):
        lines.append(f"- {escape(relative, 400)}")
    told = [*label_lines(comparison.labels), *preference_lines(comparison.preferences)]
    lines += [f"- {escape(line, 600)}" for line in told]
    lines += [f"- Note: {escape(w, 400)}" for w in comparison.warnings]
    for title, cases in (("Regressions", comparison.regressions), ("Improvements", comparison.improvements)):
        shown = ", ".join(escape(case) for case in cases[:MAX_LISTED])
        more = f" and {len(cases) - MAX_LISTED:,} more" if len(cases) > MAX_LISTED else ""
        lines.append(f"- {title}: {len(cases):,}{f' ({shown}{more})' if cases else ''}")
    return lines


def version_name(summary: Summary) -> str:
    """Name a summary's version as selectors do: ``triage@3``."""
    return f"{summary.prompt}@{summary.version}" if summary.version else summary.prompt


def _metric_name(scorer: str, slice: str | None) -> str:
    return escape(scorer) if slice is None else f"{escape(scorer)}, {escape(slice)}"


def _rest(total: int) -> list[str]:
    return ["", f"{total - MAX_ROWS:,} more rows are not shown."] if total > MAX_ROWS else []
