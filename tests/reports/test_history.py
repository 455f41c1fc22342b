"""The history of a suite: every mark says n, its interval and its run, and hostile names stay data."""

from __future__ import annotations

import json

from support.frames import side, together

from workbench.analysis.compare import compare
from workbench.analysis.summary import summarise
from workbench.reports.gains import differences_chart
from workbench.reports.history import Measured, history_chart


def test_versions_stand_in_their_order_and_other_suites_are_pale():
    evil = "m${x}<script>"
    frames = together(
        side("A", [1.0, 0.0, 1.0], version=10, model=evil), side("B", [1.0, 1.0, 0.0], version=2, model="n")
    )
    summaries = summarise(frames.scores, {"kind": {"c0": 1, "c1": 2, "c2": 2}})
    measured = [Measured("r1", "2026-11-01", s.version == 2, s) for s in summaries]
    spec = json.loads(history_chart(measured, metric="accuracy").to_json())
    rows = next(iter(spec["datasets"].values()))
    assert spec["layer"][0]["encoding"]["x"]["sort"] == ["p@2", "p@10"]
    assert [(r["version"], r["n"], r["suite"]) for r in rows] == [
        ("p@2", "3", "as it is now"),
        ("p@10", "3", "as it was then"),
    ]
    assert all(r["low"] < r["mean"] < r["high"] and r["around"] for r in rows)
    assert {r["model"] for r in rows} == {evil, "n"}


def test_every_case_stands_once_in_the_chart_of_paired_differences():
    a = side("A", [0.0, 1.0, 0.5, 0.25, 0.0, 1.0])
    b = side("B", [1.0, 0.0, 0.5, 0.30, 0.0, 0.999])
    spec = json.loads(differences_chart(compare(a, b)).to_json())
    rows = next(iter(spec["datasets"].values()))
    assert [(r["kind"], r["cases"], round(r["at"])) for r in rows] == [
        ("worse", 1, -100),
        ("worse", 1, -10),
        ("same", 2, 0),
        ("better", 1, 10),
        ("better", 1, 100),
    ]
    assert "n = 6" in spec["encoding"]["x"]["title"]
