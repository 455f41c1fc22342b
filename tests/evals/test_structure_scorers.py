"""Scorers of markup, code and fields: what passes, what fails, and how much credit a part earns."""

from __future__ import annotations

import pytest
from support.scoring import score

from workbench.evals.scorers import ParamError, parse_scorer


def _passed(entry, output, expected=None, **completion):
    found = score(entry, output, expected, **completion)
    assert found.error is None, found.error
    return found.passed


@pytest.mark.parametrize(
    ("entry", "output", "passed"),
    [
        ({"type": "json", "inside": True}, 'I think {"a": 1} is it', True),
        ({"type": "json", "inside": True}, "no [brackets", False),
        ({"type": "json", "inside": True, "schema": {"required": ["b"]}}, '{"a": 1} or {"b": 2}', True),
        ({"type": "json_schema", "schema": {"required": ["a"]}}, '{"a": 1}', True),
        ({"type": "json_schema", "schema": {"required": ["a"]}}, '{"b": 1}', False),
        (
            {"type": "json_schema", "schema": {"type": "object"}, "fences": True},
            '```json\n{"a": 1}\n```',
            True,
        ),
        ({"type": "yaml"}, "a: 1\nb: [2, 3]", True),
        ({"type": "yaml"}, "just words", False),
        ({"type": "yaml"}, "a: 1\na: 2", False),
        ({"type": "yaml", "schema": {"required": ["c"]}}, "a: 1", False),
        ({"type": "yaml", "inside": True}, "Sure:\n```yaml\na: 1\n```\nDone.", True),
        ({"type": "xml", "elements": ["a.b"]}, "<a><b>1</b></a>", True),
        ({"type": "xml", "elements": ["a.c"]}, "<a><b>1</b></a>", False),
        ({"type": "xml"}, "<a><b></a>", False),
        ({"type": "xml"}, "see <a/>", False),
        ({"type": "xml", "inside": True}, "see <a x='1'/> there", True),
        ({"type": "xml", "inside": True, "elements": ["a.b"]}, "<z/> and <a><b/></a>.", True),
        ({"type": "xml"}, "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", False),
        ({"type": "html"}, "<p>one<p>two", True),
        ({"type": "html"}, "<div><b></div></b>", False),
        ({"type": "html", "strict": False}, "<div><b></div></b>", True),
        ({"type": "html"}, "plain", False),
        ({"type": "html"}, "so <b>bold</b>", False),
        ({"type": "html", "inside": True}, "so <b>bold</b>", True),
        ({"type": "html", "kind": "document"}, "<p>one</p>", False),
        ({"type": "html", "kind": "document"}, "<!DOCTYPE html><title>x</title><p>one</p>", True),
        ({"type": "python"}, "def f(x):\n    return x", True),
        ({"type": "python"}, "def f(x)\n    return x", False),
        ({"type": "python", "inside": True}, "Here:\n```python\nx = '\\d'\n```", True),
        ({"type": "javascript"}, "const f = async (x) => { await x?.y ?? 1 };", True),
        ({"type": "javascript"}, "const f = (x => {", False),
        ({"type": "javascript", "fences": True}, "```js\nlet x = 1\n```", True),
    ],
)
def test_an_output_is_what_it_should_be_or_is_not(entry, output, passed):
    assert _passed(entry, output) is passed


