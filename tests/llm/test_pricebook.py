"""A workspace's own prices: read from prices.yaml, preferred to the table, kept with each run."""

from __future__ import annotations

import pytest

from workbench.errors import BadInput
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import ModelSpec, Request, Usage

FILE = """\
date: "2026-11-01"
source: our contract
models:
  openai/gpt-4o-mini:
    input: 1
    output: 2
    cache_read: 0.5
    above_200k: {input: 3, output: 6}
    batch: {input: 0.5, output: 1}
  hosted_vllm/*: {input: 0, output: 0}
"""


@pytest.fixture
def book(tmp_path):
    (tmp_path / "prices.yaml").write_text(FILE, encoding="utf-8")
    return load_prices(tmp_path)


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        ("openai/gpt-4o-mini", Usage(input=100, output=10), 0.00012),
        ("openai/gpt-4o-mini", Usage(input=100, cache_read=100, output=0), 0.00015),
        ("openai/gpt-4o-mini", Usage(input=200_001, output=0), 0.600003),
        ("openai/gpt-4o-mini", Usage(input=100, output=10, service="batch"), 0.00006),
        ("openai/gpt-4o-mini", Usage(input=100, output=10, service="priority"), None),
        ("hosted_vllm/our-model", Usage(input=100, output=10), 0.0),
        ("anthropic/claude-sonnet-4-5", Usage(input=1000, output=100), 0.0045),  # as the table says
        ("nobody/knows", Usage(input=100, output=10), None),
    ],
)
def test_the_workspace_s_own_price_wins(book, model, usage, usd):
    assert book.cost(model, usage) == (None if usd is None else pytest.approx(usd, rel=1e-12))


def test_a_run_keeps_its_prices_whatever_becomes_of_the_file(book):
    kept = book.pinned(["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "nobody/knows"])
    assert kept["source"] == "litellm" and kept["version"] and kept["date"]
    assert kept["own"]["source"] == "our contract" and kept["own"]["date"] == "2026-11-01"
    assert kept["own"]["models"] == ["openai/gpt-4o-mini"]
    later = PriceBook.from_pinned(kept)
    for model in ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "nobody/knows"):
        usage = Usage(input=250_000, cache_read=10, output=100)
        assert later.cost(model, usage) == book.cost(model, usage)


def test_the_class_of_service_is_the_asked_one_until_the_provider_says_another(book):
    request = Request(ModelSpec("openai/gpt-4o-mini", params={"service_tier": "batch"}), ())
    assert book.cost_of_call(request, Usage(input=100, output=10)) == pytest.approx(0.00006)
    downgraded = Usage(input=100, output=10, service="default")
    assert book.cost_of_call(request, downgraded) == pytest.approx(0.00012)


def test_a_deployment_is_billed_by_the_model_that_answered_and_a_server_of_ones_own_is_not():
    usage = Usage(input=1_000_000, output=0)
    hosted = Request(ModelSpec("openai/our-alias"), ())
    assert PriceBook().cost_of_call(hosted, usage, "gpt-4o-mini") == pytest.approx(0.15)
    own = Request(ModelSpec("openai/our-alias", api_base="http://127.0.0.1:1/v1"), ())
    assert PriceBook().cost_of_call(own, usage, "gpt-4o-mini") is None
    assert PriceBook().cost_of_call(hosted, Usage(input=9, output=9, estimated=True), "gpt-4o-mini") is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("- a", None),
        ("modles: {}", "modles"),
        ("models: {a/b: 3}", "models.a/b"),
        ("models: {a/b: {input: 1}}", "models.a/b"),
        ("models: {a/b: {input: 1, output: -2}}", "models.a/b.output"),
        ("models: {a/b: {input: 1, output: true}}", "models.a/b.output"),
        ("models: {a/b: {input: 1, output: 2, cached: 3}}", "models.a/b.cached"),
        ("models: {a/b: {input: 1, output: 2, batch: {input: 1}}}", "models.a/b.batch"),
        ("date: yesterday", "date"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, field):
    (tmp_path / "prices.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_prices(tmp_path)
    assert caught.value.field == field and caught.value.file.endswith("prices.yaml") and caught.value.hint
