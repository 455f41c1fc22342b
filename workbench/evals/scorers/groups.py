"""Groups: several scorers as one, of which all, any or so many must pass.

A part whose weight is 0 is computed and shown but decides nothing, as in `overall`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from workbench.evals.scorers.registry import Outcome, ParamError, ScoringError, scorer
from workbench.evals.types import Score, ScoringInput

if TYPE_CHECKING:
    from workbench.evals.scorers.built_scorer import Scorer

MAX_PARTS = 50
MAX_DEPTH = 5
#: Group types, which an entry may also write as its first key: ``all: […]``.
GROUPS = ("all", "any", "at_least")
Parts = Annotated[
    list[Any],
    Field(min_length=1, max_length=MAX_PARTS, description="The scorers of the group, written as anywhere"),
]


class Group:
    """What the three kinds of group share: their parts, built once, and a rule over the parts' scores."""

    of: list[Any]

    def __post_init__(self) -> None:
        self.parts  # noqa: B018  (refuses what cannot be used while the suite is read)
        self.check()

    def check(self) -> None:
        """Refuse parameters that do not fit the parts."""

    @cached_property
    def parts(self) -> tuple[Scorer, ...]:
        """The group's scorers."""
        from workbench.evals.scorers.reading import read_scorer

        if _depth(self.of) > MAX_DEPTH:
            raise ParamError(f"groups are nested more than {MAX_DEPTH} deep", ("of",), "flatten them")
        taken: set[str] = set()
        found = []
        for index, entry in enumerate(self.of):
            try:
                part = read_scorer(entry, taken=taken)
                if part.spec.type in ("derived", "override"):
                    what = "a formula" if part.spec.type == "derived" else "an override"
                    raise ParamError(f"{what} cannot stand in a group", (), "write it beside the group")
                if part.compares:
                    raise ParamError(
                        f"{part.spec.type} looks at several answers together, so it cannot stand in a group",
                        (),
                        "write it beside the group",
                    )
                if (
                    part.limited
                    and part.unit != "score"
                    and not (isinstance(entry, dict) and "weight" in entry)
                ):
                    # A limit in a group is there to decide, as it is not in a table of measures.
                    part = replace(part, spec=replace(part.spec, weight=1.0))
                found.append(part)
            except ParamError as problem:
                raise ParamError(problem.message, ("of", index, *problem.path), problem.hint) from None
        return tuple(found)

    @cached_property
    def deciding(self) -> tuple[Scorer, ...]:
        """The parts that count."""
        return tuple(part for part in self.parts if part.weight > 0)

    def score(self, cell: ScoringInput) -> Outcome:
        """Score every part and apply the rule."""
        return self.combine([part.score(cell) for part in self.parts])

    def combine(self, scores: list[Score]) -> Outcome:
        """Apply the rule to the parts' scores, in their order.

        Raises:
            ScoringError: A part that counts could not be scored: it may not be read as a failure.
        """
        found = [(part, score) for part, score in zip(self.parts, scores, strict=True) if part.weight > 0]
        for _, score in found:
            if score.error is not None:
                raise ScoringError(f"{score.scorer}: {score.error}")
        values = [_contribution(part, score) for part, score in found]
        if any(value is None for value in values):
            return Outcome(None, None, "a part is unknown")
        verdicts = [
            bool(s.passed) if s.passed is not None else v >= 1.0
            for (_, s), v in zip(found, values, strict=True)
        ]
        weights = [part.weight for part, _ in found]
        outcome = self.rule(list(values), verdicts, weights)
        failed = ", ".join(s.scorer for (_, s), ok in zip(found, verdicts, strict=True) if not ok)
        return outcome if outcome.passed or not failed else Outcome(outcome.value, False, f"failed: {failed}")

    def rule(self, values: list[float], verdicts: list[bool], weights: list[float]) -> Outcome:
        """Return what the group says."""
        raise NotImplementedError


def _contribution(part: Scorer, score: Score) -> float | None:
    if part.unit == "score":
        return score.value
    return None if score.passed is None else float(score.passed)


def _depth(entries: Any) -> int:
    """Return how deep groups are nested in a list of entries; nothing is built for it."""
    deepest, level = 0, [entries]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        level = [
            entry[key]
            for entries in level
            if isinstance(entries, list)
            for entry in entries[:MAX_PARTS]
            if isinstance(entry, dict)
            for key in ("of", "all", "any")
            if isinstance(entry.get(key), list)
        ]
    return deepest


@scorer("all")
@dataclass(frozen=True)
class AllOf(Group):
    """All scorers of a group pass; the value is the mean of their values by weight.

    With a ``threshold`` the group passes from that mean on instead, whichever of its parts fail.
    """

    of: Parts

    def rule(self, values: list[float], verdicts: list[bool], weights: list[float]) -> Outcome:
        """The mean by weight; all must pass."""
        if not values:
            return Outcome(1.0, True)
        mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
        return Outcome(min(1.0, mean), all(verdicts))


@scorer("any")
@dataclass(frozen=True)
class AnyOf(Group):
    """At least one scorer of a group passes; the value is the highest of theirs."""

    of: Parts

    def check(self) -> None:
        """Refuse a group in which nothing counts."""
        if not self.deciding:
            raise ParamError("no scorer of the group has a weight", ("of",), "leave one weight above 0")

    def rule(self, values: list[float], verdicts: list[bool], weights: list[float]) -> Outcome:
        """The highest value; one must pass."""
        return Outcome(max(values), any(verdicts))


@scorer("at_least")
@dataclass(frozen=True)
class AtLeast(Group):
    """At least ``n`` scorers of a group pass; the value is the n-th highest of theirs, which that many reach."""

    n: Annotated[int, Field(ge=1, le=MAX_PARTS, description="How many must pass")]
    of: Parts = field(default_factory=list)

    def check(self) -> None:
        """Refuse a number that the group cannot reach."""
        if self.n > len(self.deciding):
            raise ParamError(
                f"{self.n} must pass and {len(self.deciding)} of the group's scorers count",
                ("n",),
                "lower it",
            )

    def rule(self, values: list[float], verdicts: list[bool], weights: list[float]) -> Outcome:
        """The n-th highest value; n must pass."""
        return Outcome(sorted(values, reverse=True)[self.n - 1], sum(verdicts) >= self.n)


def as_written(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with the short form of a group written out: ``all: […]`` is ``{type: all, of: […]}``.

    ``at_least: 2`` stands beside ``of: […]``.
    """
    if "type" in entry:
        return entry
    kind = next((name for name in GROUPS if name in entry), None)
    if kind is None:
        return entry
    rest = {key: value for key, value in entry.items() if key != kind}
    key = "n" if kind == "at_least" else "of"
    if key in rest:
        raise ParamError(f"{kind} and {key} say the same", (kind,), "give one of them")
    return {"type": kind, key: entry[kind], **rest}
