"""Datasets as files for others: native rows, or chats to fine-tune a model on, without any test case."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import DatasetError, TemplateError
from workbench.evals.datasets.nearness import MAX_CHARACTERS, MAX_TEXTS, NearIndex, case_text
from workbench.evals.datasets.splits import splitter
from workbench.evals.types import Case
from workbench.files import canonical_json
from workbench.prompts.content import Prompt
from workbench.prompts.templates import Renderer

#: The split that must never be trained on.
TEST = "test"


@dataclass
class ExportReport:
    """What was written and what was left out, by the reason; ``near_test`` pairs a left-out id with the test case's."""

    written: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    near_test: list[tuple[str, str]] = field(default_factory=list)

    def leave_out(self, reason: str) -> None:
        """Count one more case that was not written."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "written": self.written,
            "left_out": dict(self.left_out),
            "near_test": [{"id": a, "test_id": b} for a, b in self.near_test],
        }


def case_row(case: Case) -> dict[str, Any]:
    """Return a case as a row of a native file; what is empty is left out."""
    row: dict[str, Any] = {"id": case.id, "vars": case.vars}
    if case.expected is not None:
        row["expected"] = case.expected
    if case.metadata:
        row["metadata"] = case.metadata
    if case.scorers:
        row["scorers"] = [spec.to_dict() for spec in case.scorers]
    return row


def finetune_lines(
    opener: Callable[[], Iterable[Case]],
    prompt: Prompt,
    *,
    split: str = "train",
    shares: Mapping[str, float],
    seed: int,
    report: ExportReport,
    stratify: str | None = None,
) -> Iterator[str]:
    """Yield ``{"messages": […]}`` lines: a case's rendered prompt, and its expected answer as the assistant's.

    A case of the test split is never written, nor one whose text is like one of a test case, whatever its split.

    Args:
        opener: Opens the whole dataset anew at each call.
        prompt: The prompt whose messages are trained on.
        split: The split to write.
        shares: The shares of the splits.
        seed: The seed of the splits.
        report: Counts what is written and left out.
        stratify: The metadata field that the splits are stratified by.

    Raises:
        DatasetError: The test split was asked for, or has too many cases to hold others against.
    """
    if split == TEST:
        raise DatasetError(
            "The test split cannot be trained on", hint="export train or dev, or give the cases another split"
        )
    index = _test_index(opener(), splitter(shares, seed, stratify))
    split_of = splitter(shares, seed, stratify)
    with Renderer() as renderer:
        for case in opener():
            name = split_of(case)
            if name != split:
                report.leave_out(f"in the split {name}")
                continue
            if case.expected is None:
                report.leave_out("no expected answer")
                continue
            like = index.like(case_text(case))
            if like is not None:
                report.leave_out("nearly a test case")
                report.near_test.append((case.id, like))
                continue
            try:
                messages = list(renderer.render(prompt, case.vars))
            except TemplateError:
                report.leave_out("does not fit the prompt")
                continue
            report.written += 1
            answer = {"role": "assistant", "content": _answer(case.expected)}
            yield json.dumps({"messages": [*messages, answer]}, ensure_ascii=False)


def _test_index(cases: Iterable[Case], split_of: Callable[[Case], str]) -> NearIndex:
    ids: list[str] = []
    texts: list[str] = []
    size = 0
    for case in cases:
        if split_of(case) == TEST:
            ids.append(case.id)
            texts.append(case_text(case))
            size += len(texts[-1])
            if len(ids) > MAX_TEXTS or size > MAX_CHARACTERS:
                raise DatasetError(
                    f"The test split has more than {MAX_TEXTS:,} cases, too many to hold all others against",
                    hint="make it smaller with other shares",
                )
    return NearIndex(ids, texts)


def _answer(expected: Any) -> str:
    if isinstance(expected, list) and expected and all(isinstance(item, str) for item in expected):
        # Any of several is right; the first is the one that people write first.
        return expected[0]
    return expected if isinstance(expected, str) else canonical_json(expected)
