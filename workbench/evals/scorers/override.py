"""What a case changes about the suite's scorers: it switches one off, or gives it other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from workbench.evals.combine import OVERALL
from workbench.evals.formula import parse_formula, variable_of
from workbench.evals.scorers.registry import Outcome, ParamError, ScoringError, scorer
from workbench.evals.types import Case, ScorerSpec, ScoringInput

if TYPE_CHECKING:
    from workbench.evals.scorers.built_scorer import Scorer

TYPE = "override"
_FIXED = ("type", "name", "of", "reducer", "source", "formula")


@scorer(TYPE, unit="count")
@dataclass(frozen=True)
class Override:
    """A case changes one of the suite's scorers for itself: it stands among the case's own scorers.

    ``set`` replaces parameters of the scorer, its ``threshold``, ``weight``, ``negate``, ``extract`` or ``transform``;
    ``off`` leaves it out, and formulas over it too. Of ``overall`` a case may set the ``threshold``.
    """

    scorer: Annotated[str, Field(min_length=1, max_length=100, description="The name of the suite's scorer")]
    off: Annotated[bool, Field(description="Leave the scorer out on this case")] = False
    set: Annotated[dict[str, Any], Field(description="What is other on this case")] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        if self.off == bool(self.set):
            raise ValueError("an override either is off or sets something")
        fixed = next((key for key in self.set if key in _FIXED), None)
        if fixed:
            raise ValueError(f"a case cannot change a scorer's {fixed}")
        limit = self.set.get("threshold")
        plain = isinstance(limit, int | float) and not isinstance(limit, bool)
        if self.scorer == OVERALL and (set_of(self.set) != {"threshold"} or not plain or not 0 <= limit <= 1):
            raise ValueError("of overall a case can set the threshold only, from 0 to 1")

    def score(self, cell: ScoringInput) -> Outcome:
        """Refuse: it is no scorer, it changes one."""
        raise ScoringError("an override belongs among the scorers of a case")


def set_of(mapping: dict[str, Any]) -> frozenset[str]:
    """Return a mapping's keys."""
    return frozenset(mapping)


def overrides_of(case: Case) -> list[Override]:
    """Return what a case changes about the suite's scorers."""
    from workbench.evals.scorers.reading import build_scorer

    return [build_scorer(spec).impl for spec in case.scorers if spec.type == TYPE]


def own_specs(case: Case) -> tuple[ScorerSpec, ...]:
    """Return the case's own scorers without its overrides."""
    return tuple(spec for spec in case.scorers if spec.type != TYPE)


def overridden(shared: Iterable[Scorer], overrides: Iterable[Override]) -> tuple[Scorer, ...]:
    """Return the suite's scorers as a case wants them.

    Raises:
        ParamError: There is no such scorer, or what is set does not fit it.
    """
    from workbench.evals.scorers.reading import read_scorer

    scorers = {one.name: one for one in shared}
    gone: list[str] = []
    for change in overrides:
        if change.scorer == OVERALL:
            continue
        if change.scorer not in scorers:
            from workbench.evals.scorers.registry import suggest

            raise ParamError(
                f'the suite has no scorer "{change.scorer}" to change',
                ("scorer",),
                suggest(change.scorer, [*scorers]),
            )
        if change.off:
            del scorers[change.scorer]
            gone.append(variable_of(change.scorer))
        else:
            scorers[change.scorer] = read_scorer({**scorers[change.scorer].spec.to_dict(), **change.set})
    return tuple(one for one in scorers.values() if not _needs(one, gone))


def _needs(one: Scorer, gone: list[str]) -> bool:
    return one.spec.type == "derived" and any(
        name in parse_formula(one.spec.params["formula"]).names for name in gone
    )


def overall_threshold(case: Case) -> float | None:
    """Return the value of ``overall`` from which this case passes, None where it says nothing of it."""
    wanted = [change.set["threshold"] for change in overrides_of(case) if change.scorer == OVERALL]
    return float(wanted[-1]) if wanted else None
