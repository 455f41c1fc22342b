"""One row as a case: its fields checked, its id given or derived from its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import DatasetError, SuiteError
from workbench.evals.datasets.columns import EXPECTED_NAMES
from workbench.evals.datasets.source import Row
from workbench.evals.own.allowed import refuse_code
from workbench.evals.scorers import SCORERS, parse_scorer
from workbench.evals.scorers.registry import suggest
from workbench.evals.types import Case, ScorerSpec
from workbench.files import canonical_json

ROW_KEYS = ("id", "vars", "expected", "metadata", "scorers")


@dataclass
class Place:
    file: Path | None
    row: Row

    def error(self, message: str, *, key: str | None = None, hint: str | None = None) -> DatasetError:
        field = ".".join(part for part in (self.row.field, key) if part) or None
        return DatasetError(message, file=self.file, line=self.row.line, field=field, hint=hint)


class Collector:
    """Turns rows into cases with ids of their own."""

    def __init__(self, file: Path | None, reserved: frozenset[str]) -> None:
        self.file, self.reserved = file, reserved
        # 64 bits of each id and its place, instead of the id: a million cases fit.
        self.seen: dict[int, int | str] = {}

    def case(self, place: Place, row: Any) -> tuple[Case, str]:
        """Return a row as a case, and the canonical JSON of its content."""
        if not isinstance(row, dict):
            raise place.error("A case must be a mapping", hint="write id, vars, expected and metadata")
        values, expected = _vars_and_expected(row, place)
        metadata = _mapping(row, "metadata", place)
        scorers = self._scorers(row, place) if row.get("scorers") else ()
        content = {
            "vars": values,
            "expected": expected,
            "metadata": metadata,
            "scorers": [spec.to_dict() for spec in scorers],
        }
        text = _canonical(content, place)
        given = row.get("id")
        case_id = _given_id(given, place) if given is not None else _derived_id(content)
        key = hash(case_id)
        if key in self.seen:
            raise self._twice(place, case_id, given is None, self.seen[key])
        self.seen[key] = place.row.line or place.row.field or ""
        return Case(case_id, values, expected, metadata, scorers), text

    @staticmethod
    def _twice(place: Place, case_id: str, derived: bool, first: int | str) -> DatasetError:
        other = f"line {first}" if isinstance(first, int) else first
        if derived:
            return place.error(
                f"The case has the same variables as that of {other}",
                hint="remove one, or give each an id",
            )
        return place.error(f'The id "{case_id}" is that of {other} too', hint="give each case its own id")

    def _scorers(self, row: dict[str, Any], place: Place) -> tuple[ScorerSpec, ...]:
        entries = row.get("scorers") or []
        if not isinstance(entries, list):
            raise place.error("A case's scorers are a list", key="scorers")
        taken, specs = set(self.reserved), []
        for index, entry in enumerate(entries):
            try:
                specs.append(parse_scorer(entry, taken=taken))
                refuse_code(specs[-1])
                if SCORERS[specs[-1].type].across:
                    raise SuiteError(
                        f"{specs[-1].type} looks at several cases, so it belongs among the scorers of a suite"
                    )
            except SuiteError as problem:
                key = ".".join(str(p) for p in ("scorers", index, problem.field) if p is not None)
                raise place.error(_capital(problem.message), key=key, hint=problem.hint) from None
        return tuple(specs)


def _vars_and_expected(row: dict[str, Any], place: Place) -> tuple[dict[str, Any], Any]:
    name = next((name for name in EXPECTED_NAMES if name in row), None)
    expected = row[name] if name else None
    if "vars" in row:
        for key in row:
            if key not in ROW_KEYS and key != name:
                raise place.error(
                    f'A case has no field "{key}"',
                    key=key,
                    hint=suggest(key, ROW_KEYS) + " or put it in metadata",
                )
        return _mapping(row, "vars", place), expected
    return {key: value for key, value in row.items() if key not in ROW_KEYS and key != name}, expected


def _mapping(row: dict[str, Any], key: str, place: Place) -> dict[str, Any]:
    value = row.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise place.error(f"A case's {key} must be a mapping", key=key)
    return value


def _canonical(content: dict[str, Any], place: Place) -> str:
    try:
        text = canonical_json(content)
        text.encode()
        return text
    except UnicodeEncodeError:
        raise place.error("The case holds half of a character (a lone surrogate)", hint="remove it") from None
    except (ValueError, RecursionError, TypeError):
        raise place.error(
            "The case holds a value that JSON cannot (NaN, infinity, or too deep)", hint="use null or text"
        ) from None


def _given_id(value: Any, place: Place) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise place.error("A case's id must be text or a number", key="id")
    text = str(value).strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise place.error("A case's id must be one line of 1 to 200 characters", key="id")
    return text


def _derived_id(content: dict[str, Any]) -> str:
    basis = content["vars"] or content
    return hashlib.sha256(canonical_json(basis).encode()).hexdigest()[:12]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