@pytest.mark.parametrize(
    ("entry", "output", "passed"),
    [
        ({}, "SELECT id FROM users;", True),
        ({}, "SELEC id FROM users", False),
        ({}, "hello world", False),
        ({}, "", False),
        ({"inside": True}, "Try\n```sql\nSELECT 1\n```", True),
        ({"dialect": "tsql"}, "SELECT TOP 3 id FROM users", True),
        ({"dialect": "sqlite"}, "SELECT TOP 3 id FROM users", False),
        ({"tables": ["users"]}, "SELECT u.id FROM Users u", True),
        ({"tables": ["users"]}, "SELECT 1 FROM users JOIN secrets USING (id)", False),
        ({"tables": ["sales.orders"]}, "SELECT 1 FROM hr.orders", False),
        ({"tables": ["users"]}, "WITH few AS (SELECT * FROM users) SELECT * FROM few", True),
        ({"tables": ["users"]}, "SELECT 1 FROM users WHERE id IN (SELECT id FROM secrets)", False),
        ({"tables": ["select::null::users"]}, "DELETE FROM users", False),
        ({"tables": ["(.*)::(.*)::users"]}, "DELETE FROM users", True),
        ({"columns": ["id"]}, "SELECT id, email FROM users", False),
        ({"columns": ["users.id", "orders.total"]}, "SELECT u.id, o.total FROM users u, orders o", True),
        ({"columns": ["users.id"]}, "SELECT o.id FROM users u, orders o", False),
        ({"columns": ["select::users::id"]}, "SELECT id FROM users", True),
        ({"columns": ["id"]}, "SELECT * FROM users", False),
        ({"columns": ["id", "(.*)"]}, "SELECT * FROM users", True),
        ({"columns": ["id"]}, "SELECT COUNT(*), id FROM users GROUP BY id", True),
        ({"columns": ["id"]}, "INSERT INTO users (id, email) VALUES (1, 'x')", False),
    ],
)
def test_sql_parses_and_touches_only_what_it_may(entry, output, passed):
    assert _passed({"type": "sql", **entry}, output) is passed


def _call(name, arguments="{}"):
    return {"id": name, "type": "function", "function": {"name": name, "arguments": arguments}}


LOOK, BOOK = _call("look", '{"city": "Rome", "days": 2}'), _call("book", '{"id": 7}')
TOOLS = [
    {"type": "function", "function": {"name": "look", "parameters": {"required": ["city"]}}},
    {
        "name": "book",
        "input_schema": {"properties": {"id": {"type": "integer"}}, "additionalProperties": False},
    },
]


@pytest.mark.parametrize(
    ("entry", "calls", "expected", "passed"),
    [
        ({}, [LOOK, BOOK], ["book", "look"], True),
        ({"order": True}, [LOOK, BOOK], ["book", "look"], False),
        ({"order": True}, [LOOK, BOOK], ["look", "book"], True),
        ({}, [LOOK, BOOK], ["look"], False),
        ({"extra": True}, [LOOK, BOOK], "look", True),
        ({}, [LOOK], ["look", "book"], False),
        ({}, [], [], True),
        ({}, [LOOK], [], False),
        ({}, [LOOK], [{"name": "look", "arguments": {"city": "Rome"}}], False),
        ({"arguments": "subset"}, [LOOK], [{"name": "look", "arguments": {"city": "Rome"}}], True),
        ({"arguments": "any"}, [LOOK], [{"name": "look", "arguments": {"city": "Paris"}}], True),
        ({}, [LOOK], [{"name": "look", "arguments": {"days": 2.0, "city": "Rome"}}], True),
        ({}, [LOOK, LOOK], ["look"], False),
        ({"distinct": True}, [LOOK, LOOK], ["look"], True),
        ({"tools": TOOLS}, [LOOK, BOOK], None, True),
        ({"tools": TOOLS}, [], None, False),
        ({"tools": TOOLS}, [_call("look")], None, False),
        ({"tools": TOOLS}, [_call("book", '{"id": "7"}')], None, False),
        ({"tools": TOOLS}, [_call("fly")], None, False),
        ({}, [_call("look", "{not json")], ["look"], False),
    ],
)
def test_tool_calls_are_held_against_names_arguments_order_and_schemas(entry, calls, expected, passed):
    assert _passed({"type": "tool_calls", **entry}, "", expected, tool_calls=calls) is passed


