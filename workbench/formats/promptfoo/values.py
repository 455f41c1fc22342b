"""The values of assertions, in the one form that the scorers here take."""

from __future__ import annotations

from typing import Any

from workbench.errors import BadInput
from workbench.files import load_yaml
from workbench.formats.promptfoo.commas import comma_separated
from workbench.formats.promptfoo.judged import NotHonoured
from workbench.formats.promptfoo.nunjucks import js_text

_TEXTS = ("contains", "icontains", "starts-with", "regex", "levenshtein", "rouge-n")
_LISTS = ("contains-any", "contains-all", "icontains-any", "icontains-all")
_REFERENCES = ("bleu", "gleu", "meteor")
_PLAIN = ("is-html", "contains-html", "is-xml", "contains-xml", "is-json", "contains-json", "equals", "word-count",
          "finish-reason")  # fmt: skip


def checked(base: str, value: Any) -> Any:
    """Return a value in the one form that the scorer takes; None where there is none.

    Raises:
        NotHonoured: promptfoo would refuse it too, or the assertion is not known.
    """
    if base in _TEXTS:
        if value in (None, "") or isinstance(value, dict | list | bool):
            raise NotHonoured("its `value` is not a text")
        return js_text(value)
    if base in _LISTS:
        items = comma_separated(value) if isinstance(value, str) else value
        if not isinstance(items, list) or not items:
            raise NotHonoured("its `value` is neither a list nor a text")
        return [js_text(item) for item in items]
    if base in _REFERENCES:
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) for item in items):
            raise NotHonoured("its `value` is neither a text nor a list of texts")
        return items
    if base in ("is-json", "contains-json"):
        return _schema(value)
    if base in ("is-xml", "contains-xml"):
        if isinstance(value, dict):
            value = value.get("requiredElements")
        items = value.split(",") if isinstance(value, str) else value or []
        return [str(item).strip() for item in items] or None
    if base == "word-count":
        return _count(value)
    if base == "finish-reason":
        if not isinstance(value, str):
            raise NotHonoured("its `value` is not a text")
        return value
    if base == "equals":
        return value if isinstance(value, dict | list) else "null" if value is None else js_text(value)
    if base not in _PLAIN:
        raise NotHonoured("there is no such assertion here")
    return None


def _schema(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        try:
            value = load_yaml(value).data
        except BadInput:
            raise NotHonoured("its schema is not YAML or JSON") from None
    if value in (None, "", {}):
        return None
    if not isinstance(value, dict):
        raise NotHonoured("its schema is not a mapping")
    return value


def _count(value: Any) -> Any:
    if isinstance(value, dict) and any(isinstance(value.get(k), int) for k in ("min", "max")):
        return {k: int(value[k]) for k in ("min", "max") if value.get(k) is not None}
    try:
        return {"min": int(value), "max": int(value)}
    except (TypeError, ValueError):
        raise NotHonoured("its `value` is neither a number nor a range") from None
