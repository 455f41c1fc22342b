"""What the command line prints: tables and sentences for Rich, with nothing read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workbench.analysis.relative import relative_sentence
from workbench.analysis.wording import count
from workbench.reports.labels import label_lines
from workbench.reports.latency import latency_rows
from workbench.reports.markdown import ratio_text, version_name
from workbench.reports.preferences import preference_lines
from workbench.reports.text import (
    amount,
    clean,
    difference,
    interval,
    one_line,
    p_text,
    short_name,
    signed,
    usd,
)

if TYPE_CHECKING:
    from workbench.analysis.gate import GateResult
    from workbench.analysis.results import Comparison, MetricComparison
    from workbench.analysis.summary import Summary

#: Colour is never the only sign: the word itself is always printed.
STYLES = {
    "better": "green",
    "worse": "red",
    "equivalent": "cyan",
    "undecided": "yellow",
    "no verdict": "magenta",
    "passed": "green",
    "failed": "red",
}
#: From this many characters a line on, tables say more.
WIDE = 110
_MAX_LISTED = 10


def plain(text: str, style: str = "", limit: int | None = None) -> Text:
    """Return text that the terminal shows as it is: no markup, no control characters."""
    return Text(clean(text) if limit is None else short_name(text, limit), style=style)


def columns(*names: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table without frame. The columns in ``right`` hold numbers, which are never broken in two."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for name in names:
        number = name in right
        table.add_column(Text(name), justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def summary_table(summaries: Sequence[Summary], *, slices: bool = True) -> Table:
    """Return the scores of a run as a table, each with its interval, n and errors; slices below their whole.

    With several models each version and model is a heading of its own line, so that numbers keep their room.
    """
    headings = len({s.model for s in summaries}) > 1
    numbers = ("Mean", "95 % interval", "n", "Errors")
    table = columns(*(() if headings else ("Version",)), "Metric", *numbers, right=numbers)
    before: tuple[str, str] | None = None
    for s in summaries:
        if s.slice is not None and not slices:
            continue
        here = (version_name(s), s.model)
        first = here != before
        if before is not None and first:
            table.add_section()
        before = here
        if headings and first:
            title = plain(here[0], "bold", 60).append(" · ").append_text(plain(here[1], limit=60))
            table.add_row(title, *[""] * len(numbers))
        name = (
            plain(s.scorer, limit=60) if s.slice is None else Text("  ").append_text(plain(s.slice, limit=60))
        )
        table.add_row(
            *(() if headings else (plain(here[0], limit=60) if first else Text(),)),
            Text("  ").append_text(name) if headings else name,
            amount(s.mean, s.unit),
            interval(s.ci_low, s.ci_high, s.unit),
            f"{s.n:,}",
            Text(f"{s.errors:,}", style="red" if s.errors else ""),
        )
    return table


def comparison_view(
    comparison: Comparison, gate: GateResult | None = None, *, slices: bool = False, width: int = WIDE
) -> RenderableType:
    """Return a comparison, the verdict first: headline, gate, metrics, cost and latency, cases, warnings.

    Args:
        comparison: What was found.
        gate: Its gate, if there is one.
        slices: Whether to list undecided slices, too.
        width: Characters a line.
    """
    parts: list[RenderableType] = [plain(comparison.headline, f"bold {STYLES[comparison.verdict]}"), Text()]
    if gate is not None:
        parts += [gate_view(gate), Text()]
    parts += [Text(f"{side}  ").append_text(plain(name)) for side, name in _sides(comparison)]
    shown = [m for m in comparison.metrics if slices or m.slice is None or m.verdict != "undecided"]
    parts += [Text(), metrics_table(comparison, shown, wide=width >= WIDE)]
    left = len(comparison.metrics) - len(shown)
    if left:
        noun = "slice is" if left == 1 else "slices are"
        parts.append(Text(f"{left:,} {noun} undecided and left out: --slices shows all.", style="dim"))
    relative = relative_sentence(comparison.primary, comparison.confidence)
    parts += [Text(), plain(relative)] if relative else []
    parts += [Text(), spending_table(comparison, wide=width >= WIDE), Text()]
    told = [*label_lines(comparison.labels), *preference_lines(comparison.preferences)]
    parts += [*(plain(line) for line in told), Text()] if told else []
    for title, cases in (("Regressions", comparison.regressions), ("Improvements", comparison.improvements)):
        parts.append(_cases(title, cases))
    parts += [plain(f"Note: {warning}", "yellow") for warning in comparison.warnings]
    return Group(*parts)


def _sides(comparison: Comparison) -> list[tuple[str, str]]:
    return [("A", comparison.a), ("B", comparison.b)]


def metrics_table(comparison: Comparison, metrics: Sequence[MetricComparison], *, wide: bool = True) -> Table:
    """Return metrics and slices of a comparison with difference, interval, p and verdict; slices below their whole."""
    level = f"{comparison.confidence * 100:g} % interval"
    numbers = ["A", "B", "B − A", level, "n", *(["+/=/−"] if wide else []), "p"]
    table = columns("Metric", *numbers, "Verdict", right=numbers)
    for m in metrics:
        if m.slice is None and table.row_count:
            table.add_section()
        table.add_row(
            plain(m.scorer, limit=60)
            if m.slice is None
            else Text("  ").append_text(plain(m.slice, limit=60)),
            amount(m.a, m.unit),
            amount(m.b, m.unit),
            _short_difference(m),
            interval(m.ci_low, m.ci_high, m.unit, signs=True),
            f"{m.n:,}",
            *([f"{m.wins}/{m.ties}/{m.losses}"] if wide else []),
            p_text(m.p_adjusted).removeprefix("p ").removeprefix("= "),
            _verdict(m, wide=wide),
        )
    return table


def _short_difference(m: MetricComparison) -> str:
    if m.unit == "score" and m.diff is not None:
        return signed(m.diff * 100)
    return difference(m.diff, m.unit)


def _verdict(m: MetricComparison, *, wide: bool) -> Text:
    said = Text(m.verdict, style=STYLES[m.verdict])
    if m.cases_to_decide and wide:
        said.append(f" (~{m.cases_to_decide:,} cases)", style="dim")
    if m.errors:
        said.append(f" ({count(m.errors, 'error')})", style="red")
    return said


def spending_table(comparison: Comparison, *, wide: bool = True) -> Table:
    """Return cost and latency of both sides; ``wide`` shows the intervals of quantiles."""
    table = columns("", "A", "B", "B / A", "n", "Unknown", right=("A", "B", "n", "Unknown"))
    cost, latency = comparison.cost, comparison.latency
    ratio = ratio_text(cost.ratio, cost.ratio_low, cost.ratio_high) if cost.ratio is not None else cost.note
    table.add_row(
        "Cost an answer", usd(cost.mean_a), usd(cost.mean_b), ratio, f"{cost.n:,}", f"{cost.unknown:,}"
    )
    table.add_row("Cost in total", usd(cost.a), usd(cost.b), "", "", "")
    timed = ratio_text(latency["ratio"], latency["ratio_low"], latency["ratio_high"])
    for row in latency_rows(latency, intervals=wide):
        rest = (timed, f"{latency['n']:,}", f"{latency['unknown']:,}") if row.paired else ("", "", "")
        table.add_row(row.title, row.a, row.b, *rest)
    return table


def gate_view(gate: GateResult) -> RenderableType:
    """Return a gate's result: the status, one line a rule, and the sentence with its error rate."""
    rules = [Text.assemble("  ", (r.status, STYLES[r.status]), " ", plain(r.reason)) for r in gate.rules]
    status = Text.assemble("Gate ", (gate.status, f"bold {STYLES[gate.status]}"))
    return Group(status, *rules, plain(gate.sentence, "dim"))


def _cases(title: str, cases: Sequence[str]) -> Text:
    text = Text(f"{title}: {len(cases):,}")
    if cases:
        text.append(f" ({', '.join(one_line(c, 60) for c in cases[:_MAX_LISTED])}")
        text.append(f" and {len(cases) - _MAX_LISTED:,} more)" if len(cases) > _MAX_LISTED else ")")
    return text
