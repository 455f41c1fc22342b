"""Short ways to ask a gateway in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.llm.gateway import Gateway
from workbench.llm.retry import RetryPolicy
from workbench.llm.types import Completion, ModelSpec, Request

#: Waits of a hundredth of a second, so that retrying takes no time worth speaking of.
SWIFT = RetryPolicy(first_wait_s=0.01, widest_wait_s=0.02)


def request(model: ModelSpec, text: str = "hello there my friend", **fields: Any) -> Request:
    """Return a request with one user message."""
    return Request(model, ({"role": "user", "content": text},), **fields)


def ask(*requests: Request, env: Mapping[str, str] | None = None, **options: Any) -> list[Completion]:
    """Ask all at once on a gateway of their own."""

    async def main() -> list[Completion]:
        gateway = Gateway(env=env or {}, **({"retry": SWIFT, "timeout_s": 20} | options))
        try:
            return list(await asyncio.gather(*(gateway.complete(one) for one in requests)))
        finally:
            await gateway.aclose()

    return asyncio.run(main())


def stream(one: Request, env: Mapping[str, str] | None = None, **options: Any) -> list[str | Completion]:
    """Stream one request and return all that came."""

    async def main() -> list[str | Completion]:
        gateway = Gateway(env=env or {}, **({"retry": SWIFT, "timeout_s": 20} | options))
        try:
            return [item async for item in gateway.stream(one)]
        finally:
            await gateway.aclose()

    return asyncio.run(main())


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a JSONL file."""
    import json

    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
