"""Scorers that measure: how long an answer is, how long it took, what it cost, how many tokens."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Literal

import regex
from pydantic import Field

from workbench.evals.scorers.registry import Outcome, scorer
from workbench.evals.types import ScoringInput

_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_GRAPHEME = regex.compile(r"\X")
_ABBREVIATION = regex.compile(
    r"mrs?|ms|dra?|sra?|prof|st|vs|e\.g|i\.e|approx|z\.b|d\.h|bzw|ca", regex.IGNORECASE
)
_BEFORE_NUMBER = regex.compile(r"no|nr|fig|vol|pp?", regex.IGNORECASE)
#: The end of a sentence: its marks, what closes around them, and then a space or the end of the text. It never
#: begins within a row of marks nor gives one back, so that its time grows with the text and not faster.
_SENTENCE_END = regex.compile(
    r"(?<![.!?…])(?P<marks>[.!?…]++)[\"'”’»)\]*_]*+(?=\s|$)|[。！？｡]++[」』”’）]*+"
)
_MARKUP = regex.compile(r"^\s*(?:[-*•#>]+|\d{1,3}[.)])\s+")


@scorer("length")
@dataclass(frozen=True)
class Length:
    """The output has at least ``min`` and at most ``max`` words, characters or sentences.

    A word is what stands between spaces and holds a letter or digit; in Chinese and Japanese each character
    counts as one. Characters are those that a reader sees, without white space at both ends. A sentence ends with
    ``.``, ``!``, ``?``, ``…`` or their Chinese and Japanese forms, but ``.`` and ``…`` do not end it after a usual
    abbreviation or an initial, or before a small letter; a line of its own, such as a heading or a bullet, is a
    sentence too.
    """

    unit: Annotated[Literal["words", "characters", "sentences"], Field(description="What is counted")] = (
        "words"
    )
    min: Annotated[int | None, Field(ge=0, description="The fewest that pass")] = None
    max: Annotated[int | None, Field(ge=0, description="The most that pass")] = None

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("length needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"no length is both at least {self.min} and at most {self.max}")

    def score(self, cell: ScoringInput) -> Outcome:
        """Count, and compare with both limits."""
        count = _COUNTERS[self.unit](cell.output)
        one = self.unit.removesuffix("s")
        counted = f"it has {count} {one if count == 1 else self.unit}"
        if self.max is not None and count > self.max:
            return Outcome(0.0, False, f"{counted} and may have at most {self.max}")
        if self.min is not None and count < self.min:
            return Outcome(0.0, False, f"{counted} and must have at least {self.min}")
        return Outcome(1.0, True, counted)


@scorer("word_count")
@dataclass(frozen=True)
class WordCount:
    """The output has ``exact`` words, or at least ``min`` and at most ``max``.

    Words are counted as in ``length``; with ``by: spaces`` whatever stands between spaces is a word, punctuation and
    all.
    """

    exact: Annotated[int | None, Field(ge=0, description="The only number that passes")] = None
    min: Annotated[int | None, Field(ge=0, description="The fewest that pass")] = None
    max: Annotated[int | None, Field(ge=0, description="The most that pass")] = None
    by: Annotated[
        Literal["words", "spaces"], Field(description="Count words as length does, or what spaces divide")
    ] = "words"

    def __post_init__(self) -> None:
        if (self.exact is None) == (self.min is None and self.max is None):
            raise ValueError("word_count needs either exact, or min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"no text has both at least {self.min} and at most {self.max} words")

    def score(self, cell: ScoringInput) -> Outcome:
        """Count, and compare."""
        count = count_words(cell.output) if self.by == "words" else len(cell.output.split())
        counted = f"it has {count} word{'' if count == 1 else 's'}"
        if self.exact is not None and count != self.exact:
            return Outcome(0.0, False, f"{counted} and must have {self.exact}")
        if self.max is not None and count > self.max:
            return Outcome(0.0, False, f"{counted} and may have at most {self.max}")
        if self.min is not None and count < self.min:
            return Outcome(0.0, False, f"{counted} and must have at least {self.min}")
        return Outcome(1.0, True, counted)


def count_words(text: str) -> int:
    """Return the number of words; each Chinese or Japanese character is one."""
    spaced = text if text.isascii() else _SPACELESS.sub(" x ", text)
    return sum(any(map(str.isalnum, token)) for token in spaced.split())


def count_characters(text: str) -> int:
    """Return the number of characters that a reader sees (grapheme clusters)."""
    text = text.strip()
    return len(text) if text.isascii() else sum(1 for _ in _GRAPHEME.finditer(text))


def count_sentences(text: str) -> int:
    """Return the number of sentences, by the rules in `Length`."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return sum(_sentences_of(_MARKUP.sub("", line, count=1).strip()) for line in lines)


