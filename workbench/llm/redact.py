"""Takes secrets out of text before a person, a table or a log sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(_|$)", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"(://)[^/\s@'\"]{1,300}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=*-]{6,500}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|AIza|or|ghp|glpat)[-_][\w*.…-]{4,300}"), HIDDEN),
    (re.compile(r"\bAIza[\w*-]{10,100}"), HIDDEN),
    (re.compile(r"([?&](?:api[-_]?key|key|token|sig)=)[^&\s'\"]{1,300}", re.IGNORECASE), rf"\1{HIDDEN}"),
)


def secret_values(env: Mapping[str, str]) -> list[str]:
    """Return the values of environment variables whose names say that they are secrets, longest first."""
    found = {value.strip() for name, value in env.items() if _SECRET_NAME.search(name)}
    return sorted((value for value in found if len(value) >= 6), key=len, reverse=True)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without the given secrets, anything shaped like a key, and passwords in addresses."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
