"""From Nunjucks templates of prompts to the engines here: literal where it can be, Jinja2 where both mean the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from workbench.formats.promptfoo.nunjucks import Piece, parse, plain_name
from workbench.prompts.templates import PLACEHOLDER

_NAME = r"[A-Za-z_]\w*"
_TOKEN = re.compile(
    rf"\s*(?:(?P<string>'[^'\\]*'|\"[^\"\\]*\")|(?P<number>\d+(?:\.\d+)?)|(?P<path>{_NAME}(?:\.{_NAME}|\[\d+\])*)"
    r"|(?P<filter>\|\s*\w+)|(?P<mark>===|!==|==|!=|<=|>=|<|>|\(|\)|,))"
)
#: Filters that do the same to text and lists in both.
_FILTERS = {"upper", "lower", "trim", "length", "join", "replace", "first", "last", "default", "d", "safe"}
_WORDS = {"and", "or", "not", "in", "is", "true", "false"}
_REFUSED = {"env", "range", "cycler", "joiner", "none", "null", "self", "caller", "super"}


class NotConvertible(Exception):
    """A template says something that has no certain counterpart; the message quotes it."""


@dataclass
class Converted:
    """A prompt's texts for one engine.

    ``printed`` are the variables that are printed as they are, ``shaped`` those that are looked into, compared or
    looped over, and ``outputs`` the other expressions that are printed.
    """

    texts: tuple[str, ...]
    engine: str
    names: tuple[str, ...]
    printed: tuple[str, ...]
    notes: tuple[str, ...] = ()
    shaped: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass
class _Jinja:
    names: dict[str, None] = field(default_factory=dict)
    printed: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    local: list[str] = field(default_factory=list)
    shaped: dict[str, None] = field(default_factory=dict)
    outputs: dict[str, None] = field(default_factory=dict)


def convert(templates: list[str]) -> Converted:
    """Convert the texts of one prompt, which share an engine.

    Raises:
        NotConvertible: A part of them has no counterpart.
    """
    parsed = [parse(template) for template in templates]
    if all(_literal(pieces) for pieces in parsed):
        names = [n for pieces in parsed for p in pieces if p.kind == "out" and (n := plain_name(p.text))]
        unique = tuple(dict.fromkeys(names))
        texts = tuple(
            "".join(p.text if p.kind == "text" else f"{{{{{p.text}}}}}" for p in ps) for ps in parsed
        )
        return Converted(texts, "literal", unique, unique)
    state = _Jinja()
    texts = tuple("".join(_jinja(piece, state) for piece in pieces) for pieces in parsed)
    return Converted(
        texts,
        "jinja2",
        tuple(state.names),
        tuple(state.printed),
        tuple(state.notes),
        tuple(state.shaped),
        tuple(state.outputs),
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
            return f"{{{{ {name} }}}}"
        if not state.local:
            state.outputs[piece.text] = None
        return f"{{{{ {_expression(piece.text, state)} }}}}"
    word, _, rest = piece.text.partition(" ")
    if word in ("else", "endif", "endfor") and not rest.strip():
        if word == "endfor" and state.local:
            state.local.pop()
        return f"{{% {word} %}}"
    if word in ("if", "elif", "elseif"):
        state.notes["a condition over an empty list or mapping is true in promptfoo and false here"] = None
        return f"{{% {'elif' if word == 'elseif' else word} {_expression(rest, state)} %}}"
    match = re.fullmatch(rf"({_NAME})\s+in\s+(.+)", rest, re.DOTALL) if word == "for" else None
    if match:
        over = _expression(match[2], state)
        state.local.append(match[1])
        return f"{{% for {match[1]} in {over} %}}"
    raise NotConvertible(f"`{{% {piece.text[:60]} %}}` has no certain counterpart here")


def _expression(text: str, state: _Jinja) -> str:
    """Return a condition or a path for Jinja2, token by token."""
    parts, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotConvertible(f"`{text[:60]}` has no certain counterpart here")
        at = match.end()
        if match["filter"] and match["filter"].lstrip("| ") not in _FILTERS:
            raise NotConvertible(f"the filter in `{text[:60]}` has no certain counterpart here")
        if match["path"]:
            root = re.match(_NAME, match["path"])[0]
            if root in _REFUSED or (root in _WORDS and match["path"] != root):
                raise NotConvertible(f"`{text[:60]}` has no certain counterpart here")
            if root not in _WORDS and root not in state.local and root != "loop":
                state.names[root] = state.shaped[root] = None
        parts.append({"===": "==", "!==": "!="}.get(match[0].strip(), match[0].strip()))
        if text[at : at + 1].isspace() and at < len(text):
            at += len(text[at:]) - len(text[at:].lstrip())
    return " ".join(parts).replace("( ", "(").replace(" )", ")")
