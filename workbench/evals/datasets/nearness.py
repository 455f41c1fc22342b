"""Texts that differ by little: what finds them without comparing each with each, and the comparison itself.

MinHash (Broder 1997) over shingles of four characters puts texts that probably share half of them into one block: 20
bands of 3 values find a pair with Jaccard similarity 0.6 with 99 % and one of 0.2 with 15 %. One bit of each of the 60
values (b-bit minwise hashing, Li and König 2010) then tells most pairs of a block apart that share little. What is
left is compared letter by letter with RapidFuzz's normalised indel similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.evals.types import Case
from workbench.files import canonical_json

BANDS, ROWS, SHINGLE = 20, 3, 4
#: Texts that are held in memory to find others that are like them, and their characters in all.
MAX_TEXTS, MAX_CHARACTERS = 200_000, 150_000_000
#: Characters of a text that are looked at.
MAX_LENGTH = 4_000
#: Members of a block that a text is compared with.
MAX_BLOCK = 40
THRESHOLD = 0.9


def case_text(case: Case) -> str:
    """Return what a case asks, as one text: white space and case do not count."""
    parts = (value if isinstance(value, str) else canonical_json(value) for value in case.vars.values())
    return " ".join(" ".join(parts).casefold().split())[:MAX_LENGTH]


class Sketcher:
    """Turns a text into the keys of the blocks that it belongs to, and the bits that tell it from others there."""

    def __init__(self) -> None:
        import numpy as np

        random = np.random.default_rng(1997)
        count = BANDS * ROWS
        self._multipliers = random.integers(1, 2**63, count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self._masks = random.integers(0, 2**63, count, dtype=np.uint64)
        self._bands = random.integers(0, 2**63, BANDS, dtype=np.uint64)
        self._np = np

    def keys(self, text: str) -> Any:
        """Return one 64-bit key a band."""
        return self.sketch(text)[0]

    def sketch(self, text: str) -> tuple[Any, bytes]:
        """Return one 64-bit key a band, and 8 bytes with a bit of each of the 60 values."""
        np = self._np
        letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
        if len(letters) < SHINGLE:
            letters = np.pad(letters, (0, SHINGLE - len(letters)))
        size = len(letters) - SHINGLE + 1
        hashes = np.zeros(size, dtype=np.uint64)
        for offset in range(SHINGLE):
            hashes = hashes * np.uint64(0x100000001B3) + letters[offset : offset + size]
        hashes ^= hashes >> np.uint64(29)
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes ^= hashes >> np.uint64(32)
        least = ((hashes[:, None] ^ self._masks) * self._multipliers).min(axis=0).reshape(BANDS, ROWS)
        keys = self._bands.copy()
        for row in range(ROWS):
            keys = (keys ^ least[:, row]) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(31)
        # The middle bits: the lowest of a product with an odd number are not mixed.
        bits = np.packbits(((least.ravel() >> np.uint64(33)) & np.uint64(1)).astype(bool))
        return keys, bits.tobytes()


def alike(a: str, b: str, threshold: float) -> bool:
    """Whether two texts are at least so much alike, from 0 to 1, letter by letter."""
    from rapidfuzz import fuzz

    return fuzz.ratio(a, b, score_cutoff=threshold * 100) > 0 or a == b


class NearIndex:
    """Finds a text that is like another one, among those that it was made of."""

    def __init__(self, ids: Sequence[str], texts: Sequence[str], *, threshold: float = THRESHOLD) -> None:
        import numpy as np

        self._np, self._sketcher, self.ids, self.texts, self.threshold = np, Sketcher(), ids, texts, threshold
        keys = np.empty((len(texts), BANDS), dtype=np.uint64)
        for index, text in enumerate(texts):
            keys[index] = self._sketcher.keys(text)
        flat = keys.ravel()
        order = np.argsort(flat, kind="stable")
        self._keys, self._owners = flat[order], (order // BANDS).astype(np.int32)

    def like(self, text: str) -> str | None:
        """Return the id of a text that is like this one, or None."""
        if not self.texts:
            return None
        keys = self._sketcher.keys(text)
        starts = self._np.searchsorted(self._keys, keys, "left")
        ends = self._np.searchsorted(self._keys, keys, "right")
        found: set[int] = set()
        for start, end in zip(starts, ends, strict=True):
            found.update(self._owners[start : min(end, start + MAX_BLOCK)].tolist())
        for index in sorted(found):
            if alike(self.texts[index], text, self.threshold):
                return self.ids[index]
        return None
