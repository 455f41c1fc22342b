"""Structured output: is it JSON, has it the shape, are the values right."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scoring import score

from workbench.evals.scorers import ParamError, parse_scorer

ORDER = {"id": "A1", "total": 149.9, "buyer": {"city": "Köln"}, "items": [{"n": 2}], "note": None}
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string", "pattern": "^A"}, "total": {"type": "number"}},
    "required": ["id"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("entry", "output", "passed"),
    [
        ({}, ' {"a": 1} ', True),
        ({}, '{"a": 1} Hope this helps!', False),
        ({}, '{"a": NaN}', False),
        ({}, "```json\n{}\n```", False),
        ({"fences": True}, 'Sure!\n```json\n{"a": 1}\n```\nAnything else?', True),
        ({"fences": True}, "```\nnot json\n```", False),
        ({}, "[" * 100_000, False),
        ({"schema": SCHEMA}, '{"id": "A1", "total": 1}', True),
        ({"schema": SCHEMA}, '{"id": "B1"}', False),
        ({"schema": SCHEMA}, '{"total": 1}', False),
        ({"schema": SCHEMA}, '{"id": "A1", "extra": 1}', False),
        ({"schema": {"type": "array", "uniqueItems": True}}, "[1, 1.0]", False),
        ({"schema": {"patternProperties": {"^x_": {"type": "integer"}}}}, '{"x_a": "1"}', False),
        ({"schema": {"$defs": {"n": {"type": "number"}}, "$ref": "#/$defs/n"}}, "3", True),
    ],
)
def test_the_output_parses_and_fits(entry, output, passed):
    found = score({"type": "json", **entry}, output)
    assert (found.passed, found.value, found.error) == (passed, float(passed), None)
    assert passed or found.reason


def test_all_fields_must_be_right_and_partial_gives_credit_for_the_share():
    output = json.dumps({**ORDER, "total": 150, "extra": 1})
    whole = score({"type": "json", "fields": "all"}, output, ORDER)
    share = score({"type": "json", "fields": "all", "partial": True}, output, ORDER)
    assert (whole.value, whole.passed, whole.reason) == (0.0, False, "total is 150, not 149.9")
    assert (share.value, share.passed) == (pytest.approx(4 / 5), False)


@pytest.mark.parametrize(
    ("entry", "output", "passed"),
    [
        (
            {"fields": ["buyer.city", "items.0.n"]},
            '{"buyer": {"city": "Köln "}, "items": [{"n": 2.0}]}',
            True,
        ),
        ({"fields": "id"}, '{"id": "a1"}', False),
        ({"fields": "id", "ignore_case": True}, '{"id": "a1"}', True),
        ({"fields": "total", "tolerance": 0.1}, '{"total": 150}', True),
        ({"fields": "total"}, '{"total": "149.9"}', False),
        ({"fields": "note"}, "{}", False),
        ({"fields": "note"}, '{"note": null}', True),
        ({"fields": "id"}, "[]", False),
    ],
)
def test_fields_are_compared_as_values_not_as_text(entry, output, passed):
    assert score({"type": "json", **entry}, output, ORDER).passed is passed


def test_true_is_not_one_and_the_expected_may_be_json_text_or_a_list():
    assert score({"type": "json", "fields": "all"}, '{"a": 1}', {"a": True}).passed is False
    assert score({"type": "json", "fields": "all"}, '{"a": 1}', '{"a": 1}').passed is True
    assert score({"type": "json", "fields": "all"}, "[1, 2]", [1, 2]).passed is True
    assert score({"type": "json", "fields": "all"}, '{"a.b": 1}', {"a.b": 1}).passed is True


def test_what_the_case_lacks_is_an_error_and_not_a_failed_answer():
    assert (
        score({"type": "json", "fields": ["x"]}, "{}", ORDER).error == "what the case expects has no field x"
    )
    assert (
        score({"type": "json", "fields": "all"}, "{}", "no json").error == "what the case expects is not JSON"
    )


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"schema": {"type": "objet"}}, "not valid at type"),
        ({"schema": {"$ref": "http://example.com/x"}}, "put that part under $defs"),
        ({"schema": {"pattern": "a{9999}"}}, "more than 1000 times"),
        ({"partial": True}, "needs fields"),
        ({"fields": []}, "fields is empty"),
        ({"shema": {}}, 'perhaps "schema" is meant'),
    ],
)
def test_a_schema_or_parameter_that_cannot_work_is_refused_before_the_run(entry, says):
    with pytest.raises(ParamError, match=says.replace("$", r"\$")):
        parse_scorer({"type": "json", **entry})


def test_a_schema_cannot_hang_on_a_hostile_output():
    start = time.thread_time()
    evil = {"type": "string", "pattern": r"^(\w+\s?)*$"}
    for output in (json.dumps("word " * 20 + "!"), json.dumps("a" * 100_000 + "!")):
        found = score({"type": "json", "schema": evil}, output)
        assert found.passed is False or "too long" in found.error
    many = json.dumps([{"n": n} for n in range(50_000)])
    assert score({"type": "json", "schema": {"uniqueItems": True}}, many).passed is True
    assert score({"type": "json", "schema": {"$ref": "#"}}, "1").error
    assert time.thread_time() - start < 15


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _values, max_size=4))
def test_any_json_equals_itself(data):
    assert score({"type": "json", "fields": "all"}, json.dumps(data), data).passed is True
