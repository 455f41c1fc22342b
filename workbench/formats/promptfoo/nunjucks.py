"""The part of Nunjucks whose meaning is certain: text, ``{{ names }}``, literals, a few filters; never code.

promptfoo renders the values of assertions and variables as templates too. Those are worked out here, so that they
reach a run as plain text. Whatever is beyond this part is reported and not guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TAG = re.compile(r"\{\{-?(?P<out>(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[^'\"}]|\}(?!\})){0,300}?)-?\}\}"
                  r"|\{%-?\s*(?P<block>.{0,300}?)\s*-?%\}|\{#.{0,2000}?#\}", re.DOTALL)  # fmt: skip
_NAME = r"[A-Za-z_$][\w$]*"
_PATH = re.compile(rf"{_NAME}(?:\.{_NAME}|\.\d+|\[\d+\]|\['[^'\\]*'\]|\[\"[^\"\\]*\"\])*")
_STEP = re.compile(rf"\.({_NAME}|\d+)|\[(\d+)\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_PARTIAL = re.compile(r"(\{%[^%]*$|\{\{[^}]*$|\{#[^#]*$)", re.MULTILINE)
_PLAIN = re.compile(rf"\s*({_NAME})\s*")
_REFERENCE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
#: Names that mean a function, a value of the process or a word of the language, and never a variable.
_SPECIAL = {
    "env",
    "range",
    "cycler",
    "joiner",
    "loop",
    "none",
    "null",
    "true",
    "false",
    "not",
    "and",
    "or",
    "in",
    "if",
}


class Unsupported(Exception):
    """A template goes beyond what is certain; the message quotes the part."""


@dataclass(frozen=True)
class Piece:
    """A part of a template: literal ``text``, or the inside of ``{{ … }}``, or that of ``{% … %}``."""

    kind: str
    text: str


def parse(template: str) -> list[Piece]:
    """Take a template apart. Comments are left out, and ``{% raw %}`` becomes text.

    Like promptfoo it takes a text as it stands where a tag is open at the end of a line.
    """
    if "{" not in template:
        return [Piece("text", template)]
    if _PARTIAL.search(template) and not ("raw" in template and "endraw" in template):
        return [Piece("text", template)]
    pieces: list[Piece] = []
    at, strip = 0, False
    while True:
        match = _TAG.search(template, at)
        text = template[at : match.start() if match else len(template)]
        if strip:
            text = text.lstrip()
        if match and template.startswith(("{{-", "{%-", "{#-"), match.start()):
            text = text.rstrip()
        if text:
            pieces.append(Piece("text", text))
        if match is None:
            return pieces
        at, strip = match.end(), match[0].endswith(("-}}", "-%}", "-#}"))
        if match["out"] is not None:
            pieces.append(Piece("out", match["out"].strip()))
        elif match["block"] == "raw":
            end = re.compile(r"\{%-?\s*endraw\s*-?%\}").search(template, at)
            pieces.append(Piece("text", template[at : end.start() if end else len(template)]))
            at = end.end() if end else len(template)
        elif match["block"] is not None:
            pieces.append(Piece("block", match["block"]))


def is_template(text: str) -> bool:
    """Return whether rendering could change a text."""
    return any(piece.kind != "text" for piece in parse(text)) or "".join(p.text for p in parse(text)) != text


def plain_name(expression: str) -> str | None:
    """Return the variable that an expression names, where it is nothing else."""
    match = _PLAIN.fullmatch(expression)
    return match[1] if match and match[1] not in _SPECIAL else None


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template filled in as Nunjucks does it.

    Raises:
        Unsupported: It goes beyond the part that is certain.
    """
    parts = []
    for piece in parse(template):
        if piece.kind == "text":
            parts.append(piece.text)
        elif piece.kind == "out":
            parts.append(js_text(evaluate(piece.text, values)))
        else:
            raise Unsupported(f"{{% {piece.text[:60]} %}}")
    return "".join(parts)


def js_text(value: Any) -> str:
    """Return a value as Nunjucks prints it: lists with commas, mappings as ``[object Object]``, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, list):
        return ",".join(js_text(item) for item in value)
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """Return what a simple expression means: a literal or a path, then filters.

    Raises:
        Unsupported: It is not that simple.
    """
    head, *filters = _split(expression)
    value = _operand(head, values, expression)
    for one in filters:
        match = re.fullmatch(rf"({_NAME})\s*(?:\((.*)\))?", one.strip(), re.DOTALL)
        if match is None or match[1] not in _FILTERS:
            raise Unsupported(f"{{{{ {expression[:60]} }}}}")
        inside = [_operand(a, values, expression) for a in _split(match[2], ",")] if match[2] else []
        try:
            value = _FILTERS[match[1]](value, *inside)
        except (TypeError, ValueError, IndexError, AttributeError):
            raise Unsupported(f"{{{{ {expression[:60]} }}}}") from None
    return value


def _operand(text: str, values: Mapping[str, Any], whole: str) -> Any:
    text = text.strip()
    if _STRING.fullmatch(text):
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if text in ("true", "false", "none", "null"):
        return {"true": True, "false": False}.get(text)
    match = _PATH.fullmatch(text)
    name = re.match(_NAME, text)
    if match is None or name is None or name[0] in _SPECIAL:
        raise Unsupported(f"{{{{ {whole[:60]} }}}}")
    value = values.get(name[0])
    for step in _STEP.finditer(text, name.end()):
        value = _member(value, next(part for part in step.groups() if part is not None))
    return value


def _member(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list | str):
        if key == "length":
            return len(value)
        return value[int(key)] if key.isdigit() and int(key) < len(value) else None
    return None


def _split(text: str, mark: str = "|") -> list[str]:
    """Cut at a mark that stands outside of quotes and brackets."""
    parts, depth, begun, at = [], 0, 0, 0
    while at < len(text):
        quoted = _STRING.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if text[at] == mark and depth == 0:
            parts.append(text[begun:at])
            begun = at + 1
        at += 1
    return [*parts, text[begun:]]


def _dump(value: Any, indent: int | None = None) -> str:
    """As JSON.stringify writes it."""
    marks = (",", ": ") if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=indent or None, separators=marks)


def _default(value: Any, other: Any = "", falsy: bool = False) -> Any:
    return other if value is None or (falsy and value in ("", 0, False)) else value


_FILTERS: dict[str, Callable[..., Any]] = {
    "upper": lambda v: js_text(v).upper(),
    "lower": lambda v: js_text(v).lower(),
    "trim": lambda v: js_text(v).strip(),
    "capitalize": lambda v: js_text(v)[:1].upper() + js_text(v)[1:].lower(),
    "length": lambda v: 0 if v is None else len(v),
    "default": _default,
    "d": _default,
    "dump": _dump,
    "safe": lambda v: v,
    "string": js_text,
    "first": lambda v: v[0] if v else None,
    "last": lambda v: v[-1] if v else None,
    "join": lambda v, by="": by.join(js_text(item) for item in v),
    "replace": lambda v, old, new: js_text(v).replace(old, js_text(new)),
}


def resolved(values: dict[str, Any]) -> dict[str, Any]:
    """Put variables into variables, at most five deep, as promptfoo does."""
    for _ in range(5):
        changed = False
        for name, value in values.items():
            match = _REFERENCE.search(value) if isinstance(value, str) else None
            if match and isinstance(values.get(match[1]), str | int | float) and len(value) < 1_000_000:
                values[name] = value[: match.start()] + str(values[match[1]]) + value[match.end() :]
                changed = True
        if not changed:
            break
    return values
