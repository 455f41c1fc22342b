"""Stored answers are scored alike by helper processes and without them, in order, and no helper is missed."""

from __future__ import annotations

import subprocess

import pytest

from workbench.evals.scorers import parse_scorer
from workbench.evals.types import Case, Cell
from workbench.jobs import parallel_scoring
from workbench.jobs.case_scorers import CaseScorers
from workbench.jobs.parallel_scoring import Pace, scored
from workbench.jobs.scoring import score_missing
from workbench.llm.types import Completion
from workbench.store import RunRecord, Store, database_url
from workbench.store.answers import Answer
from workbench.store.base import now
from workbench.store.results import CellRecord

SPECS = [
    parse_scorer(entry)
    for entry in ({"type": "icontains", "value": "yes"}, {"type": "json", "inside": True}, "levenshtein")
]


class _Plan:
    judging = None

    def __init__(self, count: int) -> None:
        own = (parse_scorer({"type": "word_count", "max": 2}),)
        self.cases = [Case(f"c{n}", {}, "yes", scorers=own if n % 5 == 0 else ()) for n in range(count)]


def answers(count: int) -> list[CellRecord]:
    texts = ['yes {"a": 1}', "no", "\ud800 yes", "", "yes and more"]
    found = []
    for n in range(count):
        completion = Completion(error="timeout") if n % 7 == 3 else Completion(texts[n % 5] + " x" * n)
        found.append(CellRecord(n, Cell(0, 0, f"c{n}", 0), completion))
    return found


def in_batches(records, size=4):
    return [records[start : start + size] for start in range(0, len(records), size)]


def flat(batches):
    return [
        (record.id, scores)
        for records, found in batches
        for record, scores in zip(records, found, strict=True)
    ]


@pytest.fixture
def scorers():
    return CaseScorers(_Plan(40), SPECS)


def test_helpers_give_the_same_scores_in_the_same_order(scorers):
    records = answers(40)
    alone = flat(scored(scorers, in_batches(records), 40, helpers=0))
    assert [number for number, _ in alone] == list(range(40))
    assert flat(scored(scorers, in_batches(records), 40, helpers=2)) == alone


def test_a_helper_that_is_killed_loses_no_answer(scorers, monkeypatch):
    begun = []

    def started(setting: bytes) -> subprocess.Popen[bytes]:
        process = real(setting)
        begun.append(process)
        if len(begun) == 1:
            process.kill()
            process.wait()
        return process

    real = parallel_scoring._started
    monkeypatch.setattr(parallel_scoring, "_started", started)
    records = answers(40)
    found = scored(scorers, in_batches(records), 40, helpers=2)
    before = [next(found)]
    begun[1].kill()
    assert flat([*before, *found]) == flat(scored(scorers, in_batches(records), 40, helpers=0))


def test_helpers_end_when_nobody_wants_the_rest(scorers, monkeypatch):
    begun = []
    real = parallel_scoring._started
    monkeypatch.setattr(
        parallel_scoring, "_started", lambda setting: begun.append(real(setting)) or begun[-1]
    )
    found = scored(scorers, in_batches(answers(40)), 40, helpers=1)
    next(found)
    found.close()
    assert begun[0].poll() is not None


def test_helpers_are_started_only_where_they_save_more_than_they_cost(monkeypatch):
    monkeypatch.setattr(parallel_scoring, "_processors", lambda: 2)
    pace = Pace()
    assert pace.helpers(10**6) == 0  # nothing was measured yet
    pace.saw(200, 5.0)  # it loads what the scorers need
    pace.saw(200, 0.2)
    assert pace.helpers(10_000) == 0  # ten seconds of scoring, of which five can be saved for six
    assert pace.helpers(50_000) == 2
    monkeypatch.setattr(parallel_scoring, "_processors", lambda: 1)
    assert pace.helpers(50_000) == 0


def test_scoring_that_is_stopped_keeps_what_it_has_and_goes_on_with_the_rest(tmp_path, scorers, monkeypatch):
    store = Store(database_url(tmp_path, env={}))
    try:
        record = RunRecord(
            "r", "s", "0" * 64, "complete", {"dataset_sha256": "0" * 64}, 40, 8, False, "me", now()
        )
        store.runs.add(record, dataset_sha256="0" * 64, cases=[])
        store.results.add_completions(
            "r", [Answer(a.cell, a.completion, 0.0) for a in answers(40) if a.id % 5 != 2]
        )
        scoring = store.results.begin_scoring("r", "0" * 64, [])
        monkeypatch.setattr(
            type(store.results), "each_unscored", small_pages(type(store.results).each_unscored)
        )
        assert not score_missing(store, "r", scoring, scorers, stopping=lambda: True)
        assert store.results.unscored_count("r", scoring) == 32 - 10
        seen = []
        assert score_missing(store, "r", scoring, scorers, on_progress=lambda *at: seen.append(at))
        assert seen == [(10, 22), (20, 22), (22, 22)] and store.results.unscored_count("r", scoring) == 0
        assert score_missing(store, "r", scoring, scorers)
    finally:
        store.close()


def small_pages(real):
    return lambda results, run_id, scoring_id: real(results, run_id, scoring_id, batch=10)
