"""Cases that ask the same: equal variables, and texts that differ by little.

Of a million cases only numbers are in memory, about 120 bytes each; the texts wait in a file until two are compared.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.errors import DatasetError
from workbench.evals.datasets.chains import Chains
from workbench.evals.datasets.nearness import BANDS, MAX_BLOCK, THRESHOLD, Sketcher, alike, case_text
from workbench.evals.types import Case
from workbench.files import canonical_json

#: Texts that are searched for near-duplicates, and their bytes in all. Equal ones are found among all cases.
MAX_SEARCHED, MAX_BYTES = 2_000_000, 4_000_000_000
#: Of the 60 bits of two texts, so many may differ: of texts that share half of their shingles 2 in 100 differ in more.
MAX_DIFFERENT = 22
#: Pairs of one band that are compared letter by letter, at most.
MAX_PAIRS = 500_000
#: Pairs that were found to differ, so that no later band compares them again.
MAX_REFUSED = 500_000


@dataclass(frozen=True)
class Duplicates:
    """Groups of cases that ask the same. Each group lists ids in the order of the file.

    ``exact`` have equal variables; ``near`` have texts at least as alike as ``threshold`` (0–1), chained.
    ``searched`` of ``rows`` cases were searched for near ones; ``bounded`` says that so many texts share much that only
    the likeliest pairs were compared.
    """

    exact: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, ...], ...]
    rows: int
    searched: int
    threshold: float
    bounded: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self), "exact": [list(g) for g in self.exact], "near": [list(g) for g in self.near]}


class Texts(Protocol):
    """Texts by their place."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> str: ...


def find_duplicates(opener: Callable[[], Iterable[Case]], *, threshold: float = THRESHOLD) -> Duplicates:
    """Return the cases that ask the same as another one.

    Args:
        opener: Opens the dataset anew at each call.
        threshold: How alike two texts must be, from 0 to 1.

    Raises:
        DatasetError: It cannot be read, or there is no room for its texts beside it.
    """
    marks = array("q")
    with TextFile() as kept:
        sketches = Sketches()
        for case in opener():
            marks.append(hash(canonical_json(case.vars)))
            if not kept.full:
                text = case_text(case)
                kept.add(case.id, text)
                sketches.add(text)
        exact = _equal(marks, opener)
        same = {frozenset(group) for group in exact}
        groups = (
            tuple(kept.id(place) for place in group) for group in _groups(kept, sketches, threshold=threshold)
        )
        near = tuple(group for group in groups if frozenset(group) not in same)
        return Duplicates(exact, near, len(marks), len(kept), threshold, sketches.bounded)


def near_groups(texts: Sequence[str], *, threshold: float = THRESHOLD) -> list[list[int]]:
    """Return groups of the indices of texts that are alike; a text may be like one of its group only."""
    sketches = Sketches()
    for text in texts:
        sketches.add(text)
    return _groups(texts, sketches, threshold=threshold)


