"""What a call costs: by the bundled table, to the published cent, and unknown where something is unknown."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest

from workbench.llm import prices
from workbench.llm.prices import estimate_cost, price_per_million, price_source
from workbench.llm.types import Usage

TABLE = {
    "tiered": {
        "litellm_provider": "maker",
        "input_cost_per_token": 1e-6,
        "input_cost_per_token_above_200k_tokens": 2e-6,
        "output_cost_per_token": 10e-6,
        "output_cost_per_token_above_200k_tokens": 15e-6,
        "cache_read_input_token_cost": 0.1e-6,
        "cache_creation_input_token_cost": 1.25e-6,
    },
    "plain": {"litellm_provider": "maker", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "free": {"litellm_provider": "ollama", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "blank": {"litellm_provider": "maker", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
    "classes": {
        "litellm_provider": "maker",
        "input_cost_per_token": 1e-6,
        "input_cost_per_token_batches": 0.5e-6,
        "input_cost_per_token_priority": 2e-6,
        "input_cost_per_token_above_272k_tokens": 2e-6,
        "input_cost_per_token_above_272k_tokens_priority": 4e-6,
        "output_cost_per_token": 8e-6,
        "output_cost_per_token_batches": 4e-6,
        "output_cost_per_token_priority": 16e-6,
        "output_cost_per_token_above_272k_tokens": 12e-6,
        "output_cost_per_token_above_272k_tokens_priority": 24e-6,
        "cache_read_input_token_cost": 0.1e-6,
        "cache_read_input_token_cost_priority": 0.2e-6,
        "cache_creation_input_token_cost": 1.25e-6,
        "cache_creation_input_token_cost_above_1hr": 2e-6,
    },
    "nightly": {
        "litellm_provider": "maker",
        "input_cost_per_token": 2e-6,
        "output_cost_per_token": 4e-6,
        "off_peak_pricing": {
            "input_cost_per_token": 1e-6,
            "output_cost_per_token": 2e-6,
            "windows": [
                {"hours_utc": ["00:00-01:00", "22:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
                {"hours_utc": "00:00-00:00", "weekdays": [6, 7]},
            ],
        },
    },
    "searches": {
        "litellm_provider": "perplexity",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 1e-6,
        "search_context_cost_per_query": {"search_context_size_low": 0.005},
    },
    "writes-free": {
        "litellm_provider": "maker_converse",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
        "cache_creation_input_token_cost": 0.0,
    },
    "thinks": {
        "litellm_provider": "maker",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
        "output_cost_per_reasoning_token": 3e-6,
        "cache_creation_input_token_cost": 1.25e-6,
    },
    "half": {"litellm_provider": "maker", "input_cost_per_token": 1e-6},
}


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setattr(prices, "price_table", lambda: TABLE)


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        ("maker/plain", Usage(input=1000, output=500), 0.002),
        ("maker/tiered", Usage(input=100, cache_read=900, output=10), 0.00029),
        ("maker/tiered", Usage(input=100, cache_write=900, output=0), 0.001225),
        ("maker/plain", Usage(input=100, cache_read=900, output=0), 0.001),  # no rate of its own: as input
        ("maker/plain", Usage(input=0, output=100, reasoning=90), 0.0002),  # reasoning is within the output
        ("maker/tiered", Usage(input=200_000, output=1000), 0.21),
        ("maker/tiered", Usage(input=200_001, output=1000), 0.415002),  # the whole call, not the part above
        ("maker/tiered", Usage(input=1, cache_read=250_000, output=0), 0.025002),
        ("ollama/free", Usage(input=9, output=9), 0.0),
        # 100 × $1 + 800 × $0.10 + 60 × $1.25 + 40 × $2 + 10 × $8, a million each
        (
            "maker/classes",
            Usage(input=100, cache_read=800, cache_write=60, cache_write_1h=40, output=10),
            0.000415,
        ),
        ("maker/classes", Usage(input=100, output=10, service="batch"), 0.00009),
        (
            "maker/writes-free",
            Usage(input=100, cache_write=900, output=0),
            0.001,
        ),  # they are read all the same
        ("maker/classes", Usage(input=100, output=10, service="priority"), 0.00036),
        ("maker/classes", Usage(input=100, cache_read=900, output=0, service="priority"), 0.00038),
        ("maker/classes", Usage(input=272_000, output=1, service="priority"), 0.544016),
        ("maker/classes", Usage(input=272_001, output=1, service="priority"), 1.088028),
        ("maker/classes", Usage(input=100, output=10, service="default"), 0.00018),
        ("maker/thinks", Usage(input=0, output=100, reasoning=90), 0.00029),  # 10 × $2 + 90 × $3
        ("offline/rules", Usage(), 0.0),
    ],
)
def test_each_token_is_billed_once_at_its_own_rate(table, model, usage, usd):
    assert estimate_cost(model, usage) == pytest.approx(usd, rel=1e-9)


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("maker/of-tomorrow", Usage(input=10, output=10)),
        ("another/plain", Usage(input=10, output=10)),
        ("maker/half", Usage(input=10, output=10)),
        ("maker/plain", Usage(input=None, output=10)),
        ("maker/plain", Usage(input=10, output=None)),
        ("perplexity/searches", Usage(input=10, output=10)),  # and a fee for a search of unknown size
        ("maker/blank", Usage(input=10, output=10)),  # a zero that nobody entered
        ("maker/plain", Usage(input=10, output=10, service="priority")),  # no such rate here
        ("maker/classes", Usage(input=10, output=10, service="of-tomorrow")),
        ("maker/thinks", Usage(input=10, cache_write_1h=10, output=10)),  # only the short lifetime has a rate
    ],
)
def test_an_unknown_price_or_count_is_unknown_never_nothing(table, model, usage):
    assert estimate_cost(model, usage) is None


@pytest.mark.parametrize(
    ("moment", "usd"),
    [
        ("2026-11-20T21:59:00+00:00", 0.0024),  # a Friday
        ("2026-11-20T22:00:00+00:00", 0.0012),
        ("2026-11-20T23:30:00+01:00", 0.0012),
        ("2026-11-21T12:00:00+00:00", 0.0012),
        ("2026-11-23T00:59:00+00:00", 0.0012),
        ("2026-11-23T01:00:00+00:00", 0.0024),
    ],
)
def test_a_price_that_goes_by_the_hour_is_that_of_the_call(table, moment, usd):
    at = datetime.fromisoformat(moment)
    assert estimate_cost("maker/nightly", Usage(input=1000, output=100), at=at) == pytest.approx(usd)


def test_the_bundled_table_knows_the_usual_models_and_its_version_is_kept():
    assert price_per_million("openai/gpt-4o-mini") == (0.15, 0.6) == price_per_million("gpt-4o-mini")
    assert price_per_million("anthropic/claude-sonnet-4-5") == (3.0, 15.0)
    assert price_per_million("ollama/llama-of-mine") == (None, None)
    source = price_source()
    assert source["source"] == "litellm" and source["version"][0].isdigit()
    assert source["date"] and source["date"] > "2026", (
        "the day of the pinned table is to be entered in prices.py"
    )


def test_prices_are_read_without_importing_litellm():
    code = (
        "import sys; from workbench.llm.prices import price_table; "
        "print(len(price_table()) > 1000, 'litellm' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "False"]
