"""Tools, images, logprobs and the settings of an answer: what was set arrives, and what comes back is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.anthropic_server import AnthropicServer
from support.asking import ask, stream, write_rows
from support.openai_server import OpenAIServer, Reply

from workbench.llm.retry import RetryPolicy
from workbench.llm.types import Completion, ModelSpec, Request

ONCE = RetryPolicy(max_retries=0)
CLAUDE = "anthropic/claude-sonnet-4-5"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
LOOK = {"type": "function", "function": {"name": "look", "description": "Looks up an order.", "parameters": {
    "type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}}}  # fmt: skip
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"id": "Grün 7"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": '{"id": "8"}'}},
]
TOKENS = [
    {"token": "It", "logprob": -0.25, "top_logprobs": [{"token": "It", "logprob": -0.25},
                                                       {"token": "I", "logprob": -2.0}]},
    {"token": " is", "logprob": -0.5, "top_logprobs": []},
]  # fmt: skip
TURNS = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                                 {"type": "image_url", "image_url": {"url": PIXEL}}]},
    {"role": "assistant", "content": None, "tool_calls": CALLS[:1]},
    {"role": "tool", "tool_call_id": "call_1", "content": "It is an order."},
    {"role": "user", "content": "And now?"},
)  # fmt: skip


@pytest.fixture(scope="module")
def openai():
    with OpenAIServer(lambda body: "An answer.") as running:
        yield running


@pytest.fixture(scope="module")
def anthropic():
    with AnthropicServer(lambda body: "An answer.") as running:
        yield running


def asked(server, name, **params) -> Request:
    return Request(ModelSpec(name, params=params, api_base=server.base_url), TURNS)  # type: ignore[arg-type]


@pytest.mark.parametrize("streaming", [False, True])
def test_tools_that_the_model_wants_called_and_logprobs_are_a_part_of_the_answer(openai, way, streaming):
    openai.reset()
    openai.script(Reply(text="It is", tool_calls=CALLS, logprobs=TOKENS, finish_reason="tool_calls"))
    chosen = {"type": "function", "function": {"name": "look"}}
    params = {"tools": [LOOK], "tool_choice": chosen, "logprobs": True, "top_logprobs": 2}
    [answer] = ask(asked(openai, "openai/m", stream=streaming, **params), retry=ONCE)
    assert (answer.error_message, answer.text, answer.finish_reason) == (None, "It is", "tool_calls")
    assert list(answer.tool_calls) == CALLS and answer.logprobs == TOKENS
    body = openai.calls[-1].body
    assert {name: body[name] for name in params} == params


@pytest.mark.parametrize("streaming", [False, True])
def test_anthropic_is_told_of_tools_in_its_own_words_and_its_calls_come_back_in_ours(
    anthropic, way, streaming
):
    anthropic.reset()
    anthropic.script(Reply(text="Let me see.", tool_calls=CALLS, finish_reason="tool_calls"))
    request = asked(anthropic, CLAUDE, stream=streaming, tools=[LOOK], tool_choice="required")
    [answer] = ask(request, retry=ONCE)
    assert (answer.error_message, answer.text, answer.finish_reason) == (None, "Let me see.", "tool_calls")
    assert [call["function"]["name"] for call in answer.tool_calls] == ["look", "look"]
    assert [_read(call) for call in answer.tool_calls] == [_read(call) for call in CALLS]
    body = anthropic.calls[-1].body
    assert body["tool_choice"]["type"] == "any"
    assert (body["tools"][0]["name"], body["tools"][0]["input_schema"]) == (
        "look", LOOK["function"]["parameters"])  # fmt: skip
    image = body["messages"][0]["content"][1]
    assert (image["type"], image["source"]["media_type"]) == ("image", "image/png")
    called, returned = body["messages"][1]["content"][-1], body["messages"][2]["content"][0]
    assert (called["type"], called["input"]) == ("tool_use", {"id": "Grün 7"})
    assert (returned["type"], returned["tool_use_id"]) == ("tool_result", "call_1")


def _read(call):
    import json

    return json.loads(call["function"]["arguments"])


@pytest.mark.parametrize("streaming", [False, True])
def test_turns_of_every_role_and_images_arrive_as_they_were_written(monkeypatch, openai, streaming):
    bodies, answers = [], []
    for forced in ("", "litellm"):
        monkeypatch.setenv("WORKBENCH_LLM_ROUTE", forced)
        openai.reset()
        answers += ask(asked(openai, "openai/gpt-4o-mini", stream=streaming), retry=ONCE)
        bodies.append(openai.calls[-1].body)
    assert bodies[0] == bodies[1]
    kept = [{k: v for k, v in turn.items() if v is not None} for turn in TURNS]
    assert bodies[0]["messages"] == kept
    assert replace(answers[0], latency_s=None, ttft_s=None) == replace(
        answers[1], latency_s=None, ttft_s=None
    )


def test_an_answer_that_only_calls_a_tool_streams_no_text_and_is_no_fault(openai, way):
    openai.reset()
    openai.script(Reply(text="", tool_calls=CALLS, finish_reason="tool_calls"))
    *pieces, last = stream(asked(openai, "openai/m", tools=[LOOK]), retry=ONCE)
    assert isinstance(last, Completion) and not pieces
    assert (last.ok, last.text, list(last.tool_calls)) == (True, "", CALLS)


def test_recorded_answers_keep_the_tools_that_were_called_and_the_logprobs(tmp_path):
    rows = [
        {"id": "1", "output": None, "tool_calls": CALLS},
        {"id": "2", "output": "It is", "logprobs": {"content": TOKENS}},
        {"id": "3", "output": "It is", "logprobs": TOKENS},
    ]
    write_rows(tmp_path / "o.jsonl", rows)
    spec = ModelSpec("recorded/m", outputs="o.jsonl")
    one, two, three = ask(*(Request(spec, (), case_id=row["id"]) for row in rows), root=tmp_path)
    assert (one.ok, one.text, list(one.tool_calls)) == (True, "", CALLS)
    assert two.logprobs == three.logprobs == TOKENS


@pytest.mark.parametrize("model", ["offline/rules", "local/m"])
def test_a_model_that_reads_text_alone_refuses_images_and_tools_by_name(tmp_path, model):
    (tmp_path / "m").mkdir()
    [seen, told] = ask(
        Request(ModelSpec(model), TURNS[:2]),  # type: ignore[arg-type]
        Request(ModelSpec(model, {"tools": [LOOK]}), TURNS[:1]),  # type: ignore[arg-type]
        root=tmp_path,
    )
    assert {seen.error, told.error} == {"bad_request"}
    assert "text alone" in seen.error_message and "tools" in told.error_message
