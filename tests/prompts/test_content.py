"""Prompt files and their identity: nothing is lost, and the same content is the same version everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from workbench.credentials import credential_in
from workbench.errors import PromptError
from workbench.files import dump_yaml, load_yaml
from workbench.prompts.content import Lineage, Prompt, PromptMessage, Variable
from workbench.prompts.prompt_file import load_prompt, parse_prompt, prompt_to_yaml
from workbench.prompts.schema import VARIABLE_TYPES, prompt_file_schema

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "formats" / "github-models"
REAL_FILES = sorted(path for path in REAL.glob("*/*") if path.is_file())
SCHEMA = Draft202012Validator(prompt_file_schema())

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
own_keys = set(prompt_file_schema()["properties"]) | {"role", "content"}
extras = st.dictionaries(text.filter(lambda key: key not in own_keys), plain, max_size=3)
variables = st.builds(
    Variable,
    name=st.from_regex(r"[a-zé_][a-z0-9_.\-]{0,8}", fullmatch=True),
    type=st.sampled_from(VARIABLE_TYPES),
    required=st.booleans(),
    default=plain,
    description=text,
)
prompts = st.builds(
    Prompt,
    name=st.just("triage"),
    messages=st.lists(
        st.builds(
            PromptMessage, role=st.sampled_from(["system", "user", "assistant"]), content=text, extra=extras
        ),
        min_size=1,
        max_size=3,
    ),
    description=text,
    model=st.none() | text,
    # A key among the parameters is refused, which is another test's business.
    parameters=st.dictionaries(text, plain, max_size=3).filter(lambda given: credential_in(given) is None),
    response_format=st.none() | text,
    json_schema=st.none() | st.dictionaries(text, plain, max_size=3),
    template=st.sampled_from(["literal", "jinja2"]),
    variables=st.lists(variables, max_size=3, unique_by=lambda variable: variable.name),
    tags=st.lists(text, max_size=3),
    extra=extras,
)


@settings(max_examples=150, deadline=None)
@given(prompts, text)
def test_whatever_is_saved_is_read_back_the_same(prompt, message):
    lineage = Lineage(3, prompt.sha256, 2, "Ada", message, "2026-11-21T07:25:00+00:00")
    written = prompt_to_yaml(prompt, lineage)
    for form in (written, written.replace("\n", "\r\n")):
        again, lineage_again = parse_prompt(form, name="triage")
        assert (again, lineage_again) == (prompt, lineage)
        assert again.sha256 == prompt.sha256
    stored = json.loads(json.dumps(prompt.canonical(), sort_keys=True))
    assert Prompt.from_canonical("triage", stored).sha256 == prompt.sha256
    assert SCHEMA.is_valid(load_yaml(written).data)


@pytest.mark.skipif(not REAL_FILES, reason="the real GitHub Models files are not at ../shared/data")
def test_real_prompts_of_other_people_lose_no_key():
    for path in REAL_FILES:
        prompt = load_prompt(path)
        original = yaml.safe_load(path.read_text(encoding="utf-8"))
        written = yaml.safe_load(prompt_to_yaml(prompt))
        assert {key: written.get(key) for key in original} == original, path.name
        assert SCHEMA.is_valid(original), path.name
        assert parse_prompt(prompt_to_yaml(prompt), name=prompt.name)[0].sha256 == prompt.sha256


BASE = Prompt(
    "triage",
    (PromptMessage("system", "Be brief.\nAlways."), PromptMessage("user", "{{ticket}}")),
    model="openai/gpt-4o-mini",
    parameters={"temperature": 0},
)


def test_a_name_a_line_end_or_a_decimal_point_is_no_new_version():
    assert replace(BASE, name="other").sha256 == BASE.sha256
    assert replace(BASE, extra={"name": "Triage!"}).sha256 == BASE.sha256
    assert replace(BASE, parameters={"temperature": 0.0}).sha256 == BASE.sha256
    windows = PromptMessage("system", "Be brief.\r\nAlways.")
    assert replace(BASE, messages=(windows, BASE.messages[1])).sha256 == BASE.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"messages": BASE.messages[:1]},
        {"messages": BASE.messages[::-1]},
        {"description": "x"},
        {"model": None},
        {"parameters": {"temperature": 1}},
        {"parameters": {"temperature": False}},
        {"parameters": {"temperature": "0"}},
        {"response_format": "json_object"},
        {"template": "jinja2"},
        {"variables": (Variable("ticket"),)},
        {"variables": (Variable("ticket", default=0),)},
        {"variables": (Variable("ticket", default=False),)},
        {"tags": ("x",)},
        {"extra": {"testData": []}},
        {"extra": {"testData": [{"ticket": "x"}]}},
    ],
    ids=str,
)
def test_every_change_that_could_matter_is_a_new_version(change):
    assert replace(BASE, **change).sha256 != BASE.sha256


def test_the_order_of_a_schemas_properties_is_content_because_models_follow_it():
    one, two = (
        {"name": "a", "schema": {"properties": keys}} for keys in ({"x": {}, "y": {}}, {"y": {}, "x": {}})
    )
    assert replace(BASE, json_schema=one).sha256 != replace(BASE, json_schema=two).sha256


def test_identity_is_pinned_so_that_an_upgrade_makes_no_new_versions():
    assert BASE.sha256 == "2a604fd8ad7482e90c613bfdecc4a57c88d2adff1e9fad031557ac8920b192ab"


def file_with(tail: str) -> str:
    return "messages:\n  - role: user\n    content: hi\n" + tail


@pytest.mark.parametrize(
    ("content", "line", "field", "says"),
    [
        ("", 1, None, "is empty"),
        ("- a\n", 1, None, "not a mapping"),
        ("model: x\n", 1, "messages", "missing"),
        ("messages: []\n", 1, "messages", "at least one message"),
        ("messages:\n  - role: developer\n    content: x\n", 2, "messages.0.role", "write system"),
        ("messages:\n  - role: user\n", 2, "messages.0.content", "missing"),
        ("messages:\n  - role: user\n    content: 5\n", 3, "messages.0.content", "in quotes"),
        (file_with("model: [x]\n"), 4, "model", "text"),
        (file_with("jsonSchema: '{'\n"), 4, "jsonSchema", "not a JSON object"),
        (file_with("model: a\nmodel: b\n"), 5, None, "twice"),
        (file_with("x-workbench:\n  schemaVersion: 2\n  new: 1\n"), 5, None, "newer Workbench"),
        (
            file_with("x-workbench:\n  template: mustache\n"),
            5,
            "x-workbench.template",
            "'literal' or 'jinja2'",
        ),
        (
            file_with("x-workbench:\n  variables:\n    a:\n      requried: true\n"),
            7,
            "x-workbench.variables.a.requried",
            'did you mean "required"',
        ),
        (
            file_with("x-workbench:\n  variables:\n    a b: {}\n"),
            6,
            "x-workbench.variables.a b",
            "cannot be a variable",
        ),
        (file_with("testData: [.nan]\n"), None, None, "JSON cannot express"),
    ],
)
def test_a_fault_names_its_line_and_field(content, line, field, says):
    with pytest.raises(PromptError, match=says) as problem:
        parse_prompt(content, name="triage", file="triage.prompt.yml")
    assert (problem.value.file, problem.value.line, problem.value.field) == (
        "triage.prompt.yml",
        line,
        field,
    )


def test_a_file_of_another_tool_needs_no_block_of_ours(tmp_path):
    path = tmp_path / "sql.prompt.yml"
    path.write_bytes(
        b"\xef\xbb\xbfname: SQL Generation\r\nmessages:\r\n  - role: user\r\n    content: '{{q}}'\r\n"
    )
    prompt = load_prompt(path)
    assert prompt.name == "sql" and prompt.template == "literal" and prompt.variables == ()
    assert load_yaml(prompt_to_yaml(prompt)).data["name"] == "SQL Generation"


def test_a_bare_variable_name_declares_required_text():
    prompt, _ = parse_prompt(file_with("x-workbench:\n  variables:\n    ticket:\n"), name="triage")
    assert prompt.variables == (Variable("ticket"),)


@pytest.mark.parametrize(
    "parameters",
    [
        {"extraHeaders": {"Authorization": "Bearer abcdefgh1234"}},
        {"extra": [{"api_key": "x"}]},
        {"user": "sk-" + "a" * 30},
    ],
)
def test_a_key_in_a_prompts_parameters_is_refused_and_not_repeated(parameters) -> None:
    text = dump_yaml({"messages": [{"role": "user", "content": "Hi"}], "modelParameters": parameters})
    with pytest.raises(PromptError, match="a key does not belong in a prompt") as refused:
        parse_prompt(text, name="leaky")
    assert "abcdefgh1234" not in str(refused.value) and "a" * 30 not in str(refused.value)
