"""A tiny embedding model with random weights, as a sentence-transformers folder. Needs numpy and tokenizers alone.

python tests/support/tiny_bert.py FOLDER
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np

WIDTH, INNER, LAYERS, HEADS, WINDOW = 32, 64, 2, 4, 48


def write_tiny_bert(folder: Path, *, pooling: str = "mean_tokens", unit: bool = True) -> Path:
    """Write config, tokenizer, weights, and how tokens are pooled."""
    folder.mkdir(parents=True, exist_ok=True)
    size = _tokenizer(folder / "tokenizer.json")
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_act": "gelu",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": WINDOW,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "vocab_size": size,
    }
    _json(folder / "config.json", config)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    _json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": WIDTH, f"pooling_mode_{pooling}": True},
    )
    modules = ["Transformer", "Pooling", *(["Normalize"] if unit else [])]
    _json(folder / "modules.json", [{"type": f"sentence_transformers.models.{name}"} for name in modules])
    _write_weights(folder / "model.safetensors", _weights(size))
    return folder


def _tokenizer(path: Path) -> int:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "a",
        "the",
        "cat",
        "dog",
        "sat",
        "on",
        "mat",
        "gr",
        "##üße",
        ".",
    ]
    letters = [chr(code) for code in range(97, 123)]
    words += [w for w in letters if w not in words] + [f"##{letter}" for letter in letters]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding()  # as the real ones have it
    tokenizer.save(str(path))
    return len(words)


def _weights(size: int) -> dict[str, np.ndarray]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (size, WIDTH),
        "embeddings.position_embeddings.weight": (WINDOW, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
        "pooler.dense.weight": (WIDTH, WIDTH),
        "pooler.dense.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        dense = {"attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
                 "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
                 "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER)}  # fmt: skip
        for name, shape in dense.items():
            shapes[f"encoder.layer.{layer}.{name}.weight"] = shape
            shapes[f"encoder.layer.{layer}.{name}.bias"] = shape[:1]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"encoder.layer.{layer}.{name}.{part}": (WIDTH,) for part in ("weight", "bias")}
    random = np.random.default_rng(7)
    return {name: random.normal(0, 0.3, shape).astype("<f4") for name, shape in shapes.items()}


def _write_weights(path: Path, weights: dict[str, np.ndarray]) -> None:
    header, data = {}, b""
    for name, values in weights.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + values.nbytes],
        }
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def _json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")


if __name__ == "__main__":
    print(write_tiny_bert(Path(sys.argv[1])))
