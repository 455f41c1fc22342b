"""One attempt at a model, whichever way it goes: held to its timeouts, and an empty answer told from an answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from workbench.errors import CompletionError
from workbench.llm.types import Completion, Request


class Route(Protocol):
    """A way to reach models; both methods raise CompletionError where nothing came."""

    async def call(self, request: Request) -> Completion:
        """Make one call."""

    def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield the text as it comes, then the completion."""


async def call(route: Route, request: Request) -> Completion:
    """Return the answer of one attempt, streamed where the first token has a timeout of its own.

    Raises:
        CompletionError: It brought no answer.
    """
    if request.model.first_token_timeout_s is None:
        completion = await route.call(request)
    else:
        completion = await _last(stream(route, request))
    return _checked(completion)


async def stream(route: Route, request: Request) -> AsyncIterator[str | Completion]:
    """Yield what one attempt streams; the first piece must come within the model's ``first_token_timeout_s``.

    Raises:
        CompletionError: Nothing came.
    """
    first_s = request.model.first_token_timeout_s
    async with contextlib.aclosing(route.stream(request)) as items:  # type: ignore[type-var]
        if first_s is not None:
            try:
                async with asyncio.timeout(first_s):
                    first = await anext(items)
            except TimeoutError:
                raise CompletionError(
                    f"{request.model.name} sent no first token within {first_s:g} s",
                    kind="timeout",
                    hint="raise first_token_timeout_s, or ask for less reasoning",
                ) from None
            yield first if isinstance(first, str) else _checked(first)
        async for item in items:
            yield item if isinstance(item, str) else _checked(item)


async def _last(items: AsyncIterator[str | Completion]) -> Completion:
    async with contextlib.aclosing(items):  # type: ignore[type-var]
        async for item in items:
            if isinstance(item, Completion):
                return item
    raise AssertionError("a stream ends with its completion")


def _checked(completion: Completion) -> Completion:
    """Raise for an answer of nothing at all: no text, and no token that the server counted.

    A model that did answer, with an empty text (one end-of-text token, or a tool call), has answered.

    Raises:
        CompletionError: Of kind provider.
    """
    if completion.text or completion.tool_calls or not completion.ok:
        return completion
    if completion.finish_reason in ("tool_calls", "function_call"):
        return completion
    if completion.usage.output and not completion.usage.estimated:
        return completion
    raise CompletionError(
        "The server sent an empty answer", kind="provider", hint="try again, or look into the server's log"
    )
