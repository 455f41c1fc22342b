"""Selectors: how a person names a version everywhere alike.

``triage`` (newest), ``triage@3`` (number), ``triage@production`` (label), ``triage@sha:1a2b3c4d``,
or a path to a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.errors import BadInput
from workbench.files import check_name
from workbench.prompts.prompt_file import prompt_name

SelectorKind = Literal["newest", "number", "label", "sha", "path"]
_HINT = "write name, name@3, name@label, name@sha:1a2b3c4d, or a path to a .prompt.yml file"


@dataclass(frozen=True)
class Selector:
    """A parsed selector.

    ``value`` is None for the newest version, the number, the label, the (short) SHA-256 in lower case, or
    the path as it was written.
    """

    name: str
    kind: SelectorKind
    value: str | int | None = None

    def __str__(self) -> str:
        if self.kind == "path":
            return str(self.value)
        if self.kind == "newest":
            return self.name
        return f"{self.name}@{'sha:' if self.kind == 'sha' else ''}{self.value}"


def parse_selector(text: str) -> Selector:
    """Read a selector.

    Raises:
        BadInput: It is none.
    """
    text = text.strip()
    # A label never holds a slash, so what has one is a path, even with an @ in a folder's name.
    if "/" in text or "\\" in text or text.lower().endswith((".yml", ".yaml")):
        return Selector(prompt_name(Path(text.replace("\\", "/"))), "path", text)
    name, at, tail = text.partition("@")
    if not name or (at and not tail):
        raise BadInput(f'"{ascii(text[:60])[1:-1]}" names no version', hint=_HINT)
    name = check_name(name, "prompt name")
    if not at:
        return Selector(name, "newest")
    if tail.startswith("sha:"):
        sha = tail[4:].lower()
        if not re.fullmatch(r"[0-9a-f]{4,64}", sha):
            raise BadInput(
                f'"{ascii(text[:90])[1:-1]}" has no usable SHA-256', hint="give 4 to 64 hex digits"
            )
        return Selector(name, "sha", sha)
    if re.fullmatch(r"[0-9]{1,9}", tail):
        if int(tail) == 0:
            raise BadInput(f'"{text}" names no version', hint="versions count from 1")
        return Selector(name, "number", int(tail))
    return Selector(name, "label", check_label(tail))


def check_label(label: str) -> str:
    """Return the label if a selector can name it.

    Raises:
        BadInput: It cannot, for it is no safe name or reads as a version number.
    """
    label = check_name(label, "label")
    if label.isdigit():
        raise BadInput(f'"{label}" cannot be a label', hint="a bare number names a version")
    return label
