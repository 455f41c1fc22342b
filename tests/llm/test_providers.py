"""One exchange with each provider that has a protocol of its own, or a spelling of its own of OpenAI's.

Strict servers on loopback speak the documented protocols: they want the right path, key and body, and answer as the
provider does, whole and streamed. `test_ways.py` does the same in depth for OpenAI and Anthropic.
"""

from __future__ import annotations

import json

import pytest
from support.asking import ask, request, stream
from support.loopback import JsonHandler, served

from workbench.llm.providers import MAY_TAKE_A_BASE, PROVIDERS
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import ModelSpec

KEY = "test-key-0123456789"
ONCE = RetryPolicy(max_retries=0)
WORDS = ["Grüße", " from", " the", " model"]
ASKED, TOLD = 7, 4


class Chat:
    """OpenAI's chat completions, as others serve them."""

    name = "m"

    def __init__(self, path="/v1/chat/completions", also=()):
        self.path, self.allowed = path, {"model", "messages", "stream", "stream_options", "max_tokens", *also}

    def wants(self, path, body):
        return path == self.path and set(body) <= self.allowed and body["messages"][-1]["role"] == "user"

    def whole(self, body):
        message = {"role": "assistant", "content": "".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**self._head("chat.completion", body), "choices": [choice], "usage": self._usage()}

    def pieces(self, body):
        for place, word in enumerate(WORDS):
            end = "stop" if place == len(WORDS) - 1 else None
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": end}
            usage = {"usage": self._usage()} if end else {}
            yield "data: ", {**self._head("chat.completion.chunk", body), "choices": [choice], **usage}

    def _head(self, kind, body):
        return {"id": "x", "object": kind, "created": 1, "model": body["model"]}

    def _usage(self):
        return {"prompt_tokens": ASKED, "completion_tokens": TOLD, "total_tokens": ASKED + TOLD}


class Ollama:
    """Lines of JSON."""

    def wants(self, path, body):
        return (
            path == "/api/chat"
            and body["messages"][-1]["role"] == "user"
            and isinstance(body["stream"], bool)
        )

    def whole(self, body):
        counts = {"done": True, "done_reason": "stop", "prompt_eval_count": ASKED, "eval_count": TOLD}
        return {**self._head(body, "".join(WORDS)), **counts}

    def pieces(self, body):
        for word in WORDS:
            yield "", {**self._head(body, word), "done": False}
        yield "", self.whole(body) | self._head(body, "")

    def _head(self, body, text):
        at = "2026-01-01T00:00:00Z"
        return {"model": body["model"], "created_at": at, "message": {"role": "assistant", "content": text}}


class Gemini:
    """generateContent, and its stream of server-sent events."""

    def wants(self, path, body):
        at, _, method = path.partition(":")
        right = method in ("generateContent", "streamGenerateContent?alt=sse")
        return right and at == "/models/gemini-2.5-flash" and body["contents"][-1]["parts"][0]["text"]

    def whole(self, body):
        return self._part("".join(WORDS), "STOP")

    def pieces(self, body):
        for place, word in enumerate(WORDS):
            yield "data: ", self._part(word, "STOP" if place == len(WORDS) - 1 else None)

    def _part(self, text, reason):
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
        usage = {"promptTokenCount": ASKED, "candidatesTokenCount": TOLD, "totalTokenCount": ASKED + TOLD}
        ended = {"finishReason": reason} if reason else {}
        return {"candidates": [candidate | ended], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}


class Cohere:
    """The second version of its chat."""

    def wants(self, path, body):
        right = set(body) <= {"model", "messages", "stream"}
        return path == "/v2/chat" and right and body["messages"][-1]["role"] == "user"

    def whole(self, body):
        message = {"role": "assistant", "content": [{"type": "text", "text": "".join(WORDS)}]}
        return {"id": "x", "finish_reason": "COMPLETE", "message": message, "usage": self._usage()}

    def _usage(self):
        counts = {"input_tokens": ASKED, "output_tokens": TOLD}
        return {"billed_units": counts, "tokens": counts}


