"""The scorer that is any metric of Hugging Face ``evaluate``, by its name or folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import Value, references
from workbench.evals.types import ScoringInput, Unit

#: Importing evaluate takes 1.7 GB of addresses, most of which are never used.
MEMORY_BYTES = 4_000_000_000


@scorer("metric", unit="count", needs_expected=True)
@dataclass(frozen=True)
class Metric:
    """Any metric of Hugging Face ``evaluate``: a folder with its script, or a hub's metric that this machine has.

    A metric is code, so it runs only where a person has allowed code for this workspace (``workbench allow-code``), in
    a process with limits and without keys, Hugging Face's libraries being offline. It is computed of each answer by
    itself; metrics that take one reference are held against each expected text, and the highest value counts.
    """

    metric: Annotated[
        str,
        Field(
            min_length=1,
            max_length=300,
            description="A folder under evals/ from the suite's folder, or a name such as charcut_mt or owner/name",
        ),
    ]
    key: Annotated[
        str | None,
        Field(max_length=100, description="Which of the metric's values; by default that of its name"),
    ] = None
    config: Annotated[str | None, Field(max_length=100, description="The metric's configuration")] = None
    params: Annotated[
        dict[str, Any], Field(description="What the metric's compute takes beside the texts")
    ] = field(default_factory=dict)
    unit: Annotated[
        Literal["score", "count"],
        Field(description="A score is from 0 to 1, of which more is better; a count is any number"),
    ] = "score"
    divide_by: Annotated[
        float, Field(gt=0, description="What the value is divided by, such as 100 for percentages")
    ] = 1.0
    value: Value = None
    timeout_s: Annotated[float, Field(gt=0, le=600, description="Seconds that one answer may take")] = 60.0
    files: Annotated[
        dict[str, str] | None,
        Field(description="The text of its files; filled in when a suite is read"),
    ] = None

    @property
    def value_unit(self) -> Unit:
        """What its value is measured in."""
        return self.unit

    def score(self, cell: ScoringInput) -> Outcome:
        """Ask the metric's process."""
        from workbench.evals.own.allowed import HINT, admitted, metric_source
        from workbench.evals.own.process import process_for

        if self.files is None:
            raise ScoringError("a metric belongs in a suite, and not in a case")
        source = metric_source(self.metric, self.files)
        if not admitted(source):
            raise ScoringError(f"this workspace may not run code: {HINT}")
        wanted = references(self.value, cell)
        params = {
            "references": list(wanted),
            "key": self.key,
            "config": self.config,
            "options": self.params,
        }
        request = {"function": "metric", "given": {"output": cell.output}, "params": params}
        process = process_for(source, self.metric, memory_bytes=MEMORY_BYTES)
        number = process.ask(request, timeout_s=self.timeout_s)["value"] / self.divide_by
        if self.unit == "score" and not -1e-9 <= number <= 1 + 1e-9:
            raise ScoringError(
                f"the metric gives {number:.4g}, which is outside 0 to 1: use divide_by or unit: count"
            )
        return Outcome(min(1.0, max(0.0, number)) if self.unit == "score" else number)
