"""The charts of a report as inline SVG: no script, no network, colours from the page's own style sheet.

Everything is drawn by classes (``s0`` … ``s5`` for sides, a verdict's word for verdicts), so that a page decides how
it looks on light and dark ground. All text is escaped; a tooltip (``title``) says n and the interval of each mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from workbench.analysis.frames import float_column, is_error
from workbench.analysis.wording import amount, count, difference, interval, p_text, seconds, usd
from workbench.reports.text import clean, one_line, short_name

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.results import Comparison
    from workbench.analysis.summary import Summary

WIDTH = 640
_LABELS, _RIGHT, _TOP, _ROW, _BOTTOM = 200, 24, 8, 30, 42
#: Colours for sides; a seventh begins again with the first and is told by its name.
SIDES = 6
_POINTS = 200
_UNITS = {"score": "%", "usd": "USD"}


@dataclass(frozen=True)
class Row:
    """One line of a chart of intervals: what it is called, how it is drawn, and what its tooltip says."""

    label: str
    kind: str
    low: float
    middle: float
    high: float
    said: str


def quality(summaries: Sequence[Summary], metric: str) -> str:
    """One row a version and model: the mean with its 95 % interval."""
    chosen = [s for s in summaries if s.scorer == metric and s.slice is None and s.mean is not None]
    models = len({s.model for s in chosen}) > 1
    rows = [
        Row(
            _name(s, models),
            f"s{i % SIDES}",
            *(_scaled(v, s.unit) for v in (_or(s.ci_low, s.mean), s.mean, _or(s.ci_high, s.mean))),
            f"{_name(s, True)}: {amount(s.mean, s.unit)} (95 % interval {interval(s.ci_low, s.ci_high, s.unit)}, "
            f"n = {s.n:,}, {count(s.errors, 'error')})",
        )
        for i, s in enumerate(chosen)
    ]
    unit = chosen[0].unit if chosen else "score"
    whole = unit == "score" and all(r.low >= 0 and r.high <= 100 for r in rows)
    return _intervals(rows, _axis(metric, unit), (0.0, 100.0) if whole else None)


def slices(comparison: Comparison, metric: str | None = None) -> str:
    """Forest plot: the paired difference B − A with its interval, over all cases and by slice."""
    scorer = metric or comparison.primary.scorer
    rows = [
        Row(
            f"{short_name(m.slice, 30) if m.slice is not None else 'all cases'} (n = {m.n:,})",
            m.verdict.replace(" ", "-"),
            *(_scaled(v, m.unit) for v in (_or(m.ci_low, m.diff), m.diff, _or(m.ci_high, m.diff))),
            f"{m.slice or 'all cases'}: {m.verdict}, {difference(m.diff, m.unit)} "
            f"({interval(m.ci_low, m.ci_high, m.unit, signs=True)}, n = {m.n:,}, {p_text(m.p_adjusted)})",
        )
        for m in comparison.metrics
        if m.scorer == scorer and m.diff is not None
    ]
    unit = comparison.primary.unit
    title = f"{one_line(scorer, 30)}: B − A ({'points' if unit == 'score' else unit})"
    return _intervals(rows, title, None, zero=True)


def difference_bins(comparison: Comparison) -> tuple[dict[int, int], float]:
    """Count cases by their paired difference: ten bins to each side of zero, and one of its own for no difference.

    Returns:
        Bin (−10 to 10) → cases, and the width of a bin in points, seconds, USD or whatever the metric counts.
    """
    values = [_scaled(v, comparison.primary.unit) for v in comparison.case_differences.values()]
    size = (max((abs(v) for v in values), default=0.0) or 1.0) / 10
    bins: dict[int, int] = {}
    for value in values:
        place = 0 if value == 0 else int(math.copysign(min(10, math.ceil(abs(value) / size - 1e-9)), value))
        bins[place] = bins.get(place, 0) + 1
    return bins, size


def differences(comparison: Comparison) -> str:
    """How many cases got worse, stayed, and got better, by the size of the paired difference B − A."""
    unit = comparison.primary.unit
    bins, size = difference_bins(comparison)
    if not bins:
        return ""
    most, total = size * 10, sum(bins.values())
    highest = max(bins.values())
    left, right, top, bottom = 56, 16, 12, 210
    step = (WIDTH - left - right) / 21
    parts = []
    for place in range(-10, 11):
        n = bins.get(place, 0)
        if not n:
            continue
        good = (place > 0) != comparison.primary.lower_is_better
        kind = "undecided" if place == 0 else "better" if good else "worse"
        height = max(2.0, n / highest * (bottom - top))
        x = left + (place + 10) * step
        span = "no difference" if place == 0 else _span(place, size, unit)
        said = f"{count(n, 'case')}: {span}"
        parts.append(
            f'<g class="{kind}"><rect class="bar" x="{x + 1:.1f}" y="{bottom - height:.1f}" width="{step - 2:.1f}" '
            f'height="{height:.1f}"/>{_title(said)}</g>'
            f'<text class="tick" x="{x + step / 2:.1f}" y="{bottom - height - 4:.1f}" text-anchor="middle">{n:,}</text>'
        )
    labels = [(-10, -most), (0, 0.0), (10, most)]
    for place, value in labels:
        x = left + (place + 10.5) * step
        parts.append(_tick_text(x, bottom + 16, _short(value, signs=True)))
    parts.append(f'<line class="axis" x1="{left}" x2="{WIDTH - right}" y1="{bottom}" y2="{bottom}"/>')
    title = f"difference B − A of a case ({'points' if unit == 'score' else unit}), n = {total:,} cases"
    parts.append(_axis_title(title, bottom + 34))
    return _svg(parts, bottom + 46, "Cases by their paired difference", top=-16)


def cost(summaries: Sequence[Summary], cells: pd.DataFrame, metric: str) -> str:
    """Mean cost of an answer against quality with its interval; sides without a known cost have no place."""
    known = cells.assign(cost_usd=float_column(cells, "cost_usd"))[~is_error(cells)].dropna(
        subset=["cost_usd"]
    )
    means = known.groupby(["prompt", "version", "model"], dropna=False)["cost_usd"].mean().to_dict()
    marks = [
        (i, s, means[s.prompt, s.version, s.model])
        for i, s in enumerate(
            [s for s in summaries if s.scorer == metric and s.slice is None and s.mean is not None]
        )
        if (s.prompt, s.version, s.model) in means
    ]
    if not marks or max(price for _, _, price in marks) == 0:
        return ""
    unit = marks[0][1].unit
    left, right, top, bottom = 56, 150, 12, 230
    xs = _Scale(0.0, max(price for _, _, price in marks) * 1000, left, WIDTH - right)
    lows = [_scaled(_or(s.ci_low, s.mean), unit) for _, s, _ in marks]
    highs = [_scaled(_or(s.ci_high, s.mean), unit) for _, s, _ in marks]
    ys = _Scale(min(lows), max(highs), bottom, top)
    parts = [_grid(ys, left, WIDTH - right), _ticks_below(xs, bottom)]
    models = len({s.model for _, s, _ in marks}) > 1
    for i, s, price in marks:
        x, y = xs(price * 1000), ys(_scaled(s.mean, unit))
        low, high = (ys(_scaled(_or(v, s.mean), unit)) for v in (s.ci_low, s.ci_high))
        said = (
            f"{_name(s, True)}: {amount(s.mean, unit)} ({interval(s.ci_low, s.ci_high, unit)}, n = {s.n:,}), "
            f"{usd(price)} an answer"
        )
        parts.append(
            f'<g class="s{i % SIDES}"><line class="range" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
            f'<text class="label" x="{x + 9:.1f}" y="{y + 4:.1f}">{_text(_name(s, models), 22)}</text>'
            f"{_title(said)}</g>"
        )
    parts.append(_axis_title(f"USD per 1,000 answers, against {_axis(metric, unit)}", bottom + 34))
    return _svg(parts, bottom + 46, "Cost against quality")


def latency(sides: Mapping[str, pd.DataFrame]) -> str:
    """Share of answers that came within a time, one line a side; errors and unknown latencies are left out."""
    found = []
    for name, cells in sides.items():
        values = float_column(cells, "latency_s")[~is_error(cells)]
        values = sorted(v for v in values.tolist() if not math.isnan(v))
        if values:
            found.append((name, values))
    if not found:
        return ""
    left, right, top, bottom = 56, 24, 12, 210
    xs = _Scale(0.0, max(v[-1] for _, v in found) or 1.0, left, WIDTH - right)
    ys = _Scale(0.0, 100.0, bottom, top, tight=True)
    parts = [_grid(ys, left, WIDTH - right, " %"), _ticks_below(xs, bottom, " s")]
    legend_x = float(left)
    for i, (name, values) in enumerate(found):
        n = len(values)
        ranks = sorted({max(1, math.ceil(n * k / _POINTS)) for k in range(1, _POINTS + 1)})
        path, before = f"M{xs(0):.1f} {ys(0):.1f}", ys(0)
        for rank in ranks:
            x, y = xs(values[rank - 1]), ys(rank / n * 100)
            path += f"L{x:.1f} {before:.1f}L{x:.1f} {y:.1f}"
            before = y
        path += f"L{WIDTH - right} {before:.1f}"
        middle, late = values[math.ceil(n / 2) - 1], values[math.ceil(n * 0.95) - 1]
        said = f"{clean(name)}: p50 {seconds(middle)}, p95 {seconds(late)}, n = {n:,}"
        parts.append(f'<g class="s{i % SIDES} d{i % 4}"><path class="curve" d="{path}"/>{_title(said)}</g>')
        text = short_name(f"{name} (n = {n:,})", 40)
        parts.append(
            f'<g class="s{i % SIDES} d{i % 4}"><line class="curve" x1="{legend_x:.0f}" x2="{legend_x + 22:.0f}" '
            f'y1="{bottom + 54}" y2="{bottom + 54}"/><text class="label" x="{legend_x + 28:.0f}" '
            f'y="{bottom + 58}">{_text(text, 40)}</text></g>'
        )
        legend_x += 60 + 6.6 * len(text)
    parts.append(_axis_title("latency: share of answers within that time", bottom + 34))
    return _svg(parts, bottom + 66, "Latency")


class _Scale:
    """From values to pixels, with round ticks. ``tight`` keeps the bounds as they are."""

    def __init__(self, low: float, high: float, start: float, end: float, *, tight: bool = False) -> None:
        if high <= low:
            low, high = low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
        raw = (high - low) / 5
        power = 10.0 ** math.floor(math.log10(raw))
        self.step = next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= raw * 0.999)
        if not tight:
            low, high = (
                math.floor(low / self.step) * self.step,
                math.ceil(high / self.step - 1e-9) * self.step,
            )
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values from one end to the other."""
        first = math.ceil(self.low / self.step - 1e-9)
        return [k * self.step for k in range(first, math.floor(self.high / self.step + 1e-9) + 1)]


