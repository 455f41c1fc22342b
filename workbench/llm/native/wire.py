"""Requests on the wire: one session an event loop, whole answers and streams of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from workbench.llm import clock
from workbench.llm.faults import UNREADABLE
from workbench.llm.native.protocol import Fault, Nonsense, fault

if TYPE_CHECKING:
    import aiohttp

# The keys are ours to choose, and proxies are read once: nothing is looked up at each request.
SESSIONS = clock.Sessions(trust_env=False)
_LONGEST_EVENT = 10_000_000
_LONGEST_ERROR = 100_000
_PATIENCE_S = 0.5


async def post(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    connect_timeout_s: float,
) -> aiohttp.ClientResponse:
    """Send a request and return the answer as soon as its headers are there. The caller releases it.

    Redirects are not followed: a key would go along.

    Raises:
        Fault: The server refuses.
    """
    import aiohttp

    response = await session.post(
        url,
        data=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        headers={"Content-Type": "application/json", **headers},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        allow_redirects=False,
        proxy=_proxy(url),
    )
    if response.status < 300:
        return response
    try:
        raise await _refusal(response)
    finally:
        response.close()


async def whole(response: aiohttp.ClientResponse) -> Any:
    """Return the JSON of an answer.

    Raises:
        Nonsense: It is none.
    """
    content = await response.read()
    try:
        return json.loads(content)
    except ValueError:
        raise Nonsense(UNREADABLE) from None


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON objects of a stream of server-sent events, up to ``[DONE]`` or its end.

    Raises:
        Nonsense: An event is no JSON, or has no end.
    """
    rest = b""
    async for piece in response.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_EVENT:
            raise Nonsense("an event without end")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            yield _event(data)
    if rest.startswith(b"data:") and rest[5:].strip() != b"[DONE]":
        yield _event(rest[5:].strip())


async def drain(response: aiohttp.ClientResponse) -> None:
    """Read what follows the last event, so that the connection can be used again; not for long."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await response.content.read()
    except Exception:  # the answer is whole: whatever the connection does now is of no matter
        response.close()
    else:
        response.release()


def _event(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise Nonsense("an event that is no JSON object")
    return event


async def _refusal(response: aiohttp.ClientResponse) -> Fault:
    if response.status < 400:
        return Fault(
            404, f"it redirects to {response.headers.get('Location', 'elsewhere')}", "", response.headers
        )
    content = await response.content.read(_LONGEST_ERROR)
    while not response.content.at_eof() and len(content) < _LONGEST_ERROR:
        content += await response.content.read(_LONGEST_ERROR)
        await asyncio.sleep(0)
    text = content.decode("utf-8", errors="replace")
    try:
        return fault(response.status, json.loads(text), response.headers)
    except ValueError:
        return Fault(response.status, text, "", response.headers)


def _proxy(url: str) -> str | None:
    parts = urlsplit(url)
    return _proxy_for(parts.scheme, parts.netloc.rpartition("@")[2])


@lru_cache(maxsize=100)
def _proxy_for(scheme: str, place: str) -> str | None:
    """Return the environment's proxy for a host. Read once a process: it is the same for every call."""
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return None if found is None or proxy_bypass(place) else found
