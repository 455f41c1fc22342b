"""The list of models: what can be used here, and what keeps the rest from being used."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.asking import ask, request
from support.openai_server import OpenAIServer

from workbench.llm import catalogue, discovery
from workbench.llm.catalogue import list_models
from workbench.llm.discovery import find_local_servers
from workbench.llm.types import ModelSpec


@pytest.fixture(autouse=True)
def only_these_ports(monkeypatch):
    """Look only where a test says, not at what happens to run on this machine."""
    real = discovery._roots
    usual = {f"http://127.0.0.1:{server.port}" for server in discovery.LOCAL_SERVERS}
    monkeypatch.setattr(discovery, "_roots", lambda env: [root for root in real(env) if root not in usual])


@contextmanager
def serving(answers, *, drip=False):
    """Serve JSON at the given paths, and 404 elsewhere; or drip a byte now and then without end."""
    seen: list[dict[str, str]] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(200 if drip or self.path in answers else 404)
            self.end_headers()
            while drip and not done.wait(0.1):
                self.wfile.write(b" ")
                self.wfile.flush()
            self.wfile.write(json.dumps(answers.get(self.path)).encode())

        def handle(self) -> None:
            with suppress(OSError):  # the client has hung up, as it should
                super().handle()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_without_any_key_the_offline_model_comes_first_and_every_provider_says_what_it_lacks():
    rows = list_models(env={})
    assert rows[0].id == "offline/rules" and rows[0].usable and "not a language model" in rows[0].note
    missing = {row.provider: row.reason for row in rows[1:]}
    assert all(row.usable is False for row in rows[1:])
    assert "OPENAI_API_KEY" in missing["openai"] and "ANTHROPIC_API_KEY" in missing["anthropic"]
    assert "AZURE_API_KEY and AZURE_API_BASE" in missing["azure"]


def test_with_a_key_its_models_come_before_the_offline_one_with_their_prices():
    rows = list_models(env={"ANTHROPIC_API_KEY": "k", "OPENROUTER_API_KEY": "k", "OPENAI_API_KEY": " "})
    ids = [row.id for row in rows]
    offline = ids.index("offline/rules")
    hosted = rows[:offline]
    assert {row.provider for row in hosted} == {"anthropic", "openrouter"}
    claude = [row for row in hosted if row.provider == "anthropic"]
    assert claude and all(r.usable and r.input_usd_per_million and r.context_window for r in claude)
    assert not any(row.provider == "anthropic" for row in rows[offline + 1 :])
    assert "k" not in {row.reason for row in rows}


def test_no_connection_is_made_unless_it_was_asked_for(monkeypatch):
    def refuse(env):
        raise AssertionError("it looked around")

    monkeypatch.setattr(catalogue, "find_local_servers", refuse)
    list_models(env={})
    with pytest.raises(AssertionError):
        list_models(check=True, env={})


def openai_list(**row):
    return {"/v1/models": {"data": [row]}}


@pytest.mark.parametrize(
    ("answers", "title", "model"),
    [
        ({"/api/tags": {"models": [{"name": "llama3.2:3b"}]}, **openai_list(id="x")}, "Ollama", "ollama/llama3.2:3b"),
        (
            {"/api/v0/models": {"data": [{"id": "qwen", "type": "llm"}, {"id": "e5", "type": "embeddings"}]}},
            "LM Studio",
            "lm_studio/qwen",
        ),
        (openai_list(id="org/m", owned_by="vllm", max_model_len=4096), "vLLM", "hosted_vllm/org/m"),
        (openai_list(id="m.gguf", owned_by="llamacpp"), "llama.cpp", "openai/m.gguf"),
        ({"/info": {"model_id": "org/m", "max_total_tokens": 9}}, "Text Generation Inference", "openai/org/m"),
        (
            {"/engines/v1/models": {"data": [{"id": "ai/smol"}]}},
            "Docker Model Runner",
            "docker_model_runner/ai/smol",
        ),
        (openai_list(id="m"), "a server that speaks the OpenAI protocol", "openai/m"),
    ],
)  # fmt: skip
def test_a_local_server_is_known_by_what_it_answers_not_by_its_port(answers, title, model):
    with serving(answers) as (root, seen):
        [found] = find_local_servers({"OLLAMA_API_BASE": root, "OPENAI_API_KEY": "secret"}, within_s=5)
    assert (found.title, [each.id for each in found.models]) == (title, [model])
    assert not any("authorization" in map(str.lower, each) for each in seen)


def test_a_model_found_on_a_local_server_can_be_asked_as_it_is_listed():
    with OpenAIServer(models=("tiny",)) as server:
        env = {"HOSTED_VLLM_API_BASE": server.base_url}
        rows = list_models(check=True, env=env)
        row = next(row for row in rows if row.local and row.id != "offline/rules")
        [answer] = ask(request(ModelSpec(row.id, api_base=row.api_base)), env=env)
    assert rows.index(row) < [r.id for r in rows].index("offline/rules")
    assert (row.id, row.usable) == ("openai/tiny", True)
    assert answer.ok and answer.text.startswith("You said")


@pytest.mark.parametrize(
    "answers", [{"/v1/models": "surprise"}, {"/v1/models": {"data": [3, {"id": None}]}}, {"/api/tags": []}]
)
def test_a_server_that_answers_nonsense_is_no_model_server(answers):
    with serving(answers) as (root, _):
        found = find_local_servers({"OLLAMA_API_BASE": root}, within_s=5)
    assert not any(server.models for server in found)


def test_a_server_that_drips_without_end_delays_the_list_by_a_second_at_most():
    with serving({}, drip=True) as (root, _):
        begun = time.monotonic()
        assert find_local_servers({"OLLAMA_API_BASE": root}, within_s=0.5) == []
        assert time.monotonic() - begun < 2
