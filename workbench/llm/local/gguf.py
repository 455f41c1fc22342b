"""A GGUF file through llama-cpp-python."""

from __future__ import annotations

import atexit
import codecs
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.llm.local.engine import Ended, LocalError, Options
from workbench.llm.types import Message

#: The longest window that is opened without anybody saying so: its memory is taken at once.
LONGEST_WINDOW = 32_768


def load(path: Path) -> GgufEngine:
    """Load the model of a GGUF file, without a network.

    Raises:
        LocalError: Of kind not_found: llama-cpp-python is not installed, or the file holds no text model.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise LocalError(
                f"The file {path} is no GGUF file", kind="not_found", hint="download the model again"
            )
    try:
        import llama_cpp
    except ImportError:
        raise LocalError(
            "A model in a GGUF file needs llama-cpp-python, which is not installed",
            kind="not_found",
            hint="install it with pip install 'workbench[gguf]' (it is built from source, with a C++ compiler and "
            "CMake), or serve the file with llama-server or Ollama",
        ) from None
    try:
        probe = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
        trained = int(probe.metadata.get(f"{probe.metadata['general.architecture']}.context_length", 0))
        probe.close()
        window = min(trained or LONGEST_WINDOW, LONGEST_WINDOW)
        model = llama_cpp.Llama(str(path), n_ctx=window, n_batch=min(window, 512), verbose=False)
    except Exception as problem:  # what a file lacks shows as errors of half a dozen kinds
        said = " ".join(str(problem).split())[:300]
        raise LocalError(
            f"The model in {path} cannot be loaded ({said})",
            kind="not_found",
            hint="check that the file is whole, and that it is a text model which this llama-cpp-python knows",
        ) from None
    # Left to the end of the process, it would find the library that frees it gone.
    atexit.register(model.close)
    # The window is rounded up when it is opened; beyond what was trained a model writes nonsense.
    return GgufEngine(model, window)


class GgufEngine:
    """A loaded GGUF model. Implements `workbench.llm.local.engine.Engine`."""

    def __init__(self, model: Any, window: int) -> None:
        self._model, self._window = model, window

    def generate(self, messages: Sequence[Message], options: Options, step: Callable[[str], bool]) -> Ended:
        """See `Engine.generate`. Temperature 0 takes the likeliest token each time."""
        asked = self._encode(messages)
        room = min(options.max_tokens, self._window - len(asked))
        if room < 1:
            raise LocalError(
                f"The messages have {len(asked)} tokens; the model reads up to {self._window}",
                kind="context_length",
                hint="shorten them, or choose a model with a larger context window",
            )
        import llama_cpp

        self._model.set_seed(llama_cpp.LLAMA_DEFAULT_SEED if options.seed is None else options.seed % 2**32)
        # What an earlier answer left behind would change the last digits, and with them a seed's answer.
        self._model.reset()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        told, reason = 0, "length"
        for token in self._model.generate(asked, grammar=_grammar(options.schema), **_settings(options)):
            told += 1
            if llama_cpp.llama_vocab_is_eog(self._model._model.vocab, token):
                reason = "stop"
                break
            if step(decoder.decode(self._model.detokenize([token], prev_tokens=asked))) or told >= room:
                break
        if rest := decoder.decode(b"", final=True):
            step(rest)
        return Ended(len(asked), told, reason)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        """Lay the messages out as the model was trained to read them."""
        template = self._model.metadata.get("tokenizer.chat_template")
        if template is None:
            # A base model continues text: there are no roles that it would know.
            text = "\n\n".join(str(message["content"]) for message in messages)
            return self._model.tokenize(text.encode(), add_bos=True, special=False)
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        ends = {name: self._named(getattr(self._model, f"token_{name}")()) for name in ("bos", "eos")}
        try:
            formatter = Jinja2ChatFormatter(template, eos_token=ends["eos"], bos_token=ends["bos"])
            prompt = formatter(messages=[dict(message) for message in messages]).prompt
        except Exception as problem:  # the template says what it refuses, by an error of jinja or of Python
            raise LocalError(
                f"The model's chat template refuses the messages ({str(problem)[:200]})",
                kind="bad_request",
                hint="change the roles or their order",
            ) from None
        own = bool(ends["bos"]) and prompt.startswith(ends["bos"])
        return self._model.tokenize(prompt.encode(), add_bos=not own, special=True)

    def _named(self, token: int) -> str:
        return self._model._model.token_get_text(token) if token >= 0 else ""


def _settings(options: Options) -> dict[str, Any]:
    """Return how to choose tokens; what nobody set is as llama.cpp has it."""
    asked = {
        "temp": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "min_p": options.min_p,
        "repeat_penalty": options.repetition_penalty,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _grammar(schema: dict[str, Any] | None) -> Any:
    """Return what holds an answer to a JSON Schema.

    Raises:
        LocalError: Of kind bad_request: llama.cpp has no words for this schema.
    """
    if schema is None:
        return None
    from llama_cpp import LlamaGrammar

    try:
        return LlamaGrammar.from_json_schema(json.dumps(schema), verbose=False)
    except Exception as problem:  # the converter's own, whatever the schema holds
        raise LocalError(
            f"llama.cpp cannot follow this JSON schema ({str(problem)[:200]})",
            kind="bad_request",
            hint="use types, properties, enum and items alone",
        ) from None
