"""What a suite's gate names: further metrics, floors, slices, and cases that must pass."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from workbench.evals.types import Case

#: A field with more values than this has slices that nobody compares, so a gate cannot ask about them.
MAX_SLICES = 50


class NoSuchCase(ValueError):
    """An entry of ``must_pass`` that stands for no case; the message is the entry."""


def must_pass_cases(entries: Iterable[str], cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the ids of the cases that entries of ``must_pass`` stand for, in the order of the cases.

    An entry is a case's id, or ``field=value`` of the metadata, or a word of the list ``tags`` in the metadata.

    Raises:
        NoSuchCase: An entry stands for none.
    """
    chosen: set[str] = set()
    known = {case.id for case in cases}
    for entry in entries:
        found = {entry} if entry in known else {case.id for case in cases if _stands_for(entry, case)}
        if not found:
            raise NoSuchCase(entry)
        chosen |= found
    return tuple(case.id for case in cases if case.id in chosen)


def _stands_for(entry: str, case: Case) -> bool:
    field, equals, value = entry.partition("=")
    if equals and field in case.metadata:
        return value_text(case.metadata[field]) == value
    tags = case.metadata.get("tags")
    return entry in tags if isinstance(tags, list) else entry == tags


def value_text(value: Any) -> str:
    """Return a value of the metadata as ``must_pass`` writes it: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
