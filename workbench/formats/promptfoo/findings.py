"""What of a config is not honoured, or means something else here, by file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["loss", "difference"]
#: Findings that are kept; more say nothing new.
MAX_FINDINGS = 500


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know before the config is run.

    A ``loss`` is left out of the run; a ``difference`` is run, and may come out otherwise than in promptfoo.
    """

    kind: Kind
    message: str
    file: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(vars(self))


@dataclass
class Findings:
    """Collects findings once each, in the order in which they were met."""

    found: dict[Finding, None] = field(default_factory=dict)

    def loss(self, message: str, place: Place) -> None:
        """Note something that is left out."""
        self._add("loss", message, place)

    def difference(self, message: str, place: Place) -> None:
        """Note something that may come out otherwise."""
        self._add("difference", message, place)

    def _add(self, kind: Kind, message: str, place: Place) -> None:
        if len(self.found) < MAX_FINDINGS:
            self.found[Finding(kind, message, place.file, place.line)] = None

    def sorted(self) -> tuple[Finding, ...]:
        """Return them by file and line, what is lost first on a line."""
        return tuple(sorted(self.found, key=lambda f: (f.file, f.line or 0, f.kind != "loss")))


@dataclass(frozen=True)
class Place:
    """Where something stands: the file's name as a person knows it, and the line."""

    file: str
    line: int | None = None
