"""Lists whose rows are links: each row is a link and cells that line up, and keeps its own address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from workbench.reports.text import clean
from workbench.ui.state import page_link

# The theme's own colours: `st.html` is not given them as variables, so they are repeated from config.toml.
COLOURS = {
    "green": "light-dark(#2c7a4b, #6cc08b)",
    "red": "light-dark(#c23b32, #f0857c)",
    "orange": "light-dark(#96540c, #e5a657)",
    "blue": "light-dark(#1f5fa8, #84b6ea)",
    "gray": "light-dark(#5f6664, #9aa3a0)",
}
_RULE = "1px solid color-mix(in srgb, currentColor 13%, transparent)"


@dataclass(frozen=True)
class Column:
    """One column: its title and its width as a CSS grid track, such as ``2fr`` or ``6rem``."""

    title: str
    track: str = "minmax(0, 1fr)"
    right: bool = False


@dataclass(frozen=True)
class Table:
    """How a list's rows line up. The link stands in front, ``link_width`` pixels wide."""

    name: str
    link: str
    columns: tuple[Column, ...]
    link_width: int = 220


def text(value: object, *, colour: str | None = None, title: str | None = None, lines: int = 1) -> str:
    """Return any text as a cell's HTML: escaped, cut after so many lines, with the whole as a tooltip."""
    shown = clean(str(value))
    style = f"display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:{lines};overflow:hidden;"
    style += "overflow-wrap:anywhere;"
    if colour:
        style += f"color:{COLOURS[colour]};"
    tip = clean(title) if title is not None else shown
    return f'<span style="{style}" title="{escape(tip[:1000], quote=True)}">{escape(shown)}</span>'


def mark(word: str, colour: str, symbol: str = "") -> str:
    """Return a status as a cell's HTML: a symbol and a word in the status's colour."""
    sign = f"{escape(symbol)}&nbsp;" if symbol else ""
    return f'<span style="color:{COLOURS[colour]};font-weight:600;white-space:nowrap">{sign}{escape(word)}</span>'


def start(table: Table) -> Any:
    """Draw the titles of the columns and return the container for the rows."""
    box = st.container(key=table.name, gap=None)
    with box:
        st.html(row_styles(table.name))
        with st.container(
            horizontal=True, gap="small", key=f"{table.name}_titles", vertical_alignment="bottom"
        ):
            title = f'<span style="color:{COLOURS["gray"]}">{escape(table.link)}</span>'
            st.html(line([Column("")], [title]), width=table.link_width)
            titles = [
                f'<span style="color:{COLOURS["gray"]}">{escape(c.title)}</span>' for c in table.columns
            ]
            st.html(line(table.columns, titles))
    return box


def row(
    table: Table,
    key: str,
    link: tuple[str, str],
    cells: Sequence[str],
    *,
    icon: str | None = None,
    **params: Any,
) -> None:
    """Draw one row.

    Args:
        table: The list that it is a row of.
        key: What tells the row from others, for the container's key.
        link: The page that the row leads to, and the link's text; shown as it is.
        cells: HTML made by `text` and `mark`, one for each column.
        icon: The link's icon.
        params: Query parameters of the link; None leaves one out.
    """
    with st.container(
        horizontal=True, gap="small", key=f"{table.name}_row_{key}", vertical_alignment="center"
    ):
        page_link(link[0], link[1], icon=icon, width=table.link_width, **params)
        st.html(line(table.columns, cells))


def line(columns: Sequence[Column], cells: Sequence[str]) -> str:
    """Return the cells of a row as HTML, lined up under the columns."""
    tracks = " ".join(c.track for c in columns)
    inner = "".join(
        f'<div style="min-width:0;{"text-align:right;font-variant-numeric:tabular-nums;" if c.right else ""}">'
        f"{cell}</div>"
        for c, cell in zip(columns, cells, strict=True)
    )
    return (
        f'<div style="display:grid;grid-template-columns:{tracks};column-gap:0.9rem;align-items:center;'
        f'font-size:0.93rem;line-height:1.35">{inner}</div>'
    )


def link_bar(key: str) -> Any:
    """Return a row for links and short facts, in which links look like links."""
    bar = st.container(horizontal=True, vertical_alignment="center", gap="medium", key=key)
    bar.html(_link_css(f".st-key-{key}"))
    return bar


def _link_css(place: str) -> str:
    """Links to the page that is open are links like others: not greyed as in a menu, and at the left edge."""
    link = f"{place} [data-testid='stPageLink'] a"
    blue = COLOURS["blue"]
    return (
        f"<style>{link}{{padding-left:0;padding-right:0;background:transparent!important}}"
        f"{link} *{{color:{blue}!important;font-weight:500}}{link}:hover p{{text-decoration:underline}}</style>"
    )


def row_styles(name: str) -> str:
    """A hair line under each row, and links that stand at the left edge like the titles."""
    return _link_css(f"[class*='st-key-{name}_row_']") + (
        f"<style>[class*='st-key-{name}_row_'],.st-key-{name}_titles{{border-bottom:{_RULE};padding:0.2rem 0}}"
        f"[class*='st-key-{name}_row_']{{min-height:2.3rem;flex-wrap:nowrap}}"
        f".st-key-{name}_titles{{flex-wrap:nowrap}}</style>"
    )
