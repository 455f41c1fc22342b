"""Several answers as one value: hand-worked and counted values, errors kept apart, flaky cases found."""

from __future__ import annotations

from itertools import combinations
from math import nan

import numpy as np
import pandas as pd
import pytest

from workbench.analysis.repeats import Reducer, flaky_cases, reduce_repeats, reduced
from workbench.analysis.summary import summarise


@pytest.mark.parametrize("n", [1, 3, 5])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_pass_at_k_and_pass_all_k_are_what_counting_all_subsets_gives(n, k):
    if k > n:
        return
    for c in range(n + 1):
        answers = [1] * c + [0] * (n - c)
        subsets = list(combinations(answers, k))
        some, every = (np.mean([how(s) for s in subsets]) for how in (any, all))
        assert reduced(np.array([c]), np.array([n]), Reducer("pass_at_k", k))[0] == pytest.approx(some)
        assert reduced(np.array([c]), np.array([n]), Reducer("pass_all_k", k))[0] == pytest.approx(every)


def test_pass_at_k_of_the_paper():
    # Chen et al. 2021, figure 3's code: n = 200, c = 10, k = 10.
    expected = 1 - np.prod(1 - 10 / np.arange(200 - 10 + 1, 200 + 1))
    assert reduced(np.array([10]), np.array([200]), Reducer("pass_at_k", 10))[0] == pytest.approx(expected)


def test_a_tie_is_no_majority_and_at_least_k_counts():
    c, n = np.array([0, 1, 2, 3, 4]), np.full(5, 4)
    assert reduced(c, n, Reducer("majority")).tolist() == [0, 0, 0, 1, 1]
    assert reduced(c, n, Reducer("at_least", 2)).tolist() == [0, 0, 1, 1, 1]


def frame(rows):
    columns = ["prompt_index", "model_index", "prompt", "version", "model", "case_id", "repeat", "scorer"]
    data = [(0, 0, "p", 1, "m", case, r, scorer, v, p, e) for case, r, scorer, v, p, e in rows]
    return pd.DataFrame(data, columns=[*columns, "value", "passed", "error"]).astype(
        {"passed": object, "error": object}
    )


def test_the_case_stays_the_unit_and_errors_stay_apart():
    rows = [("a", 0, "s", 1.0, True, None), ("a", 1, "s", 0.0, False, None), ("a", 2, "s", 1.0, True, None)]
    rows += [
        ("b", 0, "s", 0.0, False, None),
        ("b", 1, "s", nan, None, "timeout"),
        ("b", 2, "s", 0.0, False, None),
    ]
    rows += [("c", 0, "s", nan, None, "timeout"), ("c", 1, "s", nan, None, None)]
    rows += [("a", r, "latency", 1.0 + r, None, None) for r in range(3)]
    found = reduce_repeats(frame(rows), {"s": Reducer("majority")})
    own = found[found["scorer"] == "s"]
    assert own[own["value"].notna()][["case_id", "value", "passed"]].values.tolist() == [
        ["a", 1.0, True],
        ["b", 0.0, False],
    ]
    assert (len(own), own["error"].notna().sum()) == (5, 2)
    assert len(found[found["scorer"] == "latency"]) == 3
    summary = next(s for s in summarise(found) if s.scorer == "s")
    assert (summary.n, summary.answers, summary.errors, summary.unknown, summary.mean) == (2, 2, 2, 1, 0.5)


def test_too_few_answers_and_scorers_that_only_measure_are_errors_and_no_zeros():
    rows = [("a", 0, "s", 1.0, True, None), ("b", 0, "s", 0.4, None, None)]
    found = reduce_repeats(frame(rows), {"s": Reducer("pass_at_k", 2)})
    assert found["value"].isna().all()
    assert "needs 2 answers" in found["error"][0] and "give it a threshold" in found["error"][1]


def test_a_flaky_case_is_one_that_both_passed_and_failed():
    rows = [("a", 0, "s", 1.0, True, None), ("a", 1, "s", 0.0, False, None)]
    rows += [("b", r, "s", 1.0, True, None) for r in range(2)] + [("c", 0, "s", 0.4, None, None)]
    [found] = flaky_cases(frame(rows))
    assert (found.scorer, found.cases) == ("s", ("a",))
