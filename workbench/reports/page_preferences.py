"""What comparing judges prefer, and what people say of judges, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from workbench.analysis.wording import p_text
from workbench.reports.labels import label_lines
from workbench.reports.page_table import table, text
from workbench.reports.preferences import order_lines
from workbench.reports.text import clean

_PAIRS = ("Judge", "Preferred", "To", "Win rate", "95 % interval", "n", "Won / tied / lost", "p")
_STRENGTHS = ("Judge", "Version", "Strength (Bradley–Terry)", "95 % interval")


def preferences_html(found: Sequence[Mapping[str, Any]]) -> str:
    """Return what the judges of a run or of a comparison prefer; nothing where none compared."""
    if not found:
        return ""
    pairs = [_pair(one["scorer"], pair) for one in found for pair in one["pairs"]]
    ranked = [
        f"<tr><td>{text(one['scorer'])}</td><td>{text(s['name'])}</td>"
        f'<td class="n">{s["strength"]:+.2f}</td><td class="n">{s["ci_low"]:+.2f} to {s["ci_high"]:+.2f}</td></tr>'
        for one in found
        for s in one["strengths"]
    ]
    parts = [table(_PAIRS, pairs, numeric=range(3, 8))] if pairs else []
    parts += [f'<p class="soft">{escape(clean(line))}</p>' for line in order_lines(found)]
    parts += [table(_STRENGTHS, ranked, numeric=range(2, 4))] if ranked else []
    return f"<h3>Preferences</h3>{''.join(parts)}"


def _pair(scorer: str, pair: Mapping[str, Any]) -> str:
    numbers = (
        f"{100 * pair['rate']:.1f} %",
        f"{100 * pair['ci_low']:.1f} to {100 * pair['ci_high']:.1f} %",
        f"{pair['n']:,}",
        f"{pair['wins']:,} / {pair['ties']:,} / {pair['losses']:,}",
        p_text(pair["p"]).removeprefix("p ").removeprefix("= "),
    )
    cells = "".join(f'<td class="n">{escape(number)}</td>' for number in numbers)
    return f"<tr><td>{text(scorer)}</td><td>{text(pair['b'])}</td><td>{text(pair['a'])}</td>{cells}</tr>"


def labels_html(found: Sequence[Mapping[str, Any]]) -> str:
    """Return what people's labels say of the scorers of a run or of a comparison; nothing where nobody labelled."""
    if not found:
        return ""
    lines = "".join(f"<li>{escape(clean(line))}</li>" for line in label_lines(found))
    return f'<h3>As people see it</h3><ul class="notes">{lines}</ul>'
