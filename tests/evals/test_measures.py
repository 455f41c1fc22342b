"""Length, latency and cost: limits hold, and what is unknown stays unknown."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scoring import case, score, scores

from workbench.analysis.metrics import _LOWER_IS_BETTER
from workbench.evals.scorers import ParamError, lower_is_better, parse_scorer, scorer_units
from workbench.evals.scorers.measures import count_characters, count_sentences, count_words
from workbench.evals.types import Unit
from workbench.llm.types import Completion, Usage


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("two words", 2),
        ("it's well-known — yes", 3),
        ("今天 天气", 4),
        ("* one\n* two", 2),
        ("3.5 %", 1),
    ],
)
def test_words_are_counted_as_people_count_them(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(("text", "count"), [("  ab \n", 2), ("e\u0301", 1), ("👨‍👩‍👧", 1), ("", 0)])
def test_characters_are_those_that_a_reader_sees(text, count):
    assert count_characters(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One. Two! Three?", 3),
        ("No end", 1),
        ("Dr. Smith paid 3.50 on Monday, e.g. in cash.", 1),
        ("J. Doe came. He left…", 2),
        ('"Stop!" "Why?"', 2),
        ("今天很好。他来了！", 2),
        ("- one point\n- another.\n\n", 2),
        ("Wait... what?", 1),
        ("He said no. See No. 5 on p. 7 at 5 p.m. Then go.", 3),
        ("...", 0),
        ("1. First.\n2. Second.", 2),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, count):
    assert count_sentences(text) == count


def test_length_passes_within_its_limits_and_says_by_how_much_it_missed():
    entry = {"type": "length", "min": 2, "max": 3}
    assert [score(entry, text).value for text in ("a", "a b", "a b c", "a b c d")] == [0, 1, 1, 0]
    assert score(entry, "a b c d").reason == "it has 4 words and may have at most 3"
    assert (
        score({**entry, "unit": "sentences"}, "One.").reason == "it has 1 sentence and must have at least 2"
    )


def test_a_text_of_a_megabyte_is_counted_within_seconds():
    start = time.thread_time()
    for text in (
        "a. " * 300_000,
        "A. B. " * 150_000,
        "..! " * 250_000,
        "." * 1_000_000 + "x",
        "“" * 1_000_000,
        "一" * 300_000,
    ):
        count_sentences(text), count_words(text), count_characters(text)
    assert time.thread_time() - start < 30


@pytest.mark.parametrize("entry", [{}, {"min": 3, "max": 2}, {"max": -1}, {"max": 3, "unit": "lines"}])
def test_a_length_without_sense_is_refused_before_the_run(entry):
    with pytest.raises(ParamError):
        parse_scorer({"type": "length", **entry})


@given(st.text())
def test_counting_never_fails_and_no_text_has_more_sentences_than_characters(text):
    assert count_words(text) >= 0
    assert 0 <= count_sentences(text) <= len(text)
    assert count_characters(text) <= len(text)


@pytest.mark.parametrize(("kind", "given"), [("latency", "latency_s"), ("cost", "cost_usd")])
def test_latency_and_cost_measure_and_pass_under_a_limit(kind, given):
    assert score(kind, "x", **{given: 0.5}).passed is None
    assert score(kind, "x", **{given: 0.5}).value == 0.5
    for limit in ("max", "threshold"):
        under, over = (score({"type": kind, limit: 0.5}, "x", **{given: value}) for value in (0.5, 0.6))
        assert (under.passed, over.passed, over.value) == (True, False, 0.6)
        assert "over" in over.reason
    assert score({"type": kind, "max": 0.5, "negate": True}, "x", **{given: 0.6}).passed is True


@pytest.mark.parametrize("kind", ["latency", "cost"])
def test_an_unknown_cost_or_time_is_never_zero_nor_passed_and_makes_overall_unknown(kind):
    found = scores([{"type": kind, "max": 1, "weight": 1}, "exact"], case("x"), Completion("x"))
    assert (found[kind].value, found[kind].passed, found[kind].error) == (None, None, None)
    assert "unknown" in found[kind].reason
    assert (found["overall"].value, found["overall"].passed) == (None, None)


def test_a_free_answer_costs_zero_and_the_first_token_has_its_own_time():
    assert score({"type": "cost", "max": 0}, "x", cost_usd=0.0).passed is True
    assert score({"type": "latency", "until": "first_token"}, "x", latency_s=3, ttft_s=0.2).value == 0.2


def test_tokens_are_those_sent_and_answered_and_unknown_where_one_of_both_is():
    usage = Usage(input=70, cache_read=30, output=25, reasoning=5)
    for of, value in (("total", 125), ("input", 100), ("output", 25)):
        assert score({"type": "tokens", "of": of}, "x", usage=usage).value == value
    over = score({"type": "tokens", "max": 100}, "x", usage=usage)
    assert (over.passed, over.reason) == (False, "125 tokens, over 100 tokens")
    assert score({"type": "tokens", "threshold": 125}, "x", usage=usage).passed is True
    assert score({"type": "tokens", "max": 1}, "x", usage=Usage(input=70)).value is None
    assert score({"type": "tokens", "of": "input"}, "x", usage=Usage(input=70)).value == 70
    assert lower_is_better("tokens") and {u for u in get_args(Unit) if lower_is_better(u)} == _LOWER_IS_BETTER


def test_units_tell_which_way_is_better():
    units = scorer_units(parse_scorer(kind) for kind in ("exact", "latency", "cost"))
    assert units == {"exact": "score", "latency": "seconds", "cost": "usd"}
    assert [lower_is_better(unit) for unit in units.values()] == [False, True, True]
