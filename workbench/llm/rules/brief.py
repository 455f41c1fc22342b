"""Read what the instructions ask for: labels, fields, limits, form, and what to make of the text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workbench.llm.rules.lists import Item, fields_of_schema, fields_of_value, find_fields, find_labels
from workbench.llm.rules.parts import Example
from workbench.llm.rules.text import NUMBER_WORDS, words

_NUMBERS = NUMBER_WORDS | {
    "single": 1,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
}
_COUNT = rf"(\d{{1,5}}|{'|'.join(_NUMBERS)})"
_LIMIT = re.compile(
    rf"\b((?:at least|fewer than|less than|under|below)[ \t]+)?(?:{_COUNT}[ \t]*(?:-|–|to|or)[ \t]*)?{_COUNT}[ \t-]+"
    r"(?:short |plain |brief |complete )?"
    r"(words?|sentences?|bullet(?:s|[ -]points?)?|points|lines?|characters?|chars)\b",
    re.I,
)
_ONLY = re.compile(
    r"\b(?:answer|reply|respond|return|output|write|give|print)\b[^.\n]{0,30}\b(?:only|just|nothing but|exactly)\b"
    r"|\bonly (?:the|with|a|an|one|valid|json|those|that)\b|\bnothing else\b|\bno (?:other|extra) (?:text|words?)\b"
    r"|\bno (?:preamble|introduction|explanation|commentary)\b"
    r"|\bwithout (?:any )?(?:preamble|introduction|explanation|commentary)\b"
    r"|\bjust the \w+\b|\bone word\b",
    re.I,
)
_GUARD = re.compile(
    r"\b(?:is|are|as) (?:only |just |purely |untrusted )?(?:data|content)\b|\bnot (?:as )?instructions\b"
    r"|\b(?:never|do not|don't|must not) (?:follow|obey|execute|act on)\b"
    r"|\bignore (?:any |all )?(?:instructions|commands|requests|orders) "
    r"(?:in|inside|within|that|which|from|it|found)\b",
    re.I,
)
_FALLBACK = re.compile(
    r"\b(?:if|when)\b[^.\n]{0,80}?"
    r"\b(?:none|nothing|unsure|unclear|not sure|no label|doubt|otherwise|does(?: not|n't) fit|fits?)\b"
    r"([^.\n]{0,120})|\botherwise\b([^.\n]{0,80})|\bdefault(?:s)? to\b([^.\n]{0,60})",
    re.I,
)
_NULL = re.compile(r"\bnull\b", re.I)
_ISO_DATE = re.compile(r"\biso[ -]?(?:8601|date|format)|\byyyy-mm-dd\b", re.I)
_DAY_FIRST = re.compile(r"\bdd[/.-]mm|\bday[ -](?:comes )?first|\bday before (?:the )?month", re.I)
_YEAR = re.compile(r"\b(20\d\d)\b")
_PLAIN_NUMBERS = re.compile(
    r"\b(?:as|plain|json|are|bare) (?:a )?(?:plain |decimal |json )?numbers?\b|\bwithout (?:a |the |any )?currency\b",
    re.I,
)
_CURRENCY_CODE = re.compile(r"\biso[ -]?4217\b|\bthree[- ]letter\b|\b3[- ]letter\b|\bcurrency code\b", re.I)
_LAST_COUNTS = re.compile(
    r"\b(?:last|latest|newest|final|corrected|correction)\b[^.\n]{0,60}\b(?:counts?|wins?|holds?|applies|use|value|one)\b"
    r"|\buse the (?:last|latest|final|corrected)\b",
    re.I,
)
_AVOID = re.compile(
    r"\b(?:leave out|leaving out|omit|skip|exclude|do not (?:include|mention)|don't (?:include|mention)|drop)\b"
    r"([^.\n]{1,160})",
    re.I,
)
_OPENING = re.compile(r"\b(?:start|begin|open)s?\b[^.\"“\n]{0,40}[\"“]([^\"”\n]{1,60})[\"”]", re.I)
_SUMMARY = re.compile(r"\bsummar|\bminutes\b|\brecap\b|\bdigest\b|\btl;?dr\b|\bcondense|\bshorten", re.I)
_BULLETS = re.compile(
    r"\bbullet|\bas a list\b|\blines? (?:starting|that starts?|beginning) with [\"“`']?-", re.I
)
_SHORT = re.compile(r"\b(?:short|brief|briefly|concise|concisely|terse)\b", re.I)
_NAMES = re.compile(r"\b(?:names?|owners?|who|whom|speakers?|responsible|assignees?)\b", re.I)
_FACTS = re.compile(r"\b(?:dates?|deadlines?|numbers?|amounts?|figures?|when|due)\b", re.I)
_LIST_ORDER = re.compile(
    r"\b(?:first|earlier|earliest|higher|highest|topmost)\b[^.\n]{0,50}\b(?:list|wins|applies|matches|fits|above)\b",
    re.I,
)


@dataclass(frozen=True)
class Limits:
    """The most that the answer may have; None where nothing was said."""

    words: int | None = None
    sentences: int | None = None
    bullets: int | None = None
    characters: int | None = None

    @property
    def stated(self) -> bool:
        """Whether any limit was given."""
        return any(v is not None for v in (self.words, self.sentences, self.bullets, self.characters))


@dataclass(frozen=True)
class Brief:
    """What the stand-in understood of the instructions."""

    instructions: str
    examples: tuple[Example, ...]
    labels: tuple[Item, ...] = ()
    fields: tuple[Item, ...] = ()
    wants_json: bool = False
    only: bool = False
    guarded: bool = False
    fallback: str | None = None
    limits: Limits = Limits()
    summary: bool = False
    bullets: bool = False
    short: bool = False
    names: bool = False
    facts: bool = False
    opening: str = ""
    avoid: str = ""
    nulls: bool = False
    iso_dates: bool = False
    day_first: bool = False
    year: int | None = None
    plain_numbers: bool = False
    currency_code: bool = False
    last_counts: bool = False
    list_order: bool = False


@lru_cache(maxsize=128)
def read_brief(instructions: str, examples: tuple[Example, ...], response_format: str) -> Brief:
    """Understand a request. ``response_format`` is the provider-style object as JSON text, or empty."""
    schema = json.loads(response_format) if response_format else {}
    shown = _shown_objects(examples)
    wants_json = bool(schema) or bool(shown) or _asks_json(instructions)
    fields = _fields(instructions, schema, shown) if wants_json else ()
    labels = () if fields else find_labels(instructions) or _shown_labels(examples)
    said = " ".join(f"{f.name} {f.description}" for f in fields) + " " + json.dumps(schema)
    whole = f"{instructions}\n{said}"
    year = _YEAR.search(instructions)
    opening = _OPENING.search(instructions)
    # Answers that were shown teach their form even where no sentence asks for it.
    return Brief(
        instructions=instructions,
        examples=examples,
        labels=labels,
        fields=fields,
        wants_json=wants_json,
        only=bool(_ONLY.search(instructions)) or bool(schema) or bool(examples),
        guarded=bool(_GUARD.search(instructions)),
        fallback=_fallback(instructions, labels),
        limits=_limits(instructions, examples),
        summary=bool(_SUMMARY.search(instructions)),
        bullets=bool(_BULLETS.search(instructions)) or any(e.output.startswith("- ") for e in examples),
        short=bool(_SHORT.search(instructions)),
        names=bool(_NAMES.search(instructions)),
        facts=bool(_FACTS.search(instructions)),
        opening=opening.group(1) if opening else "",
        avoid=" ".join(m.group(1) for m in _AVOID.finditer(instructions)),
        nulls=bool(_NULL.search(whole)) or any(v is None for o in shown for v in o.values()),
        iso_dates=bool(_ISO_DATE.search(whole)) or '"format": "date"' in said,
        day_first=bool(_DAY_FIRST.search(whole)),
        year=int(year.group(1)) if year else None,
        plain_numbers=bool(_PLAIN_NUMBERS.search(whole)),
        currency_code=bool(_CURRENCY_CODE.search(whole)),
        last_counts=bool(_LAST_COUNTS.search(whole)),
        list_order=bool(_LIST_ORDER.search(instructions)),
    )


def _asks_json(instructions: str) -> bool:
    return bool(re.search(r"\bjson\b", instructions, re.I)) and not re.search(
        r"\b(?:no|not|without|never) (?:as )?json\b", instructions, re.I
    )


def _fields(instructions: str, schema: dict[str, Any], shown: Sequence[dict[str, Any]]) -> tuple[Item, ...]:
    listed = find_fields(instructions)
    strict = fields_of_schema(schema) or (fields_of_value(shown[0]) if shown else ())
    if not strict:
        return listed
    said = {item.name: item for item in listed}
    return tuple(
        Item(
            item.name,
            f"{said[item.name].description} {item.description}".strip()
            if item.name in said
            else item.description,
            item.type or (said[item.name].type if item.name in said else ""),
            item.choices or (said[item.name].choices if item.name in said else ()),
            item.parts,
        )
        for item in strict
    )


def _shown_objects(examples: tuple[Example, ...]) -> list[dict[str, Any]]:
    found = []
    for example in examples:
        if example.output.startswith("{"):
            try:
                value = json.loads(example.output)
            except (json.JSONDecodeError, RecursionError):
                continue
            if isinstance(value, dict) and value:
                found.append(value)
    return found


def _shown_labels(examples: tuple[Example, ...]) -> tuple[Item, ...]:
    outputs = list(dict.fromkeys(e.output for e in examples))
    fits = len(outputs) >= 2 and all(len(o.split()) <= 3 and len(o) <= 40 for o in outputs)
    return tuple(Item(o) for o in outputs) if fits else ()


def _fallback(instructions: str, labels: tuple[Item, ...]) -> str | None:
    """Return the label that is to be used where none fits."""
    for match in _FALLBACK.finditer(instructions):
        tail = next((g for g in match.groups() if g), "").lower()
        for label in labels:
            if re.search(rf"(?<!\w){re.escape(label.name.lower())}(?!\w)", tail):
                return label.name
    return next(
        (x.name for x in labels if x.name.lower() in {"other", "unknown", "none", "general", "neutral"}), None
    )


def _limits(instructions: str, examples: tuple[Example, ...]) -> Limits:
    limits: dict[str, int] = {}
    for match in _LIMIT.finditer(instructions):
        before, _, count, unit = match.groups()
        if before and before.lower().startswith("at least"):
            continue
        number = int(count) if count.isdigit() else _NUMBERS[count.lower()]
        unit = unit.lower()
        if unit == "word" and number == 1:
            continue  # "one word" speaks of the form of a label
        kind = {"w": "words", "s": "sentences", "c": "characters"}.get(unit[0], "bullets")
        number = max(1, number - 1) if before else number
        limits[kind] = min(number, limits.get(kind, number))
    if not limits and examples:
        limits["words"] = max(len(words(e.output)) for e in examples)
    return Limits(**limits)
