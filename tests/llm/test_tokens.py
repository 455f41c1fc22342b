"""Tokens counted before a call: by OpenAI's tokenizer without a network, and by characters for all others."""

from __future__ import annotations

import socket

import pytest

from workbench.llm.tokens import count_messages, estimate_tokens
from workbench.llm.types import ModelSpec

TEXTS = {
    "english": "The customer asks why the invoice of last month is higher than the one before, and wants a refund. ",
    "code": "def total(rows):\n    return sum(row.price * row.count for row in rows if row.paid)\n",
    "german": "Der Kunde fragt, warum die Rechnung des letzten Monats höher ist als die davor. ",
    "chinese": "客户询问为什么上个月的发票比前一个月的高，并希望退款。",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_estimate_by_characters_is_within_its_interval(name, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a tokenizer was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    messages = [{"role": "user", "content": TEXTS[name] * 20}]
    true = count_messages(messages, ModelSpec("openai/gpt-4o-mini"))
    guess = count_messages(messages, ModelSpec("nobody/knows"))
    assert true.exact and true.low == true.high and not guess.exact
    assert guess.low <= true.expected <= guess.high


def test_a_server_of_ones_own_has_an_unknown_tokenizer():
    spec = ModelSpec("openai/gpt-4o-mini", api_base="http://127.0.0.1:1/v1")
    assert not count_messages([{"role": "user", "content": "hello"}], spec).exact
    assert estimate_tokens("") == 0
