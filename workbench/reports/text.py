"""Text that is safe to show: model outputs without control characters, spreadsheet cells without formulas."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from workbench.analysis.wording import amount, difference, interval, p_text, seconds, signed, times, usd

__all__ = [
    "amount",
    "clean",
    "difference",
    "interval",
    "one_line",
    "p_text",
    "price_words",
    "safe_cell",
    "seconds",
    "short_name",
    "signed",
    "times",
    "usd",
]

# Escape sequences as terminals read them: CSI (colours, cursor), OSC and the like (titles, links), single ones.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
#: Characters that turn the direction of the text around them, so that it reads otherwise than it is.
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_REPLACEMENT = "\ufffd"
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{0,300})?(?:[eE][+-]?\d{1,4})?\s?%?")


def clean(text: str) -> str:
    """Return text that cannot steer a terminal or disguise itself.

    Escape sequences go; other control characters, direction marks and lone surrogates become ``\\ufffd``. Tabs
    and line ends stay, the latter as ``\\n``.
    """
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if _is_plain(c) else _REPLACEMENT for c in text)


def _is_plain(char: str) -> bool:
    if char in "\n\t" or " " <= char <= "~":
        return True
    return char not in _DIRECTION and unicodedata.category(char) not in ("Cc", "Cs")


def one_line(text: str, limit: int = 80) -> str:
    """Return the text cleaned, on one line and at most ``limit`` characters long."""
    # Long outputs are cut before they are cleaned: only their beginning is shown.
    line = " ".join(clean(text[: limit * 20 + 200]).split())
    cut = len(line) > limit or len(text) > limit * 20 + 200
    return line[: max(limit - 1, 1)].rstrip() + "…" if cut else line


def short_name(text: str, limit: int = 60) -> str:
    """Return a name cleaned and on one line, cut in its middle: versions and models often differ at the end only."""
    line = " ".join(clean(text[:10_000]).split())
    if len(line) <= limit:
        return line
    tail = limit // 2
    return f"{line[: limit - tail - 1].rstrip()}…{line[-tail:].lstrip()}"


def price_words(prices: dict[str, Any] | None) -> str:
    """Return where the prices of a run are from, and of which day."""
    if not prices:
        return "of an unknown source"
    table = " ".join(str(prices[part]) for part in ("source", "version") if prices.get(part))
    words = f"{table or 'an unknown source'}, {prices.get('date') or 'of an unknown day'}"
    own = prices.get("own")
    if own:
        day = f", {own['date']}" if own.get("date") else ""
        ours = ", ".join(own.get("models") or ())
        words += f"; {own.get('source') or 'prices.yaml'}{day} for {ours}"
    return one_line(words, 300)


def safe_cell(value: Any) -> Any:
    """Return a value for a CSV cell that no spreadsheet runs as a formula.

    Text that begins like one gets an apostrophe in front, as spreadsheets themselves write it; numbers, and text
    that is one, stay as they are. Source: OWASP, CSV Injection.
    """
    if not isinstance(value, str):
        return value
    text = clean(value)
    start = text.lstrip()
    risky = start.startswith(_FORMULA_STARTS) or text[:1] in ("\t", "\n")
    return f"'{text}" if risky and not _NUMBER.fullmatch(start.rstrip()) else text
