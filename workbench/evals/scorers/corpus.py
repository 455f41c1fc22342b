"""Corpus values: metrics of all answers together, which are not the means of their single values.

A scorer that has one gives a row of sufficient statistics an answer (``row``) and the value of their sum
(``corpus``): BLEU of all counts, WER of all errors over all words. Nothing but the sums is kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from workbench.evals.scorers.built_scorer import Scorer
from workbench.evals.scorers.hf_metrics import Row, added
from workbench.evals.types import Case, ScoringInput
from workbench.llm.types import Completion


@dataclass(frozen=True)
class CorpusValue:
    """What a metric says of ``n`` answers together; ``missing`` could not be counted in (failed, no reference)."""

    group: Any
    scorer: str
    value: float
    n: int
    missing: int
    lower_is_better: bool


@dataclass(frozen=True)
class CorpusRow:
    """A metric of ``n`` answers of a version by a model together; ``missing`` failed or had no reference."""

    version: str
    model: str
    scorer: str
    value: float
    n: int
    missing: int
    lower_is_better: bool

    @property
    def metric(self) -> str:
        """The scorer with the direction where it is not the usual one."""
        return f"{self.scorer} (less is better)" if self.lower_is_better else self.scorer

    @property
    def counted(self) -> str:
        """How many answers it rests on, and how many it lacks."""
        return f"{self.n:,} ({self.missing:,} missing)" if self.missing else f"{self.n:,}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(vars(self))


@dataclass
class _Sum:
    scorer: Scorer
    total: Row = ()
    n: int = 0
    missing: int = 0


class CorpusTotals:
    """Adds up answers by group, such as a version and a model."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Hashable, str], _Sum] = {}

    def add(self, group: Hashable, scorers: Iterable[Scorer], case: Case, completion: Completion) -> None:
        """Count one answer in, for every scorer that has a corpus value."""
        for scorer in scorers:
            if not has_corpus_value(scorer):
                continue
            entry = self._sums.setdefault((group, scorer.name), _Sum(scorer))
            try:
                if completion.error is not None:
                    raise ValueError(completion.error)
                cell = ScoringInput(completion.text, case, completion)
                row = scorer.impl.row(replace(cell, output=scorer.extractor(cell.output)))  # type: ignore[attr-defined]
            except Exception:  # an answer without a row is counted as missing, as its score is an error
                entry.missing += 1
                continue
            entry.total = added([entry.total, row]) if entry.n else row
            entry.n += 1

    def values(self) -> list[CorpusValue]:
        """Return the corpus values, in the order in which their first answers came."""
        return [
            CorpusValue(
                group,
                name,
                entry.scorer.impl.corpus(entry.total),  # type: ignore[attr-defined]
                entry.n,
                entry.missing,
                bool(getattr(entry.scorer.impl, "is_rate", False)),
            )
            for (group, name), entry in self._sums.items()
            if entry.n
        ]


def has_corpus_value(scorer: Scorer) -> bool:
    """Whether a scorer has a value of its own for all answers together."""
    return hasattr(scorer.impl, "corpus")
