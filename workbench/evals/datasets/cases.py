"""Cases from files and lists: read one by one, named, checked, and identified by content."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from workbench.errors import DatasetError
from workbench.evals.datasets import readers, tables
from workbench.evals.datasets.collector import Collector, Place
from workbench.evals.datasets.columns import Columns, find_columns
from workbench.evals.datasets.source import CaseSource, Found, Row
from workbench.evals.datasets.splits import splitter
from workbench.evals.datasets.texts import WHAT, faults, find_encoding
from workbench.evals.types import Case, Dataset

#: Bytes of a file that a suite loads whole; commands for datasets take any size.
MAX_SUITE_BYTES = 50_000_000
#: Rows that columns are guessed from.
PEEKED = 20
_WRITE_ONE = "write at least one"


def load_cases(
    source: str | Path | CaseSource | list[Any],
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
        source: A list of rows, the path of a file, or how to read one.
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
        rows = readers.list_rows(source, "cases", line_of)
        told = CaseSource("cases in place")
        stream = CaseStream(told, file, rows, Found("list"), Columns("cases", {}, native=True), reserved)
    else:
        told = source if isinstance(source, CaseSource) else CaseSource(str(source))
        path = told.path(base)
        if path is not None and told.limit is None and told.split is None:
            _refuse_huge(path)
        stream = open_cases(told, base=base, reserved=reserved)
    cases = tuple(stream)
    if not cases:
        raise DatasetError(*stream.nothing(), file=stream.file, hint=_WRITE_ONE)
    return Dataset(cases, stream.sha256, told.shown, stream.about())


def _refuse_huge(path: Path) -> None:
    with faults(path):
        size = path.stat().st_size if not path.is_dir() else 0
    if size > MAX_SUITE_BYTES:
        raise DatasetError(
            f"The {WHAT} has {size / 1e6:.1f} MB and the limit is {MAX_SUITE_BYTES / 1e6:.0f} MB",
            file=path,
            hint="split it, or take a part of it with `limit` or `split`",
        )


def open_cases(
    source: CaseSource,
    *,
    base: Path = Path(),
    reserved: Iterable[str] = (),
    rows: Iterable[Row] | None = None,
) -> CaseStream:
    """Open a file of any size; cases are read as they are taken from the stream.

    Args:
        source: What to read, and how.
        base: The folder that a relative path starts from.
        reserved: Names of scorers that a case's own cannot take.
        rows: Read these in place of a file.

    Raises:
        DatasetError: The file cannot be read, or its columns are not as they were said to be.
    """
    path = source.path(base)
    if rows is not None:
        return CaseStream(
            source, None, iter(rows), Found("kept"), Columns("cases", {}, native=True), reserved
        )
    kind = source.format_at(path)
    if path is not None and not path.exists():
        with faults(path):
            path.stat()
    opened, found = _rows(source, path, kind)
    ahead = list(itertools.islice(opened, PEEKED))
    peeked = [row.data for row in ahead if isinstance(row.data, dict)]
    try:
        columns = find_columns(
            peeked,
            source.columns,
            source.id,
            table=kind in ("csv", "tsv", "excel"),
            flat=kind in ("parquet", "huggingface"),
        )
    except DatasetError as problem:
        raise DatasetError(problem.message, file=path, line=problem.line, hint=problem.hint) from None
    _check_told(source, peeked, path)
    found = Found(
        found.format, found.encoding, found.delimiter, columns.shape, dict(columns.roles), found.notes
    )
    return CaseStream(source, path, itertools.chain(ahead, opened), found, columns, reserved)


def _rows(source: CaseSource, path: Path | None, kind: str) -> tuple[Iterator[Row], Found]:
    if kind == "huggingface":
        return tables.huggingface_rows(source, path), Found(kind)
    assert path is not None
    if kind == "parquet":
        return tables.parquet_rows(path), Found(kind)
    if kind == "excel":
        return tables.excel_rows(path, source.sheet), Found(kind)
    if kind == "yaml":
        return readers.yaml_rows(path), Found(kind, "utf-8")
    table = kind in ("csv", "tsv")
    encoding, note = find_encoding(path, source.encoding, fallback="cp1252" if table else None)
    notes = (note,) if note else ()
    if table:
        guessed = "\t" if kind == "tsv" else None
        delimiter = source.delimiter or guessed or readers.find_delimiter(path, encoding)
        return readers.csv_rows(path, encoding, delimiter), Found(kind, encoding, delimiter, notes=notes)
    read = readers.jsonl_rows if kind == "jsonl" else readers.json_rows
    return read(path, encoding), Found(kind, encoding, notes=notes)


def _check_told(source: CaseSource, rows: list[dict[str, Any]], path: Path | None) -> None:
    """Refuse a mapping of columns that the first rows do not have."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in (*source.columns, *([source.id] if source.id else [])):
        if names and name not in names:
            raise DatasetError(
                f'There is no column "{name}"',
                file=path,
                hint=f"the columns are: {', '.join(map(str, names[:20]))}",
            )


class CaseStream:
    """Cases as they are read. ``sha256`` and ``counts`` are of those that were taken so far.

    Attributes:
        file: Where they are read from.
        found: What was told or guessed about the file.
        total: Rows seen, of all splits.
        taken: Cases that the stream gave.
        counts: Cases of each split.
    """

    def __init__(
        self,
        source: CaseSource,
        file: Path | None,
        rows: Iterator[Row],
        found: Found,
        columns: Columns,
        reserved: Iterable[str] = (),
    ) -> None:
        self.source, self.file, self.found = source, file, found
        self.total = self.taken = 0
        self.counts = dict.fromkeys(source.splits, 0)
        self._rows, self._columns = rows, columns
        self._reader = Collector(file, frozenset(reserved))
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The identity of the cases in their order."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Case]:
        for case, _ in self.with_content():
            yield case

    def with_content(self) -> Iterator[tuple[Case, str]]:
        """Yield each case with the canonical JSON of all but its id, by which it is compared."""
        source = self.source
        split_of, stratified = splitter(source.splits, source.seed, source.stratify), False
        for row in self._rows:
            if source.limit is not None and self.taken >= source.limit:
                return
            place = Place(self.file, row)
            case, text = self._reader.case(place, self._case_row(row, place))
            split, stratified = split_of(case), stratified or source.stratify in case.metadata
            self.total += 1
            self.counts[split] = self.counts.get(split, 0) + 1
            if source.split is not None and split != source.split:
                continue
            self.taken += 1
            self._digest.update(f"{json.dumps(case.id)}{text}\n".encode())
            yield case, text
        if source.stratify is not None and self.total and not stratified:
            raise DatasetError(
                f'No case has "{source.stratify}" in its metadata, so the splits cannot be stratified by it',
                file=self.file,
                hint="name a field that the cases have",
            )

    def _case_row(self, row: Row, place: Place) -> Any:
        if self._columns.native or not isinstance(row.data, dict):
            return row.data
        try:
            return self._columns.case(row.data)
        except DatasetError as problem:
            raise place.error(problem.message, hint=problem.hint) from None

    def nothing(self) -> tuple[str]:
        """Say that there was no case, and in which split."""
        if self.source.split is None or not self.total:
            return ("There is no case",)
        return (f'None of the {self.total:,} cases is in the split "{self.source.split}"',)

    def about(self) -> dict[str, Any]:
        """Return what is worth showing of it: the format, the columns, the splits."""
        return {
            **self.found.to_dict(),
            "rows": self.total,
            "split": self.source.split,
            "splits": dict(self.counts),
            "limit": self.source.limit,
        }
