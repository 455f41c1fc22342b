"""Cases that mean the same in other words: texts whose vectors point the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.evals.datasets.chains import Chains

#: Cases that are compared by meaning: each with each, so the time grows with the square.
MAX_CASES = 20_000
THRESHOLD = 0.92
_BLOCK = 1024


@dataclass(frozen=True)
class AlikeInMeaning:
    """Groups of cases with nearly the same meaning, ids in the order of the file; the most alike group first.

    ``groups`` holds ``(ids, likeness)``: the greatest cosine within the group. ``compared`` of ``rows`` cases were
    compared by the vectors of ``model``; ``cost_usd`` is what new vectors cost, None where that is unknown.
    """

    groups: tuple[tuple[tuple[str, ...], float], ...]
    rows: int
    compared: int
    threshold: float
    model: str
    cost_usd: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        listed = [{"cases": list(ids), "likeness": likeness} for ids, likeness in self.groups]
        return {**vars(self), "groups": listed}


def groups_of_vectors(
    vectors: Sequence[Sequence[float]], *, threshold: float
) -> list[tuple[list[int], float]]:
    """Return groups of the indices of vectors that point the same way, chained, with the greatest cosine in each.

    Args:
        vectors: Of one length each; a vector of zeros is like none.
        threshold: The least cosine of two that are alike, from 0 to 1.
    """
    import numpy as np

    if len(vectors) < 2:
        return []
    matrix = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix = np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)
    chains = Chains(len(matrix))
    best: dict[int, float] = {}
    for start in range(0, len(matrix), _BLOCK):
        cosines = matrix[start : start + _BLOCK] @ matrix.T
        rows, columns = np.nonzero(cosines >= threshold)
        for row, b in zip(rows.tolist(), columns.tolist(), strict=True):
            a = start + row
            if a >= b:
                continue
            one, other = chains.first(a), chains.first(b)
            likeness = max(best.pop(one, 0.0), best.pop(other, 0.0), float(cosines[row, b]))
            best[chains.join(one, other)] = likeness
    found = [(group, min(best[group[0]], 1.0)) for group in chains.groups()]
    return sorted(found, key=lambda item: -item[1])
