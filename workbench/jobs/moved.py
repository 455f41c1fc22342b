"""Which scores moved when a run was scored again: by scorer, with the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.store import Store

if TYPE_CHECKING:
    import pandas as pd

#: How many cases are named for each scorer.
NAMED = 50
_CELL = ["prompt_index", "model_index", "case_id", "repeat"]


@dataclass(frozen=True)
class Moved:
    """What became of one scorer. ``before`` and ``after`` are means over answers, None where nothing has a value.

    ``up`` and ``down`` count answers whose value grew or fell, ``changed`` those of another kind: an error more or
    less, or another verdict at the same value. ``status`` is new, gone, moved or same; ``cases`` are those that moved.
    """

    scorer: str
    status: str
    answers: int
    up: int
    down: int
    changed: int
    before: float | None
    after: float | None
    cases: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {**vars(self), "cases": list(self.cases)}


def moved_scores(store: Store, run_id: str, before: int, after: int) -> list[Moved]:
    """Compare two scorings of a run, cell by cell, in the order of the later one's scorers."""
    old, new = (store.results.frames(run_id, scoring)[0] for scoring in (before, after))
    names = list(dict.fromkeys([*new["scorer"], *old["scorer"]]))
    return [_of_one(name, old[old["scorer"] == name], new[new["scorer"] == name]) for name in names]


def sentence(moved: list[Moved]) -> str:
    """Say in one sentence what moved."""
    from workbench.analysis.wording import count

    parts = [f"{m.scorer} {m.up:,} up, {m.down:,} down" for m in moved if m.up or m.down]
    parts += [f"{m.scorer} changed on {count(m.changed, 'answer')}" for m in moved if m.changed]
    parts += [f"{m.scorer} is {m.status}" for m in moved if m.status in ("new", "gone")]
    return f"What moved: {'; '.join(parts)}." if parts else "No score moved."


def _of_one(name: str, old: pd.DataFrame, new: pd.DataFrame) -> Moved:
    means = [None if side["value"].notna().sum() == 0 else float(side["value"].mean()) for side in (old, new)]
    if old.empty or new.empty:
        status = "new" if old.empty else "gone"
        return Moved(name, status, len(new) or len(old), 0, 0, 0, means[0], means[1])
    both = old.merge(new, on=_CELL, suffixes=("_old", "_new"))
    difference = both["value_new"] - both["value_old"]
    up, down = difference > 1e-12, difference < -1e-12
    other = (
        ~up
        & ~down
        & (
            (both["value_old"].isna() != both["value_new"].isna())
            | (both["error_old"].fillna("") != both["error_new"].fillna(""))
            | (both["passed_old"].map(str) != both["passed_new"].map(str))
        )
    )
    cases = list(dict.fromkeys(both[up | down | other]["case_id"]))[:NAMED]
    status = "moved" if cases else "same"
    counts = (int(up.sum()), int(down.sum()), int(other.sum()))
    return Moved(name, status, len(both), *counts, means[0], means[1], tuple(cases))
