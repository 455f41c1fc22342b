"""What moved, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import fmean

from workbench.analysis.drift_readings import Change, Look, Moved


def sentence(change: Change, metric_name: str, percent: bool, reference: Look, looks: Sequence[Look]) -> str:
    """Say what a metric was and is, and since when."""
    last = len(looks) - 1
    after = looks[change.since : (last if change.still else change.until) + 1]
    said = _said(change, metric_name, percent, [reference, *looks[: change.since]], after)
    if change.still:
        return f"{said}; {_ago(last - change.since)}."
    where = f"in run {looks[change.since].run}"
    if change.until > change.since:
        where = f"from run {looks[change.since].run} to {looks[change.until].run}"
    return f"{said}; {where}, and not clearly so in the last run."


def _ago(runs: int) -> str:
    return "in this run" if not runs else f"since {runs + 1} runs, this one included"


def _said(change: Change, name: str, percent: bool, before: Sequence[Look], after: Sequence[Look]) -> str:
    was, now = change.was, change.now
    if change.metric == "score":
        if percent:
            return f"{name} is {now * 100:.1f} % where it was {was * 100:.1f} %"
        return f"{name} is {now:.4g} where it was {was:.4g}"
    if change.metric == "refusal":
        return f"The model declines {now * 100:.0f} % of the cases where it declined {was * 100:.0f} %"
    if change.metric == "output":
        return f"{now * 100:.0f} % of the outputs are other than the reference's where {was * 100:.0f} % were before"
    if change.metric == "embedding":
        return (
            f"The outputs mean something else: their distance from the reference is {2 * now:.3f} "
            f"where it was {2 * was:.3f}"
        )
    if change.metric == "length":
        return _longer(was, now, before, after)
    ratio = now / was
    if change.metric == "latency":
        return f"An answer takes {now:.2f} s where it took {was:.2f} s ({ratio:.2f} times)"
    return f"An answer costs {_usd(now)} where it cost {_usd(was)} ({ratio:.2f} times)"


def _usd(value: float) -> str:
    return f"${Decimal(f'{value:.3g}'):f}"


def _longer(was: float, now: float, before: Sequence[Look], after: Sequence[Look]) -> str:
    """Say it in words, or in characters of a text without spaces, as in Chinese: one word however long it is."""
    words = [[look.words for look in side if look.words is not None] for side in (before, after)]
    if all(words) and 0 < was < 15 * fmean(words[0]):
        then, today = (f"{fmean(side):,.0f}" for side in words)
        if then != today:
            return f"The model answers {today} words on average where it answered {then}"
    return f"The model answers {now:,.0f} characters on average where it answered {was:,.0f}"


def renamed(reference: Look, looks: Sequence[Look]) -> Moved | None:
    """Say that another model answers behind the name; that is a fact and no statistic."""
    if not looks or not reference.models:
        return None
    other = [bool(look.models) and look.models != reference.models for look in looks]
    if not any(other):
        return None
    still = other[-1]
    at = len(other) - 1 if still else max(i for i, is_other in enumerate(other) if is_other)
    begin = at
    while begin > 0 and other[begin - 1]:
        begin -= 1
    names = [", ".join(sorted(side.models)) for side in (looks[at], reference)]
    ago = _ago(len(looks) - 1 - begin) if still else f"in run {looks[at].run}, and no longer in the last run"
    return Moved(
        "model", begin + 1, looks[begin].run, still, f"{names[0]} answers where {names[1]} did; {ago}."
    )
