"""Charts are valid Vega-Lite whatever things are called and whatever is unknown, and can be read by anyone."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from support.frames import side, together

from workbench.analysis.compare import compare
from workbench.analysis.summary import summarise
from workbench.reports import charts

HOSTILE = [
    "<script>alert(1)</script>",
    "${7*7} {{x}} datum['y']",
    '\'; "quoted" \\ \n\x00\x1b[31mred',
    "a.b[c]:Q",
    "=1+1",
    "長い名前" * 60,
    "",
]


def drawn(*given):
    """Every chart of two sides, as the JSON that a browser gets."""
    a, b, metric = given
    both = together(a, b, cells=True)
    fields = {"kind": {c: c[-1] for c in both.scores["case_id"]}}
    comparison = compare(a, b, slices=fields, metric=metric)
    summaries = summarise(both.scores, fields)
    found = {
        "quality": charts.quality_chart(summaries, metric=metric),
        "slices": charts.slices_chart(comparison),
        "cost": charts.cost_quality_chart(summaries, both.cells, metric=metric),
        "latency": charts.latency_chart({a.name: a.cells, b.name: b.cells}),
    }
    # Altair checks against Vega-Lite's schema; JSON without NaN is what browsers can read.
    return {name: json.loads(json.dumps(chart.to_dict(), allow_nan=False)) for name, chart in found.items()}


def rows(spec) -> list[dict]:
    """The data behind a chart's marks."""
    return [row for values in spec["datasets"].values() for row in values if "zero" not in row]


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_chart_or_becomes_a_field_or_an_expression(name):
    values = [1.0, 0.0] * 15
    a = side(name + "A", values, scorer=name or "s", prompt=name, model=name, version=1)
    b = side(name + "B", values[::-1], scorer=name or "s", prompt=name, model=name, version=2)
    found, plain = (
        drawn(a, b, name or "s"),
        drawn(side("A", values), side("B", values[::-1], version=2), "accuracy"),
    )
    fields = {"version", "model", "mean", "low", "high", "cost", "shown", "around", "n", "errors", "price", "answers",
              "row", "slice", "diff", "verdict", "p", "zero", "side", "latency", "share"}  # fmt: skip
    for kind, spec in found.items():
        encoded = [n["field"] for n in walk(spec) if isinstance(n, dict) and "field" in n]
        assert set(encoded) <= fields
        assert not any("expr" in n or "signal" in n or "href" in n for n in walk(spec) if isinstance(n, dict))
        assert len(rows(spec)) == len(rows(plain[kind])) > 0
        assert "\x1b" not in json.dumps(spec, ensure_ascii=False)


def test_long_names_that_differ_at_the_end_only_stay_apart():
    long = "x" * 200
    both = together(*(side("S", [1.0, 0.0], prompt=long, version=v) for v in (1, 2)), cells=True)
    spec = charts.quality_chart(summarise(both.scores), metric="accuracy").to_dict()
    names = {row["version"] for row in rows(spec)}
    assert len(names) == 2
    assert all(len(name) <= 60 for name in names)


def test_one_case_no_interval_no_cost_and_no_latency_can_be_drawn():
    a = side("A", [0.25], cost=None, latency=None)
    b = side("B", [0.5], cost=None, latency=math.nan, version=2)
    found = drawn(a, b, "accuracy")
    assert rows(found["cost"]) == [] and rows(found["latency"]) == []
    assert [row["low"] for row in rows(found["quality"])] == [None, None]
    both = together(a, b, cells=True)
    assert charts.unpriced(summarise(both.scores), both.cells) == ["p@1 on m", "p@2 on m"]


def test_a_run_of_nothing_but_errors_gives_empty_charts():
    a, b = (side(name, ["timeout"] * 3, cost=None, latency=None) for name in "AB")
    found = drawn(a, b, "accuracy")
    assert all(rows(spec) == [] for spec in found.values())
    assert charts.quality_chart([], metric="accuracy").to_dict()


def test_an_unknown_cost_has_no_place_on_the_axis_and_is_named():
    both = together(side("A", [1.0] * 5, cost=None), side("B", [1.0] * 5, cost=0.002, version=2), cells=True)
    summaries = summarise(both.scores)
    spec = charts.cost_quality_chart(summaries, both.cells, metric="accuracy").to_dict()
    assert [(row["version"], row["cost"]) for row in rows(spec)] == [("p@2", pytest.approx(2.0))]
    assert charts.unpriced(summaries, both.cells) == ["p@1 on m"]


def test_errors_and_unknown_times_are_not_part_of_the_latencies():
    cells = side("A", [1.0, "timeout", 1.0, 1.0], latency={"c0": 1.0, "c1": 60.0, "c2": 3.0}).cells
    spec = charts.latency_chart({"A": cells}).to_dict()
    assert [(r["latency"], r["share"]) for r in rows(spec)] == [(1.0, 50.0), (3.0, 100.0)]


def test_a_hundred_thousand_answers_make_no_large_chart():
    cells = pd.DataFrame({"latency_s": range(1, 100_001), "error": None})
    spec = charts.latency_chart({"A": cells, "B": cells}).to_dict()
    assert len(json.dumps(spec)) < 80_000


def test_the_verdict_is_a_word_and_a_shape_and_not_a_colour_only():
    assert len(set(charts.VERDICT_SHAPES.values())) == len(charts.VERDICT_COLOURS) == 5
    spec = drawn(side("A", [0.0] * 40), side("B", [1.0] * 40), "accuracy")["slices"]
    assert next(row["row"] for row in rows(spec)) == "all cases: better"
    assert "shape" in spec["layer"][2]["encoding"]


def test_the_theme_gives_the_colours_and_the_ground():
    for kind, spec in drawn(side("A", [0.0, 1.0]), side("B", [1.0, 1.0]), "accuracy").items():
        assert spec["background"] == "transparent"
        ranges = [n["range"] for n in walk(spec) if isinstance(n, dict) and isinstance(n.get("range"), list)]
        colours = {c for chosen in ranges for c in chosen if str(c).startswith("#")}
        assert colours <= (set(charts.VERDICT_COLOURS.values()) if kind == "slices" else set())


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_verdicts_stand_out_on_the_themes_of_the_app(ground):
    # Three to one is what WCAG 2.2 (1.4.11) asks of graphical objects.
    config = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
    theme = config["theme"][ground]
    back = luminance(theme["backgroundColor"])
    for colour in [*charts.VERDICT_COLOURS.values(), *theme["chartCategoricalColors"]]:
        light, dark = sorted([back, luminance(colour)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colour
