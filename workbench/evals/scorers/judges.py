"""Judges: a model asked what to make of an output, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from workbench.evals.scorers.judging import Judge, asked_of, expected_of
from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.scorers.replies import (
    Unparsable,
    number_in_words,
    read_number,
    read_object,
    reason_of,
    shown,
)
from workbench.evals.scorers.verdicts import numbered, share, verdicts
from workbench.evals.types import ScoringInput
from workbench.llm.types import Completion, Request

_YES = ("true", "yes", "pass", "y")
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


@scorer("criteria")
@dataclass(frozen=True, kw_only=True)
class Criteria(Judge):
    """A model says for each of several criteria whether the output meets it, with a reason each.

    The value is the share that is met; it passes where all are, or by a ``threshold``.
    """

    PROMPT: ClassVar[str] = "criteria"

    criteria: Annotated[
        list[Words], Field(min_length=1, max_length=50, description="What must hold, a sentence each")
    ]

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question about all."""
        texts = {"input": asked_of(cell), "expected": expected_of(cell), "output": cell.output}
        return (self.request(cell, texts, {"criteria": numbered(self.criteria)}),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """The share that is met; every criterion needs its verdict."""
        met = verdicts(replies[0].text, "verdicts", "met", len(self.criteria))
        failed = [
            f"{name} ({reason})" for name, (ok, reason) in zip(self.criteria, met, strict=True) if not ok
        ]
        return Outcome(share(met), not failed, "not met: " + "; ".join(failed) if failed else "")


@scorer("classify")
@dataclass(frozen=True, kw_only=True)
class Classify(Judge):
    """A model puts the output into one of several classes, each with a value of its own, and says why.

    It passes where the class is worth 1, or by a ``threshold``.
    """

    PROMPT: ClassVar[str] = "classify"

    question: Annotated[Words, Field(description="What is to be told of the output")]
    choices: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1)]],
        Field(min_length=2, max_length=50, description="The classes, with the value of each"),
    ]

    def __post_init__(self) -> None:
        names = [_plain(name) for name in self.choices]
        if len(set(names)) < len(names) or "" in names:
            raise ValueError("two of the choices cannot be told apart")

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        texts = {"input": asked_of(cell), "expected": expected_of(cell), "output": cell.output}
        listed = "\n".join(f"- {name}" for name in self.choices)
        return (self.request(cell, texts, {"question": self.question, "choices": listed}),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """The value of the class."""
        data = read_object(replies[0].text, "choice")
        chosen = next((name for name in self.choices if _plain(name) == _plain(str(data["choice"]))), None)
        if chosen is None:
            raise Unparsable(f"the judge chose {shown(str(data['choice']))}, which is none of the classes")
        value = self.choices[chosen]
        return Outcome(value, value >= 1, f"{chosen}: {reason_of(data)}")


@scorer("llm_rubric")
@dataclass(frozen=True, kw_only=True)
class LlmRubric(Judge):
    """A model says whether the output meets a rubric, with a score of its own, as promptfoo's ``llm-rubric`` asks it.

    The reply holds ``pass``, ``score`` and ``reason``. It passes where the model says so and the score is at least
    ``least``; what the model leaves out is a pass, and the score then is 1 or 0 by it.
    """

    PROMPT: ClassVar[str] = "llm_rubric"

    rubric: Annotated[str, Field(max_length=20_000, description="What must hold, in words")]
    least: Annotated[float | None, Field(description="The lowest score that passes, besides the verdict")] = (
        None
    )

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        texts = {"input": asked_of(cell), "expected": expected_of(cell), "output": cell.output}
        return (self.request(cell, texts, {"rubric": self.rubric}),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """The model's own score and verdict."""
        data = read_object(replies[0].text)
        if not data.keys() & {"pass", "score"}:
            raise Unparsable(f'the judge\'s reply holds neither "pass" nor "score": {shown(replies[0].text)}')
        verdict = data.get("pass", True)
        passed = verdict if isinstance(verdict, bool) else str(verdict).strip().lower() in _YES
        score = _number(data.get("score"))
        value = float(passed) if score is None else score
        if self.least is not None:
            passed = passed and value >= self.least
        return Outcome(min(1.0, max(0.0, value)), passed, reason_of(data))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().strip(" .\"'-")


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError):
        return None
