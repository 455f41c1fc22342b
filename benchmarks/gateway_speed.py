"""What a call costs through the gateway: held against a bare aiohttp loop, by both ways to a model.

    python benchmarks/gateway_speed.py [--calls N] [--rounds N]

A test server in a process of its own answers after 50 ms; 50 calls are in flight at once. The bare loop, the short
way and LiteLLM are measured in turn in one run, whole answers and streams, so that a busy moment of the machine meets
all of them. CPU is this process's own, a call; wall time is divided by the bare loop's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

CONCURRENCY, DELAY_S = 50, 0.05
TEXT = "The quick brown fox jumps over the lazy dog. " * 27  # 1.2 KB
SERVER = """
import sys, time
from support.openai_server import OpenAIServer
with OpenAIServer(lambda body: "one two three four five six", delay_s=float(sys.argv[1]), keep_calls=False) as server:
    print(server.base_url, flush=True)
    sys.stdin.read()
"""


async def in_flight(calls: int, call: Callable[[int], Awaitable[None]]) -> tuple[float, float]:
    """Make the calls, 50 at once; return wall and CPU seconds."""
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await call(number)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return time.perf_counter() - wall, time.process_time() - cpu


async def bare(base: str, calls: int, stream: bool) -> tuple[float, float]:
    """The floor: post, and read the answer or the lines of the stream."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(number: int) -> None:
            messages = [{"role": "user", "content": f"{number} {TEXT}"}]
            body = {"model": "m", "messages": messages, "stream": stream}
            async with session.post(f"{base}/chat/completions", json=body) as response:
                if not stream:
                    assert (await response.json())["choices"]
                    return
                async for line in response.content:
                    if line.startswith(b"data: {"):
                        json.loads(line[6:])

        await in_flight(CONCURRENCY, call)
        return await in_flight(calls, call)


async def through_gateway(base: str, calls: int, stream: bool) -> tuple[float, float]:
    """The whole gateway: retries, limits, counts, price, without a cache."""
    from workbench.llm.gateway import Gateway
    from workbench.llm.limits import Pace
    from workbench.llm.types import ModelSpec, Request

    gateway = Gateway(env={}, pace=Pace(start=CONCURRENCY))
    spec = ModelSpec("openai/m", params={"stream": True} if stream else {}, api_base=base)

    async def call(number: int) -> None:
        answer = await gateway.complete(Request(spec, ({"role": "user", "content": f"{number} {TEXT}"},)))
        assert answer.ok, answer.error_message

    try:
        await in_flight(CONCURRENCY, call)  # imports and opens connections
        return await in_flight(calls, call)
    finally:
        await gateway.aclose()


def measure(base: str, way: str, calls: int, stream: bool) -> tuple[float, float]:
    """Measure one way once; return wall and CPU seconds a call."""
    os.environ["WORKBENCH_LLM_ROUTE"] = "litellm" if way == "LiteLLM" else ""
    run = bare if way == "bare aiohttp" else through_gateway
    wall, cpu = asyncio.run(run(base, calls, stream))
    return wall / calls, cpu / calls


def main() -> None:
    """Measure in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description="Measure what a call through the gateway costs.")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tests = Path(__file__).resolve().parents[1] / "tests"
    env = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-c", SERVER, str(DELAY_S)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as server:
        assert server.stdin and server.stdout
        base = server.stdout.readline().strip()
        print(
            f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, {options.calls} calls, 50 at once, 50 ms"
        )
        for stream in (False, True):
            seen: dict[str, list[tuple[float, float]]] = {}
            for _ in range(options.rounds):
                for way in ("bare aiohttp", "short way", "LiteLLM"):
                    calls = options.calls // 4 if way == "LiteLLM" else options.calls
                    seen.setdefault(way, []).append(measure(base, way, calls, stream))
            floor_wall = statistics.median(wall for wall, _ in seen["bare aiohttp"])
            floor_cpu = statistics.median(cpu for _, cpu in seen["bare aiohttp"])
            print("streams" if stream else "whole answers")
            for way, rounds in seen.items():
                wall = statistics.median(wall for wall, _ in rounds)
                cpu = statistics.median(cpu for _, cpu in rounds)
                print(
                    f"  {way:14} {1 / wall:7.0f} calls/s  {cpu * 1000:6.2f} ms CPU a call"
                    f"  {cpu / floor_cpu:5.1f} x CPU  {wall / floor_wall:5.2f} x wall"
                )
        server.stdin.close()


if __name__ == "__main__":
    main()
