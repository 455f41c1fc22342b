"""Runs as a person plans, starts, stops and scores them again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, ConflictError, TemplateError
from workbench.evals.plan import PinnedPrompt, Plan, build_plan, case_to_dict
from workbench.evals.types import Suite
from workbench.jobs import process
from workbench.jobs import until_decided as looks
from workbench.jobs.caps import daily_caps, refuse_low_cap
from workbench.jobs.gating import judge_run
from workbench.jobs.scoring import rescore
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import ModelSpec
from workbench.prompts.templates import Renderer
from workbench.store import RunRecord, Store
from workbench.store.base import now
from workbench.workspace.dataset_checks import check_windows
from workbench.workspace.fitting import MAX_CONCURRENCY, check_limits, judged_by, model_named, with_gate
from workbench.workspace.judging import asked_models, judge_again, with_judges
from workbench.workspace.library import PromptLibrary, current_author
from workbench.workspace.run_reading import RunReading
from workbench.workspace.suites import Suites

if TYPE_CHECKING:
    from workbench.workspace.estimating import Estimate

__all__ = ["DEFAULT_CONCURRENCY", "MAX_CONCURRENCY", "Runs"]

DEFAULT_CONCURRENCY = 8


class Runs(RunReading):
    """The runs of a workspace. Each is a process of its own; this object only asks and reads."""

    def __init__(self, root: Path, state: Path, store: Store, prompts: PromptLibrary, suites: Suites) -> None:
        super().__init__(state, store)
        self.root, self.prompts, self.suites = root, prompts, suites

    # -- starting and stopping -------------------------------------------------------------------------

    def plan(
        self,
        suite: Suite,
        *,
        prompts: Sequence[str] = (),
        models: Sequence[str | ModelSpec] = (),
        repeats: int | None = None,
        strict: bool = False,
    ) -> Plan:
        """Return what a run would do, with every version pinned.

        Args:
            suite: The suite.
            prompts: Selectors to use in place of the suite's prompts.
            models: Models to use in place of the suite's; a name that the suite knows means the suite's entry.
            repeats: Answers to each cell, in place of the suite's.
            strict: Refuse a baseline file that the run cannot be held against; else the plan then has no gate.

        Raises:
            BadInput: Something is missing, given twice, or does not fit the cases.
        """
        found = [self._pin(selector, suite) for selector in (prompts or suite.prompts)]
        # Two selectors may mean one version, as when the newest is in production: it is asked once.
        pinned = tuple({p.title: p for p in reversed(found)}.values())[::-1]
        chosen = tuple(model_named(suite, m) if isinstance(m, str) else m for m in models) or suite.models
        if not chosen:
            chosen = tuple(ModelSpec(name) for name in dict.fromkeys(p.prompt.model for p in pinned) if name)
        if repeats is not None and not 1 <= repeats <= 100:
            raise BadInput(f"{repeats} repeats cannot be run", hint="give a number from 1 to 100")
        asked = suite.asked.without(prompts=bool(prompts), models=bool(models))
        changed = replace(suite, models=chosen, repeats=repeats or suite.repeats, asked=asked)
        plan = with_judges(build_plan(changed, pinned, root=self.root), suite, self._pin, root=self.root)
        return with_gate(plan, suite, self.prompts, strict=strict)

    def kept(self, plan: Plan) -> int:
        """Return how many of a plan's answers the cache holds already, so that nobody is asked for them."""
        cases = {case.id: case for case in plan.cases}
        asked = {i for i, m in enumerate(plan.models) if not (m.recorded or m.id.startswith("offline/"))}
        keys: list[str] = []
        with Renderer() as renderer:
            for cell in plan.cells() if asked else ():
                # What cannot be rendered is not asked either; the run will list it.
                with suppress(TemplateError):
                    if cell.model_index in asked:
                        keys.append(plan.request(cell, cases[cell.case_id], renderer).cache_key())
        return self.store.cache.known(keys)

    def estimate(self, plan: Plan, *, use_cache: bool = True) -> Estimate:
        """Return what a plan's answers and judging will cost, as intervals, and what that rests on; nobody is asked.

        Raises:
            BadInput: The workspace's ``prices.yaml`` cannot be used.
        """
        from workbench.workspace.estimating import estimate, with_judging

        prices = load_prices(self.root)
        found = estimate(plan, self.store, prices, use_cache=use_cache)
        return with_judging(found, plan, self.store, prices, self.root, use_cache=use_cache)

    def start(
        self,
        suite: str | Suite,
        *,
        prompts: Sequence[str] = (),
        models: Sequence[str | ModelSpec] = (),
        repeats: int | None = None,
        concurrency: int | None = None,
        max_cost_usd: float | None = None,
        use_cache: bool = True,
        until_decided: bool = False,
    ) -> RunRecord:
        """Store a run as queued and start its process.

        With ``until_decided`` it asks case by case in random order and stops as soon as better, worse or equivalent
        is established; its verdict then is by methods that allow for looking after every case.

        Raises:
            BadInput: It cannot be run as asked; nothing was stored.
        """
        suite = self.suites.load(suite) if isinstance(suite, str) else suite
        return self.start_plan(
            self.plan(suite, prompts=prompts, models=models, repeats=repeats),
            concurrency=concurrency or suite.concurrency,
            max_cost_usd=max_cost_usd,
            use_cache=use_cache,
            until_decided=until_decided,
        )

    def start_plan(
        self,
        plan: Plan,
        *,
        concurrency: int | None = None,
        max_cost_usd: float | None = None,
        use_cache: bool = True,
        until_decided: bool = False,
    ) -> RunRecord:
        """Store a plan, such as an earlier run's, as a queued run and start its process; otherwise as `start`.

        Raises:
            BadInput: It cannot be run as asked; nothing was stored.
        """
        concurrency = concurrency or DEFAULT_CONCURRENCY
        prices = load_prices(self.root)
        check_limits(plan, concurrency, max_cost_usd, prices)
        check_windows(plan, self.root)
        sequential = looks.settings(plan) if until_decided else None
        moment = datetime.now(UTC)
        record = RunRecord(
            id=f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
            suite=plan.suite,
            suite_sha256=plan.suite_sha256,
            status="queued",
            plan={
                **plan.to_dict(),
                "prices": prices.pinned(m.id for m in asked_models(plan)),
                "call_usd": self._call_usd(plan, capped=max_cost_usd is not None),
            },
            planned=len(plan),
            concurrency=concurrency,
            use_cache=use_cache,
            max_cost_usd=max_cost_usd,
            author=current_author(),
            created_at=now(),
            sequential=sequential,
        )
        cases = [case_to_dict(case) for case in plan.cases]
        self.store.runs.add(record, dataset_sha256=plan.dataset_sha256, cases=cases)
        self._launch(record.id)
        return record

    def resume(
        self, run_id: str, *, max_cost_usd: float | None = None, concurrency: int | None = None
    ) -> RunRecord:
        """Start a process that asks only for what is missing or failed.

        Raises:
            ConflictError: A process works on the run now.
            BadInput: There is nothing left to ask, or the new cap leaves nothing to spend.
        """
        record = self.store.runs.get(run_id)
        if record.status == "running" and process.alive(self.state, record, patience_s=1.0):
            raise ConflictError(
                f"Run {record.id} is running", hint=f"follow it with `workbench show {record.id}`"
            )
        refuse_low_cap(record, max_cost_usd)
        scored = any(scoring.complete for scoring in self.store.results.scorings(record.id))
        if record.status == "complete" and record.done == record.planned and not record.errors and scored:
            raise BadInput(f"Run {record.id} is complete, so there is nothing to resume")
        if concurrency is not None or max_cost_usd is not None or daily_caps(os.environ):
            prices = PriceBook.from_pinned(record.plan.get("prices"))
            check_limits(self.plan_of(record.id), concurrency or record.concurrency, max_cost_usd, prices)
        self.store.runs.requeue(record.id, max_cost_usd=max_cost_usd, concurrency=concurrency)
        self._launch(record.id)
        return self.store.runs.get(record.id)

    def cancel(self, run_id: str) -> RunRecord:
        """Ask a run to stop. Calls in flight may finish, for they are paid; nothing new is asked."""
        record = self.store.runs.get(run_id)
        if not process.recover(self.store, self.state, record):
            self.store.runs.request_cancel(record.id)
        return self.store.runs.get(record.id)

    def follow(self, run_id: str, on_progress: Callable[[RunRecord], Any] | None = None) -> RunRecord:
        """Wait until a run has ended and return it."""
        return process.wait_for_end(self.store, self.state, run_id, on_progress=on_progress)

    def recover(self) -> list[RunRecord]:
        """Mark runs whose process is gone as failed, and return those; they can be resumed."""
        active = [record for record in self.store.runs.list(limit=1000) if record.status == "running"]
        return [record for record in active if process.recover(self.store, self.state, record)]

    # -- scoring again ---------------------------------------------------------------------------------

    def rescore(
        self,
        run_id: str,
        suite: str | None = None,
        *,
        judge: str | None = None,
        max_cost_usd: float | None = None,
        on_progress: Callable[[int, int], Any] = lambda done, total: None,
    ) -> RunRecord:
        """Score a run's outputs again with a suite's present scorers (by default the suite of the run).

        Args:
            run_id: The run.
            suite: Whose scorers and gate.
            judge: The model that judges where a scorer names none; by default the suite's judge.
            max_cost_usd: What the run with all its judging may come to; by default the cap that it was started with.
            on_progress: Called with how many cells are scored, and of how many.

        Raises:
            BadInput: The cap leaves no room for the judges, or a judge's price is unknown; what was judged is kept.
            ConflictError: The run is still being answered.
        """
        record = self.store.runs.get(run_id)
        if record.status == "running" and process.alive(self.state, record):
            raise ConflictError(f"Run {record.id} is still running", hint="score it again when it has ended")
        plan = self.plan_of(record.id)
        loaded = judged_by(self.suites.load(suite or record.suite, accept_losses=True), judge)
        again = with_judges(replace(plan, scorers=loaded.scorers), loaded, self._pin, root=self.root)
        if max_cost_usd is not None:
            prices = PriceBook.from_pinned(record.plan.get("prices"))
            check_limits(again, record.concurrency, max_cost_usd, prices)
            record = replace(record, max_cost_usd=max_cost_usd)
        loaded = replace(loaded, scorers=again.scorers)
        rescore(
            self.store,
            record,
            again,
            loaded,
            on_progress=on_progress,
            judge=lambda scorers, scoring: judge_again(
                self.root, self.store, record, again, scorers, scoring, on_progress
            ),
        )
        judged = with_gate(replace(plan, gate=loaded.gate, scorers=loaded.scorers), loaded, self.prompts)
        if record.status == "complete":
            self.store.runs.set_gate(
                record.id,
                judge_run(self.store, record.id, replace(plan, gate=judged.gate, baseline=judged.baseline)),
            )
        return self.store.runs.get(record.id)

    def _call_usd(self, plan: Plan, *, capped: bool) -> float | None:
        """Return what one answer is expected to cost, where a cap wants to know it before the first."""
        if not capped and not daily_caps(os.environ):
            return None
        from workbench.workspace.estimating import estimate

        return estimate(plan, self.store, load_prices(self.root), use_cache=False).call_usd

    # -- helpers ---------------------------------------------------------------------------------------

    def _pin(self, selector: str, suite: Suite) -> PinnedPrompt:
        if selector in suite.own_prompts:
            return PinnedPrompt(selector, selector, 0, suite.own_prompts[selector])
        beside = suite.folder / selector if suite.folder else None
        if beside is not None and selector.endswith((".yml", ".yaml")) and beside.exists():
            version = self.prompts.get(str(beside))
        else:
            version = self.prompts.get(selector)
        return PinnedPrompt(selector, version.name, version.number, version.prompt)

    def _launch(self, run_id: str) -> None:
        process.launch(self.root, self.state, run_id)
