"""A server on loopback that speaks OpenAI's and Ollama's protocols for vectors."""

from __future__ import annotations

from contextlib import contextmanager

from support.loopback import JsonHandler, served


def vector_of(text):
    """A vector that tells its text, exact in 32 bits."""
    return [float(len(text)), float(sum(map(ord, text)) % 1000), 0.5]


@contextmanager
def serving(*script):
    """Answer embeddings; the statuses or bodies of ``script`` come first, one a request."""
    calls, left = [], list(script)

    class Handler(JsonHandler):
        def do_POST(self) -> None:
            body = self.body()
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
            self.send_json(status, answer)

    with served(Handler) as root:
        yield root, calls
