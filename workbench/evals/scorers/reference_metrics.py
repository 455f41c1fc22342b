"""ROUGE and BLEU as metrics of Hugging Face's ``evaluate``, defined here so that nothing is fetched from its hub.

The library is heavy, so it is imported at the first score. Its metrics keep what they are given in themselves and
set NumPy's global seed while they compute, so that a lock lets one compute at a time.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import regex

_LOCK = threading.RLock()
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}]]+", regex.V1
)
_ASCII_WORD = regex.compile(r"[a-zA-Z0-9]+")


def rouge(
    output: str, references: tuple[str, ...], variant: str, measure: str, stemmer: bool, unicode: bool
) -> float:
    """Return ROUGE's ``precision``, ``recall`` or ``f1`` (0–1) against the reference with the best f1."""
    with _LOCK:
        metric = _metrics()["rouge"]
        # Not compute(): it writes each text to an Arrow table first, which takes ten times the metric's own time.
        scores = metric._compute(
            predictions=[output],
            references=[list(references)],
            variant=variant,
            stemmer=stemmer,
            unicode=unicode,
        )
    return _within(scores[measure])


def count_words(text: str, unicode: bool) -> int:
    """Return how many words ROUGE cuts a text into, with either tokeniser."""
    return len((_WORD if unicode else _ASCII_WORD).findall(text))


def bleu(output: str, references: tuple[str, ...], tokenize: str, smooth: str, ignore_case: bool) -> float:
    """Return the smoothed sentence BLEU (0–1) against all references together."""
    with _LOCK:
        metric = _metrics()["bleu"]
        scores = metric._compute(
            predictions=[output],
            references=[list(references)],
            tokenize=tokenize,
            smooth=smooth,
            ignore_case=ignore_case,
        )
    return _within(scores["bleu"])


def _within(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


@lru_cache(maxsize=1)
def _metrics() -> dict[str, Any]:
    import datasets
    import evaluate

    features = datasets.Features(
        {"predictions": datasets.Value("string"), "references": [datasets.Value("string")]}
    )

    class InMemory(evaluate.Metric):
        """A metric that keeps nothing on disk: its base class would make a cache folder."""

        def __init__(self) -> None:
            super().__init__(keep_in_memory=True, seed=0)

        def _build_data_dir(self) -> str:
            return ""

    class WorkbenchRouge(InMemory):
        """ROUGE of Google's rouge-score."""

        def _info(self) -> Any:
            return evaluate.MetricInfo(
                description="ROUGE (Lin 2004)", citation="", inputs_description="", features=features
            )

        def _compute(
            self, predictions: Any, references: Any, *, variant: str, stemmer: bool, unicode: bool
        ) -> Any:
            best = _rouge_scorer(variant, stemmer, unicode).score_multi(list(references[0]), predictions[0])
            found = best[variant]
            return {"f1": found.fmeasure, "precision": found.precision, "recall": found.recall}

    class WorkbenchBleu(InMemory):
        """BLEU of sacrebleu."""

        def _info(self) -> Any:
            return evaluate.MetricInfo(
                description="BLEU (Papineni et al. 2002)",
                citation="",
                inputs_description="",
                features=features,
            )

        def _compute(
            self, predictions: Any, references: Any, *, tokenize: str, smooth: str, ignore_case: bool
        ) -> Any:
            found = _bleu_scorer(tokenize, smooth, ignore_case).sentence_score(
                predictions[0], list(references[0])
            )
            return {"bleu": found.score / 100}

    return {"rouge": WorkbenchRouge(), "bleu": WorkbenchBleu()}


class _UnicodeTokens:
    """The words of any script, in lower case; each Chinese or Japanese character is one."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.casefold())


@lru_cache(maxsize=16)
def _rouge_scorer(variant: str, stemmer: bool, unicode: bool) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([variant], use_stemmer=stemmer, tokenizer=_UnicodeTokens() if unicode else None)


@lru_cache(maxsize=32)
def _bleu_scorer(tokenize: str, smooth: str, ignore_case: bool) -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenize, smooth_method=smooth, lowercase=ignore_case, effective_order=True)
