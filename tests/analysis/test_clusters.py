"""Cases that belong together are not counted as independent ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import side

from workbench.analysis.clusters import Clusters, clustered, t_over_clusters
from workbench.analysis.compare import compare
from workbench.analysis.summary import summarise

EXAMPLES = settings(max_examples=25, deadline=None)
VALUES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0])), min_size=4, max_size=30
)


def by_tens(n: int, size: int = 10) -> Clusters:
    return Clusters("document", {f"c{i}": i // size for i in range(n)})


@EXAMPLES
@given(VALUES, st.booleans())
def test_clusters_of_one_case_change_nothing(pairs, named):
    a, b = side("A", [x for x, _ in pairs]), side("B", [y for _, y in pairs])
    alone = Clusters("document", {f"c{i}": i for i in range(len(pairs))} if named else {})
    assert compare(a, b, clusters=alone, margin=0.1).to_dict() == compare(a, b, margin=0.1).to_dict()
    assert summarise(a.scores, clusters=alone) == summarise(a.scores)


@EXAMPLES
@given(VALUES)
def test_swapping_the_sides_mirrors_clustered_intervals(pairs):
    a, b = side("A", [x for x, _ in pairs]), side("B", [y for _, y in pairs])
    groups = by_tens(len(pairs), 2)
    there, back = (compare(*sides, clusters=groups).primary for sides in ((a, b), (b, a)))
    assert there.p == pytest.approx(back.p)
    if there.ci_low is not None:
        assert (there.ci_low, there.ci_high) == pytest.approx((-back.ci_high, -back.ci_low))
        assert there.ci_low - 1e-12 <= there.diff <= there.ci_high + 1e-12


def test_ten_copies_of_a_case_are_one_case():
    """The t interval of the clusters is that of one case each, and so is p."""
    once_a, once_b = [0.1, 0.4, 0.3, 0.8, 0.5, 0.6, 0.2], [0.3, 0.5, 0.2, 0.9, 0.9, 0.8, 0.35]
    a, b = (side(n, [v for v in vs for _ in range(10)]) for n, vs in (("A", once_a), ("B", once_b)))
    once = compare(side("A", once_a), side("B", once_b)).primary
    many = compare(a, b, clusters=by_tens(70)).primary
    assert (many.n, many.clusters, once.clusters) == (70, 7, None)
    assert (many.diff, many.p) == pytest.approx((once.diff, once.p))
    assert (many.ci_low, many.ci_high) == pytest.approx((once.ci_low, once.ci_high))
    unaware = compare(a, b).primary
    assert unaware.ci_high - unaware.ci_low < 0.5 * (many.ci_high - many.ci_low)


def test_a_difference_that_one_document_makes_is_not_established():
    a, b = side("A", [0.0] * 100), side("B", [1.0] * 20 + [0.0] * 80)
    assert compare(a, b).verdict == "better"
    found = compare(a, b, clusters=by_tens(100))
    assert found.verdict == "undecided"
    assert "n = 100 cases in 10 clusters" in found.headline


def test_few_clusters_are_said_and_establish_nothing():
    a, b = side("A", [0.0] * 50), side("B", [1.0] * 50)
    found = compare(a, b, clusters=by_tens(50))
    assert found.verdict == "undecided"
    assert any("fewer than 6 nothing can be established" in w for w in found.warnings)
    single = compare(a, b, clusters=by_tens(50, 50)).primary
    assert (single.ci_low, single.verdict, single.clusters) == (None, "undecided", 1)
    assert compare(side("A", [0.0] * 120), side("B", [1.0] * 120), clusters=by_tens(120)).verdict == "better"


def test_one_version_has_a_wider_interval_where_its_cases_belong_together():
    scores = side("A", [1.0] * 30 + [0.0] * 20 + [1.0] * 50).scores
    plain, grouped = summarise(scores)[0], summarise(scores, clusters=by_tens(100))[0]
    assert grouped.mean == plain.mean and (grouped.clusters, plain.clusters) == (10, None)
    assert grouped.ci_low < plain.ci_low - 0.1 and grouped.ci_high > plain.ci_high
    assert grouped.method == "Wilson, clustered by document"


def test_clustered_standard_error_is_that_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(12), 8)
    values = rng.normal(0.1, 1, 96) + rng.normal(0, 0.7, 12)[codes]
    fit = sm.OLS(values, np.ones(96)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    ours = clustered(values, codes, rare=96)
    assert ours.se == pytest.approx(fit.bse[0])
    low, high = t_over_clusters(ours, 0.95)
    assert (float(low), float(high)) == pytest.approx(tuple(fit.conf_int()[0]))


def test_uneven_clusters_have_the_standard_error_of_the_jackknife():
    values, codes = np.array([1.0, 2, 3, 4, 5, 9]), np.array([0, 0, 0, 1, 1, 2])
    left_out = np.array([values[codes != g].mean() for g in range(3)])
    expected = np.sqrt(2 / 3 * np.square(left_out - values.mean()).sum())
    assert clustered(values, codes, rare=6).se == pytest.approx(expected)


def test_repeats_that_vary_and_cases_that_differ_are_told_apart():
    rng = np.random.default_rng(1)
    noisy = [[float(v) for v in rng.random(4) < 0.5] for _ in range(200)]
    firm = [[float(v)] * 4 for v in rng.random(200) < 0.5]
    shares = [summarise(side("A", values).scores)[0].repeat_share for values in (noisy, firm)]
    assert shares[0] > 0.85 and shares[1] == 0
    assert summarise(side("A", [1.0, 0.0]).scores)[0].repeat_share is None
    mixed = compare(side("A", firm), side("B", noisy))
    assert 0.05 < mixed.primary.repeat_share < 0.5
    undecided = compare(side("A", noisy[:30]), side("B", noisy[30:60]))
    assert any(w.startswith("More repeats would help") for w in undecided.warnings)


def test_the_split_of_variance_is_that_of_the_textbook():
    """Fleiss, The Design and Analysis of Clinical Experiments: one-way random effects, MSB and MSW."""
    values = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    scores = side("A", [list(row) for row in values]).scores
    msb = 4 * values.mean(axis=1).var(ddof=1)
    msw = values.var(axis=1, ddof=1).mean()
    found = summarise(scores, units={"accuracy": "count"})[0]
    assert found.repeat_share == pytest.approx(min(1.0, msw / msb))
