"""Figures of large runs, worked out once: a million scores are read the first time and never again.

What is kept is named by everything that it follows from: the runs as they ended, their scorings, the question, and the
code that answers it. Nothing is kept of a run that goes on or is small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.files import canonical_json, sha256_text

if TYPE_CHECKING:
    from workbench.jobs.outcome import Outcome

T = TypeVar("T")

#: From so many scores on, keeping what they say is worth a row.
LARGE = 20_000
#: The rooms and modules whose code shapes a figure.
_CODE = ("analysis", "jobs", "evals/reducers.py")


def found(outcomes: Sequence[Outcome], question: Any, kind: Any, work_out: Callable[[], T]) -> T:
    """Return what ``work_out`` returns, from what was kept of large runs that have ended.

    Args:
        outcomes: What it follows from; the last one is the run that it is kept with.
        question: Plain data that tells this figure from all others of these runs.
        kind: The type of the figure, a dataclass or a list of such, as pydantic reads and writes it.
        work_out: Works it out.
    """
    if not all(outcome.settled for outcome in outcomes) or sum(o.size for o in outcomes) < LARGE:
        return work_out()
    from pydantic import TypeAdapter

    store = outcomes[-1].store
    told = [[*outcome.fingerprint] for outcome in outcomes]
    key = sha256_text(canonical_json([_code(), told, question]))
    kept = store.findings.get(key)
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    if kept is not None:
        return adapter.validate_json(kept)
    result = work_out()
    store.findings.put(key, outcomes[-1].run_id, adapter.dump_json(result).decode())
    return result


@cache
def _code() -> str:
    """Identify the code that figures follow from, so that a correction of it is never hidden by what was kept."""
    room = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for name in _CODE:
        path = room / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
