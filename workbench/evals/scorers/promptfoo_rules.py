"""The rules of promptfoo 0.121 in words of our own: JSON, XML and HTML, counts, and its BLEU, GLEU and ROUGE."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import regex
from rapidfuzz.distance import Levenshtein

from workbench.errors import BadInput
from workbench.files import load_yaml

_SPACE = regex.compile(r"[\s\ufeff]+")
#: JavaScript's white space is Unicode's, with the byte order mark and without these control characters.
_EDGES = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_MAX_INSIDE = 100_000
#: Characters that may be tried as the end of JSON inside of text, for one output.
_MAX_TRIED = 2_000_000
_HTML_TAGS = (
    "html|head|body|div|span|p|a|img|h[1-6]|ul|ol|li|table|tr|td|th|form|input|button"
    "|script|style|link|meta|br|hr"
)
_HTML_SIGNS = (
    (r"<[a-zA-Z][a-zA-Z0-9-]*(?:\s[^>]*)?/>", 1),
    (r"&(?:[a-zA-Z]+|#[0-9]+|#x[0-9a-fA-F]+);", 1),
    (r"(?i)<!DOCTYPE\s+html", 2),
    (r"<!--[^-]*(?:-[^-]+)*+-->", 1),
    (r"\s[a-zA-Z-]+=\s*[\"'][^\"']*[\"']", 1),
    (rf"(?i)<(?:{_HTML_TAGS})\b", 2),
)
_OPENING = regex.compile(r"<[a-zA-Z][a-zA-Z0-9-]*(?:\s[^>]*)?>")
_CLOSING = regex.compile(r"</[a-zA-Z][a-zA-Z0-9-]*\s*>")
_HTML_NAMES = frozenset(
    """html head title base link meta style body article section nav aside h1 h2 h3 h4 h5 h6 header footer address p hr
    pre blockquote ol ul li dl dt dd figure figcaption main div a em strong small s cite q dfn abbr ruby rt rp data time
    code var samp kbd sub sup i b u mark bdi bdo span br wbr img iframe embed object param picture source video audio
    track map area svg math script noscript canvas ins del table caption colgroup col tbody thead tfoot tr td th form
    label input button select datalist optgroup option textarea output progress meter fieldset legend details summary
    dialog menu slot template""".split()  # noqa: SIM905
)


def are_texts(value: Any) -> bool:
    """Return whether a value is a list of at least one text."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def parse_json(text: str) -> Any:
    """Parse as JavaScript does: no NaN, and of a key given twice the last counts.

    Raises:
        ValueError: It is not JSON.
    """

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    if text.strip("\t\n\r ") != text.strip(_EDGES):
        raise ValueError("there is other white space around it")
    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def same(a: Any, b: Any) -> bool:
    """Return whether two values of JSON are the same: 1 is 1.0 and never true."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def json_inside(text: str) -> Iterator[Any]:
    """Yield the objects in a text: what stands between matching braces and reads as YAML, as promptfoo finds them."""
    at, tried = text.find("{"), 0
    while at >= 0 and tried < _MAX_TRIED:
        end, last = _closing(text, at)
        tried += last - at
        found = _flow(text[at:end]) if end else _flow(text[at:last] + "}" * _open(text[at:last]))
        if isinstance(found, dict | list):
            yield found
            at = (end or last) - 1
        at = text.find("{", at + 1)


def _closing(text: str, at: int) -> tuple[int, int]:
    """Return where the brace opened at ``at`` is closed (0 if nowhere), and how far was looked."""
    depth, most = 0, min(len(text), at + _MAX_INSIDE)
    for position in range(at, most):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return position + 1, position + 1
    return 0, most


def _open(text: str) -> int:
    return text.count("{") - text.count("}")


def _flow(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return load_yaml(text).data if len(text) < 50_000 else None
    except (BadInput, RecursionError):
        return None


def is_xml(text: str, elements: list[str] | None) -> bool:
    """Return whether a text is XML from its first character on, with the elements named by path."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if not text.startswith("<"):
        return False
    try:
        root = fromstring(text.strip(), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError):
        return False
    return all(_holds([root], path.split(".")) for path in elements or ())


def _holds(level: list[Any], path: list[str]) -> bool:
    for name in path[:-1]:
        level = [child for element in level if element.tag == name for child in element]
    return any(element.tag == path[-1] for element in level)


