"""promptfoo's CSV conventions: columns that begin with ``__`` are not variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workbench.errors import DatasetError

_COLUMN = re.compile(r"__(expected\d*|description|prefix|suffix|metric|threshold|metadata:.+)$")
_ASSERTION = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z0-9-]*)(?:\((?P<threshold>[0-9.]+)\))?:(?P<value>.*)", re.DOTALL
)
#: promptfoo's assertion → our scorer, where they mean the same.
_SCORERS = {"equals": "exact", "contains": "contains", "icontains": "icontains", "starts-with": "starts_with"}
_TYPES = frozenset(_SCORERS) | {
    *("contains-all", "contains-any", "icontains-all", "icontains-any", "contains-json", "is-json", "regex"),
    *("similar", "llm-rubric", "factuality", "levenshtein", "rouge-n", "latency", "cost", "grade"),
    *("javascript", "python", "eval", "fn"),
}


def is_promptfoo(names: Iterable[str]) -> bool:
    """Return whether a table's header uses promptfoo's own columns beyond a plain ``__expected``."""
    return any(
        name.startswith("__") and name != "__expected" and not name.startswith("__metadata:")
        for name in names
    )


def check_names(names: Iterable[str]) -> None:
    """Refuse a header with a column of two underscores that has no meaning.

    Raises:
        DatasetError: Naming the column.
    """
    for name in names:
        if name.startswith("__") and not _COLUMN.match(name):
            raise DatasetError(
                f'The column "{name}" has no meaning here',
                line=1,
                hint="rename or remove it, or map it in `columns`",
            )


def promptfoo_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of promptfoo's CSV as one of its tests: ``{vars, assert, description, metadata, options, …}``.

    An ``__expected`` cell is ``type:value`` or ``type(threshold):value`` with a known type, or else ``equals``.

    Raises:
        DatasetError: A column that begins with ``__`` is none of promptfoo's.
    """
    test: dict[str, Any] = {"vars": {}, "assert": [], "metadata": {}, "options": {}}
    for name, value in row.items():
        if not name.startswith("__"):
            test["vars"][name] = value
            continue
        check_names([name])
        key = name[2:]
        if not str(value).strip():
            continue
        if key.startswith("expected"):
            test["assert"].append(_assertion(value))
        elif key.startswith("metadata:"):
            # promptfoo writes `__metadata:tags[]` for a list.
            field = key.removeprefix("metadata:")
            many = field.endswith("[]")
            test["metadata"][field.removesuffix("[]")] = (
                [part.strip() for part in value.split(",")] if many else value
            )
        elif key in ("prefix", "suffix"):
            test["options"][key] = value
        else:
            test[key] = float(value) if key == "threshold" and _number(value) else value
    for assertion in test["assert"]:
        if "metric" in test:
            assertion["metric"] = test["metric"]
    return test


def _assertion(text: str) -> dict[str, Any]:
    match = _ASSERTION.match(text.strip())
    if match is None or match["type"].removeprefix("not-") not in _TYPES:
        return {"type": "equals", "value": text}
    found: dict[str, Any] = {"type": match["type"], "value": match["value"].strip()}
    if match["threshold"] and _number(match["threshold"]):
        found["threshold"] = float(match["threshold"])
    return found


def _number(text: str) -> bool:
    return re.fullmatch(r"\s*\d{1,15}(\.\d{1,15})?\s*", text) is not None


def promptfoo_case(
    row: Mapping[str, str], mapped: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return a row of promptfoo's CSV as a case of ours; ``mapped`` reads the plain columns.

    Raises:
        DatasetError: It asks for something that a case here cannot say.
    """
    test = promptfoo_row({name: value for name, value in row.items() if name.startswith("__")})
    case = mapped({name: value for name, value in row.items() if not name.startswith("__")})
    refused = next((k for k in ("prefix", "suffix") if k in test["options"]), None) or (
        "threshold" if "threshold" in test else None
    )
    if refused:
        raise DatasetError(
            f'The column "__{refused}" cannot be honoured here',
            hint="write it into the prompt or the suite's scorers, and remove the column",
        )
    case["metadata"].update(test["metadata"])
    if "description" in test:
        case["metadata"]["description"] = test["description"]
    scorers = []
    for number, assertion in enumerate(test["assert"], start=1):
        kind = assertion["type"].removeprefix("not-")
        if kind not in _SCORERS:
            raise DatasetError(
                f'The assertion "{assertion["type"]}" of promptfoo is not read from a CSV file here',
                hint="write it as a scorer of the suite",
            )
        if kind == assertion["type"] == "equals" and len(test["assert"]) == 1:
            case["expected"] = assertion["value"]
            continue
        name = assertion.get("metric") or f"expected {number}"
        entry = {"type": _SCORERS[kind], "value": assertion["value"], "name": name}
        scorers.append({**entry, "negate": True} if assertion["type"].startswith("not-") else entry)
    return {**case, "scorers": scorers} if scorers else case