def test_tool_calls_give_credit_by_f1_and_are_read_from_recorded_text():
    """Two of three wanted calls among three made: precision 2/3, recall 2/3."""
    entry = {"type": "tool_calls", "partial": True}
    found = score(entry, "", ["look", "book", "pay"], tool_calls=[LOOK, BOOK, _call("fly")])
    assert (found.value, found.passed) == (pytest.approx(2 / 3), False)
    text = '{"tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]}'
    assert _passed("tool_calls", text, ["look"]) is True
    assert "nothing expected" in score("tool_calls", "").error


def test_fields_give_credit_by_rule_and_weight():
    """The number counts 3 of 6 and is right, one of two words is (ratio 2·4/8), half of the tags are."""
    expected = {"total": 12.5, "name": "Rome", "tags": ["a", "b"], "note": "x"}
    rules = {
        "total": {"rule": "number", "tolerance": 0.01, "weight": 3},
        "name": "text",
        "tags": "set",
        "note": "present",
    }
    output = '{"total": "12.504", "name": "Rome", "tags": ["b", "c"], "note": null, "more": 1}'
    found = score({"type": "fields", "rules": rules}, output, expected)
    assert (found.value, found.passed) == (pytest.approx((3 + 1 + 0.5 + 0) / 6), False)
    strict = score({"type": "fields", "rules": rules, "extra": False}, output, expected)
    assert strict.value == pytest.approx(4.5 / 7)
    assert score({"type": "fields", "rules": rules, "threshold": 0.75}, output, expected).passed is True


@pytest.mark.parametrize(
    ("entry", "output", "expected", "value"),
    [
        ({}, '{"a": 1, "b": 2}', {"a": 1, "b": 3}, 0.5),
        ({}, '{"a": {"b": [1, 2.0]}}', {"a": {"b": [1.0, 2]}}, 1.0),
        ({}, '{"a": true}', {"a": 1}, 0.0),
        ({"rules": {"a.b": "exact"}, "default": None}, '{"a": {"b": 1}}', {"a": {"b": 1, "c": 2}}, 1.0),
        ({"rules": {"a": {"rule": "text", "at_least": 0.9}}}, '{"a": "abcd"}', {"a": "abce"}, 0.0),
        ({"rules": {"a": "text"}}, '{"a": "abcd"}', {"a": "abce"}, 0.75),
        ({"inside": True}, 'first {"a": 0} then {"a": 1}', {"a": 1}, 1.0),
        ({"value": {"a": 1}}, '{"a": 1}', None, 1.0),
        ({}, "none", {"a": 1}, 0.0),
    ],
)
def test_fields_are_compared_as_values(entry, output, expected, value):
    found = score({"type": "fields", **entry}, output, expected)
    assert (found.value, found.error) == (pytest.approx(value), None)


def test_how_it_stopped_and_how_sure_it_was():
    assert _passed("finish_reason", "x", "STOP", finish_reason="stop") is True
    assert (
        _passed({"type": "finish_reason", "value": ["stop", "tool_calls"]}, "x", finish_reason="length")
        is False
    )
    halves = [{"token": "a", "logprob": -0.6931471805599453}] * 3
    found = score({"type": "perplexity", "max": 1.9}, "x", logprobs=halves)
    assert (found.value, found.passed) == (
        pytest.approx(1 / 3),
        False,
    )  # each token had one half: perplexity 2
    assert "logprobs: true" in score("perplexity", "x").error


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"type": "sql", "dialect": "cobol"}, "no SQL dialect"),
        ({"type": "fields", "default": None}, "needs rules"),
        ({"type": "fields", "rules": {"a": {"rul": "text"}}}, "rules"),
        ({"type": "tool_calls", "value": [{"arguments": {}}]}, "name"),
        ({"type": "yaml", "schema": {"type": 3}}, "schema is not valid"),
        ({"type": "word_count"}, "exact, or min"),
        ({"type": "word_count", "exact": 3, "max": 4}, "exact, or min"),
        ({"type": "readability", "formula": "grade", "language": "de"}, "made for English"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_while_the_suite_is_read(entry, says):
    with pytest.raises(ParamError, match=says):
        parse_scorer(entry)
