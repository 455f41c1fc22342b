"""Scorers of markup: YAML, XML and HTML. Nothing is fetched, no entity is expanded, and depth and time are bounded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field

from workbench.errors import BadInput
from workbench.evals.scorers.blocks import (
    Deadline,
    Fences,
    Inside,
    candidates,
    first_right,
    xml_elements,
)
from workbench.evals.scorers.json_schema import check_schema, first_fault
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.types import ScoringInput
from workbench.files import load_yaml

MAX_YAML = 50_000
MAX_XML = 1_000_000
MAX_HTML = 100_000
#: Open elements at a time: browsers stop at 512.
MAX_HTML_DEPTH = 256


def _verdict(fault: str | None, what: str) -> Outcome:
    if fault is None:
        return Outcome(1.0, True)
    return Outcome(0.0, False, f"it holds no {what}" if fault == "nothing" else fault)


def _bounded(text: str, limit: int) -> None:
    if len(text) > limit:
        raise ScoringError(f"the text has over {limit} characters")


@scorer("yaml", file_params=("schema",))
@dataclass(frozen=True)
class Yaml:
    """The output is a YAML mapping or list, by the rules of YAML 1.2; on demand it also fits a JSON Schema.

    Plain text is YAML too, but fails here: it says nothing about an answer. Tags, keys given twice and nesting over
    60 deep are refused.
    """

    schema: Annotated[
        dict[str, Any] | None,
        Field(description="A JSON Schema that it must fit: in place, or the path of a JSON or YAML file"),
    ] = None
    fences: Fences = False
    inside: Inside = False

    def __post_init__(self) -> None:
        if self.schema is not None:
            check_schema(self.schema)

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_YAML)
        found = candidates(cell.output, ("yaml", "yml"), fences=self.fences, inside=self.inside)
        return _verdict(first_right(found, self._fault), "YAML")

    def _fault(self, text: str) -> str | None:
        try:
            data = load_yaml(text).data
        except BadInput as problem:
            return f"it is not YAML ({str(problem)[:200]})"
        if not isinstance(data, dict | list):
            return "it is not a YAML mapping or list"
        fault = first_fault(self.schema, data) if self.schema is not None else None
        return f"it does not fit the schema: {fault}" if fault else None


@scorer("xml")
@dataclass(frozen=True)
class Xml:
    """The output is one well-formed XML document; on demand certain elements must be in it.

    A document type definition is refused, since entities can blow up or read files. ``elements`` are paths of
    names from the root on, such as ``order.item.price``; namespaces do not count.
    """

    elements: Annotated[
        list[str] | None, Field(description="Elements that must be there, as order.item.price")
    ] = None
    fences: Fences = False
    inside: Inside = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_XML)
        found = candidates(cell.output, ("xml",), fences=self.fences, inside=self.inside)
        if self.inside:
            found = [element for text in found for element in xml_elements(text)]
        deadline = Deadline()

        def fault(text: str) -> str | None:
            deadline.check()
            return self._fault(text)

        return _verdict(first_right(found, fault), "XML")

    def _fault(self, text: str) -> str | None:
        from xml.etree.ElementTree import ParseError

        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            root = fromstring(text.strip(), forbid_dtd=True)
        except DefusedXmlException:
            return "it has a document type definition, which is refused"
        except (ParseError, ValueError) as problem:
            return f"it is not XML ({str(problem)[:100]})"
        lacking = [path for path in self.elements or () if not _holds([root], path.split("."))]
        return f"it has no {', '.join(lacking[:5])}" if lacking else None


def _holds(elements: list[Any], path: list[str]) -> bool:
    for name in path:
        named = [element for element in elements if _local(element.tag) == name]
        if not named:
            return False
        elements = [child for element in named for child in element]
    return True


def _local(tag: Any) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


@scorer("html")
@dataclass(frozen=True)
class Html:
    """The output is HTML: it has elements, and by ``strict`` no parse error of the HTML standard.

    ``document`` asks for a whole page that begins with its doctype, ``fragment`` for a part of one; ``any`` takes
    both. With ``strict: false`` any element that HTML knows is enough, for browsers repair the rest; with ``inside``
    it may then stand between other text. Errors are those of ``html5lib``; elements more than 256 deep are refused.
    """

    kind: Annotated[
        Literal["any", "document", "fragment"], Field(description="A whole page, a part, or either")
    ] = "any"
    strict: Annotated[bool, Field(description="Fail on any parse error of the HTML standard")] = True
    fences: Fences = False
    inside: Inside = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Parse each candidate until one is right."""
        _bounded(cell.output, MAX_HTML)
        found = candidates(cell.output, ("html",), fences=self.fences, inside=self.inside)
        return _verdict(first_right(found, self._fault), "HTML")

    def _fault(self, text: str) -> str | None:
        page = text.lstrip()[:14].lower().startswith(("<!doctype", "<html"))
        if self.kind == "document" and not page:
            return "it is not a whole HTML page"
        if self.kind == "fragment" and page:
            return "it is a whole HTML page, not a part of one"
        parser = _parser()()
        try:
            root = parser.parse(text) if page else parser.parseFragment(text)
        except _TooDeep:
            return f"its elements are nested more than {MAX_HTML_DEPTH} deep"
        if not any(element.tag in _ELEMENTS for element in root.iter()):
            return "it has no HTML element"
        if not (page or self.inside) and any(map(_filled, (root.text, *(child.tail for child in root)))):
            return "there is text outside its elements"
        if self.strict and parser.errors:
            (line, _), code, _ = parser.errors[0]
            return f"line {line}: {code.replace('-', ' ')}"
        return None


class _TooDeep(Exception):
    """More open elements than any page needs."""


@lru_cache(maxsize=1)
def _parser() -> Any:
    import html5lib

    class Bounded(html5lib.HTMLParser):  # type: ignore[misc]
        """A parser that stops at a depth and a time: it asks for its phase at each token."""

        def __init__(self) -> None:
            self._deadline = Deadline()
            super().__init__(namespaceHTMLElements=False)

        @property
        def phase(self) -> Any:
            self._deadline.check()
            if len(self.tree.openElements) > MAX_HTML_DEPTH:
                raise _TooDeep
            return self._phase

        @phase.setter
        def phase(self, phase: Any) -> None:
            self._phase = phase

    return Bounded


def _filled(text: str | None) -> bool:
    return bool(text and text.strip())


_ELEMENTS = frozenset(
    "a abbr address article aside audio b blockquote body br button canvas caption cite code col colgroup data "  # noqa: SIM905
    "datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html i iframe img input ins kbd label legend li link main map mark menu meta meter nav "
    "noscript object ol optgroup option output p picture pre progress q rp rt ruby s samp script search section "
    "select slot small source span strong style sub summary sup svg math table tbody td template textarea tfoot th "
    "thead time title tr track u ul var video wbr".split()
)
