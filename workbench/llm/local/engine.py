"""What every engine for models on disk offers, and what is the same for all: options, stops, the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.errors import CompletionError
from workbench.llm.params import call_params
from workbench.llm.types import Message, Request

#: How many tokens an answer may have where nobody says.
USUAL_MAX_TOKENS = 1024


class LocalError(CompletionError):
    """A model on disk brought no answer. The same call would end the same way, so it is not made again."""

    @property
    def retryable(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Options:
    """How an answer is to be written; None leaves it to the model's own settings."""

    max_tokens: int = USUAL_MAX_TOKENS
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Ended:
    """How an answer ended. Tokens are counted by the model's own tokenizer, the end token included."""

    input_tokens: int
    output_tokens: int
    finish_reason: str


class Engine(Protocol):
    """One loaded model. It is used by one thread at a time."""

    def generate(self, messages: Sequence[Message], options: Options, step: Callable[[str], bool]) -> Ended:
        """Answer the messages.

        Args:
            messages: The rendered chat messages, laid out by the model's chat template.
            options: How to write.
            step: Told after each token which text is new (often none); once it returns True, the engine stops.

        Raises:
            LocalError: Of kind context_length or bad_request.
        """


def options_of(request: Request, *, follows_schema: bool = False) -> Options:
    """Read the parameters of a call. What an engine cannot do is refused by name, never dropped.

    Args:
        request: The call.
        follows_schema: Whether the engine can hold an answer to a JSON Schema.

    Raises:
        CompletionError: Of kind bad_request, naming the parameter.
    """
    params = call_params(request)
    params.pop("stream", None)
    params.pop("user", None)
    most = params.pop("max_completion_tokens", None) or params.pop("max_tokens", None)
    params.pop("max_tokens", None)
    stop = params.pop("stop", None) or ()
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(each, str) and each for each in stops):
        raise _refused('"stop" must be a text or a list of texts')
    options = Options(
        max_tokens=_number("max_tokens", most, 1, 1_000_000, whole=True) or USUAL_MAX_TOKENS,
        temperature=_number("temperature", params.pop("temperature", None), 0, 100),
        top_p=_number("top_p", params.pop("top_p", None), 0, 1),
        top_k=_number("top_k", params.pop("top_k", None), 0, 1_000_000, whole=True),
        min_p=_number("min_p", params.pop("min_p", None), 0, 1),
        repetition_penalty=_number("repetition_penalty", params.pop("repetition_penalty", None), 0.01, 100),
        seed=_number("seed", params.pop("seed", None), -(2**63), 2**63 - 1, whole=True),
        stop=stops,
        schema=_schema(params.pop("response_format", None)) if follows_schema else None,
    )
    if params:
        raise _refused(
            f"A model on disk knows no {' and no '.join(sorted(params))}",
            "remove it, or ask the model through a server",
        )
    return options


def _schema(wanted: Any) -> dict[str, Any] | None:
    """Return the schema that an answer must fit: none for text, any object for ``json_object``."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    named = wanted.get("json_schema") if kind == "json_schema" else None
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise _refused('"response_format" must be text, json_object, or json_schema with a schema')
    return schema


def _number(name: str, value: Any, least: float, most: float, *, whole: bool = False) -> Any:
    if value is None:
        return None
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        what = "a whole number" if whole else "a number"
        raise _refused(f'"{name}" must be {what} from {least} to {most}, not {value!r:.60}')
    return value


def _refused(message: str, hint: str = "correct the parameters") -> CompletionError:
    return LocalError(message, kind="bad_request", hint=hint)


class Writing:
    """The answer as it grows: cut before the first stop text, and ended when time is up or nobody listens."""

    def __init__(
        self,
        stops: Sequence[str],
        emit: Callable[[str], None],
        *,
        timeout_s: float,
        first_token_timeout_s: float | None,
        given_up: threading.Event,
    ) -> None:
        self._stops, self._emit, self._given_up = stops, emit, given_up
        self._timeout_s, self._first_s = timeout_s, first_token_timeout_s
        self._held = ""
        self.text = ""
        self.stopped = False
        self.error: LocalError | None = None
        self.begun = time.perf_counter()
        self.first_at: float | None = None

    def step(self, text: str) -> bool:
        """Take what is new; return whether to stop."""
        now = time.perf_counter()
        if self.first_at is None:
            self.first_at = now
            if self._first_s is not None and now - self.begun > self._first_s:
                self.error = LocalError(
                    f"The first token took longer than {self._first_s:g} s",
                    kind="timeout",
                    hint="raise first_token_timeout_s, or choose a smaller model",
                )
                return True
        if text:
            self._take(text)
        if not self.stopped and now - self.begun > self._timeout_s:
            self.error = LocalError(
                f"The answer was not finished within {self._timeout_s:g} s",
                kind="timeout",
                hint="raise timeout_s, or ask for a shorter answer",
            )
        return self.stopped or self.error is not None or self._given_up.is_set()

    def close(self) -> None:
        """Let go of what was held back because a stop text might have begun there."""
        if not self.stopped:
            self._send(self._held)
        self._held = ""

    def _take(self, text: str) -> None:
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self._send(self._held[: min(found)])
            self._held, self.stopped = "", True
            return
        keep = max((_begun(self._held, stop) for stop in self._stops), default=0)
        whole = len(self._held) - keep
        self._send(self._held[:whole])
        self._held = self._held[whole:]

    def _send(self, text: str) -> None:
        if text:
            self.text += text
            self._emit(text)


def _begun(text: str, stop: str) -> int:
    """Return how many of the last characters may be the beginning of a stop text."""
    for length in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
