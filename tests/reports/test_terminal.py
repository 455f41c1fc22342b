"""What a terminal shows fits it, says everything in words, and cannot be steered by a model's text."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from support.frames import pass_fail, side, together

from workbench.analysis.compare import Side, compare
from workbench.analysis.gate import judge_gate
from workbench.analysis.summary import summarise
from workbench.reports.terminal import comparison_view, summary_table

EVIL = "\x1b]0;owned\x07\x1b[2J[bold red]x[/]\u202egnp\x00\r\n"


def shown(renderable, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, color_system="truecolor" if colour else None
    )
    console.print(renderable)
    return out.getvalue()


def triage(name_a: str = "support-triage@12", name_b: str = "support-triage@13") -> tuple[Side, Side, dict]:
    a, b = pass_fail(40, 8, 120, 30)
    a = Side(name_a, a.scores.assign(prompt="support-triage", version=12), a.cells)
    b = Side(name_b, b.scores.assign(prompt="support-triage", version=13), b.cells)
    kinds = ("billing", "a technical problem of a kind with a long name", "cancel", "other")
    return a, b, {"category": {f"c{i}": kinds[i % 4] for i in range(120)}}


@pytest.mark.parametrize("width", [80, 120])
def test_a_comparison_fits_the_terminal_and_breaks_no_number(width):
    a, b, fields = triage()
    comparison = compare(a, b, slices=fields, margin=0.02)
    gate = judge_gate(comparison, margin=0.02, max_cost_ratio=0.5)
    text = shown(comparison_view(comparison, gate, slices=True, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    line = next(x for x in text.splitlines() if x.startswith("accuracy"))
    for part in ("31.7 %", "58.3 %", "+26.7", "+15.9 to +36.6", "120", "better"):
        assert part in line
    assert text.startswith("support-triage@13 is better than support-triage@12 on accuracy: +26.7 points")
    assert "Gate failed" in text and "failed cost: 1.00 times the baseline's" in text
    assert "Regressions: 8 (c40, c41," in text and "Improvements: 40" in text


def test_undecided_slices_may_be_left_out_but_never_those_that_lack_answers():
    a = side("A", [1.0, 0.0] * 30)
    b = side("B", ["timeout"] * 3 + [0.0, 1.0] * 28 + [0.0])
    fields = {"part": {f"c{i}": "lost" if i < 30 else "whole" for i in range(60)}}
    text = shown(comparison_view(compare(a, b, slices=fields)), 100)
    assert "part=lost" in text and "no verdict (3 errors)" in text
    assert "part=whole" not in text
    assert "1 slice is undecided and left out" in text


def test_a_summary_fits_eighty_columns_with_models_slices_and_errors():
    a, _, fields = triage()
    scores = together(a, Side("x", a.scores.assign(model="anthropic/claude"), a.cells)).scores
    text = shown(summary_table(summarise(scores, fields)))
    assert max(map(len, text.splitlines())) <= 80
    for part in ("31.7 %", "23.6 to 40.9 %", "120"):
        assert text.count(part) == 2
    assert "support-triage@12 · anthropic/claude" in text
    alone = shown(summary_table(summarise(a.scores, fields), slices=False)).splitlines()
    assert alone[1].startswith("support-triage@12  accuracy  31.7 %")


def test_unknown_numbers_are_called_unknown():
    a, b = side("A", [1.0], cost=None, latency=None), side("B", [0.25], cost=None, latency=None)
    text = shown(comparison_view(compare(a, b)))
    assert "cost unknown" in text and "unknown" in text.split("Latency, p50")[1]
    assert "nan" not in text.lower() and "None" not in text


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.just(EVIL), st.text(max_size=60)))
def test_no_name_can_steer_the_terminal(name):
    a, b = side("A" + name, [1.0, 0.0], scorer="s"), side("B" + name, ["refusal", 1.0], scorer="s")
    fields = {"f" + name: {"c0": name, "c1": "x"}}
    comparison = compare(a, b, slices=fields)
    text = shown(comparison_view(comparison, judge_gate(comparison), slices=True))
    text += shown(summary_table(summarise(together(a, b).scores, fields)))
    assert not {c for c in text if (c < " " and c != "\n") or c in "\x7f\x9b\u202e"}


def test_markup_in_names_is_shown_and_not_obeyed():
    a, b = side("[bold red]A[/]", [1.0, 0.0]), side("B[/nonsense]", [1.0, 1.0])
    text = shown(comparison_view(compare(a, b)), 200, colour=True)
    assert "[bold red]A[/]" in text and "B[/nonsense]" in text


def test_the_verdict_is_written_out_without_colour():
    a, b, _ = triage()
    for sides, word in (((a, b), "better"), ((b, a), "worse"), ((a, a), "undecided")):
        comparison = compare(*sides)
        line = next(x for x in shown(comparison_view(comparison)).splitlines() if x.startswith("accuracy"))
        assert word in line
