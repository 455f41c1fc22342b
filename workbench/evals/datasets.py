"""Cases from files and lists: read, named, checked, and identified by content."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workbench.errors import DatasetError, SuiteError
from workbench.evals.scorers import parse_scorer
from workbench.evals.scorers.registry import suggest
from workbench.evals.types import Case, Dataset, ScorerSpec
from workbench.files import canonical_json, load_yaml, read_jsonl, read_text

#: What other tools call the expected answer, the first that a row has.
EXPECTED_NAMES = (
    "expected",
    "expected_output",
    "expectedOutput",
    "ideal",
    "target",
    "reference",
    "answer",
    "__expected",
)
ROW_KEYS = ("id", "vars", "expected", "metadata", "scorers")
SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".yaml", ".yml")
MAX_YAML_BYTES = 20_000_000
MAX_FIELD = 10_000_000
_WRITE_ONE = "write at least one"


class Row(NamedTuple):
    """A case as it was written, and where: a line in a file, or a field such as ``cases.3``."""

    data: Any
    line: int | None
    field: str | None


def load_cases(
    source: str | Path | list[Any],
    *,
    base: Path,
    reserved: Iterable[str] = (),
    file: Path | None = None,
    line_of: Callable[..., int | None] | None = None,
) -> Dataset:
    """Read the cases of a suite.

    A row is ``{id, vars, expected, metadata, scorers}``. Where it has no ``vars``, every other key is a variable;
    ``expected`` may go by the names of other tools (`EXPECTED_NAMES`). In CSV a column ``metadata.x`` or
    ``__metadata:x`` is metadata and ``vars.x``, or any other column, a variable. A row without an id gets one
    from its variables, so that it stays the same case when its expected answer is corrected.

    Args:
        source: A list of rows, or the path of a JSONL, JSON, CSV, TSV or YAML file.
        base: The folder that a relative path starts from.
        reserved: Names of the suite's scorers, which a case's own cannot take.
        file: The file that a list stands in, for errors.
        line_of: Tells the line of a field such as ``("cases", 3)`` in that file.

    Raises:
        DatasetError: The file cannot be read, a row is not a case, two cases have the same id, or there is none.
    """
    if isinstance(source, list):
        if not source and line_of:
            raise DatasetError(
                "There is no case", file=file, line=line_of("cases"), field="cases", hint=_WRITE_ONE
            )
        rows: Iterable[Row] = _list_rows(source, "cases", line_of)
        shown = "cases in place"
    else:
        file = base / source
        rows, shown = _read(file), str(source)
    return _Collector(file, frozenset(reserved)).collect(rows, shown)


def _read(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return (
            Row(data, line, None) for line, data in read_jsonl(path, what="file of cases", error=DatasetError)
        )
    if suffix in (".csv", ".tsv"):
        return _csv_rows(path)
    if suffix == ".json":
        return _json_rows(path)
    if suffix in (".yaml", ".yml"):
        return _yaml_rows(path)
    raise DatasetError(
        f'Cases cannot be read from a file named "{path.name}"', file=path, hint=f"use {', '.join(SUFFIXES)}"
    )


def _list_rows(items: Any, name: str, line_of: Callable[..., int | None] | None = None) -> Iterator[Row]:
    prefix = (name,) if name else ()
    for index, item in enumerate(items):
        line = line_of(*prefix, index) if line_of else None
        yield Row(item, line, ".".join(str(p) for p in (*prefix, index)))


def _json_rows(path: Path) -> Iterator[Row]:
    try:
        data = json.loads(read_text(path, what="file of cases", error=DatasetError))
    except RecursionError:
        raise DatasetError("The JSON is nested too deeply", file=path) from None
    except ValueError as problem:
        line = getattr(problem, "lineno", None)
        raise DatasetError(
            "The file is not valid JSON", file=path, line=line, hint="check this place"
        ) from None
    return _list_rows(*_cases_of(data, path))


def _yaml_rows(path: Path) -> Iterator[Row]:
    text = read_text(path, what="YAML file of cases", max_bytes=MAX_YAML_BYTES, error=DatasetError)
    document = load_yaml(text, file=path, error=DatasetError)
    return _list_rows(*_cases_of(document.data, path), document.line)


def _cases_of(data: Any, path: Path) -> tuple[list[Any], str]:
    if isinstance(data, list):
        return data, ""
    if isinstance(data, dict) and isinstance(data.get("cases"), list):
        return data["cases"], "cases"
    if data is None:
        return [], ""
    raise DatasetError(
        "The file holds no list of cases", file=path, hint="write a list, or `cases:` with a list"
    )


def _csv_rows(path: Path) -> Iterator[Row]:
    text = read_text(path, what="file of cases", error=DatasetError)
    csv.field_size_limit(MAX_FIELD)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    try:
        for values in reader:
            line, start = start, reader.line_num + 1
            if not any(value.strip() for value in values):
                continue
            if header is None:
                header = _header(values, path, line)
            elif len(values) != len(header):
                raise DatasetError(
                    f"The row has {len(values)} columns and the header has {len(header)}",
                    file=path,
                    line=line,
                    hint=f"put text that holds {_NAMES.get(delimiter, delimiter)} in double quotes",
                )
            else:
                yield Row(_csv_case(header, values), line, None)
    except csv.Error as problem:
        raise DatasetError(f"This is not valid CSV ({problem})", file=path, line=start) from None


_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def _delimiter(text: str) -> str:
    """Guess by which of ``, ; tab`` the first rows split into the most columns of equal number."""
    sample = text[:200_000]

    def columns(delimiter: str) -> tuple[float, int]:
        rows = []
        try:
            for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                if any(row):
                    rows.append(len(row))
                if len(rows) >= 20:
                    break
        except csv.Error:
            return 0.0, 0
        if not rows or rows[0] < 2:
            return 0.0, 0
        return rows.count(rows[0]) / len(rows), rows[0]

    return max(",;\t", key=columns)


def _header(values: list[str], path: Path, line: int) -> list[str]:
    header = [value.strip() for value in values]
    for index, name in enumerate(header):
        place = {"file": path, "line": line, "hint": "give each column a name of its own"}
        if not name:
            raise DatasetError(f"Column {index + 1} has no name", **place)
        if header.index(name) != index:
            raise DatasetError(f'Two columns are called "{name}"', **place)
        if name.startswith("__") and name != "__expected" and not name.startswith("__metadata:"):
            raise DatasetError(
                f'The column "{name}" has no meaning here', file=path, line=line, hint="rename or remove it"
            )
    return header


def _csv_case(header: list[str], values: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"vars": {}, "metadata": {}}
    expected = next(
        (name for known in EXPECTED_NAMES for name in header if name.lower() == known.lower()), None
    )
    for name, value in zip(header, values, strict=True):
        if name.lower() == "id":
            row["id"] = value.strip() or None
        elif name == expected:
            row["expected"] = value if value.strip() else None
        elif name.startswith(("metadata.", "__metadata:")):
            if value.strip():
                row["metadata"][name.removeprefix("metadata.").removeprefix("__metadata:")] = value
        else:
            row["vars"][name.removeprefix("vars.")] = value
    return row


@dataclass
class _Place:
    file: Path | None
    row: Row

    def error(self, message: str, *, key: str | None = None, hint: str | None = None) -> DatasetError:
        field = ".".join(part for part in (self.row.field, key) if part) or None
        return DatasetError(message, file=self.file, line=self.row.line, field=field, hint=hint)

    def __str__(self) -> str:
        return f"line {self.row.line}" if self.row.line else (self.row.field or "")


class _Collector:
    """Turns rows into cases with ids of their own, and hashes them as they come."""

    def __init__(self, file: Path | None, reserved: frozenset[str]) -> None:
        self.file, self.reserved = file, reserved
        self.seen: dict[str, str] = {}
        self.digest = hashlib.sha256()

    def collect(self, rows: Iterable[Row], source: str) -> Dataset:
        cases = tuple(self._case(_Place(self.file, row)) for row in rows)
        if not cases:
            raise DatasetError("There is no case", file=self.file, hint=_WRITE_ONE)
        return Dataset(cases, self.digest.hexdigest(), source)

    def _case(self, place: _Place) -> Case:
        row = place.row.data
        if not isinstance(row, dict):
            raise place.error("A case must be a mapping", hint="write id, vars, expected and metadata")
        values, expected = _vars_and_expected(row, place)
        metadata = _mapping(row, "metadata", place)
        scorers = self._scorers(row, place)
        content = {
            "vars": values,
            "expected": expected,
            "metadata": metadata,
            "scorers": [spec.to_dict() for spec in scorers],
        }
        text = _canonical(content, place)
        given = row.get("id")
        case_id = _given_id(given, place) if given is not None else _derived_id(content)
        if case_id in self.seen:
            other = self.seen[case_id]
            if given is None:
                raise place.error(
                    f"The case has the same variables as that of {other}",
                    hint="remove one, or give each an id",
                )
            raise place.error(f'The id "{case_id}" is that of {other} too', hint="give each case its own id")
        self.seen[case_id] = str(place)
        self.digest.update(f"{json.dumps(case_id)}{text}\n".encode())
        return Case(case_id, values, expected, metadata, scorers)

    def _scorers(self, row: dict[str, Any], place: _Place) -> tuple[ScorerSpec, ...]:
        entries = row.get("scorers") or []
        if not isinstance(entries, list):
            raise place.error("A case's scorers are a list", key="scorers")
        taken, specs = set(self.reserved), []
        for index, entry in enumerate(entries):
            try:
                specs.append(parse_scorer(entry, taken=taken))
            except SuiteError as problem:
                key = ".".join(str(p) for p in ("scorers", index, problem.field) if p is not None)
                raise place.error(_capital(problem.message), key=key, hint=problem.hint) from None
        return tuple(specs)


def _vars_and_expected(row: dict[str, Any], place: _Place) -> tuple[dict[str, Any], Any]:
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


def _mapping(row: dict[str, Any], key: str, place: _Place) -> dict[str, Any]:
    value = row.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise place.error(f"A case's {key} must be a mapping", key=key)
    return value


def _canonical(content: dict[str, Any], place: _Place) -> str:
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


def _given_id(value: Any, place: _Place) -> str:
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
