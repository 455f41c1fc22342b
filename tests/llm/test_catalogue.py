"""The list of models: what can be used here, and what keeps the rest from being used."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from support.asking import ask, request
from support.loopback import JsonHandler, served
from support.openai_server import OpenAIServer

from workbench.llm import catalogue, discovery
from workbench.llm.catalogue import find_models, list_models
from workbench.llm.discovery import find_local_servers
from workbench.llm.types import ModelSpec


@pytest.fixture(autouse=True)
def only_these_ports(monkeypatch):
    """Look only where a test says, not at what happens to run on this machine."""
    real = discovery._roots
    usual = {f"http://127.0.0.1:{server.port}" for server in discovery.LOCAL_SERVERS}
    monkeypatch.setattr(discovery, "_roots", lambda env: [root for root in real(env) if root not in usual])


@contextmanager
def serving(answers, *, drip=False, status=404):
    """Serve JSON at the given paths, and a fault elsewhere; or drip a byte now and then without end."""
    seen: list[dict[str, str]] = []
    done = threading.Event()

    class Handler(JsonHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(200 if drip or self.path in answers else status)
            if "Server" in answers:
                self.send_header("Server", answers["Server"])
            self.end_headers()
            while drip and not done.wait(0.1):
                self.wfile.write(b" ")
                self.wfile.flush()
            self.wfile.write(json.dumps(answers.get(self.path)).encode())

        def do_POST(self) -> None:
            body = self.body()
            known = answers.get(f"{self.path} {body.get('model')}")
            self.send_response(404 if known is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(known).encode())

    with served(Handler) as root:
        try:
            yield root, seen
        finally:
            done.set()


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
        ({**openai_list(id="m"), "Server": "llamafile/0.9"}, "llamafile", "llamafile/m"),
        (openai_list(id="m", owned_by="Triton Inference Server"), "Triton", "openai/m"),
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


def test_ollama_and_lm_studio_tell_what_their_models_can_do_and_read_at_once():
    ollama = {
        "/api/tags": {"models": [{"name": "q:4b"}, {"name": "mute"}]},
        "/api/show q:4b": {
            "capabilities": ["completion", "tools", "vision", "thinking"],
            "model_info": {"general.architecture": "q", "q.context_length": 40960},
        },
    }
    studio = {"/api/v0/models": {"data": [{"id": "v", "type": "vlm", "max_context_length": 8192}]}}
    with serving(ollama) as (first, _), serving(studio) as (second, _):
        env = {"OLLAMA_API_BASE": first, "LM_STUDIO_API_BASE": f"{second}/v1"}
        rows = {row.id: row for row in list_models(check=True, env=env)}
    told = rows["ollama/q:4b"]
    assert (told.context_window, told.abilities) == (40960, ("tools", "images", "reasoning"))
    assert (rows["ollama/mute"].context_window, rows["ollama/mute"].abilities) == (None, ())
    assert (rows["lm_studio/v"].context_window, rows["lm_studio/v"].abilities) == (8192, ("images",))


def test_any_part_of_a_name_finds_a_model_with_its_prices_and_abilities():
    rows = find_models("SONNET anthropic/ 4-5", env={"ANTHROPIC_API_KEY": "k"})
    first = rows[0]
    assert first.id.startswith("anthropic/claude-sonnet-4-5") and first.usable
    assert first.input_usd_per_million and first.context_window
    assert {"tools", "images", "reasoning", "streaming"} <= set(first.abilities)
    assert all({"sonnet", "4-5"} <= {w for w in ("sonnet", "4-5") if w in row.id} for row in rows)
    ids = [row.id for row in find_models("embedding-3-small", env={})]
    assert "openai/text-embedding-3-small" in ids and len(ids) == len(set(ids))
    assert find_models("no-such-model-anywhere", env={}) == find_models("", env={}) == []


def test_every_model_of_the_table_has_one_address_and_says_what_it_lacks():
    rows = find_models("/", env={"OPENAI_API_KEY": "k"})
    assert len(rows) > 1000 and len({row.id for row in rows}) == len(rows)
    assert all(row.reason for row in rows)
    assert {row.usable for row in rows if row.provider == "openai"} <= {True, False}
    assert all("MISTRAL_API_KEY" in r.reason or "ended" in r.reason for r in rows if r.provider == "mistral")


def test_two_local_servers_and_no_key_are_a_row_each():
    vllm = openai_list(id="org/m", owned_by="vllm", max_model_len=4096)
    with serving({"/api/tags": {"models": [{"name": "small"}]}}) as (first, _), serving(vllm) as (second, _):
        env = {"OLLAMA_API_BASE": first, "HOSTED_VLLM_API_BASE": f"{second}/v1"}
        rows = list_models(check=True, keys=True, env=env)
    usable = [row for row in rows if row.usable]
    assert [row.id for row in usable] == ["ollama/small", "hosted_vllm/org/m", "offline/rules"]
    assert [first, second] == [row.reason.split()[-1] for row in usable[:2]]
    assert len(rows) == len({row.provider for row in rows})


WRONG = "sk-wrong-wrong-wrong-wrong"


@pytest.mark.parametrize(
    ("status", "usable", "words"),
    [
        (200, True, "accepts OPENAI_API_KEY"),
        (401, False, "refuses the key in OPENAI_API_KEY"),
        (500, None, "500"),
    ],
)
def test_a_checked_key_is_one_clear_row_and_appears_nowhere(status, usable, words):
    with serving({}, status=status) as (root, seen):
        env = {"OPENAI_API_KEY": WRONG, "OPENAI_BASE_URL": f"{root}/v1", "MISTRAL_API_KEY": " "}
        rows = [row for row in list_models(keys=True, env=env) if row.provider == "openai"]
    assert {row.usable for row in rows} == {usable} and all(words in row.reason for row in rows)
    assert usable is not False or len(rows) == 1
    assert WRONG not in repr(rows)
    assert [headers.get("Authorization") for headers in seen] == [f"Bearer {WRONG}"]


def test_with_the_network_cut_each_provider_with_a_key_is_one_row_that_says_so(monkeypatch):
    from workbench.llm import keycheck

    cut = {name: ("http://127.0.0.1:1", path) for name, (_, path) in keycheck._QUESTIONS.items()}
    monkeypatch.setattr(keycheck, "_QUESTIONS", cut)
    env = {"OPENAI_API_KEY": WRONG, "ANTHROPIC_API_KEY": WRONG, "HF_TOKEN": WRONG}
    rows = [
        r for r in list_models(keys=True, env=env) if r.provider in ("openai", "anthropic", "huggingface")
    ]
    assert [row.usable for row in rows] == [False] * 3
    assert all("cannot be reached: check the network" in row.reason for row in rows)
    assert WRONG not in repr(rows)


def test_a_provider_that_never_answers_does_not_hold_the_list(monkeypatch):
    from workbench.llm import keycheck

    monkeypatch.setattr(keycheck, "WITHIN_S", 0.3)
    with OpenAIServer() as server, socket.create_server(("127.0.0.1", 0)) as mute:
        env = {
            "OPENAI_API_KEY": WRONG,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{mute.getsockname()[1]}",
            "MISTRAL_API_KEY": WRONG,
            "MISTRAL_API_BASE": server.base_url,
        }
        rows = {row.provider: row for row in list_models(keys=True, env=env)}
    assert rows["openai"].usable is False and "did not answer within" in rows["openai"].reason
    assert rows["mistral"].usable is True
