"""What commands print for a person: pages of Rich renderables, legible at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workbench.analysis.wording import count
from workbench.cli.following import duration
from workbench.reports.labels import label_lines
from workbench.reports.preferences import preference_lines
from workbench.reports.terminal import columns, comparison_view, gate_view, plain, summary_table
from workbench.reports.text import usd

if TYPE_CHECKING:
    from workbench.analysis.results import Comparison
    from workbench.analysis.summary import Summary
    from workbench.delivery.git import ReleasePlan
    from workbench.jobs.moved import Moved
    from workbench.llm.catalogue import ModelStatus
    from workbench.store import RunRecord

#: How many cases whose scores moved a terminal names for each scorer.
MOVED_CASES = 10
#: How many flaky scorers, and how many cases of each, a terminal names.
FLAKY_LINES, FLAKY_CASES = 6, 5
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


def run_page(
    report: dict[str, Any], summaries: Sequence[Summary], *, slices: bool = False
) -> list[RenderableType]:
    """Return a run: what it is, how far it is, its scores (those of slices only where asked for), its gate."""
    parts: list[RenderableType] = [_run_head(report), Text(_run_facts(report))]
    if report["spent_usd"] or report["cost_usd"]:
        parts.append(plain(_price_words(report["prices"])))
    if report["message"]:
        parts.append(plain(report["message"]))
    if summaries:
        models = list(dict.fromkeys(s.model for s in summaries))
        if len(models) == 1:
            parts.append(Text("Model: ").append_text(plain(model_title(models[0]))))
        parts += [Text(), summary_table(summaries, slices=slices)]
    parts += [plain(line) for line in _flaky_lines(report.get("flaky") or [])]
    told = [*label_lines(report.get("labels") or []), *preference_lines(report.get("preferences") or [])]
    told += report.get("self_preference") or []
    parts += [plain(line) for line in told]
    if report["gate"]:
        parts += [Text(), _gate_view(report["gate"])]
    if report.get("run_limits"):
        parts += [Text(), _limits_view(report["run_limits"])]
    return parts


def _flaky_lines(flaky: Sequence[dict[str, Any]]) -> list[str]:
    """Name the cases that some answers passed and others failed, a line a version, model and scorer."""
    lines = []
    for found in flaky[:FLAKY_LINES]:
        version = f"@{found['version']}" if found["version"] else ""
        who = f"{found['prompt']}{version} with {found['model']}"
        named = ", ".join(found["cases"][:FLAKY_CASES]) + (" …" if len(found["cases"]) > FLAKY_CASES else "")
        lines.append(f"Flaky on {found['scorer']}: {count(len(found['cases']), 'case')} of {who} ({named})")
    if len(flaky) > FLAKY_LINES:
        lines.append(f"… and {len(flaky) - FLAKY_LINES} more scorers and versions with flaky cases")
    return lines


def model_title(model: str) -> str:
    """Return a model's name, and for the stand-in what it is."""
    from workbench.llm.offline import OFFLINE_ID, OFFLINE_NOTE

    return f"{model} ({OFFLINE_NOTE})" if model == OFFLINE_ID else model


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
    judging = report.get("judging")
    if judging and judging["calls"]:
        judged = _cost(judging["spent_usd"], judging["cost_unknown"])
        cost += f", judging cost {judged} for {count(judging['calls'], 'call')}"
    return ", ".join([*facts, cost, f"took {duration(report['active_s'])}"])


def _price_words(prices: dict[str, Any] | None) -> str:
    from workbench.reports.text import price_words

    return f"Prices: {price_words(prices)}"


def _gate_view(gate: dict[str, Any]) -> RenderableType:
    from workbench.analysis.gate import GateResult, Rule

    rules = [Rule(rule["name"], rule["status"], rule["reason"]) for rule in gate["rules"]]
    return gate_view(GateResult(gate["status"], list(gate["reasons"]), gate["sentence"], rules=rules))


def _limits_view(rules: list[dict[str, Any]]) -> RenderableType:
    lines = [Text.assemble("  ", (r["status"], STYLES[r["status"]]), " ", plain(r["reason"])) for r in rules]
    return Group(Text("Limits of the suite"), *lines)


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


def comparison_page(comparison: Comparison, *, slices: bool, width: int) -> list[RenderableType]:
    """Return a comparison, the verdict first."""
    return [comparison_view(comparison, slices=slices, width=width)]


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
        verbatim(plan.message, indent="  "),
        Text(),
    ]
    return parts + [plain(f"Note: {note}", "yellow") for note in plan.notes]


def verbatim(text: str, *, indent: str = "") -> Text:
    """Return text whose lines are nobody's to wrap, without control characters."""
    lines = plain(text.rstrip("\n")).plain.split("\n")
    return Text("\n".join(f"{indent}{line}".rstrip() for line in lines), no_wrap=True, overflow="ignore")


def diff_text(diff: str) -> Text:
    """Return a unified diff in its colours, without control characters."""
    text = Text(no_wrap=True, overflow="ignore")
    for number, line in enumerate(plain(diff.rstrip("\n")).plain.split("\n")):
        style = "bold" if line.startswith(("+++", "---")) else _DIFF_STYLES.get(line[:1], "")
        text.append("\n" * bool(number) + line, style=style)
    return text


_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def model_list(models: Sequence[ModelStatus]) -> Table:
    """Return models as a table; prices are USD for a million tokens."""
    numbers = ("In $/M", "Out $/M", "Context")
    table = columns("Model", "Usable", *numbers, "Why, what it is, what it can", right=numbers)
    for model in models:
        usable = {True: "yes", False: "no", None: "unknown"}[model.usable]
        style = {True: "green", False: "red", None: "yellow"}[model.usable]
        own = model.price_source and not model.price_source.startswith("litellm")
        price = f"price of {model.price_source}" if own else ""
        table.add_row(
            plain(model.id),
            Text(usable, style=style),
            _price(model, model.input_usd_per_million),
            _price(model, model.output_usd_per_million),
            f"{model.context_window:,}" if model.context_window else "",
            plain(
                "; ".join(
                    part for part in (model.reason, model.note, ", ".join(model.abilities), price) if part
                )
            ),
        )
    return table


def _price(model: ModelStatus, value: float | None) -> str:
    if value is None:
        return "unknown" if model.usable else ""
    return f"{value:,.2f}"


def moved_table(moved: Sequence[Moved]) -> list[RenderableType]:
    """Return which scores moved when a run was scored again, and on which cases."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Scorer", "up", "down", "changed", "of", "mean before", "after"):
        table.add_column(name, justify="left" if name == "Scorer" else "right")
    for one in moved:
        numbers = [f"{n:,}" for n in (one.up, one.down, one.changed, one.answers)]
        means = ["" if mean is None else f"{mean:.4g}" for mean in (one.before, one.after)]
        name = one.scorer if one.status in ("moved", "same") else f"{one.scorer} ({one.status})"
        table.add_row(plain(name), *numbers, *means)
    lines = [
        plain(
            f"{one.scorer} moved on: {', '.join(one.cases[:MOVED_CASES])}{' …' if len(one.cases) > MOVED_CASES else ''}"
        )
        for one in moved
        if one.cases
    ]
    return [Text(), Text("Scores that moved", style="bold"), table, *lines]
