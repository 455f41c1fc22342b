"""``workbench run --dry-run``: what a run would ask and cost."""

from __future__ import annotations

from workbench.cli.output import Output, sentence
from workbench.workspace.estimating import Estimate


def show_estimate(found: Estimate, out: Output) -> int:
    """Print an estimate, and write its JSON."""
    cached = "the cache was not searched" if found.cached is None else f"{found.cached:,} in the cache"
    out.text(f"Cells           {found.cells:,}")
    out.text(f"Answers asked   {found.asked:,} ({cached})")
    out.text(f"Estimated cost  {found.sentence}")
    for reason in found.why:
        out.text(f"  {sentence(reason)}")
    out.text("Nothing was asked.")
    out.json({"dry_run": True, **found.to_dict()})
    return 0
