"""BERTScore: values worked out by hand, the tokens of a tiny BERT, and one sentence where the weights are missing."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from support.judging import ScriptedDesk, scored, similar
from support.tiny_bert import WIDTH, write_tiny_bert

from workbench.errors import SuiteError
from workbench.evals.scorers import build_scorer, parse_scorer, score_completion
from workbench.evals.scorers.answers import gathered
from workbench.evals.scorers.bertscore import matched
from workbench.evals.types import Case
from workbench.llm.gateway import Gateway
from workbench.llm.types import Completion, ModelSpec

#: Tokens of width 2, those in brackets being marks: a [1,0], b [0,1], c [.6,.8]; the mark [.8,.6].
TEXTS = {
    "a b": [2, 2, 0, 0, 1, 0, 0, 1],
    "c": [1, 2, 0, 0.6, 0.8],
    "c a": [2, 2, 0, 0, 0.6, 0.8, 1, 0],
    "[m] a b": [3, 2, 1, 0, 0, 0.8, 0.6, 1, 0, 0, 1],
}
ENTRY = {"type": "bertscore", "embedder": "local/bert"}


@pytest.mark.parametrize(
    ("entry", "expected", "value"),
    [
        ({"measure": "precision"}, "c", 0.7),  # a is .6 near c, b .8
        ({"measure": "recall"}, "c", 0.8),  # c is nearest to b
        ({}, "c", 2 * 0.7 * 0.8 / 1.5),
        ({}, ["c", "c a"], 0.9),  # a is matched by a: (1 + .8) / 2 both ways
        ({"measure": "recall", "baseline": 0.6}, "c", 0.5),
        ({"measure": "recall", "baseline": 0.9}, "c", 0.0),
    ],
)
def test_each_token_is_matched_with_the_nearest_of_the_other_text(entry, expected, value):
    desk = ScriptedDesk(vector=lambda text: TEXTS[text])
    assert similar({**ENTRY, **entry}, desk, "a b", expected).value == pytest.approx(value)


def test_marks_can_be_matched_with_and_have_no_weight():
    assert matched(TEXTS["[m] a b"], TEXTS["c"])["precision"] == pytest.approx(0.7)
    # The mark is .96 near c, nearer than a and b.
    assert matched(TEXTS["[m] a b"], TEXTS["c"])["recall"] == pytest.approx(0.96)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_bert(tmp_path_factory.mktemp("models") / "bert")


def on_disk(folder, entry, output, expected):
    async def main():
        gateway = Gateway(env={}, root=folder.parent)
        scorer = build_scorer(parse_scorer({**ENTRY, **entry}))
        given = Case("one", expected=expected), Completion(output)
        try:
            answers = await gathered(lambda known: score_completion([scorer], *given, answers=known), gateway)
            return score_completion([scorer], *given, answers=answers)[0]
        finally:
            await gateway.aclose()

    return asyncio.run(main())


def test_a_bert_on_disk_gives_the_tokens_and_the_same_text_is_1(folder):
    assert on_disk(folder, {}, "the cat sat.", "the cat sat.").value == pytest.approx(1, abs=1e-6)
    near, far = (
        on_disk(folder, {}, "the cat sat.", text).value for text in ("the cat sat on a mat.", "grüße")
    )
    assert 1 > near > far >= 0
    assert (
        on_disk(folder, {"layer": 2}, "the cat", "a dog").value
        != on_disk(folder, {}, "the cat", "a dog").value
    )
    assert on_disk(folder, {}, " ", "a dog").value == 0.0


def test_the_tokens_are_those_whose_mean_is_the_text_s_vector(folder):
    async def main(**fields):
        gateway = Gateway(env={}, root=folder.parent)
        try:
            return np.asarray((await gateway.embed(["a dog"], ModelSpec("local/bert", **fields))).vectors[0])
        finally:
            await gateway.aclose()

    row, whole = asyncio.run(main(params={"token_layer": 2})), asyncio.run(main())
    assert list(row[:6]) == [4, WIDTH, 1, 0, 0, 1]
    tokens = row[6:].reshape(4, WIDTH)
    assert np.linalg.norm(tokens, axis=1) == pytest.approx(1, abs=1e-6)
    # They have lost their lengths, so the direction of their mean is near the text's and not the same.
    assert tokens.mean(axis=0) @ whole / np.linalg.norm(tokens.mean(axis=0)) > 0.99


def test_missing_weights_are_one_sentence(folder, tmp_path):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text("{}")
    assert "tokenizer.json is missing" in on_disk(tmp_path / "bert", {}, "a", "b").error
    assert "There is no folder" in on_disk(tmp_path / "none" / "x", {}, "a", "b").error
    assert "The model has 2 layers, and not 7" in on_disk(folder, {"layer": 7}, "a", "b").error
    with pytest.raises(SuiteError, match="needs the weights of a BERT on disk"):
        parse_scorer({"type": "bertscore", "embedder": "openai/text-embedding-3-small"})
    assert scored(ENTRY, ScriptedDesk(), "x", Case("one")).error == "the case has nothing expected"
