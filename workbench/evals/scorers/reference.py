"""Scorers by the reference metrics of translation, speech and question answering, per answer and per corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from workbench.evals.scorers import hf_metrics
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import IgnoreCase, Value, references
from workbench.evals.types import ScoringInput


class Pooled:
    """What these scorers share: a row of statistics an answer, and a value from a row or from the sum of rows."""

    value: str | list[str] | None
    #: The metric's name, the most characters of a text, and whether less of it is better.
    metric_name = ""
    max_characters = 100_000
    is_rate = False

    def options(self) -> dict[str, Any]:
        """Return what the metric is made with."""
        return {}

    def row(self, cell: ScoringInput) -> hf_metrics.Row:
        """Return the statistics of one answer.

        Raises:
            ScoringError: There is no reference, or a text is too long.
        """
        wanted = references(self.value, cell)
        if max(map(len, (cell.output, *wanted))) > self.max_characters:
            raise ScoringError(f"a text has over {self.max_characters} characters")
        if self.is_rate and not all(text.split() for text in wanted):
            raise ScoringError("the expected text has no words")
        return self._metric().row(cell.output, wanted)

    def corpus(self, total: hf_metrics.Row) -> float:
        """Return the metric of a corpus from the sum of its rows."""
        return self._metric().value(total)

    def _metric(self) -> Any:
        return hf_metrics.metric(self.metric_name, tuple(self.options().items()))

    def score(self, cell: ScoringInput) -> Outcome:
        """Compute the metric of this answer alone."""
        found = self._metric().value(self.row(cell))
        if self.is_rate:
            return Outcome(max(0.0, 1 - found), None, f"its {self.metric_name.upper()} is {found:.3f}")
        return Outcome(min(1.0, max(0.0, found)))


@scorer("chrf", needs_expected=True)
@dataclass(frozen=True)
class Chrf(Pooled):
    """chrF (Popović 2015) against the expected texts, from 0 to 1, by ``sacrebleu``; chrF++ with ``words: 2``.

    The F2 of runs of up to six characters. Of several expected texts the best counts. The corpus value adds up the
    counts of all answers.
    """

    metric_name = "chrf"
    characters: Annotated[int, Field(ge=1, le=10, description="The longest run of characters")] = 6
    words: Annotated[int, Field(ge=0, le=4, description="The longest run of words; 2 is chrF++")] = 0
    ignore_case: IgnoreCase = False
    value: Value = None

    def options(self) -> dict[str, Any]:
        """Return what the metric is made with."""
        return {"characters": self.characters, "words": self.words, "ignore_case": self.ignore_case}


class _CaseOnly(Pooled):
    ignore_case: bool

    def options(self) -> dict[str, Any]:
        """Return what the metric is made with."""
        return {"ignore_case": self.ignore_case}


@scorer("gleu", needs_expected=True)
@dataclass(frozen=True)
class Gleu(_CaseOnly):
    """GLEU, Google's BLEU for single sentences (Wu et al. 2016), from 0 to 1.

    Runs of 1 to 4 words that the output and the expected text share, over the larger number of runs. Of several
    expected texts the best counts. The corpus value adds up the counts of all answers.
    """

    metric_name = "gleu"
    ignore_case: IgnoreCase = False
    value: Value = None


@scorer("ter", needs_expected=True)
@dataclass(frozen=True)
class Ter(_CaseOnly):
    """Translation edit rate (Snover et al. 2006), by ``sacrebleu``; the value is 1 − TER, at least 0.

    Edits and shifts of words over the length of the expected text, of several the nearest over the mean length. The
    corpus value is the TER itself, of all edits over all lengths; less is better there.
    """

    metric_name = "ter"
    max_characters = 4_000
    is_rate = True
    ignore_case: IgnoreCase = True
    value: Value = None


@scorer("wer", needs_expected=True)
@dataclass(frozen=True)
class Wer(_CaseOnly):
    """Word error rate, by ``jiwer``; the value is 1 − WER, at least 0.

    Words replaced, left out and put in over the words of the expected text, of several the nearest. The corpus
    value is the WER itself, of all errors over all words; less is better there.
    """

    metric_name = "wer"
    max_characters = 20_000
    is_rate = True
    ignore_case: IgnoreCase = False
    value: Value = None


@scorer("meteor", needs_expected=True)
@dataclass(frozen=True)
class Meteor(Pooled):
    """METEOR (Banerjee and Lavie 2005), its exact part, from 0 to 1: words match as they are, in any case.

    Stems and synonyms, which need data from the network, do not match, so that values are lower than published
    ones. Of several expected texts the best counts. The corpus value is the mean.
    """

    metric_name = "meteor"
    max_characters = 5_000
    alpha: Annotated[float, Field(gt=0, lt=1, description="How much recall counts against precision")] = 0.9
    beta: Annotated[float, Field(ge=0, le=10, description="How steep the penalty for scattered words is")] = (
        3.0
    )
    gamma: Annotated[float, Field(ge=0, le=1, description="How large that penalty may be")] = 0.5
    value: Value = None

    def options(self) -> dict[str, Any]:
        """Return what the metric is made with."""
        return {"alpha": self.alpha, "beta": self.beta, "gamma": self.gamma}


@scorer("exact_match", needs_expected=True)
@dataclass(frozen=True)
class ExactMatch(Pooled):
    """SQuAD's exact match (Rajpurkar et al. 2016): equal without case, punctuation and the articles a, an, the.

    Of several expected texts any will do. The corpus value is the mean.
    """

    metric_name = "exact_match"
    value: Value = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare with each reference."""
        found = super().score(cell).value
        return Outcome(found, found == 1.0)


@scorer("f1", needs_expected=True)
@dataclass(frozen=True)
class F1(Pooled):
    """SQuAD's F1 (Rajpurkar et al. 2016) of the words in common, from 0 to 1.

    Case, punctuation and the articles a, an, the do not count. Of several expected texts the best counts. The
    corpus value is the mean.
    """

    metric_name = "f1"
    value: Value = None
