"""Scorers that compare text: equal, contained, at the start, one of several, a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import regex
from pydantic import Field

from workbench.evals.extract import TIMEOUT_S, compile_pattern
from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.scorers.texts import (
    IgnoreCase,
    Strip,
    Text,
    Texts,
    Value,
    any_of,
    fill,
    normal,
    references,
    shown,
)
from workbench.evals.types import ScoringInput

_VISIBLE = regex.compile(r"[^\s\p{C}\p{Z}]")


def _verdict(passed: bool, reason: str) -> Outcome:
    return Outcome(1.0 if passed else 0.0, passed, "" if passed else reason)


@scorer("exact", needs_expected=True)
@dataclass(frozen=True)
class Exact:
    """The output equals the expected text, or any one of several.

    White space at both ends does not count unless ``strip`` is false. Letters that Unicode calls equivalent are
    equal.
    """

    value: Value = None
    ignore_case: IgnoreCase = False
    strip: Strip = True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the whole output."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case, strip=self.strip)
        found = any(output == normal(w, ignore_case=self.ignore_case, strip=self.strip) for w in wanted)
        return _verdict(found, f"{shown(cell.output)} is not {any_of(wanted)}")


@scorer("contains", needs_expected=True)
@dataclass(frozen=True)
class Contains:
    """The output contains the expected text, or any one of several."""

    value: Value = None
    ignore_case: IgnoreCase = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for each text."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case)
        found = any(normal(w, ignore_case=self.ignore_case) in output for w in wanted)
        return _verdict(found, f"it does not contain {any_of(wanted)}")


@scorer("icontains", needs_expected=True)
@dataclass(frozen=True)
class IContains:
    """The output contains the expected text, or any one of several, in upper or lower case."""

    value: Value = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for each text by Unicode case folding."""
        return Contains(self.value, ignore_case=True).score(cell)


@scorer("starts_with", needs_expected=True)
@dataclass(frozen=True)
class StartsWith:
    """The output starts with the expected text, or any one of several; white space before it does not count."""

    value: Value = None
    ignore_case: IgnoreCase = False
    strip: Strip = True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the beginning."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case, strip=self.strip)
        starts = tuple(normal(w, ignore_case=self.ignore_case, strip=self.strip) for w in wanted)
        return _verdict(output.startswith(starts), f"it does not start with {any_of(wanted)}")


@scorer("one_of", needs_expected=True)
@dataclass(frozen=True)
class OneOf:
    """The output is one of the allowed values: ``values``, else the case's expected list.

    With ``values`` it checks the form of an answer (is it a known label?), not whether it is the right one.
    """

    values: Annotated[Texts | None, Field(description="The allowed texts; {{name}} is filled in")] = None
    ignore_case: IgnoreCase = False
    strip: Strip = True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the whole output with each value."""
        return Exact(self.values, self.ignore_case, self.strip).score(cell)


@scorer("regex")
@dataclass(frozen=True)
class Regex:
    """A regular expression matches somewhere in the output (``search``) or all of it (``full``).

    The syntax is that of the ``regex`` package; flags may be written inside, such as ``(?m)``. Variables filled
    in with ``{{name}}`` are taken literally. A match that takes over a second is an error on that cell.
    """

    pattern: Annotated[
        Text, Field(description="The regular expression; {{name}} and {{expected}} are filled in")
    ]
    mode: Annotated[Literal["search", "full"], Field(description="Match a part, or the whole output")] = (
        "search"
    )
    ignore_case: IgnoreCase = False

    def __post_init__(self) -> None:
        if "{{" not in self.pattern:
            compile_pattern(self.pattern, ignore_case=self.ignore_case)

    def score(self, cell: ScoringInput) -> Outcome:
        """Match within the time limit."""
        compiled = compile_pattern(fill(self.pattern, cell, regex.escape), ignore_case=self.ignore_case)
        match = compiled.fullmatch if self.mode == "full" else compiled.search
        found = match(cell.output, timeout=TIMEOUT_S) is not None
        return _verdict(found, f"{shown(self.pattern)} does not match")


@scorer("not_empty")
@dataclass(frozen=True)
class NotEmpty:
    """The output holds at least one visible character; white space and invisible marks do not count."""

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for a character that shows."""
        return _verdict(_VISIBLE.search(cell.output) is not None, "it is empty")


@scorer("ends_with", needs_expected=True)
@dataclass(frozen=True)
class EndsWith:
    """The output ends with the expected text, or any one of several; white space after it does not count."""

    value: Value = None
    ignore_case: IgnoreCase = False
    strip: Strip = True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare the end."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case, strip=self.strip)
        ends = tuple(normal(w, ignore_case=self.ignore_case, strip=self.strip) for w in wanted)
        return _verdict(output.endswith(ends), f"it does not end with {any_of(wanted)}")


@scorer("contains_all", needs_expected=True)
@dataclass(frozen=True)
class ContainsAll:
    """The output contains each of the expected texts.

    It passes when all are there; the value is then 1, else 0, or with ``partial`` the share that is there.
    """

    value: Value = None
    ignore_case: IgnoreCase = False
    partial: Annotated[bool, Field(description="Give credit for the share of texts that are there")] = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for each text."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case)
        lacking = tuple(w for w in wanted if normal(w, ignore_case=self.ignore_case) not in output)
        if not lacking:
            return Outcome(1.0, True)
        missing = ", ".join(shown(text, 30) for text in lacking[:5])
        return Outcome(1 - len(lacking) / len(wanted) if self.partial else 0.0, False, f"it lacks {missing}")


@scorer("contains_any", needs_expected=True)
@dataclass(frozen=True)
class ContainsAny:
    """The output contains at least ``at_least`` of the expected texts: one, unless more are asked for."""

    value: Value = None
    ignore_case: IgnoreCase = False
    at_least: Annotated[int, Field(ge=1, description="How many of the texts must be there")] = 1

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for each text."""
        wanted = references(self.value, cell)
        output = normal(cell.output, ignore_case=self.ignore_case)
        found = sum(normal(w, ignore_case=self.ignore_case) in output for w in wanted)
        return _verdict(
            found >= self.at_least,
            f"it contains {found or 'none'} of {len(wanted)} texts"
            if len(wanted) > 1
            else f"it lacks {shown(wanted[0])}",
        )
