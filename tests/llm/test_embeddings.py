"""Vectors through the gateway: against a server on loopback that speaks OpenAI's and Ollama's protocols."""

from __future__ import annotations

import asyncio

import pytest
from support.asking import SWIFT
from support.vectors import serving, vector_of

from workbench.llm.embeddings import BATCH
from workbench.llm.gateway import Gateway
from workbench.llm.providers import MAY_TAKE_A_BASE, PROVIDERS
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import ModelSpec

TEXTS = ["a cat", "a dog", "a cat", "Grüße 🙂"]


class Kept(dict):
    """A cache in memory."""

    def put(self, key, model, completion):
        self[key] = completion


def embed(model, *asked, env=None, **options):
    """Embed each list of texts in turn, on one gateway."""

    async def main():
        gateway = Gateway(env=env or {}, **({"retry": SWIFT, "timeout_s": 20} | options))
        try:
            return [await gateway.embed(texts, model) for texts in asked]
        finally:
            await gateway.aclose()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("model", "path", "tokens"),
    [
        ("openai/m", "/v1/embeddings", 6),
        ("hosted_vllm/m", "/v1/embeddings", 6),
        ("lm_studio/m", "/v1/embeddings", 6),
        ("docker_model_runner/m", "/v1/embeddings", 6),
        ("ollama/m", "/api/embed", 3),
    ],
)
def test_each_text_gets_its_own_vector_from_each_kind_of_server(model, path, tokens):
    with serving() as (root, calls):
        base = root if path.startswith("/api") else f"{root}/v1"
        [got] = embed(ModelSpec(model, api_base=base), TEXTS, env={"OPENAI_API_KEY": "sk-not-for-you-1234"})
    assert got.ok and [list(vector) for vector in got.vectors] == [vector_of(text) for text in TEXTS]
    assert got.usage.input == tokens and got.latency_s > 0
    [(asked_path, headers, body)] = calls
    assert (asked_path, body["model"], body["input"]) == (path, "m", list(dict.fromkeys(TEXTS)))
    assert "sk-not-for-you" not in str(headers)


def test_a_hosted_model_gets_its_key_and_has_its_price_and_an_unknown_one_has_none():
    env = {"OPENAI_API_KEY": "sk-mine-mine-mine-mine"}
    with serving() as (root, calls):
        env["OPENAI_BASE_URL"] = f"{root}/v1"
        [known] = embed(ModelSpec("openai/text-embedding-3-small", {"dimensions": 3}), TEXTS, env=env)
        [unknown] = embed(ModelSpec("openai/never-heard-of"), TEXTS, env=env)
    assert known.cost_usd == pytest.approx(6 * 2e-8) and unknown.cost_usd is None
    assert calls[0][1]["authorization"] == "Bearer sk-mine-mine-mine-mine"
    assert calls[0][2]["dimensions"] == 3


def test_a_text_is_paid_for_once():
    kept = Kept()
    with serving() as (root, calls):
        spec = ModelSpec("openai/text-embedding-3-small", api_base=f"{root}/v1")
        first, again, more = embed(spec, TEXTS, TEXTS, [*TEXTS, "new"], cache=kept)
        [other] = embed(ModelSpec(spec.id, {"dimensions": 3}, api_base=spec.api_base), ["a cat"], cache=kept)
    assert again.vectors == first.vectors == more.vectors[:4]
    assert (first.cached, again.cached, more.cached, other.cached) == (0, 4, 4, 0)
    assert (again.cost_usd, again.usage.input, again.latency_s) == (0.0, 0, None)
    assert [call[2]["input"] for call in calls] == [["a cat", "a dog", "Grüße 🙂"], ["new"], ["a cat"]]


def test_many_texts_go_in_batches_and_keep_their_order():
    texts = [f"text {number}" for number in range(2 * BATCH + 5)]
    with serving() as (root, calls):
        [got] = embed(ModelSpec("openai/m", api_base=f"{root}/v1"), texts)
    assert [list(vector) for vector in got.vectors] == [vector_of(text) for text in texts]
    assert [len(call[2]["input"]) for call in calls] == [BATCH, BATCH, 5]


