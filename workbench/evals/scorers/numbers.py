"""Scorers that compare numbers, read as people and models write them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from workbench.evals.extract import find_numbers, number_of
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import Texts, any_of, references, shown
from workbench.evals.types import ScoringInput

_SWAPPED = str.maketrans(".,", ",.")
Tolerance = Annotated[float, Field(ge=0)]


@scorer("numeric", needs_expected=True)
@dataclass(frozen=True)
class Numeric:
    """The number in the output equals the expected number, or any one of several, within a tolerance.

    Numbers are read as they are written: ``1,234.5``, ``$12``, ``-3``, ``1.2e-5``, ``3/4``, and ``45 %`` as 45.
    Words such as "billion" or "dozen" are not counted in. An output without a number fails; an expected value
    without one is an error. Comparison is exact, without rounding: the difference may be at most the larger of
    ``tolerance`` and ``relative_tolerance`` times the expected number.
    """

    value: Annotated[
        Texts | None,
        Field(
            description="Number to use instead of the case's expected; a list means any of them; {{name}} is "
            "filled in"
        ),
    ] = None
    tolerance: Annotated[Tolerance, Field(description="Largest difference that still counts as equal")] = 0.0
    relative_tolerance: Annotated[
        Tolerance, Field(description="The same as a share of the expected number: 0.01 is one percent")
    ] = 0.0
    which: Annotated[
        Literal["last", "first", "only"],
        Field(description="Which number of the output counts; only: an output with several numbers fails"),
    ] = "last"
    decimal_comma: Annotated[
        bool, Field(description="Read the output's numbers as 1.234,5 (the expected number stays 1,234.5)")
    ] = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the chosen number with each expected one."""
        wanted = references(self.value, cell)
        targets = [_expected(text) for text in wanted]
        found = find_numbers(cell.output.translate(_SWAPPED) if self.decimal_comma else cell.output)
        if not found:
            return Outcome(0.0, False, f"there is no number in {shown(cell.output)}")
        if self.which == "only" and len(found) > 1:
            return Outcome(0.0, False, f"there are {len(found)} numbers, not one")
        answer = number_of(found[0] if self.which == "first" else found[-1])
        if any(self._close(answer, target) for target in targets):
            return Outcome(1.0, True)
        return Outcome(0.0, False, f"{_written(answer)} is not {any_of(wanted)}")

    def _close(self, answer: Fraction, target: Fraction) -> bool:
        allowed = max(_exactly(self.tolerance), _exactly(self.relative_tolerance) * abs(target))
        return abs(answer - target) <= allowed


def _exactly(number: float) -> Fraction:
    """Return the decimal that was written: 0.1 is one tenth, not the nearest binary number."""
    return Fraction(repr(number))


def _expected(text: str) -> Fraction:
    found = find_numbers(text)
    if len(found) != 1:
        problem = "is not a number" if not found else "holds several numbers"
        raise ScoringError(f"the expected {shown(text, 40)} {problem}")
    return number_of(found[0])


def _written(number: Fraction) -> str:
    try:
        return f"{float(number):.12g}"
    except OverflowError:
        return "a huge number"
