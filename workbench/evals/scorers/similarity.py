"""Scorers that say how near the output is to a reference text, from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein as Edits

from workbench.evals.scorers import reference_metrics
from workbench.evals.scorers.hf_metrics import Row, metric
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.scorers.texts import IgnoreCase, Strip, Value, normal, references
from workbench.evals.types import ScoringInput

#: Characters of each text: what is above takes minutes and says little.
MAX_FUZZY = 100_000
MAX_METRIC = 200_000
MAX_EDITS = 50_000
#: Words of one text times words of the other, about a second's work.
MAX_PAIRS = 10_000_000
#: Characters of the shorter of two texts, for the ratios that slide it along the other one.
MAX_PARTIAL = 2_000

_RATIOS: dict[str, Callable[..., float]] = {
    "ratio": fuzz.ratio,
    "partial_ratio": fuzz.partial_ratio,
    "token_sort_ratio": fuzz.token_sort_ratio,
    "token_set_ratio": fuzz.token_set_ratio,
    "token_ratio": fuzz.token_ratio,
    "partial_token_sort_ratio": fuzz.partial_token_sort_ratio,
    "partial_token_set_ratio": fuzz.partial_token_set_ratio,
    "partial_token_ratio": fuzz.partial_token_ratio,
    "WRatio": fuzz.WRatio,
    "QRatio": fuzz.QRatio,
}


@scorer("fuzzy", needs_expected=True)
@dataclass(frozen=True)
class Fuzzy:
    """How alike the output and the expected text are, by one of RapidFuzz's ratios, from 0 to 1.

    Of several expected texts the most alike counts. It passes or fails only with a ``threshold``.
    """

    ratio: Annotated[
        Literal[
            "ratio",
            "partial_ratio",
            "token_sort_ratio",
            "token_set_ratio",
            "token_ratio",
            "partial_token_sort_ratio",
            "partial_token_set_ratio",
            "partial_token_ratio",
            "WRatio",
            "QRatio",
        ],
        Field(
            description="ratio compares letter by letter, partial_ratio the best matching part, token_sort_ratio "
            "the words in any order, token_set_ratio the words that both have; WRatio chooses among them"
        ),
    ] = "ratio"
    value: Value = None
    ignore_case: IgnoreCase = False
    strip: Strip = True

    def score(self, cell: ScoringInput) -> Outcome:
        """Compare with each reference and keep the best."""
        wanted = references(self.value, cell)
        _bounded(MAX_FUZZY, cell.output, *wanted)
        output = normal(cell.output, ignore_case=self.ignore_case, strip=self.strip)
        texts = (normal(text, ignore_case=self.ignore_case, strip=self.strip) for text in wanted)
        best = max(self._alike(output, text) for text in texts)
        return Outcome(best, None, f"{best:.0%} alike")

    def _alike(self, a: str, b: str) -> float:
        # Some ratios call two empty texts different; equal texts are alike by any of them.
        if a == b:
            return 1.0
        slides = self.ratio.startswith("partial") or self.ratio == "WRatio"
        if slides and min(len(a), len(b)) > MAX_PARTIAL:
            raise ScoringError(
                f"both texts have over {MAX_PARTIAL} characters, which {self.ratio} takes too long for; use ratio"
            )
        return _RATIOS[self.ratio](a, b) / 100


@scorer("levenshtein", needs_expected=True)
@dataclass(frozen=True)
class Levenshtein:
    """How few letters must be inserted, deleted or replaced to turn the output into the expected text.

    With ``max`` it passes (1) up to so many edits, else fails (0). Without, the value is 1 minus the edits over the
    length of the longer text, and passes or fails only with a ``threshold``. Of several expected texts the nearest
    counts. White space at both ends counts unless ``strip`` is true.
    """

    max: Annotated[int | None, Field(ge=0, description="The most edits that pass")] = None
    value: Value = None
    ignore_case: IgnoreCase = False
    strip: Strip = False

    def score(self, cell: ScoringInput) -> Outcome:
        """Count the edits to each reference and keep the fewest."""
        wanted = references(self.value, cell)
        _bounded(MAX_EDITS, cell.output, *wanted)
        output = normal(cell.output, ignore_case=self.ignore_case, strip=self.strip)
        texts = [normal(text, ignore_case=self.ignore_case, strip=self.strip) for text in wanted]
        if self.max is None:
            best = max(Edits.normalized_similarity(output, text) for text in texts)
            return Outcome(best, None, f"{best:.0%} alike")
        edits = min(Edits.distance(output, text) for text in texts)
        counted = f"{edits} edit{'' if edits == 1 else 's'}"
        if edits > self.max:
            return Outcome(0.0, False, f"{counted}, and at most {self.max} pass")
        return Outcome(1.0, True, counted)


@scorer("rouge", needs_expected=True)
@dataclass(frozen=True)
class Rouge:
    """ROUGE (Lin 2004) of the output against the expected text, from 0 to 1, by Google's ``rouge-score``.

    Of several expected texts the best counts. It passes or fails only with a ``threshold``. ``rouge1`` and
    ``rouge2`` count words and pairs of words in common, ``rougeL`` the longest common subsequence, and
    ``rougeLsum`` the same line by line, as summaries are scored. The reference tokeniser knows only a–z and 0–9:
    for other scripts set ``tokenizer: unicode``.
    """

    variant: Annotated[
        Literal["rouge1", "rouge2", "rougeL", "rougeLsum"], Field(description="What is counted")
    ] = "rougeL"
    measure: Annotated[
        Literal["f1", "precision", "recall"],
        Field(
            description="Precision is the share of the output's words, recall of the expected text's, f1 both"
        ),
    ] = "f1"
    stemmer: Annotated[bool, Field(description="Cut English words to their stems (Porter)")] = False
    tokenizer: Annotated[
        Literal["ascii", "unicode"],
        Field(description="ascii gives published values; unicode takes the words of any script"),
    ] = "ascii"
    value: Value = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Ask the metric for the best of the references."""
        wanted = references(self.value, cell)
        _bounded(MAX_METRIC, cell.output, *wanted)
        if self.tokenizer == "ascii" and not any(_has_ascii_word(text) for text in wanted):
            raise ScoringError("the expected text has no word in a–z or 0–9; set tokenizer: unicode")
        if self.variant.startswith("rougeL"):
            _comparable(cell.output, wanted, self.tokenizer == "unicode")
        value = reference_metrics.rouge(
            cell.output, wanted, self.variant, self.measure, self.stemmer, self.tokenizer == "unicode"
        )
        return Outcome(value)


