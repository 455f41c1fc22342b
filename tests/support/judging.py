"""Scoring with judges in tests: scripted replies in place of a model."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from workbench.evals.scorers import build_scorer, parse_scorer, score_completion
from workbench.evals.scorers.answers import gathered
from workbench.evals.types import Case, Score
from workbench.llm.embeddings import Embeddings
from workbench.llm.types import Completion, ModelSpec, Request


class ScriptedDesk:
    """Answers each question by a function of its text, and keeps what was asked."""

    def __init__(
        self,
        reply: Callable[[str], str | Completion] = lambda text: "",
        vector: Callable[[str], list[float]] = lambda text: [1.0],
    ) -> None:
        self.reply, self.vector = reply, vector
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        found = self.reply("\n".join(str(m["content"]) for m in request.messages))
        return found if isinstance(found, Completion) else Completion(found)

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        return Embeddings(tuple(array("f", self.vector(text)) for text in texts))


def judged(entry: dict[str, Any], desk: ScriptedDesk, output: str, case: Case | None = None) -> Score:
    """Score one output with one judge."""
    return scored({"judge": "openai/judge", **entry}, desk, output, case)


def similar(entry: dict[str, Any], desk: ScriptedDesk, output: str, expected: Any) -> Score:
    """Score one output against what is expected."""
    return scored(entry, desk, output, Case("one", expected=expected))


def scored(entry: dict[str, Any], desk: ScriptedDesk, output: str, case: Case | None = None) -> Score:
    """Score one output with an entry of a suite, asking whatever it asks."""
    case = case or Case("one", vars={"question": "What is it?"}, expected="a cat")
    scorer = build_scorer(parse_scorer(entry))
    completion = Completion(output)
    answers = asyncio.run(
        gathered(lambda known: score_completion([scorer], case, completion, answers=known), desk)
    )
    return score_completion([scorer], case, completion, answers=answers)[0]
