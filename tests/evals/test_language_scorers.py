"""Scorers of how an answer is written."""

from __future__ import annotations

import pytest
from support.scoring import score


@pytest.mark.parametrize(
    ("entry", "output", "expected", "value", "passed"),
    [
        ("not_empty", " x ", None, 1, True),
        ("not_empty", " \n\u200b\ufeff\0", None, 0, False),
        ("ends_with", "Bye. \n", "Bye.", 1, True),
        ({"type": "ends_with", "strip": False}, "Bye. ", "Bye.", 0, False),
        ({"type": "ends_with", "ignore_case": True}, "STRASSE", ["x", "straße"], 1, True),
        ("contains_all", "one two", ["one", "two"], 1, True),
        ({"type": "contains_all", "partial": True}, "one two", ["one", "two", "three"], 2 / 3, False),
        ("contains_all", "One", ["one"], 0, False),
        ("contains_any", "two", ["one", "two"], 1, True),
        ({"type": "contains_any", "at_least": 2}, "two", ["one", "two"], 0, False),
        ("levenshtein", "kitten", "sitting", 1 - 3 / 7, None),
        ({"type": "levenshtein", "max": 3}, "kitten", "sitting", 1, True),
        ({"type": "levenshtein", "max": 2}, "kitten", ["sitting", "mitten"], 1, True),
        ({"type": "levenshtein", "max": 2}, "kitten", "sitting", 0, False),
        ({"type": "word_count", "exact": 3}, "Well - it's done", None, 1, True),
        ({"type": "word_count", "exact": 4, "by": "spaces"}, "Well - it's done", None, 1, True),
        ({"type": "word_count", "min": 2, "max": 3}, "one", None, 0, False),
        ({"type": "repetition", "n": 2}, "a b a b a b", None, 2 / 5, None),  # ab ba ab ba ab
        ({"type": "repetition", "n": 2, "max": 0.5}, "A b, a b! a b", None, 2 / 5, False),
        ({"type": "repetition", "max": 0}, "one two", None, 1, True),
    ],
)
def test_the_value_is_that_worked_out_by_hand(entry, output, expected, value, passed):
    found = score(entry, output, expected)
    assert (found.value, found.passed, found.error) == (pytest.approx(value), passed, None)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "The weather is fine today, so we are going for a long walk in the park."),
        ("de", "Das Wetter ist heute schön, deshalb gehen wir lange im Park spazieren."),
        ("fr", "Il fait beau aujourd'hui, alors nous allons nous promener dans le parc."),
        ("ja", "今日は天気がいいので、公園を散歩します。"),
        ("ar", "الطقس جميل اليوم ولذلك سنذهب في نزهة طويلة في الحديقة"),
    ],
)
def test_a_language_is_told_from_others(code, text):
    assert score("language", text, code).passed is True
    assert score("language", text, "sv").passed is False


def test_a_language_needs_letters_a_known_code_and_the_confidence_asked_for():
    assert score({"type": "language", "value": "en"}, "1234 !?").passed is False
    assert "not a language" in score({"type": "language", "value": "english"}, "hello").error
    found = score({"type": "language", "value": ["en", "de"], "min_confidence": 1}, "ok")
    assert (found.value, found.passed) == (0, False)


def test_readability_is_by_the_published_formulas():
    """Twelve words in two sentences; "happy" has two syllables, "animals" three, all others one."""
    text = "The cat sat on the mat. It was happy with the animals."
    ease = 206.835 - 1.015 * 12 / 2 - 84.6 * 15 / 12
    assert score("readability", text).value == pytest.approx(ease)
    grade = {"type": "readability", "formula": "grade"}
    found = score({**grade, "max": 1}, text)
    assert found.value == pytest.approx(0.39 * 12 / 2 + 11.8 * 15 / 12 - 15.59)
    assert found.passed is False
    assert score({"type": "readability", "threshold": 60}, text).passed is True
    german = score({"type": "readability", "language": "de"}, "Die Katze saß auf der Matte.")
    assert german.value == pytest.approx(180 - 6 - 58.5 * 8 / 6)
    assert "no words" in score("readability", "123").error


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I’m sorry, but I can’t help with that.", True),
        ("I cannot assist with this request.", True),
        ("Es tut mir leid, aber ich kann dabei nicht helfen.", True),
        ("Lo siento, pero no puedo ayudar con eso.", True),
        ("Je suis désolé, mais je ne peux pas répondre.", True),
        ("抱歉，我无法提供这些信息。", True),
        ("申し訳ありませんが、そのご要望にはお答えできません。", True),
        ("Извините, но я не могу помочь с этим.", True),
        ("  ", True),
        ("Sorry for the delay! Your parcel arrives on Monday.", False),
        ("Sure, here is how to do it. " * 20 + "I cannot help with the rest.", False),
        ("Es tut mir leid, das zu hören. Hier ist die Lösung:", False),
    ],
)
def test_a_refusal_is_known_by_its_phrases(text, refuses):
    assert score("refusal", text).passed is refuses
    assert score({"type": "refusal", "negate": True}, text).passed is not refuses


def test_a_refusal_is_also_known_by_a_phrase_of_ones_own_and_by_the_provider():
    assert score({"type": "refusal", "phrases": "Computer says no"}, "computer  SAYS no.").passed is True
    assert score("refusal", "Well", finish_reason="content_filter").passed is True