class TextFile:
    """Ids and texts of cases in a file that goes with this object: a few bytes a case are in memory.

    Raises:
        DatasetError: It cannot be written.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="workbench-texts-", buffering=1 << 20)  # noqa: SIM115
        self._starts, self._middles = array("q"), array("q")
        self._end = 0
        self._written = False

    def __enter__(self) -> TextFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def full(self) -> bool:
        """Whether no more texts are taken."""
        return len(self._starts) >= MAX_SEARCHED or self._end >= MAX_BYTES

    def add(self, case_id: str, text: str) -> None:
        """Keep one more."""
        name, content = case_id.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass")
        try:
            self._file.write(name + content)
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise DatasetError(
                f"The texts cannot be laid aside to be compared ({reason})",
                file=tempfile.gettempdir(),
                hint="make room there, or name another folder in TMPDIR",
            ) from None
        self._starts.append(self._end)
        self._middles.append(self._end + len(name))
        self._end += len(name) + len(content)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, place: int) -> str:
        end = self._starts[place + 1] if place + 1 < len(self._starts) else self._end
        return self._read(self._middles[place], end)

    def id(self, place: int) -> str:
        """Return the id of a case."""
        return self._read(self._starts[place], self._middles[place])

    def _read(self, start: int, end: int) -> str:
        if not self._written:
            self._file.flush()
            self._written = True
        return os.pread(self._file.fileno(), end - start, start).decode("utf-8", "surrogatepass")


class Sketches:
    """What is remembered of each text: the blocks that it belongs to, and 60 bits. 88 bytes a text."""

    def __init__(self) -> None:
        self._sketcher = Sketcher()
        self._keys, self._bits = bytearray(), bytearray()
        self.bounded = False

    def add(self, text: str) -> None:
        """Remember one more."""
        keys, bits = self._sketcher.sketch(text)
        # 32 of the 64 bits are enough: of a million texts about 100 pairs a band share them by chance.
        self._keys += keys.astype("uint32").tobytes()
        self._bits += bits

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield places of texts that may be alike, the smaller one first; a pair may come several times.

        In a large block each text is held against the next ones of the file only. Where more than `MAX_PAIRS` of a
        band may be alike, the likeliest are taken, and ``bounded`` says so.
        """
        import numpy as np

        keys = np.frombuffer(self._keys, dtype=np.uint32).reshape(-1, BANDS)
        bits = np.frombuffer(self._bits, dtype=np.uint64)
        for band in range(BANDS):
            column = np.ascontiguousarray(keys[:, band])
            order = np.argsort(column, kind="stable").astype(np.int32)
            one, other = self._likeliest(column[order], order, bits)
            yield from zip(one.tolist(), other.tolist(), strict=True)

    def _likeliest(self, column: Any, order: Any, bits: Any) -> tuple[Any, Any]:
        """Return the pairs of one band as two arrays, given its keys in their order and the places in that order."""
        import numpy as np

        most = MAX_DIFFERENT
        found = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8))
        here = np.arange(len(column) - 1)
        for step in range(1, MAX_BLOCK):
            here = here[: np.searchsorted(here, len(column) - step)]
            here = here[column[here] == column[here + step]]
            if not len(here):
                break
            one, other = order[here], order[here + step]
            different = np.bitwise_count(bits[one] ^ bits[other])
            near = different <= most
            fresh = (one[near], other[near], different[near])
            found = tuple(np.concatenate(parts) for parts in zip(found, fresh, strict=True))
            if len(found[2]) > MAX_PAIRS:
                self.bounded = True
                up_to = np.cumsum(np.bincount(found[2], minlength=most + 1))
                most = int(np.searchsorted(up_to, MAX_PAIRS, "right")) - 1
                if most < 0:  # So many equal ones are a chain, which the steps so far have closed.
                    break
                likely = found[2] <= most
                found = tuple(part[likely] for part in found)
        return found[0], found[1]


def _groups(texts: Texts, sketches: Sketches, *, threshold: float) -> list[list[int]]:
    if len(texts) < 2:
        return []
    chains = Chains(len(texts))
    refused: set[int] = set()
    for a, b in sketches.pairs():
        one, other = chains.first(a), chains.first(b)
        pair = a * len(texts) + b
        if one == other or pair in refused:
            continue
        if alike(texts[a], texts[b], threshold):
            chains.join(one, other)
        elif len(refused) < MAX_REFUSED:
            refused.add(pair)
    return chains.groups()


def _equal(marks: array[int], opener: Callable[[], Iterable[Case]]) -> tuple[tuple[str, ...], ...]:
    import numpy as np

    values, counts = np.unique(np.asarray(marks), return_counts=True)
    twice = set(values[counts > 1].tolist())
    groups: dict[int, list[str]] = {}
    if twice:
        for mark, case in zip(marks, opener(), strict=False):
            if mark in twice:
                groups.setdefault(mark, []).append(case.id)
    return tuple(tuple(group) for group in groups.values())
