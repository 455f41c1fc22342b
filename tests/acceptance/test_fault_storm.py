"""A run against a server in trouble ends with an answer or an honest error in every cell, and wastes no call."""

from __future__ import annotations

import asyncio
import time

from support.fault_storm import RATES, weather
from support.openai_server import OpenAIServer, hang

from workbench.evals.plan import PinnedPrompt, build_plan
from workbench.evals.runner import CostCap, answer_cells
from workbench.evals.scorers import parse_scorer
from workbench.evals.types import Case, Dataset, Suite
from workbench.llm.gateway import Gateway
from workbench.llm.types import ModelSpec
from workbench.prompts.prompt_file import parse_prompt

CASES = 500
KINDS = {"rate_limit", "provider", "timeout", "connection"}


def test_every_cell_ends_in_an_answer_or_an_honest_error_and_no_call_is_wasted(tmp_path):
    seen = weather(tmp_path, cases=CASES)
    cells = 2 * CASES
    assert (seen.ended.status, seen.ended.done, len(seen.cells)) == ("complete", cells, cells), (
        seen.ended.message
    )
    assert set(seen.dealt) == {"answered", *RATES}

    for record in seen.cells:
        answer = record.completion
        if answer.ok:
            assert answer.text == f"word-{record.cell.case_id[1:]} it is"
        else:
            assert answer.error in KINDS and answer.error_message.endswith("."), answer
    failed = sum(not record.completion.ok for record in seen.cells)
    assert failed == seen.ended.errors <= 0.06 * cells, "four retries leave few cells without an answer"

    assert seen.asked_after_answered == 0, "a call was repeated after it was answered"
    assert seen.answered_whole == cells - failed
    assert seen.received <= 1.5 * seen.least_calls, str(seen)
    assert seen.growth_mb < 25, str(seen)


def test_a_model_that_hangs_never_holds_the_other(tmp_path):
    with OpenAIServer(lambda body: hang()) as dead, OpenAIServer(delay_s=0.02) as alive:
        models = (
            ModelSpec("openai/dead", api_base=dead.base_url, timeout_s=120),
            ModelSpec("openai/alive", api_base=alive.base_url),
        )
        prompt, _ = parse_prompt("messages: [{role: user, content: 'Say {{word}}'}]\n", name="p")
        suite = Suite(
            name="s",
            description="",
            models=models,
            dataset=Dataset(tuple(Case(f"c{n}", {"word": f"w{n}"}) for n in range(200)), "d" * 64, "cases"),
            scorers=(parse_scorer({"type": "contains", "value": "w"}),),
            prompts=("p",),
            sha256="s" * 64,
            folder=tmp_path,
        )
        plan = build_plan(suite, (PinnedPrompt("p", "p", 1, prompt),), root=tmp_path)

        async def main() -> int:
            gateway, answered = Gateway(env={}), 0
            cells = answer_cells(
                plan, plan.cells(), gateway, concurrency=8, cap=CostCap(None), pacing=gateway.lanes
            )
            async for _, completion in cells:
                answered += completion.ok
                if answered == 200:
                    break
            await cells.aclose()
            await gateway.aclose()
            return answered

        begun = time.monotonic()
        assert asyncio.run(main()) == 200
        assert time.monotonic() - begun < 60
        assert dead.received < 8, "it never has all places"