def _sentences_of(line: str) -> int:
    count, start = 0, 0
    for end in _SENTENCE_END.finditer(line):
        before = line[max(start, end.start() - 20) : end.start()]
        if _goes_on(before, end["marks"], line[end.end() : end.end() + 2].strip()):
            continue
        count += any(map(str.isalnum, line[start : end.start()]))
        start = end.end()
    return count + any(map(str.isalnum, line[start:]))


def _goes_on(before: str, marks: str | None, after: str) -> bool:
    """Whether these marks end an abbreviation, or a pause after which the sentence goes on in small letters."""
    if marks is None or set(marks) & set("!?") or not after:
        return False
    word = (before.split() or [""])[-1].lstrip("([\"'“‘")
    initial = len(word) == 1 and word.isupper() and word != "I"
    numbered = after[:1].isdigit() and _BEFORE_NUMBER.fullmatch(word)
    return after[:1].islower() or initial or bool(numbered or _ABBREVIATION.fullmatch(word))


_COUNTERS = {"words": count_words, "characters": count_characters, "sentences": count_sentences}


def _measured(value: float | None, limit: float | None, what: str, shown: str) -> Outcome:
    if value is None:
        return Outcome(None, None, f"the {what} is unknown")
    if limit is None:
        return Outcome(value)
    over = value > limit
    return Outcome(value, not over, f"{shown.format(value)}, over {shown.format(limit)}" if over else "")


@scorer("latency", unit="seconds", limit="max")
@dataclass(frozen=True)
class Latency:
    """How many seconds the answer took; less is better.

    With ``max`` (or ``threshold``) it passes or fails and can carry a weight; without, it only measures. An unknown
    time stays unknown and neither passes nor fails. An answer from the cache counts the seconds of the first time.
    """

    until: Annotated[
        Literal["end", "first_token"],
        Field(description="Measure up to the end of the answer, or up to its first token"),
    ] = "end"
    max: Annotated[float | None, Field(ge=0, description="The most seconds that pass")] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Read it from the completion."""
        first = self.until == "first_token"
        value = cell.completion.ttft_s if first else cell.completion.latency_s
        return _measured(value, self.max, "time to the first token" if first else "latency", "{:.3g} s")


@scorer("tokens", unit="tokens", limit="max")
@dataclass(frozen=True)
class Tokens:
    """How many tokens the call took: those sent, those answered, or both; less is better.

    They are the provider's own count; what a provider counts apart as reasoning is among those answered, and what it
    had in a cache among those sent. With ``max`` (or ``threshold``) it passes or fails and can carry a weight;
    without, it only measures. An unknown count stays unknown and neither passes nor fails.
    """

    of: Annotated[
        Literal["total", "input", "output"],
        Field(description="Count what was sent, what was answered, or both"),
    ] = "total"
    max: Annotated[int | None, Field(ge=0, description="The most tokens that pass")] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Read them from the completion."""
        usage = cell.completion.usage
        found = {"input": (usage.total_input,), "output": (usage.output,)}.get(
            self.of, (usage.total_input, usage.output)
        )
        value = None if None in found else float(sum(n for n in found if n is not None))
        return _measured(value, self.max, "number of tokens", "{:,.0f} tokens")


@scorer("cost", unit="usd", limit="max")
@dataclass(frozen=True)
class Cost:
    """What the answer cost in US dollars; less is better.

    With ``max`` (or ``threshold``) it passes or fails and can carry a weight; without, it only measures. An unknown
    cost (no price is known for the model) stays unknown: it is never counted as 0 and neither passes nor fails. An
    answer from the cache counts what it cost the first time.
    """

    max: Annotated[float | None, Field(ge=0, description="The most dollars an answer may cost to pass")] = (
        None
    )

    def score(self, cell: ScoringInput) -> Outcome:
        """Read it from the completion."""
        return _measured(cell.completion.cost_usd, self.max, "cost", "${:.4g}")
