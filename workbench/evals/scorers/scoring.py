"""From a suite's entry to a scorer, and from a completion to its scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.evals.combine import OVERALL, Weighted, overall
from workbench.evals.extract import Extractor, build_extractor
from workbench.evals.reducers import parse_reducer
from workbench.evals.scorers.answers import Answers
from workbench.evals.scorers.comparing import Verdict
from workbench.evals.scorers.counterfactual import Member
from workbench.evals.scorers.derived import Derived, by_variable
from workbench.evals.scorers.groups import Group, as_written
from workbench.evals.scorers.judging import CountedAsFailure
from workbench.evals.scorers.other_names import our_name
from workbench.evals.scorers.registry import (
    SCORERS,
    WRAPPER_KEYS,
    Entry,
    Outcome,
    ParamError,
    ScorerImpl,
    ScoringError,
    suggest,
)
from workbench.evals.transform import build_transform, transform_steps
from workbench.evals.types import Case, Score, ScorerSpec, ScoringInput, Unit
from workbench.llm.types import Completion

MAX_REASON = 500
_DOWN: frozenset[Unit] = frozenset({"seconds", "usd", "tokens"})


@dataclass(frozen=True)
class Scorer:
    """A scorer ready to use: extract, score, threshold, negate, and every crash turned into an error.

    A negated scorer passes where the plain one would fail, and a score of 0–1 becomes ``1 - value``.
    """

    spec: ScorerSpec
    unit: Unit
    impl: ScorerImpl
    extractor: Extractor
    limited: bool
    shown: bool = True  # a part of a group is shown by itself only where it was given a name

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.spec.name

    @property
    def weight(self) -> float:
        """Its weight in `overall`; 0 for a measure that neither passes nor fails."""
        if self.compares:
            return 0.0
        return self.spec.weight if self.unit == "score" or self.limited else 0.0

    def score(self, cell: ScoringInput) -> Score:
        """Score a cell whose ``output`` is the whole text of the completion. Never raises."""
        return self.score_all(cell)[0]

    def score_all(self, cell: ScoringInput) -> list[Score]:
        """Return the score, and behind it those of a group's parts that have names of their own. Never raises."""
        shown: list[Score] = []
        return [self._guarded(cell, shown), *shown]

    def _guarded(self, cell: ScoringInput, shown: list[Score]) -> Score:
        try:
            output = self.extractor(cell.output)
            cell = cell if output is cell.output else replace(cell, output=output)
            outcome = (
                self._group_outcome(cell, shown) if isinstance(self.impl, Group) else self.impl.score(cell)
            )
        except ScoringError as problem:
            return Score(self.name, None, error=str(problem)[:MAX_REASON])
        except CountedAsFailure as problem:
            return Score(self.name, 0.0, False, str(problem)[:MAX_REASON])
        except TimeoutError:
            return Score(self.name, None, error="the regular expression took too long on this output")
        except Exception as problem:  # a scorer's crash is this cell's error, never the run's end
            return Score(self.name, None, error=f"{type(problem).__name__}: {problem}"[:MAX_REASON])
        return self._judge(outcome)

    def _group_outcome(self, cell: ScoringInput, shown: list[Score]) -> Outcome:
        found = [(part, part.score_all(cell)) for part in self.impl.parts]
        for part, scores in found:
            shown.extend(scores if part.shown else scores[1:])
        return self.impl.combine([scores[0] for _, scores in found])

    @property
    def compares(self) -> bool:
        """Whether it looks at all answers to a case together, or to several cases, and at none by itself."""
        return getattr(self.impl, "compares", False)

    @property
    def across(self) -> bool:
        """Whether it looks at the answers to several cases together."""
        return getattr(self.impl, "across", False)

    def compare(
        self, cells: Sequence[ScoringInput], names: Sequence[str], repeat: int
    ) -> tuple[list[Score], tuple[Verdict, ...]]:
        """Return the scores of a case's answers held against each other, and what was said of each pair. Never raises.

        Args:
            cells: At least two answers, each with its whole text, in the order of the plan.
            names: The version and model of each.
            repeat: Which of the repeats they are of.
        """
        try:
            cells = [replace(cell, output=self.extractor(cell.output)) for cell in cells]
            found = self.impl.compare(cells, names, repeat)
        except Exception as problem:  # a scorer's crash is these cells' error, never the run's end
            said = (
                str(problem) if isinstance(problem, ScoringError) else f"{type(problem).__name__}: {problem}"
            )
            return [Score(self.name, None, error=said[:MAX_REASON]) for _ in cells], ()
        scores = [
            Score(self.name, None, error=one[:MAX_REASON]) if isinstance(one, str) else self._judge(one)
            for one in found.outcomes
        ]
        return scores, found.verdicts

    def compare_cases(self, members: Sequence[Member]) -> Score:
        """Return the one score of the answers to a group of cases, each with its whole text. Never raises."""
        try:
            cut = [replace(m, cell=replace(m.cell, output=self.extractor(m.cell.output))) for m in members]
            return self._judge(self.impl.compare_cases(cut))
        except Exception as problem:  # a scorer's crash is this group's error, never the run's end
            said = (
                str(problem) if isinstance(problem, ScoringError) else f"{type(problem).__name__}: {problem}"
            )
            return Score(self.name, None, error=said[:MAX_REASON])

    def derive(self, scores: list[Score]) -> Score:
        """Return a formula's score from the others of the same answer. Never raises."""
        try:
            return self._judge(self.impl.of_scores(by_variable(scores)))
        except ScoringError as problem:
            return Score(self.name, None, error=str(problem)[:MAX_REASON])

    def shown_parts(self) -> Iterator[Scorer]:
        """Yield the parts of a group that have scores of their own, at any depth."""
        for part in self.impl.parts if isinstance(self.impl, Group) else ():
            if part.shown:
                yield part
            yield from part.shown_parts()

    @property
    def asks(self) -> bool:
        """Whether it, or a part of it, needs answers of a model."""
        parts = getattr(self.impl, "parts", ())
        return getattr(self.impl, "asks", False) or any(part.asks for part in parts)

    def _judge(self, outcome: Outcome) -> Score:
        value, passed, reason = outcome.value, outcome.passed, outcome.reason
        if value is not None and self.spec.threshold is not None:
            limit, down = self.spec.threshold, self.unit in _DOWN
            passed = value <= limit if down else value >= limit
            if not passed:
                reason = reason or f"{value:.3g} is {'over' if down else 'under'} {limit:g}"
        if self.spec.negate:
            passed = None if passed is None else not passed
            value = 1.0 - value if value is not None and self.unit == "score" else value
        if self.spec.negate and passed is False and not reason:
            reason = "it must not"
        return Score(self.name, value, passed, reason[:MAX_REASON])


