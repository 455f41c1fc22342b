"""Fairness between the models of a run: nobody waits for a model that is slow, limited or dead."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from workbench.evals.turns import Turns
from workbench.evals.types import Cell
from workbench.llm.limits import Lanes, Pace
from workbench.llm.types import ModelSpec


class Fixed:
    """Says how many calls of each model are of use."""

    def __init__(self, **wanted: int) -> None:
        self.most = wanted

    def key(self, model: ModelSpec) -> str:
        return model.id

    def wanted(self, model: ModelSpec) -> int | None:
        return self.most.get(model.id)


def _models(names: str) -> list[ModelSpec]:
    return [ModelSpec(name) for name in names]


def _cells(cases: int, models: int) -> list[Cell]:
    return [Cell(0, model, f"c{case}", 0) for case in range(cases) for model in range(models)]


def _take(turns: Turns) -> list[Cell]:
    taken = []
    while (cell := turns.next()) is not None:
        taken.append(cell)
    return taken


def _counts(cells: list[Cell]) -> dict[str, int]:
    return dict(Counter("abcdef"[cell.model_index] for cell in cells))


def test_places_are_shared_equally_and_all_go_to_the_last_model_left():
    turns = Turns(_cells(100, 2), _models("ab"), 8, None)
    assert _counts(_take(turns)) == {"a": 4, "b": 4}
    alone = Turns(_cells(100, 1), _models("a"), 8, None)
    assert _counts(_take(alone)) == {"a": 8}


def test_a_limited_model_leaves_its_other_places_to_the_rest():
    turns = Turns(_cells(100, 2), _models("ab"), 8, Fixed(a=1))
    assert _counts(_take(turns)) == {"a": 1, "b": 7}


def test_a_dead_model_keeps_its_share_and_the_others_run_to_their_end():
    cells = _cells(50, 3)
    turns, done = Turns(cells, _models("abc"), 9, None), []
    flying = _take(turns)
    while live := [cell for cell in flying if cell.model_index != 0]:
        for cell in live:
            flying.remove(cell)
            turns.landed(cell)
            done.append(cell)
            flying += _take(turns)
        assert len(flying) <= 9
    assert _counts(done) == {"b": 50, "c": 50}
    assert len(flying) <= 9 and {cell.model_index for cell in flying} == {0}


def test_two_entries_for_one_model_share_its_limit():
    same = [ModelSpec("a", label="cold"), ModelSpec("a", label="warm"), ModelSpec("b")]
    turns = Turns(_cells(100, 3), same, 8, Fixed(a=2))
    taken = _take(turns)
    assert Counter(same[cell.model_index].id for cell in taken) == {"a": 2, "b": 6}
    assert {cell.model_index for cell in taken} == {0, 1, 2}


@given(
    st.integers(1, 12),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.integers(0, 12),
    st.randoms(use_true_random=False),
)
def test_every_cell_gets_its_turn_once_and_no_bound_is_ever_passed(concurrency, limits, cases, random):
    names = "abcde"[: len(limits)]
    pacing = Fixed(**dict(zip(names, limits, strict=True)))
    cells = _cells(cases, len(limits))
    turns, done = Turns(cells, _models(names), concurrency, pacing), []
    flying = _take(turns)
    while flying:
        assert len(flying) <= concurrency
        assert all(flown <= pacing.most[name] for name, flown in _counts(flying).items())
        cell = flying.pop(random.randrange(len(flying)))
        turns.landed(cell)
        done.append(cell)
        flying += _take(turns)
    assert sorted(done) == sorted(cells)


def test_a_model_whose_calls_must_wait_gives_its_places_to_the_others():
    async def main() -> None:
        lanes = Lanes(Pace(start=6))
        paused, quick = _models("ab")
        turns = Turns(_cells(100, 2), (paused, quick), 8, lanes)
        flying = _take(turns)
        assert _counts(flying) == {"a": 4, "b": 4}
        lane = lanes.of(paused)
        lane.present, lane.queued = 3, 3  # one has ended, three wait for the pause to be over
        turns.landed(next(cell for cell in flying if cell.model_index == 0))
        assert _counts(_take(turns)) == {"b": 1}

    asyncio.run(main())
