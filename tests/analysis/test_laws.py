"""What must hold for any scores whatever."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.frames import side, together

from workbench.analysis import paired
from workbench.analysis.compare import Comparison, Side, compare
from workbench.analysis.gate import judge_gate

MIRRORED = {"better": "worse", "worse": "better"}
PASS_FAIL = st.sampled_from([0.0, 1.0])
PARTIAL = st.sampled_from([0.0, 0.25, 0.5, 1.0])
SMOOTH = st.floats(0, 1, allow_subnormal=False)
EXAMPLES = settings(max_examples=25, deadline=None)


def cases_of(value: st.SearchStrategy, size: int = 24) -> st.SearchStrategy:
    answer = st.one_of(value, value, value, st.just("timeout"), st.none())
    one = st.tuples(answer, answer)
    several = st.tuples(st.lists(answer, min_size=2, max_size=3), st.lists(answer, min_size=2, max_size=3))
    return st.one_of(st.lists(one, min_size=1, max_size=size), st.lists(several, min_size=1, max_size=size))


ANY_CASES = st.one_of(cases_of(PASS_FAIL), cases_of(PARTIAL), cases_of(SMOOTH))
COMPLETE = st.one_of(
    *(st.lists(st.tuples(v, v), min_size=1, max_size=30) for v in (PASS_FAIL, PARTIAL, SMOOTH))
)
MARGINS = st.sampled_from([0.0, 0.02, 0.2, 1.0])


def sides(cases: list[tuple]) -> tuple[Side, Side]:
    return side("A", [a for a, _ in cases]), side("B", [b for _, b in cases])


def numbers(comparison: Comparison) -> list[dict]:
    return [m.to_dict() for m in comparison.metrics]


def negative(value: float | None) -> float | None:
    return None if value is None else -value


@EXAMPLES
@given(ANY_CASES, MARGINS)
def test_swapping_the_sides_mirrors_everything(cases, margin):
    a, b = sides(cases)
    there, back = compare(a, b, margin=margin).primary, compare(b, a, margin=margin).primary
    assert back.verdict == MIRRORED.get(there.verdict, there.verdict)
    assert (back.wins, back.ties, back.losses) == (there.losses, there.ties, there.wins)
    assert (back.n, back.errors, back.unknown) == (there.n, there.errors, there.unknown)
    for one, other in (("ci_low", "ci_high"), ("ci90_low", "ci90_high"), ("bound_low", "bound_high")):
        assert getattr(back, one) == pytest.approx(negative(getattr(there, other)), abs=1e-12)
    assert back.diff == pytest.approx(negative(there.diff), abs=1e-12)
    assert back.p == pytest.approx(there.p)
    assert back.cases_to_decide == there.cases_to_decide


@EXAMPLES
@given(ANY_CASES, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rows_nor_the_names_of_the_cases_matter(cases, random):
    a, b = sides(cases)
    expected = compare(a, b, margin=0.1)
    state = random.randrange(2**32)
    shuffled = [
        Side(s.name, *(f.sample(frac=1, random_state=state) for f in (s.scores, s.cells))) for s in (a, b)
    ]
    assert compare(*shuffled, margin=0.1).to_dict() == expected.to_dict()
    random.shuffle(cases)
    for renamed, before in zip(numbers(compare(*sides(cases), margin=0.1)), numbers(expected), strict=True):
        assert renamed == {k: pytest.approx(v) if isinstance(v, float) else v for k, v in before.items()}


@EXAMPLES
@given(COMPLETE, st.floats(-50, 50), st.floats(-50, 50))
def test_a_constant_moves_the_difference_and_nothing_else(cases, up, more):
    units = {"accuracy": "count"}
    plain = compare(*sides(cases), units=units).primary
    moved = compare(*sides([(a + up, b + up) for a, b in cases]), units=units).primary
    raised = compare(*sides([(a, b + more) for a, b in cases]), units=units).primary
    assert moved.diff == pytest.approx(plain.diff, abs=1e-9)
    assert raised.diff == pytest.approx(plain.diff + more, abs=1e-9)
    if plain.ci_low is not None and plain.ci_high - plain.ci_low > 1e-6:
        assert (moved.ci_low, moved.ci_high) == pytest.approx((plain.ci_low, plain.ci_high), abs=1e-9)
        shifted = (plain.ci_low + more, plain.ci_high + more)
        assert (raised.ci_low, raised.ci_high) == pytest.approx(shifted, abs=1e-9)


@EXAMPLES
@given(st.one_of(cases_of(PASS_FAIL), cases_of(SMOOTH)))
def test_a_version_is_never_better_or_worse_than_itself(cases):
    same = [(a, a) for a, _ in cases]
    comparison = compare(*sides(same), slices={"odd": {f"c{i}": i % 2 for i in range(len(same))}})
    assert {m.verdict for m in comparison.metrics} <= {"undecided", "no verdict"}
    assert not comparison.regressions and not comparison.improvements
    assert not judge_gate(comparison).passed
    if comparison.primary.n:
        assert (comparison.primary.p, comparison.primary.diff) == (1.0, 0.0)
        assert any("exactly the same" in w for w in comparison.warnings)


@EXAMPLES
@given(ANY_CASES, st.lists(st.sampled_from(["x", "y", 3, None]), min_size=24, max_size=24))
def test_slices_add_up_to_the_whole(cases, values):
    fields = {"kind": {f"c{i}": values[i] for i in range(len(cases)) if values[i] != 3}}
    comparison = compare(*sides(cases), slices=fields)
    whole, parts = comparison.primary, [m for m in comparison.metrics if m.slice is not None]
    for count in ("n", "pairs", "wins", "ties", "losses", "errors", "unknown"):
        assert sum(getattr(m, count) for m in parts) == getattr(whole, count), count
    if whole.n:
        weighted = sum(m.diff * m.n for m in parts if m.n) / whole.n
        assert weighted == pytest.approx(whole.diff, abs=1e-12)
    assert all(m.p_adjusted >= m.p for m in parts if m.p is not None)


@EXAMPLES
@given(COMPLETE, st.data())
def test_a_lost_answer_leaves_its_case_out_and_is_never_a_zero(cases, data):
    assume(len(cases) > 1)
    lost = data.draw(st.integers(0, len(cases) - 1))
    a, b = sides(cases)
    gone = Side("B", b.scores[b.scores["case_id"] != f"c{lost}"], b.cells)
    failed = Side("B", b.scores.copy(), b.cells)
    row = failed.scores["case_id"] == f"c{lost}"
    failed.scores.loc[row, "value"] = None
    failed.scores["error"] = failed.scores["error"].astype(object)
    failed.scores.loc[row, "error"] = "refusal"
    missing, errored = (compare(a, other).primary for other in (gone, failed))
    assert missing.to_dict() == errored.to_dict()
    assert (missing.n, missing.errors) == (len(cases) - 1, 1)
    rest = [c for i, c in enumerate(cases) if i != lost]
    assert missing.diff == pytest.approx(compare(*sides(rest)).primary.diff, abs=1e-12)


@EXAMPLES
@given(ANY_CASES, MARGINS)
def test_every_number_stays_in_its_range_and_json_has_no_nan(cases, margin):
    m = compare(*sides(cases), margin=margin).primary
    for name, value in m.to_dict().items():
        assert not isinstance(value, float) or -1e9 < value < 1e9, name
    assert m.wins + m.ties + m.losses == m.n
    assert m.p is None or 0 <= m.p <= 1
    if m.ci_low is not None:
        assert -1 <= m.ci_low <= m.diff + 1e-12
        assert m.diff - 1e-12 <= m.ci_high <= 1
    if m.verdict in ("better", "worse"):
        assert m.p < 0.05 and not m.ci_low <= 0 <= m.ci_high
    if m.verdict == "equivalent":
        assert -margin < m.ci90_low and m.ci90_high < margin


@EXAMPLES
@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_only_raises_p_values_and_keeps_their_order(p_values):
    adjusted = paired.holm(p_values).tolist()
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert [q for _, q in ranked] == sorted(adjusted)


@EXAMPLES
@given(st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=16, max_size=60), st.randoms())
def test_a_permutation_p_depends_on_the_differences_alone(differences, random):
    alone = paired.sign_flip(differences)
    mixed = list(differences)
    random.shuffle(mixed)
    among = paired.sign_flips([np.linspace(-1, 1, 999), np.array(mixed), np.ones(3)])
    # Sums in single precision may put a draw that is nearly a tie on the other side.
    two_draws = 2 / (1 + paired.DRAWS)
    assert among[1] == pytest.approx(alone, abs=two_draws)
    assert paired.sign_flip([-d for d in differences]) == pytest.approx(alone, abs=two_draws)


@EXAMPLES
@given(COMPLETE)
def test_a_second_scorer_changes_nothing_about_the_first(cases):
    a, b = sides(cases)
    other = [together(s, side(s.name, [0.5] * len(cases), scorer="other")) for s in (a, b)]
    alone, beside = compare(a, b).primary, compare(*other, metric="accuracy").primary
    assert beside.to_dict() == alone.to_dict()
