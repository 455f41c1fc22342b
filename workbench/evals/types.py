"""The nouns of evaluation: case, dataset, scorer spec, score, gate, suite."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from workbench.evals.asked_cells import AskedCells
from workbench.llm.types import Completion, ModelSpec
from workbench.prompts.content import Prompt


@dataclass(frozen=True)
class ScorerSpec:
    """One scorer as a suite asks for it: ``type`` names the registry entry, ``params`` are its own options.

    ``transform`` are the steps before ``extract``, those of the whole suite included; ``reducer`` says how several
    answers to one case become one value (None: their mean).
    """

    type: str
    name: str
    negate: bool = False
    weight: float = 1.0
    threshold: float | None = None
    extract: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    transform: tuple[Any, ...] = ()
    reducer: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Return the flat mapping that a suite file holds."""
        # The weight is always written: what it is by default depends on the scorer's unit.
        data: dict[str, Any] = {"type": self.type, "name": self.name, "weight": self.weight}
        if self.negate:
            data["negate"] = True
        if self.threshold is not None:
            data["threshold"] = self.threshold
        if self.extract is not None:
            data["extract"] = self.extract
        if self.transform:
            data["transform"] = list(self.transform)
        if self.reducer is not None:
            data["reducer"] = self.reducer
        return {**data, **self.params}


@dataclass(frozen=True)
class Case:
    """One test: variables for the template, what is expected, and metadata to slice by.

    ``scorers`` are this case's own, run beside the suite's.
    """

    id: str
    vars: dict[str, Any] = field(default_factory=dict)
    expected: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    scorers: tuple[ScorerSpec, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """Cases in their order; ``sha256`` identifies the content, ``about`` says how they were read."""

    cases: tuple[Case, ...]
    sha256: str
    source: str
    about: dict[str, Any] = field(default_factory=dict, compare=False)


class Cell(NamedTuple):
    """One question to one model: positions in the plan, the case's id, and the repeat from 0."""

    prompt_index: int
    model_index: int
    case_id: str
    repeat: int


@dataclass(frozen=True)
class ScoringInput:
    """What a scorer may look at. ``output`` is the text after the spec's extract step.

    ``answers`` is what models said to scorers that ask (`workbench.evals.scorers.answers.Answers`), None where none
    can be asked.
    """

    output: str
    case: Case
    completion: Completion
    answers: Any = None


@dataclass(frozen=True)
class Score:
    """What one scorer says of one completion.

    ``value`` is 0–1 or a number in the scorer's unit; None with ``error`` set when it could not be computed
    (an error is missing, never 0), or None without error when the quantity is unknown (cost of an unpriced
    model). ``passed`` is None where the scorer measures and no threshold was given.
    """

    scorer: str
    value: float | None
    passed: bool | None = None
    reason: str = ""
    error: str | None = None


#: What a gate writes as its baseline for the approved run in ``baseline.json`` beside the suite.
BASELINE_FILE = "file"


@dataclass(frozen=True)
class Gate:
    """The rules that pass or fail a run: the candidate must not be worse than the baseline by over ``margin``.

    ``metrics`` holds further metrics with their margins, ``floors`` what the candidate must reach by itself,
    ``slices`` fields with the margin of each of their slices (None: no slice may be established as worse), and
    ``must_pass`` entries as `workbench.evals.gates.must_pass_cases` reads them. ``limits`` is what the whole run may
    come to (`workbench.analysis.run_limits`).
    """

    baseline: str
    candidate: str  # "" for the only version of a run that is held against a file
    metric: str
    margin: float = 0.0
    max_cost_ratio: float | None = None
    max_latency_ratio: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    slices: dict[str, float | None] = field(default_factory=dict)
    must_pass: tuple[str, ...] = ()
    max_new_failures: int | None = None
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def from_file(self) -> bool:
        """Whether runs are held against the approved run in ``baseline.json``."""
        return self.baseline == BASELINE_FILE

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data.

        What came later is left out where it is not used, so that suites keep the identity that runs are pinned to.
        """
        data = {**vars(self), "must_pass": list(self.must_pass)}
        later = ("metrics", "floors", "slices", "must_pass", "max_new_failures", "limits")
        return {k: v for k, v in data.items() if k not in later or (v is not None and v not in ({}, []))}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Gate:
        """The inverse of `to_dict`."""
        return cls(**{**data, "must_pass": tuple(data.get("must_pass", ()))})


@dataclass(frozen=True)
class Suite:
    """Prompts × models × cases × repeats, scorers and gate. ``sha256`` identifies suite and cases together.

    ``cluster`` is the metadata field whose equal values mark cases that are not independent of each other.
    """

    name: str
    description: str
    prompts: tuple[str, ...]
    models: tuple[ModelSpec, ...]
    dataset: Dataset
    scorers: tuple[ScorerSpec, ...]
    slices: tuple[str, ...] = ()
    cluster: str | None = None
    repeats: int = 1
    concurrency: int | None = None
    gate: Gate | None = None
    limits: dict[str, float] = field(
        default_factory=dict
    )  # what a whole run may come to, with a gate or without
    sha256: str = ""
    folder: Path | None = None
    schema: dict[str, dict[str, Any]] = field(default_factory=dict)  # JSON Schemas of a case's parts
    judge: ModelSpec | None = None  # what judges where a scorer names no model
    own_prompts: dict[str, Prompt] = field(default_factory=dict)  # prompts that it brings itself, by name
    asked: AskedCells = field(default_factory=AskedCells)  # which cells are asked


Unit = Literal["score", "seconds", "usd", "tokens", "count"]
