"""Tool turns and images in a prompt: kept through reading, writing and identity, sent as they stand, diffed, linted."""

from __future__ import annotations

import pytest

from workbench.errors import PromptError, TemplateError
from workbench.evals.plan import response_format
from workbench.prompts.content import Prompt
from workbench.prompts.diff import diff_prompts
from workbench.prompts.lint import lint
from workbench.prompts.prompt_file import parse_prompt, prompt_to_yaml
from workbench.prompts.templates import placeholders, render
from workbench.prompts.turns import message_text

FILE = """\
name: look
modelParameters:
  tools:
    - {type: function, function: {name: look, parameters: {type: object, properties: {id: {type: string}}}}}
  tool_choice: auto
  stop: [END]
  seed: 7
  logprobs: true
  reasoningEffort: low
responseFormat: json_object
messages:
  - role: system
    content: Be brief.
  - role: user
    content:
      - type: image_url
        image_url: {url: "{{photo}}", detail: low}
      - type: text
        text: What is {{thing}}?
      - type: image_url
        image_url: {url: "https://example.com/a.png"}
  - role: assistant
    tool_calls:
      - {id: call_1, type: function, function: {name: look, arguments: '{"id": "{{7}}"}'}}
  - role: tool
    tool_call_id: call_1
    content: "{{found}}"
"""
VALUES = {"photo": "data:image/png;base64,AAAA", "thing": "this", "found": '{"state": "open"}'}


@pytest.fixture
def prompt() -> Prompt:
    return parse_prompt(FILE, name="look")[0]


def test_every_turn_and_every_setting_survives_being_written_and_read_again(prompt):
    again = parse_prompt(prompt_to_yaml(prompt), name="look")[0]
    assert again == prompt and again.sha256 == prompt.sha256
    assert Prompt.from_canonical("look", prompt.canonical()) == prompt
    assert response_format(again) == {"type": "json_object"}
    assert set(again.parameters) == {"tools", "tool_choice", "stop", "seed", "logprobs", "reasoningEffort"}


@pytest.mark.parametrize("engine", ["literal", "jinja2"])
def test_images_and_tool_turns_are_sent_in_their_order_with_their_variables_filled_in(engine):
    text = FILE + f"x-workbench: {{template: {engine}}}\n"
    prompt = parse_prompt(text, name="look")[0]
    assert set(placeholders(prompt)) == {"photo", "thing", "found"}
    system, user, called, returned = render(prompt, VALUES)
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"] == [
        {"type": "image_url", "image_url": {"url": VALUES["photo"], "detail": "low"}},
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    assert called["content"] is None and called["tool_calls"] == prompt.messages[2].extra["tool_calls"]
    assert returned == {"role": "tool", "content": VALUES["found"], "tool_call_id": "call_1"}
    assert "look(" in message_text(called) and "example.com" in message_text(user)


def test_what_is_no_address_of_an_image_is_refused_before_it_is_sent(prompt):
    for wrong in ("/etc/passwd", "file:///etc/passwd", "data:text/html;base64,AAAA", ""):
        with pytest.raises(TemplateError, match="no address of an image"):
            render(prompt, VALUES | {"photo": wrong})


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("{role: system, content: [{type: image_url, image_url: {url: 'https://x/y'}}]}", "Only a user"),
        ("{role: user, content: [{type: text, text: a}, {type: text, text: b}]}", "one text"),
        ("{role: user, content: [{type: image_url}]}", "needs image_url"),
        ("{role: user, content: [{type: audio, text: a}]}", "'text' or 'image_url'"),
        ("{role: tool, content: found}", "tool_call_id"),
        ("{role: assistant, tool_calls: [{id: 1}]}", "tool_calls should be a list"),
    ],
)
def test_a_turn_that_cannot_be_sent_is_refused_in_one_sentence(message, says):
    with pytest.raises(PromptError, match=says):
        parse_prompt(f"messages:\n  - {message}\n", name="x")


def test_an_answer_to_no_call_and_keys_that_are_not_sent_are_pointed_out(prompt):
    assert not [f for f in lint(prompt) if f.severity == "error"]
    text = "messages:\n  - {role: user, content: a, weather: fine}\n  - {role: tool, tool_call_id: c, content: b}\n"
    found = {f.field: f.severity for f in lint(parse_prompt(text, name="x")[0])}
    assert found["messages.1.tool_call_id"] == "error" and found["messages.0.weather"] == "warning"


def test_another_image_and_another_call_are_changes_that_a_difference_shows(prompt):
    other = parse_prompt(
        FILE.replace("a.png", "b.png").replace("name: look, arg", "name: find, arg"), name="look"
    )[0]
    assert other.sha256 != prompt.sha256
    fields = {change.field for change in diff_prompts(prompt, other).settings}
    assert {"messages.1.images", "messages.2.tool_calls"} <= fields
