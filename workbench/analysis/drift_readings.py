"""What a watch looks at, and what it says of each look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Metric = Literal["score", "output", "length", "refusal", "embedding", "latency", "cost"]
METRICS: tuple[Metric, ...] = ("score", "output", "length", "refusal", "embedding", "latency", "cost")
#: Metrics of the distance to the reference. How far an unmoved model is from itself is learnt from the first look.
DISTANCES = frozenset({"output", "embedding"})
ALPHA = 0.05
#: What each metric may spend of alpha, whether a look knows it or not: the score matters most, so it gets most.
SHARES: Mapping[Metric, float] = {metric: 0.4 if metric == "score" else 0.1 for metric in METRICS}


@dataclass(frozen=True)
class Look:
    """One run of the suite: for each metric a value a case (the mean over its answers).

    ``score`` is in its own unit, ``refusal`` in 0–1, ``length`` in characters, ``latency`` in seconds, ``cost`` in
    USD, ``output`` is the share of a case's answers that are another text than the reference's, ``embedding`` half
    the cosine distance to it (0–1). ``words`` is the mean length in words, for sentences. ``models`` are the names
    that the provider answered under. What is unknown is left out.
    """

    run: str
    at: str
    values: Mapping[Metric, Mapping[str, float]]
    models: frozenset[str] = frozenset()
    words: float | None = None


@dataclass(frozen=True)
class Reading:
    """One metric at one look: the mean over the ``n`` cases that it shares with earlier runs.

    ``was`` is the mean of these cases in the runs before (before the change, where one is established). ``low`` and
    ``high`` are the 95 % interval of ``now`` for this look alone, by the cases' differences to ``was``; None for
    fewer than two cases. ``p`` is the chance that any metric would look this changed at this look or that any look
    spent as much of the error: an alarm (``moved``, which stays) where it is at most alpha.
    """

    metric: Metric
    n: int
    was: float
    now: float
    low: float | None
    high: float | None
    direction: int
    p: float
    moved: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Moved:
    """One thing that moved: since which look (1 is the first after the reference), and whether it is so at the last."""

    what: str
    since: int
    run: str
    still: bool
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Drift:
    """The history of a watch: the readings of each look, and what moved."""

    readings: list[dict[Metric, Reading]]
    moved: list[Moved]
    alpha: float = ALPHA


@dataclass(frozen=True)
class Change:
    """A metric that moved: means before and since in the cases that both know, and the places of looks in the list.

    ``since`` is the first look that is moved, ``until`` the last at which that was established.
    """

    metric: Metric
    was: float
    now: float
    since: int
    until: int
    still: bool
