"""Preferences of judges and people: win rates, the effect of order, Bradley–Terry strengths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis.paired import mcnemar_midp
from workbench.analysis.paired_intervals import adjusted_wald
from workbench.analysis.preferences import Preference, bradley_terry, order_effect, win_rate
from workbench.errors import BadInput

#: Agresti, Categorical Data Analysis, table 10.10: games won by the row's team, American League East 1987.
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
WON = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
PUBLISHED = [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0]


def games() -> list[Preference]:
    found = []
    for i, row in enumerate(WON):
        for j, number in enumerate(row):
            found += [Preference(f"{i}-{j}-{k}", TEAMS[i], TEAMS[j], TEAMS[i]) for k in range(number)]
    return found


def test_bradley_terry_gives_the_published_strengths_of_baseball():
    found = {s.name: s.strength for s in bradley_terry(games(), prior=0)}
    ours = [found[team] - found["Baltimore"] for team in TEAMS]
    assert ours == pytest.approx(PUBLISHED, abs=0.005)


def test_bradley_terry_is_the_logistic_regression_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    x, y = [], []
    for p in games():
        row = np.zeros(len(TEAMS))
        row[TEAMS.index(p.first)], row[TEAMS.index(p.second)] = 1, -1
        x.append(row[:-1])
        y.append(p.winner == p.first)
    fit = sm.Logit(np.array(y, float), np.array(x)).fit(disp=0)
    found = {s.name: s.strength for s in bradley_terry(games(), prior=0)}
    assert [found[t] - found["Baltimore"] for t in TEAMS[:-1]] == pytest.approx(fit.params.tolist(), abs=1e-5)


@pytest.mark.parametrize(("truth", "orders"), [((0.6, 0.0, -0.6), 2), ((2.0, -1.0, -1.0), 1)])
def test_intervals_hold_the_true_strength_with_few_cases(truth, orders):
    rng, sims = np.random.default_rng(6), 150
    held = 0
    for _ in range(sims):
        judged = []
        for case, (i, j) in itertools.product(range(25), itertools.combinations(range(3), 2)):
            for first, second in ((i, j), (j, i))[:orders]:
                wins = rng.random() < 1 / (1 + np.exp(truth[second] - truth[first]))
                judged.append(
                    Preference(f"c{case}", f"v{first}", f"v{second}", f"v{first if wins else second}")
                )
        found = {s.name: s for s in bradley_terry(judged)}
        held += sum(found[f"v{i}"].ci_low <= truth[i] <= found[f"v{i}"].ci_high for i in range(3))
    assert held / (3 * sims) >= 0.945 - 3.5 * np.sqrt(0.95 * 0.05 / sims)


def test_the_sandwich_of_independent_games_is_about_the_error_of_the_logistic_regression():
    found = {s.name: s for s in bradley_terry(games(), prior=0)}
    # Agresti gives 0.31 to 0.35 for differences from Baltimore; those from the mean of all are smaller.
    halves = [(s.ci_high - s.ci_low) / (2 * 1.97) for s in found.values()]
    assert all(0.19 < half < 0.27 for half in halves)


def test_one_who_never_lost_has_a_finite_strength_with_a_prior_and_is_refused_without():
    judged = [Preference(f"c{i}", "a", "b", "b") for i in range(10)]
    strong, weak = bradley_terry(judged)
    assert (strong.name, weak.name) == ("b", "a") and 1 < strong.strength < 5
    with pytest.raises(BadInput, match="never won"):
        bradley_terry(judged, prior=0)
    with pytest.raises(BadInput, match="never met"):
        bradley_terry([*judged, Preference("x", "c", "d", "c")])


def test_a_win_rate_counts_ties_as_half_and_has_the_paired_interval():
    judged = [Preference(f"c{i}", "A", "B", ["B", "B", "B", "A", None][i % 5]) for i in range(50)]
    found = win_rate(judged, "A", "B")
    assert (found.rate, found.wins, found.ties, found.losses, found.n) == (0.7, 30, 10, 10, 50)
    low, high = adjusted_wald(np.repeat([1.0, -1.0, 0.0], [30, 10, 10]))
    assert (found.ci_low, found.ci_high) == pytest.approx(((1 + low) / 2, (1 + high) / 2))
    assert found.p == pytest.approx(mcnemar_midp(30, 10), abs=2e-3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.sampled_from(["A", "B", None])),
        min_size=1,
        max_size=30,
    )
)
def test_the_other_one_wins_the_rest(votes):
    judged = [Preference(f"c{c}", *(("A", "B") if a_first else ("B", "A")), w) for c, a_first, w in votes]
    there, back = win_rate(judged, "A", "B"), win_rate(judged, "B", "A")
    assert there.rate == pytest.approx(1 - back.rate) and there.p == pytest.approx(back.p)
    assert there.ci_low == pytest.approx(1 - back.ci_high)
    assert 0 <= there.ci_low <= there.rate <= there.ci_high <= 1


def test_a_judge_who_takes_the_first_is_found_out():
    judged = []
    for i in range(40):
        judged += [Preference(f"c{i}", "A", "B", "A"), Preference(f"c{i}", "B", "A", "B")]
    found = order_effect(judged)
    assert (found.rate, found.both_orders, found.agreed) == (1.0, 40, 0.0)
    assert found.p < 0.001 and win_rate(judged, "A", "B").rate == 0.5
    fair = [Preference(f"c{i}", *pair, "B") for i in range(40) for pair in (("A", "B"), ("B", "A"))]
    assert (order_effect(fair).rate, order_effect(fair).agreed, order_effect(fair).p) == (0.5, 1.0, 1.0)
    assert order_effect(judged[:1]).agreed is None


def test_what_is_no_judgement_is_refused():
    with pytest.raises(BadInput, match="Nobody has judged"):
        win_rate([Preference("c", "A", "B", "A")], "A", "C")
    with pytest.raises(BadInput, match="names C"):
        order_effect([Preference("c", "A", "B", "C")])
    with pytest.raises(BadInput, match="no judgements"):
        order_effect([])
