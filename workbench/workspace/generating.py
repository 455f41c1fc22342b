"""Cases written by a model: asked within the caps of the day, booked, and kept apart until a person accepts them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import BadInput, NotFound
from workbench.evals.datasets.export import case_row
from workbench.evals.proposed import Proposal, keep_proposals, proposals_in, read_proposals, taken_out
from workbench.evals.scorers.judging import as_data, guarded, shipped_prompt
from workbench.evals.scorers.replies import Unparsable, read_object
from workbench.evals.types import Case
from workbench.jobs.ledger import Ledger
from workbench.llm.gateway import Gateway
from workbench.llm.loop import run_in_loop
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.prompts.templates import render
from workbench.workspace.estimating import expected_usd
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.workspace import Workspace

MOST, A_CALL = 200, 10
#: Existing cases that a model is shown, and characters of them.
SHOWN, MAX_SHOWN = 5, 20_000


@dataclass(frozen=True)
class Generated:
    """What came of asking: the new proposals, rows that could not be used, and the cost (None: unknown)."""

    file: Path
    proposals: tuple[Proposal, ...]
    unusable: int
    cost_usd: float | None


def generate_cases(
    ws: Workspace, suite: str, model: ModelSpec, *, count: int = 20, description: str = "", like: int = SHOWN
) -> Generated:
    """Ask a model for new cases of a suite and keep them in ``proposed.jsonl`` beside it.

    Each reply is kept and booked before the next question. The suite's own cases show the model their form.

    Args:
        ws: The workspace.
        suite: The suite's name.
        model: The model that writes.
        count: How many cases are wanted, at most 200.
        description: What they are to test; by default more of the same.
        like: How many of the suite's cases the model is shown.

    Raises:
        NotFound: There is no such suite.
        BadInput: The model did not answer, or a cap forbids asking; what came before is kept.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"1 to {MOST} cases can be asked for at once")
    if model.recorded or model.id.startswith("offline/"):
        raise BadInput(f"{model.name} is no language model and cannot write cases", hint="name another model")
    folder, cases = _suite(ws, suite)
    ledger, prices = Ledger(ws.store, current_author()), load_prices(ws.root)
    about = {"model": model.name, **({"description": description} if description else {})}
    new: list[Proposal] = []
    unusable, costs = 0, []
    for _ in range((count + A_CALL - 1) // A_CALL + 1):
        if len(new) >= count:
            break
        kept = proposals_in(folder)
        request = _request(
            model, [*cases, *(p.case for p in kept)], min(A_CALL, count - len(new)), description, like
        )
        completion = _asked(ws, request, ledger, prices)
        costs.append(completion.cost_usd)
        known = [*cases, *(p.case for p in kept)]
        found, wrong = _read(completion, list(cases[0].vars), known, about)
        found = found[: count - len(new)]
        keep_proposals(folder, [*kept, *found])
        new, unusable = [*new, *found], unusable + wrong
        if not found:
            break
    cost = None if any(c is None for c in costs) else sum(c or 0.0 for c in costs)
    return Generated(keep_proposals(folder, proposals_in(folder)), tuple(new), unusable, cost)


def proposed_cases(ws: Workspace, suite: str) -> list[Proposal]:
    """Return the cases that wait for a person.

    Raises:
        NotFound: There is no such suite.
    """
    return proposals_in(_suite(ws, suite)[0])


def accept_cases(ws: Workspace, suite: str, ids: Sequence[str]) -> list[Case]:
    """Add proposed cases (``all`` is each) to the suite's own file and return them.

    Raises:
        NotFound: There is no such suite or proposal.
        DatasetError: The suite's file cannot be added to.
    """
    folder = _suite(ws, suite)[0]
    accepted, _ = taken_out(proposals_in(folder), ids)
    for proposal in accepted:
        ws.suites.add_case(suite, proposal.case)
        # One at a time, so that a fault leaves no case both accepted and waiting.
        keep_proposals(folder, taken_out(proposals_in(folder), [proposal.case.id])[1])
    return [proposal.case for proposal in accepted]


def reject_cases(ws: Workspace, suite: str, ids: Sequence[str]) -> list[Case]:
    """Drop proposed cases (``all`` is each) and return them.

    Raises:
        NotFound: There is no such suite or proposal.
    """
    folder = _suite(ws, suite)[0]
    rejected, left = taken_out(proposals_in(folder), ids)
    keep_proposals(folder, left)
    return [proposal.case for proposal in rejected]


def _suite(ws: Workspace, name: str) -> tuple[Path, list[Case]]:
    found = ws.suites.cases(name)
    if found is None:
        raise NotFound(f'There is no suite "{name}"', hint="the suites are the folders in evals/")
    cases = list(found.open(whole=True))
    if not cases:
        raise BadInput(f"{name} has no case that shows the form of its cases", hint="write the first by hand")
    return found.file.parent, cases


def _request(model: ModelSpec, cases: list[Case], count: int, description: str, like: int) -> Request:
    rows = [
        {k: v for k, v in case_row(case).items() if k in ("vars", "expected")}
        for case in cases[-max(1, like) :]
    ]
    shown = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)[:MAX_SHOWN]
    marked, mark = as_data({"examples": shown})
    wanted = description or "The same as the cases that exist, in other words and situations."
    texts = {"wanted": wanted, "variables": ", ".join(cases[0].vars), "count": count, **marked}
    prompt = shipped_prompt("propose_cases")
    return Request(
        model=model,
        messages=guarded(render(prompt, texts), mark),
        params=dict(prompt.parameters),
        response_format={"type": "json_object"},
        prompt_name=prompt.name,
    )


def _asked(ws: Workspace, request: Request, ledger: Ledger, prices: PriceBook) -> Completion:
    ledger.check({request.model.name: expected_usd(request, prices)})

    async def ask() -> Completion:
        gateway = Gateway(root=ws.root, workspace=ws.root, prices=prices)
        try:
            return await gateway.complete(request)
        finally:
            await gateway.aclose()

    completion = run_in_loop(ask())
    ledger.book(completion.cost_usd, cached=completion.cached)
    if completion.error is not None:
        raise BadInput(
            f"{request.model.name} did not answer ({completion.error}): {completion.error_message or 'no message'}",
            hint="what came before is kept; `workbench models --check` tries the models",
        )
    return completion


def _read(
    completion: Completion, variables: list[str], known: list[Case], about: dict[str, str]
) -> tuple[list[Proposal], int]:
    try:
        data = read_object(completion.text, "cases")["cases"]
    except Unparsable:
        raise BadInput("The model's reply holds no cases", hint="ask again, or name another model") from None
    return read_proposals(data, variables, known, about)
