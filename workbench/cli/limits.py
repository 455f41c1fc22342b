"""How many calls of each model could be under way in a run, briefly."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from workbench.llm.limit_history import LimitChange
from workbench.reports.terminal import plain

#: How many changes of each model a terminal shows: the newest.
SHOWN = 4


def limit_lines(changes: Sequence[LimitChange]) -> list[RenderableType]:
    """Return a line for each model whose number of calls at once changed, and its newest changes below."""
    lanes: dict[str, list[LimitChange]] = {}
    for change in changes:
        lanes.setdefault(change.lane, []).append(change)
    lines: list[RenderableType] = []
    for lane, found in lanes.items():
        limits = [change.limit for change in found]
        if len(set(limits)) == 1:
            continue
        spread = f"{min(limits)} to {max(limits)}, at last {limits[-1]}"
        lines.append(Text.assemble(plain(lane, limit=60), f": {spread} calls at once"))
        lines += [
            Text.assemble(f"  {change.at[11:19]}  {change.limit:>4}  ", plain(change.reason, limit=200))
            for change in found[-SHOWN:]
        ]
    return [Text(), *lines] if lines else []
