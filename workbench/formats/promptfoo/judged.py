"""Assertions that a model judges, as judges here that ask the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from workbench.formats.promptfoo.tests import ConfigTest

JUDGED = frozenset(
    {
        "llm-rubric", "model-graded-closedqa", "factuality", "model-graded-factuality", "g-eval", "answer-relevance",
        "context-faithfulness", "context-recall", "similar", "similar:cosine",
    }
)  # fmt: skip
#: What promptfoo measures similarity with where a config names nothing.
DEFAULT_EMBEDDER = "openai/text-embedding-3-large"
_FACTUALITY = {
    "the same facts, or differences that do not matter": 1.0,
    "a subset of the reference's facts, consistent with it": 1.0,
    "a superset of the reference's facts, consistent with it": 1.0,
    "facts that disagree with the reference": 0.0,
}
Grader = Callable[..., dict[str, Any] | None]
Note = Callable[[str], None]


class NotHonoured(Exception):
    """An assertion has no counterpart here; the message says why."""


def judged_entry(
    base: str, item: dict[str, Any], value: Any, test: ConfigTest, grader: Grader, note: Note
) -> dict[str, Any]:
    """Return the judge that stands for an assertion.

    Args:
        base: Its type without ``not-``.
        item: The assertion.
        value: Its value, filled in.
        test: The test it stands in.
        grader: Returns a model's entry for what a config names as provider, by what it is to do.
        note: Is told what may come out otherwise.

    Raises:
        NotHonoured: It lacks what the judge needs.
    """
    named = item.get("provider") or test.options.get("provider") or test.options.get("grader")
    if base.startswith("similar"):
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise NotHonoured("its `value` is neither a text nor a list of texts")
        embedder = grader(named, "embedding") if isinstance(named, dict) else None
        threshold = item.get("threshold")
        return {"type": "similar", "value": texts, "embedder": embedder or {"id": DEFAULT_EMBEDDER},
                "threshold": 0.75 if threshold is None else _share(threshold)}  # fmt: skip
    note(f"`{base}` is judged with the prompt that judges have here, so single verdicts may differ")
    judge = grader(named, "text")
    entry = _question(base, item, value, test)
    return {**entry, "judge": judge} if judge else entry


def _question(base: str, item: dict[str, Any], value: Any, test: ConfigTest) -> dict[str, Any]:
    threshold = item.get("threshold")
    if base in ("llm-rubric", "model-graded-closedqa"):
        rubric = _text(value or test.options.get("rubricPrompt"))
        if threshold is not None:
            return {"type": "rubric", "rubric": rubric, "scale": [0, 1], "threshold": _share(threshold)}
        return {"type": "criteria", "criteria": [rubric]}
    if base == "g-eval":
        limit = 0.7 if threshold is None else _share(threshold)
        return {"type": "rubric", "rubric": _text(value), "scale": [0, 10], "threshold": limit}
    if base in ("factuality", "model-graded-factuality"):
        question = f"How do the facts of the answer relate to this reference?\n\n{_text(value)}"
        return {"type": "classify", "question": question, "choices": dict(_FACTUALITY)}
    limit = {"threshold": 0.0 if threshold is None else _share(threshold)}
    if base == "answer-relevance":
        return {"type": "answer_relevance", **limit}
    if "context" not in test.values:
        raise NotHonoured("the test has no variable `context`")
    return {"type": "faithfulness" if base == "context-faithfulness" else "context_recall", **limit}


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        raise NotHonoured("it has no `value` to judge by")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise NotHonoured("its `threshold` is no number from 0 to 1")
    return float(value)
