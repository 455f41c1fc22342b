"""What text scorers share: how values become text, what an output is held against, ``{{name}}`` in parameters."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workbench.evals.scorers.registry import ScoringError
from workbench.evals.types import ScoringInput

MAX_TEXT = 1_000_000
_PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d][\w.-]*)\s*\}\}")


def as_text(value: Any) -> str:
    """Return a value as the text it is compared as: strings as they are, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _scalar_text(value: Any) -> Any:
    return as_text(value) if isinstance(value, bool | int | float) else value


def _scalar_texts(value: Any) -> Any:
    return [_scalar_text(v) for v in value] if isinstance(value, list) else _scalar_text(value)


Scalar = str | int | float | bool
Text = Annotated[str, BeforeValidator(_scalar_text, json_schema_input_type=Scalar)]
Texts = Annotated[
    str | list[str], BeforeValidator(_scalar_texts, json_schema_input_type=Scalar | list[Scalar])
]
Value = Annotated[
    Texts | None,
    Field(
        description="Text to use instead of the case's expected; a list means any of them; {{name}} is filled in"
    ),
]
IgnoreCase = Annotated[
    bool, Field(description="Treat upper and lower case as equal, by Unicode case folding")
]
Strip = Annotated[bool, Field(description="Leave out white space at both ends")]


def normal(text: str, *, ignore_case: bool = False, strip: bool = False) -> str:
    """Return text in the form it is compared in (Unicode NFC, so that equal letters are equal)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if strip:
        text = text.strip()
    return text.casefold() if ignore_case else text


def references(value: str | list[str] | None, cell: ScoringInput) -> tuple[str, ...]:
    """Return the texts that an output is held against: the given value or values, else the case's expected.

    Raises:
        ScoringError: There is neither.
    """
    if value is not None:
        values = [value] if isinstance(value, str) else value
        return tuple(fill(v, cell) for v in values)
    expected = cell.case.expected
    if expected is None:
        raise ScoringError("the case has nothing expected")
    if isinstance(expected, list):
        if not expected:
            raise ScoringError("the case's list of expected values is empty")
        return tuple(as_text(v) for v in expected)
    return (as_text(expected),)


def fill(text: str, cell: ScoringInput, escape: Callable[[str], str] = str) -> str:
    """Put the case's values where a parameter says ``{{expected}}`` or ``{{name}}``, in a single pass.

    Raises:
        ScoringError: The case has no such variable.
    """
    if "{{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        known = {"expected": cell.case.expected, **cell.case.vars}
        if known.get(name) is None:
            raise ScoringError(f"the case has no variable {name}")
        return escape(as_text(known[name]))

    return _PLACEHOLDER.sub(value, text)


def shown(text: str, limit: int = 80) -> str:
    """Return text in quotes on one line, cut to ``limit`` characters, for a reason."""
    line = " ".join(text[: limit * 2].split())
    return f'"{line[:limit]}…"' if len(line) > limit or len(text) > limit * 2 else f'"{line}"'


def any_of(texts: tuple[str, ...]) -> str:
    """Return the references as a reason names them."""
    if len(texts) == 1:
        return shown(texts[0])
    return f"any of {', '.join(shown(t, 30) for t in texts[:5])}{' …' if len(texts) > 5 else ''}"
