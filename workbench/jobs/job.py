"""What the process of a run works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.evals.plan import Plan
from workbench.jobs.scoring import CaseScorers
from workbench.store import RunRecord, Store


@dataclass(frozen=True)
class Job:
    """A claimed run: its row as it was then, its plan, and the scoring that its scores go to."""

    store: Store
    root: Path
    record: RunRecord
    plan: Plan
    scorers: CaseScorers
    scoring_id: int

    @property
    def run_id(self) -> str:
        """The run."""
        return self.record.id

    @property
    def folder(self) -> Path:
        """Where the suite's own files are."""
        return self.root / (self.plan.folder or ".")
