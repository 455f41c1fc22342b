"""What commands print for a person: pages of Rich renderables, legible at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workbench.analysis.wording import count
from workbench.cli.following import duration
from workbench.reports.terminal import comparison_view, plain, summary_table
from workbench.reports.text import usd

if TYPE_CHECKING:
    from workbench.analysis.results import Comparison
    from workbench.analysis.summary import Summary
    from workbench.delivery.git import ReleasePlan
    from workbench.llm.catalogue import ModelStatus
    from workbench.store import RunRecord

#: Colour is never the only sign: the word is always printed.
STYLES = {
    "complete": "green",
    "passed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "stopped": "yellow",
    "undecided": "yellow",
    "running": "cyan",
    "queued": "cyan",
}
#: The overall rows and this many of slices are printed; ``--json`` has them all.
SHOWN_SUMMARIES = 60


def columns(*names: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table without frame; names in ``right`` are those of numbers."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for name in names:
        number = name in right
        table.add_column(Text(name), justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def moment(iso: str | None) -> str:
    """Return a stored time for a list: ``2026-04-22 16:05`` (UTC)."""
    return (iso or "")[:16].replace("T", " ")


# -- runs ----------------------------------------------------------------------------------------------


def run_list(records: Sequence[RunRecord]) -> Table:
    """Return runs as a table."""
    numbers = ("Cells", "Errors", "Cost")
    table = columns("Run", "Suite", "Status", *numbers, "Gate", right=numbers)
    table.columns[0].no_wrap = True
    for record in records:
        cells = f"{record.done:,}" if record.done == record.planned else f"{record.done:,}/{record.planned:,}"
        table.add_row(
            plain(record.id),
            plain(record.suite, limit=40),
            Text(record.status, style=STYLES.get(record.status, "")),
            cells,
            Text(f"{record.errors:,}", style="red" if record.errors else ""),
            _cost(record.cost_usd, record.cost_unknown),
            _gate_word(record.gate),
        )
    return table


def run_page(report: dict[str, Any], summaries: Sequence[Summary]) -> list[RenderableType]:
    """Return a run: what it is, how far it is, its scores, its gate."""
    parts: list[RenderableType] = [_run_head(report), Text(_run_facts(report))]
    if report["message"]:
        parts.append(plain(report["message"]))
    if summaries:
        shown, left = _shown(summaries)
        parts += [Text(), summary_table(shown)]
        if left:
            parts.append(Text(f"{count(left, 'more row')} of slices: --json has them.", style="dim"))
    gate = report["gate"]
    if gate:
        parts += [Text(), *_gate_lines(gate)]
    return parts


def _run_head(report: dict[str, Any]) -> Text:
    status = Text(report["status"], style=STYLES.get(report["status"], ""))
    return Text.assemble(
        (f"Run {report['run']}", "bold"), " of ", plain(report["suite"], limit=60), ": ", status
    )


def _run_facts(report: dict[str, Any]) -> str:
    cells = report["cells"]
    facts = [
        f"{cells['done']:,} of {count(cells['planned'], 'cell')}",
        count(cells["errors"], "error"),
        f"{cells['cached']:,} from the cache",
    ]
    cost = f"cost {_cost(report['cost_usd'], report['cost_unknown'])}"
    if report["spent_usd"] and report["spent_usd"] != report["cost_usd"]:
        cost += f", of which {usd(report['spent_usd'])} was new money"
    return ", ".join([*facts, cost, f"took {duration(report['active_s'])}"])


def _shown(summaries: Sequence[Summary]) -> tuple[list[Summary], int]:
    """Return what fits a screen: all the whole rows first, then slices as long as there is room."""
    room = SHOWN_SUMMARIES - sum(s.slice is None for s in summaries)
    chosen = []
    for summary in summaries:
        if summary.slice is not None:
            room -= 1
        if summary.slice is None or room >= 0:
            chosen.append(summary)
    return chosen, len(summaries) - len(chosen)


def _gate_lines(gate: dict[str, Any]) -> list[RenderableType]:
    head = Text.assemble("Gate ", (gate["status"], f"bold {STYLES[gate['status']]}"))
    rule = gate.get("rule") or {}
    if rule:
        head.append_text(plain(f": {rule['candidate']} against {rule['baseline']}, by {rule['metric']}"))
    lines = [
        Padding(Text.assemble((r["status"], STYLES[r["status"]]), " ", plain(r["reason"])), (0, 0, 0, 2))
        for r in gate.get("rules") or ()
    ]
    return [head, *lines, plain(gate["sentence"], "dim")]


def error_lines(report: dict[str, Any], limit: int) -> list[RenderableType]:
    """Return the first failed cells, a line each."""
    errors = report["error_cells"]
    if not errors:
        return []
    lines: list[RenderableType] = [Text(), Text("Failed cells", style="bold")]
    for e in errors[:limit]:
        where = f"{e['prompt']}, {e['model']}, case {e['case']}, repeat {e['repeat']}"
        line = Text.assemble(plain(where, limit=120), ": ", (e["error"], "red"), " ")
        lines.append(line.append_text(plain(e["message"] or "", limit=200)))
    left = report["cells"]["errors"] - min(limit, len(errors))
    if left > 0:
        lines.append(Text(f"and {left:,} more: --json lists them.", style="dim"))
    return lines


def _gate_word(gate: dict[str, Any] | None) -> Text:
    status = (gate or {}).get("status") or ""
    return Text(status, style=STYLES.get(status, ""))


def _cost(known: float | None, unknown: int) -> str:
    if not unknown:
        return usd(known)
    return "unknown" if known is None else f"{usd(known)} + {unknown:,} unknown"


# -- comparisons, releases, models ---------------------------------------------------------------------


def comparison_page(comparison: Comparison) -> list[RenderableType]:
    """Return a comparison, the verdict first."""
    return [comparison_view(comparison)]


def release_page(plan: ReleasePlan) -> list[RenderableType]:
    """Return what a release would do: where, the diff, the message, notes."""
    head = columns("", "")
    head.show_header = False
    for name, value in (
        ("Repository", str(plan.home)),
        ("Branch", plan.branch),
        ("From", f"{plan.base} ({plan.base_commit[:12]})" if plan.base_commit else plan.base),
        ("File", plan.path),
    ):
        head.add_row(Text(name, style="bold"), plain(value))
    parts: list[RenderableType] = [head, Text()]
    if plan.diff:
        parts += [diff_text(plan.diff), Text()]
    parts += [
        Text("Commit message", style="bold"),
        Padding(plain(plan.message.rstrip()), (0, 0, 0, 2)),
        Text(),
    ]
    return parts + [plain(f"Note: {note}", "yellow") for note in plan.notes]


def diff_text(diff: str) -> Text:
    """Return a unified diff in its colours, without control characters."""
    text = Text()
    for line in plain(diff.rstrip("\n")).plain.split("\n"):
        style = "bold" if line.startswith(("+++", "---")) else _DIFF_STYLES.get(line[:1], "")
        text.append(line + "\n", style=style)
    text.rstrip()
    return text


_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def model_list(models: Sequence[ModelStatus]) -> Table:
    """Return models as a table; prices are USD for a million tokens."""
    numbers = ("In $/M", "Out $/M", "Context")
    table = columns("Model", "Usable", *numbers, "Why, and what it is", right=numbers)
    for model in models:
        usable = {True: "yes", False: "no", None: "unknown"}[model.usable]
        style = {True: "green", False: "red", None: "yellow"}[model.usable]
        table.add_row(
            plain(model.id),
            Text(usable, style=style),
            _price(model, model.input_usd_per_million),
            _price(model, model.output_usd_per_million),
            f"{model.context_window:,}" if model.context_window else "",
            plain("; ".join(part for part in (model.reason, model.note) if part)),
        )
    return table


def _price(model: ModelStatus, value: float | None) -> str:
    if value is None:
        return "unknown" if model.usable else ""
    return f"{value:,.2f}"
