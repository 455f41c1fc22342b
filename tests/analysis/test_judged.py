"""A judge that errs does not decide what people would say."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.analysis.judged import corrected_difference, corrected_mean, rogan_gladen
from workbench.errors import BadInput

NAN = float("nan")


def lenient_to_b(rng, n=300, labelled=100, right=0.6):
    """Both versions are equally good; the judge passes one in five of B's failures."""
    a, b = ((rng.random(n) < right).astype(float) for _ in range(2))
    judged_a = np.where(rng.random(n) < 0.1, 1 - a, a)
    judged_b = np.where(rng.random(n) < 0.1, 1 - b, b)
    judged_b = np.where((b == 0) & (rng.random(n) < 0.2), 1.0, judged_b)
    seen = rng.permutation(n) < labelled
    return judged_a, judged_b, np.where(seen, a, NAN), np.where(seen, b, NAN)


def test_the_corrected_difference_is_unbiased_where_the_raw_one_is_not():
    rng = np.random.default_rng(8)
    found = [corrected_difference(*lenient_to_b(rng)) for _ in range(600)]
    raw, value = (np.array([getattr(f, name) for f in found]) for name in ("raw", "value"))
    assert raw.mean() > 0.05
    assert abs(value.mean()) < 3.5 * value.std() / np.sqrt(600)
    covered = np.mean([f.ci_low <= 0 <= f.ci_high for f in found])
    assert 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / 600) <= covered
    assert np.mean([f.p < 0.05 for f in found]) <= 0.05 + 3.5 * np.sqrt(0.95 * 0.05 / 600)
    assert np.mean([abs(f.raw) > 1.96 * np.sqrt(0.5 / 300) for f in found]) > 0.2


@pytest.mark.parametrize(
    ("rate", "fails_good", "passes_bad", "labelled"),
    [(0.9, 0.0, 0.3, 20), (0.95, 0.03, 0.0, 50), (0.05, 0.0, 0.05, 20), (0.5, 0.1, 0.1, 50)],
)
def test_a_corrected_pass_rate_covers_where_few_errors_were_seen_and_the_raw_one_does_not(
    rate, fails_good, passes_bad, labelled
):
    rng, sims, n = np.random.default_rng(17), 600, 400
    found = []
    for _ in range(sims):
        truth = (rng.random(n) < rate).astype(float)
        wrong = rng.random(n) < np.where(truth > 0, fails_good, passes_bad)
        labels = np.where(np.arange(n) < labelled, truth, NAN)
        found.append(corrected_mean(np.where(wrong, 1 - truth, truth), labels, kind="score"))
    value = np.array([f.value for f in found])
    assert abs(value.mean() - rate) < 3.5 * value.std() / np.sqrt(sims)
    assert np.mean([f.ci_low <= rate <= f.ci_high for f in found]) >= 0.945 - 3.5 * np.sqrt(
        0.05 * 0.95 / sims
    )
    raw = np.array([f.raw for f in found])
    if rate != 0.5:
        assert abs(raw.mean() - rate) > 20 * raw.std() / np.sqrt(sims)


def test_labelled_cases_of_one_cluster_count_as_far_as_they_tell_different_things():
    rng, codes = np.random.default_rng(5), np.repeat(np.arange(60), 5)
    truth = np.repeat(rng.random(60) < 0.6, 5).astype(float)
    judged = np.where(np.repeat(rng.random(60) < 0.2, 5), 1 - truth, truth)
    labels = np.where(np.isin(codes, rng.permutation(60)[:20]), truth, NAN)
    alone = corrected_mean(judged, labels, kind="score")
    together = corrected_mean(judged, labels, kind="score", clusters=codes)
    assert together.value == alone.value
    assert together.ci_high - together.ci_low > 1.7 * (alone.ci_high - alone.ci_low)
    with pytest.raises(BadInput, match="5 clusters only"):
        corrected_mean(judged, np.where(codes < 5, truth, NAN), clusters=codes)


def test_a_good_judge_narrows_what_labels_alone_say_and_a_useless_one_does_no_harm():
    rng = np.random.default_rng(2)
    truth = rng.normal(0, 1, 1000)
    labels = np.where(np.arange(1000) < 100, truth, NAN)
    good = corrected_mean(truth + rng.normal(0, 0.3, 1000), labels)
    useless = corrected_mean(rng.normal(0, 1, 1000), labels)
    alone = corrected_mean(np.zeros(1000), labels)
    assert good.ci_high - good.ci_low < 0.6 * (alone.ci_high - alone.ci_low)
    assert useless.ci_high - useless.ci_low < 1.1 * (alone.ci_high - alone.ci_low)
    assert alone.weight == 0 and useless.weight < 0.3 and good.weight > 0.7


def test_with_every_case_labelled_it_is_the_mean_of_the_labels():
    values = np.random.default_rng(1).normal(0.3, 1, 50)
    found = corrected_mean(values + 5, values)
    assert (found.value, found.bias, found.raw) == pytest.approx((values.mean(), 5, values.mean() + 5))
    half = 2.0095752 * values.std(ddof=1) / np.sqrt(50)  # t at 49 degrees of freedom
    assert found.ci_high - found.value == pytest.approx(half)


def test_a_constant_added_by_the_judge_to_all_cases_changes_nothing():
    rng = np.random.default_rng(3)
    judged_a, judged_b, a, b = lenient_to_b(rng)
    plain, shifted = (
        corrected_difference(judged_a, judged_b, a, b, bounded=False),
        corrected_difference(judged_a, judged_b + 3, a, b, bounded=False),
    )
    assert shifted.value == pytest.approx(plain.value)
    assert (shifted.ci_low, shifted.ci_high) == pytest.approx((plain.ci_low, plain.ci_high))


def test_the_weighted_estimate_is_the_formula_of_the_paper_with_weights_of_the_other_cases():
    rng = np.random.default_rng(4)
    y = rng.normal(1, 1, 40)
    f, others = y + rng.normal(0, 1, 40), rng.normal(1.2, 1.4, 160)
    found = corrected_mean(np.concatenate([f, others]), np.concatenate([y, np.full(160, NAN)]))
    every = np.concatenate([f, others])
    weights = [
        np.cov(np.delete(y, i), np.delete(f, i))[0, 1] / ((1 + 40 / 160) * every.var(ddof=1))
        for i in range(40)
    ]
    assert found.weight == pytest.approx(np.mean(weights))
    assert found.value == pytest.approx(np.mean(y - weights * f) + np.mean(weights) * others.mean())


def test_rogan_gladen_gives_the_textbook_value():
    value, low, high = rogan_gladen(300, 1000, (90, 100), (190, 200))
    assert value == pytest.approx((0.3 + 0.95 - 1) / (0.9 + 0.95 - 1))
    assert low < value < high
    with pytest.raises(BadInput, match="no better than chance"):
        rogan_gladen(3, 10, (5, 10), (5, 10))


def test_what_cannot_correct_a_judge_is_refused():
    with pytest.raises(BadInput, match="too few"):
        corrected_mean([1.0] * 30, [1.0] * 5 + [NAN] * 25)
    with pytest.raises(BadInput, match="missing"):
        corrected_mean([NAN] * 30, [1.0] * 30)
    with pytest.raises(BadInput, match="not of the same cases"):
        corrected_mean([1.0] * 30, [1.0] * 29)
    same = corrected_mean([1.0] * 100, [1.0] * 25 + [NAN] * 75)
    assert same.ci_low < 1.0 and same.p == 1.0
