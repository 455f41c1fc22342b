"""``workbench run --dry-run``: what a run would ask and cost."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.analysis.wording import usd
from workbench.cli.output import Output, sentence, warn
from workbench.store.spending import Room
from workbench.workspace.cap_check import cap_warning
from workbench.workspace.estimating import Estimate


def show_estimate(
    found: Estimate, rooms: Sequence[Room], out: Output, *, cap_usd: float | None = None
) -> int:
    """Print an estimate and what the caps of the day leave, and write its JSON."""
    cached = "the cache was not searched" if found.cached is None else f"{found.cached:,} in the cache"
    out.text(f"Cells           {found.cells:,}")
    out.text(f"Answers asked   {found.asked:,} ({cached})")
    out.text(f"Tokens          {found.tokens_sentence}")
    out.text(f"Estimated cost  {found.sentence}")
    if found.judging is not None:
        out.text(f"Judging         {found.judging_sentence}")
    for room in rooms:
        whose = "everybody" if room.person is None else sentence(room.person)
        out.text(f"Left today      {usd(room.left_usd)} of {usd(room.cap_usd)} for {whose}")
    warning = cap_warning(found, rooms, cap_usd)
    if warning:
        warn(warning)
    for reason in found.why:
        out.text(f"  {sentence(reason)}")
    out.text("Nothing was asked.")
    left = [{**vars(room), "left_usd": room.left_usd} for room in rooms]
    out.json({"dry_run": True, **found.to_dict(), "caps_today": left, "cap_warning": warning})
    return 0
