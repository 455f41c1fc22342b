"""Which embedding model a watch asks, about which outputs, and how far those are then apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.evals.types import ScorerSpec
from workbench.store.watches import WatchRecord
from workbench.workspace.watched_meaning import embedder_of, half_distances, texts_needed

WATCH = WatchRecord("w", "suite", "run", "p@1", "me", "", "2026-01-01")
SIMILAR = ScorerSpec(
    "similar", "similar", params={"embedder": {"id": "openai/near", "api_base": "http://localhost:1"}}
)


def test_the_watch_names_the_model_else_a_scorer_of_the_suite_else_nobody():
    scorers = [
        ScorerSpec("exact", "exact"),
        ScorerSpec("all", "all", params={"of": [{"type": "similar", **SIMILAR.params}]}),
    ]
    assert embedder_of(WATCH, [ScorerSpec("exact", "exact")]) is None
    found = embedder_of(WATCH, scorers)
    assert (found.id, found.api_base) == ("openai/near", "http://localhost:1")
    assert embedder_of(replace(WATCH, embedder="ollama/mine"), scorers).id == "ollama/mine"
    assert embedder_of(replace(WATCH, embedder="none"), [SIMILAR]) is None


def test_only_texts_that_differ_are_bought_and_an_empty_one_has_nothing_in_common():
    before = {"a": "same", "b": "yes", "c": "", "d": "gone", "e": " "}
    after = {"a": "same", "b": "no", "c": "new", "e": "  ", "f": "another case"}
    assert texts_needed(after, before) == ["no", "yes"]
    far = half_distances(after, before, {"no": [1.0, 0.0], "yes": [0.0, 2.0]})
    assert far == {"a": 0.0, "b": pytest.approx(0.5), "c": 0.5, "e": 0.0}
    assert half_distances({"b": "no"}, before, {"no": [1.0], "yes": [-3.0]}) == {"b": 1.0}
