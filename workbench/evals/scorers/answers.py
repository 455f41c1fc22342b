"""What models said to the questions of scorers, and what is still to be asked.

Scoring is a pure function of a cell and of these answers. A scorer that lacks one notes the request and raises
`Waiting`; whoever scores asks what was noted and scores once more, until nothing is missing. So a scorer may ask
again, ask by what it has learnt, or stand inside a group, and never sees a gateway.
"""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from workbench.evals.scorers.registry import ScoringError
from workbench.llm.types import Completion, ModelSpec, Request

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embeddings

#: How often a scorer may find that it has more to ask about one cell.
MAX_ROUNDS = 10
Vectors = tuple[array, ...]


class Waiting(ScoringError):
    """An answer is needed that nobody has asked for yet."""


class Withheld(Exception):
    """A question was not asked, for the run is being stopped or a cost cap leaves no room for it."""


class Desk(Protocol):
    """Where the questions of scorers are asked; whoever implements it keeps each answer the moment it is there."""

    async def complete(self, request: Request) -> Completion:
        """Answer one request. Faults come back as typed errors in the completion. May raise `Withheld`."""

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        """Return the vectors of texts. May raise `Withheld`."""


def question_key(request: Request) -> str:
    """Return what tells one question of a scorer from another: SHA-256 (hex) of all that shapes the answer."""
    key = request.cache_key()
    if not request.model.recorded:
        return key
    place = (key, request.model.outputs, request.prompt_name, request.case_id)
    return hashlib.sha256("\n".join(map(str, place)).encode()).hexdigest()


class Answers:
    """The answers known so far, and the questions that were met without one."""

    def __init__(self) -> None:
        self._known: dict[str, Completion] = {}
        self._vectors: dict[tuple[str, str], array] = {}
        self._failed: dict[str, str] = {}
        self.wanted: dict[str, Request] = {}
        self.texts: dict[str, tuple[ModelSpec, dict[str, None]]] = {}

    def of(self, requests: Sequence[Request]) -> tuple[Completion, ...]:
        """Return the answers to these requests.

        Raises:
            Waiting: Some are not known; all those are noted.
        """
        keys = [question_key(request) for request in requests]
        for key, request in zip(keys, requests, strict=True):
            if key not in self._known:
                self.wanted[key] = request
        if any(key not in self._known for key in keys):
            raise Waiting("a model has not been asked yet")
        return tuple(self._known[key] for key in keys)

    def vectors(self, model: ModelSpec, texts: Sequence[str]) -> Vectors:
        """Return the vectors of these texts.

        Raises:
            Waiting: Some are not known; all those are noted.
            ScoringError: The model could not make them.
        """
        name = _model_key(model)
        if name in self._failed:
            raise ScoringError(self._failed[name])
        missing = [text for text in texts if (name, text) not in self._vectors]
        if missing:
            self.texts.setdefault(name, (model, {}))[1].update(dict.fromkeys(missing))
            raise Waiting("a model has not been asked yet")
        return tuple(self._vectors[name, text] for text in texts)

    @property
    def complete(self) -> bool:
        """Whether nothing was met without an answer."""
        return not self.wanted and not self.texts

    async def fetch(self, desk: Desk) -> None:
        """Ask all that was noted, at the same time.

        Raises:
            Withheld: Something was not asked; what was answered all the same is with the desk.
        """
        wanted, self.wanted = self.wanted, {}
        texts, self.texts = self.texts, {}
        calls = [self._complete(desk, key, request) for key, request in wanted.items()]
        calls += [self._embed(desk, name, model, list(found)) for name, (model, found) in texts.items()]
        for result in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _complete(self, desk: Desk, key: str, request: Request) -> None:
        self._known[key] = await desk.complete(request)

    async def _embed(self, desk: Desk, name: str, model: ModelSpec, texts: list[str]) -> None:
        found = await desk.embed(texts, model)
        if found.error is not None:
            self._failed[name] = f"{model.name} made no vectors: {found.error_message or found.error}"
            return
        self._vectors.update(
            {(name, text): v for text, v in zip(texts, found.vectors, strict=True) if v is not None}
        )


def _model_key(model: ModelSpec) -> str:
    return repr(sorted(model.to_dict().items()))


async def gathered(score: Callable[[Answers], object], desk: Desk) -> Answers:
    """Call ``score`` with ever more answers until it meets no question without one, and return the answers.

    Raises:
        Withheld: Something that it needs was not asked.
    """
    answers = Answers()
    for _ in range(MAX_ROUNDS):
        score(answers)
        if answers.complete:
            break
        await answers.fetch(desk)
    return answers
