"""Judges: a model asked what to make of an output, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from workbench.evals.scorers.judging import Judge, asked_of, expected_of
from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.scorers.replies import Unparsable, number_in_words, read_number, read_object, reason_of
from workbench.evals.types import ScoringInput
from workbench.llm.types import Completion, Request

Words = Annotated[str, Field(min_length=1, max_length=20_000)]


@scorer("rubric")
@dataclass(frozen=True, kw_only=True)
class Rubric(Judge):
    """A model grades the output on a scale, by a rubric, and says why.

    The value is the grade as a share of the scale: 4 of 1–5 is 0.75. It passes or fails with a ``threshold``.
    """

    PROMPT: ClassVar[str] = "rubric"

    rubric: Annotated[Words, Field(description="What a good output is, in words")]
    scale: Annotated[tuple[float, float], Field(description="The lowest and the highest grade")] = (1.0, 5.0)

    def __post_init__(self) -> None:
        if not self.scale[0] < self.scale[1]:
            raise ValueError("the scale begins with its lowest grade, as [1, 5]")

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        low, high = self.scale
        texts = {"input": asked_of(cell), "expected": expected_of(cell), "output": cell.output}
        settings = {"rubric": self.rubric, "low": f"{low:g}", "high": f"{high:g}"}
        return (self.request(cell, texts, settings),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """The grade, normalised."""
        low, high = self.scale
        text = replies[0].text
        try:
            data = read_object(text, "score")
        except Unparsable:
            number = number_in_words(text)
            if number is None:
                raise
            data = {"score": number, "reason": text}
        grade = read_number(data["score"], low, high)
        return Outcome((grade - low) / (high - low), None, f"{grade:g} of {high:g}: {reason_of(data)}")
