"""Fill the fields of a JSON answer from the text, by each field's name, type and description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from workbench.llm.rules import values
from workbench.llm.rules.brief import Brief
from workbench.llm.rules.labels import choose_label
from workbench.llm.rules.lists import Item
from workbench.llm.rules.text import fold, sentences, stems, word_set
from workbench.llm.rules.values import Found

#: What a field is about, by the words of its name; the first row that fits counts.
_KINDS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(words.split()))
    for kind, words in (
        ("email", "email mail e-mail"),
        ("phone", "phone telephone mobile tel"),
        ("url", "url link website site"),
        ("date", "date deadline day due deliver_by birthday"),
        ("currency", "currency"),
        ("quantity", "quantity qty count quantities units pieces"),
        ("reference", "id number no code reference ref sku invoice tracking ticket"),
        ("money", "amount total price cost sum paid fee budget value refund"),
        ("name", "name customer person sender contact recipient owner assignee buyer client"),
        ("product", "product item article goods products"),
    )
)
_TRUTHY = re.compile(r"^(?:is|has|needs|wants|can|was)_")
_NEGATED = word_set("no not without never don't doesn't isn't nicht kein keine pas sans sin")
_CORRECTED = re.compile(r"\b(?:sorry|meant|correction|actually|wait|wrong one|make (?:that|it))\b", re.I)
_SHAPE = re.compile(
    r"\b(?:such as|like|e\.g\.|for example|format|form|example|looks like)[ \t:]+[\"'`“]?(#?[\w/-]*\d[\w/-]*)",
    re.I,
)


def fill_fields(brief: Brief, text: str) -> str:
    """Return the JSON answer as text: bare where only JSON was asked for, else in a fenced block with a sentence."""
    content = {field.name: _fill(field, brief, text, ()) for field in brief.fields or _own_fields(text)}
    body = json.dumps(content, ensure_ascii=False)
    if brief.only:
        return body
    pretty = json.dumps(content, ensure_ascii=False, indent=2)
    return f"Here is the JSON you asked for:\n\n```json\n{pretty}\n```"


def _own_fields(text: str) -> tuple[Item, ...]:
    """Without named fields the stand-in names them itself, after what it finds."""
    own = []
    if values.EMAIL.search(text):
        own.append(Item("email"))
    if values.MONEY.search(text):
        own.append(Item("amount"))
    return (*own, Item("text"))


def _fill(field: Item, brief: Brief, text: str, outer: tuple[str, ...]) -> Any:
    if field.type == "array" and field.parts:
        return _rows(field, brief, text)
    if field.parts:
        return {part.name: _fill(part, brief, text, (*outer, field.name)) for part in field.parts}
    if field.choices:
        return _choose(field, brief, text)
    kind = kind_of(field)
    if field.type == "boolean" or (_TRUTHY.match(field.name) and not field.type):
        return _holds(field, text)
    finder = _FINDERS.get(kind)
    found = finder(field, brief, text) if finder else []
    if field.type == "array":
        return list(dict.fromkeys(_typed(f, kind, field, brief) for f in found))
    if found:
        best = _nearest(found, field, brief, text, kind)
        return _typed(best, kind, field, brief)
    if finder or not text.strip():
        return None if brief.nulls else ""
    return _sentence(field, text)


def kind_of(field: Item) -> str:
    """Return what kind of value a field wants, by its name, then by its description."""
    for source in (field.name, field.description):
        name_words = re.split(r"[^a-z-]+", fold(re.sub(r"([a-z])([A-Z])", r"\1_\2", source)))
        for word in reversed(name_words):
            for kind, known in _KINDS:
                if word in known or (word.endswith("s") and word[:-1] in known):
                    return kind
    return "text"


def _typed(found: Found, kind: str, field: Item, brief: Brief) -> Any:
    numeric = field.type in ("number", "integer")
    if kind == "money":
        return found.value if numeric or (brief.plain_numbers and field.type != "string") else found.raw
    if kind == "currency":
        code = brief.currency_code or re.search(r"\b[A-Z]{3}\b", field.description)
        return found.extra if code else re.sub(r"[\d., ]", "", found.raw)
    if kind == "product":
        return found.extra
    return found.value


def _nearest(found: list[Found], field: Item, brief: Brief, text: str, kind: str) -> Found:
    """Choose by the field's own words just before or after the value, or the one after a correction."""
    wanted = set(stems(f"{field.name} {field.name} {field.description}"))
    scored = []
    for candidate in found:
        before = set(stems(text[max(0, candidate.start - 45) : candidate.start]))
        after = set(stems(text[candidate.end : candidate.end + 20]))
        scored.append(2 * len(wanted & before) + len(wanted & after))
    best = max(scored)
    if best == 0 and kind == "money" and isinstance(found[0].value, int | float):
        return max(found, key=lambda f: float(f.value)) if "total" in fold(field.name) else found[0]
    corrected = _CORRECTED.search(text) if brief.last_counts else None
    if corrected and found[-1].start > corrected.start():
        return found[-1]
    return found[scored.index(best)]


