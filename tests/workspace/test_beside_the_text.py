"""What comes beside an answer's text lasts: asked, stored, cached, shown, exported, and recorded again."""

from __future__ import annotations

import csv
import io
import json

import pytest
from support.openai_server import OpenAIServer, Reply
from support.real_data import write_rows, write_suite
from support.recorded_runs import run_colours

from workbench.reports.content import Options, said
from workbench.reports.page import to_html
from workbench.reports.rows import to_csv
from workbench.workspace import Workspace
from workbench.workspace.reporting import content_of

CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"id": "=7"}'}}
TOKENS = [{"token": "Yes", "logprob": -0.1, "top_logprobs": [{"token": "Yes", "logprob": -0.1}]}]
PROMPT = """\
modelParameters:
  tools: [{type: function, function: {name: find, parameters: {type: object}}}]
  tool_choice: auto
  logprobs: true
  topLogprobs: 1
  seed: 5
  stop: [END]
messages:
  - role: user
    content:
      - {type: text, text: "Find {{thing}}."}
      - {type: image_url, image_url: {url: "https://example.com/{{thing}}.png"}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("beside")
    (root / "prompts").mkdir()
    (root / "prompts" / "look.prompt.yml").write_text(PROMPT, encoding="utf-8")
    with OpenAIServer(lambda body: Reply(text="Yes", tool_calls=[CALL], logprobs=TOKENS)) as server:
        model = {"id": "openai/gpt-4o-mini", "api_base": server.base_url, "label": "m"}
        suite = {"prompts": ["look"], "models": [model], "scorers": [{"type": "exact", "name": "yes"}]}
        write_suite(root, "colours", suite, [{"id": "1", "vars": {"thing": "it"}, "expected": "Yes"}])
        ws = Workspace.open(root)
        first, again = run_colours(ws), run_colours(ws)
        return ws, first, again, list(server.calls)


def answer_of(ws: Workspace, run_id: str):
    [found] = content_of(ws, run_id).answers()
    return found.completion


def test_what_the_prompt_sets_arrives_at_the_model(run):
    *_, calls = run
    [body] = [call.body for call in calls]  # the second run read the cache
    assert body["messages"] == [{"role": "user", "content": [
        {"type": "text", "text": "Find it."},
        {"type": "image_url", "image_url": {"url": "https://example.com/it.png"}}]}]  # fmt: skip
    assert body["tools"][0]["function"]["name"] == "find" and body["tool_choice"] == "auto"
    assert (body["logprobs"], body["top_logprobs"], body["seed"], body["stop"]) == (True, 1, 5, ["END"])


def test_tools_and_logprobs_are_stored_cached_shown_and_exported(run):
    ws, first, again, _ = run
    for run_id, cached in ((first, False), (again, True)):
        completion = answer_of(ws, run_id)
        assert (completion.cached, completion.text) == (cached, "Yes")
        assert list(completion.tool_calls) == [CALL] and completion.logprobs == TOKENS
        assert said(completion) == 'Yes\n[c1: find({"id": "=7"})]'
    content = content_of(ws, first)
    [row] = csv.DictReader(io.StringIO(to_csv(content, Options(outputs=True))))
    assert json.loads(row["tool_calls"]) == [CALL] and json.loads(row["logprobs"]) == TOKENS
    assert "find(" in to_html(content, Options(outputs=True))
    quiet = to_csv(content, Options(outputs=False))
    assert "find" not in quiet and "top_logprobs" not in quiet


def test_what_was_exported_can_be_recorded_and_is_the_same_answer(run, tmp_path):
    ws, first, *_ = run
    [row] = csv.DictReader(io.StringIO(to_csv(content_of(ws, first), Options(outputs=True))))
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "look.prompt.yml").write_text(PROMPT, encoding="utf-8")
    suite = {"prompts": ["look"], "models": [{"id": "recorded/m", "outputs": "o.jsonl"}],
             "scorers": [{"type": "exact", "name": "yes"}]}  # fmt: skip
    folder = write_suite(
        tmp_path, "colours", suite, [{"id": "1", "vars": {"thing": "it"}, "expected": "Yes"}]
    )
    recorded = {"id": "1", "output": row["output"], "tool_calls": json.loads(row["tool_calls"]),
                "logprobs": json.loads(row["logprobs"])}  # fmt: skip
    write_rows(folder / "o.jsonl", [recorded])
    other = Workspace.open(tmp_path)
    was, now = answer_of(ws, first), answer_of(other, run_colours(other))
    assert (now.text, now.tool_calls, now.logprobs) == (was.text, was.tool_calls, was.logprobs)
