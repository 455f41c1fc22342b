"""What calls cost, held against an independent table (PyPI ``genai-prices``): every difference has its reason.

Both tables are of one day (`AT`) and of the versions named here: another version has other differences.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from workbench.llm.prices import estimate_cost, price_source, price_table
from workbench.llm.types import Usage

genai_prices = pytest.importorskip("genai_prices", reason="the independent table of prices is not installed")

VERSIONS = {"genai-prices": "0.2.3", "litellm": "1.106.2"}
AT = datetime(2026, 10, 21, 12, tzinfo=UTC)

#: LiteLLM's name of a provider → the other table's.
PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral", "groq": "groq",
    "deepseek": "deepseek", "xai": "x-ai", "cohere_chat": "cohere", "together_ai": "together",
    "perplexity": "perplexity", "fireworks_ai": "fireworks", "cerebras": "cerebras", "moonshot": "moonshotai",
    "zai": "zai", "minimax": "minimax", "novita": "novita", "azure": "azure", "bedrock_converse": "aws",
}  # fmt: skip


class Shape(NamedTuple):
    usage: Usage
    context: dict[str, str] | None = None  # how the other table is told the class of service


SHAPES = {
    "plain": Shape(Usage(input=1000, output=1000)),
    "cache read": Shape(Usage(input=1000, cache_read=9000, output=100)),
    "cache write": Shape(Usage(input=1000, cache_write=9000, output=100)),
    "cache write for an hour": Shape(Usage(input=1000, cache_write=2000, cache_write_1h=7000, output=100)),
    "long": Shape(Usage(input=200_000, cache_read=100_000, output=1000)),
    "at a bound": Shape(Usage(input=150_000, cache_read=50_000, output=1000)),
    "reasoning": Shape(Usage(input=1000, output=1000, reasoning=900)),
    "batch": Shape(Usage(input=1000, output=1000, service="batch"), {"processing": "batch"}),
    "priority": Shape(Usage(input=1000, output=1000, service="priority"), {"service_tier": "priority"}),
    "flex": Shape(Usage(input=1000, output=1000, service="flex"), {"service_tier": "flex"}),
}


class Difference(NamedTuple):
    shape: str
    model: str
    ours: float | None
    theirs: float


#: Differences that follow from a rule of ours: what a person would rather not know wrongly is unknown.
RULES = {
    "LiteLLM's table has no rate for this class of service, so that the cost is unknown; "
    "the other one takes the rates of a sibling model": (
        lambda d: d.ours is None and SHAPES[d.shape].context is not None
    ),
    "the table has a rate for short cache writes only, so that those kept for an hour are unknown; "
    "the other one bills them as short ones": lambda d: d.ours is None and "hour" in d.shape,
    "zero in and out for a hosted model stands for a price that nobody entered": (
        lambda d: d.ours is None and d.theirs == 0
    ),
    "each call pays for a search of unknown size beside its tokens": (
        lambda d: d.ours is None and d.model.startswith("perplexity/sonar")
    ),
    "xAI's higher tier begins above 200,000 tokens here, at 200,000 there": (
        lambda d: (
            d.shape == "at a bound" and d.model.startswith("xai/") and d.theirs == pytest.approx(2 * d.ours)
        )
    ),
}

#: Differences of the tables, by the beginning of the model's name: the arithmetic is one, the rates are two.
DATA = {
    "a region's price here, one price for every region there": (
        r"azure/(us|eu)/o4-mini",
        r"bedrock/us-gov\.",
        r"bedrock/(apac|eu|jp)\.amazon\.nova-",
    ),
    "the price of the global endpoint here, of the regional one (a tenth more) there": (
        r"bedrock/anthropic\.claude-(fable|haiku|opus|sonnet-4-5|sonnet-4-6|sonnet-5)",
        r"bedrock/openai\.gpt-6-",
    ),
    "only one of the tables has a higher tier above 200,000 tokens for it": (
        r"anthropic/claude-sonnet-4-5",
        r"bedrock/([a-z]+\.)?anthropic\.claude-sonnet-4-",
        r"openai/gpt-5\.6-cyber$",
    ),
    "only one of the tables has a rate for cached input": (
        r"azure/gpt-5\.[45]-pro",
        r"fireworks_ai/accounts/fireworks/models/(deepseek-v3p2|glm-4p7|minimax-m2p1)$",
        r"gemini/gemini-2\.5-pro-preview-tts$",
        r"mistral/(codestral-latest|devstral-small-latest|mistral-tiny|pixtral-large-latest)$",
        r"openai/ft:gpt-4o-(2024-08-06|mini-2024-07-18)$",
        r"openai/gpt-4o-search-preview",
        r"together_ai/Qwen/Qwen3\.8-2\.4T-A95B$",
        r"zai/glm-4\.5",
    ),
    "the tables have different rates for cached input": (
        r"groq/openai/gpt-oss-safeguard-20b$",
        r"novita/deepseek/deepseek-v4-pro-0813$",
    ),
    "LiteLLM's table has a rate for cache writes that is below that of input": (
        r"openai/ft:gpt-4o-2024-11-20$",
    ),
    "only the other table has a rate for cache writes kept for an hour; here they are read as any input": (
        r"moonshot/kimi-k3$",
    ),
    "an alias means a newer model in one of the tables than in the other": (
        r"deepseek/deepseek-(chat|reasoner)$",
        r"fireworks_ai/accounts/fireworks/models/deepseek-v4-flash-0731$",
        r"mistral/(magistral-medium|magistral-small|mistral-large)-latest$",
        r"mistral/mistral-medium$",
    ),
    "the list price changed, or one of the tables is mistaken": (
        r"azure/gpt-4-turbo",
        r"deepseek/deepseek-v3\.2$",
        r"fireworks_ai/accounts/fireworks/models/(deepseek-v4-pro|gemma-3-27b-it|llama-v3p1-8b-instruct)$",
        r"mistral/(mistral-large-4|open-mistral-nemo)",
        r"novita/(mindai/macaron-v1|mistralai/mistral-nemo)",
        r"together_ai/(NousResearch/Nous-Hermes-2-Mixtral|Qwen/Qwen3\.7-Max|mistralai/Mixtral-8x7B)",
        r"together_ai/meta-llama/Llama-3\.3-70B",
        r"xai/grok-code-fast",
    ),
    "LiteLLM's table knows the model without a price": (
        r"fireworks_ai/accounts/fireworks/models/minimax-m2p7$",
    ),
}


def compared() -> tuple[Counter[str], set[str], list[Difference]]:
    """Return how many costs agree by shape, the models that both tables know, and the differences."""
    agreed: Counter[str] = Counter()
    models: set[str] = set()
    differences: list[Difference] = []
    for name, entry in price_table().items():
        provider = entry.get("litellm_provider")
        if provider not in PROVIDERS or entry.get("mode") not in ("chat", "responses", "completion"):
            continue
        family = provider.removesuffix("_chat").removesuffix("_converse")
        bare = name.removeprefix(f"{family}/")
        for shape, (usage, context) in SHAPES.items():
            theirs = _theirs(bare, PROVIDERS[provider], usage, context)
            if theirs is None:
                continue
            models.add(name)
            ours = estimate_cost(f"{family}/{bare}", usage, at=AT)
            if ours is not None and ours == pytest.approx(theirs, rel=1e-6):
                agreed[shape] += 1
            else:
                differences.append(Difference(shape, f"{family}/{bare}", ours, theirs))
    return agreed, models, differences


def _theirs(model: str, provider: str, usage: Usage, context: dict[str, str] | None) -> float | None:
    """Return the other table's cost; None where it does not know the model, or not this class of service."""
    given: dict[str, Any] = {
        "input_tokens": usage.total_input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": (usage.cache_write or 0) + (usage.cache_write_1h or 0),
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_reasoning_tokens": usage.reasoning,
    }
    try:
        found = genai_prices.calc_price(
            genai_prices.Usage(**{key: value for key, value in given.items() if value}),
            model,
            provider_id=provider,
            genai_request_timestamp=AT,
            price_context=context,
        )
    except LookupError:
        return None
    variants = found.model.price_variants or ()
    # Azure's models are matched with OpenAI's variants there, and then billed without them.
    if context and (provider == "azure" or not any(dict(v.when) == context for v in variants)):
        return None
    return float(found.total_price)


def reason_of(difference: Difference) -> str | None:
    """Return why the two differ here, or None."""
    for reason, holds in RULES.items():
        if holds(difference):
            return reason
    for reason, patterns in DATA.items():
        if any(re.match(pattern, difference.model) for pattern in patterns):
            return reason
    return None


@pytest.fixture(scope="module")
def comparison():
    found = {"genai-prices": importlib.metadata.version("genai-prices"), "litellm": price_source()["version"]}
    if found != VERSIONS:
        pytest.skip(f"the list of differences is of {VERSIONS}, and here are {found}")
    return compared()


def test_every_difference_from_the_independent_table_is_explained(comparison):
    agreed, models, differences = comparison
    unexplained = [d for d in differences if reason_of(d) is None]
    assert not unexplained, "\n".join(map(str, unexplained))
    assert len(models) >= 700 and agreed["plain"] >= 600 and sum(agreed.values()) >= 4400


def test_no_explanation_outlives_its_difference(comparison):
    _, _, differences = comparison
    assert {reason_of(d) for d in differences} == {*RULES, *DATA}
    for patterns in DATA.values():
        for pattern in patterns:
            assert any(re.match(pattern, d.model) for d in differences), pattern
