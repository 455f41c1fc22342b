"""Adding a case to a suite's own file: at its end, whole or not at all, with everything else left as it stands."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from workbench.errors import ConflictError, DatasetError
from workbench.evals.datasets import CaseSource, open_cases
from workbench.evals.datasets.columns import Columns, find_columns
from workbench.evals.datasets.export import case_row
from workbench.evals.datasets.readers import csv_rows, find_delimiter
from workbench.evals.datasets.texts import find_encoding
from workbench.evals.types import Case
from workbench.files import dump_yaml, load_yaml, read_text, write_atomic

_MAX_BYTES = 50_000_000


def add_case(source: CaseSource, base: Path, case: Case) -> Path:
    """Add one case to a file of cases (JSONL, JSON, CSV, TSV or YAML) and return the file.

    Raises:
        ConflictError: A case with its id is there already.
        DatasetError: The file cannot be read or written, or is of a kind that cannot be added to.
    """
    path = source.path(base)
    if path is None or path.is_dir():
        raise DatasetError(
            f"No case can be added to {source.shown}",
            hint="export it to JSONL, and name that file in the suite",
        )
    for other in open_cases(source.whole(), base=base):
        if other.id == case.id:
            raise ConflictError(f'There is a case "{case.id}" already', file=path, hint="give another id")
    kind = source.format_at(path)
    if kind == "jsonl":
        _append(path, json.dumps(case_row(case), ensure_ascii=False) + "\n")
    elif kind in ("csv", "tsv"):
        _append(path, _table_line(source, path, case, kind))
    elif kind == "yaml":
        _append_yaml(path, case)
    elif kind == "json":
        _append_json(path, case)
    else:
        raise DatasetError(
            f"No case can be added to a file of {kind}", file=path, hint="export it to JSONL first"
        )
    return path


def _append(path: Path, line: str) -> None:
    text = _raw(path)
    write_atomic(path, text + ("" if not text or text.endswith("\n") else "\n") + line)


def _raw(path: Path) -> str:
    encoding, note = find_encoding(path, None)
    if encoding not in ("utf-8", "utf-8-sig") or note:
        raise DatasetError(
            "A case can be added to UTF-8 files only", file=path, hint="save it with that encoding"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise DatasetError("The file is too large to add a case to", file=path, hint="add it by hand")
    # Line ends and a byte-order mark stay as they are.
    return path.read_bytes().decode()


def _table_line(source: CaseSource, path: Path, case: Case, kind: str) -> str:
    encoding, _ = find_encoding(path, None)
    delimiter = source.delimiter or ("\t" if kind == "tsv" else find_delimiter(path, encoding))
    row = next(csv_rows(path, encoding, delimiter), None)
    if row is None:
        raise DatasetError(
            "The table has no row to see its columns from", file=path, hint="add the first by hand"
        )
    columns = find_columns([row.data], source.columns, source.id, table=True)
    values, lost = _cells(columns, list(row.data), case)
    if lost:
        raise DatasetError(
            f"The table has no column for {', '.join(lost)}",
            file=path,
            hint="add the column, or use a JSONL file",
        )
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(values)
    return out.getvalue()


def _cells(columns: Columns, names: list[str], case: Case) -> tuple[list[str], list[str]]:
    wanted: dict[str, Any] = {f"vars.{name}": value for name, value in case.vars.items()}
    if case.expected is not None:
        wanted["expected"] = case.expected
    optional = {f"metadata.{name}": value for name, value in case.metadata.items()}
    everything = {**wanted, **optional, "id": case.id}
    cells = [everything.get(columns.roles.get(name, ""), "") for name in names]
    roles = set(columns.roles.values())
    # What only explains the case may be left out where the table has no place for it; what it asks may not.
    return [c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in cells], sorted(
        set(wanted) - roles
    )


def _append_yaml(path: Path, case: Case) -> None:
    text = _raw(path)
    data = load_yaml(text, file=path, error=DatasetError).data
    if not (isinstance(data, list) and data and text.lstrip("\ufeff")[:1] in "-#"):
        raise DatasetError(
            "A case can be added to a YAML file only where it is a plain list",
            file=path,
            hint="add it by hand",
        )
    added = text + ("" if text.endswith("\n") else "\n") + dump_yaml([case_row(case)])
    if load_yaml(added, file=path, error=DatasetError).data[: len(data)] != data:
        raise DatasetError("The case cannot be added to this YAML file", file=path, hint="add it by hand")
    write_atomic(path, added)


def _append_json(path: Path, case: Case) -> None:
    text = _raw(path)
    end = text.rstrip()
    row = json.dumps(case_row(case), ensure_ascii=False, indent=1)
    if not end.endswith("]") or not isinstance(json.loads(end.lstrip("\ufeff")), list):
        raise DatasetError(
            "A case can be added to a JSON file only where it is a list", file=path, hint="add it by hand"
        )
    before = end[:-1].rstrip()
    write_atomic(path, f"{before}{'' if before.endswith('[') else ','}\n{row}\n]\n")


def add_to_suite_file(file: Path, rows: int, case: Case) -> Path:
    """Add one case to the list under ``cases:`` of a suite's file, if that is its last field.

    Raises:
        DatasetError: The list is not at the end of the file, or the case would not stand in it.
    """
    text = read_text(file, what="suite")
    data = load_yaml(text, file=file).data
    lines = text.rstrip("\n").split("\n")
    last = next((line for line in reversed(lines) if line.lstrip().startswith("- ")), "- ")
    indent = " " * (len(last) - len(last.lstrip()))
    block = "".join(
        f"{indent}{line}\n" if line else "\n" for line in dump_yaml([case_row(case)]).splitlines()
    )
    added = "\n".join(lines) + "\n" + block
    try:
        after = load_yaml(added, file=file, error=DatasetError).data
        fits = {**after, "cases": after["cases"][:-1]} == data and len(after["cases"]) == rows + 1
    except (DatasetError, KeyError, TypeError):
        fits = False
    if not fits:
        raise DatasetError(
            "A case can be added to a suite with its cases in place only where they are the last field",
            file=file,
            hint="move `cases:` to the end of the file, or into a JSONL file",
        )
    write_atomic(file, added)
    return file
