"""An approved run as a file: what later runs are held against when the database is gone. It holds no outputs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.evals.combine import OVERALL
from workbench.evals.plan import Plan
from workbench.evals.scorers import SCORERS
from workbench.evals.types import ScorerSpec
from workbench.files import canonical_json, read_text, sha256_text

FORMAT = "workbench-baseline/1"
FILE_NAME = "baseline.json"
MAX_BYTES = 200_000_000


class BaselineError(BadInput):
    """A baseline that cannot be held against; the message says why."""


@dataclass(frozen=True)
class Baseline:
    """What an approved run scored, case by case, and all that it is pinned to.

    ``approved`` is ``{by, at, why}``, ``prompt`` ``{name, number, sha256}``; ``models`` and ``scorers`` are as a
    suite writes them, and ``scorer_types`` gives each type the version of its code. ``totals`` holds cost in USD
    and latency in seconds, for all answers and by model. Each of ``cases`` is one case of one model:
    ``{case, model, scores: {scorer: [a value for each repeat]}, passed: {…}}``, where null is unknown and
    ``"error"`` stands for an answer that failed.
    """

    suite: str
    suite_sha256: str
    dataset_sha256: str
    run: str
    approved: dict[str, str]
    prompt: dict[str, Any]
    models: list[dict[str, Any]]
    scorers: list[dict[str, Any]]
    scorer_types: dict[str, int]
    units: dict[str, str]
    repeats: int
    means: dict[str, float | None]
    totals: dict[str, Any]
    cases: list[dict[str, Any]]

    @property
    def title(self) -> str:
        """The approved version, such as ``triage@3``."""
        number = self.prompt["number"]
        return f"{self.prompt['name']}@{number}" if number else str(self.prompt["name"])

    @property
    def model_names(self) -> list[str]:
        """What its models are called."""
        return [model.get("label") or model["id"] for model in self.models]

    @property
    def sentence(self) -> str:
        """Who approved what, when and why."""
        why = f": {self.approved['why']}" if self.approved.get("why") else ""
        when = str(self.approved["at"])[:16].replace("T", " ")
        return f"{self.title} of run {self.run}, approved by {self.approved['by']} on {when}{why}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data, without the checksum."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def about(self) -> dict[str, Any]:
        """Return it without its cases: who approved what."""
        return {key: value for key, value in self.to_dict().items() if key != "cases"}

    @property
    def checksum(self) -> str:
        """The SHA-256 of everything in it."""
        return sha256_text(canonical_json({"format": FORMAT, **self.to_dict()}))

    def to_text(self) -> str:
        """Return the file: keys in order, one case a line, so that two of them can be compared by lines."""
        head = {"format": FORMAT, "checksum": self.checksum, **self.about()}
        text = json.dumps(head, indent=2, sort_keys=True, ensure_ascii=False)
        lines = [json.dumps(row, sort_keys=True, ensure_ascii=False) for row in self.cases]
        inside = ",\n".join(f"    {line}" for line in lines)
        return f'{text[:-2]},\n  "cases": [\n{inside}\n  ]\n}}\n'


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: It is missing, no baseline, or was changed since it was approved.
    """
    text = read_text(path, what="baseline", max_bytes=MAX_BYTES, error=BaselineError)
    again = "approve a run again with `workbench baseline set RUN`"
    try:
        data = json.loads(text)
        form, checksum = data.pop("format"), data.pop("checksum")
        if form != FORMAT:
            raise BaselineError(
                f"The baseline has the format {str(form)[:40]}, not {FORMAT}", file=path, hint=again
            )
        actual = sha256_text(canonical_json({"format": form, **data}))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise BaselineError("The file is not a baseline", file=path, hint=again) from None
    if actual != checksum:
        raise BaselineError(
            "The baseline was changed since it was approved: its checksum does not fit",
            file=path,
            hint=f"restore the file from git, or {again}",
        )
    found = baseline_from_dict(data, path)
    _check_means(found, path)
    return found


def _check_means(baseline: Baseline, path: Path) -> None:
    """Refuse cases that do not give the means beside them, as where somebody wrote a new checksum to edited scores."""
    values: dict[str, list[float]] = {}
    try:
        for row in baseline.cases:
            for scorer, scores in row["scores"].items():
                values.setdefault(scorer, []).extend(v for v in scores if isinstance(v, int | float))
        wrong = [
            name
            for name, mean in baseline.means.items()
            if mean is not None and not _near(values.get(name), mean)
        ]
    except (AttributeError, KeyError, TypeError):
        raise BaselineError("The cases of the baseline cannot be read", file=path) from None
    if wrong:
        raise BaselineError(
            f"The baseline contradicts itself: its cases do not give its mean of {wrong[0]}",
            file=path,
            hint="restore the file from git, or approve a run again with `workbench baseline set RUN`",
        )


