"""LiteLLM's exceptions, turned into our kinds of error and into sentences that say what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from workbench.errors import CompletionError, ErrorKind
from workbench.llm.providers import PROVIDERS, Route
from workbench.llm.redact import HIDDEN, scrub
from workbench.llm.retry import retry_after

_LONGEST = 300
_QUOTA = (
    "insufficient_quota",
    "exceeded your current quota",
    "insufficient credits",
    "credit balance",
    "billing",
)
_FILTER = ("content management policy", "content_filter", "content filter", "safety system", "content_policy")
_TOO_LONG = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "too many tokens",
    "prompt is too long",
)
_NO_NETWORK = (
    "connection error",
    "cannot connect",
    "connect call failed",
    "connection refused",
    "name resolution",
    "all connection attempts failed",
    "disconnected",
    "payload is not completed",
    "nodename nor servname",
)
_UNREADABLE = ("expecting value", "unable to get json response", "'choices' that is not a list")
UNREADABLE = "an answer that cannot be read"
_PREFIX = re.compile(
    r"^\s*(?:litellm\.)?[\w-]*(?:Error|Exception|Timeout)\w*(?: \w+Error)?\s*[:-]\s*", re.IGNORECASE
)
_OBJECT = re.compile(r" ?ssl:(?:<[^<>]{0,100}>|\w+)")
_PREFIX_CODE = re.compile(r"^Error code: \d+ - ")
_KIND_BY_STATUS: dict[int, ErrorKind] = {
    400: "bad_request",
    401: "auth",
    402: "auth",
    403: "auth",
    404: "not_found",
    408: "timeout",
    413: "context_length",
    422: "bad_request",
    429: "rate_limit",
    529: "rate_limit",
}


def completion_error(
    problem: BaseException,
    route: Route,
    secrets: Iterable[str],
    *,
    timeout_s: float,
    connect_timeout_s: float,
) -> CompletionError:
    """Return what happened as a sentence, with its kind, without secrets, and with Retry-After if it was sent."""
    kind = kind_of(problem)
    said = provider_words(problem, secrets)
    message, hint = _sentence(kind, said, route, timeout_s, connect_timeout_s)
    message = scrub(message, secrets)
    headers = getattr(problem, "litellm_response_headers", None) or {}
    return CompletionError(message, kind=kind, hint=hint, retry_after_s=retry_after(headers))


def kind_of(problem: BaseException) -> ErrorKind:
    """Return the kind of a failed call, whichever library raised it."""
    names = {cls.__name__ for cls in type(problem).__mro__}
    inner = getattr(problem, "original_exception", None)
    if "MidStreamFallbackError" in names and isinstance(inner, BaseException):
        return kind_of(inner)
    text = str(problem).lower()
    status = getattr(problem, "status_code", None)
    if isinstance(problem, TimeoutError) or names & {"Timeout", "APITimeoutError", "TimeoutException"}:
        return "timeout"
    if "ContextWindowExceededError" in names:
        return "context_length"
    if "ContentPolicyViolationError" in names:
        return "content_filter"
    if status in (402, 403, 429) and _has(text, _QUOTA):
        return "auth"
    if status == 400 and "credit balance" in text:
        return "auth"
    if "overloaded_error" in text or (
        getattr(problem, "llm_provider", None) == "anthropic" and "overloaded" in text
    ):
        return "rate_limit"
    if status == 400 and _has(text, _FILTER):
        return "content_filter"
    if status in (400, 413, 422) and _has(text, _TOO_LONG):
        return "context_length"
    if "LiteLLMUnknownProvider" in names or "llm provider not provided" in text:
        return "not_found"
    answered = getattr(problem, "litellm_response_headers", None) is not None
    if not answered and (_has(text, _NO_NETWORK) or names & {"ConnectError", "NetworkError"}):
        return "connection"
    if status in _KIND_BY_STATUS:
        return _KIND_BY_STATUS[status]
    return "provider"


def provider_words(problem: BaseException, secrets: Iterable[str] = ()) -> str:
    """Return what the provider said, on one line, without the wrapping and without secrets."""
    text = str(getattr(problem, "message", "") or problem)
    for noise in ("To drop these", "Original exception:", "Traceback (most recent"):
        text = text.split(noise, 1)[0]
    while (shorter := _PREFIX.sub("", text, count=1)) != text:
        text = shorter
    text = _OBJECT.sub("", text)
    text = _unwrapped(text).replace("REDACTED", HIDDEN)
    text = _PREFIX_CODE.sub("", scrub(" ".join(text.split()), secrets)).strip(" .:")
    if not any(letter.isalpha() for letter in text.removeprefix("b'")):
        return ""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _unwrapped(text: str) -> str:
    """Return the message inside of an error that was passed on as its JSON, else the text as it is."""
    start = text.find("{")
    if start < 0 or "error" not in text or len(text) > 20_000:
        return text
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return text
    error = data.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) and message else text


def _sentence(
    kind: ErrorKind, said: str, route: Route, timeout_s: float, connect_timeout_s: float
) -> tuple[str, str]:
    """Return what happened and what to do."""
    known = PROVIDERS.get(route.provider)
    who = known.title if known else route.provider
    where = f"the server at {route.api_base}" if route.api_base else who
    quoted = f" ({said})" if said else ""
    unreadable = _has(said.lower(), _UNREADABLE) or said == "'content'"
    variable = known.key_envs[0] if known and not route.api_base else "the variable named by api_key_env"
    sentences: dict[str, tuple[str, str]] = {
        "auth": (f"{where} refuses the key or the account{quoted}", f"check {variable}, the account and its credit"),
        "rate_limit": (f"{where} is taking no more requests for now{quoted}", "lower the concurrency, or try later"),
        "timeout": (
            f"{where} did not answer within {timeout_s:g} s",
            "raise the timeout, or ask for a shorter answer",
        ),
        "connection": (
            f"{where} cannot be reached, or broke the connection{quoted}",
            "start it, or check the address and the network",
        ),
        "bad_request": (f"{where} refuses the request{quoted}", "change the parameters or the messages"),
        "context_length": (
            f"The messages are longer than {route.model} can read{quoted}",
            "shorten them, or choose a model with a larger context window",
        ),
        "content_filter": (f"{where} refuses to answer this{quoted}", "change the messages, or drop the case"),
        "not_found": (f"{where} knows no model {route.model}{quoted}", "check the spelling with workbench models"),
        "provider": (
            f"{where} sent {UNREADABLE}" if unreadable else f"{where} failed{quoted}",
            "try again later",
        ),
    }  # fmt: skip
    message, hint = sentences[kind]
    return message[0].upper() + message[1:], hint


def _has(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)
