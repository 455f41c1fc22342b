"""The formats of a report, by name."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.reports.content import Content, Options


@dataclass(frozen=True)
class Format:
    """One format: how it is made, and how a file of it is called. ``render`` returns text, or bytes."""

    name: str
    title: str
    suffix: str
    mime: str
    render: Callable[[Content, Options], str | bytes]
    binary: bool = False


def _markdown(content: Content, options: Options) -> str:
    from workbench.reports.comment import to_markdown

    return to_markdown(content, options)


def _html(content: Content, options: Options) -> str:
    from workbench.reports.page import to_html

    return to_html(content, options)


def _github(content: Content, options: Options) -> str:
    from workbench.reports.github import annotations

    return "".join(f"{line}\n" for line in annotations(content))


def _junit(content: Content, options: Options) -> str:
    from workbench.reports.junit import to_junit

    return to_junit(content, options)


def _csv(content: Content, options: Options) -> str:
    from workbench.reports.rows import to_csv

    return to_csv(content, options)


def _parquet(content: Content, options: Options) -> bytes:
    from workbench.reports.rows import to_parquet

    return to_parquet(content, options)


def _json(content: Content, options: Options) -> str:
    return json.dumps(_finite(content.to_dict()), indent=2, allow_nan=False) + "\n"


def _finite(data: Any) -> Any:
    """Unknown is null: JSON has neither NaN nor infinity."""
    if isinstance(data, float):
        return data if abs(data) != float("inf") and data == data else None
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data if data is None or isinstance(data, str | int | bool) else str(data)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("markdown", "Markdown", "md", "text/markdown", _markdown),
        Format("html", "HTML", "html", "text/html", _html),
        Format("junit", "JUnit XML", "xml", "application/xml", _junit),
        Format("github", "GitHub annotations", "txt", "text/plain", _github),
        Format("csv", "CSV", "csv", "text/csv", _csv),
        Format("parquet", "Parquet", "parquet", "application/vnd.apache.parquet", _parquet, binary=True),
        Format("json", "JSON", "json", "application/json", _json),
    )
}


def write_report(content: Content, name: str, path: Path, options: Options) -> None:
    """Write a report to a file, whole or not at all.

    Raises:
        BadInput: The file cannot be written.
    """
    made = FORMATS[name].render(content, options)
    data = made if isinstance(made, bytes) else made.encode("utf-8", "replace")
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as problem:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise BadInput(
            f"{path} cannot be written: {problem.strerror}", hint="choose another file for the report"
        ) from None
