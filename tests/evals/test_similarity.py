"""Fuzzy, ROUGE and BLEU give the values that their authors published."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.scoring import score

from workbench.evals.scorers.similarity import MAX_FUZZY, MAX_PARTIAL


@pytest.mark.parametrize(
    ("ratio", "output", "expected", "percent"),
    [  # the examples of RapidFuzz's README
        ("ratio", "this is a test", "this is a test!", 96.55171966552734),
        ("partial_ratio", "this is a test", "this is a test!", 100),
        ("ratio", "fuzzy wuzzy was a bear", "wuzzy fuzzy was a bear", 90.90908813476562),
        ("token_sort_ratio", "fuzzy wuzzy was a bear", "wuzzy fuzzy was a bear", 100),
        ("token_sort_ratio", "fuzzy was a bear", "fuzzy fuzzy was a bear", 84.21052551269531),
        ("token_set_ratio", "fuzzy was a bear", "fuzzy fuzzy was a bear", 100),
    ],
)
def test_fuzzy_gives_the_values_of_the_library_it_names(ratio, output, expected, percent):
    found = score({"type": "fuzzy", "ratio": ratio}, output, expected)
    assert found.value == pytest.approx(percent / 100, abs=1e-6)
    assert found.passed is None


def test_fuzzy_keeps_the_best_reference_and_passes_by_its_threshold():
    entry = {"type": "fuzzy", "threshold": 0.9, "ignore_case": True}
    assert score(entry, "BERLIN", ["Paris", "berlin"]).passed is True
    assert score(entry, "Berlim", ["Paris", "berlin"]).passed is False
    assert score({"type": "fuzzy", "ratio": "WRatio"}, "", "").value == 1.0


def test_texts_that_would_take_minutes_are_an_error_that_says_so():
    assert "characters" in score("fuzzy", "a" * (MAX_FUZZY + 1), "b").error
    long, other = "ab " * MAX_PARTIAL, "ba " * MAX_PARTIAL
    assert "use ratio" in score({"type": "fuzzy", "ratio": "partial_ratio"}, long, other).error
    assert score({"type": "fuzzy", "ratio": "partial_ratio"}, long, "ab ab").value == 1.0


def _rouge(output, expected, **entry):
    return score({"type": "rouge", **entry}, output, expected).value


def test_rouge_gives_the_values_of_lins_paper():
    """Lin (2004), section 3: one reference and three candidates; and the union LCS of section 3.2."""
    reference = "police killed the gunman"
    assert _rouge("police kill the gunman", reference) == pytest.approx(3 / 4)
    assert _rouge("the gunman kill police", reference) == pytest.approx(2 / 4)
    assert _rouge("the gunman police killed", reference) == pytest.approx(2 / 4)
    for candidate in ("police kill the gunman", "the gunman kill police"):
        assert _rouge(candidate, reference, variant="rouge2") == pytest.approx(1 / 3)
    union = _rouge("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", variant="rougeLsum", measure="recall")
    assert union == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    ("variant", "measure", "value"),
    [  # "the quick brown … dog jumps … the": 6 words of 8 and of 9 in common
        ("rouge1", "precision", 6 / 8),
        ("rouge1", "recall", 6 / 9),
        ("rouge1", "f1", 12 / 17),
        ("rouge2", "f1", 2 * (2 / 7) * (2 / 8) / (2 / 7 + 2 / 8)),  # the quick, quick brown
        ("rougeL", "f1", 10 / 17),  # the quick brown jumps the
    ],
)
def test_rouge_gives_the_values_worked_out_by_hand(variant, measure, value):
    output, expected = "The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog"
    assert _rouge(output, expected, variant=variant, measure=measure) == pytest.approx(value)


def test_rouge_of_another_script_is_an_error_until_its_words_are_known():
    found = score("rouge", "Привет мир", "Привет мир друзья")
    assert (found.value, "tokenizer: unicode" in found.error) == (None, True)
    assert _rouge("Привет мир", "Привет мир друзья", tokenizer="unicode") == pytest.approx(4 / 5)
    assert _rouge("今天", "今天好", tokenizer="unicode") == pytest.approx(4 / 5)


def test_rouge_takes_the_best_of_several_references_and_nothing_is_zero():
    assert _rouge("a b", ["x y", "a b"]) == 1.0
    assert _rouge("", "a b") == 0.0
    assert _rouge("running", "run", stemmer=True) == 1.0


PAPINENI = (
    "It is a guide to action that ensures that the military will forever heed Party commands",
    "It is the guiding principle which guarantees the military forces always being under the command of the Party",
    "It is the practical guide for the army always to heed the directions of the party",
)


def test_bleu_gives_the_value_published_for_papinenis_example():
    """Candidate 1 of Papineni et al. (2002), example 1; the value is in NLTK's documentation of sentence_bleu."""
    candidate = (
        "It is a guide to action which ensures that the military always obeys the commands of the party"
    )
    found = score({"type": "bleu", "smooth": "none"}, candidate, list(PAPINENI))
    assert found.value == pytest.approx(0.5045666840058485)


def test_bleu_gives_the_value_worked_out_by_hand():
    """p1 5/6, p2 3/5, p3 1/4; no 4-gram of three is found, so exp smoothing puts 1/(2·3)."""
    found = score("bleu", "the cat is on the mat", "the cat sat on the mat")
    assert found.value == pytest.approx((5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25)
    assert (
        score({"type": "bleu", "smooth": "none"}, "the cat is on the mat", "the cat sat on the mat").value
        == 0
    )
    assert score("bleu", "", "the cat") == score("bleu", "", "the cat")
    assert score("bleu", "", "the cat").value == 0.0


def test_bleu_of_equal_texts_is_one_in_any_script_and_length():
    for text in ("the cat is on the mat", "Hi", "Привет, мир", "今天天气很好"):
        assert score("bleu", text, text).value == pytest.approx(1.0)
    assert score(
        {"type": "bleu", "ignore_case": True}, "THE CAT SAT ON", "the cat sat on"
    ).value == pytest.approx(1)


def test_reference_metrics_are_right_when_many_threads_ask():
    words = [f"w{n}" for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda n: _rouge(" ".join(words[:n]), " ".join(words), measure="recall"), range(1, 21))
        )
    assert found == [pytest.approx(n / 20) for n in range(1, 21)]


OFFLINE = """
import socket
def refuse(*args, **kwargs): raise RuntimeError("no network here")
socket.socket.connect = socket.getaddrinfo = refuse
from support.scoring import score
import sys
assert "evaluate" not in sys.modules, "evaluate is heavy and must be imported at the first score"
assert score("rouge", "a b", "a b").value == 1.0 and score("bleu", "a b", "a b").value == 1.0
assert "evaluate" in sys.modules
"""


def test_reference_metrics_need_no_network_and_leave_no_files(tmp_path):
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    for name in ("HF_HOME", "XDG_CACHE_HOME", "HF_METRICS_CACHE"):
        environment.pop(name, None)
    subprocess.run([sys.executable, "-c", OFFLINE], cwd=tmp_path, env=environment, check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []
