"""Models on disk as the gateway asks them: found, loaded once a process, asked one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import CompletionError
from workbench.llm.local.engine import Ended, Engine, LocalError, Writing, options_of
from workbench.llm.params import refuse_all_but_text
from workbench.llm.types import Completion, ModelSpec, Request, Usage

if TYPE_CHECKING:
    from workbench.llm.embeddings import Embeddings
    from workbench.llm.local.vectors import Encoded, Encoder

PREFIX = "local/"

# One answer at a time in the whole process: an engine takes every core that there is.
_WORKER = ThreadPoolExecutor(1, thread_name_prefix="local-model")
_ENGINES: dict[Path, Engine] = {}
_ENCODERS: dict[Path, Encoder] = {}


def on_disk(model: ModelSpec) -> bool:
    """Whether it is a model that runs in this process."""
    return model.id.startswith(PREFIX) and not model.recorded


def model_path(model: ModelSpec, workspace: Path) -> Path:
    """Return where a ``local/<path>`` model lies: inside the workspace, or at a full path.

    Raises:
        LocalError: Of kind not_found or bad_request.
    """
    text = model.id.removeprefix(PREFIX)
    if model.api_base or model.api_key_env:
        raise LocalError(
            f"{model.name} runs in this process", kind="bad_request", hint="remove api_base and api_key_env"
        )
    if not text or "\0" in text:
        raise LocalError(
            f'"{model.id}" names no folder and no file', kind="not_found", hint="write local/<path>"
        )
    path, base = Path(text), workspace.resolve()
    if not path.is_absolute():
        path = (base / path).resolve()
        if not path.is_relative_to(base):
            raise LocalError(
                f"The model {text} lies outside {base}",
                kind="not_found",
                hint="move it inside, or give its full path",
            )
    if is_gguf(path):
        if not path.is_file():
            raise LocalError(f"There is no file {path}", kind="not_found", hint="check the path after local/")
    elif not path.is_dir():
        raise LocalError(f"There is no folder {path}", kind="not_found", hint="check the path after local/")
    return path


def is_gguf(path: Path) -> bool:
    """Whether it is named as a GGUF file."""
    return path.suffix.lower() == ".gguf"


class LocalModels:
    """Asks models on disk. It may be used from any thread and event loop; the loaded models are shared.

    Args:
        workspace: The folder from which relative paths are taken.
        timeout_s: Seconds that one answer may take, where the model says nothing else.
    """

    def __init__(self, workspace: Path | None, timeout_s: float) -> None:
        self._workspace, self._timeout_s = workspace, timeout_s

    async def complete(self, request: Request) -> Completion:
        """Return the answer, or the typed error that came instead."""
        async with contextlib.aclosing(self.stream(request)) as items:
            async for item in items:
                if isinstance(item, Completion):
                    return item
        raise AssertionError("a stream ends with its completion")

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """Yield the text as it is written, then the completion.

        Waiting for its turn and loading are no part of the latency. A stream that nobody reads any more stops
        at the next token.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[str | Completion] = asyncio.Queue()
        given_up = threading.Event()

        def tell(item: str | Completion) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(arrived.put_nowait, item)

        job = _WORKER.submit(self._answer, request, tell, given_up)
        try:
            while True:
                item = await arrived.get()
                yield item
                if isinstance(item, Completion):
                    return
        finally:
            given_up.set()
            job.cancel()

    async def embed(self, texts: Sequence[str], model: ModelSpec) -> Embeddings:
        """Return a vector for each text, or the typed error that came instead. Nothing is kept: files may change.

        With the parameter ``token_layer`` they are of the texts' tokens; see `Encoder.encode_tokens`.
        """
        from array import array

        from workbench.llm.embeddings import Embeddings, nothing, unfit

        problem = unfit(texts, model)
        layer = model.params.get("token_layer")
        if problem is None and model.params and (len(model.params) > 1 or not isinstance(layer, int)):
            names = " and no ".join(sorted(model.params))
            problem = LocalError(
                f"An embedding model on disk knows no {names}",
                kind="bad_request",
                hint="remove it from the parameters",
            )
        if problem is not None or not texts:
            return nothing(texts, problem)
        try:
            path = model_path(model, self._workspace or Path.cwd())
            job = _WORKER.submit(_encode, path, texts, layer, model.timeout_s or self._timeout_s)
            found, seconds = await asyncio.wrap_future(job)
        except CompletionError as caught:
            return nothing(texts, caught)
        return Embeddings(
            tuple(array("f", row.astype("f").tobytes()) for row in found.rows),
            usage=Usage(input=found.tokens, output=0),
            cost_usd=0.0,
            latency_s=seconds,
        )

    def _answer(
        self, request: Request, tell: Callable[[str | Completion], None], given_up: threading.Event
    ) -> None:
        """Run on the worker's thread: tell the pieces, then the completion, whatever happens."""
        writing: Writing | None = None
        try:
            if given_up.is_set():
                return
            refuse_all_but_text(request, "A model on disk")
            path = model_path(request.model, self._workspace or Path.cwd())
            options = options_of(request, follows_schema=is_gguf(path))
            engine = _engine(path)
            writing = Writing(
                options.stop,
                tell,
                timeout_s=request.model.timeout_s or self._timeout_s,
                first_token_timeout_s=request.model.first_token_timeout_s,
                given_up=given_up,
            )
            ended = engine.generate(request.messages, options, writing.step)
            writing.close()
            tell(_completion(request, writing, ended))
        except CompletionError as problem:
            tell(Completion(error=problem.kind, error_message=str(problem)))
        except Exception as problem:  # whatever a numeric library raises must end the call, not hang it
            kind = type(problem).__name__
            message = f"{request.model.name} failed while writing ({kind}: {str(problem)[:200]})"
            error = LocalError(message, kind="provider", hint="the machine may lack memory for this model")
            tell(Completion(text=writing.text if writing else "", error=error.kind, error_message=str(error)))


def _encode(path: Path, texts: Sequence[str], layer: int | None, timeout_s: float) -> tuple[Encoded, float]:
    """Run on the worker's thread: return the vectors (of tokens, given a layer), and the seconds without loading."""
    if path not in _ENCODERS:
        from workbench.llm.local.vectors import load_encoder

        _ENCODERS[path] = load_encoder(path)
    began = time.perf_counter()
    encoder = _ENCODERS[path]
    if layer is None:
        found = encoder.encode(texts, timeout_s=timeout_s)
    else:
        found = encoder.encode_tokens(texts, layer, timeout_s=timeout_s)
    return found, time.perf_counter() - began


def _completion(request: Request, writing: Writing, ended: Ended) -> Completion:
    latency = time.perf_counter() - writing.begun
    error = writing.error
    return Completion(
        text=writing.text,
        usage=Usage(input=ended.input_tokens, output=ended.output_tokens),
        cost_usd=0.0,
        latency_s=latency,
        ttft_s=writing.first_at - writing.begun if writing.first_at is not None else None,
        finish_reason=None if error else "stop" if writing.stopped else ended.finish_reason,
        resolved_model=request.model.id,
        error=error.kind if error else None,
        error_message=str(error) if error else None,
    )


def _engine(path: Path) -> Engine:
    """Return the loaded model; the worker's single thread is what keeps it from being loaded twice."""
    if path not in _ENGINES:
        from workbench.llm.local import folder, gguf

        _ENGINES[path] = gguf.load(path) if is_gguf(path) else folder.load(path)
    return _ENGINES[path]
