"""``workbench dataset show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.dataset.arguments import Reading, Ref, dataset_here, told
from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output, sentence

_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}
#: Values of a metadata field that are counted and shown.
_VALUES = 8


def show_command(
    dataset: Ref,
    cases: Annotated[
        int, typer.Option("--cases", metavar="N", min=0, max=1000, help="Show the first N cases.")
    ] = 3,
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Show a dataset as it was understood: format, columns, version, splits, metadata and first cases."""
    from workbench.evals.datasets.export import case_row
    from workbench.files import canonical_json

    out = Output(json)
    with opened(workspace) as ws:
        found = ws.datasets.find(dataset_here(dataset, ws.root), **told(read))
        stream, first = found.open(), []
        fields: dict[str, dict[str, int]] = {}
        for case in stream:
            if len(first) < cases:
                first.append(case_row(case))
            _count(fields, case.metadata)
        about = {**stream.about(), "cases": stream.taken, "sha256": stream.sha256, "source": found.shown}
    out.text(f"{found.shown}: {stream.taken:,} cases, sha256 {stream.sha256[:12]}")
    encoding = f", {about['encoding']}" if about["encoding"] else ""
    delimiter = f", {_DELIMITERS.get(about['delimiter'], about['delimiter'])}" if about["delimiter"] else ""
    out.text(f"Read as {about['format']}{encoding}{delimiter}; rows of {about['shape']}")
    for note in about["notes"]:
        out.text(f"  {sentence(note)}")
    for name, role in about["columns"].items():
        out.text(f"  {sentence(str(name))} → {sentence(role)}")
    out.text("Splits  " + ", ".join(f"{name} {number:,}" for name, number in about["splits"].items()))
    for name, values in sorted(fields.items()):
        out.text(f"{sentence(name)}  {_listed(values)}")
    for row in first:
        out.text(sentence(canonical_json(row))[:500])
    out.json({**about, "metadata": fields, "first": first})


def _count(fields: dict[str, dict[str, int]], metadata: dict[str, Any]) -> None:
    for name, value in metadata.items():
        if name not in fields and len(fields) >= 50:
            continue
        counts = fields.setdefault(name, {})
        # A tag counts by itself; of a field with a value for each case only the first thousand are kept.
        for one in value if isinstance(value, list) else [value]:
            key = str(one)[:80]
            if key in counts or len(counts) < 1000:
                counts[key] = counts.get(key, 0) + 1


def _listed(values: dict[str, int]) -> str:
    most = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{sentence(value)} {number:,}" for value, number in most[:_VALUES])
    return shown + (
        f", … ({len(most):,}{'+' if len(most) >= 1000 else ''} values)" if len(most) > _VALUES else ""
    )
