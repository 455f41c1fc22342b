"""Text files of any size as a stream: the encoding found out, and every fault with its line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from workbench.errors import DatasetError

WHAT = "file of cases"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn what the system says of a file into a sentence."""
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(f"There is no such {WHAT}", file=path, hint="check the path") from None
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DatasetError(f"The {WHAT} cannot be read ({reason})", file=path) from None


def find_encoding(path: Path, told: str | None, *, fallback: str | None = None) -> tuple[str, str | None]:
    """Return a text file's encoding, and a note where it is a guess.

    A byte-order mark tells it; else it is UTF-8, and where the bytes are not, ``fallback``.

    Raises:
        DatasetError: The file cannot be read, is not in the encoding that was told, or is not UTF-8 without a fallback.
    """
    with faults(path), path.open("rb") as stream:
        head = stream.read(4)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
        encoding = _known(told, path) if told else marked or "utf-8"
        if encoding in ("utf-8", "utf8") and marked == "utf-8-sig":
            encoding = marked
        stream.seek(0)
        line = _first_fault(stream, encoding)
    if line is None:
        return encoding, None
    if told or marked or fallback is None:
        called = "UTF-8" if encoding == "utf-8" else encoding
        raise DatasetError(
            f"The {WHAT} is not {called} text",
            file=path,
            line=line,
            hint="name its `encoding`, or save it with the encoding UTF-8",
        )
    return fallback, f"It is not UTF-8 (line {line}), so it was read as {fallback}."


def _known(name: str, path: Path) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise DatasetError(
            f'There is no encoding "{name[:40]}"', file=path, hint="such as utf-8, utf-16 or cp1252"
        ) from None


def _first_fault(stream: object, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    while True:
        chunk: bytes = stream.read(_CHUNK)  # type: ignore[attr-defined]
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as problem:
            return line + bytes(problem.object[: problem.start]).count(b"\n")
        except UnicodeError:  # UTF-16 without a byte-order mark
            return line
        line += text.count("\n")
        if not chunk:
            return None


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a text file with ``\\n`` line ends, whatever system it comes from."""
    with faults(path), path.open(encoding=encoding) as stream:
        yield stream
