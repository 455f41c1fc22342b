"""Assertions that a model judges, as judges here that ask the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workbench.formats.promptfoo.findings import Findings, Place
from workbench.formats.promptfoo.folder import Folder
from workbench.formats.promptfoo.prompts import ConfigPrompt, PromptReader
from workbench.formats.promptfoo.rows import ConfigTest

JUDGED = frozenset(
    {
        "llm-rubric", "model-graded-closedqa", "factuality", "model-graded-factuality", "g-eval", "answer-relevance",
        "context-faithfulness", "context-recall", "context-relevance", "conversation-relevance", "select-best",
        "similar", "similar:cosine",
    }
)  # fmt: skip
#: What promptfoo judges and measures similarity with where a config names nothing and OpenAI's key is set.
DEFAULT_JUDGE = "openai/gpt-4.1-2025-04-14"
DEFAULT_EMBEDDER = "openai/text-embedding-3-large"
#: What differs from a judge that is asked by promptfoo itself.
_DIFFERENCES = {
    "llm-rubric": "is judged with a prompt in other words, so single verdicts may differ",
    "answer-relevance": "is the share of the answer's statements that help here, and the likeness of questions there",
    "context-relevance": "is graded from 0 to 1 here, and counted by sentences in promptfoo",
    "select-best": "passes the best answer and has no weight, so the others fail it and keep their `overall`",
}
_FACTUALITY = (
    ("agree", "the same facts as the reference", 1.0),
    ("differButFactual", "differences from the reference that do not matter to the facts", 1.0),
    ("subset", "a subset of the reference's facts, consistent with it", 1.0),
    ("superset", "a superset of the reference's facts, consistent with it", 1.0),
    ("disagree", "facts that disagree with the reference", 0.0),
)
Grader = Callable[..., dict[str, Any] | None]


class NotHonoured(Exception):
    """An assertion has no counterpart here; the message says why."""


@dataclass
class Judges:
    """Makes judges of assertions, and remembers which of them name no model.

    ``grader`` returns a model's entry for what a config names as provider, by what it is to do; ``answers`` is how
    many answers there are to each test, ``taken`` the names of the config's prompts.
    """

    folder: Folder
    findings: Findings
    grader: Grader
    reader: PromptReader
    answers: int
    taken: list[str] = field(default_factory=list)
    nameless: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    prompts: dict[str, ConfigPrompt | None] = field(default_factory=dict)

    def entry(
        self, base: str, item: dict[str, Any], value: Any, test: ConfigTest, place: Place
    ) -> dict[str, Any]:
        """Return the judge that stands for an assertion.

        Args:
            base: Its type without ``not-``.
            item: The assertion.
            value: Its value, filled in.
            test: The test it stands in.
            place: Where it stands.

        Raises:
            NotHonoured: It lacks what the judge needs.
        """
        if item.get("contextTransform"):
            raise NotHonoured("its `contextTransform` is code, which is not run")
        if base.startswith("similar"):
            return self._similar(base, item, value, test, place)
        said = _DIFFERENCES.get(
            base, "is judged with the prompt that judges have here, so single verdicts may differ"
        )
        entry = self._question(base, item, value, test, place)
        if "judge_prompt" not in entry:
            self.findings.difference(f"`{base}` {said}", place)
        named = item.get("provider") or test.options.get("provider") or test.options.get("grader")
        judge = self.grader(named, "text")
        if judge is None:
            self.nameless.setdefault("judge", []).append((base, place))
            return entry
        if "of" in entry:
            return {**entry, "of": [{**part, "judge": judge} for part in entry["of"]]}
        return {**entry, "judge": judge}

    def note_nameless(self) -> None:
        """Say once what judges and measures where the config does not, before anything is spent."""
        texts = {"judge": ("judge", DEFAULT_JUDGE, "judges", "`--judge MODEL` names another")}
        texts["embedder"] = (
            "embedding model", DEFAULT_EMBEDDER, "measures",
            "`defaultTest: {options: {provider: {embedding: …}}}` names another",
        )  # fmt: skip
        for kind, found in self.nameless.items():
            what, model, does, how = texts[kind]
            base, place = found[0]
            more = f" and {len(found) - 1} more assertions name" if len(found) > 1 else " names"
            self.findings.difference(
                f"`{base}`{more} no {what}: {model} {does}, as in promptfoo; {how}", place
            )

    def _similar(
        self, base: str, item: dict[str, Any], value: Any, test: ConfigTest, place: Place
    ) -> dict[str, Any]:
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise NotHonoured("its `value` is neither a text nor a list of texts")
        named = item.get("provider") or test.options.get("provider")
        wanted = isinstance(named, dict) or item.get("provider") or "embedding" in str(named)
        embedder = self.grader(named, "embedding") if wanted else None
        if embedder is None:
            self.nameless.setdefault("embedder", []).append((base, place))
        threshold = item.get("threshold")
        return {"type": "similar", "value": texts, "embedder": embedder or {"id": DEFAULT_EMBEDDER},
                "threshold": 0.75 if threshold is None else _share(threshold)}  # fmt: skip

    def _question(
        self, base: str, item: dict[str, Any], value: Any, test: ConfigTest, place: Place
    ) -> dict[str, Any]:
        own = item.get("rubricPrompt") or test.options.get("rubricPrompt")
        if base == "llm-rubric":
            least = {"least": _share(item["threshold"])} if item.get("threshold") is not None else {}
            prompt = {"judge_prompt": self._rubric_prompt(own, test, place)} if own else {}
            return {"type": "llm_rubric", "rubric": _text(value or own), **least, **prompt}
        if own:
            self.findings.difference(f"`rubricPrompt` is not used by `{base}`, only by `llm-rubric`", place)
        if base == "select-best":
            if self.answers < 2:
                raise NotHonoured("there is only one answer to each test")
            return {"type": "select_best", "question": _text(value), "threshold": 1}
        return _asked(base, value, test, item.get("threshold"))

    def _rubric_prompt(self, value: Any, test: ConfigTest, place: Place) -> str:
        """Return the name of the prompt that a ``rubricPrompt`` became; equal ones are one prompt."""
        if isinstance(value, str) and value.startswith("file://"):
            (path,) = self.folder.find(value)
            data = path.suffix.lower() in (".json", ".yaml", ".yml")
            value = self.folder.data(path).data if data else self.folder.text(path)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text not in self.prompts:
            taken = [*self.taken, *(made.prompt.name for made in self.prompts.values() if made)]
            self.prompts[text] = self.reader.judge_prompt(text, "rubricPrompt", taken, place)
        made = self.prompts[text]
        if made is None:
            raise NotHonoured("its `rubricPrompt` cannot be used")
        missing = [n for n in made.names if n not in ("output", "rubric") and test.vars.get(n) is None]
        if missing:
            raise NotHonoured(f"its `rubricPrompt` names `{missing[0]}`, which the test lacks")
        return made.prompt.name


def _asked(base: str, value: Any, test: ConfigTest, threshold: Any) -> dict[str, Any]:
    if base == "model-graded-closedqa":
        return {"type": "criteria", "criteria": [_text(value)]}
    if base == "g-eval":
        limit = 0.7 if threshold is None else _share(threshold)
        parts = [
            {"type": "rubric", "rubric": _text(one), "scale": [0, 10]}
            for one in (value if isinstance(value, list) else [value])
        ]
        if not parts:
            raise NotHonoured("it has no `value` to judge by")
        return (
            {"type": "all", "of": parts, "threshold": limit}
            if len(parts) > 1
            else {**parts[0], "threshold": limit}
        )
    if base in ("factuality", "model-graded-factuality"):
        return _factuality(_text(value), test)
    limit = {"threshold": 0.0 if threshold is None else _share(threshold)}
    if base == "answer-relevance":
        return {"type": "answer_relevance", **limit}
    if base == "conversation-relevance":
        if test.values.get("_conversation"):
            raise NotHonoured("it judges the turns in `_conversation`, and here the answer is judged")
        criterion = "The answer is relevant to the conversation before it, its last message above all."
        return {"type": "criteria", "criteria": [criterion], **limit}
    if "context" not in test.values:
        raise NotHonoured("the test has no variable `context`")
    if base == "context-recall":
        return {"type": "context_recall", **limit, "_expected": _text(value)}
    if base == "context-faithfulness":
        return {"type": "faithfulness", **limit}
    if not isinstance(test.values.get("query"), str):
        raise NotHonoured("the test has no variable `query`, which promptfoo asks for")
    rubric = (
        "Grade the `context` that was given with the question, and not the answer: the score is the share of its "
        "sentences that are needed to answer the `query`. It is 0 if the query cannot be answered from the context."
    )
    return {"type": "rubric", "rubric": rubric, "scale": [0, 1], **limit}


def _factuality(reference: str, test: ConfigTest) -> dict[str, Any]:
    """Any class that is worth something passes, as in promptfoo."""
    given = test.options.get("factuality")
    worth = given if isinstance(given, dict) else {}
    choices = {words: _share(worth.get(name, value)) for name, words, value in _FACTUALITY}
    question = f"How do the facts of the answer relate to this reference?\n\n{reference}"
    entry = {"type": "classify", "question": question, "choices": choices}
    least = min((value for value in choices.values() if value > 0), default=1.0)
    return entry if least == 1 else {**entry, "threshold": least}


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        raise NotHonoured("it has no `value` to judge by")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise NotHonoured("its `threshold` is no number from 0 to 1")
    return float(value)
