"""Train, dev and test: which split a case is in, so that it never moves when other cases come or go."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workbench.evals.types import Case

DEFAULT_SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}
#: The metadata field that names a case's split; what stands there wins.
FIELD = "split"
_OTHER_WORDS = {"validation": "dev", "valid": "dev", "val": "dev", "training": "train"}


def given_split(case: Case, shares: Mapping[str, float]) -> str | None:
    """Return the split that a case's metadata names, or None."""
    given = case.metadata.get(FIELD)
    if not isinstance(given, str) or not given.strip():
        return None
    name = given.strip()
    if name not in shares and _OTHER_WORDS.get(name.lower()) in shares:
        return _OTHER_WORDS[name.lower()]
    return name


def position(case_id: str, seed: int) -> float:
    """Return the case's place in [0, 1), the same wherever and whenever it is computed."""
    digest = hashlib.sha256(f"{seed}:{case_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_of(case: Case, shares: Mapping[str, float], seed: int = 0) -> str:
    """Return the split of a case: the one that its metadata names, else by a hash of seed and id.

    No other case has a say in it, so it stays where it is when cases are added, removed or sorted. The price is that
    the shares hold only on average; `Stratifier` gives exact ones.
    """
    given = given_split(case, shares)
    if given is not None:
        return given
    place, total, below = position(case.id, seed), sum(shares.values()), 0.0
    for name, share in shares.items():
        below += share / total
        if place < below:
            return name
    return next(reversed(shares))


def splitter(shares: Mapping[str, float], seed: int = 0, by: str | None = None) -> Callable[[Case], str]:
    """Return what tells the split of each case; with ``by`` it must be asked about all cases, once, in their order.

    Without ``by`` it is `split_of`. With it every value of that metadata field is a stratum, and each next case of a
    stratum goes to one of the splits that lack cases there: by the hash of seed and id, the more likely the more it
    lacks. So after any number of cases a split has less than one case above its share in every stratum, and cases that
    come later, at the end, move none of those before.
    """
    if by is None:
        return lambda case: split_of(case, shares, seed)
    total = sum(shares.values())
    wanted = {name: share / total for name, share in shares.items()}
    strata: dict[str, dict[str, int]] = {}

    def of(case: Case) -> str:
        counts = strata.setdefault(str(case.metadata.get(by)), dict.fromkeys(wanted, 0))
        given = given_split(case, shares)
        name = given or _drawn(counts, wanted, position(case.id, seed))
        counts[name] = counts.get(name, 0) + 1
        return name

    return of


def _drawn(counts: Mapping[str, int], wanted: Mapping[str, float], place: float) -> str:
    """Return the split of one more case of a stratum, given where in [0, 1) its hash lies."""
    number = sum(counts.values()) + 1
    lacks = {name: max(0.0, share * number - counts[name]) for name, share in wanted.items()}
    below, total = 0.0, sum(lacks.values())
    for name, lack in lacks.items():
        below += lack / total
        if lack > 0 and place < below:
            return name
    return max(lacks, key=lambda name: lacks[name])


class Stratifier:
    """Assigns splits with exact shares in every stratum, and never moves a case that has one already.

    Feed it all cases with `add`, call `assign`, and read the splits in the same order from `names`. Exact shares need
    to know all cases, so the result is to be kept in the cases' metadata (field ``split``): the next time those keep
    theirs, and what was added since fills what its stratum lacks.

    Args:
        shares: The shares of the splits, which need not add up to 1.
        seed: Another one gives other splits.
        by: The metadata field whose values are the strata; None for a single one.
    """

    def __init__(self, shares: Mapping[str, float], *, seed: int = 0, by: str | None = None) -> None:
        self.shares, self.seed, self.by = shares, seed, by
        self._strata: dict[str, int] = {}
        self._extra: list[str] = []
        self._places, self._codes, self._given = array("d"), array("l"), array("h")

    def add(self, case: Case) -> None:
        """Take one more case into account."""
        value = str(case.metadata.get(self.by)) if self.by else ""
        self._codes.append(self._strata.setdefault(value, len(self._strata)))
        self._places.append(position(case.id, self.seed))
        given = given_split(case, self.shares)
        known = [*self.shares, *self._extra]
        if given is not None and given not in known:
            self._extra.append(given)
            known.append(given)
        self._given.append(-1 if given is None else known.index(given))

    def assign(self) -> list[int]:
        """Return the index into `names` for each case in order."""
        import numpy as np

        codes, places = np.asarray(self._codes), np.asarray(self._places)
        given = np.asarray(self._given).astype(int)
        total = sum(self.shares.values())
        shares = np.array([share / total for share in self.shares.values()])
        order = np.lexsort((places, codes))
        edges = np.flatnonzero(np.diff(codes[order])) + 1
        carry = np.zeros(len(shares))
        groups = {int(codes[rows[0]]): rows for rows in np.split(order, edges)} if len(order) else {}
        for _, code in sorted(self._strata.items()):
            rows = groups[code]
            free = rows[given[rows] < 0]
            have = np.bincount(
                given[rows][(given[rows] >= 0) & (given[rows] < len(shares))], minlength=len(shares)
            )
            # What one stratum could not give to the letter is made up for in the next.
            wanted = (have.sum() + len(free)) * shares + carry
            quota = _rounded(np.maximum(wanted - have, 0), len(free))
            carry = wanted - have - quota
            given[free] = np.repeat(np.arange(len(shares)), quota)
        return given.tolist()

    @property
    def names(self) -> list[str]:
        """The splits: those with shares, then others that cases name."""
        return [*self.shares, *self._extra]


def _rounded(wanted: Any, total: int) -> Any:
    """Return whole numbers near ``wanted`` (scaled) that add up to ``total``, by largest remainders."""
    import numpy as np

    weight = wanted.sum()
    scaled = wanted * (total / weight) if weight > 0 else np.full(len(wanted), total / len(wanted))
    whole = np.floor(scaled + 1e-9).astype(int)
    rest = total - int(whole.sum())
    for index in np.argsort(-(scaled - whole), kind="stable")[:rest]:
        whole[index] += 1
    return whole


def count_splits(cases: Iterable[Case], shares: Mapping[str, float], seed: int = 0) -> dict[str, int]:
    """Return how many cases each split has."""
    counts = dict.fromkeys(shares, 0)
    for case in cases:
        name = split_of(case, shares, seed)
        counts[name] = counts.get(name, 0) + 1
    return counts
