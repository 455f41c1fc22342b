"""Reference metrics give the values worked out by hand, and of a corpus those of the libraries they name."""

from __future__ import annotations

import pytest
from support.scoring import case, score

from workbench.evals.scorers import build_scorer, parse_scorer
from workbench.evals.scorers.corpus import CorpusTotals
from workbench.evals.scorers.hf_metrics import metric
from workbench.llm.types import Completion

OUTPUT, REFERENCE = "the cat is on the mat", "the cat sat on the mat"


@pytest.mark.parametrize(
    ("entry", "output", "expected", "value"),
    [
        ("gleu", OUTPUT, REFERENCE, 9 / 18),  # 5 words, 3 pairs and 1 triple of 6, 5, 4 and 3
        ("gleu", "a b", ["a", "x y z"], 1 / 3),
        ("wer", OUTPUT, REFERENCE, 1 - 1 / 6),
        ("wer", OUTPUT, ["other words", REFERENCE], 1 - 1 / 6),
        ("wer", "a b c d", "a", 0),  # three words too many: a WER of 3
        ({"type": "wer", "ignore_case": True}, "THE CAT", "the cat", 1),
        ("ter", OUTPUT, REFERENCE, 1 - 1 / 6),
        ("ter", "on the mat the cat sat", REFERENCE, 1 - 1 / 6),  # one shift
        ("meteor", OUTPUT, REFERENCE, 5 / 6 * (1 - 0.5 * (2 / 5) ** 3)),  # five words in two chunks
        ("meteor", "the cat", "the dog the cat", 1 * 0.5 / (0.9 + 0.05) * (1 - 0.5 * (1 / 2) ** 3)),
        ("exact_match", "The  Eiffel tower!", ["Louvre", "Eiffel Tower"], 1),
        ("exact_match", "Eiffel", "Eiffel Tower", 0),
        ("f1", OUTPUT, REFERENCE, 3 / 4),  # articles do not count
        ("f1", "", "the", 1),
        ("chrf", "ab", "ab", 1),
        ({"type": "chrf", "characters": 1}, "abc", "abd", 2 / 3),
        ({"type": "chrf", "characters": 1}, "abcd", "ab", 5 * 0.5 * 1 / (4 * 0.5 + 1)),  # F2: P 1/2, R 1
    ],
)
def test_an_answer_has_the_value_worked_out_by_hand(entry, output, expected, value):
    found = score(entry, output, expected)
    assert (found.value, found.error) == (pytest.approx(value), None)


def test_a_rate_is_named_and_needs_words_to_count():
    assert score("wer", "a b c d", "a").reason == "its WER is 3.000"
    assert "no words" in score("wer", "a", " ").error
    assert "over 4000 characters" in score("ter", "a " * 3_000, "a").error


OUTPUTS = ["the cat is on the mat", "a small house stands here", "no"]
REFERENCES = ["the cat sat on the mat", "a little house is standing here", "yes and no"]


def _corpus(kind, outputs=OUTPUTS, failed=0):
    totals = CorpusTotals()
    scorer = build_scorer(parse_scorer(kind))
    for output, reference in zip(outputs, REFERENCES, strict=True):
        totals.add("all", [scorer], case(reference), Completion(output))
    for _ in range(failed):
        totals.add("all", [scorer], case("x"), Completion(error="timeout"))
    [found] = totals.values()
    return found


def test_the_corpus_value_is_that_of_all_counts_and_not_the_mean():
    from jiwer import wer
    from nltk.translate.gleu_score import corpus_gleu
    from sacrebleu import corpus_bleu, corpus_chrf, corpus_ter

    lists = [REFERENCES]
    assert _corpus("bleu").value == pytest.approx(corpus_bleu(OUTPUTS, lists).score / 100)
    assert _corpus("chrf").value == pytest.approx(corpus_chrf(OUTPUTS, lists).score / 100)
    assert _corpus("ter").value == pytest.approx(corpus_ter(OUTPUTS, lists).score / 100)
    assert _corpus("wer").value == pytest.approx(wer(REFERENCES, OUTPUTS)) == pytest.approx(6 / 15)
    words = [[[*text.split()]] for text in REFERENCES]
    assert _corpus("gleu").value == pytest.approx(corpus_gleu(words, [text.split() for text in OUTPUTS]))
    assert _corpus("f1").value == pytest.approx((3 / 4 + 2 * 2 / 9 + 1 / 2) / 3)


def test_a_corpus_value_says_what_it_rests_on():
    found = _corpus("wer", failed=2)
    assert (found.n, found.missing, found.lower_is_better) == (3, 2, True)
    assert _corpus("chrf").lower_is_better is False
    totals = CorpusTotals()
    totals.add("all", [build_scorer(parse_scorer("exact"))], case("x"), Completion("x"))
    assert totals.values() == []


def test_a_reference_metric_is_one_of_hugging_faces_evaluate():
    import evaluate

    wer = metric("wer", (("ignore_case", False),))
    assert isinstance(wer, evaluate.Metric)
    found = wer.compute(predictions=OUTPUTS, references=[[text] for text in REFERENCES])
    assert found == {"wer": pytest.approx(6 / 15)}