def parse_scorer(data: Any, *, taken: set[str] | None = None) -> ScorerSpec:
    """Return the spec that a suite's entry stands for: a mapping, or a type alone.

    A name that is not given is the type, numbered where ``taken`` has it already; the name is added to ``taken``.

    Raises:
        ParamError: The entry cannot be used; ``path`` leads to the field.
    """
    return read_scorer(data, taken=taken).spec


def read_scorer(data: Any, *, taken: set[str] | None = None) -> Scorer:
    """Return the scorer that an entry stands for, as `parse_scorer` returns its spec.

    Raises:
        ParamError: The entry cannot be used.
    """
    taken = set() if taken is None else taken
    if isinstance(data, str):
        data = {"type": data}
    if not isinstance(data, dict):
        raise ParamError("a scorer is a type or a mapping with a type")
    data = as_written(data)
    type_name, negated = _plain_type(data.get("type"))
    entry = _entry(type_name)
    negate = _flag(data.get("negate", False))
    if negated and negate:
        raise ParamError(f"{data['type']} is negated twice", ("negate",), "write the type without not_")
    spec = ScorerSpec(
        type=entry.type,
        name=_name(data.get("name"), f"not_{entry.type}" if negated else entry.type, taken),
        negate=negated or negate,
        weight=_number(
            data.get("weight"), "weight", 1.0 if entry.unit == "score" and not entry.compares else 0.0
        ),
        threshold=None if data.get("threshold") is None else _number(data["threshold"], "threshold", 0.0),
        extract=data.get("extract"),
        params={k: v for k, v in data.items() if k not in WRAPPER_KEYS},
        transform=_steps(data.get("transform")),
        reducer=_reducer(data.get("reducer"), entry),
    )
    _check(spec, entry, weight_given="weight" in data)
    built = build_scorer(spec)
    taken.add(spec.name)
    for part in built.shown_parts():
        taken.add(_name(part.name, part.spec.type, taken))
    return replace(built, shown=data.get("name") is not None)


