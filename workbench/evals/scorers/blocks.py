"""Where structured text stands inside an answer: Markdown code blocks, and JSON or XML between other words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import regex
from pydantic import Field

from workbench.evals.extract import MAX_JSON, TIMEOUT_S

Fences = Annotated[bool, Field(description="Also accept it in a Markdown code block (the last one counts)")]
Inside = Annotated[
    bool, Field(description="Look for it inside the output: code blocks first, and any that is right counts")
]
#: How many beginnings of JSON or XML are tried.
MAX_TRIES = 2_000
#: Seconds of computing that looking for a block, or parsing one, may take.
MAX_SECONDS = 1.0
_OPEN = regex.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w.+#-]*)[^`\n]*$", regex.MULTILINE)
_JSON_START = regex.compile(r"[\[{]")
_XML_START = regex.compile(r"<(?:\?xml\s|(?P<name>[\p{L}_:][\p{L}\p{N}\p{M}_:.-]*+))")
_DECODER = json.JSONDecoder(parse_constant=lambda name: _refuse(name))


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class Deadline:
    """A bound on computing: `check` raises TimeoutError once it is over."""

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Raise TimeoutError where the time is over."""
        if time.thread_time() > self._end:
            raise TimeoutError


def code_blocks(text: str, languages: tuple[str, ...] = ()) -> list[str]:
    """Return the bodies of a text's Markdown code blocks, those of other named languages left out.

    Args:
        text: The answer.
        languages: What may stand behind the opening fence, besides nothing; empty allows any.
    """
    found, position = [], 0
    while opening := _OPEN.search(text, position, timeout=TIMEOUT_S):
        fence, language = opening[1], opening[2].lower()
        closing = regex.compile(rf"^[ \t]*{regex.escape(fence[0])}{{{len(fence)},}}[ \t]*$", regex.MULTILINE)
        end = closing.search(text, opening.end(), timeout=TIMEOUT_S)
        if end is None:
            return found
        if not languages or not language or language in languages:
            found.append(text[opening.end() + 1 : end.start()].strip())
        position = end.end()
        if len(found) >= MAX_TRIES:
            break
    return found


def candidates(text: str, languages: tuple[str, ...], *, fences: bool, inside: bool) -> list[str]:
    """Return the texts that may be what is looked for, the likeliest first; the whole output is always one."""
    if not (fences or inside):
        return [text]
    blocks = code_blocks(text, languages)
    if inside:
        return [*blocks, text] if blocks else [text]
    return [text, blocks[-1]] if blocks else [text]


def json_values(text: str) -> Iterator[Any]:
    """Yield every outermost JSON object and list that stands in a text.

    Raises:
        ValueError: The text is too long.
        TimeoutError: Looking takes too long.
    """
    if len(text) > MAX_JSON:
        raise ValueError(f"the text has over {MAX_JSON} characters")
    position, deadline = 0, Deadline()
    for _ in range(MAX_TRIES):
        start = _JSON_START.search(text, position)
        if start is None:
            return
        deadline.check()
        try:
            value, position = _DECODER.raw_decode(text, start.start())
        except RecursionError:
            return
        except ValueError:
            position = start.end()
            continue
        yield value


def xml_elements(text: str) -> Iterator[str]:
    """Yield what may be XML elements of a text, outermost first: from an opening tag to its last closing one."""
    position = 0
    for _ in range(100):
        start = _XML_START.search(text, position, timeout=TIMEOUT_S)
        if start is None:
            return
        position = start.end()
        if start["name"] is None:
            yield text[start.start() :]
            continue
        closing = f"</{start['name']}"
        first = text.find(closing, position)
        while first >= 0 and (end := text.find(">", first)) >= 0:
            yield text[start.start() : end + 1]
            later = text.rfind(closing)
            if later <= first:
                break
            first = later
        own = text.find("/>", position)
        if own >= 0 and "<" not in text[position:own]:
            yield text[start.start() : own + 2]


def first_right(found: Iterator[Any] | list[Any], fault: Callable[[Any], str | None]) -> str | None:
    """Return None where one of the candidates has no fault, else the first one's fault; "nothing" without any."""
    first: str | None = "nothing"
    for candidate in found:
        problem = fault(candidate)
        if problem is None:
            return None
        first = problem if first == "nothing" else first
    return first
