"""What a server says about its allowances in the headers of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from time import time


def spent_until(headers: Mapping[str, str]) -> float:
    """Return the seconds until a used-up allowance is renewed, from ratelimit headers; 0 where some is left.

    Reads OpenAI's ``x-ratelimit-remaining-requests`` with ``x-ratelimit-reset-requests`` (``1m2.5s``, ``20ms``),
    the same for tokens, Anthropic's ``anthropic-ratelimit-…-remaining`` with an ISO time, and the plain pair.
    """
    found = {name.lower(): value.strip() for name, value in headers.items() if "ratelimit" in name.lower()}
    seconds = 0.0
    for name, value in found.items():
        if "remaining" in name and re.fullmatch(r"0+(\.0+)?", value):
            seconds = max(seconds, _until(found.get(name.replace("remaining", "reset"), "")))
    return seconds if seconds <= 120 else 0.0


_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _until(text: str) -> float:
    """Read ``6m0s``, ``1.5``, a moment in Unix time, or an ISO time as seconds from now; 0 where it is none."""
    if len(text) > 40:
        return 0.0
    if re.fullmatch(r"\d+(\.\d+)?", text):
        number = float(text)
        return max(0.0, number - time()) if number > 1e9 else number
    parts = _SPAN.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - time())
    except ValueError:
        return 0.0
