"""Judges of a workspace: their prompts looked up and pinned, and outputs judged again outside a run's own process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.errors import BadInput, ConflictError, NotFound
from workbench.evals.judge_setting import judge_setting, without_model
from workbench.evals.plan import PinnedPrompt, Plan
from workbench.evals.runner import CostCap
from workbench.evals.scorers import SCORERS
from workbench.evals.scorers.judging import shipped_prompt
from workbench.evals.types import ScorerSpec, Suite
from workbench.files import check_name
from workbench.jobs.caps import daily_caps
from workbench.jobs.comparing_judges import compare_missing
from workbench.jobs.judging import JudgingDesk
from workbench.jobs.scoring import CaseScorers, judge_missing, pin_recorded_judges
from workbench.llm.gateway import Gateway
from workbench.llm.loop import run_in_loop
from workbench.llm.pricebook import load_prices
from workbench.llm.types import ModelSpec
from workbench.prompts.content import Prompt
from workbench.store import RunRecord, Store
from workbench.workspace.library import PromptLibrary, PromptVersion


def with_judges(plan: Plan, suite: Suite, pin: Callable[[str, Suite], PinnedPrompt], *, root: Path) -> Plan:
    """Return the plan with every judge's model named, and its prompt and what was recorded of it pinned.

    Raises:
        BadInput: A scorer asks a model and none is named, or compares answers where there is one to a case.
        DatasetError: What was recorded of a judge cannot be read.
        NotFound: There is no such prompt.
    """

    def find(selector: str) -> tuple[str, int, Prompt]:
        found = pin(selector, suite)
        return found.name, found.number, found.prompt

    setting = judge_setting(plan.scorers, plan.cases, suite.judge, find)
    if setting is None:
        return replace(plan, judging=None)
    specs = tuple(setting.completed(spec) for spec in plan.scorers)
    own = [setting.completed(spec) for case in plan.cases for spec in case.scorers]
    lacking = without_model([*specs, *own])
    if lacking:
        raise BadInput(
            f"The scorer {lacking[0]} of {plan.suite} asks a model, and none is named",
            hint="give the scorer or the suite a `judge`, such as `judge: openai/gpt-5-mini`",
        )
    comparing = next((spec for spec in [*specs, *own] if _compares_answers(spec)), None)
    if comparing and len(plan.prompts) * len(plan.models) < 2:
        raise BadInput(
            f"The scorer {comparing.name} of {plan.suite} compares answers, and there is one to each case",
            hint="run two versions or models",
        )
    plan = replace(plan, scorers=specs, judging=setting)
    return replace(plan, recordings={**plan.recordings, **pin_recorded_judges(plan, root)})


def _compares_answers(spec: ScorerSpec) -> bool:
    known = SCORERS.get(spec.type)
    return known is not None and known.compares and not known.across


def judge_prompts() -> list[Prompt]:
    """Return the prompts that judges come with, by name."""
    names = sorted({entry.impl.PROMPT for entry in SCORERS.values() if getattr(entry.impl, "PROMPT", "")})
    return [shipped_prompt(name) for name in names]


def copy_judge_prompt(library: PromptLibrary, judge: str, name: str | None = None) -> PromptVersion:
    """Save a copy of a judge's prompt in the library, as the first version of a prompt of its own.

    Raises:
        NotFound: No judge comes with such a prompt.
        ConflictError: There is a prompt of that name already.
    """
    found = {prompt.name: prompt for prompt in judge_prompts()}
    if judge not in found:
        raise NotFound(f"No judge {judge} comes with a prompt", hint=f"use one of {', '.join(found)}")
    called = check_name(name or f"{judge.replace('_', '-')}-judge", "prompt")
    if called in library.names():
        raise ConflictError(f"There is a prompt {called} already", hint="give another name with --as")
    copied = replace(found[judge], name=called)
    return library.save(copied, parent=None, message=f"A copy of the judge {judge}'s prompt").version


def asked_models(plan: Plan) -> list[ModelSpec]:
    """Return the models that a plan asks over a network, to answer and to judge."""
    models = [*plan.models, *CaseScorers(plan, plan.scorers).models]
    return [model for model in models if not model.recorded]


def judge_again(
    root: Path,
    store: Store,
    record: RunRecord,
    plan: Plan,
    scorers: CaseScorers,
    scoring_id: int,
    on_progress: Callable[[int, int], Any],
) -> int:
    """Score a run's outputs under a new scoring by asking its judges; return how many could not be asked about.

    What a judge has said of an output before is not asked again. The run's cost cap holds, and those of the day.
    """
    prices, caps = load_prices(root), daily_caps(os.environ)
    cap = CostCap(record.max_cost_usd, spent_usd=record.spent_usd + record.judging_usd)
    if caps:
        cap.hold = lambda usd: store.spending.hold(caps, record.author, usd, run_id=record.id) is None

    async def judge() -> int:
        gateway = Gateway(
            cache=store.cache if record.use_cache else None,
            root=root / (plan.folder or "."),
            workspace=root,
            prices=prices,
        )
        desk = JudgingDesk(
            store,
            gateway,
            run_id=record.id,
            scoring_id=scoring_id,
            cap=cap,
            prices=prices,
            everywhere=record.use_cache,
        )
        try:
            left = await judge_missing(
                store,
                record.id,
                scoring_id,
                scorers,
                desk,
                concurrency=record.concurrency,
                on_progress=on_progress,
            )
            if left:
                return left
            return await compare_missing(
                store, record.id, scoring_id, plan, scorers, desk, concurrency=record.concurrency
            )
        finally:
            await gateway.aclose()

    return run_in_loop(judge())
