"""The scorer that is a Python function in the workspace's ``evals/`` folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.types import ScoringInput

MAX_SOURCE = 200_000


@scorer("own")
@dataclass(frozen=True)
class Own:
    """A Python function of the workspace scores the answer.

    It stands in a file under ``evals/`` with ``@scorer`` above it, and runs only where a person has allowed code for
    this workspace on this machine (``workbench allow-code``), in a process with limits on time and memory and
    without keys. A run holds the text of the file, so that later changes to it do not change the run.
    """

    file: Annotated[str, Field(min_length=1, max_length=300, description="The file, from the suite's folder")]
    function: Annotated[
        str | None,
        Field(max_length=100, description="The function; may be left out where the file has one scorer"),
    ] = None
    params: Annotated[dict[str, Any], Field(description="Values for the function's further parameters")] = (
        field(default_factory=dict)
    )
    timeout_s: Annotated[float, Field(gt=0, le=300, description="Seconds that one answer may take")] = 10.0
    source: Annotated[
        str | None,
        Field(max_length=MAX_SOURCE, description="The text of the file; filled in when a suite is read"),
    ] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Ask the file's process."""
        from workbench.evals.own.allowed import HINT, admitted
        from workbench.evals.own.process import process_for

        if self.source is None:
            raise ScoringError("a scorer of one's own belongs in a suite, and not in a case")
        if not admitted(self.source):
            raise ScoringError(f"this workspace may not run code: {HINT}")
        case, completion = cell.case, cell.completion
        given = {
            "output": cell.output,
            "expected": case.expected,
            "vars": case.vars,
            "metadata": case.metadata,
            "case_id": case.id,
            "cost_usd": completion.cost_usd,
            "latency_s": completion.latency_s,
        }
        request = {"function": self.function, "given": given, "params": self.params}
        answer = process_for(self.source, self.file).ask(request, timeout_s=self.timeout_s)
        return Outcome(answer["value"], answer["passed"], answer["reason"])
