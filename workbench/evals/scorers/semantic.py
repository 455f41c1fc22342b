"""Scorers of meaning: how near two texts are as vectors, and how much of an answer is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from workbench.evals.model_entry import Model
from workbench.evals.scorers.grounding import needed
from workbench.evals.scorers.judging import Judge, answers_of, asked_of
from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.scorers.replies import Unparsable, read_object
from workbench.evals.scorers.texts import Value, references
from workbench.evals.types import ScoringInput
from workbench.llm.types import Completion, Request

Embedder = Annotated[Model, Field(description="The model of vectors, such as openai/text-embedding-3-small")]


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors, 0 where one of them has no length."""
    lengths = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(x * x for x in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def nearest(cell: ScoringInput, embedder: Model, texts: Sequence[str]) -> float:
    """Return the cosine of the output with the nearest of the texts, not below 0; an empty output has none, 0."""
    wanted = [text for text in texts if text.strip()]
    if not cell.output.strip() or not wanted:
        return 0.0
    own, *others = answers_of(cell).vectors(embedder.spec(), [cell.output, *wanted])
    return min(1.0, max(0.0, *(cosine(own, other) for other in others)))


@scorer("similar", needs_expected=True)
@dataclass(frozen=True, kw_only=True)
class Similar:
    """How near the output's meaning is to the expected text's: the cosine of their vectors, not below 0.

    Of several expected texts the nearest counts. It passes or fails only with a ``threshold``; what is near
    differs from model to model.
    """

    embedder: Embedder
    value: Value = None

    @property
    def asks(self) -> bool:
        """Whether it needs answers of a model."""
        return True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the vectors."""
        return Outcome(nearest(cell, self.embedder, references(self.value, cell)))


@scorer("answer_correctness", needs_expected=True)
@dataclass(frozen=True, kw_only=True)
class AnswerCorrectness(Judge):
    """How much of the output is right, by the statements of the expected answer: F1 of right, wrong and missing ones.

    With an ``embedder`` the similarity of the whole texts counts too, by ``similarity_weight`` (as Ragas does). It
    passes or fails with a ``threshold``.
    """

    PROMPT: ClassVar[str] = "answer_correctness"

    embedder: Annotated[
        Model | None, Field(description="The model of vectors; none leaves similarity out")
    ] = None
    similarity_weight: Annotated[float, Field(ge=0, le=1, description="What similarity counts for")] = 0.25

    def ask(self, cell: ScoringInput) -> tuple[Request, ...]:
        """One question."""
        texts = {"input": asked_of(cell), "expected": needed(cell), "output": cell.output}
        return (self.request(cell, texts),)

    def read(self, cell: ScoringInput, replies: tuple[Completion, ...]) -> Outcome:
        """F1 = right / (right + (wrong + missing) / 2)."""
        data = read_object(replies[0].text, "right", "wrong", "missing")
        lists = [data[name] for name in ("right", "wrong", "missing")]
        if not all(isinstance(found, list) for found in lists) or not any(lists):
            raise Unparsable("the judge gave no lists of statements")
        right, wrong, missing = (len(found) for found in lists)
        value = right / (right + (wrong + missing) / 2)
        said = f"{right} right, {wrong} wrong, {missing} missing"
        if self.embedder is not None:
            near = nearest(cell, self.embedder, references(None, cell))
            value = (1 - self.similarity_weight) * value + self.similarity_weight * near
            said += f"; similarity {near:.2f}"
        return Outcome(value, None, said)
