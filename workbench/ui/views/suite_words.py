"""A suite in plain words: what a scorer looks at, what the gate asks, what a minimal suite looks like."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from workbench.analysis.frames import natural_key
from workbench.analysis.wording import amount, count, difference, listed
from workbench.evals.scorers import SCORERS, describe_scorers, lower_is_better
from workbench.evals.types import Case, Dataset, Gate, ScorerSpec

#: What a newcomer copies: the least that runs, and runs without a key.
EXAMPLE = """\
# evals/greeting/suite.yaml
description: Does the greeting name the customer?
prompts: [my-prompt]              # a prompt of this workspace; my-prompt@2 or my-prompt@production name a version
models: [offline/rules]           # needs no key; openai/gpt-4.1-mini and the like do
cases:
  - id: ada
    vars: {name: Ada}             # the prompt's variables
    expected: Ada
    metadata: {kind: short}       # anything to slice the results by
  - id: long-name
    vars: {name: Maximiliana van der Berg}
    expected: Maximiliana
    metadata: {kind: long}
scorers:
  - {type: contains, name: names them}
slices: [kind]
"""


def scorer_words(spec: ScorerSpec) -> list[str]:
    """Return what a scorer does, a sentence at a time: what it looks for, then how this suite bends it."""
    doc = next((d for d in describe_scorers() if d.type == spec.type), None)
    sentences = [_sentence(doc.summary if doc else spec.type)]
    if spec.extract is not None:
        sentences.append(f"It looks only at {_extract_words(spec.extract)}.")
    if spec.params:
        given = ", ".join(f"{name}: {_short(value)}" for name, value in spec.params.items())
        sentences.append(f"Here with {given}.")
    if spec.negate:
        sentences.append("It is turned round: what would pass fails, and what would fail passes.")
    if spec.threshold is not None:
        lower = doc is not None and lower_is_better(doc.unit)
        sentences.append(
            f"It passes {'up to' if lower else 'from'} {spec.threshold:g}{' on' if not lower else ''}."
        )
    if spec.weight == 0:
        sentences.append("It does not count towards the overall score.")
    elif spec.weight != 1:
        sentences.append(f"It counts {spec.weight:g} times towards the overall score.")
    return sentences


def gate_words(gate: Gate, units: dict[str, str]) -> str:
    """Return the gate in one sentence."""
    unit = units.get(gate.metric, "score")
    against = "the approved baseline" if gate.from_file else gate.baseline
    if gate.margin:
        quality = f"is not worse than {against} by {difference(gate.margin, unit).lstrip('+')} or more"
    else:
        quality = f"is established as better than {against}"
    parts = [f"on {gate.metric} it {quality}", *_more_words(gate, units)]
    if gate.max_cost_ratio is not None:
        parts.append(f"costs at most {gate.max_cost_ratio:g} times as much")
    if gate.max_latency_ratio is not None:
        parts.append(f"takes at most {gate.max_latency_ratio:g} times as long")
    parts += limit_words(gate.limits)
    return f"{gate.candidate or 'A version'} passes if {listed(parts, 20)}."


def _more_words(gate: Gate, units: dict[str, str]) -> list[str]:
    parts = []
    for name, margin in gate.metrics.items():
        parts.append(f"on {name} not by {difference(margin, units.get(name, 'score')).lstrip('+')} or more")
    for name, limit in gate.floors.items():
        unit = units.get(name, "score")
        most = "most" if lower_is_better(unit) else "least"
        parts.append(f"has a {name} of at {most} {amount(limit, unit)}")
    for field, loss in gate.slices.items():
        if loss is None:
            parts.append(f"is established as worse in no slice by {field}")
        else:
            parts.append(f"loses less than {loss * 100:g} points in each slice by {field}")
    if gate.must_pass:
        parts.append(f"passes {listed(gate.must_pass)}")
    if gate.max_new_failures is not None:
        parts.append(f"newly fails at most {count(gate.max_new_failures, 'case')}")
    return parts


def limit_words(limits: dict[str, float]) -> list[str]:
    """Return what a whole run may come to."""
    said = {
        "cost_usd": lambda most: f"the whole run costs at most {amount(most, 'usd')}",
        "total_tokens": lambda most: f"the whole run uses at most {amount(most, 'tokens')}",
        "p95_latency_s": lambda most: f"95 of 100 answers are there within {amount(most, 'seconds')}",
        "p95_ttft_s": lambda most: f"95 of 100 answers begin within {amount(most, 'seconds')}",
        "errors": lambda most: f"at most {count(int(most), 'answer')} may fail",
    }
    return [words(limits[name]) for name, words in said.items() if name in limits]


def slice_counts(cases: Iterable[Case], field: str) -> list[tuple[str, int]]:
    """Return the values of a metadata field with how many cases have each, the most frequent first."""
    found = Counter(value_text(case.metadata.get(field)) for case in cases)
    return sorted(found.items(), key=lambda item: (-item[1], natural_key(item[0])))


def value_text(value: Any) -> str:
    """Return a value of a case as text: strings as they are, nothing as (none), the rest as JSON."""
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def case_text(case: Case) -> str:
    """Return a case's variables on one line."""
    if len(case.vars) == 1:
        return " ".join(value_text(next(iter(case.vars.values()))).split())
    return " · ".join(f"{name}: {' '.join(value_text(value).split())}" for name, value in case.vars.items())


def size_words(cases: int, scorers: int) -> str:
    """Return a suite's size, such as ``60 cases, 2 scorers``."""
    return f"{count(cases, 'case')}, {count(scorers, 'scorer')}"


def needs_expected(spec: ScorerSpec) -> bool:
    """Whether a scorer holds the answer against what the case expects."""
    entry = SCORERS.get(spec.type)
    return entry is not None and entry.needs_expected


def _extract_words(extract: Any) -> str:
    if isinstance(extract, dict) and len(extract) == 1:
        form, value = next(iter(extract.items()))
    else:
        form, value = ("regex", extract) if extract not in ("last_number", "first_line") else (extract, True)
    if form == "last_number":
        return "the last number in the answer"
    if form == "first_line":
        return "the answer's first line"
    if form == "json_path":
        return f"{value} in the answer, read as JSON"
    return f"the last match of “{value}” (the whole answer where nothing matches)"


def _short(value: Any) -> str:
    plain_list = isinstance(value, list) and all(isinstance(part, str | int | float) for part in value)
    shown = listed([value_text(part) for part in value], 12) if plain_list else value_text(value)
    return shown if len(shown) <= 160 else shown[:157] + "…"


def _sentence(text: str) -> str:
    text = " ".join(text.replace("``", "").split())
    return text if text.endswith(".") else text + "."


def dataset_words(dataset: Dataset) -> list[str]:
    """Say which version the cases are, how they were read, and how they are split."""
    about = dataset.about
    lines = [f"Version {dataset.sha256[:12]} of {dataset.source}"]
    read = [about.get("format"), about.get("encoding"), about.get("shape")]
    if about.get("format") not in (None, "list"):
        lines.append("Read as " + ", ".join(str(part) for part in read if part))
    told = {name: role for name, role in about.get("columns", {}).items() if name != role}
    if told:
        shown = [f"{name} → {role}" for name, role in list(told.items())[:12]]
        lines.append("Columns " + ", ".join(shown) + (", …" if len(told) > 12 else ""))
    if about.get("split"):
        counts = ", ".join(f"{name} {number:,}" for name, number in about["splits"].items())
        lines.append(f"Split {about['split']} of {counts}")
    return [*lines, *about.get("notes", ())]
