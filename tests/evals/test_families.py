"""A judge of the family of what it judges is told."""

from __future__ import annotations

import pytest

from workbench.evals.scorers import parse_scorer
from workbench.jobs.self_preference import self_preference
from workbench.llm.families import family_of
from workbench.llm.types import ModelSpec


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("openai/gpt-5-mini", "OpenAI"),
        ("azure/gpt4o", "OpenAI"),
        ("openrouter/openai/o3-mini", "OpenAI"),
        ("bedrock/anthropic.claude-haiku-4-5", "Anthropic"),
        ("groq/llama-3.3-70b", "Meta"),
        ("ollama/llama3.2", "Meta"),
        ("ollama/gemma2:9b", "Google"),
        ("deepseek/deepseek-r1", "DeepSeek"),
        ("offline/rules", None),
        ("openai/graphite", None),
        ("local/my-model", None),
    ],
)
def test_the_family_is_that_of_the_model_and_not_of_who_serves_it(model, family):
    assert family_of(model) == family


def test_a_judge_that_judges_its_own_family_is_named_once_for_each_scorer():
    rubric = parse_scorer({"type": "rubric", "rubric": "x", "name": "good", "judge": "openai/gpt-5-mini"})
    own = [ModelSpec("azure/gpt-4o"), ModelSpec("anthropic/claude-haiku-4-5")]
    [said] = self_preference(own, [rubric, parse_scorer("exact")])
    assert "good" in said and "openai/gpt-5-mini" in said and "azure/gpt-4o" in said and "claude" not in said
    assert not list(self_preference(own[1:], [rubric]))
    panel = {"type": "panel", "name": "p", "judges": ["openai/gpt-5", "anthropic/claude-x"]}
    several = parse_scorer({**panel, "of": {"type": "rubric", "rubric": "x"}})
    assert len(list(self_preference(own, [several]))) == 2
