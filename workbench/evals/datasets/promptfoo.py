"""promptfoo's CSV conventions: columns that begin with ``__`` are not variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workbench.errors import DatasetError

_COLUMN = re.compile(r"__(expected\d*|description|prefix|suffix|metric|threshold|metadata:.+|config:.+)$")
#: promptfoo's assertion → our scorer, where they mean the same.
_SCORERS = {"equals": "exact", "contains": "contains", "icontains": "icontains", "starts-with": "starts_with"}
#: The types that a cell may begin with, in promptfoo's order, of which the first that fits is meant.
_TYPES = (
    "answer-relevance", "bleu", "classifier", "contains", "contains-all", "contains-any", "contains-html",
    "contains-json", "contains-sql", "contains-xml", "context-faithfulness", "context-recall", "context-relevance",
    "conversation-relevance", "cost", "equals", "factuality", "finish-reason", "g-eval", "gleu", "guardrails",
    "icontains", "icontains-all", "icontains-any", "is-html", "is-json", "is-refusal", "is-sql",
    "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-xml", "javascript",
    "latency", "levenshtein", "llm-rubric", "pi", "meteor", "model-graded-closedqa", "model-graded-factuality",
    "moderation", "perplexity", "perplexity-score", "python", "regex", "rouge-n", "ruby", "similar", "starts-with",
    "tool-call-f1", "skill-used", "trajectory:goal-success", "trajectory:tool-args-match", "trajectory:step-count",
    "trajectory:tool-sequence", "trajectory:tool-used", "trace-error-spans", "trace-span-count",
    "trace-span-duration", "search-rubric", "webhook", "word-count",
)  # fmt: skip
_ASSERTION = re.compile(
    rf"(?P<not>not-)?(?P<type>{'|'.join(_TYPES)})(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::(?P<value>.*))?\Z",
    re.DOTALL,
)
_CODE = {"javascript:": "javascript", "fn:": "javascript", "eval:": "javascript", "python:": "python"}
_CODE_FILE = re.compile(r"file://.*\.(?P<suffix>js|cjs|mjs|ts|cts|mts|py)(?::\w+)?\Z", re.DOTALL)
#: Types that take the number in brackets, with what promptfoo's CSV takes where there is none.
_THRESHOLDS = {"similar": 0.8} | dict.fromkeys(
    ("answer-relevance", "classifier", "context-faithfulness", "context-recall", "context-relevance", "cost",
     "latency", "levenshtein", "perplexity-score", "perplexity", "rouge-n", "starts-with"), 0.75
)  # fmt: skip
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_JSON = ("contains-json", "is-json")
_CONFIG = re.compile(r"config:__expected(\d*):threshold\Z")


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

    An ``__expected`` cell is ``type:value`` or ``type(threshold):value`` with a known type, or else ``equals``. A
    column of two underscores without a meaning is a variable, as in promptfoo.

    Raises:
        DatasetError: A ``__config:`` column sets something else than the threshold of an ``__expected`` column.
    """
    test: dict[str, Any] = {"vars": {}, "assert": [], "metadata": {}, "options": {}}
    thresholds: dict[int, float] = {}
    for name, value in ((str(name).strip(), value) for name, value in row.items()):
        key = name.removeprefix("__") if name.startswith("__") else ""
        if key.startswith("expected"):
            if value.strip():
                test["assert"].append(_assertion(value.strip()))
        elif key.startswith("metadata:"):
            _set_metadata(test["metadata"], key.removeprefix("metadata:"), value)
        elif key.startswith("config:"):
            thresholds.update(_config(key, value))
        elif key in ("prefix", "suffix"):
            test["options"][key] = value
        elif key in ("description", "metric", "providerOutput"):
            test.update({key: value} if value else {})
        elif key == "threshold":
            test.update({key: float(value)} if _number(value) and float(value) else {})
        elif key != "metadata":
            test["vars"][name] = value
    for index, assertion in enumerate(test["assert"]):
        if "metric" in test:
            assertion["metric"] = test["metric"]
        if index in thresholds:
            assertion["threshold"] = thresholds[index]
    return test


def _set_metadata(metadata: dict[str, Any], field: str, value: str) -> None:
    """promptfoo writes ``__metadata:tags[]`` for a list, and ``\\,`` for a comma in one."""
    if not value.strip():
        return
    if field.endswith("[]"):
        parts = re.split(r"(?<!\\),", value)
        metadata[field.removesuffix("[]")] = [part.strip().replace("\\,", ",") for part in parts]
    else:
        metadata[field] = value


def _config(key: str, value: str) -> dict[int, float]:
    match = _CONFIG.fullmatch(key)
    if match is None or not _number(value):
        raise DatasetError(
            f'The column "__{key}" sets no threshold of an expectation',
            hint="promptfoo knows `__config:__expected1:threshold`, with a number",
        )
    return {int(match[1] or 1) - 1: float(value)}


def _assertion(text: str) -> dict[str, Any]:
    """Return what a cell of ``__expected`` asks for."""
    code = next((mark for mark in _CODE if text.startswith(mark)), None)
    if code:
        return {"type": _CODE[code], "value": text.removeprefix(code).strip()}
    file = _CODE_FILE.match(text)
    if file:
        return {"type": "python" if file["suffix"] == "py" else "javascript", "value": text}
    for mark in ("grade:", "llm-rubric:"):
        if text.startswith(mark):
            return {"type": "llm-rubric", "value": text.removeprefix(mark)}
    match = _ASSERTION.match(text)
    if match is None:
        return {"type": "equals", "value": text}
    kind, value = match["type"], match["value"]
    found: dict[str, Any] = {"type": f"not-{kind}" if match["not"] else kind}
    if value is not None:
        listed = kind in _LISTS and value
        found["value"] = (
            [part.strip() for part in value.split(",")]
            if listed
            else value
            if kind in _JSON
            else value.strip()
        )
    if kind in _THRESHOLDS:
        found["threshold"] = float(match["threshold"]) if match["threshold"] else _THRESHOLDS[kind]
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
    own = {name: value for name, value in row.items() if name.startswith("__")}
    check_names(own)
    test = promptfoo_row(own)
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
