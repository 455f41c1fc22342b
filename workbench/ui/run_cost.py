"""What a new run will cost, and what its cap and those of the day leave for it, said before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.evals.plan import Plan
from workbench.ui.state import show_fault
from workbench.ui.views.common import plain
from workbench.ui.views.numbers import money
from workbench.ui.views.run_numbers import Number, strip
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.store.spending import Room
    from workbench.workspace.estimating import Estimate
    from workbench.workspace.judging_estimate import JudgingEstimate


def show_cost(ws: Workspace, plan: Plan, *, use_cache: bool, cap_usd: float | None) -> None:
    """Draw the estimate with its interval, what it rests on, and what the caps leave."""
    from workbench.jobs.caps import room_today
    from workbench.workspace.cap_check import cap_warning
    from workbench.workspace.library import current_author

    try:
        found = ws.runs.estimate(plan, use_cache=use_cache)
        rooms = room_today(ws.store, current_author())
    except WorkbenchError as problem:
        show_fault(problem)
        return
    if not found.asked and found.judging is None:
        return
    with st.container(key="run_estimate", gap="small"):
        strip(estimate_numbers(found))
        with st.popover("What this rests on", key="run_estimate_why", type="tertiary"):
            st.markdown("\n".join(f"- {plain(reason)}" for reason in found.why))
        for room in rooms:
            st.caption(plain(room_words(room)))
        warning = cap_warning(found, rooms, cap_usd)
        if warning:
            st.warning(plain(warning), icon=":material/warning:")


def estimate_numbers(found: Estimate) -> list[Number]:
    """Return the cost of answers and of judging, and tokens, each with its interval below.

    What has no price is unknown and in no sum.
    """
    numbers = []
    if found.asked:
        numbers += [
            _cost("Estimated cost", found, f"{found.unknown:,} answers at an unknown price"),
            _tokens("Tokens in", found.input_tokens),
            _tokens("Tokens out", found.output_tokens),
        ]
    judging = found.judging
    if judging is not None and judging.calls:
        calls = f"{judging.calls:,} call{'s' if judging.calls != 1 else ''}"
        numbers += [
            _cost("Judging beside it", judging, f"{judging.unknown:,} calls at an unknown price", calls),
            _tokens("Judges read", judging.input_tokens),
            _tokens("Judges write", judging.output_tokens),
        ]
    elif judging is not None:
        numbers.append(Number("Judging beside it", "$0", f"{judging.kept:,} judgements are there already"))
    return numbers


def _cost(label: str, found: Estimate | JudgingEstimate, unknown: str, *notes: str) -> Number:
    if found.expected is None or found.low is None or found.high is None:
        return Number(label, "unknown", ", ".join((*notes, "no price is known")))
    bounds = [f"{money(found.low)} to {money(found.high)}"] if found.high > found.low else []
    priceless = [f"and {unknown}"] if found.unknown else []
    return Number(label, f"about {money(found.expected)}", ", ".join((*bounds, *notes, *priceless)))


def _tokens(label: str, bounds: tuple[int, int, int]) -> Number:
    low, expected, high = bounds
    return Number(label, short(expected), f"{short(low)} to {short(high)}" if low != high else "")


def short(tokens: int) -> str:
    """Return a number of tokens with the digits that an estimate has."""
    if tokens < 10_000:
        return f"{tokens:,}"
    return f"{tokens / 1000:,.0f} k" if tokens < 1_000_000 else f"{tokens / 1e6:,.1f} M"


def room_words(room: Room) -> str:
    """Return what is left of a cap, in a sentence."""
    whose = "for everybody" if room.person is None else f"for {room.person}"
    held = f", {money(room.held_usd)} held for calls under way" if room.held_usd else ""
    return (
        f"Today's cap {whose}: {money(room.left_usd)} left of {money(room.cap_usd)} "
        f"({money(room.spent_usd)} spent{held})"
    )
