"""Answer in the text's own sentences: the ones that weigh most for what was asked, within the limits."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from workbench.llm.rules.brief import Brief
from workbench.llm.rules.text import sentences, stems, words

_SPEAKER = re.compile(
    r"^[ \t]*(?:[-*•][ \t]*)?(?:\[?\d{1,2}:\d{2}\]?[ \t]*)?([^\W\d_][\w .'’-]{0,30}):[ \t]+"
)
_FACT = re.compile(
    r"\d|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tonight|tomorrow|noon|deadline|autumn|(?:this|next) week"
    r"|january|february|march|april|(?-i:May)|june|july|august|september|october|november|december)\b",
    re.I,
)
_GREETING = re.compile(
    r"(?:good (?:morning|afternoon|evening)|hello|hi|hey|morning|welcome|thanks|thank you|bye|cheers|sure|yes|no"
    r"|ok(?:ay)?|great|perfect|nice|agreed|congratulations|guten (?:morgen|tag)|hallo|danke|prima|bonjour|merci"
    r"|buenos d[ií]as|hola|gracias|have a (?:nice|good) \w+|good luck|back to work)\b[^,;:]{0,30}$",
    re.I,
)
_SMALL_TALK = re.compile(
    r"\b(?:weather|rain|weekend|holidays?|coffee|lunch|breakfast|cake|pizza|biscuits?|joke|funny|kids?|aunt"
    r"|birthday|train|urlaub|keksen?|playa|by the way)\b",
    re.I,
)
_DECISION = re.compile(
    r"\b(?:decided|decision|agreed?|agree that|approved|approval|chose|chosen|so (?:we|the)|then (?:we|it|the)"
    r"|from .{3,30} on|instead of|entschieden|beschlossen|d[ée]cid[ée]|decidido)\b",
    re.I,
)
_ACTION = re.compile(
    r"\b(?:I'll|I will|we will|we'll|will (?:send|call|write|do|be)|takes? over|by (?:monday|tuesday|wednesday|thursday"
    r"|friday|noon|tomorrow|the end|\d)|ich \w+(?:e|le)\b.{1,60}\b(?:bis|künftig)|je \w+.{1,60}avant|yo \w+)\b",
    re.I,
)
_ASKED = frozenset(
    stems("summarise summary sentence word bullet point answer reply write give only most least short text")
)
_WANTS_DECISIONS = re.compile(r"\b(?:decided|decisions?|agreed|outcomes?)\b", re.I)
_MOST_SENTENCES = 2000


class _Piece(NamedTuple):
    """One sentence, and who said it where that is asked for."""

    speaker: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.speaker}: {self.sentence}" if self.speaker else self.sentence


def summarise(brief: Brief, text: str) -> str:
    """Return an extract of the text: as long as was asked for, or long where nothing was said."""
    pieces = _pieces(text, keep_speakers=brief.names)
    if not pieces:
        return "There is no text to work with."
    order = _ranked([str(piece) for piece in pieces], brief)
    chosen = _within([str(piece) for piece in pieces], order, brief)
    picked = [pieces[i] for i in sorted(chosen)]
    if brief.bullets:
        return _framed("\n".join(f"- {p}" for p in picked), brief)
    return _framed(_fit(_running(picked), brief), brief)


def _running(picked: list[_Piece]) -> str:
    """Return running text in which a speaker is named once for sentences in a row."""
    said = []
    for before, piece in zip([_Piece("", ""), *picked], picked, strict=False):
        said.append(piece.sentence if piece.speaker == before.speaker else str(piece))
    return " ".join(said)


def _framed(body: str, brief: Brief) -> str:
    if brief.opening and not body.startswith(brief.opening):
        return f"{brief.opening} {body}"
    if brief.only or brief.opening:
        return body
    lead = (
        "Here is a summary of the text:"
        if brief.summary
        else "A rule-based stand-in can only quote the text:"
    )
    return f"{lead}\n\n{body}"


def _pieces(text: str, *, keep_speakers: bool) -> list[_Piece]:
    pieces: list[_Piece] = []
    for line in text.split("\n"):
        match = _SPEAKER.match(line)
        speaker = match.group(1) if match else ""
        for sentence in sentences(line[match.end() :] if match else line):
            if len(pieces) == _MOST_SENTENCES:
                return pieces
            pieces.append(_Piece(speaker if keep_speakers else "", sentence))
    return pieces


def _ranked(pieces: list[str], brief: Brief) -> list[int]:
    """Rank by common words, by the words of the instructions, by facts; against what is to be left out."""
    bags = [set(stems(piece)) for piece in pieces]
    spread = Counter(word for bag in bags for word in bag)
    asked = set(stems(brief.instructions)) - _ASKED
    avoided = set(stems(brief.avoid))
    scores = []
    wants_decisions, wants_actions = bool(_WANTS_DECISIONS.search(brief.instructions)), brief.names
    no_greetings, no_chat = "greet" in avoided, bool(avoided & {"chat", "talk", "jok"})
    for index, (piece, bag) in enumerate(zip(pieces, bags, strict=True)):
        central = sum(spread[word] - 1 for word in bag) / (len(bag) + 4)
        score = central + 1.5 * len(bag & (asked - avoided)) - 2.0 * len(bag & avoided)
        if brief.facts and _FACT.search(piece):
            score += 1.5
        said = piece.partition(": ")[2] or piece
        score += 1.5 * (wants_decisions and _DECISION.search(said) is not None)
        score += 1.5 * (wants_actions and _ACTION.search(said) is not None)
        score -= 4.0 * (no_greetings and _GREETING.match(said) is not None)
        score -= 2.5 * (no_chat and (len(words(said)) < 3 or _SMALL_TALK.search(said) is not None))
        if piece.endswith("?"):
            score -= 1.0
        scores.append(score + 0.2 / (1 + index) + min(len(bag), 8) * 0.1)
    order = sorted(range(len(pieces)), key=lambda i: (-scores[i], i))
    # What is to be left out does not fill up the room that is left.
    return [i for i in order if not avoided or scores[i] > 0] or order[:1]


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
