"""``workbench run``: ask, score, judge."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.estimate import show_estimate
from workbench.cli.options import (
    Concurrency,
    DetachFlag,
    GateFlag,
    JsonFile,
    JudgeModel,
    MaxCost,
    WorkspaceDir,
    new_app,
    opened,
    selector_here,
)
from workbench.cli.outcome import finish
from workbench.cli.output import Output, warn
from workbench.cli.promptfoo_config import load_suite, workspace_for
from workbench.cli.reporting import parse_targets, refuse_unwritable

app = new_app()


@app.command()
def run(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="The suite's name, or a path to its folder or file; a promptfoo config will do.",
        ),
    ],
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt",
            metavar="SELECTOR",
            help="A version to run in place of the suite's prompts, such as triage@3; give it once for each.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="A model to ask in place of the suite's, as provider/model; give it once for each.",
        ),
    ] = None,
    judge: JudgeModel = None,
    repeats: Annotated[
        int | None,
        typer.Option("--repeats", metavar="N", help="Answers to each cell; by default the suite's."),
    ] = None,
    concurrency: Concurrency = None,
    max_cost: MaxCost = None,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided",
            help="Ask in random order and stop as soon as better, worse or equivalent is established; "
            "for exactly two versions or two models.",
        ),
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask again even what was answered in an earlier run.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be asked and what it would cost, and ask nothing."),
    ] = False,
    detach: DetachFlag = False,
    gate: GateFlag = False,
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            metavar="FORMAT=FILE",
            help="Write a report when the run has ended, such as junit=results.xml; github needs no file. "
            "Give it once for each.",
        ),
    ] = None,
    accept_losses: Annotated[
        bool,
        typer.Option(
            "--accept-losses",
            help="Run a promptfoo config without those parts of it that cannot be honoured here.",
        ),
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Run a suite: ask every model every prompt for every case, score the answers, and judge them.

    The run is a process of its own. Ctrl-C cancels it, and `workbench resume` asks only for what is left.
    """
    out = Output(json)
    reports = parse_targets(report or ())
    refuse_unwritable(reports, detach=detach)
    with opened(workspace_for(suite, workspace)) as ws:
        loaded = load_suite(ws, suite, accept_losses=accept_losses, asks=not dry_run, judge=judge)
        prompts = [selector_here(text, ws.root) for text in prompt or ()]
        if gate:
            _require_gate(ws, loaded, prompts, model or ())
        elif loaded.gate is not None and loaded.gate.from_file:
            _warn_of_baseline(ws, loaded, prompts, model or ())
        if dry_run:
            plan = ws.runs.plan(loaded, prompts=prompts, models=model or (), repeats=repeats)
            from workbench.jobs.caps import room_today
            from workbench.workspace.library import current_author

            found = ws.runs.estimate(plan, use_cache=not no_cache)
            return show_estimate(found, room_today(ws.store, current_author()), out, cap_usd=max_cost)
        record = ws.runs.start(
            loaded,
            prompts=prompts,
            models=model or (),
            repeats=repeats,
            concurrency=concurrency,
            max_cost_usd=max_cost,
            use_cache=not no_cache,
            until_decided=until_decided,
        )
        return finish(ws, record, out, gate=gate, detach=detach, reports=reports)


def _require_gate(ws, suite, prompts, models) -> None:
    """Refuse before anything is paid for."""
    from workbench.errors import BadInput

    if suite.gate is None:
        if suite.limits:
            return
        raise BadInput(
            f"The suite {suite.name} has no gate to pass",
            hint="add one under `gate:`, or `limits:`, or leave --gate away",
        )
    if ws.runs.plan(suite, prompts=prompts, models=models, strict=True).gate is None:
        raise BadInput(
            f"The gate of {suite.name} holds {suite.gate.candidate} against {suite.gate.baseline}, "
            "and this run does not have both",
            hint="run exactly two versions, the baseline first",
        )


def _warn_of_baseline(ws, suite, prompts, models) -> None:
    """Say why a run that nobody asked to be judged will have no gate."""
    from workbench.evals.baseline import BaselineError

    try:
        ws.runs.plan(suite, prompts=prompts, models=models, strict=True)
    except BaselineError as problem:
        warn(f"This run has no gate. {problem}")
