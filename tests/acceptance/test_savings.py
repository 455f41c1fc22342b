"""What stopping when decided saves on recorded answers of real models, replayed in random order."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from support.real_data import data_folder


@pytest.fixture(scope="module")
def replayed():
    data_folder("bbh"), data_folder("gsm8k")
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "simulate_sequential.py"
    spec = importlib.util.spec_from_file_location("simulate_sequential", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {row[0]: row[1:] for row in module.replay(margin=0.0)}


def test_large_differences_need_a_tenth_of_the_cases_and_the_verdict_stays(replayed):
    for name in ("bbh as a whole", "bbh navigate", "gsm8k 175b_verification against 6b_finetuning"):
        _cases, full, used, other, _opposite = replayed[name]
        assert full == "higher" and used < 0.1 and other == 0


def test_no_order_of_the_cases_turns_a_verdict_round(replayed):
    assert len(replayed) == 16
    assert all(opposite == 0 for *_, opposite in replayed.values())


def test_what_the_full_run_leaves_undecided_is_hardly_ever_decided_early(replayed):
    _cases, full, used, other, _opposite = replayed["bbh snarks"]
    assert full is None and used > 0.95 and other <= 0.05