def _near(values: list[float] | None, mean: float) -> bool:
    """Whether a mean that was rounded to six digits is that of the values."""
    return bool(values) and abs(math.fsum(values) / len(values) - mean) <= 1e-6 * max(1.0, abs(mean))


def check_prompt(baseline: Baseline, sha256: str | None) -> None:
    """Refuse a baseline whose version is another text here; ``sha256`` is None where this library has no such version.

    Raises:
        BaselineError: It was approved on another text under the same number.
    """
    if sha256 is not None and sha256 != baseline.prompt["sha256"]:
        raise BaselineError(
            f"The baseline was approved on another {baseline.title} than the one here "
            f"(SHA-256 {baseline.prompt['sha256'][:8]}, here {sha256[:8]})",
            hint="restore the prompt's history from git, or approve a run of the one here with "
            "`workbench baseline set RUN`",
        )


def baseline_from_dict(data: dict[str, Any], file: Path | None = None) -> Baseline:
    """The inverse of `Baseline.to_dict`."""
    names = {f.name for f in fields(Baseline)}
    if set(data) != names:
        raise BaselineError("The baseline lacks fields, or has unknown ones", file=file)
    return Baseline(**data)


def check_fit(baseline: Baseline, plan: Plan, scorers: tuple[ScorerSpec, ...]) -> None:
    """Refuse a baseline that a run cannot fairly be held against.

    Args:
        baseline: The approved run.
        plan: The run, with its gate.
        scorers: What the run is scored with.

    Raises:
        BaselineError: The dataset, a scorer that the gate looks at, or the set of models is another one.
    """
    gate = plan.gate
    looked_at = [gate.metric, *gate.metrics, *gate.floors] if gate else []
    check_comparable(baseline, plan, scorers, looked_at, [model.name for model in plan.models])


def check_comparable(
    baseline: Baseline,
    plan: Plan,
    scorers: tuple[ScorerSpec, ...],
    looked_at: Sequence[str],
    models: Sequence[str],
) -> None:
    """Refuse a baseline that answers of ``models`` cannot fairly be held against by the scorers ``looked_at``.

    Raises:
        BaselineError: The suite, the dataset, one of these scorers, or the set of models is another one.
    """
    again = "run the suite as it is now and approve that run with `workbench baseline set RUN`"
    if baseline.suite != plan.suite:
        raise BaselineError(f"The baseline is of the suite {baseline.suite}, not of {plan.suite}", hint=again)
    if baseline.dataset_sha256 != plan.dataset_sha256:
        raise BaselineError(
            f"The baseline of {baseline.suite} was approved on other cases "
            f"(dataset {baseline.dataset_sha256[:8]}, now {plan.dataset_sha256[:8]})",
            hint=again,
        )
    difference = scorer_difference(baseline, scorers, looked_at)
    if difference:
        raise BaselineError(f"The baseline of {plan.suite} was scored otherwise: {difference}", hint=again)
    ours, theirs = list(models), baseline.model_names
    if max(len(ours), len(theirs)) > 1 and set(ours) != set(theirs):
        raise BaselineError(
            f"The baseline of {plan.suite} was answered by {', '.join(theirs)}, and this run by {', '.join(ours)}",
            hint=again,
        )


def scorer_difference(
    baseline: Baseline, scorers: Sequence[ScorerSpec], looked_at: Sequence[str]
) -> str | None:
    """Say what is different in a scorer that is looked at, or None where nothing is."""
    now = {spec.name: spec.to_dict() for spec in scorers}
    then = {spec["name"]: spec for spec in baseline.scorers}
    if OVERALL in looked_at:
        both = {**then, **now}
        looked_at = [*looked_at, *(name for name in both if both[name].get("weight", 1))]
    for name in dict.fromkeys(looked_at):
        if name == OVERALL and name not in now:
            continue
        a, b = then.get(name), now.get(name)
        if a is None or b is None:
            return f"{name} is {'new' if a is None else 'gone'}"
        for key in sorted({*a, *b}):
            if a.get(key) != b.get(key):
                return f"`{key}` of {name} was {_short(a.get(key))} and is {_short(b.get(key))}"
        version = SCORERS[b["type"]].version
        if baseline.scorer_types.get(b["type"]) != version:
            was = baseline.scorer_types.get(b["type"])
            return f"{name} was scored by version {was} of `{b['type']}`, now {version}"
    return None


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:60]
