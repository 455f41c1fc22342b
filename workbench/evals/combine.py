"""Several scores as one: the weighted mean called ``overall``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.evals.types import Score, Unit

OVERALL = "overall"


@dataclass(frozen=True)
class Weighted:
    """One score with what it counts for."""

    score: Score
    weight: float
    unit: Unit


def overall(parts: Sequence[Weighted]) -> Score:
    """Return the weighted mean of the scores whose weight is above 0.

    A score in another unit than 0–1 counts as 1 where it passed and 0 where it failed. It passes where every
    part that passes or fails has passed. An error in any part makes the whole an error, and an unknown part
    makes it unknown: neither may be read as a 0.
    """
    parts = [part for part in parts if part.weight > 0]
    failed = next((part.score for part in parts if part.score.error), None)
    if failed:
        return Score(OVERALL, None, error=f"{failed.scorer}: {failed.error}")
    values = [_contribution(part) for part in parts]
    for part, value in zip(parts, values, strict=True):
        if value is None:
            return Score(OVERALL, None, reason=f"{part.score.scorer} is unknown")
    total = sum(part.weight for part in parts)
    mean = sum(part.weight * value for part, value in zip(parts, values, strict=True)) / total
    verdicts = [part.score.passed for part in parts if part.score.passed is not None]
    reason = "failed: " + ", ".join(p.score.scorer for p in parts if p.score.passed is False)
    passed = all(verdicts) if verdicts else None
    return Score(OVERALL, mean, passed, reason if passed is False else "")


def _contribution(part: Weighted) -> float | None:
    if part.unit == "score":
        return part.score.value
    return None if part.score.passed is None else float(part.score.passed)