#: Model → the protocol, the variables that say where it is asked (after the server's root), and how its key comes.
SPOKEN = {
    "mistral/mistral-small-latest": (
        Chat(),
        {"MISTRAL_API_BASE": "/v1"},
        ("MISTRAL_API_KEY", "authorization"),
    ),
    "huggingface/openai/gpt-oss-120b": (Chat(), {"HF_API_BASE": ""}, ("HF_TOKEN", "authorization")),
    "cohere/command-a-03-2025": (
        Cohere(),
        {"COHERE_API_BASE": "/v2/chat"},
        ("COHERE_API_KEY", "authorization"),
    ),
    "gemini/gemini-2.5-flash": (Gemini(), {"GEMINI_API_BASE": ""}, ("GEMINI_API_KEY", "x-goog-api-key")),
    "hosted_vllm/org/m": (Chat(), {"HOSTED_VLLM_API_BASE": "/v1"}, None),
    "ollama/m": (Ollama(), {"OLLAMA_API_BASE": ""}, None),
}


@pytest.fixture(params=list(SPOKEN))
def spoken(request):
    """A server for one provider: the model, the environment for it, what it refused, and each call."""
    protocol, places, key = SPOKEN[request.param]
    refused: list[str] = []
    calls: list[str] = []

    class Handler(JsonHandler):
        def do_POST(self) -> None:
            body = self.body()
            if self.path == "/api/show":  # asked by LiteLLM for what the model is
                return self.send_json(200, {"template": "", "model_info": {}})
            calls.append(self.path)
            if key and self.headers.get(key[1], "").removeprefix("Bearer ") != KEY:
                return self.send_json(401, {"error": {"message": "invalid api key", "code": 401}})
            if "fail, please" in json.dumps(body):
                return self.send_json(500, {"error": {"message": "out of order", "code": 500}})
            if not protocol.wants(self.path, body):
                refused.append(f"{self.path} {sorted(body)}")
                return self.send_json(400, {"error": {"message": "not of this protocol", "code": 400}})
            if not (body.get("stream") or "streamGenerate" in self.path):
                return self.send_json(200, protocol.whole(body))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for mark, piece in protocol.pieces(body):
                self.wfile.write(f"{mark}{json.dumps(piece)}\n{mark and chr(10)}".encode())
                self.wfile.flush()
            if isinstance(protocol, Chat):
                self.wfile.write(b"data: [DONE]\n\n")

    with served(Handler) as root:
        env = {name: root + tail for name, tail in places.items()} | ({key[0]: KEY} if key else {})
        yield request.param, env, refused, calls


def test_a_provider_is_asked_and_understood_in_its_own_protocol(spoken):
    model, env, refused, _ = spoken
    [answer] = ask(request(ModelSpec(model)), env=env, retry=ONCE)
    assert not refused
    assert (answer.error_message, answer.text, answer.finish_reason) == (None, "".join(WORDS), "stop")
    assert (answer.usage.input, answer.usage.output, answer.usage.estimated) == (ASKED, TOLD, False)


def test_a_provider_streams_in_its_own_protocol(spoken):
    model, env, refused, _ = spoken
    *pieces, last = stream(request(ModelSpec(model)), env=env, retry=ONCE)
    assert not refused
    assert (last.error_message, last.text, last.finish_reason) == (None, "".join(WORDS), "stop")
    assert "".join(pieces) == last.text
    if model.startswith("cohere/"):  # whose stream LiteLLM cannot read: the answer comes whole
        assert (len(pieces), last.ttft_s) == (1, None)
    else:
        assert len(pieces) > 1 and last.ttft_s <= last.latency_s
    assert (last.usage.input, last.usage.output, last.usage.estimated) == (ASKED, TOLD, False)


def test_a_wrong_key_is_told_as_one_that_the_provider_refuses(spoken):
    model, env, _, calls = spoken
    provider = PROVIDERS.get(model.split("/")[0])
    if provider is None:
        pytest.skip("a local server wants no key")
    wrong = "another-key-9876543210"
    [answer] = ask(request(ModelSpec(model)), env=env | {provider.key_envs[0]: wrong}, retry=ONCE)
    assert answer.error == "auth" and wrong not in answer.error_message
    assert len(calls) == 1


def test_a_server_that_fails_is_not_asked_again_behind_our_back(spoken):
    model, env, _, calls = spoken
    [answer] = ask(request(ModelSpec(model), "fail, please"), env=env, retry=ONCE)
    assert (answer.error, len(calls)) == ("provider", 1)


def test_every_provider_that_is_told_apart_here_may_take_an_address():
    assert {model.split("/")[0] for model in SPOKEN} <= MAY_TAKE_A_BASE
