"""The step before scoring: which part of an output is the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NoReturn

import regex

TIMEOUT_S = 1.0
MAX_PATTERN = 2_000
MAX_REPEAT = 1_000
MAX_JSON = 1_000_000
FORMS = ("regex", "json_path", "last_number", "first_line")

MAX_DIGITS = 400

#: A number as people and models write it: a sign, a currency, thousands separators, a fraction, an exponent,
#: a percent sign. A dash with a space after it is a bullet or an operator, not a sign.
NUMBER = regex.compile(
    r"""
    (?<![\p{L}\d_])(?<!\d[.,])                            # not inside a word, a code or a longer number
    (?P<sign>[-+−])?(?:\p{Sc}\s?(?P<inner>[-+−])?)?
    (?:
      (?P<above>\d{1,20})(?<!\d/\d{1,20})/(?P<below>(?!0+(?!\d))\d{1,20})(?![\d/]|[.,]\d)    # 3/4, not a date
      |
      (?P<digits>\d{1,3}(?:[,'’ \u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
      (?P<exponent>[eE][-+]?\d{1,3}(?!\d))?
    )
    (?:\s?[%％])?
    """,
    regex.VERBOSE,
)
_SEPARATORS = str.maketrans("", "", ",'’ \u00a0\u2009\u202f")
Extractor = Callable[[str], str]


def build_extractor(spec: Any) -> Extractor:
    """Return the function that an ``extract`` entry stands for.

    A string is a regular expression (``^`` and ``$`` stand at line ends): the last match's first group, or the
    whole match where the pattern has no group. ``last_number`` and ``first_line`` may be written bare or, like
    ``regex`` and ``json_path``, as the one key of a mapping. Where nothing matches, the whole text is the answer.

    Raises:
        ValueError: The entry is none of these, or its pattern or path cannot be used.
    """
    if spec is None:
        return _whole
    form, value = _form(spec)
    if form == "regex":
        return _by_regex(value)
    if form == "json_path":
        return _by_json_path(value)
    if value is not True:
        raise ValueError(f'extract "{form}" is switched on with true, or left out')
    return _last_number if form == "last_number" else _first_line


def _form(spec: Any) -> tuple[str, Any]:
    if isinstance(spec, str):
        return (spec, True) if spec in ("last_number", "first_line") else ("regex", spec)
    if isinstance(spec, dict) and len(spec) == 1 and next(iter(spec)) in FORMS:
        return next(iter(spec.items()))
    raise ValueError(f"extract is a regular expression or a mapping with one of {', '.join(FORMS)}")


def _whole(text: str) -> str:
    return text


def compile_pattern(pattern: str, *, ignore_case: bool = False, lines: bool = False) -> regex.Pattern[str]:
    """Compile a pattern that somebody gave; match with ``timeout=TIMEOUT_S``.

    Args:
        pattern: In the syntax of the ``regex`` package.
        ignore_case: Match by Unicode case folding.
        lines: Let ``^`` and ``$`` match at every line.

    Raises:
        ValueError: The pattern is not valid, or larger than the limits above.
    """
    flags = (regex.IGNORECASE | regex.FULLCASE if ignore_case else 0) | (regex.MULTILINE if lines else 0)
    return _compiled(pattern, flags)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, flags: int) -> regex.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the regular expression is longer than {MAX_PATTERN} characters")
    bounds = regex.findall(r"\{(\d*),?(\d*)\}", pattern)
    # Compiling is not under the timeout, and a huge counted repeat takes seconds there.
    if any(len(n) > 4 or int(n) > MAX_REPEAT for pair in bounds for n in pair if n):
        raise ValueError(f"the regular expression repeats something more than {MAX_REPEAT} times")
    try:
        return regex.compile(pattern, flags)
    except regex.error as problem:
        raise ValueError(f"the regular expression is not valid ({problem})") from None
    except (RecursionError, OverflowError, MemoryError):
        raise ValueError("the regular expression is too complicated") from None


def _by_regex(pattern: Any) -> Extractor:
    if not isinstance(pattern, str) or not pattern:
        raise ValueError("extract needs a regular expression as text")
    compiled = compile_pattern(pattern, lines=True)
    group = 1 if compiled.groups else 0

    def extract(text: str) -> str:
        last = None
        for match in compiled.finditer(text, timeout=TIMEOUT_S):
            last = match
        if last is None:
            return text
        found = last.group(group)
        return last.group() if found is None else found

    return extract


def find_numbers(text: str) -> list[regex.Match[str]]:
    """Return the numbers of a text in their order, without those of over ``MAX_DIGITS`` digits.

    Raises:
        TimeoutError: It takes too long.
    """
    found = NUMBER.finditer(text, timeout=TIMEOUT_S)
    return [match for match in found if len(match["digits"] or "") <= MAX_DIGITS]


def number_of(match: regex.Match[str]) -> Fraction:
    """Return the exact value of a match of `NUMBER`; a percent sign counts for nothing."""
    if match["above"]:
        value = Fraction(int(match["above"]), int(match["below"]))
    else:
        value = Fraction(Decimal(match["digits"].translate(_SEPARATORS) + (match["exponent"] or "")))
    minus = sum(sign in ("-", "−") for sign in (match["sign"], match["inner"]))
    return -value if minus % 2 else value


def _last_number(text: str) -> str:
    found = find_numbers(text)
    return found[-1].group().strip() if found else text


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), text)


def _by_json_path(path: Any) -> Extractor:
    if not isinstance(path, str) or not path:
        raise ValueError("json_path needs a path as text, such as $.answer")
    compiled = _json_path(path)

    def extract(text: str) -> str:
        try:
            data = parse_json(text, fences=True)
        except ValueError:
            return text
        node = next(iter(compiled.finditer(data)), None)
        if node is None:
            return text
        value = node.obj
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return extract


@lru_cache(maxsize=256)
def _json_path(path: str) -> Any:
    from jsonpath import JSONPathEnvironment
    from jsonpath.exceptions import JSONPathError

    class Bounded(JSONPathEnvironment):
        """RFC 9535 without its functions, two of which run patterns that nothing bounds."""

        def setup_function_extensions(self) -> None:
            self.function_extensions = {}

    if len(path) > 500 or path.count("..") > 2:
        raise ValueError("the JSON path is longer than 500 characters or descends (..) more than twice")
    try:
        return Bounded(strict=True).compile(path if path.startswith("$") else f"$.{path}")
    except (JSONPathError, RecursionError) as problem:
        raise ValueError(f"the JSON path is not valid ({str(problem).splitlines()[0]})") from None


_FENCE = regex.compile(r"```[ \t]*[\w.+-]*[ \t]*\n(.*?)(?:\n[ \t]*)?```", regex.DOTALL)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_json(text: str, *, fences: bool = False) -> Any:
    """Parse JSON strictly (no NaN, nothing around it), or with ``fences`` also the last Markdown code block.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or has over ``MAX_JSON`` characters.
    """
    if len(text) > MAX_JSON:
        raise ValueError(f"the text has over {MAX_JSON} characters")
    try:
        return _DECODER.decode(text.strip())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        blocks = _FENCE.findall(text, timeout=TIMEOUT_S) if fences else []
        if not blocks:
            raise
        return parse_json(blocks[-1])
