"""One YAML file of a suite: its data, where each part of it stands, and which other files it may name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import SuiteError
from workbench.files import YamlDocument, load_yaml, read_text

MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Source:
    """A suite file or one that it includes. ``root`` is the workspace, which no path in it may leave."""

    file: Path
    document: YamlDocument
    root: Path

    @property
    def data(self) -> Any:
        """What the file holds."""
        return self.document.data

    def error(self, message: str, *path: str | int, hint: str | None = None) -> SuiteError:
        """Return an error at a field, in the form of a sentence."""
        return SuiteError(
            message[:1].upper() + message[1:] if message[:1].isalpha() else message,
            file=self.file,
            line=self.document.line(*path),
            field=".".join(str(part) for part in path) or None,
            hint=hint,
        )

    def inside(self, text: str, *path: str | int) -> Path:
        """Return a path relative to this file's folder if it stays in the workspace.

        Raises:
            SuiteError: It does not.
        """
        try:
            target = (self.file.parent / text.replace("\\", "/")).resolve()
            inside = target.is_relative_to(self.root.resolve())
        except (OSError, ValueError):
            inside = False
        if not inside:
            raise self.error("the path leads out of the workspace", *path, hint="use a path inside it")
        return target


def read_source(file: Path, root: Path, *, what: str = "suite") -> Source:
    """Read a YAML file of a suite.

    Raises:
        SuiteError: It is missing or is not YAML.
    """
    text = read_text(file, what=what, max_bytes=MAX_BYTES, error=SuiteError)
    return Source(file, load_yaml(text, file=file, error=SuiteError), root)
