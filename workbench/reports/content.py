"""What a report is made of: one run, what its answers say, and comparisons; every format draws from this alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.prompts.turns import call_text

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.gate import GateResult
    from workbench.analysis.results import Comparison
    from workbench.analysis.summary import Summary
    from workbench.evals.plan import PinnedPrompt, Plan
    from workbench.evals.scorers.corpus import CorpusRow
    from workbench.evals.types import Case, Score
    from workbench.llm.types import Completion


@dataclass(frozen=True)
class Answer:
    """One answered or failed cell. ``side`` is ``a`` or ``b`` where it was read for a comparison."""

    prompt: PinnedPrompt
    model: str
    case: Case
    repeat: int
    completion: Completion
    scores: tuple[Score, ...]
    side: Literal["", "a", "b"] = ""

    @property
    def failed_scores(self) -> list[Score]:
        """The scorers that this answer did not pass."""
        return [score for score in self.scores if score.passed is False]

    @property
    def broken_scores(self) -> list[Score]:
        """The scorers that could not judge this answer."""
        return [score for score in self.scores if score.error is not None]


@dataclass(frozen=True)
class Held:
    """One comparison: what it found, the gate's word on it, and both sides' frames and answers.

    ``prompts`` has each side's version, None where a side is a model. ``cells`` maps each side's name to its
    cells. ``answers`` reads the answers to some cases, of both sides.
    """

    comparison: Comparison
    gate: GateResult | None
    prompts: tuple[PinnedPrompt | None, PinnedPrompt | None]
    summaries: tuple[Summary, ...]
    cells: Mapping[str, pd.DataFrame]
    cases: tuple[Case, ...]
    answers: Callable[[list[str]], Iterator[Answer]]


@dataclass(frozen=True)
class Content:
    """All that a report may show.

    ``run`` is what ``workbench show --json`` writes. ``answers`` reads all answers in the order of the plan.
    ``corpus`` are the metrics of all answers together. ``suite_file`` is where the suite stands now, ``suite_lines``
    the lines of its ``gate`` and ``scorers``.
    """

    run: dict[str, Any]
    plan: Plan
    summaries: tuple[Summary, ...]
    cells: pd.DataFrame
    units: Mapping[str, str]
    gate: GateResult | None
    comparisons: tuple[Held, ...]
    answers: Callable[[], Iterator[Answer]]
    suite_file: Path | None = None
    suite_lines: Mapping[str, int] = field(default_factory=dict)
    corpus: tuple[CorpusRow, ...] = ()

    @property
    def metric(self) -> str | None:
        """The scorer that the run is read by: the comparison's or the gate's, else ``overall``, else the first."""
        if self.comparisons:
            return self.comparisons[0].comparison.primary.scorer
        names = list(dict.fromkeys(s.scorer for s in self.summaries))
        wanted = [self.plan.gate.metric if self.plan.gate else "", "overall"]
        return next((name for name in wanted if name in names), names[0] if names else None)

    @property
    def limits(self) -> list[dict[str, Any]]:
        """How a run without a gate stands to each limit of its suite: ``name``, ``status`` and ``reason``."""
        return self.run.get("run_limits") or []

    @property
    def preferences(self) -> list[dict[str, Any]]:
        """What comparing judges prefer, unless the comparisons say all of it already."""
        found = self.run.get("preferences") or []
        said = any(held.comparison.preferences for held in self.comparisons)
        return [one for one in found if not said or len(one["pairs"]) > 1]

    @property
    def labels(self) -> list[dict[str, Any]]:
        """What people's labels say of the run's scorers and of each version, unless the comparisons say it already."""
        found = self.run.get("labels") or []
        said = {one["scorer"] for held in self.comparisons for one in held.comparison.labels}
        return [one for one in found if one["scorer"] not in said or len(one["versions"]) > 2]

    @property
    def complete(self) -> bool:
        """Whether every cell has an answer and every answer its scores."""
        missing = self.run["cells"]["planned"] - self.run["cells"]["done"] + self.run["cells"]["errors"]
        return self.run["status"] == "complete" and not missing and not any(s.errors for s in self.summaries)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of a report: the run with its results, and the comparisons."""
        compared = [
            {**held.comparison.to_dict(), "gate": held.gate.to_dict() if held.gate else None}
            for held in self.comparisons
        ]
        return {**self.run, "comparisons": compared}


@dataclass(frozen=True)
class Options:
    """How a report is written.

    ``outputs`` says whether the models' own words stand in it; None is the format's habit (yes in HTML, CSV and
    Parquet, no in JUnit). ``rows`` chooses what a table file has a row for, ``max_cases`` bounds the cases of a page.
    """

    outputs: bool | None = None
    rows: Literal["answers", "results"] = "answers"
    max_cases: int = 1000


def said(completion: Completion) -> str:
    """Return what an answer says: its text, and the tools that it wants called, each on a line."""
    return "\n".join(filter(None, (completion.text, *map(call_text, completion.tool_calls))))
