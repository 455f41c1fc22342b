"""Reports as the command line is asked for them: ``FORMAT=FILE``, or a format alone for stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.output import Output, warn
from workbench.errors import BadInput

if TYPE_CHECKING:
    from workbench.reports.content import Content, Options

SUMMARY_VARIABLE, CHECKOUT_VARIABLE = "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"


@dataclass(frozen=True)
class Target:
    """One report: its format, and its file, None for stdout."""

    format: str
    path: Path | None


def parse_targets(given: Sequence[str], output: str | None = None) -> list[Target]:
    """Return what to write.

    Args:
        given: ``FORMAT`` or ``FORMAT=FILE``, each.
        output: The file of the one format that names none; ``-`` is stdout.

    Raises:
        BadInput: A format is unknown, or a file is named twice or for no format.
    """
    from workbench.reports.formats import FORMATS

    targets = []
    for text in given:
        name, named, file = text.partition("=")
        if name not in FORMATS:
            raise BadInput(f'There is no report format "{name}"', hint=f"there are {', '.join(FORMATS)}")
        if named and not file:
            raise BadInput(f"{name}= names no file", hint=f"write {name}=FILE")
        targets.append(Target(name, Path(file).expanduser() if file and file != "-" else None))
    if output is not None:
        if len(targets) != 1 or "=" in given[0]:
            raise BadInput(
                "-o needs exactly one format", hint="of several, name each file: --format junit=FILE"
            )
        targets = [Target(targets[0].format, None if output == "-" else Path(output).expanduser())]
    files = [t.path.resolve() for t in targets if t.path is not None]
    if len(set(files)) < len(files):
        raise BadInput("Two reports would be written to one file", hint="name a file for each")
    if sum(t.path is None for t in targets) > 1:
        raise BadInput("Two reports would be written to stdout", hint="name their files: --format junit=FILE")
    return targets


def refuse_unwritable(targets: Sequence[Target], *, detach: bool = False) -> None:
    """Refuse before a run what could not be reported after it.

    Raises:
        BadInput: A report has no file, its folder cannot be written, or nobody would wait for the end.
    """
    if targets and detach:
        raise BadInput("With --detach nobody waits to write a report", hint="call `workbench report` later")
    for target in targets:
        if target.path is None and target.format != "github":
            raise BadInput(f"--report {target.format} names no file", hint=f"write {target.format}=FILE")
        if target.path is None:
            continue
        folder = next(p for p in target.path.resolve().parents if p.exists())
        if target.path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise BadInput(f"{target.path} cannot be written", hint="choose another file for the report")


def write_targets(
    content: Content, targets: Sequence[Target], out: Output, options: Options | None = None
) -> None:
    """Write reports, each to its file or to stdout.

    Raises:
        BadInput: A file cannot be written, or a terminal is no place for the format.
    """
    from workbench.reports.content import Options
    from workbench.reports.formats import FORMATS, write_report

    options = options or Options()
    for target in targets:
        if target.format == "github":
            _github(content, target.path, out)
        elif target.path is not None:
            write_report(content, target.format, target.path, options)
            warn(f"{FORMATS[target.format].title}: {target.path}")
        else:
            made = FORMATS[target.format].render(content, options)
            if isinstance(made, bytes) and sys.stdout.isatty():
                raise BadInput(f"{target.format} is no text for a terminal", hint="name a file with -o FILE")
            _to_stdout(made if isinstance(made, bytes) else made.encode("utf-8", "replace"))


def _github(content: Content, path: Path | None, out: Output) -> None:
    """Print the annotations where GitHub reads them, and add to the job's summary where there is one."""
    from workbench.files import write_atomic
    from workbench.reports.github import annotations, summary

    lines = "".join(f"{line}\n" for line in annotations(content, _in_repository(content.suite_file)))
    if path is not None:
        write_atomic(path, lines)
    elif out.quiet:
        # Stdout is the JSON's; GitHub reads commands from stderr, too.
        print(lines, end="", file=sys.stderr, flush=True)
    else:
        _to_stdout(lines.encode("utf-8", "replace"))
    target = os.environ.get(SUMMARY_VARIABLE)
    if not target:
        return
    try:
        taken = os.path.getsize(target) if os.path.exists(target) else 0
        with open(target, "a", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.write(summary(content, taken=taken + 1) + "\n")
    except OSError as problem:
        raise BadInput(
            f"{SUMMARY_VARIABLE} names a file that cannot be written: {problem.strerror}"
        ) from None


def _in_repository(file: Path | None) -> str | None:
    """Return a file as the repository names it, None where it lies elsewhere."""
    if file is None:
        return None
    root = Path(os.environ.get(CHECKOUT_VARIABLE) or Path.cwd()).resolve()
    file = file.resolve()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else None


def _to_stdout(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
