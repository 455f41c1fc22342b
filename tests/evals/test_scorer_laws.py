"""What holds for every scorer: negation, bounds, thresholds, extraction, crashes, hostile patterns."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scoring import case, score, scores

from workbench.evals.extract import build_extractor
from workbench.evals.scorers import SCORERS, ParamError, build_scorer, describe_scorers, parse_scorer, scorer
from workbench.evals.types import ScorerSpec, ScoringInput
from workbench.llm.types import Completion

#: One entry of each type that works; a new scorer has to be added here.
ENTRIES = {
    "exact": {},
    "contains": {},
    "icontains": {},
    "starts_with": {},
    "one_of": {},
    "regex": {"pattern": "a+"},
    "numeric": {"value": 3},
    "json": {},
    "length": {"max": 3},
    "fuzzy": {},
    "rouge": {"tokenizer": "unicode"},
    "bleu": {},
    "latency": {"max": 1},
    "cost": {"max": 1},
    "tokens": {"max": 3},
    "promptfoo": {"assertion": "icontains", "value": "a"},
    "not_empty": {},
    "contains_all": {},
    "contains_any": {},
    "ends_with": {},
    "word_count": {"max": 3},
    "levenshtein": {},
    "refusal": {},
    "injection": {"canary": "abcdefg"},
    "over_refusal": {},
    "system_prompt_leak": {"text": "a b c", "length": 2},
    "pii": {},
    "toxicity": {},
    "bias": {"words": "a"},
    "language": {"value": "en"},
    "readability": {"max": 10},
    "repetition": {"max": 0.5},
    "json_schema": {"schema": {"type": "object"}, "inside": True},
    "fields": {"value": {"a": [1]}},
    "yaml": {},
    "xml": {},
    "html": {},
    "sql": {},
    "python": {},
    "javascript": {},
    "tool_calls": {"value": ["a"]},
    "finish_reason": {},
    "perplexity": {},
    "chrf": {},
    "gleu": {},
    "ter": {},
    "wer": {},
    "meteor": {},
    "exact_match": {},
    "f1": {},
    "all": {"of": ["exact", {"type": "length", "max": 3}]},
    "any": {"of": ["exact", {"type": "length", "max": 3}]},
    "at_least": {"n": 2, "of": ["exact", "contains", {"type": "length", "max": 3}]},
}
#: A formula looks at scores and not at an answer; tests/evals/test_groups.py holds it to its laws.
FORMULAS = {"derived"}
#: Code keeps no law but those of tests/evals/test_own_scorers.py and tests/evals/test_metric_scorer.py.
OWN = {"own", "metric"}
#: It changes another scorer and scores nothing.
CHANGES = {"override"}
#: It looks at several cases: tests/evals/test_counterfactual.py.
ACROSS = {"counterfactual"}
#: What asks a model is held to its laws with scripted replies: tests/evals/test_judges.py and test_judge_family.py.
ASKING = {name for name, entry in SCORERS.items() if entry.asks}
SPEED = settings(max_examples=60, deadline=None)
texts = st.text() | st.sampled_from(
    ["a", "3", "{}", '{"a": [1]}', "a\nb", "1,5 €", "```json\n1\n```", "\ud800"]
)
times = st.none() | st.floats(0, 1e6)


def test_every_scorer_is_held_to_these_laws():
    assert ENTRIES.keys() | FORMULAS | OWN | CHANGES | ACROSS | ASKING == SCORERS.keys()


@pytest.mark.parametrize("kind", ENTRIES)
@SPEED
@given(output=texts, expected=texts, number=times, threshold=st.none() | st.floats(0, 1))
def test_a_score_is_bounded_and_negating_turns_it_round_exactly(kind, output, expected, number, threshold):
    entry = {"type": kind, **ENTRIES[kind]}
    if threshold is not None and not SCORERS[kind].limit:
        entry["threshold"] = threshold
    given = {"latency_s": number, "cost_usd": number}
    plain = score(entry, output, expected, **given)
    negated = score({**entry, "negate": True}, output, expected, **given)
    assert (plain.value is None) == (negated.value is None)
    assert plain.error == negated.error
    if plain.value is None:
        assert plain.passed is None and negated.passed is None
        return
    assert math.isfinite(plain.value) and (plain.value >= 0 or SCORERS[kind].unit == "count")
    assert negated.passed == (None if plain.passed is None else not plain.passed)
    if SCORERS[kind].unit == "score":
        assert plain.value <= 1
        assert negated.value == 1 - plain.value
    else:
        assert negated.value == plain.value


@pytest.mark.parametrize("kind", [kind for kind in ENTRIES if SCORERS[kind].unit == "score"])
def test_a_threshold_is_the_value_from_which_it_passes(kind):
    entry = {"type": kind, **ENTRIES[kind]}
    sure = [{"token": "3", "logprob": -0.1}]
    value = score(entry, "3", "3", logprobs=sure).value
    assert score({**entry, "threshold": value}, "3", "3", logprobs=sure).passed is True
    with pytest.raises(ParamError, match="between 0 and 1"):
        parse_scorer({**entry, "threshold": 1.5})


@pytest.mark.parametrize(
    ("extract", "output", "answer"),
    [
        (r"answer is (.*?)\.?$", "the answer is 4.\nno, the answer is 5.", "5"),
        (r"\d+", "7 and 8", "8"),
        (r"(x)|y", "y", "y"),
        ("never", "whole text", "whole text"),
        ({"regex": "last_number"}, "3", "3"),
        ("last_number", "from 3 to $1,200 each", "$1,200"),
        ({"last_number": True}, "no number", "no number"),
        ("first_line", "\n\n  first \nsecond", "first"),
        ({"json_path": "$.a.b"}, '{"a": {"b": "x"}}', "x"),
        ({"json_path": "a[-1]"}, 'Here:\n```json\n{"a": [1, {"c": 2}]}\n```', '{"c": 2}'),
        ({"json_path": "$.missing"}, '{"a": 1}', '{"a": 1}'),
        ({"json_path": "$.a"}, "not json", "not json"),
    ],
)
def test_extract_takes_the_part_that_is_the_answer(extract, output, answer):
    assert build_extractor(extract)(output) == answer
    assert score({"type": "exact", "extract": extract, "strip": False}, output, answer).passed is True


@SPEED
@given(
    output=texts,
    extract=st.sampled_from(
        [None, r"(\w+)", "^(.*)$", "last_number", "first_line", {"json_path": "$..a"}, {"json_path": "a[0]"}]
    ),
)
def test_extraction_never_raises_and_gives_text(output, extract):
    assert isinstance(build_extractor(extract)(output), str)


@pytest.mark.parametrize(
    "extract",
    [
        "(",
        "a{5000}",
        "",
        3,
        [],
        {"regex": "a", "json_path": "b"},
        {"json_path": "$["},
        {"last_number": False},
    ],
)
def test_an_extract_step_that_cannot_work_is_refused_before_the_run(extract):
    with pytest.raises(ParamError) as refused:
        parse_scorer({"type": "exact", "extract": extract})
    assert refused.value.path == ("extract",)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "regex", "pattern": r"^(a+)+$"},
        {"type": "regex", "pattern": r"(.*a){25}$"},
        {"type": "regex", "pattern": r"(a|aa)+$", "ignore_case": True, "mode": "full"},
        {"type": "exact", "extract": r"^(\w|\w\w)+$"},
        {"type": "numeric", "extract": r"((\d+)+,?)+x"},
    ],
)
def test_a_hostile_pattern_ends_within_its_time_limit(entry):
    start = time.thread_time()
    found = score(entry, "a" * 3_000 + "1" * 3_000 + "!", "1")
    assert time.thread_time() - start < 5
    assert found.value is None or found.passed is False
    assert found.value is not None or "took too long" in found.error


@dataclass(frozen=True)
class _Crash:
    """Crash, as a scorer with a fault would."""

    def score(self, cell: ScoringInput):
        raise ZeroDivisionError("one by none")


@pytest.fixture
def crashing():
    scorer("crash_test")(_Crash)
    yield
    del SCORERS["crash_test"]


def test_a_scorer_that_crashes_is_an_error_on_its_cell_and_the_others_still_score(crashing):
    found = scores(["crash_test", "exact"], case("x"), Completion("x"))
    assert found["crash_test"].error == "ZeroDivisionError: one by none"
    assert found["crash_test"].value is None
    assert found["exact"].passed is True
    assert (found["overall"].value, found["overall"].error) == (
        None,
        "crash_test: ZeroDivisionError: one by none",
    )


def test_a_failed_call_gives_errors_of_its_kind_and_no_zero():
    found = scores(["exact", "latency"], case("x"), Completion(error="timeout", error_message="too slow"))
    assert {(one.value, one.error) for one in found.values()} == {(None, "timeout")}


def test_overall_is_the_weighted_mean_and_passes_where_all_parts_do():
    entries = [
        {"type": "exact", "weight": 3},
        {"type": "length", "max": 1},
        {"type": "latency", "max": 1, "weight": 1},
        {"type": "fuzzy", "weight": 0},
    ]
    good = scores(entries, case("a b"), Completion("a b", latency_s=2))
    assert good["overall"].value == pytest.approx(3 / 5)
    assert (good["overall"].passed, good["overall"].reason) == (False, "failed: length, latency")
    assert "overall" not in scores(["exact", "latency"], case("a"), Completion("a", latency_s=2))


def test_a_spec_written_to_a_file_and_read_again_is_the_same():
    for kind, params in ENTRIES.items():
        spec = parse_scorer({"type": kind, **params, "negate": True, "extract": "(.*)", "name": "mine"})
        assert parse_scorer(spec.to_dict()) == spec
        assert build_scorer(ScorerSpec(**vars(spec))).name == "mine"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("exakt", 'perhaps "exact" is meant'),
        ({"name": "x"}, "type"),
        ({"type": "exact", "ignorecase": True}, 'perhaps "ignore_case" is meant'),
        ({"type": "exact", "threshhold": 1}, 'perhaps "threshold" is meant'),
        ({"type": "exact", "name": "overall"}, "choose another name"),
        ({"type": "exact", "weight": -1}, "weight is a number from 0"),
        ({"type": "exact", "negate": "yes"}, "true or false"),
        ({"type": "regex"}, '"pattern" is missing'),
        ({"type": "latency", "weight": 1}, "only measures"),
        ({"type": "cost", "max": 1, "threshold": 1}, "say the same"),
        (7, "a type or a mapping"),
    ],
)
def test_an_entry_that_cannot_be_used_says_what_to_write_instead(entry, says):
    with pytest.raises(ParamError) as refused:
        parse_scorer(entry)
    assert says in str(refused.value)


def test_every_scorer_and_parameter_describes_itself():
    for doc in describe_scorers():
        assert doc.summary.endswith("."), doc.type
        for param in doc.params:
            assert param.description, f"{doc.type}.{param.name}"
