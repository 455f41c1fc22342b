"""When a request left and when its answer was there: stamped at the connection, not in our own queue.

A busy event loop reaches the line after ``await`` late, and reads late what has long arrived. The stamps are set by
the connection itself, and on Linux the kernel is asked how long ago the bytes went and came (``TCP_INFO``, see
tcp(7)), so that the latency recorded is the model's.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

# The kernel counts in ticks: 100 to 1,000 a second.
_TICK_S = 0.01
# ``struct tcp_info`` of linux/tcp.h: milliseconds since data was last sent, 4 bytes, and since it was last received.
_LAST_DATA = struct.Struct("=44xI4xI")


def _quiet_for(transport: asyncio.BaseTransport | None) -> tuple[float, float] | None:
    """Return for how many seconds a connection has sent and received nothing; None where nobody knows."""
    if transport is None or not sys.platform.startswith("linux"):
        return None
    connection = transport.get_extra_info("socket")
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA.size)
        sent_ms, received_ms = _LAST_DATA.unpack(told)
    except (AttributeError, OSError, ValueError, struct.error):  # closed, or no TCP
        return None
    return sent_ms / 1000, received_ms / 1000


@dataclass
class Stamps:
    """Moments of one attempt, on the clock of `time.perf_counter`; None where the connection told nothing."""

    begun: float
    sent: float | None = None
    received: float | None = None
    headers: Mapping[str, str] | None = None
    transport: asyncio.BaseTransport | None = None

    def arrived(self) -> float:
        """Return when the bytes that have just been read arrived: before now, where they were read late."""
        if self.received is not None:
            return self.received
        now, quiet = time.perf_counter(), _quiet_for(self.transport)
        return now if quiet is None else max(self.sent or self.begun, now - quiet[1])

    def left(self) -> None:
        """Correct when the request left: its bytes go a moment after the connection begins with it."""
        quiet = _quiet_for(self.transport)
        if quiet is not None and self.sent is not None:
            self.sent = max(self.sent, time.perf_counter() - quiet[0] - _TICK_S)

    def since_sent(self, moment: float) -> float:
        """Return the seconds from the sending of the request to ``moment``."""
        return max(0.0, moment - (self.sent if self.sent is not None else self.begun))

    def latency(self, ended: float | None = None) -> float:
        """Return the seconds from the sending of the request to the last byte of the answer.

        Args:
            ended: When the answer was whole, where its end was not seen on the connection; now by default.
        """
        if self.received is not None:
            return self.since_sent(self.received)
        return self.since_sent(time.perf_counter() if ended is None else ended)


_CURRENT: ContextVar[Stamps | None] = ContextVar("stamps", default=None)


def start() -> Stamps:
    """Begin an attempt: what the connection does from here on in this task is stamped on the result."""
    stamps = Stamps(begun=time.perf_counter())
    _CURRENT.set(stamps)
    return stamps


def headers_seen() -> Mapping[str, str] | None:
    """Return the headers of the last answer in this task, where the connection showed them."""
    stamps = _CURRENT.get()
    return stamps.headers if stamps is not None else None


def stamping_session(*, trust_env: bool = True) -> aiohttp.ClientSession:
    """Return a session whose requests are stamped. The caller closes it.

    Args:
        trust_env: Whether it looks for a proxy and for ``.netrc`` at each request, which takes two threads.
    """
    import aiohttp

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_on_sent)
    trace.on_request_end.append(_on_headers)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
        trust_env=trust_env,
    )


async def _on_sent(session: Any, context: Any, params: Any) -> None:
    stamps = _CURRENT.get()
    if stamps is not None:
        stamps.sent, stamps.received, stamps.transport = time.perf_counter(), None, None


async def _on_headers(session: Any, context: Any, params: Any) -> None:
    stamps = _CURRENT.get()
    if stamps is None:
        return
    stamps.headers = params.response.headers
    # A short answer is whole by now, and has given its connection back; nobody has used it since.
    stamps.transport = getattr(getattr(params.response, "_protocol", None), "transport", None)
    stamps.left()

    def whole() -> None:
        stamps.received = stamps.arrived()

    params.response.content.on_eof(whole)


class Sessions:
    """One stamping session an event loop, shared by the gateways of that loop and closed with the last."""

    def __init__(self, *, trust_env: bool = True) -> None:
        self._trust_env = trust_env
        self._open: dict[int, tuple[aiohttp.ClientSession, int]] = {}

    def acquire(self) -> aiohttp.ClientSession:
        """Return this loop's session and count one more user."""
        loop = id(asyncio.get_running_loop())
        session, users = self._open.get(loop, (None, 0))
        if session is None or session.closed:
            session = stamping_session(trust_env=self._trust_env)
        self._open[loop] = (session, users + 1)
        return session

    async def release(self) -> bool:
        """Count one user less and close the session with the last one; return whether it was the last."""
        loop = id(asyncio.get_running_loop())
        session, users = self._open.pop(loop, (None, 0))
        if session is None:
            return True
        if users > 1:
            self._open[loop] = (session, users - 1)
            return False
        await session.close()
        return True
