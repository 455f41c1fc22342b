"""Runs that stop when they are decided: what they ask, what they leave out, and what their verdict rests on."""

from __future__ import annotations

import random

import pytest
from support.recorded_runs import COLOURS, colours_workspace

from workbench.analysis.paired import mcnemar_midp
from workbench.errors import BadInput
from workbench.evals.turns import Turns
from workbench.jobs.until_decided import InOrder, Looks, settings

CASES = 300
_OFFLINE = "offline/rules"


def answers(right: float, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [COLOURS[n % 4] if rng.random() < right else "grey" for n in range(CASES)]


def finished(ws, **options):
    record = ws.runs.start("colours", until_decided=True, **options)
    return ws.runs.follow(record.id)


@pytest.fixture
def clear(tmp_path):
    """A run with a large difference, stopped early."""
    ws = colours_workspace(
        tmp_path,
        {"poor": answers(0.5, 1), "good": answers(0.8, 2)},
        priced={"poor": 0.001, "good": 0.001},
        gate={"baseline": "poor", "candidate": "good", "metric": "accuracy", "margin": 0.02},
    )
    yield ws, finished(ws)
    ws.close()


def test_a_clear_difference_stops_the_run_early_and_says_what_it_saved(clear):
    _ws, run = clear
    used = run.sequential["used"]

    assert (run.status, run.sequential["verdict"]) == ("complete", "better")
    assert used < 100 and 2 * used <= run.done <= 2 * used + 16
    assert run.planned == run.done and run.errors == 0
    assert run.message.startswith(
        f"Decided after {used} of 300 cases: good@1 is better than poor@1 on accuracy"
    )
    assert f"saved {600 - run.done} of 600 cells and about ${(600 - run.done) * 0.001:.4f}" in run.message


def test_its_verdict_rests_on_the_cases_up_to_the_decision_and_is_always_valid(clear):
    ws, run = clear
    comparison = ws.runs.compare(f"{run.id}:poor", f"{run.id}:good")
    m = comparison.primary

    assert (m.n, m.errors, m.verdict) == (run.sequential["used"], 0, "better")
    assert "always-valid" in m.method and m.ci_low > 0
    assert 0.02 < m.p < 0.05, "just decided, and no smaller than it must be"
    assert m.p > mcnemar_midp(m.wins, m.losses), "looking has its price"
    assert "always-valid interval" in comparison.headline
    assert f"decided after {m.n} of 300 cases" in comparison.headline
    data = comparison.to_dict()
    assert data["sequential"]["used"] == m.n and data["sequential"]["decided"] is True
    assert run.gate["status"] == "passed"


def test_nothing_is_left_to_resume(clear):
    ws, run = clear
    with pytest.raises(BadInput, match="nothing to resume"):
        ws.runs.resume(run.id)


def test_versions_that_answer_alike_stop_as_equivalent_only_with_a_margin(tmp_path):
    same = answers(0.7, 3)
    gate = {"baseline": "one", "candidate": "two", "metric": "accuracy", "margin": 0.05}
    ws = colours_workspace(tmp_path / "with", {"one": same, "two": same}, gate=gate)
    run = finished(ws)
    assert run.sequential["verdict"] == "equivalent" and run.sequential["used"] < 150
    assert "two@1 and one@1 are equivalent on accuracy" in run.message
    assert ws.runs.compare(f"{run.id}:one", f"{run.id}:two").verdict == "equivalent"
    ws.close()

    ws = colours_workspace(tmp_path / "without", {"one": same, "two": same})
    run = finished(ws)
    assert (run.done, run.sequential["used"]) == (600, None)
    assert run.message == "Not decided after all 300 cases, looking after every one"
    comparison = ws.runs.compare(f"{run.id}:one", f"{run.id}:two")
    assert comparison.verdict == "undecided" and "not decided after 300 of 300 cases" in comparison.headline
    ws.close()


def test_many_missing_answers_decide_nothing(tmp_path):
    holes = [None if n % 10 == 0 else text for n, text in enumerate(answers(0.9, 4))]
    ws = colours_workspace(tmp_path, {"poor": answers(0.3, 5), "good": holes})
    run = finished(ws)
    assert run.sequential["used"] is None or run.sequential["used"] < 50
    verdict = ws.runs.compare(f"{run.id}:poor", f"{run.id}:good").verdict
    assert verdict == (run.sequential["verdict"] or "no verdict")
    ws.close()


def test_a_cancelled_run_goes_on_with_the_same_cases_in_the_same_order(tmp_path):
    ws = colours_workspace(tmp_path, {"poor": answers(0.6, 6), "good": answers(0.75, 7)})
    whole = finished(ws)
    cut = ws.store.runs.get(whole.id)
    from workbench.jobs.outcome import load_outcome
    from workbench.jobs.until_decided import counted_cases

    plan = ws.runs.plan_of(cut.id)
    outcome = load_outcome(ws.store, cut.id, plan)
    again = Looks(plan, cut.sequential)
    again.load(outcome.scores, ws.store.results.answered(cut.id))
    assert (again.decided, again.settings["used"]) == (True, cut.sequential["used"])
    assert len(counted_cases(outcome)) == cut.sequential["used"]
    ws.close()


@pytest.mark.parametrize(
    ("prompts", "models"),
    [(("poor",), ()), ((), ("offline/rules", "recorded/painter")), (("poor", "good", "new"), ())],
)
def test_anything_but_two_versions_or_two_models_is_refused_before_anything_is_asked(
    tmp_path, prompts, models
):
    ws = colours_workspace(tmp_path, {name: answers(0.5, 1) for name in ("poor", "good", "new")})
    with pytest.raises(BadInput, match="exactly two versions or two models"):
        ws.runs.start("colours", prompts=prompts, models=models, until_decided=True)
    assert ws.runs.list() == []
    ws.close()


def test_what_does_not_allow_for_looking_is_refused(clear, tmp_path):
    ws, run = clear
    with pytest.raises(BadInput, match="a ranking does not allow for"):
        ws.runs.ranking(run.id)
    gate = {"baseline": "one", "candidate": "two", "metric": "accuracy", "floors": {"accuracy": 0.5}}
    same = answers(0.7, 3)
    other = colours_workspace(tmp_path / "floors", {"one": same, "two": same}, gate=gate)
    with pytest.raises(BadInput, match="rules that need all cases"):
        finished(other)
    other.close()


def test_a_quick_model_does_not_run_ahead_of_a_slow_one(tmp_path):
    ws = colours_workspace(tmp_path, {"good": answers(0.9, 1)})
    suite = ws.suites.load("colours")
    plan = ws.runs.plan(suite, prompts=("good",), models=("recorded/painter", _OFFLINE))
    looks = Looks(plan, settings(plan, seed=1))
    turns = Turns(looks.cells(), plan.models, 4, InOrder())
    slow = [cell for cell in (turns.next() for _ in range(4)) if cell.model_index == 0]
    for _ in range(10):  # The second model answers at once, the first never.
        cell = turns.next()
        while cell is None and len(slow) < 4:
            turns.landed(next(iter(looks.cells()))._replace(model_index=1))
            cell = turns.next()
        if cell is None:
            break
        if cell.model_index == 0:
            slow.append(cell)
    assert len(slow) == 4 and turns.next() is None
    ws.close()


def test_two_models_are_held_against_each_other(tmp_path):
    ws = colours_workspace(tmp_path, {"good": answers(0.9, 1)})
    run = finished(ws, models=("recorded/painter", _OFFLINE), prompts=("good",))
    assert run.sequential["axis"] == "model"
    assert "offline/rules is worse than recorded/painter" in run.message
    ws.close()
