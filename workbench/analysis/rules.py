"""What a gate asks, and the outcome of each rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

GateStatus = Literal["passed", "failed", "undecided"]
WORST_FIRST: tuple[GateStatus, ...] = ("failed", "undecided", "passed")
#: The error rate of a gate, on either side, over all of its rules that are judged by chance.
ERROR_RATE = 0.05


@dataclass(frozen=True)
class Rule:
    """One rule of a gate with its own outcome and the reason in a sentence."""

    name: str
    status: GateStatus
    reason: str


@dataclass(frozen=True)
class MoreRules:
    """What a gate asks beside its first metric, cost and latency.

    ``metrics`` gives each further scorer the loss that does not matter, ``floors`` each scorer the mean that the
    candidate must reach (for seconds and USD that it may not pass), ``slices`` each field the loss that does not
    matter in any of its slices, or None where a slice only must not be established as worse. ``must_pass`` are
    ids of cases, None where the gate has no such rule.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)
    slices: Mapping[str, float | None] = field(default_factory=dict)
    must_pass: tuple[str, ...] | None = None
    max_new_failures: int | None = None

    def __bool__(self) -> bool:
        return self != MoreRules()


def worst(rules: list[Rule]) -> GateStatus:
    """Return the status of a whole gate: one failed rule fails it, else one undecided leaves it undecided."""
    return next(s for s in WORST_FIRST if any(r.status == s for r in rules))
