"""Words, stems, sentences and tokens, all in linear time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator


def word_set(listed: str) -> frozenset[str]:
    """Return the words of a listing as a set."""
    return frozenset(listed.split())


_WORD = re.compile(r"\w+(?:['’]\w+)?")
_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")
_BREAK = re.compile(r"([.!?。！？…])[\"'”’)\]]{0,3}(?:\s+|$)|\n+")
_ABBREVIATIONS = word_set("mr mrs ms dr prof st no nr vs etc e.g i.e approx dept inc ltd ca z.b bzw p.ej")
_STOPWORDS = word_set(
    """a about after all also am an and any are as asks at be because been before being but by can could did do
    does done each for from get gets give had has have he her him his how i if in into is it its just like may me
    more most my no nor not of off on one or other our out over own per she should so some such than that the
    their them then there these they this those through to too under until up us use used very was we were what
    when where which while who whom why will with without would you your something someone anything message text
    customer customers user users writer person people case cases thing things please e.g i.e etc"""
)
#: Small numbers as words.
NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
_SUFFIXES = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s")


def fold(text: str) -> str:
    """Return lower-case text without accents."""
    text = text.lower()
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def stem(word: str) -> str:
    """Cut one folded word to a rough stem of at most eight letters (``cancelled``, ``cancellation`` → ``cancel``)."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiosl":
        word = word[:-1]
    if len(word) > 3 and word[-1] in "ey":
        word = word[:-1]
    return word[:8]


def stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in their order."""
    words = (
        m.group().replace("’", "'").removesuffix("'s") for m in _WORD.finditer(fold(text.replace("_", " ")))
    )
    return [stem(w) for w in words if w not in _STOPWORDS and (len(w) > 1 or w.isdigit())]


def words(text: str) -> list[str]:
    """Return what stands between white space, as a person counts words."""
    return text.split()


def sentences(text: str) -> list[str]:
    """Split into sentences at final punctuation and line ends, minding the usual abbreviations."""
    found: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        if match.group(1) == "." and _is_abbreviation(text, match.start()):
            continue
        piece = text[start : match.end()].strip()
        if piece:
            found.append(piece)
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _is_abbreviation(text: str, dot: int) -> bool:
    start = dot
    while start > 0 and dot - start < 8 and not text[start - 1].isspace():
        start -= 1
    word = text[start:dot].lower().lstrip("(\"'")
    if word.isdigit() and len(word) <= 2 and text[dot + 1 : dot + 2] == " ":
        return text[dot + 2 : dot + 3].isalpha()  # an ordinal, as in "9. Juni"
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and text[start:dot].isupper())


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Yield the stand-in's tokens: pieces of up to six letters or digits, and each other visible character."""
    return _TOKEN.finditer(text)


def count_tokens(text: str) -> int:
    """Return how many tokens the stand-in counts in a text."""
    return sum(1 for _ in tokens(text))
