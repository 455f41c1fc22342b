"""Ollama in its own protocol, through LiteLLM's adapter: text, tools, images, counts given or not, and failures."""

from __future__ import annotations

import json

import pytest
from support.asking import ask, stream
from support.ollama_server import OllamaServer

from workbench.llm.retry import RetryPolicy
from workbench.llm.types import ModelSpec, Request

ONCE = RetryPolicy(max_retries=0)
LOOK = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {
    "type": "object", "properties": {"id": {"type": "string"}}}}}  # fmt: skip
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"id": "7"}'}}


@pytest.fixture(scope="module")
def running():
    with OllamaServer() as server:
        yield server


@pytest.fixture
def server(running):
    running.calls.clear()
    running.replies.clear()
    return running


def asked(server, *messages, name="ollama/m", **params):
    turns = messages or ({"role": "user", "content": "hello"},)
    return Request(ModelSpec(name, params, api_base=server.base_url), turns)


@pytest.mark.parametrize("name", ["ollama/m", "ollama_chat/m"])
def test_settings_arrive_as_ollamas_options_and_the_stream_is_the_answer(server, name):
    settings = {"temperature": 0.3, "top_p": 0.9, "max_tokens": 9, "seed": 5, "stop": ["END"]}
    *pieces, last = stream(asked(server, name=name, **settings), retry=ONCE)
    assert (last.error_message, "".join(pieces)) == (None, "Grüße from Ollama") and len(pieces) > 1
    assert (last.usage.input, last.usage.output, last.usage.estimated) == (7, 4, False)
    [body] = server.calls
    [turn] = body["messages"]
    assert (body["model"], body["stream"], turn["role"], turn["content"]) == ("m", True, "user", "hello")
    assert body["options"] == {"temperature": 0.3, "top_p": 0.9, "num_predict": 9, "seed": 5, "stop": ["END"]}


@pytest.mark.parametrize("streaming", [False, True])
def test_tools_are_offered_and_the_models_calls_come_back(server, streaming):
    server.replies.append({"words": [""], "calls": [{"name": "look", "arguments": {"id": "7"}}]})
    [answer] = ask(asked(server, tools=[LOOK], stream=streaming), retry=ONCE)
    assert (answer.error_message, answer.text, answer.finish_reason) == (None, "", "tool_calls")
    [call] = answer.tool_calls
    assert call["function"]["name"] == "look" and json.loads(call["function"]["arguments"]) == {"id": "7"}
    assert server.calls[0]["tools"] == [LOOK]


def test_a_schema_images_and_turns_of_tools_arrive_in_ollamas_words(server):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    picture = [{"type": "text", "text": "What is it?"},
               {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]  # fmt: skip
    turns = (
        {"role": "user", "content": picture},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "A cat."},
    )
    [answer] = ask(asked(server, *turns, response_format=wanted), retry=ONCE)
    assert answer.error_message is None
    user, called, returned = server.calls[0]["messages"]
    assert (user["content"], user["images"]) == ("What is it?", ["AAAA"])
    assert called["tool_calls"][0]["function"] == {"name": "look", "arguments": {"id": "7"}}
    assert (returned["role"], returned["content"]) == ("tool", "A cat.")
    assert server.calls[0]["format"] == schema


@pytest.mark.parametrize("streaming", [False, True])
def test_counts_that_ollama_did_not_give_are_marked_as_our_estimate(server, streaming):
    server.replies.append({"counts": False})
    [answer] = ask(asked(server, stream=streaming), retry=ONCE)
    assert answer.text == "Grüße from Ollama" and answer.usage.estimated


@pytest.mark.parametrize(("status", "kind"), [(404, "not_found"), (500, "provider"), (400, "bad_request")])
def test_a_refusal_is_a_typed_error_with_ollamas_words(server, status, kind):
    server.replies.append({"status": status, "error": "model m is not here"})
    [answer] = ask(asked(server), retry=ONCE)
    assert (answer.error, "not here" in answer.error_message, len(server.calls)) == (kind, True, 1)


def test_an_error_within_the_stream_keeps_what_had_come(server):
    server.replies.append({"broken": "out of memory"})
    *pieces, last = stream(asked(server), retry=ONCE)
    assert not last.ok and last.text == "".join(pieces) == "Grüße"