def test_a_fault_that_passes_is_asked_again_and_one_that_does_not_keeps_what_came():
    texts = [f"text {number}" for number in range(BATCH + 1)]
    kept = Kept()
    with serving(429, 200, 401) as (root, calls):
        spec = ModelSpec("openai/m", api_base=f"{root}/v1")
        [got] = embed(spec, texts, cache=kept)
        assert (got.error, len(calls)) == ("auth", 3) and "api_key_env" in got.error_message
        assert None not in got.vectors[:BATCH] and got.vectors[BATCH:] == (None,)
        [resumed] = embed(spec, texts, cache=kept)
    assert resumed.ok and resumed.cached == BATCH and len(calls) == 4


@pytest.mark.parametrize(
    "nonsense",
    [
        {"data": [], "usage": {}},
        {"data": [{"index": 0, "embedding": [1.0]}], "usage": {}},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": ["x"]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [float("nan")]}]},
    ],
)
def test_vectors_that_do_not_fit_the_texts_are_an_error_never_a_wrong_vector(nonsense):
    with serving(nonsense) as (root, _):
        [got] = embed(ModelSpec("openai/m", api_base=f"{root}/v1"), ["one", "two"], max_retries=0, retry=None)
    assert got.error == "provider" and got.vectors == (None, None)


def test_what_cannot_be_embedded_is_told_without_a_call():
    with serving() as (root, calls):
        [empty] = embed(ModelSpec("openai/m", api_base=f"{root}/v1"), ["fine", " "])
        [none] = embed(ModelSpec("openai/m", api_base=f"{root}/v1"), [])
    [keyless] = embed(ModelSpec("openai/text-embedding-3-small"), ["x"])
    [offline] = embed(ModelSpec("offline/rules"), ["x"])
    assert empty.error == "bad_request" and "Text 2 is empty" in empty.error_message
    assert none.ok and none.vectors == () and none.cost_usd == 0 and not calls
    assert keyless.error == "auth" and "OPENAI_API_KEY" in keyless.error_message
    assert offline.error == "bad_request" and "embedding model" in offline.error_message


@pytest.mark.parametrize("provider", sorted(MAY_TAKE_A_BASE - {"triton", "custom_openai"}))
def test_an_address_that_a_suite_names_never_sees_a_key_with_the_texts(provider, monkeypatch):
    names = {name for each in PROVIDERS.values() for name in each.key_envs}
    names |= {
        "OPENAI_ORG_ID",
        "OPENAI_ORGANIZATION",
        "OPENAI_PROJECT_ID",
        "OLLAMA_API_KEY",
        "HOSTED_VLLM_API_KEY",
    }
    names |= {"LM_STUDIO_API_KEY", "LLAMAFILE_API_KEY", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"}
    planted = {name: f"planted-{number}-{name.lower()}" for number, name in enumerate(sorted(names))}
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    with serving() as (root, calls):
        embed(
            ModelSpec(f"{provider}/m", api_base=f"{root}/v1"),
            ["one"],
            env=planted,
            retry=RetryPolicy(max_retries=0),
        )
    assert not [name for name, secret in planted.items() if secret in repr(calls)]


def test_mistral_gets_its_own_key_and_nothing_of_another_account(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    env = {"MISTRAL_API_KEY": "key-of-mistral", "OPENAI_API_KEY": "key-of-openai"}
    with serving() as (root, calls):
        [got] = embed(ModelSpec("mistral/mistral-embed"), TEXTS, env=env | {"MISTRAL_API_BASE": f"{root}/v1"})
    assert got.ok and got.cost_usd == pytest.approx(6 * 1e-7)
    assert calls[0][1]["authorization"] == "Bearer key-of-mistral" and calls[0][2]["model"] == "mistral-embed"
    assert "org-of-mine" not in repr(calls) and "key-of-openai" not in repr(calls)
