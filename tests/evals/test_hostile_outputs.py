"""No output, however odd, crashes a scorer or holds it for long."""

from __future__ import annotations

import time

import pytest
from support.scoring import case, score

from workbench.evals.scorers import SCORERS, build_scorer, parse_scorer
from workbench.evals.types import ScoringInput
from workbench.llm.types import Completion

#: What makes a scorer look as far into an output as it can.
DEEPER = {
    "json": {"inside": True},
    "json_schema": {"schema": {"required": ["a"]}, "inside": True},
    "yaml": {"inside": True},
    "xml": {"inside": True, "elements": ["a.b"]},
    "html": {"inside": True},
    "sql": {"inside": True, "tables": ["a"], "columns": ["b"]},
    "python": {"inside": True},
    "javascript": {"inside": True},
    "fields": {"inside": True},
    "tool_calls": {"tools": []},
    "regex": {"pattern": "(a|aa)+$"},
    "length": {"max": 3, "unit": "sentences"},
    "word_count": {"max": 3},
    "language": {"value": "de"},
    "injection": {"canary": "PWNED-4711"},
    "system_prompt_leak": {"text": "9 a b a b 9"},
    "promptfoo": {"assertion": "icontains", "value": "1"},
}
HOSTILE = {
    "brackets": "[" * 1_000_000,
    "keys": '{"a":' * 190_000,
    "open texts": '{"a":"' * 40_000,
    "parentheses": "(" * 90_000,
    "a deep query": "SELECT * FROM (" * 1_300,
    "tags": "<div>" * 19_000,
    "tables": "<table><tr><td>" * 6_000,
    "formats": "<b><p>" * 16_000,
    "pairs": "<a>" * 30_000 + "</a>" * 30_000,
    "attributes": "<a b='" * 16_000,
    "signs": "<" * 100_000,
    "fences": "```\n~~~\n" * 20_000,
    "lists": "- " * 25_000,
    "questions": "? " * 25_000,
    "a long sum": "SELECT " + "1+" * 9_000 + "1",
    "NULs": "\0" * 100_000,
    "surrogates": "\ud800x\udfff" * 20_000,
    "right to left": "\u202eשלום\u2066 " * 15_000,
    "marks": "a" + "\u0301" * 100_000,
    "digits": "9" * 100_000,
    "spaces": " " * 1_000_000,
    "words": "a b " * 40_000,
    "other words": " ".join(map(str, range(30_000))),
}
#: What takes the comparing ones longest is a long expected text.
LONG = {
    kind: " ".join(map(str, range(count)))
    for kind, count in {"rouge": 3_000, "bleu": 3_000, "chrf": 3_000, "gleu": 3_000, "wer": 3_000, "f1": 3_000,
                        "exact_match": 3_000, "ter": 700, "meteor": 900, "fuzzy": 3_000, "levenshtein": 3_000}.items()
}  # fmt: skip
#: What asks a model, runs code of one's own, or stands for others, has tests of its own.
ELSEWHERE = {"own", "metric", "counterfactual", "override", "derived", "all", "any", "at_least"}
TYPES = sorted(kind for kind, entry in SCORERS.items() if not entry.asks and kind not in ELSEWHERE)


@pytest.mark.parametrize("kind", TYPES)
def test_no_hostile_output_crashes_a_scorer_or_takes_it_two_seconds(kind):
    scorer = build_scorer(parse_scorer({"type": kind, **DEEPER.get(kind, {})}))
    one = case({"a": 1} if kind == "fields" else LONG.get(kind, "1"))
    scorer.score(ScoringInput("warm up", one, Completion("warm up")))
    for name, output in HOSTILE.items():
        start = time.thread_time()
        found = scorer.score(ScoringInput(output, one, Completion(output)))
        assert time.thread_time() - start < 2, name
        assert "Error" not in (found.error or ""), f"{name}: {found.error}"


def test_a_hostile_expected_text_is_an_error_of_that_case_and_no_crash():
    for kind in ("json", "fields", "levenshtein", "fuzzy"):
        entry = {"type": kind, "fields": "all"} if kind == "json" else kind
        found = score(entry, "{}", "[" * 1_000_000)
        assert found.passed is not True and "Error" not in (found.error or "")
