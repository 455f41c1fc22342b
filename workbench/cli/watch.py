"""``workbench watch``: ask the same frozen suite once more, and say what has moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import Concurrency, JsonFile, MaxCost, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn
from workbench.errors import BadInput, CompletionError

if TYPE_CHECKING:
    from workbench.workspace import Workspace
    from workbench.workspace.watching import Watching

app = new_app()


@app.command()
def watch(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite's name.")],
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            metavar="RUN[:VERSION]",
            help="Begin (again) with this run as the reference, and ask nothing; by default the suite's approved run, "
            "else a first run made now.",
        ),
    ] = None,
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="Why the reference is this one, for those to come.")
    ] = "",
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept",
            metavar="REASON",
            help="Accept what moved: the newest look becomes the reference, and nothing is asked.",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show the history and what moved, and ask nothing.")
    ] = False,
    embedder: Annotated[
        str | None,
        typer.Option(
            "--embedder",
            metavar="MODEL",
            help="Compare outputs by meaning too, from now on, by the vectors of this embedding model; none for no "
            "such comparison. By default the model that a scorer of the suite names.",
        ),
    ] = None,
    concurrency: Concurrency = None,
    max_cost: MaxCost = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Ask a frozen suite once more and hold the answers against their history; made for cron.

    Prompt, cases, scorers and model settings are those of the reference run, and no answer comes from the cache. Exits
    with 0 when nothing moved, with 1 when something did, and with 3 when the look is incomplete.
    """
    out = Output(json)
    if sum((show, accept is not None, reference is not None)) > 1:
        raise BadInput("--show, --accept and --reference exclude each other")
    with opened(workspace) as ws:
        watching = ws.watching
        name = ws.suites.load(suite).name
        if reference is not None or accept is not None:
            code = _begun(watching, name, reference, accept, why, out)
            if embedder is not None:
                watching.name_embedder(name, embedder)
            return code
        if not show:
            code = _look(ws, watching, name, out, concurrency, max_cost, embedder)
            if code is not None:
                return code
        elif embedder is not None:
            watching.name_embedder(name, embedder)
        found = watching.judge(name)
        out.json(found.to_dict())
        if not out.quiet:
            from workbench.cli.watch_lines import watch_lines

            for line in watch_lines(found, every=show):
                out.text(line)
        return codes.GATE_FAILED if found.drift.moved else codes.PASSED


def _begun(
    watching: Watching, suite: str, reference: str | None, accept: str | None, why: str, out: Output
) -> int:
    if reference is not None:
        if watching.current(suite) is not None and not why.strip():
            raise BadInput(f"{suite} is watched already", hint="say with --why why it begins anew")
        found = watching.begin(suite, reference, reason=why)
    else:
        found = watching.accept(suite, reason=accept or "")
    out.json({"suite": suite, "reference": found.reference_run, "version": found.title, "why": found.reason})
    out.text(f"{found.title} of run {found.reference_run} is now what looks at {suite} are held against.")
    return codes.PASSED


def _look(
    ws: Workspace,
    watching: Watching,
    suite: str,
    out: Output,
    concurrency: int | None,
    max_cost: float | None,
    embedder: str | None,
) -> int | None:
    """Make one look, or the first run where there is none; an exit code where there is nothing to judge."""
    from workbench.cli.following import follow

    if watching.current(suite) is None and not _from_baseline(ws, watching, suite):
        _refuse_several(ws, suite)
        record = ws.runs.start(suite, concurrency=concurrency, max_cost_usd=max_cost, use_cache=False)
        first = True
    else:
        if embedder is not None:
            watching.name_embedder(suite, embedder)
        record = watching.look(suite, concurrency=concurrency, max_cost_usd=max_cost)
        first = False
    warn(f"Run {record.id}: {record.planned:,} cells of {suite}.")
    followed = follow(ws, record.id)
    if followed.interrupted:
        return codes.INTERRUPTED
    ended = ws.runs.get(record.id)
    if ended.status != "complete" or ended.errors == ended.planned:
        out.json({"suite": suite, "run": ended.id, "status": ended.status, "message": ended.message})
        warn(
            f"The run is {ended.status}, so nothing can be said: {ended.message or 'no cell has an answer'}."
        )
        return codes.INCOMPLETE
    if not first:
        _embed(watching, suite, None if max_cost is None else max_cost - ended.spent_usd - ended.judging_usd)
        return None
    watching.begin(suite, record.id, reason="the first run of the watch")
    if embedder is not None:
        watching.name_embedder(suite, embedder)
    out.json({"suite": suite, "reference": record.id, "looks": [], "moved": []})
    out.text(f"Run {record.id} is what later looks at {suite} are held against.")
    return codes.PASSED


def _refuse_several(ws: Workspace, suite: str) -> None:
    """Refuse a suite of which it is not clear what to watch, before anything is asked."""
    titles = [pinned.title for pinned in ws.runs.plan(ws.suites.load(suite)).prompts]
    if len(titles) == 1:
        return
    ended = next((run.id for run in ws.runs.list(suite=suite) if run.status == "complete"), None)
    first = "" if ended else f"run it with `workbench run {suite}`, then "
    raise BadInput(
        f"{suite} asks several versions ({', '.join(titles)}), and one is watched",
        hint=f"{first}name it with --reference {ended or 'RUN'}:{titles[-1]}",
    )


def _embed(watching: Watching, suite: str, left_usd: float | None) -> None:
    """Get the vectors of the outputs where a model is named; without them the rest is judged all the same."""
    try:
        found = watching.embed(suite, max_cost_usd=None if left_usd is None else max(0.0, left_usd))
    except (BadInput, CompletionError) as problem:
        warn(f"Outputs are not compared by meaning: {problem}")
        return
    if found is not None and found.texts:
        cost = "at an unknown price" if found.cost_usd is None else f"for ${found.cost_usd:.4g}"
        warn(f"{found.model} gave the vectors of {found.texts:,} outputs {cost}.")


def _from_baseline(ws: Workspace, watching: Watching, suite: str) -> bool:
    """Begin with the suite's approved run, where the database has it."""
    from workbench.errors import NotFound

    approved = ws.baselines.find(suite)
    if approved is None:
        return False
    try:
        watching.begin(suite, f"{approved.run}:{approved.title}", reason="the approved run")
    except NotFound:
        return False
    return True
