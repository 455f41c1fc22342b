"""Whether a cap is likely to stop a run before its end, said before the run is started."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.analysis.wording import usd
from workbench.store.spending import Room
from workbench.workspace.estimating import Estimate


def cap_warning(found: Estimate, rooms: Sequence[Room], cap_usd: float | None) -> str | None:
    """Return which cap is likely to stop a run, its own or one of the day; None where none is.

    Answers and judging count together, as they do for the caps.
    """
    limits = [("Its cap", cap_usd)] if cap_usd is not None else []
    limits += [
        ("What is left of today's cap" + (f" for {room.person}" if room.person else ""), room.left_usd)
        for room in rooms
    ]
    if found.together is None or not limits:
        return None
    _, expected, high = found.together
    name, least = min(limits, key=lambda limit: limit[1])
    if expected > least:
        return (
            f"{name}, {usd(least)}, is likely to stop it before the end. What is answered is kept, "
            "and the run can be resumed under a higher one."
        )
    if high > least:
        return f"{name}, {usd(least)}, may stop it before the end, if answers are long."
    return None