def _intervals(
    rows: Sequence[Row], title: str, bounds: tuple[float, float] | None, *, zero: bool = False
) -> str:
    if not rows:
        return ""
    low, high = min(r.low for r in rows), max(r.high for r in rows)
    low, high = (min(low, 0.0), max(high, 0.0)) if zero else (low, high)
    left, right, bottom = _LABELS, WIDTH - _RIGHT, _TOP + len(rows) * _ROW
    scale = _Scale(*(bounds or (low, high)), left, right, tight=bounds is not None)
    parts = []
    for tick in scale.ticks():
        x = scale(tick)
        kind = "zero" if zero and abs(tick) < 1e-9 else "grid"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_tick_text(x, bottom + 16, _short(tick, signs=zero)))
    for i, row in enumerate(rows):
        y = _TOP + (i + 0.5) * _ROW
        x1, x, x2 = scale(row.low), scale(row.middle), scale(row.high)
        parts.append(
            f'<g class="{row.kind}"><text class="label" x="{left - 12}" y="{y + 4:.1f}" text-anchor="end">'
            f"{_text(row.label, 30)}</text>"
            f'<line class="range" x1="{x1:.1f}" x2="{max(x2, x1 + 1):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f"{_mark(row.kind, x, y)}{_title(row.said)}"
            f'<rect class="hit" x="0" y="{y - _ROW / 2:.1f}" width="{WIDTH}" height="{_ROW}"/></g>'
        )
    parts.append(_axis_title(title, bottom + 34))
    return _svg(parts, bottom + _BOTTOM, title)


