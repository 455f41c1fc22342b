"""Reference metrics as Hugging Face ``evaluate`` metrics over sufficient statistics; nothing is fetched.

Each gives a row of numbers for one output, such as counts of matches and lengths, and a value from such rows added
up. The value of a corpus is that of the sum, as papers report it, and needs no output to be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import regex

Row = tuple[float, ...]
_ARTICLES = regex.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = regex.compile(r"[!-/:-@\[-`{-~]")
_SPACES = regex.compile(r"\s+")


@lru_cache(maxsize=64)
def metric(name: str, options: tuple[tuple[str, Any], ...] = ()) -> Any:
    """Return an ``evaluate.Metric`` called ``name``: bleu, chrf, ter, gleu, meteor, wer, exact_match or f1.

    Its ``row(output, references)`` gives the statistics of one output, ``value(row)`` the metric from them or from
    their sum, and ``compute(predictions=…, references=…)`` the corpus value by evaluate's own interface.
    """
    import datasets
    import evaluate

    kind = _KINDS[name](**dict(options))
    features = datasets.Features(
        {"predictions": datasets.Value("string"), "references": [datasets.Value("string")]}
    )

    class Pooled(evaluate.Metric):
        """A metric over added rows that keeps nothing on disk."""

        def __init__(self) -> None:
            super().__init__(keep_in_memory=True, seed=0)

        def _build_data_dir(self) -> str:
            return ""

        def _info(self) -> Any:
            return evaluate.MetricInfo(
                description=kind.__doc__, citation="", inputs_description="", features=features
            )

        def row(self, output: str, references: Sequence[str]) -> Row:
            return tuple(map(float, kind.row(_clean(output), list(map(_clean, references)))))

        def value(self, row: Row) -> float:
            return float(kind.value(row))

        def _compute(self, predictions: Any, references: Any) -> dict[str, float]:
            rows = [self.row(output, given) for output, given in zip(predictions, references, strict=True)]
            return {name: self.value(added(rows))}

    return Pooled()


def added(rows: Sequence[Row]) -> Row:
    """Return the sum of rows, number by number."""
    return tuple(map(sum, zip(*rows, strict=True)))


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class _Sacre:
    """A metric of sacrebleu."""

    def __init__(self, metric: Any) -> None:
        self._metric = metric

    def row(self, output: str, references: list[str]) -> Sequence[float]:
        return self._metric._extract_corpus_statistics([output], [[text] for text in references])[0]

    def value(self, row: Row) -> float:
        return self._metric._compute_score_from_stats(list(row)).score / 100


class _Bleu(_Sacre):
    """BLEU of a corpus (Papineni et al. 2002), by sacrebleu."""

    def __init__(self, tokenize: str, smooth: str, ignore_case: bool) -> None:
        from sacrebleu.metrics import BLEU

        super().__init__(BLEU(tokenize=tokenize, smooth_method=smooth, lowercase=ignore_case))

    def value(self, row: Row) -> float:
        return super().value(tuple(int(number) for number in row))


class _Chrf(_Sacre):
    """chrF (Popović 2015), by sacrebleu."""

    def __init__(self, characters: int, words: int, ignore_case: bool) -> None:
        from sacrebleu.metrics import CHRF

        super().__init__(CHRF(char_order=characters, word_order=words, lowercase=ignore_case))


class _Ter(_Sacre):
    """Translation edit rate (Snover et al. 2006), by sacrebleu."""

    def __init__(self, ignore_case: bool) -> None:
        from sacrebleu.metrics import TER

        super().__init__(TER(case_sensitive=not ignore_case))


class _Gleu:
    """Google's BLEU (Wu et al. 2016): matches of 1 to 4 words over the larger of both totals."""

    def __init__(self, ignore_case: bool) -> None:
        self._ignore_case = ignore_case

    def row(self, output: str, references: list[str]) -> Row:
        found = self._grams(output)
        best = (0.0, 0.0)
        for text in references:
            grams = self._grams(text)
            both, most = (found & grams).total(), max(found.total(), grams.total())
            if most and both / most >= (best[0] / best[1] if best[1] else -1):
                best = (both, most)
        return best

    def value(self, row: Row) -> float:
        return row[0] / row[1] if row[1] else 0.0

    def _grams(self, text: str) -> Counter[tuple[str, ...]]:
        words = (text.casefold() if self._ignore_case else text).split()
        return Counter(
            gram for n in range(1, 5) for gram in zip(*(words[i:] for i in range(n)), strict=False)
        )


class _Wer:
    """Word error rate against the nearest reference, by jiwer."""

    def __init__(self, ignore_case: bool) -> None:
        self._ignore_case = ignore_case

    def row(self, output: str, references: list[str]) -> Row:
        import jiwer

        rows = []
        for text in references:
            given, said = (" ".join(t.split()) for t in (text, output))
            if self._ignore_case:
                given, said = given.casefold(), said.casefold()
            found = jiwer.process_words(given, said)
            rows.append(
                (
                    float(found.substitutions + found.deletions + found.insertions),
                    float(found.hits + found.substitutions + found.deletions),
                )
            )
        return min(rows, key=lambda row: row[0] / row[1])

    def value(self, row: Row) -> float:
        return row[0] / row[1]


class _Mean:
    """A mean over outputs of the value against the best reference."""

    def row(self, output: str, references: list[str]) -> Row:
        return (max(self.one(output, text) for text in references), 1.0)

    def value(self, row: Row) -> float:
        return row[0] / row[1]

    def one(self, output: str, reference: str) -> float:
        raise NotImplementedError


class _Meteor(_Mean):
    """METEOR (Banerjee and Lavie 2005), its exact part: no stems, no synonyms."""

    def __init__(self, alpha: float, beta: float, gamma: float) -> None:
        self._parameters = alpha, beta, gamma

    def one(self, output: str, reference: str) -> float:
        from nltk.translate.meteor_score import _count_chunks, exact_match

        alpha, beta, gamma = self._parameters
        said, given = output.casefold().split(), reference.casefold().split()
        matches = sorted(exact_match(said, given)[0]) if said and given else []
        if not matches:
            return 0.0
        precision, recall = len(matches) / len(said), len(matches) / len(given)
        mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
        return float(mean * (1 - gamma * (_count_chunks(matches) / len(matches)) ** beta))


def _squad(text: str) -> list[str]:
    return _SPACES.sub(" ", _ARTICLES.sub(" ", _PUNCTUATION.sub("", text.lower()))).split()


class _ExactMatch(_Mean):
    """SQuAD's exact match (Rajpurkar et al. 2016): without case, punctuation and articles."""

    def one(self, output: str, reference: str) -> float:
        return float(_squad(output) == _squad(reference))


class _F1(_Mean):
    """SQuAD's F1 (Rajpurkar et al. 2016): of words in common, without case, punctuation and articles."""

    def one(self, output: str, reference: str) -> float:
        said, given = _squad(output), _squad(reference)
        if not said or not given:
            return float(said == given)
        return 2 * (Counter(said) & Counter(given)).total() / (len(said) + len(given))


_KINDS: dict[str, Any] = {
    "bleu": _Bleu,
    "chrf": _Chrf,
    "ter": _Ter,
    "gleu": _Gleu,
    "wer": _Wer,
    "meteor": _Meteor,
    "exact_match": _ExactMatch,
    "f1": _F1,
}
