"""What the whole path is held against: a bare loop, LiteLLM alone, and other tools where they are installed."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from whole_path_runs import TEXT, Measured, watch

AT_ONCE = 50
_INSPECT = """
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes, match
import sys
cells, base = int(sys.argv[1]), sys.argv[2]
samples = [Sample(input=f"Question {n}: " + sys.argv[3], target="six") for n in range(cells)]
eval(Task(dataset=samples, scorer=[includes(), match(), includes(ignore_case=False)]), model="openai/m",
     model_base_url=base, model_args={"responses_api": False}, max_connections=50, max_samples=50, display="none",
     log_dir=sys.argv[4])
"""


def _question(number: int) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": "Answer in six words."},
        {"role": "user", "content": f"Question {number}: {TEXT}"},
    ]


async def _at_once(calls: int, call: Callable[[int], Awaitable[None]]) -> None:
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def _measured(calls: int, make: Callable[[], Awaitable[None]]) -> Measured:
    """Measure in this process, with what it takes to begin."""
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(make())  # type: ignore[arg-type]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(calls, time.perf_counter() - wall, time.process_time() - cpu, peak)


def bare_loop(base: str, calls: int, *, stream: bool) -> Measured:
    """The floor: post, and read the answer or the lines of the stream."""
    import aiohttp

    async def make() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def call(number: int) -> None:
                body = {"model": "m", "messages": _question(number), "stream": stream}
                async with session.post(f"{base}/chat/completions", json=body) as response:
                    if not stream:
                        assert (await response.json())["choices"]
                        return
                    async for line in response.content:
                        if line.startswith(b"data: {"):
                            json.loads(line[6:])

            await _at_once(calls, call)

    return _measured(calls, make)


def bare_litellm(folder: Path, base: str, calls: int) -> Measured:
    """LiteLLM as shipped, in a process of its own as the whole path has one; it imports without a fetch."""
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
    work = folder / f"litellm-{time.monotonic_ns()}"
    work.mkdir()
    return _child([sys.executable, str(Path(__file__)), base, str(calls)], work, env, calls)


async def _ask_litellm(base: str, calls: int) -> None:
    import litellm

    litellm.suppress_debug_info = True

    async def call(number: int) -> None:
        answer = await litellm.acompletion(
            "openai/m", messages=_question(number), api_base=base, timeout=60, num_retries=0
        )
        assert answer.choices

    await _at_once(calls, call)


def promptfoo(folder: Path, base: str, cells: int, program: str | None) -> Measured | None:
    """promptfoo with three assertions and no cache; None where it is not installed."""
    program = program or shutil.which("promptfoo")
    if program is None:
        return None
    work = folder / "promptfoo"
    work.mkdir()
    config = {
        "prompts": ["Question {{n}}: {{text}}"],
        "providers": [{"id": "openai:chat:m", "config": {"apiBaseUrl": base, "apiKey": "sk-x"}}],
        "tests": [{"vars": {"n": n, "text": TEXT}} for n in range(cells)],
        "defaultTest": {
            "assert": [
                {"type": "equals", "value": "one two three four five six"},
                {"type": "contains", "value": "six"},
                {"type": "javascript", "value": "output.length < 100"},
            ]
        },
    }
    (work / "promptfooconfig.json").write_text(json.dumps(config))
    env = {
        **os.environ,
        "PROMPTFOO_CONFIG_DIR": str(work / "state"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "true",
    }
    options = [
        "eval",
        "-c",
        "promptfooconfig.json",
        "-j",
        str(AT_ONCE),
        "--no-cache",
        "--no-table",
        "--no-progress-bar",
    ]
    return _child([program, *options], work, env, cells)


def inspect_ai(folder: Path, base: str, cells: int, python: str | None) -> Measured | None:
    """Inspect with three scorers; None where it is not installed."""
    python = python or sys.executable
    found = subprocess.run([python, "-c", "import inspect_ai"], capture_output=True, check=False)
    if found.returncode:
        return None
    work = folder / "inspect"
    work.mkdir()
    return _child([python, "-c", _INSPECT, str(cells), base, TEXT, str(work)], work, dict(os.environ), cells)


def _child(command: list[str], work: Path, env: dict[str, str], cells: int) -> Measured:
    begun = time.perf_counter()
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=work, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        cpu_s, memory_mb = watch(process)
    return Measured(cells, time.perf_counter() - begun, cpu_s, memory_mb)


if __name__ == "__main__":
    asyncio.run(_ask_litellm(sys.argv[1], int(sys.argv[2])))
