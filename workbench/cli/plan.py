"""``workbench plan``: what a suite's cases can find, before anything is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened, selector_here
from workbench.cli.output import Output

if TYPE_CHECKING:
    from workbench.workspace.planning import Foresight

app = new_app()


@app.command()
def plan(
    suite: Annotated[
        str, typer.Argument(metavar="SUITE", help="The suite's name, or a path to its folder or file.")
    ],
    effect: Annotated[
        float,
        typer.Option(
            "--effect", metavar="X", help="The difference to find, in the metric's unit; 0.05 is five points."
        ),
    ] = 0.05,
    power: Annotated[
        float, typer.Option("--power", metavar="P", help="How often it is to be found where it is there.")
    ] = 0.8,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", metavar="SELECTOR", help="A version in place of the suite's prompts; once for each."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="MODEL", help="A model in place of the suite's; once for each."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Say which difference a suite's cases can find, and how many cases and dollars a wanted one needs.

    Nothing is asked. What earlier runs of the suite showed is used; what had to be assumed is said.
    """
    out = Output(json)
    with opened(workspace) as ws:
        from workbench.workspace.planning import foresee

        prompts = [selector_here(text, ws.root) for text in prompt or ()]
        found = foresee(
            ws.runs, ws.suites.load(suite), effect=effect, power=power, prompts=prompts, models=model or ()
        )
        out.json(found.to_dict())
        if not out.quiet:
            for line in _lines(found):
                out.text(line)
    return codes.PASSED


def _lines(found: Foresight) -> list[str]:
    from workbench.analysis.wording import count
    from workbench.reports.text import difference

    def points(value: float) -> str:
        return difference(value, found.unit).lstrip("+")

    often = f"{found.power * 100:g} times in 100"
    lines = [
        f"{found.suite}: {count(found.cases, 'case')}, {_price(found, found.cases)}, judged by {found.metric}."
    ]
    if found.detectable is not None:
        lines.append(f"They find a true difference of {points(found.detectable)} {often}.")
    lines.append(
        f"To find {points(found.effect)} {often} takes about {count(found.needed, 'case')}: "
        f"{_price(found, found.needed)}."
    )
    if found.needed_equivalent is not None:
        lines.append(
            f"To show that two equal sides are equivalent within {points(found.margin)} takes about "
            f"{count(found.needed_equivalent, 'case')}: {_price(found, found.needed_equivalent)}."
        )
    return [*lines, *found.rests_on]


def _price(found: Foresight, cases: int) -> str:
    from workbench.analysis.wording import count, usd

    cells = count(cases * found.cells_a_case, "cell")
    spent = found.usd(cases)
    if spent is None:
        return f"{cells}, cost unknown"
    return f"{cells}, about {usd(spent)}" if spent else f"{cells}, free"
