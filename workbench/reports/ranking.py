"""A ranking for the terminal: ranks with their intervals, the frontier, and what is established."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workbench.analysis.wording import count
from workbench.reports.preferences import preference_lines
from workbench.reports.terminal import STYLES, columns, plain
from workbench.reports.text import amount, difference, interval, p_text, seconds, short_name, usd

if TYPE_CHECKING:
    from workbench.analysis.ranking import PairDifference, Ranked, Ranking

_MAX_LISTED = 10


def ranking_view(ranking: Ranking) -> RenderableType:
    """Return a ranking, the sentence first: ranks, the frontier, established differences, notes."""
    parts: list[RenderableType] = [
        plain(ranking.sentence, "bold green" if ranking.best else "bold yellow"),
        Text(),
        ranks_table(ranking),
        Text(),
        frontier_table(ranking),
        Text(),
        *_established(ranking),
    ]
    told = preference_lines(ranking.preferences)
    parts += [Text(), *(plain(line) for line in told)] if told else []
    return Group(*parts, *(plain(f"Note: {warning}", "yellow") for warning in ranking.warnings))


def ranks_table(ranking: Ranking) -> Table:
    """Return every version and model by rank, with the interval of its rank and the verdict on it."""
    numbers = ("Rank", "Between", "Mean", "95 % interval", "n")
    table = columns("Version", *numbers, "Against the baseline", right=numbers)
    for row in ranking.rows:
        table.add_row(
            plain(row.name, limit=40),
            "" if row.rank is None else f"{row.rank}",
            f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}",
            amount(row.mean, ranking.unit),
            interval(row.ci_low, row.ci_high, ranking.unit),
            f"{row.n:,}",
            _against(row, ranking.unit),
        )
    return table


def _against(row: Ranked, unit: str) -> Text:
    if row.verdict is None:
        said = Text("baseline", style="dim")
    else:
        said = Text(row.verdict, style=STYLES[row.verdict])
        if row.diff is not None:
            said.append(f" {difference(row.diff, unit)}")
    if row.errors:
        said.append(f" ({count(row.errors, 'error')})", style="red")
    return said


def frontier_table(ranking: Ranking) -> Table:
    """Return cost and latency of each, and what is at least as good, as cheap and as fast."""
    table = columns("Version", "Cost", "Latency", "Dominated by", right=("Cost", "Latency"))
    for row in ranking.frontier:
        if row.on_frontier:
            said = Text("nothing: on the frontier", style="green")
        else:
            names = [
                short_name(name, 40) + (" (established)" if name in row.established else "")
                for name in row.dominated_by
            ]
            said = plain(", ".join(names))
        table.add_row(plain(row.name, limit=40), usd(row.cost_usd), seconds(row.latency_s), said)
    return table


def _established(ranking: Ranking) -> list[RenderableType]:
    found = [pair for pair in ranking.pairs if pair.better]
    lines: list[RenderableType] = [
        plain(f"Established differences: {len(found):,} of {count(len(ranking.pairs), 'pair')}", "bold")
    ]
    lines += [_pair(pair, ranking.unit) for pair in found[:_MAX_LISTED]]
    if len(found) > _MAX_LISTED:
        lines.append(Text(f"  and {len(found) - _MAX_LISTED:,} more: --json lists them.", style="dim"))
    return lines


def _pair(pair: PairDifference, unit: str) -> Text:
    worse, diff, low, high = pair.lead()
    around = f"{difference(diff, unit)} ({interval(low, high, unit, signs=True)}; {p_text(pair.p_adjusted)})"
    names = f"{short_name(pair.better or '', 40)} over {short_name(worse, 40)}"
    return plain(f"  {names}: {around}")
