"""``workbench dataset export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.dataset.arguments import Reading, Ref, dataset_here, told
from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output, sentence


class Target(StrEnum):
    """What to write."""

    finetune = "finetune"
    jsonl = "jsonl"


def export_command(
    dataset: Ref,
    to: Annotated[
        Target, typer.Option("--to", help="finetune: chats to train on; jsonl: the cases as they are.")
    ] = Target.finetune,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")] = Path(
        "export.jsonl"
    ),
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="SELECTOR",
            help="The version whose messages are trained on; by default the suite's only one.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="NAME", help="The split to write; for finetune train by default, never test."
        ),
    ] = None,
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Write chats to fine-tune a model on, without test cases or what is nearly one; or the cases as JSONL."""
    from workbench.errors import BadInput

    out = Output(json)
    with opened(workspace) as ws:
        ref = dataset_here(dataset, ws.root)
        if prompt is None and to is Target.finetune:
            suite = ws.datasets.find(ref, **told(read)).suite
            named = ws.suites.load(suite).prompts if suite else ()
            if len(named) > 1:
                raise BadInput(f"The suite {suite} has {len(named)} prompts", hint="choose one with --prompt")
            prompt = named[0] if named else None
        version = ws.prompts.get(selector_here(prompt, ws.root)).prompt if prompt else None
        report = ws.datasets.export(ref, file, to=to.value, prompt=version, split=split, **told(read))
    out.text(f"Wrote {report.written:,} cases to {file}.")
    for reason, number in report.left_out.items():
        out.text(f"  left out {number:,}: {sentence(reason)}")
    for case_id, like in report.near_test[:20]:
        out.text(f"    {sentence(case_id)} is nearly the test case {sentence(like)}")
    out.json({"file": str(file), **report.to_dict()})
