"""From Nunjucks templates of prompts to the engines here: literal where it can be, Jinja2 where both mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from workbench.formats.promptfoo.nunjucks import Piece, parse, plain_name
from workbench.prompts.templates import PLACEHOLDER

_NAME = r"[A-Za-z_]\w*"
_STEP = rf"(?:\.{_NAME}|\[\d+\]|\['[^'\\]*'\]|\[\"[^\"\\]*\"\])"
_TOKEN = re.compile(
    rf"\s*(?:(?P<string>'[^'\\]*'|\"[^\"\\]*\")|(?P<number>\d+(?:\.\d+)?)|(?P<path>{_NAME}{_STEP}*)"
    r"|(?P<filter>\|\s*\w+)|(?P<mark>===|!==|==|!=|<=|>=|<|>|\(|\)|,))"
)
#: Filters that do the same to text and lists in both.
_FILTERS = {"upper", "lower", "trim", "length", "join", "replace", "first", "last", "default", "d", "safe"}
_DEFAULTED = re.compile(rf"(?<![\w.])({_NAME})\s*\|\s*d(?:efault)?\b")
#: Comparisons in which JavaScript turns texts into numbers.
_COMPARED = ("==", "!=", "<", ">", "<=", ">=")
_WORDS = {"and", "or", "not", "in", "is", "true", "false", "if", "else"}
_REFUSED = {"env", "range", "cycler", "joiner", "none", "null", "self", "caller", "super"}


class NotConvertible(Exception):
    """A template says something that has no certain counterpart; the message quotes it."""


@dataclass
class Converted:
    """A prompt's texts for one engine.

    ``printed`` are the variables that are printed as they are, ``shaped`` those that are looked into, compared or
    looped over, ``conditions`` those that a condition looks at, ``outputs`` the other expressions that are printed,
    ``with_numbers`` and ``with_texts`` the variables that are compared with such.
    """

    texts: tuple[str, ...]
    engine: str
    names: tuple[str, ...]
    printed: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    shaped: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    with_numbers: tuple[str, ...] = ()
    with_texts: tuple[str, ...] = ()


@dataclass
class _Jinja:
    names: dict[str, None] = field(default_factory=dict)
    printed: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    local: list[str] = field(default_factory=list)
    shaped: dict[str, None] = field(default_factory=dict)
    outputs: dict[str, None] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    with_numbers: dict[str, None] = field(default_factory=dict)
    with_texts: dict[str, None] = field(default_factory=dict)


def with_defaults(templates: Iterable[str]) -> frozenset[str]:
    """Return the variables to which templates give a default: where a test lacks one, it must stay missing."""
    return frozenset(name for template in templates for name in _DEFAULTED.findall(template))


def convert(templates: list[str], absent: frozenset[str] = frozenset()) -> Converted:
    """Convert the texts of one prompt, which share an engine.

    Args:
        templates: The texts.
        absent: Variables that may be missing; all others have a value in each test.

    Raises:
        NotConvertible: A part of them has no counterpart.
    """
    parsed = [parse(template) for template in templates]
    printed = {p.text for pieces in parsed for p in pieces if p.kind == "out"}
    if all(_literal(pieces) for pieces in parsed) and not printed & absent:
        names = [n for pieces in parsed for p in pieces if p.kind == "out" and (n := plain_name(p.text))]
        unique = tuple(dict.fromkeys(names))
        texts = tuple(
            "".join(p.text if p.kind == "text" else f"{{{{{p.text}}}}}" for p in ps) for ps in parsed
        )
        return Converted(texts, "literal", unique, unique)
    state = _Jinja(absent=absent)
    texts = tuple("".join(_jinja(piece, state) for piece in pieces) for pieces in parsed)
    return Converted(
        texts,
        "jinja2",
        tuple(state.names),
        tuple(state.printed),
        tuple(state.conditions),
        tuple(state.shaped),
        tuple(state.outputs),
        tuple(state.with_numbers),
        tuple(state.with_texts),
    )


def _literal(pieces: list[Piece]) -> bool:
    for piece in pieces:
        if piece.kind == "block" or (piece.kind == "text" and PLACEHOLDER.search(piece.text)):
            return False
        if piece.kind == "out" and not (
            plain_name(piece.text) and PLACEHOLDER.fullmatch(f"{{{{{piece.text}}}}}")
        ):
            return False
    # Text that stands beside a placeholder must not make it another one.
    whole = "".join(p.text if p.kind == "text" else f"{{{{{p.text}}}}}" for p in pieces)
    return len(PLACEHOLDER.findall(whole)) == sum(p.kind == "out" for p in pieces)


def _jinja(piece: Piece, state: _Jinja) -> str:
    if piece.kind == "text":
        if re.search(r"\{[{%#]", piece.text):
            if "endraw" in piece.text:
                raise NotConvertible("it holds `endraw` as text")
            return f"{{% raw %}}{piece.text}{{% endraw %}}"
        return piece.text
    if piece.kind == "out":
        name = plain_name(piece.text)
        if name and name not in state.local:
            state.printed[name] = None
            state.names[name] = None
            return f"{{{{ {name} | default('') }}}}" if name in state.absent else f"{{{{ {name} }}}}"
        if not state.local:
            state.outputs[piece.text] = None
        return f"{{{{ {_expression(piece.text, state, printed=True)} }}}}"
    word, _, rest = piece.text.partition(" ")
    if word in ("else", "endif", "endfor") and not rest.strip():
        if word == "endfor" and state.local:
            state.local.pop()
        return f"{{% {word} %}}"
    if word in ("if", "elif", "elseif"):
        condition = _expression(rest, state)
        state.conditions |= dict.fromkeys(name for name in state.names if re.search(rf"\b{name}\b", rest))
        return f"{{% {'elif' if word == 'elseif' else word} {condition} %}}"
    match = re.fullmatch(rf"({_NAME})\s+in\s+(.+)", rest, re.DOTALL) if word == "for" else None
    if match:
        over = _expression(match[2], state)
        state.local.append(match[1])
        return f"{{% for {match[1]} in {over} %}}"
    raise NotConvertible(f"`{{% {piece.text[:60]} %}}` has no certain counterpart here")


def _expression(text: str, state: _Jinja, *, printed: bool = False) -> str:
    """Return a condition or a path for Jinja2, token by token."""
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotConvertible(f"`{text[:60]}` has no certain counterpart here")
        if match["filter"] and match["filter"].lstrip("| ") not in _FILTERS:
            raise NotConvertible(f"the filter in `{text[:60]}` has no certain counterpart here")
        tokens.append(match)
        at = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    _note_compared(tokens, state)
    if any(token["path"] == "if" for token in tokens):
        state.conditions |= dict.fromkeys(token["path"] for token in tokens if token["path"])
    parts = []
    for token, after in zip_longest(tokens, tokens[1:]):
        found = token[0].strip()
        if token["path"]:
            has_default = after is not None and (after["filter"] or "").lstrip("| ") in ("default", "d")
            parts.append(_path(found, text, state, printed=printed, has_default=has_default))
        else:
            word = found.replace(" ", "")
            # Of an empty list they are nothing, where Jinja2 fails.
            made = f"{found} | default('')" if word in ("|first", "|last") else found
            parts.append({"===": "==", "!==": "!="}.get(found, made))
    return " ".join(parts).replace("( ", "(").replace(" )", ")")


def _note_compared(tokens: list[re.Match[str]], state: _Jinja) -> None:
    """Note which variables are held against numbers and which against texts: JavaScript turns one into the other."""
    for left, mark, right in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if mark["mark"] not in _COMPARED:
            continue
        for one, other in ((left, right), (right, left)):
            if one["path"] and (other["number"] or other["string"]):
                (state.with_numbers if other["number"] else state.with_texts)[one["path"]] = None


def _path(path: str, text: str, state: _Jinja, *, printed: bool, has_default: bool) -> str:
    """Return a path for Jinja2, of which any part may be missing: Nunjucks takes that as nothing."""
    root = re.match(_NAME, path)[0]
    outside = root == "loop" and not state.local
    if outside or root in _REFUSED or (root in _WORDS and path != root):
        raise NotConvertible(f"`{text[:60]}` has no certain counterpart here")
    if root in _WORDS or root == "loop":
        return path
    if root not in state.local:
        state.names[root] = state.shaped[root] = None
    steps = re.findall(_STEP, path[len(root) :])
    if not steps and (has_default or root not in state.absent or root in state.local):
        return path
    made = root
    for step in steps:
        made = f"({made} | default(none)){step}"
    if has_default:
        return made
    return f"('' if ({made} | default(none)) is none else {made})" if printed else f"({made} | default(none))"
