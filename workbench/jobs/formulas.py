"""The formulas of a suite that are computed of means, as the analysis wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.errors import BadInput
from workbench.evals.formula import variable_of
from workbench.evals.scorers import ScoringError, build_scorer
from workbench.evals.scorers.derived import Derived
from workbench.evals.types import ScorerSpec

if TYPE_CHECKING:
    from workbench.analysis.derived import MeansFormula


def no_such_scorer(metric: str, where: str, specs: Iterable[ScorerSpec], known: Iterable[str]) -> BadInput:
    """Return the error of a metric that cannot be compared by; one of means is there and has no values of cases."""
    if any(spec.name == metric and spec.params.get("over") == "means" for spec in specs):
        return BadInput(
            f'"{metric}" is computed of the means, so no case has a value of it to compare by',
            hint="name the scorers that it is made of, or compute it `over: cells`",
        )
    return BadInput(f'There is no scorer "{metric}" in {where}', hint=f"there are {', '.join(sorted(known))}")


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
