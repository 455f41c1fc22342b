"""Rows from Parquet, Excel and Hugging Face datasets, a batch at a time."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.errors import DatasetError
from workbench.evals.datasets.readers import check_header
from workbench.evals.datasets.source import CaseSource, Row
from workbench.evals.datasets.texts import faults

_BATCH = 1000
#: Bytes that a workbook may unpack to.
MAX_UNPACKED = 2_000_000_000


def parquet_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file, a thousand in memory at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with faults(path):
        try:
            file = pq.ParquetFile(path, memory_map=True)
        except pa.ArrowInvalid:
            raise DatasetError("The file is not valid Parquet", file=path, hint="write it again") from None
    number = 0
    with file:
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    yield Row(plain(row, path, number), None, f"row {number + 1}")
                    number += 1
        except (pa.ArrowException, OSError) as problem:
            raise DatasetError(
                f"The Parquet file is damaged ({type(problem).__name__})",
                file=path,
                field=f"row {number + 1}",
            ) from None


def excel_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Yield the rows of a sheet of a workbook (the first by default), below its header."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _refuse_bomb(path)
    with faults(path):
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile, SyntaxError):
            raise DatasetError("The file is not a valid Excel workbook (.xlsx)", file=path) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            listed = ", ".join(book.sheetnames)
            raise DatasetError(f'The workbook has no sheet "{sheet}"', file=path, hint=f"it has: {listed}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        header: list[str] | None = None
        for number, values in enumerate(page.iter_rows(values_only=True), start=1):
            if all(value is None or value == "" for value in values):
                continue
            if header is None:
                used = max(i for i, value in enumerate(values) if value is not None) + 1
                header = check_header([str(v if v is not None else "") for v in values[:used]], path, number)
                continue
            cells = [plain(value, path, number) for value in values[: len(header)]]
            yield Row(dict(zip(header, cells, strict=False)), number, None)
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    with faults(path):
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(item.file_size for item in archive.infolist())
        except zipfile.BadZipFile:
            raise DatasetError(
                "The file is not a valid Excel workbook (.xlsx)", file=path, hint="save it as .xlsx or CSV"
            ) from None
    if size > MAX_UNPACKED:
        raise DatasetError(
            f"The workbook unpacks to {size / 1e9:.1f} GB and the limit is {MAX_UNPACKED / 1e9:.0f} GB",
            file=path,
            hint="save it as CSV or Parquet",
        )


def huggingface_rows(source: CaseSource, path: Path | None) -> Iterator[Row]:
    """Yield the rows of a Hugging Face dataset in a folder, or by its name on the hub; no code of it is run.

    Raises:
        DatasetError: It is not there, or the hub cannot be reached.
    """
    shown = source.shown
    found = _open(source, path)
    try:
        for number, row in enumerate(found):
            yield Row(plain(row, path, number), None, f"row {number + 1}")
    except OSError as problem:
        raise DatasetError(
            f"Reading {shown} broke off ({type(problem).__name__})", hint="try again"
        ) from None


def _open(source: CaseSource, path: Path | None) -> Any:
    if path is None and not os.environ.get("HF_HUB_OFFLINE"):
        _require_hub(source)
    # Takes seconds, so only where it is needed.
    import datasets

    part = source.part or "train"
    bars = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        if path is not None:
            if not path.is_dir():
                raise DatasetError("There is no such folder of a dataset", file=path, hint="check the path")
            if any((path / name).exists() for name in ("state.json", "dataset_dict.json")):
                saved = datasets.load_from_disk(str(path))
                return _part(saved, part, path) if isinstance(saved, datasets.DatasetDict) else saved
            return datasets.load_dataset(str(path), name=source.subset, split=part, streaming=True)
        return datasets.load_dataset(
            source.huggingface, name=source.subset, split=part, revision=source.revision, streaming=True
        )
    except (OSError, ValueError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
        raise DatasetError(
            f"The dataset {source.shown} cannot be read ({reason})",
            hint="check its name, `subset`, `part` and `revision`, or give the path of a copy",
        ) from None
    finally:
        if bars:
            datasets.enable_progress_bars()


def _part(saved: Any, part: str, path: Path) -> Any:
    if part not in saved:
        raise DatasetError(f'The dataset has no part "{part}"', file=path, hint=f"it has: {', '.join(saved)}")
    return saved[part]


def _require_hub(source: CaseSource) -> None:
    """Ask for the dataset once: the library itself tries for half a minute before it says that there is no network."""
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi().dataset_info(source.huggingface or "", revision=source.revision, timeout=10)
    except HfHubHTTPError as problem:
        status = problem.response.status_code if problem.response is not None else "?"
        raise DatasetError(
            f"Hugging Face has no dataset {source.huggingface} for you (HTTP {status})",
            hint="check the name, and HF_TOKEN where it is not public",
        ) from None
    except (OSError, httpx.HTTPError, ValueError):
        raise DatasetError(
            f"Hugging Face cannot be reached, so {source.huggingface} cannot be read",
            hint="give the path of a copy under `file:`, or try again with a network",
        ) from None


def plain(value: Any, path: Path | None, row: int) -> Any:
    """Return a cell as JSON has it: dates as ISO text, decimals as numbers, whole floats as they are.

    Raises:
        DatasetError: It holds bytes, such as an image.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): plain(inner, path, row) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, path, row) for inner in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise DatasetError(
        f"A cell holds {type(value).__name__}, which is neither text, number, list nor mapping",
        file=path,
        field=f"row {row + 1}",
        hint="leave the column out with `columns: {name: skip}`, or convert it",
    )
