"""What comparing judges prefer, a line each, for the terminal, the app and reports alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.analysis.wording import count
from workbench.reports.text import p_text


def preference_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the preferences of a run or of a comparison as sentences; nothing is formatted or escaped."""
    lines: list[str] = []
    for one in found:
        for pair in one["pairs"]:
            lines.append(
                f"{one['scorer']}: {pair['b']} is preferred to {pair['a']} in {_share(pair)} of "
                f"{count(pair['n'], 'case')}, a tie counting half "
                f"({pair['wins']:,} won, {pair['ties']:,} tied, {pair['losses']:,} lost, "
                f"{p_text(pair['p'])})."
            )
        lines += _order(one)
        if one["strengths"]:
            ranked = ", ".join(
                f"{s['name']} {s['strength']:+.2f} ({s['ci_low']:+.2f} to {s['ci_high']:+.2f})"
                for s in one["strengths"]
            )
            lines.append(f"{one['scorer']}: strengths (Bradley–Terry): {ranked}.")
        lines += [*_people(one), *_policies(one)]
    return lines


def order_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is no number of a pair: the effect of order, and what became of verdicts of no use."""
    return [line for one in found for line in (*_order(one), *_people(one), *_policies(one))]


def _order(one: Mapping[str, Any]) -> list[str]:
    order = one["order"]
    if not order:
        return []
    agreed = (
        "" if order["agreed"] is None else f"; both orders agreed on {100 * order['agreed']:.0f} % of pairs"
    )
    return [f"{one['scorer']}: the answer shown first won {_share(order)}, half is no effect{agreed}."]


def _people(one: Mapping[str, Any]) -> list[str]:
    found = one.get("people")
    if not found:
        return []
    kappa = "unknown, as all said the same"
    if found["kappa"] is not None:
        kappa = f"{found['kappa']:.2f} ({found['ci_low']:.2f} to {found['ci_high']:.2f})"
    agreed = f"{100 * found['agreed']:.0f} % of {count(found['n'], 'choice')}"
    return [f"{one['scorer']}: it chooses what people choose in {agreed}, kappa {kappa}."]


def _policies(one: Mapping[str, Any]) -> list[str]:
    told = []
    if one["errors"]:
        told.append(f"{count(one['errors'], 'verdict')} missing")
    if one["unparsable"]:
        told.append(f"{count(one['unparsable'], 'reply', 'replies')} without sense taken as ties")
    if one["disagreed"]:
        rule = {"tie": "a tie", "mean": "the mean of both", "error": "an error"}[
            one["policies"]["on_disagreement"]
        ]
        told.append(f"{count(one['disagreed'], 'pair')} on which the two orders disagree taken as {rule}")
    return [f"{one['scorer']}: of {count(one['verdicts'], 'verdict')}, {'; '.join(told)}."] if told else []


def _share(data: Mapping[str, Any]) -> str:
    return f"{100 * data['rate']:.1f} % (95 %: {100 * data['ci_low']:.1f} to {100 * data['ci_high']:.1f})"
