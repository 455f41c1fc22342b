"""The corpus values of a run, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from workbench.evals.scorers.corpus import CorpusRow
from workbench.reports.terminal import columns, plain


def corpus_lines(found: Sequence[CorpusRow]) -> list[RenderableType]:
    """Return a table of the metrics that all answers have together, or nothing where there are none."""
    if not found:
        return []
    table = columns("version", "model", "all answers together", "value", "n", right=("value", "n"))
    for one in found:
        table.add_row(
            plain(one.version, limit=40),
            plain(one.model, limit=40),
            plain(one.metric, limit=60),
            f"{one.value:.4f}",
            one.counted,
        )
    return [Text(), table]