@scorer("bleu", needs_expected=True)
@dataclass(frozen=True)
class Bleu:
    """BLEU (Papineni et al. 2002) of the output against the expected texts, from 0 to 1, by ``sacrebleu``.

    It is the sentence's BLEU: n-grams of up to 4, smoothed, and no longer than the sentence allows (effective
    order). Several expected texts are one set of references. A table shows the mean over the cases; the BLEU of
    papers, of the counts of all answers, is the corpus value. It passes or fails only with a ``threshold``.
    """

    tokenize: Annotated[
        Literal["13a", "intl", "zh", "char", "none"],
        Field(description="How words are cut, as sacrebleu names it: intl for any script, zh for Chinese"),
    ] = "13a"
    smooth: Annotated[
        Literal["exp", "floor", "add-k", "none"], Field(description="What stands for n-grams never found")
    ] = "exp"
    ignore_case: IgnoreCase = False
    value: Value = None

    def score(self, cell: ScoringInput) -> Outcome:
        """Ask the metric, with all references together."""
        wanted = references(self.value, cell)
        _bounded(MAX_METRIC, cell.output, *wanted)
        return Outcome(
            reference_metrics.bleu(cell.output, wanted, self.tokenize, self.smooth, self.ignore_case)
        )

    def row(self, cell: ScoringInput) -> Row:
        """Return the counts and lengths of one answer, of which the corpus BLEU adds up."""
        wanted = references(self.value, cell)
        _bounded(MAX_METRIC, cell.output, *wanted)
        return self._corpus_metric().row(cell.output, wanted)

    def corpus(self, total: Row) -> float:
        """Return the BLEU of a corpus."""
        return self._corpus_metric().value(total)

    def _corpus_metric(self) -> Any:
        options = {"tokenize": self.tokenize, "smooth": self.smooth, "ignore_case": self.ignore_case}
        return metric("bleu", tuple(options.items()))


def _has_ascii_word(text: str) -> bool:
    return any(c.isascii() and c.isalnum() for c in text.lower())


def _comparable(output: str, wanted: tuple[str, ...], unicode: bool) -> None:
    """Refuse what a longest common subsequence would take minutes for: its table has a field a pair of words."""
    words = reference_metrics.count_words(output, unicode)
    for text in wanted:
        other = reference_metrics.count_words(text, unicode)
        if words * other > MAX_PAIRS:
            raise ScoringError(
                f"{words:,} words against {other:,} are too many for a longest common subsequence; use rouge1 or rouge2"
            )


def _bounded(limit: int, *texts: str) -> None:
    if max(map(len, texts)) > limit:
        raise ScoringError(f"a text has over {limit} characters")
