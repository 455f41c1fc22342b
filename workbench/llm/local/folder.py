"""A Hugging Face folder (config.json, tokenizer, safetensors) through transformers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.llm.local.engine import Ended, LocalError, Options
from workbench.llm.types import Message


def load(path: Path) -> FolderEngine:
    """Load the model of a folder, without a network and without running code that lies in it.

    Raises:
        LocalError: Of kind not_found: transformers is not installed, or the folder holds no such model.
    """
    if not (path / "config.json").is_file():
        raise LocalError(
            f"The folder {path} holds no model: config.json is missing",
            kind="not_found",
            hint="give the folder into which a Hugging Face model was downloaded",
        )
    if not any(path.glob("*.safetensors")):
        raise LocalError(
            f"The folder {path} holds no weights in safetensors files",
            kind="not_found",
            hint="download the model again with them; pickled weights are not opened",
        )
    try:
        import torch
        import transformers
    except ImportError:
        raise LocalError(
            "A model in a folder needs torch and transformers, which are not installed",
            kind="not_found",
            hint="install them with pip install 'workbench[transformers]'",
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, **safe)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path, dtype="auto", use_safetensors=True, **safe
        )
    except Exception as problem:  # a broken folder meets errors of half a dozen libraries
        said = " ".join(str(problem).split())[:300]
        raise LocalError(
            f"The model in {path} cannot be loaded ({said})",
            kind="not_found",
            hint="check that it is a text model, whole, and that its kind needs no code of its own",
        ) from None
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    model.eval()
    return FolderEngine(model, tokenizer)


class FolderEngine:
    """A loaded transformers model. Implements `workbench.llm.local.engine.Engine`."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._window: int | None = window if isinstance(window, int) and window > 0 else None

    def generate(self, messages: Sequence[Message], options: Options, step: Callable[[str], bool]) -> Ended:
        """See `Engine.generate`. Temperature 0 takes the likeliest token each time."""
        import torch
        from transformers import StoppingCriteriaList

        asked = self._encode(messages)
        length = int(asked["input_ids"].shape[1])
        room = options.max_tokens if self._window is None else min(options.max_tokens, self._window - length)
        if room < 1:
            raise LocalError(
                f"The messages have {length} tokens; the model reads up to {self._window}",
                kind="context_length",
                hint="shorten them, or choose a model with a larger context window",
            )
        watch = _watch(self._tokenizer, length, step)
        # The generator of random numbers is torch's own: what it gives others afterwards stays as it was.
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(options.seed) if options.seed is not None else torch.seed()
            written = self._model.generate(
                **asked,
                generation_config=self._settings(options, room),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        watch.flush()
        told = written[0, length:].tolist()
        reason = "stop" if told and told[-1] in self._ends() else "length"
        return Ended(length, len(told), reason)

    def _encode(self, messages: Sequence[Message]) -> Any:
        """Lay the messages out as the model was trained to read them, and count them in its tokens."""
        if self._tokenizer.chat_template is None:
            # A base model continues text: there are no roles that it would know.
            text = "\n\n".join(message["content"] for message in messages)
            encoded = self._tokenizer(text, return_tensors="pt")
        else:
            try:
                encoded = self._tokenizer.apply_chat_template(
                    [dict(message) for message in messages],
                    add_generation_prompt=True,
                    return_tensors="pt",
                    return_dict=True,
                )
            except (
                Exception
            ) as problem:  # the template says what it refuses, by an error of jinja or of Python
                raise LocalError(
                    f"The model's chat template refuses the messages ({str(problem)[:200]})",
                    kind="bad_request",
                    hint="change the roles or their order",
                ) from None
        encoded.pop("token_type_ids", None)
        return encoded.to(self._model.device)

    def _settings(self, options: Options, room: int) -> Any:
        """Return the model's own settings for writing, with what was asked for laid over."""
        from transformers import GenerationConfig

        own = json.loads(self._model.generation_config.to_json_string(use_diff=True))
        own.pop("max_length", None)
        asked = {
            name: value
            for name in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
            if (value := getattr(options, name)) is not None
        }
        settings = {**own, **asked, "max_new_tokens": room, "num_beams": 1, "num_return_sequences": 1}
        if options.temperature == 0:
            for name in ("temperature", "top_p", "top_k", "min_p"):
                settings.pop(name, None)
            settings["do_sample"] = False
        elif asked.keys() - {"repetition_penalty"}:
            settings["do_sample"] = True
        if settings.get("pad_token_id") is None:
            ends = sorted(self._ends())
            settings["pad_token_id"] = self._tokenizer.pad_token_id or (ends[0] if ends else 0)
        return GenerationConfig(**settings)

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        return set(ends if isinstance(ends, list) else [ends]) - {None}


def _watch(tokenizer: Any, length: int, step: Callable[[str], bool]) -> Any:
    """Return a stopping criterion that tells ``step`` the new text after each token."""
    import torch
    from transformers import StoppingCriteria

    class Watch(StoppingCriteria):
        def __init__(self) -> None:
            self.ids: list[int] = []
            self.shown = self.settled = 0

        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            self.ids = input_ids[0, length:].tolist()
            stop = step(self.new_text())
            return torch.full((1,), stop, dtype=torch.bool, device=input_ids.device)

        def new_text(self, last: bool = False) -> str:
            """Decode what is new, holding back half a character; the token before gives the spacing."""
            before = tokenizer.decode(self.ids[self.shown : self.settled], skip_special_tokens=True)
            text = tokenizer.decode(self.ids[self.shown :], skip_special_tokens=True)
            if len(text) <= len(before) or (text.endswith("\ufffd") and not last):
                return ""
            self.shown, self.settled = self.settled, len(self.ids)
            return text[len(before) :]

        def flush(self) -> None:
            rest = self.new_text(last=True)
            if rest:
                step(rest)

    return Watch()
