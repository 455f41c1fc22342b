"""Choose one of the labels by the words that the prompt itself gives for them."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

from workbench.llm.rules.brief import Brief
from workbench.llm.rules.lists import Item
from workbench.llm.rules.text import stems

_EXCEPT = re.compile(r"\b(?:but not|not|except|excluding|unless|rather than|never)\b", re.I)


def choose_label(brief: Brief, text: str) -> str:
    """Return the label whose name, description and examples share most with the text."""
    weights = _weights(brief.labels)
    found = Counter(stems(text))
    shown = _example_votes(brief, found)
    scores = [
        sum(weight * min(2, found[word]) for word, weight in vocabulary.items() if word in found)
        + shown.get(label.name.lower(), 0.0)
        for label, vocabulary in zip(brief.labels, weights, strict=True)
    ]
    best = max(scores)
    if best <= 0:
        return brief.fallback or brief.labels[0].name
    if brief.list_order:
        # The prompt says that the earlier label wins: near ties go to it.
        return next(x.name for x, s in zip(brief.labels, scores, strict=True) if s >= 0.75 * best)
    return brief.labels[scores.index(best)].name


@lru_cache(maxsize=128)
def _weights(labels: tuple[Item, ...]) -> tuple[dict[str, float], ...]:
    """Weigh each label's words; a word that several labels share says less."""
    wanted: list[Counter[str]] = []
    unwanted: list[set[str]] = []
    for label in labels:
        # What a description rules out ("… but not deliveries") counts against the label, up to the next stop.
        for_it, against = [label.name, label.name], []
        for clause in re.split(r"[.;]", label.description):
            head, *tail = _EXCEPT.split(clause, maxsplit=1)
            for_it.append(head)
            against.extend(tail)
        vocabulary = Counter(stems(" ".join(for_it)))
        wanted.append(vocabulary)
        unwanted.append(set(stems(" ".join(against))) - vocabulary.keys())
    spread = Counter(word for vocabulary in wanted for word in vocabulary)
    count = len(labels)
    return tuple(
        {
            w: math.log1p(count / spread[w]) * (1.0 + 0.5 * (n > 1))
            for w, n in vocabulary.items()
            if spread[w] < count
        }
        | dict.fromkeys(against, -0.7)
        for vocabulary, against in zip(wanted, unwanted, strict=True)
    )


def _example_votes(brief: Brief, found: Counter[str]) -> dict[str, float]:
    """Let each example vote for its label by the share of meaning words in common (cosine, trebled)."""
    votes: dict[str, float] = {}
    size = math.sqrt(len(found)) or 1.0
    for words, output in _example_words(brief):
        common = len(words & found.keys())
        if common:
            vote = 3.0 * common / (size * math.sqrt(len(words)))
            votes[output] = max(vote, votes.get(output, 0.0))
    return votes


@lru_cache(maxsize=128)
def _example_words(brief: Brief) -> tuple[tuple[frozenset[str], str], ...]:
    return tuple((frozenset(stems(e.text)), e.output.lower()) for e in brief.examples)
