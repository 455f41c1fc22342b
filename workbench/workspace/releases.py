"""Delivering a version to a repository, with the evidence that the runs hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench.delivery.evidence import Evidence
from workbench.delivery.git import ReleasePlan, ReleaseResult, make_release, plan_release
from workbench.errors import BadInput, WorkbenchError
from workbench.jobs import outcome as outcomes
from workbench.jobs.comparison import compare_selections
from workbench.llm.types import ModelSpec
from workbench.store import ReleaseRecord, RunRecord, Store
from workbench.workspace.library import PromptLibrary, PromptVersion, current_author
from workbench.workspace.runs import Runs

#: How many of the newest runs are searched for evidence.
SEARCHED_RUNS = 200


class Releases:
    """Plans a release, makes it, and remembers it."""

    def __init__(self, store: Store, prompts: PromptLibrary, runs: Runs) -> None:
        self.store, self.prompts, self.runs = store, prompts, runs

    def plan(
        self,
        selector: str,
        repo: str | Path,
        *,
        run_id: str | None = None,
        target_path: str | None = None,
        base: str | None = None,
        evidence: Evidence | None = None,
    ) -> ReleasePlan:
        """Return what a release would do, with its diff and message; nothing is changed.

        Args:
            selector: The version.
            repo: A folder inside the git repository.
            run_id: The run that stands as evidence; by default the newest complete one with this version.
            target_path: Where the file goes, from the repository's top; by default ``prompts/``.
            base: The commit to build on; by default the repository's head.
            evidence: What `evidence` returned for it; looked up where it is not given.

        Raises:
            NotFound: There is no such version or run.
            ReleaseError: The repository cannot take it.
        """
        version = self._version(selector)
        if evidence is None:
            evidence = self.evidence(version, run_id)
        return plan_release(
            repo=Path(repo).expanduser(),
            prompt=version.prompt,
            lineage=version.lineage,
            evidence=evidence,
            target_path=target_path,
            base=base,
        )

    def make(
        self, plan: ReleasePlan, selector: str, repo: str | Path, *, run_id: str | None = None
    ) -> ReleaseResult:
        """Make the planned commit and branch, and remember the delivery.

        Raises:
            ReleaseError: The repository refused.
            ConflictError: The branch exists with other content.
        """
        version = self._version(selector)
        result = make_release(plan)
        if result.created:
            self.store.releases.add(
                ReleaseRecord(
                    prompt=version.name,
                    number=version.number,
                    sha256=version.sha256,
                    repo=str(plan.repo),
                    branch=plan.branch,
                    commit=result.commit,
                    run_id=run_id,
                    author=current_author(),
                )
            )
        return result

    def list(self, prompt: str | None = None) -> list[ReleaseRecord]:
        """Return deliveries, newest first."""
        return self.store.releases.list(prompt)

    def runs_with(self, version: PromptVersion) -> list[RunRecord]:
        """Return the complete runs that this version took part in, newest first."""
        found = []
        for light in self.store.runs.list(limit=SEARCHED_RUNS):
            if light.status != "complete":
                continue
            record = self.store.runs.get(light.id)
            if any(p["sha256"] == version.sha256 for p in record.plan["prompts"]):
                found.append(record)
        return found

    def evidence(self, version: PromptVersion, run_id: str | None = None) -> Evidence | None:
        """Return what a run found about a version, or None where none has it.

        Raises:
            BadInput: The named run does not hold this version.
        """
        if run_id is None:
            candidates = self.runs_with(version)
            if not candidates:
                return None
            record = candidates[0]
        else:
            record = self.runs.get(run_id)
        outcome = self.runs.outcome(record.id)
        # Another prompt may hold the same content; the one of this name is meant where both took part.
        here = sorted(
            (p for p in outcome.plan.prompts if p.prompt.sha256 == version.sha256),
            key=lambda p: p.name != version.name,
        )
        if not here:
            raise BadInput(f"Run {record.id} does not hold {version.title}", hint="choose a run that does")
        return self._evidence(record, outcome, here[0].title)

    def _evidence(self, record: RunRecord, outcome: outcomes.Outcome, title: str) -> Evidence:
        """Compare with the gate's baseline, else with the run's first other version; without one, scores alone."""
        from workbench.reports.markdown import comparison_table, summary_table

        plan = outcome.plan
        others = [p.title for p in plan.prompts if p.title != title]
        if plan.gate is not None:
            try:
                baseline = outcomes.select(outcome, plan.gate.baseline).title
                others.sort(key=lambda other: other != baseline)
            except WorkbenchError:
                pass  # the gate compares models, or names a side that this run does not have
        shared = {
            "suite": plan.suite,
            "suite_sha256": plan.suite_sha256,
            "models": tuple(model.name for model in plan.models),
            "cost_usd": None if record.cost_unknown else record.cost_usd,
            "run_id": record.id,
        }
        if not others:
            rows = [s for s in outcome.summaries() if f"{s.prompt}@{s.version}" == title or s.prompt == title]
            return Evidence(
                **shared,
                result="scores only, nothing to compare with",
                table=(*summary_table(rows), *_stand_in(plan.models)),
            )
        comparison = compare_selections(outcomes.select(outcome, others[0]), outcomes.select(outcome, title))
        return Evidence(
            **shared,
            result=comparison.headline,
            baseline=others[0],
            table=(*comparison_table(comparison, undecided_slices=False), *_stand_in(plan.models)),
            regressions=tuple(comparison.regressions),
        )

    def _version(self, selector: str) -> PromptVersion:
        version = self.prompts.get(selector)
        if not version.number:
            raise BadInput(
                f"{selector} is a file outside the library, and only a saved version can be released",
                hint="save it with `workbench prompts save` first",
            )
        return version


def _stand_in(models: Iterable[ModelSpec]) -> tuple[str, ...]:
    """Say in the evidence that the offline model is none."""
    from workbench.llm.offline import OFFLINE_ID, OFFLINE_NOTE

    return ("", f"{OFFLINE_ID} is {OFFLINE_NOTE}.") if any(m.id == OFFLINE_ID for m in models) else ()
