"""The formulas of a suite that are computed of means, as the analysis wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.evals.formula import variable_of
from workbench.evals.scorers import ScoringError, build_scorer
from workbench.evals.scorers.derived import Derived
from workbench.evals.types import ScorerSpec

if TYPE_CHECKING:
    from workbench.analysis.derived import MeansFormula


def formulas_of_means(specs: Iterable[ScorerSpec], names: Iterable[str]) -> list[MeansFormula]:
    """Return the metrics that are computed of means, given the names of all scorers."""
    from workbench.analysis.derived import MeansFormula

    def compute(impl: Derived, variables: tuple[str, ...]) -> Callable[[Sequence[float]], float | None]:
        def value(means: Sequence[float]) -> float | None:
            try:
                return impl.compute(dict(zip(variables, map(float, means), strict=True)))
            except ScoringError:
                return None

        return value

    scorers = {variable_of(name): name for name in names}
    found = []
    for spec in specs:
        if spec.type != "derived" or spec.params.get("over") != "means":
            continue
        impl = build_scorer(spec).impl
        variables = tuple(sorted(impl.parsed.names))
        if all(name in scorers for name in variables):
            needs = tuple(scorers[name] for name in variables)
            found.append(MeansFormula(spec.name, needs, compute(impl, variables), impl.unit))
    return found