def _mark(kind: str, x: float, y: float) -> str:
    """A verdict has its own shape, so that colour is never the only sign."""
    if kind == "better":
        points = f"{x:.1f},{y - 6:.1f} {x + 6:.1f},{y + 5:.1f} {x - 6:.1f},{y + 5:.1f}"
        return f'<polygon class="dot" points="{points}"/>'
    if kind == "worse":
        points = f"{x:.1f},{y + 6:.1f} {x + 6:.1f},{y - 5:.1f} {x - 6:.1f},{y - 5:.1f}"
        return f'<polygon class="dot" points="{points}"/>'
    if kind == "equivalent":
        return f'<rect class="dot" x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10"/>'
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def _grid(scale: _Scale, left: float, right: float, unit: str = "") -> str:
    return "".join(
        f'<line class="grid" x1="{left}" x2="{right}" y1="{scale(t):.1f}" y2="{scale(t):.1f}"/>'
        f'<text class="tick" x="{left - 8}" y="{scale(t) + 4:.1f}" text-anchor="end">{_short(t)}{unit}</text>'
        for t in scale.ticks()
    )


def _ticks_below(scale: _Scale, y: float, unit: str = "") -> str:
    return "".join(_tick_text(scale(t), y + 16, _short(t) + unit) for t in scale.ticks())