def _rows(field: Item, brief: Brief, text: str) -> list[dict[str, Any]]:
    """Fill a list of objects: one for each counted thing in the text."""
    rows = []
    for found in values.find_counted(text, _taken(text, brief)):
        row: dict[str, Any] = {}
        for part in field.parts:
            kind = kind_of(part)
            if kind == "quantity":
                row[part.name] = found.value
            elif kind in ("product", "name"):
                row[part.name] = found.extra
            else:
                row[part.name] = _fill(part, brief, text[found.start : found.end + 40], ())
        rows.append(row)
    return rows


def _choose(field: Item, brief: Brief, text: str) -> str | None:
    """Classify among a field's own choices, with what its description says of each."""
    labels = tuple(
        Item(choice, _said_of(choice, field.description)) for choice in field.choices if choice != "null"
    )
    if not labels:
        return None
    return choose_label(replace(brief, labels=labels, examples=(), fallback=_default(field, labels)), text)


def _said_of(choice: str, description: str) -> str:
    match = re.search(
        rf"{re.escape(choice)}[\"'`]?[ \t]*(?:\(([^)]{{1,200}})\)|(?:when|if|for|means|=|:)[ \t]+([^;.,\n]{{1,200}}))",
        description,
    )
    return next((g for g in match.groups() if g), "") if match else ""


def _default(field: Item, labels: tuple[Item, ...]) -> str | None:
    match = re.search(
        r"\b(?:otherwise|default|else|usually)\b[^.\n]{0,20}?[\"'`]?([\w-]+)[\"'`]?(?:[.\n,;]|$)",
        field.description,
        re.I,
    )
    named = match.group(1).lower() if match else ""
    return next((x.name for x in labels if x.name.lower() == named), None)


def _holds(field: Item, text: str) -> bool:
    """Whether the text speaks of what the field names, and does not deny it just before."""
    wanted = set(stems(f"{_TRUTHY.sub('', field.name)} {field.description}"))
    wanted -= {"true", "false", "yes", "whether", "boolean"}
    recent: list[str] = []
    for word in re.findall(r"[\w'’]+", fold(text)):
        if wanted.intersection(stems(word)):
            return not _NEGATED.intersection(recent)
        recent = [*recent[-2:], word.replace("’", "'")]
    return False


def _sentence(field: Item, text: str) -> str:
    wanted = set(stems(f"{field.name} {field.description}"))
    parts = sentences(text)[:200]
    return max(parts, key=lambda s: len(wanted.intersection(stems(s)))) if parts else ""


@lru_cache(maxsize=256)
def _shape(description: str) -> re.Pattern[str] | None:
    """Turn an example in a description (``such as A-1234``) into the shape of such tokens."""
    match = _SHAPE.search(description)
    if not match:
        return None
    runs = re.findall(r"\d+|[A-Za-z]+|[^\dA-Za-z]", match.group(1).rstrip("-/"))
    parts = [
        rf"\d{{{len(r)}}}" if r.isdigit() else rf"[A-Za-z]{{{len(r)}}}" if r.isalpha() else re.escape(r)
        for r in runs
    ]
    return re.compile("".join(parts))


@lru_cache(maxsize=2)
def _taken(text: str, brief: Brief) -> list[tuple[int, int]]:
    """Return where the values stand that are no reference and no count; several fields ask in a row."""
    found = [m.span() for pattern in (values.EMAIL, values.URL, values.MONEY) for m in pattern.finditer(text)]
    dates = values.find_dates(text, iso=True, day_first=brief.day_first, year=brief.year)
    phones = [m.span() for m in values.PHONE.finditer(text) if m.group().startswith("+") or " " in m.group()]
    return found + [(d.start, d.end) for d in dates] + phones


def _plain(pattern: re.Pattern[str]) -> Callable[[Item, Brief, str], list[Found]]:
    return lambda field, brief, text: [
        Found(m.group(), m.group().rstrip(".,;"), m.start(), m.end()) for m in pattern.finditer(text)
    ]


def _dates(field: Item, brief: Brief, text: str) -> list[Found]:
    return values.find_dates(text, iso=brief.iso_dates, day_first=brief.day_first, year=brief.year)


def _references(field: Item, brief: Brief, text: str) -> list[Found]:
    return values.find_references(text, _shape(field.description), _taken(text, brief))


_FINDERS: dict[str, Callable[[Item, Brief, str], list[Found]]] = {
    "email": _plain(values.EMAIL),
    "phone": _plain(values.PHONE),
    "url": _plain(values.URL),
    "date": _dates,
    "currency": lambda field, brief, text: values.find_money(text),
    "money": lambda field, brief, text: values.find_money(text),
    "quantity": lambda field, brief, text: values.find_counted(text, _taken(text, brief)),
    "reference": _references,
    "name": lambda field, brief, text: values.find_names(text),
    "product": lambda field, brief, text: values.find_counted(text, _taken(text, brief)),
}
