"""What the limits did: when, of which model, how many calls could be under way from then on, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

#: Changes that one process keeps; what comes after is counted only.
MOST = 400


@dataclass(frozen=True)
class LimitChange:
    """From ``at`` (ISO-8601, UTC) on, ``limit`` calls of ``lane`` could be under way; ``reason`` says why.

    ``lane`` is a model's name, or `THIS_MACHINE` where this process could not keep up.
    """

    at: str
    lane: str
    limit: int
    reason: str


#: The lane of all models together.
THIS_MACHINE = "this machine"


class LimitHistory:
    """The changes of one process, until somebody takes them to where they are kept."""

    def __init__(self, most: int = MOST) -> None:
        self._changes: list[LimitChange] = []
        self._left = most

    def note(self, lane: str, limit: int, reason: str) -> None:
        """Add a change; the last one that is kept says that no more are."""
        if self._left <= 0:
            return
        self._left -= 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        last = "" if self._left else "; later changes of this process are not kept"
        self._changes.append(LimitChange(at, lane[:200], limit, reason[:300] + last))

    def take(self) -> list[LimitChange]:
        """Return what came since this was last asked."""
        taken, self._changes = self._changes, []
        return taken