def _reducer(value: Any, entry: Entry) -> Any:
    try:
        kind, _k = parse_reducer(value)
    except ValueError as problem:
        raise ParamError(str(problem), ("reducer",)) from None
    if kind != "mean" and entry.unit != "score":
        raise ParamError(f"{entry.type} is a measure, and several of them have only a mean", ("reducer",))
    return value


def _plain_type(type_name: Any) -> tuple[Any, bool]:
    """Return the type without ``not_`` in front, and whether it was there; ``not_empty`` is a type of its own."""
    if isinstance(type_name, str) and type_name.startswith("not_") and type_name not in SCORERS:
        return type_name.removeprefix("not_"), True
    return type_name, False


def _steps(value: Any) -> tuple[Any, ...]:
    try:
        return transform_steps(value)
    except ValueError as problem:
        raise ParamError(str(problem), ("transform",)) from None


def _entry(type_name: Any) -> Entry:
    if type_name is None:
        raise ParamError('"type" is missing', (), f"use one of {', '.join(sorted(SCORERS))}")
    if not isinstance(type_name, str) or type_name not in SCORERS:
        shown = str(type_name)[:60]
        ours = our_name(shown)
        raise ParamError(
            f'there is no scorer "{shown}"',
            ("type",),
            f"here it is `type: {ours}`" if ours else suggest(shown, sorted(SCORERS)),
        )
    return SCORERS[type_name]


def _name(name: Any, type_name: str, taken: set[str]) -> str:
    if name is None:
        number, name = 2, type_name
        while name in taken:
            name, number = f"{type_name}-{number}", number + 1
        return name
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        raise ParamError("a scorer's name is one line of at most 100 characters", ("name",))
    name = name.strip()
    if name == OVERALL:
        raise ParamError('"overall" is the name of the weighted mean', ("name",), "choose another name")
    if name in taken:
        raise ParamError(f'two scorers are called "{name}"', ("name",), "give each its own name")
    return name


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParamError("negate is true or false", ("negate",))
    return value


