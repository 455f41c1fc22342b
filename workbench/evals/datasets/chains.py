"""Groups that grow by pairs: who is like one of a group belongs to it."""

from __future__ import annotations

from array import array


class Chains:
    """So many places, joined pair by pair (union-find with path halving); 8 bytes a place."""

    def __init__(self, number: int) -> None:
        self._parent = array("q", range(number))

    def first(self, place: int) -> int:
        """Return the first place of the group that a place belongs to."""
        parent = self._parent
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    def join(self, one: int, other: int) -> int:
        """Make one group of two, given their first places, and return its first place."""
        first = min(one, other)
        self._parent[max(one, other)] = first
        return first

    def groups(self) -> list[list[int]]:
        """Return the places of every group of two or more, in their order."""
        found: dict[int, list[int]] = {}
        for place in range(len(self._parent)):
            first = self.first(place)
            if first != place:
                found.setdefault(first, [first]).append(place)
        return [found[first] for first in sorted(found)]
