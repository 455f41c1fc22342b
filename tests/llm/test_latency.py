"""The latency that is recorded is the model's, also where this process is too busy to read an answer in time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import contextmanager
from statistics import median

import pytest
from support.loopback import JsonHandler, served

from workbench.llm.gateway import Gateway
from workbench.llm.types import ModelSpec, Request

TAKES_S = 0.25
BLOCKED_S = 0.1

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells when the bytes of a connection arrived"
)


@contextmanager
def slow_server():
    """Serve answers that take `TAKES_S`; give the address and what each took in truth, in seconds."""
    took: list[float] = []

    class Handler(JsonHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.body()
            begun = time.perf_counter()
            streamed = body.get("stream", False)
            choice = {"index": 0, "finish_reason": "stop"}
            told = {"role": "assistant", "content": "six"}
            answer = {
                "id": "c",
                "object": "chat.completion.chunk" if streamed else "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice | {"delta" if streamed else "message": told}],
                "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3},
            }
            sent = json.dumps(answer).encode()
            if streamed:
                sent = b"data: " + sent + b"\n\ndata: [DONE]\n\n"
            kind = "text/event-stream" if streamed else "application/json"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(sent)}\r\n\r\n"
            time.sleep(TAKES_S)
            took.append(time.perf_counter() - begun)
            self.wfile.write(head.encode() + sent)

    with served(Handler) as root:
        yield f"{root}/v1", took


async def asked_while_blocked(base: str, params: dict) -> list[float]:
    """Ask twelve times, four at once, on a loop that does nothing but block; return the recorded latencies."""
    gateway = Gateway(env={})
    model = ModelSpec("openai/m", params, api_base=base)

    async def ask(question: str) -> float:
        answer = await gateway.complete(Request(model, ({"role": "user", "content": question},)))
        assert answer.ok and (answer.ttft_s is None or answer.ttft_s <= answer.latency_s)
        return answer.latency_s

    async def block() -> None:
        while True:
            time.sleep(BLOCKED_S)  # as something that computes would
            await asyncio.sleep(0.002)

    async def in_turn(name: str) -> list[float]:
        return [await ask(f"{name} {number}") for number in range(3)]

    try:
        await ask("first, which also opens what is slow to open")
        blocking = asyncio.create_task(block())
        found = await asyncio.gather(*(in_turn(name) for name in "abcd"))
        blocking.cancel()
        return [latency for each in found for latency in each]
    finally:
        await gateway.aclose()


@pytest.mark.parametrize("way", ["", "litellm"])
@pytest.mark.parametrize("params", [{}, {"stream": True}])
def test_an_answer_that_is_read_late_is_not_recorded_as_late(monkeypatch, way, params):
    monkeypatch.setenv("WORKBENCH_LLM_ROUTE", way)
    with slow_server() as (base, took):
        recorded = asyncio.run(asked_while_blocked(base, params))
    # Read as late as it was, the median would be off by half of a block and more.
    assert median(recorded) == pytest.approx(median(took), abs=0.2 * BLOCKED_S)
