"""What the command line prints: tables and sentences for Rich, with nothing read as markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workbench.analysis.gate import GateResult
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.summary import Summary
from workbench.reports.markdown import ratio_text, version_name
from workbench.reports.text import amount, clean, difference, interval, one_line, p_text, seconds, usd

#: Colour is never the only sign: the word itself is always printed.
_STYLES = {
    "better": "green",
    "worse": "red",
    "equivalent": "cyan",
    "undecided": "yellow",
    "no verdict": "magenta",
    "passed": "green",
    "failed": "red",
}
_MAX_LISTED = 10


def plain(text: str, style: str = "", limit: int | None = None) -> Text:
    """Return text that the terminal shows as it is: no markup, no control characters."""
    return Text(clean(text) if limit is None else one_line(text, limit), style=style)


def summary_table(summaries: Sequence[Summary], *, slices: bool = True) -> Table:
    """Return the scores of a run as a table, each with its interval, n and errors."""
    table = _table("Version", "Model", "Metric", "Slice", "Mean", "95 % interval", "n", "Errors", left=4)
    before: tuple[str, str] | None = None
    for s in summaries:
        if s.slice is not None and not slices:
            continue
        if before is not None and before != (version_name(s), s.model):
            table.add_section()
        before = (version_name(s), s.model)
        table.add_row(
            plain(before[0], limit=40),
            plain(s.model, limit=40),
            plain(s.scorer, limit=30),
            plain(s.slice or "", limit=40),
            amount(s.mean, s.unit),
            interval(s.ci_low, s.ci_high, s.unit),
            f"{s.n:,}",
            Text(f"{s.errors:,}", style="red" if s.errors else ""),
        )
    return table


def comparison_view(comparison: Comparison, gate: GateResult | None = None) -> RenderableType:
    """Return a comparison, the verdict first: headline, gate, metrics, cost and latency, cases, warnings."""
    parts: list[RenderableType] = [plain(comparison.headline, f"bold {_STYLES[comparison.verdict]}"), Text()]
    if gate is not None:
        parts += [gate_view(gate), Text()]
    parts += [metrics_table(comparison), Text(), spending_table(comparison), Text()]
    for title, cases in (("Regressions", comparison.regressions), ("Improvements", comparison.improvements)):
        parts.append(_cases(title, cases))
    parts += [plain(f"Note: {warning}", "yellow") for warning in comparison.warnings]
    return Group(*parts)


def metrics_table(comparison: Comparison) -> Table:
    """Return every metric and slice of a comparison with difference, interval, p and verdict."""
    level = f"{comparison.confidence * 100:g} % interval"
    table = _table("Metric", "Slice", "A", "B", "B − A", level, "n", "+/=/−", "p", "Verdict", left=2)
    for m in comparison.metrics:
        if m.slice is None and table.row_count:
            table.add_section()
        table.add_row(
            plain(m.scorer, limit=30),
            plain(m.slice or "", limit=40),
            amount(m.a, m.unit),
            amount(m.b, m.unit),
            difference(m.diff, m.unit),
            interval(m.ci_low, m.ci_high, m.unit, signs=True),
            f"{m.n:,}",
            f"{m.wins}/{m.ties}/{m.losses}",
            p_text(m.p_adjusted).removeprefix("p ").removeprefix("= "),
            _verdict(m),
        )
    return table


def _verdict(m: MetricComparison) -> Text:
    said = Text(m.verdict, style=_STYLES[m.verdict])
    if m.cases_to_decide:
        said.append(f" (~{m.cases_to_decide:,} cases)", style="dim")
    if m.errors:
        said.append(f" ({m.errors:,} errors)", style="red")
    return said


def spending_table(comparison: Comparison) -> Table:
    """Return cost and latency of both sides."""
    table = _table(
        "", one_line(comparison.a, 40), one_line(comparison.b, 40), "B / A", "n", "Unknown", left=1
    )
    cost, latency = comparison.cost, comparison.latency
    ratio = ratio_text(cost.ratio, cost.ratio_low, cost.ratio_high) if cost.ratio is not None else cost.note
    table.add_row(
        "Cost per answer", usd(cost.mean_a), usd(cost.mean_b), ratio, f"{cost.n:,}", f"{cost.unknown:,}"
    )
    table.add_row("Cost in total", usd(cost.a), usd(cost.b), "", "", "")
    table.add_row(
        "Latency, median",
        seconds(latency["a"]["p50"]),
        seconds(latency["b"]["p50"]),
        ratio_text(latency["ratio"], latency["ratio_low"], latency["ratio_high"]),
        f"{latency['n']:,}",
        f"{latency['unknown']:,}",
    )
    p95 = [seconds(latency[side]["p95"]) for side in ("a", "b")]
    table.add_row("Latency, 95th percentile", *p95, "", "", "")
    return table


def gate_view(gate: GateResult) -> RenderableType:
    """Return a gate's result: the status, one line a rule, and the sentence with its error rate."""
    rules = [Text.assemble((r.status, _STYLES[r.status]), " ", plain(r.reason)) for r in gate.rules]
    status = Text.assemble("Gate ", (gate.status, f"bold {_STYLES[gate.status]}"))
    return Group(status, *(Padding(rule, (0, 0, 0, 2)) for rule in rules), plain(gate.sentence, "dim"))


def _cases(title: str, cases: Sequence[str]) -> Text:
    text = Text(f"{title}: {len(cases):,}")
    if cases:
        text.append(f" ({', '.join(one_line(c, 60) for c in cases[:_MAX_LISTED])}")
        text.append(f" and {len(cases) - _MAX_LISTED:,} more)" if len(cases) > _MAX_LISTED else ")")
    return text


def _table(*columns: str, left: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for i, name in enumerate(columns):
        table.add_column(Text(name), justify="left" if i < left or name == "Verdict" else "right")
    return table
