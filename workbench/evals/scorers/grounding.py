"""Judges of answers from a context: what they state, what was found for them, and what they cover.

The measures are those of Ragas (Es et al., arXiv:2309.15217) and DeepEval, computed from one reply of the judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from workbench.evals.scorers.judging import Judge, as_text, asked_of, expected_of
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.verdicts import named_failures, numbered, share, verdicts
from workbench.evals.types import ScoringInput
from workbench.llm.types import Completion, Request

ContextName = Annotated[
    str, Field(min_length=1, description="The variable or metadata field that holds the context")
]


def found_in(cell: ScoringInput, name: str) -> Any:
    """Return a variable of the case, or a field of its metadata.

    Raises:
        ScoringError: The case has neither.
    """
    for holder in (cell.case.vars, cell.case.metadata):
        if holder.get(name) not in (None, "", []):
            return holder[name]
    raise ScoringError(f'the case has no "{name}" in its variables or metadata')


def passages(value: Any) -> list[str]:
    """Return a context as its passages."""
    return [as_text(part) for part in value] if isinstance(value, list) else [as_text(value)]


def needed(cell: ScoringInput) -> str:
    """Return the expected answer.

    Raises:
        ScoringError: The case has none.
    """
    if cell.case.expected in (None, ""):
        raise ScoringError("the case has no expected answer to judge by")
    return expected_of(cell)


def _stated(found: list[tuple[bool, str]], what: str) -> Outcome:
    if not found:
        return Outcome(None, None, "the answer states nothing")
    return Outcome(share(found), None, named_failures(found, what))


@scorer("faithfulness")
@dataclass(frozen=True, kw_only=True)
class Faithfulness(Judge):
    """The share of the output's statements that its context supports.

    An output that states nothing is unknown: neither faithful nor not. It passes or fails with a ``threshold``.
    """

    PROMPT: ClassVar[str] = "faithfulness"

    context: ContextName = "context"

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        context = numbered(passages(found_in(cell, self.context)))
        return (
            self.request(
                cell, {"context": context, "input": asked_of(cell, self.context), "output": cell.output}
            ),
        )

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """Supported statements over all."""
        return _stated(
            verdicts(replies[0].text, "statements", "supported", about="statement"), "not supported"
        )


@scorer("answer_relevance")
@dataclass(frozen=True, kw_only=True)
class AnswerRelevance(Judge):
    """The share of the output's statements that help to answer what was asked, right or wrong.

    An output that states nothing is unknown. It passes or fails with a ``threshold``.
    """

    PROMPT: ClassVar[str] = "answer_relevance"

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        return (self.request(cell, {"input": asked_of(cell), "output": cell.output}),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """Relevant statements over all."""
        return _stated(
            verdicts(replies[0].text, "statements", "relevant", about="statement"), "beside the question"
        )


@scorer("context_precision")
@dataclass(frozen=True, kw_only=True)
class ContextPrecision(Judge):
    """Whether the useful passages of the context stand first: the mean, over them, of the share of useful ones so far.

    That is average precision: with useful passages at the ranks 1 and 3, (1/1 + 2/3) / 2. None that is useful gives 0.
    """

    PROMPT: ClassVar[str] = "context_precision"

    context: ContextName = "context"

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question about all passages."""
        context = numbered(passages(found_in(cell, self.context)))
        texts = {"input": asked_of(cell, self.context), "expected": needed(cell), "context": context}
        return (self.request(cell, texts),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """Average precision."""
        count = len(passages(found_in(cell, self.context)))
        useful = [ok for ok, _ in verdicts(replies[0].text, "passages", "useful", count)]
        so_far = [sum(useful[: rank + 1]) / (rank + 1) for rank, ok in enumerate(useful) if ok]
        value = sum(so_far) / len(so_far) if so_far else 0.0
        return Outcome(value, None, f"{sum(useful)} of {count} passages are useful")


@scorer("context_recall")
@dataclass(frozen=True, kw_only=True)
class ContextRecall(Judge):
    """The share of the expected answer's statements that stand in the context."""

    PROMPT: ClassVar[str] = "context_recall"

    context: ContextName = "context"

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        context = numbered(passages(found_in(cell, self.context)))
        texts = {"input": asked_of(cell, self.context), "expected": needed(cell), "context": context}
        return (self.request(cell, texts),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """Statements that were found over all."""
        return _stated(
            verdicts(replies[0].text, "statements", "found", about="statement"), "not in the context"
        )


@scorer("summary_coverage")
@dataclass(frozen=True, kw_only=True)
class SummaryCoverage(Judge):
    """The share of a text's key points that the output, its summary, covers rightly.

    Without ``points`` the judge chooses them, and may choose others for another summary of the same text.
    """

    PROMPT: ClassVar[str] = "summary_coverage"

    source: Annotated[str, Field(min_length=1, description="The variable that holds the text")]
    points: Annotated[
        list[str] | None,
        Field(min_length=1, max_length=50, description="The key points; by default the judge's"),
    ] = None
    most: Annotated[int, Field(ge=1, le=50, description="How many key points the judge may choose")] = 8

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        texts = {"source": as_text(found_in(cell, self.source)), "output": cell.output}
        points = numbered(self.points) if self.points else "(none are given)"
        return (self.request(cell, texts, {"points": points, "most": self.most}),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """Covered points over all."""
        count = len(self.points) if self.points else None
        found = verdicts(replies[0].text, "points", "covered", count, about="point")
        if not found:
            return Outcome(None, None, "the judge found no key point")
        return Outcome(share(found), None, named_failures(found, "not covered"))
