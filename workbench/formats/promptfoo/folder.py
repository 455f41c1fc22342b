"""The files that a config names: only inside its own folder, bounded in size and number, and never run."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.files import YamlDocument, load_yaml, read_jsonl, read_text
from workbench.formats.promptfoo.findings import Place

MAX_BYTES = 10_000_000
MAX_MATCHES = 500
#: Files and folders that a pattern may look at.
MAX_VISITED = 20_000
#: Values that references may stand for in one file.
MAX_REFERRED = 200_000
CODE_SUFFIXES = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".go", ".sh")
_MAGIC = re.compile(r"[*?\[{]")


class Unreadable(Exception):
    """A file that a config names cannot be used; the message says why."""


@dataclass(frozen=True)
class Source:
    """One file of a config: its data, and where each part of it stands."""

    shown: str
    data: Any
    document: YamlDocument | None = None
    lines: tuple[int, ...] = ()

    def place(self, *path: str | int) -> Place:
        """Return where the node at ``path`` stands."""
        if self.document is not None:
            return Place(self.shown, self.document.line(*path))
        if self.lines and path and isinstance(path[0], int) and path[0] < len(self.lines):
            return Place(self.shown, self.lines[path[0]])
        return Place(self.shown)


class Folder:
    """The folder of a config, which no path in it may leave."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def find(self, reference: str) -> list[Path]:
        """Return the files that a path or a pattern means, sorted by name.

        Raises:
            Unreadable: The path leaves the folder, there is no such file, or there are too many.
        """
        text = reference.removeprefix("file://").replace("\\", "/")
        if not _MAGIC.search(text):
            return [self._inside(text)]
        if text.startswith(("/", "~")) or ".." in text.split("/"):
            raise Unreadable(f'the path "{shown(text)}" leads out of the folder of the config')
        found = sorted({match for one in _alternatives(text) for match in self._matches(one)})
        if not found:
            raise Unreadable(f'no file matches "{shown(text)}"')
        if len(found) > MAX_MATCHES:
            raise Unreadable(f'over {MAX_MATCHES} files match "{shown(text)}"')
        return [self._inside(path.relative_to(self.root).as_posix()) for path in found]

    def _matches(self, pattern: str) -> list[Path]:
        found: list[Path] = []
        for visited, path in enumerate(self.root.glob(pattern.removeprefix("./"))):
            if visited > MAX_VISITED or len(found) > MAX_MATCHES:
                break
            if path.is_file() and "node_modules" not in path.parts:
                found.append(path)
        return found

    def _inside(self, text: str) -> Path:
        try:
            target = (self.root / text).resolve()
            if not target.is_relative_to(self.root):
                raise Unreadable(f'the path "{shown(text)}" leads out of the folder of the config')
            if not target.is_file():
                raise Unreadable(f'the file "{shown(text)}" is not there')
        except (OSError, ValueError):
            raise Unreadable(f'the path "{shown(text)}" cannot be used') from None
        return target

    def shown(self, path: Path) -> str:
        """Return a path as a person knows it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    def text(self, path: Path) -> str:
        """Return a file's text.

        Raises:
            Unreadable: It is code, too large, or no text.
        """
        if path.suffix.lower() in CODE_SUFFIXES:
            raise Unreadable(f'"{self.shown(path)}" is code, which is not run')
        try:
            return read_text(path, what="file", max_bytes=MAX_BYTES)
        except BadInput as problem:
            raise Unreadable(problem.message[:1].lower() + problem.message[1:]) from None

    def data(self, path: Path) -> Source:
        """Return what a YAML, JSON, JSONL or CSV file holds; CSV rows are mappings of text.

        Raises:
            Unreadable: It cannot be read as what its name says.
        """
        name, suffix = self.shown(path), path.suffix.lower()
        try:
            if suffix == ".jsonl":
                self.text(path)
                rows = list(read_jsonl(path))
                return Source(name, [row for _, row in rows], lines=tuple(line for line, _ in rows))
            text = self.text(path)
            if suffix in (".csv", ".tsv"):
                return _table(name, text, "\t" if suffix == ".tsv" else ",")
            if suffix == ".json":
                json.loads(text)
            if suffix in (".yaml", ".yml", ".json"):
                document = load_yaml(text, file=path)
                return Source(name, with_references(with_merge_keys(document.data)), document)
        except (BadInput, ValueError, RecursionError, csv.Error) as problem:
            raise Unreadable(f'"{name}" cannot be read ({reason_of(problem)})') from None
        raise Unreadable(f'"{name}" is of a kind that is not read here')


def with_merge_keys(data: Any, depth: int = 0) -> Any:
    """Return data with ``<<`` worked in, which promptfoo's YAML knows and YAML 1.2 does not."""
    if depth > 60:
        return data
    if isinstance(data, list):
        return [with_merge_keys(item, depth + 1) for item in data]
    if not isinstance(data, dict):
        return data
    merged: dict[str, Any] = {}
    below = data.get("<<")
    for one in reversed(below if isinstance(below, list) else [below]):
        if isinstance(one, dict):
            merged.update(with_merge_keys(one, depth + 1))
    return {**merged, **{k: with_merge_keys(v, depth + 1) for k, v in data.items() if k != "<<"}}


def with_references(data: Any) -> Any:
    """Return data with ``$ref: "#/a/b"`` replaced by what stands there; what is not there stays as it is."""
    budget = [MAX_REFERRED]

    def resolved(node: Any, within: tuple[str, ...], depth: int) -> Any:
        budget[0] -= 1
        if budget[0] < 0 or len(within) > 20 or depth > 100:
            return node
        if isinstance(node, list):
            return [resolved(item, within, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        pointer = node.get("$ref")
        if isinstance(pointer, str) and pointer.startswith("#/") and pointer not in within:
            found, target = _pointed(data, pointer)
            if found:
                return resolved(target, (*within, pointer), depth + 1)
        return {key: resolved(value, within, depth + 1) for key, value in node.items()}

    return resolved(data, (), 0)


def _pointed(data: Any, pointer: str) -> tuple[bool, Any]:
    for part in pointer.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return False, None
    return True, data


def reason_of(problem: Exception) -> str:
    """Return an exception's message on one line."""
    return " ".join(str(getattr(problem, "message", problem)).split())[:200]


def shown(text: str, limit: int = 80) -> str:
    """Return a text of the config as findings quote it."""
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= limit else line[:limit] + "…"


def _table(name: str, text: str, delimiter: str) -> Source:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    rows, lines = [], []
    for row in reader:
        rows.append({str(k).strip(): v for k, v in row.items() if k is not None})
        lines.append(reader.line_num)
    return Source(name, rows, lines=tuple(lines))


def _alternatives(pattern: str, limit: int = 64) -> list[str]:
    """Write ``{a,b}`` out, which Python's globs do not know."""
    done, todo = [], [pattern]
    while todo and len(done) + len(todo) < limit:
        one = todo.pop()
        match = re.search(r"\{([^{}]*)\}", one)
        if match is None:
            done.append(one)
        else:
            todo += [one[: match.start()] + part + one[match.end() :] for part in match[1].split(",")]
    return done
