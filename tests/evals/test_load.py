"""A client that cannot keep up says so and asks less at once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from workbench.evals.load import Load, Tolerance
from workbench.evals.plan import PinnedPrompt, Plan, build_plan
from workbench.evals.runner import CostCap, answer_batches
from workbench.evals.types import Case, Dataset, Suite
from workbench.llm.types import Completion, ModelSpec, Request
from workbench.prompts.prompt_file import parse_prompt


def _plan(cases: int) -> Plan:
    prompt, _ = parse_prompt("messages: [{role: user, content: 'Say {{word}}'}]\n", name="p")
    suite = Suite(
        name="s",
        description="",
        models=(ModelSpec("openai/m"),),
        dataset=Dataset(tuple(Case(f"c{n}", {"word": str(n)}) for n in range(cases)), "d" * 64, "cases"),
        scorers=(),
        prompts=("p",),
        sha256="s" * 64,
        folder=Path("evals/s").resolve(),
    )
    return build_plan(suite, (PinnedPrompt("p", "p", 1, prompt),), root=Path().resolve())


def _answered(load: Load, latency_s: float) -> None:
    load.saw(Completion(text="x", latency_s=latency_s))


def test_late_reading_lowers_the_number_of_calls_and_time_to_spare_raises_it_again() -> None:
    noted: list[tuple[int, str]] = []
    load = Load(lambda limit, reason: noted.append((limit, reason)))
    assert load.allowed(50) == 50
    for _ in range(3):
        _answered(load, 0.5)
        load.judge(0.060)  # 12 % of what a call takes
    assert load.allowed(50) == 25  # 40, 32, 25
    assert [limit for limit, _ in noted] == [40, 32, 25]
    assert "60 ms late" in noted[0][1]
    assert load.sentence and "went down to 25" in load.sentence
    for _ in range(12):
        _answered(load, 0.5)
        load.judge(0.001)
    assert load.allowed(50) == 50
    assert load.sentence  # what was recorded then is still too long


def test_little_lateness_or_none_that_concerns_an_answer_changes_nothing() -> None:
    load = Load()
    _answered(load, 2.0)
    load.judge(0.09)  # below 5 % of two seconds
    load.saw(Completion(text="x", latency_s=0.05, cached=True))
    load.judge(5.0)  # nothing was waited for: all answers came from the cache
    assert (load.allowed(50), load.sentence) == (50, None)


def test_what_other_programs_delay_is_said_and_costs_no_speed() -> None:
    load = Load()
    load.allowed(50)
    _answered(load, 0.5)
    load.judge(0.2, computing=0.1)
    assert load.allowed(50) == 50
    assert load.sentence and "other programs" in load.sentence


class BusyModel:
    """Every answer costs this process as much computing as it takes time on the wire."""

    def __init__(self) -> None:
        self.now = 0
        self.under_way: list[int] = []

    async def complete(self, request: Request) -> Completion:
        self.now += 1
        self.under_way.append(self.now)
        await asyncio.sleep(0.02)
        time.sleep(0.02)
        self.now -= 1
        return Completion(text="x", latency_s=0.02)


def test_a_run_that_its_own_process_slows_down_goes_on_with_fewer_calls() -> None:
    async def run() -> tuple[Load, BusyModel, int]:
        model, answered = BusyModel(), 0
        load = Load(tolerance=Tolerance(window_s=0.1, probe_s=0.005, own_share=0.0))
        async with load:
            cap = CostCap(None)
            plan = _plan(60)
            async for batch in answer_batches(plan, plan.cells(), model, concurrency=20, cap=cap, load=load):
                answered += len(batch)
        return load, model, answered

    load, model, answered = asyncio.run(run())
    assert answered == 60
    assert load.lowest is not None and load.lowest < max(model.under_way) <= 20
    assert max(model.under_way[-10:]) < 20
    assert load.sentence
