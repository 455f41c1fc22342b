"""Find the labels or the fields that a prompt lists: inline, in bullets, in quotes, as JSON or as a schema."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(\S.*)$")
_HEAD = re.compile(
    r"^[`\"'“*]{0,3}([^\W_][\w /&+-]{0,38}?)[`\"'”*]{0,3}[ \t]{0,8}(?:\(([^)]{0,200})\))?[`*]{0,2}"
    r"[ \t]{0,8}(?::|—|–|=|->|→|[ \t]-[ \t])[`*]{0,2}[ \t]*(.*)$"
)
_PLAIN = re.compile(r"^[`\"'“*]{0,3}([^\W_][\w /&+-]{0,38}?)[`\"'”*]{0,3}[.;,]?$")
_FIELD_CUE = re.compile(r"\b(?:fields?|keys?|propert(?:y|ies)|attributes?|columns?|json|extract)\b", re.I)
_LABEL_CUE = re.compile(
    r"\b(?:one of|labels?|categor\w*|class(?:es|ify)?|choose|choices?|pick|options?|queues?|topics?|teams?"
    r"|intents?|sentiments?|priorit\w*|tags?|definitions?|mean(?:s|ing)?|sort|route)\b",
    re.I,
)
_RULE_CUE = re.compile(
    r"\b(?:rules?|notes?|guidelines?|constraints?|requirements?|steps?|tips?|remember)\b", re.I
)
_INLINE_LABELS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:one of|labels?|categories|classes|options|choices|queues|topics|teams|intents|tags)\b"
        r"[^:.\n]{0,80}:[ \t]*([^\n]+)",
        r"\b(?:one of|either|choose between|choose from|pick from)[ \t]+([^:\n]+)",
        r"\b(?:classify|categori[sz]e|sort|label|triage|route)\b[^:.\n]{0,60}\b(?:as|into|to)[ \t]+([^:\n]+)",
        r"\b(?:answer|reply|respond)\b[^:.\n]{0,40}?\b(yes or no|yes/no|true or false|true/false)\b",
    )
)
_INLINE_FIELDS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:fields?|keys?|properties)\b[^:.\n]{0,50}:[ \t]*([^\n]+)",
        r"\b(?:fields|keys|properties)(?: named| called)?[ \t]+([^:\n]+)",
        r"\bjson\b[^:.\n]{0,40}\b(?:with|containing|having)[ \t]+(?:the[ \t]+)?([^:\n]+)",
        r"\b(?:extract|return)[ \t]+([^:.\n]{3,80}?)(?:[ \t]+(?:from|of)\b[^:.\n]{0,40}?)?"
        r"[ \t]+(?:as|in|to)[ \t]+json\b",
    )
)
_PARTS = re.compile(r"\{([\w, ]{3,200})\}")
_QUOTED = re.compile(r"[\"“`'‘]([^\"”`'’\n]{1,40})[\"”`'’]")
_QUOTE_JOIN = re.compile(r"[ \t,;/|]*(?:or|and)?[ \t]*")
_LEAD = re.compile(r"^(?:or|and|the|a|an|either)[ \t]+", re.I)
_KEY = re.compile(
    r"[\"']([A-Za-z_]\w{0,40})[\"']\s{0,4}:\s{0,4}(\"[^\"\n]{0,300}\"|<[^>\n]{0,200}>|[\[{\w.|-]{0,60})"
)
#: What everybody means by these names, where the prompt does not say it.
_USUAL = {
    "positive": "love great good wonderful excellent perfect happy nice best thanks recommend fast friendly works",
    "negative": "terrible bad worst awful hate broke broken angry disappointed never slow rude late refund poor",
}


@dataclass(frozen=True)
class Item:
    """A label or a field as listed: its name, what is said about it, and for fields the type and parts."""

    name: str
    description: str = ""
    type: str = ""
    choices: tuple[str, ...] = ()
    parts: tuple[Item, ...] = ()


def find_labels(instructions: str) -> tuple[Item, ...]:
    """Return the labels to choose from, with their descriptions, or nothing."""
    labels = _blocks(instructions, fields=False)
    if not labels:
        names = _inline(instructions, _INLINE_LABELS) or _quoted(instructions)
        labels = [Item(name) for name in names]
    return tuple(_defined_elsewhere(labels, instructions))


def find_fields(instructions: str) -> tuple[Item, ...]:
    """Return the fields that the JSON answer must have, or nothing."""
    skeleton = _skeleton(instructions)
    listed = _blocks(instructions, fields=True)
    if skeleton:
        said = {item.name: item for item in listed}
        return tuple(_merge(item, said.get(item.name)) for item in skeleton)
    if listed:
        return tuple(listed)
    names = _inline(instructions, _INLINE_FIELDS)
    return tuple(Item(re.sub(r"[ -]+", "_", name)) for name in names)


def fields_of_schema(schema: dict[str, Any]) -> tuple[Item, ...]:
    """Return the fields of a JSON schema (bare, or under the ``schema`` or ``json_schema`` key)."""
    for key in ("json_schema", "schema"):
        if isinstance(schema.get(key), dict):
            return fields_of_schema(schema[key])
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ()
    return tuple(_from_schema(str(k), v) for k, v in properties.items() if isinstance(v, dict))


def fields_of_value(value: dict[str, Any], depth: int = 0) -> tuple[Item, ...]:
    """Return the fields that a JSON skeleton or an example answer shows."""
    return tuple(_from_value(str(k), v, depth) for k, v in value.items())


def _from_schema(name: str, spec: dict[str, Any]) -> Item:
    kind = spec.get("type", "")
    kinds = kind if isinstance(kind, list) else [kind]
    kind = next((str(k) for k in kinds if k != "null"), "")
    inner = spec.get("items") if kind == "array" else spec
    parts = fields_of_schema(inner) if isinstance(inner, dict) else ()
    said = " ".join(str(spec[k]) for k in ("description", "format", "pattern") if k in spec)
    choices = tuple(str(c) for c in spec.get("enum", ()) if c is not None)
    return Item(name, said, kind, choices, parts)


def _from_value(name: str, value: Any, depth: int) -> Item:
    if isinstance(value, bool):
        return Item(name, type="boolean")
    if isinstance(value, int | float):
        return Item(name, type="number")
    if isinstance(value, dict) and depth < 4:
        return Item(name, type="object", parts=fields_of_value(value, depth + 1))
    if isinstance(value, list):
        first = value[0] if value else None
        parts = fields_of_value(first, depth + 1) if isinstance(first, dict) and depth < 4 else ()
        return Item(name, str(first or "") if not parts else "", "array", parts=parts)
    said = str(value or "").strip("<> .")
    choices = tuple(c.strip() for c in said.split("|")) if said.count("|") else ()
    return Item(name, said, _type_in(said), choices)


def _type_in(said: str) -> str:
    match = re.search(r"\b(?:number|integer|boolean|array|list|true|float|decimal)\b", said, re.I)
    if not match:
        return ""
    word = match.group().lower()
    return {"list": "array", "true": "boolean", "float": "number", "decimal": "number"}.get(word, word)


def _skeleton(instructions: str) -> tuple[Item, ...]:
    """Read the first JSON object in the instructions, however loosely it is written."""
    start = instructions.find("{")
    if start < 0:
        return ()
    try:
        value, _ = json.JSONDecoder().raw_decode(instructions, start)
    except (json.JSONDecodeError, RecursionError):
        pairs = _KEY.findall(instructions[start : start + 4000])
        return tuple(
            _from_value(name, [] if value.startswith("[") else value.strip('"'), 0)
            for name, value in dict(pairs).items()
        )
    if not isinstance(value, dict):
        return ()
    return fields_of_schema(value) or fields_of_value(value)


def _merge(item: Item, said: Item | None) -> Item:
    if said is None:
        return item
    text = f"{item.description} {said.description}".strip()
    return Item(
        item.name, text, item.type or said.type, item.choices or said.choices, item.parts or said.parts
    )


def _blocks(instructions: str, *, fields: bool) -> list[Item]:
    """Return the items of the first list whose introduction fits."""
    intro, block, blocks = "", [], []
    for line in [*instructions.split("\n"), "", "end"]:
        bullet = _BULLET.match(line)
        item = _item(bullet.group(1) if bullet else line.strip(), bulleted=bool(bullet))
        if block and not bullet and line[:1] in " \t" and line.strip():
            block[-1] = Item(block[-1].name, f"{block[-1].description} {line.strip()}".strip())
        elif item and (bullet or block or intro.endswith(":")):
            block.append(item)
        elif line.strip():
            blocks.append((intro, block))
            intro, block = line.strip(), []
    for intro, found in blocks:
        if len(found) >= 2 and _fits(intro, instructions, fields=fields):
            return [_field(item) for item in found] if fields else found
    return []


def _item(text: str, *, bulleted: bool) -> Item | None:
    match = _HEAD.match(text)
    if match and len(match.group(1).split()) <= 4:
        description = " ".join(part for part in match.group(2, 3) if part)
        return Item(match.group(1).strip(), description) if description else None
    plain = _PLAIN.match(text) if bulleted else None
    if plain and len(plain.group(1).split()) <= 3:
        return Item(plain.group(1).strip())
    return None


def _field(item: Item) -> Item:
    name = re.sub(r"[ -]+", "_", item.name)
    shown = _PARTS.search(item.description)
    parts = tuple(Item(part) for part in _split_names(shown.group(1))) if shown else ()
    choices = () if parts else tuple(_inline(item.description, _INLINE_LABELS))
    return Item(name, item.description, _type_in(item.description), choices, parts)


def _fits(intro: str, instructions: str, *, fields: bool) -> bool:
    if _RULE_CUE.match(intro):
        return False
    is_field, is_label = bool(_FIELD_CUE.search(intro)), bool(_LABEL_CUE.search(intro))
    if fields:
        return is_field or not is_label
    return is_label or (not is_field and bool(_LABEL_CUE.search(instructions)))


def _inline(text: str, cues: tuple[re.Pattern[str], ...]) -> list[str]:
    for cue in cues:
        for match in cue.finditer(text):
            names = _split_names(match.group(1))
            if len(names) >= 2:
                return names
    return []


def _split_names(text: str) -> list[str]:
    """Split ``a, b (…), c or d`` at the first full stop, leaving brackets and quotes out."""
    text = re.sub(r"\([^()]{0,300}\)", "", text)
    text = re.split(r"\.(?:\s|$)|;\s", text, maxsplit=1)[0]
    names: list[str] = []
    for piece in re.split(r",|/|\||\bor\b|\band\b", text):
        name = _LEAD.sub("", piece.strip()).strip(" `\"'“”‘’*_")
        if not name:
            continue
        if len(name.split()) > 3 or len(name) > 40 or not re.fullmatch(r"[\w /&+-]+", name):
            break
        names.append(name)
    return list(dict.fromkeys(names))


def _quoted(text: str) -> list[str]:
    """Return the longest row of quoted names that only commas and *or* stand between."""
    rows: list[list[str]] = [[]]
    end = -1
    for match in _QUOTED.finditer(text):
        if end < 0 or not _QUOTE_JOIN.fullmatch(text, end, match.start()):
            rows.append([])
        rows[-1].append(match.group(1).strip())
        end = match.end()
    best = max(rows, key=len)
    return list(dict.fromkeys(best)) if len(best) >= 2 else []


def _defined_elsewhere(labels: list[Item], instructions: str) -> list[Item]:
    """Add what other lines that begin with a label's name say about it."""
    said: dict[str, list[str]] = {}
    for line in instructions.split("\n"):
        bullet = _BULLET.match(line)
        match = _HEAD.match(bullet.group(1) if bullet else line.strip())
        if match:
            said.setdefault(match.group(1).strip().lower(), []).append(match.group(3))
    return [
        Item(label.name, label.description or " ".join(said.get(name, ())) or _USUAL.get(name, ""))
        for label in labels
        for name in [label.name.lower()]
    ]
