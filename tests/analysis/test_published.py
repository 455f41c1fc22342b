"""Numbers that others published, so that no formula here is only right by its own lights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from support.frames import pass_fail, side

from workbench.analysis import paired, paired_intervals
from workbench.analysis.compare import compare
from workbench.analysis.estimators import constant_interval, t_interval, wilson
from workbench.analysis.summary import summarise

# Student, Biometrika 6 (1908): additional hours of sleep of ten patients by two drugs.
SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Darwin's maize, in eighths of an inch, which Fisher (The Design of Experiments, 1935, section 21) permuted by hand.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombes_table(passed, n, low, high):
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    found = wilson(passed, n)
    assert [round(float(end), 4) for end in found] == [low, high]


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_a_pass_rate_has_the_corrected_interval_of_newcombes_table_and_of_scipy(passed, n, low, high):
    # The same table, method 4.
    summary = summarise(side("A", [1.0] * passed + [0.0] * (n - passed)).scores)[0]
    assert [round(end, 4) for end in (summary.ci_low, summary.ci_high)] == [low, high]
    assert (summary.n, summary.method) == (n, "Wilson, corrected for continuity")
    theirs = stats.binomtest(passed, n).proportion_ci(method="wilsoncc")
    assert (summary.ci_low, summary.ci_high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_twenty_equal_cases_leave_clopper_and_pearsons_room():
    # The same table, method 5 (exact): 0 of 20 has the upper limit 0.1684.
    low, high = constant_interval(0.0, 20, bounds=(0.0, 1.0))
    assert (float(low), round(float(high), 4)) == (0.0, 0.1684)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        # Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013): airway
        # hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009), mid-p 0.039.
        (1, 7, 0.039),
        # Complete response before and after therapy (Cavo et al. 2012), in the same authors' book of 2017.
        (6, 16, 0.035),
    ],
)
def test_mcnemars_mid_p_is_that_of_its_authors(wins, losses, p):
    assert round(paired.mcnemar_midp(wins, losses), 3) == p
    exact = stats.binomtest(wins, wins + losses).pvalue
    point = stats.binom.pmf(wins, wins + losses, 0.5)
    assert paired.mcnemar_midp(wins, losses) == pytest.approx(exact - point)


def test_the_paired_interval_agrees_with_published_ones():
    # Bonett and Price's formula on the two tables above, worked out by hand: (x21 + 1)/(n + 2) and so on.
    assert paired_intervals.bonett_price(1, 7, 21) == pytest.approx((-0.5084, -0.0134), abs=5e-5)
    low, high = paired_intervals.bonett_price(6, 16, 161)
    # Newcombe's square-and-add interval of the second is −0.1186 to −0.0046 (Fagerland et al., Statistical
    # Analysis of Contingency Tables, 2017, chapter 8): another method, so near but not equal.
    assert (low, high) == pytest.approx((-0.1186, -0.0046), abs=0.002)


def test_a_comparison_reports_those_numbers_and_not_others():
    m = compare(*pass_fail(6, 16, 161, 59)).primary
    assert (m.wins, m.losses, m.ties, m.n) == (6, 16, 139, 161)
    assert m.diff == pytest.approx(-10 / 161)
    assert (m.ci_low, m.ci_high) == pytest.approx(paired_intervals.bonett_price(6, 16, 161))
    assert m.p == pytest.approx(0.0347, abs=5e-5)
    assert m.verdict == "worse"


def test_students_sleep_has_students_interval():
    # t = 4.0621, 95 % interval 0.7001 to 2.4599 (R's manual page of t.test).
    diff = np.subtract(SLEEP_B, SLEEP_A)
    low, high = t_interval(diff.mean(), diff.std(ddof=1), diff.size)
    assert (float(low), float(high)) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    m = compare(side("A", SLEEP_A), side("B", SLEEP_B), units={"accuracy": "count"}).primary
    assert (m.ci_low, m.ci_high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    expected = stats.permutation_test(
        (diff,), np.sum, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert m.p == pytest.approx(expected.pvalue)


def test_fishers_permutation_of_darwins_maize_comes_out_to_the_item():
    # 863 of the 32,768 ways have a sum of 314 or more, so 1,726 are as far from zero.
    assert paired.sign_flip(MAIZE) * 2**15 == pytest.approx(1726, abs=1e-6)


def test_drawn_permutations_agree_with_scipys():
    rng = np.random.default_rng(11)
    diff = rng.normal(0.03, 0.12, 60)
    draws = stats.permutation_test(
        (diff,), np.sum, permutation_type="samples", vectorized=True, n_resamples=20_000, rng=rng
    )
    expected = stats.ttest_1samp(diff, 0).pvalue
    assert paired.sign_flip(diff) == pytest.approx(draws.pvalue, abs=0.012)
    assert paired.sign_flip(diff) == pytest.approx(expected, abs=0.012)


def test_very_many_cases_are_tested_by_the_normal_limit_of_the_same_test():
    rng = np.random.default_rng(5)
    many = rng.normal(0.002, 0.1, paired.NORMAL_CASES + 1)
    assert paired.sign_flip(many) == pytest.approx(paired.sign_flip(many[:-1]), abs=0.012)


def test_holms_textbook_example():
    # Holm, Scandinavian Journal of Statistics 6 (1979); the four hypotheses of the usual example.
    assert paired.holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert paired.holm([]).size == 0


def test_the_detectable_difference_is_millers():
    # Miller 2024 (arXiv:2411.00640): 2.8 standard errors; two versions that differ on 20 % of the cases.
    assert paired.detectable_difference(math.sqrt(0.2), 100) == pytest.approx(0.1253, abs=5e-5)
    assert paired.detectable_difference(math.sqrt(0.2), 500) == pytest.approx(0.0560, abs=5e-5)


def test_mcnemars_p_of_gsm8k_needs_no_luck():
    # 6B fine-tuning against verification: 293 gained, 64 lost (Cobbe et al. 2021, the authors' recorded answers).
    assert paired.mcnemar_midp(293, 64) < 1e-30
    assert paired.mcnemar_midp(0, 0) == 1.0
    assert paired.mcnemar_midp(40, 40) == pytest.approx(1.0)
    assert paired.mcnemar_midp(600_000, 400_000) == 0.0
