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


def show_cost(ws: Workspace, plan: Plan, *, use_cache: bool, cap_usd: float | None) -> None:
    """Draw the estimate with its interval, what it rests on, and what the caps leave."""
    from workbench.jobs.caps import room_today
    from workbench.workspace.library import current_author

    try:
        found = ws.runs.estimate(plan, use_cache=use_cache)
        rooms = room_today(ws.store, current_author())
    except WorkbenchError as problem:
        show_fault(problem)
        return
    if not found.asked:
        return
    with st.container(key="run_estimate", gap="small"):
        strip(estimate_numbers(found))
        with st.popover("What this rests on", key="run_estimate_why", type="tertiary"):
            st.markdown("\n".join(f"- {plain(reason)}" for reason in found.why))
        for room in rooms:
            st.caption(plain(room_words(room)))
        for warning in warnings(found, rooms, cap_usd):
            st.warning(plain(warning), icon=":material/warning:")


def estimate_numbers(found: Estimate) -> list[Number]:
    """Return cost and tokens, each with its interval below. What has no price is unknown and in no sum."""
    if found.expected is None or found.low is None or found.high is None:
        cost = Number("Estimated cost", "unknown", "no model's price is known")
    else:
        notes = [f"{money(found.low)} to {money(found.high)}"] if found.high > found.low else []
        if found.unknown:
            notes.append(f"and {found.unknown:,} answers at an unknown price")
        cost = Number("Estimated cost", f"about {money(found.expected)}", ", ".join(notes))
    return [
        cost,
        _tokens("Tokens in", found.input_tokens),
        _tokens("Tokens out", found.output_tokens),
    ]


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


def warnings(found: Estimate, rooms: list[Room], cap_usd: float | None) -> list[str]:
    """Return which cap is likely to stop the run before its end."""
    limits = [("Its cap", cap_usd)] if cap_usd is not None else []
    limits += [
        ("What is left of today's cap" + (f" for {room.person}" if room.person else ""), room.left_usd)
        for room in rooms
    ]
    if found.expected is None or found.high is None or not limits:
        return []
    name, least = min(limits, key=lambda limit: limit[1])
    if found.expected > least:
        return [
            f"{name}, {money(least)}, is likely to stop it before the end. What is answered is kept, "
            "and the run can be resumed under a higher one."
        ]
    if found.high > least:
        return [f"{name}, {money(least)}, may stop it before the end, if answers are long."]
    return []
