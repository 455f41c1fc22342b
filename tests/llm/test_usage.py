"""Token counts land in disjoint buckets, whoever reports them and in whatever shape."""

from __future__ import annotations

import pytest

from workbench.llm.types import Usage
from workbench.llm.usage import usage_from


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        (  # OpenAI: cached inside the input, reasoning inside the output
            {
                "prompt_tokens": 1000,
                "completion_tokens": 50,
                "total_tokens": 1050,
                "prompt_tokens_details": {"cached_tokens": 768},
                "completion_tokens_details": {"reasoning_tokens": 30},
                "service_tier": "flex",
            },
            Usage(input=232, cache_read=768, output=50, reasoning=30, service="flex"),
        ),
        (  # Anthropic: cached beside the input, writes by lifetime
            {
                "input_tokens": 21,
                "cache_read_input_tokens": 900,
                "cache_creation_input_tokens": 456,
                "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 56},
                "output_tokens": 10,
                "service_tier": "standard",
            },
            Usage(
                input=21, cache_read=900, cache_write=400, cache_write_1h=56, output=10, service="standard"
            ),
        ),
        (  # the same call as LiteLLM gives it
            {
                "prompt_tokens": 1377,
                "completion_tokens": 10,
                "prompt_tokens_details": {
                    "cached_tokens": 900,
                    "cache_creation_tokens": 456,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 400,
                        "ephemeral_1h_input_tokens": 56,
                    },
                },
            },
            Usage(input=21, cache_read=900, cache_write=400, cache_write_1h=56, output=10),
        ),
        (  # DeepSeek
            {"prompt_tokens": 100, "prompt_cache_hit_tokens": 64, "completion_tokens": 7},
            Usage(input=36, cache_read=64, output=7),
        ),
        (  # xAI: reasoning beside the output
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(input=32, output=103, reasoning=94),
        ),
    ],
)
def test_no_token_is_counted_twice_or_lost(reported, usage):
    assert usage_from(reported) == usage


def test_all_that_was_read_is_the_sum_of_the_buckets():
    assert Usage(input=1, cache_read=2, cache_write=4, cache_write_1h=8, output=5).total_input == 15
    assert Usage(cache_read=2, output=5).total_input is None
