"""Approved runs that later ones are held against: ``evals/<suite>/baseline.json``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import BadInput, NotFound
from workbench.evals.baseline import (
    FILE_NAME,
    Baseline,
    BaselineError,
    check_fit,
    check_prompt,
    load_baseline,
)
from workbench.evals.plan import Plan
from workbench.evals.types import ScorerSpec
from workbench.files import write_atomic
from workbench.jobs import outcome as outcomes
from workbench.store.base import now
from workbench.workspace.library import PromptLibrary, current_author
from workbench.workspace.runs import Runs
from workbench.workspace.suites import Suites

if TYPE_CHECKING:
    from workbench.analysis.compare import Comparison


class Baselines:
    """Approves runs, and reads what was approved."""

    def __init__(self, suites: Suites, runs: Runs) -> None:
        self.suites, self.runs = suites, runs

    def path(self, suite: str) -> Path:
        """Return where a suite's baseline stands, whether there is one or not.

        Raises:
            NotFound: There is no such suite.
        """
        return self._folder(suite) / FILE_NAME

    def _folder(self, suite: str) -> Path:
        folder = self.suites.load(suite).folder
        if folder is None:
            raise BadInput(f"The suite {suite} has no folder to keep a baseline in")
        return folder

    def set(self, side: str, *, why: str = "") -> tuple[Path, Baseline]:
        """Approve a version of a complete run (``RUN`` or ``RUN:VERSION``) as its suite's baseline.

        Raises:
            NotFound: There is no such run, version or suite.
            BadInput: The run is not complete, lacks answers, or leaves open which version is meant.
        """
        run_id, _, selector = side.partition(":")
        record = self.runs.get(run_id)
        if record.status != "complete":
            raise BadInput(
                f"Run {record.id} is {record.status}, and only a complete run can be approved",
                hint=f"`workbench resume {record.id}` goes on with it",
            )
        from workbench.jobs.baselines import baseline_of

        chosen = outcomes.select(self.runs.outcome(record.id), selector or None)
        path = self.path(record.suite)
        found = baseline_of(chosen, by=current_author(), at=now(), why=why.strip())
        write_atomic(path, found.to_text())
        return path, found

    def get(self, suite: str) -> Baseline:
        """Return a suite's baseline.

        Raises:
            NotFound: It has none.
            BaselineError: It was changed since it was approved, or is no baseline.
        """
        path = self.path(suite)
        if not path.is_file():
            raise NotFound(
                f"The suite {suite} has no baseline", hint="approve a run with `workbench baseline set RUN`"
            )
        return load_baseline(path)

    def find(self, suite: str) -> Baseline | None:
        """Return a suite's baseline, or None where it has none.

        Raises:
            BaselineError: It cannot be used.
        """
        return self.get(suite) if self.path(suite).is_file() else None

    def compare(
        self, side: str, file: Path, *, metric: str | None = None, margin: float | None = None
    ) -> Comparison:
        """Compare one version of a run (``RUN`` or ``RUN:SIDE``) with a baseline file; its run need not be here.

        Raises:
            NotFound: There is no such run or side.
            BaselineError: The file was changed since it was approved, is no baseline, or does not fit the run.
            BadInput: The run leaves open which version is meant, or has no scores.
        """
        from workbench.jobs.baselines import compare_checked

        found = load_baseline(file)
        run_id, _, selector = side.partition(":")
        outcome = self.runs.outcome(run_id)
        if outcome.scoring is None:
            raise BadInput(f"Run {outcome.run_id} has no scores yet", hint="wait until it is complete")
        chosen = outcomes.select(outcome, selector or None)
        return compare_checked(found, chosen, metric=metric, margin=margin)

    def remove(self, suite: str) -> Path:
        """Remove a suite's baseline; git keeps what was.

        Raises:
            NotFound: It has none.
        """
        path = self.path(suite)
        if not path.is_file():
            raise NotFound(f"The suite {suite} has no baseline to remove")
        path.unlink()
        return path


def with_baseline(
    plan: Plan, folder: Path | None, scorers: tuple[ScorerSpec, ...], library: PromptLibrary
) -> Plan:
    """Return the plan with its suite's baseline in it and the candidate named, for a gate that asks for a file.

    Raises:
        BaselineError: There is no baseline, or the run cannot be held against it.
    """
    gate = plan.gate
    if gate is None or not gate.from_file:
        return plan
    if folder is None or not (folder / FILE_NAME).is_file():
        raise BaselineError(
            f"The suite {plan.suite} has no baseline yet",
            hint="run it without --gate and approve that run with `workbench baseline set RUN`",
        )
    found = load_baseline(folder / FILE_NAME)
    check_fit(found, plan, scorers)
    check_prompt(found, _sha_of(library, found))
    return replace(plan, gate=replace(gate, candidate=_candidate(plan)), baseline=found.to_dict())


def _sha_of(library: PromptLibrary, baseline: Baseline) -> str | None:
    """Return the SHA-256 of what is here under the baseline's version, or None where nothing is."""
    try:
        versions = library.versions(baseline.prompt["name"])
    except NotFound:
        return None
    return next((v.sha256 for v in versions if v.number == baseline.prompt["number"]), None)


def _candidate(plan: Plan) -> str:
    if len(plan.prompts) == 1:
        return plan.prompts[0].title
    wanted = plan.gate.candidate if plan.gate else ""
    found = [p.title for p in plan.prompts if wanted in (p.selector, p.title)]
    found = found or [p.title for p in plan.prompts if wanted == p.name]
    if len(found) != 1:
        raise BaselineError(
            f"The run of {plan.suite} has {len(plan.prompts)} versions, and which one is held against the baseline "
            "is not said",
            hint="name it as `candidate:` of the gate, or run one version",
        )
    return found[0]
