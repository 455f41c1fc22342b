"""A lean server for measuring clients: OpenAI's chat completions on loopback, in a process of its own.

    python benchmarks/loopback_server.py [--delay 0.05] [--faults 0.1]

It prints its address and serves until its standard input ends. It parses no more of a request than its length and
whether a stream is asked for, so that it is not what is measured. ``--faults`` answers that share of the calls with
429 (with Retry-After) and 500 in turn. ``GET /seen`` tells how many calls came and what they took here, in seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.request import urlopen

TEXT = "one two three four five six"
USAGE = {"prompt_tokens": 250, "completion_tokens": 6, "total_tokens": 256}


def _response(status: str, content: bytes, kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{more}\r\n"
    return head.encode() + content


def _whole() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
    }
    return _response("200 OK", json.dumps(body).encode())


def _stream() -> list[bytes]:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events: list[object] = [
        {**chunk, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
        for word in TEXT.replace(" ", "  ").split(" ")
        if word
    ]
    events.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    events.append({**chunk, "choices": [], "usage": USAGE})
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(line), line) for line in lines]
    return [head + chunks[0], *chunks[1:-1], chunks[-1] + b"0\r\n\r\n"]


WHOLE, STREAM = _whole(), _stream()
_ERROR = json.dumps({"error": {"message": "made to fail", "type": "server_error", "code": "failed"}}).encode()
FAULTS = (
    _response("429 Too Many Requests", _ERROR, more="Retry-After: 0.05\r\n"),
    _response("500 Internal Server Error", _ERROR),
)


class Server(asyncio.Protocol):
    """One connection. What all of them saw is kept on the class."""

    delay_s = 0.05
    faults = 0.0
    calls = 0
    took: ClassVar[list[float]] = []

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            if head.startswith(b"get"):
                self.buffer = self.buffer[end + 4 :]
                self.transport.write(_response("200 OK", json.dumps(self.seen()).encode()))
                continue
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            streamed = b'"stream":true' in body or b'"stream": true' in body
            loop = asyncio.get_running_loop()
            loop.call_later(self.delay_s, self.answer, streamed, time.perf_counter())

    def answer(self, streamed: bool, begun: float) -> None:
        """Send the answer, or a fault in its place."""
        if self.transport.is_closing():
            return
        Server.calls += 1
        if self.faults and random.random() < self.faults:
            self.transport.write(FAULTS[Server.calls % 2])
        elif streamed:
            for piece in STREAM:
                self.transport.write(piece)
        else:
            self.transport.write(WHOLE)
        Server.took.append(time.perf_counter() - begun)

    @classmethod
    def seen(cls) -> dict[str, float | int | None]:
        """Tell what came since the last time that this was asked."""
        calls, took, cls.calls, cls.took = cls.calls, cls.took, 0, []
        return {"calls": calls, "p50_s": statistics.median(took) if took else None}


async def serve(delay_s: float, faults: float) -> None:
    """Serve until standard input ends."""
    Server.delay_s, Server.faults = delay_s, faults
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def serving(delay_s: float, faults: float = 0.0) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    command = [sys.executable, str(Path(__file__)), "--delay", str(delay_s), "--faults", str(faults)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def seen(base: str) -> dict[str, float | int | None]:
    """Ask a server what it saw since the last time."""
    with urlopen(f"{base.removesuffix('/v1')}/seen", timeout=10) as response:
        return json.load(response)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--faults", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(serve(given.delay, given.faults))
