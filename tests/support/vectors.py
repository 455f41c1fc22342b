"""A server on loopback that speaks OpenAI's and Ollama's protocols for vectors."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def vector_of(text):
    """A vector that tells its text, exact in 32 bits."""
    return [float(len(text)), float(sum(map(ord, text)) % 1000), 0.5]


@contextmanager
def serving(*script):
    """Answer embeddings; the statuses or bodies of ``script`` come first, one a request."""
    calls, left = [], list(script)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            calls.append((self.path, headers, body))
            planned = left.pop(0) if left else 200
            texts = body.get("input", [])
            if isinstance(planned, dict):
                status, answer = 200, planned
            elif planned != 200:
                status, answer = planned, {"error": {"message": "no", "type": "x", "code": None}}
            elif self.path == "/api/embed":
                vectors = [vector_of(text) for text in texts]
                status, answer = (
                    200,
                    {"model": body["model"], "embeddings": vectors, "prompt_eval_count": len(texts)},
                )
            else:
                rows = [
                    {"object": "embedding", "index": i, "embedding": vector_of(t)}
                    for i, t in enumerate(texts)
                ]
                usage = {"prompt_tokens": 2 * len(texts), "total_tokens": 2 * len(texts)}
                # In any order: the index tells whose vector it is.
                status, answer = 200, {"object": "list", "model": "m", "data": rows[::-1], "usage": usage}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
