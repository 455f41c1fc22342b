"""Tables and names of the HTML page, escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench.reports.text import short_name


def text(value: str, limit: int = 120) -> str:
    """Escape a name: one line, without control characters, shortened in its middle."""
    return escape(short_name(value, limit))


def table(head: Sequence[str], rows: Sequence[str], *, numeric: range) -> str:
    """Return a table of rows that are HTML already; the columns in ``numeric`` hold numbers."""
    cells = "".join(f"<th scope=col{' class=n' if i in numeric else ''}>{h}</th>" for i, h in enumerate(head))
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
