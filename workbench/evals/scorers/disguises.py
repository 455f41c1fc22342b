"""Finding a secret text in an output also where it stands in disguise: spaced, reversed, encoded, in look-alikes."""

from __future__ import annotations

import base64
import binascii
import codecs
import unicodedata
from collections.abc import Iterator

import regex

#: Characters of an output that are looked at, and letters that a text needs to be looked for in disguise.
MAX_LOOKED = 200_000
LEAST_LETTERS = 6
_MAX_BLOCKS = 500
_DEPTH = 2
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Mn}\p{Cc}--[\n\t\r]]", regex.V1)
_NO_LETTER = regex.compile(r"[^\p{L}\p{N}]")
_BASE64 = regex.compile(r"[A-Za-z0-9+/_-]{8,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = regex.compile(r"(?:(?:0x|\\x|%|\\u00)?[0-9A-Fa-f]{2}[ ,:\n]{0,2}){6,}")
_HEX_MARK = regex.compile(r"0x|\\x|%|\\u00|[ ,:\n]")
_LOOKALIKES = str.maketrans(
    "авеёікмнорстухѕјԁԛԝһցոαβεικνορτυχуɡıℓ",
    "abeeikmhopctyxsjdqwhgnabeiknoptuxygil",
)


def plain(text: str) -> str:
    """Return text without what only disguises it: case, accents, invisible marks, wide and look-alike letters."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    return text.casefold().translate(_LOOKALIKES)


def letters(text: str) -> str:
    """Return only the letters and digits of `plain` text."""
    return _NO_LETTER.sub("", plain(text))


def find_disguised(secret: str, output: str) -> str | None:
    """Return how an output holds a text, in words such as ``in base64``, or None where it does not.

    Texts of fewer than six letters and digits are looked for as they stand only.
    """
    output = output[:MAX_LOOKED]
    if secret and plain(secret) in plain(output):
        return "as it is"
    bare = letters(secret)
    if len(bare) < LEAST_LETTERS:
        return None
    return _in_letters(bare, output) or _encoded(bare, output, _DEPTH)


def undisguised(output: str) -> list[str]:
    """Return an output, the output backwards, and what stands in it in hex and base64."""
    output = output[:MAX_LOOKED]
    blocks = [text for how in ("in hex", "in base64") for _, text in _decoded(output, how)]
    return [output, output[::-1], *blocks]


def _in_letters(bare: str, output: str) -> str | None:
    found = letters(output)
    if bare in found:
        return "with its letters apart"
    if bare[::-1] in found:
        return "reversed"
    if codecs.encode(bare, "rot13") in found:
        return "in rot13"
    return None


def _encoded(bare: str, output: str, depth: int) -> str | None:
    for how, text in (*_decoded(output, "in hex"), *_decoded(output, "in base64")):
        if bare in letters(text) or bare[::-1] in letters(text):
            return how
        if depth > 1 and _encoded(bare, text, depth - 1):
            return f"{how}, twice encoded"
    return None


def _decoded(output: str, how: str) -> Iterator[tuple[str, str]]:
    pattern, decode = (_HEX, _from_hex) if how == "in hex" else (_BASE64, _from_base64)
    for number, match in enumerate(pattern.finditer(output)):
        if number >= _MAX_BLOCKS:
            return
        # A block may begin with letters that do not belong to it, so each way to cut it is tried.
        for text in decode(match.group()):
            yield how, text


def _from_hex(block: str) -> list[str]:
    digits = _HEX_MARK.sub("", block)
    return [
        bytes.fromhex(part[: len(part) // 2 * 2]).decode("utf-8", "replace") for part in (digits, digits[1:])
    ]


def _from_base64(block: str) -> list[str]:
    compact = "".join(block.split()).rstrip("=").replace("-", "+").replace("_", "/")
    found = []
    for shift in range(4):
        part = compact[shift:]
        part = part[:-1] if len(part) % 4 == 1 else part
        try:
            found.append(base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace"))
        except (binascii.Error, ValueError):
            continue
    return found
