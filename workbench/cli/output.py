"""Where a command's words go: results to stdout, talk to stderr, JSON to one or the other file."""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

#: Characters a line, where output goes into a file or pipe and nothing says how wide it is.
PIPED_WIDTH = 160


def sentence(text: str) -> str:
    """Return text as one line without anything that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def warn(text: str) -> None:
    """Say one sentence on stderr."""
    print(sentence(text), file=sys.stderr, flush=True)


def console(*, stderr: bool = False) -> Console:
    """Return a Rich console: colours only in a terminal without ``NO_COLOR``, and no markup in what is shown."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


class Output:
    """What one command prints, and its JSON.

    Args:
        target: The value of ``--json``: None, a path, or ``-``.
    """

    def __init__(self, target: str | None) -> None:
        self.target = target
        self.quiet = target == "-"
        self._console = None if self.quiet else console()

    @property
    def width(self) -> int:
        """Characters a line."""
        return self._console.width if self._console is not None else PIPED_WIDTH

    def show(self, *renderables: RenderableType) -> None:
        """Print for a person, unless stdout belongs to the JSON."""
        if self._console is None:
            return
        for renderable in renderables:
            # Rich wraps a lone text whatever it says of itself, unless it is told here.
            verbatim = bool(getattr(renderable, "no_wrap", False))
            if self._console.is_terminal:
                self._console.print(renderable, soft_wrap=verbatim)
                continue
            # Rich fills lines with blanks up to their end, which is nothing for a file.
            with self._console.capture() as caught:
                self._console.print(renderable, soft_wrap=verbatim)
            lines = caught.get().split("\n")
            print("\n".join(line.rstrip() for line in lines), end="")

    def text(self, text: str) -> None:
        """Print text as it is, unwrapped, unless stdout belongs to the JSON."""
        if self._console is not None:
            self._console.print(text, soft_wrap=True)

    def json(self, data: Any) -> None:
        """Write the JSON where it was asked for.

        Raises:
            BadInput: The file cannot be written.
        """
        if self.target is None:
            return
        text = to_json(data)
        if self.quiet:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()
            return
        from workbench.files import write_atomic

        write_atomic(Path(self.target).expanduser(), text)


def to_json(data: Any) -> str:
    """Return JSON text with a final line end; what is no number there is null."""
    tidy = _finite(data)
    text = json.dumps(tidy, ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, from a model
        text = json.dumps(tidy, indent=2, allow_nan=False)
    return text + "\n"


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    if data is None or isinstance(data, str | int | bool):
        return data
    return str(data)
