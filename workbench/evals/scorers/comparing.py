"""Judges that compare: a model is shown several answers to one case and says which is better.

They see the answers of all versions and models of one repeat, so they run when these are there, and give each answer
its share of wins as its score.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from workbench.evals.scorers.answers import Waiting
from workbench.evals.scorers.judging import (
    Judge,
    answers_of,
    as_data,
    asked_of,
    expected_of,
    settled,
)
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.replies import Unparsable, read_object, reason_of, shown
from workbench.evals.types import ScoringInput
from workbench.llm.recorded import pair_id
from workbench.llm.types import Completion, Request

Question = Annotated[
    str, Field(min_length=1, max_length=20_000, description="What to compare the answers by")
]
_BETTER = "Which answer is more correct, complete and useful to the person who asked?"
_FIRST, _SECOND, _TIE = ("a", "1", "first"), ("b", "2", "second"), ("tie", "0", "c", "both", "neither")


@dataclass(frozen=True)
class Verdict:
    """What a judge said of two answers, by their positions in the group, in the order in which it was shown them.

    ``winner`` is None for a tie and for an error; ``unparsable`` marks a reply that the policy made a tie.
    """

    first: int
    second: int
    winner: int | None
    unparsable: bool = False
    error: str | None = None

    def gain_of(self, position: int) -> float:
        """Return 1 for a win, 0.5 for a tie, 0 for a loss."""
        return 0.5 if self.winner is None else float(self.winner == position)


@dataclass(frozen=True)
class Compared:
    """One group of answers compared: an outcome or the sentence of an error for each, and the verdicts on pairs."""

    outcomes: tuple[Outcome | str, ...]
    verdicts: tuple[Verdict, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Comparing(Judge):
    """Base of judges that compare the answers of one case."""

    compares: ClassVar[bool] = True

    question: Question = _BETTER

    def score(self, cell: ScoringInput) -> Outcome:
        """Refuse: one answer alone cannot be compared."""
        raise ScoringError("this scorer compares answers, so it cannot be a part of another scorer")

    def compare(self, cells: Sequence[ScoringInput], names: Sequence[str], repeat: int) -> Compared:
        """Compare the answers of one case and repeat.

        Args:
            cells: At least two answers that did not fail, in the order of the plan.
            names: The version and model of each, by which a recorded judge is looked up.
            repeat: Which of the repeats they are of; a recorded judge is looked up by it.

        Raises:
            Waiting: It is still to be asked.
        """
        raise NotImplementedError

    @staticmethod
    def _of_repeat(request: Request, repeat: int) -> Request:
        """The same answers are the same question to a model; what was recorded has a row for each repeat."""
        return replace(request, repeat=repeat) if request.model.recorded else request

    def _texts(self, cell: ScoringInput) -> dict[str, str]:
        return {"input": asked_of(cell), "expected": expected_of(cell)}


@scorer("pairwise")
@dataclass(frozen=True, kw_only=True)
class Pairwise(Comparing):
    """A model says of each two answers to a case which is better, and is asked in both orders.

    The value of an answer is its share of wins against the others, a tie counting half. It has no weight: it says
    how answers stand to each other, not how good one is. `workbench show` tells win rates and the effect of order.
    """

    PROMPT: ClassVar[str] = "pairwise"

    against: Annotated[
        Literal["all", "first"],
        Field(description="Every pair, or each version and model against the first of the suite"),
    ] = "all"
    orders: Annotated[
        Literal["both", "listed", "drawn"],
        Field(description="Ask in both orders, once in that of the suite, or once in an order drawn by case"),
    ] = "both"
    on_disagreement: Annotated[
        Literal["tie", "mean", "error"],
        Field(description="What two orders that disagree become: a tie, the mean of both, or an error"),
    ] = "tie"
    on_unparsable: Annotated[
        Literal["retry", "error", "tie"],
        Field(
            description="What a reply that cannot be read becomes: an error after asking once more, an error, a tie"
        ),
    ] = "retry"  # type: ignore[assignment]

    def compare(self, cells: Sequence[ScoringInput], names: Sequence[str], repeat: int) -> Compared:
        """Hear all pairs, all at once, and count."""
        found: list[Verdict] = []
        waiting: Waiting | None = None
        for pair in self._pairs(len(cells)):
            for first, second in self._orders(pair, cells[0].case.id):
                try:
                    found.append(self._verdict(cells, names, first, second, repeat))
                except Waiting as problem:
                    waiting = problem
        if waiting is not None:
            raise waiting
        return Compared(tuple(self._outcome(p, found) for p in range(len(cells))), tuple(found))

    def _pairs(self, count: int) -> list[tuple[int, int]]:
        if self.against == "first":
            return [(0, other) for other in range(1, count)]
        return list(combinations(range(count), 2))

    def _orders(self, pair: tuple[int, int], case_id: str) -> list[tuple[int, int]]:
        a, b = pair
        if self.orders == "both":
            return [(a, b), (b, a)]
        turned = self.orders == "drawn" and random.Random(f"{case_id}:{a}:{b}").random() < 0.5
        return [(b, a) if turned else (a, b)]

    def _verdict(
        self,
        cells: Sequence[ScoringInput],
        names: Sequence[str],
        first: int,
        second: int,
        repeat: int,
    ) -> Verdict:
        cell = cells[first]
        texts = {**self._texts(cell), "first": cell.output, "second": cells[second].output}
        request = self._of_repeat(self.request(cell, texts, {"question": self.question}), repeat)
        request = replace(request, case_id=pair_id(cell.case.id, names[first], names[second]))

        def read(replies: tuple[Completion, ...]) -> Verdict:
            try:
                said = _read_better(replies[0].text)
            except Unparsable:
                if self.on_unparsable == "tie":
                    return Verdict(first, second, None, unparsable=True)
                raise
            return Verdict(first, second, {"first": first, "second": second, "tie": None}[said])

        try:
            return settled((request,), read, answers_of(cells[0]), self.on_unparsable)
        except Waiting:
            raise
        except ScoringError as problem:
            return Verdict(first, second, None, error=str(problem))

    def _outcome(self, position: int, verdicts: Sequence[Verdict]) -> Outcome | str:
        pairs: dict[frozenset[int], list[Verdict]] = {}
        for verdict in verdicts:
            if position in (verdict.first, verdict.second):
                pairs.setdefault(frozenset((verdict.first, verdict.second)), []).append(verdict)
        gains = []
        for of_pair in pairs.values():
            gain = settled_gain(of_pair, position, self.on_disagreement)
            if gain is None:
                return next((v.error for v in of_pair if v.error), "the two orders disagree")
            gains.append(gain)
        wins, ties = sum(g > 0.5 for g in gains), sum(g == 0.5 for g in gains)
        reason = f"{wins} won, {ties} tied, {len(gains) - wins - ties} lost"
        return Outcome(sum(gains) / len(gains), None, reason)


def settled_gain(verdicts: Sequence[Verdict], position: int, on_disagreement: str) -> float | None:
    """Return what the orders of one pair come to for one of the two, None where the policies call it an error."""
    if any(verdict.error for verdict in verdicts):
        return None
    gains = {verdict.gain_of(position) for verdict in verdicts}
    if len(gains) == 1:
        return gains.pop()
    if on_disagreement == "error":
        return None
    return 0.5 if on_disagreement == "tie" else sum(v.gain_of(position) for v in verdicts) / len(verdicts)


@scorer("select_best")
@dataclass(frozen=True, kw_only=True)
class SelectBest(Comparing):
    """A model is shown all answers to a case at once, shuffled, and says which is best.

    The best one gets 1, or each of those that are best alike, and the others 0. It has no weight.
    """

    PROMPT: ClassVar[str] = "select_best"

    seed: Annotated[int, Field(description="What the order is drawn by, with the case")] = 0
    on_unparsable: Annotated[
        Literal["retry", "error"],
        Field(
            description="What a reply that cannot be read becomes: an error after asking once more, an error"
        ),
    ] = "retry"  # type: ignore[assignment]

    def compare(self, cells: Sequence[ScoringInput], names: Sequence[str], repeat: int) -> Compared:
        """One question about all."""
        case = cells[0].case
        order = list(range(len(cells)))
        random.Random(f"{self.seed}:{case.id}").shuffle(order)
        texts = {f"output_{n}": cells[position].output for n, position in enumerate(order, 1)}
        request = self._of_repeat(self._about_all(cells[0], texts), repeat)

        def read(replies: tuple[Completion, ...]) -> Compared:
            data = read_object(replies[0].text, "best")
            best = {order[n - 1] for n in _numbers(data["best"], len(order))}
            reason = reason_of(data)
            return Compared(tuple(Outcome(float(p in best), None, reason) for p in range(len(cells))))

        try:
            return settled((request,), read, answers_of(cells[0]), self.on_unparsable)
        except Waiting:
            raise
        except ScoringError as problem:
            return Compared((str(problem),) * len(cells))

    def _about_all(self, cell: ScoringInput, texts: dict[str, str]) -> Request:
        """The prompt has one variable for all answers; each stands between marks of its own under its number."""
        marked, _ = as_data(texts)
        outputs = "\n\n".join(f"{n}.\n{text}" for n, text in enumerate(marked.values(), 1))
        return self.request(cell, {**self._texts(cell), "outputs": outputs}, {"question": self.question})


def _read_better(text: str) -> str:
    word = text.strip().strip(".\"'").lower()
    if word not in (*_FIRST, *_SECOND, *_TIE):
        word = str(read_object(text, "better")["better"]).strip().strip(".").lower()
    for said, words in (("first", _FIRST), ("second", _SECOND), ("tie", _TIE)):
        if word in words:
            return said
    raise Unparsable(f"the judge named neither A, B nor tie: {shown(word)}")


def _numbers(value: Any, count: int) -> set[int]:
    given = value if isinstance(value, list) else [value]
    try:
        numbers = {int(n) for n in given if not isinstance(n, bool)}
    except (TypeError, ValueError):
        numbers = set()
    if not numbers or not all(1 <= n <= count for n in numbers):
        raise Unparsable(f"the judge named no answer from 1 to {count}: {shown(str(value))}")
    return numbers
