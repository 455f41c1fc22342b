"""Scorers as promptfoo's assertions, where they mean the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Note = Callable[[str], None]
_LISTS = {"contains": ("contains", "contains-any"), "icontains": ("icontains", "icontains-any")}
_ALLS = {"contains_all": ("contains-all", "icontains-all"), "contains_any": ("contains-any", "icontains-any")}
_JUDGED = {"answer_relevance": "answer-relevance", "faithfulness": "context-faithfulness"}
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")


class NoCounterpart(Exception):
    """promptfoo has no assertion that means the same; the message says why."""


def assertion_of(entry: dict[str, Any], expected: Any, note: Note) -> list[dict[str, Any]]:
    """Return the assertions that a scorer's entry stands for on a case.

    Args:
        entry: The entry, written out.
        expected: What the case expects.
        note: Is told what may come out otherwise.

    Raises:
        NoCounterpart: There is none.
    """
    if entry.get("extract") is not None or entry.get("transform") or entry.get("reducer") is not None:
        raise NoCounterpart("it scores a part of the answer, or reduces repeats")
    made = _made(entry, expected, note)
    metric = entry.get("name")
    for one in made:
        if entry.get("negate"):
            one["type"] = f"not-{one['type']}"
        if metric and metric != entry["type"]:
            one["metric"] = metric
        if entry.get("weight", 1) != 1:
            one["weight"] = entry["weight"]
        if isinstance(entry.get("judge"), str | dict):
            one["provider"] = {"id": entry["judge"]} if isinstance(entry["judge"], str) else entry["judge"]
    return made


def _made(entry: dict[str, Any], expected: Any, note: Note) -> list[dict[str, Any]]:
    kind, folded = entry["type"], bool(entry.get("ignore_case"))
    if kind == "promptfoo":
        return [_own(entry)]
    if kind in ("exact", "starts_with"):
        if folded:
            raise NoCounterpart("it ignores upper and lower case")
        if entry.get("strip", True):
            note(f"`{kind}` leaves out white space at the ends here, and promptfoo does not")
        texts = _texts(entry.get("value"), expected)
        if len(texts) > 1:
            raise NoCounterpart("it takes any of several texts")
        return [{"type": "equals" if kind == "exact" else "starts-with", "value": texts[0]}]
    if kind in _LISTS:
        texts = _texts(entry.get("value"), expected)
        one, several = _LISTS["icontains" if folded else kind]
        return [{"type": one, "value": texts[0]} if len(texts) == 1 else {"type": several, "value": texts}]
    if kind in _ALLS:
        if entry.get("partial") or entry.get("at_least", 1) != 1:
            raise NoCounterpart("it counts how many texts are there")
        return [{"type": _ALLS[kind][folded], "value": _texts(entry.get("value"), expected)}]
    if kind == "ends_with":
        texts = _texts(entry.get("value"), expected)
        if folded:
            raise NoCounterpart("it ignores upper and lower case")
        endings = "|".join(map(javascript_literal, texts))
        return [{"type": "regex", "value": f"(?:{endings})$"}]
    if kind == "regex":
        if folded or entry.get("mode") == "full":
            raise NoCounterpart("its pattern ignores case or must match all of the answer")
        note("patterns are read by JavaScript in promptfoo")
        return [{"type": "regex", "value": entry["pattern"]}]
    if kind in ("json", "json_schema"):
        if entry.get("fields") is not None or entry.get("fences"):
            raise NoCounterpart("it compares fields, or looks into code blocks")
        found = {"type": "contains-json" if entry.get("inside") else "is-json"}
        return [{**found, "value": entry["schema"]} if entry.get("schema") else found]
    if kind == "all":
        parts = [a for part in entry["of"] for a in assertion_of(part, expected, note)]
        return [{"type": "assert-set", **_threshold(entry), "assert": parts}]
    return [_measured(entry, expected, note)]


def _measured(entry: dict[str, Any], expected: Any, note: Note) -> dict[str, Any]:
    kind = entry["type"]
    limit = entry.get("max", entry.get("threshold"))
    if kind in ("latency", "cost") and limit is not None and entry.get("until", "end") == "end":
        return {"type": kind, "threshold": limit * 1000 if kind == "latency" else limit}
    if kind == "levenshtein" and entry.get("max") is not None:
        return {"type": kind, "value": _texts(entry.get("value"), expected)[0], "threshold": entry["max"]}
    if kind == "word_count":
        note("`word_count` counts words as readers see them here, and what spaces divide in promptfoo")
        exact = entry.get("exact")
        bounds = {k: entry[k] for k in ("min", "max") if entry.get(k) is not None}
        return {"type": "word-count", "value": bounds if exact is None else exact}
    if kind == "finish_reason":
        return {"type": "finish-reason", "value": _texts(entry.get("value"), expected)[0]}
    if kind == "refusal":
        note("`refusal` knows other phrases here than `is-refusal` in promptfoo")
        return {"type": "is-refusal"}
    if kind == "similar":
        return {"type": "similar", "value": _texts(entry.get("value"), expected), **_threshold(entry)}
    if kind in ("rubric", "criteria"):
        note("judges are asked with promptfoo's own prompt there, so single verdicts may differ")
        text = entry["rubric"] if kind == "rubric" else "\n".join(entry["criteria"])
        return {"type": "llm-rubric", "value": text, **_threshold(entry)}
    if kind == "llm_rubric":
        if entry.get("judge_prompt"):
            note("the prompts of judges are not written: promptfoo asks with its own")
        least = {"threshold": entry["least"]} if entry.get("least") is not None else {}
        return {"type": "llm-rubric", "value": entry["rubric"], **least}
    if kind == "context_recall" and entry.get("context", "context") == "context":
        return {"type": "context-recall", "value": _texts(None, expected)[0], **_threshold(entry)}
    if kind == "select_best":
        return {
            "type": "select-best",
            "value": entry.get("question") or "the more correct, complete and useful answer",
        }
    if kind == "perplexity":
        measure = "perplexity" if entry.get("max") is not None else "perplexity-score"
        limit = entry.get("max", entry.get("threshold"))
        return {"type": measure, **({"threshold": limit} if limit is not None else {})}
    if kind == "tool_calls" and entry.get("partial") and entry.get("arguments") == "any":
        names = entry.get("value") if entry.get("value") is not None else expected
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise NoCounterpart("it looks at the arguments of calls")
        return {"type": "tool-call-f1", "value": names, "threshold": entry.get("threshold", 1.0)}
    if kind in _JUDGED:
        return {"type": _JUDGED[kind], **_threshold(entry)}
    raise NoCounterpart("promptfoo has no assertion that means the same")


def _own(entry: dict[str, Any]) -> dict[str, Any]:
    found = {"type": entry["assertion"]}
    if entry.get("value") is not None:
        found["value"] = entry["value"]
    if entry["assertion"] == "levenshtein":
        found["threshold"] = entry.get("limit", 5)
    return {**found, **_threshold(entry)}


def _threshold(entry: dict[str, Any]) -> dict[str, Any]:
    return {"threshold": entry["threshold"]} if entry.get("threshold") is not None else {}


def javascript_literal(text: str) -> str:
    """Return a pattern of JavaScript's that matches a text."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _texts(value: Any, expected: Any) -> list[str]:
    """Return the texts that a scorer compares with."""
    value = expected if value is None else value
    if value is None:
        raise NoCounterpart("a case has nothing expected")
    items = value if isinstance(value, list) else [value]
    if not items:
        raise NoCounterpart("a case expects nothing")
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]
