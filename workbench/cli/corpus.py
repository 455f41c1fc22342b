"""The corpus values of a run, for the terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from workbench.jobs.corpus import corpus_values
from workbench.reports.terminal import columns, plain
from workbench.workspace import Workspace


def corpus_lines(ws: Workspace, run_id: str) -> list[RenderableType]:
    """Return a table of the metrics that all answers have together, or nothing where no scorer has one."""
    plan = ws.runs.plan_of(run_id)
    found = corpus_values(ws.store, run_id, plan)
    if not found:
        return []
    table = columns("version", "model", "all answers together", "value", "n", right=("value", "n"))
    for one in found:
        prompt, model = one.group
        missing = f" ({one.missing} missing)" if one.missing else ""
        table.add_row(
            plain(plan.prompts[prompt].title, limit=40),
            plain(plan.models[model].name, limit=40),
            plain(one.scorer + (" (less is better)" if one.lower_is_better else ""), limit=60),
            f"{one.value:.4f}",
            f"{one.n}{missing}",
        )
    return [Text(), table]
