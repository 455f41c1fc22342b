"""The history of one prompt on the disk: immutable version files and the moves of its labels.

Broken files become problems in the list that the caller hands in; nothing here raises for them.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.errors import BadInput, PromptError, WorkbenchError
from workbench.files import append_line, read_text
from workbench.prompts.content import Lineage, Prompt
from workbench.prompts.selectors import check_label

LABELS = "labels.jsonl"
_VERSION_FILE = re.compile(r"([0-9]{4,9})-([0-9a-f]{8})\.prompt\.yml")

#: Reads a prompt file for a prompt of that name.
Loader = Callable[[Path, str], tuple[Prompt, Lineage | None]]


@dataclass(frozen=True)
class StoredVersion:
    """One immutable version from the history."""

    number: int
    prompt: Prompt
    lineage: Lineage


@dataclass(frozen=True)
class LabelEvent:
    """A label was set to a version, or removed (``version`` is None). ``created_at`` is ISO-8601 in UTC."""

    label: str
    version: int | None
    author: str
    created_at: str
    message: str = ""


@dataclass(frozen=True)
class History:
    """One prompt's folder of history. ``files`` maps (number, first eight of the SHA-256) to paths."""

    name: str
    folder: Path
    files: dict[tuple[int, str], Path]

    @classmethod
    def of(cls, root: Path, name: str) -> History:
        """Look at the history of the prompt ``name`` under ``root`` (which may not exist yet)."""
        folder = root / name
        if not name.isascii():
            # A folder that came from macOS may spell the same name in decomposed Unicode.
            same = (p for p in list_folder(root, []) if unicodedata.normalize("NFC", p.name) == name)
            folder = next(same, folder)
        matches = ((_VERSION_FILE.fullmatch(path.name), path) for path in list_folder(folder, []))
        return cls(name, folder, {(int(m[1]), m[2]): path for m, path in matches if m})

    @property
    def next_version(self) -> int:
        """The first number that no file uses, broken ones included."""
        return max((number for number, _ in self.files), default=0) + 1

    def path_for(self, number: int, prompt: Prompt) -> Path:
        """Return where a version's file stands."""
        return self.folder / f"{number:04d}-{prompt.sha8}.prompt.yml"

    def versions(self, load: Loader, problems: list[WorkbenchError]) -> tuple[StoredVersion, ...]:
        """Read every sound version, by number."""
        versions: dict[int, StoredVersion] = {}
        for (number, sha8), path in sorted(self.files.items()):
            try:
                version = self._version(number, sha8, path, load)
            except WorkbenchError as problem:
                problems.append(problem)
                continue
            first = versions.setdefault(number, version)
            if first is not version:
                problems.append(
                    PromptError(
                        f'"{self.name}" has two versions {number}: {first.prompt.sha8} and {sha8}',
                        file=path,
                        hint="keep one of the two files and save the other's content as the next version",
                    )
                )
        return tuple(versions[number] for number in sorted(versions))

    def _version(self, number: int, sha8: str, path: Path, load: Loader) -> StoredVersion:
        prompt, lineage = load(path, self.name)
        if lineage is None:
            raise PromptError("This history file has no lineage", file=path, hint="restore it from a copy")
        if lineage.sha256 != prompt.sha256 or sha8 != prompt.sha8 or lineage.version != number:
            raise PromptError(
                "This history file was changed after it was saved: its content is not what its name and "
                "lineage record",
                file=path,
                hint="restore it from a copy, and edit the newest file instead",
            )
        return StoredVersion(number, prompt, lineage)

    def labels(self, problems: list[WorkbenchError]) -> tuple[LabelEvent, ...]:
        """Read the labels' moves, oldest first; a broken row is a problem and the others still count."""
        path = self.folder / LABELS
        if not path.exists():
            return ()
        try:
            lines = read_text(path, what="file of labels").split("\n")
        except BadInput as problem:
            problems.append(problem)
            return ()
        events = []
        for number, line in enumerate(lines, start=1):
            event = _read_event(line) if line.strip() else None
            if event is not None:
                events.append(event)
            elif line.strip():
                problems.append(
                    BadInput("This is not a label's row", file=path, line=number, hint="remove it")
                )
        return tuple(events)

    def append_label(self, event: LabelEvent) -> None:
        """Note that a label moved or was removed.

        Raises:
            BadInput: The folder cannot be written.
        """
        path = self.folder / LABELS
        line = json.dumps(asdict(event), ensure_ascii=False)
        append_line(path, line if _ends_whole(path) else "\n" + line)


def list_folder(folder: Path, problems: list[WorkbenchError]) -> list[Path]:
    """Return what is in a folder, sorted; an absent one is empty, an unreadable one a problem."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries)
    except FileNotFoundError:
        return []
    except OSError as problem:
        problems.append(
            BadInput(
                f"The folder cannot be read ({problem.strerror})", file=folder, hint="check its permissions"
            )
        )
        return []


def _read_event(line: str) -> LabelEvent | None:
    try:
        event = LabelEvent(**json.loads(line))
        check_label(event.label)
    except (ValueError, TypeError, AttributeError, RecursionError, BadInput):
        return None
    texts = (event.author, event.created_at, event.message)
    number_ok = event.version is None or (type(event.version) is int and event.version > 0)
    return event if number_ok and all(isinstance(text, str) for text in texts) else None


def _ends_whole(path: Path) -> bool:
    """Whether a new row may simply be added; a killed process may have left half a row."""
    try:
        with path.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) == 0:
                return True
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"
    except OSError:
        return True
