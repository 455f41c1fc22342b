"""The caps on a day's spending, as the environment sets them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from workbench.errors import BadInput
from workbench.store.spending import Caps, Reached

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
