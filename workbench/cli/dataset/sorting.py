"""``workbench dataset split`` and ``duplicates``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.dataset.arguments import Reading, Ref, dataset_here, shares, told
from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output, sentence


def split_command(
    dataset: Ref,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="FIELD", help="Exact shares for each value of this metadata field; needs --out."
        ),
    ] = None,
    of: Annotated[
        str | None, typer.Option("--shares", metavar="SHARES", help="By default train=80,dev=10,test=10.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Another seed gives other splits; by default 0.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the cases as JSONL with their split in the metadata."
        ),
    ] = None,
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Say how a dataset is split into train, dev and test. A case that has a split keeps it."""
    from workbench.errors import BadInput

    if by is not None and to is None:
        raise BadInput("Exact shares hold only where they are written down", hint="add --out FILE")
    out = Output(json)
    with opened(workspace) as ws:
        report = ws.datasets.split(
            dataset_here(dataset, ws.root), by=by, shares=shares(of), seed=seed, out=to, **told(read)
        )
    for name, number in report.counts.items():
        out.text(f"{sentence(name):<10} {number:>10,}  {number / max(report.rows, 1):.1%}")
    for value, counts in sorted(report.by.items())[:50]:
        listed = ", ".join(f"{sentence(name)} {counts.get(name, 0):,}" for name in report.counts)
        out.text(f"  {by}={sentence(value)}: {listed}")
    if to is not None:
        out.text(f"Wrote {to}.")
    out.json(report.to_dict())


def duplicates_command(
    dataset: Ref,
    near: Annotated[
        float, typer.Option("--near", metavar="SHARE", help="How alike two texts must be, from 0.5 to 1.")
    ] = 0.9,
    embedder: Annotated[
        str | None,
        typer.Option(
            "--embedder",
            metavar="MODEL",
            help="Compare by meaning instead, by the vectors of this embedding model.",
        ),
    ] = None,
    alike: Annotated[
        float, typer.Option("--alike", metavar="COSINE", help="With --embedder: the least cosine, 0.5 to 1.")
    ] = 0.92,
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List the cases that ask the same as another one, or nearly so."""
    out = Output(json)
    if embedder is not None:
        _by_meaning(out, dataset, embedder, alike, read, workspace)
        return
    with opened(workspace) as ws:
        found = ws.datasets.duplicates(dataset_here(dataset, ws.root), threshold=near, **told(read))
    out.text(
        f"{found.rows:,} cases: {len(found.exact):,} groups with equal variables, "
        f"{len(found.near):,} with nearly equal texts."
    )
    if found.searched < found.rows:
        out.text(f"Nearly equal ones were searched among the first {found.searched:,} cases.")
    if found.bounded:
        out.text("So many texts share much that only the likeliest pairs were compared: some may be missing.")
    for sign, groups in (("=", found.exact), ("≈", found.near)):
        for group in groups[:50]:
            more = f" and {len(group) - 10:,} more" if len(group) > 10 else ""
            out.text(f"{sign} {'  '.join(group[:10])}{more}")
        if len(groups) > 50:
            out.text(f"{sign} … and {len(groups) - 50:,} more groups; --json lists all")
    out.json(found.to_dict())


def _by_meaning(
    out: Output, dataset: str, model: str, alike: float, read: list[str] | None, workspace: Path | None
) -> None:
    from workbench.workspace.meaning import alike_in_meaning

    with opened(workspace) as ws:
        here = ws.datasets.find(dataset_here(dataset, ws.root), **told(read))
        found = alike_in_meaning(ws, here, model, threshold=alike)
    cost = "at an unknown price" if found.cost_usd is None else f"for ${found.cost_usd:.4g}"
    out.text(
        f"{found.compared:,} cases compared by the vectors of {sentence(model)}, {cost}: "
        f"{len(found.groups):,} groups with nearly the same meaning."
    )
    if found.compared < found.rows:
        out.text(f"Only the first {found.compared:,} of {found.rows:,} cases were compared.")
    for ids, likeness in found.groups[:50]:
        more = f" and {len(ids) - 10:,} more" if len(ids) > 10 else ""
        out.text(f"{likeness:.3f} {'  '.join(ids[:10])}{more}")
    if len(found.groups) > 50:
        out.text(f"… and {len(found.groups) - 50:,} more groups; --json lists all")
    out.json(found.to_dict())
