"""Find typed values in a text: addresses, numbers, money, dates, references, names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from workbench.llm.rules.text import NUMBER_WORDS, fold, word_set

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio", "feb february februar fevrier febrero febbraio",
            "mar march marz maerz mars marzo", "apr april avril abril aprile", "may mai mayo maggio",
            "jun june juni juin junio giugno", "jul july juli juillet julio luglio",
            "aug august aout agosto", "sep sept september septembre septiembre settembre",
            "oct october oktober octobre octubre ottobre okt", "nov november novembre noviembre",
            "dec december dezember decembre diciembre dicembre dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
# Longest first, and with the accents that people write.
_MONTH = (
    "(?:" + "|".join(sorted([*_MONTHS, "märz", "février", "août", "décembre"], key=len, reverse=True)) + ")"
)
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<a>\d{{1,2}})(?P<sep>[./-])(?P<b>\d{{1,2}})(?P=sep)(?P<y1>\d{{4}}|\d{{2}})\b"
    rf"|\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of| de)? (?P<m1>{_MONTH})\.?(?:,?(?: de)? (?P<y2>\d{{4}}))?\b"
    rf"|\b(?P<m2>{_MONTH})\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y3>\d{{4}})\b)?",
    re.I,
)
_RELATIVE = re.compile(
    r"\b(?:today|tomorrow|(?:next |this )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|month))\b",
    re.I,
)
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
URL = re.compile(r"\bhttps?://[^\s<>\"')]{1,500}")
PHONE = re.compile(r"(?<![\w-])\+?\d[\d ()/.-]{6,18}\d(?![\w-])")
_NUMBER = r"\d{1,3}(?:[,.' ]\d{3}){1,4}(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_CURRENCIES = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "dollar": "USD",
    "euro": "EUR",
    "pound": "GBP",
    "franc": "CHF",
}
_SIGN = r"US\$|[$€£¥]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK)\b"
MONEY = re.compile(
    rf"(?P<before>{_SIGN})[ \t]?(?P<n1>{_NUMBER})(?!\d)"
    rf"|\b(?P<n2>{_NUMBER})[ \t]?(?P<after>{_SIGN}|(?:dollars?|euros?|pounds?|francs?)\b)",
    re.I,
)
REFERENCE = re.compile(r"#?[A-Za-z0-9]+(?:[-/_][A-Za-z0-9]+)*")
_WORD_COUNTS = NUMBER_WORDS | {"a dozen": 12, "dozen": 12, "a": 1, "an": 1, "a pair of": 2}
_UNIT = r"(?:pcs|pieces?|units?|packs?(?: of)?|boxes(?: of)?|box(?: of)?|pairs?(?: of)?|sets?(?: of)?|copies(?: of)?)"
_COUNTED = re.compile(
    rf"(?<![\w.,$€£#/-])(?P<n>\d{{1,5}}|{'|'.join(sorted(_WORD_COUNTS, key=len, reverse=True))})"
    rf"(?:[ \t]?[x×]|[ \t]*{_UNIT})?[ \t]+(?:of[ \t]+)?(?:the[ \t]+|your[ \t]+)?"
    r"(?=(?P<what>[^\W\d_][\w'’&-]*(?:[ \t]+[\w'’&-]+){0,5}))",
    re.I,
)
_ORDERED = re.compile(r"\b(?:order(?:ed)?|need|want|buy|bought|like|send|get|add|and|plus|,)[ \t]+$", re.I)
_NOUN_END = word_set(
    """for to at in on by with from and or but please that which is are was were be will would can could should i we
    you he she they it each per as if so because when until before after than then again more this these those have
    has had do does did under over instead via into und oder et pour y para con fur zum"""
)
_NOT_THINGS = word_set(
    """day days week weeks month months year years hour hours minute minutes percent usd eur gbp dollar dollars
    euro euros pound pounds time times am pm people of few lot bit question problem order"""
)
_NAME = r"[^\W\d_][\w'’.-]*(?:[ \t]+[^\W\d_][\w'’.-]*){0,3}"
_NAMED = re.compile(
    r"\b(?:my name is|name is|name:|this is|i am|i'm|customer:|from:|contact:|je m'appelle|mein name ist"
    rf"|me llamo|ich bin)[ \t]{{1,8}}({_NAME})",
    re.I,
)
_SIGNED = re.compile(
    r"\b(?:regards|thanks|thank you|cheers|best|sincerely|gr[uü](?:ß|ss)en?|merci|cordialement|saludos|gracias)"
    rf"[,.!]?[ \t]{{0,8}}\n{{1,4}}[ \t]{{0,8}}[-–—]?[ \t]{{0,8}}({_NAME})",
    re.I,
)
_TWO_NAMES = re.compile(r"\b([A-ZÀ-Þ][\w'’-]{1,30}(?:[ \t][A-Z]\.)?[ \t][A-ZÀ-Þ][\w'’-]{1,30})\b")


@dataclass(frozen=True)
class Found:
    """A value as written, what it means, and where it stands."""

    raw: str
    value: str | int | float
    start: int
    end: int
    extra: str = ""


def find_dates(text: str, *, iso: bool, day_first: bool, year: int | None) -> list[Found]:
    """Return the dates; in ISO form if asked, else as written. A missing year is ``year``, if known."""
    found = []
    for match in _DATE.finditer(text):
        day = _date_of(match, day_first=day_first, year=year)
        if day is not None:
            raw = match.group().rstrip(".,")
            found.append(Found(raw, day if iso and day else raw, match.start(), match.end()))
    if not iso:
        found += [Found(m.group(), m.group(), m.start(), m.end()) for m in _RELATIVE.finditer(text)]
    return sorted(found, key=lambda f: f.start)


def _date_of(match: re.Match[str], *, day_first: bool, year: int | None) -> str | None:
    """Return the ISO date, an empty string for a date without a year, or None for no date at all."""
    part = match.groupdict()
    if part["iso"]:
        numbers = [int(n) for n in part["iso"].split("-")]
        return _iso(*numbers)
    if part["a"]:
        first, second, written = int(part["a"]), int(part["b"]), int(part["y1"])
        swap = part["sep"] == "." or day_first or first > 12
        day, month = (first, second) if swap and second <= 12 else (second, first)
        return _iso(written if written > 99 else 2000 + written, month, day)
    month = _MONTHS[fold(part["m1"] or part["m2"])]
    written = int(part["y2"] or part["y3"] or year or 0)
    day = int(part["d1"] or part["d2"])
    return _iso(written, month, day) if written else ("" if 1 <= day <= 31 else None)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def find_money(text: str) -> list[Found]:
    """Return amounts of money: the number as value, the ISO 4217 code as extra."""
    found = []
    for match in MONEY.finditer(text):
        sign = match.group("before") or match.group("after")
        code = _CURRENCIES.get(sign[-1]) or _CURRENCIES.get(sign.lower().rstrip("s")) or sign.upper()
        number = to_number(match.group("n1") or match.group("n2"))
        found.append(Found(match.group().strip(), number, match.start(), match.end(), code))
    return found


def to_number(raw: str) -> int | float:
    """Read ``1,299.00``, ``1.299,00``, ``1 299`` and the like: the last mark before one or two digits is decimal."""
    head, tail = raw, ""
    for mark in ".,":
        before, found, after = raw.rpartition(mark)
        if found and len(after) <= 2:
            head, tail = before, after
    digits = re.sub(r"\D", "", head) or "0"
    value = float(f"{digits}.{tail or 0}")
    return int(value) if value.is_integer() else value


def find_references(text: str, shape: re.Pattern[str] | None, taken: list[tuple[int, int]]) -> list[Found]:
    """Return order numbers and the like: tokens of the given shape, else ones with enough digits."""
    blocked = _mask(text, taken)
    found = []
    for match in REFERENCE.finditer(text):
        raw = match.group()
        if any(blocked[match.start() : match.end()]):
            continue
        digits = sum(c.isdigit() for c in raw)
        fits = shape.fullmatch(raw) if shape else digits >= 2 and (len(raw) > digits or digits >= 4)
        if fits and not re.fullmatch(r"\d+(?:st|nd|rd|th|am|pm|x|h|cm|mm|kg|g|ml|l|gb|m)", raw, re.I):
            value = raw if shape and "#" in shape.pattern else raw.lstrip("#")
            found.append(Found(raw, value, match.start(), match.end()))
    return found


def find_counted(text: str, taken: list[tuple[int, int]]) -> list[Found]:
    """Return counted things: the number as value, what is counted as extra. *A thing* counts where it is ordered."""
    blocked = _mask(text, taken)
    found = []
    for match in _COUNTED.finditer(text):
        raw = match.group("n").lower()
        article = raw in ("a", "an")
        if blocked[match.start()] or (
            article and not _ORDERED.search(text[max(0, match.start() - 12) : match.start()])
        ):
            continue
        kept = []
        for word in match.group("what").split():
            if word.lower().strip("'’") in _NOUN_END:
                break
            kept.append(word)
        if kept and kept[0].lower() not in _NOT_THINGS:
            number = int(raw) if raw.isdigit() else _WORD_COUNTS[raw]
            end = match.start("what") + len(" ".join(kept))
            found.append(Found(match.group("n"), number, match.start(), end, " ".join(kept)))
    return found


def _mask(text: str, taken: list[tuple[int, int]]) -> bytearray:
    """Mark what other values stand on."""
    blocked = bytearray(len(text) + 1)
    for start, end in taken:
        blocked[start:end] = b"\x01" * (end - start)
    return blocked


def find_names(text: str) -> list[Found]:
    """Return people: introduced by name, signed with it, else two capitalised words in a row."""
    found = []
    for pattern in (_NAMED, _SIGNED, _TWO_NAMES):
        for match in pattern.finditer(text):
            kept = []
            for word in match.group(1).split():
                if not word[0].isupper() or any(c.isdigit() for c in word):
                    break
                kept.append(word.rstrip(".,"))
                if word.endswith((",", ".")) and len(word) > 2:
                    break
            if kept and (pattern is not _TWO_NAMES or len(kept) > 1):
                found.append(Found(match.group(), " ".join(kept), match.start(1), match.end(1)))
    return found
