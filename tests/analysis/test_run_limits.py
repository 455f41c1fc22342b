"""What a whole run may come to: counted as seen, and what is unknown never counts as nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.analysis.run_limits import limit_rules


def cells(**columns):
    frame = {"cost_usd": 0.5, "input_tokens": 100.0, "output_tokens": 20.0, "latency_s": 1.0}
    frame |= {"ttft_s": 0.2, "error": None}
    rows = max(len(values) for values in columns.values()) if columns else 4
    return pd.DataFrame({name: columns.get(name, [value] * rows) for name, value in frame.items()})


@pytest.mark.parametrize(
    ("limits", "columns", "status", "said"),
    [
        ({"cost_usd": 2.0}, {}, "passed", "$2.00, at most $2.00"),
        ({"cost_usd": 1.99}, {}, "failed", "$2.00, above $1.99"),
        ({"cost_usd": 9.0}, {"cost_usd": [1.0, None]}, "undecided", "unknown for 1 of 2 answers"),
        ({"cost_usd": 0.9}, {"cost_usd": [1.0, None]}, "failed", "$1.00, above"),
        ({"total_tokens": 480}, {}, "passed", "480 tokens, at most 480 tokens"),
        ({"total_tokens": 479}, {}, "failed", "480 tokens, above 479 tokens"),
        ({"total_tokens": 999}, {"output_tokens": [20.0, None]}, "undecided", "unknown for 1 of 2"),
        ({"p95_latency_s": 1.0}, {"latency_s": [1.0] * 99 + [60.0]}, "passed", "1.00 s, at most 1.00 s"),
        ({"p95_latency_s": 1.0}, {"latency_s": [1.0] * 90 + [60.0] * 10}, "failed", "60.0 s, above"),
        ({"p95_latency_s": 1.0}, {"latency_s": [1.0, None]}, "undecided", "unknown for 1 of 2"),
        ({"p95_ttft_s": 0.1}, {}, "failed", "first token: 200 ms, above 100 ms"),
        ({"p95_ttft_s": 0.3}, {"ttft_s": [0.2, None]}, "undecided", "unknown for 1 of 2"),
        ({"errors": 1}, {"error": [None, "timeout"]}, "passed", "1 failed answer, 1 allowed"),
        ({"errors": 0}, {"error": [None, "timeout"]}, "failed", "1 failed answer, 0 allowed"),
    ],
)
def test_each_limit_is_held_by_what_was_seen(limits, columns, status, said):
    [rule] = limit_rules(cells(**columns), limits)
    assert rule.status == status and said in rule.reason


def test_a_failed_answer_is_an_error_and_nothing_unknown():
    broken = cells(cost_usd=[0.5, None], error=[None, "timeout"])
    rules = limit_rules(broken, {"cost_usd": 1.0, "total_tokens": 500, "p95_latency_s": 2, "errors": 1})
    assert [rule.status for rule in rules] == ["passed"] * 4


def test_while_cells_are_missing_only_what_is_over_its_limit_is_settled():
    limits = {"cost_usd": 1.0, "total_tokens": 999}
    over, under = limit_rules(cells(cost_usd=[0.6, 0.6]), limits, missing=3)
    assert over.status == "failed" and under.status == "undecided"
    assert "so far, with 3 cells without an answer" in under.reason
