"""Rows from text files: JSONL, JSON, YAML, CSV and TSV, one at a time."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workbench.errors import DatasetError
from workbench.evals.datasets.source import Row
from workbench.evals.datasets.texts import WHAT, open_text
from workbench.files import load_yaml, read_text

MAX_YAML_BYTES = 20_000_000
#: Characters of one line, object or field. A file may have any number of them.
MAX_FIELD = 10_000_000
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def jsonl_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Yield one row a line that is not empty."""
    with open_text(path, encoding) as stream:
        number = 0
        while line := stream.readline(MAX_FIELD + 1):
            number += 1
            place = {"file": path, "line": number}
            if len(line) > MAX_FIELD:
                raise DatasetError(
                    f"The line has over {MAX_FIELD:,} characters", **place, hint="shorten the case"
                )
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise DatasetError(
                    "The line is not valid JSON", **place, hint="write one object a line"
                ) from None
            if not isinstance(row, dict):
                raise DatasetError("The line is not a JSON object", **place, hint="write {…} on each line")
            yield Row(row, number, None)


def json_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Yield the items of a list, read piece by piece; ``{"cases": […]}`` is read as a whole."""
    with open_text(path, encoding) as stream:
        head = stream.read(1 << 16)
        if head.lstrip()[:1] == "[":
            try:
                yield from _Array(stream, head, path).rows()
            except RecursionError:
                raise DatasetError("The JSON is nested too deeply", file=path) from None
            return
    text = read_text(path, what=WHAT, error=DatasetError) if encoding.startswith("utf-8") else head
    if not encoding.startswith("utf-8"):
        with open_text(path, encoding) as stream:
            text = stream.read(MAX_YAML_BYTES)
    try:
        data = json.loads(text)
    except RecursionError:
        raise DatasetError("The JSON is nested too deeply", file=path) from None
    except ValueError as problem:
        raise _not_json(path, getattr(problem, "lineno", None)) from None
    yield from list_rows(*_cases_of(data, path))


def _not_json(path: Path, line: int | None) -> DatasetError:
    return DatasetError("The file is not valid JSON", file=path, line=line, hint="check this place")


class _Array:
    """The items of one JSON list, decoded as the text comes."""

    def __init__(self, stream: Any, head: str, path: Path) -> None:
        self.stream, self.path, self.buffer, self.ended = stream, path, head, False
        self.line, self.at = 1, 0

    def rows(self) -> Iterator[Row]:
        self._skip("[")
        self.at += 1
        index, first = 0, True
        while True:
            character = self._skip("]" if first else ",]")
            if character == "]":
                return self._finish()
            if character == "," and not first:
                self.at += 1
                self._skip("")
            line = self.line
            yield (
                Row(self._value(), None, str(index)) if line is None else Row(self._value(), line, str(index))
            )
            index, first = index + 1, False

    def _finish(self) -> None:
        self.at += 1
        while self.buffer[self.at :].strip() == "" and not self.ended:
            self._more()
        if self.buffer[self.at :].strip():
            raise _not_json(self.path, self.line)

    def _skip(self, wanted: str) -> str:
        """Move to the next character that is no white space; one of ``wanted`` or, for a value, any."""
        while True:
            end = _BLANK.match(self.buffer, self.at).end()  # type: ignore[union-attr]
            self.line += self.buffer.count("\n", self.at, end)
            self.at = end
            if end < len(self.buffer):
                break
            if self.ended:
                raise _not_json(self.path, self.line)
            self._more()
        character = self.buffer[self.at]
        if wanted == ",]" and character not in wanted:
            raise _not_json(self.path, self.line)
        if wanted == "" and character == "]":
            raise _not_json(self.path, self.line)
        return character

    def _value(self) -> Any:
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.at)
            except ValueError as problem:
                fault = getattr(problem, "lineno", None)
                if self.ended:
                    before = self.buffer.count("\n", 0, self.at)
                    raise _not_json(self.path, self.line + (fault - 1 - before if fault else 0)) from None
            else:
                # A number at the very end of what was read may go on.
                if end < len(self.buffer) or self.ended:
                    self.line += self.buffer.count("\n", self.at, end)
                    self.at = end
                    return value
            if len(self.buffer) - self.at > MAX_FIELD:
                raise DatasetError(
                    f"A case has over {MAX_FIELD:,} characters, or the JSON is broken after it begins",
                    file=self.path,
                    line=self.line,
                    hint="check this place",
                )
            self._more()

    def _more(self) -> None:
        # Twice as much each time, so that a long item is not decoded from its start again and again.
        chunk = self.stream.read(max(1 << 16, len(self.buffer) - self.at))
        self.ended = not chunk
        self.buffer, self.at = self.buffer[self.at :] + chunk, 0


def yaml_rows(path: Path) -> Iterator[Row]:
    """Yield the items of a YAML list, or of ``cases:``."""
    text = read_text(path, what="YAML file of cases", max_bytes=MAX_YAML_BYTES, error=DatasetError)
    document = load_yaml(text, file=path, error=DatasetError)
    yield from list_rows(*_cases_of(document.data, path), document.line)


def list_rows(items: Any, name: str, line_of: Callable[..., int | None] | None = None) -> Iterator[Row]:
    """Yield the items of a list that stands in the field ``name``."""
    prefix = (name,) if name else ()
    for index, item in enumerate(items):
        line = line_of(*prefix, index) if line_of else None
        yield Row(item, line, ".".join(str(p) for p in (*prefix, index)))


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


def csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """Yield each row as a mapping of column to text."""
    # A setting of the whole process; only ever the same value is put there.
    csv.field_size_limit(MAX_FIELD)
    with open_text(path, encoding) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        start = 1
        try:
            for values in reader:
                line, start = start, reader.line_num + 1
                if not any(value.strip() for value in values):
                    continue
                if header is None:
                    header = check_header(values, path, line)
                elif len(values) != len(header):
                    raise DatasetError(
                        f"The row has {len(values)} columns and the header has {len(header)}",
                        file=path,
                        line=line,
                        hint=f"put text that holds {_NAMES.get(delimiter, delimiter)} in double quotes",
                    )
                else:
                    yield Row(dict(zip(header, values, strict=True)), line, None)
        except csv.Error as problem:
            raise DatasetError(f"This is not valid CSV ({problem})", file=path, line=start) from None


def find_delimiter(path: Path, encoding: str) -> str:
    """Guess by which of ``, ; tab |`` the first rows split into the most columns of equal number."""
    with open_text(path, encoding) as stream:
        sample = stream.read(200_000)

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

    return max(",;\t|", key=columns)


def check_header(values: list[str], path: Path, line: int) -> list[str]:
    """Return the names of a table's columns.

    Raises:
        DatasetError: One has no name, or two have the same.
    """
    header = [value.strip() for value in values]
    for index, name in enumerate(header):
        place = {"file": path, "line": line, "hint": "give each column a name of its own"}
        if not name:
            raise DatasetError(f"Column {index + 1} has no name", **place)
        if header.index(name) != index:
            raise DatasetError(f'Two columns are called "{name}"', **place)
    return header
