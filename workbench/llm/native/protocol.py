"""What the two protocols have in common: what goes out, and what has come back so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.llm.beside import Beside
from workbench.llm.types import Usage
from workbench.llm.usage import usage_from


class Fault(Exception):
    """A server's refusal. It has the attributes that the exceptions of LiteLLM have, to be judged alike."""

    def __init__(self, status: int, message: str, code: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"{message} {code}")
        self.message = message
        self.status_code = status
        self.litellm_response_headers = headers


class Nonsense(Exception):
    """The server answered with something that is no answer; the text says with what."""


@dataclass
class Answer:
    """One answer as it comes in: whole, or grown from the events of a stream.

    ``counts_end`` says that token counts come last, so that a stream with them has ended.
    """

    text: str = ""
    reported: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    resolved: str | None = None
    began: bool = False
    counts_end: bool = True
    beside: Beside = field(default_factory=Beside)

    @property
    def usage(self) -> Usage:
        """The tokens that the server counted."""
        return usage_from(self.reported)

    @property
    def ended(self) -> bool:
        """Whether the server said that this is all."""
        return self.finish_reason is not None or (self.counts_end and bool(self.reported))


class Dialect(Protocol):
    """A protocol: how a request is put, and how its answer is read."""

    def accepts(self, asked: Asked) -> bool:
        """Tell whether this request is one that LiteLLM would send in the same words."""

    def url(self, asked: Asked) -> str:
        """Return where it is sent."""

    def headers(self, asked: Asked) -> dict[str, str]:
        """Return its headers."""

    def body(self, asked: Asked, *, stream: bool) -> dict[str, Any]:
        """Return its body."""

    def read(self, data: Any) -> Answer:
        """Read a whole answer.

        Raises:
            Nonsense: It is none.
        """

    def feed(self, answer: Answer, event: dict[str, Any]) -> str:
        """Take one event of a stream into the answer and return the text that it brought.

        Raises:
            Fault: The event says that the server failed.
        """


@dataclass(frozen=True)
class Asked:
    """One request on its way: the route's target and the parameters, one spelling, nothing unset."""

    model: str
    provider: str
    api_base: str | None
    api_key: str | None
    trusted: bool
    messages: tuple[Mapping[str, Any], ...]
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The model's name without its provider."""
        prefix, _, rest = self.model.partition("/")
        return rest if rest and prefix == self.provider else self.model


def fault(status: int, data: Any, headers: Mapping[str, str]) -> Fault:
    """Make a fault from the error that a server sent: ``{"error": {…}}``, ``{"error": "…"}`` or any text."""
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return Fault(status, str(error), "", headers)
    message = error.get("message") or error.get("detail") or ""
    code = " ".join(str(error[name]) for name in ("type", "code") if error.get(name))
    return Fault(status, str(message or code), code, headers)
