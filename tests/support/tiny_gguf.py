"""The tiny model of `support.tiny_model` as a GGUF file, written by hand: llama.cpp then loads it for real.

Needs numpy and safetensors; the folder is made by `tiny_model.py`.

    python tests/support/tiny_gguf.py FOLDER FILE.gguf
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

_U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_NORMAL, _CONTROL = 1, 3
_ALIGNMENT = 32


def write_tiny_gguf(folder: Path, file: Path) -> Path:
    """Write the model of a Hugging Face folder (a Llama with a byte-level BPE) as 32-bit floats."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = _tensors(folder, config)
    fields = b"".join(_field(name, *value) for name, value in _metadata(folder, config).items())
    infos, data = b"", b""
    for name, values in tensors.items():
        infos += _text(name) + struct.pack("<I", values.ndim)
        infos += struct.pack(f"<{values.ndim}QIQ", *reversed(values.shape), 0, len(data))
        data += values.tobytes() + bytes(-values.nbytes % _ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(_metadata(folder, config))) + fields + infos
    file.write_bytes(head + bytes(-len(head) % _ALIGNMENT) + data)
    return file


def _metadata(folder: Path, config: dict[str, Any]) -> dict[str, tuple[int, Any]]:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    words = dict(tokenizer["model"]["vocab"])
    special = {added["content"]: added["id"] for added in tokenizer["added_tokens"]}
    words |= special
    tokens = sorted(words, key=words.__getitem__)
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in tokenizer["model"]["merges"]]
    rope = config.get("rope_parameters") or {}
    return {
        "general.architecture": (_STRING, "llama"),
        "general.name": (_STRING, "tiny"),
        "llama.context_length": (_U32, config["max_position_embeddings"]),
        "llama.embedding_length": (_U32, config["hidden_size"]),
        "llama.block_count": (_U32, config["num_hidden_layers"]),
        "llama.feed_forward_length": (_U32, config["intermediate_size"]),
        "llama.attention.head_count": (_U32, config["num_attention_heads"]),
        "llama.attention.head_count_kv": (_U32, config["num_key_value_heads"]),
        "llama.attention.layer_norm_rms_epsilon": (_F32, config["rms_norm_eps"]),
        "llama.rope.dimension_count": (_U32, config["hidden_size"] // config["num_attention_heads"]),
        "llama.rope.freq_base": (_F32, rope.get("rope_theta") or config.get("rope_theta") or 10_000.0),
        "llama.vocab_size": (_U32, len(tokens)),
        "tokenizer.ggml.model": (_STRING, "gpt2"),
        "tokenizer.ggml.pre": (_STRING, "gpt-2"),
        "tokenizer.ggml.tokens": (_ARRAY, (_STRING, tokens)),
        "tokenizer.ggml.token_type": (
            _ARRAY,
            (_I32, [_CONTROL if t in special else _NORMAL for t in tokens]),
        ),
        "tokenizer.ggml.merges": (_ARRAY, (_STRING, merges)),
        "tokenizer.ggml.eos_token_id": (_U32, config["eos_token_id"]),
        "tokenizer.ggml.padding_token_id": (_U32, config["pad_token_id"]),
        "tokenizer.ggml.add_bos_token": (_BOOL, False),
        "tokenizer.chat_template": (_STRING, _template(folder)),
    }


def _template(folder: Path) -> str:
    apart = folder / "chat_template.jinja"
    if apart.is_file():
        return apart.read_text(encoding="utf-8")
    return json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))["chat_template"]


def _tensors(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    from safetensors.numpy import load_file

    given = load_file(folder / "model.safetensors")
    heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]}
    found = {"token_embd.weight": given["model.embed_tokens.weight"],
             "output_norm.weight": given["model.norm.weight"],
             "output.weight": given.get("lm_head.weight", given["model.embed_tokens.weight"])}  # fmt: skip
    parts = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
             "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "self_attn.q_proj": "attn_q",
             "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output"}  # fmt: skip
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in parts.items():
            values = given[f"model.layers.{layer}.{theirs}.weight"]
            if ours in ("attn_q", "attn_k"):  # llama.cpp turns neighbours, transformers halves
                rows, columns = values.shape
                count = heads[ours[-1]]
                values = values.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2)
                values = values.reshape(rows, columns)
            found[f"blk.{layer}.{ours}.weight"] = values
    return {name: values.astype("<f4", order="C") for name, values in found.items()}


def _field(name: str, kind: int, value: Any) -> bytes:
    return _text(name) + struct.pack("<I", kind) + _value(kind, value)


def _value(kind: int, value: Any) -> bytes:
    if kind == _STRING:
        return _text(value)
    if kind == _ARRAY:
        inner, items = value
        return struct.pack("<IQ", inner, len(items)) + b"".join(_value(inner, item) for item in items)
    return struct.pack({_U32: "<I", _I32: "<i", _F32: "<f", _BOOL: "<?"}[kind], value)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


if __name__ == "__main__":
    print(write_tiny_gguf(Path(sys.argv[1]), Path(sys.argv[2])))