def _number(value: Any, field: str, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
        raise ParamError(f"{field} is a number from 0 on", (field,))
    return float(value)


def _check(spec: ScorerSpec, entry: Entry, *, weight_given: bool) -> None:
    if entry.unit == "score" and spec.threshold is not None and spec.threshold > 1:
        raise ParamError("threshold is between 0 and 1 for this scorer", ("threshold",))
    if entry.compares and spec.weight > 0:
        raise ParamError(
            f"{entry.type} says how answers stand to each other, so it has no weight",
            ("weight",),
            "leave it away",
        )
    if entry.limit and spec.threshold is not None and spec.params.get(entry.limit) is not None:
        raise ParamError(f"threshold and {entry.limit} say the same", ("threshold",), "give one of them")
    if entry.unit != "score" and weight_given and spec.weight > 0 and not _limited(spec, entry):
        raise ParamError(
            f"a weight needs {entry.limit or 'threshold'}: without it {entry.type} only measures", ("weight",)
        )


def _limited(spec: ScorerSpec, entry: Entry) -> bool:
    return spec.threshold is not None or bool(entry.limit and spec.params.get(entry.limit) is not None)


def build_scorer(spec: ScorerSpec) -> Scorer:
    """Return the scorer that a spec describes.

    Raises:
        ParamError: Its type, parameters or extract step cannot be used.
    """
    entry = _entry(spec.type)
    try:
        extractor = build_extractor(spec.extract)
    except ValueError as problem:
        raise ParamError(str(problem), ("extract",)) from None
    if spec.transform:
        extractor = _in_turn(build_transform(_steps(spec.transform)), extractor)
    impl = entry.build(spec.params)
    unit = getattr(impl, "value_unit", entry.unit)
    return Scorer(spec, unit, impl, extractor, _limited(spec, entry))


def _in_turn(first: Extractor, second: Extractor) -> Extractor:
    return lambda text: second(first(text))


def has_overall(specs: Iterable[ScorerSpec], cases: Iterable[Case] = ()) -> bool:
    """Whether a suite's cells get an `overall`: some cell has at least two weighted scorers."""
    weighted = sum(build_scorer(spec).weight > 0 for spec in specs)
    most = max(
        (sum(build_scorer(s).weight > 0 for s in case.scorers) for case in cases if case.scorers), default=0
    )
    return weighted + most >= 2


def score_completion(
    scorers: Sequence[Scorer],
    case: Case,
    completion: Completion,
    *,
    with_overall: bool | None = None,
    answers: Answers | None = None,
) -> list[Score]:
    """Return the scores of one completion, then ``overall``.

    Never raises. A completion that failed gives scores without a value whose error is its kind.

    Args:
        scorers: The suite's and the case's own.
        with_overall: Whether to add `overall`; left out, it is added from two weighted scorers on. A suite
            whose cases have scorers of their own passes `has_overall`, so that every cell has it or none.
        answers: What models said to scorers that ask; where some are missing, they are noted there and the scores
            are to be computed once more (`workbench.evals.scorers.answers.gathered`).
    """
    # What is made of the means has no value of its own on an answer.
    # What compares answers looks at them when all are there.
    scorers = [
        s for s in scorers if not s.compares and not (isinstance(s.impl, Derived) and s.impl.over == "means")
    ]
    scorers.sort(key=lambda s: isinstance(s.impl, Derived))
    if completion.error is not None:
        found = [
            [Score(s.name, None, error=completion.error) for s in (scorer, *scorer.shown_parts())]
            for scorer in scorers
        ]
    else:
        cell = ScoringInput(completion.text, case, completion, answers)
        found = []
        for scorer in scorers:
            if isinstance(scorer.impl, Derived):
                found.append([scorer.derive([score for of_one in found for score in of_one])])
            else:
                found.append(scorer.score_all(cell))
    scores = [score for of_one in found for score in of_one]
    weighted = [
        Weighted(of_one[0], s.weight, s.unit)
        for s, of_one in zip(scorers, found, strict=True)
        if s.weight > 0
    ]
    if with_overall is None:
        with_overall = len(weighted) >= 2
    if with_overall and weighted:
        total = overall(weighted)
        if completion.error is not None:
            total = replace(total, error=completion.error)
        scores.append(total)
    return scores


def scorer_units(specs: Iterable[ScorerSpec]) -> dict[str, Unit]:
    """Return what each scorer's value is measured in, by name, ``overall`` included where there is one."""
    specs = [spec for spec in specs if spec.type != "override"]
    built = [build_scorer(spec) for spec in specs]
    units = {
        s.name: s.unit
        for scorer in built
        if not (isinstance(scorer.impl, Derived) and scorer.impl.over == "means")
        for s in (scorer, *scorer.shown_parts())
    }
    if has_overall(specs):
        units[OVERALL] = "score"
    return units


def lower_is_better(unit: Unit) -> bool:
    """Whether a smaller value of this unit is the better one (seconds, USD and tokens; scores are better high)."""
    return unit in _DOWN
