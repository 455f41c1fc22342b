"""What the commands for datasets share: how a dataset is named, and how a file of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

REF_HELP = "A suite, a file, name@3 of a kept version, sha:… of its content, or run:ID."
Ref = Annotated[str, typer.Argument(metavar="DATASET", help=REF_HELP)]
Reading = Annotated[
    list[str] | None,
    typer.Option(
        "--read",
        metavar="FIELD=VALUE",
        help="Correct how a file is read: format, encoding, delimiter, sheet, part, id, limit, split, or columns.NAME; "
        "give it once for each.",
    ),
]


def told(reading: list[str] | None) -> dict[str, Any]:
    """Return ``--read`` options as fields of a source of cases.

    Raises:
        BadInput: One of them has no such field or value.
    """
    from pydantic import ValidationError

    from workbench.errors import BadInput
    from workbench.evals.cases_entry import CasesEntry
    from workbench.evals.scorers.registry import readable, suggest

    data: dict[str, Any] = {}
    for text in reading or ():
        name, equals, value = text.partition("=")
        if not equals or name in ("file", "huggingface", "columns", "splits"):
            raise BadInput(
                f'"{text}" does not say how to read a file', hint="write --read delimiter=; for example"
            )
        if name.startswith("columns."):
            data.setdefault("columns", {})[name.removeprefix("columns.")] = value
        else:
            data[name] = int(value) if name in ("limit", "seed") and value.lstrip("-").isdecimal() else value
    if not data:
        return {}
    try:
        entry = CasesEntry.model_validate({**data, "file": "x"})
    except ValidationError as problem:
        fault = problem.errors(include_url=False, include_input=False)[0]
        if fault["type"] == "extra_forbidden":
            name = str(fault["loc"][0])
            raise BadInput(
                f'A file cannot be read with "{name}"', hint=suggest(name, list(CasesEntry.model_fields))
            ) from None
        raise BadInput(f"--read {fault['loc'][0]}: {readable(fault)}") from None
    return {name: getattr(entry, name) for name in data}


def shares(text: str | None) -> dict[str, float] | None:
    """Return ``train=80,test=20`` as shares.

    Raises:
        BadInput: It is not of that form.
    """
    from workbench.errors import BadInput

    if text is None:
        return None
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = 0.0
        if not name.strip() or not 0 < value < 1e9 or name.strip() in found:
            raise BadInput(f'"{text}" does not name shares', hint="write train=80,dev=10,test=10")
        found[name.strip()] = value
    return found


def dataset_here(text: str, root: Path) -> str:
    """Return a path from where one stands as an absolute one, unless the workspace knows the name."""
    if (root / "evals" / text).is_dir() or Path.cwd() == root:
        return text
    path = Path(text).expanduser()
    return str(path.resolve()) if path.exists() else text
