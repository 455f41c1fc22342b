"""Lint: mistakes that a person would otherwise find in a paid run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.prompts.content import BLOCK, Prompt, PromptMessage, Variable
from workbench.prompts.lint import lint

CLEAN = Prompt("triage", (PromptMessage("system", "Be kind."), PromptMessage("user", "{{ticket}}")))
SCHEMA = {"name": "answer", "schema": {"type": "object"}}


def user(content: str) -> dict[str, object]:
    return {"messages": (PromptMessage("user", content),)}


def test_a_clean_prompt_has_no_remarks():
    assert lint(CLEAN) == []
    assert lint(replace(CLEAN, variables=(Variable("ticket"),), parameters={"max_tokens": 500})) == []


@pytest.mark.parametrize(
    ("change", "severity", "says"),
    [
        (user(" \n"), "error", "No message has any text"),
        ({"messages": CLEAN.messages[:1]}, "warning", "no user message"),
        ({"messages": CLEAN.messages[::-1]}, "warning", "system message stands after"),
        (user('Answer {"a": 1}'), "warning", 'first {"a": 1}'),
        (user("Hello {name}"), "warning", "first {name}"),
        (user("Hello {{ two words }}"), "warning", "first {{ two words }}"),
        (user("{% if x %}yes{% endif %}"), "warning", "choose jinja2"),
        (user("a {# b #}"), "warning", "choose jinja2"),
        ({**user("{% if %}"), "template": "jinja2"}, "error", "not valid Jinja2"),
        (user("key sk-abcdefghijklmnopqrstuvwxyz"), "error", "secret"),
        ({"variables": (Variable("ticket"), Variable("tone"))}, "warning", '"tone" is declared but not used'),
        ({"variables": (Variable("tikcet"),)}, "warning", 'did you mean "tikcet"'),
        ({"variables": (Variable("ticket", "integer", default="x"),)}, "error", "default does not fit"),
        ({"parameters": {"temperature": 3}}, "error", "from 0 to 2"),
        ({"parameters": {"top_p": "0.5"}}, "error", "from 0 to 1"),
        ({"parameters": {"maxTokens": 0}}, "error", "at least 1"),
        ({"parameters": {"temprature": 1}}, "warning", 'did you mean "temperature"'),
        ({"response_format": "json_schema"}, "error", "needs a jsonSchema"),
        ({"response_format": "json_object"}, "warning", "speaks of JSON"),
        ({"json_schema": SCHEMA}, "warning", "not used unless"),
        ({"response_format": "json_schema", "json_schema": {"type": "object"}}, "error", "needs a name"),
        (
            {"response_format": "json_schema", "json_schema": {**SCHEMA, "schema": {"type": "objct"}}},
            "error",
            "no valid JSON Schema",
        ),
        ({"extra": {BLOCK: {"variabels": {}}}}, "warning", 'did you mean "variables"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_likely_mistake_is_pointed_out(change, severity, says):
    findings = [f for f in lint(replace(CLEAN, **change)) if says in f.message]
    assert [f.severity for f in findings] == [severity]
    assert findings[0].field
