"""Named steps that change an output before it is scored; none of them is code, and each is bounded in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import regex

from workbench.evals.extract import TIMEOUT_S, build_extractor, compile_pattern

MAX_STEPS = 20
MAX_TEXT = 1_000
MAX_RESULT = 4_000_000
Step = Callable[[str], str]

_FENCE_LINE = regex.compile(r"^[ \t]*(?:```|~~~).*$", regex.MULTILINE)
_LINE_MARKS = regex.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d{1,3}[.)][ \t]+)+|^[ \t]*(?:[-*_][ \t]*){3,}$",
    regex.MULTILINE,
)
_LINK = regex.compile(r"!?\[([^\]\[\n]{0,500})\]\([^()\n]{0,2000}\)")
_CODE = regex.compile(r"(`{1,2})([^`\n]{1,2000})\1")
_STRONG = regex.compile(r"(\*\*\*|\*\*|\*|~~)(?=\S)([^*~\n]{1,2000}?)(?<=\S)\1")
_UNDERLINED = regex.compile(r"(?<!\w)(___|__|_)(?=\S)([^_\n]{1,2000}?)(?<=\S)\1(?!\w)")
_FENCED = regex.compile(r"```[ \t]*[\w.+-]*[ \t]*\n(.*?)(?:\n[ \t]*)?```", regex.DOTALL)


def _strip_markdown(text: str) -> str:
    for pattern, kept in (
        (_FENCE_LINE, ""),
        (_LINE_MARKS, ""),
        (_LINK, r"\1"),
        (_CODE, r"\2"),
        (_STRONG, r"\2"),
        (_STRONG, r"\2"),
        (_UNDERLINED, r"\2"),
    ):
        text = pattern.sub(kept, text, timeout=TIMEOUT_S)
    return text.strip()


def _code_block(text: str) -> str:
    found = _FENCED.findall(text, timeout=TIMEOUT_S)
    return found[-1] if found else text


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), text)


#: The steps that are only a word.
WORDS: dict[str, Step] = {
    "trim": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "casefold": str.casefold,
    "collapse_spaces": lambda text: " ".join(text.split()),
    "normalize": lambda text: unicodedata.normalize("NFKC", text),
    "strip_markdown": _strip_markdown,
    "code_block": _code_block,
    "first_line": build_extractor("first_line"),
    "last_line": _last_line,
    "last_number": build_extractor("last_number"),
}


def _after(marker: str) -> Step:
    # Models write a marker such as "Answer:" in their reasoning too; what follows the last one is the answer.
    return lambda text: text.rpartition(marker)[2].strip() if marker in text else text


def _before(marker: str) -> Step:
    return lambda text: text.partition(marker)[0].strip()


def _replace(value: Any) -> Step:
    if not isinstance(value, dict) or set(value) != {"from", "to"}:
        raise ValueError("replace is a mapping with from and to")
    old, new = _text("replace.from", value["from"]), value["to"]
    if not isinstance(new, str) or len(new) > MAX_TEXT:
        raise ValueError(f"replace.to is text of at most {MAX_TEXT} characters")
    return lambda text: text.replace(old, new)


def _remove(pattern: str) -> Step:
    compiled = compile_pattern(pattern, lines=True)
    return lambda text: compiled.sub("", text, timeout=TIMEOUT_S)


#: The steps that are a mapping of one key.
WITH_VALUE: dict[str, Callable[[Any], Step]] = {
    "after": lambda value: _after(_text("after", value)),
    "before": lambda value: _before(_text("before", value)),
    "regex": lambda value: build_extractor({"regex": _text("regex", value, most=None)}),
    "json_path": lambda value: build_extractor({"json_path": _text("json_path", value)}),
    "remove": lambda value: _remove(_text("remove", value, most=None)),
    "replace": _replace,
}
STEPS = (*WORDS, *WITH_VALUE)


def _text(name: str, value: Any, *, most: int | None = MAX_TEXT) -> str:
    if not isinstance(value, str) or not value or (most is not None and len(value) > most):
        raise ValueError(f"{name} needs text{f' of at most {most} characters' if most else ''}")
    return value


def transform_steps(value: Any) -> tuple[Any, ...]:
    """Return the steps of a ``transform`` field as a tuple: one step, or a list of them; () for None.

    Raises:
        ValueError: There are too many, or one of them is not known.
    """
    steps = () if value is None else tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(steps) > MAX_STEPS:
        raise ValueError(f"transform has over {MAX_STEPS} steps")
    build_transform(steps)
    return steps


def build_transform(steps: Sequence[Any]) -> Step:
    """Return one function that does the steps in their order; what a step does not find it leaves as it is.

    Raises:
        ValueError: A step is not known, or its value cannot be used.
    """
    functions = [_step(step) for step in steps]

    def transform(text: str) -> str:
        for function in functions:
            text = function(text)
            if len(text) > MAX_RESULT:
                raise ValueError(f"a transform step made a text of over {MAX_RESULT:,} characters")
        return text

    return transform


def _step(step: Any) -> Step:
    if isinstance(step, str) and step in WORDS:
        return WORDS[step]
    if isinstance(step, dict) and len(step) == 1:
        name, value = next(iter(step.items()))
        if name in WITH_VALUE:
            return WITH_VALUE[name](value)
        if name in WORDS and value is True:
            return WORDS[name]
    from workbench.evals.scorers.registry import suggest

    shown = step if isinstance(step, str) else next(iter(step), "") if isinstance(step, dict) else ""
    if shown in WITH_VALUE:
        raise ValueError(f'the step "{shown}" needs a value, as {{{shown}: …}}')
    raise ValueError(f'there is no transform step "{str(shown)[:60]}": {suggest(str(shown)[:60], STEPS)}')
