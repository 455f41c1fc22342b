"""Escaped HTML for what Streamlit has no element for: tables of numbers, word differences, boxes of text.

Text of people and models goes through `esc` or `esc_line` only. Colours hold in light and dark alike, and none
of them is the only sign of anything.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.prompts.diff import Segment
from workbench.reports.text import clean, one_line

#: verdict → (sign, class)
VERDICTS = {
    "better": ("▲", "good"),
    "worse": ("▼", "bad"),
    "equivalent": ("＝", "level"),
    "undecided": ("?", "open"),
    "no verdict": ("–", "open"),
}
MAX_SHOWN = 20_000

_STYLE = """
<style>
.wb { --good: light-dark(#22683f, #7fcf9c); --bad: light-dark(#a9302a, #f2968e);
      --level: light-dark(#1f5fa8, #8fbdee); --open: light-dark(#93530c, #e8b06a);
      --quiet: light-dark(#5d6563, #a3aba8); --line: light-dark(#e0e3df, #343b3f);
      --ground: light-dark(#f5f6f4, #1c2225); color: inherit; line-height: 1.45; }
.wb .good { color: var(--good) } .wb .bad { color: var(--bad) } .wb .level { color: var(--level) }
.wb .open { color: var(--open) } .wb .quiet { color: var(--quiet) }
.wb .verdict { font-weight: 600; white-space: nowrap }
.wb-scroll { overflow-x: auto }
.wb table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.wb th, .wb td { padding: .32rem .7rem .32rem 0; border: 0; border-bottom: 1px solid var(--line);
      text-align: left; vertical-align: baseline; font-weight: 400 }
.wb thead th { color: var(--quiet); font-size: .86em; white-space: nowrap }
.wb tbody th { overflow-wrap: anywhere; min-width: 7em }
.wb th.n, .wb td.n { text-align: right; white-space: nowrap }
.wb tr.first th, .wb tr.first td { font-weight: 600 }
.wb tbody tr:last-child th, .wb tbody tr:last-child td { border-bottom: 0 }
.wb th:last-child, .wb td:last-child { padding-right: 0 }
.wb .n + th:not(.n), .wb .n + td:not(.n) { padding-left: .6rem }
.wb .text { white-space: pre-wrap; overflow-wrap: anywhere; font-family: "Source Code Pro", monospace;
      font-size: .86rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px;
      padding: .55rem .7rem; max-height: 26rem; overflow: auto; min-height: 2.4rem; margin: 0 }
.wb .text:focus-visible { outline: 2px solid var(--level) }
.wb .prose { font-family: inherit; font-size: 1rem }
.wb ins { text-decoration: underline; text-decoration-thickness: 1.5px; text-underline-offset: 2px;
      background: light-dark(#cdebd6, #1d4a2f); color: inherit; border-radius: 2px }
.wb del { text-decoration: line-through; background: light-dark(#f8d8d4, #5a2622); color: inherit;
      border-radius: 2px }
.wb .marks ins, .wb .marks del { text-decoration: none }
.wb .label { color: var(--quiet); font-size: .86rem; margin: 0 0 .15rem }
.wb .chip { display: inline-block; border: 1px solid var(--line); border-radius: 1em; padding: 0 .55em;
      font-size: .86em; color: var(--quiet); margin: 0 .3em .2em 0; overflow-wrap: anywhere }
.wb .side { display: inline-block; min-width: 1.35em; text-align: center; border-radius: 4px; font-weight: 600;
      border: 1px solid currentColor; font-size: .8em; padding: 0 .15em; margin-right: .35em }
.wb .diffline { white-space: pre-wrap; overflow-wrap: anywhere; display: block; padding: 0 .4rem }
.wb .diffline.add { background: light-dark(#dff2e5, #183a26) }
.wb .diffline.cut { background: light-dark(#fbe4e1, #47201d) }
.wb .diffline.at { color: var(--level) }
.wb-strip { position: relative; height: 3.1rem; margin: .3rem 0 0; font-size: .82rem; color: var(--quiet) }
.wb-strip i { position: absolute; display: block }
.wb-strip .axis { left: 0; right: 0; top: .85rem; height: 1px; background: var(--line) }
.wb-strip .zero { top: .1rem; height: 1.5rem; width: 1.5px; background: var(--quiet) }
.wb-strip .margin { top: .1rem; height: 1.5rem; background: light-dark(#1f5fa81f, #8fbdee2e) }
.wb-strip .range { top: .6rem; height: .5rem; border-radius: .25rem; background: currentColor; opacity: .45 }
.wb-strip .dot { top: .45rem; width: .8rem; height: .8rem; margin-left: -.4rem; border-radius: 50%;
      background: currentColor }
.wb-strip span { position: absolute; top: 1.75rem; white-space: nowrap }
</style>
"""


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand to the right."""

    title: str
    number: bool = False
    help: str = ""


def draw(body: str, *, label: str = "") -> None:
    """Draw escaped HTML with the look of these tables and boxes."""
    name = f' role="group" aria-label="{html.escape(label, quote=True)}"' if label else ""
    st.html(f'{_STYLE}<div class="wb"{name}>{body}</div>')


def esc(text: object) -> str:
    """Return text for HTML as it is, on several lines, without control characters."""
    return html.escape(clean(str(text)), quote=True)


def esc_line(text: object, limit: int = 120) -> str:
    """Return text for HTML on one line of at most ``limit`` characters."""
    return html.escape(one_line(str(text), limit), quote=True)


def verdict_html(verdict: str) -> str:
    """Return a verdict as a sign and a word."""
    sign, look = VERDICTS.get(verdict, ("", "quiet"))
    return f'<span class="verdict {look}"><span aria-hidden="true">{sign}</span> {esc_line(verdict)}</span>'


def side_html(letter: str, name: str, limit: int = 60) -> str:
    """Return a side's letter and name."""
    return f'<span class="side">{letter}</span>{esc_line(name, limit)}'


def legend_html(names: Sequence[str]) -> str:
    """Return what the marks of a difference between A and B mean."""
    a, b = (side_html(letter, name) for letter, name in zip("AB", names, strict=True))
    return f"{a} &nbsp;<del>only in A</del> &emsp; {b} &nbsp;<ins>only in B</ins>"


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, first: bool = False) -> str:
    """Return a table. Cells are HTML already; titles are text unless they begin with ``<``.

    Args:
        columns: The first one names the rows.
        rows: The cells.
        first: Whether the first row stands out.
    """
    head = "".join(
        f'<th scope="col"{_align(c)}{_help(c)}>{c.title if c.title.startswith("<") else esc_line(c.title)}</th>'
        for c in columns
    )
    body = "".join(
        _row(columns, row, look=' class="first"' if first and index == 0 else "")
        for index, row in enumerate(rows)
    )
    return f'<div class="wb-scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(columns: Sequence[Column], row: Sequence[str], *, look: str) -> str:
    cells = "".join(
        f'<th scope="row"{_align(c)}>{cell}</th>' if place == 0 else f"<td{_align(c)}>{cell}</td>"
        for place, (c, cell) in enumerate(zip(columns, row, strict=True))
    )
    return f"<tr{look}>{cells}</tr>"


def _align(column: Column) -> str:
    return ' class="n"' if column.number else ""


def _help(column: Column) -> str:
    return f' title="{html.escape(column.help, quote=True)}"' if column.help else ""


def text_box(body: str, *, label: str = "", prose: bool = False, marks: bool = False) -> str:
    """Return a box of text that scrolls where it is long; ``body`` is HTML already.

    With ``marks`` a difference is tinted only, for where the place says already which side it is.
    """
    title = f'<p class="label">{label}</p>' if label else ""
    looks = f"text{' prose' if prose else ''}{' marks' if marks else ''}"
    return f'{title}<div class="{looks}" tabindex="0" dir="auto">{body}</div>'


def shown(text: str) -> tuple[str, str]:
    """Return what is shown of a long text, and a note on what is not."""
    if len(text) <= MAX_SHOWN:
        return text, ""
    return text[:MAX_SHOWN], f"The first {MAX_SHOWN:,} of {len(text):,} characters are shown."


def segments_html(segments: Iterable[Segment], *, only: str | None = None) -> str:
    """Return a word difference, insertions underlined and deletions struck through.

    Args:
        segments: The difference.
        only: ``delete`` for the older text alone, ``insert`` for the newer, None for both in one.
    """
    parts = []
    for segment in segments:
        if segment.op == "equal":
            parts.append(esc(segment.text))
        elif only in (None, segment.op):
            tag = "ins" if segment.op == "insert" else "del"
            parts.append(f"<{tag}>{esc(segment.text)}</{tag}>")
    return "".join(parts)


def patch_html(diff: str) -> str:
    """Return a unified diff, added and removed lines tinted; its own signs + and − say the same."""
    lines = []
    for line in clean(diff).splitlines():
        if line.startswith(("+++", "---", "diff ", "index ", "new file", "@@")):
            look = "at"
        else:
            look = {"+": "add", "-": "cut"}.get(line[:1], "")
        lines.append(f'<span class="diffline {look}">{html.escape(line) or " "}</span>')
    return "".join(lines)
