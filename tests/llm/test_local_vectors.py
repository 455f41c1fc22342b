"""Vectors by a model on disk: the same for the same text, equal to torch's where it is there, errors typed."""

from __future__ import annotations

import asyncio
import math

import pytest
from support.tiny_bert import WIDTH, WINDOW, write_tiny_bert

from workbench.llm.gateway import Gateway
from workbench.llm.types import ModelSpec

TEXTS = ["the cat sat on the mat.", "a dog", "Grüße", "the cat sat on the mat.", "a", "dogs sat on cats"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_bert(tmp_path_factory.mktemp("models") / "bert")


def embed(path, texts=TEXTS, **fields):
    async def main():
        gateway = Gateway(env={}, root=path.parent)
        try:
            return await gateway.embed(texts, ModelSpec(f"local/{path.name}", **fields))
        finally:
            await gateway.aclose()

    return asyncio.run(main())


def test_each_text_has_a_vector_of_length_one_whatever_stands_beside_it(folder):
    together = embed(folder)
    assert together.ok and together.cost_usd == 0 and together.latency_s > 0
    assert {len(vector) for vector in together.vectors} == {WIDTH}
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in together.vectors)
    for text, vector in zip(TEXTS, together.vectors, strict=True):
        [alone] = embed(folder, [text]).vectors
        assert list(alone) == pytest.approx(list(vector), abs=1e-5)
    assert together.vectors[0] == together.vectors[3] != together.vectors[1]
    assert together.usage.input == sum(embed(folder, [text]).usage.input for text in TEXTS)


@pytest.mark.parametrize(("pooling", "unit"), [("mean_tokens", True), ("cls_token", False)])
def test_they_are_those_that_torch_computes(tmp_path, pooling, unit):
    torch = pytest.importorskip("torch", reason="the extra transformers is not installed (torch is missing)")
    transformers = pytest.importorskip("transformers")
    path = write_tiny_bert(tmp_path / "bert", pooling=pooling, unit=unit)
    model = transformers.BertModel.from_pretrained(path).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path / "tokenizer.json"))
    for text, ours in zip(TEXTS, embed(path).vectors, strict=True):
        with torch.inference_mode():
            hidden = model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0]
        theirs = hidden.mean(0) if pooling == "mean_tokens" else hidden[0]
        theirs = theirs / theirs.norm() if unit else theirs
        assert list(ours) == pytest.approx(theirs.tolist(), abs=2e-6)


def test_what_cannot_be_embedded_is_a_typed_error_in_one_sentence(folder, tmp_path):
    long = embed(folder, ["fine", "cat " * WINDOW])
    assert (
        long.error == "context_length"
        and "Text 2" in long.error_message
        and str(WINDOW) in long.error_message
    )
    assert "dimensions" in embed(folder, params={"dimensions": 3}).error_message
    assert embed(folder, ["x", " "]).error == "bad_request"
    assert embed(folder, []).vectors == ()
    (tmp_path / "empty").mkdir()
    assert "config.json is missing" in embed(tmp_path / "empty").error_message
    half = write_tiny_bert(tmp_path / "half")
    (half / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:3000])
    assert "cannot be loaded" in embed(half).error_message
    other = write_tiny_bert(tmp_path / "other")
    (other / "config.json").write_text((folder / "config.json").read_text().replace('"bert"', '"t5"'))
    assert "only a BERT" in embed(other).error_message
