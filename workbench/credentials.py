"""Keys and passwords that stand in a file which runs, drafts and releases would keep."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(
    r"(api[-_ ]?key|apikey|authorization|secret|passw(or)?d|(access|auth|bearer|refresh|session)[-_ ]?token"
    r"|credentials?|cookie|private[-_ ]?key)$",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{20,200}|gh[pousr]_[A-Za-z0-9]{30,60}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}"
    r"|xox[abpr]-[A-Za-z0-9-]{10,200}|hf_[A-Za-z0-9]{30,60})\b|^\s*(bearer|basic)\s+[\w.~+/=-]{8,}",
    re.IGNORECASE,
)
_DEPTH = 20


def credential_in(data: Any, *, _depth: int = 0) -> str | None:
    """Return the name of the first field of plain data that holds a credential, by its name or by its value's shape.

    A variable's name, as under ``api_key_env``, is none. What a field holds is never returned.
    """
    if _depth > _DEPTH:
        return None
    pairs = (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list | tuple) else ()
    )
    for name, value in pairs:
        if isinstance(name, str) and _NAME.search(name) and value not in (None, "", False):
            return name[:30]
        if isinstance(value, str) and _SHAPE.search(value):
            return str(name)[:30]
        found = credential_in(value, _depth=_depth + 1)
        if found is not None:
            return found
    return None
