"""What a run will cost, before it is started: an interval, and what it rests on."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import TemplateError
from workbench.evals.plan import Plan
from workbench.evals.types import Case, Cell
from workbench.llm.pricebook import PriceBook
from workbench.llm.tokens import TokenCount, count_messages
from workbench.llm.types import ModelSpec, Request, Usage
from workbench.prompts.templates import Renderer
from workbench.store import Store
from workbench.workspace.judging_estimate import JudgingEstimate, estimate_judging

#: Cases of which the input is counted for each version and model; the others are taken to be alike.
SAMPLED_CASES = 200
#: Beyond this many cells the cache is not searched, for every message would have to be rendered.
SEARCHED_CELLS = 20_000
#: Earlier answers that make a history, and what is assumed without one.
MIN_HISTORY, ASSUMED_OUTPUT, ASSUMED_MOST = 5, 300, 4096
_Z = 1.96


@dataclass(frozen=True)
class Estimate:
    """What a run will do and cost. Money in USD, over the answers whose price is known.

    ``cached`` is None where the cache was not searched. ``unknown`` answers have no known price; where that is all
    of them, the sums are None.
    """

    cells: int
    asked: int
    cached: int | None
    low: float | None
    expected: float | None
    high: float | None
    unknown: int
    why: tuple[str, ...]
    call_usd: float | None = None  # what one answer of the dearest version and model is expected to cost
    input_tokens: tuple[int, int, int] = (0, 0, 0)  # low, expected, high: of all models, priced or not
    output_tokens: tuple[int, int, int] = (0, 0, 0)
    judging: JudgingEstimate | None = None  # what judges take beside it, in none of the other fields

    @property
    def sentence(self) -> str:
        """The cost of the answers with its interval, and what is not in it."""
        if not self.asked:
            return "$0"
        if self.expected is None or self.low is None or self.high is None:
            return "unknown, for no model's price is known"
        return _cost_words(self.low, self.expected, self.high, self.unknown, "answers")

    @property
    def judging_sentence(self) -> str:
        """The cost of judging with its interval; empty where nothing is paid for it."""
        found = self.judging
        if found is None:
            return ""
        kept = f" ({found.kept:,} judgements are there already)" if found.kept else ""
        if not found.calls:
            return f"$0{kept}"
        if found.expected is None or found.low is None or found.high is None:
            words = "unknown, for no judge's price is known"
        else:
            words = _cost_words(found.low, found.expected, found.high, found.unknown, "calls")
        return f"{words}, {found.calls:,} call{'s' if found.calls != 1 else ''}{kept}"

    @property
    def together(self) -> tuple[float, float, float] | None:
        """USD of answers and judging (low, expected, high) as far as their prices are known; None where none is.

        The bounds are added, which makes the interval no narrower than it is.
        """
        parts = [part for part in (self, self.judging) if part is not None and part.expected is not None]
        if not parts:
            return None
        low, expected, high = (
            sum(getattr(part, name) for part in parts) for name in ("low", "expected", "high")
        )
        return low, expected, high

    @property
    def tokens_sentence(self) -> str:
        """The tokens with their intervals."""
        return f"{_tokens(self.input_tokens)} in, {_tokens(self.output_tokens)} out"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        named = {
            name: dict(zip(("low", "expected", "high"), getattr(self, name), strict=True))
            for name in ("input_tokens", "output_tokens")
        }
        plain = {**asdict(self), "why": list(self.why), **named}
        if self.judging is not None:
            for name in ("input_tokens", "output_tokens"):
                bounds = dict(zip(("low", "expected", "high"), getattr(self.judging, name), strict=True))
                plain["judging"][name] = bounds
        total = self.together
        plain["together"] = dict(zip(("low", "expected", "high"), total, strict=True)) if total else None
        return plain


def estimate(plan: Plan, store: Store, prices: PriceBook, *, use_cache: bool = True) -> Estimate:
    """Estimate what the answers of a plan cost.

    The input is counted (`workbench.llm.tokens`). The output is the mean of this prompt's earlier answers by the same
    model, with the 95 % interval of the mean of the new ones: mean ± 1.96·s·√(1/N + 1/n) for N new and n earlier ones.
    Without a history it may be anything up to the limit on tokens.
    """
    remote = [i for i, m in enumerate(plan.models) if not m.recorded and not m.id.startswith("offline/")]
    pairs = {(p.name, plan.models[i].id) for p in plan.prompts for i in remote}
    history = store.spending.output_tokens(pairs) if pairs else {}
    search = use_cache and len(plan) <= SEARCHED_CELLS
    low = expected = high = call = 0.0
    asked_in_all = cached_in_all = unknown = 0
    why: dict[str, None] = {}
    read, told = [0.0] * 3, [0.0] * 3
    with Renderer() as renderer:
        for model_index in remote:
            model = plan.models[model_index]
            for prompt_index, pinned in enumerate(plan.prompts):
                cached = _cached(plan, store, renderer, prompt_index, model_index) if search else 0
                asked = len(plan.cases_of(prompt_index, model_index)) * plan.repeats - cached
                asked_in_all, cached_in_all = asked_in_all + asked, cached_in_all + cached
                counts = _inputs(plan, renderer, prompt_index, model_index) if asked else []
                if not counts:
                    continue
                output, reason = _output(
                    pinned.prompt.parameters, model, history[pinned.name, model.id], asked, prices
                )
                for bound, name in enumerate(("low", "expected", "high")):
                    read[bound] += asked * statistics.fmean(getattr(count, name) for count in counts)
                    told[bound] += asked * output[bound]
                costs = [_costs(prices, model, count, output) for count in counts]
                if any(cost is None for cost in costs):
                    unknown += asked
                    why[f"The price of {model.name} is unknown."] = None
                    continue
                a, b, c = (asked * statistics.fmean(cost[i] for cost in costs if cost) for i in range(3))
                low, expected, high, call = low + a, expected + b, high + c, max(call, b / asked)
                how = "counted with its tokenizer" if counts[0].exact else "estimated from the characters"
                why[f"Input of {model.name}: {how}."] = None
                why[f"Output of {pinned.title} by {model.name}: {reason}."] = None
    nothing = asked_in_all > 0 and unknown == asked_in_all
    return Estimate(
        len(plan),
        asked_in_all,
        cached_in_all if search else None if use_cache else 0,
        None if nothing else low,
        None if nothing else expected,
        None if nothing else high,
        unknown,
        tuple(why),
        None if nothing else call,
        (round(read[0]), round(read[1]), round(read[2])),
        (round(told[0]), round(told[1]), round(told[2])),
    )


def with_judging(
    found: Estimate, plan: Plan, store: Store, prices: PriceBook, root: Path, *, use_cache: bool = True
) -> Estimate:
    """Return the estimate with what the judges of the plan are expected to take beside it."""
    judging, why = estimate_judging(
        plan,
        store,
        root,
        use_cache=use_cache and len(plan) <= SEARCHED_CELLS,
        lengths=lambda params, model, past, asked: _output(params, model, past, asked, prices),
        costs=lambda model, count, output: _costs(prices, model, count, output),
    )
    return replace(found, judging=judging, why=(*found.why, *why))


def expected_usd(request: Request, prices: PriceBook) -> float | None:
    """Return what one call is expected to cost without a history; None is unknown."""
    (_, output, _), _ = _output(request.params, request.model, [], 1, prices)
    tokens = count_messages(request.messages, request.model).expected
    return prices.cost(request.model.id, Usage(input=round(tokens), output=round(output)))


def _tokens(bounds: tuple[int, int, int]) -> str:
    low, expected, high = bounds
    return f"{expected:,}" + (f" ({low:,} to {high:,})" if low != high else "")


def _cost_words(low: float, expected: float, high: float, unknown: int, what: str) -> str:
    text = f"about {_usd(expected)}"
    if high > low:
        text += f" ({_usd(low)} to {_usd(high)})"
    return f"{text}, and {unknown:,} {what} at an unknown price" if unknown else text


def _usd(amount: float) -> str:
    if amount == 0:
        return "$0"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}" if amount >= 0.0001 else "less than $0.0001"


def _cached(plan: Plan, store: Store, renderer: Renderer, prompt_index: int, model_index: int) -> int:
    keys: list[str] = []
    for case in plan.cases_of(prompt_index, model_index):
        for repeat in range(plan.repeats):
            with suppress(TemplateError):
                cell = Cell(prompt_index, model_index, case.id, repeat)
                keys.append(plan.request(cell, case, renderer).cache_key())
    return store.cache.known(keys)


def _inputs(plan: Plan, renderer: Renderer, prompt_index: int, model_index: int) -> list[TokenCount]:
    cases = plan.cases_of(prompt_index, model_index)
    sample: Sequence[Case] = cases[:: max(1, len(cases) // SAMPLED_CASES)]
    counts: list[TokenCount] = []
    for case in sample:
        with suppress(TemplateError):
            request = plan.request(Cell(prompt_index, model_index, case.id, 0), case, renderer)
            counts.append(count_messages(request.messages, request.model))
    return counts


def _output(
    parameters: dict[str, Any], model: ModelSpec, past: list[int], asked: int, prices: PriceBook
) -> tuple[tuple[float, float, float], str]:
    """Return the output tokens of an answer (low, expected, high), and what they rest on."""
    given = {**parameters, **model.params}
    names = ("max_completion_tokens", "maxCompletionTokens", "max_tokens", "maxTokens")
    limits = [given[name] for name in names if isinstance(given.get(name), int)]
    if len(past) >= MIN_HISTORY:
        mean, spread = statistics.fmean(past), statistics.stdev(past)
        half = _Z * spread * (1 / asked + 1 / len(past)) ** 0.5
        reason = f"{mean:,.0f} tokens on average in {len(past):,} earlier answers"
        return (max(0.0, mean - half), mean, mean + half), reason
    if limits:
        most, bound = float(min(limits)), f"at most {min(limits):,} tokens by its limit"
    else:
        known = (prices.entry(model.id) or {}).get("max_output_tokens")
        most = float(known if isinstance(known, int) else ASSUMED_MOST)
        bound = f"up to {most:,.0f} tokens, for it has no limit (set max_tokens)"
    assumed = min(ASSUMED_OUTPUT, most)
    return (min(1.0, most), assumed, most), f"no history, so {assumed:,.0f} tokens are assumed, {bound}"


def _costs(
    prices: PriceBook, model: ModelSpec, count: TokenCount, output: tuple[float, float, float]
) -> tuple[float, ...] | None:
    service = model.params.get("service_tier")
    found = [
        prices.cost(
            model.id,
            Usage(input=round(tokens), output=round(told)),
            service=service if isinstance(service, str) else None,
        )
        for tokens, told in zip((count.low, count.expected, count.high), output, strict=True)
    ]
    return None if any(cost is None for cost in found) else tuple(cost for cost in found if cost is not None)
