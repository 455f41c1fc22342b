"""Markdown that goes into commits and comments: complete, and nothing in it is active."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import pass_fail, side, together

from workbench.analysis.compare import compare
from workbench.analysis.gate import judge_gate
from workbench.analysis.summary import summarise
from workbench.reports.markdown import comparison_comment, comparison_table, escape, summary_table

HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "a|b",
            "| x |\n| --- |",
            "<img src=x onerror=alert(1)>",
            "@maintainers please merge",
            "`@maintainers` and _@others_",
            "[click](javascript:alert(1))",
            "![x](http://tracker)",
            "`code` **bold** ~~gone~~ _it_",
            "\\| \\\\|",
            "&lt;b&gt;",
            "\x1b[31mred\u202e",
        ]
    ),
)


def cells_of(line: str) -> list[str]:
    """Split a table row at the pipes that are not escaped, as a renderer does."""
    return re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]


@settings(max_examples=200)
@given(HOSTILE)
def test_escaped_text_stays_in_its_cell_and_is_not_active(text):
    safe = escape(text)
    assert "\n" not in safe
    assert len(cells_of(f"| {safe} |")) == 1
    assert not re.search(r"[<>]", safe)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]~]", safe)
    assert not re.search(r"(?<![A-Za-z0-9])@\w", safe)
    assert not {c for c in safe if c < " " or c in "\x7f\u202e"}


def test_ordinary_names_stay_legible():
    assert escape("openai/gpt-4o-mini") == "openai/gpt-4o-mini"
    assert (
        escape("support_triage@3") == "support_triage@\u200b3"
        or escape("support_triage@3") == "support_triage@3"
    )
    assert escape("5 < 6 & 7") == "5 &lt; 6 &amp; 7"
    assert escape("@ana") == "@\u200bana"
    assert len(escape("x" * 1000)) == 120


@settings(max_examples=25, deadline=None)
@given(HOSTILE)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(name):
    a, b = side("A" + name, [1.0, 0.0], scorer="s" + name), side("B" + name, [1.0, 1.0], scorer="s" + name)
    fields = {"f": {"c0": name, "c1": "x"}}
    for lines in (
        comparison_table(compare(a, b, slices=fields)),
        summary_table(summarise(together(a, b).scores, fields)),
    ):
        assert len({len(cells_of(line)) for line in lines}) == 1


def test_a_comparison_shows_both_sides_interval_n_and_verdict_of_every_metric_and_slice():
    a, b = pass_fail(40, 8, 120, 30)
    lines = comparison_table(compare(a, b, slices={"half": {f"c{i}": i < 60 for i in range(120)}}))
    assert lines[0] == "| Metric | A | B | Difference (95 % interval) | n | p | Verdict |"
    assert lines[2].startswith(
        "| accuracy | 31.7 % | 58.3 % | +26.7 points (+15.9 to +36.6) | 120 | < 0.001 | better"
    )
    assert [line.split(" | ")[0] for line in lines[3:]] == [
        "| accuracy, half=false",
        "| accuracy, half=true",
        "| cost per answer",
        *(f"| latency, {name}" for name in ("p50", "p90", "p95", "p99")),
    ]


def test_errors_are_counted_in_the_table_and_end_the_verdict_there_too():
    few = comparison_table(compare(side("A", [0.0] * 100), side("B", ["timeout"] + [1.0] * 99)))
    assert "| 99 |" in few[2] and "better (1 left out)" in few[2]
    many = comparison_table(compare(side("A", [0.0] * 10), side("B", ["timeout"] + [1.0] * 9)))
    assert "no verdict (1 of 10 pairs miss an answer)" in many[2]


def test_unknown_cost_is_not_a_zero():
    lines = comparison_table(compare(side("A", [1.0] * 5, cost=None), side("B", [1.0] * 5, cost=0.001)))
    cost = next(line for line in lines if line.startswith("| cost per answer"))
    assert "unknown" in cost and "0.00" not in cost


def test_a_huge_table_fits_a_release_and_keeps_cost_and_latency():
    a, b = side("A", [1.0] * 200), side("B", [0.0] * 200)
    fields = {f"f{k}": {f"c{i}": i % 40 for i in range(200)} for k in range(4)}
    lines = [line for line in comparison_table(compare(a, b, slices=fields)) if line]
    assert len(lines) <= 100
    assert any(line.startswith("| latency, p99") for line in lines)
    assert lines[-1] == "71 more rows are not shown."


def test_a_comment_has_the_verdict_first_then_gate_table_notes_and_cases():
    comparison = compare(*pass_fail(40, 8, 120, 30))
    text = "\n".join(comparison_comment(comparison, judge_gate(comparison, max_cost_ratio=2)))
    order = [
        "**B is better than A",
        "**Gate: passed**",
        "| Metric |",
        "- Regressions: 8 (c40,",
        "- Improvements: 40",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "and 20 more" in text


@pytest.mark.parametrize("value", ["@team", "a|b", "<b>"])
def test_a_comment_mentions_nobody_and_holds_no_html(value):
    a, b = side(value, {value: 1.0, "x": 0.0}), side(f"B {value}", {value: 0.0, "x": 0.0})
    text = "\n".join(comparison_comment(compare(a, b)))
    assert not re.search(r"(?<![A-Za-z0-9])@\w", text) and "<b>" not in text
