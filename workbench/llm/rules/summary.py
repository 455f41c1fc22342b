"""Answer in the text's own sentences: the ones that weigh most for what was asked, within the limits."""

from __future__ import annotations

import re
from collections import Counter

from workbench.llm.rules.brief import Brief
from workbench.llm.rules.text import sentences, stems, words

_SPEAKER = re.compile(
    r"^[ \t]*(?:[-*•][ \t]*)?(?:\[?\d{1,2}:\d{2}\]?[ \t]*)?([^\W\d_][\w .'’-]{0,30}):[ \t]+"
)
_FACT = re.compile(
    r"\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|noon|deadline)\b", re.I
)
_ASKED = frozenset(
    stems("summarise summary sentence word bullet point answer reply write give only most least short text")
)
_MOST_SENTENCES = 2000


def summarise(brief: Brief, text: str) -> str:
    """Return an extract of the text: as long as was asked for, or long where nothing was said."""
    pieces = _pieces(text, keep_speakers=brief.names)
    if not pieces:
        return "There is no text to work with."
    order = _ranked(pieces, brief)
    chosen = _within(pieces, order, brief)
    picked = [pieces[i] for i in sorted(chosen)]
    if brief.bullets:
        return _framed("\n".join(f"- {p}" for p in picked), brief)
    return _framed(_fit(" ".join(picked), brief), brief)


def _framed(body: str, brief: Brief) -> str:
    if brief.opening and not body.startswith(brief.opening):
        return f"{brief.opening} {body}"
    if brief.only or brief.opening:
        return body
    lead = "Here is a summary of the text:" if brief.summary else "This is what the text says:"
    return f"{lead}\n\n{body}"


def _pieces(text: str, *, keep_speakers: bool) -> list[str]:
    pieces: list[str] = []
    for line in text.split("\n"):
        match = _SPEAKER.match(line)
        speaker = match.group(1) if match else ""
        for sentence in sentences(line[match.end() :] if match else line):
            if len(pieces) == _MOST_SENTENCES:
                return pieces
            pieces.append(f"{speaker}: {sentence}" if speaker and keep_speakers else sentence)
    return pieces


def _ranked(pieces: list[str], brief: Brief) -> list[int]:
    """Rank by common words, by the words of the instructions, by facts; against what is to be left out."""
    bags = [set(stems(piece)) for piece in pieces]
    spread = Counter(word for bag in bags for word in bag)
    asked = set(stems(brief.instructions)) - _ASKED
    avoided = set(stems(brief.avoid))
    scores = []
    for index, (piece, bag) in enumerate(zip(pieces, bags, strict=True)):
        central = sum(spread[word] - 1 for word in bag) / (len(bag) + 4)
        score = central + 1.5 * len(bag & (asked - avoided)) - 2.0 * len(bag & avoided)
        if brief.facts and _FACT.search(piece):
            score += 1.5
        if piece.endswith("?"):
            score -= 1.0
        scores.append(score + 0.2 / (1 + index) + min(len(bag), 8) * 0.1)
    return sorted(range(len(pieces)), key=lambda i: (-scores[i], i))


def _within(pieces: list[str], order: list[int], brief: Brief) -> list[int]:
    limits = brief.limits
    most = min((n for n in (limits.sentences, limits.bullets) if n), default=None)
    if most is None:
        if limits.words or limits.characters:
            most = len(pieces)
        elif brief.short:
            most = 3
        elif brief.summary:
            most = max(4, len(pieces) * 3 // 5)
        else:
            most = 2
    chosen: list[int] = []
    spent_words = len(words(brief.opening))
    spent_chars = len(brief.opening) + 1
    for index in order[: max(most * 4, 40)]:
        more_words, more_chars = len(words(pieces[index])), len(pieces[index]) + 1
        too_long = (limits.words and spent_words + more_words > limits.words) or (
            limits.characters and spent_chars + more_chars > limits.characters
        )
        if len(chosen) == most:
            break
        if not too_long:
            chosen.append(index)
            spent_words += more_words
            spent_chars += more_chars
    return chosen or order[:1]


def _fit(body: str, brief: Brief) -> str:
    """Cut a single sentence that is longer than the whole allowance."""
    limits = brief.limits
    if limits.words:
        room = max(1, limits.words - len(words(brief.opening)))
        if len(words(body)) > room:
            body = " ".join(words(body)[:room]).rstrip(",;:") + "…"
    if limits.characters:
        body = body[: max(1, limits.characters - len(brief.opening) - 1)]
    return body
