"""Weights in a safetensors file (https://github.com/huggingface/safetensors#format), read into NumPy."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_MAX_HEADER = 100_000_000
_KINDS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_weights(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the floating-point tensors of a file by name, as 32-bit floats. Nothing in the file is run.

    Raises:
        ValueError: It is no such file, or not whole.
    """
    import numpy as np

    with path.open("rb") as stream:
        head = stream.read(8)
        (length,) = struct.unpack("<Q", head) if len(head) == 8 else (0,)
        if not 2 <= length <= _MAX_HEADER:
            raise ValueError("the weights are no safetensors file")
        header = json.loads(stream.read(length))
        data = np.frombuffer(stream.read(), dtype="u1")
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _KINDS:
            continue
        start, end = entry["data_offsets"]
        kind, shape = np.dtype(_KINDS[entry["dtype"]]), entry["shape"]
        if not 0 <= start <= end <= len(data) or end - start != kind.itemsize * math.prod(shape):
            raise ValueError("the weights are not whole")
        values = data[start:end].view(kind).reshape(shape)
        if entry["dtype"] == "BF16":  # the upper half of a 32-bit float
            values = (values.astype("<u4") << 16).view("<f4")
        found[name] = values.astype("<f4")
    return found
