"""Quality, cost and latency together: which choices are beaten by another one in everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Figures closer than this share of each other are the same.
_SAME = 1e-9


@dataclass(frozen=True)
class Point:
    """One version or model: ``quality`` (more is better), USD an answer, seconds an answer; None is unknown."""

    name: str
    quality: float | None
    cost_usd: float | None
    latency_s: float | None


@dataclass(frozen=True)
class FrontierRow:
    """A point and who dominates it: at least as good, as cheap and as fast, and better in one of these.

    ``established`` are those among ``dominated_by`` whose quality is established as better, too; for the others
    the figures seen say so.
    """

    name: str
    cost_usd: float | None
    latency_s: float | None
    dominated_by: list[str]
    established: list[str]

    @property
    def on_frontier(self) -> bool:
        """Whether nothing seen is better in everything."""
        return not self.dominated_by

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {**self.__dict__, "on_frontier": self.on_frontier}


def frontier(points: Sequence[Point], better: Sequence[tuple[str, str]] = ()) -> list[FrontierRow]:
    """Name the points that another one dominates, in the order given.

    A figure that is unknown for every point is left out. Where it is unknown for one point only, that point neither
    dominates nor is dominated: unknown is not zero, and not endless.

    Args:
        points: One for each version or model.
        better: Pairs of names, the first of which is established as better in quality than the second.
    """
    figures = [_figures(point) for point in points]
    axes = [axis for axis in range(3) if any(f[axis] is not None for f in figures)]
    sure = set(better)
    rows = []
    for point, mine in zip(points, figures, strict=True):
        above = [
            other.name
            for other, theirs in zip(points, figures, strict=True)
            if other is not point and _dominates(theirs, mine, axes)
        ]
        established = [name for name in above if (name, point.name) in sure]
        rows.append(FrontierRow(point.name, point.cost_usd, point.latency_s, above, established))
    return rows


def _figures(point: Point) -> tuple[float | None, ...]:
    """The figures, all turned so that less is better."""
    return (None if point.quality is None else -point.quality, point.cost_usd, point.latency_s)


def _dominates(one: tuple[float | None, ...], other: tuple[float | None, ...], axes: list[int]) -> bool:
    strictly = False
    for axis in axes:
        mine, theirs = one[axis], other[axis]
        if mine is None or theirs is None:
            return False
        slack = _SAME * max(abs(mine), abs(theirs))
        if mine > theirs + slack:
            return False
        strictly = strictly or mine < theirs - slack
    return strictly
