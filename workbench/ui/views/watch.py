"""A watch on the screen: what moved, every signal over its looks, and the looks themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.drift_readings import DISTANCES
from workbench.analysis.wording import count
from workbench.reports.text import clean
from workbench.reports.watch_chart import Point, signal_chart
from workbench.ui.state import page_link
from workbench.ui.views.common import matches, pager, plain
from workbench.ui.views.numbers import ago, when
from workbench.ui.views.rows import Column, Table, link_bar, mark, row, start, text
from workbench.ui.views.watch_words import NAMES, ORDER, unit_of

if TYPE_CHECKING:
    from workbench.analysis.drift import Moved
    from workbench.workspace.watching import Watched

PAGE_SIZE = 20
COLUMNS = 3
WATCHES = Table(
    "watches",
    "Suite",
    (
        Column("State", "8rem"),
        Column("What moved", "minmax(0, 4fr)"),
        Column("Looks", "3.6rem", right=True),
        Column("Last look", "6rem", right=True),
    ),
    link_width=190,
)
LOOKS = Table(
    "looks",
    "Look",
    (Column("When", "9.5rem"), Column("State", "8rem"), Column("Signals", "minmax(0, 4fr)")),
    link_width=190,
)


@dataclass(frozen=True)
class WatchRow:
    """One watched suite in the list; ``problem`` says why it cannot be judged."""

    suite: str
    found: Watched | None
    problem: str = ""

    @property
    def moved(self) -> bool:
        """Whether something moved."""
        return self.found is not None and bool(self.found.drift.moved)

    def matches(self, query: str) -> bool:
        """Whether the search finds it."""
        said = [m.message for m in self.found.drift.moved] if self.found else [self.problem]
        title = self.found.watch.title if self.found else ""
        return matches(query, self.suite, title, "moved" if self.moved else "steady", *said)


def watch_list(rows: Sequence[WatchRow]) -> None:
    """Draw one row a watched suite."""
    with start(WATCHES):
        for item in rows:
            row(WATCHES, item.suite, ("suites", item.suite), _cells(item), suite=item.suite, view="watch")


def _cells(item: WatchRow) -> list[str]:
    if item.found is None:
        return [mark("needs a look", "red", "✕"), text(item.problem, lines=2), text("–"), text("–")]
    looks, moved = item.found.looks, item.found.drift.moved
    said = " ".join(m.message for m in moved) or (
        "Nothing moved" if looks else "No look since the reference run"
    )
    return [
        state_html(moved) if looks else mark("not yet", "gray", "○"),
        text(said, lines=2, colour=None if moved else "gray"),
        text(f"{len(looks):,}"),
        text(ago(looks[-1].at) if looks else "–", colour="gray"),
    ]


def state_html(moved: Sequence[Moved]) -> str:
    """Return in one word how a watch stands."""
    if any(m.still for m in moved):
        return mark("moved", "red", "▲")
    return mark("was moved", "orange", "△") if moved else mark("steady", "green", "✓")


def what_moved(found: Watched) -> None:
    """Say in plain sentences what moved, each with the run since which it is so."""
    moved, looks = found.drift.moved, found.looks
    if not looks:
        st.info("No look yet. The first one tells whether the model still answers as in the reference run.")
        return
    if not moved:
        st.success(f"Nothing moved in {count(len(looks), 'look')}.", icon=":material/check:")
        return
    with st.container(border=True, key="moved", gap="small"):
        for number, one in enumerate(moved):
            with link_bar(f"moved_{number}"):
                st.html(state_html([one]), width="content")
                st.markdown(plain(clean(one.message)), width="stretch")
                page_link("runs", f"Since look {one.since}", icon=":material/timeline:", run=one.run)


def signals(found: Watched) -> None:
    """Draw every signal that is known, side by side."""
    known = [m for m in ORDER if any(m in r for r in found.drift.readings)]
    for begin in range(0, len(known), COLUMNS):
        for place, metric in zip(st.columns(COLUMNS), known[begin : begin + COLUMNS], strict=False):
            with place, st.container(border=True, key=f"signal_{metric}", gap="small"):
                _signal(found, metric)


def signal_name(found: Watched, metric: str) -> str:
    """Return what a signal is called."""
    return found.metric if metric == "score" else NAMES[metric]


def _signal(found: Watched, metric: str) -> None:
    axis, factor, write = unit_of(metric, is_share=found.percent)
    readings = [(k, r[metric]) for k, r in enumerate(found.drift.readings, 1) if metric in r]
    change = next((m for m in found.drift.moved if m.what == metric), None)
    newest = readings[-1][1]
    name = signal_name(found, metric)
    state = state_html([change] if change else [])
    st.html(
        f'<div style="display:flex;justify-content:space-between;gap:1rem">{text(name)}{state}</div>'
        '<div style="font-variant-numeric:tabular-nums"><span style="font-size:1.5rem;font-weight:600">'
        f"{text_inline(write(newest.now))}</span> {text_inline('was ' + write(newest.was))}</div>"
    )
    points = _reference_point(found, metric, factor, write)
    for k, reading in readings:
        low, high = _possible(reading.low, axis), _possible(reading.high, axis)
        around = "unknown" if low is None or high is None else f"{write(low)} to {write(high)}"
        since = change is not None and k >= change.since and (change.still or reading.p <= found.drift.alpha)
        points.append(
            Point(
                look=k,
                value=reading.now * factor,
                low=None if low is None else low * factor,
                high=None if high is None else high * factor,
                shown=write(reading.now),
                around=around,
                run=found.looks[k - 1].run,
                at=when(found.looks[k - 1].at),
                moved=since,
            )
        )
    st.altair_chart(
        signal_chart(points, looks=len(found.looks), before=newest.was * factor, title=axis),
        alt=f"{name} at each look with 95 % intervals",
        key=f"signal_chart_{metric}",
    )


def text_inline(value: str) -> str:
    """Return a short text as HTML that stands in a line."""
    return f"<span>{escape(clean(value))}</span>"


def _possible(value: float | None, axis: str) -> float | None:
    """Cut an end of an interval to what the signal can be; a score of another unit can be anything."""
    if value is None or not axis:
        return value
    return min(max(value, 0.0), 1.0) if axis == "%" else max(value, 0.0)


def _reference_point(
    found: Watched, metric: str, factor: float, write: Callable[[float], str]
) -> list[Point]:
    values = list(found.reference.values.get(metric, {}).values())  # type: ignore[call-overload]
    if not values or metric in DISTANCES:
        return []
    mean, look = sum(values) / len(values), found.reference
    return [Point(0, mean * factor, None, None, write(mean), "the reference", look.run, when(look.at))]


def models_line(found: Watched) -> None:
    """Say under which names the provider answered."""
    runs = [("the reference", found.reference), *((f"look {k}", x) for k, x in enumerate(found.looks, 1))]
    said: list[str] = []
    before: frozenset[str] | None = None
    for name, look in runs:
        if look.models and look.models != before:
            said.append(f"{', '.join(sorted(look.models))} since {name}")
            before = look.models
    words = "; ".join(said) if said else "the provider does not say"
    st.caption(plain(clean(f"Model that answers: {words}.")))


def looks_table(found: Watched) -> None:
    """Draw the looks, the newest first, each with its run."""
    numbered = list(enumerate(zip(found.looks, found.drift.readings, strict=True), 1))[::-1]
    offset, limit = pager(len(numbered), size=PAGE_SIZE, key="looks_page", noun="looks")
    with start(LOOKS):
        for k, (look, readings) in numbered[offset : offset + limit]:
            moved = [m for m in found.drift.moved if k >= m.since and (m.still or m.since == k)]
            said = [
                f"{signal_name(found, m)} {unit_of(m, is_share=found.percent)[2](readings[m].now)}"  # type: ignore[index]
                for m in ORDER
                if m in readings
            ]
            cells = [text(when(look.at)), state_html(moved), text(" · ".join(said), lines=3)]
            row(LOOKS, look.run, ("runs", f"Look {k}"), cells, run=look.run)
    if found.skipped:
        st.caption(plain(f"Not complete, so they count for nothing: {count(len(found.skipped), 'look')}."))
