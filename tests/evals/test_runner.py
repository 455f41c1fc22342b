"""The runner: answers as they come, what it may spend, and what survives a stop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from workbench.errors import BadInput, DatasetError, TemplateError
from workbench.evals.plan import PinnedPrompt, Plan, build_plan, case_from_dict, case_to_dict
from workbench.evals.runner import CostCap, answer_cells
from workbench.evals.scorers import parse_scorer
from workbench.evals.types import Case, Dataset, Gate, Suite
from workbench.llm.types import Completion, ModelSpec
from workbench.prompts.prompt_file import parse_prompt


def _prompt(name: str = "p", text: str = "Say {{word}}", template: str = "literal") -> PinnedPrompt:
    block = f"x-workbench: {{template: {template}}}\n"
    prompt, _ = parse_prompt(f"messages: [{{role: user, content: '{text}'}}]\n{block}", name=name)
    return PinnedPrompt(name, name, 1, prompt)


def _suite(cases: int = 4, **fields) -> Suite:
    rows = tuple(Case(f"c{n}", {"word": f"w{n}"}, expected=f"w{n}") for n in range(cases))
    filled = {
        "models": (ModelSpec("test/model"),),
        "dataset": Dataset(rows, "d" * 64, "cases"),
        "scorers": (parse_scorer("exact"),),
        "prompts": ("p",),
        "sha256": "s" * 64,
        "folder": Path("evals/s").resolve(),
    }
    return Suite(name="s", description="", **{**filled, **fields})


def _plan(cases: int = 4, prompts=None, **fields) -> Plan:
    return build_plan(_suite(cases, **fields), tuple(prompts or [_prompt()]), root=Path().resolve())


class Model:
    """Answers at once, or holds every call until it is let go; counts what happens."""

    def __init__(self, *, cost_usd: float | None = 0.01, held: bool = False) -> None:
        self.cost_usd, self.asked, self.now, self.most, self.cancelled = cost_usd, [], 0, 0, 0
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def complete(self, request) -> Completion:
        self.asked.append(request)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.go.wait()
            await asyncio.sleep(0)
            return Completion(request.messages[0]["content"], cost_usd=self.cost_usd)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1


def _run(plan: Plan, model: Model, *, concurrency: int = 4, cap: float | None = None, **options):
    async def main():
        cells = answer_cells(plan, plan.cells(), model, concurrency=concurrency, cap=CostCap(cap), **options)
        return [item async for item in cells]

    return asyncio.run(main())


def test_every_cell_is_asked_once_with_its_own_variables_and_never_more_at_a_time_than_allowed():
    plan, model = _plan(20, repeats=2), Model()
    found = _run(plan, model, concurrency=3)
    assert sorted(cell for cell, _ in found) == sorted(plan.cells())
    assert all(completion.text == f"Say w{cell.case_id[1:]}" for cell, completion in found)
    assert model.most == 3
    assert sorted((r.case_id, r.repeat) for r in model.asked) == sorted(
        (c.case_id, c.repeat) for c in plan.cells()
    )


def test_a_cap_stops_before_the_call_that_could_pass_it():
    for cap, affordable in ((0.05, 5), (0.049, 4), (0.01, 1)):
        model = Model(cost_usd=0.01)
        found = _run(_plan(50), model, concurrency=8, cap=cap)
        assert len(found) == len(model.asked) == affordable
        assert sum(completion.cost_usd for _, completion in found) <= cap + 1e-12


def test_until_a_first_price_is_known_one_call_goes_at_a_time():
    model = Model(cost_usd=10.0)
    assert len(_run(_plan(50), model, concurrency=8, cap=0.5)) == 1
    assert model.most == 1


def test_what_the_cache_or_a_recording_answers_spends_nothing_of_the_cap():
    class Cached(Model):
        async def complete(self, request) -> Completion:
            return Completion("x", cost_usd=1.0, cached=True)

    assert len(_run(_plan(10), Cached(), cap=0.5)) == 10


def test_a_stop_lets_the_calls_in_flight_finish_and_keeps_their_answers():
    model = Model(held=True)

    async def main():
        stop, plan = threading.Event(), _plan(20)
        found = []
        cells = answer_cells(
            plan, plan.cells(), model, concurrency=3, cap=CostCap(None), stopping=stop.is_set
        )

        async def collect():
            async for item in cells:
                found.append(item)

        running = asyncio.create_task(collect())
        while len(model.asked) < 3:
            await asyncio.sleep(0)
        stop.set()
        model.go.set()
        await running
        return found

    assert len(asyncio.run(main())) == 3 == len(model.asked)
    assert model.cancelled == 0


def test_calls_that_outlive_the_grace_are_cancelled_and_the_run_ends(monkeypatch):
    monkeypatch.setattr("workbench.evals.runner.GRACE_S", 0.0)
    model = Model(held=True)
    assert _run(_plan(20), model, concurrency=3, stopping=lambda: len(model.asked) >= 3) == []
    assert (model.cancelled, model.now) == (3, 0)


def test_whoever_stops_listening_leaves_no_call_running():
    async def main():
        model, plan = Model(), _plan(20)
        cells = answer_cells(plan, plan.cells(), model, concurrency=3, cap=CostCap(None))
        async for _ in cells:
            model.go.clear()
            break
        await cells.aclose()
        return model.now

    assert asyncio.run(main()) == 0


def test_a_template_that_cannot_be_rendered_is_an_error_on_its_cells_only():
    good, bad = _prompt("good"), _prompt("bad", "{{ (1 / (word|length - 2)) }}", "jinja2")
    found = _run(_plan(2, [good, bad]), Model())
    kinds = {(cell.prompt_index, completion.error) for cell, completion in found}
    assert kinds == {(0, None), (1, "template")}
    assert all(completion.error_message for cell, completion in found if cell.prompt_index)


def test_a_slow_jinja_prompt_does_not_hold_up_the_other_calls(monkeypatch):
    """While one render waits for its process, another call must be able to finish: here it lets the render go on."""
    let_go = threading.Event()
    render = Plan.request

    def slow(self, cell, case, renderer):
        if self.prompts[cell.prompt_index].prompt.template == "jinja2":
            assert let_go.wait(30), "the event loop stood still during a render"
        return render(self, cell, case, renderer)

    monkeypatch.setattr(Plan, "request", slow)

    class Freeing(Model):
        async def complete(self, request) -> Completion:
            let_go.set()
            return await super().complete(request)

    plan = _plan(1, [_prompt("slow", "Hi {{ word }}", "jinja2"), _prompt("quick")])
    assert sorted(completion.text for _, completion in _run(plan, Freeing())) == ["Hi w0", "Say w0"]


def test_a_plan_written_down_and_read_again_asks_the_same():
    cases = (Case("ü", {"word": "x"}, ["a"], {"k": 1}, (parse_scorer({"type": "contains", "value": "y"}),)),)
    plan = _plan(
        dataset=Dataset(cases, "d" * 64, "cases"),
        gate=Gate("p", "q", "exact", 0.1),
        slices=("k",),
        models=(ModelSpec("a/b", params={"temperature": 0}, label="m"),),
    )
    again = Plan.from_dict(plan.to_dict(), [case_to_dict(case) for case in plan.cases])
    assert again == plan
    assert case_from_dict(case_to_dict(cases[0])) == cases[0]
    assert plan.slice_values() == {"k": {"ü": 1}}


def test_a_plan_keeps_the_sides_of_a_comparison_together():
    plan = _plan(2, [_prompt("a"), _prompt("b")])
    assert [(cell.case_id, cell.prompt_index) for cell in plan.cells()] == [
        ("c0", 0), ("c0", 1), ("c1", 0), ("c1", 1),
    ]  # fmt: skip
    assert len(plan) == 4


@pytest.mark.parametrize(
    ("fields", "prompts", "error", "says"),
    [
        ({}, [], BadInput, "names no prompt"),
        ({"models": ()}, [_prompt()], BadInput, "names no model"),
        ({}, [_prompt(), _prompt()], BadInput, "given twice"),
        ({"models": (ModelSpec("a/b"), ModelSpec("a/b"))}, [_prompt()], BadInput, "`label`"),
        ({}, [_prompt(text="{{wrod}}")], TemplateError, "Case c0 of s does not fit p@1 (and in 3 more)"),
        (
            {"models": (ModelSpec("recorded/x", outputs="none.jsonl"),)},
            [_prompt()],
            DatasetError,
            "none.jsonl",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_before_anything_is_paid(fields, prompts, error, says):
    with pytest.raises(error) as refused:
        build_plan(_suite(**fields), tuple(prompts), root=Path().resolve())
    assert says in str(refused.value)