def _tick_text(x: float, y: float, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _axis_title(text: str, y: float) -> str:
    return (
        f'<text class="axis-title" x="{WIDTH / 2}" y="{y:.1f}" text-anchor="middle">{_text(text, 90)}</text>'
    )


def _svg(parts: Sequence[str], height: float, label: str, *, top: float = 0.0) -> str:
    name = escape(one_line(label, 100), quote=True)
    box = f"0 {top:g} {WIDTH} {height - top:g}"
    return f'<svg viewBox="{box}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _title(text: str) -> str:
    return f"<title>{_text(text, 300)}</title>"


def _text(text: str, limit: int) -> str:
    return escape(short_name(text, limit))


def _name(s: Summary, with_model: bool) -> str:
    version = f"{s.prompt}@{s.version}" if s.version else s.prompt
    return f"{version} · {s.model}" if with_model else version


def _axis(metric: str, unit: str) -> str:
    return f"{one_line(metric, 40)} ({_UNITS.get(unit, unit)})"


def _scaled(value: float | None, unit: str) -> float:
    number = 0.0 if value is None else float(value)
    return number * 100 if unit == "score" else number


def _or(value: float | None, other: float | None) -> float | None:
    return other if value is None else value


def _short(value: float, *, signs: bool = False) -> str:
    value = 0.0 if abs(value) < 1e-9 else value
    text = f"{abs(value):,.10f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{abs(value):,.0f}"
    sign = "−" if value < 0 else "+" if signs and value > 0 else ""
    return sign + (text if len(text) <= 8 else f"{abs(value):.3g}")


def _span(place: int, size: float, unit: str) -> str:
    scale = 100 if unit == "score" else 1
    low, high = sorted(((place - math.copysign(1, place)) * size / scale, place * size / scale))
    return f"{difference(low, unit)} to {difference(high, unit)}"
