"""Reading what a judge replied: JSON where it kept to the form, and what can be told from the rest."""

from __future__ import annotations

import json
from typing import Any

import regex

from workbench.evals.extract import TIMEOUT_S

MAX_REPLY = 200_000
MAX_OBJECTS = 200
_DECODER = json.JSONDecoder()
_THOUGHTS = regex.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", regex.DOTALL | regex.IGNORECASE)
_NUMBER_AFTER_WORD = regex.compile(
    r"\b(?:score|grade|rating)\b[^\d\n-]{0,20}(-?\d+(?:\.\d+)?)(?![\d%])", regex.IGNORECASE
)


class Unparsable(Exception):
    """A judge's reply cannot be read; ``index`` says which of several replies it is."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


def read_object(text: str, *keys: str, index: int = 0) -> dict[str, Any]:
    """Return the last JSON object of a reply that has all these keys, with or without text around it.

    The last one counts, for a judge that quotes what it judges does so before it decides.

    Raises:
        Unparsable: There is none.
    """
    found: dict[str, Any] | None = None
    text = text[-MAX_REPLY:]
    place = tried = 0
    while (place := text.find("{", place)) >= 0 and tried < MAX_OBJECTS:
        tried += 1
        try:
            data, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
            continue
        if isinstance(data, dict) and all(key in data for key in keys):
            found = data
        place = end
    if found is None:
        wanted = " and ".join(f'"{key}"' for key in keys)
        raise Unparsable(f"the judge's reply holds no JSON with {wanted}: {shown(text)}", index)
    return found


def read_number(value: Any, low: float, high: float, *, index: int = 0) -> float:
    """Return a number of the scale.

    Raises:
        Unparsable: It is none, or lies outside; it is never moved to the nearest end.
    """
    if isinstance(value, str):
        try:
            value = float(value.strip().split("/")[0])
        except ValueError:
            raise Unparsable(f"the judge's score is no number: {shown(value)}", index) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unparsable(f"the judge's score is no number: {shown(str(value))}", index)
    if not low <= value <= high:
        raise Unparsable(f"the judge's score {value:g} is not from {low:g} to {high:g}", index)
    return float(value)


def read_flag(value: Any, *, index: int = 0) -> bool:
    """Return a yes or a no.

    Raises:
        Unparsable: It is neither.
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower().rstrip(".")
    if word in ("yes", "true", "y"):
        return True
    if word in ("no", "false", "n"):
        return False
    raise Unparsable(f"the judge said neither yes nor no: {shown(str(value))}", index)


def read_rows(data: Any, index: int = 0) -> list[dict[str, Any]]:
    """Return a list of mappings.

    Raises:
        Unparsable: It is something else.
    """
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise Unparsable("the judge's reply holds no list of verdicts", index)
    return data


def number_in_words(text: str) -> str | None:
    """Return the last number that follows "score", "grade" or "rating", or None."""
    text = _THOUGHTS.sub("", text[-MAX_REPLY:], timeout=TIMEOUT_S)
    found = _NUMBER_AFTER_WORD.findall(text, timeout=TIMEOUT_S)
    return found[-1] if found else None


def reason_of(data: dict[str, Any]) -> str:
    """Return the reason that a judge gave, on one line."""
    return " ".join(str(data.get("reason") or "").split())


def shown(text: str) -> str:
    """Return the beginning of a reply, for a message."""
    line = " ".join(text.split())
    return f'"{line[:120]}…"' if len(line) > 120 else f'"{line}"'
