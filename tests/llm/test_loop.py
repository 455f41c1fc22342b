"""Calling models from plain threads: what comes back, what is cancelled, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from support.asking import SWIFT, request
from support.openai_server import OpenAIServer, Reply

from workbench.llm.gateway import Gateway
from workbench.llm.loop import background_loop, iterate, run_in_loop
from workbench.llm.types import Completion, ModelSpec


async def numbers(ended: threading.Event, *, fail: bool = False):
    try:
        for number in range(3):
            yield number
        if fail:
            raise ValueError("broken on the way")
        await asyncio.sleep(60)
        yield 3
    finally:
        ended.set()


def test_items_arrive_in_a_plain_thread_and_leaving_early_ends_their_source():
    ended = threading.Event()
    for number in iterate(numbers(ended)):
        if number == 2:
            break
    assert ended.wait(5)


def test_what_breaks_on_the_loop_is_raised_in_the_thread():
    seen = []
    with pytest.raises(ValueError, match="broken on the way"):
        for number in iterate(numbers(threading.Event(), fail=True)):
            seen.append(number)
    assert seen == [0, 1, 2]


def test_a_call_that_takes_too_long_is_cancelled():
    cancelled = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError):
        run_in_loop(slow(), timeout_s=0.05)
    assert cancelled.wait(5)


def test_two_threads_stream_from_one_server_at_once():
    with OpenAIServer() as server:
        server.script(*[Reply(chunk_delay_s=0.02)] * 2)
        spec = ModelSpec("openai/m", api_base=server.base_url)
        told: dict[str, str] = {}

        def read(text: str) -> None:
            gateway = Gateway(env={}, retry=SWIFT)
            last = list(iterate(gateway.stream(request(spec, text))))[-1]
            run_in_loop(gateway.aclose())
            assert isinstance(last, Completion)
            told[text] = last.text

        threads = [threading.Thread(target=read, args=(text,)) for text in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert told == {"one": "You said: one", "two": "You said: two"}
    assert background_loop().is_running()


def test_a_process_with_a_call_under_way_can_end():
    code = "import asyncio; from workbench.llm.loop import submit; submit(asyncio.sleep(600)); print('left')"
    found = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "left" and not found.stderr.strip(), found.stderr
