"""What changed between two versions of a dataset: cases added, removed and changed, by their ids.

Neither version is held in memory: 16 bytes of each case are, and both are read twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workbench.evals.datasets.cases import CaseStream
from workbench.evals.types import Case

Opener = Callable[[], CaseStream]
#: The cases of each kind that a difference lists; it counts all of them.
LISTED = 100


@dataclass(frozen=True)
class ChangedCase:
    """A case in both versions with another content. ``fields`` are such as ``vars.question`` or ``expected``."""

    id: str
    fields: tuple[str, ...]
    before: Case
    after: Case


@dataclass(frozen=True)
class DatasetDiff:
    """The difference from ``a`` to ``b``. The lists hold the first ones; the counts are of all."""

    a_sha256: str
    b_sha256: str
    added_count: int
    removed_count: int
    changed_count: int
    same_count: int
    added: tuple[Case, ...]
    removed: tuple[Case, ...]
    changed: tuple[ChangedCase, ...]

    @property
    def sentence(self) -> str:
        """The difference in one sentence."""
        if self.a_sha256 == self.b_sha256:
            return f"Nothing differs: {self.same_count:,} cases"
        counts = {"added": self.added_count, "removed": self.removed_count, "changed": self.changed_count}
        if not any(counts.values()):
            return f"The same {self.same_count:,} cases in another order"
        told = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
        return f"{told}, {self.same_count:,} the same"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "a_sha256": self.a_sha256,
            "b_sha256": self.b_sha256,
            "added": self.added_count,
            "removed": self.removed_count,
            "changed": self.changed_count,
            "same": self.same_count,
            "added_cases": [_plain(case) for case in self.added],
            "removed_cases": [_plain(case) for case in self.removed],
            "changed_cases": [
                {"id": c.id, "fields": list(c.fields), "before": _plain(c.before), "after": _plain(c.after)}
                for c in self.changed
            ],
        }


def diff_datasets(a: Opener, b: Opener, *, listed: int = LISTED) -> DatasetDiff:
    """Compare two datasets of any size.

    Args:
        a: Opens the earlier one anew at each call.
        b: Opens the later one.
        listed: Cases to list of each kind.

    Raises:
        DatasetError: One of them cannot be read.
    """
    import numpy as np

    first, second = _marks(a), _marks(b)
    _, in_a, in_b = np.intersect1d(first.ids, second.ids, assume_unique=True, return_indices=True)
    differs = first.contents[in_a] != second.contents[in_b]
    added_count, removed_count = len(second.ids) - len(in_b), len(first.ids) - len(in_a)
    removed = _cases_at(a, _missing(len(first.ids), in_a)[:listed]) if removed_count else ()
    added = _cases_at(b, _missing(len(second.ids), in_b)[:listed]) if added_count else ()
    changed: tuple[ChangedCase, ...] = ()
    if differs.any():
        wanted = sorted(zip(in_b[differs].tolist(), in_a[differs].tolist(), strict=True))[:listed]
        after = {case.id: case for case in _cases_at(b, [place for place, _ in wanted])}
        before = {case.id: case for case in _cases_at(a, sorted(place for _, place in wanted))}
        changed = tuple(
            ChangedCase(name, _fields(before[name], after[name]), before[name], after[name]) for name in after
        )
    return DatasetDiff(
        first.sha256,
        second.sha256,
        added_count,
        removed_count,
        int(differs.sum()),
        int((~differs).sum()),
        added,
        removed,
        changed,
    )


@dataclass(frozen=True)
class _Marks:
    """64 bits of each id and of each content, in the order of the cases. Comparable within this process."""

    ids: Any
    contents: Any
    sha256: str


def _marks(opener: Opener) -> _Marks:
    import numpy as np

    stream, ids, contents = opener(), array("q"), array("q")
    for case, text in stream.with_content():
        ids.append(hash(case.id))
        contents.append(hash(text))
    return _Marks(np.asarray(ids), np.asarray(contents), stream.sha256)


def _missing(size: int, present: Any) -> list[int]:
    import numpy as np

    gone = np.ones(size, dtype=bool)
    gone[present] = False
    return np.flatnonzero(gone).tolist()


def _cases_at(opener: Opener, places: list[int]) -> tuple[Case, ...]:
    """Return the cases at these places, in ascending order, reading no further than the last."""
    return tuple(_picked(opener(), places))


def _picked(stream: CaseStream, places: list[int]) -> Iterator[Case]:
    wanted = iter(places)
    place = next(wanted, None)
    for number, case in enumerate(stream):
        if place is None:
            return
        if number == place:
            yield case
            place = next(wanted, None)


def _fields(before: Case, after: Case) -> tuple[str, ...]:
    names = []
    for part in ("vars", "metadata"):
        old, new = getattr(before, part), getattr(after, part)
        names += [
            f"{part}.{key}"
            for key in dict.fromkeys([*old, *new])
            if key not in old or key not in new or not _equal(old[key], new[key])
        ]
    if not _equal(before.expected, after.expected):
        names.append("expected")
    if before.scorers != after.scorers:
        names.append("scorers")
    return tuple(names)


def _equal(a: Any, b: Any) -> bool:
    # Python calls 1 and True equal; the content that identifies a case does not.
    return type(a) is type(b) and a == b


def _plain(case: Case) -> dict[str, Any]:
    return {"id": case.id, "vars": case.vars, "expected": case.expected, "metadata": case.metadata}