def contains_xml(text: str, elements: list[str] | None) -> bool:
    """Return whether a stretch of a text is XML: from the first opening tag to the last closing one."""
    match = regex.search(r"<\?xml.*?>[\s\S]*</[^>]+>|\S*<[^>]+>[\s\S]*</[^>]+>", text, timeout=1.0)
    return match is not None and is_xml(match[0], elements)


def contains_html(text: str) -> bool:
    """Return whether a text shows at least two signs of HTML."""
    signs = int(_OPENING.search(text, timeout=1.0) is not None) + int(
        _CLOSING.search(text, timeout=1.0) is not None
    )
    signs += sum(weight for sign, weight in _HTML_SIGNS if regex.search(sign, text, timeout=1.0))
    return signs >= 2


def is_html(text: str) -> bool:
    """Return whether a browser would find an element of HTML in a text, and no text outside of elements."""
    import html5lib

    low = text.strip(_EDGES).lower()
    if not low or low.startswith("<?xml") or len(low) > 100_000 or low.count("<") > 10_000:
        return False
    document = html5lib.parse(text.strip(_EDGES), namespaceHTMLElements=False)
    body = document.find("body")
    if body is not None and "<body" not in low:
        loose = [body.text, *(child.tail for child in body)]
        if any(part and part.strip(_EDGES) for part in loose):
            return False
    implied = ("html", "head", "body")
    names = (str(element.tag).lower() for element in document.iter() if isinstance(element.tag, str))
    return any((n in _HTML_NAMES or "-" in n) and (n not in implied or f"<{n}" in low) for n in names)


def edits(a: str, b: str) -> int:
    """Return how many UTF-16 units are put in, left out or replaced between two texts."""
    return Levenshtein.distance(_units(a), _units(b))


def _units(text: str) -> Any:
    return text if text.isascii() else list(memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))


def count_words(text: str) -> int:
    """Return how many stretches without white space there are."""
    return len([word for word in _SPACE.split(text) if word])


def _split(text: str) -> list[str]:
    return _SPACE.split(text.lower().strip(_EDGES))


def _ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu(output: str, references: list[str]) -> float:
    """promptfoo's BLEU: words by spaces, lower case, 1e-7 for what is never found, the best reference for each n."""
    if not output:
        raise ValueError("the output is empty, of which promptfoo has no BLEU")
    words, others = _split(output), [_split(text) for text in references]
    closest = min(map(len, others), key=lambda length: abs(length - len(words)))
    total = 0.0
    for n in range(1, 5):
        grams = _ngrams(words, n)
        clipped = max((grams & _ngrams(other, n)).total() for other in others)
        precision = clipped / grams.total() if grams else 0.0
        total += 0.25 * math.log(precision or 1e-7)
    penalty = 1.0 if len(words) > closest else math.exp(1 - len(words) / closest)
    return penalty * math.exp(total)


def gleu(output: str, references: list[str]) -> float:
    """promptfoo's GLEU: the lesser of precision and recall over runs of 1 to 4 words, without final full stops."""
    if not output:
        raise ValueError("the output is empty, of which promptfoo has no GLEU")
    words = [re.sub(r"\.+\Z", "", word) for word in _split(output)]
    return max(_gleu(words, [re.sub(r"\.+\Z", "", w) for w in _split(text)]) for text in references)


def _gleu(words: list[str], other: list[str]) -> float:
    if words == other:
        return 1.0
    pairs = [(_ngrams(words, n), _ngrams(other, n)) for n in range(1, 5)]
    matched = sum((a & b).total() for a, b in pairs)
    sizes = sum(a.total() for a, _ in pairs), sum(b.total() for _, b in pairs)
    return matched / max(sizes) if min(sizes) else 0.0


def rouge_1(output: str, references: list[str]) -> float:
    """promptfoo's ``rouge-n``: F1 of single tokens as the Penn Treebank cuts them, upper and lower case apart."""
    from nltk.tokenize.treebank import TreebankWordTokenizer

    if not output.strip(_EDGES) or not references[0].strip(_EDGES):
        raise ValueError("a text is empty, of which promptfoo has no ROUGE")
    cut = TreebankWordTokenizer().tokenize
    ours, theirs = Counter(cut(output)), Counter(cut(references[0]))
    matched = (ours & theirs).total()
    return 2 * matched / (ours.total() + theirs.total()) if matched else 0.0
