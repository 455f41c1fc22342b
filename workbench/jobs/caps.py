"""The caps on a day's spending, as the environment sets them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from workbench.errors import BadInput
from workbench.store import RunRecord, Store
from workbench.store.spending import Caps, Reached, Room

DAY_VARIABLE, PERSON_VARIABLE = "WORKBENCH_MAX_COST_PER_DAY", "WORKBENCH_MAX_COST_PER_PERSON_DAY"


def daily_caps(env: Mapping[str, str]) -> Caps:
    """Return the caps that are set.

    Raises:
        BadInput: One of them is no amount.
    """
    return Caps(_amount(env, DAY_VARIABLE), _amount(env, PERSON_VARIABLE))


def cap_sentence(reached: Reached) -> str:
    """Return what stopped the next call."""
    variable = DAY_VARIABLE if reached.person is None else PERSON_VARIABLE
    whose = "" if reached.person is None else f" for {reached.person}"
    return (
        f"The cost cap of ${reached.cap_usd:g} a day{whose} ({variable}) "
        f"leaves no room for another call after ${reached.spent_usd:.4g} today"
    )


def room_today(store: Store, author: str) -> list[Room]:
    """Return what is left today of each cap that is set.

    Raises:
        BadInput: One of them is no amount.
    """
    caps = daily_caps(os.environ)
    return store.spending.room(caps, author) if caps else []


def paid(record: RunRecord) -> float:
    """Return the new money in USD that a run has cost, its judges' included."""
    return record.spent_usd + getattr(record, "judging_usd", 0.0)


def met_its_cap(record: RunRecord) -> bool:
    """Whether a run was stopped by its own cap, and not by one of the day."""
    by_day = DAY_VARIABLE in (record.message or "") or PERSON_VARIABLE in (record.message or "")
    return record.status == "stopped" and record.max_cost_usd is not None and not by_day


def needed_cap(record: RunRecord) -> float | None:
    """Return the cap in USD that would let a run end: what it has paid, and the rest at the mean of the calls so far.

    None is unknown, for nothing was paid yet.
    """
    asked = record.done - record.cached
    if not paid(record) or asked <= 0:
        return None
    return paid(record) * (1 + (record.planned - record.done + record.errors) / asked)


def refuse_low_cap(record: RunRecord, max_cost_usd: float | None) -> None:
    """Refuse to resume a run under a cap that it has reached already.

    Raises:
        BadInput: It leaves nothing to spend.
    """
    if max_cost_usd is not None and record.status == "stopped" and max_cost_usd <= paid(record):
        raise BadInput(
            f"A cap of ${max_cost_usd:g} leaves nothing to spend, for run {record.id} has cost ${paid(record):.4g}",
            hint="give more than that; the cap counts all that the run costs, not only the rest",
        )


def _amount(env: Mapping[str, str], name: str) -> float | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise BadInput(f"{name} is no amount of US dollars", hint="give a number such as 20")
    return amount
