"""How a run ended, and the sentence that says so."""

from __future__ import annotations

from workbench.jobs.caps import cap_sentence, paid
from workbench.jobs.until_decided import Looks
from workbench.store import RunRecord
from workbench.store.runs import Status
from workbench.store.spending import Reached


def ending(
    record: RunRecord,
    *,
    cancelled: bool,
    reached: Reached | None,
    looks: Looks | None,
    unjudged: int,
    unscored: bool,
) -> tuple[Status, str | None]:
    """Return a run's last status and message.

    Args:
        record: The run as it is stored now.
        cancelled: It was told to stop.
        reached: The cap of the day that it met.
        looks: What a run until decided has seen.
        unjudged: Answers without the word of a judge.
        unscored: Answers are left to score.
    """
    left = record.planned - record.done
    if unscored and left == 0:
        return "cancelled", "Cancelled with answers left to score; resume scores only those"
    if unjudged and left == 0:
        return _stopped(record, f"{unjudged} answers left to judge", "judges", cancelled, reached)
    if looks and (looks.decided or left == 0):
        return "complete", looks.message(record)
    if left == 0:
        return "complete", None
    return _stopped(record, f"{left} cells left", "asks for", cancelled, reached)


def _stopped(
    record: RunRecord, left: str, does: str, cancelled: bool, reached: Reached | None
) -> tuple[Status, str]:
    if cancelled:
        return "cancelled", f"Cancelled with {left}; resume {does} only those"
    if reached is not None:
        return "stopped", f"{cap_sentence(reached)} with {left}; everything is kept, resume it then"
    return "stopped", (
        f"The cost cap of ${record.max_cost_usd:g} was met after ${paid(record):.4g} with {left}; "
        "resume with a higher cap"
    )
