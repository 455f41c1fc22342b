"""Scorers of how an answer is written: its language, how hard it reads, whether it repeats itself or refuses."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import regex
from pydantic import Field

from workbench.evals.extract import TIMEOUT_S
from workbench.evals.scorers.measures import count_sentences
from workbench.evals.scorers.refusals import refusal_phrase
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import Texts, Value, any_of, normal, references
from workbench.evals.types import ScoringInput

#: Characters of an output that are looked at.
MAX_LANGUAGE = 20_000
MAX_WRITING = 200_000
_LOCK = threading.Lock()
_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’]*")
_TOKEN = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}]]+", regex.V1
)


@scorer("language", needs_expected=True)
@dataclass(frozen=True)
class Language:
    """The output is written in the expected language, or any one of several, as ``py3langid`` tells it.

    Languages are ISO 639-1 codes such as ``de``. A few words are often too little to tell: ``min_confidence`` makes
    an uncertain guess fail. An output without letters fails.
    """

    value: Value = None
    min_confidence: Annotated[
        float, Field(ge=0, le=1, description="How probable the language must be to pass, from 0 to 1")
    ] = 0.0

    def score(self, cell: ScoringInput) -> Outcome:
        """Classify the text and compare the codes."""
        wanted = tuple(code.strip().lower() for code in references(self.value, cell))
        known = _languages()
        for code in wanted:
            if code not in known:
                raise ScoringError(
                    f'"{code[:20]}" is not a language that can be told; write a code such as de'
                )
        text = cell.output[:MAX_LANGUAGE].encode("utf-8", "replace").decode()
        if not _LETTER.search(text):
            return Outcome(0.0, False, "it has no letters")
        found, confidence = _identifier().classify(text)
        said = f"it is {found} ({confidence:.0%} sure)"
        if found not in wanted:
            return Outcome(0.0, False, f"{said}, not {any_of(wanted)}")
        sure = confidence >= self.min_confidence
        return Outcome(float(sure), sure, said)


def words_of(text: str) -> list[str]:
    """Return the words of a text; in scripts without spaces each character is one."""
    return _TOKEN.findall(text, timeout=TIMEOUT_S)


def _identifier() -> Any:
    with _LOCK:
        return _load_identifier()


@lru_cache(maxsize=1)
def _load_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(_identifier().labels)


@scorer("readability", unit="count", limit="max")
@dataclass(frozen=True)
class Readability:
    """How easy the output is to read: Flesch's reading ease, or the Flesch–Kincaid school grade.

    The ease is 206.835 − 1.015 · words/sentences − 84.6 · syllables/words: 60 to 70 is plain English, and more is
    easier (Flesch 1948). The grade is 0.39 · words/sentences + 11.8 · syllables/words − 15.59 (Kincaid et al. 1975).
    Both were made for English; for ``de`` the ease is Amstad's (1978), 180 − words/sentences − 58.5 ·
    syllables/words. Syllables are counted where ``pyphen`` would hyphenate, at least one a word. A ``threshold``
    is the least that passes, ``max`` the most; without, it only measures. An output without words is an error.
    """

    formula: Annotated[
        Literal["ease", "grade"], Field(description="Flesch's reading ease, or the Flesch–Kincaid grade")
    ] = "ease"
    language: Annotated[Literal["en", "de"], Field(description="The language of the output")] = "en"
    max: Annotated[float | None, Field(description="The most that passes")] = None

    def __post_init__(self) -> None:
        if self.formula == "grade" and self.language != "en":
            raise ValueError("the grade is made for English; use the formula ease")

    def score(self, cell: ScoringInput) -> Outcome:
        """Count words, sentences and syllables."""
        text = cell.output
        if len(text) > MAX_WRITING:
            raise ScoringError(f"the text has over {MAX_WRITING} characters")
        words = _WORD.findall(text, timeout=TIMEOUT_S)
        if not words:
            raise ScoringError("the text has no words")
        value = self._value(len(words), max(1, count_sentences(text)), self._syllables(words))
        over = self.max is not None and value > self.max
        named = f"its {'grade' if self.formula == 'grade' else 'reading ease'} is {value:.1f}"
        passed = None if self.max is None else not over
        return Outcome(value, passed, f"{named}, over {self.max:g}" if over else named)

    def _value(self, words: int, sentences: int, syllables: int) -> float:
        length, weight = words / sentences, syllables / words
        if self.formula == "grade":
            return 0.39 * length + 11.8 * weight - 15.59
        if self.language == "de":
            return 180 - length - 58.5 * weight
        return 206.835 - 1.015 * length - 84.6 * weight

    def _syllables(self, words: list[str]) -> int:
        hyphens = _hyphens(self.language)
        return sum(
            count * (len(hyphens.positions(word[:60])) + 1)
            for word, count in Counter(map(str.lower, words)).items()
        )


@lru_cache(maxsize=4)
def _hyphens(language: str) -> Any:
    import pyphen

    # Hyphenation leaves no letter alone at the beginning; a syllable may be one letter.
    return pyphen.Pyphen(lang={"en": "en_US", "de": "de_DE"}[language], left=1, cache=False)


@scorer("repetition")
@dataclass(frozen=True)
class Repetition:
    """The output does not repeat itself: the value is the share of its ``n`` words in a row that are distinct.

    That is distinct-n (Li et al. 2016): 1 where no ``n`` words stand in it twice, near 0 for an answer that goes
    round in circles. It passes or fails with ``max``, the largest share of repeats, or with a ``threshold``. Case
    and punctuation do not count; each Chinese or Japanese character is a word.
    """

    n: Annotated[int, Field(ge=1, le=20, description="How many words in a row are compared")] = 3
    max: Annotated[
        float | None, Field(ge=0, le=1, description="The largest share of repeats that passes")
    ] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Count distinct runs of words."""
        text = normal(cell.output[:MAX_WRITING], ignore_case=True)
        words = _TOKEN.findall(text, timeout=TIMEOUT_S)
        runs = list(zip(*(words[start:] for start in range(self.n)), strict=False))
        if not runs:
            return Outcome(1.0, None if self.max is None else True, "it is too short to repeat itself")
        repeated = (len(runs) - len(set(runs))) / len(runs)
        passed = None if self.max is None else repeated <= self.max
        return Outcome(
            len(set(runs)) / len(runs), passed, f"{repeated:.0%} of its {self.n} words in a row are repeats"
        )


@scorer("refusal")
@dataclass(frozen=True)
class Refusal:
    """The output refuses to answer; with ``negate: true``, it does not.

    Known are usual phrases of refusing in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
    Russian, Chinese, Japanese and Korean, looked for in the first 400 characters. An empty output counts as a
    refusal, and so does one that the provider ended as a refusal or by its content filter. It is a rule, not a
    judgement: quoted phrases count, and unusual refusals are missed.
    """

    phrases: Annotated[Texts | None, Field(description="Further phrases that count as refusing")] = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Look for a phrase near the beginning."""
        if cell.completion.finish_reason in ("content_filter", "refusal"):
            return Outcome(1.0, True, f"it was ended with {cell.completion.finish_reason}")
        if not cell.output.strip():
            return Outcome(1.0, True, "it is empty")
        own = [self.phrases] if isinstance(self.phrases, str) else self.phrases or []
        found = refusal_phrase(cell.output, own)
        if found is None:
            return Outcome(0.0, False, "it does not refuse")
        return Outcome(1.0, True, f'it says "{found[:60]}"')
