"""The short way against LiteLLM: the same request leaves, and a user sees the same of what comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.anthropic_server import AnthropicServer
from support.asking import ask, request, stream
from support.openai_server import (
    OpenAIServer,
    Reply,
    broken_stream,
    failure,
    filtered,
    malformed,
    rate_limited,
    too_long,
    unauthorised,
)

from workbench.llm.native.openai_chat import BASES
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import Completion, ModelSpec, Request

ONCE = RetryPolicy(max_retries=0)
CLAUDE = "anthropic/claude-sonnet-4-5"
TURNS = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "hello there"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "my friend"},
)
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(scope="module")
def openai():
    with OpenAIServer() as running:
        yield running


@pytest.fixture(scope="module")
def anthropic():
    with AnthropicServer() as running:
        yield running


def both(monkeypatch, server, do):
    """Do it by the short way and through LiteLLM; return both results and both bodies that arrived."""
    results, bodies = [], []
    for forced in ("", "litellm"):
        monkeypatch.setenv("WORKBENCH_LLM_ROUTE", forced)
        server.reset()
        results.append(do())
        bodies.append([call.body for call in server.calls])
    return results, bodies


def seen(completion: Completion) -> Completion:
    """Return what both ways must agree on: all but the clock."""
    return replace(completion, latency_s=None, ttft_s=None)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"temperature": 0.3, "top_p": 0.9, "max_tokens": 9, "stop": ["END"]},
        {"stop": "END", "seed": 7, "presence_penalty": 0.1, "frequency_penalty": 0.2},
        {"max_completion_tokens": 9, "logprobs": True, "top_logprobs": 2, "logit_bias": {"5": 1}},
        {"top_k": 3, "min_p": 0.1, "repetition_penalty": 1.1, "extra": {"house_rule": "yes"}},
        {"response_format": {"type": "json_object"}, "extra_headers": {"X-Team": "a"}},
        {"reasoning_effort": "low"},
        {"user": "me"},
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", [*(f"{provider}/some-model" for provider in BASES), "openai/gpt-5.4-mini",
                                  "openai/gpt-4o-mini", "openai/o3-mini", "mistral/m", "deepseek/m"])  # fmt: skip
def test_every_parameter_arrives_alike_at_a_server_that_speaks_the_openai_protocol(
    monkeypatch, openai, name, params, streaming
):
    spec = ModelSpec(name, params={**params, "stream": streaming}, api_base=openai.base_url)
    asked = Request(spec, TURNS)  # type: ignore[arg-type]
    [short, long], bodies = both(monkeypatch, openai, lambda: ask(asked, retry=ONCE)[0])
    if not name.startswith(
        "groq/"
    ):  # LiteLLM 1.106 cannot read an answer of Groq's that names no tier of service
        assert seen(short) == seen(long)
    assert bodies[0] == bodies[1]


def test_tools_are_offered_and_a_call_of_one_is_an_answer(openai):
    openai.reset()
    openai.script(Reply(text="", finish_reason="tool_calls"))
    spec = ModelSpec("openai/m", params={"tools": [TOOL], "tool_choice": "auto"}, api_base=openai.base_url)
    [answer] = ask(request(spec), retry=ONCE)
    assert answer.ok and answer.finish_reason == "tool_calls"
    assert openai.calls[-1].body["tools"] == [TOOL]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"temperature": 0.3, "top_k": 5, "max_tokens": 9, "stop": ["END"]},
        {"top_p": 0.9, "stop": "END", "max_completion_tokens": 11},
        {"stop": [" "]},
        {"frequency_penalty": 0.4},
        {"tools": [TOOL], "tool_choice": "auto"},
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", [CLAUDE, "anthropic/claude-sonnet-5", "anthropic/claude-of-tomorrow"])
def test_every_parameter_arrives_alike_at_anthropic(monkeypatch, anthropic, name, params, streaming):
    spec = ModelSpec(name, params={**params, "stream": streaming}, api_base=anthropic.base_url)
    asked = Request(spec, TURNS)  # type: ignore[arg-type]
    [short, long], bodies = both(monkeypatch, anthropic, lambda: ask(asked, retry=ONCE)[0])
    assert seen(short) == seen(long)
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "messages",
    [
        TURNS[1:2],
        (TURNS[0], TURNS[0], *TURNS[1:]),
        (*TURNS, TURNS[3]),
        (*TURNS, {"role": "assistant", "content": "It is "}),
        (TURNS[1], TURNS[0], TURNS[3]),
        ({"role": "user", "content": ""},),
        TURNS[:1],
    ],
)
def test_any_order_of_turns_arrives_alike_at_anthropic(monkeypatch, anthropic, messages):
    asked = Request(ModelSpec(CLAUDE, api_base=anthropic.base_url), messages)
    [short, long], bodies = both(monkeypatch, anthropic, lambda: ask(asked, retry=ONCE)[0])
    assert seen(short) == seen(long)
    assert bodies[0] == bodies[1]


REPLIES = [
    Reply(),
    Reply(usage={"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 90,
                 "cache_creation_input_tokens": 20}),
    Reply(finish_reason="length"),
    Reply(finish_reason="content_filter"),
    Reply(status=400, error={"message": "max_tokens: too large"}),
    Reply(status=400, error={"message": "prompt is too long: 210000 tokens > 200000 maximum"}),
    Reply(status=400, error={"message": "Your credit balance is too low to access the Anthropic API."}),
    Reply(status=403, error={"message": "Your account is closed"}),
    Reply(status=404, error={"message": "model: claude-9"}),
    unauthorised("sk-ant-api03-shown"),
    rate_limited(2),
    failure(500),
    failure(529),
    malformed(),
    Reply(raw=b"{}"),
]  # fmt: skip


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_anthropic_answers_is_told_alike(monkeypatch, anthropic, reply, streaming):
    def do() -> Completion:
        anthropic.script(reply)
        spec = ModelSpec(CLAUDE, params={"stream": streaming}, api_base=anthropic.base_url)
        return ask(request(spec), retry=ONCE)[0]

    [short, long], _ = both(monkeypatch, anthropic, do)
    assert seen(short) == seen(long)
    assert (short.latency_s is None) == (long.latency_s is None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(),
        Reply(text="<think>Let me see.</think>It is four."),
        Reply(text="täglich 雨 \U0001f600"),
        Reply(usage=False),
        Reply(finish_reason="length"),
        Reply(finish_reason="content_filter"),
        Reply(status=400, error={"message": "Unsupported value", "type": "invalid_request_error"}),
        Reply(status=403, error={"message": "Country not supported"}),
        Reply(status=404, error={"message": "no such model"}),
        Reply(status=429, error={"message": "You exceeded your current quota"}),
        unauthorised(),
        too_long(),
        filtered(),
        rate_limited(2),
        failure(500),
        failure(503),
        malformed(),
        Reply(raw=b"{}"),
        Reply(status=502, raw=b"<html><body>Bad gateway</body></html>"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_a_server_answers_is_told_alike(monkeypatch, openai, reply, streaming):
    def do() -> Completion:
        openai.script(reply)
        spec = ModelSpec("openai/test-model", params={"stream": streaming}, api_base=openai.base_url)
        return ask(request(spec), retry=ONCE)[0]

    [short, long], _ = both(monkeypatch, openai, do)
    assert seen(short) == seen(long)
    assert (short.latency_s is None) == (long.latency_s is None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(chunk_delay_s=0.01),
        broken_stream(3),
        Reply(stream_error={"type": "overloaded_error", "message": "Overloaded"}),
        Reply(finish_reason=None),
    ],
)
def test_a_stream_of_anthropic_gives_the_same_pieces_and_breaks_alike(monkeypatch, anthropic, reply):
    def do() -> list[str | Completion]:
        anthropic.script(reply)
        return stream(request(ModelSpec(CLAUDE, api_base=anthropic.base_url)), retry=ONCE)

    [short, long], _ = both(monkeypatch, anthropic, do)
    assert short[:-1] == long[:-1] and short[:-1]
    assert seen(short[-1]) == seen(long[-1])
    assert (short[-1].ttft_s is None) == (long[-1].ttft_s is None)


def test_what_was_read_from_and_written_to_anthropics_cache_is_counted_beside_the_input(anthropic, way):
    anthropic.reset()
    counted = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 90,
               "cache_creation_input_tokens": 20}  # fmt: skip
    anthropic.script(Reply(usage=counted))
    [answer] = ask(request(ModelSpec(CLAUDE, api_base=anthropic.base_url)))
    usage = answer.usage
    assert (usage.input, usage.cache_read, usage.output) == (7, 90, 3)
    assert answer.cost_usd == pytest.approx((7 * 3 + 90 * 0.3 + 20 * 3.75 + 3 * 15) / 1e6)
