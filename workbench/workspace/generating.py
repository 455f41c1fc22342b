"""Cases written by a model: asked within the caps of the day, booked, and kept apart until a person accepts them.

What a person then does with them is in `workbench.workspace.proposals`.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.analysis.wording import usd
from workbench.errors import BadInput
from workbench.evals.datasets.export import case_row
from workbench.evals.proposed import FILE, Proposal, keep_proposals, proposals_in, read_proposals
from workbench.evals.scorers.judging import as_data, guarded, shipped_prompt
from workbench.evals.scorers.replies import Unparsable, read_object
from workbench.evals.types import Case
from workbench.jobs.ledger import Ledger
from workbench.llm.gateway import Gateway
from workbench.llm.loop import run_in_loop
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.tokens import count_messages, estimate_tokens
from workbench.llm.types import Completion, ModelSpec, Request, Usage
from workbench.prompts.templates import render
from workbench.workspace.estimating import expected_usd
from workbench.workspace.library import current_author
from workbench.workspace.proposals import changing, suite_and_cases

if TYPE_CHECKING:
    from workbench.workspace import Workspace

MOST, A_CALL = 200, 10
#: Existing cases that a model is shown, and characters of them.
SHOWN, MAX_SHOWN = 5, 20_000
#: A new case is taken to be as long as those shown, from half to three times.
_SHORT, _LONG = 0.5, 3.0


@dataclass(frozen=True)
class Generated:
    """What came of asking: the new proposals, rows that could not be used, and the cost (None: unknown)."""

    file: Path
    proposals: tuple[Proposal, ...]
    unusable: int
    cost_usd: float | None


@dataclass(frozen=True)
class GeneratingEstimate:
    """What asking for cases will take: calls, tokens and USD as (low, expected, high); None is an unknown price."""

    calls: int
    input_tokens: tuple[int, int, int]
    output_tokens: tuple[int, int, int]
    usd: tuple[float, float, float] | None

    @property
    def sentence(self) -> str:
        """Calls and cost with its interval."""
        low, expected, high = self.usd or (None, None, None)
        cost = f"about {usd(expected)} ({usd(low)} to {usd(high)})" if self.usd else "at an unknown price"
        return f"{self.calls:,} call{'s' if self.calls != 1 else ''}, {cost}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def estimate_generating(
    ws: Workspace, suite: str, model: ModelSpec, *, count: int = 20, description: str = "", like: int = SHOWN
) -> GeneratingEstimate:
    """Estimate what `generate_cases` takes; nobody is asked.

    New cases are taken to be as long as those that the model is shown, from half to three times.

    Raises:
        NotFound: There is no such suite.
        BadInput: The model cannot write cases, or the suite has none that shows their form.
    """
    _refuse(model, count)
    _, cases = suite_and_cases(ws, suite)
    prices, calls = load_prices(ws.root), -(-count // A_CALL)
    shown = _rows(cases, like)
    request = _request(model, cases, min(A_CALL, count), description, like)
    asked = count_messages(request.messages, model)
    each = statistics.fmean(estimate_tokens(row) for row in shown)
    read = tuple(round(calls * tokens) for tokens in (asked.low, asked.expected, asked.high))
    told = tuple(round(count * each * share) for share in (_SHORT, 1.0, _LONG))
    costs = [
        prices.cost(model.id, Usage(input=i // calls, output=o // calls))
        for i, o in zip(read, told, strict=True)
    ]
    known = None if any(cost is None for cost in costs) else tuple(calls * (cost or 0.0) for cost in costs)
    return GeneratingEstimate(calls, read, told, known)  # type: ignore[arg-type]


def generate_cases(
    ws: Workspace,
    suite: str,
    model: ModelSpec,
    *,
    count: int = 20,
    description: str = "",
    like: int = SHOWN,
    on_progress: Callable[[int, float | None], bool] = lambda new, cost_usd: True,
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
        on_progress: Called after each reply with the new proposals so far and the USD (None: unknown); False ends it.

    Raises:
        NotFound: There is no such suite.
        BadInput: The model did not answer, or a cap forbids asking; what came before is kept.
    """
    _refuse(model, count)
    folder, cases = suite_and_cases(ws, suite)
    ledger, prices = Ledger(ws.store, current_author()), load_prices(ws.root)
    about = {"model": model.name, **({"description": description} if description else {})}
    new: list[Proposal] = []
    unusable, costs = 0, []
    for _ in range((count + A_CALL - 1) // A_CALL + 1):
        if len(new) >= count:
            break
        shown = [*cases, *(p.case for p in proposals_in(folder))]
        request = _request(model, shown, min(A_CALL, count - len(new)), description, like)
        completion = _asked(ws, request, ledger, prices)
        costs.append(completion.cost_usd)
        with changing(ws):
            # Read again: while the model wrote, somebody may have accepted or rejected some.
            kept = proposals_in(folder)
            known = [*cases, *(p.case for p in kept), *(p.case for p in new)]
            found, wrong = _read(completion, list(cases[0].vars), known, about)
            found = found[: count - len(new)]
            keep_proposals(folder, [*kept, *found])
        new, unusable = [*new, *found], unusable + wrong
        if not on_progress(len(new), _sum(costs)) or not found:
            break
    return Generated(folder / FILE, tuple(new), unusable, _sum(costs))


def _refuse(model: ModelSpec, count: int) -> None:
    if not 1 <= count <= MOST:
        raise BadInput(f"1 to {MOST} cases can be asked for at once")
    if model.recorded or model.id.startswith("offline/"):
        raise BadInput(f"{model.name} is no language model and cannot write cases", hint="name another model")


def _sum(costs: list[float | None]) -> float | None:
    return None if any(c is None for c in costs) else sum(c or 0.0 for c in costs)


def _rows(cases: list[Case], like: int) -> list[str]:
    """Return the cases that a model is shown, each as its row."""
    rows = [
        {k: v for k, v in case_row(c).items() if k in ("vars", "expected")} for c in cases[-max(1, like) :]
    ]
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _request(model: ModelSpec, cases: list[Case], count: int, description: str, like: int) -> Request:
    shown = "\n".join(_rows(cases, like))[:MAX_SHOWN]
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
