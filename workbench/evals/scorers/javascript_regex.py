"""Regular expressions as JavaScript reads them, for patterns that come from promptfoo."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex

from workbench.evals.extract import MAX_PATTERN, TIMEOUT_S

_SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES = {"s": _SPACES, "d": "0-9", "w": "A-Za-z0-9_"}
_NEGATED = {"S": _SPACES, "D": "0-9", "W": "A-Za-z0-9_"}
#: What is not a space, as ranges, for use inside of a class.
_INSIDE = {
    "S": r"\x00-\x08\x0e-\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\uffff",
    "D": r"\x00-/:-\uffff",
    "W": r"\x00-/:-@\[-\^`{-\uffff",
}
_KEPT = "tnvfrbB"
_QUANTIFIER = regex.compile(r"\{\d+(?:,\d*)?\}")
_WORD = "[A-Za-z0-9_]"
_EDGE = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"


class BadPattern(ValueError):
    """JavaScript would refuse the pattern."""


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches somewhere in a text, by UTF-16 units as JavaScript sees them.

    Raises:
        BadPattern: It is no pattern of JavaScript.
        TimeoutError: It took over a second.
    """
    return compiled(pattern).search(_units(text), timeout=TIMEOUT_S) is not None


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Return the pattern of Python that means the same.

    Raises:
        BadPattern: It is no pattern of JavaScript, or too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"it has over {MAX_PATTERN} characters")
    try:
        return regex.compile(_translated(_units(pattern)), regex.V0)
    except regex.error as problem:
        raise BadPattern(str(problem)[:100]) from None


def _units(text: str) -> str:
    """Return a text with each character beyond the 16-bit range as its two surrogates."""
    if text.isascii():
        return text
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    return "".join(map(chr, units))


def _translated(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            piece, at = _escape(pattern, at)
        elif char == "[":
            piece, at = _class(pattern, at)
        elif char == "(":
            piece, at = _group(pattern, at)
        elif char in "*+?" or _QUANTIFIER.match(pattern, at):
            piece, at = _repeat(pattern, at)
        else:
            piece = {"$": r"\Z", "^": r"\A", ".": r"[^\n\r\u2028\u2029]"}.get(char)
            piece = piece or (regex.escape(char) if char in "{}]#&~-" else char)
            at += 1
        parts.append(piece)
    return "".join(parts)


def _repeat(pattern: str, at: int) -> tuple[str, int]:
    match = _QUANTIFIER.match(pattern, at)
    text = match[0] if match else pattern[at]
    at += len(text)
    if pattern[at : at + 1] == "?":
        text, at = text + "?", at + 1
    if pattern[at : at + 1] in ("*", "+", "?") or _QUANTIFIER.match(pattern, at):
        raise BadPattern("there is nothing to repeat")
    return text, at


def _group(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at + 1 : at + 2] != "?":
        return "(", at + 1
    for start in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
        if pattern.startswith(start, at):
            return start, at + len(start)
    named = regex.compile(r"\(\?<[A-Za-z_$][\w$]*>").match(pattern, at)
    if named is None:
        raise BadPattern("its group is none that JavaScript knows")
    return named[0].replace("$", "_"), named.end()


def _escape(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at + 1 : at + 2]
    if not char:
        raise BadPattern("it ends with a backslash")
    if char in _CLASSES:
        return f"[{_CLASSES[char]}]", at + 2
    if char in _NEGATED:
        return f"[^{_NEGATED[char]}]", at + 2
    if char in "bB":
        return (_EDGE if char == "b" else f"(?!{_EDGE})"), at + 2
    if char == "k":
        match = regex.compile(r"\\k<([A-Za-z_$][\w$]*)>").match(pattern, at)
        return (f"(?P={match[1].replace('$', '_')})", match.end()) if match else ("k", at + 2)
    if char.isdigit() and char != "0":
        digits = regex.compile(r"\d{1,2}").match(pattern, at + 1)[0]
        return (f"(?:\\{digits})", at + 1 + len(digits))
    return _character(pattern, at)


def _character(pattern: str, at: int) -> tuple[str, int]:
    """Return an escape that means one character, in a class or outside."""
    char = pattern[at + 1]
    if char in _KEPT:
        return f"\\{char}", at + 2
    for mark, digits in (("x", 2), ("u", 4)):
        code = pattern[at + 2 : at + 2 + digits]
        if char == mark and regex.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", code):
            return f"\\u{int(code, 16):04x}", at + 2 + digits
    if char == "0":
        return r"\x00", at + 2
    if char == "c" and pattern[at + 2 : at + 3].isalpha() and pattern[at + 2].isascii():
        return f"\\x{ord(pattern[at + 2]) % 32:02x}", at + 3
    return (regex.escape(char) if not char.isalnum() else char), at + 2


def _class(pattern: str, at: int) -> tuple[str, int]:
    at += 1
    negated = pattern[at : at + 1] == "^"
    at += negated
    if pattern[at : at + 1] == "]":
        return ("(?s:.)" if negated else "(?!)"), at + 1
    parts: list[str] = []
    while at < len(pattern) and pattern[at] != "]":
        char = pattern[at]
        if char == "\\":
            following = pattern[at + 1 : at + 2]
            if following in _CLASSES or following in _INSIDE:
                piece, at = _CLASSES.get(following) or _INSIDE[following], at + 2
            elif following == "b":
                piece, at = r"\x08", at + 2
            elif not following:
                raise BadPattern("it ends with a backslash")
            else:
                piece, at = _character(pattern, at)
        else:
            piece, at = ("\\" + char if char in "[&~|" else char), at + 1
        parts.append(piece)
    if at >= len(pattern):
        raise BadPattern("a class is not closed")
    return f"[{'^' if negated else ''}{''.join(parts)}]", at + 1
