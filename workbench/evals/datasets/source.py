"""Where cases come from, as a suite tells it, and what was found out about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from workbench.errors import DatasetError
from workbench.evals.datasets.splits import DEFAULT_SHARES

#: Which format a file has by its name.
FORMAT_OF = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".parquet": "parquet",
    ".xlsx": "excel",
}
SUFFIXES = tuple(FORMAT_OF)
FORMATS = (*dict.fromkeys(FORMAT_OF.values()), "huggingface")


class Row(NamedTuple):
    """A case as it was written, and where: a line in a file, or a field such as ``cases.3``."""

    data: Any
    line: int | None
    field: str | None


@dataclass(frozen=True)
class Found:
    """What was told or guessed about a file; each of it can be corrected in `CaseSource`.

    ``columns`` says what each column is taken for, and ``notes`` what a person should know.
    """

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    shape: str = "rows"
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**vars(self), "columns": dict(self.columns), "notes": list(self.notes)}


@dataclass(frozen=True)
class CaseSource:
    """A file, folder or Hugging Face dataset of cases, and how to read it. What is None is guessed.

    Attributes:
        file: A path; or None, where ``huggingface`` names a dataset of the hub.
        columns: Column → ``id``, ``expected``, ``vars.NAME``, ``metadata.NAME``, ``vars``, ``metadata``, ``scorers``
            or ``skip``.
        id: The column that holds the id.
        limit: The number of cases to take, from the beginning.
        split: Only the cases of this split, by ``splits`` (its shares) and ``seed``.
        stratify: The metadata field in each of whose values the splits have their shares.
        part: The part of a Hugging Face dataset (what it calls a split), ``train`` by default.
    """

    file: str | None = None
    huggingface: str | None = None
    subset: str | None = None
    part: str | None = None
    revision: str | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    id: str | None = None
    limit: int | None = None
    split: str | None = None
    splits: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    seed: int = 0
    stratify: str | None = None

    @property
    def shown(self) -> str:
        """What people call it."""
        if self.huggingface:
            return ":".join(part for part in (self.huggingface, self.subset, self.part) if part)
        return str(self.file)

    def path(self, base: Path) -> Path | None:
        """Return the file, relative paths starting from ``base``."""
        return base / self.file if self.file is not None else None

    def format_at(self, path: Path | None) -> str:
        """Return the format, by what was told or by the file's name.

        Raises:
            DatasetError: It cannot be told from the name.
        """
        if self.format is not None:
            return self.format
        if path is None or path.is_dir():
            return "huggingface"
        known = FORMAT_OF.get(path.suffix.lower())
        if known is None:
            raise DatasetError(
                f'Cases cannot be read from a file named "{path.name}"',
                file=path,
                hint=f"use {', '.join(SUFFIXES)}, or name its `format`",
            )
        return known

    def whole(self) -> CaseSource:
        """Return it without limit and split."""
        return replace(self, limit=None, split=None)
