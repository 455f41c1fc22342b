"""How far the outputs of a watch's looks are from the reference's in meaning, by the vectors of an embedding model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workbench.errors import CompletionError
from workbench.evals.judge_setting import embedders
from workbench.evals.types import ScorerSpec
from workbench.files import canonical_json
from workbench.llm.types import ModelSpec
from workbench.store.watches import WatchRecord

#: Names no embedding model for a watch, whatever the suite's scorers name.
NONE = "none"
#: Half the cosine distance of texts one of which is empty: they have nothing in common.
_UNLIKE = 0.5
Cell = TypeVar("Cell")


@dataclass(frozen=True)
class Embedded:
    """What was done: looks that got their distances, texts that were looked up or asked about, and USD (or unknown)."""

    model: str
    looks: int
    texts: int
    cost_usd: float | None


def embedder_of(watch: WatchRecord, scorers: Sequence[ScorerSpec]) -> ModelSpec | None:
    """Return the watch's embedding model, else the first that the suite's scorers name; None where none is."""
    if watch.embedder is not None:
        return None if watch.embedder == NONE else ModelSpec(watch.embedder)
    return next(iter(embedders(scorers)), None)


def embedder_key(model: ModelSpec) -> str:
    """Return what tells two embedding models apart whose distances are not to be mixed."""
    return canonical_json({"id": model.id, "api_base": model.api_base, "params": model.params})


def texts_needed(mine: Mapping[Cell, str], reference: Mapping[Cell, str]) -> list[str]:
    """Return the texts whose vectors tell a distance: equal and empty ones need none."""
    pairs = [(text, reference[cell]) for cell, text in mine.items() if cell in reference]
    unequal = [pair for pair in pairs if pair[0] != pair[1] and all(text.strip() for text in pair)]
    return list(dict.fromkeys(text for pair in unequal for text in pair))


def half_distances(
    mine: Mapping[Cell, str], reference: Mapping[Cell, str], vectors: Mapping[str, Sequence[float]]
) -> dict[Cell, float]:
    """Return half the cosine distance (0-1) of every answer to the reference's."""
    found: dict[Cell, float] = {}
    for cell, text in mine.items():
        other = reference.get(cell)
        if other is None:
            continue
        if text == other:
            found[cell] = 0.0
        elif not text.strip() or not other.strip():
            found[cell] = _UNLIKE if text.strip() or other.strip() else 0.0
        else:
            found[cell] = (1 - _cosine(vectors[text], vectors[other])) / 2
    return found


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    if len(a) != len(b):
        raise CompletionError("The embedding model gave vectors of different lengths", kind="provider")
    lengths = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(x * x for x in b))
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return max(-1.0, min(1.0, product / lengths)) if lengths else 0.0
