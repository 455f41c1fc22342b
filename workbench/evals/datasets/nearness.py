"""Cases that ask the same: equal variables, and texts that differ by little.

Near-duplicates are found in two steps. MinHash (Broder 1997) over shingles of four characters puts texts that probably
share half of them into one block: 20 bands of 3 values find a pair with Jaccard similarity 0.6 with 99 % and one of
0.2 with 15 %. Pairs of a block are then compared letter by letter with RapidFuzz's normalised indel similarity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.evals.types import Case
from workbench.files import canonical_json

BANDS, ROWS, SHINGLE = 20, 3, 4
#: Texts that are searched for near-duplicates, and their characters in all. Equal ones are found among all cases.
MAX_TEXTS, MAX_CHARACTERS = 200_000, 150_000_000
#: Characters of a text that are looked at.
MAX_LENGTH = 4_000
#: Blocks above this size are compared with some of their members only.
MAX_BLOCK, COMPARED = 40, 8
THRESHOLD = 0.9


def case_text(case: Case) -> str:
    """Return what a case asks, as one text: white space and case do not count."""
    parts = (value if isinstance(value, str) else canonical_json(value) for value in case.vars.values())
    return " ".join(" ".join(parts).casefold().split())[:MAX_LENGTH]


class Sketcher:
    """Turns a text into the keys of the blocks that it belongs to."""

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
        return keys


@dataclass(frozen=True)
class Duplicates:
    """Groups of cases that ask the same. Each group lists ids in the order of the file.

    ``exact`` have equal variables; ``near`` have texts at least as alike as ``threshold`` (0–1), chained.
    ``searched`` of ``rows`` cases were searched for near ones.
    """

    exact: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, ...], ...]
    rows: int
    searched: int
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self), "exact": [list(g) for g in self.exact], "near": [list(g) for g in self.near]}


@dataclass
class _Texts:
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    characters: int = 0

    @property
    def full(self) -> bool:
        return len(self.texts) >= MAX_TEXTS or self.characters >= MAX_CHARACTERS

    def add(self, case: Case, text: str) -> None:
        self.ids.append(case.id)
        self.texts.append(text)
        self.characters += len(text)


def find_duplicates(opener: Callable[[], Iterable[Case]], *, threshold: float = THRESHOLD) -> Duplicates:
    """Return the cases that ask the same as another one.

    Args:
        opener: Opens the dataset anew at each call.
        threshold: How alike two texts must be, from 0 to 1.

    Raises:
        DatasetError: It cannot be read.
    """
    from array import array

    import numpy as np

    marks, kept = array("q"), _Texts()
    for case in opener():
        marks.append(hash(canonical_json(case.vars)))
        if not kept.full:
            kept.add(case, case_text(case))
    values, counts = np.unique(np.asarray(marks), return_counts=True)
    twice = set(values[counts > 1].tolist())
    groups: dict[int, list[str]] = {}
    if twice:
        for mark, case in zip(marks, opener(), strict=False):
            if mark in twice:
                groups.setdefault(mark, []).append(case.id)
    exact = tuple(tuple(group) for group in groups.values())
    same = {frozenset(group) for group in exact}
    near = [tuple(kept.ids[i] for i in group) for group in near_groups(kept.texts, threshold=threshold)]
    return Duplicates(
        exact, tuple(g for g in near if frozenset(g) not in same), len(marks), len(kept.texts), threshold
    )


def near_groups(texts: Sequence[str], *, threshold: float = THRESHOLD) -> list[list[int]]:
    """Return groups of the indices of texts that are alike; a text may be like one of its group only."""
    import numpy as np

    if len(texts) < 2:
        return []
    sketcher = Sketcher()
    keys = np.empty((len(texts), BANDS), dtype=np.uint64)
    for index, text in enumerate(texts):
        keys[index] = sketcher.keys(text)
    parent = list(range(len(texts)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    refused: set[int] = set()
    for a, b in _candidates(keys):
        one, other = root(a), root(b)
        pair = a * len(texts) + b
        if one == other or pair in refused:
            continue
        if _alike(texts[a], texts[b], threshold):
            parent[max(one, other)] = min(one, other)
        elif len(refused) < 500_000:
            refused.add(pair)
    groups: dict[int, list[int]] = {}
    for index in range(len(texts)):
        groups.setdefault(root(index), []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def _candidates(keys: Any) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that share a key, smaller index first."""
    import numpy as np

    for band in range(keys.shape[1]):
        column = keys[:, band]
        order = np.argsort(column, kind="stable")
        edges = np.flatnonzero(np.diff(column[order])) + 1
        starts, ends = np.concatenate(([0], edges)), np.concatenate((edges, [len(order)]))
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            block = order[start:end].tolist()
            few = len(block) <= MAX_BLOCK
            for place, b in enumerate(block):
                # In a large block the first few stand for it, and the one before is the likeliest.
                for a in (
                    block[:place]
                    if few
                    else {*block[: min(place, COMPARED)], *block[max(place - 1, 0) : place]}
                ):
                    yield a, b


def _alike(a: str, b: str, threshold: float) -> bool:
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
            if _alike(self.texts[index], text, self.threshold):
                return self.ids[index]
        return None
