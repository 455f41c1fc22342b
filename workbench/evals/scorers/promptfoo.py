"""promptfoo's own rules for the assertions that need no model, so that an imported config passes and fails alike.

Texts are compared by UTF-16 units and JavaScript's ideas of space and case, where the scorers of the other families
compare letters as readers see them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from workbench.evals.scorers import promptfoo_rules as rules
from workbench.evals.scorers.javascript_regex import BadPattern, matches
from workbench.evals.scorers.json_schema import check_schema, first_fault
from workbench.evals.scorers.judging import CountedAsFailure
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.types import ScoringInput

Kind = Literal[
    "equals", "contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any",
    "starts-with", "regex", "is-json", "contains-json", "is-xml", "contains-xml", "is-html", "contains-html",
    "levenshtein", "rouge-n", "bleu", "gleu", "word-count", "finish-reason",
]  # fmt: skip
#: Assertions whose value is a measure, held against the scorer's `threshold`.
MEASURES = ("rouge-n", "bleu", "gleu")
MAX_TEXT = 200_000
MAX_EDITS = 50_000
_NEEDS_TEXT = ("contains", "icontains", "starts-with", "regex", "levenshtein", "rouge-n", "finish-reason")
_NEEDS_LIST = ("contains-all", "contains-any", "icontains-all", "icontains-any", "bleu", "gleu")


@scorer("promptfoo")
@dataclass(frozen=True)
class Promptfoo:
    """An assertion of promptfoo, by promptfoo's own rule, which imported configs are scored with.

    ``value`` stands as it is, without ``{{name}}`` filled in. ``rouge-n``, ``bleu`` and ``gleu`` are measures, and
    pass or fail with a ``threshold``.
    """

    assertion: Annotated[
        Kind, Field(description="The assertion's type, without `not-`: negate the scorer instead")
    ]
    value: Annotated[
        Any, Field(description="What it compares with: a text, a list of texts, a JSON Schema, {min, max}")
    ] = None
    limit: Annotated[float, Field(ge=0, description="The most edits that pass (levenshtein)")] = 5.0

    def __post_init__(self) -> None:
        if self.assertion in _NEEDS_TEXT and not (isinstance(self.value, str) and self.value):
            raise ValueError(f"{self.assertion} needs a text as its value")
        if self.assertion in _NEEDS_LIST and not rules.are_texts(self.value):
            raise ValueError(f"{self.assertion} needs a list of texts as its value")
        if self.assertion in ("is-json", "contains-json") and self.value is not None:
            if not isinstance(self.value, dict):
                raise ValueError(f"{self.assertion} takes a JSON Schema as its value")
            check_schema(self.value)
        if self.assertion == "word-count" and not isinstance(self.value, dict):
            raise ValueError("word-count needs {min, max} as its value")

    def score(self, cell: ScoringInput) -> Outcome:
        """Apply the rule."""
        if len(cell.output) > 10 * MAX_TEXT:
            raise ScoringError(f"the output has over {10 * MAX_TEXT} characters")
        return _RULES[self.assertion](self, cell.output, cell)

    def fits(self, data: Any) -> bool:
        """Return whether parsed JSON fits the schema, where there is one."""
        return self.value is None or first_fault(self.value, data) is None


def _told(passed: bool, reason: str) -> Outcome:
    return Outcome(1.0 if passed else 0.0, passed, "" if passed else reason)


def _equals(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    if not isinstance(spec.value, dict | list):
        return _told(output == spec.value, "it is not equal")
    try:
        found = rules.parse_json(output)
    except ValueError:
        raise CountedAsFailure("it is not JSON") from None
    return _told(rules.same(spec.value, found), "it is not equal")


def _contains(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(spec.value in output, "it does not contain the text")


def _icontains(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(spec.value.lower() in output.lower(), "it does not contain the text")


def _all(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(all(v in output for v in spec.value), "it does not contain all of the texts")


def _any(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(any(v in output for v in spec.value), "it contains none of the texts")


def _iall(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    low = output.lower()
    return _told(all(v.lower() in low for v in spec.value), "it does not contain all of the texts")


def _iany(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    low = output.lower()
    return _told(any(v.lower() in low for v in spec.value), "it contains none of the texts")


def _starts(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(output.startswith(spec.value), "it does not start with the text")


def _regex(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    try:
        return _told(matches(spec.value, output), "the pattern does not match")
    except BadPattern as problem:
        raise CountedAsFailure(f"the pattern is not JavaScript's ({problem})") from None


def _is_json(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    try:
        data = rules.parse_json(output)
    except ValueError:
        return _told(False, "it is not JSON")
    return _told(spec.fits(data), "it does not fit the schema")


def _contains_json(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(any(spec.fits(found) for found in rules.json_inside(output)), "there is no such JSON in it")


def _is_xml(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(rules.is_xml(output, spec.value), "it is not XML, or lacks an element")


def _contains_xml(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(rules.contains_xml(output, spec.value), "there is no such XML in it")


def _is_html(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(rules.is_html(output), "it is not HTML")


def _contains_html(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    return _told(rules.contains_html(output), "there is no HTML in it")


def _levenshtein(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    if max(len(output), len(spec.value)) > MAX_EDITS:
        raise ScoringError(f"a text has over {MAX_EDITS} characters")
    edits = rules.edits(output, spec.value)
    return _told(edits <= spec.limit, f"{edits} edits, and at most {spec.limit:g} pass")


def _measure(measure: Callable[[str, list[str]], float]) -> Callable[..., Outcome]:
    def score(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
        texts = [spec.value] if isinstance(spec.value, str) else spec.value
        if max(map(len, (output, *texts))) > MAX_TEXT:
            raise ScoringError(f"a text has over {MAX_TEXT} characters")
        try:
            value = measure(output, texts)
        except ValueError as problem:
            raise ScoringError(str(problem)) from None
        return Outcome(min(1.0, value) if math.isfinite(value) else None)

    return score


def _words(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    count = rules.count_words(output)
    fits = spec.value.get("min", 0) <= count <= spec.value.get("max", math.inf)
    return _told(fits, f"it has {count} words")


def _finish(spec: Promptfoo, output: str, cell: ScoringInput) -> Outcome:
    reason = cell.completion.finish_reason
    return _told(
        reason is not None and reason.lower() == spec.value.lower(), f"the model stopped by {reason}"
    )


_RULES: dict[str, Callable[[Promptfoo, str, ScoringInput], Outcome]] = {
    "equals": _equals,
    "contains": _contains,
    "icontains": _icontains,
    "contains-all": _all,
    "contains-any": _any,
    "icontains-all": _iall,
    "icontains-any": _iany,
    "starts-with": _starts,
    "regex": _regex,
    "is-json": _is_json,
    "contains-json": _contains_json,
    "is-xml": _is_xml,
    "contains-xml": _contains_xml,
    "is-html": _is_html,
    "contains-html": _contains_html,
    "levenshtein": _levenshtein,
    "rouge-n": _measure(rules.rouge_1),
    "bleu": _measure(rules.bleu),
    "gleu": _measure(rules.gleu),
    "word-count": _words,
    "finish-reason": _finish,
}
