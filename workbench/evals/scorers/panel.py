"""Several judges as one, by a rule of voting."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from workbench.evals.model_entry import Model
from workbench.evals.scorers.answers import Waiting
from workbench.evals.scorers.judging import Judge
from workbench.evals.scorers.registry import SCORERS, WRAPPER_KEYS, Outcome, ParamError, ScoringError, scorer
from workbench.evals.types import ScoringInput


@scorer("panel")
@dataclass(frozen=True, kw_only=True)
class Panel:
    """Several models judge, each by itself, and vote.

    ``mean`` and ``median`` are of the judges' values, and pass or fail with a ``threshold``. ``majority`` passes where
    more than half of the judges say yes, ``unanimous`` where all do; their value is the share of yes. A judge that
    fails, or whose reply cannot be read, makes the whole an error: it is never left out of the vote.
    """

    judges: Annotated[list[Model], Field(min_length=2, max_length=9, description="The models that judge")]
    of: Annotated[
        dict[str, Any], Field(description="The judge that each of them is, as an entry with its type")
    ]
    vote: Annotated[
        Literal["mean", "median", "majority", "unanimous"], Field(description="How their words become one")
    ] = "mean"
    passes: Annotated[
        float, Field(ge=0, le=1, description="The value from which a judge that only measures says yes")
    ] = 0.5

    def __post_init__(self) -> None:
        self.members  # noqa: B018  (refuses what cannot be used while the suite is read)

    @property
    def asks(self) -> bool:
        """Whether it needs answers of a model."""
        return True

    @cached_property
    def members(self) -> tuple[Judge, ...]:
        """The judges, built once."""
        known = SCORERS.get(str(self.of.get("type")))
        if known is None or not issubclass(known.impl, Judge) or known.compares:
            raise ParamError("a panel is of judges", ("of", "type"), "name a judge, such as rubric")
        params = {key: value for key, value in self.of.items() if key != "type"}
        wrapped = next((key for key in params if key in WRAPPER_KEYS), None)
        if wrapped:
            raise ParamError(
                f"{wrapped} belongs to the panel, not to its judges", ("of", wrapped), "move it up"
            )
        try:
            return tuple(known.build({**params, "judge": judge}) for judge in self.judges)
        except ParamError as problem:
            raise ParamError(problem.message, ("of", *problem.path), problem.hint) from None

    def score(self, cell: ScoringInput) -> Outcome:
        """Hear all judges, all at once, and count."""
        heard: list[tuple[str, Outcome]] = []
        waiting: Waiting | None = None
        for member in self.members:
            name = member.model.name
            try:
                heard.append((name, member.score(cell)))
            except Waiting as problem:
                waiting = problem
            except ScoringError as problem:
                raise ScoringError(f"{name}: {problem}") from None
        if waiting is not None:
            raise waiting
        return self._count(heard)

    def _count(self, heard: list[tuple[str, Outcome]]) -> Outcome:
        values = [outcome.value for _, outcome in heard]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return Outcome(None, None, "to some judges it is unknown")
        said = "; ".join(
            f"{name} {o.value:.2f}" + (f" ({o.reason})" if o.reason else "") for name, o in heard
        )
        if self.vote in ("mean", "median"):
            return Outcome(getattr(statistics, self.vote)(known), None, said)
        yes = sum(
            o.passed if o.passed is not None else v >= self.passes
            for (_, o), v in zip(heard, known, strict=True)
        )
        passed = yes == len(heard) if self.vote == "unanimous" else yes > len(heard) / 2
        return Outcome(yes / len(heard), passed, f"{yes} of {len(heard)} say yes: {said}")
