"""Texts as vectors by a small model on disk: a BERT in a sentence-transformers folder, in NumPy alone.

The arithmetic is that of Devlin et al. (2019), as transformers has it for inference; a test holds it to torch's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.llm.local.engine import LocalError
from workbench.llm.local.weights import read_weights

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: Texts of like length go through together.
_TOGETHER = 32


@dataclass(frozen=True)
class Encoded:
    """The vectors (one row of 32-bit floats a text) and how many tokens were read."""

    rows: Any
    tokens: int


def load_encoder(path: Path) -> Encoder:
    """Load the model of a folder: config.json, tokenizer.json, model.safetensors.

    Raises:
        LocalError: Of kind not_found: the folder holds no such model, or tokenizers is not installed.
    """
    if path.is_file():
        raise LocalError(
            f"{path.name} is a file, and vectors are made by a model in a folder",
            kind="bad_request",
            hint="name a folder with config.json, tokenizer.json and model.safetensors",
        )
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (path / name).is_file():
            raise LocalError(
                f"The folder {path} holds no embedding model: {name} is missing",
                kind="not_found",
                hint="download it whole, such as sentence-transformers/all-MiniLM-L6-v2",
            )
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise LocalError(
            "An embedding model on disk needs tokenizers, which is not installed",
            kind="not_found",
            hint="install it with pip install 'workbench[embeddings]'",
        ) from None
    try:
        config = _json(path / "config.json")
        weights = {
            name.removeprefix("bert."): v for name, v in read_weights(path / "model.safetensors").items()
        }
        tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        encoder = Encoder(config, weights, tokenizer, pooling=_pooling(path), window=_window(path, config))
        encoder.encode(["a"], timeout_s=60)
    except LocalError:
        raise
    except Exception as problem:  # what a folder lacks shows as any error of the tokenizer or the arithmetic
        said = " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
        raise LocalError(
            f"The embedding model in {path} cannot be loaded ({said})",
            kind="not_found",
            hint="check that it is a BERT, whole, such as sentence-transformers/all-MiniLM-L6-v2",
        ) from None
    return encoder


class Encoder:
    """A loaded BERT. It is used by one thread at a time."""

    def __init__(
        self,
        config: Mapping[str, Any],
        weights: Mapping[str, Array],
        tokenizer: Any,
        *,
        pooling: Any,
        window: int,
    ) -> None:
        kind, act = config.get("model_type", "bert"), config.get("hidden_act", "gelu")
        if kind != "bert" or act != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
            raise LocalError(
                f"The model is a {kind} with {act}, and only a BERT with gelu runs here",
                kind="not_found",
                hint="serve it with Ollama or vLLM, and name that server's model",
            )
        self._weights, self._tokenizer, self._window = weights, tokenizer, window
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._mean, self._unit = pooling

    def encode(self, texts: Sequence[str], *, timeout_s: float) -> Encoded:
        """Return a vector for each text; the same text has the same one, whatever stands beside it.

        Raises:
            LocalError: Of kind context_length, or timeout.
        """
        import numpy as np

        encoded = [each.ids for each in self._encoded(texts)]
        rows = self._all(encoded, self._vectors, timeout_s)
        return Encoded(np.stack(rows).astype("<f4"), sum(map(len, encoded)))

    def encode_tokens(self, texts: Sequence[str], layer: int, *, timeout_s: float) -> Encoded:
        """Return the vectors of each text's tokens after a layer (0: the first three quarters of all layers).

        A row is flat: the number of tokens, their width, for each token 1 where it only marks an end of the text (else
        0), and then their vectors, each of length 1.

        Raises:
            LocalError: Of kind bad_request (there is no such layer), context_length, or timeout.
        """
        import numpy as np

        if layer > self._layers:
            raise LocalError(
                f"The model has {self._layers} layers, and not {layer}",
                kind="bad_request",
                hint="name one of them, or none",
            )
        layers = layer or max(1, self._layers * 3 // 4)
        encodings = self._encoded(texts)
        encoded = [each.ids for each in encodings]
        rows = self._all(encoded, lambda batch: self._hidden(batch, layers), timeout_s)
        flat = []
        for each, row in zip(encodings, rows, strict=True):
            unit = row / np.maximum(np.linalg.norm(row, axis=1, keepdims=True), 1e-12)
            flat.append(np.concatenate([row.shape, each.special_tokens_mask, unit.ravel()]).astype("<f4"))
        return Encoded(flat, sum(map(len, encoded)))

    def _encoded(self, texts: Sequence[str]) -> list[Any]:
        encodings = self._tokenizer.encode_batch(list(texts))
        for number, each in enumerate(encodings, 1):
            if len(each.ids) > self._window:
                raise LocalError(
                    f"Text {number} has {len(each.ids)} tokens; the model reads up to {self._window}",
                    kind="context_length",
                    hint="cut it into parts, or choose a model with a larger context window",
                )
        return encodings

    @staticmethod
    def _all(
        encoded: Sequence[Sequence[int]], run: Callable[[Sequence[Sequence[int]]], Array], timeout_s: float
    ) -> list[Any]:
        began = time.perf_counter()
        rows: list[Any] = [None] * len(encoded)
        for places in _groups(encoded):
            if time.perf_counter() - began > timeout_s:
                raise LocalError(
                    f"The vectors were not finished within {timeout_s:g} s",
                    kind="timeout",
                    hint="raise timeout_s, or ask for fewer texts at once",
                )
            for place, row in zip(places, run([encoded[place] for place in places]), strict=True):
                rows[place] = row
        return rows

    def _vectors(self, batch: Sequence[Sequence[int]]) -> Array:
        """Run texts of one length through the model and pool their tokens."""
        import numpy as np

        hidden = self._hidden(batch, self._layers)
        pooled = hidden.mean(axis=1) if self._mean else hidden[:, 0]
        if self._unit:
            pooled = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return pooled

    def _hidden(self, batch: Sequence[Sequence[int]], layers: int) -> Array:
        """Run texts of one length through the first layers."""
        import numpy as np

        ids = np.asarray(batch)
        hidden = self._weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        hidden = self._norm(
            "embeddings.LayerNorm", hidden + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        for layer in range(layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        return hidden

    def _layer(self, name: str, hidden: Array) -> Array:
        import numpy as np
        from scipy.special import erf

        count, length, width = hidden.shape
        shape = (count, length, self._heads, width // self._heads)
        q, k, v = (
            self._linear(f"{name}.attention.self.{part}", hidden).reshape(shape).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // self._heads))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        seen = seen.transpose(0, 2, 1, 3).reshape(count, length, width)
        hidden = self._norm(
            f"{name}.attention.output.LayerNorm",
            hidden + self._linear(f"{name}.attention.output.dense", seen),
        )
        inner = self._linear(f"{name}.intermediate.dense", hidden)
        inner = inner * 0.5 * (1 + erf(inner / np.float32(np.sqrt(2))))
        return self._norm(f"{name}.output.LayerNorm", hidden + self._linear(f"{name}.output.dense", inner))

    def _linear(self, name: str, x: Array) -> Array:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, name: str, x: Array) -> Array:
        import numpy as np

        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _groups(encoded: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the places of texts with one length, some at a time: nothing is padded, so nothing needs a mask."""
    by_length: dict[int, list[int]] = {}
    for place, ids in enumerate(encoded):
        by_length.setdefault(len(ids), []).append(place)
    for places in by_length.values():
        for start in range(0, len(places), _TOGETHER):
            yield places[start : start + _TOGETHER]


def _pooling(path: Path) -> tuple[bool, bool]:
    """Return whether the mean of the tokens is taken (else the first one's), and whether it is made of length 1."""
    given = path / "1_Pooling" / "config.json"
    pooling = _json(given) if given.is_file() else {"pooling_mode_mean_tokens": True}
    asked = {name for name, on in pooling.items() if name.startswith("pooling_mode_") and on is True}
    if asked not in ({"pooling_mode_mean_tokens"}, {"pooling_mode_cls_token"}):
        raise LocalError(
            f"The model pools its tokens in another way than by mean or first token ({', '.join(sorted(asked))})",
            kind="not_found",
            hint="choose another embedding model",
        )
    modules = path / "modules.json"
    unit = not modules.is_file() or "Normalize" in modules.read_text(encoding="utf-8")
    return "pooling_mode_mean_tokens" in asked, unit


def _window(path: Path, config: Mapping[str, Any]) -> int:
    given = path / "sentence_bert_config.json"
    own = _json(given).get("max_seq_length") if given.is_file() else None
    most = int(config["max_position_embeddings"])
    return min(own, most) if isinstance(own, int) and own > 0 else most


def _json(path: Path) -> dict[str, Any]:
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} holds no mapping")
    return data
